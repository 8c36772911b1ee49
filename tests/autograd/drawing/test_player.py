"""The player: its data, its JavaScript against the rules, and the page in a browser."""

import json
import math
import re
from itertools import islice, product

import pytest

import autograd
from autograd import ArgumentError, NumberError, Value, play, tanh
from autograd.drawing import player
from autograd.drawing.javascript import function_of
from autograd.kinds import FLOATS
from autograd.rules import RULES
from nn import MLP


def neuron():
    names = ["w1", "x1", "w2", "x2", "b"]
    leaves = [Value(x, n) for x, n in zip([-3, 2, 1, 0, 6.88], names, strict=True)]
    w1, x1, w2, x2, b = leaves
    return leaves, tanh(w1 * x1 + w2 * x2 + b)


def network():
    model = MLP(2, [4, 4, 1], seed=0, fused=False)
    out = (model([Value(0.5, "x"), Value(-1.0, "y")]) - 1) ** 2
    return model, out


# Data and files


def test_the_data_are_the_engines_and_no_grad_is_touched():
    leaves, out = neuron()
    nodes = {node["title"]: node for node in play(out).data["nodes"]}
    slopes = out.gradient(leaves)
    for leaf, slope in zip(leaves, slopes, strict=True):
        assert nodes[leaf.label]["data"] == leaf.data
        assert nodes[leaf.label]["bar"] == slope
        assert leaf.grad == 0.0


def test_a_function_runs_on_named_leaves_and_shows_its_lines():
    def f(x, w):
        return x * w[0] + w[1]

    nodes = play(f, 2, [3.0, 4.0]).data["nodes"]
    assert {node["title"] for node in nodes} >= {"x", "w[0]", "w[1]"}
    assert "return x * w[0] + w[1]" in nodes[-1]["source"]


def test_what_can_not_be_played_is_refused():
    with pytest.raises(NumberError, match="a Value, or a function"):
        play(3.0)
    with pytest.raises(NumberError, match="the function gave"):
        play(lambda x: [x], 2.0)
    with pytest.raises(ArgumentError, match="no more arguments"):
        play(Value(1.0), 2.0)
    long = Value(1.0)
    for _ in range(player._MOST):
        long = long + 1
    with pytest.raises(ArgumentError, match=r"5,001 nodes.*draw"):
        play(long)


def test_files_appear_whole_or_not_at_all(tmp_path):
    _, out = neuron()
    with pytest.raises(ArgumentError, match=r"saved as \.html"):
        play(out).save(tmp_path / "a.svg")
    with pytest.raises(OSError, match="no"):
        play(out).save(tmp_path / "no" / "a.html")
    assert not list(tmp_path.iterdir())
    path = play(out).save(tmp_path / "a.html")
    text = path.read_text(encoding="utf-8")
    assert text.count("</script>") == text.count("<script")
    assert not re.findall(r'(?:src|href)\s*=\s*"', text)


def test_infinities_and_nan_and_exact_numbers_are_valid_json():
    from fractions import Fraction

    x = Value(0.0, "x")
    json.dumps(play(autograd.log(x) * 0).data, allow_nan=False)
    third = Value(Fraction(1, 3), "third")
    assert play(third * 3).data["nodes"][-1]["data"] == 1.0


@autograd.rule(partials=lambda m, out, x: (1.0,), opaque=True)
def black_box(m, x):
    return math.sin(x)


def test_an_operation_without_javascript_says_so():
    data = play(black_box(Value(1.0, "x")) * 2).data
    (node,) = [n for n in data["nodes"] if n["operation"] == "black_box"]
    assert node["function"] is None
    assert "black_box" in node["why"]


def test_in_a_notebook_it_is_a_widget_with_a_picture_to_fall_back_on():
    pytest.importorskip("anywidget")
    _, out = neuron()
    bundle = play(out)._repr_mimebundle_()
    bundle = bundle[0] if isinstance(bundle, tuple) else bundle
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "<svg" in bundle["image/svg+xml"]


def test_without_the_extra_a_notebook_shows_the_picture(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "anywidget", None)
    _, out = neuron()
    bundle = play(out)._repr_mimebundle_()
    assert "<svg" in bundle["image/svg+xml"]
    assert "scalar-autograd[widget]" in bundle["text/plain"]


# JavaScript of every row

