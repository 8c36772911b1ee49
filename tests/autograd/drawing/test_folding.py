"""Folding: what belongs together is found, and a box's numbers are the engine's."""

import math
import random
import re
import time

import pytest

import autograd
from autograd import ArgumentError, Value, dot, draw, exp, sin, tanh
from autograd.drawing.folding import (
    LEVELS,
    Size,
    closed_to_fit,
    fold_scene,
    levels,
    size_of,
)
from autograd.drawing.grouping import grouped
from autograd.drawing.scene import Range, scene_of
from nn import MLP, losses

from .graphs import Net, rnn, training_step


def groups_of(*outputs, names=None):
    """Return the groups as (kind, caption, formula), by the title."""
    titles = {id(v): k for k, v in (names or {}).items()}
    found = grouped(scene_of(outputs, titles)).groups
    return [(g.kind, g.title, g.caption, g.formula) for g in found]


def boxes(drawing):
    return {
        node.title or node.caption: node
        for node in drawing.scene.nodes
        if node.kind != "constant"
    }


# What is found


def test_a_chain_of_sums_and_products():
    a, b, c = (Value(1.0, label=label) for label in "abc")
    assert groups_of(a * b + c - 2 * a) == [
        ("chain", "v4", "4 nodes", "(a × b + c) - (2 × a)")
    ]


def test_a_neuron_is_a_chain_with_a_function_on_top():
    w, x, b = (Value(0.5, label=label) for label in ("w", "x", "b"))
    out = tanh(w * x + b)
    out.label = "out"
    assert groups_of(out) == [
        ("neuron", "out", "3 nodes", "tanh(w × x + b)"),
        ("chain", "v2", "2 nodes", "w × x + b"),
    ]


def test_what_stays_outside_of_a_neuron():
    w, x, b = (Value(0.5, label=label) for label in ("w", "x", "b"))
    score = w * x + b
    shared = tanh(score) + score  # used twice: a result of its own
    labelled = score * 2
    labelled.label = "seen"
    found = groups_of(shared, exp(labelled))
    assert ("chain", "v2", "2 nodes", "w × x + b") in found
    assert not [group for group in found if group[0] == "neuron"]


def test_a_loss_is_no_part_of_the_neuron_below_it():
    w, x, b = (Value(0.5, label=label) for label in ("w", "x", "b"))
    loss = (tanh(w * x + b) - 1) ** 2
    formulas = [formula for kind, _, _, formula in groups_of(loss) if kind == "neuron"]
    assert sorted(formulas) == ["(v3 - 1)²", "tanh(w × x + b)"]


def test_neurons_of_one_module_stay_apart_from_those_of_another():
    net = Net(2, 2, 1, activation=lambda s: s)  # linear: shape alone cannot tell
    [out] = net([Value(1.0, label="x0"), Value(2.0, label="x1")])
    names = dict(net.named_parameters())
    found = [title for kind, title, *_ in groups_of(out, names=names)]
    assert {f"layers[0].neurons[{j}]" for j in (0, 1)} < {*found}
    assert "layers[1].neurons[0]" in found


def test_a_layer_and_its_inputs():
    net = Net(2, 5, 1)
    [out] = net([Value(1.0, label="x0"), Value(2.0, label="x1")])
    drawn = boxes(draw(out, names=net, fold="layers"))
    assert list(drawn) == ["x0 … x1", "layers[0]", "layers[1].neurons[0]"]
    assert drawn["layers[0]"].caption == "5 neurons"
    assert drawn["layers[0]"].formula == "relu(b + w[0] × x0 + w[1] × x1)"


@pytest.mark.parametrize("named", [True, False])
def test_a_training_step(named):
    loss, net = training_step(30, 6, 5, 1)
    drawing = draw(loss, names=net if named else None, fold="layers")
    captions = [n.caption for n in drawing.scene.nodes if n.kind == "group"]
    for caption in ("6 neurons × 30", "5 neurons × 30", "× 30"):
        assert caption in captions
    assert len(captions) == 10
    if named:
        titles = {n.title for n in drawing.scene.nodes}
        assert {"layers[0]", "layers[1]", "layers[2].neurons[0]", "loss"} < titles
    assert "in 10 boxes, folded: 2 layers, 2 batches, 3 chains" in drawing.folded


