"""Compare batches of compiled samples with CasADi's SX functions, in one run.

    python tests/benchmarks/compiled_samples.py [--samples 10000] [--turns 15]

Two problems, in double precision. Loss and gradient of micrograd's MLP(2, [16, 16, 1])
at given weights, summed over the samples; and bundle adjustment: the reprojection error
of a point in a camera (rotation vector, translation, focal length, two distortions;
Agarwal et al., Bundle adjustment in the large, ECCV 2010) and its Jacobian in all 12
numbers, of each sample by itself. CasADi's `Function` on SX is mapped serially and over
threads, and the faster of the two is compared (its virtual machine, as it is without
a C compiler). Every engine is a process of its own, in turns; CasADi is installed from
PyPI into an environment of its own. Target: at least as fast a sample.
"""

import argparse
import itertools
import json
import math
import statistics
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
from training_step import HERE, environment_with

WIDTHS = [2, 16, 16, 1]
PROBLEMS = ("network", "bundle")
NAMES = {
    "ours": "autograd.compile",
    "serial": "CasADi, map serial",
    "thread": "CasADi, map over 2 threads",
}


def numbers(problem, count):
    """Return the arguments: one for all samples (or None), and those of each."""
    rng = np.random.default_rng(7)
    if problem == "network":
        size = sum(n * (k + 1) for k, n in itertools.pairwise(WIDTHS))
        x = rng.normal(size=(count, 2))
        return rng.normal(size=size), [x, np.sign(rng.normal(size=count))]
    camera = np.concatenate(
        [
            rng.normal(0, 0.3, (count, 3)),
            rng.normal(0, 0.5, (count, 3)) - [0, 0, 6],
            rng.uniform(400, 600, (count, 1)),
            rng.normal(0, 0.01, (count, 2)),
        ],
        axis=1,
    )
    return None, [camera, rng.normal(size=(count, 3)), rng.normal(0, 50, (count, 2))]


# The mathematics, for whatever multiplies; m has its functions.


def network(m, w, x, y):
    """Return the hinge loss of one sample; w holds all weights, row after row."""
    h, place = [x[0], x[1]], 0
    for k, n in itertools.pairwise(WIDTHS):
        rows = []
        for _ in range(n):
            total = w[place + k]
            for i in range(k):
                total = total + w[place + i] * h[i]
            rows.append(total)
            place += k + 1
        h = rows if n == 1 else [m.fmax(z, 0.0) for z in rows]
    return m.fmax(1 - y * h[0], 0.0)


def bundle(m, camera, point, seen):
    """Return the two residuals: where the camera sees the point, less the pixel."""
    r, t = [camera[i] for i in range(3)], [camera[i] for i in range(3, 6)]
    focal, k1, k2 = camera[6], camera[7], camera[8]
    p = [point[i] for i in range(3)]
    angle = m.sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2])
    axis = [c / angle for c in r]
    cos, sin = m.cos(angle), m.sin(angle)
    along = (axis[0] * p[0] + axis[1] * p[1] + axis[2] * p[2]) * (1 - cos)
    cross = [
        axis[1] * p[2] - axis[2] * p[1],
        axis[2] * p[0] - axis[0] * p[2],
        axis[0] * p[1] - axis[1] * p[0],
    ]
    q = [p[i] * cos + cross[i] * sin + axis[i] * along + t[i] for i in range(3)]
    u, v = -q[0] / q[2], -q[1] / q[2]
    square = u * u + v * v
    scale = focal * (1 + square * (k1 + k2 * square))
    return [scale * u - seen[0], scale * v - seen[1]]


