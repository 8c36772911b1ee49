"""Loops in LLVM's language: over tiles and chunks of samples, over sums.

Sums over a batch have one tree, whatever the level and the number of threads: tiles of
8 samples, chunks of 16 tiles; in a chunk each lane adds its samples, then lanes are
added pairwise; chunks are added from left to right. Missing samples add 0.
"""

from collections.abc import Callable, Sequence

from .shapes import LANES

__all__ = [
    "ARGUMENTS",
    "CHUNK",
    "GIVEN",
    "arguments",
    "batch",
    "loaded",
    "pad",
    "sums",
]

TILES = 16  # a chunk
CHUNK = TILES * LANES
ARGUMENTS = ("u", "h", "x", "n", "count", "first", "end", "o", "s", "m", "b", "sums")
_POINTERS = set(ARGUMENTS) - {"n", "count", "first", "end", "s"}
GIVEN = "ptr %u, ptr %h, ptr {x}, i64 {n}, ptr %b, ptr {o}, i64 %s, ptr {m}"


def loaded(
    base: str, fields: Sequence[str], kind: Callable[[str], str], *names: str
) -> str:
    """Write what reads an array of words: %name is the field of that name.

    base: what holds the array's address. kind: a field's type. names: those that are
    read; by default all.
    """
    return "\n".join(
        f"  %{base}.{name} = getelementptr i64, ptr %{base}, i64 {i}\n"
        f"  %{name} = load {kind(name)}, ptr %{base}.{name}"
        for i, name in enumerate(fields)
        if name in (names or fields)
    )


def arguments() -> str:
    """Write what reads the array of arguments."""
    return loaded("a", ARGUMENTS, lambda name: "ptr" if name in _POINTERS else "i64")


def _loop(name: str, parameters: str, count: str, body: str, before: str = "") -> str:
    """Write a function that runs its body for %i = 0, 1, ... below a count."""
    return f"""define internal void @{name}({parameters}) #0 {{
entry:{before}
  %none = icmp eq i64 {count}, 0
  br i1 %none, label %done, label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]{body}
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, {count}
  br i1 %more, label %loop, label %done
done:
  ret void
}}
"""


_ZEROS = "<8 x i32> zeroinitializer"
_MASK = "<8 x i1> %mask"
_MASKED_LOAD = (
    "call <8 x double> @llvm.masked.load.v8f64.p0("
    f"ptr align 8 {{}}, {_MASK}, <8 x double> zeroinitializer)"
)
_IOTA = "<i64 0, i64 1, i64 2, i64 3, i64 4, i64 5, i64 6, i64 7>"


def _splat(name: str, value: str) -> str:
    return f"""
  %{name}.i = insertelement <8 x i64> poison, i64 {value}, i64 0
  %{name} = shufflevector <8 x i64> %{name}.i, <8 x i64> poison, {_ZEROS}"""


def pad(varying: int) -> str:
    """Write what copies the inputs of fewer than 8 samples, zeros after them."""
    mask = f"{_splat('all', '%rest')}\n  %mask = icmp ult <8 x i64> {_IOTA}, %all"
    return _loop(
        "pad",
        "ptr %x, i64 %n, i64 %rest, ptr %to",
        str(varying),
        f"""
  %row = mul i64 %i, %n
  %from = getelementptr double, ptr %x, i64 %row
  %v = {_MASKED_LOAD.format("%from")}
  %at = getelementptr <8 x double>, ptr %to, i64 %i
  store <8 x double> %v, ptr %at""",
        mask,
    )


