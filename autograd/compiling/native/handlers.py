"""Handlers: native code, the same for all programs, that follows a table of words.

To compile a large program takes long; to write it as words of 32 bits does not. Each
instruction of such a table names its handler, which works on 8 numbers at once and goes
on to the next instruction:

    handler        its place in HANDLERS
    destination    where the 8 results go
    operands       where numbers are read, or what else the handler takes

Places count doubles. A handler's name ends with the kinds of its operands:

    v   8 numbers in a row, from %s
    u   one number for all lanes, from %h
    s   numbers that lie evenly spaced, from %s: the first `count` lanes' own, the last
        of these for the others

What a handler takes after the destination:

    add.vu, where.vuv, ...          operands
    copy.u, copy.s                  operand (its step, count)
    exp.fast, ...                   operand (v)
    call1, call2                    count, a function's address in two words, operands
    sum.v, sum.u, sum.s             terms, operands (before them step, count)
    dot.vv, dot.vu, dot.uu, dot.ss  terms, pairs (before them steps, count)
    take.u, take.s                  length, step of the table, index, table (u: of h;
                                    before them steps of index and table, count)
    take.v                          length, index, places
    stop                            nothing: the end

`more` in front of a sum's or dot's kind: it goes on with the total at the destination;
`fused` in front: products are not rounded. Conditions are 1.0 and 0.0 in memory.
"""

from collections.abc import Callable, Iterator
from functools import cache
from itertools import product

from ...rules import RULES
from ..lowering import is_primitive
from ..program import COMPARISONS, CONDITIONS, LOGIC
from .calls import wrappers
from .operations import form_of, inside
from .shapes import LANES, VECTOR
from .vectors import VECTORS, vector

__all__ = ["ARITIES", "CALLS", "HANDLERS", "interpreter"]

_T, _B, _I = VECTOR.number, VECTOR.condition, VECTOR.whole
_IOTA = "<i64 0, i64 1, i64 2, i64 3, i64 4, i64 5, i64 6, i64 7>"

# Operations that are written out, and their operands' number.
ARITIES = {
    **{
        name: rule.arity
        for name, rule in RULES.items()
        if is_primitive(name) and form_of(name, VECTOR) and rule.arity
    },
    **dict.fromkeys(COMPARISONS, 2),
    "and": 2,
    "or": 2,
    "not": 1,
    "fma": 3,
}


class _Handler:
    """The text of a handler as it is written; `at` is the place of the next word."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.count = 0
        self.to = self.word(1)

    def line(self, text: str) -> str:
        self.count += 1
        name = f"%t{self.count}"
        self.lines.append(f"  {name} = {text}")
        return name

    def word(self, at: int | str, from_: str = "%pc") -> str:
        """Return a word as a whole number of 64 bits."""
        pointer = self.line(f"getelementptr i32, ptr {from_}, i64 {at}")
        return self.line(f"sext i32 {self.line(f'load i32, ptr {pointer}')} to i64")

    def splat(self, x: str, kind: str = "double") -> str:
        vector = f"<{LANES} x {kind}>"
        one = self.line(f"insertelement {vector} poison, {kind} {x}, i64 0")
        return self.line(
            f"shufflevector {vector} {one}, {vector} poison, "
            f"<{LANES} x i32> zeroinitializer"
        )

    def load(self, kind: str, place: str, lanes: str = "") -> str:
        """Read an operand's numbers; lanes: for s, how far each one's is."""
        base = "%h" if kind == "u" else "%s"
        at = self.line(f"getelementptr double, ptr {base}, i64 {place}")
        if kind == "v":
            return self.line(f"load {_T}, ptr {at}, align 8")
        if kind == "u":
            return self.splat(self.line(f"load double, ptr {at}, align 8"))
        return self.gather(self.line(f"getelementptr double, ptr {at}, {_I} {lanes}"))

    def gather(self, pointers: str) -> str:
        return self.line(
            f"call {_T} @llvm.masked.gather.{VECTOR.suffix}.v8p0(<8 x ptr> align 8 "
            f"{pointers}, {_B} {VECTOR.constant(True)}, {_T} poison)"
        )

    def lanes(self, step: str, count: str) -> str:
        """Return how far each lane's number is; lanes past the count have the last."""
        last = self.splat(self.line(f"sub i64 {count}, 1"), "i64")
        lane = self.line(f"call {_I} @llvm.smin.v8i64({_I} {_IOTA}, {_I} {last})")
        return self.line(f"mul {_I} {lane}, {self.splat(step, 'i64')}")

    def store(self, value: str) -> None:
        at = self.line(f"getelementptr double, ptr %s, i64 {self.to}")
        self.lines.append(f"  store {_T} {value}, ptr {at}, align 8")

    def loop(self, count: str, start: str, body: Callable[[str, str], str]) -> str:
        """Write a loop over 1, 2, ... below a count (which is at least 1).

        body: takes the counter and the total so far, returns the next total.
        """
        head = len(self.lines)
        new = body("%i", "%total")
        self.lines.insert(
            head,
            f"""  br label %before
before:
  %more = icmp ugt i64 {count}, 1
  br i1 %more, label %loop, label %after
loop:
  %i = phi i64 [ 1, %before ], [ %next, %loop ]
  %total = phi {_T} [ {start}, %before ], [ {new}, %loop ]""",
        )
        self.lines.append(
            f"""  %next = add i64 %i, 1
  %again = icmp ult i64 %next, {count}
  br i1 %again, label %loop, label %after
after:
  %found = phi {_T} [ {start}, %before ], [ {new}, %loop ]"""
        )
        return "%found"

    def text(self, name: str, length: int | str) -> str:
        """Return the function, which goes on behind an instruction of that length."""
        after = self.line(f"getelementptr i32, ptr %pc, i64 {length}")
        place = self.line(f"load i32, ptr {after}")
        pointer = self.line(f"getelementptr ptr, ptr %table, i32 {place}")
        next_ = self.line(f"load ptr, ptr {pointer}")
        body = "\n".join(self.lines)
        given = f"ptr {after}, ptr %s, ptr %h, ptr %table"
        return (
            f'define internal void @"{name}"({_PARAMETERS}) #0 {{\n{body}\n'
            f"  musttail call void {next_}({given})\n  ret void\n}}\n"
        )


