"""Assignment 2 by as_strided views and einsum, without a matrix of windows where none is asked."""

import numpy as np

# GRADED FUNCTION: im2col
from numpy.lib.stride_tricks import as_strided


def strided(padded, f, stride):
    """A view (m, n_H, n_W, f, f, n_C) of all windows."""
    m, height, width, n_C = padded.shape
    a, b, c, d = padded.strides
    shape = (m, (height - f) // stride + 1, (width - f) // stride + 1, f, f, n_C)
    return as_strided(padded, shape, (a, b * stride, c * stride, b, c, d), writeable=False)


def im2col(A_prev, f, stride, pad):
    padded = np.pad(A_prev, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    if f > min(padded.shape[1:3]):
        raise ValueError(f"window {f}, input {padded.shape}")
    return strided(padded, f, stride).reshape(-1, f * f * A_prev.shape[3])


# GRADED FUNCTION: conv_forward_im2col
def conv_forward_im2col(A_prev, W, b, hparameters):
    pad, stride = hparameters["pad"], hparameters["stride"]
    padded = np.pad(A_prev, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    windows = strided(padded, W.shape[0], stride)
    Z = np.einsum("mhwrsc,rscd->mhwd", windows, W, optimize=True)
    return Z + b, (A_prev, W, b, hparameters)


# GRADED FUNCTION: col2im
def col2im(cols, A_prev_shape, f, stride, pad):
    m, height, width, n_C = A_prev_shape
    n_H, n_W = (height + 2 * pad - f) // stride + 1, (width + 2 * pad - f) // stride + 1
    values = cols.reshape(m, n_H, n_W, f, f, n_C)
    # Matrices with a 1 where row r of window h is row y of the image: one for each direction.
    y, h, r = np.ogrid[: height + 2 * pad, :n_H, :f]
    down = (y == h * stride + r).astype(float)[pad : pad + height]
    x, w, s = np.ogrid[: width + 2 * pad, :n_W, :f]
    right = (x == w * stride + s).astype(float)[pad : pad + width]
    return np.einsum("yhr,xws,mhwrsc->myxc", down, right, values, optimize=True)


# GRADED FUNCTION: conv_backward_im2col
def conv_backward_im2col(dZ, cache):
    A_prev, W, b, hparameters = cache
    pad, stride, f = hparameters["pad"], hparameters["stride"], W.shape[0]
    padded = np.pad(A_prev, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    dW = np.einsum("mhwrsc,mhwd->rscd", strided(padded, f, stride), dZ, optimize=True)
    dcols = np.einsum("mhwd,rscd->mhwrsc", dZ, W, optimize=True)
    dA_prev = col2im(dcols.reshape(-1, W[..., 0].size), A_prev.shape, f, stride, pad)
    return dA_prev, dW, np.einsum("mhwd->d", dZ).reshape(b.shape)


# GRADED FUNCTION: pool_forward_windows
def pool_forward_windows(A_prev, hparameters, mode="max"):
    f, stride = hparameters["f"], hparameters["stride"]
    if f > A_prev.shape[1] or f > A_prev.shape[2]:
        raise ValueError("window too large")
    windows = strided(A_prev, f, stride)
    if mode == "max":
        A = windows.max((3, 4))
    elif mode == "average":
        A = np.einsum("mhwrsc->mhwc", windows) / f**2
    else:
        raise ValueError(mode)
    return A, (A_prev, hparameters)


# GRADED FUNCTION: pool_backward_windows
def pool_backward_windows(dA, cache, mode="max"):
    A_prev, hparameters = cache
    f, stride = hparameters["f"], hparameters["stride"]
    if mode == "max":
        flat = strided(A_prev, f, stride).reshape(*dA.shape[:3], f * f, -1)
        share = np.zeros(flat.shape)
        np.put_along_axis(share, flat.argmax(3)[:, :, :, None], dA[:, :, :, None], 3)
    elif mode == "average":
        share = np.broadcast_to(dA[:, :, :, None] / f**2, (*dA.shape[:3], f * f, dA.shape[3]))
    else:
        raise ValueError(mode)
    n_C = A_prev.shape[3]
    return col2im(share.reshape(-1, f * f * n_C), A_prev.shape, f, stride, 0)
