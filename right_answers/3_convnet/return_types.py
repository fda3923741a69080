"""Assignment 3 with results of other types that hold the same numbers: lists for tuples, arrays
without axes, Python numbers, Fortran order, double or longer precision, views, iterators."""

import h5py
import layers
import numpy as np


# GRADED FUNCTION: relu
def relu(Z):
    """A list of two, the result in Fortran order."""
    return [np.asfortranarray(np.clip(Z, 0, None)), Z]


# GRADED FUNCTION: relu_backward
def relu_backward(dA, cache):
    """Lists in place of an array."""
    return np.where(np.sign(cache) == 1, dA, 0.0).tolist()


# GRADED FUNCTION: dense_forward
def dense_forward(A_prev, W, b):
    """A view of a transposed array; the cache is a list."""
    return [np.matmul(W.T, A_prev.T).T + b, [A_prev, W, b]]


# GRADED FUNCTION: dense_backward
def dense_backward(dZ, cache):
    """Longer precision, and views that are turned round."""
    A_prev, W, b = cache
    dA_prev = np.matmul(dZ.astype(np.longdouble), np.transpose(W))
    dW = np.matmul(dZ.T, A_prev).transpose()
    return [dA_prev, dW, np.add.reduce(dZ[::-1]).reshape(1, -1)]


# GRADED FUNCTION: softmax_cross_entropy
def softmax_cross_entropy(Z, Y):
    """The loss as an array without axes, the gradient in Fortran order."""
    Z = np.asarray(Z, np.longdouble)
    scores = Z - np.amax(Z, axis=-1, keepdims=True)
    P = np.exp(scores)
    P = P / P.sum(axis=-1, keepdims=True)
    right = np.take_along_axis(scores, Y[:, None], axis=1)[:, 0]
    loss = np.array(np.average(np.log(np.exp(scores).sum(axis=1)) - right), dtype=float)
    truth = np.zeros(Z.shape)
    np.put_along_axis(truth, Y[:, None], 1, axis=1)
    return [loss, np.asfortranarray(P - truth) / Z.shape[0]]


# GRADED FUNCTION: initialize_parameters
def initialize_parameters(shapes, seed):
    """All weights first, all biases after them, in another order of names."""
    rng = np.random.default_rng(seed)
    weights = {
        name: (rng.normal(size=shape) * (2 / np.prod(shape[:-1])) ** 0.5).astype(np.float32)
        for name, shape in shapes.items()
    }
    biases = {
        "b" + name.removeprefix("W"): np.float32(np.zeros_like(W.reshape(-1, W.shape[-1])[0]))
        for name, W in weights.items()
    }
    for name in reversed(shapes):
        key = "b" + name.removeprefix("W")
        biases[key] = np.expand_dims(biases[key], tuple(range(len(shapes[name]) - 1)))
    return {**biases, **weights}


# GRADED FUNCTION: model_forward
def model_forward(X, parameters):
    """Caches in a tuple; the shape in a list, or as an array."""
    caches, A = (), X
    for k in "12":
        W, b = parameters["W" + k], parameters["b" + k]
        Z, cache = layers.conv_forward(A, W, b, {"stride": 1, "pad": len(W) // 2})
        A, relu_cache = relu(Z)
        A, pool_cache = layers.pool_forward(np.array(A), {"f": 2, "stride": 2})
        caches += (list(cache), relu_cache, list(pool_cache))
    shape = list(A.shape) if len(A) > 1 else np.array(A.shape)
    Z, cache = dense_forward(A.reshape(len(A), -1), parameters["W3"], parameters["b3"])
    return [np.asarray(Z, float), (*caches, shape, cache)]


# GRADED FUNCTION: model_backward
from collections import OrderedDict


def model_backward(dZ, caches):
    """Double precision, whatever comes in; the first layer first."""
    conv1, relu1, pool1, conv2, relu2, pool2, shape, dense = caches
    dA, dW3, db3 = dense_backward(dZ.astype(float), dense)
    dA = layers.pool_backward(np.array(dA, dtype=float).reshape(tuple(shape)), pool2)
    dA, dW2, db2 = layers.conv_backward(np.array(relu_backward(dA, relu2)), conv2)
    dA = layers.pool_backward(dA, pool1)
    _, dW1, db1 = layers.conv_backward(np.array(relu_backward(dA, relu1)), conv1)
    names = "dW1 db1 dW2 db2 dW3 db3".split()
    return OrderedDict(zip(names, (dW1, db1, dW2, db2, dW3, db3)))


# GRADED FUNCTION: update_parameters
def update_parameters(
    parameters, gradients, state, learning_rate, beta1=0.9, beta2=0.999, epsilon=1e-8
):
    """A list of two; t is a number of NumPy."""
    t = np.int64(state["t"]) + 1
    new, mean, square = {}, {}, {}
    for key in gradients:
        g, name = np.asarray(gradients[key], np.longdouble), key[1:]
        mean[name] = np.average([state["mean"][name], g], axis=0, weights=[beta1, 1 - beta1])
        square[name] = np.average([state["square"][name], g**2], axis=0, weights=[beta2, 1 - beta2])
        root = np.sqrt(square[name] / (1 - beta2**t))
        step = np.divide(mean[name] / (1 - beta1**t), root + epsilon)
        new[name] = np.asarray(parameters[name] - learning_rate * step, float)
    return [new, {"square": square, "mean": mean, "t": t}]


# GRADED FUNCTION: minibatches
def minibatches(path, batch_size, seed):
    """An iterator that is no generator; batches are lists, labels are Python's numbers."""

    def read(indices):
        with h5py.File(path, "r") as file:
            X = file["train/images"][indices][..., None] / np.float32(255)
            return [np.asfortranarray(X), file["train/labels"][indices].tolist()]

    with h5py.File(path, "r") as file:
        m = file["train/labels"].size
    order = np.random.default_rng(seed).permutation(m).tolist()
    return map(read, (sorted(order[k : k + batch_size]) for k in range(0, m, batch_size)))


# GRADED FUNCTION: train_step
def train_step(parameters, state, X, Y, learning_rate):
    """A list of three; the loss is a number of Python."""
    Z, caches = model_forward(X, parameters)
    loss, dZ = softmax_cross_entropy(Z, Y)
    gradients = model_backward(dZ, caches)
    return [*update_parameters(parameters, gradients, state, learning_rate), float(loss)]
