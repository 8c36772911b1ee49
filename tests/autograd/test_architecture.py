"""The house: imports go down the layers only, names do not clash, import is light."""

import ast
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import autograd

PACKAGE = Path(autograd.__file__).parent
LAYERS = [
    {"errors", "modes", "special"},
    {"graph", "namespace", "floats", "exact", "kinds", "rules"},
    {"layout", "anomaly", "printing"},
    {"reverse", "forward", "storage", "over_values"},
    {"node"},
    {"value"},
    {"functions", "user_rules", "arrays", "structures"}
    | {"array_functions", "array_products", "array_refusals", "array_tables"},
    {"derivatives", "expression", "accuracy"},
    {"drawing", "checking", "compiling"},
    {"__init__", "__main__"},
]
LEVEL = {room: level for level, layer in enumerate(LAYERS) for room in layer}
# How a Value shows itself, and how it meets NumPy: the one upward step, taken lazily.
UPWARD = {("node", "arrays"), ("value", "arrays"), ("functions", "arrays")}


def rooms():
    for path in sorted(PACKAGE.rglob("*.py")):
        inside = path.relative_to(PACKAGE).with_suffix("").parts
        yield path, inside


def imports_of(path, inside):
    """Yield each imported room of the package, by its first name, and if it is lazy."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top_level = set(map(id, tree.body))
    for node in ast.walk(tree):
        lazy = id(node) not in top_level
        if isinstance(node, ast.ImportFrom) and node.level:
            base = list(inside[: len(inside) - node.level])
            names = [node.module] if node.module else [a.name for a in node.names]
            for name in names:
                yield (*base, *name.split("."))[0], lazy
        elif isinstance(node, ast.ImportFrom | ast.Import):
            for name in [getattr(node, "module", None), *(a.name for a in node.names)]:
                if name and name.split(".")[0] == "autograd":
                    yield "the package root", lazy


def test_each_file_imports_from_lower_layers_only():
    seen = 0
    for path, inside in rooms():
        room = inside[0]
        assert room in LEVEL, f"{path} has no layer"
        for other, lazy in imports_of(path, inside):
            seen += 1
            assert other != "the package root" or room == "__main__", path
            if other == room or (lazy and (room, other) in UPWARD):
                continue
            assert LEVEL[other] <= LEVEL[room], f"{path} imports {other}"
            if LEVEL[other] == LEVEL[room]:
                assert (other, room) not in same_level_imports, f"{other} <-> {room}"
                same_level_imports.add((room, other))
    assert seen > 50


same_level_imports: set[tuple[str, str]] = set()


def test_no_file_bears_the_name_of_a_public_function():
    for module in pkgutil.walk_packages([str(PACKAGE)], "autograd."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in autograd.__all__:
        assert not isinstance(getattr(autograd, name), type(sys)), name


def test_the_public_names_are_sorted_unique_and_there():
    assert autograd.__all__ == sorted(set(autograd.__all__))
    assert {"Value", "grad", "sin", "dot", "rule", "no_grad"} <= set(autograd.__all__)
    for name in autograd.__all__:
        assert getattr(autograd, name).__doc__, name


def run(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_import_loads_nothing_but_the_standard_library():
    loaded = run(
        "import sys; before = set(sys.modules); import autograd;"
        "print(*sorted({m.partition('.')[0] for m in set(sys.modules) - before}))"
    ).split()
    foreign = set(loaded) - set(sys.stdlib_module_names) - {"autograd"}
    assert not foreign


def test_a_scalar_program_never_loads_numpy():
    code = (
        "import sys, autograd; x = autograd.Value(2.0);"
        "(x * autograd.sin(x)).backward();"
        "autograd.dot([x], [3.0]); autograd.grad(autograd.sin)(0.5);"
        "print('numpy' in sys.modules)"
    )
    assert run(code) == "False"
