"""Layers, losses and optimizers against PyTorch's numbers, in double precision."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Value, cos, exp

FILE = Path(__file__).parent / "reference" / "torch.json"
REFERENCE = json.loads(FILE.read_text("utf-8"))


def lifted(data: Any) -> Any:
    return list(map(lifted, data)) if isinstance(data, list) else Value(data)


def flat(nest: Any) -> list[Any]:
    if isinstance(nest, Iterable):
        return [x for item in nest for x in flat(item)]
    return [nest]


def check(out: Any, inputs: dict[str, Any], case: dict[str, Any]) -> None:
    """Compare the outputs, and the gradients of Σ cᵢ outᵢ, c = 1, 1.5, 2, ..."""
    found = flat(out)
    assert [v.data for v in found] == pytest.approx(flat(case["out"]), rel=1e-12, abs=0)
    weighted: list[Any] = [(1 + i / 2) * v for i, v in enumerate(found)]
    autograd.sum(weighted).backward()
    for name, values in inputs.items():
        wanted = flat(case["grads"][name])
        # Gradients that cancel to 0 in one order of the sum leave 1e-16 in another.
        tiny = 1e-15 * max(map(abs, [*wanted, 1e-300]))
        got = [v.grad for v in flat(values)]
        assert got == pytest.approx(wanted, rel=1e-12, abs=tiny), name


def compute_layer(name: str, v: dict[str, Any]) -> Any:
    kind, *rest = name.split()
    if kind == "dense":
        n_in, n_out = len(v["x"]), len(v["bias"])
        layer = nn.Dense(n_in, n_out, activation=rest[0])
        for neuron, w, b in zip(layer.neurons, v["weight"], v["bias"], strict=True):
            neuron.w, neuron.b = w, b
        return layer(v["x"])
    if kind == "layer_norm":
        norm = nn.LayerNorm(5, eps=0.1 if rest else 1e-5, affine=not rest)
        norm.weight, norm.bias = v.get("weight", []), v.get("bias", [])
        return norm(v["x"])
    if kind == "embedding":
        embedding = nn.Embedding(4, 3)
        embedding.weight = v["weight"]
        return embedding([2, 0, 2])
    return getattr(nn, kind)(v["z"])


@pytest.mark.parametrize("name", REFERENCE["layers"])
def test_layer(name: str) -> None:
    case = REFERENCE["layers"][name]
    inputs = {key: lifted(data) for key, data in case["inputs"].items()}
    check(compute_layer(name, inputs), inputs, case)


def compute_loss(case: dict[str, Any], predictions: Any) -> Any:
    loss = getattr(nn.losses, case["loss"])
    return loss(
        predictions, case["targets"], reduction=case["reduction"], **case["options"]
    )


@pytest.mark.parametrize("name", REFERENCE["losses"])
def test_loss(name: str) -> None:
    case = REFERENCE["losses"][name]
    predictions = lifted(case["inputs"]["predictions"])
    check(compute_loss(case, predictions), {"predictions": predictions}, case)


@pytest.mark.parametrize("name", REFERENCE["losses"])
def test_loss_of_arrays_and_of_plain_numbers(name: str) -> None:
    case = REFERENCE["losses"][name]
    data = case["inputs"]["predictions"]
    values = compute_loss(case, autograd.array(data))
    arrays = compute_loss(case | {"targets": np.array(case["targets"])}, np.array(data))
    wanted = pytest.approx(flat(case["out"]), rel=1e-12, abs=0)
    assert [v.data for v in flat(values)] == wanted
    assert flat(arrays) == flat(compute_loss(case, data)) == wanted
    assert all(type(x) is float for x in flat(arrays))


def objective(p: list[Value]) -> Any:
    bowl = autograd.sum([(i + 1) * (x - 1) ** 2 / 2 for i, x in enumerate(p)])
    return bowl + 3 * cos(p[0] * p[1]) + exp(p[2] / 4) * p[3]


@pytest.mark.parametrize(
    "case",
    REFERENCE["optimizers"],
    ids=lambda case: "{optimizer} {options} {clips}".format(**case),
)
def test_trajectory(case: dict[str, Any]) -> None:
    parameters = lifted(REFERENCE["start"])
    options = case["options"] | case["clips"]
    optimizer = getattr(nn, case["optimizer"])(parameters, **options)
    path = []
    for step in range(1, 101):
        optimizer.zero_grad()
        objective(parameters).backward()
        optimizer.step()
        if step % 10 == 0:
            path.append([p.data for p in parameters])
    assert flat(path) == pytest.approx(flat(case["path"]), rel=1e-12, abs=0)
