"""Arguments drawn by Hypothesis."""

import numpy as np
import pytest
from hypothesis import given, settings

from autograd import ArgumentError, assert_gradient
from autograd.checking.strategies import arguments, arrays


@settings(max_examples=15, deadline=None)
@given(arguments((2, 3), (3,), ()))
def test_drawn_arguments_go_through_a_check(args):
    w, x, scale = args
    assert (w.shape, x.shape, type(scale)) == ((2, 3), (3,), float)
    assert_gradient(
        lambda w, x, scale: scale * np.sum(w @ x),
        lambda w, x, scale: (
            scale * np.outer(np.ones(2), x),
            scale * w.sum(0),
            float((w @ x).sum()),
        ),
        *args,
        points=1,
    )


@settings(max_examples=20, deadline=None)
@given(arrays((4,), 0.5, 2.0, single=True))
def test_ranges_and_precision(x):
    assert x.dtype == np.float32
    assert ((x >= 0.5) & (x <= 2)).all()


def test_a_range_that_holds_nothing_is_refused():
    with pytest.raises(ArgumentError, match="low ≤ high"):
        arrays((2,), 1.0, -1.0)
    with pytest.raises(ArgumentError, match="shape of each argument"):
        arguments()
