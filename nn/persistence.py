"""Weights in files: NPZ without pickle, and with a checksum, so that no file runs code.

A file is a zip archive, not compressed, of ``weights.npy`` (one float64 for each
parameter, bit by bit) and ``document.json`` (the parameters' names, and whatever else
was saved); `numpy.load` reads it. The archive's comment is the SHA-256 of all the bytes
before it, and is checked before anything is read.

A file is written beside its name first and renamed when it is on the disk: at any
moment there is the old file or the new one, never half of one.
"""

import contextlib
import glob
import hashlib
import io
import json
import os
import secrets
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autograd import ArgumentError, NumberError

from .module import Module

__all__ = [
    "load",
    "read",
    "remove_leftovers",
    "save",
    "weights_in",
    "write",
    "write_atomically",
]

_FORMAT = "scalar-autograd 2"
_ARRAY, _DOCUMENT = "weights.npy", "document.json"
_MARK = b"sha256 "
_COMMENT = len(_MARK) + 64


def save(
    model: Module, path: str | os.PathLike[str], notes: Mapping[str, Any] | None = None
) -> None:
    """Write a model's weights, and notes (anything that JSON has), to a file.

    >>> import tempfile, nn
    >>> model, other = nn.MLP(2, [3, 1], seed=0), nn.MLP(2, [3, 1], seed=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(model, f"{folder}/weights.npz", {"trained on": "nothing"})
    ...     load(other, f"{folder}/weights.npz")
    {'trained on': 'nothing'}
    >>> other.state_dict() == model.state_dict()
    True

    Raises `NumberError` for weights that are no floats, OSError as `open` does.
    """
    write(path, model, {"notes": dict(notes or {})})


def load(model: Module, path: str | os.PathLike[str]) -> dict[str, Any]:
    """Set a model's weights from a file, and return the file's notes.

    A checkpoint of `fit` will do, too.

    Raises `ArgumentError` for a file that is no such file, is damaged, or is of another
    model, and OSError as `open` does; then the model has not changed.

    >>> import nn, tempfile
    >>> model = nn.MLP(2, [1], seed=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     nn.save(model, f"{folder}/weights.npz", {"epoch": 3})
    ...     nn.load(nn.MLP(2, [1]), f"{folder}/weights.npz")
    {'epoch': 3}
    """
    document = read(path)
    try:
        model.load_state_dict(weights_in(document))
    except ArgumentError as error:
        raise ArgumentError(f"{path}: {error}") from None
    notes: dict[str, Any] = document.get("notes", {})
    return notes


def write(path: str | os.PathLike[str], model: Module, more: Mapping[str, Any]) -> None:
    """Write a model's weights and a document of more (what JSON has) to a file."""
    import numpy as np

    weights = model.state_dict()
    document = {"format": _FORMAT, **more, "names": list(weights)}
    array, archive = io.BytesIO(), io.BytesIO()
    np.save(array, [_float(name, x) for name, x in weights.items()], allow_pickle=False)
    with zipfile.ZipFile(archive, "w") as file:
        for name, content in [
            (_ARRAY, array.getvalue()),
            (_DOCUMENT, json.dumps(document).encode()),
        ]:  # ZipInfo's fixed date: equal content gives equal files
            file.writestr(zipfile.ZipInfo(name), content)
        file.comment = bytes(_COMMENT)
    body = archive.getvalue()[:-_COMMENT]
    write_atomically(path, body + _comment(body))


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return a file's document, with the weights as a list of floats under "weights".

    Raises `ArgumentError` for a file that is no such file or is damaged.
    """
    content = Path(path).read_bytes()
    body, comment = content[:-_COMMENT], content[-_COMMENT:]
    if not content.startswith(b"PK"):
        raise ArgumentError(
            f"{path} is no file of weights: it should be an NPZ archive"
        )
    if not comment.startswith(_MARK):
        raise ArgumentError(
            f"{path} is no file of weights, or its end is missing: it has no checksum"
        )
    if comment != _comment(body):
        raise ArgumentError(
            f"{path} is damaged: its checksum does not fit its content; save it again"
        )
    try:
        return _parsed(content)
    except (ValueError, KeyError, OSError, EOFError, MemoryError, RecursionError) as e:
        raise ArgumentError(f"{path} is no file of weights: {e}") from None
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as e:
        raise ArgumentError(f"{path} is no archive that can be read: {e}") from None


def _parsed(content: bytes) -> dict[str, Any]:
    import numpy as np

    with zipfile.ZipFile(io.BytesIO(content)) as file:
        if any(info.compress_type != zipfile.ZIP_STORED for info in file.infolist()):
            raise ValueError("it is compressed, and could be of any size")
        array = np.load(io.BytesIO(file.read(_ARRAY)), allow_pickle=False)
        document = json.loads(file.read(_DOCUMENT))
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise ValueError(f"it should have the format {_FORMAT!r}")
    names = document.get("names")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError("it has no list of names")
    if not isinstance(document.get("notes", {}), dict):
        raise ValueError("its notes are no dict")
    if array.dtype != np.float64 or array.shape != (len(names),):
        raise ValueError(f"it should have {len(names)} weights, one for each name")
    return {**document, "weights": array.tolist()}


def weights_in(document: Mapping[str, Any]) -> dict[str, float]:
    """Return what `read` gave as a state for `Module.load_state_dict`."""
    return dict(zip(document["names"], document["weights"], strict=True))


def write_atomically(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file so that a crash, of the machine too, leaves the old one or the new.

    Raises OSError as `open` does.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:  # which would name the temporary file
        raise OSError(error.errno, error.strerror or str(error), str(path)) from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)


def remove_leftovers(path: str | os.PathLike[str]) -> None:
    """Remove what a process that was killed while it wrote the file has left beside."""
    path = Path(path)
    for file in path.parent.glob(f".{glob.escape(path.name)}.????????"):
        file.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Bring the new name onto the disk, where folders can be opened."""
    with contextlib.suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def _comment(body: bytes) -> bytes:
    return _MARK + hashlib.sha256(body).hexdigest().encode()


def _float(name: str, number: Any) -> float:
    with contextlib.suppress(OverflowError):
        if isinstance(number, float) or (
            isinstance(number, int) and float(number) == number
        ):
            return float(number)
    raise NumberError(
        f"{name} is {number!r}: only floats are saved, use float(...) data"
    )
