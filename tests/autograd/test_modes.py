"""`no_grad`, `record_sources`, `detect_anomaly`."""

import math
import threading

import pytest

import autograd
from autograd import (
    AnomalyError,
    Value,
    detect_anomaly,
    exp,
    log,
    no_grad,
    record_sources,
    relu,
    sqrt,
    where,
)
from autograd.modes import ACTIVE, STATE


@pytest.fixture(autouse=True)
def nothing_left_behind():
    yield
    assert ACTIVE == []
    assert STATE.entered == []


OPERATIONS = {
    "written out": lambda x, y: x * y,
    "mixed": lambda x, y: 2.0 * x,
    "by rule": lambda x, y: x**y,
    "method": lambda x, y: x.tanh(),
    "n-ary": lambda x, y: autograd.sum([x, y, x]),
    "division": lambda x, y: x / y,
}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_grad_records_nothing(operation):
    x, y = Value(2.0), Value(3.0)
    expected = OPERATIONS[operation](x, y)
    with no_grad():
        out = OPERATIONS[operation](x, y)
    assert out.is_leaf
    assert out.parents == ()
    assert out.data == expected.data
    assert not OPERATIONS[operation](x, y).is_leaf


def test_no_grad_nests_decorates_and_survives_exceptions():
    x = Value(2.0)

    @no_grad()
    def square():
        with no_grad():
            pass
        return x * x

    assert square().is_leaf
    with pytest.raises(ZeroDivisionError), no_grad():
        raise ZeroDivisionError
    assert not (x * x).is_leaf


def test_modes_hold_for_their_own_thread_only():
    x = Value(2.0)
    seen = {}
    inside, done = threading.Event(), threading.Event()

    def other():
        inside.wait(5)
        seen["other"] = (x * x).is_leaf
        done.set()

    thread = threading.Thread(target=other)
    thread.start()
    with no_grad():
        inside.set()
        assert done.wait(5)
        seen["this"] = (x * x).is_leaf
    thread.join()
    assert seen == {"other": False, "this": True}


def test_sources_are_recorded_on_request_only():
    x = Value(2.0)
    assert (x * x).source is None
    with record_sources():
        y = x * x + 1.0  # the line that is looked for
    assert y.source.file == __file__
    assert y.source.text == "y = x * x + 1.0  # the line that is looked for"
    assert y.source.function == "test_sources_are_recorded_on_request_only"
    assert y.parents[0].source.line == y.source.line
    assert x.source is None


def anomaly_of(build, **how):
    with detect_anomaly(**how), pytest.raises(AnomalyError) as caught:
        build()
    return str(caught.value)


def test_the_operation_that_made_the_nan_is_named_with_line_and_path():
    x = Value(-2.0, label="x")

    def build():
        y = log(x)  # here
        (exp(y) * 3.0 + x).backward()

    text = anomaly_of(build)
    assert text.startswith("log made nan in the forward pass")
    assert "log(x) = nan, x = -2.0" in text
    assert "y = log(x)  # here" in text
    assert "test_modes.py" in text
    assert "path to the output: log → exp → mul → add" in text
    assert x.grad == 0.0


def test_a_nan_made_in_the_backward_pass_is_named():
    x = Value(0.0, label="x")

    def build():
        # slope inf at 0; inf − inf in the sum of both contributions
        (sqrt(x) - sqrt(x)).backward()

    assert "contributions to the gradient of x add up to nan" in anomaly_of(build)


def test_a_nan_that_is_handed_in_is_no_operations_anomaly():
    with detect_anomaly():
        _, pullback = autograd.vjp(lambda x, y: x, Value(1.0), Value(2.0))
        slope, none = pullback(math.nan)
    assert math.isnan(slope.data)
    assert none.data == 0.0


def test_infinities_count_on_request():
    x = Value(0.0, label="x")
    with detect_anomaly():
        log(x).backward()
    assert x.grad == math.inf
    assert anomaly_of(lambda: log(x).backward(), infinities=True).startswith(
        "log made -inf in the forward pass"
    )
    assert "sqrt made inf in the backward pass" in anomaly_of(
        lambda: sqrt(x).backward(), infinities=True
    )


def test_what_reaches_nobody_is_no_anomaly():
    x = Value(-1.0)
    with detect_anomaly():
        sqrt(relu(x)).backward()  # an infinite slope, that relu multiplies by 0
    with detect_anomaly(infinities=True):
        where(x > 0, log(x), 0.0).backward()
        [slope] = where(x > 0, log(x), x * x).gradient([x], create_graph=True)
    assert x.grad == 0.0
    assert slope.data == -2.0


def test_the_first_of_several_operations_is_named():
    x = Value(-1.0)
    assert anomaly_of(lambda: sqrt(log(x)).backward()).startswith("log made nan")


def test_a_long_path_is_cut_in_the_middle():
    x = Value(-1.0)

    def build():
        y = log(x)
        for _ in range(20):
            y = y + 1.0
        exp(y).backward()

    path = "log → add → add → add → (14 more) → add → add → add → exp"
    assert path in anomaly_of(build)


def test_second_derivatives_are_watched_too():
    x = Value(-1.0)

    def build():
        (x * log(x)).gradient([x], create_graph=True)

    assert anomaly_of(build).startswith("log made nan in the forward pass")
    with detect_anomaly():  # pow's other partial needs log(-3): nobody asked for it
        y = Value(-3.0)
        [slope] = (y**2).gradient([y], create_graph=True)
    assert slope.data == -6.0


MODES = [no_grad, record_sources, detect_anomaly]


@pytest.mark.parametrize("mode", MODES)
def test_a_decorator_without_brackets_or_over_a_generator_is_refused(mode):
    with pytest.raises(autograd.ArgumentError, match=rf"@{mode.__name__}\(\) with"):

        @mode
        def plain():
            pass

    with pytest.raises(autograd.ArgumentError, match="would end before the body"):

        @mode()
        def generator():
            yield

    with pytest.raises(autograd.ArgumentError, match="async function"):

        @mode()
        async def coroutine():
            pass


def test_a_mode_that_ends_in_another_thread_is_gone():
    def generator():
        with no_grad():
            yield

    half_way = generator()
    next(half_way)
    closing = threading.Thread(target=half_way.close)
    closing.start()
    closing.join()
    with record_sources():
        assert not (Value(1.0) * 2).is_leaf


def test_forward_mode_is_watched_too():
    with detect_anomaly():
        with pytest.raises(AnomalyError, match="log made nan in the forward pass"):
            autograd.jvp(log, (-1.0,), (1.0,))
        masked = autograd.jvp(lambda x: where(x > 0, log(x), x), (-1.0,), (1.0,))
    assert masked == (-1.0, 1.0)
