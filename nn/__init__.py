"""Neural networks on scalars: layers, losses, optimizers and a training loop.

    Neuron  Layer (Dense)  MLP  Sequential
                        models; Module is the base of your own
    Embedding  LayerNorm  Dropout
                        layers in front of those, and between them
    softmax  log_softmax
                        of a row of scores; other activations go by their names
    losses              mse, huber, cross_entropy, hinge, kl_divergence, ...
    SGD  RMSprop  Adagrad  Adam  AdamW
                        optimizers: step() after backward()
    fit                 the training loop: History, EarlyStopping, checkpoints;
                        callbacks such as RecordWeights see a Run
    metrics             accuracy, and what else is measured beside the loss
    schedules           learning rates that change: warm_up, cosine, one_cycle, ...
    RNN  LSTM  GRU      recurrent networks; LastOutput, detach
    gradient_flow       the gradient's size by layer and time step: a GradientFlow
    datasets            iris, train_test_split, standardize
    synthetic           moons, spirals, adding_problem, ...
    read_csv            a table from a file
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

import typing as _typing

from . import (
    datasets,
    initializers,
    losses,
    metrics,
    optimizers,
    plots,
    schedules,
    synthetic,
)
from .activations import log_softmax, softmax
from .callbacks import EarlyStopping, RecordWeights
from .csv_files import read_csv
from .flow import GradientFlow, gradient_flow
from .history import History
from .layers import MLP, Dense, Layer, Neuron, Sequential, WidthError
from .module import Module
from .optimizers import SGD, Adagrad, Adam, AdamW, RMSprop
from .persistence import load, save
from .recurrent import GRU, LSTM, RNN, LastOutput, detach
from .regularization import Dropout, Embedding, LayerNorm
from .running import DivergenceError, Run
from .training import fit

__all__ = [
    "GRU",
    "LSTM",
    "MLP",
    "RNN",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Dense",
    "DivergenceError",
    "Dropout",
    "EarlyStopping",
    "Embedding",
    "GradientFlow",
    "History",
    "LastOutput",
    "Layer",
    "LayerNorm",
    "Module",
    "Neuron",
    "RMSprop",
    "RecordWeights",
    "Run",
    "Sequential",
    "WidthError",
    "datasets",
    "detach",
    "fit",
    "gradient_flow",
    "initializers",
    "load",
    "log_softmax",
    "losses",
    "metrics",
    "optimizers",
    "plots",
    "read_csv",
    "save",
    "schedules",
    "softmax",
    "synthetic",
]

# What PyTorch and Keras call it.
_ELSEWHERE = {
    "BCELoss": 'nn.losses.binary_cross_entropy, or "binary_cross_entropy" in fit',
    "CrossEntropyLoss": 'nn.losses.cross_entropy, or "cross_entropy" in fit',
    "GELU": 'activation="gelu"',
    "Linear": "nn.Dense(n_in, n_out)",
    "MSELoss": 'nn.losses.mse, or "mse" in fit',
    "ReLU": 'activation="relu"',
    "Sigmoid": 'activation="sigmoid"',
    "Softmax": 'nn.softmax, or activation="softmax"',
    "Tanh": 'activation="tanh"',
    "functional": "nn.losses, nn.softmax and the functions of autograd",
    "optim": "nn.SGD, nn.Adam, ...: see nn.optimizers",
}

if not _typing.TYPE_CHECKING:  # a type checker is to find wrong names by itself

    def __getattr__(name):
        advice = f": did you mean {_ELSEWHERE[name]}?" if name in _ELSEWHERE else ""
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{advice}")
