import hashlib
import io
import json
import math
import os
import random
import stat
import zipfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd import ArgumentError, NumberError, Value
from nn import MLP, Module, load, save
from nn.persistence import remove_leftovers, write_atomically


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "weights.npz"


def model(seed: int = 0) -> MLP:
    return MLP(2, [2, 1], seed=seed)


class Box(Module):
    def __init__(self, *data: Any) -> None:
        self.w = [Value(x) for x in data]


def test_every_bit_comes_back(path: Path) -> None:
    numbers = [0.1, -0.0, 5e-324, 1.7976931348623157e308, math.inf, -math.inf, 1 / 3, 7]
    save(Box(*numbers, math.nan), path)
    box = Box(*[1.0] * 9)
    load(box, str(path))
    loaded = [w.data for w in box.w]
    assert [repr(x) for x in loaded] == [repr(float(x)) for x in [*numbers, math.nan]]


def test_notes_come_back(path: Path) -> None:
    notes = {"classes": ["a", "ä"], "means": [0.1, None], "nested": {"x": True}}
    save(model(), path, notes)
    assert load(model(1), path) == notes
    save(model(), path)
    assert load(model(1), path) == {}


def test_numpy_and_people_can_read_a_file(path: Path) -> None:
    save(model(), path, {"by": "hand"})
    with np.load(path, allow_pickle=False) as file:
        assert file["weights"].tolist() == list(model().state_dict().values())
        assert file["weights"].dtype == np.float64
        document = json.loads(file["document.json"])
    assert document["names"] == list(model().state_dict())
    assert document["notes"] == {"by": "hand"}


def test_equal_weights_give_equal_files(path: Path) -> None:
    save(model(), path)
    first = path.read_bytes()
    save(model(), path)
    assert path.read_bytes() == first


def assert_refused(path: Path, message: str) -> None:
    target = model(1)
    before = target.state_dict()
    with pytest.raises(ArgumentError, match=message) as caught:
        load(target, path)
    assert str(path) in str(caught.value)
    assert target.state_dict() == before


def sealed(**members: Any) -> bytes:
    """Return an archive with a fitting checksum, as a stranger could make it."""
    out = io.BytesIO()
    compression = members.pop("compression", zipfile.ZIP_STORED)
    with zipfile.ZipFile(out, "w", compression) as file:
        for name, content in members.items():
            file.writestr(name.replace("_", "."), content)
        file.comment = bytes(71)
    body = out.getvalue()[:-71]
    return body + b"sha256 " + hashlib.sha256(body).hexdigest().encode()


def npy(array: Any, allow_pickle: bool = False) -> bytes:
    out = io.BytesIO()
    np.save(out, array, allow_pickle=allow_pickle)
    return out.getvalue()


def document(**more: Any) -> str:
    return json.dumps({"format": "scalar-autograd 2", "names": ["w"], **more})


class Bomb:
    """Pickled, it would run code when it is loaded."""

    exploded = False

    def __reduce__(self) -> Any:
        return setattr, (Bomb, "exploded", True)


