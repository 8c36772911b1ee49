"""pytest plugin: the fixture `gradcheck`, and reports as pages.

A test calls ``gradcheck(fn, hand_gradient, *args)``: the report is the text of a failed
test. ``@pytest.mark.gradcheck(seed=3, points=20)`` sets options for all calls in it,
``--gradcheck-report DIR`` writes each report as an HTML page.
"""

import html
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option for the directory of the pages."""
    parser.getgroup("gradcheck").addoption(
        "--gradcheck-report",
        metavar="DIR",
        help="write the report of each checked gradient as an HTML page to DIR",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        "gradcheck(seed=0, points=8, ...): options of autograd.check_gradient for the "
        "fixture gradcheck",
    )


@pytest.fixture
def gradcheck(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Return `check_gradient` that fails the test with the report as its text."""
    from .checks import check_gradient
    from .report import GradientMismatch

    marker = request.node.get_closest_marker("gradcheck")
    marked = dict(marker.kwargs) if marker else {}
    folder = request.config.getoption("--gradcheck-report")
    made = 0

    def check(fn: Any, hand_gradient: Any, *args: Any, **options: Any) -> Any:
        nonlocal made
        __tracebackhide__ = True
        report = check_gradient(fn, hand_gradient, *args, **{**marked, **options})
        if folder:
            name = re.sub(r"[^\w.-]+", "_", request.node.nodeid)
            page = Path(folder) / f"{name}_{made}.html"
            page.parent.mkdir(parents=True, exist_ok=True)
            title = html.escape(request.node.nodeid)
            page.write_text(
                f"<!doctype html><meta charset='utf-8'><title>{title}</title>"
                f"<h1>{title}</h1>{report._repr_html_()}",
                encoding="utf-8",
            )
            made += 1
        if not report.ok:
            raise GradientMismatch(report)
        return report

    return check