def test_a_neuron_is_drawn_once_for_all_samples():
    loss, net = training_step(30, 3, 1)
    drawn = boxes(draw(loss, names=net, fold="copies"))
    for j in range(3):
        assert drawn[f"layers[0].neurons[{j}]"].caption == "× 30"
    assert drawn["layers[1].neurons[0]"].caption == "× 30"


def test_inputs_that_are_values_do_not_hide_the_layers():
    net = Net(2, 4, 1)
    scores = [net([Value(0.1 * i), Value(1.0)])[0] for i in range(10)]
    loss = autograd.mean([s * s for s in scores])
    captions = {n.caption for n in draw(loss, fold="layers").scene.nodes}
    assert {"4 neurons × 10", "× 10"} < captions


def test_classes_of_a_batch_do_not_split_its_layers():
    net = Net(2, 4, 3)
    losses = []
    for i in range(12):
        scores = net([0.1 * i, 1.0])
        losses.append(autograd.logsumexp(scores) - scores[i % 3])
    drawing = draw(autograd.mean(losses), names=net, fold="layers")
    found = [n.caption for n in drawing.scene.nodes if n.title == "layers[0]"]
    assert "4 neurons × 12" in found


def test_the_same_from_nn():
    model = MLP(3, [4, 3], "tanh", seed=0)
    rows = [[0.1 * i, 1.0, -0.5] for i in range(12)]
    loss = losses.cross_entropy(list(map(model, rows)), [i % 3 for i in range(12)])
    drawing = draw(loss, names=model, fold="layers")
    found = {(n.title, n.caption) for n in drawing.scene.nodes}
    assert ("layers[0]", "4 neurons × 12") in found
    assert ("", "× 12") in found  # logsumexp, wherever its 0 stands
    assert len(boxes(drawing)) <= 7


def recurrent(steps, units=2):
    rng = random.Random(0)
    weights = [
        [Value(rng.gauss(0, 0.5)) for _ in range(units + 1)] for _ in range(units)
    ]
    state = [Value(0.0)] * units
    for t in range(steps):
        row = [*state, Value(0.1 * t)]
        state = [
            tanh(sum((w * x for w, x in zip(ws, row, strict=True)), Value(0.0)))
            for ws in weights
        ]
    out = dot(state, state)
    out.backward()
    return out


def test_the_steps_of_a_loop():
    drawing = draw(recurrent(60), max_nodes=40)
    [loop] = [n for n in drawing.scene.nodes if n.operation == "repeat"]
    assert loop.caption == "2 neurons × 60 steps"
    assert [e for e in drawing.scene.edges if e.tail == e.head == loop.name]
    assert len(drawing.scene.nodes) < 12


def test_a_loop_of_a_user_s_own():
    p, v, k = Value(1.0, label="p0"), Value(0.0, label="v0"), Value(2.0, label="k")
    for _ in range(300):
        p, v = p + v * 0.01, v - k * p * 0.01
    p.label = "p"
    p.backward()
    drawing = draw(p)
    assert len(boxes(drawing)) <= 8
    assert "loops" in drawing.folded


def test_leaves_of_different_use_are_no_group():
    total = sin(Value(1.0)) * exp(Value(2.0))
    assert not [group for group in groups_of(total) if group[0] == "leaves"]


def test_squares_and_cubes_are_not_alike():
    xs = [Value(float(i)) for i in range(8)]
    total = autograd.sum([x**2 for x in xs[:4]] + [x**3 for x in xs[4:]])
    formulas = sorted(f for kind, _, _, f in groups_of(total) if kind == "layer")
    assert [formula[-1] for formula in formulas] == ["²", "³"]


def test_a_long_chain_needs_no_recursion():
    v = Value(1.0, label="x")
    for i in range(20_000):
        v = sin(v) if i % 2 else v + 1
    assert len(draw(v).scene.nodes) <= 5


# The numbers of a box


