"""Write torch.json: layers, losses and optimizers, computed by PyTorch.

    pip install torch==2.13.0
    python tests/nn/reference/make_torch.py

Double precision. A case holds its inputs, the outputs, and the gradient of Σ cᵢ outᵢ
with respect to each differentiated input, with the cotangents c = 1, 1.5, 2, 2.5, ...
An optimizer's case holds the parameters after every tenth of 100 steps on
f(θ) = Σ (i + 1) (θᵢ − 1)² / 2 + 3 cos(θ₀ θ₁) + exp(θ₂ / 4) θ₃, i = 0 to 3.
"""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

RNG = random.Random(5)
START = [0.5, -2.0, 1.25, -0.75]
BIG = [[1000.0, -1000.0, 0.0], [-1000.0, -1000.0, -999.0], [1000.0, 1000.0, 1000.0]]
REDUCTIONS = ["mean", "sum", "none"]


def numbers(*shape: int, low: float = -2.0, high: float = 2.0) -> Any:
    if not shape:
        return round(RNG.uniform(low, high), 3)
    return [numbers(*shape[1:], low=low, high=high) for _ in range(shape[0])]


def tensor(data: Any) -> torch.Tensor:
    return torch.tensor(data, dtype=torch.float64)


def case(function: Callable[..., torch.Tensor], **inputs: Any) -> dict[str, Any]:
    """Return the inputs, the outputs and the gradients of all inputs."""
    leaves = {name: tensor(data).requires_grad_() for name, data in inputs.items()}
    out = function(**leaves)
    cotangents = 1 + torch.arange(out.numel(), dtype=torch.float64) / 2
    (out.flatten() * cotangents).sum().backward()
    return {
        "inputs": inputs,
        "out": out.tolist(),
        "grads": {name: leaf.grad.tolist() for name, leaf in leaves.items()},
    }


ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "linear": lambda z: z,
    "relu": torch.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "gelu": F.gelu,
    "silu": F.silu,
    "sigmoid": torch.sigmoid,
    "softplus": F.softplus,
    "log_sigmoid": F.logsigmoid,
    "softsign": F.softsign,
    "tanh": torch.tanh,
    "sin": torch.sin,
    "erf": torch.erf,
    "softmax": lambda z: torch.softmax(z, -1),
    "log_softmax": lambda z: torch.log_softmax(z, -1),
}


def layers() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, function in ACTIVATIONS.items():
        found[f"dense {name}"] = case(
            lambda x, weight, bias, f=function: f(F.linear(x, weight, bias)),
            x=numbers(3),
            weight=numbers(4, 3),
            bias=numbers(4),
        )
    for name in ("softmax", "log_softmax"):
        for i, row in enumerate(BIG):
            found[f"{name} {i}"] = case(lambda z, f=ACTIVATIONS[name]: f(z), z=row)
    x, weight, bias = numbers(5), numbers(5), numbers(5)
    found["layer_norm"] = case(
        lambda x, weight, bias: F.layer_norm(x, [5], weight, bias),
        x=x,
        weight=weight,
        bias=bias,
    )
    found["layer_norm plain"] = case(lambda x: F.layer_norm(x, [5], eps=0.1), x=x)
    found["embedding"] = case(
        lambda weight: F.embedding(torch.tensor([2, 0, 2]), weight),
        weight=numbers(4, 3),
    )
    return found


