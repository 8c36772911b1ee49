"""The command line: `python -m autograd EXPRESSION NAME=NUMBER ...`."""

import argparse
import math
import os
import re
import sys
import textwrap
import unicodedata
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NoReturn

from .drawing import FORMATS, Drawing, draw, play
from .errors import ArgumentError, AutogradError, MissingExtraError
from .expression import CONSTANTS, Expression, parse
from .printing.formatting import number, shortened
from .rules import RULES, Rule
from .value import Value

NEURON = [
    "tanh(w1*x1 + w2*x2 + b)",
    *("w1=-3", "x1=2", "w2=1", "x2=0", "b=6.8813735870195432"),
]
_MOST_ROWS = 400  # of a table; its middle is left out, and it says so
_MOST_PARTIALS = 6  # of one operation
_WIDTH = 40  # of a sub-expression
_EPILOG = """\
examples:
  python -m autograd
      a worked neuron
  python -m autograd "x**2 * sin(y)" x=3 y=pi/4
      each sub-expression's value, local derivatives and gradient
  python -m autograd "x**2 * sin(y)" x=3 y=pi/4 --wrt x --second
      gradients of what depends on x, and the second derivative
  python -m autograd "where(x > 0, log(x), 0)" x=-1 --out graph.svg
      draws the graph as well

  python -m autograd "sigmoid(w*x)" w=2 x=0.5 --text
      the graph as a tree
  python -m autograd "tanh(w*x + b)" w=2 x=0.5 b=-0.7 --play player.html
      a page that steps through it

constants: {constants}

operations, beside + - * / // % **:
{operations}
"""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {shortened(message, 300)}\n")