def random_graph(seed):
    """Return outputs of a random graph with labels, paths and repeated operands."""
    rng = random.Random(seed)
    labels = [None, None, "x1", "x2", "m[0].w[1]", "m[0].w[2]", "m[1].b"]
    values = [
        Value(
            rng.uniform(0.5, 1.5), label=(rng.choice(labels) or "").replace("#", f"{i}")
        )
        for i in range(rng.randint(1, 6))
    ]
    makers = [
        lambda a, b: a + b,
        lambda a, b: a * b * 0.7,
        lambda a, b: a - b,
        lambda a, b: a / (b * b + 1),
        lambda a, b: sin(a),
        lambda a, b: tanh(a),
        lambda a, b: a * 2 + 1,
        lambda a, b: dot([a, b, a], [b, b, 0.5]),
        lambda a, b: a**2,
        lambda a, b: exp(-a * a),
        lambda a, b: autograd.sum([a, b, values[0]]),
    ]
    for i in range(rng.choice([5, 20, 60, 150])):
        value = rng.choice(makers)(rng.choice(values[-12:]), rng.choice(values))
        if rng.random() < 0.05:
            value.label = f"h[{i}]"
        values.append(value)
    return [values[-1]] + ([values[-3]] if rng.random() < 0.2 else [])


def all_foldings(scene, seed):
    """Yield scenes with what to close: the levels, any other choice, the rest."""
    names = sorted(group.name for group in scene.groups)
    rng = random.Random(seed)
    for closed in levels(scene):
        yield scene, closed
    for _ in range(3):
        yield scene, set(rng.sample(names, len(names) // 2))
    yield closed_to_fit(scene, 12)


@pytest.mark.parametrize("seed", range(60))
def test_folded_numbers_are_the_engines(seed):
    outputs = random_graph(seed)
    outputs[0].backward()
    scene = grouped(scene_of(outputs))
    for whole, closed in all_foldings(scene, seed):
        check_folded(whole, fold_scene(whole, closed))


def check_folded(whole, folded):
    groups = {group.name: group for group in whole.groups}
    values = [node for node in folded.nodes if node.kind != "constant"]
    sizes = [groups[n.name].size if n.kind == "group" else 1 for n in values]
    assert sum(sizes) == whole.total == folded.total
    flows = {node.name: [] for node in folded.nodes}
    for edge in folded.edges:
        if edge.contribution is not None and edge.tail != edge.head:
            flows[edge.tail].append(edge.contribution)
    grads = {node.name: node.grad for node in folded.nodes}
    for node in values:
        single = node.kind != "group" or groups[node.name].root
        if single and not node.is_output:  # what flows in is the gradient
            size = math.fsum(map(abs, flows[node.name]))
            assert math.fsum(flows[node.name]) == pytest.approx(
                node.grad, rel=1e-9, abs=1e-9 * (1 + size)
            )
    for edge in folded.edges:
        upstream = grads[edge.head]
        if edge.derivative is not None and not isinstance(upstream, Range):
            assert edge.derivative * upstream == pytest.approx(
                edge.contribution, rel=1e-9, abs=1e-12 * (1 + abs(edge.derivative))
            )
    if not any(node.operation == "repeat" for node in values):
        place = {node.name: i for i, node in enumerate(folded.nodes)}
        assert all(place[e.tail] < place[e.head] for e in folded.edges)


def test_the_slope_of_a_box_is_that_of_its_function():
    x, y = Value(0.7, label="x"), Value(1.3, label="y")
    out = tanh(x * y + x * 3)
    [box] = [n for n in draw(out, fold=True).scene.nodes if n.kind == "group"]
    slopes = {e.tail: e.derivative for e in draw(out, fold=True).scene.edges}
    assert box.data == out.data
    assert list(slopes.values()) == pytest.approx(out.gradient([x, y]), rel=1e-14)


def test_ranges():
    net = Net(2, 3, 1)
    [out] = net([1.0, -1.0])
    out.backward()
    hidden = [out.parents[0].parents[0]]
    assert hidden
    box = boxes(draw(out, names=net, fold="layers"))["layers[0]"]
    assert isinstance(box.data, Range)
    assert box.data.low <= box.data.high
    nan = Value(math.nan) * 1.0
    for v in (nan + sin(nan), sin(nan) * 2):
        assert draw(v, fold=True).dot


# How much is folded


def test_small_graphs_are_not_folded():
    drawing = draw(tanh(Value(1.0) * 2 + 1))
    assert drawing.folded == ""
    assert repr(drawing) == "Drawing(6 nodes, 5 edges)"


def test_as_little_as_needed():
    loss, net = training_step(5, 4, 1)
    sizes = []
    for most in (2000, 150, 40, 12):
        drawing = draw(loss, names=net, max_nodes=most)
        sizes.append(len(boxes(drawing)))
        assert sizes[-1] <= most
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) > 2


def test_a_long_row_of_boxes_is_folded_with_the_rest():
    """Sixty neurons in a row are less than 150 boxes, and no picture for one page."""
    drawing = draw(rnn())
    assert "loop" in drawing.folded
    v = Value(1.0)
    for _ in range(100):  # but what is small is never folded
        v = tanh(v)
    assert draw(v).folded == ""


def test_depth_opens_level_after_level():
    loss, net = training_step(3, 3, 1)
    counts = [len(boxes(draw(loss, names=net, depth=d))) for d in range(6)]
    assert counts == sorted(counts)
    scene = grouped(scene_of([loss]))
    assert counts[-1] == scene.total == len(boxes(draw(loss, fold=False)))
    assert counts[0] == len(boxes(draw(loss, names=net, fold=True)))


def test_levels_by_name():
    loss, net = training_step(4, 3, 1)
    counts = [len(boxes(draw(loss, names=net, fold=f))) for f in LEVELS[1:]]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] < len(boxes(draw(loss, names=net, fold=False)))


