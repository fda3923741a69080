"""Assignment 1 by index arrays: gather with take, scatter with add.at, winners by argmax."""

import numpy as np


# GRADED FUNCTION: zero_pad
def zero_pad(X, pad):
    m, n_H, n_W, n_C = X.shape
    X_pad = np.zeros((m, n_H + 2 * pad, n_W + 2 * pad, n_C))
    rows, columns = np.ogrid[pad : pad + n_H, pad : pad + n_W]
    X_pad[:, rows, columns] = X
    return X_pad


# GRADED FUNCTION: conv_single_step
def conv_single_step(a_slice_prev, W, b):
    return np.inner(a_slice_prev.flat, W.flat) + b.flat[0]


# GRADED FUNCTION: conv_forward
def window_indices(side, f, stride):
    """Row (or column) numbers of every window: (count, f)."""
    starts = np.arange(0, side - f + 1, stride)
    return starts[:, None] + np.arange(f)


def conv_forward(A_prev, W, b, hparameters):
    stride, f = hparameters["stride"], W.shape[0]
    padded = zero_pad(A_prev, hparameters["pad"])
    rows = window_indices(padded.shape[1], f, stride)[:, None, :, None]
    columns = window_indices(padded.shape[2], f, stride)[None, :, None, :]
    windows = padded[:, rows, columns]  # (m, n_H, n_W, f, f, n_C_prev)
    Z = np.tensordot(windows, W, axes=3) + b.reshape(-1)
    return Z, (A_prev, W, b, hparameters)


# GRADED FUNCTION: pool_forward
def pool_forward(A_prev, hparameters, mode="max"):
    f, stride = hparameters["f"], hparameters["stride"]
    by_row = np.take(A_prev, window_indices(A_prev.shape[1], f, stride), axis=1)
    windows = np.take(by_row, window_indices(A_prev.shape[2], f, stride), axis=3)
    # (m, n_H, f, n_W, f, n_C)
    if mode == "max":
        A = windows.max(axis=4).max(axis=2)
    elif mode == "average":
        A = windows.mean(axis=4).mean(axis=2)
    return A, (A_prev, hparameters)


# GRADED FUNCTION: conv_backward
def conv_backward(dZ, cache):
    A_prev, W, b, hparameters = cache
    stride, pad, f = hparameters["stride"], hparameters["pad"], W.shape[0]
    padded = zero_pad(A_prev, pad)
    rows = window_indices(padded.shape[1], f, stride)[:, None, :, None]
    columns = window_indices(padded.shape[2], f, stride)[None, :, None, :]
    dW = np.tensordot(padded[:, rows, columns], dZ, axes=([0, 1, 2], [0, 1, 2]))
    d_windows = np.tensordot(dZ, W, axes=(3, 3))
    d_padded = np.zeros(padded.shape)
    np.add.at(d_padded, (slice(None), rows, columns), d_windows)
    inside = np.ix_(
        range(len(A_prev)),
        range(pad, pad + A_prev.shape[1]),
        range(pad, pad + A_prev.shape[2]),
        range(A_prev.shape[3]),
    )
    db = np.zeros_like(b)
    np.add.at(db[0, 0, 0], np.indices(dZ.shape)[3], dZ)
    return d_padded[inside], dW, db


# GRADED FUNCTION: create_mask_from_window
def create_mask_from_window(x):
    winner = np.unravel_index(x.argmax(), x.shape)
    rows, columns = np.indices(x.shape)
    return (rows == winner[0]) & (columns == winner[1])


# GRADED FUNCTION: distribute_value
def distribute_value(dz, shape):
    return np.repeat(dz / np.prod(shape), np.prod(shape)).reshape(shape)


# GRADED FUNCTION: pool_backward
def pool_backward(dA, cache, mode="max"):
    A_prev, hparameters = cache
    f, stride = hparameters["f"], hparameters["stride"]
    i, h, w, c = np.indices(dA.shape)
    dA_prev = np.zeros(A_prev.shape)
    if mode == "average":
        for down, right in np.ndindex(f, f):
            np.add.at(dA_prev, (i, h * stride + down, w * stride + right, c), dA / (f * f))
        return dA_prev
    rows = window_indices(A_prev.shape[1], f, stride)[:, None, :, None]
    columns = window_indices(A_prev.shape[2], f, stride)[None, :, None, :]
    windows = A_prev[:, rows, columns].reshape(*dA.shape[:3], f * f, dA.shape[3])
    down, right = np.divmod(windows.argmax(axis=3), f)
    np.add.at(dA_prev, (i, h * stride + down, w * stride + right, c), dA)
    return dA_prev
