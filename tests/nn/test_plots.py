import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd import ArgumentError, MissingExtraError
from nn import MLP, plots

figure_module = pytest.importorskip("matplotlib.figure")

POINTS, LABELS = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], [0, 1, 0, 1]


def colors_at(figure: Any, x: float, y: float) -> tuple[int, ...]:
    """Return the picture's colour at a point of the first axes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    column, row = figure.axes[0].transData.transform((x, y))
    pixels = np.asarray(canvas.buffer_rgba())
    return tuple(int(c) for c in pixels[pixels.shape[0] - int(row), int(column)])


class TestLossCurve:
    def test_it_has_the_losses(self, tmp_path: Path) -> None:
        figure = plots.loss_curve([1.0, 0.1, 0.01])
        assert isinstance(figure, figure_module.Figure)
        [axes] = figure.axes
        [line] = axes.lines
        assert list(line.get_xdata()) == [1, 2, 3]
        assert list(line.get_ydata()) == [1.0, 0.1, 0.01]
        assert axes.get_yscale() == "log"
        figure.savefig(tmp_path / "loss.png")
        assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")

    @pytest.mark.parametrize("losses", [[1.0], [1.0, 0.0], [1.0, 0.9], [-1.0, -2.0]])
    def test_a_linear_scale_where_a_logarithm_would_not_do(
        self, losses: list[float]
    ) -> None:
        assert plots.loss_curve(losses).axes[0].get_yscale() == "linear"

    @pytest.mark.parametrize("losses", [[0.9, 0.28], [1.0, 0.05], [6e-3, 1.9e-3]])
    def test_some_number_stands_at_the_axis(self, losses: list[float]) -> None:
        figure = plots.loss_curve(losses)
        figure.draw_without_rendering()
        axis = figure.axes[0].yaxis
        low, high = sorted(axis.get_view_interval())
        labels = [
            tick.label1.get_text()
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks())
            if low <= tick.get_loc() <= high
        ]
        assert any(labels)

    def test_no_epochs(self) -> None:
        with pytest.raises(ArgumentError, match=r"^loss_curve of no epochs: train"):
            plots.loss_curve([])


class TestDecisionRegions:
    @pytest.mark.parametrize(
        "scores",
        [
            lambda row: [1.0 - row[0], row[0]],
            lambda row: row[0] - 0.5,
            lambda row: [row[0] - 0.5],
        ],
    )
    def test_regions_have_their_classes_colours(self, scores: Any) -> None:
        figure = plots.decision_regions(scores, POINTS, LABELS)
        left, right = colors_at(figure, 0.25, 0.5), colors_at(figure, 0.75, 0.5)
        assert left[2] > left[0], "class 0 is blue"
        assert right[0] > right[2], "class 1 is orange"
        assert colors_at(figure, 0.45, 0.2) == left
        assert colors_at(figure, 0.55, 0.2) == right

    def test_three_classes_names_and_other_features_at_their_means(self) -> None:
        asked: list[list[float]] = []

        def scores(row: list[float]) -> list[float]:
            asked.append(row)
            return [row[2], row[0], 1.0]

        figure = plots.decision_regions(
            scores,
            [[0.0, 5.0, 0.0], [2.0, 7.0, 4.0]],
            [2, 0],
            columns=(2, 0),
            feature_names=["a", "b", "c"],
            class_names=["x", "y", "z"],
            points=5,
        )
        [axes] = figure.axes
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("c", "a")
        assert axes.get_title() == "Decision regions, other features at their means"
        assert [text.get_text() for text in axes.get_legend().texts] == ["x", "z"]
        assert {row[1] for row in asked} == {6.0}
        assert len(asked) == 25
        assert min(row[2] for row in asked) == pytest.approx(-0.32)
        assert max(row[0] for row in asked) == pytest.approx(2.16)

    def test_a_model_will_do(self) -> None:
        for model in (MLP(2, [3, 1], seed=0), MLP(2, [3, 2], seed=0)):
            figure = plots.decision_regions(model, POINTS, LABELS, points=4)
            assert figure.axes[0].collections

    def test_one_sample(self) -> None:
        plots.decision_regions(lambda row: row[0], [[1.0, 1.0]], [1], points=3)

    @pytest.mark.parametrize("features", [[], POINTS[:3]])
    def test_lists_that_do_not_fit(self, features: Any) -> None:
        with pytest.raises(ArgumentError, match=r"rows of features and 4 labels: give"):
            plots.decision_regions(lambda row: 0.0, features, LABELS)


def test_panels_share_a_figure() -> None:
    figure, (left, right) = plots.new_figure(2)
    assert plots.loss_curve([1.0], axes=left) is figure
    assert (
        plots.decision_regions(lambda row: row[0], POINTS, LABELS, points=3, axes=right)
        is figure
    )


def test_without_matplotlib_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in ("matplotlib", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(
        MissingExtraError, match=r"pip install 'scalar-autograd\[plot\]'"
    ):
        plots.loss_curve([1.0])


def test_no_display_and_no_pyplot_are_needed() -> None:
    code = (
        "import sys, nn; nn.plots.loss_curve([1.0]).savefig(sys.stdout.buffer);"
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    environment = {k: v for k, v in os.environ.items() if k != "DISPLAY"}
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, env=environment, timeout=60
    )
    assert (run.returncode, run.stdout[:4]) == (0, b"\x89PNG")


def test_a_notebook_shows_a_figure() -> None:
    pytest.importorskip("matplotlib")
    figure = plots.loss_curve([3.0, 2.0, 1.0])
    assert figure._repr_png_().startswith(b"\x89PNG")
