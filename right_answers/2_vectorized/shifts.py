"""Assignment 2 by shifted slices: loops over the places in a window, and over nothing else."""

import numpy as np


# GRADED FUNCTION: im2col
def im2col(A_prev, f, stride, pad):
    m, height, width, n_C = A_prev.shape
    n_H, n_W = ((side + 2 * pad - f) // stride + 1 for side in (height, width))
    if min(height, width) + 2 * pad < f:
        raise ValueError("no window fits")
    padded = np.zeros((m, height + 2 * pad, width + 2 * pad, n_C), A_prev.dtype)
    padded[:, pad : pad + height, pad : pad + width] = A_prev
    cols = np.empty((m, n_H, n_W, f, f, n_C), A_prev.dtype)
    for r in range(f):
        for s in range(f):
            cols[:, :, :, r, s] = padded[:, r::stride, s::stride][:, :n_H, :n_W]
    return cols.reshape(m * n_H * n_W, f * f * n_C)


# GRADED FUNCTION: conv_forward_im2col
def conv_forward_im2col(A_prev, W, b, hparameters):
    """No matrix of windows at all: f x f products of shifted images."""
    f, stride, pad = len(W), hparameters["stride"], hparameters["pad"]
    padded = np.pad(A_prev, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    n_H, n_W = ((side - f) // stride + 1 for side in padded.shape[1:3])
    Z = b + np.zeros((len(A_prev), n_H, n_W, 1))
    for r, s in np.ndindex(f, f):
        Z = Z + padded[:, r::stride, s::stride][:, :n_H, :n_W] @ W[r, s]
    return Z, (A_prev, W, b, hparameters)


# GRADED FUNCTION: col2im
def col2im(cols, A_prev_shape, f, stride, pad):
    m, height, width, n_C = A_prev_shape
    n_H, n_W = ((side + 2 * pad - f) // stride + 1 for side in (height, width))
    parts = cols.reshape(m, n_H, n_W, f * f, n_C)
    total = np.zeros((m, height + 2 * pad + stride, width + 2 * pad + stride, n_C))
    for k in range(f * f):
        r, s = k // f, k % f
        total[:, r : r + n_H * stride : stride, s : s + n_W * stride : stride] += parts[:, :, :, k]
    return total[:, pad:, pad:][:, :height, :width]


# GRADED FUNCTION: conv_backward_im2col
def conv_backward_im2col(dZ, cache):
    A_prev, W, b, hparameters = cache
    f, stride, pad = len(W), hparameters["stride"], hparameters["pad"]
    n_H, n_W = dZ.shape[1:3]
    padded = np.pad(A_prev, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    grown, dW = np.zeros(padded.shape), np.zeros(W.shape)
    for r, s in np.ndindex(f, f):
        part = np.s_[:, r : r + n_H * stride : stride, s : s + n_W * stride : stride]
        grown[part] += dZ @ W[r, s].T
        dW[r, s] = np.tensordot(padded[part], dZ, axes=([0, 1, 2], [0, 1, 2]))
    dA_prev = grown[:, pad : pad + A_prev.shape[1], pad : pad + A_prev.shape[2]]
    return dA_prev, dW, dZ.sum((0, 1, 2), keepdims=True)


# GRADED FUNCTION: pool_forward_windows
def pool_forward_windows(A_prev, hparameters, mode="max"):
    f, stride = hparameters["f"], hparameters["stride"]
    if mode not in {"max", "average"}:
        raise ValueError(f"mode {mode!r}")
    n_H, n_W = ((side - f) // stride + 1 for side in A_prev.shape[1:3])
    if min(n_H, n_W) < 1:
        raise ValueError(f"f = {f} is too large")
    parts = [A_prev[:, r::stride, s::stride][:, :n_H, :n_W] for r, s in np.ndindex(f, f)]
    if mode == "average":
        return sum(parts) / len(parts), (A_prev, hparameters)
    A = parts[0]
    for part in parts[1:]:
        A = np.maximum(A, part)
    return A, (A_prev, hparameters)


# GRADED FUNCTION: pool_backward_windows
def pool_backward_windows(dA, cache, mode="max"):
    A_prev, hparameters = cache
    f, stride = hparameters["f"], hparameters["stride"]
    if mode not in {"max", "average"}:
        raise ValueError(f"mode {mode!r}")
    n_H, n_W = dA.shape[1:3]
    part_of = lambda x, r, s: x[:, r : r + n_H * stride : stride, s : s + n_W * stride : stride]
    dA_prev, left = np.zeros(A_prev.shape), np.ones(dA.shape, bool)
    best = pool_forward_windows(A_prev, hparameters)[0]
    for r, s in np.ndindex(f, f):
        if mode == "average":
            part_of(dA_prev, r, s)[...] += dA / f / f
            continue
        wins = left & (part_of(A_prev, r, s) == best)
        part_of(dA_prev, r, s)[wins] += dA[wins]
        left &= ~wins
    return dA_prev