def sums(groups: int, outputs: int) -> str:
    """Write what clears, merges, folds and totals sums."""
    vectors = str(groups * LANES)
    clear = _loop(
        "clear",
        "ptr %to",
        vectors,
        """
  %at = getelementptr <8 x double>, ptr %to, i64 %i
  store <8 x double> zeroinitializer, ptr %at""",
    )
    # A sum that began with 0.0 is never -0.0, so adding 0.0 leaves it as it is.
    merge = _loop(
        "merge",
        "ptr %to, ptr %last, i64 %rest",
        vectors,
        """
  %from = getelementptr <8 x double>, ptr %last, i64 %i
  %at = getelementptr <8 x double>, ptr %to, i64 %i
  %new = load <8 x double>, ptr %from
  %old = load <8 x double>, ptr %at
  %one = select <8 x i1> %mask, <8 x double> %new, <8 x double> zeroinitializer
  %sum = fadd <8 x double> %old, %one
  store <8 x double> %sum, ptr %at""",
        f"{_splat('all', '%rest')}\n  %mask = icmp ult <8 x i64> {_IOTA}, %all",
    )
    total = _loop(
        "total",
        "ptr %o, ptr %sums, i64 %k",
        str(groups),
        f"""
  %start = mul i64 %i, 8{_splat("base", "%start")}
  %places = add <8 x i64> %base, {_IOTA}
  %mask = icmp ult <8 x i64> %places, splat (i64 {outputs})
  %from = getelementptr <8 x double>, ptr %sums, i64 %i
  %at = getelementptr <8 x double>, ptr %o, i64 %i
  %new = load <8 x double>, ptr %from
  %old = {_MASKED_LOAD.format("%at")}
  %kept = select i1 %first, <8 x double> zeroinitializer, <8 x double> %old
  %sum = fadd <8 x double> %kept, %new
  call void @llvm.masked.store.v8f64.p0(<8 x double> %sum, ptr align 8 %at, {_MASK})""",
        "\n  %first = icmp eq i64 %k, 0",
    )
    return clear + merge + _fold(groups) + total


def _fold(groups: int) -> str:
    """Write what adds the lanes of each sum, 8 sums at once.

    Each step adds halves of two vectors, which then share one: after three steps a
    vector has ((l0+l4)+(l2+l6))+((l1+l5)+(l3+l7)) of 8 sums.
    """
    lines, names = [], []
    for k in range(LANES):
        lines += [
            f"  %j{k} = add i64 %first, {k}",
            f"  %p{k} = getelementptr <8 x double>, ptr %from, i64 %j{k}",
            f"  %l{k} = load <8 x double>, ptr %p{k}",
        ]
        names.append(f"%l{k}")
    low = [[0, 1, 2, 3, 8, 9, 10, 11], [0, 1, 4, 5, 8, 9, 12, 13]]
    low.append([0, 2, 4, 6, 8, 10, 12, 14])
    for step, places in enumerate(low):
        distance = (4, 2, 1)[step]
        for half, offset in (("a", 0), ("b", distance)):
            text = ", ".join(f"i32 {p + offset}" for p in places)
            for i in range(0, len(names), 2):
                lines.append(
                    f"  %{half}{step}.{i} = shufflevector <8 x double> {names[i]}, "
                    f"<8 x double> {names[i + 1]}, <8 x i32> <{text}>"
                )
        sums = []
        for i in range(0, len(names), 2):
            sums.append(f"%s{step}.{i}")
            lines.append(f"  {sums[-1]} = fadd <8 x double> %a{step}.{i}, %b{step}.{i}")
        names = sums
    lines.append("  %at = getelementptr <8 x double>, ptr %to, i64 %i")
    lines.append(f"  store <8 x double> {names[0]}, ptr %at")
    body = "\n  %first = mul i64 %i, 8\n" + "\n".join(lines)
    return _loop("fold", "ptr %from, ptr %to", str(groups), body)


