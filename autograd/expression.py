"""Read a formula from text, safely: Python's grammar behind a whitelist, nothing run.

A text is first cut into tokens, which finds every foreign character with its column;
then `ast.parse` reads it, and what is not on the whitelist is an error. What remains is
a list of steps, operands before what uses them, which `Expression` runs on Values.
"""

import ast
import difflib
import keyword
import math
import operator
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from .errors import ExpressionError
from .layout import number_of
from .rules import RULES, Rule
from .value import Value, apply, with_defaults

CONSTANTS = {"pi": math.pi, "e": math.e, "inf": math.inf, "nan": math.nan}

_OPERATORS: dict[type, str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Pow: "pow",
    ast.USub: "neg",
    ast.UAdd: "pos",
}
Comparison = Callable[[Any, Any], bool]
_COMPARISONS: dict[type, Comparison] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_TOKEN = re.compile(
    r"""(?P<number> (?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?\w*)
      | (?P<name> [^\W0-9]\w*)
      | (?P<symbol> \*\*|//|[<>=!]=|[-+*/%()\[\],<>])
      | (?P<space> \s+)
      | (?P<other> .)""",
    re.VERBOSE | re.DOTALL,
)
_ALLOWED = (
    "an expression has numbers, names, + - * / // % **, brackets, calls such as tanh(x)"
)
_HINTS = {
    "^": "write ** for a power",
    "×": "write * for a product",
    "−": "write - for minus",
    "=": "write == in a condition, and give values beside the expression",
    "'": "a string is not allowed",
    '"': "a string is not allowed",
    ".": "attribute access is not allowed",
    **dict.fromkeys(("if", "else"), "write where(x > 0, a, b)"),
    **dict.fromkeys(
        ("and", "or", "not", "&", "|"),
        "a condition is a comparison; nest where(a > 0, where(b > 0, x, y), y)",
    ),
}
_FOREIGN = {
    ast.Compare: "a comparison stands only in where(x > 0, a, b)",
    ast.List: "a list stands only in calls such as dot([a, b], [c, d])",
    ast.Tuple: "a tuple is not allowed",
    ast.Subscript: "a subscript is not allowed; write take([a, b], 0)",
    ast.Starred: "a starred operand is not allowed",
    ast.Call: "only an operation is called, tanh(x); write * for a product",
}
_LONGEST = 1_000_000  # characters: about two seconds


class Step(NamedTuple):
    """One step of an evaluation: what to do with the results of earlier steps.

    what: a number, the name of a variable, the rule of an operation, or a condition's
        comparisons.
    operands: places of the operands in `Expression.steps`.
    start, end: the piece of `Expression.text` that this step computes.
    """

    what: float | str | Rule | tuple[Comparison, ...]
    operands: tuple[int, ...]
    start: int
    end: int


