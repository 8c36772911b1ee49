"""Data to learn from: the iris measurements, CSV files, splitting, standardizing.

The iris data are the lengths and widths, in centimetres, of the sepals and petals of
50 flowers each of three species, collected by E. Anderson and published in R. A.
Fisher, "The use of multiple measurements in taxonomic problems", Annals of Eugenics 7
(1936), 179–188. Source: Iris, UCI Machine Learning Repository,
https://doi.org/10.24432/C56C76, licence CC BY 4.0. Rows 35 and 38, which the
repository's copy has wrong, are as Fisher printed them (and as R and scikit-learn have
them); the species' names are shortened.
"""

import math
import random
import statistics
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from importlib import resources
from typing import Generic, NamedTuple, Self, TypeVar

from .csv_files import Dataset, read_csv

__all__ = [
    "Dataset",
    "Scaling",
    "Split",
    "iris",
    "read_csv",
    "standardize",
    "train_test_split",
]

Feature = TypeVar("Feature")
Label = TypeVar("Label", bound=Hashable)


def iris() -> Dataset[int]:
    """Return Fisher's iris measurements: 150 samples, 4 features, 3 classes.

    Every call reads a fresh copy, which the caller may change.

    >>> data = iris()
    >>> len(data.features), data.class_names
    (150, ('setosa', 'versicolor', 'virginica'))
    >>> data.features[0], data.labels[0]
    ([5.1, 3.5, 1.4, 0.2], 0)
    """
    with resources.as_file(resources.files("nn").joinpath("iris.csv")) as path:
        return read_csv(path)


class Split(NamedTuple, Generic[Feature, Label]):
    """Rows to train on and rows held out, in scikit-learn's order.

    >>> split = Split([[0.0]], [[1.0]], [0], [1])
    >>> split.test_features, split.test_labels
    ([[1.0]], [1])
    """

    train_features: list[Feature]
    test_features: list[Feature]
    train_labels: list[Label]
    test_labels: list[Label]


def train_test_split(
    features: Sequence[Feature],
    labels: Sequence[Label],
    test_fraction: float = 0.3,
    seed: int = 0,
    stratify: bool = True,
) -> Split[Feature, Label]:
    """Shuffle the samples and hold out a fraction of them.

    A class of n samples gives round(test_fraction · n) of them to the test set, at
    least 1 and at most n − 1, so that both sides know every class. With
    ``stratify=False``, for labels that are not classes, all samples count as one
    class. The same seed gives the same split.

    >>> data = iris()
    >>> split = train_test_split(data.features, data.labels, test_fraction=0.2)
    >>> len(split.train_features), len(split.test_features)
    (120, 30)
    >>> [split.test_labels.count(label) for label in (0, 1, 2)]
    [10, 10, 10]

    Raise ValueError for lengths that differ, a fraction outside 0 to 1, and a class
    that is too small to be split.
    """
    if len(features) != len(labels):
        raise ValueError(
            f"{len(features)} rows of features but {len(labels)} labels: "
            "give one label for each row"
        )
    if not 0 < test_fraction < 1:
        raise ValueError(
            f"test_fraction={test_fraction!r} is not between 0 and 1: "
            "give the share of the samples to hold out, such as 0.3"
        )
    if len(labels) < 2:
        raise ValueError(f"{len(labels)} samples cannot be split: give at least 2")
    groups = [label if stratify else None for label in labels]
    sizes = Counter(groups)
    for group, size in sizes.items():
        if size < 2:
            raise ValueError(
                f"label {group!r} occurs once, and a stratified split needs each label "
                "in both parts: give 2 samples of it or more, or stratify=False"
            )

    wanted = {
        group: min(max(round(test_fraction * size), 1), size - 1)
        for group, size in sizes.items()
    }
    order = list(range(len(labels)))
    random.Random(seed).shuffle(order)
    train: list[int] = []
    test: list[int] = []
    for index in order:
        if wanted[groups[index]] > 0:
            wanted[groups[index]] -= 1
            test.append(index)
        else:
            train.append(index)
    return Split(
        [features[index] for index in train],
        [features[index] for index in test],
        [labels[index] for index in train],
        [labels[index] for index in test],
    )


