"""Recurrent networks: a state that is carried from one time step to the next.

Weights are named and laid out as PyTorch's: of layer k, ``weight_ih_lk`` multiplies the
step's inputs and ``weight_hh_lk`` the state, one row for each unit of each gate, and
``bias_ih_lk`` and ``bias_hh_lk`` are added. `backward()` of a loss made from the
outputs is backpropagation through time.

Sources: P. Werbos, "Backpropagation through time", Proceedings of the IEEE 78 (1990);
S. Hochreiter, J. Schmidhuber, "Long short-term memory", Neural Computation 9 (1997),
with the forget gate of F. Gers et al. (2000); K. Cho et al., "Learning phrase
representations using RNN encoder–decoder", EMNLP 2014.
"""

import math
from collections.abc import Sequence
from random import Random
from typing import Any, ClassVar

from autograd import ArgumentError, NumberError, Value, dot

from .layers import WidthError
from .lookup import known
from .module import Module

__all__ = ["GRU", "LSTM", "RNN", "LastOutput", "Recurrent", "detach"]

Vector = list[Any]
Matrix = list[Vector]


class Recurrent(Module):
    """Base of `RNN`, `LSTM` and `GRU`: the loop over layers and time steps.

    n_in: the width of the sequence's rows. n_hidden: that of the state, and so of the
        outputs. num_layers: layers on top of each other, each fed with the outputs of
        the one below.
    tbptt: truncate backpropagation through time: the state is detached before each
        ``tbptt``-th step, so that gradients go back over at most that many steps.
    name: for the labels of the states: ``h_l0[3][1]`` for layer 0, time step 3, unit 1,
        or ``name.h_l0[3][1]``. Models with several recurrent modules need names
        (`gradient_flow`).
    seed: whatever `random.Random` takes, or a `Random` to draw from. Weights and biases
        start in U(−a, a), a = 1/√n_hidden, as PyTorch's do.

    A call takes a sequence, one row of n_in numbers or Values for each time step, and
    the initial state (by default 0). It returns the outputs of the last layer, a row
    for each step, and the state after the last step, ready to be passed to the next
    call, as it is or through `detach`.

    Raises `WidthError` for rows and states of another width, `NumberError` for what is
    no number in them, `ArgumentError` for a sequence without steps and for settings
    that make no sense.
    """

    gates: ClassVar[int] = 1
    parts: ClassVar[tuple[str, ...]] = ("h",)  # the vectors of a layer's state

    def __init__(
        self,
        n_in: int,
        n_hidden: int,
        num_layers: int = 1,
        *,
        tbptt: int | None = None,
        name: str = "",
        seed: Any = None,
    ) -> None:
        counts = {"n_in": n_in, "n_hidden": n_hidden, "num_layers": num_layers}
        for what, count in {**counts, "tbptt": 1 if tbptt is None else tbptt}.items():
            if not isinstance(count, int) or isinstance(count, bool) or count < 1:
                raise ArgumentError(
                    f"{what} is a whole number from 1 on, got {count!r}"
                )
        self.n_in, self.n_hidden, self.num_layers = n_in, n_hidden, num_layers
        self.tbptt, self.name = tbptt, name
        rng = seed if isinstance(seed, Random) else Random(seed)
        bound = 1 / math.sqrt(n_hidden)

        def draw(count: int) -> Vector:
            return [Value(rng.uniform(-bound, bound)) for _ in range(count)]

        rows = self.gates * n_hidden
        for k in range(num_layers):
            width = n_hidden if k else n_in
            setattr(self, f"weight_ih_l{k}", [draw(width) for _ in range(rows)])
            setattr(self, f"weight_hh_l{k}", [draw(n_hidden) for _ in range(rows)])
            setattr(self, f"bias_ih_l{k}", draw(rows))
            setattr(self, f"bias_hh_l{k}", draw(rows))

    def __call__(self, sequence: Any, state: Any = None) -> tuple[Matrix, Any]:
        """Return the outputs, one row a time step, and the state after the last."""
        rows = self._rows(sequence)
        states = self._states(state)
        prefix = self.name and f"{self.name}."
        for k in range(self.num_layers):
            cell = self._cell(*self._weights(k))
            vectors = states[k]
            outputs = []
            for t, row in enumerate(rows):
                if self.tbptt and t and t % self.tbptt == 0:
                    vectors = detach(vectors)
                vectors = cell(row, *vectors)
                for part, vector in zip(self.parts, vectors, strict=True):
                    for i, value in enumerate(vector):
                        value.label = f"{prefix}{part}_l{k}[{t}][{i}]"
                outputs.append(vectors[0])
            rows = outputs
            states[k] = vectors
        by_part = tuple([s[j] for s in states] for j in range(len(self.parts)))
        return rows, by_part if len(by_part) > 1 else by_part[0]

    def output_width(self, n_in: int | None) -> int:
        """Return n_hidden."""
        return self.n_hidden

    def _cell(self, w_ih: Matrix, w_hh: Matrix, b_ih: Vector, b_hh: Vector) -> Any:
        """Return the function (row, *state) → state of one time step."""
        raise NotImplementedError

    def _weights(self, k: int) -> list[Any]:
        names = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]
        return [getattr(self, f"{name}_l{k}") for name in names]

    def _rows(self, sequence: Any) -> Matrix:
        if getattr(sequence, "ndim", 2) != 2 or not hasattr(sequence, "__iter__"):
            got = f"shape {sequence.shape}" if hasattr(sequence, "shape") else sequence
            raise WidthError(
                f"{self!r} takes one sequence at a time, a row of {self.n_in} for each "
                f"time step; got {got}"
            )
        rows = sequence.tolist() if hasattr(sequence, "tolist") else list(sequence)
        if not rows:
            raise ArgumentError(f"{self!r} got a sequence without time steps")
        return [
            self._vector(f"time step {t}", self.n_in, r) for t, r in enumerate(rows)
        ]

    def _states(self, state: Any) -> list[tuple[Vector, ...]]:
        """Return the state layer by layer, a tuple of its parts for each."""
        if state is None:  # int zeros go with every kind of number
            zeros = [Value(0)] * self.n_hidden
            return [(zeros,) * len(self.parts) for _ in range(self.num_layers)]
        parts = state if len(self.parts) > 1 else (state,)
        if len(parts) != len(self.parts) or any(
            not hasattr(part, "__len__") or len(part) != self.num_layers
            for part in parts
        ):
            shape = " and ".join(self.parts)
            raise WidthError(
                f"the state of {self!r} is {shape}, each a list of {self.num_layers} "
                f"rows of {self.n_hidden}: give what a call returned, or None for zeros"
            )
        return [
            tuple(
                self._vector(f"{name} of layer {k}", self.n_hidden, part[k])
                for name, part in zip(self.parts, parts, strict=True)
            )
            for k in range(self.num_layers)
        ]

    def _vector(self, what: str, width: int, row: Any) -> Vector:
        if isinstance(row, str) or not hasattr(row, "__iter__"):
            raise WidthError(
                f"{what} is {row!r}, where {self!r} takes a row of {width}: for a "
                f"sequence of single numbers write [[x] for x in sequence]"
            )
        vector: Vector = row.tolist() if hasattr(row, "tolist") else list(row)
        if len(vector) != width:
            raise WidthError(
                f"{what} has width {len(vector)}, where {self!r} takes {width}"
            )
        try:  # all operands Values: twice as fast as a dot of Values and numbers
            return [x if isinstance(x, Value) else Value(x) for x in vector]
        except NumberError as error:
            raise NumberError(f"{what}: {error}") from None

    def __repr__(self) -> str:
        layers = f", num_layers={self.num_layers}" if self.num_layers > 1 else ""
        truncated = f", tbptt={self.tbptt}" if self.tbptt else ""
        return f"{type(self).__name__}({self.n_in}, {self.n_hidden}{layers}{truncated})"


