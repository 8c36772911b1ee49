"""Exceptions. Each is also the built-in exception that a caller would expect.

AutogradError
├── NumberError (TypeError)             data that is no real number, or kinds mixed
├── CutGraphError (TypeError)           float(v), int(v), v as an index
├── UnsupportedFunctionError (TypeError)  a NumPy function without a rule
├── OpaqueRuleError (TypeError)         a black box asked for more than floats
├── TracingError (TypeError)            a number asked for while a function is recorded
├── ArgumentError (ValueError)          wrong shapes, lengths, argnums, names
│   └── ExpressionError                 text that is no allowed expression
├── ProgramError (ValueError)           a program that its grammar does not allow
├── CycleError (ValueError)             a graph that is not acyclic
├── StaleGraphError (RuntimeError)      a leaf changed since the forward pass
├── AnomalyError (FloatingPointError)   detect_anomaly() found a NaN's origin
└── MissingExtraError (ImportError)     an optional package is not installed
"""


class AutogradError(Exception):
    """Base of every exception that this package raises on purpose."""


class NumberError(AutogradError, TypeError):
    """Data is not a real number, or two kinds of number do not mix."""


class CutGraphError(AutogradError, TypeError):
    """A conversion to a plain number would silently cut the graph."""


class UnsupportedFunctionError(AutogradError, TypeError):
    """A NumPy function has no derivative here; its name is in the message."""


class OpaqueRuleError(AutogradError, TypeError):
    """An operation that only takes floats was asked to nest or to compile."""


class TracingError(AutogradError, TypeError):
    """A number was asked for that is not known while a function is recorded."""


class ProgramError(AutogradError, ValueError):
    """A program breaks the rules of its grammar."""


class ArgumentError(AutogradError, ValueError):
    """Arguments do not fit each other or the function they are given to."""


class ExpressionError(ArgumentError):
    """A text is not an expression that the whitelist allows."""


class CycleError(AutogradError, ValueError):
    """A graph that must be acyclic has a cycle."""


class StaleGraphError(AutogradError, RuntimeError):
    """A leaf's data changed between the forward pass and its re-evaluation."""


class AnomalyError(AutogradError, FloatingPointError):
    """The operation that first made a NaN (or an infinity, on request)."""


class MissingExtraError(AutogradError, ImportError):
    """An optional package is missing; the message has the command to install it."""

    @classmethod
    def of(cls, package: str, extra: str, purpose: str) -> "MissingExtraError":
        """Return the error for a missing `package`, naming the `extra` that has it."""
        return cls(
            f"{purpose} needs the package {package!r}, which is not installed: "
            f"pip install 'scalar-autograd[{extra}]'"
        )
