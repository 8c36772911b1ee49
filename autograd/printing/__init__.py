"""Numbers, operations and derivatives as text: what docstrings and pictures print."""