class RNN(Recurrent):
    """Elman's network, h′ = σ(W_ih x + b_ih + W_hh h + b_hh), σ = tanh or relu.

    The arguments are those of `Recurrent`, and nonlinearity: "tanh" or "relu".

    >>> rnn = RNN(1, 2, seed=0)
    >>> outputs, state = rnn([[0.5], [-1.0], [2.0]])
    >>> len(outputs), outputs[-1][1] is state[0][1]
    (3, True)
    >>> rnn.named_parameters()[0][0]
    'weight_ih_l0[0][0]'

    Raises `ArgumentError` for sizes below 1; called, `WidthError` for a time step of
    another width.
    """

    def __init__(
        self, n_in: int, n_hidden: int, num_layers: int = 1, **options: Any
    ) -> None:
        nonlinearity = options.pop("nonlinearity", "tanh")
        self.nonlinearity = known(nonlinearity, ["tanh", "relu"], "nonlinearity")
        super().__init__(n_in, n_hidden, num_layers, **options)

    def _cell(self, w_ih: Matrix, w_hh: Matrix, b_ih: Vector, b_hh: Vector) -> Any:
        function = getattr(Value, self.nonlinearity)
        affine = _joined(w_ih, w_hh, b_ih, b_hh)

        def cell(x: Vector, h: Vector) -> tuple[Vector]:
            return (list(map(function, affine(x, h))),)

        return cell


