"""NumPy arrays of Values: `array`, and what NumPy's functions do to them.

NumPy hands a function or ufunc that meets a Value or a `ValueArray` to `apply_function`
or `apply_ufunc`. What implements it stands in `array_tables.py`; what is in no table
raises `UnsupportedFunctionError`, so that no number silently loses its derivative.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import numpy as np

from .array_functions import Array, elementwise, numbers, operand
from .array_refusals import (
    call,
    check_dtype,
    check_holds_values,
    name_of,
    named,
    unsupported,
)
from .array_tables import (
    BY_NUMPY,
    COMPOSED,
    FUNCTIONS,
    IN_PLACE,
    METHODS,
    ON_NUMBERS,
    PREDICATES,
    PRODUCTS,
    RULE_OF,
    UFUNC_METHODS,
    conditions,
)
from .errors import ArgumentError, CutGraphError, UnsupportedFunctionError
from .modes import ACTIVE, STATE
from .rules import Rule
from .storage import ancestors
from .value import Value, apply


class ValueArray(np.ndarray[Any, np.dtype[Any]]):
    """An array whose elements are Values; `autograd.array` makes it.

    It is a NumPy array of dtype object: indexing, slicing, reshaping and broadcasting
    work as ever, `A[0]` is a Value, and `A[0] = 2.0` puts a new leaf there. Functions
    of NumPy give Values and arrays of them, comparisons give plain bools.

    `A.data` and `A.grad` are the elements' numbers: arrays of floats (of objects where
    the numbers are exact), new ones each time. Assigning to `A.data` changes the
    elements, so `A.data -= step * A.grad` works (for one number, `A[0].data = 2.0`);
    `A.grad` is read-only, `A.zero_grad()` clears it.

    >>> import autograd, numpy as np
    >>> A = autograd.array([[1.0, 2.0], [3.0, 4.0]])
    >>> np.sum(A @ [1.0, 10.0]).backward()
    >>> A.grad
    array([[ 1., 10.],
           [ 1., 10.]])

    Raises `UnsupportedFunctionError` for NumPy's functions without a derivative here.
    """

    def __new__(cls, data: Any, label: str | None = None) -> "ValueArray":
        """Return `array(data, label)`: a shape makes no array of Values."""
        return array(data, label)

    @property  # type: ignore[override]
    def data(self) -> Array:
        """The elements' numbers, as a new array."""
        return numbers(self)

    @data.setter
    def data(self, new: Any) -> None:
        plain = np.broadcast_to(operand(new), self.shape).ravel().tolist()
        found = [Value(number).data for number in plain]  # all valid, or none is set
        for value, number in zip(self.ravel().tolist(), found, strict=True):
            value.data = number

    @property
    def grad(self) -> Array:
        """The elements' gradients, as a new array; `zero_grad()` clears them."""
        flat = map(attrgetter("grad"), self.ravel().tolist())
        found = numbers(np.fromiter(flat, object, self.size).reshape(self.shape))
        found.flags.writeable = False  # else A.grad[:] = 0 would clear nothing
        return found

    def zero_grad(self) -> None:
        """Set `.grad` to 0.0 on the elements and on all that they were made from."""
        for node in ancestors(self.ravel().tolist()):
            node.grad = 0.0

    def backward(self, *seed: Any) -> None:
        """Raise `ArgumentError`: a gradient is that of one number."""
        raise ArgumentError(
            f"an array of shape {self.shape} has no gradient: call backward() on one "
            f"number, such as np.sum(A).backward(), or use autograd.jacobian"
        )

    def detach(self) -> "ValueArray":
        """Return new leaves with the same numbers."""
        found: ValueArray = elementwise(Value.detach, self).view(ValueArray)
        return found

    def item(self, *place: Any) -> Any:
        """Return the plain number of the only element, or of one."""
        return super().item(*place).data

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Any:
        """Return a copy; only dtype object keeps the graph."""
        if np.dtype(dtype) != object:
            raise CutGraphError(
                f"A.astype({dtype!r}) would cut the graph: A.data has the plain "
                f"numbers, A.data.astype(...) converts them"
            )
        return super().astype(dtype, *args, **kwargs)

    def fill(self, value: Any) -> None:
        """Set every element, a number to one new leaf."""
        self[...] = value

    def sort(self, axis: int = -1, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """Sort in place."""
        self[...] = np.sort(self, axis, *args, **kwargs)

    def partition(self, kth: Any, axis: int = -1, **kwargs: Any) -> None:  # type: ignore[override]
        """Partition in place."""
        self[...] = np.partition(self, kth, axis, **kwargs)

    @property
    def flat(self) -> Any:
        """An iterator over the elements, for reading: write by indexing."""
        view = self.view(np.ndarray)
        view.flags.writeable = False  # it would store plain numbers
        return view.flat

    @property  # type: ignore[misc]
    def imag(self) -> Array:
        """Zeros: Values are real."""
        return np.zeros(self.shape)

    def __setitem__(self, key: Any, value: Any) -> None:
        plain = self.view(np.ndarray)
        new = _as_eager(_lift(operand(value)), plain)
        if isinstance(plain[key], np.ndarray):
            plain[key] = new
        elif new.ndim:
            raise ArgumentError(
                f"A[{key}] is one element, it can't be set to an array of shape "
                f"{new.shape}"
            )
        else:
            plain[key] = new[()]

    def __imatmul__(self, other: Any) -> "ValueArray":  # type: ignore[misc]
        self[...] = self @ other  # NumPy would ask for options that are not known here
        return self

    def __repr__(self) -> str:
        text = np.array2string(self._shown(), separator=", ", prefix="ValueArray(")
        return f"ValueArray({text})"

    def __str__(self) -> str:
        return str(self._shown())

    def _shown(self) -> Array:
        """Return the numbers; the Values where a function is being recorded."""
        plain = self.view(np.ndarray)
        return plain if any(v.is_recorded for v in plain.flat) else self.data

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **how: Any) -> Any:
        return apply_ufunc(ufunc, method, *inputs, **how)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return apply_function(func, args, kwargs)


