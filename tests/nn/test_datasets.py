from statistics import correlation, fmean, pstdev, stdev
from typing import Any

import pytest

from nn.datasets import Scaling, iris, standardize, train_test_split


class TestIris:
    def test_shape_and_names(self) -> None:
        data = iris()
        assert [len(row) for row in data.features] == [4] * 150
        assert data.labels == [0] * 50 + [1] * 50 + [2] * 50
        assert data.class_names == ("setosa", "versicolor", "virginica")
        assert data.feature_names == (
            "sepal length (cm)",
            "sepal width (cm)",
            "petal length (cm)",
            "petal width (cm)",
        )

    # First and last row of each species, and the two that differ between copies, in
    # the table of Fisher 1936.
    @pytest.mark.parametrize(
        ("row", "features"),
        [
            (1, [5.1, 3.5, 1.4, 0.2]),
            (35, [4.9, 3.1, 1.5, 0.2]),
            (38, [4.9, 3.6, 1.4, 0.1]),
            (50, [5.0, 3.3, 1.4, 0.2]),
            (51, [7.0, 3.2, 4.7, 1.4]),
            (100, [5.7, 2.8, 4.1, 1.3]),
            (101, [6.3, 3.3, 6.0, 2.5]),
            (150, [5.9, 3.0, 5.1, 1.8]),
        ],
    )
    def test_known_rows(self, row: int, features: list[float]) -> None:
        assert iris().features[row - 1] == features

    # Summary table distributed with the data: minimum, maximum, mean, SD, correlation
    # with the class.
    @pytest.mark.parametrize(
        ("column", "low", "high", "mean", "sd", "r"),
        [
            (0, 4.3, 7.9, 5.84, 0.83, 0.7826),
            (1, 2.0, 4.4, 3.05, 0.43, -0.4194),
            (2, 1.0, 6.9, 3.76, 1.76, 0.9490),
            (3, 0.1, 2.5, 1.20, 0.76, 0.9565),
        ],
    )
    def test_known_statistics(
        self, column: int, low: float, high: float, mean: float, sd: float, r: float
    ) -> None:
        data = iris()
        x = [row[column] for row in data.features]
        assert (min(x), max(x)) == (low, high)
        # The printed mean of sepal width is of the copy with the two wrong rows.
        assert fmean(x) == pytest.approx(mean, abs=0.01)
        assert stdev(x) == pytest.approx(sd, abs=0.01)
        assert correlation(x, data.labels) == pytest.approx(r, abs=0.01)

    # Fisher 1936, Table II: means by species.
    @pytest.mark.parametrize(
        ("label", "means"),
        [
            (0, [5.006, 3.428, 1.462, 0.246]),
            (1, [5.936, 2.770, 4.260, 1.326]),
            (2, [6.588, 2.974, 5.552, 2.026]),
        ],
    )
    def test_means_by_species(self, label: int, means: list[float]) -> None:
        data = iris()
        rows = [
            row for row, y in zip(data.features, data.labels, strict=True) if y == label
        ]
        assert [fmean(column) for column in zip(*rows, strict=True)] == pytest.approx(
            means, abs=1e-12
        )

    def test_every_call_is_a_fresh_copy(self) -> None:
        iris().features[0][0] = -1.0
        assert iris().features[0][0] == 5.1


