"""Checks of hand-derived gradients: a verdict by error bounds, and the reason."""

from .checks import assert_gradient, check_gradient
from .report import GradientMismatch, GradientReport
from .variants import check_hessian, check_jacobian, check_rule, check_vjp

__all__ = [
    "GradientMismatch",
    "GradientReport",
    "assert_gradient",
    "check_gradient",
    "check_hessian",
    "check_jacobian",
    "check_rule",
    "check_vjp",
]
