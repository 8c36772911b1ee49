"""Neural networks on scalars: layers, losses, optimizers and a training loop.

    Neuron  Layer (Dense)  MLP  Sequential
                        models; Module is the base of your own
    losses              mse, cross_entropy, hinge
    SGD                 an optimizer: step() after backward()
    fit                 the training loop
    datasets            iris, train_test_split, standardize
    initializers        numbers to start from
    save  load          weights in files
    plots               loss curves and decision regions (needs matplotlib)

>>> import nn
>>> model = nn.MLP(2, [4, 1], "tanh", seed=0)
>>> xor = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [-1, 1, 1, -1]
>>> optimizer = nn.SGD(model, lr=0.5)
>>> history = nn.fit(model, nn.losses.hinge, xor, epochs=100, optimizer=optimizer)
>>> [model(x) > 0 for x in xor[0]]
[False, True, True, False]

`python -m nn` trains a network on the iris flowers.
"""

from . import datasets, initializers, losses, optimizers, plots
from .layers import MLP, Dense, Layer, Neuron, Sequential, WidthError
from .module import Module
from .optimizers import SGD
from .persistence import load, save
from .training import DivergenceError, History, fit

__all__ = [
    "MLP",
    "SGD",
    "Dense",
    "DivergenceError",
    "History",
    "Layer",
    "Module",
    "Neuron",
    "Sequential",
    "WidthError",
    "datasets",
    "fit",
    "initializers",
    "load",
    "losses",
    "optimizers",
    "plots",
    "save",
]
