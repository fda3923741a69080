"""The layers of assignment 2 at full speed, in NumPy alone: the same functions, in other steps.

Same arguments and results as conv_forward_im2col, conv_backward_im2col, pool_forward_windows and
pool_backward_windows; shapes as in the notebooks, arrays channels-last, floats of any size.
Three ideas make them fast.

- *Half an im2col.* A window needs no row of its own. `columns_of_rows` stacks the f rows under
  each other only, so that a pixel of the result holds f pixels of the image. A window is then
  f neighbours, which stand next to each other in memory: a view. That takes f times the memory
  of the input, not f * f times, and BLAS multiplies the view as it is.
- *A few examples at a time*, so that what was just written is still in the cache when it is read.
  `most`, the setting, is the largest number of floats in such a slice.
- *Long runs.* NumPy starts its inner loop anew for each piece of memory; pieces of one pixel of
  three channels are too short. So pixels are moved as single items, biases are added to whole
  rows, and windows are reduced rows first.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

MOST = 300_000  # floats of working memory: 1.2 MB in single precision
FEW_CHANNELS = 8  # below it, a pixel is too short a run


def conv_forward(A_prev, W, b, hparameters, most=MOST):
    """Z, shape (m, n_H, n_W, n_C), and cache = (A_prev, W, b, hparameters) of a CONV layer."""
    m, n_H, n_W = output_shape(A_prev.shape, len(W), **hparameters)
    n_C = W.shape[3]
    W_cols = W.swapaxes(0, 1).reshape(-1, n_C)  # columns before rows, as in columns_of_rows
    Z = np.empty((m, n_H, n_W, n_C), np.result_type(A_prev, W, b))
    Z_rows = Z.reshape(m * n_H, n_W, n_C)
    b_row = np.tile(b.reshape(n_C), n_W)
    for rows, windows in window_slices(A_prev, len(W), hparameters, most):
        part = Z_rows[rows]
        np.matmul(windows, W_cols, out=part.swapaxes(0, 1))
        part = part.reshape(-1, n_W * n_C)
        part += b_row
    return Z, (A_prev, W, b, hparameters)


def conv_backward(dZ, cache, most=MOST):
    """dA_prev, dW and db of a CONV layer, in the shapes of A_prev, W and b."""
    A_prev, W, b, hparameters = cache
    n_W, n_C = dZ.shape[2:]
    # First the sums over long rows: the last axis is short
    db = dZ.reshape(-1, n_W * n_C).sum(axis=0).reshape(n_W, n_C).sum(axis=0)
    dW = filter_gradient(dZ, A_prev, W.shape, hparameters, most)
    pad, n_C_prev = hparameters["pad"], W.shape[2]
    if hparameters["stride"] == 1 and pad < len(W) and n_C_prev >= FEW_CHANNELS:
        # The way back through a layer of stride 1 is such a layer itself, with turned filters
        turned, no_bias = W[::-1, ::-1].swapaxes(2, 3), np.zeros(n_C_prev, W.dtype)
        back = {"stride": 1, "pad": len(W) - 1 - pad}
        dA_prev, _ = conv_forward(dZ, turned, no_bias, back, most)
    else:
        dA_prev = spread(dZ, A_prev.shape, W, hparameters, most)
    return dA_prev, dW, db.reshape(b.shape)


def filter_gradient(dZ, A_prev, W_shape, hparameters, most):
    """dW, in W_shape: the same windows as on the way forward, turned over."""
    f, f, n_C_prev, n_C = W_shape
    dW = np.zeros((f * f * n_C_prev, n_C), np.result_type(A_prev, dZ))
    dZ_rows = dZ.reshape(-1, dZ.shape[2], n_C)
    for rows, windows in window_slices(A_prev, f, hparameters, most):
        part = dZ_rows[rows]
        if len(part) > n_C:  # one product for each column, to be added up, is less to write ...
            dW += np.matmul(windows.swapaxes(1, 2), part.swapaxes(0, 1)).sum(axis=0)
        else:  # ... or a copy of the windows is
            cols = windows.swapaxes(0, 1).reshape(-1, len(dW))
            dW += cols.T @ part.reshape(-1, n_C)
    return dW.reshape(f, f, n_C_prev, n_C).swapaxes(0, 1)


def window_slices(A_prev, f, hparameters, most):
    """All windows, a few examples at a time.

    Yields pairs of a slice of the m * n_H rows of the output, and the view of their windows,
    shape (n_W, rows, f * f * n_C_prev), each in the order of column, row, channel.
    """
    m, n_H, n_W = output_shape(A_prev.shape, f, **hparameters)
    stride, pad = hparameters["stride"], hparameters["pad"]
    n_C_prev = A_prev.shape[3]
    width = A_prev.shape[2] + 2 * pad
    step = examples_at_once(m, n_H * width * f * n_C_prev, most)
    padded = np.zeros((step, A_prev.shape[1] + 2 * pad, width, n_C_prev), A_prev.dtype)
    stacked = np.empty((step, n_H, width, f, n_C_prev), A_prev.dtype)
    inner = padded[:, pad : pad + A_prev.shape[1], pad : pad + A_prev.shape[2]]
    for start in range(0, m, step):
        examples = A_prev[start : start + step]
        inner[: len(examples)] = examples
        columns_of_rows(padded, stacked, stride)
        rows = stacked[: len(examples)].reshape(len(examples) * n_H, -1)
        windows = sliding_window_view(rows, f * f * n_C_prev, axis=1)
        windows = windows[:, :: stride * f * n_C_prev].swapaxes(0, 1)
        yield slice(start * n_H, (start + len(examples)) * n_H), windows


def columns_of_rows(padded, stacked, stride):
    """Fill stacked[i, h, w, row] with padded[i, h * stride + row, w], for all channels at once."""
    n_H, f = stacked.shape[1], stacked.shape[3]
    source, target = as_pixels(padded), as_pixels(stacked)
    for row in range(f):
        target[:, :, :, row] = source[:, row : row + n_H * stride : stride]


def as_pixels(array):
    """A view in which all channels of a pixel are one item: one move instead of n_C moves."""
    return array.view(np.dtype((np.void, array.shape[-1] * array.itemsize)))[..., 0]


def spread(dZ, A_prev_shape, W, hparameters, most):
    """dA_prev for any stride: col2im, with the longer run of rows and channels innermost."""
    m, n_H, n_W, n_C = dZ.shape
    pad, (f, f, n_C_prev, n_C) = hparameters["pad"], W.shape
    dA_prev = np.empty(A_prev_shape, np.result_type(dZ, W))
    sides = tuple(side + 2 * pad for side in A_prev_shape[1:3])
    inner = np.s_[:, pad : pad + A_prev_shape[1], pad : pad + A_prev_shape[2]]
    step = examples_at_once(m, n_H * n_W * f * f * n_C_prev, most)
    for start in range(0, m, step):
        part = dZ[start : start + step]
        here, dZ_cols = part.shape[:3], part.reshape(-1, n_C)
        if n_C_prev > n_W:
            dcols = (dZ_cols @ W.reshape(-1, n_C).T).reshape(*here, f, f, n_C_prev)
            dcols = dcols.transpose(3, 4, 0, 1, 2, 5)
            padded = np.zeros((len(part), *sides, n_C_prev), dcols.dtype)
        else:
            dcols = (W.reshape(-1, n_C) @ dZ_cols.T).reshape(f, f, n_C_prev, *here)
            dcols = dcols.transpose(0, 1, 3, 4, 5, 2)
            padded = np.zeros((n_C_prev, len(part), *sides), dcols.dtype).transpose(1, 2, 3, 0)
        for row, col in np.ndindex(f, f):
            under(padded, row, col, n_H, n_W, hparameters["stride"])[...] += dcols[row, col]
        dA_prev[start : start + step] = padded[inner]
    return dA_prev


def pool_forward(A_prev, hparameters, mode="max", most=MOST):
    """A, shape (m, n_H, n_W, n_C), and cache = (A_prev, hparameters) of a pooling layer."""
    if mode not in ("max", "average"):
        raise ValueError(f"pool_forward: mode is 'max' or 'average', not {mode!r}")
    f, stride = hparameters["f"], hparameters["stride"]
    m, n_H, n_W = output_shape(A_prev.shape, f, stride, 0)
    A = np.empty((m, n_H, n_W, A_prev.shape[3]), A_prev.dtype)
    combine = np.maximum if mode == "max" else np.add
    step = examples_at_once(m, A_prev[0].size, most)
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
    A_prev, hparameters = cache
    f, stride = hparameters["f"], hparameters["stride"]
    m, n_H, n_W, n_C = dA.shape
    dA_prev = np.zeros(A_prev.shape, dA.dtype)
    step = examples_at_once(m, A_prev[0].size, most)
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


def under(array, row, col, n_H, n_W, stride):
    """The view of all pixels that lie under one place of all windows, (m, n_H, n_W, n_C)."""
    return array[:, row : row + n_H * stride : stride, col : col + n_W * stride : stride]


def examples_at_once(m, floats, most):
    """How many examples make a slice, if one needs so many floats; all slices about alike."""
    slices = -(-m * floats // most)
    return max(1, -(-m // slices))


def output_shape(A_prev_shape, f, stride, pad):
    """(m, n_H, n_W) of the output; ValueError if the window is larger than the padded input."""
    m, *sides = A_prev_shape[:3]
    padded = tuple(side + 2 * pad for side in sides)
    if f > min(padded):
        raise ValueError(f"window {(f, f)} is larger than the padded input {padded}")
    return m, *((side - f) // stride + 1 for side in padded)
