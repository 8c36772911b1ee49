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
    """Base of every exception that this package raises on purpose.

    >>> import autograd
    >>> try:
    ...     autograd.Value("3")
    ... except autograd.AutogradError as error:
    ...     print(type(error).__name__)
    NumberError
    """


class NumberError(AutogradError, TypeError):
    """Data is not a real number, or two kinds of number do not mix.

    >>> import autograd
    >>> autograd.Value("3")
    Traceback (most recent call last):
    autograd.errors.NumberError: ...
    """


class CutGraphError(AutogradError, TypeError):
    """A conversion to a plain number would silently cut the graph.

    >>> import autograd
    >>> float(autograd.Value(3.0))
    Traceback (most recent call last):
    autograd.errors.CutGraphError: ...
    """


class UnsupportedFunctionError(AutogradError, TypeError):
    """A NumPy function has no derivative here; its name is in the message.

    >>> import autograd, numpy as np
    >>> np.linalg.eig(autograd.array([[1.0, 0.0], [0.0, 1.0]]))
    Traceback (most recent call last):
    autograd.errors.UnsupportedFunctionError: ...
    """


class OpaqueRuleError(AutogradError, TypeError):
    """An operation that only takes floats was asked to nest or to compile.

    >>> import autograd
    >>> @autograd.rule(partials=lambda m, out, x: (2 * x,), opaque=True)
    ... def squared(m, x):
    ...     return x * x
    >>> autograd.grad(autograd.grad(squared))(3.0)
    Traceback (most recent call last):
    autograd.errors.OpaqueRuleError: ...
    """


class TracingError(AutogradError, TypeError):
    """A number was asked for that is not known while a function is recorded.

    >>> import autograd
    >>> autograd.compile(lambda x: x * float(x))(2.0)
    Traceback (most recent call last):
    autograd.errors.TracingError: ...
    """


class ProgramError(AutogradError, ValueError):
    """A program breaks the rules of its grammar.

    >>> from autograd.compiling.program import function_of
    >>> function_of("sine")
    Traceback (most recent call last):
    autograd.errors.ProgramError: there is no operation 'sine'
    """


class ArgumentError(AutogradError, ValueError):
    """Arguments do not fit each other or the function they are given to.

    >>> import autograd
    >>> autograd.dot([1.0, 2.0], [3.0])
    Traceback (most recent call last):
    autograd.errors.ArgumentError: ...
    """


class ExpressionError(ArgumentError):
    """A text is not an expression that the whitelist allows.

    >>> from autograd.expression import parse
    >>> parse("__import__('os')")
    Traceback (most recent call last):
    autograd.errors.ExpressionError: ...
    """


class CycleError(AutogradError, ValueError):
    """A graph that must be acyclic has a cycle.

    >>> from autograd.graph import topological_order
    >>> topological_order(["a"], {"a": ["b"], "b": ["a"]}.get)
    Traceback (most recent call last):
    autograd.errors.CycleError: ...
    """


class StaleGraphError(AutogradError, RuntimeError):
    """A leaf's data changed between the forward pass and its re-evaluation.

    >>> import autograd
    >>> x = autograd.Value(2.0)
    >>> y = x * x
    >>> x.data = 3.0
    >>> y.gradient([x], create_graph=True)
    Traceback (most recent call last):
    autograd.errors.StaleGraphError: ...
    """


class AnomalyError(AutogradError, FloatingPointError):
    """The operation that first made a NaN (or an infinity, on request).

    >>> import autograd
    >>> with autograd.detect_anomaly():
    ...     autograd.log(autograd.Value(-1.0)).backward()
    Traceback (most recent call last):
    autograd.errors.AnomalyError: ...
    """


class MissingExtraError(AutogradError, ImportError):
    """An optional package is missing; the message has the command to install it.

    >>> print(MissingExtraError.of("scipy", "check", "this"))
    this needs the package 'scipy', which is not installed: pip ...
    """

    @classmethod
    def of(cls, package: str, extra: str, purpose: str) -> "MissingExtraError":
        """Return the error for a missing `package`, naming the `extra` that has it."""
        return cls(
            f"{purpose} needs the package {package!r}, which is not installed: "
            f"pip install 'scalar-autograd[{extra}]'"
        )