class Expression:
    """A formula: evaluate it for given numbers, look at each of its sub-expressions.

    text: the formula as it was written.
    steps: its sub-expressions in the order of evaluation.

    >>> from autograd.expression import parse
    >>> expression = parse("tanh(w*x + b)")
    >>> expression.variables
    ('w', 'x', 'b')
    >>> expression.evaluate({"w": 2.0, "x": 0.5, "b": -1.0})
    Value(data=0.0, grad=0.0)
    >>> [expression.text_of(step) for step in expression.steps]
    ['w', 'x', 'w*x', 'b', 'w*x + b', 'tanh(w*x + b)']
    """

    def __init__(self, text: str, steps: Sequence[Step]) -> None:
        self.text = text
        self.steps = tuple(steps)

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables' names in order of appearance."""
        return tuple(step.what for step in self.steps if isinstance(step.what, str))

    def evaluate(self, values: Mapping[str, Any]) -> Value:
        """Return the formula's Value for these variables; see `evaluate_all`."""
        result = self.evaluate_all(values)[-1]
        return result if isinstance(result, Value) else Value(result)

    def evaluate_all(self, values: Mapping[str, Any]) -> list[Any]:
        """Return each step's result: a Value, or a plain number if it has no variable.

        values: a number or a Value for each variable; a number becomes a leaf with the
        variable's name as its label. Other names in it are ignored.

        Raises `ExpressionError` for a variable without a value, a constant with one,
        and an index or a number of digits that is not whole.
        """
        given = {unicodedata.normalize("NFKC", name): v for name, v in values.items()}
        for name in given:
            if name in CONSTANTS:
                raise ExpressionError(f"{name} is a constant: rename the variable")
        missing = [name for name in self.variables if name not in given]
        if missing:
            raise ExpressionError(
                f"no value for {', '.join(missing)}: the expression has the variables "
                f"{', '.join(self.variables)}"
            )
        results: list[Any] = []
        for step in self.steps:
            what, operands = step.what, [results[place] for place in step.operands]
            if isinstance(what, Rule):
                result = _apply(what, operands)
            elif isinstance(what, str):
                result = _leaf(what, given[what])
            elif isinstance(what, tuple):
                pairs = zip(what, operands[:-1], operands[1:], strict=True)
                result = all(holds(a, b) for holds, a, b in pairs)
            else:
                result = what
            results.append(result)
        return results

    def text_of(self, step: Step) -> str:
        """Return the piece of the text that a step computes, on one line."""
        return _one_line(self.text[step.start : step.end])

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"


def parse(text: str) -> Expression:
    """Read a formula: numbers, names, operators, brackets, calls of operations.

    The operations are those of `autograd.RULES`, called by name; dot([a, b], [c, d])
    and take([a, b], 1) take lists, where(x > 0, a, b) a comparison; pi, e, inf and nan
    are constants. Every number is a float. Nothing runs but these operations, and they
    only when the expression is evaluated.

    >>> from autograd.expression import parse
    >>> parse("9**9**9**9").evaluate({}).data
    inf
    >>> parse("__import__('os')")
    Traceback (most recent call last):
    autograd.errors.ExpressionError: column 12, at "'os')": a string is not allowed

    A sum may have any number of terms; other operators nest some hundred deep, which
    is what Python's parser takes.

    Raises `ExpressionError` (a ValueError): one line that says what is wrong and where.
    """
    if not isinstance(text, str):
        raise ExpressionError(f"parse takes a text, got {type(text).__name__}")
    text = text.strip()
    if not text:
        raise ExpressionError(f"the expression is empty; {_ALLOWED}")
    if len(text) > _LONGEST:
        raise ExpressionError(
            f"the expression has {len(text):,} characters; {_LONGEST:,} are allowed"
        )
    return Expression(text, _Reader(text).steps())


