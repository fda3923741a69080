"""The oracle of assignment 3: what hidden tests of a whole network compare with, and their inputs.

As in `oracle.py`, nothing here shares code with the solutions: layers are those of the oracle,
gradients come from the definition, by central differences in double precision, and running means
are sums in closed form. Shapes and names are those of the notebook.
"""

import math

import numpy as np

from grading.oracle import conv, generator, numeric_gradient, pool

STEP = 1e-6  # of central differences where the loss is no straight line
MARGIN = 1e-4  # between an input of a hidden case and the next kink of RELU or of a maximum
POOL = {"f": 2, "stride": 2}

# Sides that differ and that pooling does not divide, filters of 1, 3 and 5, a single example,
# more and fewer filters out than in.
#   (m, n_H, n_W, n_C), f and n_C of the first layer, the same of the second, classes
NETWORKS = [
    ((2, 8, 9, 1), 3, 2, 3, 3, 4),
    ((2, 9, 12, 2), 3, 3, 1, 2, 3),
    ((1, 5, 4, 1), 1, 2, 3, 1, 2),
    ((3, 6, 8, 1), 5, 1, 3, 2, 10),
]


def relu_cases(seed):
    """Inputs of relu: arrays of one to four axes, with zeros among them; the last is float32."""
    rng = generator(seed)
    cases = [rng.normal(size=shape) for shape in [(5,), (3, 4), (2, 3, 4, 2), (1, 1)]]
    cases[1][1, 2] = cases[2][0, 1, 1, 0] = 0.0
    return [*cases, rng.normal(size=(4, 3)).astype(np.float32)]


def slope_cases(seed):
    """Inputs of relu_backward and its result: a list of (dA, Z, dZ); dZ is 0 where Z is 0."""
    rng = generator(seed)
    cases = []
    for Z in relu_cases(seed):
        dA = rng.normal(loc=1.0, size=Z.shape).astype(Z.dtype)
        flat = [da if z > 0 else 0.0 for da, z in zip(dA.ravel(), Z.ravel(), strict=True)]
        cases.append((dA, Z, np.reshape(flat, Z.shape)))
    return cases


def dense_cases(seed):
    """Inputs of dense_forward and its result: a list of (A_prev, W, b, Z); the last is float32."""
    rng = generator(seed)
    cases = []
    for m, n_prev, n, kind in [
        (3, 4, 2, float),
        (1, 5, 3, float),
        (4, 2, 6, float),
        (5, 3, 1, float),
        (2, 3, 4, np.float32),
    ]:
        arrays = rng.normal(size=(m, n_prev)), rng.normal(size=(n_prev, n)), rng.normal(size=(1, n))
        A_prev, W, b = (array.astype(kind) for array in arrays)
        Z = np.einsum("ij,jk->ik", A_prev.astype(float), W.astype(float)) + b
        cases.append((A_prev, W, b, Z))
    return cases


def dense_gradient_cases(seed, of):
    """Inputs of dense_backward and one of its results: a list of (dZ, cache, gradient).

    `of` is the position in the cache of what the gradient belongs to: 0 A_prev, 1 W, 2 b.
    """
    rng = generator(seed)
    cases = []
    for *cache, Z in dense_cases(seed):
        dZ = rng.normal(size=Z.shape).astype(cache[0].dtype)

        def forward(x, cache=cache):
            A_prev, W, b = (*cache[:of], x, *cache[of + 1 :])
            return np.einsum("ij,jk->ik", np.asarray(A_prev, float), np.asarray(W, float)) + b

        cases.append((dZ, tuple(cache), numeric_gradient(forward, cache[of], dZ, step=1.0)))
    return cases


def cross_entropy(Z, Y):
    """Mean over the examples of log(sum of exp(scores)) minus the score of the right class."""
    Z = np.asarray(Z, float)
    losses = [np.logaddexp.reduce(scores) - scores[label] for scores, label in zip(Z, Y)]  # noqa: B905
    return math.fsum(losses) / len(losses)


def loss_cases(seed):
    """Inputs of softmax_cross_entropy and its results: a list of (Z, Y, loss, dZ)."""
    rng = generator(seed)
    cases = []
    for m, n, width, kind in [
        (1, 3, 2.0, float),
        (4, 10, 2.0, float),
        (5, 2, 3.0, float),  # no score far from the others: large_score_cases has those
        (3, 4, 2.0, np.float32),
    ]:
        Z = rng.uniform(-width, width, size=(m, n)).astype(kind)
        Y = rng.integers(0, n, size=m)
        dZ = numeric_gradient(lambda x, Y=Y: cross_entropy(x, Y), Z, 1.0, STEP)
        cases.append((Z, Y, cross_entropy(Z, Y), dZ))
    return cases


