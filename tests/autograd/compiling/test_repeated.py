"""Steps of a descent by native code alone: the bits of the same steps by NumPy."""

import numpy as np
import pytest

import autograd
from autograd import Value

pytest.importorskip("llvmlite", reason="native code needs llvmlite (extra compile)")

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(2, 37))
AXES = (0, 0, 0, None)
SIZES = [1, 3, 7, 8, 9, 16, 21]


def network(size, backend=None):
    """Return samples whose results are a cost and its gradient, and the weights."""
    weights = [Value(x) for x in RNG.normal(size=size)]

    def cost_and_slopes(x, y):
        error = autograd.tanh(sum(w * x**k for k, w in enumerate(weights))) - y
        return error * error, (error * error).gradient(weights)

    samples = autograd.compile(cost_and_slopes, backend=backend).samples(X, Y)
    samples.bind(weights)
    return samples, np.array([w.data for w in weights])


def momentum(slope, number, velocity, step):
    velocity = 0.9 * velocity + slope
    return number - 0.05 * velocity / (1 - 0.5 ** (step + 1)), velocity


def by_hand(samples, numbers, steps, batches=None):
    velocity, costs = np.zeros(numbers.size), []
    for step in range(steps):
        rows = None if batches is None else batches[step]
        count = X.size if rows is None else rows.size
        cost, *slopes = samples.total(numbers, rows) / count
        costs.append(cost)
        numbers, velocity = momentum(np.array(slopes), numbers, velocity, float(step))
    return costs, np.array(slopes), numbers, velocity


def repeated(samples, numbers, update=momentum, batch=None):
    samples.total(numbers)
    fast = autograd.compile(update, exact=True)
    return samples.repeated(fast.samples(*[numbers] * 3, 0.0, in_axes=AXES), batch)


@pytest.mark.parametrize("size", SIZES)
def test_many_steps_have_the_bits_of_single_ones(size):
    samples, numbers = network(size)
    steps = repeated(samples, numbers)
    for most in (1, 2, 25):
        costs, slopes, last, (velocity,) = steps.go(
            numbers, [np.zeros(size)], [0.0], most
        )
        expected = by_hand(samples, numbers, most)
        assert costs == expected[0]
        for found, right in zip((slopes, last, velocity), expected[1:], strict=True):
            assert found.tolist() == right.tolist()


@pytest.mark.parametrize("batch", [1, 7, 8, 19, 37])
def test_each_step_takes_its_own_rows(batch):
    samples, numbers = network(5)
    steps = repeated(samples, numbers, batch=batch)
    rows = np.stack([RNG.permutation(37)[:batch] for _ in range(6)])
    found = steps.go(numbers, [np.zeros(5)], [0.0], 6, rows.ravel())
    costs, slopes, last, velocity = by_hand(samples, numbers, 6, rows)
    assert found[0] == costs
    assert [x.tolist() for x in (*found[1:3], *found[3])] == [
        x.tolist() for x in (slopes, last, velocity)
    ]


@pytest.mark.parametrize("rows", [[0, 1, 2], [0, 1, 2, 37], [0, 1, 2, -1]])
def test_rows_that_are_no_batches_of_samples_are_refused(rows):
    samples, numbers = network(3)
    steps = repeated(samples, numbers, batch=2)
    with pytest.raises(autograd.ArgumentError, match="a batch for each step"):
        steps.go(numbers, [np.zeros(3)], [0.0], 2, np.array(rows))
    with pytest.raises(autograd.ArgumentError, match="where there are mini-batches"):
        steps.go(numbers, [np.zeros(3)], [0.0], 2)
    with pytest.raises(autograd.ArgumentError, match="one step at least"):
        steps.go(numbers, [np.zeros(3)], [0.0], 0)


def test_they_go_on_where_they_ended():
    samples, numbers = network(5)
    steps = repeated(samples, numbers)
    costs, _, last, columns = steps.go(numbers, [np.zeros(5)], [0.0], 7)
    more, _, last, _ = steps.go(last, columns, [7.0], 6)
    expected = by_hand(samples, numbers, 13)
    assert costs + more == expected[0]
    assert last.tolist() == expected[2].tolist()


@pytest.mark.parametrize("at", range(9))
def test_they_end_before_a_number_is_not_finite(at):
    """The last of the numbers overflows alone, in the step when the counter is 4."""
    samples, numbers = network(9)

    def update(slope, number, far, step):
        far = autograd.where(step > 3.5, far * 1e300, far)
        return number + 0.0 * slope + 0.0 * far, far

    far = np.zeros(9)
    far[at] = 1e10
    steps = repeated(samples, numbers, update)
    costs, _, last, (column,) = steps.go(numbers, [far], [0.0], 20)
    assert len(costs) == 4
    assert last.tolist() == numbers.tolist()
    assert column.tolist() == far.tolist()


def test_they_end_before_a_slope_or_the_cost_is_not_finite():
    weights = [Value(1.0), Value(1.0)]

    def cost_and_slopes(x, kind):
        square = weights[0] * weights[0]
        return square + kind, [weights[0], weights[1] * (square * x)]

    def update(slope, number, column, step):
        return number * 1e40, column

    samples = autograd.compile(cost_and_slopes).samples(np.ones(3), np.zeros(3))
    samples.bind(weights)
    steps = repeated(samples, np.ones(2), update)
    costs, slopes, last, _ = steps.go(np.ones(2), [np.zeros(2)], [0.0], 20)
    assert costs == pytest.approx([1.0, 1e80, 1e160])
    assert np.isfinite(slopes).all()
    assert last.tolist() == pytest.approx([1e120, 1e120])


def test_what_native_code_cannot_do_alone_is_refused():
    other, numbers = network(3, backend="numpy")
    assert repeated(other, numbers) is None
    samples, numbers = network(3)

    def branching(slope, number, column, step):
        return (number if slope > 0 else -number), column

    captured = Value(2.0)

    def capturing(slope, number, column, step):
        return number * captured, column

    assert repeated(samples, np.array([1.0, -1.0, 2.0]), branching) is None
    assert repeated(samples, numbers, capturing) is None
    assert repeated(samples, numbers) is not None
    few = autograd.compile(momentum).samples(*[numbers[:2]] * 3, 0.0, in_axes=AXES)
    assert samples.repeated(few) is None
