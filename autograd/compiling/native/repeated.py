"""Steps of a descent in one call of native code: a batch's sums, and what they move.

In each step the sums of a batch, (cost, slopes), are divided by a count, and an update
makes new numbers of them, each of which is a lane:

    slope, number, columns, counters → number, columns

The steps end before one in which the cost, a slope or a number is not finite.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import ArgumentError
from ..sums import CHUNK
from .calls import callable_at
from .engine import Library, compiled
from .kernel import ATTRIBUTES
from .loops import loaded
from .memory import Memory, address
from .shapes import LANES
from .version import Version

if TYPE_CHECKING:
    from .runner import Runner

__all__ = ["Repeated"]

Array = Any

_FIELDS = (
    "gradient",
    "given",
    "sums",
    "into",
    "bytes",
    "groups",
    "update",
    "forth",
    "back",
    "a",
    "b",
    "losses",
    "most",
    "counters",
    "counting",
    "done",
    "rows",
    "all",
    "stride",
    "here",
    "inputs",
    "batch",
    "count",
)
_COUNTS = {
    *("bytes", "groups", "most", "counting", "done", "stride", "inputs", "batch"),
}
_VECTOR = "<8 x double>"


class Repeated:
    """Steps of one descent.

    gradient: runs the samples `lanes`, whose inputs that do not vary lie in `inputs`,
    the numbers among them from place `first` on. batch: how many of the samples make a
    step, in mini-batches; None: all. update: its inputs that vary are slope, number and
    columns; those that do not are the counters, which grow by 1 a step.
    """

    def __init__(
        self,
        gradient: "Runner",
        lanes: Array,
        inputs: Array,
        first: int,
        update: "Runner",
        size: int,
        counters: int,
        batch: int | None,
    ) -> None:
        self._gradient, self._all, self._inputs = gradient, lanes, inputs
        self._lanes = lanes if batch is None else np.empty((len(lanes), batch))
        self._version: Version | None = None
        self._size, padded = size, -(-size // LANES) * LANES
        code = update.version(False)
        rows = code.kernel.varying
        self._sums = np.zeros(1 + padded)
        self._a, self._b = (np.zeros((rows, padded)) for _ in range(2))
        self._counters = np.zeros(counters)
        self._fields = np.zeros(len(_FIELDS), np.int64)
        # Code and memory live as long as this object.
        self._used = (
            code,
            [
                self._memory(code, *pair, padded)
                for pair in [(self._a, self._b), (self._b, self._a)]
            ],
        )
        forth, back = self._used[1]
        self._run = callable_at(_library().addresses["repeat"], {})
        count = self._lanes.shape[1]
        self._fields[-1:].view(float)[0] = count
        self._set(
            sums=address(self._sums),
            into=address(inputs) + 8 * first,
            bytes=8 * size,
            groups=padded // LANES,
            update=code.library.addresses["run"],
            forth=forth.address,
            back=back.address,
            a=address(self._a),
            b=address(self._b),
            counters=address(self._counters),
            counting=counters,
            all=address(lanes),
            stride=lanes.shape[1],
            here=address(self._lanes),
            inputs=len(lanes),
            batch=count,
        )

    def _memory(self, code: Version, old: Array, new: Array, padded: int) -> Memory:
        memory = code.memory()
        memory.share(self._counters)
        memory.point(old, None, new[1:])
        memory.span(padded, 0, -(-padded // CHUNK))
        return memory

    def _set(self, **given: int) -> None:
        for name, x in given.items():
            self._fields[_FIELDS.index(name)] = x

    def _renew(self, version: Version) -> None:
        """Take the batch's code as it is now."""
        count = self._lanes.shape[1]
        memory = version.memory()
        memory.share(self._inputs)
        memory.point(self._lanes, None)
        memory.span(count, 0, version.chunks(count))
        memory.set(o=address(self._sums))
        self._version, self._given = version, memory
        self._set(gradient=version.library.addresses["run"], given=memory.address)

    def go(
        self,
        numbers: Array,
        columns: list[Array],
        counters: list[float],
        most: int,
        rows: Array | None = None,
    ) -> tuple[list[float], Array, Array, list[Array]]:
        """Go up to so many steps; return their costs, and what there is after them.

        That is the last step's slopes, the numbers, and the columns. rows: the places
        of the samples, batch after batch, where there are mini-batches.

        Raises `ArgumentError` for fewer steps than one and rows that don't fit.
        """
        if most < 1:
            raise ArgumentError(f"there is one step at least, got {most!r}")
        if (rows is None) != (self._lanes is self._all):
            raise ArgumentError("rows are given where there are mini-batches")
        if rows is not None:
            rows = np.ascontiguousarray(rows, np.int64)
            fits = rows.size == most * self._lanes.shape[1]
            if not fits or rows.min() < 0 or rows.max() >= self._all.shape[1]:
                raise ArgumentError("rows are places of samples, a batch for each step")
            self._set(rows=address(rows))
        version = self._gradient.version(True)
        if version is not self._version:
            self._renew(version)
        size, losses = self._size, np.empty(most)
        self._a[1, :size] = numbers
        for row, column in zip(self._a[2:], columns, strict=True):
            row[:size] = column
        self._counters[:] = counters
        self._set(most=most, losses=address(losses))
        self._run(address(self._fields))
        done = int(self._fields[_FIELDS.index("done")])
        self._gradient.count(True, done * version.work(self._lanes.shape[1]))
        now, before = (self._b, self._a) if done % 2 else (self._a, self._b)
        found = now[1:, :size].copy()
        return losses[:done].tolist(), before[0, :size].copy(), found[0], [*found[1:]]


@cache
def _library() -> Library:
    return compiled([_text()], {}, ("repeat",), 1)


