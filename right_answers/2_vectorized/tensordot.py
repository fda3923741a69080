"""Assignment 2 by tensordot, take, lists of slices, and results of other types."""

import numpy as np

# GRADED FUNCTION: im2col
from numpy.lib.stride_tricks import sliding_window_view


def im2col(A_prev, f, stride, pad):
    """A window's row is one stretch of f * n_C numbers: pixels and channels as one axis."""
    m, height, width, n_C = A_prev.shape
    if f > height + 2 * pad or f > width + 2 * pad:
        raise ValueError("window too large")
    rows = np.pad(A_prev, ((0, 0), (pad, pad), (pad, pad), (0, 0))).reshape(m, height + 2 * pad, -1)
    view = sliding_window_view(rows, (f, f * n_C), axis=(1, 2))[:, ::stride, :: stride * n_C]
    return view.reshape(-1, f * f * n_C)


# GRADED FUNCTION: conv_forward_im2col
def conv_forward_im2col(A_prev, W, b, hparameters):
    pad, stride, f = hparameters["pad"], hparameters["stride"], W.shape[0]
    padded = np.pad(A_prev, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    view = sliding_window_view(padded, (f, f), axis=(1, 2))[:, ::stride, ::stride]
    Z = np.tensordot(view, W, axes=([3, 4, 5], [2, 0, 1]))
    Z += b[0, 0, 0]
    return [Z, (A_prev, W, b, hparameters)]


# GRADED FUNCTION: col2im
def col2im(cols, A_prev_shape, f, stride, pad):
    """One count for each pixel: np.bincount adds up, one channel of one example after the other
    in compiled code."""
    m, height, width, n_C = A_prev_shape
    pixels = np.zeros((m, height + 2 * pad, width + 2 * pad, n_C), int)
    number = np.arange(1, 1 + m * height * width * n_C).reshape(A_prev_shape)
    pixels[:, pad : pad + height, pad : pad + width] = number
    view = sliding_window_view(pixels, (f, f), axis=(1, 2))[:, ::stride, ::stride]
    where = view.transpose(0, 1, 2, 4, 5, 3).ravel()
    return np.bincount(where, np.ravel(cols), number.size + 1)[1:].reshape(A_prev_shape)


# GRADED FUNCTION: conv_backward_im2col
def conv_backward_im2col(dZ, cache):
    A_prev, W, b, hparameters = cache
    pad, stride, f = hparameters["pad"], hparameters["stride"], W.shape[0]
    padded = np.pad(A_prev, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    view = sliding_window_view(padded, (f, f), axis=(1, 2))[:, ::stride, ::stride]
    dW = np.tensordot(view, dZ, axes=([0, 1, 2], [0, 1, 2])).transpose(1, 2, 0, 3)
    dcols = np.tensordot(dZ, W, axes=([3], [3]))
    dA_prev = col2im(dcols, A_prev.shape, f, stride, pad)
    return [dA_prev, dW, np.sum(dZ, axis=(0, 1, 2)).reshape(1, 1, 1, -1)]


# GRADED FUNCTION: pool_forward_windows
def pool_forward_windows(A_prev, hparameters, mode="max"):
    f, stride = hparameters["f"], hparameters["stride"]
    if mode not in ("max", "average"):
        raise ValueError(mode)
    # One direction after the other.
    A = A_prev
    for axis in (1, 2):
        view = sliding_window_view(A, f, axis=axis)
        view = np.take(view, range(0, view.shape[axis], stride), axis=axis)
        A = np.amax(view, -1) if mode == "max" else view.mean(-1)
    return A, [A_prev, hparameters]


# GRADED FUNCTION: pool_backward_windows
def pool_backward_windows(dA, cache, mode="max"):
    A_prev, hparameters = cache
    f, stride = hparameters["f"], hparameters["stride"]
    if mode not in ("max", "average"):
        raise ValueError(mode)
    m, height, width, n_C = A_prev.shape
    number = np.arange(A_prev.size).reshape(A_prev.shape)
    pick = np.s_[:, ::stride, ::stride]
    view = sliding_window_view(number, (f, f), axis=(1, 2))[pick].reshape(*dA.shape, f * f)
    if mode == "average":
        shares = np.repeat(dA[..., None] / f**2, f * f, axis=-1)
        return np.bincount(view.ravel(), shares.ravel(), A_prev.size).reshape(A_prev.shape)
    values = sliding_window_view(A_prev, (f, f), axis=(1, 2))[pick].reshape(view.shape)
    first = values.argmax(-1)[..., None]
    where = np.take_along_axis(view, first, -1)
    return np.bincount(where.ravel(), dA.ravel(), A_prev.size).reshape(A_prev.shape)
