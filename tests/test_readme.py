"""README's and the tour's Python blocks are doctests, in order and with shared names.

README's pictures are what its examples save. After a change that is meant:
AUTOGRAD_SNAPSHOTS=write pytest tests/test_readme.py, and look at the pictures.
"""

import doctest
import os
import re
import shutil
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
IMAGE = re.compile(r"!\[[^\]]+\]\(([^)]+)\)")
LINK = re.compile(r"\]\(([^)#:]+)\)")
PYTHON_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run_examples(text: str, filename: str) -> int:
    """Run the examples of a Markdown text; return their number, fail with a report."""
    names: dict[str, object] = {"__name__": "__main__"}
    report: list[str] = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS)
    for block in PYTHON_BLOCK.finditer(text):
        line = text.count("\n", 0, block.start(1))
        if ">>>" not in block[1]:
            pytest.fail(f"{filename}:{line}: a Python block without >>> is not tested")
        test = doctest.DocTestParser().get_doctest(
            block[1], names, filename, filename, line
        )
        runner.run(test, out=report.append, clear_globs=False)
        names = test.globs  # get_doctest copies what it is given
    if runner.failures:
        pytest.fail("".join(report), pytrace=False)
    if not runner.tries:
        pytest.fail(f"{filename} has no Python examples")
    return runner.tries


def drawn_alike(made: Path, kept: Path) -> bool:
    """Compare two pictures by what stays the same from one library to the next.

    That is the words of an SVG, and nearly all pixels of a PNG.
    """
    if made.suffix == ".svg":
        one, other = (
            Counter(ElementTree.parse(p).getroot().itertext()) for p in (made, kept)
        )
        return one == other
    pytest.importorskip("matplotlib")
    from matplotlib.image import imread

    one, other = imread(made), imread(kept)
    return one.shape == other.shape and (abs(one - other) > 0.25).mean() < 0.02


def test_readme_examples_hold_and_draw_its_pictures(tmp_path, monkeypatch) -> None:
    text = README.read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    run_examples(text, "README.md")
    kept = [ROOT / image for image in IMAGE.findall(text)]
    assert len(kept) >= 3
    if os.environ.get("AUTOGRAD_SNAPSHOTS") == "write":
        for path in kept:
            shutil.copy(tmp_path / path.name, path)
    assert [path for path in kept if not drawn_alike(tmp_path / path.name, path)] == []


def test_other_pictures_are_found_out(tmp_path) -> None:
    pyplot = pytest.importorskip("matplotlib.image")
    pictures = ROOT / "notebooks" / "pictures"
    svg = (pictures / "graph.svg").read_text(encoding="utf-8")
    (tmp_path / "graph.svg").write_text(svg.replace("tanh", "sinh"), encoding="utf-8")
    assert not drawn_alike(tmp_path / "graph.svg", pictures / "graph.svg")
    red_row_lower = pyplot.imread(pictures / "check.png")[::-1]
    pyplot.imsave(tmp_path / "check.png", red_row_lower)
    assert not drawn_alike(tmp_path / "check.png", pictures / "check.png")


@pytest.mark.parametrize("page", ["README.md", "notebooks/tour.md"])
def test_links_lead_to_files(page: str) -> None:
    path = ROOT / page
    links = LINK.findall(path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_the_tour_holds() -> None:
    path = ROOT / "notebooks" / "tour.md"
    run_examples(path.read_text(encoding="utf-8"), "tour.md")


def test_blocks_share_names() -> None:
    text = "```python\n>>> x = 1\n```\n\n```python\n>>> x + 1\n2\n```\n"
    assert run_examples(text, "page") == 2


def test_a_wrong_number_fails_with_its_line() -> None:
    with pytest.raises(pytest.fail.Exception, match=r'(?s)"page", line 5,.*Got:\n +2'):
        run_examples("# Page\n\ntext\n```python\n>>> 1 + 1\n3\n```\n", "page")


@pytest.mark.parametrize("text", ["no block", "```sh\n>>> 1\n```\n"])
def test_a_page_without_examples_fails(text: str) -> None:
    with pytest.raises(pytest.fail.Exception, match="page has no Python examples"):
        run_examples(text, "page")


def test_an_untested_block_fails() -> None:
    with pytest.raises(pytest.fail.Exception, match="page:1: a Python block without"):
        run_examples("```python\nx = 1\n```\n", "page")
