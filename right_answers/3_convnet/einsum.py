"""Assignment 3 in sums of indices: einsum, one-hot rows, masks as factors, logaddexp."""

import h5py
import layers
import numpy as np


# GRADED FUNCTION: relu
def relu(Z):
    return Z * (Z > 0), Z


# GRADED FUNCTION: relu_backward
def relu_backward(dA, cache):
    return dA * (cache > 0)


# GRADED FUNCTION: dense_forward
def dense_forward(A_prev, W, b):
    return np.einsum("ik,kj->ij", A_prev, W) + b, (A_prev, W, b)


# GRADED FUNCTION: dense_backward
def dense_backward(dZ, cache):
    A_prev, W, b = cache
    dA_prev = np.einsum("ij,kj->ik", dZ, W)
    dW = np.einsum("ik,ij->kj", A_prev, dZ)
    return dA_prev, dW, np.einsum("ij->j", dZ)[None]


# GRADED FUNCTION: softmax_cross_entropy
def softmax_cross_entropy(Z, Y):
    truth = np.eye(Z.shape[1])[Y]
    log_P = Z - np.logaddexp.reduce(Z, axis=1)[:, None]
    loss = -np.einsum("ij,ij->", truth, log_P) / len(Z)
    return loss, (np.exp(log_P) - truth) / len(Z)


# GRADED FUNCTION: initialize_parameters
def initialize_parameters(shapes, seed):
    rng, parameters = np.random.default_rng(seed), {}
    for name, shape in shapes.items():
        W = rng.normal(size=shape)
        W *= np.sqrt(2 * shape[-1] / W.size)
        b = np.zeros_like(W[(slice(1),) * (W.ndim - 1)])
        parameters |= {name: W.astype("f4"), f"b{name[1:]}": b.astype("f4")}
    return parameters


# GRADED FUNCTION: model_forward
def block(A, W, b):
    """CONV, RELU, POOL: the result, and three caches."""
    pad = len(W) // 2
    Z, conv_cache = layers.conv_forward(A, W, b, dict(stride=1, pad=pad))
    A, relu_cache = relu(Z)
    A, pool_cache = layers.pool_forward(A, dict(f=2, stride=2))
    return A, [conv_cache, relu_cache, pool_cache]


def model_forward(X, parameters):
    W1, b1, W2, b2, W3, b3 = (parameters[name] for name in "W1 b1 W2 b2 W3 b3".split())
    A1, first = block(X, W1, b1)
    A2, second = block(A1, W2, b2)
    weights = W3.reshape(*A2.shape[1:], W3.shape[1])
    Z = np.einsum("ihwc,hwcn->in", A2, weights) + b3
    return Z, [*first, *second, A2.shape, (A2.reshape(len(A2), -1), W3, b3)]


# GRADED FUNCTION: model_backward
def block_backward(dA, conv_cache, relu_cache, pool_cache):
    """The gradients of one block: of its input, its filters, its biases."""
    dA = layers.pool_backward(dA, pool_cache)
    return layers.conv_backward(relu_backward(dA, relu_cache), conv_cache)


def model_backward(dZ, caches):
    dA, dW3, db3 = dense_backward(dZ, caches[-1])
    dA, dW2, db2 = block_backward(np.reshape(dA, caches[-2]), *caches[3:6])
    _, dW1, db1 = block_backward(dA, *caches[:3])
    return dict(dW1=dW1, db1=db1, dW2=dW2, db2=db2, dW3=dW3, db3=db3)


# GRADED FUNCTION: update_parameters
def update_parameters(
    parameters, gradients, state, learning_rate, beta1=0.9, beta2=0.999, epsilon=1e-8
):
    """The two corrections go into the learning rate and epsilon."""
    t = state["t"] + 1
    root = np.sqrt(1 - beta2**t)
    rate, small = learning_rate * root / (1 - beta1**t), epsilon * root
    mean = {n: beta1 * old + (1 - beta1) * gradients["d" + n] for n, old in state["mean"].items()}
    square = {
        n: beta2 * old + (1 - beta2) * np.square(gradients["d" + n])
        for n, old in state["square"].items()
    }
    new = {n: W - rate * mean[n] / (np.sqrt(square[n]) + small) for n, W in parameters.items()}
    return new, dict(t=t, mean=mean, square=square)


# GRADED FUNCTION: minibatches
def minibatches(path, batch_size, seed):
    """A mask chooses what is read."""
    with h5py.File(path) as file:
        group = file["train"]
        m = len(group["labels"])
        order = np.random.default_rng(seed).permutation(m)
        for start in range(0, m, batch_size):
            chosen = np.zeros(m, bool)
            chosen[order[start : start + batch_size]] = True
            X = np.float32(group["images"][chosen]) * np.float32(1 / 255)
            yield np.expand_dims(X, -1), group["labels"][chosen]


# GRADED FUNCTION: train_step
def train_step(parameters, state, X, Y, learning_rate):
    scores, caches = model_forward(X, parameters)
    loss, slope = softmax_cross_entropy(scores, Y)
    return *update_parameters(parameters, model_backward(slope, caches), state, learning_rate), loss
