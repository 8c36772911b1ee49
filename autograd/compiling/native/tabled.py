"""Functions in LLVM's language that have a table followed, for a sample or for tiles.

A thread's memory begins with what they must know, in the order of `HEADER`: where the
words are, where the outputs' places are, and how many numbers there are.
"""

from .handlers import interpreter
from .ir import SIGNATURE
from .loops import arguments, loaded
from .shapes import VECTOR

__all__ = ["HEADER", "following", "tile"]

HEADER = ("once", "tile", "places", "shared", "results", "guard", "inputs", "spare")
_POINTERS = ("once", "tile", "places")
_DECLARED = "declare void @interpret(ptr, ptr, ptr)\n"


def _header(*names: str) -> str:
    return loaded(
        "b", HEADER, lambda name: "ptr" if name in _POINTERS else "i64", *names
    )


_ONCE = f"""{_header("once", "shared")}
  %bytes = shl i64 %shared, 3
  call void @llvm.memcpy.p0.p0.i64(ptr %h, ptr %u, i64 %bytes, i1 false)
  call void @interpret(ptr %once, ptr %h, ptr %h)
"""


def _each(name: str, count: str, body: str, entry: str, after: str) -> str:
    """Write a loop for %name = 0, 1, ... below a count; entry: the block before it."""
    return f"""  br label %{name}.test
{name}.test:
  %{name} = phi i64 [ 0, %{entry} ], [ %{name}.next, %{name}.body ]
  %{name}.more = icmp ult i64 %{name}, {count}
  br i1 %{name}.more, label %{name}.body, label %{after}
{name}.body:
{body}
  %{name}.next = add i64 %{name}, 1
  br label %{name}.test
{after}:
"""


def _output(base: str, kind: str, target: str) -> str:
    """Write what reads an output's number, and where it goes."""
    return f"""  %out.at = getelementptr i32, ptr %places, i64 %out
  %out.place = load i32, ptr %out.at
  %out.from = getelementptr double, ptr {base}, i32 %out.place
  %out.value = load {kind}, ptr %out.from, align 8
  %out.row = mul i64 %out, %s
  %out.to = {target}"""


def following() -> str:
    """Return the module that follows tables; `run` is for one sample."""
    output = (
        _output("%h", "double", "getelementptr double, ptr %o, i64 %out.row")
        + "\n  store double %out.value, ptr %out.to"
    )
    return f"""{interpreter()}
define void @run(ptr %a) #0 {{
entry:
{arguments()}
{_ONCE}
{_header("places", "results", "guard")}
{_each("out", "%results", output, "entry", "written")}
  %unguarded = icmp slt i64 %guard, 0
  br i1 %unguarded, label %done, label %guarded
guarded:
  %held.from = getelementptr double, ptr %h, i64 %guard
  %held.value = load double, ptr %held.from
  %holds = fcmp une double %held.value, 0.0
  %byte = zext i1 %holds to i8
  store i8 %byte, ptr %m
  br label %done
done:
  ret void
}}
"""


def tile(sums: bool, guarded: bool) -> str:
    """Return the functions `once` and `tile`, as `batch` in loops.py calls them.

    sums: outputs are added to what is there, by the samples whose guards held.
    """
    kind = VECTOR.number
    copy = f"""  %in.row = mul i64 %in, %n
  %in.from = getelementptr double, ptr %x, i64 %in.row
  %in.value = load {kind}, ptr %in.from, align 8
  %in.to = getelementptr {kind}, ptr %lanes, i64 %in
  store {kind} %in.value, ptr %in.to"""
    if sums:
        chosen = f"select <8 x i1> %holds, {kind} %out.value, {kind} zeroinitializer"
        value = "%out.wanted" if guarded else "%out.value"
        target = f"getelementptr {kind}, ptr %o, i64 %out"
        output = f"""{_output("%lanes", kind, target)}
{f"  {value} = {chosen}" if guarded else ""}
  %out.old = load {kind}, ptr %out.to
  %out.new = fadd {kind} %out.old, {value}
  store {kind} %out.new, ptr %out.to"""
    else:
        target = "getelementptr double, ptr %o, i64 %out.row"
        output = f"""{_output("%lanes", kind, target)}
  store {kind} %out.value, ptr %out.to, align 8"""
    held = (
        f"""  %held.from = getelementptr double, ptr %lanes, i64 %guard
  %held.value = load {kind}, ptr %held.from
  %holds = fcmp une {kind} %held.value, zeroinitializer
  %bytes = zext <8 x i1> %holds to <8 x i8>
  store <8 x i8> %bytes, ptr %m, align 1
"""
        if guarded
        else ""
    )
    return f"""{_DECLARED}
define internal void @once({SIGNATURE}) #0 {{
{_ONCE}
  ret void
}}

define internal void @tile({SIGNATURE}) #0 {{
entry:
{_header("tile", "places", "results", "guard", "inputs")}
  %lanes = getelementptr i64, ptr %b, i64 {len(HEADER)}
{_each("in", "%inputs", copy, "entry", "copied")}
  call void @interpret(ptr %tile, ptr %lanes, ptr %h)
{held}
{_each("out", "%results", output, "copied", "done")}
  ret void
}}
"""
