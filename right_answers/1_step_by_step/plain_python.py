"""Assignment 1 in plain Python: lists and sums, Python's own numbers, converted at the end."""

import numpy as np


# GRADED FUNCTION: zero_pad
def zero_pad(X, pad):
    m, n_H, n_W, n_C = X.shape
    nothing = [0.0] * n_C
    padded = []
    for image in X.tolist():
        frame = [[nothing] * (n_W + 2 * pad) for _ in range(pad)]
        middle = [[nothing] * pad + row + [nothing] * pad for row in image]
        padded.append(frame + middle + frame)
    return np.array(padded)


# GRADED FUNCTION: conv_single_step
def conv_single_step(a_slice_prev, W, b):
    total = float(b[0, 0, 0])
    for pixel, weight in zip(a_slice_prev.flatten().tolist(), W.flatten().tolist(), strict=True):
        total += pixel * weight
    return total


# GRADED FUNCTION: conv_forward
def conv_forward(A_prev, W, b, hparameters):
    stride, pad, f, n_C = hparameters["stride"], hparameters["pad"], len(W), W.shape[3]
    n_H = (A_prev.shape[1] - f + 2 * pad) // stride + 1
    n_W = (A_prev.shape[2] - f + 2 * pad) // stride + 1
    images = zero_pad(A_prev, pad)
    Z = [
        [
            [
                [
                    conv_single_step(
                        image[h * stride : h * stride + f, w * stride : w * stride + f],
                        W[:, :, :, c],
                        b[:, :, :, c],
                    )
                    for c in range(n_C)
                ]
                for w in range(n_W)
            ]
            for h in range(n_H)
        ]
        for image in images
    ]
    return np.array(Z), (A_prev, W, b, hparameters)


# GRADED FUNCTION: pool_forward
def pool_forward(A_prev, hparameters, mode="max"):
    f, stride = hparameters["f"], hparameters["stride"]
    m, n_H_prev, n_W_prev, n_C = A_prev.shape
    numbers = A_prev.tolist()
    A = []
    for i in range(m):
        A.append([])
        for top in range(0, n_H_prev - f + 1, stride):
            A[i].append([])
            for left in range(0, n_W_prev - f + 1, stride):
                A[i][-1].append([])
                for c in range(n_C):
                    window = [
                        numbers[i][top + down][left + right][c]
                        for down in range(f)
                        for right in range(f)
                    ]
                    best = max(window) if mode == "max" else sum(window) / len(window)
                    A[i][-1][-1].append(best)
    return np.array(A), (A_prev, hparameters)


# GRADED FUNCTION: conv_backward
def conv_backward(dZ, cache):
    """One product at a time, pixels outside the image left out instead of padded."""
    A_prev, W, b, hparameters = cache
    stride, pad = hparameters["stride"], hparameters["pad"]
    m, n_H_prev, n_W_prev, n_C_prev = A_prev.shape
    pixels, weights = A_prev.tolist(), W.tolist()
    dA_prev, dW, db = A_prev * 0.0, W * 0.0, b * 0.0
    for (i, h, w, c), gradient in np.ndenumerate(dZ):
        db[0, 0, 0, c] += gradient
        for down in range(len(W)):
            for right in range(len(W)):
                row, column = h * stride + down - pad, w * stride + right - pad
                if not (0 <= row < n_H_prev and 0 <= column < n_W_prev):
                    continue
                for k in range(n_C_prev):
                    dA_prev[i, row, column, k] += weights[down][right][k][c] * gradient
                    dW[down, right, k, c] += pixels[i][row][column][k] * gradient
    return dA_prev, dW, db


# GRADED FUNCTION: create_mask_from_window
def create_mask_from_window(x):
    largest = max(max(row) for row in x.tolist())
    return np.array([[entry == largest for entry in row] for row in x.tolist()])


# GRADED FUNCTION: distribute_value
def distribute_value(dz, shape):
    n_H, n_W = shape
    share = dz / n_H / n_W
    return np.array([[share] * n_W] * n_H)


# GRADED FUNCTION: pool_backward
def pool_backward(dA, cache, mode="max"):
    """Find the winner by hand, and send it the gradient."""
    A_prev, hparameters = cache
    f, stride = hparameters["f"], hparameters["stride"]
    dA_prev = np.zeros(A_prev.shape).tolist()
    for (i, h, w, c), gradient in np.ndenumerate(dA):
        places = [(h * stride + k // f, w * stride + k % f) for k in range(f * f)]
        if mode == "max":
            places = [max(places, key=lambda place: A_prev[i, place[0], place[1], c])]
        for row, column in places:
            dA_prev[i][row][column][c] += float(gradient) / len(places)
    return np.array(dA_prev)