class TestSplit:
    def test_is_a_stratified_partition_that_keeps_rows_with_their_labels(self) -> None:
        features = [[float(i)] for i in range(60)]
        labels = [0] * 10 + [1] * 20 + [2] * 30
        split = train_test_split(features, labels)
        assert sorted(split.train_features + split.test_features) == features
        for rows, ys in [
            (split.train_features, split.train_labels),
            (split.test_features, split.test_labels),
        ]:
            assert [labels[int(x)] for (x,) in rows] == ys
        assert [split.test_labels.count(y) for y in (0, 1, 2)] == [3, 6, 9]

    def test_the_parts_are_shuffled(self) -> None:
        labels = [0] * 50 + [1] * 50
        split = train_test_split(range(100), labels)
        assert split.train_features != sorted(split.train_features)
        assert split.train_labels != sorted(split.train_labels)

    def test_the_seed_decides(self) -> None:
        labels = [0, 1] * 20
        first = train_test_split(range(40), labels, seed=3)
        assert train_test_split(range(40), labels, seed=3) == first
        assert train_test_split(range(40), labels, seed=4) != first

    @pytest.mark.parametrize("fraction", [0.01, 0.5, 0.99])
    def test_both_parts_know_every_class(self, fraction: float) -> None:
        split = train_test_split("aabbbcccc", "aabbbcccc", fraction)
        assert set(split.train_labels) == set(split.test_labels) == set("abc")

    def test_without_strata_labels_need_not_repeat(self) -> None:
        y = [0.1, 0.2, 0.3, 0.4]
        split = train_test_split(range(4), y, test_fraction=0.25, stratify=False)
        assert (len(split.train_labels), len(split.test_labels)) == (3, 1)

    @pytest.mark.parametrize(
        ("features", "labels", "options", "message"),
        [
            ([1, 2, 3], [0, 0], {}, "^3 rows of features but 2 labels: give one"),
            ([], [], {}, "^0 samples cannot be split: give at least 2"),
            ([1], [0], {"stratify": False}, "^1 samples cannot be split"),
            ([1, 2], [0, 0], {"test_fraction": 30}, "^test_fraction=30 is not between"),
            ([1, 2], [0, 0], {"test_fraction": 0}, "such as 0.3$"),
            ([1, 2], [0, 0], {"test_fraction": float("nan")}, "is not between 0 and 1"),
            (
                [1, 2, 3],
                ["x", "x", "y"],
                {},
                "^label 'y' occurs once, .* or stratify=False$",
            ),
        ],
    )
    def test_errors(
        self, features: list[int], labels: list[Any], options: Any, message: str
    ) -> None:
        with pytest.raises(ValueError, match=message):
            train_test_split(features, labels, **options)


class TestStandardize:
    def test_training_columns_get_mean_0_and_deviation_1(self) -> None:
        (table,) = standardize(iris().features)
        for column in zip(*table, strict=True):
            assert fmean(column) == pytest.approx(0, abs=1e-14)
            assert pstdev(column) == pytest.approx(1)

    def test_other_tables_take_the_training_statistics(self) -> None:
        _, test, empty = standardize([[0.0], [2.0]], [[3.0], [1.0]], [])
        assert test == [[2.0], [0.0]]
        assert empty == []

    # The rounded mean of many copies of 0.1 is not 0.1.
    @pytest.mark.parametrize("constant", [0.1, 1e-300, 1e300, 7, -0.0])
    def test_a_constant_column_becomes_0(self, constant: float) -> None:
        train, test = standardize([[constant]] * 149, [[constant]])
        assert train == [[0.0]] * 149
        assert test == [[0.0]]

    @pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
    def test_extreme_units(self, scale: float) -> None:
        (table,) = standardize([[1 * scale], [3 * scale]])
        assert [x for (x,) in table] == pytest.approx([-1, 1])

    def test_scaling_can_be_kept_for_new_samples(self) -> None:
        scaling = Scaling.of([[1.0, 0.0], [5.0, 0.0]])
        assert scaling == Scaling((3.0, 0.0), (2.0, 1.0))
        assert scaling.apply([[7.0, 4.0]]) == [[2.0, 4.0]]

    @pytest.mark.parametrize(
        ("tables", "error", "message"),
        [
            ([[]], ValueError, "^no rows to measure: give at least one row"),
            (
                [[[1.0, 2.0], [3.0]]],
                ValueError,
                "^row 1 of the training data has 1 columns where 2 are expected",
            ),
            (
                [[[1.0]], [[1.0]], [[1.0, 2.0]]],
                ValueError,
                r"^row 0 of others\[1\] has 2 columns where 1 are expected",
            ),
            (
                [[[1.0, float("nan")]]],
                ValueError,
                "^row 0, column 1 of the training data is nan, not a finite number",
            ),
            (
                [[[1.0]], [[1.0], [float("inf")]]],
                ValueError,
                r"^row 1, column 0 of others\[0\] is inf, not a finite number",
            ),
            (
                [[["5.1"]]],
                TypeError,
                "^row 0, column 0 of the training data is '5.1', not a number",
            ),
            ([[[None]]], TypeError, "is None, not a number: convert it, or leave"),
        ],
    )
    def test_errors(self, tables: Any, error: type[Exception], message: str) -> None:
        with pytest.raises(error, match=message):
            standardize(*tables)
