"""Compare a training step with micrograd's, in one run.

    python tests/benchmarks/training_step.py [--steps 11]

Every engine is a process of its own; the steps are taken in turn, so that all of them
meet the same noise. micrograd is installed from PyPI into an environment of its own.
Targets: op for op at least 14 times micrograd and 3 times slots and tuples; nn.MLP as
shipped at least 40 times micrograd.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

HERE = Path(__file__).parent
TARGETS = {"ours": [("micrograd", 14), ("tuples", 3)], "layers": [("micrograd", 40)]}
NAMES = {
    "micrograd": "micrograd 0.1.0",
    "tuples": "slots and tuples",
    "ours": "Value, op for op",
    "layers": "nn.MLP as shipped",
}


def environment_with(package):
    """Return the Python of a virtual environment that has the package; kept."""
    place = Path(tempfile.gettempdir()) / f"scalar-autograd-peer-{package}"
    python = place / "bin" / "python"
    if not python.exists():
        venv.create(place, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", package], check=True)
    return str(python)


def start(engine):
    python = environment_with("micrograd") if engine == "micrograd" else sys.executable
    process = subprocess.Popen(
        [python, HERE / "worker.py", engine],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    return process


def ask(process):
    process.stdin.write("step\n")
    process.stdin.flush()
    seconds, loss = map(float, process.stdout.readline().split())
    return seconds, loss


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--steps", type=int, default=11)
    steps = options.parse_args().steps
    workers = {engine: start(engine) for engine in NAMES}
    for worker in workers.values():
        ask(worker)  # a first step, not counted
    times = {engine: [] for engine in NAMES}
    for _ in range(steps):
        losses = {}
        for engine, worker in workers.items():
            seconds, losses[engine] = ask(worker)
            times[engine].append(seconds)
    spread = max(losses.values()) - min(losses.values())
    assert spread < 1e-9, f"the engines disagree: {losses}"
    for worker in workers.values():
        worker.stdin.close()
        worker.wait()
    print(f"{'':22}{'ms a step':>10}{'min':>8}{'max':>8}")
    for engine, taken in times.items():
        ms = [1000 * t for t in taken]
        print(
            f"{NAMES[engine]:22}{statistics.median(ms):>10.1f}{min(ms):>8.1f}"
            f"{max(ms):>8.1f}"
        )
    for engine, targets in TARGETS.items():
        for peer, target in targets:
            ratios = [p / t for p, t in zip(times[peer], times[engine], strict=True)]
            ratio = statistics.median(ratios)
            verdict = "reached" if ratio >= target else "MISSED"
            print(
                f"{NAMES[engine]} is {ratio:.1f} times as fast as {NAMES[peer]} "
                f"(target {target}: {verdict})"
            )
    print(f"same loss after {steps + 1} steps to {spread:.0e}: {losses['ours']!r}")


if __name__ == "__main__":
    main()
