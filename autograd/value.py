"""`Value`: a number that remembers how it was computed."""

import operator
from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from .errors import NumberError
from .floats import LARGEST, as_float
from .kinds import FLOATS, Namespace, namespace_of
from .layout import connect, kind_of, number_of
from .modes import ACTIVE, RUNS, STATE, Source, user_source
from .node import FLOAT_TYPES, Node, describe, is_operand, plain, real_number
from .over_values import OverValues
from .reverse import accumulate, cotangents, differentiable_cotangents
from .rules import RULES, Rule
from .storage import ancestors

Number = Any

ADD, SUB, MUL, DIV, NEG, DOT = (
    RULES[name] for name in ["add", "sub", "mul", "div", "neg", "dot"]
)


def _operator_by_rule(rule: Rule) -> Callable[[Any, Any], Any]:
    def operator_by_rule(self: Any, other: Any) -> Any:
        return _binary(rule, self, other)

    return operator_by_rule


_BY_RULE = {
    f"__{name}__": _operator_by_rule(rule)
    for name, rule in [("add", ADD), ("sub", SUB), ("mul", MUL), ("truediv", DIV)]
}


class Value(Node):
    """A real number that records the operation that made it and its operands.

    data: the number, a float or int, `fractions.Fraction` or `mpmath.mpf`; NumPy
        scalars become floats and ints. It may be assigned (`p.data -= 0.1 * p.grad`), a
        number of the same kind: for speed an assignment is not checked.
    label: a name for drawings and messages.

    `v.grad` is 0.0 until a `backward()` fills it. `v.operands` has what the operation
    took, plain numbers included, `v.parents` those that are Values, and
    `v.local_derivatives` one function a parent that gives ∂v/∂parent as it was in the
    forward pass.

    >>> from autograd import Value
    >>> a, b = Value(2.0, label="a"), Value(-3.0)
    >>> c = a * b + a
    >>> c.backward()
    >>> c.data, a.grad, b.grad
    (-4.0, -2.0, 2.0)

    Comparisons compare data, hashing is by identity. Raises `NumberError` (a TypeError)
    for anything that is not a real number.
    """

    __slots__ = ()

    def __init__(self, data: Number, label: str | None = None) -> None:
        if type(data) is not float:
            data = real_number(data)
        self.data = data
        self.grad = 0.0
        self.label = label
        self.rule = self._mark = None
        self._left = self._right = self._d_left = self._d_right = None
        if type(data) not in FLOAT_TYPES and type(self) is Value:
            self.__class__ = ExactValue
        if RUNS and STATE.leaves is not None:
            STATE.leaves.append(self)

    def __init_subclass__(cls) -> None:
        """Let a user's subclass, whose data may be exact, compute by the rules."""
        for name, by_rule in _BY_RULE.items():
            if getattr(cls, name) is getattr(Value, name):
                setattr(cls, name, by_rule)

    def detach(self) -> "Value":
        """Return a leaf with the same number: derivatives do not look behind it."""
        return Value(self.data, label=self.label)

    if TYPE_CHECKING:  # the methods that RULES adds below: exp, relu, arctan2, ...

        def __getattr__(self, name: str) -> Any: ...

    # Derivatives

    def backward(self, seed: Number = None) -> None:
        """Fill `.grad` with ∂self/∂node, times `seed` (default 1), by reverse mode.

        Leaves accumulate, as in PyTorch (a second call doubles them, `zero_grad()`
        clears them); interior nodes are overwritten. The local derivatives are those of
        the forward pass: changing a leaf's `data` in between changes nothing. If the
        sweep is interrupted, every `.grad` stays as it was.

        Source: Griewank & Walther, Evaluating Derivatives, section 3.2.
        """
        accumulate(self, seed_of(self, seed))

    def gradient(
        self,
        inputs: Iterable["Value"],
        create_graph: bool = False,
        seed: Number = None,
    ) -> list[Any]:
        """Return ∂self/∂input for each of `inputs`; touch no `.grad`.

        The inputs may be interior nodes. With ``create_graph=True`` the results are
        Values that can be differentiated again; a result that depends on no Value is
        still a plain number's Value.

        >>> from autograd import Value
        >>> x = Value(2.0)
        >>> [slope] = (x**3).gradient([x], create_graph=True)
        >>> slope.data, slope.gradient([x])
        (12.0, [12.0])

        Raises `StaleGraphError` if a leaf's data has changed since (create_graph only).
        """
        targets = targets_of(inputs)
        if not create_graph:
            return cotangents([self], [seed_of(self, seed)], targets)
        found = differentiable_cotangents(
            [self], [seed_of(self, seed)], targets, over_values
        )
        return [x if isinstance(x, Value) else Value(x) for x in found]

    def zero_grad(self) -> None:
        """Set `.grad` to 0.0 on this node and on everything that it was made from."""
        for node in ancestors([self]):
            node.grad = 0.0

    # Operators: value by value written out, for speed; anything else by its rule

    def __add__(self, other: Any) -> Any:
        if type(other) is not Value or ACTIVE:
            return _binary(ADD, self, other)
        out = _new_node()
        out.data = self.data + other.data
        out._d_left = out._d_right = 1.0
        out._left = self
        out._right = other
        out.rule = ADD
        out.grad = 0.0
        out.label = out._mark = None
        return out

    def __sub__(self, other: Any) -> Any:
        if type(other) is not Value or ACTIVE:
            return _binary(SUB, self, other)
        out = _new_node()
        out.data = self.data - other.data
        out._d_left = 1.0
        out._d_right = -1.0
        out._left = self
        out._right = other
        out.rule = SUB
        out.grad = 0.0
        out.label = out._mark = None
        return out

    def __mul__(self, other: Any) -> Any:
        if type(other) is not Value or ACTIVE:
            return _binary(MUL, self, other)
        out = _new_node()
        out._d_right = a = self.data
        out._d_left = b = other.data
        out.data = a * b
        out._left = self
        out._right = other
        out.rule = MUL
        out.grad = 0.0
        out.label = out._mark = None
        return out

    def __truediv__(self, other: Any) -> Any:
        if type(other) is not Value or ACTIVE or not other.data:
            return _binary(DIV, self, other)
        out = _new_node()
        b = other.data
        out.data = quotient = self.data / b
        out._d_left = 1.0 / b
        out._d_right = -quotient / b
        out._left = self
        out._right = other
        out.rule = DIV
        out.grad = 0.0
        out.label = out._mark = None
        return out

    def __radd__(self, other: Any) -> Any:
        return _binary(ADD, other, self)

    def __rsub__(self, other: Any) -> Any:
        return _binary(SUB, other, self)

    def __rmul__(self, other: Any) -> Any:
        return _binary(MUL, other, self)

    def __rtruediv__(self, other: Any) -> Any:
        return _binary(DIV, other, self)

    def __neg__(self) -> Any:
        return apply(NEG, self)

    def __pos__(self) -> Any:
        return apply(RULES["pos"], self)

    def __abs__(self) -> Any:
        return apply(RULES["abs"], self)

    def __pow__(self, other: Any, modulus: Any = None) -> Any:
        if modulus is not None:
            return NotImplemented
        return _binary(RULES["pow"], self, other)

    def __rpow__(self, other: Any) -> Any:
        return _binary(RULES["pow"], other, self)

    def __mod__(self, other: Any) -> Any:
        return _binary(RULES["mod"], self, other)

    def __rmod__(self, other: Any) -> Any:
        return _binary(RULES["mod"], other, self)

    def __floordiv__(self, other: Any) -> Any:
        return _binary(RULES["floordiv"], self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return _binary(RULES["floordiv"], other, self)

    def __divmod__(self, other: Any) -> tuple[Any, Any]:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> tuple[Any, Any]:
        return other // self, other % self

    def __round__(self, digits: int | None = None) -> Any:
        if digits is None:
            return apply(RULES["round"], self)
        return apply(RULES["round_to"], self, digits)

    def __floor__(self) -> Any:
        return apply(RULES["floor"], self)

    def __ceil__(self) -> Any:
        return apply(RULES["ceil"], self)

    def __trunc__(self) -> Any:
        return apply(RULES["trunc"], self)

    # NumPy: `np.sin(v)`, `array * v`; loaded when NumPy first asks

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **how: Any) -> Any:
        from .arrays import apply_ufunc

        return apply_ufunc(ufunc, method, *inputs, **how)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        from .arrays import apply_function

        return apply_function(func, args, kwargs)


