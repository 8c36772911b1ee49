"""Write micrograd_moons.json: micrograd's moons demo, run by micrograd itself.

    pip install micrograd==0.1.0
    python tests/nn/reference/make_micrograd_moons.py

The demo: MLP(2, [16, 16, 1]) after random.seed(1337), hinge loss over all points plus
0.0001 Σ p², 100 steps of gradient descent with learning rate 1 − 0.9 k/100. Its points
come from scikit-learn; here they are made below and stored, so that no version of
anything can change them.
"""

import json
import math
import random
from pathlib import Path
from typing import Any

SEED, STEPS = 1337, 100


def make_moons() -> tuple[list[list[float]], list[int]]:
    """Return 50 points on each of two half circles, with noise, and labels ±1."""
    rng = random.Random(SEED)
    points, labels = [], []
    for i in range(50):
        angle = math.pi * i / 49
        for label, x, y in [
            (-1, math.cos(angle), math.sin(angle)),
            (1, 1 - math.cos(angle), 0.5 - math.sin(angle)),
        ]:
            points.append([x + rng.gauss(0, 0.1), y + rng.gauss(0, 0.1)])
            labels.append(label)
    return points, labels


def main() -> None:
    from micrograd.engine import Value
    from micrograd.nn import MLP

    points, labels = make_moons()
    random.seed(SEED)
    model = MLP(2, [16, 16, 1])
    found: dict[str, Any] = {
        "made by": "micrograd 0.1.0, tests/nn/reference/make_micrograd_moons.py",
        "seed": SEED,
        "points": points,
        "labels": labels,
        "first weights": [p.data for p in model.parameters()],
        "losses": [],
        "accuracies": [],
    }
    for k in range(STEPS):
        scores = [model(list(map(Value, point))) for point in points]
        margins = [(1 + -y * s).relu() for y, s in zip(labels, scores, strict=True)]
        data_loss = sum(margins) * (1.0 / len(margins))
        total = data_loss + 1e-4 * sum(p * p for p in model.parameters())
        right = [(y > 0) == (s.data > 0) for y, s in zip(labels, scores, strict=True)]
        found["losses"].append(total.data)
        found["accuracies"].append(sum(right) / len(right))
        model.zero_grad()
        total.backward()
        for p in model.parameters():
            p.data -= (1.0 - 0.9 * k / 100) * p.grad
        if k == 0:
            found["weights after 1 step"] = [p.data for p in model.parameters()]
    path = Path(__file__).with_name("micrograd_moons.json")
    path.write_text(json.dumps(found, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