class Scaling(NamedTuple):
    """The shift and the scale of each column: x → (x − mean) / deviation.

    Keep it beside a trained model, whose inputs must be scaled as its training data
    were.

    >>> Scaling((1.0,), (2.0,)).means
    (1.0,)
    """

    means: tuple[float, ...]
    deviations: tuple[float, ...]

    @classmethod
    def of(cls, rows: Iterable[Sequence[float]]) -> Self:
        """Measure mean and standard deviation (divisor n) of each column.

        A constant column gets deviation 1, so that it becomes 0 and not NaN.

        >>> Scaling.of([[1.0, 5.0], [3.0, 5.0]])
        Scaling(means=(2.0, 5.0), deviations=(1.0, 1.0))
        """
        table = _checked(rows, "the training data")
        if not table:
            raise ValueError("no rows to measure: give at least one row of numbers")
        # Exact arithmetic: with a rounded mean, a constant column would have a
        # deviation of some 1e−17, and its rounding errors would be blown up to ±1.
        columns = list(zip(*table, strict=True))
        return cls(
            tuple(statistics.mean(column) for column in columns),
            tuple(statistics.pstdev(column) or 1.0 for column in columns),
        )

    def apply(
        self, rows: Iterable[Sequence[float]], name: str = "the data"
    ) -> list[list[float]]:
        """Return the rows scaled; ``name`` is what an error calls them.

        >>> Scaling(means=(2.0,), deviations=(4.0,)).apply([[2.0], [10.0]])
        [[0.0], [2.0]]
        """
        return [
            [
                (x - mean) / deviation
                for x, mean, deviation in zip(
                    row, self.means, self.deviations, strict=True
                )
            ]
            for row in _checked(rows, name, len(self.means))
        ]


def standardize(
    train: Sequence[Sequence[float]], *others: Sequence[Sequence[float]]
) -> list[list[list[float]]]:
    """Scale every column to mean 0 and standard deviation 1 over the training rows.

    The other tables (test, validation) are scaled by the *training* rows' mean and
    deviation: their own would leak what is held out. A column that is constant in
    training is only shifted. The result is a list with one table for each argument.

    >>> train, test = standardize([[1.0, 7.0], [3.0, 7.0]], [[5.0, 8.0]])
    >>> train
    [[-1.0, 0.0], [1.0, 0.0]]
    >>> test
    [[3.0, 1.0]]

    Raise ValueError for rows of different widths and for numbers that are not finite,
    naming table, row and column (all counted from 0), and TypeError for cells that
    are not numbers.
    """
    scaling = Scaling.of(train)
    return [
        scaling.apply(train, "the training data"),
        *(scaling.apply(rows, f"others[{i}]") for i, rows in enumerate(others)),
    ]


def _checked(
    rows: Iterable[Sequence[float]], name: str, width: int | None = None
) -> list[list[float]]:
    """Return the rows as floats, all of one width, all finite."""
    table = []
    for r, row in enumerate(rows):
        width = len(row) if width is None else width
        if len(row) != width:
            raise ValueError(
                f"row {r} of {name} has {len(row)} columns where {width} are expected: "
                "give every row the same columns as the training data's first"
            )
        for c, x in enumerate(row):
            if isinstance(x, str) or not hasattr(x, "__float__"):
                raise TypeError(
                    f"row {r}, column {c} of {name} is {x!r}, not a number: "
                    "convert it, or leave the column out"
                )
            if not math.isfinite(x):
                raise ValueError(
                    f"row {r}, column {c} of {name} is {x!r}, not a finite number: "
                    "leave the row out, or fill the gap"
                )
        table.append([float(x) for x in row])
    return table
