"""Assignment 1 as a tidy programmer may write it: helpers in the same cell, optional arguments
of its own, calls by keyword, prints, annotations, checks of what comes in."""

import numpy as np

# GRADED FUNCTION: zero_pad
DEBUG = True


def zero_pad(X: np.ndarray, pad: int, value: float = 0.0) -> np.ndarray:
    """Pad with any value; the assignment asks for zeros."""
    if pad < 0:
        raise ValueError("pad must not be negative")
    if DEBUG:
        print("zero_pad", X.shape, "pad", pad)
    around = (pad, pad)
    widths = [(0, 0), around, around, (0, 0)]
    return np.pad(X, pad_width=widths, mode="constant", constant_values=value)


# GRADED FUNCTION: conv_single_step
def _dot(x, y):
    return (x * y).sum()


def conv_single_step(a_slice_prev, W, b=None, activation=None):
    """A bias and an activation are optional here."""
    Z = _dot(x=a_slice_prev, y=W)
    if b is not None:
        Z += b.squeeze()
    return Z if activation is None else activation(Z)


# GRADED FUNCTION: conv_forward
def output_side(side, f, stride, pad=0):
    """How often a window fits along a side."""
    return 1 + (side + 2 * pad - f) // stride


def corners(h, w, f, stride):
    """Slices of the window at an output position."""
    top, left = h * stride, w * stride
    return slice(top, top + f), slice(left, left + f)


def conv_forward(A_prev, W, b, hparameters, verbose=False):
    f, stride, pad = W.shape[1], hparameters.get("stride", 1), hparameters.get("pad", 0)
    n_H, n_W = (output_side(side, f, stride, pad=pad) for side in A_prev.shape[1:3])
    Z = np.full((A_prev.shape[0], n_H, n_W, W.shape[3]), np.nan)
    padded = zero_pad(pad=pad, X=A_prev)
    for i, h, w, c in np.ndindex(Z.shape):
        if verbose:
            print(i, h, w, c)
        rows, columns = corners(h, w, f=f, stride=stride)
        Z[i, h, w, c] = conv_single_step(
            a_slice_prev=padded[i, rows, columns], W=W[:, :, :, c], b=b[:, :, :, c]
        )
    print("Z", Z.shape)
    cache = (A_prev, W, b, hparameters)
    return Z, cache


# GRADED FUNCTION: pool_forward
POOLS = {"max": np.max, "average": np.mean}


def pool_forward(A_prev, hparameters, mode="max", *, pools=POOLS):
    f, stride = hparameters["f"], hparameters["stride"]
    m, n_H_prev, n_W_prev, n_C = A_prev.shape
    A = np.zeros((m, output_side(n_H_prev, f, stride), output_side(n_W_prev, f, stride), n_C))
    for i, h, w, c in np.ndindex(A.shape):
        rows, columns = corners(h=h, w=w, f=f, stride=stride)
        A[i, h, w, c] = pools[mode](A_prev[i, rows, columns, c])
    return A, (A_prev, hparameters)


# GRADED FUNCTION: conv_backward
def unpad(X_pad, pad):
    """Take the frame off again, for every pad."""
    return X_pad[:, pad : X_pad.shape[1] - pad, pad : X_pad.shape[2] - pad]


def conv_backward(dZ, cache, check=True):
    (A_prev, W, b, hparameters) = cache
    f, stride, pad = W.shape[0], hparameters["stride"], hparameters["pad"]
    padded = zero_pad(A_prev, pad=pad)
    dA_prev_pad, dW, db = np.zeros_like(padded), np.zeros_like(W), np.zeros_like(b)
    for i, h, w, c in np.ndindex(*dZ.shape):
        rows, columns = corners(h, w, f, stride)
        dA_prev_pad[i, rows, columns] += W[:, :, :, c] * dZ[i, h, w, c]
        dW[:, :, :, c] += padded[i, rows, columns] * dZ[i, h, w, c]
        db[0, 0, 0, c] += dZ[i, h, w, c]
    dA_prev = unpad(dA_prev_pad, pad)
    if check:
        assert dA_prev.shape == A_prev.shape, (dA_prev.shape, A_prev.shape)
        assert dW.shape == W.shape and db.shape == b.shape
        print("shapes are fine")
    return dA_prev, dW, db


# GRADED FUNCTION: create_mask_from_window
def create_mask_from_window(x, tolerance=0.0):
    assert x.ndim == 2, "a window has two axes"
    return x >= x.max() - tolerance


# GRADED FUNCTION: distribute_value
def distribute_value(dz, shape, dtype=float):
    (n_H, n_W) = shape
    average = dz / (n_H * n_W)
    print("each entry gets", average)
    return average * np.ones((n_H, n_W), dtype=dtype)


# GRADED FUNCTION: pool_backward
def share_of(dA_entry, window, mode):
    """What each entry of a window gets of a gradient."""
    if mode == "average":
        return distribute_value(dz=dA_entry, shape=window.shape)
    return np.where(create_mask_from_window(x=window), dA_entry, 0.0)


def pool_backward(dA, cache, mode="max", progress=False):
    A_prev, hparameters = cache
    dA_prev = np.zeros_like(A_prev, dtype=float)
    for number, (i, h, w, c) in enumerate(np.ndindex(dA.shape)):
        if progress:
            print(number, "of", dA.size)
        rows, columns = corners(h, w, **hparameters)
        dA_prev[i, rows, columns, c] += share_of(dA[i, h, w, c], A_prev[i, rows, columns, c], mode)
    return dA_prev
