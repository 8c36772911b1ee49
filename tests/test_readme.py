"""README's Python blocks are doctests, in reading order and with shared names."""

import doctest
import re
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"
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


def test_readme_examples_hold() -> None:
    run_examples(README.read_text(encoding="utf-8"), "README.md")


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
