"""Assignment 2 by index arrays: which pixel stands where, computed once, and np.add.at."""

import numpy as np


# GRADED FUNCTION: im2col
def places(height, width, f, stride, pad):
    """Row and column in the padded image of each entry of cols, (positions, f * f)."""
    n_H, n_W = (height + 2 * pad - f) // stride + 1, (width + 2 * pad - f) // stride + 1
    h, w, row, col = np.meshgrid(*map(np.arange, (n_H, n_W, f, f)), indexing="ij")
    return [x.reshape(n_H * n_W, f * f) for x in (h * stride + row, w * stride + col)]


def im2col(A_prev, f, stride, pad):
    m, height, width, n_C = A_prev.shape
    if f > min(height, width) + 2 * pad:
        raise ValueError("the window is too large")
    padded = np.pad(A_prev, [(0, 0), (pad, pad), (pad, pad), (0, 0)])
    rows, columns = places(height, width, f, stride, pad)
    return padded[:, rows, columns].reshape(m * len(rows), f * f * n_C)


# GRADED FUNCTION: conv_forward_im2col
def conv_forward_im2col(A_prev, W, b, hparameters):
    f, _, _, n_C = W.shape
    stride, pad = hparameters["stride"], hparameters["pad"]
    cols = im2col(A_prev, f, stride, pad)
    n_H = (A_prev.shape[1] + 2 * pad - f) // stride + 1
    Z = np.dot(cols, W.reshape(-1, n_C)).reshape(len(A_prev), n_H, -1, n_C) + b
    return Z, (A_prev, W, b, hparameters)


# GRADED FUNCTION: col2im
def col2im(cols, A_prev_shape, f, stride, pad):
    m, height, width, n_C = A_prev_shape
    n_H, n_W = (height + 2 * pad - f) // stride + 1, (width + 2 * pad - f) // stride + 1
    h, w, row, col = np.meshgrid(*map(np.arange, (n_H, n_W, f, f)), indexing="ij")
    padded = np.zeros((m, height + 2 * pad, width + 2 * pad, n_C))
    values = cols.reshape(m, n_H, n_W, f, f, n_C)
    np.add.at(padded, (slice(None), h * stride + row, w * stride + col), values)
    return padded[:, pad : height + pad, pad : width + pad]


# GRADED FUNCTION: conv_backward_im2col
def conv_backward_im2col(dZ, cache):
    A_prev, W, b, hparameters = cache
    f, _, _, n_C = W.shape
    stride, pad = hparameters["stride"], hparameters["pad"]
    flat = np.reshape(dZ, (-1, n_C))
    dW = np.dot(im2col(A_prev, f, stride, pad).T, flat).reshape(W.shape)
    db = np.ones((1, len(flat))) @ flat
    dA_prev = col2im(np.dot(flat, W.reshape(-1, n_C).T), A_prev.shape, f, stride, pad)
    return dA_prev, dW, db.reshape(1, 1, 1, n_C)


# GRADED FUNCTION: pool_forward_windows
def pool_forward_windows(A_prev, hparameters, mode="max"):
    f, stride = hparameters["f"], hparameters["stride"]
    m, height, width, n_C = A_prev.shape
    if mode not in ("max", "average") or f > min(height, width):
        raise ValueError(f"{mode}, {f}")
    n_H, n_W = (height - f) // stride + 1, (width - f) // stride + 1
    h, w, row, col = np.meshgrid(*map(np.arange, (n_H, n_W, f, f)), indexing="ij")
    windows = A_prev[:, h * stride + row, w * stride + col].reshape(m, n_H, n_W, f * f, n_C)
    A = np.max(windows, axis=3) if mode == "max" else np.average(windows, axis=3)
    return A, (A_prev, hparameters)


# GRADED FUNCTION: pool_backward_windows
def pool_backward_windows(dA, cache, mode="max"):
    A_prev, hparameters = cache
    f, stride = hparameters["f"], hparameters["stride"]
    if mode not in ("max", "average"):
        raise ValueError(mode)
    m, n_H, n_W, n_C = dA.shape
    h, w, row, col = np.meshgrid(*map(np.arange, (n_H, n_W, f, f)), indexing="ij")
    rows, columns = h * stride + row, w * stride + col
    windows = A_prev[:, rows, columns].reshape(m, n_H, n_W, f * f, n_C)
    if mode == "max":
        first = np.argmax(windows, axis=3)
        share = (np.arange(f * f)[:, None] == first[:, :, :, None]) * dA[:, :, :, None]
    else:
        share = np.repeat(dA[:, :, :, None] / f**2, f * f, axis=3)
    dA_prev = np.zeros(A_prev.shape)
    place = (slice(None), rows, columns)
    np.add.at(dA_prev, place, share.reshape(m, n_H, n_W, f, f, n_C))
    return dA_prev
