"""Layers of neurons: x → σ(A x + b), one after the other."""

import random
from collections.abc import Callable, Collection, Iterable, Sequence
from numbers import Integral
from operator import mul
from random import Random
from typing import Any

from autograd import ArgumentError, Value, dot

from . import initializers
from .activations import ACTIVATIONS, ROW_ACTIVATIONS
from .counts import check_count
from .initializers import Initializer
from .lookup import known
from .module import Module, Step

__all__ = [
    "MLP",
    "Dense",
    "Layer",
    "Neuron",
    "Sequential",
    "WidthError",
]

Activation = str | Callable[[Value], Any] | None
Seed = Any  # what `random.Random` takes, or a generator, or None


class WidthError(ArgumentError):
    """An input has another number of features than the layer takes.

    >>> Neuron(2)([1.0])
    Traceback (most recent call last):
    nn.layers.WidthError: Neuron(2, activation='linear') takes 2 numbers, got 1: ...
    """


class Neuron(Module):
    """σ(w·x + b), with one weight an input.

    n_in: the number of inputs.
    activation: the name of a function of one number (`ACTIVATIONS`: relu, tanh,
        sigmoid, gelu, ...), a function of one Value, or None, which is "linear": no σ.
    init: the name of an initializer, or a function (`initializers`); the default is He
        for activations like relu, Glorot for the others. The bias starts at 0.
    fused: whether w·x is one `dot` node; if not, a product for each weight, added to
        the bias one by one, as micrograd does.
    seed: whatever `random.Random` takes, or a `Random` to draw from; None draws from
        the stream of the module `random`.

    >>> neuron = Neuron(2, "tanh", seed=0)
    >>> neuron.w[0].data, neuron.w[1].data = 1.0, -2.0
    >>> neuron([3.0, 1.5]).data
    0.0
    >>> neuron
    Neuron(2, activation='tanh')

    Raises `ArgumentError` for a number of inputs below 1, and an unknown activation or
    initializer; called, `WidthError` for a row of another width.
    """

    def __init__(
        self,
        n_in: int,
        activation: Activation = None,
        *,
        init: str | Initializer | None = None,
        fused: bool = True,
        seed: Seed = None,
    ) -> None:
        check_count("n_in", n_in)
        draw = _initializer(init, activation)
        rng = _generator(seed)
        self.w = [Value(draw(rng, n_in, 1)) for _ in range(n_in)]
        self.b = Value(0.0)
        self.activation = _checked("linear" if activation is None else activation)
        self.fused = fused

    def __call__(self, x: Sequence[Any]) -> Any:
        """Return σ(w·x + b) for one row of numbers or Values."""
        if type(x) is not list or len(x) != len(self.w):
            x = _row(self, len(self.w), x)
        if self.fused:
            total = dot(self.w, x) + self.b
        else:
            total = sum(map(mul, self.w, x), self.b)
        function = ACTIVATIONS.get(self.activation, self.activation)
        return total if function is None else function(total)

    def output_width(self, n_in: int | None) -> int:
        """Return 1."""
        return 1

    def __repr__(self) -> str:
        return f"Neuron({len(self.w)}, activation={_name(self.activation)})"


