"""The network of assignment 3: its gradients, PyTorch's, checks before a training, checkpoints."""

import os

import h5py
import numpy as np
import pytest
import torch_reference
from cells import define, folder, reference
from numpy.testing import assert_allclose, assert_array_equal
from torch.nn import functional

from grading.beside import beside

ASSIGNMENT = "3_convnet"
SHAPES = {"W1": (5, 5, 1, 8), "W2": (5, 5, 8, 16), "W3": (784, 10)}
NAMES = ["W1", "b1", "W2", "b2", "W3", "b3"]
MODEL = define(reference(ASSIGNMENT), ASSIGNMENT)
with beside(folder(ASSIGNMENT)):
    from checkpoints import load_parameters, save_parameters


@pytest.fixture(scope="module")
def parameters():
    """What the notebook starts with."""
    return MODEL["initialize_parameters"](SHAPES, seed=0)


@pytest.fixture(scope="module")
def batch():
    """The first 64 training digits, (64, 28, 28, 1), float32 from 0 to 1, and their labels."""
    with h5py.File(folder(ASSIGNMENT) / "digits.h5") as file:
        images, labels = file["train/images"][:64], file["train/labels"][:64]
    return images[..., np.newaxis].astype(np.float32) / 255, labels.astype(int)


def loss_and_gradients(parameters, X, Y):
    """Our loss of a batch, and the gradients in the order of NAMES."""
    Z, caches = MODEL["model_forward"](X, parameters)
    loss, dZ = MODEL["softmax_cross_entropy"](Z, Y)
    gradients = MODEL["model_backward"](dZ, caches)
    return loss, [gradients["d" + name] for name in NAMES]


