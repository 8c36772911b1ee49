"""Heat maps of reports: no wrong coordinate is lost, no page is too wide."""

import re

import numpy as np
import pytest

from autograd import check_gradient
from autograd.checking.blocks import Block
from autograd.checking.heat_map import MOST_CELLS, colour, grid
from autograd.errors import ArgumentError

SHAPES = [(), (1,), (7,), (40,), (41,), (1000,), (100_003,), (3, 4), (1, 500), (500, 1)]
SHAPES += [(161, 7), (2, 3, 5), (4, 50, 90)]


@pytest.mark.parametrize("shape", SHAPES)
def test_every_coordinate_is_in_one_cell_and_the_worst_is_seen(shape):
    block = Block("w", 0, shape, 5)
    for wrong in {0, block.size // 3, block.size - 1}:
        worst = np.full(block.size, 0.25)
        worst[wrong] = 1e6
        found = grid(block, worst)
        assert found.ratios.shape == (len(found.rows), len(found.columns))
        assert max(found.ratios.shape) <= MOST_CELLS
        assert found.places[found.ratios > 1].tolist() == [wrong]
        assert np.nanmin(found.ratios) == 0.25 or block.size == 1
        assert ((found.places < 0) == np.isnan(found.ratios)).all()


@pytest.mark.parametrize(
    ("shape", "place", "row", "column"),
    [
        ((1000,), 493, "480", "13"),
        ((3, 4), 6, "1", "2"),
        ((2, 3, 5), 21, "1, 1", "1"),
        ((161, 7), 8, "0", "1"),
    ],
)
def test_a_cell_stands_at_its_index(shape, place, row, column):
    worst = np.zeros(int(np.prod(shape)))
    worst[place] = 9.0
    found = grid(Block("w", 0, shape, 0), worst)
    ((i, j),) = np.argwhere(found.ratios > 1)
    assert (found.rows[i], found.columns[j]) == (row, column)


def test_colours_change_at_what_is_allowed():
    green, red = (
        [colour(r) for r in (0.0, 0.5, 1.0)],
        [colour(r) for r in (1.01, np.inf)],
    )
    assert all(c.startswith("hsl(140") for c in green)
    assert all(c.startswith("hsl(5") for c in red)
    assert len({*green, *red}) == 5


def test_a_page_is_not_wider_than_a_screen_and_names_what_is_wrong():
    def hand(w):
        found = np.cos(w)
        found[1234] *= 2
        return found

    w = np.linspace(0.1, 1, 2000)
    page = check_gradient(lambda w: np.sum(np.sin(w)), hand, w, points=0)._repr_html_()
    assert max(int(n) for n in re.findall(r"<svg width='(\d+)'", page)) < 700
    assert len(page) < 500_000
    assert "<title>w[1234]: " in page
    assert page.index("WRONG in 1 of 2000") < page.index("factor: hand = 2 ·")
    assert page.index("factor: hand = 2 ·") < page.index("<table") < page.index("<svg")
    assert "background:#fff;color:#222" in page  # in a dark notebook, too


def test_names_of_a_page_are_text():
    report = check_gradient(
        lambda p: p["<b>"] ** 2, lambda p: {"<b>": 0.0}, {"<b>": 1.0}
    )
    assert "<b>'" not in report._repr_html_()
    assert "p[&#x27;&lt;b&gt;&#x27;]" in report._repr_html_()


def test_there_is_nothing_to_plot_of_a_gradient_that_raised():
    report = check_gradient(lambda x: x**2, lambda x: 1 / 0, 1.0)
    with pytest.raises(
        ArgumentError, match="nothing to plot, no gradient was compared"
    ):
        report.plot()
    assert "<svg" not in report._repr_html_()


def test_a_plot_has_a_map_for_each_block_and_one_scale():
    report = check_gradient(
        lambda a, b, c, d: a * np.sum(b) * np.sum(c) * d,
        lambda a, b, c, d: (1.0, b, c, 2.0),
        *(2.0, np.ones(50), np.ones((100, 2)), 3.0),
        points=0,
    )
    figure = report.plot()
    assert [axes.get_title() for axes in figure.axes[:4]] == [
        "a",
        "b",
        "c (a cell: the worst of 2 coordinates)",
        "d",
    ]
    assert figure.axes[4].get_ylabel() == "error / allowed (1 passes)"
    assert figure.get_suptitle() == report._verdict()
