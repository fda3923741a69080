"""Assignment 1 by as_strided and einsum, imported in the cells that need them."""

import numpy as np


# GRADED FUNCTION: zero_pad
def zero_pad(X, pad):
    """Padding as a product: a matrix with one 1 a column puts each row in its place."""
    down, right = (np.eye(side + 2 * pad, side, -pad) for side in X.shape[1:3])
    return np.einsum("Hh,mhwc,Ww->mHWc", down, X, right)


# GRADED FUNCTION: conv_single_step
from numpy import einsum


def conv_single_step(a_slice_prev, W, b):
    return einsum("ijk,ijk->", a_slice_prev, W) + einsum("ijk->", b)


# GRADED FUNCTION: conv_forward
from numpy.lib.stride_tricks import as_strided


def strided_windows(padded, f, stride):
    """A view (m, n_H, n_W, f, f, n_C) into the padded batch."""
    m, height, width, n_C = padded.shape
    n_H, n_W = (height - f) // stride + 1, (width - f) // stride + 1
    s_m, s_h, s_w, s_c = padded.strides
    strides = (s_m, s_h * stride, s_w * stride, s_h, s_w, s_c)
    return as_strided(padded, (m, n_H, n_W, f, f, n_C), strides, writeable=False)


def conv_forward(A_prev, W, b, hparameters):
    windows = strided_windows(
        zero_pad(A_prev, hparameters["pad"]), W.shape[0], hparameters["stride"]
    )
    return np.einsum("mhwijk,ijkc->mhwc", windows, W) + b, (A_prev, W, b, hparameters)


# GRADED FUNCTION: pool_forward
def pool_forward(A_prev, hparameters, mode="max"):
    windows = strided_windows(A_prev, **hparameters)
    if mode == "max":
        return windows.max(axis=(3, 4)), (A_prev, hparameters)
    f = hparameters["f"]
    return np.einsum("mhwijc->mhwc", windows) / f / f, (A_prev, hparameters)


# GRADED FUNCTION: conv_backward
def places(side, f, stride, count):
    """One 1 for every pixel (h, i) of a window: (count, f, side)."""
    ones = np.zeros((count, f, side))
    h, i = np.indices((count, f))
    ones[h, i, h * stride + i] = 1
    return ones


def conv_backward(dZ, cache):
    A_prev, W, b, hparameters = cache
    stride, pad, f = hparameters["stride"], hparameters["pad"], len(W)
    padded = zero_pad(A_prev, pad)
    dW = np.einsum("mhwijk,mhwc->ijkc", strided_windows(padded, f, stride), dZ)
    db = np.einsum("mhwc->c", dZ)[None, None, None]
    down = places(padded.shape[1], f, stride, dZ.shape[1])[:, :, pad : pad + A_prev.shape[1]]
    right = places(padded.shape[2], f, stride, dZ.shape[2])[:, :, pad : pad + A_prev.shape[2]]
    return np.einsum("mhwc,ijkc,hiH,wjW->mHWk", dZ, W, down, right, optimize=True), dW, db


# GRADED FUNCTION: create_mask_from_window
def create_mask_from_window(x):
    return np.equal(x, np.max(x, axis=(0, 1), keepdims=True))


# GRADED FUNCTION: distribute_value
def distribute_value(dz, shape):
    return np.einsum(",i,j->ij", dz, *(np.full(side, 1 / side) for side in shape))


# GRADED FUNCTION: pool_backward
def pool_backward(dA, cache, mode="max"):
    A_prev, hparameters = cache
    f, stride = hparameters["f"], hparameters["stride"]
    windows = strided_windows(A_prev, f, stride)
    if mode == "max":
        shares = (windows == windows.max(axis=(3, 4), keepdims=True)).astype(float)
    else:
        shares = np.full(windows.shape, 1 / (f * f))
    down = places(A_prev.shape[1], f, stride, dA.shape[1])
    right = places(A_prev.shape[2], f, stride, dA.shape[2])
    return np.einsum("mhwc,mhwijc,hiH,wjW->mHWc", dA, shares, down, right, optimize=True)
