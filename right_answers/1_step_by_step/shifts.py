"""Assignment 1 with loops over the pixels of the filter: whole images, shifted and scaled."""

import numpy as np


# GRADED FUNCTION: zero_pad
def zero_pad(X, pad):
    m, n_H, n_W, n_C = X.shape
    X_pad = np.zeros((m, n_H + 2 * pad, n_W + 2 * pad, n_C))
    X_pad[:, :n_H, :n_W] = X
    return np.roll(X_pad, (pad, pad), axis=(1, 2))


# GRADED FUNCTION: conv_single_step
def conv_single_step(a_slice_prev, W, b):
    return sum(
        (a_slice_prev[i, j] @ W[i, j] for i in range(len(W)) for j in range(len(W))), start=b.item()
    )


# GRADED FUNCTION: conv_forward
def shifted(X, i, j, f, stride):
    """Pixel (i, j) of every window, a view of shape (m, n_H, n_W, n_C)."""
    return X[:, i : X.shape[1] - f + i + 1 : stride, j : X.shape[2] - f + j + 1 : stride]


def conv_forward(A_prev, W, b, hparameters):
    stride, f = hparameters["stride"], len(W)
    padded = zero_pad(A_prev, hparameters["pad"])
    Z = b
    for i in range(f):
        for j in range(f):
            Z = Z + shifted(padded, i, j, f, stride) @ W[i, j]
    return Z, (A_prev, W, b, hparameters)


# GRADED FUNCTION: pool_forward
def pool_forward(A_prev, hparameters, mode="max"):
    f, stride = hparameters["f"], hparameters["stride"]
    pixels = [shifted(A_prev, *divmod(k, f), f, stride) for k in range(f * f)]
    A = np.maximum.reduce(pixels) if mode == "max" else np.add.reduce(pixels) / len(pixels)
    return A, (A_prev, hparameters)


# GRADED FUNCTION: conv_backward
def conv_backward(dZ, cache):
    A_prev, W, b, hparameters = cache
    stride, pad, f = hparameters["stride"], hparameters["pad"], len(W)
    padded = zero_pad(A_prev, pad)
    d_padded = np.zeros(padded.shape)
    dW = np.zeros(W.shape)
    for i in range(f):
        for j in range(f):
            dW[i, j] = np.tensordot(
                shifted(padded, i, j, f, stride), dZ, axes=([0, 1, 2], [0, 1, 2])
            )
            shifted(d_padded, i, j, f, stride)[...] += dZ @ W[i, j].T
    db = np.add.reduce(dZ, axis=(0, 1, 2), keepdims=True)
    return (
        np.delete(np.delete(d_padded, frame(padded, 1, pad), 1), frame(padded, 2, pad), 2),
        dW,
        db,
    )


def frame(padded, axis, pad):
    """Indices of the frame along one axis."""
    side = padded.shape[axis]
    return [k for k in range(side) if k < pad or k >= side - pad]


# GRADED FUNCTION: create_mask_from_window
def create_mask_from_window(x):
    return ~(x < x.max())


# GRADED FUNCTION: distribute_value
def distribute_value(dz, shape):
    a = np.zeros(shape)
    a += dz
    a /= a.size
    return a


# GRADED FUNCTION: pool_backward
def pool_backward(dA, cache, mode="max"):
    A_prev, hparameters = cache
    f, stride = hparameters["f"], hparameters["stride"]
    dA_prev = np.zeros(A_prev.shape)
    pixels = [divmod(k, f) for k in range(f * f)]
    if mode == "average":
        for i, j in pixels:
            shifted(dA_prev, i, j, f, stride)[...] += dA / f**2
        return dA_prev
    best = np.maximum.reduce([shifted(A_prev, i, j, f, stride) for i, j in pixels])
    for i, j in pixels:
        won = shifted(A_prev, i, j, f, stride) == best
        shifted(dA_prev, i, j, f, stride)[won] += dA[won]
    return dA_prev
