"""The layers of assignments 1 and 2 at full speed, in NumPy alone, ready to build a network with.

The same functions as there, with the same arguments, results and shapes: arrays channels-last,
single precision stays single precision, no argument is changed. Five ideas make them fast.

- *A row of a window is one item.* Its f * n_C_prev numbers are neighbours in memory, so im2col
  moves them together, as one item of so many bytes: f moves a window, and no loop inside them.
- *A few examples at a time*, so that what was just written is still in the cache when it is read.
  `most`, the setting, is the largest number of floats in such a slice, but for a single example
  that needs more. It bounds the memory, too: besides results, two to four times as many floats
  are in use, whatever the batch.
- *Memory is kept* from call to call in `KEPT`, since fetching it anew from the system takes as
  long as working on it. `KEPT.clear()` gives it back. Results are always new arrays.
- *Long runs.* NumPy starts its inner loop anew for each run of neighbours, and a run of three
  channels is too short. So the bias is one more row of W, for a column of ones in cols (and db is
  one more row of dW); gradients of few channels are added up with channels first; and windows are
  pooled rows first.
- *Neighbouring windows together.* Windows side by side share most of their numbers. With few
  channels, `conv_forward` takes a block of them as one wide window, which is copied once, and W
  stands in the matrix once for each of them, moved on by the stride, with zeros around. Some
  multiplications are by these zeros; but a NaN or infinity times zero is NaN, and so spreads over
  the block that it lies in.
"""

import threading
from math import prod

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

MOST = 500_000  # floats of working memory: 2 MB in single precision
KEPT = {}  # working memory: {(thread, what for): bytes}
MANY_CHANNELS = 32  # from so many on, the channels of a pixel are a run that is long enough
WIDE_PRODUCT = 32  # columns from which on a wider product has hardly a higher rate
MORE_WORK = 1.6  # times the multiplications: at most so many pay off for a wider product


def conv_forward(A_prev, W, b, hparameters, most=MOST):
    """Z, shape (m, n_H, n_W, n_C), and cache = (A_prev, W, b, hparameters) of a CONV layer.

    Raises ValueError if the filters do not fit the input.
    """
    if A_prev.ndim != 4 or A_prev.shape[3] != W.shape[2]:
        raise ValueError(
            f"conv_forward: A_prev has shape {A_prev.shape}, but the filters W {W.shape} need "
            f"(m, n_H_prev, n_W_prev, {W.shape[2]})"
        )
    m, n_H, n_W = output_shape(A_prev.shape, len(W), **hparameters)
    n_C = W.shape[3]
    block = windows_in_block(W.shape, n_W, hparameters["stride"])
    W_cols = block_filters(W, block, hparameters["stride"]).reshape(-1, block * n_C)
    W_cols = np.concatenate([W_cols, np.tile(b.reshape(1, n_C), block)])
    Z = np.empty((m, n_H, n_W, n_C), np.result_type(A_prev, W, b))
    for examples, cols in im2col_slices(A_prev, len(W), hparameters, most, block):
        np.matmul(cols, W_cols, out=Z[examples].reshape(-1, block * n_C))
    return Z, (A_prev, W, b, hparameters)


def conv_backward(dZ, cache, need_dA=True, most=MOST):
    """dA_prev, dW and db of a CONV layer, in the shapes of A_prev, W and b.

    need_dA=False leaves dA_prev out (it is None): the first layer's input is the data.
    """
    A_prev, W, b, hparameters = cache
    n_C = W.shape[3]
    dW_cols = np.zeros((W[..., 0].size + 1, n_C), np.result_type(A_prev, dZ))
    for examples, cols in im2col_slices(A_prev, len(W), hparameters, most):
        dW_cols += cols.T @ dZ[examples].reshape(-1, n_C)
    dW, db = dW_cols[:-1].reshape(W.shape), dW_cols[-1].reshape(b.shape)
    if not need_dA:
        return None, dW, db
    scatter = many_channels if W.shape[2] >= MANY_CHANNELS else few_channels
    dA_prev = np.empty(A_prev.shape, np.result_type(dZ, W))
    step = examples_at_once(len(dZ), prod(dZ.shape[1:3]) * W[..., 0].size, most)
    for start in range(0, len(dZ), step):
        examples = slice(start, start + step)
        scatter(dZ[examples], W, **hparameters, out=dA_prev[examples])
    return dA_prev, dW, db


