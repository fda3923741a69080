"""Assignment 3 as a tidy programmer may write it: helpers, optional arguments, keywords, prints,
classes, a table of layers, `yield from`."""

import h5py
import layers
import numpy as np


# GRADED FUNCTION: relu
def relu(Z: np.ndarray, floor: float = 0.0) -> tuple:
    """The mask as a choice."""
    A = np.select([Z > floor], [Z], default=floor)
    return A, Z


# GRADED FUNCTION: relu_backward
def slope_of_relu(Z):
    """1 where Z is positive, 0 elsewhere: half of the sign's size, kink left out."""
    return np.heaviside(Z, 0)


def relu_backward(dA, cache, *, slope=slope_of_relu):
    return np.multiply(dA, slope(cache))


# GRADED FUNCTION: dense_forward
DEBUG = True


def dense_forward(A_prev, W, b, activation=None):
    """The bias is one more row of the weights, for a column of ones."""
    if DEBUG:
        print("dense", A_prev.shape, "->", (len(A_prev), W.shape[1]))
    with_ones = np.hstack([A_prev, np.ones((len(A_prev), 1))])
    Z = with_ones @ np.vstack([W, b])
    return (activation(Z) if activation else Z), (A_prev, W, b)


# GRADED FUNCTION: dense_backward
def dense_backward(dZ, cache, need_dA=True):
    """One product for weights and biases together."""
    A_prev, W, _ = cache
    with_ones = np.column_stack((A_prev, np.ones(A_prev.shape[0])))
    both = with_ones.T.dot(dZ)
    dA_prev = dZ.dot(W.T) if need_dA else None
    return dA_prev, both[:-1], both[-1:]


# GRADED FUNCTION: softmax_cross_entropy
def log_softmax(Z, axis=1):
    """Logarithms of the probabilities along an axis."""
    largest = np.amax(Z, axis=axis, keepdims=True)
    return Z - largest - np.log(np.exp(Z - largest).sum(axis=axis, keepdims=True))


def one_hot(Y, n):
    """Rows of zeros with a one, shape (m, n)."""
    return (np.arange(n) == Y[:, np.newaxis]).astype(float)


def softmax_cross_entropy(Z, Y, reduction="mean"):
    log_P, truth = log_softmax(Z), one_hot(Y, Z.shape[1])
    share = 1 / Z.shape[0] if reduction == "mean" else 1
    # A logarithm is finite here, so that zeros of the truth stay zeros.
    return float(-share * np.sum(truth * log_P)), share * (np.exp(log_P) - truth)


# GRADED FUNCTION: initialize_parameters
import math


class He:
    """Draws weights, one array after another."""

    def __init__(self, seed, dtype=np.float32):
        self.rng, self.dtype = np.random.default_rng(seed), dtype

    def __call__(self, shape):
        *sides, n = shape
        spread = math.sqrt(2 / math.prod(sides))
        W = self.rng.normal(loc=0, scale=spread, size=shape)
        return W.astype(self.dtype), np.zeros((*(1 for _ in sides), n), self.dtype)


def initialize_parameters(shapes, seed=0, rule=He):
    draw, parameters = rule(seed), {}
    for name, shape in shapes.items():
        number = int(name.strip("W"))
        parameters[f"W{number}"], parameters[f"b{number}"] = draw(shape)
    return parameters


# GRADED FUNCTION: model_forward
import functools


def model_forward(X, parameters, verbose=True):
    """A table of layers, each a function of its input."""
    p = parameters

    def conv(k):
        def layer(A):
            W, b = p[f"W{k}"], p[f"b{k}"]
            same = {"stride": 1, "pad": W.shape[0] // 2}
            return layers.conv_forward(A_prev=A, W=W, b=b, hparameters=same)

        return layer

    pool = functools.partial(layers.pool_forward, hparameters={"f": 2, "stride": 2})

    def flatten(A):
        return np.concatenate([image.reshape(1, -1) for image in A]), A.shape

    def dense(A):
        return dense_forward(A, p["W3"], p["b3"])

    A, caches = X, []
    for layer in (conv(1), relu, pool, conv(2), relu, pool, flatten, dense):
        A, cache = layer(A)
        caches.append(cache)
        if verbose:
            print(f"layer {len(caches)}: {A.shape}")
    return A, caches


# GRADED FUNCTION: model_backward
from functools import partial


def model_backward(dZ, caches):
    """A table of layers, walked from its end; gradients are noted on the way."""
    gradients = {}

    def with_parameters(backward, k):
        def layer(dA, cache):
            dA, gradients[f"dW{k}"], gradients[f"db{k}"] = backward(dA, cache)
            return dA

        return layer

    conv = partial(with_parameters, layers.conv_backward)
    table = [conv(1), relu_backward, layers.pool_backward]
    table += [conv(2), relu_backward, layers.pool_backward]
    table += [np.reshape, with_parameters(dense_backward, 3)]
    dA = dZ
    for layer, cache in zip(reversed(table), reversed(caches)):
        dA = layer(dA, cache)
    return gradients


# GRADED FUNCTION: update_parameters
from math import expm1, log


def running(old, value, beta):
    """A running mean after one more value."""
    return old + (1 - beta) * (value - old)


def unbiased(mean, beta, t):
    """A running mean without its lack at the start."""
    return mean / -expm1(t * log(beta))


def update_parameters(
    parameters,
    gradients,
    state,
    learning_rate=0.001,
    beta1=0.9,
    beta2=0.999,
    epsilon=1e-8,
    weight_decay=0.0,
):
    after = {"t": state["t"] + 1, "mean": {}, "square": {}}

    def moved(name, W):
        g = gradients["d" + name] + weight_decay * W
        after["mean"][name] = running(state["mean"][name], g, beta1)
        after["square"][name] = running(state["square"][name], g**2, beta2)
        root = np.sqrt(unbiased(after["square"][name], beta2, after["t"]))
        return W - learning_rate * unbiased(after["mean"][name], beta1, after["t"]) / (
            root + epsilon
        )

    return {name: moved(name, W) for name, W in parameters.items()}, after


# GRADED FUNCTION: minibatches
from math import ceil


def portions(indices, size):
    """Sorted portions of some indices."""
    for k in range(ceil(len(indices) / size)):
        yield np.sort(indices[k * size : (k + 1) * size])


def pictures(dataset, indices, dtype=np.float32):
    """Some pictures of a dataset, as the network wants them."""
    return np.divide(dataset[indices], 255, dtype=dtype)[:, :, :, None]


def minibatches(path, batch_size=50, seed=0, part="train"):
    with h5py.File(path, "r") as file:
        images, labels = (file[f"{part}/{name}"] for name in ("images", "labels"))
        order = np.random.default_rng(seed).permutation(len(labels))
        yield from (
            (pictures(images, batch), labels[batch]) for batch in portions(order, batch_size)
        )


# GRADED FUNCTION: train_step
def train_step(parameters, state, X, Y, learning_rate, update=update_parameters):
    """Prints the loss; the helpers are bound when the cell is run."""
    Z, caches = model_forward(X=X, parameters=parameters)
    loss, dZ = softmax_cross_entropy(Z=Z, Y=Y)
    print(f"loss {loss:.3f}")
    gradients = model_backward(dZ=dZ, caches=caches)
    return (
        *update(
            parameters=parameters, gradients=gradients, state=state, learning_rate=learning_rate
        ),
        loss,
    )