def _method(name: str) -> Callable[..., Any]:
    """Make the method of an array that is the function of the same name."""
    function = getattr(np, name)

    def method(self: ValueArray, *args: Any, **kwargs: Any) -> Any:
        return function(self, *args, **kwargs)

    method.__name__ = name
    method.__qualname__ = f"ValueArray.{name}"
    method.__doc__ = f"Return `np.{name}(self, ...)`."
    return method


for _method_name in METHODS:
    setattr(ValueArray, _method_name, _method(_method_name))


def array(data: Any, label: str | None = None) -> ValueArray:
    """Return an array of Values: numbers become leaves, Values stay the same objects.

    data: numbers or Values in nested lists, or a NumPy array of any real dtype.
    label: a name for the new leaves, with their place: ``w[0, 1]``.

    A plain array of objects, ``np.array([v, w])``, works as well, by the operators and
    methods of its elements. NumPy does not ask us then, and has its own conventions:
    its maximum of two objects is one of them, with derivative 1 at a tie too.

    >>> import autograd
    >>> w = autograd.array([1.5, -2.0], label="w")
    >>> w, w[1]
    (ValueArray([ 1.5, -2. ]), Value(data=-2.0, grad=0.0, label='w[1]'))

    Raises `NumberError` (a TypeError) for what is no real number.
    """
    given = operand(data).astype(object)
    made: Any = _as_eager(_lift(given), None)
    if label is not None:
        for place in np.ndindex(made.shape):
            if made[place] is not given[place]:
                made[place].label = f"{label}{list(place) if place else ''}"
    values: ValueArray = made.view(ValueArray)
    return values


def _value(x: Any) -> Value:
    if isinstance(x, np.ndarray) and x.ndim == 0:
        x = x[()]
    return x if isinstance(x, Value) else Value(x)


