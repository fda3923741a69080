"""Assignment 1 with loops in another order, whole batches at a time, while loops, enumerate."""

import numpy as np


# GRADED FUNCTION: zero_pad
def zero_pad(X, pad):
    m, n_H, n_W, n_C = X.shape
    X_pad = np.zeros((m, n_H + 2 * pad, n_W + 2 * pad, n_C))
    for w in range(n_W):
        for h in range(n_H):
            X_pad[:, h + pad, w + pad] = X[:, h, w]
    return X_pad


# GRADED FUNCTION: conv_single_step
def conv_single_step(a_slice_prev, W, b):
    Z = b[0, 0, 0]
    for c in range(W.shape[2]):
        for row, weights in zip(a_slice_prev[:, :, c], W[:, :, c]):
            Z = Z + row.dot(weights)
    return Z


# GRADED FUNCTION: conv_forward
def conv_forward(A_prev, W, b, hparameters):
    """Filters first, examples last."""
    f, _, _, n_C = W.shape
    stride, pad = hparameters["stride"], hparameters["pad"]
    padded = zero_pad(A_prev, pad)
    m, height, width, _ = padded.shape
    Z = np.empty((m, (height - f) // stride + 1, (width - f) // stride + 1, n_C))
    for c in range(n_C):
        for w, left in enumerate(range(0, width - f + 1, stride)):
            for h, top in enumerate(range(0, height - f + 1, stride)):
                for i in reversed(range(m)):
                    window = padded[i, top : top + f, left : left + f]
                    Z[i, h, w, c] = conv_single_step(window, W[..., c], b[..., c])
    return Z, (A_prev, W, b, hparameters)


# GRADED FUNCTION: pool_forward
def pool_forward(A_prev, hparameters, mode="max"):
    """Walk with while loops, all examples and channels at a time."""
    f, stride = hparameters["f"], hparameters["stride"]
    m, height, width, n_C = A_prev.shape
    rows = []
    top = 0
    while top + f <= height:
        row = []
        left = 0
        while left + f <= width:
            window = A_prev[:, top : top + f, left : left + f]
            if mode == "average":
                row.append(window.mean(axis=(1, 2)))
            else:
                row.append(window.max(axis=(1, 2)))
            left += stride
        rows.append(np.stack(row, axis=1))
        top += stride
    return np.stack(rows, axis=1), (A_prev, hparameters)


# GRADED FUNCTION: conv_backward
def conv_backward(dZ, cache):
    """One gradient after the other; the frame comes off example by example."""
    A_prev, W, b, hparameters = cache
    stride, pad, f = hparameters["stride"], hparameters["pad"], W.shape[0]
    m, n_H, n_W, n_C = dZ.shape
    _, n_H_prev, n_W_prev, _ = A_prev.shape
    padded = zero_pad(A_prev, pad)

    db = np.zeros(b.shape)
    for c in range(n_C):
        db[0, 0, 0, c] = np.sum(dZ[:, :, :, c])

    dW = np.zeros(W.shape)
    for w in range(n_W):
        for h in range(n_H):
            windows = padded[:, stride * h : stride * h + f, stride * w : stride * w + f]
            for c in range(n_C):
                dW[..., c] += np.sum(windows * dZ[:, h, w, c].reshape(m, 1, 1, 1), axis=0)

    dA_prev = np.zeros(A_prev.shape)
    for i in range(m):
        d_padded = np.zeros(padded.shape[1:])
        for c in range(n_C):
            for h in range(n_H):
                for w in range(n_W):
                    d_padded[stride * h : stride * h + f, stride * w : stride * w + f] += (
                        W[..., c] * dZ[i, h, w, c]
                    )
        if pad == 0:
            dA_prev[i] = d_padded
        else:
            dA_prev[i] = d_padded[pad:-pad, pad:-pad]
        assert dA_prev[i].shape == (n_H_prev, n_W_prev, A_prev.shape[3])
    return dA_prev, dW, db


# GRADED FUNCTION: create_mask_from_window
def create_mask_from_window(x):
    mask = np.zeros(x.shape, dtype=bool)
    best, where = -np.inf, (0, 0)
    for j in range(x.shape[1]):
        for i in range(x.shape[0]):
            if x[i, j] > best:
                best, where = x[i, j], (i, j)
    mask[where] = True
    return mask


# GRADED FUNCTION: distribute_value
def distribute_value(dz, shape):
    a = np.empty(shape)
    for i in range(shape[0]):
        for j in range(shape[1]):
            a[i, j] = dz / a.size
    return a


# GRADED FUNCTION: pool_backward
def pool_backward(dA, cache, mode="max"):
    """Channels first, examples last, and the mode decided outside the loops."""
    A_prev, hparameters = cache
    f, stride = hparameters["f"], hparameters["stride"]
    dA_prev = np.zeros(A_prev.shape)
    m, n_H, n_W, n_C = dA.shape
    if mode == "average":
        for w in range(n_W):
            for h in range(n_H):
                for c in range(n_C):
                    for i in range(m):
                        here = (
                            slice(h * stride, h * stride + f),
                            slice(w * stride, w * stride + f),
                        )
                        dA_prev[i, :, :, c][here] += distribute_value(dA[i, h, w, c], (f, f))
        return dA_prev
    for c in range(n_C):
        for i in range(m):
            for w in range(n_W):
                for h in range(n_H):
                    here = (slice(h * stride, h * stride + f), slice(w * stride, w * stride + f))
                    mask = create_mask_from_window(A_prev[i, :, :, c][here])
                    dA_prev[i, :, :, c][here][mask] += dA[i, h, w, c]
    return dA_prev