_PARAMETERS = "ptr %pc, ptr %s, ptr %h, ptr %table"


def _operation(name: str, kinds: str) -> str:
    """Write the handler of an operation that is written out."""
    w = _Handler()
    given = [w.load(kind, w.word(2 + i)) for i, kind in enumerate(kinds)]
    for i in range(len(given)):
        if name in LOGIC or (name == "where" and i == 0):
            given[i] = w.line(f"fcmp une {_T} {given[i]}, {VECTOR.constant(0.0)}")
    form = form_of(name, VECTOR)
    assert form
    w.lines.append(form("%result", *given))
    result = "%result"
    if name in CONDITIONS:
        one, zero = VECTOR.constant(1.0), VECTOR.constant(0.0)
        result = w.line(f"select {_B} %result, {_T} {one}, {_T} {zero}")
    w.store(result)
    return w.text(f"{name}.{kinds}", 2 + len(kinds))


def _copy(kind: str) -> str:
    w = _Handler()
    lanes = w.lanes(w.word(3), w.word(4)) if kind == "s" else ""
    w.store(w.load(kind, w.word(2), lanes))
    return w.text(f"copy.{kind}", 5 if kind == "s" else 3)


def _fast(name: str) -> str:
    w = _Handler()
    x = w.load("v", w.word(2))
    w.store(w.line(f"call {_T} @fast.{name}.{VECTOR.suffix}({_T} {x})"))
    return w.text(f"{name}.fast", 3)


def _call(operands: int) -> str:
    """Call a function of doubles for each lane below the count."""
    w = _Handler()
    count = w.word(2)
    where = w.line("getelementptr i32, ptr %pc, i64 3")
    function = w.line(f"load ptr, ptr {where}, align 4")
    given = [w.load("v", w.word(5 + i)) for i in range(operands)]

    def one(lane: str, total: str) -> str:
        xs = [w.line(f"extractelement {_T} {x}, i64 {lane}") for x in given]
        arguments = ", ".join(f"double {x}" for x in xs)
        y = w.line(f"call double {function}({arguments}) #1")
        return w.line(f"insertelement {_T} {total}, double {y}, i64 {lane}")

    w.store(w.loop(count, one("0", VECTOR.constant(0.0)), one))
    return w.text(f"call{operands}", 5 + operands)


def _sum(kind: str, more: bool) -> str:
    w = _Handler()
    terms = w.word(2)
    first, lanes = 3, ""
    if kind == "s":
        lanes, first = w.lanes(w.word(3), w.word(4)), 5
    start = w.line(f"getelementptr i32, ptr %pc, i64 {first}")

    def term(i: str) -> str:
        return w.load(kind, w.word(i, start), lanes)

    def added(i: str, total: str) -> str:
        return w.line(f"fadd {_T} {total}, {term(i)}")

    beginning = added("0", w.load("v", w.to)) if more else term("0")
    w.store(w.loop(terms, beginning, added))
    length = w.line(f"add i64 {terms}, {first}")
    return w.text(f"{'more.' * more}sum.{kind}", length)


