"""Assignment 1 by matrix products: windows become rows, and helpers do it in the same cell."""

import numpy as np


# GRADED FUNCTION: zero_pad
def along(axis, X, pad):
    """Zeros before and after X along one axis."""
    shape = list(X.shape)
    shape[axis] = pad
    return np.concatenate([np.zeros(shape), X, np.zeros(shape)], axis=axis)


def zero_pad(X, pad):
    return along(2, along(1, X, pad), pad)


# GRADED FUNCTION: conv_single_step
def conv_single_step(a_slice_prev, W, b):
    row = np.append(a_slice_prev.ravel(), 1.0)
    column = np.append(W.ravel(), b.ravel())
    return row @ column


# GRADED FUNCTION: conv_forward
def windows_as_rows(padded, f, stride):
    """Every window of every example as a row: (m, n_H, n_W, f * f * n_C)."""
    m, n_H, n_W, n_C = padded.shape
    corners_down, corners_right = range(0, n_H - f + 1, stride), range(0, n_W - f + 1, stride)
    rows = [
        padded[:, down : down + f, right : right + f].reshape(m, -1)
        for down in corners_down
        for right in corners_right
    ]
    return np.stack(rows, axis=1).reshape(m, len(corners_down), len(corners_right), f * f * n_C)


def conv_forward(A_prev, W, b, hparameters):
    padded = zero_pad(A_prev, hparameters["pad"])
    rows = windows_as_rows(padded, W.shape[0], hparameters["stride"])
    Z = rows @ W.reshape(-1, W.shape[-1]) + b
    return Z, (A_prev, W, b, hparameters)


# GRADED FUNCTION: pool_forward
def pool_forward(A_prev, hparameters, mode="max"):
    f = hparameters["f"]
    rows = windows_as_rows(A_prev, f, hparameters["stride"])
    by_pixel = rows.reshape(*rows.shape[:3], f * f, A_prev.shape[-1])
    A = by_pixel.max(axis=3) if mode == "max" else by_pixel.mean(axis=3)
    return A, (A_prev, hparameters)


# GRADED FUNCTION: conv_backward
def rows_to_image(rows, shape, f, stride):
    """Add up rows of windows where they came from: the transpose of windows_as_rows."""
    image = np.zeros(shape)
    m, n_H, n_W, _ = rows.shape
    for h in range(n_H):
        for w in range(n_W):
            window = image[:, h * stride : h * stride + f, w * stride : w * stride + f]
            window += rows[:, h, w].reshape(window.shape)
    return image


def conv_backward(dZ, cache):
    A_prev, W, b, hparameters = cache
    f, stride, pad = W.shape[0], hparameters["stride"], hparameters["pad"]
    padded = zero_pad(A_prev, pad)
    rows = windows_as_rows(padded, f, stride)
    flat_dZ = dZ.reshape(-1, dZ.shape[-1])
    dW = (rows.reshape(len(flat_dZ), -1).T @ flat_dZ).reshape(W.shape)
    db = (np.ones(len(flat_dZ)) @ flat_dZ).reshape(b.shape)
    dA = rows_to_image(dZ @ W.reshape(-1, W.shape[-1]).T, padded.shape, f, stride)
    inside = [slice(pad, side - pad) for side in padded.shape[1:3]]
    return dA[:, inside[0], inside[1]], dW, db


# GRADED FUNCTION: create_mask_from_window
def create_mask_from_window(x):
    mask = np.zeros(x.size, dtype=bool)
    mask[np.argmax(x)] = True
    return mask.reshape(x.shape)


# GRADED FUNCTION: distribute_value
def distribute_value(dz, shape):
    n_H, n_W = shape
    return np.outer(np.full(n_H, dz / n_H), np.full(n_W, 1 / n_W))


# GRADED FUNCTION: pool_backward
def pool_backward(dA, cache, mode="max"):
    A_prev, hparameters = cache
    f, stride = hparameters["f"], hparameters["stride"]
    rows = windows_as_rows(A_prev, f, stride)
    by_pixel = rows.reshape(*rows.shape[:3], f * f, A_prev.shape[-1])
    if mode == "max":
        shares = by_pixel == by_pixel.max(axis=3, keepdims=True)
    else:
        shares = np.full(by_pixel.shape, 1 / f**2)
    spread = (shares * dA[:, :, :, None]).reshape(rows.shape)
    return rows_to_image(spread, A_prev.shape, f, stride)
