"""`GradientReport`: the verdict of a check, its reason, and the numbers behind it."""

import html
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ..errors import ArgumentError, MissingExtraError
from .arguments import Arguments, Array
from .heat_map import Grid, as_svg, draw, grid, legend

SHOWN = 10
GREEN, RED = "#1a7f37", "#b42318"
PAPER = "background:#fff;color:#222;padding:4px 12px;overflow-x:auto"
CELL = "text-align:right;padding:2px 10px;white-space:nowrap"


class GradientMismatch(AssertionError):
    """A hand-derived gradient is wrong; the report is the text and `.report`.

    >>> from autograd import assert_gradient
    >>> assert_gradient(lambda x: x**3, lambda x: 2 * x**2, 3.0)
    Traceback (most recent call last):
    autograd.checking.report.GradientMismatch: <lambda>: WRONG in 1 of 1 coordinates
    ...
    """

    def __init__(self, report: "GradientReport") -> None:
        self.report = report
        super().__init__(str(report))


class Row(NamedTuple):
    """One coordinate at the point where it is worst.

    attainable: what rounding alone may do; ratio: the error over what is allowed.
    """

    index: str  # type: ignore[assignment]  # shadows tuple.index
    point: int
    hand: float
    reference: float
    error: float
    attainable: float
    ratio: float


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong: one of the fixed kinds, and the sentence with its evidence."""

    kind: str
    sentence: str
    alternatives: tuple["Diagnosis", ...] = ()

    def __str__(self) -> str:
        return f"{self.kind}: {self.sentence}"


@dataclass
class Point:
    """One point: the hand gradient, the reference, and what may lie between them."""

    x: Array
    reference: Array
    attainable: Array
    allowed: Array
    hand: Array | None = None
    kinks: str = ""
    recorded: Any = None
    low: Array | None = None
    high: Array | None = None
    unknown: Array | None = None  # where the reference itself could not be determined

    def ratios(self) -> Array:
        """Return each error over what is allowed; infinite where hand is not finite."""
        hand = np.full(len(self.x), np.nan) if self.hand is None else self.hand
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            error = np.abs(hand - self.reference)
            if self.low is not None:
                error = np.maximum(0.0, np.maximum(self.low - hand, hand - self.high))
            found = np.where(error == 0, 0.0, error / self.allowed)
        found[hand == self.reference] = 0.0  # equal infinities, too
        found[~np.isfinite(found)] = np.inf
        if self.unknown is not None:
            found[self.unknown] = 0.0
        return found


@dataclass(repr=False)
class GradientReport:
    """The verdict on a hand-derived gradient.

    ok: whether it is right at every point that was compared. diagnosis: None, or what
    is wrong. warnings: what to know although it is right. notes: how it was checked.
    reference: where the numbers to compare with come from. failure: why nothing could
    be compared. worst, table: rows of coordinates, worst first.

    >>> from autograd import check_gradient
    >>> report = check_gradient(lambda x: x**3, lambda x: 2 * x**2, 3.0)
    >>> report.ok, report.diagnosis.kind
    (False, 'factor')
    """

    name: str
    args: Arguments
    points: list[Point] = field(default_factory=list)
    ok: bool = False
    reference: str = ""
    precision: str = "double"
    diagnosis: Diagnosis | None = None
    failure: str = ""
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    redrawn: int = 0

    def __bool__(self) -> bool:
        return self.ok

    def compared(self) -> list[Point]:
        """Return the points at which there was something to compare."""
        return [point for point in self.points if point.hand is not None]

    def ratios(self) -> Array:
        """Return error over allowed, a row a point, a column a coordinate."""
        found = [point.ratios() for point in self.compared()]
        return np.array(found) if found else np.zeros((0, len(self.args)))

    @property
    def worst(self) -> Row | None:
        """The coordinate that is farthest from the reference."""
        rows = self.rows(1)
        return rows[0] if rows else None

    @property
    def table(self) -> list[Row]:
        """Every coordinate at its worst point, the worst first."""
        return self.rows(len(self.args))

    def rows(self, count: int) -> list[Row]:
        """Return the `count` worst coordinates."""
        points = self.compared()
        if not points:
            return []
        ratios = self.ratios()
        where = ratios.argmax(axis=0)
        worst = ratios.max(axis=0)
        order = np.argsort(-worst, kind="stable")[:count].tolist()
        return [self._row(points, i, int(where[i]), float(worst[i])) for i in order]

    def _row(self, points: list[Point], i: int, where: int, ratio: float) -> Row:
        point = points[where]
        hand: Any = point.hand
        return Row(
            self.args.label(i),
            self.points.index(point) if len(points) < len(self.points) else where,
            float(hand[i]),
            float(point.reference[i]),
            float(abs(hand[i] - point.reference[i])),
            float(point.attainable[i]),
            ratio,
        )

    def __str__(self) -> str:
        lines = [self._verdict()]
        if self.diagnosis is not None:
            said = self.diagnosis.sentence == self.failure
            lines.append(f"  {self.diagnosis.kind if said else self.diagnosis}")
            lines += [f"  or {other}" for other in self.diagnosis.alternatives]
        lines += [f"  warning: {text}" for text in self.warnings]
        rows = self.rows(SHOWN if not self.ok else 3)
        if rows:
            lines += ["", *_columns(rows)]
            lines += self._more(rows)
        lines += ["", f"reference: {self.reference}"] if self.reference else [""]
        lines += [f"note: {text}" for text in self.notes]
        return "\n".join(lines)

    __repr__ = __str__  # what a Python prompt shows

    def _verdict(self) -> str:
        compared = self.compared()
        total = len(self.args)
        if self.ok:
            return (
                f"{self.name}: right in all {total} coordinates at {len(compared)} "
                f"point{'s' * (len(compared) != 1)}, {self.precision} precision"
            )
        if self.failure:
            return f"{self.name}: {self.failure}"
        failing = int((self.ratios().max(axis=0) > 1).sum()) if compared else 0
        if not failing:
            return f"{self.name}: WRONG"
        return f"{self.name}: WRONG in {failing} of {total} coordinates"

    def _repr_html_(self) -> str:
        colour = GREEN if self.ok else RED
        verdict = html.escape(self._verdict())
        parts = [f"<p style='color:{colour};font-weight:bold'>{verdict}</p>"]
        if self.diagnosis is not None:
            said = self.diagnosis.sentence == self.failure
            text = self.diagnosis.kind if said else str(self.diagnosis)
            others = [f"or {other}" for other in self.diagnosis.alternatives]
            parts += [f"<p>{html.escape(line)}</p>" for line in (text, *others)]
        parts += [f"<p>warning: {html.escape(text)}</p>" for text in self.warnings]
        rows = self.rows(SHOWN)
        if rows:
            parts += [_table(rows), *(f"<p>{text}</p>" for text in self._more(rows))]
            parts += [legend(), *map(as_svg, self._grids())]
        if self.reference:
            parts.append(f"<p>reference: {html.escape(self.reference)}</p>")
        parts += [f"<p>note: {html.escape(text)}</p>" for text in self.notes]
        return f"<div style='{PAPER}'>{''.join(parts)}</div>"

    def _more(self, rows: list[Row]) -> list[str]:
        """Say how many coordinates fail that are not among the rows shown."""
        failing = int((self.ratios().max(axis=0) > 1).sum()) - len(rows)
        return [f"{failing} more fail; .table has them all"] * (failing > 0)

    def _grids(self) -> list[Grid]:
        """Return the worst ratios of each block, arranged for a heat map."""
        worst = self.ratios().max(axis=0)
        return [grid(b, worst[b.part]) for b in self.args.blocks if b.size]

    def plot(self) -> Any:
        """Draw the heat maps of all blocks with matplotlib; return the figure."""
        if not self.compared():
            raise ArgumentError(
                f"there is nothing to plot, no gradient was compared: {self._verdict()}"
            )
        try:
            return draw(self._grids(), self._verdict(), self.ok)
        except ImportError:
            raise MissingExtraError.of("matplotlib", "plot", "report.plot()") from None


def _table(rows: list[Row]) -> str:
    head = "".join(_th(name) for name in Row._fields)
    body = ""
    for row in rows:
        cells = "".join(
            f"<td style='{CELL}'>{html.escape(_cell(name, x))}</td>"
            for name, x in row._asdict().items()
        )
        fails = f" style='color:{RED}'" if row.ratio > 1 else ""
        body += f"<tr{fails}>{cells}</tr>"
    return f"<table style='border-collapse:collapse'><tr>{head}</tr>{body}</table>"


def _th(name: str) -> str:
    return f"<th style='{CELL};border-bottom:1px solid #999'>{name}</th>"


def _columns(rows: list[Row]) -> list[str]:
    cells = [
        Row._fields,
        *([_cell(name, x) for name, x in r._asdict().items()] for r in rows),
    ]
    widths = [max(len(row[k]) for row in cells) for k in range(len(Row._fields))]
    return [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in cells
    ]


def _cell(name: str, x: Any) -> str:
    if not isinstance(x, float):
        return str(x)
    return repr(x) if name in ("hand", "reference") else f"{x:.2g}"