class _Pending(NamedTuple):
    """A step whose operands come first."""

    what: Any
    arity: int
    start: int
    end: int


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        # From an offset in UTF-8, which `ast` counts, to a place in the text.
        self.places: Sequence[int] = range(len(text) + 1)
        if not text.isascii():
            letters = enumerate(c.encode("utf-8", "replace") for c in text)
            self.places = [i for i, letter in letters for _ in letter] + [len(text)]

    def error(self, place: int, problem: str) -> ExpressionError:
        excerpt = self.text[place : place + 20]
        at = f", at {excerpt!a}" if excerpt else ""
        return ExpressionError(f"column {place + 1}{at}: {problem}")

    def span(self, node: ast.expr) -> tuple[int, int]:
        return self.places[node.col_offset], self.places[node.end_col_offset or 0]

    def steps(self) -> list[Step]:
        """Return the steps of the text, each after its operands, without recursion."""
        source, sums = self.scan()
        terms = self.terms(source, sums)
        work: list[Any] = [(terms[0], False)]
        ends = [*sums, len(self.text)][1:]
        for place, term, end in zip(sums, terms[1:], ends, strict=True):
            rule = RULES["add" if self.text[place] == "+" else "sub"]
            work += (term, False), _Pending(rule, 2, 0, end)
        work.reverse()
        steps: list[Step] = []
        done: list[int] = []  # the places of results that await their operation
        variables: dict[str, int] = {}
        while work:
            item = work.pop()
            if not isinstance(item, _Pending):
                what, children = self.read(*item)
                if what in variables:
                    done.append(variables[what])
                    continue
                if isinstance(what, str):
                    variables[what] = len(steps)
                work.append(_Pending(what, len(children), *self.span(item[0])))
                work += reversed(children)
                continue
            what, arity, start, end = item
            first = len(done) - arity
            operands = done[first:]
            if what is RULES["take"]:  # whose row has the index first
                operands = operands[-1:] + operands[:-1]
            done[first:] = [len(steps)]
            steps.append(Step(what, tuple(operands), start, end))
        return steps

    def scan(self) -> tuple[str, list[int]]:
        """Check each token; return the text for `ast`, and where + and − were replaced.

        White space becomes blanks, and a number ones: its value is read here, so that
        its length doesn't matter. The binary + and − outside of all brackets become
        commas: a list has any length, where `ast` would nest.
        """
        source: list[str] = []
        sums: list[int] = []
        depth, after_operand = 0, False
        for match in _TOKEN.finditer(self.text):
            kind, token, place = match.lastgroup, match[0], match.start()
            if kind == "space":
                source.append(" " * len(token))
                continue
            if kind == "number":
                self.number(place, match.end())
                token = "1" * (len(token) - 1) + "." if len(token) > 1 else "1"
            elif kind == "name":
                self.check_name(place, token)
            elif kind == "other":
                problem = f"{token!a} is not allowed; {_ALLOWED}"
                raise self.error(place, _HINTS.get(token, problem))
            elif token in "([":
                depth += 1
            elif token in ")]":
                depth -= 1
            elif token == "," and depth == 0:
                raise self.error(place, "a comma stands only between a call's operands")
            elif token in "+-" and depth == 0 and after_operand:
                sums.append(place)
                token = ","
            source.append(token)
            after_operand = kind != "symbol" or token in ")]"
        return "".join(source), sums

    def number(self, start: int, end: int) -> float:
        token = self.text[start:end]
        try:
            return float(token)
        except ValueError:
            problem = "not a number; a product is written 2*x"
            raise self.error(start, problem) from None

    def check_name(self, place: int, name: str) -> None:
        if keyword.iskeyword(name):
            hint = _HINTS.get(name, _ALLOWED)
            raise self.error(place, f"the word {name!r} is not allowed; {hint}")
        if not name.isidentifier():
            raise self.error(place, "not a name; write x**2 for a power")

    def terms(self, source: str, sums: list[int]) -> list[ast.expr]:
        """Return the syntax trees of the terms of the sum at the top."""
        try:
            tree = ast.parse(source, mode="eval").body
        except SyntaxError as error:
            place = min(max((error.offset or 1) - 1, 0), len(self.text))
            raise self.error(place, _one_line(error.msg)) from None
        except (RecursionError, MemoryError):
            raise ExpressionError(
                "the expression is nested too deeply; sum(a, b, c) and prod(a, b, c) "
                "take any number of operands"
            ) from None
        terms = tree.elts if sums and isinstance(tree, ast.Tuple) else [tree]
        if len(terms) <= len(sums):
            raise self.error(sums[-1], f"nothing follows the {self.text[sums[-1]]}")
        return terms

    def read(
        self, node: ast.expr, in_condition: bool
    ) -> tuple[Any, list[tuple[ast.expr, bool]]]:
        """Return what a node of the tree does, and its operands: the whitelist."""
        place, end = self.span(node)
        match node:
            case ast.Constant():
                return self.number(place, end), []
            case ast.Name(id=name) if name not in RULES:
                return CONSTANTS.get(name, name), []
            case ast.Name(id=name):
                raise self.error(place, f"{name} is an operation: write {name}(...)")
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant() as number):
                return -self.number(*self.span(number)), []
            case ast.UnaryOp(op=op, operand=operand) if type(op) in _OPERATORS:
                return RULES[_OPERATORS[type(op)]], [(operand, False)]
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return RULES[_OPERATORS[type(op)]], [(left, False), (right, False)]
            case ast.Compare(left=left, ops=ops, comparators=others) if (
                in_condition and {*map(type, ops)} <= _COMPARISONS.keys()
            ):
                comparisons = tuple(_COMPARISONS[type(op)] for op in ops)
                return comparisons, [(each, False) for each in (left, *others)]
            case ast.Call(func=ast.Name(id=name), args=operands, keywords=[]):
                rule, operands = self.call(place, name, operands)
                chooses = rule.name == "where"
                return rule, [(x, chooses and i == 0) for i, x in enumerate(operands)]
            case ast.Call(keywords=[_, *_]):
                raise self.error(place, "an operand with a name is not allowed")
            case _:
                problem = _FOREIGN.get(type(node), f"not allowed; {_ALLOWED}")
                raise self.error(place, problem)

    def call(
        self, place: int, name: str, operands: list[ast.expr]
    ) -> tuple[Rule, list[ast.expr]]:
        """Return a call's rule, and its operands with the lists among them opened."""
        count = len(operands)
        rule = RULES.get("round_to" if name == "round" and count > 1 else name)
        if rule is None:
            raise self.error(place, f"unknown operation {name[:40]!a}{_nearest(name)}")
        lists = [x.elts for x in operands if isinstance(x, ast.List)]
        if name == "dot":
            usage = "two lists of the same length, dot([a, b], [c, d])"
            fits = count == len(lists) == 2 and len(lists[0]) == len(lists[1]) > 0
            operands = [x for elements in lists for x in elements]
        elif name == "take":
            usage = "a list and an index, take([a, b], 0)"
            fits = count == 2 and isinstance(operands[0], ast.List) and any(lists[0])
            operands = lists[0] + operands[1:] if fits else []
        elif rule.arity is None:
            usage = "at least one operand"
            operands = lists[0] if lists and count == 1 else operands
            fits = any(operands)
        else:
            least = rule.arity - len(rule.defaults)
            usage = " or ".join(map(str, range(least, rule.arity + 1)))
            usage += f" operand{'s' * (rule.arity > 1)}, got {count}"
            fits = least <= count <= rule.arity
        if not fits:
            raise self.error(place, f"{name} needs {usage}")
        return rule, operands


