"""Count false alarms on right gradients: python tests/benchmarks/false_alarms.py

Problems are drawn from the families of `right_families.py`. What is counted is a
coordinate compared at a point. Prints, for each family and in all, how many were
compared, how many were called wrong, and the upper bound of the rate at 95 %: 3/n where
there was none (the rule of three).

    --minutes M   when to stop drawing (20)       --jobs N   processes (2)
    --seed S      another series (0)              --only F   families that begin with F
"""

import argparse
import time
from collections import defaultdict
from itertools import count
from multiprocessing import Pool

import numpy as np
from right_families import FAMILIES, Draw

from autograd import check_gradient
from autograd.checking.limits import FULL_TABLE

POINTS = 2
DIFFERENCES_EVERY = 25  # they are slower, by about that factor
KINDS = ("values, double", "values, single", "differences, double",
         "differences, single")  # fmt: skip


def check(family, kind, seed):
    """Check one problem; return how many were compared and wrong, and the text."""
    fn, hand, args = family(Draw([seed, FAMILIES.index(family), kind], kind % 2 == 1))
    reference = "differences" if kind >= 2 else None
    try:
        report = check_gradient(
            fn, hand, *args, points=POINTS, seed=seed, reference=reference
        )
    except Exception as error:  # counted: an exception is no verdict "right"
        return 1, 1, f"{type(error).__name__}: {error}"
    ratios = report.ratios()
    compared = ratios.size
    if reference and ratios.shape[1] > FULL_TABLE:
        compared = 2 * len(ratios)  # two directions a point
    if report.ok:
        return compared, 0, ""
    lines = str(report).splitlines()[:9]
    return compared, max(1, int((ratios > 1).sum())), "\n    ".join(lines)


def work(options):
    """Check problems, one family after the other, until the time is over."""
    first, step, only, end = options
    counts = defaultdict(lambda: np.zeros(4))  # problems, compared, wrong, seconds
    for round_ in count():
        seed = first + step * round_
        for family in FAMILIES:
            if not family.__name__.startswith(only):
                continue
            for kind in (0, 1, 2, 3) if round_ % DIFFERENCES_EVERY == 0 else (0, 1):
                began = time.time()
                if began > end:
                    return dict(counts)
                compared, wrong, text = check(family, kind, seed)
                took = time.time() - began
                counts[family.__name__, kind] += [1, compared, wrong, took]
                if text:
                    print(f"FALSE ALARM {family.__name__}, {KINDS[kind]}, seed {seed}: "
                          f"{text}", flush=True)  # fmt: skip
    raise AssertionError("count() does not end")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    end = time.time() + 60 * options.minutes
    jobs = [
        (options.seed + i, options.jobs, options.only, end) for i in range(options.jobs)
    ]
    with Pool(options.jobs) as pool:
        results = pool.map(work, jobs)
    counts = defaultdict(lambda: np.zeros(4))
    for found in results:
        for key, row in found.items():
            counts[key] += row
    print(f"{'family':16}{'reference':22}{'problems':>9}{'compared':>11}{'wrong':>7}"
          f"{'bound (95 %)':>14}{'s':>8}")  # fmt: skip
    for (name, kind), row in sorted(counts.items()):
        print(line(name, KINDS[kind], row))
    for kind, title in enumerate(KINDS):
        rows = [row for (_, k), row in counts.items() if k == kind]
        if rows:
            print(line("all", title, sum(rows)))
    print(line("all", "", sum(counts.values())))


def line(name, kind, row):
    problems, compared, failures, took = row
    return (
        f"{name:16}{kind:22}{problems:9.0f}{compared:11,.0f}{failures:7.0f}"
        f"{bound(int(failures), int(compared)):14.1e}{took:8.0f}"
    )


def bound(failures, compared):
    """Return the rate that so few failures exclude at 95 % (Clopper-Pearson)."""
    from scipy.stats import beta

    return float(beta.ppf(0.95, failures + 1, compared - failures))


if __name__ == "__main__":
    main()