_DELICATE = [0.0, -0.0, 0.5, 1.0, -1.0, 2.5, -3.0, 20.0, -40.0, math.inf, -math.inf]
_DELICATE += [math.nan, 1e-9, 700.0]


def cases(rule):
    """Yield operands, static ones first or where they are, at delicate points."""
    if rule.static:
        yield from rule.samples
        return
    count = rule.arity or 4
    yield from rule.samples
    yield from islice(product(_DELICATE, repeat=count), 0, 4000, 1 if count < 3 else 7)


def texts_of(numbers):
    return [str(float(x)).replace("inf", "Infinity") for x in numbers]


def test_the_javascript_of_every_row_computes_what_the_row_says(browsing, tmp_path):
    path = tmp_path / "rules.html"
    path.write_text(
        f'<script type="module">{player._script()}\nwindow.m = m;</script>',
        encoding="utf-8",
    )
    page = browsing.open(path)
    page.wait_for_function("window.m")
    wrong = {}
    for name, rule in RULES.items():
        for operands in cases(rule):
            wanted = [i not in rule.static for i in range(len(operands))]
            out = float(rule.forward(FLOATS, *operands))
            partials = rule.local(FLOATS, out, operands, wanted)
            right = [out, *(float(d) for d in partials if d is not None)]
            text = function_of(rule, operands, wanted)
            moving = texts_of(operands)
            wrong.setdefault(name, []).append((text, moving, right, operands))
    script = """(cases) => cases.map(([text, operands]) => {
        const compute = new Function(`return ${text};`)();
        const [value, partials] = compute(m, ...operands.map(Number));
        return [value, ...partials.filter((d) => d !== null)].map(String);
    })"""
    checked = 0
    for name, rows in wrong.items():
        found = page.evaluate(script, [[text, operands] for text, operands, *_ in rows])
        for (_, _, right, operands), numbers in zip(rows, found, strict=True):
            terms = _terms(RULES[name], operands, right)
            for x, y in zip(map(_number, numbers), right, strict=True):
                checked += 1
                assert _close(x, y, terms), (name, operands, numbers, right)
    assert checked > 10_000


def _number(text):
    return float(text.replace("Infinity", "inf"))


def _terms(rule, operands, right):
    """Return what rounding an operand may do to the value, or what cancels in it."""
    if rule.magnitude is not None:
        return abs(rule.magnitude(FLOATS, right[0], *operands))
    moving = [x for i, x in enumerate(operands) if i not in rule.static]
    found = [abs(x * d) for x, d in zip(moving, right[1:], strict=True)]
    return sum(x for x in found if math.isfinite(x))


def _close(x, y, terms):
    """Tell whether JavaScript's library and C's agree as well as rounding lets them."""
    if x != x or y != y:
        return x != x and y != y
    size = max(abs(x), abs(y), 1e-300)
    return x == y or abs(x - y) <= 1e-12 * size + 8 * 2.0**-53 * terms


# The page


def step_to_end(page):
    page.keyboard.press("End")
    assert page.inner_text(".count").startswith("Backward")


def shown(page, title):
    """Return what the box with this title shows, after its title and formula."""
    box = page.locator(".box", has=page.locator(f'text.title:text-is("{title}")'))
    texts = box.locator("text.number").all_text_contents()
    return dict(text.split() for text in texts if text)


def test_stepping_to_the_end_shows_the_engines_numbers(browsing, tmp_path):
    leaves, out = neuron()
    page = browsing.open(play(out).save(tmp_path / "player.html"))
    assert shown(page, "w1") == {"data": "-3"}
    assert shown(page, "v3") == {}
    for _ in range(11):
        page.keyboard.press("ArrowRight")
    assert page.inner_text(".count") == "Backward, 11 of 11"
    for leaf, slope in zip(leaves, out.gradient(leaves), strict=True):
        found = shown(page, leaf.label)
        assert float(found["data"]) == pytest.approx(leaf.data, rel=1e-5)
        assert float(found["grad"]) == pytest.approx(slope, rel=1e-5)
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert "v1 = w1 × x1 = -3 × 2 = -6" in page.inner_text(".step")
    page.keyboard.press("End")
    text = page.inner_text(".step")
    assert "→" in text
    assert ".grad = " in text
    page.keyboard.press("ArrowLeft")
    assert page.inner_text(".count") == "Backward, 10 of 11"
    assert browsing.errors == []
    assert [url for url in browsing.requests if not url.startswith("file:")] == []


