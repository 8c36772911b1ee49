"""One check under way: points, reference, verdict."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..accuracy import UNIT, value_bound
from ..errors import ArgumentError, AutogradError, MissingExtraError, NumberError
from ..layout import number_of
from .arguments import Arguments, Array
from .cancellation import forgive
from .diagnosis import diagnose, diagnose_shape
from .differences import (
    Slope,
    failing_coordinates,
    gradient_by_complex_step,
    gradient_by_differences,
    hidden,
    undetermined,
)
from .hand import Hand, HandError
from .kinks import describe_kinks, kinked_nodes
from .limits import FULL_TABLE, LIKE_ROUNDINGS, MULTIPLE, OWN_ROUNDINGS
from .reading import ShapeMismatch
from .reference import (
    EXACT_AT_THE_POINT,
    EXACT_ELSEWHERE,
    Disagreement,
    Recorded,
    scalar,
)
from .report import GradientReport, Point
from .sides import pass_between_differences, pass_between_slopes

__all__ = ["Check"]

STEADY = 1e-9  # of fn: what two calls at one point may differ by
TRIES = 20  # for a random point at which the function is finite


class Check:
    """One check under way."""

    def __init__(
        self,
        fn: Callable[..., Any],
        hand: Hand,
        args: Arguments,
        precision: str | None,
        reference: str | None,
        seed: int,
    ) -> None:
        self.fn, self.hand, self.args, self.seed = fn, hand, args, seed
        self.precision = precision or ("single" if args.single else "double")
        self.unit = UNIT[self.precision]
        self.wish = reference
        self.tolerances: tuple[float | None, float | None] = (None, None)
        name = getattr(fn, "__name__", type(fn).__name__)
        self.report = GradientReport(name, args, precision=self.precision)
        self.report.notes += args.notes
        self.on_values = False
        self.first: Recorded | None = None  # at the given point, not yet used
        self.exact: Callable[[Array], Array] | None = None  # a better reference
        self.copies = 1  # equal parts of the vector, which move together
        self.complex_agrees = True
        self.refused = ""  # what fn raised last in place of a number

    def run(self, points: int) -> GradientReport:
        """Do it all."""
        report = self.report
        try:
            self._choose_reference()
            for x in self._points(points):
                self._compare(x)
        except HandError as error:
            report.ok, report.failure = False, str(error)
            return report
        except ShapeMismatch as error:
            report.failure = str(error)
            report.diagnosis = diagnose_shape(error, self.args, report.points)
            return report
        except Disagreement as error:
            report.failure = f"nothing can be decided: {error}"
            return report
        compared = report.compared()
        if not compared:
            report.failure = (
                f"nothing was compared: the function is finite at none of the "
                f"{report.redrawn} points that were tried{self.refused}"
            )
            return report
        if report.redrawn:
            report.notes.append(
                f"at {report.redrawn} points the function is not finite: they were "
                f"drawn again"
            )
        self._judge(compared)
        return report

    # The points

    def value(self, x: Array) -> float:
        """Return fn at a point as a float, NaN where it raises an arithmetic error."""
        with np.errstate(all="ignore"):
            try:
                result = scalar(self.fn(*self.args.fill(x.tolist())))
                return float(number_of(result))
            except AutogradError:
                raise
            except (ArithmeticError, ValueError) as error:
                self.refused = f"; it raised {type(error).__name__}: {error}"
                return float("nan")
            except Exception as error:
                notes = [self.args.point_in_words(x), *self.args.notes]
                error.add_note(f"raised by fn at the point {'; '.join(notes)}")
                raise

    def probe(self, x: Array) -> float:
        """Return `value` where differences look: NaN where fn refuses the point."""
        try:
            return self.value(x)
        except (ArithmeticError, ValueError):
            return float("nan")

    def _points(self, count: int) -> list[Array]:
        rng = np.random.default_rng(self.seed)
        x = self.args.vector
        self.args.stand_at(x)
        found = [x] if np.isfinite(self.value(x)) else []
        if not found:
            self.report.redrawn += 1
            self.report.warnings.append(
                f"fn is not finite at the given point: nothing was compared there"
                f"{self.refused}"
            )
        for _ in range(count):
            for _ in range(TRIES):
                shift = np.tile(
                    rng.uniform(-0.1, 0.1, len(x) // self.copies), self.copies
                )
                with np.errstate(over="ignore"):
                    near = x + shift * np.maximum(np.abs(x), 1.0)
                if self.args.single:
                    near = near.astype(np.float32).astype(float)
                self.args.stand_at(near)
                if np.isfinite(near).all() and np.isfinite(self.probe(near)):
                    found.append(near)
                    break
                self.report.redrawn += 1
        return found

    # The reference

    def _choose_reference(self) -> None:
        x = self.args.vector
        plain, again = self.value(x), self.value(x)
        if abs(plain - again) > STEADY * abs(plain):
            raise Disagreement(
                f"fn is non-deterministic, two calls at one point give {plain!r} and "
                f"{again!r}: let it draw the same numbers in each call"
            )
        reason = ""
        if self.wish in (None, "values"):
            try:
                record = Recorded(self.fn, self.args, x, self.precision)
                self.first = record
                gap = abs(record.value - plain)
                both = np.isfinite(plain) and np.isfinite(record.value)
                same = not both or gap <= 1e-9 * abs(plain)
                same = same or gap <= 4 * value_bound(record.tape)
                self.on_values = same and not record.detached
                reason = (
                    "its result does not depend on its arguments as Values"
                    if record.detached
                    else f"on Values it gives {record.value!r}, on floats {plain!r}"
                )
                if self.on_values and both and self.exact is None:
                    reason = self._cut(record)
                    self.on_values = not reason
            except ArgumentError:
                raise
            except Exception as error:  # the user's function, on new numbers
                reason = f"{type(error).__name__}: {error}"
        if self.on_values:
            self.report.reference = "exact derivatives of fn on Values, by reverse mode"
            return
        if self.wish == "values":
            raise NumberError(f"fn does not run on Values: {reason}")
        self.report.reference = "extrapolated differences of fn"
        if reason:
            short = reason.splitlines()[0]
            self.report.notes.append(f"fn does not run on Values ({short})")

    def _cut(self, record: Recorded) -> str:
        """Say why the graph of Values is not that of fn, if differences show it."""
        try:
            return record.is_cut(self.probe, self.seed)
        except MissingExtraError as error:
            self.report.notes.append(f"the graph was not compared with fn: {error}")
            return ""

    def _reference_at(self, x: Array) -> Point:
        if self.on_values:
            return self._recorded(x)
        return self._differenced(x)

    def _recorded(self, x: Array) -> Point:
        record, self.first = self.first, None
        if record is None or record.x is not x:
            record = Recorded(self.fn, self.args, x, self.precision)
        first = not self.report.points
        limit = EXACT_AT_THE_POINT if first else EXACT_ELSEWHERE
        if first or len(record.tape.d) <= EXACT_AT_THE_POINT:
            record.confirm_forward(self.seed)
        how = "confirmed by forward mode"
        if self.exact is not None:
            record.gradient = self.exact(x)
            record.digits = 50
            how += ", the partials by differences of 50 digits"
        elif len(record.tape.d) <= limit:
            problem = record.confirm_exactly(self.fn, self.args)
            how += f" and {record.digits} digits" if record.digits else ""
            if problem and problem not in self.report.notes:
                self.report.notes.append(problem)
        elif first:
            try:
                count = record.confirm_sample(self.seed)
                how += f"; a sample of {count} operations on 50 digits"
            except ImportError:
                self.report.notes.append("mpmath is not installed: no 50-digit sample")
        if first:
            self.report.reference += f", {how}"
        if not record.digits:
            record.error = record.bound * (UNIT["double"] / self.unit)
        with np.errstate(over="ignore"):  # a bound may be infinite
            allowed = MULTIPLE * (record.bound + record.error)
        point = Point(x, record.gradient, record.bound, allowed)
        point.recorded = record
        unbounded = ~np.isfinite(point.allowed)
        point.allowed[unbounded] = (
            1000 * self.unit * np.abs(np.nan_to_num(record.gradient[unbounded]))
        )
        if np.isnan(record.gradient).any():
            point.unknown = np.isnan(record.gradient)
        kinks = kinked_nodes(record.tape)
        if kinks:
            point.kinks = describe_kinks(record.tape, kinks)
        return point

    def _differenced(self, x: Array) -> Point:
        slope, error = gradient_by_differences(self.probe, x)
        complex_step = None
        if self.wish in (None, "complex") and self.complex_agrees:
            complex_step = gradient_by_complex_step(self._on_complex, x)
        if complex_step is not None:
            room = np.where(np.isfinite(error), error, np.inf)
            room = room + 1e-8 * np.abs(slope)
            if (np.abs(complex_step - slope) <= room).all():
                slope, error = complex_step, 2.0**-50 * np.abs(complex_step)
                self.report.reference = "complex step, which agrees with differences"
            else:
                self.complex_agrees = False
                self.report.reference = "extrapolated differences of fn"
                self.report.warnings.append(
                    "a complex step disagrees with the differences: fn does something "
                    "to complex numbers (abs, norm, an ordering), so the differences "
                    "serve"
                )
        attainable = error + self._rounding(slope)
        point = Point(x, slope, attainable, MULTIPLE * attainable)
        unknown = undetermined(slope, error)
        if unknown.any():
            point.unknown = unknown
        small = hidden(slope, error)
        if small.any():
            self.report.warnings.append(
                f"at point {len(self.report.points)} the rounding of fn hides the "
                f"slope in {self.args.some(small)} (errors up to "
                f"{error[small].max():.1g}): compared to within that only"
            )
        return point

    def _rounding(self, slope: Array) -> Array:
        """Return what is allowed to a hand gradient where no operation is recorded.

        Some hundred roundings of a coordinate's own size, and a few of the size of the
        largest one of its array: these are sums of like terms, which may cancel.
        """
        size = np.abs(slope)
        largest = np.zeros_like(size)
        for block in self.args.blocks:
            finite = size[block.part][np.isfinite(size[block.part])]
            largest[block.part] = finite.max(initial=0.0)
        return self.unit * (OWN_ROUNDINGS * size + LIKE_ROUNDINGS * largest)

    def _on_complex(self, x: Array) -> Any:
        return self.fn(*self.args.fill(x.tolist()))

    # The comparison

    def _compare(self, x: Array) -> None:
        self.args.stand_at(x)
        if not self.on_values and len(x) > FULL_TABLE:
            self._compare_along_directions(x)
            return
        point = self._reference_at(x)
        self.report.points.append(point)
        point.hand = self.hand(x)
        self._set_tolerances(point)
        if point.recorded is not None and point.kinks:
            pass_between_slopes(self.report, point)
        elif self.tolerances == (None, None):
            pass_between_differences(self.report, point, self.probe)

    def _set_tolerances(self, point: Point) -> None:
        rtol, atol = self.tolerances
        if rtol is not None or atol is not None:
            point.allowed = (atol or 0.0) + (rtol or 0.0) * np.abs(point.reference)

    def _compare_along_directions(self, x: Array) -> None:
        """Without a full table: random directions, then a bisection."""
        hand = self.hand(x)
        slope = Slope(self.probe, x)

        def room(r: Array, expected: float) -> float:
            size = float((np.abs(r) * np.abs(hand)).sum())
            return OWN_ROUNDINGS * self.unit * size + 1e-9 * abs(expected)

        finite = np.nan_to_num(hand, nan=np.inf, posinf=np.inf, neginf=-np.inf)
        bad = np.flatnonzero(~np.isfinite(finite)).tolist()[:20]
        if not bad:
            bad = failing_coordinates(slope, hand, room, self.seed)
        reference, error = hand.copy(), np.zeros(len(x))
        for i in bad:
            unit = np.zeros(len(x))
            unit[i] = 1.0
            reference[i], error[i] = slope.along(unit)
        attainable = error + self._rounding(reference)
        allowed = MULTIPLE * np.maximum(attainable, np.finfo(float).tiny)
        point = Point(x, reference, attainable, allowed, hand)
        self._set_tolerances(point)
        self.report.points.append(point)
        note = (
            f"{len(x)} coordinates by differences: compared along random directions, "
            f"the failing ones found by bisection (at most 20 a point)"
        )
        if note not in self.report.notes:
            self.report.notes.append(note)

    # The verdict

    def _judge(self, compared: list[Point]) -> None:
        report = self.report
        wrong_type = (
            self.precision == "double"
            and bool(self.hand.single)
            and self.tolerances == (None, None)
        )
        unseen = np.all(
            [
                np.zeros(len(p.x), bool) if p.unknown is None else p.unknown
                for p in compared
            ],
            axis=0,
        )
        failing: Array = np.any(report.ratios() > 1, axis=0)
        if failing.any() and not self.hand.problems() and not wrong_type:
            forgive(report, failing, self.hand, self.seed)
            failing = np.any(report.ratios() > 1, axis=0)
        report.warnings += self.hand.warnings
        kinked = sum(bool(point.kinks) for point in compared)
        if kinked and self.on_values:
            number = "1 of the points is" if kinked == 1 else f"{kinked} points are"
            report.notes.append(f"{number} at a kink")
        report.ok = not (failing.any() or self.hand.problems() or wrong_type)
        if report.ok and unseen.any():
            report.ok = False
            report.failure = (
                f"nothing was compared in {self.args.some(unseen)}: the reference "
                f"has no derivative there, or differences do not find one"
            )
        elif not report.ok:
            report.notes += self.hand.notes
            report.diagnosis = diagnose(
                self.hand, self.fn, self.args, report, failing, wrong_type
            )