def _nearest(name: str) -> str:
    """Return a hint: the operations that were probably meant."""
    aliases = {alias: rule.name for rule in RULES.values() for alias in rule.numpy}
    known = {"ln": "log", **aliases, **{own: own for own in RULES}}
    near = [known[each] for each in difflib.get_close_matches(name, known)]
    if not near:
        return "; autograd.RULES lists the operations"
    return f"; did you mean {' or '.join(dict.fromkeys(near))}?"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _leaf(name: str, value: Any) -> Any:
    # A bool is no number, but may be the condition of a `where`.
    return value if isinstance(value, Value | bool) else Value(value, label=name)


def _apply(rule: Rule, operands: list[Any]) -> Any:
    for place in rule.static:
        number = number_of(operands[place])
        operands[place] = _static_operand(rule, number, len(operands))
    return apply(rule, *with_defaults(rule, tuple(operands)))


def _static_operand(rule: Rule, number: Any, count: int) -> bool | int:
    """Return the plain operand that a rule wants: a condition, a whole number."""
    if rule.name == "where":
        return bool(number)
    if not float(number).is_integer():
        name = rule.name.removesuffix("_to")
        raise ExpressionError(f"{name} takes a whole number there, got {number!r}")
    if rule.name == "take":
        if not 1 - count <= number < count - 1:
            raise ExpressionError(f"take: no value {number!r} in a list of {count - 1}")
        number %= count - 1
    return int(number)
