"""DOT → images, by the system's Graphviz or by the one that pip installed."""

import shutil
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from ..errors import MissingExtraError


def render(source: str, image_format: str) -> bytes:
    """Lay a DOT text out, and return the image's bytes.

    Raises `MissingExtraError` where there is no Graphviz to do it.
    """
    import graphviz

    use_installed_graphviz()
    try:
        # Quiet: the only complaints are about glyphs whose width is estimated.
        return graphviz.pipe("dot", image_format, source.encode(), quiet=True)
    except graphviz.ExecutableNotFound:
        raise MissingExtraError(
            f"{image_format.upper()} needs Graphviz, which is not installed: "
            f"pip install graphviz-pure, or install your system's graphviz package"
        ) from None


def use_installed_graphviz() -> None:
    """Let the `graphviz` package find the `dot` of graphviz-pure, if there is no other.

    The system's `dot` has precedence; so has a binary that the user has set.
    """
    from graphviz.backend import dot_command

    if dot_command.DOT_BINARY == Path("dot") and not shutil.which("dot"):
        dot_command.DOT_BINARY = _pure_binary() or Path("dot")


@cache
def _pure_binary() -> Path | None:
    """Return the program in the graphviz-pure package, which is not called `dot`."""
    try:
        files = distribution("graphviz-pure").files or []
    except PackageNotFoundError:
        return None
    programs = (
        Path(str(file.locate())) for file in files if file.stem == "graphviz-pure"
    )
    return next((program.resolve() for program in programs if program.is_file()), None)
