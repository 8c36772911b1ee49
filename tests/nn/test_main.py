import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nn import MLP, History, load, tasks
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
        f"weights: {folder / 'weights.npz'}",
        f"plot: {folder / 'plot.png'}",
    )
    assert sorted(os.listdir(tmp_path / folder)) == [
        "checkpoint.npz",
        "plot.png",
        "weights.npz",
    ]
    assert (tmp_path / folder / "plot.png").read_bytes().startswith(b"\x89PNG")

    # The file alone is enough to classify the held-out flowers as the run said.
    model = MLP(4, [16, 3], "tanh", seed=9)
    notes = load(model, tmp_path / folder / "weights.npz")
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
        files.append((tmp_path / name / "weights.npz").read_bytes())
    assert files[0] == files[1] != files[2]


def test_the_seed_goes_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds: list[int] = []

    def record(module: Any, name: str) -> None:
        original = getattr(module, name)

        def recording(*args: Any, **options: Any) -> Any:
            seeds.append(options["seed"])
            return original(*args, **options)

        monkeypatch.setattr(module, name, recording)

    record(tasks, "train_test_split")
    record(tasks, "MLP")
    record(command, "fit")
    command.main([*SMALL, "--seed", "7", "--out", str(tmp_path)])
    assert seeds == [7, 7, 7]


def test_hidden_layers(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, output, _ = run(
        capsys, "--epochs", "1", "--hidden", "4,2", "--out", str(tmp_path)
    )
    assert status == 0
    assert "network 4-4-2-3, 39 parameters" in output
    with np.load(tmp_path / "weights.npz") as file:
        assert len(file["weights"]) == 39


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
            "argument --model/--hidden: a layer of 0 neurons: give numbers from 1 to "
            "1000, such as 16,8",
        ),
        (
            ["--hidden", "16,1001"],
            "argument --model/--hidden: a layer of 1001 neur",
        ),
        (["--hidden", "16 8"], "argument --model/--hidden: '16 8' is no whole number"),
        (["--hidden", ""], "argument --model/--hidden: '' is no whole number"),
        (["--hidden"], "argument --model/--hidden: expected one argument"),
        (["--lr", "0"], "argument --lr: 0 is no rate: give a number above 0"),
        (["--lr", "fast"], "argument --lr: 'fast' is no number"),
        (
            ["--optimizer", "adm"],
            "argument --optimizer: unknown optimizer 'adm': did you mean 'adam'?",
        ),
        (
            ["--task", "spiral"],
            "argument --task: unknown task 'spiral': did you mean 'spirals'?",
        ),
        (["--task", "csv"], "argument --task: csv takes one file, as in csv flower"),
        (["--task", "iris", "x.csv"], "argument --task: iris takes no file; got ['x"),
        (["--task", "csv", "none.csv"], "argument --task: [Errno 2] No such file"),
        (["--task", "adding", "--model", "4,4"], "argument --task: the network for"),
        (["--plot", "x.gif"], "argument --plot: x.gif should end in .png, .svg or"),
        (["--plot", "no/x.png"], "argument --plot: cannot write to no: No such file"),
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
    assert errors.startswith("python -m nn: error: [Errno 28] No space left on device:")


def test_help_reads_well(capsys: pytest.CaptureFixture[str]) -> None:
    status, output, _ = run(capsys, "--help")
    assert status == 0
    text = " ".join(output.split())
    for part in (
        "usage: python -m nn",
        "tell three species of iris",
        "(default: 0)",
        "iris, moons, spirals, sine, adding, or csv PATH",
        "(default: 100; spirals 200, adding 15)",
        "such as 16,8 (default: 16; spirals 16,16; adding 8)",
        "one of adagrad, adam, adamw, rmsprop, sgd",
        "plot.png, weights.npz and checkpoint.npz (default: TASK_run)",
        "go on from the folder's checkpoint",
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
    assert errors == "", "no bar where there is no terminal"
    assert sorted(os.listdir(tmp_path)) == ["checkpoint.npz", "weights.npz"]


@pytest.mark.parametrize(
    ("name", "model", "verdict"),
    [
        ("moons", "4", r"held-out accuracy: \d+\.\d% \(\d+ of 60\)"),
        ("spirals", "4", r"held-out accuracy: \d+\.\d% \(\d+ of 90\)"),
        ("sine", "4", r"held-out mean squared error: 0\.\d+ \(0\.\d+ for always say"),
        ("adding", "1", r"held-out mean squared error: 0\.\d+ \(0\.\d+ for always say"),
    ],
)
def test_tasks(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    name: str,
    model: str,
    verdict: str,
) -> None:
    pytest.importorskip("matplotlib")
    plot = tmp_path / "picture.svg"
    status, output, _ = run(
        capsys,
        *("--task", name, "--model", model, "--epochs", "1", "--optimizer", "rmsprop"),
        *("--lr", "0.01", "--out", str(tmp_path / "run"), "--plot", str(plot)),
    )
    assert status == 0
    assert re.search(verdict, output)
    assert "<svg" in plot.read_text("utf-8")


def test_a_file_of_one_s_own(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path, out = tmp_path / "own.csv", str(tmp_path / "run")
    path.write_text("a,b,kind\n" + "0,1,x\n1,0,y\n0.1,1,x\n1,0.2,y\n" * 5)
    arguments = ["--task", "csv", str(path), "--epochs", "3", "--out", out]
    status, output, _ = run(capsys, *arguments)
    assert status == 0
    assert "own.csv: 14 samples to train on, 6 held out; network 2-16-2" in output
    path.write_text("a,b,y\n" + "0,1,0.5\n1,0,1.5\n0.1,nan,0.5\n" * 5)
    status, _, errors = run(capsys, *arguments)
    assert status == 2
    assert "own.csv, line 4, column 'b' (2 of 3) is 'nan', not a finite" in errors


def test_resuming_ends_as_one_run_does(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    once, twice = tmp_path / "once", tmp_path / "twice"
    small = ["--hidden", "3", "--optimizer", "adam"]
    run(capsys, *small, "--epochs", "3", "--out", str(once))
    run(capsys, *small, "--epochs", "1", "--out", str(twice))
    arguments = [*small, "--epochs", "3", "--out", str(twice), "--resume"]
    assert run(capsys, *arguments)[0] == 0
    files = [(f / "weights.npz").read_bytes() for f in (once, twice)]
    assert files[0] == files[1]
    status, _, errors = run(capsys, *arguments, "--seed", "1")
    assert status == 1
    assert "checkpoint.npz is of another run, whose seed was '0'" in errors


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
        assert (tmp_path / "weights.npz").exists()

    def test_before_the_first_epoch(
        self,
        capsys: pytest.CaptureFixture[str],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(command, "fit", lambda *_, **__: History(interrupted=True))
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

        monkeypatch.setattr(tasks, "iris", interrupt)
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
        "checkpoint.npz",
        "plot.png",
        "weights.npz",
    }


def test_a_name_that_the_terminal_lacks_is_printed_in_escapes(tmp_path: Path) -> None:
    process = start(*SMALL, "--out", "é", cwd=tmp_path, env=ASCII)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert r"weights: \xe9" in output


ASCII = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
