"""One way to compute layers, in a process of its own that benchmarks/vectorized.py asks.

`python layers_at_work.py WAY` reads tasks from standard input, a line of JSON each, and answers
each with a line of JSON. The number of threads comes from the environment, since BLAS reads it
when it is loaded.
"""

import json
import os
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).parents[1] / part) for part in (".", "source/3_convnet")]
from grading.bank import solutions  # noqa: E402

ONE_THREAD = os.environ["OMP_NUM_THREADS"] == "1"
# On one thread, CPU time: then it does not matter who else uses the machine.
clock = time.process_time if ONE_THREAD else time.perf_counter
NAMES = {
    "loops": ("1_step_by_step", ["conv_forward", "conv_backward", "pool_forward", "pool_backward"]),
    "notebook": (
        "2_vectorized",
        [
            "conv_forward_im2col",
            "conv_backward_im2col",
            "pool_forward_windows",
            "pool_backward_windows",
        ],
    ),
}


def arrays(m, n, n_C_prev, f, n_C, stride):
    """A_prev, W, b, dZ and hparameters, in single precision, "same" padding."""
    rng, pad = np.random.default_rng(1), (f - 1) // 2
    n_out = (n + 2 * pad - f) // stride + 1
    shapes = [(m, n, n, n_C_prev), (f, f, n_C_prev, n_C), (1, 1, 1, n_C), (m, n_out, n_out, n_C)]
    return *(rng.normal(size=s).astype(np.float32) for s in shapes), {"stride": stride, "pad": pad}


def numpy_calls(conv_forward, conv_backward, pool_forward, pool_backward):
    """{what: function of a task's sizes that gives a call without arguments}."""

    def conv(backward):
        def prepare(*sizes):
            A_prev, W, b, dZ, hparameters = arrays(*sizes)

            def call():
                Z, cache = conv_forward(A_prev, W, b, hparameters)
                return (Z, *conv_backward(dZ, cache)) if backward else (Z,)

            return call

        return prepare

    def pool(mode, backward):
        def prepare(m, n, n_C_prev, f, n_C, stride):
            A_prev = arrays(m, n, n_C_prev, f, n_C, stride)[0]
            hparameters = {"f": f, "stride": stride}
            dA = np.ones_like(pool_forward(A_prev, hparameters, mode)[0])

            def call():
                A, cache = pool_forward(A_prev, hparameters, mode)
                return (A, pool_backward(dA, cache, mode)) if backward else (A,)

            return call

        return prepare

    calls = {"conv forward": conv(False), "conv both": conv(True)}
    for mode in ("max", "average"):
        calls |= {f"{mode} forward": pool(mode, False), f"{mode} both": pool(mode, True)}
    return calls


def torch_calls(layout):
    """The same by PyTorch, with all arrays in its layout beforehand."""
    import torch
    from torch.nn import functional

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))

    def images(array):
        tensor = torch.tensor(array).permute(0, 3, 1, 2)
        return tensor.contiguous(memory_format=getattr(torch, layout))

    def both_or_forward(layer, tensors, towards, backward):
        def forward():
            with torch.no_grad():
                return (layer(*tensors),)

        def both():
            result = layer(*tensors)
            return (result, *torch.autograd.grad(result, tensors, towards))

        return both if backward else forward

    def conv(backward):
        def prepare(*sizes):
            A_prev, W, b, dZ, hparameters = arrays(*sizes)
            filters = torch.tensor(W).permute(3, 2, 0, 1)
            filters = filters.contiguous(memory_format=getattr(torch, layout))
            tensors = [images(A_prev), filters, torch.tensor(b.reshape(-1))]
            tensors = [tensor.requires_grad_() for tensor in tensors]

            def layer(x, w, b):
                return functional.conv2d(x, w, b, hparameters["stride"], hparameters["pad"])

            return both_or_forward(layer, tensors, images(dZ), backward)

        return prepare

    def pool(pool2d, backward):
        def prepare(m, n, n_C_prev, f, n_C, stride):
            x = images(arrays(m, n, n_C_prev, f, n_C, stride)[0]).requires_grad_()
            dA = torch.ones_like(pool2d(x, f, stride))
            return both_or_forward(lambda x: pool2d(x, f, stride), [x], dA, backward)

        return prepare

    calls = {"conv forward": conv(False), "conv both": conv(True)}
    for mode, pool2d in {"max": functional.max_pool2d, "average": functional.avg_pool2d}.items():
        calls |= {f"{mode} forward": pool(pool2d, False), f"{mode} both": pool(pool2d, True)}
    return calls


def calls_of(way):
    """{what: prepare} for a way to compute: see WAYS in vectorized.py."""
    if way.startswith("torch"):
        return torch_calls("channels_last" if way.endswith("last") else "contiguous_format")
    if way == "fast":
        import layers as fast

        functions = [fast.conv_forward, fast.conv_backward, fast.pool_forward, fast.pool_backward]
        return numpy_calls(*functions)
    assignment, names = NAMES[way]
    namespace = {"np": np}
    for source in solutions(assignment).values():
        exec(source, namespace)
    return numpy_calls(*(namespace[name] for name in names))


def shortest(call, budget):
    """The shortest time of as many calls as fit into the budget, in seconds; at least one."""
    best, start = np.inf, time.perf_counter()
    while best == np.inf or time.perf_counter() - start < budget:
        before = clock()
        call()
        best = min(best, clock() - before)
    return best


def gemm_rate():
    """Floating point operations a second in a large product of matrices."""
    square = np.ones((1024, 1024), np.float32)
    out = np.empty_like(square)
    return 2 * 1024**3 / shortest(lambda: np.matmul(square, square, out=out), 0.3)


def peak(call):
    """Most memory that a call had in use, its results included, in bytes (NumPy's arrays only)."""
    tracemalloc.start()
    results = call()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    del results
    return most


def main(way):
    """Answer tasks until standard input ends. The last case prepared is kept."""
    calls, prepared, call = calls_of(way), None, None
    for line in sys.stdin:
        task = json.loads(line)
        if task["what"] == "gemm":
            print(json.dumps(gemm_rate()), flush=True)
            continue
        if prepared != (task["what"], task["sizes"]):
            call = calls[task["what"]](*task["sizes"])
            prepared = (task["what"], task["sizes"])
            if way != "loops" and not task.get("peak"):
                call()  # the first call loads, compiles and fetches memory
        answer = peak(call) if task.get("peak") else shortest(call, task["budget"])
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