def _lift(plain: Array) -> Array:
    """Make a leaf of each element that is no Value."""
    kinds = set(map(type, plain.ravel().tolist()))
    done = plain.dtype == object and all(issubclass(kind, Value) for kind in kinds)
    return plain if done else elementwise(_value, plain)


def _wrap(result: Any) -> Any:
    """Make Values and ValueArrays of plain object arrays; leave bools, shapes, ..."""
    if isinstance(result, list | tuple):
        return type(result)(map(_wrap, result))
    if not isinstance(result, np.ndarray) or result.dtype != object:
        return result
    found = gathered(result)
    return found if found.ndim else found[()]


def gathered(plain: Array) -> ValueArray:
    """Return an array of what was computed; a number beside Values becomes a leaf."""
    found = _lift(plain)
    return _as_eager(found, found).view(ValueArray)


def _as_eager(values: Array, beside: Array | None) -> Array:
    """Make a leaf of each element that becomes one in the eager run.

    A recording with the bits of that run knows which of its Values are numbers there.
    beside: if these all are, nothing becomes a leaf.
    """
    trace = STATE.trace if ACTIVE else None
    if trace is None or not trace.exact:
        return values
    if beside is not None and not any(map(trace.has_value, beside.ravel().tolist())):
        return values
    lifted: Array = elementwise(trace.lifted, values)
    return lifted


def _deliver(name: str, result: Any, out: Any, where: Any = True) -> Any:
    """Return a result, or write it into `out`."""
    if out is None and where is True:
        return _wrap(result)
    if out is None:
        raise UnsupportedFunctionError(
            f"{name} with where= and without out= leaves elements undefined: use "
            f"np.where(condition, a, b)"
        )
    target, found = np.asarray(out), np.asarray(result)
    if found.dtype == object:
        check_holds_values(name, target)
    if target.shape != found.shape:
        raise ArgumentError(
            f"{name}: the result has shape {found.shape}, out= has {target.shape}"
        )
    found = _lift(found) if target.dtype == object else found
    np.copyto(target, found, where=numbers(where).astype(bool))
    return out


def _bare(x: Any) -> Any:
    """Put plain numbers in place of Values and arrays of them."""
    if isinstance(x, list | tuple):
        return type(x)(map(_bare, x))
    return numbers(x) if isinstance(x, Value | np.ndarray) else x


# Ufuncs


def apply_ufunc(ufunc: Any, method: str, *inputs: Any, **how: Any) -> Any:
    """Do what NumPy asks of `__array_ufunc__`, by rules."""
    if any(map(_is_foreign, (*inputs, *how.get("out", ())))):
        return NotImplemented
    rule = RULE_OF.get(ufunc)
    if rule is not None and method == "__call__" and not how and _are_scalars(inputs):
        return apply(rule, *inputs)
    name = name_of(ufunc) if method == "__call__" else f"{name_of(ufunc)}.{method}"
    with named(name):
        return _apply_ufunc(name, ufunc, method, inputs, how)


def _apply_ufunc(
    name: str, ufunc: Any, method: str, inputs: Any, how: dict[str, Any]
) -> Any:
    outs = how.pop("out", ())
    for layout in ("casting", "order", "subok"):  # these say nothing about numbers
        how.pop(layout, None)
    where = how.pop("where", True) if method == "__call__" else True
    if ufunc.__name__ in PREDICATES and method != "at":
        if method == "__call__" and ACTIVE and STATE.trace is not None:
            return conditions(ufunc.__name__, *inputs)
        result = getattr(ufunc, method)(*map(_bare, inputs), **how)
    else:
        check_dtype(name, how)
        result = _on_values(name, ufunc, method, inputs, how)
        if _is_users(ufunc) and not _has_values(result):
            return result
    if not outs:
        return _deliver(name, result, None, where)
    results = result if isinstance(result, tuple) else (result,)
    written = [_deliver(name, *pair, where) for pair in zip(results, outs, strict=True)]
    return tuple(written) if len(written) > 1 else written[0]


