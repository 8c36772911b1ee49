"""Train an LSTM on the adding problem, and say how it does on sequences held out.

    python tests/benchmarks/learning_to_add.py [--seed 0] [--sequences 16000]

Sequences of 30 steps; saying 1 always has the mean squared error 0.167. Target: at
least 5 times better within 15 minutes.
"""

import argparse
import sys
import time
from statistics import fmean

import nn
from autograd import no_grad

LENGTH, UNITS, TARGET, MINUTES = 30, 8, 5, 15


def errors(model, data):
    with no_grad():
        return [
            (model(sequence)[0].data - target) ** 2
            for sequence, target in zip(*data, strict=True)
        ]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sequences", type=int, default=16_000)
    options = parser.parse_args()
    lstm = nn.LSTM(2, UNITS, seed=options.seed)
    for bias in lstm.bias_ih_l0[UNITS : 2 * UNITS]:
        bias.data = 1.0  # a forget gate that starts open lets the gradient through
    dense = nn.Dense(UNITS, 1, seed=options.seed)
    model = nn.Sequential([lstm, nn.LastOutput(), dense])
    start = time.perf_counter()
    nn.fit(
        model,
        nn.losses.mse,
        nn.synthetic.adding_problem(options.sequences, LENGTH, seed=options.seed),
        epochs=1,
        batch_size=10,
        optimizer=nn.Adam(model, lr=0.03, clip_norm=1.0),
        seed=options.seed,
    )
    seconds = time.perf_counter() - start
    held_out = nn.synthetic.adding_problem(1000, LENGTH, seed=f"test {options.seed}")
    constant = fmean((1 - target) ** 2 for target in held_out.targets)
    error = fmean(errors(model, held_out))
    print(
        f"seed {options.seed}: {options.sequences} sequences in {seconds:.0f} s; mean "
        f"squared error {error:.4f}, of the constant {constant:.4f}: "
        f"{constant / error:.1f} times better"
    )
    met = constant >= TARGET * error and seconds <= 60 * MINUTES
    print("target met" if met else "target missed")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
