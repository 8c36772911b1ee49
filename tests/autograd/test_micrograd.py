"""micrograd's own two test expressions, with the numbers that its README gives.

README of micrograd: g = 24.7041, dg/da = 138.8338, dg/db = 645.5773 for the second.
The first is worked out by hand: z = 3x + 2 = -10 at x = -4, so relu(z) = 0,
q = zx = 40, h = z² = 100, y = h + q + qx = 100 + 40 - 160 = -20 and
dy/dx = 6z + (3x + z)(1 + x) + q = -60 + 66 + 40 = 46.
"""

import pytest

from autograd import Value


def test_sanity_check() -> None:
    x = Value(-4.0)
    z = 2 * x + 2 + x
    q = z.relu() + z * x
    h = (z * z).relu()
    y = h + q + q * x
    y.backward()
    assert y.data == -20.0
    assert x.grad == 46.0


def test_more_ops() -> None:
    a, b = Value(-4.0), Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    assert g.data == pytest.approx(24.7041, abs=5e-5)
    assert a.grad == pytest.approx(138.8338, abs=5e-5)
    assert b.grad == pytest.approx(645.5773, abs=5e-5)
