"""`RULES`: every operation, one row each; all layers read this table."""

from ..kinds import Namespace
from .arithmetic import ARITHMETIC
from .elementary import ELEMENTARY
from .piecewise import PIECEWISE
from .reductions import REDUCTIONS
from .rule import Rule
from .smooth import SMOOTH

__all__ = ["RULES", "Rule"]

RULES: dict[str, Rule] = {
    **ARITHMETIC,
    **ELEMENTARY,
    **PIECEWISE,
    **SMOOTH,
    **REDUCTIONS,
}
Namespace.table = RULES
