"""The pytest plugin: fixture, marker, pages."""

import subprocess
import sys

TESTS = """
import pytest

def test_right(gradcheck):
    assert gradcheck(lambda x: x**2, lambda x: 2 * x, 3.0).ok

@pytest.mark.gradcheck(points=3, seed=5)
def test_marked(gradcheck):
    assert len(gradcheck(lambda x: x**2, lambda x: 2 * x, 3.0).compared()) == 4

def test_wrong(gradcheck):
    gradcheck(lambda x: x**2, lambda x: -2 * x, 3.0)
"""


def test_the_fixture_the_marker_and_the_pages(tmp_path):
    (tmp_path / "test_it.py").write_text(TESTS)
    found = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q"),
            *("-p", "no:cacheprovider", "--strict-markers"),
            *("--gradcheck-report", "pages"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 failed, 2 passed" in found.stdout, found.stdout + found.stderr
    assert "GradientMismatch" in found.stdout
    assert "sign: hand = −reference everywhere" in found.stdout
    pages = sorted(tmp_path.glob("pages/*.html"))
    assert len(pages) == 3
    assert any("WRONG in 1 of 1" in page.read_text("utf-8") for page in pages)