def with_ours(problem, count):
    import autograd

    m = SimpleNamespace(
        fmax=autograd.maximum, sqrt=autograd.sqrt, sin=autograd.sin, cos=autograd.cos
    )

    shared, lanes = numbers(problem, count)
    if problem == "network":
        fast = autograd.compile(
            autograd.value_and_grad(lambda w, x, y: network(m, w, x, y))
        )
        return lambda: fast.map(shared, *lanes, in_axes=(None, 0, 0), reduce="sum")

    def residual(*args):
        return np.array(bundle(m, *args))

    slopes = autograd.jacobian(residual, argnums=(0, 1))
    fast = autograd.compile(lambda *args: (residual(*args), *slopes(*args)))

    def step():
        error, of_camera, of_point = fast.map(*lanes, in_axes=0)
        return error, np.concatenate([of_camera, of_point], axis=2)

    return step


def with_casadi(problem, count, how):
    """Return what maps CasADi's function over its own matrices, made beforehand."""
    import casadi

    shared, lanes = numbers(problem, count)
    inputs = [casadi.SX.sym(f"a{i}", *np.shape(a)[1:]) for i, a in enumerate(lanes)]
    columns = [casadi.DM(a.reshape(count, -1).T) for a in lanes]
    if problem == "network":
        w = casadi.SX.sym("w", len(shared))
        loss = network(casadi, w, *inputs)
        f = casadi.Function("f", [w, *inputs], [loss, casadi.gradient(loss, w)])
        parts = 2 if how == "thread" else 1
        mapped = f.map(count // parts, [True, False, False], [True, True])
        if parts > 1:
            mapped = mapped.map("halves", "thread", parts, [0], [0, 1])
        columns.insert(0, casadi.DM(shared))
    else:
        error = casadi.vertcat(*bundle(casadi, *inputs))
        slopes = casadi.jacobian(error, casadi.vertcat(inputs[0], inputs[1]))
        f = casadi.Function("f", inputs, [error, casadi.densify(slopes)])
        mapped = f.map(count, how, *((2,) if how == "thread" else ()))
    return lambda: mapped(*columns)


def worker(engine, problem, count):
    make = with_ours if engine == "ours" else with_casadi
    step = make(problem, count, *([] if engine == "ours" else [engine]))
    start = time.perf_counter()
    value, slopes = step()
    first = time.perf_counter() - start
    check = [float(np.abs(np.array(part)).sum()) for part in (value, slopes)]
    print(json.dumps([first, check]), flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        step()
        print(time.perf_counter() - start, flush=True)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--samples", type=int, default=10_000)
    options.add_argument("--turns", type=int, default=15)
    options.add_argument("--worker", nargs=2)
    given = options.parse_args()
    if given.worker:
        worker(*given.worker, given.samples)
        return
    for problem in PROBLEMS:
        compare(problem, given.samples, given.turns)


def compare(problem, count, turns):
    running, checks, times = {}, {}, {engine: [] for engine in NAMES}
    for engine in NAMES:
        python = sys.executable if engine == "ours" else environment_with("casadi")
        running[engine] = subprocess.Popen(
            [
                python,
                HERE / "compiled_samples.py",
                f"--samples={count}",
                "--worker",
                engine,
                problem,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        _, checks[engine] = json.loads(running[engine].stdout.readline())
    for ours, theirs in zip(checks["ours"], checks["serial"], strict=True):
        assert math.isclose(ours, theirs, rel_tol=1e-10), checks
    for _ in range(turns):
        for engine, process in running.items():
            process.stdin.write("\n")
            process.stdin.flush()
            times[engine].append(float(process.stdout.readline()))
    print(f"{problem}, {count:,} samples: ns a sample (median of {turns})")
    for engine, taken in times.items():
        print(f"    {NAMES[engine]:28}{1e9 * statistics.median(taken) / count:>10.0f}")
    peers = [e for e in NAMES if e != "ours"]
    best = min(peers, key=lambda e: statistics.median(times[e]))
    pairs = zip(times["ours"], times[best], strict=True)
    ratio = statistics.median(theirs / ours for ours, theirs in pairs)
    verdict = "reached" if ratio >= 1 else "MISSED"
    print(f"    {ratio:.1f} times as fast as {NAMES[best]} (target 1: {verdict})")


if __name__ == "__main__":
    main()
