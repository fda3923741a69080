"""A CONV layer and its gradients by SciPy: a second opinion on oracle and solutions."""

import numpy as np
from scipy.signal import correlate


def conv_by_scipy(A_prev, W, b, hparameters):
    """The output of a CONV layer by scipy.signal.correlate."""
    pad, stride = hparameters["pad"], hparameters["stride"]
    padded = np.pad(A_prev, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    maps = [
        [correlate(x, W[..., c], mode="valid")[::stride, ::stride, 0] for c in range(W.shape[-1])]
        for x in padded.astype(float)
    ]
    return np.moveaxis(np.array(maps), 1, -1) + b


def conv_gradients_closed(dZ, cache):
    """dA_prev, dW and db of a CONV layer in closed form, by SciPy's full correlation."""
    A_prev, W, b, hparameters = cache
    pad, stride = hparameters["pad"], hparameters["stride"]
    padded = np.pad(A_prev, ((0, 0), (pad, pad), (pad, pad), (0, 0))).astype(float)
    f = W.shape[0]
    # dZ with its entries moved apart by the stride, as large as the output of stride 1
    spread = np.zeros((len(dZ), padded.shape[1] - f + 1, padded.shape[2] - f + 1, dZ.shape[-1]))
    spread[:, ::stride, ::stride] = dZ
    dA_pad, dW = np.zeros(padded.shape), np.zeros(W.shape)
    for i, c, k in np.ndindex(len(dZ), dZ.shape[-1], A_prev.shape[-1]):
        turned = W[::-1, ::-1, k, c]
        dA_pad[i, :, :, k] += correlate(spread[i, :, :, c], turned, mode="full")
        dW[:, :, k, c] += correlate(padded[i, :, :, k], spread[i, :, :, c], mode="valid")
    rows, columns = pad + A_prev.shape[1], pad + A_prev.shape[2]
    return dA_pad[:, pad:rows, pad:columns], dW, dZ.sum(axis=(0, 1, 2)).reshape(b.shape)