class Layer(Module):
    """n_out neurons that see the same n_in inputs: x → σ(A x + b); also called `Dense`.

    n_in, n_out: the numbers of inputs and outputs. One number alone is n_out: n_in
        then comes from the layer before in a `Sequential`, or from the first input.
    activation: as in `Neuron`, or one of the whole row: "softmax", "log_softmax". None
        by default, as in PyTorch and Keras (in micrograd, relu).
    init, fused, seed: as in `Neuron`.

    Always gives a list, of one if n_out is 1.

    >>> layer = Layer(2, 3, "relu", seed=0)
    >>> [len(layer([1.0, 2.0])), len(layer.parameters())]
    [3, 9]
    >>> Sequential([Dense(4, 8, "relu"), Dense(3, "softmax")])
    Sequential(
      layers[0]: Layer(4, 8, activation='relu')
      layers[1]: Layer(8, 3, activation='softmax')
    )
    >>> layer([1.0])
    Traceback (most recent call last):
    nn.layers.WidthError: Layer(2, 3, activation='relu') takes 2 numbers, got 1: ...

    Raises what `Neuron` raises.
    """

    def __init__(
        self,
        n_in: int,
        n_out: int | str | None = None,
        activation: Activation = None,
        *,
        init: str | Initializer | None = None,
        fused: bool = True,
        seed: Seed = None,
    ) -> None:
        if isinstance(n_out, str) and activation is None:  # Dense(3, "relu")
            n_out, activation = None, n_out
        width = n_in if n_out is None else n_out
        check_count("n_in" if n_out is not None else "n_out", n_in)
        check_count("n_out", width)
        self.n_in: int | None = None
        self.n_out: int = width  # type: ignore[assignment]
        self.row_activation: Any = activation if _is_of_rows(activation) else None
        of_numbers = None if self.row_activation else activation
        if of_numbers is not None:
            _checked(of_numbers, ROW_ACTIVATIONS)
        draw = _initializer(init, of_numbers)
        self.neurons: list[Neuron] = []
        self._unbuilt: Any = (of_numbers, draw, fused, seed)
        if n_out is not None:
            self.build(n_in)

    def build(self, n_in: int) -> None:
        """Make the neurons of a layer that was given no number of inputs; only once."""
        if self._unbuilt is None:
            raise ArgumentError(f"{self!r} has its {self.n_in} inputs already")
        check_count("n_in", n_in)
        activation, draw, fused, seed = self._unbuilt
        rng = _generator(seed)
        self.n_in, self._unbuilt = n_in, None
        self.neurons = [
            Neuron(
                n_in,
                activation,
                init=lambda rng, fan_in, _: draw(rng, fan_in, self.n_out),
                fused=fused,
                seed=rng,
            )
            for _ in range(self.n_out)
        ]
        if self._frozen:
            self.freeze()  # the neurons too

    def __call__(self, x: Sequence[Any]) -> list[Any]:
        """Return the neurons' outputs for one row of numbers or Values."""
        if type(x) is not list or len(x) != self.n_in:
            x = _row(self, self.n_in, x)
            if self.n_in is None:
                self.build(len(x))
        out = [neuron(x) for neuron in self.neurons]
        return ROW_ACTIVATIONS[self.row_activation](out) if self.row_activation else out

    def output_width(self, n_in: int | None) -> int:
        """Return n_out."""
        return self.n_out

    def __repr__(self) -> str:
        if self._unbuilt is None:
            first = self.neurons[0]  # may have been exchanged for any function
            widths = f"{self.n_in}, "
            activation = getattr(first, "activation", first)
        else:
            widths, activation = "", self._unbuilt[0] or "linear"
        activation = self.row_activation or activation
        return f"Layer({widths}{self.n_out}, activation={_name(activation)})"


Dense = Layer


class Sequential(Module):
    """Layers, or any functions, one after the other: x → fₙ(… f₂(f₁(x))).

    >>> model = Sequential([Layer(2, 4, "tanh", seed=0), Layer(4, 3, seed=1)])
    >>> len(model([0.5, -1.0]))
    3
    >>> model
    Sequential(
      layers[0]: Layer(2, 4, activation='tanh')
      layers[1]: Layer(4, 3, activation='linear')
    )

    Raises `ArgumentError` for layers that are no list of functions.
    """

    def __init__(self, layers: Iterable[Callable[[Any], Any]], *more: Any) -> None:
        if more or isinstance(layers, Module):
            raise ArgumentError(
                "Sequential takes its layers as one list: Sequential([a, b, c])"
            )
        if not isinstance(layers, Iterable):
            raise ArgumentError(
                f"Sequential takes its layers as one list: "
                f"Sequential([a, b, c]); got {layers!r}"
            )
        self.layers = list(layers)
        if not self.layers:
            raise ArgumentError("Sequential takes at least one layer, got none")
        for place, layer in enumerate(self.layers):
            if not callable(layer):
                raise ArgumentError(
                    f"layers[{place}] of Sequential is {layer!r}: each must be a layer "
                    f"or a function, such as nn.Layer(2, 3, 'relu')"
                )
        self.output_width(None)  # builds the layers whose inputs are known now

    def __call__(self, x: Any) -> Any:
        """Return what the last layer makes of x."""
        for place, layer in enumerate(self.layers):
            try:
                x = layer(x)
            except WidthError as error:
                raise WidthError(f"layers[{place}]: {error}") from None
        return x

    def output_width(self, n_in: int | None) -> int | None:
        """Return the last layer's width; None where a function hides it."""
        return self._steps(n_in)[-1][-1]

    def _steps(self, n_in: int | None) -> list[Step]:
        """Return the layers, those of inner models too, and build what can be built."""
        steps: list[Step] = []
        for place, layer in enumerate(self.layers):
            path = f"layers[{place}]"
            if isinstance(layer, Layer) and layer._unbuilt is not None and n_in:
                layer.build(n_in)
            if isinstance(layer, Sequential):
                steps += [(f"{path}.{p}", *step) for p, *step in layer._steps(n_in)]
                n_in = steps[-1][-1]
            else:
                n_in = _width_after(layer, n_in)
                steps.append((path, layer, n_in))
        return steps


