"""`python -m nn`: train a network on the iris flowers."""

import argparse
import io
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from autograd import MissingExtraError

from . import plots
from .datasets import Scaling, iris, train_test_split
from .layers import MLP
from .losses import cross_entropy
from .optimizers import SGD
from .persistence import save, write_atomically
from .training import DivergenceError, History, fit

PETALS = (2, 3)  # the two features that tell the species apart best
INTERRUPTED = 130  # what a shell reports for Ctrl-C


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


def _widths(text: str) -> list[int]:
    widths = [_whole_number(part) for part in text.split(",")]
    for width in widths:
        if not 1 <= width <= 1000:
            raise argparse.ArgumentTypeError(
                f"a layer of {width} neurons: give numbers from 1 to 1000, such as 16,8"
            )
    return widths


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m nn",
        description="Train a network to tell three species of iris by the lengths and "
        "widths of sepals and petals, and see how it does on flowers it has not seen.",
        epilog="Of the 150 flowers 45 are held out, 15 of each species. Equal seeds "
        "give equal results. Ctrl-C ends the training and keeps what was reached.",
    )
    parser.add_argument(
        "--seed",
        type=_whole_number,
        default=0,
        metavar="N",
        help="of the split, the first weights and the shuffling (default: %(default)s)",
    )
    parser.add_argument(
        "--epochs",
        type=_epochs,
        default=100,
        metavar="N",
        help="how often to go through the training flowers (default: %(default)s)",
    )
    parser.add_argument(
        "--hidden",
        type=_widths,
        default=[16],
        metavar="N[,N...]",
        help="neurons in each hidden layer, such as 16,8 (default: 16)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("iris_run"),
        metavar="FOLDER",
        help="where to write plot.png and weights.json (default: %(default)s)",
    )
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):  # a folder's name may be any
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=options.out):
            pass
    except OSError as error:
        parser.error(f"argument --out: cannot write to {options.out}: {error.strerror}")
    try:
        return _run(options)
    except KeyboardInterrupt:
        print("stopped by Ctrl-C", file=sys.stderr)
        return INTERRUPTED
    except (DivergenceError, OSError) as error:
        print(f"{parser.prog}: error: {error}", file=sys.stderr)
        return 1


def _run(options: argparse.Namespace) -> int:
    data = iris()
    split = train_test_split(data.features, data.labels, seed=options.seed)
    # By the training flowers alone: the held-out ones must not leak in.
    scaling = Scaling.of(split.train_features)
    model = MLP(4, [*options.hidden, 3], "tanh", seed=options.seed)
    _say(
        f"iris: {len(split.train_labels)} flowers to train on, "
        f"{len(split.test_labels)} held out; network "
        f"{'-'.join(map(str, [4, *options.hidden, 3]))}, "
        f"{len(model.parameters())} parameters, seed {options.seed}"
    )
    start = time.perf_counter()
    history = fit(
        model,
        cross_entropy,
        (scaling.apply(split.train_features), split.train_labels),
        epochs=options.epochs,
        batch_size=15,
        optimizer=SGD(model, lr=0.1),
        seed=options.seed,
        progress=True,
    )
    seconds = time.perf_counter() - start
    weights = options.out / "weights.json"
    save(
        model,
        weights,
        {
            "features": data.feature_names,
            "classes": data.class_names,
            "means": scaling.means,
            "deviations": scaling.deviations,
        },
    )
    _say(_summary(history, options.epochs, seconds))

    def scores(flower: list[float]) -> list[float]:
        return [score.data for score in model(scaling.apply([flower])[0])]

    right = sum(
        max(range(3), key=scores(flower).__getitem__) == label
        for flower, label in zip(split.test_features, split.test_labels, strict=True)
    )
    held_out = len(split.test_labels)
    _say(f"held-out accuracy: {right / held_out:.1%} ({right} of {held_out})")
    _say(f"weights: {weights}")
    try:
        plot = options.out / "plot.png"
        _draw(history, scores, plot)
        _say(f"plot: {plot}")
    except MissingExtraError as missing:
        _say(f"no plot: {missing}")
    return INTERRUPTED if history.interrupted else 0


def _say(text: str) -> None:
    """Print; where nobody reads any more, go on in silence: files are still to come."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _summary(history: History, epochs: int, seconds: float) -> str:
    verb = "stopped by Ctrl-C after" if history.interrupted else "trained"
    text = f"{verb} {history.epochs} of {epochs} epochs in {seconds:.1f} s"
    if history.losses:
        text += f": loss {history.losses[0]:.3f}, then {history.losses[-1]:.3f}"
    return text


def _draw(
    history: History, scores: Callable[[list[float]], list[float]], path: Path
) -> None:
    """Write one picture: the loss, and the regions over the petals' two sizes."""
    data = iris()
    figure, (left, right) = plots.new_figure(2)
    if history.losses:
        plots.loss_curve(history.losses, axes=left)
    plots.decision_regions(
        scores,
        data.features,
        data.labels,
        columns=PETALS,
        feature_names=data.feature_names,
        class_names=data.class_names,
        axes=right,
    )
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    write_atomically(path, picture.getvalue())


if __name__ == "__main__":
    sys.exit(main())
