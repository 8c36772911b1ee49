"""Drawings: what is in the picture, that it is text, and what makes the image."""

import hashlib
import math
import os
import re
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import graphviz
import mpmath
import pytest
from graphviz.backend import dot_command

from autograd import (
    ArgumentError,
    MissingExtraError,
    NumberError,
    Value,
    detect_anomaly,
    dot,
    draw,
    sin,
    where,
)
from autograd.drawing import rendering
from autograd.drawing.scene import scene_of
from autograd.printing.formatting import number, shortened

from .graphs import DRAWN, neuron

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(params=["dot", "no dot"])
def any_path(request, monkeypatch):
    """A PATH without `dot`, and (where the machine has one) the machine's own."""
    if request.param == "no dot":
        monkeypatch.setenv("PATH", "")
    elif shutil.which("dot") is None:
        pytest.skip("this machine has no dot")


@pytest.fixture
def no_dot(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(dot_command, "DOT_BINARY", Path("dot"))


@pytest.fixture
def no_graphviz(no_dot, monkeypatch):
    monkeypatch.setattr(rendering, "_pure_binary", lambda: None)


def parts(svg, kind):
    """Return the texts in each node, or edge, of an SVG."""
    root = ElementTree.fromstring(svg)
    return {
        group.find(f"{SVG}title").text: [text.text for text in group.iter(f"{SVG}text")]
        for group in root.iter(f"{SVG}g")
        if group.get("class") == kind
    }


# What is drawn


def test_a_neuron():
    scene = scene_of([neuron()])
    assert [(n.title, n.formula, n.kind, number(n.grad)) for n in scene.nodes] == [
        ("w1", "", "leaf", "1"),  # o′ = 1 − o² = 0.5, times x1 = 2
        ("x1", "", "leaf", "-1.5"),
        ("v1", "w1 × x1", "operation", "0.5"),
        ("w2", "", "leaf", "0"),
        ("x2", "", "leaf", "0.5"),
        ("v2", "w2 × x2", "operation", "0.5"),
        ("v3", "v1 + v2", "operation", "0.5"),
        ("b", "", "leaf", "0.5"),
        ("v4", "v3 + b", "operation", "0.5"),
        ("o", "tanh(v4)", "operation", "1"),
    ]
    assert [n.title for n in scene.nodes if n.is_output] == ["o"]
    assert [(e.tail, e.head, e.place, e.derivative) for e in scene.edges[:2]] == [
        ("n1", "n3", 0, 2.0),
        ("n2", "n3", 1, -3.0),
    ]


def test_order_and_number_of_operands():
    a, b = Value(1.0, label="a"), Value(2.0, label="b")
    scene = scene_of([b / a + a * a])
    edges = [(e.tail, e.head, e.place) for e in scene.edges]
    names = {node.title: node.name for node in scene.nodes}
    quotient, square = names["v1"], names["v2"]
    assert (names["b"], quotient, 0) in edges
    assert (names["a"], quotient, 1) in edges
    assert (
        edges.count((names["a"], square, 0))
        == edges.count((names["a"], square, 1))
        == 1
    )


def test_plain_numbers_are_drawn_and_rows_of_them_together():
    x = Value(3.0, label="x")
    scene = scene_of([2 - x])
    constant = scene.nodes[1]
    assert (constant.kind, constant.title, constant.data) == ("constant", "2", (2,))
    assert [(e.tail, e.derivative) for e in scene.edges] == [
        ("n2_1", None),
        ("n1", -1.0),
    ]
    assert scene.nodes[-1].formula == "2 - x"
    long = scene_of([dot([x] * 8, list(range(8)))])
    assert [n.title for n in long.nodes if n.kind == "constant"] == ["0, 1, 2, …, 7"]
    assert long.nodes[-1].formula == "x × 0 + x × 1 + … + x × 7"
    assert [e.place for e in long.edges] == [*range(8), 8]


x = Value(2.0, label="x")
FORMULAS = [
    (x * -3, "x × (-3)"),
    (-x, "-x"),
    (-2 - x, "-2 - x"),
    (x**2, "x²"),
    (x**-12, "x⁻¹²"),
    (x**0.5, "x ^ 0.5"),
    (2**x, "2 ^ x"),
    ((-2) ** x, "(-2) ^ x"),
    (abs(x), "|x|"),
    (x.relu(), "relu(x)"),
    (where(True, x, 1.5), "where(True, x, 1.5)"),
    (x // 2, "x // 2"),
    (Value(1.0, label="a - b") * x, "a - b × x"),
    (x + 1e-9, "x + 1e-09"),
]


@pytest.mark.parametrize(("value", "formula"), FORMULAS, ids=[f for _, f in FORMULAS])
def test_formulas(value, formula):
    assert scene_of([value]).nodes[-1].formula == formula


def test_names_that_are_taken_are_not_given():
    v1, nameless = Value(1.0, label="v1"), Value(2.0, label="")
    assert [n.title for n in scene_of([v1 * nameless]).nodes] == ["v1", "v2", "v3"]


def test_several_outputs_share_their_graph():
    a = Value(1.0) * 2
    drawing = draw([a + 1, sin(a)])
    assert [n.is_output for n in drawing.scene.nodes].count(True) == 2
    assert repr(drawing) == "Drawing(6 nodes, 5 edges)"


def test_a_drawing_shows_the_graph_as_it_was():
    v = Value(1.0, label="v")
    drawing = draw(v)
    v.data = 5.0
    assert drawing.scene.nodes[0].data == 1.0


def test_a_chain_of_100000_nodes_needs_no_recursion():
    v = Value(1.0)
    for _ in range(100_000):
        v = v + 1
    assert len(scene_of([v]).nodes) == 200_001


NUMBERS = [
    (1e-9, "1e-09"),
    (0.1 + 0.2, "0.3"),
    (-2.0, "-2"),
    (-0.0, "-0"),
    (1234567.0, "1.23457e+06"),
    (math.nan, "nan"),
    (-math.inf, "-inf"),
    (7, "7"),
    (10**400, "1e+400"),
    (True, "True"),
    (Fraction(1, 3), "1/3"),
    (Fraction(-(10**30), 7), "-1.42857e+29"),
    (Fraction(1, 10**5000), "1e-5000"),
    (mpmath.mpf("1e-400"), "1e-400"),
    (mpmath.mpf(2), "2"),
    (mpmath.mpf(1) / 3, "0.333333"),
]


@pytest.mark.parametrize(("value", "text"), NUMBERS, ids=[t for _, t in NUMBERS])
def test_numbers(value, text):
    assert number(value) == text


def test_shortened():
    assert shortened("a\n b", 5) == "a b"
    assert shortened("abcdefgh", 2) == "a…"
    assert shortened("abcdefgh", 5) == "ab…gh"


# As DOT

PICTURES = Path(__file__).parent / "pictures"


@pytest.mark.parametrize("name", DRAWN)
def test_the_text_of_a_drawing(name):
    """The files under pictures/ are drawings as they were looked at and found good.

    After a change that is meant: AUTOGRAD_SNAPSHOTS=write pytest ..., and look at the
    pictures. SVG differs from one Graphviz to the next, so its words are compared.
    """
    drawing = DRAWN[name]()
    text, picture = PICTURES / f"{name}.dot", PICTURES / f"{name}.svg"
    if os.environ.get("AUTOGRAD_SNAPSHOTS") == "write":
        drawing.save(text)
        drawing.save(picture)
    assert drawing.dot == text.read_text(encoding="utf-8")
    assert words(drawing.svg) == words(picture.read_text(encoding="utf-8"))


def words(svg):
    texts = ElementTree.fromstring(svg).iter(f"{SVG}text")
    return sorted(word for text in texts for word in text.text.split())


def test_the_same_text_on_every_run():
    code = (
        "import hashlib; from autograd import Value, draw, dot;"
        "xs = [Value(float(i), label=f'x{i % 3}') for i in range(5)];"
        "y = dot(xs, xs) / xs[1] + xs[0] * 2; y.backward();"
        "print(hashlib.sha256(draw(y).dot.encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(digests) == 1
    assert len(digests.pop().strip()) == hashlib.sha256().digest_size * 2


def test_digraph_is_a_new_one_each_time(no_dot):
    drawing = draw(neuron())
    drawing.digraph.node("mine")
    assert isinstance(drawing.digraph, graphviz.Digraph)
    assert "mine" not in drawing.dot
    assert drawing.digraph.source == drawing.dot
    assert drawing.digraph.pipe(
        format="svg", quiet=True
    )  # by the pip-installed program


def test_a_program_that_the_user_chose_stays(monkeypatch):
    monkeypatch.setattr(dot_command, "DOT_BINARY", Path("/my/dot"))
    monkeypatch.setenv("PATH", "")
    assert draw(neuron()).digraph
    assert Path("/my/dot") == dot_command.DOT_BINARY


# As an image


def test_svg(any_path):
    nodes, edges = (parts(draw(neuron()).svg, kind) for kind in ("node", "edge"))
    assert len(nodes) == 10
    words = " ".join(nodes["n3"]).split()
    assert words == ["v1", "=", "w1", "×", "x1", "data", "-6", "grad", "0.5"]
    assert edges["n1->n3"] == ["2"]
    assert edges["n9->n10"] == ["0.5"]
    assert len(edges) == 9


def test_labels_stay_text(any_path):
    labels = [
        HOSTILE,
        'a|b{c}"',
        "\\N\\",
        "&amp;",
        "]]>",
        "a\0\x1b\ud800\ufffe",
        "-->",
        "<",
    ]
    total = dot([Value(1.0, label=label) for label in labels], [1.0] * len(labels))
    svg = draw([total, Value(2.0, label="<b>") * 2]).svg
    nodes = parts(svg, "node")
    shown = [nodes[f"n{i}"][0] for i in range(1, 9)]
    assert shown == [*labels[:5], "a" + "\ufffd" * 4, *labels[6:]]
    assert {element.tag for element in ElementTree.fromstring(svg).iter()} <= {
        SVG + tag for tag in ("svg", "g", "title", "polygon", "path", "text")
    }


def test_directions():
    assert "rankdir=LR" in draw(neuron()).dot
    assert "rankdir=TB" in draw(neuron(), direction="down").dot
    assert "rankdir=TB" in DRAWN["training_step"]().dot  # for a page


def test_two_edges_and_a_multi_line_label():
    x = Value(3.0, label="a\nb " + "c" * 100)
    svg = draw(x * x).svg
    assert svg.count('class="edge"') == 2
    assert "a b ccc" in svg
    assert "ccc…ccc" in svg


def test_png(any_path):
    small, large = draw(neuron()).png(), draw(neuron()).png(dpi=300)
    assert small[:8] == large[:8] == b"\x89PNG\r\n\x1a\n"
    assert width(large) / width(small) == pytest.approx(300 / 144, rel=1e-2)


def width(png):
    return int.from_bytes(png[16:20])


def test_a_very_long_png_is_scaled_down():
    v = Value(1.0)
    for _ in range(150):
        v = sin(v)
    assert 4000 < width(draw(v, fold=False).png()) <= 8001


@pytest.mark.parametrize("dpi", [0, -1, math.inf, math.nan, "300", None])
def test_impossible_resolutions(dpi):
    with pytest.raises(ArgumentError, match="dpi must be a positive number, got "):
        draw(Value(1.0)).png(dpi)


def test_notebooks_get_svg(no_dot):
    drawing = draw(neuron())
    bundle = drawing._repr_mimebundle_()
    assert bundle["image/svg+xml"] == drawing._repr_svg_() == drawing.svg
    assert drawing.svg[drawing.svg.index("viewBox") :] in bundle["text/html"]
    assert bundle["text/plain"] == "Drawing(10 nodes, 9 edges)"


def test_notebooks_without_graphviz_get_text(no_graphviz):
    drawing = draw(neuron())
    assert drawing._repr_svg_() is None
    assert drawing._repr_mimebundle_() == {
        "text/plain": "Drawing(10 nodes, 9 edges): SVG needs Graphviz, which is not "
        "installed: pip install graphviz-pure, or install the package graphviz of your "
        "system"
    }


# Which program draws


def program(folder, name, script):
    path = folder / name
    path.write_text(f"#!{sys.executable}\n{script}")
    path.chmod(0o755)
    return path


posix = pytest.mark.skipif(os.name == "nt", reason="scripts are no programs on Windows")


@posix
def test_the_systems_dot_comes_first(tmp_path, monkeypatch):
    program(tmp_path, "dot", "import sys; print(sys.argv[1], sys.stdin.read()[:9])")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(dot_command, "DOT_BINARY", Path("dot"))
    drawing = draw(neuron())
    assert drawing.svg == "-Tsvg digraph {\n"
    assert drawing.digraph
    assert Path("dot") == dot_command.DOT_BINARY


@posix
@pytest.mark.parametrize("script", ["raise SystemExit('no png here')", "", None])
def test_where_it_cannot_the_other_does(tmp_path, monkeypatch, script):
    dot = program(tmp_path, "dot", script)
    if script is None:
        dot.write_text("#!/nonexistent/shell\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert draw(neuron()).png()[:4] == b"\x89PNG"


@posix
@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("raise SystemExit('no\\n   png here')", "failed (no png here)"),
        ("raise SystemExit(3)", "failed (3)"),
        (None, "does not run (No such file or directory)"),
    ],
)
def test_where_neither_can(tmp_path, no_graphviz, monkeypatch, script, problem):
    dot = program(tmp_path, "dot", script)
    if script is None:
        dot.write_text("#!/nonexistent/shell\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingExtraError) as caught:
        draw(neuron()).png()
    assert f"PNG needs Graphviz, but {dot} {problem}: pip install" in str(caught.value)


def test_without_the_graphviz_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "graphviz", None)
    with pytest.raises(
        MissingExtraError, match="'graphviz', which is not installed: pip"
    ):
        draw(neuron()).save("never.dot")


def test_import_loads_no_graphviz():
    code = (
        "import sys, autograd.drawing as d, autograd; d.draw(autograd.Value(1.0));"
        "print({'graphviz', 'numpy'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.strip() == b"set()"


# As a file


@pytest.mark.parametrize("suffix", [".svg", ".png", ".dot", ".gv", ".SVG"])
def test_save(tmp_path, suffix):
    drawing = draw(neuron())
    for path in (tmp_path / f"a{suffix}", str(tmp_path / f"b.c{suffix}")):
        assert drawing.save(path) == Path(path)
    start = {
        ".svg": b"<?xml",
        ".png": b"\x89PNG",
        ".dot": b"digraph",
        ".gv": b"digraph",
    }
    assert (tmp_path / f"a{suffix}").read_bytes().startswith(start[suffix.lower()])
    assert len(list(tmp_path.iterdir())) == 2


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real.dot").touch()
    (tmp_path / "link.dot").symlink_to("real.dot")
    draw(neuron()).save(tmp_path / "link.dot")
    assert (tmp_path / "link.dot").is_symlink()
    assert (tmp_path / "real.dot").read_text().startswith("digraph")


@pytest.mark.parametrize("name", ["graph.jpg", "graph", ".svg", "svg", "a.svg.gz"])
def test_unknown_formats(tmp_path, name):
    message = f"cannot save a drawing as {name!r}: the name must end with one of .svg "
    with pytest.raises(ArgumentError, match=re.escape(message)):
        draw(neuron()).save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_unwritable_paths_are_named(tmp_path):
    missing = tmp_path / "missing" / "a.dot"
    with pytest.raises(FileNotFoundError) as caught:
        draw(neuron()).save(missing)
    assert caught.value.filename == str(missing)
    folder = tmp_path / "folder.dot"
    folder.mkdir()
    with pytest.raises(OSError, match=re.escape(str(folder))):
        draw(neuron()).save(folder)
    assert [*tmp_path.iterdir()] == [folder]


def test_a_failure_leaves_the_old_file(tmp_path, no_graphviz, monkeypatch):
    path = tmp_path / "a.svg"
    path.write_text("old")
    with pytest.raises(MissingExtraError):
        draw(neuron()).save(path)

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        draw(neuron()).save(tmp_path / "a.dot")
    assert [*tmp_path.iterdir()] == [path]
    assert path.read_text() == "old"


# What can't be drawn


@pytest.mark.parametrize("thing", [3.0, None, "v", [Value(1.0), 2.0], [[Value(1.0)]]])
def test_not_a_value(thing):
    kind = (
        type(thing[1] if len(thing) > 1 else thing[0])
        if type(thing) is list
        else type(thing)
    )
    message = (
        f"draw() takes a Value or a list of Values, got a {kind.__name__}, which has"
    )
    with pytest.raises(NumberError, match=re.escape(message)):
        draw(thing)


def test_nothing():
    with pytest.raises(
        ArgumentError, match=r"draw\(\) of nothing: give it a Value or a "
    ):
        draw([])


def test_too_large():
    v = Value(1.0)
    for _ in range(2000):
        v = sin(v)
    message = "that makes 2,001 boxes, more than one can read: leave fold and depth out"
    with pytest.raises(ArgumentError, match=message):
        draw(v, fold=False)
    assert len(draw(v, fold=False, max_nodes=2001).scene.nodes) == 2001
    assert len(draw(v).scene.nodes) <= 2


def test_modes_do_not_matter():
    with detect_anomaly():
        assert draw(neuron()).dot


@pytest.mark.parametrize("label", [" ", "\t", "\u00a0", "\u3000", "\x1f"])
def test_a_label_that_cannot_be_seen_gets_a_name(label):
    drawing = draw(Value(1.0, label=label) * 2)
    assert "<B>v1</B>" in drawing.dot
    assert drawing.svg.startswith("<")
