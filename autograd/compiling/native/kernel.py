r"""Kernels: the modules of a program in LLVM's language, and the loops over samples.

What a kernel reads and writes is named by one array of addresses and counts, in the
order of `ARGUMENTS`. Its functions take that array's address alone:

    run      one sample, or all of a batch
    before   what runs once a call        \
    chunks   some chunks of 128 samples    } the same in parts, for several threads
    totals   adds the chunks' sums        /
"""

from collections import ChainMap
from contextlib import suppress
from dataclasses import dataclass, field

from ..garbage import uncollected
from ..program import Program
from .calls import wrappers
from .ir import SIGNATURE, Part, written
from .loops import ARGUMENTS, CHUNK, GIVEN, arguments, batch, pad
from .loops import sums as added
from .plan import Item, Plan, find_tables, planned, prepare, weight
from .shapes import LANES, SCALAR, VECTOR, Shape
from .tabled import HEADER, tile
from .vectors import vector
from .words import Table, tabled
from .writer import NotInWords

__all__ = ["ARGUMENTS", "ATTRIBUTES", "CHUNK", "SMALL", "Kernel", "kernel"]

# Instructions in one function: at level 1 few, since each keeps what it has computed on
# the stack; better code shares out registers, in a time that grows faster than their
# number, and gains little where a program must be cut.
PIECE = 120
SMALL = 4_000
MODULE = 5_000  # instructions of cut programs in one module

ATTRIBUTES = """
attributes #0 = { nounwind noinline "prefer-vector-width"="512" }
attributes #1 = { nounwind willreturn memory(none) }
attributes #2 = { nounwind noinline "prefer-vector-width"="512" }
"""


@dataclass
class Kernel:
    """A program's modules. Sizes of the memory that a call needs, in doubles."""

    modules: list[str]
    calls: dict[str, int]
    outputs: int
    uniform: int
    varying: int
    guarded: bool
    weight: int  # instructions a tile, about
    kept: int = 0
    scratch: int = 0
    sums: int = 0
    functions: tuple[str, ...] = field(default=("run",))
    table: Table | None = None
    level: int = 0


@uncollected()
def kernel(
    program: Program,
    varying: tuple[bool, ...],
    *,
    exact: bool,
    sums: bool,
    level: int | None = None,
) -> Kernel:
    """Write a program's kernel; sums says that a batch's outputs are added up.

    At level 0 it is a table that is followed, at the others code of its own, where the
    level only decides on the lengths of functions. None: 0 for a large program, else 1.
    """
    plan = planned(program, varying, exact)
    if level is None:
        level = 0 if plan.weight > SMALL else 1
    if level == 0:
        with suppress(NotInWords):
            return _followed(plan, sums)
        level = 1
    prepare(plan)
    if not plan.varying:
        return _single(plan, level)
    once = _part(plan, plan.once + plan.keeps, SCALAR, "once", False, level)
    tiled = _part(plan, plan.tiled + plan.results, VECTOR, "tile", sums, level)
    between = max(once.places, tiled.places * LANES)
    main = [_called("once", once), _called("tile", tiled)]
    made = _batch(plan, main, between, sums)
    made.modules, made.calls = _modules(made.modules[0], [once, tiled])
    made.kept, made.level = plan.kept, level
    return made


def _followed(plan: Plan, sums: bool) -> Kernel:
    """Return the kernel that follows a table."""
    table = tabled(plan)
    if plan.varying:
        between = len(HEADER) + table.between
        made = _batch(plan, [tile(sums, plan.guarded)], between, sums)
        made.modules[0] += ATTRIBUTES
    else:
        made = _of_sample(plan, len(HEADER))
    made.table, made.calls, made.kept = table, table.calls, table.kept
    return made


def _batch(plan: Plan, main: list[str], between: int, sums: bool) -> Kernel:
    """Return the kernel of a batch: the loops around `once` and `tile`.

    between: size of the memory in which these two work.
    """
    groups = max(1, -(-plan.outputs // LANES))
    sizes = {  # what lies in the memory of one thread, in doubles
        "between": between,
        "added": groups * LANES * LANES,
        "last": groups * LANES * LANES,
        "padded": plan.varying * LANES,
        "sums": groups * LANES,
    }
    starts, end = {}, 0
    for name, size in sizes.items():
        starts[name] = end * 8
        end += -(-size // LANES) * LANES
    loops = [pad(plan.varying), batch(starts, groups, sums)]
    if sums:
        loops.append(added(groups, plan.outputs))
    return Kernel(
        ["\n".join([*main, *loops])],
        {},
        outputs=plan.outputs,
        uniform=plan.uniform,
        varying=plan.varying,
        guarded=plan.guarded,
        weight=plan.weight,
        scratch=end,
        sums=groups * LANES,
        functions=("run", "before", "chunks", *(["totals"] if sums else [])),
    )


def _of_sample(plan: Plan, scratch: int) -> Kernel:
    """Return the kernel of one sample, without its code."""
    return Kernel(
        [],
        {},
        outputs=plan.outputs,
        uniform=plan.uniform,
        varying=0,
        guarded=plan.guarded,
        weight=plan.weight,
        scratch=scratch,
    )


def _single(plan: Plan, level: int) -> Kernel:
    find_tables(plan)
    part = _part(plan, plan.tiled + plan.results, SCALAR, "part", False, level)
    given = GIVEN.format(x="%x", n="%n", o="%o", m="%m")
    main = (
        f"{_called('part', part)}\ndefine void @run(ptr %a) #0 {{\n{arguments()}\n"
        f"  call void @part({given})\n  ret void\n}}\n"
    )
    made = _of_sample(plan, part.places)
    made.modules, made.calls = _modules(main, [part])
    made.level = level
    return made


def _part(
    plan: Plan, items: list[Item], shape: Shape, name: str, sums: bool, level: int
) -> Part:
    size = SMALL if level > 1 and weight(items) <= SMALL else PIECE
    return written(plan, items, shape, name, size, sums)


def _modules(main: str, parts: list[Part]) -> tuple[list[str], dict[str, int]]:
    """Return the modules' texts: short parts in the first, long ones in others too."""
    modules = [_Module([main])]
    declared = []
    for part in parts:
        for name, text, size, calls, fast in zip(
            part.names, part.texts, part.weights, part.calls, part.fast, strict=True
        ):
            if modules[-1].room <= 0:
                modules.append(_Module())
            if len(modules) > 1:
                declared.append(f"declare void @{name}({SIGNATURE})\n")
            module = modules[-1]
            module.texts.append(text)
            module.room -= size
            module.calls.update(calls)
            module.fast.update(fast)
    modules[0].texts += declared
    calls = dict(ChainMap(*[module.calls for module in modules]))
    return [module.text() for module in modules], calls


@dataclass
class _Module:
    texts: list[str] = field(default_factory=list)
    calls: dict[str, int] = field(default_factory=dict)
    fast: set[str] = field(default_factory=set)
    room: int = MODULE

    def text(self) -> str:
        fast = map(vector, sorted(self.fast))
        return "\n".join([wrappers(self.calls), *fast, *self.texts, ATTRIBUTES])


def _called(name: str, part: Part) -> str:
    """Write the function that calls a part's functions in turn."""
    given = GIVEN.format(x="%x", n="%n", o="%o", m="%m")
    calls = "".join(f"  call void @{each}({given})\n" for each in part.names)
    return f"define internal void @{name}({SIGNATURE}) #0 {{\n{calls}  ret void\n}}\n"
