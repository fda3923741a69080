"""The answers that hidden tests compare with, and the inputs on which they ask.

Nothing here shares code with the solutions in `source/`. Forward results come from
sliding windows and a tensor contraction; gradients come from the definition, by central
differences of those forward results. Both are checked in `tests/test_oracle.py`, against
SciPy's correlation and against gradients worked out in closed form.

Shapes and names are those of the notation table in the notebooks.
"""

import os
from functools import partial

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

# Each row stresses what a plain example leaves out: sides of different length, more or
# fewer channels out than in, strides that do and do not divide, every pad from 0 to 3,
# the smallest filter, a filter as large as the input, a single example.
#   (m, n_H_prev, n_W_prev, n_C_prev), n_C, f, stride, pad
CONV_SHAPES = [
    ((2, 5, 4, 3), 2, 3, 1, 0),
    ((2, 4, 6, 2), 3, 2, 2, 0),
    ((1, 5, 7, 2), 4, 3, 2, 1),
    ((2, 6, 4, 1), 2, 2, 3, 1),
    ((1, 4, 3, 2), 1, 3, 2, 2),
    ((2, 3, 5, 2), 3, 2, 3, 3),
    ((3, 3, 4, 2), 3, 1, 1, 0),
    ((2, 5, 4, 2), 1, 1, 3, 1),
    ((2, 3, 3, 4), 2, 3, 1, 0),
    ((1, 2, 6, 3), 2, 2, 1, 3),
]

#   (m, n_H_prev, n_W_prev, n_C_prev), f, stride
POOL_SHAPES = [
    ((2, 5, 4, 3), 2, 1),
    ((1, 4, 6, 2), 2, 2),
    ((2, 7, 5, 2), 3, 2),
    ((2, 6, 8, 1), 2, 3),
    ((3, 3, 4, 2), 1, 1),
    ((1, 5, 3, 4), 1, 2),
    ((2, 3, 3, 2), 3, 1),
    ((1, 4, 7, 3), 3, 3),
]


def generator(seed):
    """A generator of random numbers, with another sequence for each submission.

    The grader sets GRADING_SEED from a secret of the course and the submission's content, so
    that an input that leaked earns nothing on the next try.
    """
    return np.random.default_rng([seed, int(os.environ.get("GRADING_SEED", "0"))])