def large_score_cases(seed):
    """The same with scores far from zero, where exp has no finite value, or none but zero."""
    rng = generator(seed)
    cases = []
    for scale, shift in [(1.0, 1000.0), (1.0, -1000.0), (800.0, 0.0)]:
        order = np.stack([rng.permutation(4) for _ in range(3)])
        Z, Y = scale * order + shift, np.array([order[0].argmin(), 1, 2])
        dZ = numeric_gradient(lambda x, Y=Y: cross_entropy(x, Y), Z, 1.0, 1e-4)
        cases.append((Z, Y, cross_entropy(Z, Y), dZ))
    return cases


def initial(shapes, seed):
    """He's start: what initialize_parameters returns, in double precision."""
    rng, found = np.random.default_rng(seed), {}
    for name, shape in shapes.items():
        fan_in = math.prod(shape[:-1])
        found[name] = rng.standard_normal(shape) / math.sqrt(fan_in / 2)
        found["b" + name[1:]] = np.zeros([1] * (len(shape) - 1) + [shape[-1]])
    return found


def shape_cases(seed):
    """Inputs of initialize_parameters: a list of (shapes, seed)."""
    rng = generator(seed)
    cases = [({"W1": (5, 5, 1, 8), "W2": (5, 5, 8, 16), "W3": (784, 10)}, int(rng.integers(1000)))]
    for shape, f, n_C1, f2, n_C2, classes in NETWORKS[:3]:
        shapes = {"W1": (f, f, shape[3], n_C1), "W2": (f2, f2, n_C1, n_C2), "W3": (6, classes)}
        cases.append((shapes, int(rng.integers(1000))))
    return cases


