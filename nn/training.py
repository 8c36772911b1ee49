"""`fit`: the training loop."""

import os
from collections.abc import Callable, Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path
from random import Random, getrandbits
from typing import Any

from autograd import ArgumentError

from .batches import Loss, pairs, try_out
from .callbacks import call, checked
from .checkpoints import Checkpoints, continue_run
from .contexts import as_it_was, own_rate
from .counts import check_count
from .history import History
from .losses import by_name as loss_by_name
from .metrics import Metric
from .metrics import by_name as metric_by_name
from .module import Module
from .optimizers import SGD, Optimizer
from .optimizers import by_name as optimizer_by_name
from .progress import Progress, reporter
from .running import Keeper, Run

__all__ = ["fit"]


def fit(
    model: Module,
    loss: Loss | str,
    data: Any,
    epochs: int,
    batch_size: int | None = None,
    optimizer: Optimizer | str | None = None,
    schedule: Callable[[int], float] | None = None,
    validation: Any = None,
    metrics: str | Metric | Iterable[str | Metric] | Mapping[str, Metric] = (),
    callbacks: Any = (),
    seed: Any = 0,
    *,
    compile: bool | None = None,
    progress: bool = True,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: int | None = None,
    resume: bool = False,
) -> History:
    """Train a model on inputs and targets; return the `History`.

    loss: takes the outputs for a batch and its targets: one of `nn.losses`, its name,
        or any function like these.
    data: a pair (inputs, targets) of lists, arrays or data frames, or a `Dataset`.
    batch_size: how many samples make one step, in an order that is shuffled anew for
        each epoch; by default all. 1 is stochastic gradient descent. The weights change
        when the gradient of the whole batch is there.
    optimizer: one made for the model, or a name (with the defaults of its class); by
        default ``SGD(model, lr=0.01)``.
    schedule: from the step of this run, 0, 1, 2, ..., to the learning rate
        (`nn.schedules`); the optimizer has its own rate again afterwards.
    validation: data like `data`, for the loss and the metrics after each epoch.
    metrics: names (`nn.metrics`) or functions of plain predictions and targets, one or
        several, or a dict of functions by names.
    callbacks: one or several (`nn.callbacks`), such as ``EarlyStopping(patience=5)``.
    seed: of the shuffling, and of `Dropout` layers without a seed of their own:
        whatever `random.Random` takes. Equal seeds give equal weights, bit by bit.
    compile: run a recording of one sample as compiled code on whole batches, many times
        as fast (`autograd.compile`), with the weights in arrays while nobody looks. The
        loss must be a mean over samples, and the model must draw no random numbers.
        None: where llvmlite is installed (the extra `compile`), after the first 300
        samples of each kind, and where it can be done; `History.compiled` tells,
        `History.not_compiled` why not. True: from the first batch, or an error. False:
        never. Results are those of the eager run to a few units in the last place;
        what the model's own code does besides (print, count) happens no more.
    progress: show a bar in terminals and notebooks (needs tqdm; without it, lines).
    checkpoint: a file to write after each epoch, and after every `checkpoint_every`
        batches. With `resume`, the run goes on from it if it is there; then it ends
        with the very weights that it would have had without an interruption.

    The model is in training mode in each epoch (`Module.train`) and in evaluation mode
    for the validation; afterwards its modes are as before.

    Ctrl-C ends the run after the batch, a second one at once; `History.interrupted` is
    set, and weights are those of the last complete step.

    >>> from nn import MLP
    >>> model = MLP(1, [1], seed=0)
    >>> data = [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]
    >>> history = fit(model, "mse", data, epochs=200, optimizer=SGD(model, lr=0.2))
    >>> f"{model([10.0]):.6f}"
    '21.000000'
    >>> history
    History(200 epochs, loss 1.084e-22)

    Raises `ArgumentError` for arguments that make no sense, samples that the model or
    the loss refuses, by row, and checkpoints that are damaged or of another run;
    `NumberError` for samples with what is no number, by row; and `DivergenceError` when
    the loss, a gradient or a parameter is not finite any more, naming epoch, batch and
    parameter: the weights are those before that batch.
    """
    if not isinstance(model, Module):
        raise ArgumentError(
            f"fit trains a Module, such as nn.MLP(2, [16, 1]), got {model!r}"
        )
    cost = loss_by_name(loss) if isinstance(loss, str) else loss
    if not callable(cost):
        raise ArgumentError(f"a loss is a function or its name, got {loss!r}")
    samples = pairs("data", data)
    held_out = None if validation is None else pairs("validation", validation)
    check_count("epochs", epochs)
    size = len(samples[0]) if batch_size is None else batch_size
    size = min(check_count("batch_size", size), len(samples[0]))
    listeners, seed_text = checked(callbacks), _seed_text(seed)
    with as_it_was(model, seed_text):
        model.eval()
        try_out("data", model, cost, samples)
        if held_out is not None:
            try_out("validation", model, cost, held_out)
        used, named = _optimizer(optimizer, model), _measures(metrics)
        run = Run(
            model,
            cost,
            used,
            samples,
            epochs=epochs,
            batch_size=size,
            seed=seed_text,
            schedule=schedule,
            validation=held_out,
            metrics=named,
            callbacks=listeners,
            compile=_whether(compile),
        )
        call(listeners, "on_start", run)
        with own_rate(used, schedule):
            keeper = _checkpoints(run, checkpoint, checkpoint_every, resume, seed)
            bar = Progress()
            if progress:
                bar = reporter(epochs, run.batches, run.step)
            run.go(bar, keeper)
        call(listeners, "on_end", run)
    return run.history


