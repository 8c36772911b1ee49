"""Compiled functions: recorded once, run natively for new numbers."""