def test_an_edited_leaf_is_computed_anew(browsing, tmp_path):
    (w1, *rest), out = neuron()
    page = browsing.open(play(out).save(tmp_path / "player.html"))
    step_to_end(page)
    page.locator(".box", has_text="w1").first.click()
    page.fill(".edit input", "no number")
    page.keyboard.press("Enter")
    assert "is no number" in page.inner_text("aside .warning")
    page.fill(".edit input", "-3.2")
    page.keyboard.press("Enter")
    w1.data = -3.2
    again = tanh(w1 * rest[0] + rest[1] * rest[2] + rest[3])
    title = play(out).data["nodes"][-1]["title"]
    assert float(shown(page, title)["data"]) == pytest.approx(again.data, rel=1e-5)
    (slope,) = again.gradient([w1])
    assert float(shown(page, "w1")["grad"]) == pytest.approx(slope, rel=1e-5)
    page.click("text=Reset")
    assert shown(page, "w1")["data"] == "-3"


def test_what_an_edit_makes_unknown_is_said(browsing, tmp_path):
    x = Value(1.0, "x")
    page = browsing.open(play(black_box(x) * 2).save(tmp_path / "player.html"))
    step_to_end(page)
    page.locator(".box", has_text="x").first.click()
    page.fill(".edit input", "5")
    page.keyboard.press("Enter")
    assert "?" in page.locator(".box.output").text_content()


def test_search_keys_and_details(browsing, tmp_path):
    _, out = neuron()
    page = browsing.open(play(out).save(tmp_path / "player.html"))
    page.keyboard.press("/")
    page.keyboard.type("tanh")
    assert page.inner_text(".count") == "1 found"
    assert page.locator(".box.found").count() == 1
    assert "tanh(v4)" in page.inner_text("aside")
    page.keyboard.press("Escape")
    page.keyboard.press("Home")
    page.locator("body").click(position={"x": 600, "y": 690})
    page.keyboard.press(" ")
    assert page.inner_text("button.main") == "Pause"
    page.keyboard.press(" ")
    assert page.inner_text("button.main") == "Play"
    before = page.get_attribute("svg", "viewBox")
    page.keyboard.press("+")
    assert page.get_attribute("svg", "viewBox") != before
    page.keyboard.press("0")
    label = page.locator(".box").first.get_attribute("aria-label")
    assert label.startswith("w1, data -3")


def test_folded_groups_open_and_close_without_a_network(browsing, tmp_path):
    model, out = network()
    made = play(out, names=model)
    page = browsing.open(made.save(tmp_path / "player.html"))
    before = page.locator(".box").count()
    page.keyboard.press("End")
    group = page.locator(".box.group").first
    group.dblclick()
    page.wait_for_function(f"document.querySelectorAll('.box').length > {before}")
    assert page.inner_text(".count").split(",")[0] == "Backward"
    opened = page.locator(".box").count()
    for box in page.locator(".box:not(.leaf):not(.group)").all():
        box.dispatch_event("click")
        close = page.locator("aside button", has_text="Close")
        if close.count():
            close.first.click()
            break
    page.wait_for_function(f"document.querySelectorAll('.box').length < {opened}")
    closed = page.locator(".box").count()
    assert page.inner_text(".count").split(",")[0] == "Backward"
    page.locator(".box.group").first.dblclick()
    page.wait_for_function(f"document.querySelectorAll('.box').length > {closed}")
    slopes = dict(
        zip(
            (name for name, _ in model.named_parameters()),
            out.gradient(model.parameters()),
            strict=True,
        )
    )
    for name in page.locator(".box.leaf text.title").all_text_contents():
        if name in slopes:
            grad = float(shown(page, name)["grad"])
            assert grad == pytest.approx(slopes[name], rel=1e-5, abs=1e-12)
    assert browsing.errors == []
    outside = [u for u in browsing.requests if not u.startswith(("file:", "blob:"))]
    assert outside == []


HOSTILE = [
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "a\"b'|{c}",
]


@pytest.mark.parametrize("label", HOSTILE)
def test_a_hostile_label_stays_text(browsing, tmp_path, label):
    x = Value(2.0, label)
    page = browsing.open(play(x * x).save(tmp_path / "player.html"))
    assert page.locator("text.title").first.text_content()[:10] == label[:10]
    page.locator(".box").first.click()
    assert label in page.inner_text("aside h2 >> nth=1")
    assert browsing.errors == []
    assert page.locator("img").count() == 0