def _whether(compile: Any) -> bool | None:
    """Return whether to compile; None: when it pays, where llvmlite is installed."""
    if compile is not None and not isinstance(compile, bool):
        raise ArgumentError(f"compile is True, False or None, got {compile!r}")
    if compile is None and find_spec("llvmlite") is None:
        return False
    return compile


def _optimizer(optimizer: Any, model: Module) -> Optimizer:
    used = optimizer
    if optimizer is None:
        used = SGD(model, lr=0.01)
    elif isinstance(optimizer, str):
        used = optimizer_by_name(optimizer)(model)
    if not isinstance(used, Optimizer):
        raise ArgumentError(
            f"an optimizer is made for the model, such as nn.Adam(model, lr=0.01), or "
            f"a name; got {optimizer!r}"
        )
    mine = set(map(id, model.parameters()))
    if not any(id(parameter) in mine for parameter in used.parameters()):
        raise ArgumentError(
            f"{used!r} moves no parameter of this model: it was made for another "
            f"one, or all are frozen"
        )
    return used


def _measures(metrics: Any) -> dict[str, Metric]:
    if isinstance(metrics, Mapping):
        named = dict(metrics)
    else:
        if isinstance(metrics, str) or callable(metrics):
            metrics = [metrics]
        named = {
            each if isinstance(each, str) else getattr(each, "__name__", repr(each)): (
                metric_by_name(each) if isinstance(each, str) else each
            )
            for each in metrics
        }
    for name, metric in named.items():
        if not callable(metric) or name == "loss":
            raise ArgumentError(
                f"metrics are names or functions of predictions and targets, none of "
                f"them called 'loss'; got {name!r}: {metric!r}"
            )
    return named


def _seed_text(seed: Any) -> str:
    """Return what all random numbers of a run are drawn by."""
    try:
        Random(seed)
    except TypeError:
        raise ArgumentError(
            f"a seed is a whole number, a float, a text, bytes or None, got {seed!r}"
        ) from None
    return repr(getrandbits(64) if seed is None else seed)


def _checkpoints(
    run: Run, file: Any, every: int | None, go_on: bool, seed: Any
) -> Keeper:
    """Return what saves the run; first resume it, if that is wanted and possible."""
    if every is not None:
        check_count("checkpoint_every", every)
    if file is None:
        if go_on or every is not None:
            raise ArgumentError(
                "resume and checkpoint_every need a file: checkpoint='run.npz'"
            )
        return Keeper()
    path, settings = Path(file), run.settings(with_seed=seed is not None)
    if go_on and path.exists():
        continue_run(path, run, settings)
    return Checkpoints(path, every, settings)
