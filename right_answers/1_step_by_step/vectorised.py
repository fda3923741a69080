"""Assignment 1 without loops over positions: windows as views, sums by einsum."""

import numpy as np


# GRADED FUNCTION: zero_pad
def zero_pad(X, pad):
    m, n_H, n_W, n_C = X.shape
    X_pad = np.zeros((m, n_H + 2 * pad, n_W + 2 * pad, n_C), dtype=X.dtype)
    X_pad[:, pad : pad + n_H, pad : pad + n_W] = X
    return X_pad


# GRADED FUNCTION: conv_single_step
def conv_single_step(a_slice_prev, W, b):
    return np.einsum("ijc,ijc->", a_slice_prev, W) + np.squeeze(b)


# GRADED FUNCTION: conv_forward
def conv_forward(A_prev, W, b, hparameters):
    s = hparameters["stride"]
    padded = zero_pad(A_prev, hparameters["pad"])
    windows = np.lib.stride_tricks.sliding_window_view(padded, W.shape[:2], axis=(1, 2))
    Z = np.tensordot(windows[:, ::s, ::s], W, axes=([4, 5, 3], [0, 1, 2])) + b
    return Z, (A_prev, W, b, hparameters)


# GRADED FUNCTION: pool_forward
def pool_forward(A_prev, hparameters, mode="max"):
    f, s = hparameters["f"], hparameters["stride"]
    windows = np.lib.stride_tricks.sliding_window_view(A_prev, (f, f), axis=(1, 2))[:, ::s, ::s]
    reduce = {"max": np.max, "average": np.mean}[mode]
    return reduce(windows, axis=(-2, -1)), (A_prev, hparameters)


# GRADED FUNCTION: conv_backward
def conv_backward(dZ, cache):
    A_prev, W, b, hparameters = cache
    s, pad = hparameters["stride"], hparameters["pad"]
    f = W.shape[0]
    padded = zero_pad(A_prev, pad)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (f, f), axis=(1, 2))[:, ::s, ::s]
    dW = np.einsum("mhwcij,mhwn->ijcn", windows, dZ)
    db = dZ.sum(axis=(0, 1, 2)).reshape(b.shape)
    spread = np.zeros(padded.shape)
    rows, columns = s * dZ.shape[1], s * dZ.shape[2]
    for i in range(f):
        for j in range(f):
            spread[:, i : i + rows : s, j : j + columns : s] += dZ @ W[i, j].T
    return spread[:, pad : pad + A_prev.shape[1], pad : pad + A_prev.shape[2]], dW, db


# GRADED FUNCTION: create_mask_from_window
def create_mask_from_window(x):
    return np.greater_equal(x, x.max())


# GRADED FUNCTION: distribute_value
def distribute_value(dz, shape):
    return np.ones(shape) * dz / np.prod(shape)


# GRADED FUNCTION: pool_backward
def pool_backward(dA, cache, mode="max"):
    A_prev, hparameters = cache
    f, s = hparameters["f"], hparameters["stride"]
    dA_prev = np.zeros(A_prev.shape)
    for h, w in np.ndindex(dA.shape[1:3]):
        here = np.s_[:, h * s : h * s + f, w * s : w * s + f]
        if mode == "max":
            window = A_prev[here]
            winners = window == window.max(axis=(1, 2), keepdims=True)
            dA_prev[here] += winners * dA[:, h : h + 1, w : w + 1]
        else:
            dA_prev[here] += dA[:, h : h + 1, w : w + 1] / f**2
    return dA_prev
