"""Compiled training keeps its numbers in arrays: nobody who looks can tell."""

import json
import os
import random
import signal
import threading

import numpy as np
import pytest

import autograd
import nn
from autograd import ArgumentError, Value
from nn import MLP, DivergenceError, EarlyStopping, Embedding, Layer, Sequential, fit
from nn.methods import Method, adagrad, adam, chain, clip_by_norm, clip_by_value

from nn.methods import adamw, rmsprop, sgd  # isort: skip
from nn.optimizers import Optimizer
from nn.running import WARM

DATA = nn.synthetic.moons(33, seed=0)
PAIR = DATA.inputs, [2 * y - 1 for y in DATA.targets]

OPTIMIZERS = {
    "sgd": lambda m: nn.SGD(m, lr=0.1),
    "momentum": lambda m: nn.SGD(m, lr=0.05, momentum=0.9, dampening=0.1),
    "nesterov": lambda m: nn.SGD(m, lr=0.05, momentum=0.9, nesterov=True),
    "decay": lambda m: nn.SGD(m, lr=0.1, weight_decay=0.01),
    "rmsprop": lambda m: nn.RMSprop(m, lr=0.01, momentum=0.5, centered=True),
    "adagrad": lambda m: nn.Adagrad(m, lr=0.1, lr_decay=0.01),
    "adam": lambda m: nn.Adam(m, lr=0.02, amsgrad=True),
    "adamw": lambda m: nn.AdamW(m, lr=0.02),
    "clipped by norm": lambda m: nn.SGD(m, lr=0.1, clip_norm=0.1),
    "clipped by value": lambda m: nn.Adam(m, lr=0.02, clip_value=0.05),
}


def trained(compile, make_optimizer=OPTIMIZERS["sgd"], epochs=4, prepare=None, **more):
    model = MLP(2, [6, 1], seed=1)
    if prepare:
        prepare(model)
    optimizer = make_optimizer(model)
    history = fit(
        model,
        "hinge",
        PAIR,
        epochs,
        batch_size=8,
        optimizer=optimizer,
        compile=compile,
        progress=False,
        **more,
    )
    return model, optimizer, history


def numbers(model):
    return [p.data for p in model.parameters()]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_weights_and_state_are_those_of_the_eager_run(name):
    slow, eager, losses = trained(False, OPTIMIZERS[name])
    quick, compiled, found = trained(True, OPTIMIZERS[name])
    assert found.compiled
    assert not losses.compiled
    assert numbers(quick) == pytest.approx(numbers(slow), rel=1e-9)
    assert found.losses == pytest.approx(losses.losses, rel=1e-9)
    assert all(type(number) is float for number in numbers(quick))
    grads = [p.grad for p in slow.parameters()]
    assert [p.grad for p in quick.parameters()] == pytest.approx(grads, rel=1e-8)
    mine, theirs = (json.dumps(o.state_dict()) for o in (compiled, eager))
    assert [*json.loads(mine)] == [*json.loads(theirs)]
    assert shape_of(json.loads(mine)) == shape_of(json.loads(theirs))


def shape_of(state):
    if isinstance(state, dict):
        return {key: shape_of(part) for key, part in state.items()}
    if isinstance(state, list):
        return [shape_of(part) for part in state]
    return type(state)


METHODS = {
    "sgd": sgd(lr=lambda k: 0.1 / (k + 1), momentum=0.9, nesterov=True),
    "rmsprop": rmsprop(centered=True, momentum=0.3),
    "adagrad": adagrad(lr_decay=0.1, initial_accumulator_value=0.2),
    "adam": adam(amsgrad=True, weight_decay=0.1),
    "adamw": adamw(),
    "clipped": chain(clip_by_norm(1.5), clip_by_value(0.4), sgd()),
}


@pytest.mark.parametrize("name", METHODS)
def test_methods_give_the_same_bits_on_arrays_as_on_lists(name):
    method = METHODS[name]
    rng = np.random.default_rng(0)
    params = rng.normal(size=50)
    listed, laid = method.init(params.tolist()), method.init(params)
    laid = nn.states.each_column(np.array, laid)
    for _ in range(5):
        grads = rng.normal(size=50) * 10.0 ** rng.integers(-3, 3, 50)
        steps, listed = method.update(grads.tolist(), listed, params.tolist())
        moved, laid = method.update(grads, laid, params)
        assert steps == moved.tolist()
        assert listed == nn.states.each_column(lambda column: column.tolist(), laid)