def torch_loss(X, Y):
    """The same network in PyTorch: a function of six tensors, for torch_reference.gradients."""
    X, Y = map(torch_reference.torch.tensor, (X, Y))

    def loss(W1, b1, W2, b2, W3, b3):
        A = X
        for W, b in ((W1, b1), (W2, b2)):
            hparameters = {"stride": 1, "pad": W.shape[0] // 2}
            A = functional.relu(torch_reference.conv_layer(A, W, b, hparameters))
            A = torch_reference.pool_layer(A, {"f": 2, "stride": 2})
        return functional.cross_entropy(A.flatten(1) @ W3 + b3, Y)

    return loss


@pytest.mark.parametrize("steps", [0, 5])
def test_pytorch_gets_the_same_loss_and_gradients(parameters, batch, steps):
    """In single precision, at the start and after some steps."""
    state = fresh_state(parameters)
    for _ in range(steps):
        parameters, state, _ = MODEL["train_step"](parameters, state, *batch, 0.003)
    loss, ours = loss_and_gradients(parameters, *batch)
    theirs = torch_reference.gradients(torch_loss(*batch), [parameters[name] for name in NAMES])
    assert_allclose(loss, theirs[0], rtol=1e-5)
    for name, got, want in zip(NAMES, ours, theirs[1], strict=True):
        assert got.dtype == want.dtype == np.float32
        assert got.shape == want.shape == parameters[name].shape
        assert np.abs(want).max() > 1e-3, "zeros would agree with anything"
        assert_allclose(got, want, atol=1e-5 * max(1, np.abs(want).max()), err_msg=name)


def test_every_gradient_is_the_slope_of_the_loss(parameters, batch):
    """The model as it is, in double precision: 40 entries of each array, central differences.

    Biases are not 0 here: where a picture is black, RELU would stand exactly at its kink.
    """
    rng, step = np.random.default_rng(1), 1e-6
    double = {name: array.astype(float) for name, array in parameters.items()}
    double |= {name: double[name] + rng.normal(size=double[name].shape) for name in NAMES[1::2]}
    X, Y = batch[0][:8].astype(float), batch[1][:8]
    _, gradients = loss_and_gradients(double, X, Y)
    for name, gradient in zip(NAMES, gradients, strict=True):
        flat = double[name].reshape(-1)
        for k in rng.permutation(flat.size)[:40]:
            losses = []
            for moved in (flat[k] + step, flat[k] - step):
                kept, flat[k] = flat[k], moved
                Z, _ = MODEL["model_forward"](X, double)
                losses.append(MODEL["softmax_cross_entropy"](Z, Y)[0])
                flat[k] = kept
            slope = (losses[0] - losses[1]) / (2 * step)
            assert_allclose(gradient.reshape(-1)[k], slope, atol=1e-7, err_msg=f"{name}, {k}")


def test_an_untrained_network_knows_nothing(batch):
    """Equal probabilities would be log 10; He's scores differ a little, so it is a bit more."""
    starts = [MODEL["initialize_parameters"](SHAPES, seed) for seed in range(10)]
    losses = [loss_and_gradients(parameters, *batch)[0] for parameters in starts]
    assert 2.0 < min(losses) and max(losses) < 3.5
    assert abs(np.mean(losses) - np.log(10)) < 0.5, losses


def fresh_state(parameters):
    """Adam's state before the first step."""
    mean, square = ({n: np.zeros_like(a) for n, a in parameters.items()} for _ in range(2))
    return {"t": 0, "mean": mean, "square": square}


def learn(parameters, batch, steps):
    """Losses of so many steps on one batch."""
    state, losses = fresh_state(parameters), []
    for _ in range(steps):
        parameters, state, loss = MODEL["train_step"](parameters, state, *batch, 0.003)
        losses.append(loss)
    assert all(array.dtype == np.float32 for array in parameters.values())
    return losses


def test_it_learns_64_digits_by_heart(parameters, batch):
    losses = learn(parameters, batch, 60)
    assert losses[0] > 2 and losses[20] < losses[10] < losses[0] and losses[-1] < 0.1


def test_a_mistake_in_the_gradient_would_be_seen(parameters, batch, monkeypatch):
    """The check by heart can fail: without the gradients of the first layers it does."""

    def only_the_last(dZ, caches, backward=MODEL["model_backward"]):
        gradients = backward(dZ, caches)
        return {n: g if n in ("dW3", "db3") else -g for n, g in gradients.items()}

    monkeypatch.setitem(MODEL["train_step"].__globals__, "model_backward", only_the_last)
    assert learn(parameters, batch, 60)[-1] > 0.1


# Checkpoints


def test_a_round_trip_changes_nothing(parameters, tmp_path):
    odd = {"W1": np.array([[np.nan, -0.0, np.inf]]), "b1": np.zeros((1, 0)), "t": np.int64(7)}
    for arrays in (parameters, odd):
        save_parameters(tmp_path / "kept.h5", arrays, epochs=3)
        again = load_parameters(tmp_path / "kept.h5", {n: np.shape(a) for n, a in arrays.items()})
        assert list(again) == list(arrays)
        for name, array in arrays.items():
            assert again[name].dtype == array.dtype
            assert_array_equal(again[name], array)
            assert again[name].tobytes() == array.tobytes()
    with h5py.File(tmp_path / "kept.h5") as file:
        assert dict(file.attrs) == {"epochs": 3}
    assert os.listdir(tmp_path) == ["kept.h5"]


def test_training_goes_on_where_it_stopped(parameters, batch, tmp_path):
    step, state = MODEL["train_step"], fresh_state(parameters)
    parameters, state, _ = step(parameters, state, *batch, 0.003)
    save_parameters(tmp_path / "kept.h5", parameters)
    again = load_parameters(tmp_path / "kept.h5", {n: a.shape for n, a in parameters.items()})
    for name, array in step(again, state, *batch, 0.003)[0].items():
        assert_array_equal(array, step(parameters, state, *batch, 0.003)[0][name])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"b1": (1, 1, 1, 6)}, r"its b1 has shape \(1, 1, 1, 8\), yours \(1, 1, 1, 6\)"),
        ({"W4": (2, 2)}, "it holds no W4"),
        ({"W3": None}, "it holds W3, which yours has not"),
    ],
)
def test_a_file_of_another_shape(parameters, tmp_path, change, message):
    save_parameters(tmp_path / "kept.h5", parameters)
    shapes = {name: array.shape for name, array in parameters.items()} | change
    shapes = {name: shape for name, shape in shapes.items() if shape}
    with pytest.raises(ValueError, match=f"kept.h5 is of another network: {message}"):
        load_parameters(tmp_path / "kept.h5", shapes)


def test_a_checkpoint_that_is_not_there_or_damaged(parameters, tmp_path):
    path = tmp_path / "kept.h5"
    with pytest.raises(FileNotFoundError, match="no checkpoint .*kept.h5: save one first"):
        load_parameters(path, SHAPES)
    save_parameters(path, parameters)
    os.truncate(path, 5000)
    with pytest.raises(ValueError, match="kept.h5 is damaged, or no HDF5 file"):
        load_parameters(path, SHAPES)


def test_an_interrupted_save_leaves_the_old_file(parameters, tmp_path):
    path = tmp_path / "kept.h5"
    save_parameters(path, parameters)
    before = path.read_bytes()
    with pytest.raises(TypeError):
        save_parameters(path, {"W1": parameters["W1"], "b1": object()})
    assert path.read_bytes() == before
