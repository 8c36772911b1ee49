import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nn import MLP, History, load
from nn import __main__ as command
from nn.datasets import Scaling, iris, train_test_split

SMALL = ["--epochs", "2", "--hidden", "3"]


def run(
    capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int | str | None, str, str]:
    """Run the command line in this process; return status, output and errors."""
    try:
        status: int | str | None = command.main(list(arguments))
    except SystemExit as stop:
        status = stop.code
    return status, *capsys.readouterr()


def start(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "nn", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def test_the_default_run(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("tqdm")
    process = start(cwd=tmp_path)
    output, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (0, "")
    iris_line, training, accuracy, weights, plot = output.splitlines()
    assert iris_line == (
        "iris: 105 flowers to train on, 45 held out; network 4-16-3, "
        "131 parameters, seed 0"
    )
    assert re.fullmatch(
        r"trained 100 of 100 epochs in \d+\.\d s: loss \d\.\d+, then 0\.0\d+", training
    )
    percent, right = re.fullmatch(  # type: ignore[union-attr]
        r"held-out accuracy: (\d+\.\d)% \((\d+) of 45\)", accuracy
    ).groups()
    assert float(percent) >= 93
    assert float(percent) == pytest.approx(int(right) / 45 * 100, abs=0.05)
    folder = Path("iris_run")
    assert (weights, plot) == (
        f"weights: {folder / 'weights.json'}",
        f"plot: {folder / 'plot.png'}",
    )
    assert sorted(os.listdir(tmp_path / folder)) == ["plot.png", "weights.json"]
    assert (tmp_path / folder / "plot.png").read_bytes().startswith(b"\x89PNG")

    # The file alone is enough to classify the held-out flowers as the run said.
    model = MLP(4, [16, 3], "tanh", seed=9)
    notes = load(model, tmp_path / folder / "weights.json")
    assert notes["classes"] == list(iris().class_names)
    scaling = Scaling(tuple(notes["means"]), tuple(notes["deviations"]))
    split = train_test_split(iris().features, iris().labels, seed=0)
    assert scaling == Scaling.of(split.train_features)
    hits = 0
    for row, label in zip(
        scaling.apply(split.test_features), split.test_labels, strict=True
    ):
        scores = [score.data for score in model(row)]
        hits += scores.index(max(scores)) == label
    assert hits == int(right)


def test_equal_seeds_give_equal_files(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    files = []
    for name, seed in [("a", "5"), ("b", "5"), ("c", "6")]:
        status, _, _ = run(
            capsys, *SMALL, "--seed", seed, "--out", str(tmp_path / name)
        )
        assert status == 0
        files.append((tmp_path / name / "weights.json").read_bytes())
    assert files[0] == files[1] != files[2]


def test_the_seed_goes_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds: list[int] = []

    def record(name: str) -> None:
        original = getattr(command, name)

        def recording(*args: Any, **options: Any) -> Any:
            seeds.append(options["seed"])
            return original(*args, **options)

        monkeypatch.setattr(command, name, recording)

    for name in ("train_test_split", "MLP", "fit"):
        record(name)
    command.main([*SMALL, "--seed", "7", "--out", str(tmp_path)])
    assert seeds == [7, 7, 7]


def test_hidden_layers(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, output, _ = run(
        capsys, "--epochs", "1", "--hidden", "4,2", "--out", str(tmp_path)
    )
    assert status == 0
    assert "network 4-4-2-3, 39 parameters" in output
    saved = json.loads((tmp_path / "weights.json").read_text("utf-8"))["weights"]
    assert len(saved) == 39


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seed", "abc"], "argument --seed: 'abc' is no whole number"),
        (["--seed", "1.5"], "argument --seed: '1.5' is no whole number"),
        (["--epochs", "0"], "argument --epochs: 0 is too small: give 1 or more"),
        (["--epochs", "-3"], "argument --epochs: -3 is too small: give 1 or more"),
        (["--epochs", "many"], "argument --epochs: 'many' is no whole number"),
        (
            ["--hidden", "0"],
            "argument --hidden: a layer of 0 neurons: give numbers from 1 to 1000, "
            "such as 16,8",
        ),
        (["--hidden", "16,1001"], "argument --hidden: a layer of 1001 neurons: give"),
        (["--hidden", "16 8"], "argument --hidden: '16 8' is no whole number"),
        (["--hidden", ""], "argument --hidden: '' is no whole number"),
        (["--hidden"], "argument --hidden: expected one argument"),
        (["--learn"], "unrecognized arguments: --learn"),
        (["iris"], "unrecognized arguments: iris"),
    ],
)
def test_bad_arguments_give_one_line_and_status_2(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    status, output, errors = run(capsys, *arguments)
    assert (status, output) == (2, "")
    [line] = errors.splitlines()
    assert line.startswith(f"python -m nn: error: {message}")
    assert line.endswith("; --help lists the options")
    assert os.listdir(tmp_path) == [], "nothing is made of a call that is refused"


def test_a_folder_that_cannot_be_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.write_text("")
    for out in (file, file / "below"):
        status, output, errors = run(capsys, *SMALL, "--out", str(out))
        assert (status, output) == (2, "")
        [line] = errors.splitlines()
        assert f"argument --out: cannot write to {out}: " in line


def test_a_disk_that_fails_later_gives_one_line_and_status_1(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    status, _, errors = run(capsys, *SMALL, "--out", str(tmp_path))
    assert status == 1
    assert errors == "python -m nn: error: [Errno 28] No space left on device\n"


def test_help_reads_well(capsys: pytest.CaptureFixture[str]) -> None:
    status, output, _ = run(capsys, "--help")
    assert status == 0
    text = " ".join(output.split())
    for part in (
        "usage: python -m nn",
        "tell three species of iris",
        "(default: 0)",
        "(default: 100)",
        "such as 16,8 (default: 16)",
        "where to write plot.png and weights.json (default: iris_run)",
        "Ctrl-C ends the training",
    ):
        assert part in text


def test_without_extras_the_rest_is_done(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("matplotlib", "matplotlib.figure", "tqdm", "tqdm.auto"):
        monkeypatch.setitem(sys.modules, module, None)
    status, output, errors = run(capsys, *SMALL, "--out", str(tmp_path))
    assert status == 0
    assert "held-out accuracy: " in output
    assert output.splitlines()[-1] == (
        "no plot: a plot needs the package 'matplotlib', which is not installed: "
        "pip install 'scalar-autograd[plot]'"
    )
    assert "pip install 'scalar-autograd[progress]'" in errors
    assert "epoch 2/2, loss " in errors
    assert os.listdir(tmp_path) == ["weights.json"]


class TestCtrlC:
    @pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
    def test_what_was_reached_is_kept(self, tmp_path: Path) -> None:
        process = start("--epochs", "1000000", "--out", str(tmp_path))
        assert process.stdout is not None
        assert process.stdout.readline().startswith("iris: ")
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1.5)  # some epochs
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
        assert process.returncode == 130
        assert errors == ""
        assert re.match(r"stopped by Ctrl-C after \d+ of 1000000 epochs in ", output)
        assert "held-out accuracy: " in output
        assert (tmp_path / "weights.json").exists()

    def test_before_the_first_epoch(
        self,
        capsys: pytest.CaptureFixture[str],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(command, "fit", lambda *_, **__: History([], True))
        status, output, _ = run(capsys, *SMALL, "--out", str(tmp_path))
        assert status == 130
        assert "stopped by Ctrl-C after 0 of 2 epochs" in output

    def test_outside_of_the_training(
        self,
        capsys: pytest.CaptureFixture[str],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def interrupt() -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(command, "iris", interrupt)
        status, output, errors = run(capsys, *SMALL, "--out", str(tmp_path))
        assert (status, output, errors) == (130, "", "stopped by Ctrl-C\n")


def test_a_reader_that_leaves_costs_no_file(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    process = start(*SMALL, "--out", "é", cwd=tmp_path, env=ASCII)
    with process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("iris: ")
        process.stdout.close()
    assert process.returncode == 0
    assert {path.name for path in (tmp_path / "é").iterdir()} == {
        "plot.png",
        "weights.json",
    }


def test_a_name_that_the_terminal_lacks_is_printed_in_escapes(tmp_path: Path) -> None:
    process = start(*SMALL, "--out", "é", cwd=tmp_path, env=ASCII)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert r"weights: \xe9" in output


ASCII = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