class ExactValue(Value):
    """A Value whose number is a Fraction or an mpf: every operator goes by its rule."""

    __slots__ = ()


class SourcedValue(ExactValue):
    """A Value that knows the user's line: what `record_sources()` makes.

    A class of its own, so that every other node is a slot smaller.
    """

    __slots__ = ("_source",)

    @property
    def source(self) -> Source | None:
        """The user's line that made this node."""
        return getattr(self, "_source", None)  # a copy under way has none yet


_new_node: Callable[[], Any] = partial(object.__new__, Value)  # without __init__
_VALUES_AND_FLOATS = {Value, float}


def targets_of(inputs: Any) -> list[Value]:
    """Return what `gradient` is asked for as a list."""
    targets = [inputs] if isinstance(inputs, Value) else list(inputs)
    for target in targets:
        if not isinstance(target, Value):
            raise NumberError(
                f"gradient() takes a list of Values, got {describe(target)} in it"
            )
    return targets


def seed_of(output: Value, seed: Number) -> Number:
    """Return a seed in the output's kind of number, 1 where none is given."""
    if seed is None:
        return kind_of([output]).rational(1)
    if isinstance(seed, Value):
        raise NumberError(f"a seed is a plain number, got {seed!r}: use its .data")
    seed = real_number(seed)
    return namespace_of([output.data, seed]).lift(seed)


