"""Write schedules.json: the learning rates of PyTorch's schedulers, step by step.

    pip install torch==2.13.0
    python tests/nn/reference/make_schedules.py

The rate of each is that in force at step 0, 1, 2, ...
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    ExponentialLR,
    LinearLR,
    OneCycleLR,
    SequentialLR,
    StepLR,
)

STEPS = 40


def rates(lr: float, make: Callable[[Any], Any], steps: int = STEPS) -> list[float]:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    scheduler = make(optimizer)
    found = [optimizer.param_groups[0]["lr"]]
    while len(found) < steps:
        optimizer.step()
        scheduler.step()
        found.append(optimizer.param_groups[0]["lr"])
    return found


def one_cycle(steps: int, **options: Any) -> list[float]:
    def make(optimizer: Any) -> Any:
        return OneCycleLR(
            optimizer, 0.3, total_steps=steps, cycle_momentum=False, **options
        )

    return rates(0.3, make, steps)


def main() -> None:
    found = {
        "made by": f"torch {torch.__version__}, tests/nn/reference/make_schedules.py",
        "step": rates(0.3, lambda o: StepLR(o, 7, 0.5)),
        "step, default": rates(0.3, lambda o: StepLR(o, 7)),
        "exponential": rates(0.3, lambda o: ExponentialLR(o, 0.9)),
        "cosine": rates(0.3, lambda o: CosineAnnealingLR(o, 13)),
        "cosine, lowest": rates(0.3, lambda o: CosineAnnealingLR(o, 50, 0.01)),
        "warm_up": rates(0.3, lambda o: LinearLR(o, total_iters=9)),
        "warm_up, start": rates(0.3, lambda o: LinearLR(o, 0.01, total_iters=9)),
        "warm_up, cosine": rates(
            0.3,
            lambda o: SequentialLR(
                o,
                [LinearLR(o, 0.1, total_iters=6), CosineAnnealingLR(o, 20)],
                milestones=[6],
            ),
        ),
        "one_cycle": one_cycle(40),
        "one_cycle, options": one_cycle(
            33, pct_start=0.45, div_factor=10.0, final_div_factor=100.0
        ),
        "one_cycle, no rise": one_cycle(8, pct_start=0.1),
        "one_cycle, rise only": one_cycle(8, pct_start=1.0),
    }
    path = Path(__file__).with_name("schedules.json")
    path.write_text(json.dumps(found, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