def _parser() -> _Parser:
    try:
        release = version("scalar-autograd")
    except PackageNotFoundError:
        release = "(not installed)"
    names = [name for name, rule in RULES.items() if rule.text.startswith(f"{name}(")]
    names.remove("chain")  # the chain rule's product, of no use here
    parser = _Parser(
        prog="python -m autograd",
        description="Differentiate an expression, and show every number of it.",
        epilog=_EPILOG.format(
            constants=" ".join(CONSTANTS),
            operations=textwrap.fill(
                " ".join(names), 72, initial_indent="  ", subsequent_indent="  "
            ),
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "expression", nargs="?", help="what to differentiate, in Python's notation"
    )
    parser.add_argument(
        "values", nargs="*", metavar="NAME=NUMBER", help="a value for each variable"
    )
    parser.add_argument(
        "--wrt", metavar="NAMES", help="differentiate by these only, as in --wrt w,b"
    )
    parser.add_argument(
        "--second", action="store_true", help="second derivatives as well"
    )
    parser.add_argument(
        "--out", metavar="FILE", help=f"draw the graph: a name with {' '.join(FORMATS)}"
    )
    parser.add_argument(
        "--text", action="store_true", help="print the graph as a tree, not as a table"
    )
    parser.add_argument(
        "--play", metavar="FILE", help="write a page that steps through it: .html"
    )
    parser.add_argument("--version", action="version", version=f"autograd {release}")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status."""
    try:
        status = _run(sys.argv[1:] if arguments is None else list(arguments))
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def _run(arguments: list[str]) -> int:
    parser = _parser()
    # "-x" is an expression, which argparse would take for an option.
    negative = re.compile("-(?!-|h$)")
    options = parser.parse_intermixed_args(
        [f" {each}" if negative.match(each) else each for each in arguments]
    )
    text, values = options.expression, options.values
    if text is None:
        text, *values = NEURON
    try:
        if options.out is not None and Path(options.out).suffix.lower() not in FORMATS:
            raise ArgumentError(f"--out takes a name with {' '.join(FORMATS)}")
        if options.play is not None and Path(options.play).suffix.lower() != ".html":
            raise ArgumentError("--play takes a name with .html")
        expression = parse(text)
        leaves = _leaves(values, expression)
        wrt = _names(options.wrt, expression.variables)
        if options.second and not wrt:
            raise ArgumentError("--second: the expression has no variables")
        results = expression.evaluate_all(leaves)
        output = results[-1] if isinstance(results[-1], Value) else Value(results[-1])
        output.backward()
        if options.expression is None:
            _say(f'python -m autograd "{text}" {" ".join(values)}\n')
        _say(f"{shortened(text, 2 * _WIDTH)} = {output.data!r}")
        if options.text:
            _say_tree(draw(output))
        elif expression.variables or len(results) > 1:
            _say(_table(expression, results, wrt))
        if options.second:
            _say(_second_derivatives(output, {name: leaves[name] for name in wrt}))
        if options.out is not None:
            _say(f"\nwrote {draw(output).save(options.out)}")
        if options.play is not None:
            _say(f"\nwrote {play(output).save(options.play)}")
    except MissingExtraError as error:
        print(f"{parser.prog}: not drawn: {error}", file=sys.stderr)
    except AutogradError as error:
        parser.error(str(error))
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        parser.error(f"cannot write {error.filename or options.out}: {error.strerror}")
    return 0


def _leaves(assignments: Sequence[str], expression: Expression) -> dict[str, Value]:
    """Read NAME=NUMBER for each of the expression's variables."""
    variables = expression.variables
    leaves: dict[str, Value] = {}
    for assignment in assignments:
        name, equals, text = (part.strip() for part in assignment.partition("="))
        name = unicodedata.normalize("NFKC", name)
        if not equals or not name.isidentifier():
            raise ArgumentError(f"{assignment.strip()!a} is not NAME=NUMBER, as in x=2")
        if name in leaves:
            raise ArgumentError(f"{name} is given twice")
        if name in CONSTANTS:
            raise ArgumentError(f"{name} is a constant: rename the variable")
        if name not in variables:
            raise ArgumentError(f"{name} is no variable here{_listed(variables)}")
        leaves[name] = Value(_number(assignment, text), label=name)
    missing = [name for name in variables if name not in leaves]
    if missing:
        wanted = " ".join(f"{name}=NUMBER" for name in missing)
        raise ArgumentError(f"no value for {', '.join(missing)}: add {wanted}")
    return leaves


def _number(assignment: str, text: str) -> float:
    """Read a number, or an expression of numbers such as pi/4."""
    try:
        expression = parse(text)
    except AutogradError as error:
        raise ArgumentError(f"{assignment!a} has no number: {error}") from None
    if expression.variables:
        raise ArgumentError(
            f"{assignment!a} has no number: it takes one, or one like pi/4"
        )
    value: float = expression.evaluate({}).data
    if math.isinf(value) and "inf" not in text:
        raise ArgumentError(
            f"{assignment!a} is beyond the floats, which end at 1.8e308: write inf for "
            f"infinity"
        )
    return value


def _listed(variables: Sequence[str]) -> str:
    return f": the expression has {', '.join(variables) or 'none'}"


def _names(wrt: str | None, variables: tuple[str, ...]) -> tuple[str, ...]:
    """Return the variables to differentiate by."""
    if wrt is None:
        return variables
    names = tuple(dict.fromkeys(name.strip() for name in wrt.split(",")))
    for name in names:
        if name not in variables:
            raise ArgumentError(f"--wrt: {name!a} is no variable{_listed(variables)}")
    return names


def _table(expression: Expression, results: list[Any], wrt: Sequence[str]) -> str:
    """Print the variables, then each operation in the order of evaluation."""
    steps = expression.steps
    variables = [i for i, step in enumerate(steps) if isinstance(step.what, str)]
    places = variables + [i for i, step in enumerate(steps) if step.operands]
    rows = {place: f"#{row}" for row, place in enumerate(places, 1)}
    depends: set[int] = set()
    for i, step in enumerate(steps):
        reached = step.what in wrt or not depends.isdisjoint(step.operands)
        if reached and isinstance(results[i], Value):
            depends.add(i)

    def text(place: int) -> str:
        return shortened(expression.text_of(steps[place]), _WIDTH)

    def partials(place: int) -> str:
        step, result = steps[place], results[place]
        if not isinstance(step.what, Rule) or not isinstance(result, Value):
            return ""
        parents = [
            operand
            for i, operand in enumerate(step.operands)
            if isinstance(results[operand], Value) and i not in step.what.static
        ]
        shown = [
            f"∂/∂{name(parent)} = {number(derivative())}"
            for parent, derivative in zip(
                parents[:_MOST_PARTIALS], result.local_derivatives, strict=False
            )
        ]
        if len(parents) > len(shown):
            shown.append(f"… {len(parents) - len(shown):,} more")
        return ", ".join(shown)

    def name(place: int) -> str:
        step = steps[place]
        if isinstance(step.what, str):
            return step.what
        short = step.end - step.start <= _WIDTH // 3
        return f"({text(place)})" if short else rows[place]

    half = _MOST_ROWS // 2
    shown = places if len(places) <= _MOST_ROWS else [*places[:half], *places[-half:]]
    lines = [
        "",
        *_lines(
            ["", *(rows[i] for i in shown)],
            ["sub-expression", *map(text, shown)],
            _numbers("value", [getattr(results[i], "data", results[i]) for i in shown]),
            _numbers(
                "gradient", [results[i].grad if i in depends else None for i in shown]
            ),
            ["local derivatives", *map(partials, shown)],
        ),
    ]
    if len(places) > len(shown):
        lines.insert(half + 2, f"… {len(places) - len(shown):,} rows left out")
    return "\n".join(lines)


def _second_derivatives(output: Value, leaves: dict[str, Value]) -> str:
    """Print the Hessian."""
    gradient = output.gradient(leaves.values(), create_graph=True)
    hessian = [first.gradient(leaves.values()) for first in gradient]
    columns = map(_numbers, leaves, map(list, zip(*hessian, strict=True)))
    return "\n".join(["", "second derivatives", *_lines(["", *leaves], *columns)])


def _numbers(title: str, cells: Sequence[Any]) -> list[str]:
    """Print a column of numbers, their points below each other; None is blank."""
    texts = ["" if cell is None else number(cell) for cell in cells]
    whole = [re.sub(r"^(-?\d+).*", r"\1", text) for text in texts]
    width = max(map(len, whole), default=0)
    return [
        title,
        *(
            " " * (width - len(digits)) + text
            for digits, text in zip(whole, texts, strict=True)
        ),
    ]


def _lines(*columns: Sequence[str]) -> list[str]:
    widths = [max(map(len, column)) for column in columns]
    return [
        "   ".join(map(str.ljust, row, widths)).rstrip()
        for row in zip(*columns, strict=True)
    ]


def _say_tree(drawing: Drawing) -> None:
    """Print a graph as a tree, in ASCII where the output can't encode its branches."""
    text = drawing.text()
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        text = drawing.text(ascii=True)
    print(f"\n{text}")


def _say(text: str) -> None:
    """Print, in other characters where the output can't encode the mathematics."""
    encoding = sys.stdout.encoding or "ascii"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        plain = text.translate({ord("∂"): "d", ord("…"): "~"})
        text = plain.encode(encoding, "backslashreplace").decode(encoding)
    print(text)


if __name__ == "__main__":
    sys.exit(main())