def _dot(kinds: str, more: bool, fused: bool) -> str:
    w = _Handler()
    terms = w.word(2)
    first, lanes = 3, ["", ""]
    if kinds == "ss":
        count = w.word(5)
        lanes, first = [w.lanes(w.word(3 + i), count) for i in (0, 1)], 6
    start = w.line(f"getelementptr i32, ptr %pc, i64 {first}")

    def factors(i: str) -> list[str]:
        at = w.line(f"shl i64 {i}, 1")
        places = w.word(at, start), w.word(w.line(f"or i64 {at}, 1"), start)
        return [w.load(*given) for given in zip(kinds, places, lanes, strict=True)]

    def added(i: str, total: str) -> str:
        x, y = factors(i)
        if fused:
            name = f"@llvm.fma.{VECTOR.suffix}"
            return w.line(f"call {_T} {name}({_T} {x}, {_T} {y}, {_T} {total})")
        return w.line(f"fadd {_T} {total}, {w.line(f'fmul {_T} {x}, {y}')}")

    if more:
        beginning = added("0", w.load("v", w.to))
    else:
        beginning = w.line("fmul {} {}, {}".format(_T, *factors("0")))
    w.store(w.loop(terms, beginning, added))
    length = w.line(f"add i64 {w.line(f'shl i64 {terms}, 1')}, {first}")
    return w.text(f"{'more.' * more}{'fused.' * fused}dot.{kinds}", length)


def _inside(w: _Handler, index: str, length: str) -> str:
    """Return each lane's place in a table."""
    return inside(w.line, VECTOR, index, w.splat(length, "i64"))


def _take(kind: str) -> str:
    """Take from a table whose numbers lie evenly spaced."""
    w = _Handler()
    length, step = w.word(2), w.word(3)
    if kind == "u":
        index, base, last = w.load("v", w.word(4)), "%h", 6
        moved = VECTOR.int(0)
    else:
        count = w.word(6)
        index = w.load("s", w.word(7), w.lanes(w.word(4), count))
        moved, base, last = w.lanes(w.word(5), count), "%s", 9
    place = _inside(w, index, length)
    far = w.line(f"mul {_I} {place}, {w.splat(step, 'i64')}")
    far = w.line(f"add {_I} {far}, {moved}")
    table = w.line(f"getelementptr double, ptr {base}, i64 {w.word(last - 1)}")
    w.store(w.gather(w.line(f"getelementptr double, ptr {table}, {_I} {far}")))
    return w.text(f"take.{kind}", last)


def _take_listed() -> str:
    """Take from numbers anywhere: each lane its own of the 8 at the chosen place."""
    w = _Handler()
    length = w.word(2)
    place = _inside(w, w.load("v", w.word(3)), length)
    start = w.line("getelementptr i32, ptr %pc, i64 4")
    words = w.line(f"getelementptr i32, ptr {start}, {_I} {place}")
    found = w.line(
        f"call <8 x i32> @llvm.masked.gather.v8i32.v8p0(<8 x ptr> align 4 {words}, "
        f"{_B} {VECTOR.constant(True)}, <8 x i32> poison)"
    )
    far = w.line(f"add {_I} {w.line(f'sext <8 x i32> {found} to {_I}')}, {_IOTA}")
    w.store(w.gather(w.line(f"getelementptr double, ptr %s, {_I} {far}")))
    return w.text("take.v", w.line(f"add i64 {length}, 4"))


def _texts() -> Iterator[tuple[str, str]]:
    """Yield the handlers' names and texts."""
    yield "stop", f'define internal void @"stop"({_PARAMETERS}) {{\n  ret void\n}}\n'
    for name, arity in ARITIES.items():
        for kinds in map("".join, product("uv", repeat=arity)):
            yield f"{name}.{kinds}", _operation(name, kinds)
    for kind in "us":
        yield f"copy.{kind}", _copy(kind)
        yield f"take.{kind}", _take(kind)
    yield "take.v", _take_listed()
    for name in VECTORS:
        yield f"{name}.fast", _fast(name)
    for operands in (1, 2):
        yield f"call{operands}", _call(operands)
    for more in (False, True):
        start = "more." * more
        for kind in "vus":
            yield f"{start}sum.{kind}", _sum(kind, more)
        for kinds, fused in product(("vv", "vu", "uu", "ss"), (False, True)):
            name = f"{start}{'fused.' * fused}dot.{kinds}"
            yield name, _dot(kinds, more, fused)


_WRITTEN = dict(_texts())
HANDLERS = {name: place for place, name in enumerate(_WRITTEN)}


# Functions that handlers themselves call, with the number of their operands.
CALLS = {**dict.fromkeys(VECTORS, 1), "fmod": 2}


@cache
def interpreter() -> str:
    """Return the module: `interpret(words, s, h)` follows a table of words."""
    table = ", ".join(f'ptr @"{name}"' for name in _WRITTEN)
    return "\n".join(
        [
            wrappers(CALLS),
            *map(vector, VECTORS),
            *_WRITTEN.values(),
            f"@handlers = internal constant [{len(_WRITTEN)} x ptr] [{table}]",
            _ENTRY,
        ]
    )


_ENTRY = """
define void @interpret(ptr %pc, ptr %s, ptr %h) #2 {
  %place = load i32, ptr %pc
  %pointer = getelementptr ptr, ptr @handlers, i32 %place
  %handler = load ptr, ptr %pointer
  call void %handler(ptr %pc, ptr %s, ptr %h, ptr @handlers)
  ret void
}
"""
