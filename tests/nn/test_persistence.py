import json
import math
import os
import random
import stat
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from autograd import ArgumentError, NumberError, Value
from nn import MLP, Module, load, save
from nn.persistence import write_atomically


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "weights.json"


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
    assert [repr(x) for x in loaded] == [repr(x) for x in [*numbers, math.nan]]


def test_notes_come_back(path: Path) -> None:
    notes = {"classes": ["a", "ä"], "means": [0.1, None], "nested": {"x": True}}
    save(model(), path, notes)
    assert load(model(1), path) == notes
    save(model(), path)
    assert load(model(1), path) == {}


def test_a_file_is_json_that_people_can_read(path: Path) -> None:
    save(model(), path)
    document = json.loads(path.read_text("utf-8"))
    assert document["format"] == "scalar-autograd weights 1"
    assert document["weights"] == model().state_dict()


def assert_refused(path: Path, message: str) -> None:
    target = model(1)
    before = target.state_dict()
    with pytest.raises(ArgumentError, match=message) as caught:
        load(target, path)
    assert str(path) in str(caught.value)
    assert target.state_dict() == before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no file of weights: "),
        (b"\x80\x04\x95 a pickle", "is no file of weights: "),
        (b"PK\x03\x04", "is no file of weights: "),
        (b"[" * 100_000, "is no file of weights: "),
        (b"[]", "is no file of weights: it should have the format 'scalar-autograd w"),
        (b'{"weights": {"w": 1.0}}', "it should have the format"),
        (b'{"format": "scalar-autograd weights 2"}', "it should have the format"),
        (
            b'{"format": "scalar-autograd weights 1"}',
            "is damaged: its checksum does no",
        ),
        (
            b'{"format": "scalar-autograd weights 1", "weights": [], "notes": {}}',
            "is damaged",
        ),
    ],
)
def test_what_is_no_such_file(path: Path, content: bytes, message: str) -> None:
    path.write_bytes(content)
    assert_refused(path, message)


def test_a_truncated_or_corrupted_file_is_refused(path: Path) -> None:
    save(model(), path, {"note": "text"})
    whole = path.read_bytes()
    # White space at the end carries nothing.
    for length in range(0, len(whole.rstrip()) - 1, 7):
        path.write_bytes(whole[:length])
        assert_refused(path, "is no file of weights|is damaged")
    rng = random.Random(0)
    for _ in range(200):
        damaged = bytearray(whole)
        place = rng.randrange(len(whole))
        damaged[place] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged)
        if json_or_none(damaged) != json.loads(whole):  # not mere white space
            assert_refused(path, "is no file of weights|is damaged")


def json_or_none(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def test_the_weights_of_another_model_are_refused(path: Path) -> None:
    save(MLP(2, [3, 1], seed=0), path)
    assert_refused(
        path, r"the state does not fit this MLP: it has unexpected layers\[0"
    )


def test_a_missing_file(path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(model(), path)


def test_weights_that_are_no_floats_are_not_saved(path: Path) -> None:
    with pytest.raises(NumberError, match=r"^w\[1\] is Fraction\(1, 3\): only floats"):
        save(Box(1.0, Fraction(1, 3)), path)
    assert not path.exists()


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
        assert events == ["fsync", "replace"]
        assert path.read_bytes() == b"new"

    @pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
    def test_the_umask_decides_who_may_read(self, path: Path) -> None:
        old = os.umask(0o027)
        try:
            write_atomically(path, b"new")
        finally:
            os.umask(old)
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
