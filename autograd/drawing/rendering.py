"""DOT → images, by the system's Graphviz or by the one that pip installed."""

import io
import shutil
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from ..errors import MissingExtraError
from ..printing.formatting import plain_exponents


def render(source: str, image_format: str) -> bytes:
    """Lay a DOT text out, and return the image's bytes.

    The system's `dot` comes first; where there is none, or where it can't write this
    format, the one of the package graphviz-pure. Raises `MissingExtraError` if neither
    can.
    """
    problem = "which is not installed"
    for program in (shutil.which("dot"), _pure_binary()):
        if program is None:
            continue
        command = [program, f"-T{image_format}"]
        try:
            done = subprocess.run(command, input=source.encode(), capture_output=True)
        except OSError as error:
            problem = f"but {program} does not run ({error.strerror})"
            continue
        if done.returncode == 0 and done.stdout:
            return done.stdout
        complaint = " ".join(done.stderr.decode(errors="replace").split())[-200:]
        problem = f"but {program} failed ({complaint or done.returncode})"
    raise MissingExtraError(
        f"{image_format.upper()} needs Graphviz, {problem}: pip install graphviz-pure, "
        f"or install the package graphviz of your system"
    )


def pdf_of_svg(svg: str) -> bytes:
    """Convert an SVG to PDF, where Graphviz does not write one.

    Raises `MissingExtraError` without svglib or reportlab.
    """
    try:
        from reportlab.graphics import renderPDF
        from svglib.svglib import svg2rlg
    except ImportError:
        raise MissingExtraError(
            "PDF needs svglib and reportlab, which are not installed: pip install "
            "'scalar-autograd[pdf]', or install the package graphviz of your system"
        ) from None
    # The fonts that every PDF reader has lack most superscripts.
    drawing = svg2rlg(io.BytesIO(plain_exponents(svg).encode()))
    content: bytes = renderPDF.drawToString(drawing)
    return content


def use_installed_graphviz() -> None:
    """Let the `graphviz` package find the `dot` of graphviz-pure if there is no other.

    For users of `Drawing.digraph`. A program that they have set stays.
    """
    from graphviz.backend import dot_command

    if str(dot_command.DOT_BINARY) == "dot" and not shutil.which("dot"):
        dot_command.DOT_BINARY = _pure_binary() or dot_command.DOT_BINARY


@cache
def _pure_binary() -> Path | None:
    """Return the program of the package graphviz-pure, which is not called `dot`."""
    try:
        files = distribution("graphviz-pure").files or []
    except PackageNotFoundError:
        return None
    programs = [file.locate() for file in files if file.stem == "graphviz-pure"]
    return next((Path(str(each)).resolve() for each in programs), None)
