"""Measure memory a node, and time a node from 10³ to 10⁶ nodes.

    python tests/benchmarks/node_cost.py

Targets: at most 200 bytes a node after backward; time a node flat within 1.5 times with
the garbage collector off, 2.5 times at its default settings.
"""

import gc
import random
import time
import tracemalloc

from autograd import Value


def build(count):
    """Return leaves and the last of `count` nodes, products and sums in turn."""
    rng = random.Random(0)
    leaves = [Value(rng.uniform(0.5, 1.0)) for _ in range(16)]
    node = leaves[0]
    for i in range(count // 2):
        node = node * leaves[i % 16] + leaves[(i + 5) % 16]
    return leaves, node


def seconds_a_node(count):
    """Return the best time a node of forward and backward, freeing included."""
    best = float("inf")
    for _ in range(max(5, 200_000 // count)):
        start = time.perf_counter()
        leaves, node = build(count)
        node.backward()
        del leaves, node
        best = min(best, time.perf_counter() - start)
    return best / count


def main():
    count = 100_000
    gc.collect()
    tracemalloc.start()
    kept = build(count)
    forward = tracemalloc.get_traced_memory()[0] / count
    kept[1].backward()
    backward = tracemalloc.get_traced_memory()[0] / count
    tracemalloc.stop()
    del kept
    print(f"bytes a node: {forward:.0f} after forward, {backward:.0f} after backward")
    print(f"target 200: {'reached' if backward <= 200 else 'MISSED'}")
    for collector, limit in ((False, 1.5), (True, 2.5)):
        gc.enable() if collector else gc.disable()
        sizes = [10**3, 10**4, 10**5, 10**6]
        times = [1e9 * seconds_a_node(size) for size in sizes]
        gc.enable()
        ratio = max(times) / min(times)
        taken = [f"{t:.0f} ns at {n:,}" for n, t in zip(sizes, times, strict=True)]
        verdict = "reached" if ratio <= limit else "MISSED"
        print(f"collector {'on' if collector else 'off'}: {', '.join(taken)}")
        print(f"  within {ratio:.2f} (target {limit}: {verdict})")


if __name__ == "__main__":
    main()
