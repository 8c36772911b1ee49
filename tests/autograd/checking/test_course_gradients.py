"""Gradients as courses set them: right ones pass, wrong ones are told why."""

import pytest

from autograd import check_gradient, check_vjp

from .course_gradients import CASES

RUNS = [(case, bug) for case in CASES for bug in ("", *case.mistakes)]


@pytest.mark.parametrize(
    ("case", "bug"), RUNS, ids=[f"{case.name}-{bug or 'right'}" for case, bug in RUNS]
)
def test_a_gradient_of_a_course(case, bug):
    fn, hand = case.make(bug)
    report = (check_vjp if case.layer else check_gradient)(fn, hand, *case.args)
    if not bug:
        assert report.ok, str(report)
    else:
        assert not report.ok
        assert report.diagnosis.kind == case.mistakes[bug], str(report)