SHAPE = npy(np.zeros(1)).replace(b"'shape': (1,), }     ", b"'shape': (9**9,), }  ")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no file of weights: it should be an NPZ"),
        (b"\x80\x04\x95 a pickle", "is no file of weights: it should be an NPZ"),
        (b'{"weights": {"w": 1.0}}', "is no file of weights: it should be an NPZ"),
        (b"PK\x03\x04", "or its end is missing: it has no checksum"),
        (sealed(), "is no file of weights: .*weights.npy"),
        (sealed(weights_npy=npy([1.0])), "is no file of weights: .*document.json"),
        (
            sealed(weights_npy=npy([1.0]), document_json="{"),
            "is no file of weights: Expecting",
        ),
        (
            sealed(weights_npy=npy([1.0]), document_json="[" * 100_000),
            "is no file of weights: ",
        ),
        (
            sealed(weights_npy=npy([1.0]), document_json="[]"),
            "it should have the format 'scalar-autograd 2'",
        ),
        (
            sealed(weights_npy=npy([1.0]), document_json=document(format="x")),
            "it should have the format",
        ),
        (
            sealed(weights_npy=npy([1.0]), document_json=document(names=3)),
            "it has no list of names",
        ),
        (
            sealed(weights_npy=npy([1.0]), document_json=document(notes=[])),
            "its notes are no dict",
        ),
        (
            sealed(weights_npy=npy([1.0, 2.0]), document_json=document()),
            "it should have 1 weights, one for each name",
        ),
        (
            sealed(weights_npy=npy([1]), document_json=document()),
            "it should have 1 weights",
        ),
        (
            sealed(weights_npy=b"no array", document_json=document()),
            "is no file of weights: ",
        ),
        (
            sealed(weights_npy=SHAPE, document_json=document()),
            "is no file of weights: ",
        ),
        (
            sealed(
                weights_npy=npy(np.array([Bomb()], object), allow_pickle=True),
                document_json=document(),
            ),
            "is no file of weights: Object arrays cannot be loaded",
        ),
        (
            sealed(
                weights_npy=npy([1.0]),
                document_json=document(),
                compression=zipfile.ZIP_DEFLATED,
            ),
            "it is compressed, and could be of any size",
        ),
        (b"PK" + sealed(weights_npy=npy([1.0])), "is damaged: its checksum does not"),
    ],
)
def test_what_is_no_such_file(path: Path, content: bytes, message: str) -> None:
    path.write_bytes(content)
    assert_refused(path, message)
    assert not Bomb.exploded


def test_every_truncation_is_refused(path: Path) -> None:
    save(model(), path, {"note": "text"})
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        assert_refused(path, "is no file of weights|is damaged")


def test_every_flipped_bit_is_refused(path: Path) -> None:
    save(model(), path, {"note": "text"})
    whole = path.read_bytes()
    rng = random.Random(0)
    for _ in range(200):
        damaged = bytearray(whole)
        damaged[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged)
        assert_refused(path, "is no file of weights|is damaged")


def test_the_weights_of_another_model_are_refused(path: Path) -> None:
    save(MLP(2, [3, 1], seed=0), path)
    assert_refused(
        path, r"the state does not fit this MLP: it has unexpected layers\[0"
    )


def test_a_missing_file(path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(model(), path)


def test_a_missing_folder_names_the_file(path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"there/weights\.npz'$") as caught:
        save(model(), path.parent / "not" / "there" / "weights.npz")
    assert caught.value.filename.endswith("there/weights.npz")


@pytest.mark.parametrize("number", [Fraction(1, 3), 2**53 + 1, 10**400])
def test_weights_that_are_no_floats_are_not_saved(path: Path, number: Any) -> None:
    box = Box(1.0, 2.0)
    box.w[1].data = number
    with pytest.raises(NumberError, match=r"^w\[1\] is .*: only floats"):
        save(box, path)
    assert not path.exists()


def test_what_a_killed_process_left_is_removed(path: Path) -> None:
    path = path.with_name("a[1].npz")
    save(model(), path)
    left = path.with_name(".a[1].npz.0123abcd")
    left.write_bytes(b"half a fi")
    path.with_name(".a1.npz.0123abcd").touch()
    remove_leftovers(path)
    assert sorted(os.listdir(path.parent)) == [".a1.npz.0123abcd", path.name]


class TestAtomicWriting:
    def test_a_failure_leaves_the_old_file_and_nothing_else(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path.write_bytes(b"old")
        for culprit in ("fsync", "replace"):
            with monkeypatch.context() as patch:

                def fail(*_: Any) -> None:
                    raise OSError("no space left")

                patch.setattr(os, culprit, fail)
                with pytest.raises(OSError, match="no space left"):
                    write_atomically(path, b"new")
            assert path.read_bytes() == b"old"
            assert os.listdir(path.parent) == [path.name]

    def test_content_is_on_disk_before_the_name_is_given(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        events: list[str] = []
        for name in ("fsync", "replace"):
            original = getattr(os, name)

            def log(*args: Any, name: str = name, original: Any = original) -> Any:
                events.append(name)
                return original(*args)

            monkeypatch.setattr(os, name, log)
        write_atomically(path, b"new")
        assert events == ["fsync", "replace", "fsync"], "file, name, folder"
        assert path.read_bytes() == b"new"

    @pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
    def test_the_umask_decides_who_may_read(self, path: Path) -> None:
        old = os.umask(0o027)
        try:
            write_atomically(path, b"new")
        finally:
            os.umask(old)
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
