"""Assignment 1 with results of other types that hold the same numbers: np.float64, arrays
without axes, integers, lists for tuples, arrays in Fortran order, views that skip or turn."""

import numpy as np


# GRADED FUNCTION: zero_pad
def zero_pad(X, pad):
    """In Fortran order, and integers where all numbers are whole."""
    X_pad = np.pad(X, ((0,), (pad,), (pad,), (0,)))
    whole = X_pad.astype(int)
    return np.asfortranarray(whole if np.array_equal(whole, X_pad) else X_pad)


# GRADED FUNCTION: conv_single_step
def conv_single_step(a_slice_prev, W, b):
    """An array without axes."""
    return np.array(np.sum(a_slice_prev * W) + b[0, 0, 0])


# GRADED FUNCTION: conv_forward
def conv_forward(A_prev, W, b, hparameters):
    """Filters lie first in memory; the result is a view with the axes moved."""
    stride, pad, f = hparameters["stride"], hparameters["pad"], W.shape[0]
    padded = zero_pad(A_prev, pad)
    n_H = int((padded.shape[1] - f) / stride) + 1
    n_W = int((padded.shape[2] - f) / stride) + 1
    maps = np.zeros((W.shape[3], A_prev.shape[0], n_H, n_W))
    for c, i, h, w in np.ndindex(maps.shape):
        window = padded[i, h * stride : h * stride + f, w * stride : w * stride + f]
        maps[c, i, h, w] = conv_single_step(window, W[..., c], b[..., c])
    return [np.moveaxis(maps, 0, -1), [A_prev, W, b, hparameters]]


# GRADED FUNCTION: pool_forward
def pool_forward(A_prev, hparameters, mode="max"):
    """Filled from the far end, then turned around: a view with negative strides."""
    f, stride = hparameters["f"], hparameters["stride"]
    m, n_H_prev, n_W_prev, n_C = A_prev.shape
    n_H, n_W = 1 + (n_H_prev - f) // stride, 1 + (n_W_prev - f) // stride
    turned = np.zeros((m, n_H, n_W, n_C), dtype=np.longdouble)
    for h, w in np.ndindex(n_H, n_W):
        window = A_prev[:, h * stride : h * stride + f, w * stride : w * stride + f]
        value = np.amax(window, axis=(1, 2)) if mode == "max" else np.average(window, axis=(1, 2))
        turned[:, n_H - 1 - h, n_W - 1 - w] = value
    return [turned[:, ::-1, ::-1], [A_prev, hparameters]]


# GRADED FUNCTION: conv_backward
def conv_backward(dZ, cache):
    """A list of arrays in Fortran order."""
    A_prev, W, b, hparameters = cache
    stride, pad, f = hparameters["stride"], hparameters["pad"], W.shape[0]
    padded = np.pad(A_prev, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    d_padded, dW = np.zeros(padded.shape, order="F"), np.zeros(W.shape, order="F")
    for i, h, w, c in np.ndindex(dZ.shape):
        here = np.s_[i, h * stride : h * stride + f, w * stride : w * stride + f]
        d_padded[here] += W[..., c] * dZ[i, h, w, c]
        dW[..., c] += padded[here] * dZ[i, h, w, c]
    rows, columns = np.arange(A_prev.shape[1]) + pad, np.arange(A_prev.shape[2]) + pad
    return [d_padded[:, rows][:, :, columns], dW, np.sum(dZ, axis=(0, 1, 2), keepdims=True)]


# GRADED FUNCTION: create_mask_from_window
def create_mask_from_window(x):
    """A list of lists of True and False."""
    return (x == x.max()).tolist()


# GRADED FUNCTION: distribute_value
def distribute_value(dz, shape):
    """Integers where the share is whole; a view that repeats one number in memory."""
    share = dz / np.prod(shape)
    return np.broadcast_to(int(share) if share == int(share) else share, shape)


# GRADED FUNCTION: pool_backward
def pool_backward(dA, cache, mode="max"):
    """Every second entry of a larger array."""
    A_prev, hparameters = cache
    f, stride = hparameters["f"], hparameters["stride"]
    m, n_H_prev, n_W_prev, n_C = A_prev.shape
    dA_prev = np.zeros((m, 2 * n_H_prev, n_W_prev, n_C))[:, ::2]
    for i, h, w, c in np.ndindex(dA.shape):
        here = np.s_[i, h * stride : h * stride + f, w * stride : w * stride + f, c]
        if mode == "max":
            dA_prev[here] += np.array(create_mask_from_window(A_prev[here])) * dA[i, h, w, c]
        else:
            dA_prev[here] += distribute_value(dA[i, h, w, c], (f, f))
    return dA_prev
