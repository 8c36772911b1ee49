import ast
import subprocess
import sys
from pathlib import Path

import pytest

import autograd
import nn

FILES = sorted(Path(nn.__file__).parent.glob("*.py"))


def test_all_is_sorted_complete_and_there() -> None:
    def constants_classes_functions(name: str) -> tuple[bool, bool, str]:
        return not name.isupper(), not name[0].isupper(), name

    assert nn.__all__ == sorted(nn.__all__, key=constants_classes_functions)
    assert all(hasattr(nn, name) for name in nn.__all__)
    public = {name for name in vars(nn) if not name.startswith("_")}
    modules = {path.stem for path in FILES}
    assert public - modules == set(nn.__all__) - modules


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_only_public_names_of_autograd_are_used(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            assert not str(node.module).startswith("autograd.")
            if node.module == "autograd":
                assert {alias.name for alias in node.names} <= set(autograd.__all__)
        if isinstance(node, ast.Import):
            assert not any(a.name.startswith("autograd.") for a in node.names)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "autograd":
            public = {*autograd.__all__, *autograd._SHADOWING, *autograd.RULES}
            assert node.attr in public


def test_no_file_has_the_name_of_something_public() -> None:
    functions = {n for n in nn.__all__ if not isinstance(getattr(nn, n), type(nn))}
    assert not functions & {path.stem for path in FILES}


def test_importing_is_light() -> None:
    code = (
        "import sys, nn; heavy = {'numpy', 'matplotlib', 'tqdm', 'graphviz', 'mpmath'};"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60
    )
    assert (run.returncode, run.stderr) == (0, "")