def conv(A_prev, W, b, hparameters):
    """Output of a CONV layer.

    Arguments: A_prev (m, n_H_prev, n_W_prev, n_C_prev), W (f, f, n_C_prev, n_C),
    b (1, 1, 1, n_C), hparameters {"stride", "pad"}. Returns Z (m, n_H, n_W, n_C), in
    double precision whatever the inputs are.
    """
    stride, pad = hparameters["stride"], hparameters["pad"]
    padded = np.pad(np.asarray(A_prev, float), ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    windows = sliding_window_view(padded, W.shape[:2], axis=(1, 2))[:, ::stride, ::stride]
    return np.einsum("mhwcij,ijcn->mhwn", windows, np.asarray(W, float)) + b


def pool(A_prev, hparameters, mode):
    """Output of a pooling layer.

    Arguments: A_prev (m, n_H_prev, n_W_prev, n_C), hparameters {"f", "stride"}, mode
    "max" or "average". Returns A (m, n_H, n_W, n_C), in double precision.
    """
    f, stride = hparameters["f"], hparameters["stride"]
    windows = sliding_window_view(np.asarray(A_prev, float), (f, f), axis=(1, 2))
    windows = windows[:, ::stride, ::stride]
    return windows.max(axis=(4, 5)) if mode == "max" else windows.mean(axis=(4, 5))


def numeric_gradient(forward, x, dY, step):
    """Gradient of sum(forward(x) * dY) in each entry of x, by central differences.

    Exact up to rounding wherever `forward` is linear over the width of the step.
    Returns an array of the shape of x, in double precision.
    """
    x = np.array(x, float)
    gradient = np.empty(x.shape)
    for index in np.ndindex(x.shape):
        kept = x[index]
        x[index] = kept + step
        above = forward(x)
        x[index] = kept - step
        below = forward(x)
        x[index] = kept
        gradient[index] = np.sum((above - below) * dY) / (2 * step)
    return gradient


def numeric_gradient_by_example(forward, x, dY, step):
    """As `numeric_gradient`, where example i of forward(x) depends on example i of x alone.

    All entries of an example are varied at once, each in a copy of its own: one call of `forward`
    on a batch of copies in place of a call for each.
    """
    steps = step * np.eye(x[0].size).reshape(-1, *x.shape[1:])
    gradient = np.empty(x.shape)
    for example, slope, entries in zip(np.asarray(x, float), dY, gradient, strict=True):
        change = forward(example + steps) - forward(example - steps)
        sums = np.tensordot(change, np.asarray(slope, float), axes=slope.ndim)
        entries[...] = (sums / (2 * step)).reshape(entries.shape)
    return gradient


def padding_cases(seed):
    """Inputs of zero_pad: a list of (X, pad)."""
    rng = generator(seed)
    shapes = [(1, 1, 1, 1), (2, 3, 5, 1), (3, 4, 2, 3), (1, 2, 2, 4)]
    cases = [(rng.normal(size=shape), pad) for pad, shape in enumerate(shapes)]
    return cases + [(rng.normal(size=(2, 5, 3, 2)).astype(np.float32), 2)]


def single_step_cases(seed):
    """Inputs of conv_single_step and their results: a list of (a_slice_prev, W, b, Z)."""
    rng = generator(seed)
    cases = []
    for sign, shape, dtype in [  # of Z: who loses one of them is seen, whatever the seed
        (1, (1, 1, 1), float),
        (-1, (2, 2, 3), float),
        (1, (3, 3, 1), float),
        (-1, (5, 5, 4), float),
        (-1, (3, 3, 2), np.float32),
    ]:
        a_slice_prev, W = rng.normal(size=shape).astype(dtype), rng.normal(size=shape).astype(dtype)
        b = rng.normal(loc=2.0, size=(1, 1, 1)).astype(dtype)
        Z = np.vdot(a_slice_prev.astype(float), W.astype(float)) + float(b.squeeze())
        if sign * Z < 0:
            W, b, Z = -W, -b, -Z
        cases.append((a_slice_prev, W, b, Z))
    return cases


def conv_cases(seed):
    """Inputs of conv_forward: a list of (A_prev, W, b, hparameters); the last is float32."""
    rng = generator(seed)
    cases = []
    for (m, n_H_prev, n_W_prev, n_C_prev), n_C, f, stride, pad in CONV_SHAPES:
        A_prev = rng.normal(size=(m, n_H_prev, n_W_prev, n_C_prev))
        W, b = rng.normal(size=(f, f, n_C_prev, n_C)), rng.normal(size=(1, 1, 1, n_C))
        cases.append((A_prev, W, b, {"stride": stride, "pad": pad}))
    *arrays, hparameters = cases[2]
    return cases + [(*(array.astype(np.float32) for array in arrays), hparameters)]


def pool_cases(seed):
    """Inputs of pool_forward: a list of (A_prev, hparameters); the last is float32.

    All entries of one A_prev are different, half a unit apart or more, so that no window
    has two maxima; most are negative, so that a maximum taken from zero shows.
    """
    rng = generator(seed)
    cases = []
    for shape, f, stride in POOL_SHAPES:
        A_prev = (rng.permutation(np.prod(shape)).reshape(shape) - 0.7 * np.prod(shape)) / 2
        cases.append((A_prev, {"f": f, "stride": stride}))
    A_prev, hparameters = cases[2]
    return cases + [(A_prev.astype(np.float32), hparameters)]


def conv_gradient_cases(seed, of):
    """Inputs of conv_backward and one of its results: a list of (dZ, cache, gradient).

    `of` is the position in the cache of what the gradient belongs to: 0 for A_prev, 1 for W,
    2 for b. Z is linear in each of them, so a step of 1 makes exact differences.
    """
    rng = generator(seed)
    cases = []
    for cache in conv_cases(seed):

        def forward(x, cache=cache):
            return conv(*cache[:of], x, *cache[of + 1 :])

        dZ = rng.normal(size=conv(*cache).shape).astype(cache[0].dtype)
        gradient = numeric_gradient_by_example if of == 0 else numeric_gradient
        cases.append((dZ, cache, gradient(forward, cache[of], dZ, step=1.0)))
    return cases


def pool_gradient_cases(seed, mode):
    """Inputs of pool_backward and their results: a list of (dA, cache, dA_prev).

    A step of 1/8 changes no winner: entries are at least 1/2 apart.
    """
    rng = generator(seed)
    cases = []
    for A_prev, hparameters in pool_cases(seed):
        dA = rng.normal(size=pool(A_prev, hparameters, mode).shape).astype(A_prev.dtype)
        forward = partial(pool, hparameters=hparameters, mode=mode)
        dA_prev = numeric_gradient_by_example(forward, A_prev, dA, step=0.125)
        cases.append((dA, (A_prev, hparameters), dA_prev))
    return cases


def columns(A_prev, f, stride, pad):
    """All windows as rows, one after the other: (m * n_H * n_W, f * f * n_C_prev)."""
    padded = np.pad(np.asarray(A_prev), ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    tops, lefts = (range(0, side - f + 1, stride) for side in padded.shape[1:3])
    return np.array(
        [
            image[top : top + f, left : left + f].ravel()
            for image in padded
            for top in tops
            for left in lefts
        ]
    )


def column_cases(seed):
    """Inputs of im2col and its result: a list of (A_prev, f, stride, pad, cols)."""
    cases = []
    for A_prev, W, _, hparameters in conv_cases(seed):
        settings = (W.shape[0], hparameters["stride"], hparameters["pad"])
        cases.append((A_prev, *settings, columns(A_prev, *settings)))
    return cases


def column_sum_cases(seed):
    """Inputs of col2im and its result: a list of (cols, A_prev_shape, f, stride, pad, A).

    Pixels are numbered from 1, so that the columns of these numbers say for each entry of `cols`
    which pixel it belongs to; padding is number 0.
    """
    rng = generator(seed)
    cases = []
    # The last one has more padding than windows or pixels, and windows reach its far end.
    frames = [*column_cases(seed), (np.ones((1, 4, 4, 1)), 6, 8, 5, None)]
    for A_prev, *settings, _ in frames:
        numbers = np.arange(1, A_prev.size + 1).reshape(A_prev.shape)
        pixels = columns(numbers, *settings)
        cols = rng.normal(size=pixels.shape).astype(A_prev.dtype)
        sums = np.bincount(pixels.ravel(), cols.ravel(), A_prev.size + 1)[1:]
        cases.append((cols, A_prev.shape, *settings, sums.reshape(A_prev.shape)))
    return cases


def pool_tie_cases(seed):
    """Inputs of a max pooling layer with many ties, and the gradient that goes to the first
    maximum of each window in row order: a list of (dA, cache, dA_prev).

    A slope that falls in row order, by less than the entries are apart, breaks every tie.
    """
    rng = generator(seed)
    cases = []
    for shape, f, stride in POOL_SHAPES:
        A_prev, hparameters = (
            rng.integers(0, 3, size=shape).astype(float),
            {"f": f, "stride": stride},
        )
        places = np.arange(shape[1] * shape[2]).reshape(1, *shape[1:3], 1)
        step = 1 / (4 * places.size)

        def forward(x, hparameters=hparameters, slope=2 * step * places):
            return pool(x - slope, hparameters, "max")

        dA = rng.normal(size=forward(A_prev).shape)
        dA_prev = numeric_gradient_by_example(forward, A_prev, dA, step=step / 2)
        cases.append((dA, (A_prev, hparameters), dA_prev))
    return cases