def batch(starts: dict[str, int], groups: int, sums: bool) -> str:
    """Write the loops over chunks and tiles, and the functions that are called."""
    given = arguments()
    memory = "\n".join(
        f"  %b.{name} = getelementptr i8, ptr %b, i64 {start}"
        for name, start in starts.items()
    )
    target = "%b.added" if sums else "%ot"
    last = "%b.last" if sums else "%ot"
    whole = GIVEN.format(x="%xt", n="%n", o=target, m="%mt")
    rest = GIVEN.format(x="%b.padded", n="8", o=last, m="%mt")
    once = GIVEN.format(x="%x", n="%n", o="%o", m="%m")
    clear = "call void @clear(ptr %b.added)" if sums else ""
    clear_last = "call void @clear(ptr %b.last)" if sums else ""
    merge = "call void @merge(ptr %b.added, ptr %b.last, i64 %left)" if sums else ""
    fold = (
        f"""%place = sub i64 %c, %start
  %offset = mul i64 %place, {groups}
  %to = getelementptr <8 x double>, ptr %into, i64 %offset
  call void @fold(ptr %b.added, ptr %to)"""
        if sums
        else ""
    )
    over = "@over(ptr %a, i64 %start, i64 %stop, ptr %into)"
    text = f"""define internal void {over} #0 {{
entry:
{given}
{memory}
  %count7 = add i64 %count, 7
  %tiles = lshr i64 %count7, 3
  br label %chunk
chunk:
  %c = phi i64 [ %start, %entry ], [ %c.next, %folded ]
  {clear}
  %t.first = mul i64 %c, {TILES}
  %t.last = add i64 %t.first, {TILES}
  %t.end = call i64 @llvm.umin.i64(i64 %t.last, i64 %tiles)
  br label %tile
tile:
  %t = phi i64 [ %t.first, %chunk ], [ %t.next, %after ]
  %at = mul i64 %t, 8
  %left = sub i64 %count, %at
  %xt = getelementptr double, ptr %x, i64 %at
  %ot = getelementptr double, ptr %o, i64 %at
  %mt = getelementptr i8, ptr %m, i64 %at
  %full = icmp uge i64 %left, 8
  br i1 %full, label %whole, label %rest
whole:
  call void @tile({whole})
  br label %after
rest:
  call void @pad(ptr %xt, i64 %n, i64 %left, ptr %b.padded)
  {clear_last}
  call void @tile({rest})
  {merge}
  br label %after
after:
  %t.next = add i64 %t, 1
  %t.more = icmp ult i64 %t.next, %t.end
  br i1 %t.more, label %tile, label %folded
folded:
  {fold}
  %c.next = add i64 %c, 1
  %c.more = icmp ult i64 %c.next, %stop
  br i1 %c.more, label %chunk, label %done
done:
  ret void
}}

define void @before(ptr %a) #0 {{
{given}
  call void @once({once})
  ret void
}}

define void @chunks(ptr %a) #0 {{
{given}
  call void @over(ptr %a, i64 %first, i64 %end, ptr %sums)
  ret void
}}
"""
    if not sums:
        return f"""{text}
define void @run(ptr %a) #0 {{
{given}
  call void @once({once})
  call void @over(ptr %a, i64 %first, i64 %end, ptr %sums)
  ret void
}}
"""
    return f"""{text}
define void @totals(ptr %a) #0 {{
entry:
{given}
  br label %loop
loop:
  %c = phi i64 [ %first, %entry ], [ %next, %loop ]
  %place = sub i64 %c, %first
  %offset = mul i64 %place, {groups}
  %from = getelementptr <8 x double>, ptr %sums, i64 %offset
  call void @total(ptr %o, ptr %from, i64 %c)
  %next = add i64 %c, 1
  %more = icmp ult i64 %next, %end
  br i1 %more, label %loop, label %done
done:
  ret void
}}

define void @run(ptr %a) #0 {{
entry:
{given}
{memory}
  call void @once({once})
  br label %loop
loop:
  %c = phi i64 [ %first, %entry ], [ %next, %loop ]
  %next = add i64 %c, 1
  call void @over(ptr %a, i64 %c, i64 %next, ptr %b.sums)
  call void @total(ptr %o, ptr %b.sums, i64 %c)
  %more = icmp ult i64 %next, %end
  br i1 %more, label %loop, label %done
done:
  ret void
}}
"""
