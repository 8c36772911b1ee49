"""Training that was cut off goes on from its checkpoint as if nothing had been."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import nn
from autograd import ArgumentError
from nn import Adam, EarlyStopping, RecordWeights, Run, fit

DATA = nn.synthetic.moons(20)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.npz"


def model_of(seed: int) -> nn.Sequential:
    return nn.Sequential(
        [
            nn.Dense(2, 3, "tanh", seed=seed),
            nn.Dropout(0.3),
            nn.Dense(3, 2, seed=seed + 1),
        ]
    )


def train(network: nn.Module, epochs: int, **options: Any) -> nn.History:
    options = {"optimizer": Adam(network, lr=0.05), "callbacks": [], **options}
    return fit(network, "cross_entropy", DATA, epochs, 6, metrics="accuracy", **options)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_killed_at_ten_random_moments_it_ends_with_the_same_bits(
    tmp_path: Path,
) -> None:
    def start(name: str) -> subprocess.Popen[bytes]:
        script = str(Path(__file__).with_name("killed.py"))
        files = [str(tmp_path / f"{name}.npz"), str(tmp_path / f"{name}_result.npz")]
        return subprocess.Popen([sys.executable, script, *files])

    began = time.perf_counter()
    assert start("whole").wait(timeout=60) == 0
    whole = time.perf_counter() - began
    rng, killed = random.Random(0), 0
    while killed < 10:
        process = start("cut")
        checkpoint = tmp_path / "cut.npz"
        before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
        while process.poll() is None:
            written = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
            if written != before:
                break  # it has begun to train
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.02 * whole))
        if process.poll() is not None:
            # It came to its end: start anew, to be killed the full ten times.
            assert process.returncode == 0
            for file in tmp_path.glob("cut*"):
                file.unlink()
            continue
        process.send_signal(signal.SIGKILL)
        assert process.wait(timeout=60) == -signal.SIGKILL
        killed += 1
    assert start("cut").wait(timeout=60) == 0
    results = [(tmp_path / f"{n}_result.npz").read_bytes() for n in ("whole", "cut")]
    assert results[0] == results[1]
    assert not list(tmp_path.glob(".*")), "no half-written file is left"


@pytest.mark.parametrize("stop_at", [2, 3, 4, 5, 7, 8])
def test_every_part_of_the_state_comes_back(path: Path, stop_at: int) -> None:
    class StopAt:
        def on_batch(self, run: Run) -> None:
            if run.step == stop_at:
                raise RuntimeError("power cut")

    def callbacks() -> list[Any]:
        return [EarlyStopping("loss", patience=9), RecordWeights()]

    whole, cut, again = model_of(0), model_of(0), model_of(5)
    expected = callbacks()
    history = train(whole, 3, callbacks=expected)
    options = {"checkpoint": path, "checkpoint_every": 1}
    with pytest.raises(RuntimeError, match="power cut"):
        train(cut, 3, callbacks=[*callbacks(), StopAt()], **options)
    got = callbacks()
    resumed = train(again, 3, callbacks=got, resume=True, **options)
    assert again.state_dict() == whole.state_dict()
    assert resumed.columns == history.columns
    assert [c.state_dict() for c in got] == [c.state_dict() for c in expected]


def test_a_finished_run_goes_on_to_more_epochs(path: Path) -> None:
    whole, parts = model_of(0), model_of(0)
    train(whole, 4)
    train(parts, 2, checkpoint=path)
    assert train(parts, 2, checkpoint=path, resume=True).epochs == 2
    assert train(parts, 4, checkpoint=path, resume=True).epochs == 4
    assert parts.state_dict() == whole.state_dict()


def test_a_checkpoint_is_a_file_of_weights(path: Path) -> None:
    trained, other = model_of(0), model_of(4)
    train(trained, 1, checkpoint=path)
    nn.load(other, path)
    assert other.state_dict() == trained.state_dict()


def assert_refused(
    path: Path, message: str, network: Any = None, **options: Any
) -> None:
    """Resume, and assert that the error says so and nothing has changed."""
    network = network or model_of(7)
    optimizer = options.pop("optimizer", None) or Adam(network, lr=0.05)
    before = network.state_dict(), optimizer.state_dict()
    content = path.read_bytes()
    with pytest.raises(ArgumentError, match=message) as caught:
        train(network, 2, optimizer=optimizer, checkpoint=path, resume=True, **options)
    assert str(path) in str(caught.value)
    assert (network.state_dict(), optimizer.state_dict()) == before
    assert path.read_bytes() == content


def test_200_random_corruptions_are_refused_and_change_nothing(path: Path) -> None:
    train(model_of(0), 1, checkpoint=path)
    whole = path.read_bytes()
    rng = random.Random(0)
    network = model_of(7)
    for k in range(200):
        damaged = bytearray(whole)
        place = rng.randrange(len(whole))
        if k % 4 == 0:
            del damaged[place:]  # truncated
        elif k % 4 == 1:
            damaged[place] ^= 1 << rng.randrange(8)
        elif k % 4 == 2:
            damaged[place : place + 64] = rng.randbytes(64)
        else:
            del damaged[place : place + rng.randrange(1, 50)]
        path.write_bytes(damaged)
        assert_refused(path, "is no file of weights|is damaged", network)


def test_what_does_not_fit_is_named(path: Path) -> None:
    train(model_of(0), 1, checkpoint=path)
    network = model_of(0)
    for options, message in [
        (
            {"seed": 1},
            "another run, whose seed was '0', and is '1' here: give",
        ),
        ({"validation": DATA}, "another run, whose validation was None"),
        ({"optimizer": nn.SGD(network)}, "state is of an optimizer Adam, this is SGD"),
        ({"optimizer": Adam(network, amsgrad=True)}, "does not fit this Adam"),
        ({"callbacks": EarlyStopping()}, r"callbacks \[\], these are \['EarlyStopping"),
    ]:
        assert_refused(path, message, network, **options)
    wider = nn.Sequential([nn.Dense(2, 4, seed=0), nn.Dense(4, 2, seed=0)])
    assert_refused(path, "the state does not fit this Sequential", wider)
    bare = nn.Sequential([nn.Dense(2, 3, "tanh", seed=0), nn.Dense(3, 2, seed=0)])
    with pytest.raises(ArgumentError, match="does not fit this Seq"):
        train(bare, 2, checkpoint=path, resume=True)
    nn.save(network, path)
    assert_refused(path, "has weights, but is no checkpoint of fit", network)


def test_arguments() -> None:
    for options in ({"resume": True}, {"checkpoint_every": 3}):
        with pytest.raises(ArgumentError, match="need a file: checkpoint="):
            train(model_of(0), 1, **options)


def test_a_run_without_a_seed_goes_on_with_the_one_it_drew(path: Path) -> None:
    first, second = model_of(0), model_of(0)
    train(first, 1, seed=None, checkpoint=path)
    content = path.read_bytes()
    train(first, 3, seed=None, checkpoint=path, resume=True)
    path.write_bytes(content)
    train(second, 3, seed=None, checkpoint=path, resume=True)
    assert first.state_dict() == second.state_dict()
