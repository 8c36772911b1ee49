"""Native kernels: nanoseconds an instruction, microseconds to compile one.

    python tests/benchmarks/compiled_kernels.py [largest program]

Random programs (add, sub, mul on any earlier numbers, all of them needed), and the
gradient of the moons network 2-16-16-1 summed over 100 points. Best of several runs.
At level 0 a table is followed, as large programs are at first; from level 1 on a
program has code of its own. Targets: one sample 1 ns an instruction, lanes 0.25 ns an
instruction and sample, two threads 1.7 times as fast as one, 20 µs to compile an
instruction at the first level.
"""

import random
import sys
import time
from array import array

import numpy as np

import autograd
import nn
from autograd.compiling.native.runner import Runner
from autograd.compiling.program import Program


def random_program(count, inputs=20, seed=0):
    """Return a program of so many instructions, each of which some output needs."""
    rng = random.Random(seed)
    unread = list(range(inputs))
    code = []
    for slot in range(inputs, inputs + count):
        place = rng.randrange(len(unread))
        left = unread[place]
        if len(unread) > 50:  # that many outputs in the end
            unread[place] = unread[-1]
            unread.pop()
        code.append((rng.choice(["add", "sub", "mul"]), left, rng.randrange(slot)))
        unread.append(slot)
    names = tuple(f"x{i}" for i in range(inputs))
    return Program(names, (), tuple(code), tuple(unread)).verify()


def best(f, seconds=0.4):
    """Return the least seconds of a call."""
    f()
    start = time.perf_counter()
    f()
    once = time.perf_counter() - start
    repeats = max(1, int(0.02 / max(once, 1e-7)))
    least = float("inf")
    stop = time.perf_counter() + seconds
    while time.perf_counter() < stop:
        start = time.perf_counter()
        for _ in range(repeats):
            f()
        least = min(least, (time.perf_counter() - start) / repeats)
    return least


def timed(make):
    start = time.perf_counter()
    made = make()
    return made, time.perf_counter() - start


def single(count, level):
    program = random_program(count)
    varying = (False,) * len(program.inputs)
    runner, seconds = timed(lambda: Runner(program, varying, exact=True, level=level))
    numbers = array("d", np.random.default_rng(0).normal(size=len(varying)).tolist())
    each = best(lambda: runner.run_one(numbers)) / count
    print(
        f"one sample   {count:>9,} instructions  level {level}  "
        f"{each * 1e9:6.2f} ns  compile {seconds / count * 1e6:6.1f} µs",
        flush=True,
    )


def lanes(count, level, samples=1024):
    program = random_program(count)
    varying = (True,) * len(program.inputs)
    given = np.random.default_rng(0).normal(size=(len(varying), samples))
    found = []
    for threads in (1, 2):
        runner = Runner(program, varying, exact=True, level=level, threads=threads)

        def call(runner=runner):
            runner.run(np.empty(0), given, True)

        _, seconds = timed(call)
        found.append(best(call) / count / samples)
    one, two = found
    print(
        f"{samples} lanes   {count:>9,} instructions  level {level}  "
        f"{one * 1e9:6.3f} ns  compile {seconds / count * 1e6:6.1f} µs  "
        f"two threads {one / two:.2f} times as fast",
        flush=True,
    )


def moons(fused, level):
    random.seed(1)
    model = nn.MLP(2, [16, 16, 1], fused=fused)
    parameters = model.parameters()

    def gradient(x0, x1, y):
        loss = autograd.relu(1 - y * model([x0, x1]))
        return [loss, *loss.gradient(parameters)]

    compiled = autograd.compile(gradient, backend="python")
    compiled(0.3, 0.2, 1.0)
    program = compiled.program
    rng = np.random.default_rng(0)
    given = rng.normal(size=(3, 100))
    given[2] = np.sign(given[2])
    uniform = rng.normal(size=len(program.inputs) - 3) * 0.3
    varying = tuple(i < 3 for i in range(len(program.inputs)))
    runner = Runner(program, varying, exact=False, level=level, threads=1)

    def call():
        runner.run(uniform, given, True)

    _, seconds = timed(call)
    print(
        f"moons MLP, 100 samples, {'fused' if fused else 'plain'} "
        f"({len(program.code)} instructions)  level {level}  "
        f"{best(call) * 1e6:6.1f} µs a call  compile {seconds:.2f} s",
        flush=True,
    )


def main():
    largest = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    for fused in (True, False):
        for level in (0, 1, 2, 3):
            moons(fused, level)
    for level in (0, 1):
        single(50_000, level)
        lanes(2_000, level)
        lanes(50_000, level)
    for count in (10_000, 100_000, 1_000_000):
        if count <= largest:
            for level in (0, 1):
                single(count, level)
                lanes(count, level, 128)


if __name__ == "__main__":
    main()
