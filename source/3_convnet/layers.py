"""Fast layers: convolution and pooling as in assignments 1 and 2, ready to build a network with.

Arrays are channels-last; single precision stays single precision. Each forward function returns
its result and the cache that its backward twin takes. No function changes its arguments.
"""

import numpy as np


def conv_forward(A_prev, W, b, hparameters):
    """A convolutional layer.

    Arguments:
        A_prev: input, shape (m, n_H_prev, n_W_prev, n_C_prev)
        W, b: filters (f, f, n_C_prev, n_C) and biases (1, 1, 1, n_C)
        hparameters: {"stride", "pad"}
    Returns:
        Z: output, shape (m, n_H, n_W, n_C)
        cache: (A_prev, W, b, hparameters)
    Raises ValueError if the shapes don't fit together.
    """
    f, _, n_C_prev, n_C = W.shape
    if A_prev.ndim != 4 or A_prev.shape[3] != n_C_prev:
        raise ValueError(
            f"conv_forward: A_prev has shape {A_prev.shape}, but the filters W {W.shape} need "
            f"(m, n_H, n_W, {n_C_prev})"
        )
    cols, shape = columns(A_prev, f, hparameters)
    Z = cols.T @ W.reshape(-1, n_C) + b.reshape(n_C)
    return Z.reshape(*shape, n_C), (A_prev, W, b, hparameters)


def conv_backward(dZ, cache, need_dA=True):
    """The gradients of a convolutional layer.

    Arguments:
        dZ: gradient of Z, shape (m, n_H, n_W, n_C)
        cache: as conv_forward returns it
        need_dA: False saves time in the first layer, whose input is the data
    Returns dA_prev (None if it is not needed), dW, db, in the shapes of A_prev, W, b.
    """
    A_prev, W, b, hparameters = cache
    f, _, n_C_prev, n_C = W.shape
    flat = dZ.reshape(-1, n_C)
    cols, shape = columns(A_prev, f, hparameters)
    dW, db = (cols @ flat).reshape(W.shape), flat.sum(axis=0).reshape(b.shape)
    if not need_dA:
        return None, dW, db
    return gradient_of_input(dZ, W, A_prev.shape, hparameters), dW, db


def gradient_of_input(dZ, W, shape, hparameters):
    """dA_prev, of the given shape: what each window passes back, added up where windows meet."""
    f, _, n_C_prev, n_C = W.shape
    (m, n_H_prev, n_W_prev, _), pad = shape, hparameters["pad"]
    height, width = n_H_prev + 2 * pad, n_W_prev + 2 * pad
    # dZ at the pixels where its windows start, zero elsewhere: then the entry (i, j) of every
    # window lies i * width + j further on, and one addition serves them all.
    starts = np.zeros((n_C, m, height, width), dZ.dtype)
    below(starts, 0, 0, f, hparameters)[...] = dZ.transpose(3, 0, 1, 2)
    dcols = W.reshape(-1, n_C) @ starts.reshape(n_C, -1)
    dcols = dcols.reshape(f, f, n_C_prev, -1)
    padded = np.zeros(dcols.shape[2:], dcols.dtype)
    for i, j in np.ndindex(f, f):
        further = i * width + j
        padded[:, further:] += dcols[i, j, :, : padded.shape[1] - further]
    padded = padded.reshape(n_C_prev, m, height, width).transpose(1, 2, 3, 0)
    return np.ascontiguousarray(padded[:, pad : pad + n_H_prev, pad : pad + n_W_prev])


def columns(A_prev, f, hparameters):
    """im2col, turned round: each window is a column, each place in the window is a row.

    Channels come first in here, so that what is copied together are whole lines of pixels.
    Returns cols, shape (f * f * n_C_prev, m * n_H * n_W), and the shape (m, n_H, n_W).
    """
    padded = pad_channels_first(A_prev, hparameters)
    if f > min(padded.shape[2:]):
        raise ValueError(f"a window of {f} x {f} does not fit into {padded.shape[2:]}")
    shape = below(padded, 0, 0, f, hparameters).shape
    cols = np.empty((f, f, *shape), A_prev.dtype)
    for i, j in np.ndindex(f, f):
        cols[i, j] = below(padded, i, j, f, hparameters)
    return cols.reshape(f * f * shape[0], -1), shape[1:]


def pad_channels_first(A_prev, hparameters):
    """Zeros around the images, and their channels first: (n_C_prev, m, height, width)."""
    around = (hparameters["pad"],) * 2
    return np.pad(A_prev.transpose(3, 0, 1, 2), ((0, 0), (0, 0), around, around))


def below(padded, i, j, f, hparameters):
    """The view of all entries that lie below row i, column j of a window: (n_C, m, n_H, n_W)."""
    stride, (height, width) = hparameters["stride"], padded.shape[2:]
    return padded[:, :, i : height - f + i + 1 : stride, j : width - f + j + 1 : stride]


def pool_forward(A_prev, hparameters):
    """A max pooling layer.

    Arguments: A_prev, shape (m, n_H_prev, n_W_prev, n_C); hparameters {"f", "stride"}
    Returns A, shape (m, n_H, n_W, n_C), and cache = (A_prev, hparameters).
    """
    A = places(A_prev, hparameters)[0].copy()
    for place in places(A_prev, hparameters)[1:]:
        np.maximum(A, place, out=A)
    return A, (A_prev, hparameters)


def pool_backward(dA, cache):
    """The gradient of a max pooling layer; of equal maxima the first one gets it.

    Arguments: dA, shape (m, n_H, n_W, n_C), and the cache of pool_forward.
    Returns dA_prev, in the shape of A_prev.
    """
    A_prev, hparameters = cache
    A = pool_forward(A_prev, hparameters)[0]
    dA_prev, free = np.zeros(A_prev.shape, dA.dtype), np.ones(A.shape, bool)
    both = places(A_prev, hparameters), places(dA_prev, hparameters)
    for place, target in zip(*both, strict=True):
        won = (place == A) & free
        free &= ~won
        target += dA * won
    return dA_prev


def places(array, hparameters):
    """Views of the first entry of all windows, of the second entry of all windows, and so on."""
    f, stride = hparameters["f"], hparameters["stride"]
    n_H, n_W = ((side - f) // stride + 1 for side in array.shape[1:3])
    return [
        array[:, i : i + stride * n_H : stride, j : j + stride * n_W : stride]
        for i, j in np.ndindex(f, f)
    ]