def _text() -> str:
    """Write what goes the steps; numbers are in row 1 of what it goes from and to."""
    return f"""
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
declare i1 @llvm.vector.reduce.and.v8i1(<8 x i1>)

define void @repeat(ptr %f) #0 {{
entry:
{loaded("f", _FIELDS, _kind)}
  %counts.0 = insertelement {_VECTOR} poison, double %count, i64 0
  %counts = shufflevector {_VECTOR} %counts.0, {
        _VECTOR
    } poison, <8 x i32> zeroinitializer
  %slopes = getelementptr double, ptr %sums, i64 1
  br label %step
step:
  %k = phi i64 [ 0, %entry ], [ %k.next, %on ]
  %from = phi ptr [ %a, %entry ], [ %to, %on ]
  %to = phi ptr [ %b, %entry ], [ %from, %on ]
  %way = phi ptr [ %forth, %entry ], [ %other, %on ]
  %other = phi ptr [ %back, %entry ], [ %way, %on ]
  %whole = icmp eq ptr %rows, null
  br i1 %whole, label %run, label %gather
gather:
  %j = phi i64 [ 0, %step ], [ %j.next, %gathered ]
  %row.k = mul i64 %k, %batch
  %row.j = add i64 %row.k, %j
  %row.at = getelementptr i64, ptr %rows, i64 %row.j
  %row = load i64, ptr %row.at
  br label %pick
pick:
  %i = phi i64 [ 0, %gather ], [ %i.next, %pick ]
  %old.i = mul i64 %i, %stride
  %old.j = add i64 %old.i, %row
  %old.at = getelementptr double, ptr %all, i64 %old.j
  %picked = load double, ptr %old.at
  %new.i = mul i64 %i, %batch
  %new.j = add i64 %new.i, %j
  %new.at = getelementptr double, ptr %here, i64 %new.j
  store double %picked, ptr %new.at
  %i.next = add i64 %i, 1
  %i.more = icmp ult i64 %i.next, %inputs
  br i1 %i.more, label %pick, label %gathered
gathered:
  %j.next = add i64 %j, 1
  %j.more = icmp ult i64 %j.next, %batch
  br i1 %j.more, label %gather, label %run
run:
  %numbers = getelementptr {_VECTOR}, ptr %from, i64 %groups
  call void @llvm.memcpy.p0.p0.i64(ptr %into, ptr %numbers, i64 %bytes, i1 false)
  call void %gradient(ptr %given)
  %total = load double, ptr %sums
  %cost = fdiv double %total, %count
  %cost.at = getelementptr double, ptr %losses, i64 %k
  store double %cost, ptr %cost.at
  %cost.0 = fmul double %cost, 0.0
  %cost.fine = fcmp oeq double %cost.0, 0.0
  br i1 %cost.fine, label %divide, label %end
{
        _over(
            "divide",
            "%run",
            "%slopes",
            f'''
  %y = fdiv {_VECTOR} %divide.x, %counts
  %y.at = getelementptr {_VECTOR}, ptr %from, i64 %divide.i
  store {_VECTOR} %y, ptr %y.at, align 8''',
            "%y",
            "%move",
        )
    }
move:
  call void %update(ptr %way)
  %moved = getelementptr {_VECTOR}, ptr %to, i64 %groups
  br label %look
{_over("look", "%move", "%moved", "", "%look.x", "%tick")}
tick:
  %none = icmp eq i64 %counting, 0
  br i1 %none, label %on, label %ticks
ticks:
  %c = phi i64 [ 0, %tick ], [ %c.next, %ticks ]
  %c.at = getelementptr double, ptr %counters, i64 %c
  %c.old = load double, ptr %c.at
  %c.new = fadd double %c.old, 1.0
  store double %c.new, ptr %c.at
  %c.next = add i64 %c, 1
  %c.more = icmp ult i64 %c.next, %counting
  br i1 %c.more, label %ticks, label %on
on:
  %k.next = add i64 %k, 1
  %more = icmp ult i64 %k.next, %most
  br i1 %more, label %step, label %end
end:
  %k.end = phi i64 [ 0, %run ], [ 0, %divide.end ], [ 0, %look.end ], [ 1, %on ]
  %made = add i64 %k, %k.end
  store i64 %made, ptr %f.done
  ret void
}}
{ATTRIBUTES}"""


def _kind(name: str) -> str:
    if name == "count":
        return "double"
    return "i64" if name in _COUNTS else "ptr"


def _over(name: str, before: str, start: str, body: str, number: str, then: str) -> str:
    """Write a loop over vectors that goes on where all numbers are finite."""
    return f"""{name}:
  %{name}.i = phi i64 [ 0, {before} ], [ %{name}.next, %{name} ]
  %{name}.seen = phi {_VECTOR} [ zeroinitializer, {before} ], [ %{name}.sum, %{name} ]
  %{name}.at = getelementptr {_VECTOR}, ptr {start}, i64 %{name}.i
  %{name}.x = load {_VECTOR}, ptr %{name}.at, align 8{body}
  %{name}.0 = fmul {_VECTOR} {number}, zeroinitializer
  %{name}.sum = fadd {_VECTOR} %{name}.seen, %{name}.0
  %{name}.next = add i64 %{name}.i, 1
  %{name}.more = icmp ult i64 %{name}.next, %groups
  br i1 %{name}.more, label %{name}, label %{name}.end
{name}.end:
  %{name}.zero = fcmp oeq {_VECTOR} %{name}.sum, zeroinitializer
  %{name}.fine = call i1 @llvm.vector.reduce.and.v8i1(<8 x i1> %{name}.zero)
  br i1 %{name}.fine, label {then}, label %end"""
