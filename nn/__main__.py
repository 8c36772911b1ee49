"""`python -m nn`: train a network, by default on the iris flowers."""

import argparse
import io
import math
import os
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

from autograd import ArgumentError, MissingExtraError

from . import plots
from .history import History
from .lookup import known
from .optimizers import OPTIMIZERS, by_name
from .persistence import save, write_atomically
from .running import DivergenceError
from .tasks import TASKS, Task, task
from .training import fit

INTERRUPTED = 130  # what a shell reports for Ctrl-C
# By task: epochs, samples a batch, optimizer, learning rate, widths of hidden layers.
USUAL = {
    "iris": (100, 15, "sgd", 0.1, [16]),
    "moons": (100, 20, "adam", 0.02, [16]),
    "spirals": (200, 20, "adam", 0.02, [16, 16]),
    "sine": (100, 20, "adam", 0.02, [16]),
    "adding": (15, 10, "adam", 0.03, [8]),
    "csv": (100, 15, "adam", 0.01, [16]),
}


class _Parser(argparse.ArgumentParser):
    """A parser whose errors take one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message}; --help lists the options\n")


def _whole_number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None


def _epochs(text: str) -> int:
    number = _whole_number(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is too small: give 1 or more")
    return number


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None
    if not 0 < rate < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is no rate: give a number above 0")
    return rate


def _optimizer(text: str) -> str:
    try:
        return known(text.lower(), OPTIMIZERS, "optimizer")
    except ArgumentError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _widths(text: str) -> list[int]:
    widths = [_whole_number(part) for part in text.split(",")]
    for width in widths:
        if not 1 <= width <= 1000:
            raise argparse.ArgumentTypeError(
                f"a layer of {width} neurons: give numbers from 1 to 1000, such as 16,8"
            )
    return widths


def _parser() -> _Parser:
    parser = _Parser(
        prog="python -m nn",
        description="Train a network, by default to tell three species of iris by the "
        "lengths and widths of sepals and petals, and see how it does on samples that "
        "it has not seen.",
        epilog="30 % of the samples are held out. Equal seeds give equal results. "
        "Ctrl-C ends the training and keeps what was reached.",
    )
    add = parser.add_argument
    add(
        "--task",
        nargs="+",
        default=["iris"],
        metavar=("TASK", "PATH"),
        help=f"what to learn: {', '.join(TASKS[:-1])}, or csv PATH, a file of samples "
        "whose last column is to be predicted (default: iris)",
    )
    add(
        "--model",
        "--hidden",
        type=_widths,
        metavar="N[,N...]",
        help="neurons in each hidden layer, such as 16,8 (default: 16; spirals 16,16; "
        "adding 8)",
    )
    add(
        "--epochs",
        type=_epochs,
        metavar="N",
        help="how often to go through the samples (default: 100; spirals 200, adding "
        "15)",
    )
    add(
        "--optimizer",
        type=_optimizer,
        metavar="NAME",
        help=f"one of {', '.join(OPTIMIZERS)} (default: adam; iris sgd)",
    )
    add(
        "--lr",
        type=_rate,
        metavar="RATE",
        help="learning rate (default: 0.1 for sgd on iris, 0.03 on adding, 0.01 on "
        "csv, 0.02 else)",
    )
    add(
        "--seed",
        type=_whole_number,
        default=0,
        metavar="N",
        help="of the data, the first weights and the shuffling (default: %(default)s)",
    )
    add(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="where to write plot.png, weights.npz and checkpoint.npz (default: "
        "TASK_run)",
    )
    add(
        "--resume",
        action="store_true",
        help="go on from the folder's checkpoint, if it is there",
    )
    add(
        "--plot",
        type=Path,
        metavar="FILE",
        help="where to draw losses and what was learned, as .png, .svg or .pdf "
        "(default: plot.png in the folder)",
    )
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):  # a folder's name may be any
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        chosen = _chosen_task(parser, options)
        _make_folder(parser, options)
        return _run(options, chosen)
    except KeyboardInterrupt:
        print("stopped by Ctrl-C", file=sys.stderr)
        return INTERRUPTED
    except (DivergenceError, ArgumentError, OSError) as error:
        print(f"{parser.prog}: error: {error}", file=sys.stderr)
        return 1


def _chosen_task(parser: _Parser, options: argparse.Namespace) -> Task:
    """Return the task, and fill in what was not said."""
    name, *paths = options.task
    if name not in TASKS:
        try:
            known(name, TASKS, "task")
        except ArgumentError as error:
            parser.error(f"argument --task: {error}")
    if len(paths) != (name == "csv"):
        wanted = "one file, as in csv flowers.csv" if name == "csv" else "no file"
        parser.error(f"argument --task: {name} takes {wanted}; got {paths}")
    epochs, options.batch, optimizer, rate, widths = USUAL[name]
    options.epochs = options.epochs or epochs
    if options.lr is None:
        # The usual rate is that of the usual optimizer.
        usual = options.optimizer in (None, optimizer)
        options.lr = rate if usual else 0.1 if options.optimizer == "sgd" else 0.01
    options.optimizer = options.optimizer or optimizer
    options.out = options.out or Path(f"{name}_run")
    options.plot = options.plot or options.out / "plot.png"
    if options.plot.suffix not in (".png", ".svg", ".pdf"):
        parser.error(
            f"argument --plot: {options.plot} should end in .png, .svg or .pdf"
        )
    path = Path(paths[0]) if paths else None
    try:
        return task(name, path, options.model or widths, options.seed)
    except (ArgumentError, OSError, ValueError) as error:
        parser.error(f"argument --task: {error}")


def _make_folder(parser: _Parser, options: argparse.Namespace) -> None:
    folders = [("out", options.out)]
    if options.plot.parent != options.out:
        folders.insert(0, ("plot", options.plot.parent))  # which has to be there
    for argument, folder in folders:
        try:
            if argument == "out":
                folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            parser.error(
                f"argument --{argument}: cannot write to {folder}: {error.strerror}"
            )


def _run(options: argparse.Namespace, chosen: Task) -> int:
    model = chosen.model
    _say(
        f"{chosen.title}; network {chosen.shape}, {len(model.parameters())} "
        f"parameters, seed {options.seed}"
    )
    weights, checkpoint = options.out / "weights.npz", options.out / "checkpoint.npz"
    history = fit(
        model,
        chosen.loss,
        chosen.train,
        epochs=options.epochs,
        batch_size=options.batch,
        optimizer=by_name(options.optimizer)(model, lr=options.lr),
        validation=chosen.test,
        metrics=chosen.metrics,
        seed=options.seed,
        checkpoint=checkpoint,
        resume=options.resume,
    )
    save(model, weights, chosen.notes)
    _say(_summary(history, options.epochs))
    _say(chosen.verdict())
    _say(f"weights: {weights}")
    try:
        _draw(history, chosen, options.plot)
        _say(f"plot: {options.plot}")
    except MissingExtraError as missing:
        _say(f"no plot: {missing}")
    return INTERRUPTED if history.interrupted else 0


def _say(text: str) -> None:
    """Print; where nobody reads any more, go on in silence: files are still to come."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _summary(history: History, epochs: int) -> str:
    verb = "stopped by Ctrl-C after" if history.interrupted else "trained"
    text = f"{verb} {history.epochs} of {epochs} epochs in {history.seconds:.1f} s"
    if history.losses:
        text += f": loss {history.losses[0]:.3g}, then {history.losses[-1]:.3g}"
    return text


def _draw(history: History, chosen: Task, path: Path) -> None:
    """Write one picture: the losses, and what was learned."""
    figure, (left, right) = plots.new_figure(2)
    if history.losses:
        names = ("loss", "val_loss")
        plots.loss_curve({name: history[name] for name in names}, axes=left)
    data = chosen.data
    if data is not None and chosen.classes and len(data.feature_names) > 1:
        plots.decision_regions(
            chosen.outputs,
            data.features,
            data.labels,
            columns=chosen.columns,
            feature_names=data.feature_names,
            class_names=chosen.classes,
            axes=right,
        )
    elif data is not None and len(data.feature_names) == 1 and not chosen.classes:
        plots.fitted_curve(chosen.outputs, data.features, data.labels, axes=right)
    else:
        inputs, targets = chosen.test
        predictions = [chosen.model(x) for x in inputs]
        plots.predictions(predictions, targets, axes=right)
    picture = io.BytesIO()
    figure.savefig(picture, format=path.suffix[1:])
    write_atomically(path, picture.getvalue())


if __name__ == "__main__":
    sys.exit(main())
