"""Formats: HTML and its themes, PDF, fonts, colours; what else can be drawn."""

import builtins
import importlib.util
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

import autograd
from autograd import (
    MissingExtraError,
    NumberError,
    Value,
    array,
    draw,
    exp,
    explain,
    relu,
    sin,
)
from autograd.compiling.program import Program
from autograd.drawing.colors import DARK, KINDS, ink_on, scale_of
from autograd.drawing.fonts import fitted
from autograd.drawing.scene import Edge, Node, Scene, scene_of

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"
has_pdf = importlib.util.find_spec("svglib") and importlib.util.find_spec("reportlab")


def example():
    x, y = Value(0.5, label="x"), Value(-2.0, label=HOSTILE)
    out = sin(x * y) + relu(y) * x
    out.label = 'a|b{c}"'
    out.backward()
    return out


class Tags(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.tags, self.words, self.links = [], "", []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [
            value
            for name, value in attrs
            if name in ("src", "href", "xlink:href") or name.startswith("on")
        ]

    def handle_data(self, data):
        self.words += data


# HTML


def test_hostile_modules_stay_text():
    """Paths become the titles of boxes and of the frames around them."""
    w = [Value(1.0, label=f"m['{HOSTILE}'].w[{i}]") for i in range(2)]
    out = builtins.sum(w, Value(0.5)) * Value(2.0, label="x") + exp(w[0] * w[1])
    for fold in (False, "chains", "neurons", True, [f"m['{HOSTILE}']"]):
        drawing = draw(out, fold=fold)
        assert not {"script", "img"} & {*Tags(drawing.html).tags}
        assert "<script" not in drawing.svg


def test_a_page_of_its_own(tmp_path):
    page = draw(example()).save(tmp_path / "a.html").read_text(encoding="utf-8")
    found = Tags(page)
    assert not {"script", "img", "link", "iframe", "object"} & {*found.tags}
    assert found.links == []  # nothing is loaded, nothing runs
    assert HOSTILE in found.words
    assert 'a|b{c}"' in found.words
    assert found.tags.count("svg") == 1


def test_themes():
    drawing = draw(example())
    assert "@media (prefers-color-scheme:dark)" in drawing.html
    page = drawing._repr_mimebundle_()["text/html"]
    assert 'body[data-jp-theme-light="false"] .autograd-drawing [fill=' in page
    assert "body.vscode-dark .autograd-drawing" in page
    colors = {color.lower() for color in re.findall(r"#[0-9a-fA-F]{6}", drawing.svg)}
    assert colors <= {light.lower() for light in DARK}  # each has a dark one


def luminance(color):
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    lin = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * lin[0] + 0.7152 * lin[1] + 0.0722 * lin[2]


def contrast(one, other):
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def test_texts_can_be_read_in_both_themes():
    """WCAG's contrast of 4.5, of ink and of quiet words on each fill."""
    for _, fill in KINDS.values():
        for ink in ("#1A1A1A", "#5C5C5C"):
            assert contrast(ink, fill) > 4.5
            assert contrast(DARK[ink], DARK[fill]) > 4.5


def test_texts_on_scales_can_be_read():
    out = example()
    for quantity in ("grad", "data"):
        for color in scale_of(scene_of([out]).nodes, quantity).colors:
            assert contrast(ink_on(color), color) > 4.5


def test_a_wide_picture_scrolls_and_is_not_cut_off():
    page = draw(example())._repr_mimebundle_()["text/html"]
    assert ".autograd-drawing{overflow:auto;max-width:100%}" in page
    svg = ElementTree.fromstring(draw(example()).svg)
    width = float(svg.get("width").removesuffix("pt"))
    style = r"width:100%;max-width:(\d+)pt;min-width:(\d+)pt;height:auto"
    limits = re.search(rf'<svg style="{style}"', page)
    assert [int(n) for n in limits.groups()] == [round(width), round(0.6 * width)]
    assert svg.get("viewBox")


# PDF


@pytest.mark.skipif(not has_pdf, reason="svglib or reportlab is not installed")
def test_pdf_without_graphviz(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    x = Value(0.5, label="∂α")
    path = draw(x**4 * exp(x)).save(tmp_path / "a.pdf")
    assert path.read_bytes().startswith(b"%PDF-")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(shutil.which("dot") is None, reason="this machine has no dot")
def test_pdf_by_graphviz(tmp_path):
    assert draw(example()).save(tmp_path / "a.pdf").read_bytes().startswith(b"%PDF-")


def test_pdf_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "svglib.svglib", None)
    with pytest.raises(
        MissingExtraError, match=re.escape("pip install 'scalar-autograd[pdf]', or")
    ):
        draw(example()).save(tmp_path / "a.pdf")
    assert list(tmp_path.iterdir()) == []


# Fonts


def test_texts_have_the_width_that_was_laid_out():
    root = ElementTree.fromstring(draw(example()).svg)
    texts = [t for t in root.iter(f"{SVG}text") if t.get("textLength")]
    assert len(texts) > 10
    data = next(t for t in texts if t.text == "data")
    assert float(data.get("textLength")) == pytest.approx(23.352, abs=0.006)
    assert "Liberation Sans" in data.get("font-family")


def test_spaces_in_front_move_the_text():
    svg = '<text text-anchor="start" x="10.00" font-size="10.00"> &#45;3</text>'
    assert fitted(svg, "Arial") == (
        '<text text-anchor="start" x="12.78" font-size="10.00" textLength="8.89" '
        'lengthAdjust="spacingAndGlyphs">-3</text>'
    )
    unknown = '<text x="1" font-size="10.00">日本</text>'
    assert fitted(unknown, "Arial") == unknown
    hostile = '<text x="1" font-size="10.00">a&lt;b&amp;c</text>'
    assert "a&lt;b&amp;c</text>" in fitted(hostile, "Arial")


# Colours


def fills(drawing):
    return dict(re.findall(r"\t(n\d+) \[label=.*? fillcolor=\"(#\w+)\"", drawing.dot))


def test_colors_by_gradient_and_by_data():
    x = Value(3.0, label="x")
    out = x * 2 - 1
    out.backward()
    plain, grad, data = (fills(draw(out, color=c)) for c in ("kind", "grad", "data"))
    assert plain["n1"] == "#E5F1F8"
    assert grad["n1"] == grad["n1"].upper()
    assert len({*grad.values()}) == 2  # 2, and 1 twice
    assert grad["n2"] == grad["n3"]
    assert len({*data.values()}) >= 2
    for color, name in (("grad", "|grad|"), ("data", "data")):
        assert f">{name}<" in draw(out, color=color).dot
        assert "BGCOLOR" in draw(out, color=color).dot
    assert "BGCOLOR" not in draw(out).dot


def test_a_stronger_gradient_has_a_stronger_color():
    values = [Value(1.0, label=f"x{i}") for i in range(7)]
    builtins.sum(v * (i + 1) for i, v in enumerate(values)).backward()
    scale = scale_of(scene_of(values).nodes, "grad")
    shades = [scale.colors.index(scale.color(node)) for node in scene_of(values).nodes]
    assert shades == sorted(shades)
    assert (shades[0], shades[-1]) == (0, 6)
    assert len({*shades}) == 7


def test_signs_have_colors_of_their_own():
    """Vermilion for the negative numbers, blue for the positive ones."""
    values = [Value(x) for x in (-4.0, -0.1, 0.1, 4.0)]
    nodes = scene_of(values).nodes
    low, middle, same, high = map(scale_of(nodes, "data").color, nodes)
    assert (low, high) == ("#D55E00", "#0072B2")
    assert middle == same == "#F7F7F7"


def test_scales_over_many_orders_and_of_odd_numbers():
    nodes = scene_of([Value(1.0)]).nodes
    many = [replace(nodes[0], grad=10.0**-i) for i in range(10)]
    assert len({scale_of(many, "grad").color(node) for node in many}) == 7
    for grad in (0.0, float("nan"), float("inf"), -1e308, 10**400):
        odd = [replace(nodes[0], grad=grad, data=grad)]
        for quantity in ("grad", "data"):
            assert scale_of(odd, quantity).color(odd[0]).startswith("#")


def test_dead_paths_are_pale():
    x = Value(-2.0, label="x")
    out = relu(x) + 3 * x
    out.backward()
    lines = draw(out).dot.splitlines()
    dead = [line for line in lines if "#B3B3B3" in line]
    assert any("n1 -> n2" in line and "style=dotted" in line for line in dead)
    before = relu(Value(1.0)) * 2  # no backward pass: nothing is called dead
    assert "#B3B3B3" not in draw(before).dot


def test_contributions():
    x = Value(3.0, label="x")
    out = (x * x) * 0.5
    out.backward()
    dot = draw(out, contributions=True).dot
    assert dot.count("3 × 0.5 = 1.5") == 2
    out = (x + 2 * x) * x
    out.backward()
    assert "6 × 1 = 6" not in dot
    assert "18 × 1 = 18" in draw(out, contributions=True, fold=True).dot


# Text


def test_a_tree_with_shared_nodes():
    a = Value(2.0, label="a")
    b = a * a
    out = b + b * a
    assert (
        draw(out, fold=False).text().splitlines()
        == [
            "v3 = v1 + v2         data 12  grad 0",
            "├─ [1] v1 = a × a    data 4   grad 0",
            "│  ├─ [2] a          data 2   grad 0",
            "│  └─ [2] a ↑",
            "└─ [1] v2 = v1 × a   data 8   grad 0",
            "   ├─ [2] v1 ↑",
            "   └─ [4] a ↑",
        ]
        or draw(out, fold=False).text().count("↑") == 3
    )


def test_a_tree_in_ascii():
    x = Value(2.0, label="ñ")
    text = draw([x**-12 * 3, sin(x)], fold=False).text(ascii=True)
    assert text.isascii()
    assert r"v1 = \xf1^-12" in text
    assert "|- " in text or "`- " in text


def test_a_deep_tree_stays_narrow():
    v = Value(1.0, label="x")
    for _ in range(3000):
        v = sin(v)
    lines = draw(v, fold=False, max_nodes=4000).text().splitlines()
    assert len(lines) == 3001
    assert max(map(len, lines)) < 200
    assert "2999: " in lines[2999]


def test_a_tree_of_a_loop():
    p, v = Value(1.0, label="p0"), Value(0.0, label="v0")
    for _ in range(200):
        p, v = p + v * 0.01, v - p * 0.02
    text = draw(p).text()
    assert "↺" in text
    assert "folded" in text


def test_labels_cannot_steer_a_terminal():
    x = Value(1.0, label="\x1b[31mred\x1b[0m\u202e\nnext")
    out = sin(x) * x
    for text in (draw(out).text(), explain(out, wrt=x).text, explain(out, wrt=x).latex):
        assert not {"\x1b", "\u202e"} & {*text}
        assert "\ufffd[31mred" in text


# Anything that has a scene


def test_arrays_of_any_shape():
    values = array([[1.0, 2.0], [3.0, 4.0]])
    assert len(draw(values).scene.nodes) == 4


class Recipe:
    """What anything needs to be drawn: one method."""

    def __scene__(self):
        nodes = (
            Node("a", "leaf", "a", "", 2.0, 0.0, False),
            Node("b", "operation", "b", "a × a", 4.0, 1.0, True, "mul", "#1 * #2"),
        )
        return Scene(nodes, (Edge("a", "b", 0, 2.0), Edge("a", "b", 1, 2.0)), total=2)


def test_whatever_has_a_scene_can_be_drawn():
    drawing = draw(Recipe())
    assert repr(drawing) == "Drawing(2 nodes, 2 edges)"
    assert drawing.svg.count('class="edge"') == 2
    assert drawing.text().startswith("b = a × a")
    assert draw(Recipe(), fold=True).dot


def test_a_compiled_program_is_drawn_without_numbers():
    program = Program(
        ("x", "y"),
        (2.0,),
        (
            ("mul", 0, 2),
            ("fma", 3, 1, 3),
            ("tanh", 4),
            ("lt", 4, 0),
            ("where", 6, 5, 3),
        ),
        (5, 7),
    ).verify()
    drawing = draw(program)
    shown = {n.title: n.formula for n in drawing.scene.nodes if n.kind != "constant"}
    assert shown == {
        "x": "",
        "y": "",
        "v0": "x × 2",
        "v1": "fma(v0, y, v0)",
        "v2": "tanh(v1)",
        "v3": "v1 < x",
        "v4": "v2 if v3 else v0",
    }
    assert [n.title for n in drawing.scene.nodes if n.is_output] == ["v2", "v4"]
    assert "data" not in drawing.dot
    assert "data" not in drawing.text()
    assert drawing.svg.count('class="edge"') == 11
    for options in ({"fold": True}, {"color": "grad"}, {"max_nodes": 3}):
        assert draw(program, **options).svg


def test_what_compile_makes_can_be_drawn():
    fast = autograd.compile(lambda x, y: sin(x) * y + x)
    fast(1.0, 2.0)
    assert {"x", "y"} < {node.title for node in draw(fast.program).scene.nodes}


def test_a_scene_that_is_none():
    class Wrong:
        def __scene__(self):
            return 3

    with pytest.raises(NumberError, match=r"Wrong.__scene__\(\) returned a int, not"):
        draw(Wrong())


@pytest.mark.skipif(shutil.which("chromium") is None, reason="there is no chromium")
def test_a_browser_shows_the_page_and_runs_nothing(tmp_path):
    """The page as a browser makes it: the label is text, and no alert has run."""
    page = draw(example()).save(tmp_path / "a.html")
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    done = subprocess.run(
        [*command, f"--user-data-dir={tmp_path / 'profile'}", page.as_uri()],
        capture_output=True,
        timeout=60,
        check=True,
        text=True,
    )
    found = Tags(done.stdout)
    assert "script" not in found.tags
    assert HOSTILE in found.words