def windows_in_block(W_shape, n_W, stride):
    """How many windows side by side are best taken as one; n_W, those in a row, is a multiple."""
    f, _, n_C_prev, n_C = W_shape
    if n_C_prev >= MANY_CHANNELS:
        return 1
    limit = min(n_W, WIDE_PRODUCT // n_C, int(1 + (MORE_WORK - 1) * f / stride))
    return max((block for block in range(1, limit + 1) if n_W % block == 0), default=1)


def block_filters(W, block, stride):
    """W for each window of a block, with zeros where the block is not under that window.

    Shape (f, f + (block - 1) * stride, n_C_prev, block, n_C).
    """
    f, f, n_C_prev, n_C = W.shape
    filters = np.zeros((f, f + (block - 1) * stride, n_C_prev, block, n_C), W.dtype)
    for number in range(block):
        filters[:, number * stride : number * stride + f, :, number] = W
    return filters


def im2col_slices(A_prev, f, hparameters, most, block=1):
    """im2col, a few examples at a time, in memory that is used again for the next few.

    Yields pairs of a slice of the examples and their windows, one a row in the order of row,
    column, channel, and a 1 at the end: shape (examples * n_H * n_W, f * f * n_C_prev + 1).
    With a block, a row holds so many windows side by side: (examples * n_H * n_W / block,
    f * (f + (block - 1) * stride) * n_C_prev + 1).
    """
    m, n_H, n_W = output_shape(A_prev.shape, f, **hparameters)
    stride, pad = hparameters["stride"], hparameters["pad"]
    n_H_prev, n_W_prev, n_C_prev = A_prev.shape[1:]
    run = (f + (block - 1) * stride) * n_C_prev  # numbers in a row of a window or block
    n_blocks = n_W // block
    step = examples_at_once(m, n_H * n_blocks * f * run, most)
    sides = n_H_prev + 2 * pad, n_W_prev + 2 * pad
    padded = workspace("padded", (step, *sides, n_C_prev), A_prev.dtype)
    padded[...] = 0
    inner = padded[:, pad : pad + n_H_prev, pad : pad + n_W_prev]
    cols = workspace("cols", (step, n_H, n_blocks, f * run + 1), A_prev.dtype)
    cols[..., -1] = 1
    windows = cols[..., :-1].reshape(step, n_H, n_blocks, f, run)
    item = np.dtype((np.void, run * A_prev.itemsize))  # one item for the whole run
    lines = padded.reshape(step, len(padded[0]), -1)
    source = sliding_window_view(lines, run, axis=2)[:, :, :: block * stride * n_C_prev]
    source, target = source.view(item)[..., 0], windows.view(item)[..., 0]
    for start in range(0, m, step):
        examples = A_prev[start : start + step]
        here = len(examples)
        inner[:here] = examples
        for row in range(f):
            target[:here, :, :, row] = source[:here, row : row + n_H * stride : stride]
        yield slice(start, start + here), cols[:here].reshape(-1, cols.shape[3])


def many_channels(dZ, W, stride, pad, out):
    """dA_prev of a few examples, written to out: dcols, and col2im."""
    f, f, n_C_prev, n_C = W.shape
    m, n_H, n_W, n_C = dZ.shape
    dcols = workspace("cols", (m, n_H, n_W, f, f, n_C_prev), out.dtype)
    W_cols = W.reshape(-1, n_C)
    np.matmul(dZ.reshape(-1, n_C), W_cols.T, out=dcols.reshape(-1, len(W_cols)))
    n_H_prev, n_W_prev = out.shape[1:3]
    sides = n_H_prev + 2 * pad, n_W_prev + 2 * pad
    padded = workspace("padded", (m, *sides, n_C_prev), out.dtype)
    padded[...] = 0
    for row, col in np.ndindex(f, f):
        pixels = under(padded, row, col, n_H, n_W, stride)
        pixels += dcols[:, :, :, row, col]
    out[...] = padded[:, pad : pad + n_H_prev, pad : pad + n_W_prev]


def few_channels(dZ, W, stride, pad, out):
    """The same with channels first, each sum one run over all examples.

    With stride 1, and dZ filled up with zeros to the size of the padded input, the place (row,
    col) of all windows is dcols moved on by a fixed distance. With a larger stride that holds for
    each of stride * stride pictures, which take turns in rows and columns.
    """
    f, f, n_C_prev, n_C = W.shape
    m, n_H, n_W, n_C = dZ.shape
    n_H_prev, n_W_prev = out.shape[1:3]
    # Size of one picture: as many rows and columns as the padded input has, divided and rounded up
    height, width = (-(-(side + 2 * pad) // stride) for side in (n_H_prev, n_W_prev))
    filled = workspace("filled", (m, height, width, n_C), dZ.dtype)
    filled[:, :n_H, :n_W] = dZ
    filled[:, n_H:] = 0
    filled[:, :, n_W:] = 0
    dcols = workspace("cols", (f, f, n_C_prev, m * height * width), out.dtype)
    W_cols = W.reshape(-1, n_C)
    np.matmul(W_cols, filled.reshape(-1, n_C).T, out=dcols.reshape(len(W_cols), -1))
    pictures = workspace("padded", (stride, stride, *dcols.shape[2:]), out.dtype)
    pictures[...] = 0
    for row, col in np.ndindex(f, f):
        moved = row // stride * width + col // stride
        picture = pictures[row % stride, col % stride, :, moved:]
        picture += dcols[row, col, :, : picture.shape[1]]
    pictures = pictures.reshape(stride, stride, n_C_prev, m, height, width)
    padded = pictures.transpose(3, 4, 0, 5, 1, 2)
    padded = padded.reshape(m, height * stride, width * stride, n_C_prev)
    out[...] = padded[:, pad : pad + n_H_prev, pad : pad + n_W_prev]


def pool_forward(A_prev, hparameters, mode="max", most=MOST):
    """A, shape (m, n_H, n_W, n_C), and cache = (A_prev, hparameters) of a pooling layer."""
    known(mode)
    f, stride = hparameters["f"], hparameters["stride"]
    m, n_H, n_W = output_shape(A_prev.shape, f, stride, 0)
    A = np.empty((m, n_H, n_W, A_prev.shape[3]), A_prev.dtype)
    combine = np.maximum if mode == "max" else np.add
    step = examples_at_once(m, prod(A_prev.shape[1:]), most)
    for start in range(0, m, step):
        examples, part = A_prev[start : start + step], A[start : start + step]
        # Rows with rows, as long as they are; then columns, of which fewer rows are left
        rows = [examples[:, row : row + n_H * stride : stride] for row in range(f)]
        tall = combined(combine, rows, np.empty_like(rows[0]))
        combined(combine, [tall[:, :, c : c + n_W * stride : stride] for c in range(f)], part)
        if mode == "average":
            part /= f * f
    return A, (A_prev, hparameters)


def combined(combine, arrays, out):
    """combine(arrays[0], arrays[1], ...), written to out."""
    out[...] = arrays[0]
    for array in arrays[1:]:
        combine(out, array, out=out)
    return out


def pool_backward(dA, cache, mode="max", most=MOST):
    """dA_prev of a pooling layer. Of several maxima the first in row order gets the gradient."""
    known(mode)
    A_prev, hparameters = cache
    f, stride = hparameters["f"], hparameters["stride"]
    m, n_H, n_W, n_C = dA.shape
    dA_prev = np.zeros(A_prev.shape, dA.dtype)
    step = examples_at_once(m, prod(A_prev.shape[1:]), most)
    for start in range(0, m, step):
        examples, part = A_prev[start : start + step], dA[start : start + step]
        target = dA_prev[start : start + step]
        if mode == "max":
            highest = pool_forward(examples, hparameters, mode, most)[0]
            open_ = np.ones(part.shape, bool)  # windows whose winner was not met yet
        else:
            share = part / (f * f)
        for row, col in np.ndindex(f, f):
            if mode == "max":
                won = under(examples, row, col, n_H, n_W, stride) == highest
                won &= open_
                open_ ^= won
                share = part * won
            under(target, row, col, n_H, n_W, stride)[...] += share
    return dA_prev


def known(mode):
    """ValueError if there is no such mode of pooling."""
    if mode not in ("max", "average"):
        raise ValueError(f"pooling: mode is 'max' or 'average', not {mode!r}")


def under(array, row, col, n_H, n_W, stride):
    """The view of all pixels that lie under one place of all windows, (m, n_H, n_W, n_C)."""
    return array[:, row : row + n_H * stride : stride, col : col + n_W * stride : stride]


def workspace(purpose, shape, dtype):
    """An array of this thread, in kept memory: it holds whatever the last use left in it."""
    key, needed = (threading.get_ident(), purpose), prod(shape) * dtype.itemsize
    if key not in KEPT or KEPT[key].nbytes < needed:
        KEPT[key] = np.empty(needed, np.uint8)
    return KEPT[key][:needed].view(dtype).reshape(shape)


def examples_at_once(m, floats, most):
    """How many examples make a slice, if one needs so many floats; all slices about alike."""
    slices = max(1, -(-m // max(1, most // floats)))
    return max(1, -(-m // slices))


def output_shape(A_prev_shape, f, stride, pad):
    """(m, n_H, n_W) of the output; ValueError if the window is larger than the padded input."""
    m, *sides = A_prev_shape[:3]
    padded = tuple(side + 2 * pad for side in sides)
    if f > min(padded):
        raise ValueError(f"window {(f, f)} is larger than the padded input {padded}")
    return m, *((side - f) // stride + 1 for side in padded)
