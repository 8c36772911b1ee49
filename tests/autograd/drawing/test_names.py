"""Names: labels, paths of a model's parameters, variables of the caller."""

import re

import numpy as np
import pytest

from autograd import ArgumentError, Value, array, draw, label_locals, tanh
from nn import MLP, Dense, Sequential


def titles(drawing):
    return [node.title for node in drawing.scene.nodes if node.kind != "constant"]


def test_parameters_have_the_paths_of_their_modules():
    model = MLP(2, [2, 1], seed=0)
    out = model([1.0, 2.0])
    found = titles(draw(out, names=model, fold=False))
    assert {"layers[0].neurons[1].w[1]", "layers[1].neurons[0].b"} < {*found}
    assert {path for path, _ in model.named_parameters()} < {*found}


def test_names_of_a_mapping_go_before_labels():
    a, xs = Value(1.0, label="old"), [Value(2.0), Value(3.0)]
    out = a * xs[0] + xs[1]
    names = {"a": a, "xs": xs, "out": out, "other": "no Value"}
    assert titles(draw(out, names=names)) == ["a", "xs[0]", "v1", "xs[1]", "out"]
    assert a.label == "old"


def test_label_locals_names_variables():
    a, b = Value(1.0), Value(2.0, label="kept")
    rows = [[Value(3.0)], (Value(4.0),)]
    table = {"k": Value(5.0)}
    grid = array(np.ones((1, 2)))
    model = MLP(1, [1], seed=0)
    alias = a
    _hidden = Value(6.0)
    labelled = label_locals()
    assert (a.label, b.label, alias.label, _hidden.label) == ("a", "kept", "a", None)
    assert rows[1][0].label == "rows[1][0]"
    assert table["k"].label == "table['k']"
    assert grid[0, 1].label == "grid[0][1]"
    assert model.parameters()[0].label == "model.layers[0].neurons[0].w[0]"
    assert labelled["a"] is a
    assert "b" not in labelled
    assert list(label_locals(overwrite=True))[:2] == ["a", "b"]
    assert (a.label, b.label) == ("a", "b")


def test_labels_are_expressions_for_the_values():
    model = MLP(2, [2, 1], seed=0)
    labelled = label_locals()
    assert len(labelled) == len(model.parameters())
    for label, value in labelled.items():
        assert eval(label) is value


def test_label_locals_meets_odd_things():
    loop = [Value(1.0)]
    loop.append(loop)
    unbuilt = Sequential([Dense(3)])
    kinds = (Value, MLP, np.ones(3), {1, 2}, None)
    assert {"loop[0]"} == {*label_locals()}
    assert unbuilt is not None
    assert kinds


def test_in_a_notebook(tmp_path):
    """As in a notebook's cells: names are globals of one namespace."""
    cells = ["x = Value(2.0); y = x * 3", "labelled = label_locals()"]
    scope = {"Value": Value, "label_locals": label_locals}
    for cell in cells:
        exec(cell, scope)
    assert (scope["x"].label, scope["y"].label) == ("x", "y")


def test_formulas_shorten_the_paths_of_parameters():
    model = MLP(2, [1, 1], seed=0, fused=False)
    out = model([Value(1.0, label="x"), Value(2.0, label="y")])
    formulas = [node.formula for node in draw(out, names=model).scene.nodes]
    assert "w[0] × x" in formulas


def test_names_are_checked():
    with pytest.raises(ArgumentError, match=re.escape("got a list")):
        draw(tanh(Value(1.0)), names=[Value(1.0)])