def losses() -> dict[str, Any]:
    found: dict[str, Any] = {}

    def add(
        name: str,
        function: Callable[..., torch.Tensor],
        predictions: Any,
        targets: Any,
        reductions: list[str] = REDUCTIONS,
        is_index: bool = False,
        **options: Any,
    ) -> None:
        wanted = torch.tensor(targets) if is_index else tensor(targets)
        for reduction in reductions:
            done = case(
                lambda predictions, r=reduction: function(
                    predictions, wanted, reduction=r, **options
                ),
                predictions=predictions,
            )
            loss = name.split()[0]
            entry = {"loss": loss, "targets": targets, "reduction": reduction}
            found[f"{name} {reduction}"] = entry | {"options": options} | done

    def reduced(costs: torch.Tensor, reduction: str) -> torch.Tensor:
        return costs if reduction == "none" else getattr(costs, reduction)()

    def hinge(s: torch.Tensor, y: torch.Tensor, reduction: str) -> torch.Tensor:
        return reduced(torch.relu(1 - y * s), reduction)

    def squared_hinge(s: torch.Tensor, y: torch.Tensor, reduction: str) -> torch.Tensor:
        return reduced(torch.relu(1 - y * s) ** 2, reduction)

    def cosine(a: torch.Tensor, b: torch.Tensor, reduction: str) -> torch.Tensor:
        return reduced(1 - F.cosine_similarity(a, b), reduction)

    ys, ts = numbers(3, 2), numbers(3, 2)
    add("mse", F.mse_loss, ys, ts)
    add("mae", F.l1_loss, ys, ts)
    add("huber", F.huber_loss, ys, ts)
    add("huber narrow", F.huber_loss, ys, ts, delta=0.4)
    signs = [1.0, -1.0, -1.0, 1.0, 1.0]
    add("hinge", hinge, numbers(5), signs)
    add("squared_hinge", squared_hinge, numbers(5), signs)
    add("hinge big", hinge, [1000.0, 1000.0], [1.0, -1.0])
    add("squared_hinge big", squared_hinge, [1000.0, 1000.0], [1.0, -1.0])
    zeros_ones, soft = [0.0, 1.0, 1.0, 0.0], numbers(4, low=0, high=1)
    with_p, with_z = F.binary_cross_entropy, F.binary_cross_entropy_with_logits
    ps, zs = numbers(4, low=0.05, high=0.95), numbers(4)
    for name, targets in [("hard", zeros_ones), ("soft", soft)]:
        add(f"binary_cross_entropy {name}", with_p, ps, targets)
        add(f"binary_cross_entropy_with_logits {name}", with_z, zs, targets)
    big = [1000.0, 1000.0, -1000.0, -1000.0]
    add("binary_cross_entropy_with_logits big", with_z, big, zeros_ones)
    zs, labels = numbers(3, 4), [3, 0, 1]
    qs = torch.softmax(tensor(numbers(3, 4)), -1).tolist()
    smooth = {"label_smoothing": 0.1}
    xent = F.cross_entropy
    add("cross_entropy", xent, zs, labels, is_index=True)
    add("cross_entropy smooth", xent, zs, labels, is_index=True, **smooth)
    add("cross_entropy soft", xent, zs, qs)
    add("cross_entropy soft smooth", xent, zs, qs, **smooth)
    for i in range(3):
        many = [i] * 3
        add(f"cross_entropy big {i}", xent, BIG, many, is_index=True)
        add(f"cross_entropy big smooth {i}", xent, BIG, many, is_index=True, **smooth)
    logs = torch.log_softmax(tensor(zs), -1).tolist()
    add("nll", F.nll_loss, logs, labels, is_index=True)
    add("kl_divergence", F.kl_div, logs, qs, [*REDUCTIONS, "batchmean"])
    add("kl_divergence hard", F.kl_div, logs, torch.eye(3, 4).tolist())
    add("cosine", cosine, numbers(3, 4), numbers(3, 4))
    add("cosine zero", cosine, [[0.0, 0.0], [3.0, 0.5]], [[1.0, 2.0]] * 2)
    return found


def objective(p: list[torch.Tensor]) -> torch.Tensor:
    bowl = sum((i + 1) * (x - 1) ** 2 / 2 for i, x in enumerate(p))
    return bowl + 3 * torch.cos(p[0] * p[1]) + torch.exp(p[2] / 4) * p[3]


# A name of the optimizer, its options, and what is clipped before each step. All of the
# runs are stable: where η / √v exceeds 2 / curvature, RMSprop leaves the minimum again,
# led by roundings, and no two implementations agree.
RUNS: list[tuple[str, dict[str, Any], dict[str, float]]] = [
    ("SGD", {}, {}),
    ("SGD", {"weight_decay": 0.1}, {}),
    ("SGD", {"momentum": 0.9}, {}),
    ("SGD", {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.01}, {}),
    ("SGD", {"momentum": 0.8, "nesterov": True, "weight_decay": 0.05}, {}),
    ("SGD", {"lr": 0.1}, {"clip_norm": 1.0}),
    ("SGD", {"lr": 0.1, "momentum": 0.5}, {"clip_value": 0.5}),
    ("RMSprop", {}, {}),
    ("RMSprop", {"lr": 0.003, "centered": True, "alpha": 0.9}, {}),
    ("RMSprop", {"centered": True, "momentum": 0.9, "weight_decay": 0.1}, {}),
    ("Adagrad", {}, {}),
    ("Adagrad", {"lr": 0.3, "lr_decay": 0.02, "weight_decay": 0.1}, {}),
    ("Adagrad", {"lr": 0.5, "initial_accumulator_value": 0.2}, {}),
    ("Adam", {}, {}),
    ("Adam", {"lr": 0.1, "betas": [0.8, 0.95], "eps": 1e-4, "weight_decay": 0.1}, {}),
    ("Adam", {"lr": 0.2, "amsgrad": True}, {}),
    ("Adam", {"lr": 0.1}, {"clip_value": 1.0, "clip_norm": 1.5}),
    ("AdamW", {}, {}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.2, "amsgrad": True}, {}),
]


def run(name: str, options: dict[str, Any], clips: dict[str, float]) -> dict[str, Any]:
    parameters = [tensor(x).requires_grad_() for x in START]
    optimizer = getattr(torch.optim, name)(parameters, foreach=False, **options)
    path = []
    for step in range(1, 101):
        optimizer.zero_grad()
        objective(parameters).backward()
        if "clip_value" in clips:
            torch.nn.utils.clip_grad_value_(parameters, clips["clip_value"])
        if "clip_norm" in clips:
            torch.nn.utils.clip_grad_norm_(parameters, clips["clip_norm"])
        optimizer.step()
        if step % 10 == 0:
            path.append([p.item() for p in parameters])
    return {"optimizer": name, "options": options, "clips": clips, "path": path}


def main() -> None:
    found = {
        "made by": f"torch {torch.__version__}, tests/nn/reference/make_torch.py",
        "layers": layers(),
        "losses": losses(),
        "start": START,
        "optimizers": [run(*settings) for settings in RUNS],
    }
    path = Path(__file__).with_name("torch.json")
    path.write_text(json.dumps(found) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
