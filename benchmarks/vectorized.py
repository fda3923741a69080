"""How fast layers in NumPy are: `python benchmarks/vectorized.py [--rounds N] [--keep-memory]`.

Single precision, forward, and forward plus backward with all gradients, side by side: the loops of
assignment 1, the reference of assignment 2, the fast layers of assignment 3 (layers.py), and
PyTorch in its default layout (NCHW) and channels_last; first on one thread each, then on all. Each
way and shape has a process of its own, so that none finds memory or caches as another left them.
They take turns, in an order that is reversed each round, and what is printed is the median of the
rounds' ratios to PyTorch's default; a round is the shortest of many calls. On one thread CPU time
counts, which does not depend on who else uses the machine; on all threads it is time by the clock.

Large arrays are given back to the system after each call and fetched anew in the next, by
PyTorch as by NumPy, which costs much and depends on sizes. That is what a user gets, and the
default here. `--keep-memory` tells the allocator (glibc) to keep what it has, for all alike: then
only computing counts.

The loops run on one example, and their time is multiplied by m: they take examples one by one.
"""

import argparse
import json
import os
import subprocess
import sys
from math import prod
from pathlib import Path
from statistics import geometric_mean, median

sys.path.insert(0, str(Path(__file__).parents[1]))
from grading.notebooks import notebook_path  # noqa: E402

ROOT = Path(__file__).parents[1]
#   m, n, n_C_prev, f, n_C
SHAPES = [(64, 32, 3, 3, 16), (64, 28, 16, 3, 32), (32, 14, 64, 3, 128), (64, 28, 1, 5, 8)]
CONV = [(*shape, stride) for shape in SHAPES for stride in (1, 2)]
POOL = [(m, n, n_C_prev, f, n_C_prev, 2) for m, n, n_C_prev, _, _ in SHAPES for f in (2, 3)]
BASE = "torch"
DEEP = 144  # from so many numbers in a window on, a share of the GEMM rate is expected
KEEP = {
    "MALLOC_MMAP_THRESHOLD_": str(2**31),
    "MALLOC_TRIM_THRESHOLD_": str(2**33),
    "MALLOC_TOP_PAD_": str(2**27),
}


class Way:
    """A process that computes layers in one way, on so many threads."""

    def __init__(self, name, threads, keep_memory):
        limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"))
        environment = {**os.environ, **dict.fromkeys(limits, str(threads))}
        self.process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("layers_at_work.py"), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment | (KEEP if keep_memory else {}),
            text=True,
        )

    def ask(self, **task):
        """The answer to a task. Raises RuntimeError if the process ended."""
        print(json.dumps(task), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.process.args} ended with {self.process.wait()}: see above")
        return json.loads(line)

    def close(self):
        """End the process."""
        self.process.stdin.close()
        self.process.wait()


def ways():
    """The NumPy ways that there are here, and PyTorch."""
    notebook = notebook_path("source", "2_vectorized", ROOT).is_file()
    return [*(["notebook"] if notebook else []), "fast", BASE, "torch channels last"]


def race(what, sizes, threads, rounds, keep_memory):
    """({way: median seconds}, {way: median ratio to PyTorch's default}) of one layer."""
    runners = {name: Way(name, threads, keep_memory) for name in ways()}
    seconds = {name: [] for name in runners}
    for number in range(rounds):
        for name in list(runners)[:: -1 if number % 2 else 1]:
            seconds[name].append(runners[name].ask(what=what, sizes=sizes, budget=0.15))
    for runner in runners.values():
        runner.close()
    ratios = {
        name: median(a / b for a, b in zip(times, seconds[BASE], strict=True))
        for name, times in seconds.items()
    }
    return {name: median(times) for name, times in seconds.items()}, ratios


def operations(what, m, n, n_C_prev, f, n_C, stride):
    """Multiplications and additions of a CONV layer: one product forward, two more backward."""
    n_out = (n + 2 * ((f - 1) // 2) - f) // stride + 1
    return 2 * m * n_out**2 * f * f * n_C_prev * n_C * (3 if what.endswith("both") else 1)


def table(what, layers, threads, options):
    """Race all layers and print a line for each, then geometric means. Returns fast's seconds."""
    print(f"\n{what}, {threads} thread{'s'[: threads > 1]}: ms (ratio to PyTorch's default)")
    found, fast = [], {}
    for sizes in layers:
        gemm = Way("fast", threads, options.keep_memory)
        before = gemm.ask(what="gemm")
        seconds, ratios = race(what, sizes, threads, options.rounds, options.keep_memory)
        rate = max(before, gemm.ask(what="gemm"))
        gemm.close()
        line = "  ".join(f"{way} {1000 * seconds[way]:.2f} ({ratios[way]:.2f})" for way in seconds)
        if what.startswith("conv"):
            share = operations(what, *sizes) / seconds["fast"] / rate
            deep = " (deep)" if sizes[3] ** 2 * sizes[2] >= DEEP else ""
            line += f"  fast: {share:.0%} of the GEMM rate{deep}"
        print(f"{str(tuple(sizes)):26} {line}", flush=True)
        found.append(ratios)
        fast[sizes] = seconds["fast"]
    means = {way: geometric_mean(ratios[way] for ratios in found) for way in found[0]}
    print("geometric mean of ratios: ", "  ".join(f"{way} {r:.2f}" for way, r in means.items()))
    return fast


def against_loops(what, fast, options):
    """Print how many times as fast as the loops of assignment 1."""
    runner, factors = Way("loops", 1, options.keep_memory), []
    for (m, *sizes), seconds in fast.items():
        factors.append(m * runner.ask(what=what, sizes=[1, *sizes], budget=0) / seconds)
    runner.close()
    times = ", ".join(f"{factor:.0f}" for factor in factors)
    print(f"fast, times the loops: {times}; geometric mean {geometric_mean(factors):.0f}")


def memory():
    """Print the peak of memory in use, in MB, for each NumPy way."""
    print("\npeak of memory, MB (arguments not counted, results counted)")
    for what in ("conv forward", "conv both"):
        for sizes in CONV:
            line = []
            for name in (way for way in ways() if not way.startswith("torch")):
                runner = Way(name, 1, False)
                line.append(f"{name} {runner.ask(what=what, sizes=sizes, peak=True) / 1e6:.1f}")
                runner.close()
            m, n, n_C_prev, f, n_C, stride = sizes
            n_out = (n + 2 * ((f - 1) // 2) - f) // stride + 1
            results = prod((m, n_out, n_out, n_C))
            if what.endswith("both"):
                results += prod((m, n, n, n_C_prev)) + prod((f, f, n_C_prev, n_C)) + n_C
            print(f"{what} {sizes}: {', '.join(line)}; results alone {4 * results / 1e6:.1f}")


def main():
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--keep-memory", action="store_true")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, os.cpu_count()])
    parser.add_argument("--only", choices=["conv", "pool", "memory"])
    options = parser.parse_args()
    for threads in options.threads:
        if options.only in (None, "conv"):
            for what in ("conv forward", "conv both"):
                fast = table(what, CONV, threads, options)
                if threads == 1:
                    against_loops(what, fast, options)
        if options.only in (None, "pool"):
            for what in ("max forward", "max both", "average forward", "average both"):
                table(what, POOL, threads, options)
    if options.only in (None, "memory"):
        memory()


if __name__ == "__main__":
    main()
