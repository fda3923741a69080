"""Assignment 1 by other things that can be called: lambdas, a partial, an object, an alias,
an inner function, a decorated one; helpers bound when a function is defined."""

import numpy as np

# GRADED FUNCTION: zero_pad
zero_pad = lambda X, pad: np.pad(X, [(0, 0), (pad, pad), (pad, pad), (0, 0)])


# GRADED FUNCTION: conv_single_step
class Step:
    """An object that is called like a function."""

    def __call__(self, a_slice_prev, W, b):
        return np.dot(a_slice_prev.reshape(-1), W.reshape(-1)) + b.sum()


conv_single_step = Step()

# GRADED FUNCTION: conv_forward
pad_images, one_step = zero_pad, conv_single_step


def conv_forward(A_prev, W, b, hparameters, pad_with=zero_pad, step=conv_single_step):
    """Helpers are defaults, bound when this line ran; they take one image at a time, too."""
    stride, f = hparameters["stride"], W.shape[0]

    def one_example(image):
        padded = pad_with(image[None], hparameters["pad"])[0]
        n_H, n_W = ((side - f) // stride + 1 for side in padded.shape[:2])
        z = np.zeros((n_H, n_W, W.shape[3]))
        for h, w, c in np.ndindex(z.shape):
            window = padded[h * stride :, w * stride :][:f, :f]
            z[h, w, c] = step(window, W[..., c], b[..., c])
        return z

    return np.array([one_example(image) for image in A_prev]), (A_prev, W, b, hparameters)


# GRADED FUNCTION: pool_forward
import functools


def pool(reducers, A_prev, hparameters, mode="max"):
    """Pool with any of some reducers."""
    f, stride = hparameters["f"], hparameters["stride"]
    tops, lefts = (range(0, side - f + 1, stride) for side in A_prev.shape[1:3])
    A = [
        [reducers[mode](A_prev[:, top : top + f, left : left + f], axis=(1, 2)) for left in lefts]
        for top in tops
    ]
    return np.array(A).transpose(2, 0, 1, 3), (A_prev, hparameters)


pool_forward = functools.partial(pool, {"max": np.max, "average": np.mean})


# GRADED FUNCTION: conv_backward
def announced(function):
    """Print the name of a function when it is called."""

    @functools.wraps(function)
    def call(*arguments, **keywords):
        print("called:", function.__name__)
        return function(*arguments, **keywords)

    return call


@announced
def conv_backward(dZ, cache):
    """Gradients of one example, added up over the batch."""
    A_prev, W, b, hparameters = cache
    stride, pad, f = hparameters["stride"], hparameters["pad"], W.shape[0]

    def one_example(image, dz):
        padded = pad_images(image[None], pad)[0]
        da, dw = np.zeros(padded.shape), np.zeros(W.shape)
        for h, w in np.ndindex(dz.shape[:2]):
            here = np.s_[h * stride : h * stride + f, w * stride : w * stride + f]
            da[here] += W @ dz[h, w]
            dw += padded[here][..., None] * dz[h, w]
        return da[pad : pad + image.shape[0], pad : pad + image.shape[1]], dw

    gradients = [one_example(*pair) for pair in zip(A_prev, dZ, strict=True)]
    dA_prev, dW = np.stack([da for da, _ in gradients]), sum(dw for _, dw in gradients)
    return dA_prev, dW, dZ.sum((0, 1, 2), keepdims=True)


# GRADED FUNCTION: create_mask_from_window
def mark(x):
    """The answer under another name."""
    return np.isclose(x, x.max(), rtol=0, atol=0)


create_mask_from_window = mark

# GRADED FUNCTION: distribute_value
distribute_value = lambda dz, shape: np.tile(dz / shape[0] / shape[1], shape)


# GRADED FUNCTION: pool_backward
def make_pool_backward(mask, share):
    """A function that remembers its helpers."""

    def pool_backward(dA, cache, mode="max"):
        A_prev, hparameters = cache
        f, stride = hparameters["f"], hparameters["stride"]
        dA_prev = np.zeros(A_prev.shape)
        for i, h, w, c in np.ndindex(dA.shape):
            here = np.s_[i, h * stride : h * stride + f, w * stride : w * stride + f, c]
            if mode == "max":
                dA_prev[here] += np.multiply(mask(A_prev[here]), dA[i, h, w, c])
            else:
                dA_prev[here] += share(dA[i, h, w, c], (f, f))
        return dA_prev

    return pool_backward


pool_backward = make_pool_backward(create_mask_from_window, distribute_value)
