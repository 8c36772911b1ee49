"""Every row of the table through `check_rule`, on all sides of its kinks."""

import dataclasses
import functools
import math
from itertools import product

import pytest

from autograd import RULES, check_rule

PLACES = (0.06, 0.45, 0.94)  # of an operand in its interval, from 0 to 1
TURNS = [(0.06, 0.45, 0.94, 0.7), (0.7, 0.06, 0.45, 0.94), (0.94, 0.7, 0.06, 0.45)]
STATIC = {"polygamma": [0, 1, 3], "round_to": [0, 1, 2], "take": [0, 1, 2]}


def operands(rule, places):
    """Return a point inside the rule's domain."""
    found = []
    for k, place in enumerate(places):
        low, high = dict(enumerate(rule.domain)).get(k, (-math.inf, math.inf))
        low = max(low, -3.0)
        high = min(high, low + 6.0)
        found.append(low + (high - low) * (place + 0.02 * k))  # no ties
    return found


def cases(rule):
    """Return points on all sides of the kinks, for each index or condition."""
    turns = TURNS if rule.arity is None else product(PLACES, repeat=rule.arity)
    found = [operands(rule, places) for places in turns]
    for k in rule.static:
        default = sorted({sample[k] for sample in rule.samples})
        values = STATIC.get(rule.name, default)
        others = {(*case[:k], *case[k + 1 :]) for case in found}
        found = [[*o[:k], v, *o[k:]] for o in sorted(others) for v in values]
    return found


@pytest.mark.parametrize("name", sorted(RULES))
def test_each_row_of_the_table(name):
    rule = RULES[name]
    for case in cases(rule):
        report = check_rule(name, *case, points=2)
        assert report.ok, report
        assert len(report.compared()) == 3
        assert len(report.args) == len(case) - len(rule.static)  # all but the static


def spoiled(rule, place):
    """Return a rule with one partial that is a thousandth off."""

    @functools.wraps(rule.partials)
    def partials(m, out, *operands):
        found = list(rule.partials(m, out, *operands))
        d = found[place]() if callable(found[place]) else found[place]
        found[place] = d + (1 + m.abs(d)) * m.rational(1, 1000)
        return tuple(found)

    fields = {
        field.name: getattr(rule, field.name)
        for field in dataclasses.fields(rule)
        if field.init
    }
    return type(rule)(**{**fields, "partials": partials})


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_thousandth_in_any_partial_fails(name):
    case = cases(RULES[name])[0]
    for place in set(range(len(case))) - set(RULES[name].static):
        report = check_rule(spoiled(RULES[name], place), *case, points=0)
        assert not report.ok
        assert report.worst.index == f"operand_{place + 1}"
