"""Documents that are written from the code, or show code, are in step with it."""

import doctest
from pathlib import Path

from autograd.drawing.operations import operations_table
from autograd.rules import RULES

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"


def test_the_table_of_operations_is_that_of_the_rules():
    text = (NOTEBOOKS / "operations.md").read_text(encoding="utf-8")
    assert text.endswith(operations_table())
    assert all(f"| `{name}` |" in text for name in RULES)


def test_the_comparison_notes_run():
    path = NOTEBOOKS / "coming_from.md"
    failed, tried = doctest.testfile(str(path), module_relative=False)
    assert tried > 5
    assert not failed
