"""Gradients of written-out functions: right ones pass, wrong ones are told why."""

import pytest

from autograd import check_gradient

from .field_gradients import FIELD


@pytest.mark.parametrize(
    ("kind", "fn", "hand", "args"),
    [(kind, *row[:2], row[2:]) for kind, _, *row in FIELD],
    ids=[f"{kind or 'right'}: {name}" for kind, name, *_ in FIELD],
)
def test_a_gradient_of_a_written_out_function(kind, fn, hand, args):
    report = check_gradient(fn, hand, *args)
    assert report.ok == (not kind), str(report)
    assert (report.diagnosis.kind if report.diagnosis else "") == kind, str(report)