def _on_values(
    name: str, ufunc: Any, method: str, inputs: Any, how: dict[str, Any]
) -> Any:
    """Do a ufunc's method to plain arrays of Values."""
    if _is_users(ufunc):
        return getattr(ufunc, method)(*map(operand, inputs), **how)
    is_call = method == "__call__"
    if is_call and ufunc.__name__ in PRODUCTS:
        return call(name, PRODUCTS[ufunc.__name__], inputs, how)
    function = RULE_OF.get(ufunc) or COMPOSED.get(ufunc.__name__)
    if function is not None and is_call:
        options = how | {"results": ufunc.nout}
        return call(name, elementwise, (function, *inputs), options)
    if function is not None and method in UFUNC_METHODS and ufunc.nout == 1:
        return call(name, UFUNC_METHODS[method], (function, *inputs), how)
    raise unsupported(name)


def _is_users(ufunc: Any) -> bool:
    """Tell what np.frompyfunc or np.vectorize made: Python, for each element."""
    return set("".join(ufunc.types)) <= set("O->")


def _has_values(result: Any) -> bool:
    return any(isinstance(x, Value) for x in np.asarray(result).ravel().tolist())


def _are_scalars(inputs: Any) -> bool:
    return all(isinstance(x, Value | float | int) for x in inputs)


def _is_foreign(x: Any) -> bool:
    """Tell a type that wants to do the operation itself: of xarray, astropy, ..."""
    theirs = getattr(type(x), "__array_ufunc__", None)
    ours = Value.__array_ufunc__, ValueArray.__array_ufunc__
    return theirs not in (None, np.ndarray.__array_ufunc__, *ours)


# Functions


def apply_function(func: Any, args: Any, kwargs: Any) -> Any:
    """Do what NumPy asks of `__array_function__`, by rules."""
    name = name_of(func)
    with named(name):
        return _apply_function(name, func, args, dict(kwargs))


def _apply_function(name: str, func: Any, args: Any, how: dict[str, Any]) -> Any:
    key = name.removeprefix("np.")
    if key in ON_NUMBERS:
        return func(*map(_bare, args), **{k: _bare(x) for k, x in how.items()})
    if key in BY_NUMPY:
        check_holds_values(name, how.get("out"))
        return _wrap(_by_numpy(func, args, how))
    if key in IN_PLACE:
        return _change(func, args, how)
    if key in FUNCTIONS:
        function = FUNCTIONS[key]
    elif func in RULE_OF:
        function, args = _of_one, (RULE_OF[func], *args)
    else:
        raise unsupported(name)
    out = how.pop("out", None)
    if not key.endswith("_like"):
        check_dtype(name, how)
    return _deliver(name, call(name, function, args, how), out)


def _of_one(rule: Rule, x: Any) -> Any:
    return elementwise(rule, x)


def _by_numpy(func: Any, args: Any, how: dict[str, Any]) -> Any:
    """Run NumPy's own code; the functions that it calls come here by themselves."""
    return np.empty(0).__array_function__(func, (), args, how)


def _change(func: Any, args: Any, how: dict[str, Any]) -> None:
    """Run a function that writes into its first argument; make leaves of numbers."""
    target, *others = [np.asarray(x) if isinstance(x, ValueArray) else x for x in args]
    _by_numpy(func, (target, *others), how)
    if target.dtype == object:
        target[...] = _lift(target)


def apply_elementwise(rule: Rule, *operands: Any) -> Any:
    """Apply a rule to arrays, element by element: of floats only, to floats.

    Raises ValueError where the operands' shapes can't be broadcast together.
    """
    found = elementwise(rule, *operands)
    given = any(isinstance(x, Value | ValueArray) for x in operands)
    if given or _has_values(found):
        return _wrap(found)
    plain = numbers(found)
    return plain if plain.ndim else plain.item()
