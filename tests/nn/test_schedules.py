import json
import math
from pathlib import Path
from typing import Any

import pytest

import nn
from autograd import ArgumentError, Value
from nn import schedules

TORCH = json.loads((Path(__file__).parent / "reference/schedules.json").read_text())
LR = 0.3


@pytest.mark.parametrize(
    ("name", "rate"),
    [
        ("step", schedules.step(LR, 7, 0.5)),
        ("step, default", schedules.step(LR, 7)),
        ("exponential", schedules.exponential(LR, 0.9)),
        ("cosine", schedules.cosine(LR, 13)),  # 40 steps: up again, and down
        ("cosine, lowest", schedules.cosine(LR, 50, 0.01)),
        ("warm_up", schedules.warm_up(LR, 9)),
        ("warm_up, start", schedules.warm_up(LR, 9, 0.01)),
        ("warm_up, cosine", schedules.warm_up(schedules.cosine(LR, 20), 6, 0.1)),
        ("one_cycle", schedules.one_cycle(LR, 40)),
        ("one_cycle, options", schedules.one_cycle(LR, 33, 0.45, 10.0, 100.0)),
        ("one_cycle, no rise", schedules.one_cycle(LR, 8, rise=0.1)),
        ("one_cycle, rise only", schedules.one_cycle(LR, 8, rise=1.0)),
    ],
)
def test_pytorchs_numbers(name: str, rate: Any) -> None:
    # PyTorch steps from rate to rate, which rounds: near 0 it is off by 1e-17.
    found = [rate(k) for k in range(len(TORCH[name]))]
    assert found == pytest.approx(TORCH[name], rel=1e-12, abs=1e-15)
    assert found[::-1] == [rate(k) for k in reversed(range(len(found)))]  # no state


def test_turns_by_hand() -> None:
    assert schedules.cosine(4.0, 10, 2.0)(5) == pytest.approx(3.0, rel=1e-15)
    assert schedules.warm_up(8.0, 4, 0.5)(2) == 6.0
    assert schedules.warm_up(8.0, 4, 0.5)(4) == 8.0
    cycle = schedules.one_cycle(1.0, 21, rise=11 / 21)  # up in 10 steps, down in 10
    assert [cycle(0), cycle(10)] == pytest.approx([0.04, 1.0], rel=1e-14)
    assert cycle(20) == pytest.approx(0.04 / 1e4, rel=1e-10)
    assert schedules.one_cycle(1.0, 2, rise=0.5)(0) == 1.0  # no step to rise in
    assert schedules.one_cycle(1.0, 1)(0) == pytest.approx(4e-6)


def test_an_optimizer_takes_one() -> None:
    x = Value(5.0)
    optimizer = nn.SGD([x], lr=schedules.step(1.0, every=1, factor=0.5))
    for wanted in [4.0, 3.5, 3.25]:
        x.grad = 1.0
        optimizer.step()
        assert x.data == wanted


def test_every_schedule_goes_by_its_name() -> None:
    public = set(schedules.__all__) - {"SCHEDULES", "by_name"}
    assert public == set(schedules.SCHEDULES)
    assert schedules.by_name("warm_up") is schedules.warm_up
    with pytest.raises(ArgumentError, match="'onecycle': did you mean 'one_cycle'"):
        schedules.by_name("onecycle")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: schedules.step(-1.0, 2), "^lr is a number from 0 on, got -1.0"),
        (lambda: schedules.step(True, 2), "^lr is a number from 0 on, got True"),
        (lambda: schedules.step(0.1, 0), "^every is a whole number from 1 on, got 0"),
        (lambda: schedules.step(0.1, 2, math.nan), "^factor is a number .* got nan"),
        (lambda: schedules.exponential("1", 0.9), "^lr is a number .* got '1'"),
        (lambda: schedules.exponential(0.1, -0.9), "^factor is a number from 0 on"),
        (lambda: schedules.cosine(0.1, 2.5), "^steps is a whole number .* got 2.5"),
        (lambda: schedules.cosine(0.1, 5, math.inf), "^lowest is a number .* got inf"),
        (lambda: schedules.warm_up(None, 5), "^lr is a number from 0 on, got None"),
        (lambda: schedules.warm_up(0.1, False), "^steps is a whole number .* False"),
        (lambda: schedules.warm_up(0.1, 5, -0.5), "^start is a number .* got -0.5"),
        (lambda: schedules.one_cycle(-0.1, 5), "^highest is a number from 0 on"),
        (lambda: schedules.one_cycle(0.1, -5), "^steps is a whole number from 1 on"),
        (lambda: schedules.one_cycle(0.1, 5, 1.5), "^rise is a share from 0 to 1"),
        (
            lambda: schedules.one_cycle(0.1, 5, end_divisor=0),
            "^end_divisor divides the rate: give a number above 0",
        ),
        (
            lambda: schedules.one_cycle(0.1, 5)(5),
            "^one_cycle was made for 5 steps, and step 5 is beyond the last, 4: give",
        ),
        *[
            (lambda k=k: schedules.exponential(0.1, 0.9)(k), "^a step is a whole n")
            for k in [-1, 1.0, True, None]
        ],
    ],
)
def test_errors(make: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        make()