class LSTM(Recurrent):
    """Long short-term memory: a cell state c, which gates write, keep and read.

        i, f, o = sigmoid(W x + b + U h + d)    by their rows: i, f, g, o in turn
        g       = tanh(W x + b + U h + d)
        c′ = f c + i g
        h′ = o tanh(c′)

    The arguments are those of `Recurrent`. The state is the pair (h, c).

    >>> lstm = LSTM(2, 3, num_layers=2, seed=0)
    >>> outputs, (h, c) = lstm([[1.0, 0.0], [0.5, 2.0]])
    >>> len(outputs), len(h), len(c[0]), outputs[-1][0].label
    (2, 2, 3, 'h_l1[1][0]')

    Raises `ArgumentError` for sizes below 1; called, `WidthError` for a time step of
    another width.
    """

    gates = 4
    parts = ("h", "c")

    def _cell(self, w_ih: Matrix, w_hh: Matrix, b_ih: Vector, b_hh: Vector) -> Any:
        affine = _joined(w_ih, w_hh, b_ih, b_hh)
        n = self.n_hidden

        def cell(x: Vector, h: Vector, c: Vector) -> tuple[Vector, Vector]:
            a = affine(x, h)
            i, f, o = ([z.sigmoid() for z in a[k * n : (k + 1) * n]] for k in (0, 1, 3))
            g = [z.tanh() for z in a[2 * n : 3 * n]]
            c = [f[k] * c[k] + i[k] * g[k] for k in range(n)]
            return [o[k] * c[k].tanh() for k in range(n)], c

        return cell


class GRU(Recurrent):
    """The gated recurrent unit: gates that reset and update one state.

        r = sigmoid(W x + b + U h + d)          by their rows: r, z, n in turn
        z = sigmoid(W x + b + U h + d)
        n = tanh(W x + b + r (U h + d))
        h′ = (1 − z) n + z h

    The arguments are those of `Recurrent`. r is applied after U h, as in PyTorch and
    in Keras with ``reset_after=True``; Cho et al. apply it before.

    >>> outputs, state = GRU(1, 4, seed=0)([[0.1], [0.2]])
    >>> len(outputs[0]), len(state)
    (4, 1)

    Raises `ArgumentError` for sizes below 1; called, `WidthError` for a time step of
    another width.
    """

    gates = 3

    def _cell(self, w_ih: Matrix, w_hh: Matrix, b_ih: Vector, b_hh: Vector) -> Any:
        n_hidden = self.n_hidden

        def cell(x: Vector, h: Vector) -> tuple[Vector]:
            a = [dot(w, x) + b for w, b in zip(w_ih, b_ih, strict=True)]
            s = [dot(w, h) + b for w, b in zip(w_hh, b_hh, strict=True)]
            out = []
            for k, old in enumerate(h):
                r = (a[k] + s[k]).sigmoid()
                z = (a[k + n_hidden] + s[k + n_hidden]).sigmoid()
                n = (a[k + 2 * n_hidden] + r * s[k + 2 * n_hidden]).tanh()
                out.append(n + z * (old - n))
            return (out,)

        return cell


def _joined(w_ih: Matrix, w_hh: Matrix, b_ih: Vector, b_hh: Vector) -> Any:
    """Return (x, h) → W_ih x + W_hh h + b_ih + b_hh, one weighted sum for each row."""
    weights = [[*w, *u] for w, u in zip(w_ih, w_hh, strict=True)]
    biases = [b + d for b, d in zip(b_ih, b_hh, strict=True)]

    def affine(x: Vector, h: Vector) -> Vector:
        xh = [*x, *h]
        return [dot(w, xh) + b for w, b in zip(weights, biases, strict=True)]

    return affine


def detach(state: Any) -> Any:
    """Return a state, or any nested lists and tuples of Values, cut from its graph.

    Between the pieces of a long sequence this is truncated backpropagation through
    time, with a step of the optimizer after each piece:

    >>> from nn.losses import mse
    >>> model, state = RNN(1, 1, seed=0), None
    >>> for piece in [[0.5], [0.1]], [[0.3], [0.9]]:
    ...     outputs, state = model([[x] for [x] in piece], detach(state))
    ...     mse(outputs, piece).backward()
    """
    if isinstance(state, list | tuple):
        return type(state)(map(detach, state))
    return state.detach() if isinstance(state, Value) else state


class LastOutput(Module):
    """The outputs at the last time step, of what a recurrent module returns.

    >>> from nn import Dense, Sequential
    >>> model = Sequential([LSTM(2, 4, seed=0), LastOutput(), Dense(4, 1, seed=1)])
    >>> len(model([[0.1, 1.0], [0.7, 0.0], [0.4, 1.0]]))
    1
    """

    def __call__(self, result: tuple[Sequence[Any], Any]) -> Any:
        """Return the last row of the outputs, without the state."""
        outputs, _ = result
        return outputs[-1]

    def output_width(self, n_in: int | None) -> int | None:
        """Return n_in."""
        return n_in

    def __repr__(self) -> str:
        return "LastOutput()"
