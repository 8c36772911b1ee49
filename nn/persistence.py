"""Weights in files: JSON with a checksum, so that no file can run code.

A file is written beside its name first and renamed when it is complete: at any moment
there is the old file or the new one, never half of one. Numbers are written in full, so
that they come back bit by bit.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autograd import ArgumentError, NumberError

from .module import Module

__all__ = ["load", "save", "write_atomically"]

_FORMAT = "scalar-autograd weights 1"


def save(
    model: Module, path: str | os.PathLike[str], notes: Mapping[str, Any] | None = None
) -> None:
    """Write a model's weights, and notes (anything that JSON has), to a file.

    >>> import tempfile, nn
    >>> model, other = nn.MLP(2, [3, 1], seed=0), nn.MLP(2, [3, 1], seed=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(model, f"{folder}/weights.json", {"trained on": "nothing"})
    ...     load(other, f"{folder}/weights.json")
    {'trained on': 'nothing'}
    >>> other.state_dict() == model.state_dict()
    True

    Raises `NumberError` for weights that are no floats, OSError as `open` does.
    """
    weights = model.state_dict()
    for name, number in weights.items():
        if not isinstance(number, float | int):
            raise NumberError(
                f"{name} is {number!r}: only floats are saved, use float(...) data"
            )
    content = {"weights": weights, "notes": dict(notes or {})}
    document = {"format": _FORMAT, "sha256": _digest(content), **content}
    write_atomically(path, (json.dumps(document, indent=1) + "\n").encode())


def load(model: Module, path: str | os.PathLike[str]) -> dict[str, Any]:
    """Set a model's weights from a file, and return the file's notes.

    Raises `ArgumentError` for a file that is no such file, is damaged, or is of another
    model, and OSError as `open` does; then the model has not changed.
    """
    text = Path(path).read_bytes()
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ArgumentError(f"{path} is no file of weights: {error}") from None
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise ArgumentError(
            f"{path} is no file of weights: it should have the format {_FORMAT!r}"
        )
    content = {key: document.get(key) for key in ("weights", "notes")}
    whole = all(isinstance(part, dict) for part in content.values())
    if not whole or document.get("sha256") != _digest(content):
        raise ArgumentError(
            f"{path} is damaged: its checksum does not fit its content; save it again"
        )
    try:
        model.load_state_dict(document["weights"])
    except (ArgumentError, NumberError) as error:
        raise type(error)(f"{path}: {error}") from None
    notes: dict[str, Any] = document["notes"]
    return notes


def write_atomically(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file so that a crash leaves the old one or the new one."""
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
