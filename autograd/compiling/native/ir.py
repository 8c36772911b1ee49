"""The text in LLVM's language of one part of a plan: functions of limited length.

A function holds some hundred instructions in registers. What a later one needs goes
through memory, by places that are used again when their number is no longer needed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .calls import function_called
from .operations import USES, form_of, inside
from .plan import Item, Plan, weight
from .shapes import SCALAR, VECTOR, Shape
from .vectors import VECTORS

__all__ = ["SIGNATURE", "Part", "written"]

# u: inputs that do not vary. h: numbers kept from the part that runs once. x, n: the
# samples' inputs, n doubles from one to the next. b: memory between functions. o, s:
# outputs, s doubles from one to the next. m: a byte a sample, whether guards held.
SIGNATURE = "ptr %u, ptr %h, ptr %x, i64 %n, ptr %b, ptr %o, i64 %s, ptr %m"

SHARED = 16  # weight of the items that share the numbers they load for all lanes


@dataclass
class Part:
    """Functions that run one after the other, and how much memory is between them.

    calls: for each function what it calls, with the number of operands. fast: those of
    them that are called in the form for all lanes at once.
    """

    names: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    weights: list[int] = field(default_factory=list)
    calls: list[dict[str, int]] = field(default_factory=list)
    fast: list[set[str]] = field(default_factory=list)
    places: int = 0


def _split(items: Sequence[Item], size: int) -> list[list[Item]]:
    """Cut a list of items into pieces of about this weight."""
    pieces: list[list[Item]] = [[]]
    room = size
    for item in items:
        if room <= 0:
            pieces.append([])
            room = size
        pieces[-1].append(item)
        room -= weight([item])
    return pieces


def written(
    plan: Plan, items: list[Item], shape: Shape, name: str, size: int, sums: bool
) -> Part:
    """Write a part: sums says that outputs are added up over the tiles."""
    pieces = _split(items, size)
    last: dict[int, int] = {}  # the last piece that reads a slot
    for k, piece in enumerate(pieces):
        for _, _, operands in piece:
            for slot in operands:
                last[slot] = k
    part = Part()
    free: list[int] = []
    places: dict[int, int] = {}
    for k, piece in enumerate(pieces):
        function = _Function(plan, shape, sums, places)
        for slot, operation, operands in piece:
            function.write(slot, operation, operands)
            if operation not in ("keep", "out", "held") and last.get(slot, 0) > k:
                if not free:
                    free.append(part.places)
                    part.places += 1
                places[slot] = free.pop()
                function.store(slot)
        for slot in [s for s in function.read if last[s] == k]:
            free.append(places.pop(slot))
        part.names.append(f"{name}{k}")
        part.texts.append(function.text(f"{name}{k}"))
        part.weights.append(weight(piece))
        part.calls.append(function.calls)
        part.fast.append(function.fast)
    return part


class _Function:
    """The text of one function, as it is written."""

    def __init__(
        self, plan: Plan, shape: Shape, sums: bool, places: dict[int, int]
    ) -> None:
        self.plan, self.shape, self.sums, self.places = plan, shape, sums, places
        self.lines: list[str] = []
        self.known: dict[int, str] = {}
        self.read: list[int] = []  # slots that came from the memory between functions
        self.calls: dict[str, int] = {}  # functions that are called: operands
        self.indices: dict[tuple[int, int], str] = {}  # a slot inside of a length
        self.fast: set[str] = set()  # those that have a form for all lanes at once
        self.shared: list[int] = []  # slots that were loaded for all lanes
        self.room = SHARED  # weight left until they are loaded anew
        self.count = 0

    def text(self, name: str) -> str:
        body = "\n".join(self.lines)
        return f"define void @{name}({SIGNATURE}) #0 {{\n{body}\n  ret void\n}}\n"

    def name(self) -> str:
        self.count += 1
        return f"%t{self.count}"

    # Reading.

    def value(self, slot: int) -> str:
        """Return the text that stands for a slot, loaded where it must be."""
        found = self.known.get(slot)
        if found is None:
            found = self.known[slot] = self._loaded(slot)
        return found

    def _loaded(self, slot: int) -> str:
        shape, lines = self.shape, self.lines
        source = self.plan.sources.get(slot)
        if slot in self.places:
            self.read.append(slot)
            pointer = self._place(slot)
            value = self.name()
            lines.append(f"  {value} = load {shape.number}, ptr {pointer}")
        elif source is None:
            raise AssertionError(f"slot {slot} is read before it is written")
        elif source[0] == "constant":
            return shape.constant(source[1])
        elif source[0] == "varying":
            at, pointer, value = self.name(), self.name(), self.name()
            lines.append(
                f"  {at} = mul i64 %n, {source[1]}\n"
                f"  {pointer} = getelementptr double, ptr %x, i64 {at}\n"
                f"  {value} = load {shape.number}, ptr {pointer}, align 8"
            )
        else:
            base = "%u" if source[0] == "uniform" else "%h"
            value = self._broadcast(f"{base}, i64 {source[1]}")
            self.shared.append(slot)
        if slot in self.plan.conditions:
            number, value = value, self.name()
            lines.append(
                f"  {value} = fcmp une {shape.number} {number}, {shape.constant(0.0)}"
            )
        return value

    def _broadcast(self, where: str) -> str:
        """Load one double for all lanes."""
        pointer, value = self.name(), self.name()
        lines, number = self.lines, self.shape.number
        lines.append(
            f"  {pointer} = getelementptr double, ptr {where}\n"
            f"  {value} = load double, ptr {pointer}, align 8"
        )
        if self.shape is SCALAR:
            return value
        lines.append(
            f"  {value}.i = insertelement {number} poison, double {value}, i64 0\n"
            f"  {value}.v = shufflevector {number} {value}.i, {number} poison, "
            f"<8 x i32> zeroinitializer"
        )
        return f"{value}.v"

    def _forget(self) -> None:
        """Let numbers that all lanes share be loaded anew where they are used next.

        An instruction takes them from memory at no cost; kept in a register, they would
        be spilled, as a vector each. The fence is one for the compiler alone.
        """
        self.room = SHARED
        if self.shared and self.shape is VECTOR:
            for slot in self.shared:
                del self.known[slot]
            self.shared.clear()
            self.lines.append('  fence syncscope("singlethread") seq_cst')

    def _place(self, slot: int) -> str:
        pointer = self.name()
        self.lines.append(
            f"  {pointer} = getelementptr {self.shape.number}, ptr %b, "
            f"i64 {self.places[slot]}"
        )
        return pointer

    def number(self, slot: int) -> str:
        """Return the text of a slot as a number: 1 and 0 for a condition."""
        value = self.value(slot)
        if slot not in self.plan.conditions:
            return value
        shape, number = self.shape, self.name()
        self.lines.append(
            f"  {number} = select {shape.condition} {value}, "
            f"{shape.number} {shape.constant(1.0)}, "
            f"{shape.number} {shape.constant(0.0)}"
        )
        return number

    # Writing.

    def store(self, slot: int) -> None:
        """Put a slot into the memory between functions."""
        value, pointer = self.number(slot), self._place(slot)
        self.lines.append(f"  store {self.shape.number} {value}, ptr {pointer}")

    def write(self, slot: int, name: str, operands: tuple[int, ...]) -> None:
        """Write an item."""
        self.room -= weight([(slot, name, operands)])
        if self.room <= 0:
            self._forget()
        special = _SPECIAL.get(name)
        if special is not None:
            special(self, slot, operands)
            return
        form = form_of(name, self.shape)
        if form is None:
            self._call(slot, name, operands)
            return
        known, value = self.known, self.value
        given = [known[p] if p in known else value(p) for p in operands]
        result = known[slot] = f"%v{slot}"
        if name in USES:
            self.calls.update(USES[name])
        self.lines.append(form(result, *given))

    def _call(self, slot: int, name: str, operands: tuple[int, ...]) -> None:
        called, operands = function_called(
            self.plan.sources, name, operands, self.plan.exact
        )
        given = [self.value(p) for p in operands]
        result = self.known[slot] = f"%v{slot}"
        self.calls[called] = len(given)
        kind = self.shape.number
        how = "call"
        if not self.plan.exact and self.shape is VECTOR and called in VECTORS:
            self.fast.add(called)
            how = "fast"
        arguments = ", ".join(f"{kind} {x}" for x in given)
        self.lines.append(
            f"  {result} = call {kind} @{how}.{called}.{self.shape.suffix}({arguments})"
        )

    def line(self, text: str) -> str:
        """Write a line that computes something; return its name."""
        name = self.name()
        self.lines.append(f"  {name} = {text}")
        return name

    def _write_sum(self, slot: int, operands: tuple[int, ...]) -> None:
        self.known[slot] = self._added(None, [self.value(p) for p in operands])

    def _write_dot(self, slot: int, operands: tuple[int, ...]) -> None:
        self.known[slot] = self._products(None, operands)

    def _write_more(self, slot: int, operands: tuple[int, ...]) -> None:
        first, *rest = operands
        self.known[slot] = self._products(self.value(first), rest)

    def _products(self, total: str | None, operands: Sequence[int]) -> str:
        """Add products to a total, fused where bits need not be the eager ones."""
        half = len(operands) // 2
        kind, suffix = self.shape.number, self.shape.suffix
        for a, b in zip(operands[:half], operands[half:], strict=True):
            x, y = self.value(a), self.value(b)
            if total is None:
                total = self.line(f"fmul {kind} {x}, {y}")
            elif self.plan.exact:
                product = self.line(f"fmul {kind} {x}, {y}")
                total = self.line(f"fadd {kind} {total}, {product}")
            else:
                given = ", ".join(f"{kind} {each}" for each in (x, y, total))
                total = self.line(f"call {kind} @llvm.fma.{suffix}({given})")
        return self.shape.constant(0.0) if total is None else total

    def _added(self, total: str | None, terms: list[str]) -> str:
        for term in terms:
            if total is None:
                total = term
            else:
                total = self.line(f"fadd {self.shape.number} {total}, {term}")
        return self.shape.constant(0.0) if total is None else total

    def _write_norm(self, slot: int, operands: tuple[int, ...]) -> None:
        """Call Python's own algorithm for each lane, with its numbers in memory."""
        kind, lanes = self.shape.number, self.shape.lanes
        given = [self.value(p) for p in operands]
        self.calls["norm"] = 0
        block = self.line(f"alloca {kind}, i64 {max(1, len(given))}, align 64")
        for i, value in enumerate(given):
            at = self.line(f"getelementptr {kind}, ptr {block}, i64 {i}")
            self.lines.append(f"  store {kind} {value}, ptr {at}")
        result = "poison"
        for lane in range(lanes):
            at = self.line(f"getelementptr double, ptr {block}, i64 {lane}")
            one = self.line(
                f"call double @call.norm.f64(ptr {at}, i64 {len(given)}, i64 {lanes})"
            )
            result = (
                self.line(f"insertelement {kind} {result}, double {one}, i64 {lane}")
                if lanes > 1
                else one
            )
        self.known[slot] = result

    def _write_take(self, slot: int, operands: tuple[int, ...]) -> None:
        index, *values = operands
        whole = self._index(index, len(values))
        table = self.plan.tables.get(slot)
        if table is not None:
            self.known[slot] = self._gathered(*table, whole)
            return
        t, b, i = self.shape.number, self.shape.condition, self.shape.whole
        chosen = self.value(values[0])
        for k, value in enumerate(values[1:], 1):
            hit = self.line(f"icmp eq {i} {whole}, {self.shape.int(k)}")
            chosen = self.line(
                f"select {b} {hit}, {t} {self.value(value)}, {t} {chosen}"
            )
        self.known[slot] = chosen

    def _index(self, slot: int, length: int) -> str:
        """Return the whole number of an index; whatever it is, it is inside."""
        found = self.indices.get((slot, length))
        if found is None:
            size = self.shape.int(length)
            found = inside(self.line, self.shape, self.value(slot), size)
            self.indices[slot, length] = found
        return found

    def _gathered(self, base: str, first: int, step: int, whole: str) -> str:
        shape = self.shape
        t, i = shape.number, shape.whole
        steps = self.line(f"mul {i} {whole}, {shape.int(step)}")
        start = self.line(f"getelementptr double, ptr %{base}, i64 {first}")
        at = self.line(f"getelementptr double, ptr {start}, {i} {steps}")
        if shape is SCALAR:
            return self.line(f"load double, ptr {at}, align 8")
        return self.line(
            f"call {t} @llvm.masked.gather.{shape.suffix}.v8p0(<8 x ptr> align 8 {at}, "
            f"<8 x i1> {shape.constant(True)}, {t} poison)"
        )

    def _write_keep(self, place: int, operands: tuple[int, ...]) -> None:
        at = self.line(f"getelementptr double, ptr %h, i64 {place}")
        self.lines.append(f"  store double {self.number(operands[0])}, ptr {at}")

    def _write_held(self, _: int, operands: tuple[int, ...]) -> None:
        lanes = self.shape.lanes
        kind = "i8" if lanes == 1 else f"<{lanes} x i8>"
        byte = self.line(
            f"zext {self.shape.condition} {self.value(operands[0])} to {kind}"
        )
        self.lines.append(f"  store {kind} {byte}, ptr %m, align 1")

    def _write_out(self, place: int, operands: tuple[int, ...]) -> None:
        t, value = self.shape.number, self.number(operands[0])
        if not self.sums:
            row = self.line(f"mul i64 %s, {place}")
            at = self.line(f"getelementptr double, ptr %o, i64 {row}")
            self.lines.append(f"  store {t} {value}, ptr {at}, align 8")
            return
        if len(operands) > 1:  # samples whose guards failed add 0
            zero = self.shape.constant(0.0)
            value = self.line(
                f"select {self.shape.condition} {self.value(operands[1])}, "
                f"{t} {value}, {t} {zero}"
            )
        at = self.line(f"getelementptr {t}, ptr %o, i64 {place}")
        old = self.line(f"load {t}, ptr {at}")
        new = self.line(f"fadd {t} {old}, {value}")
        self.lines.append(f"  store {t} {new}, ptr {at}")


_SPECIAL: dict[str, Callable[[_Function, int, tuple[int, ...]], None]] = {
    "sum": _Function._write_sum,
    "dot": _Function._write_dot,
    "more": _Function._write_more,
    "norm": _Function._write_norm,
    "take": _Function._write_take,
    "keep": _Function._write_keep,
    "held": _Function._write_held,
    "out": _Function._write_out,
}
