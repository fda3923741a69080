"""PyTorch as a second opinion: its layers on our arrays, and gradients of anything by autograd.

All arrays go in and come out as NumPy's, channels-last, filters as (f, f, n_C_prev, n_C); what
PyTorch wants otherwise is turned round here. Types stay as they are: float64 in, float64 out.
"""

import numpy as np

try:
    import torch
except ImportError as missing:
    raise ImportError(
        "Here results are compared with PyTorch, which is not installed. "
        "`make .venv/installed-torch` installs its CPU build (0.2 GB to load)."
    ) from missing
from torch.nn import functional

__all__ = ["conv", "conv_gradients", "gradients", "pool", "pool_gradient", "torch"]


def gradients(function, arrays, upstream=None):
    """A result and its gradients by PyTorch's autograd.

    Arguments:
        function: takes one tensor for each array, returns a tensor
        arrays: NumPy arrays of floats
        upstream: gradient of the loss with respect to the result, an array of its shape; by
            default ones, so that the loss is the sum of the result (or the result, if a scalar)
    Returns the result as an array, and a list with the gradient for each array, in its shape.
    A gradient is zero for an array that the result does not depend on.
    """
    tensors = [torch.tensor(np.asarray(array), requires_grad=True) for array in arrays]
    result = function(*tensors)
    towards = torch.ones_like(result) if upstream is None else torch.tensor(np.asarray(upstream))
    found = torch.autograd.grad(result, tensors, towards, allow_unused=True)
    zeros = (torch.zeros_like(tensor) for tensor in tensors)
    both = zip(found, zeros, strict=True)
    return result.detach().numpy(), [(zero if g is None else g).numpy() for g, zero in both]


def conv_layer(A_prev, W, b, hparameters):
    """A CONV layer on tensors in our layout: PyTorch's conv2d between two turns of the axes."""
    Z = functional.conv2d(
        A_prev.permute(0, 3, 1, 2),
        W.permute(3, 2, 0, 1).contiguous(),
        b.reshape(-1),
        stride=hparameters["stride"],
        padding=hparameters["pad"],
    )
    return Z.permute(0, 2, 3, 1)


def pool_layer(A_prev, hparameters, mode="max"):
    """A pooling layer on a tensor in our layout. Ties: the first maximum in row order wins."""
    pool2d = {"max": functional.max_pool2d, "average": functional.avg_pool2d}[mode]
    A = pool2d(A_prev.permute(0, 3, 1, 2), hparameters["f"], hparameters["stride"])
    return A.permute(0, 2, 3, 1)


def conv(A_prev, W, b, hparameters):
    """Z of a CONV layer, (m, n_H, n_W, n_C)."""
    return conv_layer(*map(torch.tensor, (A_prev, W, b)), hparameters).numpy()


def conv_gradients(dZ, cache):
    """dA_prev, dW and db of a CONV layer; cache as conv_forward returns it."""
    *arrays, hparameters = cache
    return gradients(lambda *tensors: conv_layer(*tensors, hparameters), arrays, dZ)[1]


def pool(A_prev, hparameters, mode="max"):
    """A of a pooling layer, (m, n_H, n_W, n_C_prev)."""
    return pool_layer(torch.tensor(A_prev), hparameters, mode).numpy()


def pool_gradient(dA, cache, mode="max"):
    """dA_prev of a pooling layer; cache as pool_forward returns it."""
    A_prev, hparameters = cache
    return gradients(lambda tensor: pool_layer(tensor, hparameters, mode), [A_prev], dA)[1][0]
