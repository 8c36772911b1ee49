"""Copies and pickles keep a graph and its sharing."""

import copy
import pickle
import threading
from fractions import Fraction

import pytest

import autograd
from autograd import Value, dot, polygamma, record_sources, rule, where

COPIES = {
    "deepcopy": copy.deepcopy,
    **{
        f"pickle {protocol}": lambda x, p=protocol: pickle.loads(pickle.dumps(x, p))
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
    "python's pickler": lambda x: pickle.loads(pickle._dumps(x)),
}
duplicate = pytest.mark.parametrize("duplicate", COPIES.values(), ids=COPIES)


@rule(partials=lambda m, out, x: (2 * x,))
def module_level(m, x):
    return x * x


def model_and_loss():
    w = [Value(0.5, label="w0"), Value(-0.25)]
    hidden = dot(w, [2.0, w[0]]).tanh()
    loss = (
        (hidden - 1.0) ** 2
        + where(hidden > 0, hidden, 3.0)
        + polygamma(1, w[0])
        + module_level(w[1])
        + (3.0 - w[0])
    )
    return {"loss": loss, "model": w, "hidden": hidden}


@duplicate
@pytest.mark.parametrize(
    "order", [["loss", "model", "hidden"], ["hidden", "loss", "model"]]
)
def test_a_copied_loss_fills_the_copied_models_gradients(duplicate, order):
    original = model_and_loss()
    copied = duplicate({name: original[name] for name in order})
    copied["loss"].backward()
    assert all(p.grad == 0.0 for p in original["model"])
    original["loss"].backward()
    assert [p.grad for p in copied["model"]] == [p.grad for p in original["model"]]
    assert copied["hidden"].grad == original["hidden"].grad != 0.0
    assert copied["model"][0].label == "w0"
    assert copied["loss"].operands[0].rule is original["loss"].operands[0].rule


@duplicate
def test_two_outputs_keep_their_shared_node(duplicate):
    x = Value(2.0)
    shared = x * x
    first, second, again = duplicate([shared + 1.0, shared * 3.0, shared])
    assert first.parents[0] is second.parents[0] is again
    first.backward()
    second.backward()
    assert again.parents[0].grad == 4.0 + 12.0


@duplicate
def test_kinds_grads_and_sources_survive(duplicate):
    x = Value(Fraction(1, 3))
    with record_sources():
        y = x * x
    y.backward()
    copied = duplicate(y)
    assert type(copied) is type(y)
    assert copied.data == Fraction(1, 9)
    assert copied.parents[0].grad == Fraction(2, 3)
    assert copied.source == y.source


@duplicate
def test_subclasses_keep_their_attributes(duplicate):
    leaf = Weight(2.0)
    leaf.unit = ["m"]
    copied = duplicate(leaf * 1.0).parents[0]
    assert type(copied) is Weight
    assert copied.unit == ["m"]


class Weight(Value):
    pass


def test_copy_is_shallow():
    x, y = Value(2.0), Value(3.0)
    z = x * y
    z.grad = 7.0
    twin = copy.copy(z)
    assert twin is not z
    assert twin.parents == (x, y)
    assert (twin.data, twin.grad, twin.rule) == (z.data, 7.0, z.rule)
    assert copy.copy(x).is_leaf


def test_a_million_nodes_are_copied_and_pickled():
    x = Value(1.0)
    y = x
    for _ in range(1_000_000):
        y = y + x
    for copied_x, copied_y in (
        pickle.loads(pickle.dumps((x, y))),
        copy.deepcopy((x, y)),
    ):
        copied_y.backward()
        assert copied_x.grad == 1_000_001.0
        assert x.grad == 0.0


def test_each_pickling_brings_the_present_state():
    x = Value(2.0)
    y = x * x
    first = pickle.dumps(y)
    y.backward()
    second = pickle.dumps(y)
    assert pickle.loads(first).parents[0].grad == 0.0
    assert pickle.loads(second).parents[0].grad == 4.0


def test_threads_pickle_the_same_graph():
    graph = model_and_loss()
    results = []

    def work():
        for _ in range(50):
            results.append(pickle.loads(pickle.dumps(graph))["loss"].data)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [graph["loss"].data] * 200


def test_a_local_rule_cannot_be_pickled_and_says_so():
    @rule(partials=lambda m, out, x: (1,))
    def local(m, x):
        return x

    with pytest.raises(pickle.PicklingError, match="define it at the top level"):
        pickle.dumps(local(Value(1.0)))


def test_rules_are_pickled_by_name():
    for name, row in autograd.RULES.items():
        assert pickle.loads(pickle.dumps(row)) is autograd.RULES[name]


class Tagged(Value):
    __slots__ = "tag"  # a single name needs no tuple


@duplicate
def test_slots_of_subclasses_and_sourced_leaves_survive(duplicate):
    leaf = Tagged(2.0)
    leaf.tag = "t"
    assert duplicate([leaf])[0].tag == "t"
    assert copy.copy(leaf).tag == "t"
    with record_sources(), autograd.no_grad():
        y = Value(2.0) * 3
    assert duplicate(y).source == y.source is not None


def test_a_copy_made_inside_a_function_is_a_constant():
    assert autograd.grad(lambda x: x * copy.deepcopy(Value(2.0)))(3.0) == 2.0