def test_modules_by_path():
    net = Net(2, 3, 3, 1)
    [out] = net([Value(1.0, label="a"), Value(2.0, label="b")])
    out.backward()
    drawing = draw(out, names=net, fold=["layers[0]", "layers[1].neurons[2]"])
    drawn = boxes(drawing)
    assert drawn["layers[0]"].kind == drawn["layers[1].neurons[2]"].kind == "group"
    assert "2 modules" in drawing.folded
    assert "layers[1].neurons[0].w[0]" in drawn
    assert not any(title.startswith("layers[0].") for title in drawn)
    check_folded_sizes = sum(n.kind == "group" for n in drawn.values())
    assert check_folded_sizes == 2
    with pytest.raises(
        ArgumentError, match=r"no parameter here has a path below 'lay'"
    ):
        draw(out, names=net, fold=["lay"])


def test_beyond_all_folding_the_rest_is_one_box():
    rng = random.Random(0)
    values = [Value(1.0, label=f"x{i}") for i in range(5)]
    for i in range(800):
        a, b = rng.choice(values[-20:]), rng.choice(values[-20:])
        values.append([a + b, a * b, sin(a), a / (b + 2), tanh(b)][rng.randrange(5)])
        values[-1].label = f"step {i}"  # nothing joins what has a name
    drawing = draw(values[-1], max_nodes=50)
    titles = list(boxes(drawing))
    assert len(titles) <= 50
    assert any(re.fullmatch(r"[\d,]+ earlier nodes", title) for title in titles)
    assert "what came before" in drawing.folded


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fold": "layer"}, "fold is 'auto', True, False, one of chains, neurons,"),
        ({"depth": -1}, "depth is a whole number from 0 on, got -1"),
        ({"depth": True}, "depth is a whole number from 0 on, got True"),
        ({"depth": 1, "fold": True}, "give fold or depth, not both"),
        ({"max_nodes": 0}, "max_nodes is a whole number from 1 on, got 0"),
        ({"color": "red"}, "color is one of kind, grad, data; got 'red'"),
        ({"direction": "up"}, "direction is one of auto, right, down; got 'up'"),
        ({"names": 3}, "names is a model, or a mapping from names to Values"),
    ],
)
def test_options_that_make_no_sense(options, message):
    with pytest.raises(ArgumentError, match=re.escape(message)):
        draw(Value(1.0) * 2, **options)


def test_time_is_near_linear():
    """Ten times the samples take far less than the square of ten times as long."""

    def seconds(samples):
        loss, _ = training_step(samples, 4, 1)
        scene = scene_of([loss])
        best = math.inf
        for _ in range(3):
            start = time.process_time()
            found = grouped(scene)
            fold_scene(found, levels(found)[0])
            best = min(best, time.process_time() - start)
        return best

    assert seconds(200) < 40 * seconds(20)


def test_size_of_counts_boxes_and_arrows():
    x = Value(1.0)
    scene = grouped(scene_of([x * x + 1]))
    assert size_of(scene, set()) == Size(boxes=3, arrows=2, length=3)
