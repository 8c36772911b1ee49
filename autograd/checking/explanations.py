"""Explanations of a wrong gradient by its numbers alone: order, sign, factor, offset.

Each looks at the hand gradients and the references of all points, and explains the
whole discrepancy at every one of them, or nothing.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from .arguments import Arguments, Array
from .report import Diagnosis, Point

Found = Diagnosis | None
LARGEST_COUNT = 1_000_000  # of numbers summed: of larger ones all digits are integers


class Discrepancy:
    """Hand gradients beside the references: a row a point, a column a coordinate."""

    def __init__(self, args: Arguments, points: list[Point], wrong: Array) -> None:
        self.args, self.points = args, points
        self.hand = np.array([point.hand for point in points])
        self.right = np.array([point.reference for point in points])
        self.allowed = np.array([point.allowed for point in points])
        self.wrong = wrong  # the coordinates that fail anywhere
        self.where = np.flatnonzero(wrong)

    def explained_by(self, predicted: Array, scale: float = 1.0) -> bool:
        """Tell whether this is what the hand gradient gives, everywhere."""
        room = 4 * max(1.0, scale) * self.allowed + 2.0**-46 * np.abs(predicted)
        with np.errstate(invalid="ignore"):
            return bool((np.abs(self.hand - predicted) <= room).all())

    def with_wrong(self, predicted: Array) -> Array:
        """Return the reference with other values in the coordinates that fail."""
        whole = self.right.copy()
        whole[:, self.where] = predicted[:, self.where]
        return whole

    def name_wrong(self) -> str:
        """Say which coordinates fail: everything, arguments, or single ones."""
        if self.wrong.all():
            return "everywhere"
        names = []
        for block in self.args.blocks:
            hit = self.wrong[block.part]
            if hit.size and hit.all():
                names.append(block.name)
            else:
                hits = np.flatnonzero(hit).tolist()
                names += [block.label(block.start + i) for i in hits]
        if len(names) > 6:
            names = [*names[:6], f"{len(names) - 6} more"]
        return "in " + ", ".join(names)


def transposed(found: Discrepancy) -> Iterator[Found]:
    """Blocks whose last two axes are exchanged."""
    whole = found.right.copy()
    names = []
    for block in found.args.blocks:
        part = block.part
        if len(block.shape) < 2 or not found.wrong[part].any():
            continue
        if block.shape[-1] != block.shape[-2]:
            return
        shaped = found.right[:, part].reshape(-1, *block.shape)
        whole[:, part] = shaped.swapaxes(-1, -2).reshape(len(whole), -1)
        names.append(block.name)
    if names and found.explained_by(whole):
        yield Diagnosis(
            "transposed", f"the gradient of {', '.join(names)} is that of its transpose"
        )


def permuted(found: Discrepancy) -> Iterator[Found]:
    """Blocks whose right numbers stand in other places."""
    whole = found.right.copy()
    moved = []
    for block in found.args.blocks:
        places = np.flatnonzero(found.wrong[block.part]) + block.start
        if not len(places):
            continue
        ours = places[np.argsort(found.hand[-1, places], kind="stable")]
        theirs = places[np.argsort(found.right[-1, places], kind="stable")]
        if (ours == theirs).any():
            return
        whole[:, ours] = found.right[:, theirs]
        moved += [
            f"{block.label(i)} has that of {block.label(j)}"
            for i, j in zip(ours[:3].tolist(), theirs[:3].tolist(), strict=True)
        ]
    if moved and found.explained_by(whole):
        yield Diagnosis(
            "permuted", f"right numbers in wrong places: {'; '.join(moved)}"
        )


def swapped(found: Discrepancy) -> Iterator[Found]:
    """Two blocks of one size whose gradients are exchanged."""
    blocks = [b for b in found.args.blocks if found.wrong[b.part].any()]
    for place, a in enumerate(blocks):
        for b in blocks[:place]:
            if a.size == b.size:
                whole = found.right.copy()
                whole[:, a.part] = found.right[:, b.part]
                whole[:, b.part] = found.right[:, a.part]
                if found.explained_by(whole):
                    yield Diagnosis(
                        "swapped-arguments",
                        f"the gradients of {b.name} and {a.name} are exchanged",
                    )


def sign(found: Discrepancy) -> Iterator[Found]:
    """Find the negative of the right gradient."""
    if found.explained_by(found.with_wrong(-found.right)):
        yield Diagnosis("sign", f"hand = −reference {found.name_wrong()}")


def factor(found: Discrepancy) -> Iterator[Found]:
    """Find a multiple of the right gradient, one for all or one an argument."""
    ratio = _ratio(found, found.where)
    common = None if ratio is None else {"": ratio}
    if common is None or not _fits(found, [(found.where, common[""])]):
        parts, common = [], {}
        for block in found.args.blocks:
            hit = found.where[
                (found.where >= block.start) & (found.where < block.part.stop)
            ]
            if len(hit):
                own = _ratio(found, hit)
                if own is None:
                    return
                parts.append((hit, own))
                common[block.name] = own
        if len(parts) < 2 or not _fits(found, parts):
            return
    known = np.abs(found.right[:, found.where]) > found.allowed[:, found.where]
    support = int(known.sum())
    named = {name: _name_factor(ratio, found.args) for name, ratio in common.items()}
    if support < 2 and not all("=" in text for text in named.values()):
        return  # any one number is a multiple of any other
    if all(abs(ratio + 1) < 1e-9 for ratio in common.values()):
        return
    named = {name: _without_echo(text) for name, text in named.items()}
    if "" in named:
        text = f"hand = {named['']} · reference {found.name_wrong()}"
    else:
        text = ", ".join(f"hand = {t} · reference in {n}" for n, t in named.items())
    yield Diagnosis("factor", text)


def _ratio(found: Discrepancy, places: Array) -> float | None:
    """Return hand/reference where it is known best."""
    right, hand = found.right[:, places], found.hand[:, places]
    with np.errstate(divide="ignore", invalid="ignore"):
        quality = np.abs(right) / found.allowed[:, places]
    quality[~np.isfinite(quality)] = 0
    best = np.unravel_index(quality.argmax(), quality.shape)
    if quality[best] <= 1 or abs(hand[best]) <= 4 * found.allowed[:, places][best]:
        return None
    return float(hand[best] / right[best])


def _fits(found: Discrepancy, parts: list[tuple[Array, float]]) -> bool:
    whole = found.right.copy()
    for places, ratio in parts:
        whole[:, places] *= ratio
    return found.explained_by(whole, max(abs(ratio) for _, ratio in parts))


def _without_echo(text: str) -> str:
    """Write "2 = 2" as "2"."""
    number, _, name = text.partition(" = ")
    return number if number == name else text


def _name_factor(ratio: float, args: Arguments) -> str:
    """Write a factor, and what it may come from."""
    sizes = sorted(
        {n for block in args.blocks for n in (*block.shape, block.size)} - {0, 1}
    )
    for text, value in [
        ("2", 2.0),
        ("½", 0.5),
        *((str(n), float(n)) for n in sizes),
        *((f"1/{n}", 1.0 / n) for n in sizes),
    ]:
        if abs(ratio - value) <= 1e-9 * abs(value):
            return f"{ratio:.10g} = {text}"
    nearest = round(ratio) if abs(ratio) >= 1 else round(1 / ratio)
    shown = ratio if abs(ratio) >= 1 else 1 / ratio
    if nearest < LARGEST_COUNT and abs(shown - nearest) <= 1e-9 * abs(shown):
        text = str(nearest) if abs(ratio) >= 1 else f"1/{nearest}"
        return f"{ratio:.10g} = {text} (a sum where the mean is meant, or the reverse?)"
    return f"{ratio:.10g}"


def constant(found: Discrepancy) -> Iterator[Found]:
    """Numbers that do not depend on the arguments."""
    ours = found.hand[:, found.where]
    if not ours.size:
        return
    if not ours.any():
        yield Diagnosis("constant", f"hand = 0 {found.name_wrong()}")
    elif len(ours) > 1 and not np.ptp(ours, axis=0).any():
        theirs = found.right[:, found.where]
        varies = np.ptp(theirs, axis=0) > found.allowed[:, found.where].max(axis=0)
        if varies.all():
            first = found.args.label(int(found.where[0]))
            yield Diagnosis(
                "constant",
                f"hand is the same at all points {found.name_wrong()} ({first}: "
                f"{float(ours[0, 0])!r}), the reference is not",
            )


def offset(found: Discrepancy) -> Iterator[Found]:
    """Find a difference that is the same at all points."""
    if len(found.hand) < 2:
        return
    gap = (found.hand - found.right)[:, found.where]
    best = found.allowed[:, found.where].argmin(axis=0)
    constant = gap[best, np.arange(len(found.where))]
    whole = found.right.copy()
    whole[:, found.where] += constant
    if found.explained_by(whole):
        shown = ", ".join(
            f"{found.args.label(i)}: {c:.6g}"
            for i, c in zip(found.where[:4].tolist(), constant.tolist(), strict=False)
        )
        yield Diagnosis("offset", f"hand − reference is constant: {shown}")


def all_of(found: Discrepancy, kinds: tuple[Any, ...]) -> list[Diagnosis]:
    """Return what these kinds of explanation find, in their order."""
    return [one for kind in kinds for one in kind(found) if one is not None]