def network(X, parameters):
    """Scores and caches of the network, in double precision, caches as the notebook lists them."""
    caches, A = [], np.asarray(X, float)
    for k in "12":
        W, b = (np.asarray(parameters[letter + k], float) for letter in "Wb")
        hparameters = {"stride": 1, "pad": len(W) // 2}
        Z = conv(A, W, b, hparameters)
        caches += [(A, W, b, hparameters), Z]
        positive = np.where(Z > 0, Z, 0.0)
        caches.append((positive, dict(POOL)))
        A = pool(positive, POOL, "max")
    flat = A.reshape(A.shape[0], A[0].size)
    W, b = (np.asarray(parameters[name], float) for name in ("W3", "b3"))
    return np.einsum("ij,jk->ik", flat, W) + b, [*caches, A.shape, (flat, W, b)]


def network_cases(seed):
    """Inputs of model_forward: a list of (X, parameters); the last one is float32."""
    rng = generator(seed)
    cases = [smooth_case(rng, *sizes) for sizes in NETWORKS]
    X, parameters = cases[0]
    single = {name: array.astype(np.float32) for name, array in parameters.items()}
    return [*cases, (X.astype(np.float32), single)]


def smooth_case(rng, shape, f, n_C1, f2, n_C2, classes):
    """X and parameters of a network that has no kink nearby, so that its slopes can be measured."""
    while True:
        inputs = (shape[1] // 2 // 2) * (shape[2] // 2 // 2) * n_C2
        shapes = {"W1": (f, f, shape[3], n_C1), "W2": (f2, f2, n_C1, n_C2)}
        shapes["W3"] = (inputs, classes)
        parameters = {}
        for name, sides in shapes.items():
            # He's rule: larger scores would make probabilities 0 and 1, and all gradients 0.
            parameters[name] = rng.normal(size=sides) * math.sqrt(2 / math.prod(sides[:-1]))
            b = rng.normal(scale=0.5, size=(1,) * (len(sides) - 1) + sides[-1:])
            parameters["b" + name[1:]] = b
        X = rng.normal(size=shape)
        if distance_to_kink(X, parameters) > MARGIN:
            return X, parameters


def distance_to_kink(X, parameters):
    """How far the network is from the next kink: of RELU at 0, or where two maxima are equal."""
    caches = network(X, parameters)[1]
    distances = []
    for Z in (caches[1], caches[4]):
        distances.append(np.abs(Z).min())
        n_H, n_W = (side // 2 * 2 for side in Z.shape[1:3])
        windows = Z[:, :n_H, :n_W].reshape(len(Z), n_H // 2, 2, n_W // 2, 2, -1)
        ranked = np.sort(windows.transpose(0, 1, 3, 5, 2, 4).reshape(-1, 4))
        open_ = ranked[:, -1] > 0  # what RELU has closed has no maximum to quarrel about
        distances.append(np.min((ranked[:, -1] - ranked[:, -2])[open_], initial=np.inf))
    return min(distances)


def network_gradients(X, parameters, result):
    """Gradients in all parameters of result(scores), a number: {"dW1": ...}."""
    found = {}
    for name in parameters:

        def value(x, name=name):
            return result(network(X, {**parameters, name: x})[0])

        found["d" + name] = numeric_gradient(value, parameters[name], 1.0, STEP)
    return found


def network_gradient_cases(seed):
    """Inputs of model_backward and its result: a list of (dZ, caches, gradients)."""
    rng = generator(seed)
    cases = []
    for X, parameters in network_cases(seed)[:-1]:
        Z, caches = network(X, parameters)
        dZ = rng.normal(size=Z.shape)
        gradients = network_gradients(X, parameters, lambda Z, dZ=dZ: np.sum(Z * dZ))
        cases.append((dZ, caches, gradients))
    return cases


def adam(parameters, history, learning_rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """One step of Adam, whose running means are written as sums over all gradients so far.

    Arguments: history, a list of dictionaries of gradients, the newest last.
    Returns the new parameters, the state before the step, and the state after it.
    """

    def running(beta, power, until):
        weights = [(1 - beta) * beta ** (until - 1 - k) for k in range(until)]
        return {
            name: sum(
                (w * np.asarray(g["d" + name], float) ** power)
                for w, g in zip(weights, history)  # noqa: B905  (history may be longer)
            )
            + np.zeros(array.shape)
            for name, array in parameters.items()
        }

    t = len(history)
    before, after = (
        {"t": n, "mean": running(beta1, 1, n), "square": running(beta2, 2, n)} for n in (t - 1, t)
    )
    new = {}
    for name, array in parameters.items():
        mean = after["mean"][name] / (1 - beta1**t)
        square = after["square"][name] / (1 - beta2**t)
        new[name] = array - learning_rate * mean / (square**0.5 + epsilon)
    return new, before, after


def adam_cases(seed):
    """Inputs of update_parameters and its results: a list of (arguments, parameters, state)."""
    rng = generator(seed)
    cases = []
    for t, settings in [
        (1, (0.1,)),
        (1, (0.5, 0.8, 0.9, 0.25)),
        (3, (0.1,)),
        (4, (0.3, 0.5, 0.75, 0.1)),
        (2, (0.2, 0.9, 0.99, 1e-3)),
    ]:
        shapes = {"W1": (2, 3), "b1": (1, 3), "W2": (3,)}
        parameters = {name: rng.normal(size=shape) for name, shape in shapes.items()}
        history = [
            {"d" + name: rng.normal(size=shape) for name, shape in shapes.items()} for _ in range(t)
        ]
        new, before, after = adam(parameters, history, *settings)
        cases.append(((parameters, history[-1], before, *settings), new, after))
    return cases


def batches(pictures, labels, batch_size, seed, most=64):
    """What minibatches yields, as a list of at most so many batches."""
    order, found = np.random.default_rng(seed).permutation(len(labels)).tolist(), []
    while order and len(found) < most:
        batch, order = sorted(order[:batch_size]), order[batch_size:]
        X = np.array([pictures[index] for index in batch], float)[..., None] / 255
        found.append((X, np.array([labels[index] for index in batch])))
    return found


def batch_cases(seed):
    """Inputs of minibatches and its result: a list of (arguments, batches), from small.h5."""
    rng = generator(seed)
    pictures = np.array([[[255, 25 * k, 25 * k], [25 * k] * 3] for k in range(10)])
    labels = np.arange(10) % 3
    return [
        (("small.h5", size, order), batches(pictures, labels, size, order))
        for size, order in zip((1, 3, 5, 10, 12), rng.integers(1000, size=5).tolist(), strict=True)
    ]


def torn_cases(seed):
    """The same from torn.h5, whose picture 100 can't be read; its turn comes after those asked."""
    rng = generator(seed)
    pictures = (np.arange(1200) % 256).reshape(200, 2, 3)
    cases = []
    for size in (1, 2):
        order = int(rng.integers(1000))
        while 100 in np.random.default_rng(order).permutation(200)[: 64 * size]:
            order += 1
        wanted = batches(pictures, np.arange(200) % 10, size, order)
        cases.append((("torn.h5", size, order), wanted))
    return cases


def step_cases(seed):
    """Inputs of train_step and its results: a list of (arguments, parameters, state, loss)."""
    rng = generator(seed)
    cases = []
    for X, parameters in network_cases(seed)[:2]:
        classes = parameters["b3"].size
        Y = rng.integers(0, classes, size=len(X))
        first = {"d" + name: rng.normal(size=array.shape) for name, array in parameters.items()}
        gradients = network_gradients(X, parameters, lambda Z, Y=Y: cross_entropy(Z, Y))
        new, before, after = adam(parameters, [first, gradients], 0.1)
        loss = cross_entropy(network(X, parameters)[0], Y)
        cases.append(((parameters, before, X, Y, 0.1), new, after, loss))
    return cases