class MLP(Sequential):
    """A multi-layer perceptron: `Layer`s of these widths, as in micrograd.

    n_in: the number of inputs. widths: the outputs of each layer.
    activation: of the hidden layers; output_activation: of the last, or only, layer.
    init, fused, seed: as in `Neuron`, for every layer.

    A model with one output gives that Value, another a list of them.
    ``MLP(..., init="micrograd", fused=False)`` is micrograd's, to the last bit of
    weights and outputs, after the same ``random.seed(...)``.

    >>> model = MLP(2, [16, 16, 1], seed=1337)
    >>> len(model.parameters())
    337
    >>> type(model([0.5, -1.0])).__name__
    'Value'
    >>> model.named_parameters()[1][0]
    'layers[0].neurons[0].w[1]'

    Raises what `Neuron` raises.
    """

    def __init__(
        self,
        n_in: int,
        widths: Sequence[int],
        activation: Activation = "relu",
        output_activation: Activation = None,
        *,
        init: str | Initializer | None = None,
        fused: bool = True,
        seed: Seed = None,
    ) -> None:
        if not isinstance(widths, list | tuple) or not widths:
            raise ArgumentError(
                f"MLP takes the widths of its layers as a list, such as [16, 16, 1]; "
                f"got {widths!r}"
            )
        for each in (activation, output_activation):
            if each is not None:  # also the one that a single layer has no use for
                _checked(each, ROW_ACTIVATIONS)
        sizes = [
            check_count("n_in", n_in),
            *(check_count("n_out", n) for n in widths),
        ]
        rng = _generator(seed)
        super().__init__(
            Layer(
                sizes[i],
                sizes[i + 1],
                output_activation if i == len(widths) - 1 else activation,
                init=init,
                fused=fused,
                seed=rng,
            )
            for i in range(len(widths))
        )

    def __call__(self, x: Sequence[Any]) -> Any:
        """Return the last layer's outputs, or its one output itself."""
        out = super().__call__(x)
        return out[0] if len(out) == 1 else out


def _width_after(layer: Any, n_in: int | None) -> int | None:
    if isinstance(layer, Module):
        return layer.output_width(n_in)
    return n_in if layer in ROW_ACTIVATIONS.values() else None


def _row(module: Module, wanted: int | None, x: Any) -> list[Any]:
    """Return the inputs as a list of the wanted length, or say what is wrong."""
    if getattr(x, "ndim", 1) != 1:
        raise WidthError(
            f"{module!r} takes one row at a time, got an array of shape {x.shape}: "
            f"write [model(row) for row in array]"
        )
    if isinstance(x, str | bytes | dict | set) or not hasattr(x, "__iter__"):
        count = "" if wanted is None else f"{wanted} "
        raise WidthError(f"{module!r} takes a list of {count}numbers, got {x!r}")
    row: list[Any] = x.tolist() if hasattr(x, "tolist") else list(x)
    if wanted is not None and len(row) != wanted:
        raise WidthError(
            f"{module!r} takes {_numbers(wanted)}, got {len(row)}: give rows with "
            f"{wanted}, or build the layer with n_in={len(row)}"
        )
    return row


def _numbers(count: int) -> str:
    return f"{count} number{'' if count == 1 else 's'}"


def _generator(seed: Seed) -> Any:
    """Return what to draw from: as a generator, the module `random` will do."""
    if seed is None or seed is random:
        return random
    if isinstance(seed, Random):
        return seed
    try:
        return Random(int(seed) if isinstance(seed, Integral) else seed)
    except TypeError:
        raise ArgumentError(
            f"a seed is a whole number, a random.Random or None, got {seed!r}"
        ) from None


def _initializer(init: str | Initializer | None, activation: Activation) -> Initializer:
    if callable(init):
        return init
    if init is not None:
        return initializers.by_name(init)
    return initializers.default_for(activation if isinstance(activation, str) else None)


def _is_of_rows(activation: Any) -> bool:
    return isinstance(activation, str) and activation in ROW_ACTIVATIONS


def _checked(activation: Any, others: Collection[str] = ()) -> Any:
    """Return an activation that there is; `others` are names known beside."""
    if callable(activation):
        return activation
    if not isinstance(activation, str):
        raise ArgumentError(
            f"an activation is a name, a function or None, got {activation!r}"
        )
    if activation in ROW_ACTIVATIONS and not others:
        raise ArgumentError(
            f"{activation} is an activation of a whole row: write "
            f"Layer(n_in, n_out, {activation!r})"
        )
    return known(activation, {*ACTIVATIONS, *others}, "activation")


def _name(activation: Any) -> str:
    return repr(getattr(activation, "__name__", activation))
