"""Draw graphs: graph → scene (`scene.py`) → DOT (`dot.py`) → images (`render.py`)."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..errors import ArgumentError, MissingExtraError, NumberError
from ..value import Value
from .dot import digraph_of
from .render import render, use_installed_graphviz
from .scene import Scene, scene_of

_IMAGES = ("svg", "png")
_FORMATS = (*_IMAGES, "dot", "gv")
_PIXELS = 8000  # a side: what a PNG of a large graph is scaled down to