def test_a_method_of_ones_own_that_knows_lists_only():
    def update(grads, state, params):
        assert isinstance(grads, list)
        return [-0.1 * g if g else 0.0 for g in grads], state + 1

    def make(model):
        return Optimizer(model, Method(lambda params: 0, update))

    slow, *_ = trained(False, make)
    quick, optimizer, history = trained(True, make)
    assert history.compiled
    assert optimizer.state == 20
    assert numbers(quick) == pytest.approx(numbers(slow), rel=1e-12)


class Halving(nn.SGD):
    """Sees each gradient in `.grad` before its step."""

    def step(self):
        for p in self.parameters():
            p.grad /= 2
        super().step()


def test_a_step_of_ones_own_is_taken():
    slow, *_ = trained(False, lambda m: Halving(m, lr=0.2))
    quick, *_ = trained(True, lambda m: Halving(m, lr=0.2))
    plain, *_ = trained(True, lambda m: nn.SGD(m, lr=0.1))
    assert numbers(quick) == pytest.approx(numbers(slow), rel=1e-12)
    assert numbers(quick) == pytest.approx(numbers(plain), rel=1e-12)


@pytest.mark.parametrize("name", ["momentum", "adam"])
def test_what_callbacks_freeze_change_and_read(name):
    def run(compile):
        seen = []

        class Meddling:
            def on_batch(self, run):
                first = run.model.parameters()[0]
                last = run.model.parameters()[-1]
                seen.append((first.data, last.data, last.grad))
                if run.step == 3:
                    run.model.layers[0].freeze()
                if run.step == 7:
                    first.data += 1.0
                    run.model.layers[0].unfreeze()

        model, *_ = trained(compile, OPTIMIZERS[name], callbacks=Meddling())
        return numbers(model), seen

    (slow, before), (quick, found) = run(False), run(True)
    assert quick == pytest.approx(slow, rel=1e-9)
    for one, other in zip(found, before, strict=True):
        assert one == pytest.approx(other, rel=1e-9)


def test_a_schedule_validation_and_early_stopping():
    def run(compile):
        stopping = EarlyStopping(patience=2, monitor="val_loss")
        model, optimizer, history = trained(
            compile,
            epochs=30,
            schedule=nn.schedules.cosine(0.5, steps=40),
            validation=PAIR,
            metrics="accuracy",
            callbacks=stopping,
        )
        assert optimizer.lr == 0.1
        return numbers(model), history

    (slow, eager), (quick, compiled) = run(False), run(True)
    assert compiled.epochs == eager.epochs
    assert quick == pytest.approx(slow, rel=1e-9)
    for name, column in eager.columns.items():
        assert compiled[name] == pytest.approx(column, rel=1e-9)


@pytest.mark.parametrize("stop_at", [2, 4])
def test_a_resumed_run_ends_with_the_same_bits(tmp_path, stop_at):
    def run(**more):
        return trained(True, OPTIMIZERS["adam"], epochs=6, **more)

    def interrupt(run):
        if run.epoch == stop_at:
            run.stop()

    whole, state, history = run()
    path = tmp_path / "run.npz"
    run(checkpoint=path, callbacks=interrupt)
    model, optimizer, resumed = run(checkpoint=path, resume=True)
    assert numbers(model) == numbers(whole)
    assert optimizer.state_dict() == state.state_dict()
    assert resumed.losses == history.losses


@pytest.mark.parametrize("compile", [False, True])
def test_a_step_too_long_leaves_the_weights_before_it(compile):
    model, seen = MLP(1, [1], seed=0), []

    class Watch:
        def on_batch(self, run):
            seen.append(numbers(run.model))

    with pytest.raises(DivergenceError, match=r"epoch 2, batch 1; the gradient"):
        fit(
            model,
            "mse",
            ([[1e150], [1e150]], [0.0, 1.0]),
            epochs=3,
            compile=compile,
            progress=False,
            callbacks=Watch(),
        )
    assert numbers(model) == seen[-1]
    assert len(seen) == 1


def test_ctrl_c_ends_with_the_weights_of_the_last_complete_step():
    class Interrupt:
        def on_batch(self, run):
            if run.step == 7:
                signal.raise_signal(signal.SIGINT)

    model, _, history = trained(True, epochs=1000, callbacks=Interrupt())
    assert history.interrupted
    assert history.epochs < 1000
    seen = []

    class Watch:
        def on_batch(self, run):
            seen.append(numbers(run.model))

    trained(True, epochs=2 + history.epochs, callbacks=Watch())
    assert numbers(model) in seen