def _binary(rule: Rule, left: Any, right: Any) -> Any:
    """Apply an operator's rule; leave an operand of foreign type to its own class."""
    if is_operand(left) and is_operand(right):
        return apply(rule, left, right)
    for operand in (left, right):
        if isinstance(operand, list | tuple | str):
            raise NumberError(
                f"{rule.format('a', 'b')} takes numbers and Values, got "
                f"{describe(operand)}: use autograd.array(...) for lists"
            )
    return NotImplemented


def apply(rule: Rule, *operands: Any) -> Any:
    """Apply an operation to Values and plain numbers; of plain numbers only, a number.

    The one way into the graph beside the operators that are written out above.
    """
    if ACTIVE and (trace := STATE.trace) is not None:
        recorded = trace.apply(rule, operands)
        if recorded is not None:
            return recorded
    data = [o.data if isinstance(o, Value) else o for o in operands]
    types = set(map(type, data))
    if types <= FLOAT_TYPES and not rule.static:
        m: Namespace = FLOATS
    else:
        m, data, types = _prepare(rule, operands, data)
    if int in types and float in types:  # beside a float, an int beyond all is inf
        data = [as_float(x) if type(x) is int and abs(x) > LARGEST else x for x in data]
    result = rule.forward(m, *data)
    if m is not FLOATS:
        result = m.lift(result)
    elif type(result) is int and float in types:
        result = float(result)
    wanted = [isinstance(operand, Value) for operand in operands]
    if not any(wanted):
        return result
    if ACTIVE and STATE.sources:
        out: Any = object.__new__(SourcedValue)
        out._source = user_source()
    else:
        out = _new_node() if m is FLOATS else object.__new__(ExactValue)
    out.data = result
    out.grad = 0.0
    out.label = out._mark = None
    if ACTIVE and STATE.no_grad:
        out.rule = out._left = out._right = out._d_left = out._d_right = None
        if RUNS and STATE.leaves is not None:
            STATE.leaves.append(out)
        return out
    out.rule = rule
    partials = rule.local(m, result, data, wanted)
    if m is FLOATS:
        partials = tuple(float(d) if type(d) is int else d for d in partials)
    operands = tuple(
        operand if is_value else number
        for operand, is_value, number in zip(operands, wanted, data, strict=True)
    )
    connect(out, operands, partials)
    return out


