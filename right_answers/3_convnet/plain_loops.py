"""Assignment 3 with loops over examples, entries and names, and helpers in plain Python."""

import h5py
import layers
import numpy as np


# GRADED FUNCTION: relu
def relu(Z):
    A = np.zeros_like(Z)
    for index in np.ndindex(Z.shape):
        if Z[index] > 0:
            A[index] = Z[index]
    return A, Z


# GRADED FUNCTION: relu_backward
def relu_backward(dA, cache):
    dZ = dA.copy()
    for index in np.ndindex(cache.shape):
        if not cache[index] > 0:
            dZ[index] = 0
    return dZ


# GRADED FUNCTION: dense_forward
def dense_forward(A_prev, W, b):
    (m, n_prev), n = A_prev.shape, W.shape[1]
    Z = np.empty((m, n))
    for i in range(m):
        for j in range(n):
            total = b[0, j]
            for k in range(n_prev):
                total += A_prev[i, k] * W[k, j]
            Z[i, j] = total
    return Z, (A_prev, W, b)


# GRADED FUNCTION: dense_backward
def dense_backward(dZ, cache):
    A_prev, W, b = cache
    dA_prev, dW, db = np.zeros(A_prev.shape), np.zeros(W.shape), np.zeros(b.shape)
    for i, da in enumerate(dA_prev):
        for j in range(W.shape[1]):
            da += dZ[i, j] * W[:, j]
            dW[:, j] += dZ[i, j] * A_prev[i]
            db[0, j] += dZ[i, j]
    return dA_prev, dW, db


# GRADED FUNCTION: softmax_cross_entropy
def loss_of_one(scores, label):
    """The loss of one example, and its probabilities."""
    largest = max(scores)
    exponentials = [np.exp(score - largest) for score in scores]
    total = sum(exponentials)
    return largest - scores[label] + np.log(total), [e / total for e in exponentials]


def softmax_cross_entropy(Z, Y):
    m = len(Y)
    loss, rows = 0.0, []
    for scores, label in zip(Z.astype(float), Y, strict=True):
        one, P = loss_of_one(scores, label)
        loss += one / m
        rows.append([(p - (k == label)) / m for k, p in enumerate(P)])
    return loss, np.array(rows)


# GRADED FUNCTION: initialize_parameters
def initialize_parameters(shapes, seed):
    rng = np.random.default_rng(seed)
    parameters = {}
    for name in shapes:
        *sides, n = shapes[name]
        fan_in = 1
        for side in sides:
            fan_in *= side
        W = rng.normal(size=shapes[name])
        parameters[name] = np.float32(W * (2 / fan_in) ** 0.5)
        parameters[name.replace("W", "b")] = np.zeros([1] * len(sides) + [n], dtype="float32")
    return parameters


# GRADED FUNCTION: model_forward
def model_forward(X, parameters):
    caches = []
    A = X
    for number in (1, 2):
        W, b = parameters[f"W{number}"], parameters[f"b{number}"]
        hparameters = {"pad": (W.shape[0] - 1) // 2, "stride": 1}
        A, cache = layers.conv_forward(A, W, b, hparameters)
        caches.append(cache)
        A, cache = relu(A)
        caches.append(cache)
        A, cache = layers.pool_forward(A, {"stride": 2, "f": 2})
        caches.append(cache)
    caches.append(A.shape)
    rows = np.array([image.ravel() for image in A])
    Z, cache = dense_forward(rows, parameters["W3"], parameters["b3"])
    caches.append(cache)
    return Z, caches


# GRADED FUNCTION: model_backward
def model_backward(dZ, caches):
    gradients = {}
    dA, gradients["dW3"], gradients["db3"] = dense_backward(dZ, caches[7])
    dA = np.array([row.reshape(caches[6][1:]) for row in dA])
    for number, place in ((2, 3), (1, 0)):
        dA = layers.pool_backward(dA, caches[place + 2])
        dA = relu_backward(dA, caches[place + 1])
        dA, dW, db = layers.conv_backward(dA, caches[place])
        gradients[f"dW{number}"], gradients[f"db{number}"] = dW, db
    return gradients


# GRADED FUNCTION: update_parameters
def update_parameters(
    parameters, gradients, state, learning_rate, beta1=0.9, beta2=0.999, epsilon=1e-8
):
    t = state["t"] + 1
    new, mean, square = {}, {}, {}
    for name in parameters:
        g = gradients["d" + name]
        W, M, S = (np.array(x, float) for x in (parameters[name], g, g))
        for k in np.ndindex(W.shape):
            M[k] = beta1 * state["mean"][name][k] + (1 - beta1) * g[k]
            S[k] = beta2 * state["square"][name][k] + (1 - beta2) * g[k] * g[k]
            down = (S[k] / (1 - beta2**t)) ** 0.5 + epsilon
            W[k] -= learning_rate * (M[k] / (1 - beta1**t)) / down
        new[name], mean[name], square[name] = W, M, S
    return new, {"t": t, "mean": mean, "square": square}


# GRADED FUNCTION: minibatches
def minibatches(path, batch_size, seed):
    """One picture at a time; the file is open only while a batch is read."""
    with h5py.File(path, "r") as file:
        m, n_H, n_W = file["train/images"].shape
    order = list(np.random.default_rng(seed).permutation(m))
    while order:
        batch, order = sorted(order[:batch_size]), order[batch_size:]
        X, Y = np.zeros((len(batch), n_H, n_W, 1), np.float32), np.zeros(len(batch), int)
        with h5py.File(path, "r") as file:
            for place, index in enumerate(batch):
                X[place, :, :, 0] = file["train/images"][index]
                Y[place] = file["train/labels"][index]
        yield X / 255, Y


# GRADED FUNCTION: train_step
def train_step(parameters, state, X, Y, learning_rate):
    Z, caches = model_forward(X, parameters)
    loss, dZ = softmax_cross_entropy(Z, Y)
    new, after = update_parameters(parameters, model_backward(dZ, caches), state, learning_rate)
    return new, after, loss
