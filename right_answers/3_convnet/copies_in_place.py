"""Assignment 3 by changing copies in place, with np.add, np.multiply and out=."""

import h5py
import layers
import numpy as np


# GRADED FUNCTION: relu
def relu(Z):
    A = Z.copy()
    A[A < 0] = 0
    return A, Z


# GRADED FUNCTION: relu_backward
def relu_backward(dA, cache):
    dZ = np.array(dA, copy=True)
    dZ[cache <= 0] = 0
    return dZ


# GRADED FUNCTION: dense_forward
def dense_forward(A_prev, W, b):
    Z = np.dot(A_prev, W)
    Z += b
    return Z, (A_prev, W, b)


# GRADED FUNCTION: dense_backward
def dense_backward(dZ, cache):
    A_prev, W, b = cache
    dA_prev, dW, db = np.zeros_like(A_prev), np.zeros_like(W), np.zeros_like(b)
    np.dot(dZ, W.T, out=dA_prev)
    np.dot(A_prev.T, dZ, out=dW)
    np.add.reduce(dZ, axis=0, keepdims=True, out=db)
    return dA_prev, dW, db


# GRADED FUNCTION: softmax_cross_entropy
def softmax_cross_entropy(Z, Y):
    Z = Z.astype(np.float64)
    rows = range(len(Y))
    Z -= Z.max(axis=1)[:, None]
    right = Z[rows, Y]
    np.exp(Z, out=Z)
    sums = Z.sum(axis=1)
    loss = (np.log(sums) - right).sum() / len(Y)
    Z /= sums[:, None]
    np.subtract.at(Z, (rows, Y), 1)
    Z /= len(Y)
    return loss, Z


# GRADED FUNCTION: initialize_parameters
def initialize_parameters(shapes, seed):
    rng = np.random.default_rng(seed)
    parameters = {}
    for name, shape in shapes.items():
        W = rng.normal(size=shape)
        W /= np.sqrt(W[..., 0].size / 2)
        b = np.zeros(shape, np.float32)
        while b[..., 0].size > 1:
            axis = next(k for k, side in enumerate(b.shape) if side > 1)
            b = b.sum(axis=axis, keepdims=True)
        parameters[name] = W.astype(np.float32)
        parameters["b" + name.lstrip("W")] = b
    return parameters


# GRADED FUNCTION: model_forward
import copy


def model_forward(X, parameters):
    A, caches = X.copy(), []
    for number in range(1, 3):
        W, b = parameters[f"W{number}"], parameters[f"b{number}"]
        for layer, arguments in (
            (layers.conv_forward, (W, b, {"stride": 1, "pad": W.shape[1] // 2})),
            (relu, ()),
            (layers.pool_forward, ({"f": 2, "stride": 2},)),
        ):
            A, cache = layer(A, *arguments)
            caches.append(copy.deepcopy(cache))
    caches.append(tuple(A.shape))
    A.shape = (A.shape[0], A[0].size)
    Z, cache = dense_forward(A, parameters["W3"], parameters["b3"])
    return Z, [*caches, cache]


# GRADED FUNCTION: model_backward
def model_backward(dZ, caches):
    caches, gradients = list(caches), {}
    dA, gradients["dW3"], gradients["db3"] = dense_backward(dZ, caches.pop())
    dA = dA.reshape(caches.pop())
    for number in "21":
        dA = layers.pool_backward(dA, caches.pop())
        dA = relu_backward(dA, caches.pop())
        dA, dW, db = layers.conv_backward(dA, caches.pop(), need_dA=number == "2")
        gradients.update({"dW" + number: dW, "db" + number: db})
    return gradients


# GRADED FUNCTION: update_parameters
from copy import deepcopy


def update_parameters(
    parameters, gradients, state, learning_rate, beta1=0.9, beta2=0.999, epsilon=1e-8
):
    parameters, state = deepcopy(parameters), deepcopy(state)
    # All zeros may be one and the same dictionary.
    mean, square = deepcopy(state["mean"]), deepcopy(state["square"])
    state["t"] += 1
    for name, W in parameters.items():
        g = gradients[f"d{name}"]
        mean[name] += (1 - beta1) * (g - mean[name])
        square[name] += (1 - beta2) * (g * g - square[name])
        step = mean[name] / (1 - np.power(beta1, state["t"]))
        step /= np.sqrt(square[name] / (1 - np.power(beta2, state["t"]))) + epsilon
        W -= learning_rate * step
    state.update(mean=mean, square=square)
    return parameters, state


# GRADED FUNCTION: minibatches
def minibatches(path, batch_size, seed):
    """The file stays open; one array serves all batches."""
    file = h5py.File(path, mode="r")
    try:
        images, labels = file["train"]["images"], file["train"]["labels"][()]
        m, n_H, n_W = images.shape
        order = np.random.default_rng(seed=seed).permutation(m)
        X = np.empty((min(batch_size, m), n_H, n_W, 1), np.float32)
        start = 0
        while start < m:
            batch = order[start : start + batch_size].copy()
            batch.sort()
            X[: len(batch), :, :, 0] = images[batch]
            X[: len(batch)] /= 255
            yield X[: len(batch)], labels[batch]
            start += batch_size
    finally:
        file.close()


# GRADED FUNCTION: train_step
def train_step(parameters, state, X, Y, learning_rate):
    results = {}
    results["Z"], results["caches"] = model_forward(X, parameters)
    results["loss"], results["dZ"] = softmax_cross_entropy(results["Z"], Y)
    gradients = model_backward(results["dZ"], results["caches"])
    parameters, state = update_parameters(parameters, gradients, state, learning_rate)
    return parameters, state, results["loss"]