def apply_dot(xs: Sequence[Any], ys: Sequence[Any]) -> Any:
    """Apply the rule dot to two vectors of one length: `apply`, fast where it can be.

    A neuron is little else than this: so where all operands are Values of floats, or
    Values and floats, the rule's formula and partials are written out.
    """
    operands = (*xs, *ys)
    if ACTIVE or not operands:
        return apply(DOT, *operands)
    values = [*map(type, operands)].count(Value)  # quicker than a loop or a set
    if values == len(operands):
        data = [operand.data for operand in operands]
    elif set(map(type, operands)) == _VALUES_AND_FLOATS:
        data = list(map(number_of, operands))
    else:
        return apply(DOT, *operands)
    half = len(xs)
    right = data[half:]
    products = map(operator.mul, data, right)
    total = next(products)
    for product in products:
        total += product
    if type(total) is not float:
        return apply(DOT, *operands)
    out = _new_node()
    out.data = total
    if values == len(operands) > 2:
        out._left = operands
        out._right = (*right, *data[:half])
        out._d_left = out._d_right = None
    else:
        partials = zip(operands, (*right, *data[:half]), strict=True)
        connect(out, operands, [d if type(o) is Value else None for o, d in partials])
    out.rule = DOT
    out.grad = 0.0
    out.label = out._mark = None
    return out


def _prepare(
    rule: Rule, operands: Sequence[Any], data: list[Number]
) -> tuple[Namespace, list[Number], set[type]]:
    """Find the kind of number for mixed operands, their numbers, and their types."""
    for place in rule.static:
        if isinstance(operands[place], Value):
            raise NumberError(
                f"operand {place + 1} of {rule.name} is fixed, no derivative is taken "
                f"for it: give a plain number, such as v.data, not {operands[place]!r}"
            )
    moving = [place for place in range(len(data)) if place not in rule.static]
    types = {type(data[place]) for place in moving}
    if types <= FLOAT_TYPES:
        return FLOATS, data, types
    for place in moving:
        data[place] = plain(data[place])
    numbers = [data[place] for place in moving]
    return namespace_of(numbers), data, set(map(type, numbers))


@cache
def over_values(numbers: Namespace) -> Any:
    """Return the namespace for Values whose numbers are of this kind."""
    return OverValues(numbers, apply)


def with_defaults(rule: Rule, operands: tuple[Any, ...]) -> tuple[Any, ...]:
    """Add the default numbers of the operands that were left out."""
    missing = (rule.arity or 0) - len(operands)
    if missing <= 0 or missing > len(rule.defaults):
        return operands
    first = operands[0]
    m = kind_of([first]) if isinstance(first, Node) else namespace_of([plain(first)])
    return (*operands, *(m.rational(p, q) for p, q in rule.defaults[-missing:]))


def _unary_method(rule: Rule) -> Callable[[Value], Any]:
    """Make a method of one operand: `apply` with its choices made beforehand."""
    forward, partials = getattr(FLOATS, rule.name), partial(rule.partials, FLOATS)

    def method(self: Value) -> Any:
        if type(self) is not Value or ACTIVE:
            return apply(rule, self)
        x = self.data
        if type(x) is not float:
            return apply(rule, self)
        out = _new_node()
        data = forward(x)
        out.data = data if type(data) is float else float(data)
        (d,) = partials(data, x)
        out._d_left = d if type(d) is float else float(d)
        out._left = self
        out._right = out._d_right = None
        out.rule = rule
        out.grad = 0.0
        out.label = out._mark = None
        return out

    return method


def _method(rule: Rule) -> Callable[..., Any]:
    def method(self: Value, *others: Any) -> Any:
        return apply(rule, *with_defaults(rule, (self, *others)))

    return method


def _add_methods() -> None:
    """Give Value a method for each rule, also under the names by which NumPy calls it.

    NumPy's functions on a plain object array call the elements' methods of their name.
    """
    for rule in RULES.values():
        if rule.static or rule.arity is None or rule.name == "chain":
            continue
        method = _unary_method(rule) if rule.arity == 1 else _method(rule)
        method.__doc__ = (
            f"Return {rule.format('self', 'x', 'y')}: `autograd.{rule.name}`."
        )
        for name in (rule.name, *rule.numpy):
            method.__name__ = rule.name
            method.__qualname__ = f"Value.{rule.name}"
            setattr(Value, name, method)


_add_methods()
