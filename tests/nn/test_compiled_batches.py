"""fit(..., compile=True): the eager run's numbers, many times as fast."""

import random

import pytest

from autograd import ArgumentError, relu
from nn import MLP, Adam, Dropout, Layer, Module, Sequential, fit
from nn.synthetic import moons


def trained(make, loss, data, **options):
    runs = []
    for compile in (False, True):
        model = make()
        history = fit(
            model, loss, data, epochs=3, compile=compile, progress=False, **options
        )
        weights = [p.data for p in model.parameters()]
        runs.append((history, weights))
    return runs


def test_weights_losses_and_metrics_are_those_of_the_eager_run():
    data = moons(40, seed=0)
    labels = [2 * y - 1 for y in data.targets]
    (eager, slow), (fast, quick) = trained(
        lambda: MLP(2, [8, 1], seed=1),
        "hinge",
        (data.inputs, labels),
        batch_size=16,
        metrics="accuracy",
        validation=(data.inputs, labels),
    )
    assert quick == pytest.approx(slow, rel=1e-12)
    assert fast.losses == pytest.approx(eager.losses, rel=1e-12)


def test_classes_softmax_and_adam():
    rng = random.Random(0)
    rows = [[rng.gauss(0, 1), rng.gauss(0, 1)] for _ in range(30)]
    classes = [int(a > 0) + int(b > 0) for a, b in rows]
    (_, slow), (_, quick) = trained(
        lambda: MLP(2, [6, 3], seed=1), "cross_entropy", (rows, classes), batch_size=10
    )
    assert quick == pytest.approx(slow, rel=1e-11)


def test_frozen_parameters_stay_as_they_are():
    def make():
        model = MLP(2, [4, 1], seed=0)
        model.layers[0].freeze()
        return model

    rows, targets = [[0.5, 1.0], [-1.0, 0.3]], [1.0, 2.0]
    (_, slow), (_, quick) = trained(make, "mse", (rows, targets))
    assert quick == pytest.approx(slow, rel=1e-12)
    assert quick[:12] == [p.data for p in MLP(2, [4, 1], seed=0).parameters()][:12]


def test_equal_seeds_give_equal_bits():
    def weights():
        model = MLP(2, [8, 1], seed=1)
        data = moons(33, seed=0)
        fit(model, "mse", (data.inputs, data.targets), epochs=3, batch_size=7,
            optimizer=Adam(model), compile=True, progress=False)  # fmt: skip
        return [p.data for p in model.parameters()]

    assert weights() == weights()


class Noisy(Module):
    def __init__(self):
        self.layer = Layer(2, 1, seed=0)

    def __call__(self, x):
        return self.layer(x)[0] + random.random()


class Cutting(Module):
    def __init__(self):
        self.layer = Layer(2, 1, seed=0)

    def __call__(self, x):
        return self.layer(x)[0] * self.layer(x)[0].data


def dropping():
    return Sequential([Layer(2, 4, seed=0), Dropout(0.5, seed=0), Layer(4, 1, seed=0)])


def doubled_sum(outputs, targets):
    return sum(o[0] if isinstance(o, list) else o for o in outputs) * 2


REFUSED = [
    (dropping, "mse", "random numbers"),
    (Noisy, "mse", "random numbers"),
    (Cutting, "mse", "compile=False"),
    (lambda: MLP(2, [1], seed=0), doubled_sum, "means over samples"),
]


@pytest.mark.parametrize(("make", "loss", "message"), REFUSED)
def test_what_a_recording_would_get_wrong_is_refused(make, loss, message):
    rows, targets = [[0.5, 1.0], [-1.0, 0.3]], [1.0, 2.0]
    with pytest.raises(ArgumentError, match=message):
        fit(make(), loss, (rows, targets), epochs=1, compile=True, progress=False)


def test_a_loss_of_ones_own_that_is_a_mean_is_taken():
    def loss(outputs, targets):
        return sum(
            relu(1 - y * o) for o, y in zip(outputs, targets, strict=True)
        ) / len(outputs)

    rows, targets = [[0.5, 1.0], [-1.0, 0.3]], [1.0, -1.0]
    (_, slow), (_, quick) = trained(
        lambda: MLP(2, [4, 1], seed=0), loss, (rows, targets)
    )
    assert quick == pytest.approx(slow, rel=1e-12)
