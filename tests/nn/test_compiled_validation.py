"""Validation runs by compiled code as well, in evaluation mode."""

import pytest

import nn
from nn import MLP, EarlyStopping, Layer, Module, fit

INPUTS, LABELS = nn.synthetic.moons(33, seed=0)[:2]
PAIR = INPUTS, [2 * y - 1 for y in LABELS]
HELD_OUT = PAIR[0][:7], PAIR[1][:7]


def trained(model, compile=True, epochs=5, **more):
    options = {"batch_size": 8, "validation": HELD_OUT, "progress": False, **more}
    return fit(model, "hinge", PAIR, epochs, compile=compile, **options)


def assert_alike(compiled, eager):
    assert compiled.compiled
    assert [*compiled.columns] == [*eager.columns]
    for name, column in eager.columns.items():
        assert compiled[name] == pytest.approx(column, rel=1e-12)


class Counting(Module):
    """Counts how often it is called, and in which mode."""

    def __init__(self):
        self.layer, self.modes = Layer(2, 1, seed=0), []

    def __call__(self, x):
        self.modes.append(self.training)
        return self.layer(x)


@pytest.mark.parametrize("metrics", [(), "accuracy"])
def test_numbers_are_those_of_the_eager_run(metrics):
    eager = trained(MLP(2, [6, 1], seed=0), False, metrics=metrics)
    assert_alike(trained(MLP(2, [6, 1], seed=0), metrics=metrics), eager)


def test_the_model_runs_when_it_is_recorded_and_then_no_more():
    short, long = Counting(), Counting()
    trained(short, epochs=2)
    trained(long, epochs=20)
    assert long.modes == short.modes
    assert long.training
    assert not all(long.modes)


class Louder(Module):
    """Says 1 more in evaluation; so much is changed from outside."""

    def __init__(self):
        self.layer, self.more = Layer(2, 1, seed=0), 1.0

    def __call__(self, x):
        return self.layer(x)[0] + (0.0 if self.training else self.more)


def test_evaluation_mode_is_respected():
    found = trained(Louder())
    assert_alike(found, trained(Louder(), False))
    assert found["val_loss"] != pytest.approx(trained(Counting())["val_loss"])


@pytest.mark.parametrize("compile", [False, True])
def test_callbacks_find_evaluation_mode_and_may_change_what_it_does(compile):
    modes = []

    def change(run):
        modes.append(run.model.training)
        run.model.more = float(run.epoch)

    found = trained(Louder(), compile, callbacks=change)
    assert modes == [False] * 5
    expected = trained(Louder(), False, callbacks=change)
    assert found["val_loss"] == pytest.approx(expected["val_loss"], rel=1e-12)


class Rounding(Module):
    """Reads its own output in evaluation, which no recording can."""

    def __init__(self):
        self.layer = Layer(2, 1, seed=0)

    def __call__(self, x):
        (out,) = self.layer(x)
        return out if self.training else out - out.data % 0.25


def test_a_model_that_only_trains_as_a_recording_is_validated_eagerly():
    assert_alike(trained(Rounding()), trained(Rounding(), False))


class Branching(Module):
    """Takes a branch in evaluation by what it gives, sooner or later another one."""

    def __init__(self):
        self.layer = Layer(2, 1, seed=0)

    def __call__(self, x):
        (out,) = self.layer(x)
        return out if self.training or out > 0 else out * 3


def test_branches_are_recorded_in_evaluation_mode_whenever_they_come():
    options = {"epochs": 30, "optimizer": "adam", "metrics": "accuracy"}
    assert_alike(
        trained(Branching(), **options), trained(Branching(), False, **options)
    )


def test_classes_and_tokens():
    tokens = [[i % 5, (i * i) % 5] for i in range(20)]
    classes = [(a + b) % 3 for a, b in tokens]

    class Bag(Module):
        def __init__(self):
            self.table, self.out = nn.Embedding(5, 4, seed=0), Layer(4, 3, seed=1)

        def __call__(self, pair):
            a, b = (self.table(token) for token in pair)
            return self.out([x + y for x, y in zip(a, b, strict=True)])

    def run(compile):
        data = tokens, classes
        options = {"validation": (tokens[:6], classes[:6]), "metrics": "accuracy"}
        return fit(Bag(), "cross_entropy", data, 3, compile=compile, **options)

    assert_alike(run(True), run(False))


@pytest.mark.parametrize("every", [1, 3])
def test_a_resumed_run_has_the_same_bits(tmp_path, monkeypatch, every):
    """Resumed from each of its checkpoints, those just before a validation too."""
    written, write = [], nn.checkpoints.write

    def keep(path, model, document):
        written.append(tmp_path / f"{len(written)}.npz")
        write(written[-1], model, document)

    def run(**more):
        model = MLP(2, [4, 1], seed=0)
        options = {"optimizer": nn.Adam(model, lr=0.02), "compile": None, **more}
        epochs = 4 + nn.running.WARM // 33
        options["callbacks"] = EarlyStopping(patience=100)
        history = trained(model, epochs=epochs, **options)
        return history.columns, [p.data for p in model.parameters()]

    with monkeypatch.context() as patch:
        patch.setattr(nn.checkpoints, "write", keep)
        whole = run(checkpoint=tmp_path / "run.npz", checkpoint_every=every)
    for path in written[-24::5] + written[-20:-17]:
        assert run(checkpoint=path, checkpoint_every=every, resume=True) == whole


def test_early_stopping_needs_no_look_at_the_model(monkeypatch):
    looks = []
    changed = nn.compiled_batches.CompiledBatches.has_changed

    def look(batches):
        looks.append(1)
        return changed(batches)

    monkeypatch.setattr(nn.compiled_batches.CompiledBatches, "has_changed", look)
    trained(MLP(2, [4, 1], seed=0), epochs=9, callbacks=EarlyStopping(patience=20))
    assert len(looks) == 1
    looks.clear()

    class Own(EarlyStopping):
        pass

    trained(MLP(2, [4, 1], seed=0), epochs=9, callbacks=Own(patience=20))
    assert len(looks) == 9