class TestByDefault:
    def test_a_short_run_stays_eager_and_says_nothing(self):
        _, _, history = trained(None)
        assert not history.compiled
        assert history.not_compiled == ""

    def test_a_long_one_goes_over_and_ends_where_the_eager_one_does(self):
        epochs = 2 * WARM // 33
        slow, _, eager = trained(False, epochs=epochs)
        quick, _, history = trained(None, epochs=epochs)
        assert history.compiled
        assert numbers(quick) == pytest.approx(numbers(slow), rel=1e-6)
        assert history.losses == pytest.approx(eager.losses, rel=1e-6)

    def test_a_resumed_run_goes_over_where_the_whole_one_did(self, tmp_path):
        epochs = 2 * WARM // 33

        def run(epochs, **more):
            return numbers(trained(None, OPTIMIZERS["adam"], epochs, **more)[0])

        path = tmp_path / "run.npz"
        whole = run(epochs)
        run(epochs - 5, checkpoint=path)
        assert run(epochs, checkpoint=path, resume=True) == whole

    def test_a_run_that_went_back_to_eager_is_resumed_so(self, tmp_path):
        factor, change_at = [1.0], WARM // 33 + 4

        def loss(outputs, targets):
            return factor[0] * nn.losses.mse(outputs, targets)

        def halve(run):
            if run.epoch >= change_at:
                factor[0] = 0.5

        def run(epochs, start=1.0, **more):
            factor[0], model = start, MLP(2, [4, 1], seed=0)
            options = {"callbacks": halve, "progress": False, **more}
            return fit(model, loss, PAIR, epochs, **options), model

        path = tmp_path / "run.npz"
        history, whole = run(change_at + 40)
        assert "changed" in history.not_compiled
        run(change_at + 5, checkpoint=path)
        resumed, model = run(change_at + 40, 0.5, checkpoint=path, resume=True)
        assert not resumed.compiled
        assert resumed.not_compiled == history.not_compiled
        assert numbers(model) == numbers(whole)

    def test_what_cannot_be_compiled_trains_on_and_says_why(self):
        model = Sequential([Layer(2, 4, seed=0), nn.Dropout(0.5), Layer(4, 1, seed=0)])
        history = fit(model, "mse", PAIR, epochs=3 + WARM // 33, progress=False)
        assert not history.compiled
        assert "random numbers" in history.not_compiled
        assert history.epochs == 3 + WARM // 33

    def test_a_look_at_every_sample_costs_more_than_it_saves(self):
        class Watch:
            def on_batch(self, run):
                pass

        model = MLP(2, [2, 1], seed=0)
        options = {"batch_size": 1, "callbacks": Watch(), "progress": False}
        history = fit(model, "mse", PAIR, 3 + WARM // 33, **options)
        assert not history.compiled
        assert "every 1 samples" in history.not_compiled

    def test_other_words_are_refused(self):
        with pytest.raises(ArgumentError, match="True, False or None"):
            trained("yes")


def test_classes_and_tokens_do_not_need_a_recording_each():
    rng = random.Random(0)
    tokens = [[rng.randrange(12), rng.randrange(12)] for _ in range(40)]
    classes = [(a + b) % 3 for a, b in tokens]

    class Bag(nn.Module):
        def __init__(self):
            self.table, self.out = Embedding(12, 4, seed=0), Layer(4, 3, seed=1)

        def __call__(self, pair):
            a, b = (self.table(token) for token in pair)
            return self.out([x + y for x, y in zip(a, b, strict=True)])

    def run(compile):
        model = Bag()
        options = {"epochs": 3, "batch_size": 16, "progress": False}
        fit(model, "cross_entropy", (tokens, classes), compile=compile, **options)
        return numbers(model)

    assert run(True) == pytest.approx(run(False), rel=1e-9)


def test_samples_that_take_another_branch_by_their_own_numbers():
    class Branching(nn.Module):
        def __init__(self):
            self.left, self.right = Layer(2, 1, seed=0), Layer(2, 1, seed=1)

        def __call__(self, x):
            return (self.left if x[0] > 0.3 else self.right)(x)[0]

    def run(compile):
        model = Branching()
        options = {"epochs": 4, "batch_size": 8, "progress": False}
        fit(model, "mse", PAIR, compile=compile, **options)
        return numbers(model)

    assert run(True) == pytest.approx(run(False), rel=1e-9)


def test_a_parameter_used_by_two_layers_moves_once():
    def tie(model):
        shared = Value(0.3)
        model.layers[0].neurons[0].w[0] = shared
        model.layers[0].neurons[1].w[1] = shared

    slow, *_ = trained(False, OPTIMIZERS["adam"], prepare=tie)
    quick, *_ = trained(True, OPTIMIZERS["adam"], prepare=tie)
    assert numbers(quick) == pytest.approx(numbers(slow), rel=1e-9)


@pytest.mark.parametrize("loss", ["cross_entropy", "smoothed", "nll"])
def test_one_recording_serves_all_classes(loss):
    def cost(row, label):
        if loss == "nll":
            return nn.losses.nll([nn.log_softmax(row)], [label])
        return nn.losses.cross_entropy([row], [label], 0.1 * (loss == "smoothed"))

    step = autograd.compile(autograd.value_and_grad(cost), index_argnums=1)
    for row in ([0.5, -1.0, 40.0], [3.0, 0.0, 0.0]):
        for label in range(3):
            found, slopes = step(row, label)
            value, expected = autograd.value_and_grad(cost)(row, label)
            assert found == pytest.approx(value, rel=1e-12)
            assert slopes == pytest.approx(expected, rel=1e-12)
    assert step.stats()["recordings"] == 1
    for label in (-1, 3):
        with pytest.raises((ArgumentError, IndexError), match="index"):
            step([0.5, -1.0, 40.0], label)


def test_an_embedding_looks_recorded_tokens_up():
    table = Embedding(5, 2, seed=0)
    look = autograd.compile(lambda token: table(token), index_argnums=0)
    assert [look(i) for i in range(5)] == [[v.data for v in r] for r in table.weight]
    assert look.stats()["recordings"] == 1
    for token in (-1, 5):
        with pytest.raises((ArgumentError, IndexError), match=r"0 to 4|5 values"):
            look(token)


def test_a_target_of_zero_beats_an_infinite_cost_where_it_is_recorded():
    cost = autograd.compile(lambda q, p: nn.losses.kl_divergence([q], [p]))
    for p in ([0.0, 1.0], [0.5, 0.5]):
        for q in ([-np.inf, -0.1], [-0.7, -0.7]):
            right = nn.losses.kl_divergence([q], [p])
            assert cost(q, p) == pytest.approx(right, rel=1e-12)


class Watch:
    """Looks after each batch, so that each step is alone."""

    def on_batch(self, run):
        pass


class TestStepsThatNobodyLooksAt:
    @pytest.fixture(autouse=True)
    def many(self, monkeypatch):
        """Let native code go full-batch steps alone even if they are few."""
        monkeypatch.setattr(nn.quick_steps, "MANY", 2)

    @pytest.fixture
    def went(self, monkeypatch):
        """Return the numbers of steps that native code went alone."""
        found, go = [], nn.many_steps.ManySteps.go

        def spied(many, numbers, state, most, rows):
            losses, *rest = go(many, numbers, state, most, rows)
            found.append(len(losses))
            return losses, *rest

        monkeypatch.setattr(nn.many_steps.ManySteps, "go", spied)
        return found

    def run(self, callbacks, make, batch_size=None, **more):
        model = MLP(2, [6, 1], seed=1)
        optimizer = make(model)
        options = {"optimizer": optimizer, "callbacks": callbacks, **more}
        history = fit(model, "hinge", PAIR, 40, batch_size, compile=True, **options)
        grads = [p.grad for p in model.parameters()]
        return numbers(model), grads, history.columns, optimizer.state_dict()

    @pytest.mark.parametrize("size", [None, 4, 11])
    @pytest.mark.parametrize("name", OPTIMIZERS)
    def test_native_code_alone_gives_the_same_bits(self, name, size, went):
        """33 samples: 8 batches of 4 and one left over, or 3, too few to go at once."""
        given = OPTIMIZERS[name], size
        assert self.run([], *given) == self.run(Watch(), *given)
        if name == "clipped by norm" or size == 11:
            assert not went
        else:  # all but a few that are left over after as many as take a block
            assert sum(went) > 40 * (4 if size else 0.8)

    @pytest.mark.parametrize("batch_size", [None, 8])
    @pytest.mark.parametrize("schedule", [None, nn.schedules.cosine(0.5, steps=150)])
    def test_they_are_those_that_somebody_looks_at(self, batch_size, schedule):
        given = OPTIMIZERS["adam"], batch_size
        seen = self.run(Watch(), *given, schedule=schedule)
        assert self.run([], *given, schedule=schedule) == seen

    def test_a_rate_is_asked_for_in_each_step(self, went):
        def make(steps):
            def rate(step):
                steps.append(step)
                return 0.1 / (1 + step)

            return lambda model: nn.SGD(model, lr=rate)

        unseen, seen = [], []
        assert self.run([], make(unseen)) == self.run(Watch(), make(seen))
        assert unseen == seen == [*range(40)]
        assert not went

    def test_a_method_that_mixes_parameters_is_not_recorded(self, went):
        def update(grads, state, params):
            total = sum(grads)
            return [-0.1 * (g + 0.01 * total) for g in grads], state + 1

        def make(model):
            return Optimizer(model, nn.methods.ArrayMethod(lambda p: 0, update))

        assert self.run([], make) == self.run(Watch(), make)
        assert went == [1]  # to compare

    def test_parameters_that_differ_in_their_steps(self):
        def run(callbacks):
            model = MLP(2, [4, 1], seed=1)
            optimizer, options = nn.Adam(model, lr=0.05), {"callbacks": callbacks}
            model.layers[0].freeze()
            options |= {"compile": True, "optimizer": optimizer}
            fit(model, "hinge", PAIR, 20, **options)
            model.layers[0].unfreeze()
            fit(model, "hinge", PAIR, 20, **options)
            return numbers(model), optimizer.state_dict()

        assert run([]) == run(Watch())

    def test_native_code_ends_before_a_number_is_not_finite(self, went):
        """Each step makes the weight 3 times as large, until the loss overflows."""

        def run(callbacks):
            model = MLP(1, [1], seed=0)
            options = {"optimizer": nn.SGD(model, lr=2.0), "compile": True}
            with pytest.raises(DivergenceError) as error:
                fit(model, "mse", ([[1.0]], [0.0]), 900, callbacks=callbacks, **options)
            losses = error.value.history.losses
            return str(error.value), numbers(model), losses

        unseen, seen = run([]), run(Watch())
        assert unseen == seen
        assert sum(went) > 50

    def test_they_end_where_a_number_is_not_finite(self):
        pair = [[1.0], [2.0], [3.0]], [3.0, 2.0, 1.0]

        def rate(step):
            return 1e200 if step == 53 else 1e-3

        def run(callbacks):
            model = MLP(1, [1], seed=0)
            options = {"optimizer": nn.SGD(model, lr=rate), "compile": True}
            with pytest.raises(DivergenceError) as error:
                fit(model, "mse", pair, 100, 2, callbacks=callbacks, **options)
            return str(error.value), numbers(model), error.value.history.losses

        text, weights, losses = run([])
        assert (text, weights, losses) == run(Watch())
        assert "epoch 28, batch 1" in text
        assert len(losses) == 27

    @pytest.mark.parametrize("every", [None, 3, 7])
    def test_checkpoints_are_written_when_it_is_time(
        self, tmp_path, monkeypatch, every
    ):
        def run(name, callbacks):
            seen = []

            def write(path, model, document):
                place = document["run"]
                seen.append((place["epoch"], place["sample"], place["step"]))

            monkeypatch.setattr(nn.checkpoints, "write", write)
            options = {"checkpoint": tmp_path / name, "checkpoint_every": every}
            trained(True, epochs=4, callbacks=callbacks, **options)
            return seen

        assert run("unseen", []) == run("seen", Watch())

    def test_a_bar_counts_all_of_them(self, monkeypatch):
        reported = []

        class Bar(nn.progress.Progress):
            def batch(self, loss, count):
                reported.append(count)

        monkeypatch.setattr(nn.training, "reporter", lambda *_: Bar())
        model = MLP(2, [6, 1], seed=1)
        fit(model, "hinge", PAIR, epochs=300, compile=True)
        assert sum(reported) == 300
        assert len(reported) < 150

    def test_ctrl_c_while_native_code_runs(self, went):
        def run(epochs):
            model = MLP(2, [6, 1], seed=1)
            optimizer = nn.Adam(model, lr=1e-3)
            options = {"optimizer": optimizer, "compile": True, "progress": False}
            history = fit(model, "hinge", PAIR, epochs, **options)
            return history, numbers(model), optimizer.state_dict()

        process = os.getpid()
        timer = threading.Timer(0.4, os.kill, [process, signal.SIGINT])
        timer.start()
        history, *found = run(10**8)
        timer.join()
        assert history.interrupted
        assert sum(went) > 100
        again, *expected = run(history.epochs)
        assert found == expected
        assert history.losses == again.losses

    def test_a_resumed_run(self, tmp_path):
        def run(epochs, **more):
            model = MLP(2, [6, 1], seed=1)
            options = {"optimizer": nn.Adam(model), "compile": True, **more}
            history = fit(model, "hinge", PAIR, epochs, **options)
            return numbers(model), history.losses

        path = tmp_path / "run.npz"
        run(53, checkpoint=path)
        assert run(90, checkpoint=path, resume=True) == run(90)
