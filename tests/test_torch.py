"""PyTorch agrees with the oracle that grades, and says what to install where it is missing."""

import sys

import numpy as np
import pytest
import torch_reference
from conftest import run
from numpy.testing import assert_allclose, assert_array_equal

from grading import oracle


def test_conv():
    for arguments in oracle.conv_cases(seed=71):
        A_prev, W, b, hparameters = arguments
        arguments = (A_prev.astype(float), W.astype(float), b.astype(float), hparameters)
        assert_allclose(torch_reference.conv(*arguments), oracle.conv(*arguments), atol=1e-9)


@pytest.mark.parametrize("of", range(3), ids=["dA_prev", "dW", "db"])
def test_conv_gradients(of):
    for dZ, cache, want in oracle.conv_gradient_cases(72, of):
        *arrays, hparameters = cache
        cache = (*(array.astype(float) for array in arrays), hparameters)
        got = torch_reference.conv_gradients(dZ.astype(float), cache)
        assert [gradient.shape for gradient in got] == [array.shape for array in arrays]
        assert_allclose(got[of], want, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("mode", ["max", "average"])
def test_pool_and_its_gradient(mode):
    for dA, cache, want in oracle.pool_gradient_cases(73, mode):
        A_prev, hparameters = cache[0].astype(float), cache[1]
        got = torch_reference.pool(A_prev, hparameters, mode)
        assert_allclose(got, oracle.pool(A_prev, hparameters, mode), atol=1e-12)
        got = torch_reference.pool_gradient(dA.astype(float), (A_prev, hparameters), mode)
        assert_allclose(got, want, rtol=1e-5, atol=1e-5)


def test_a_tie_goes_to_the_first_maximum_in_row_order():
    ties = np.reshape([[1.0, 7, 7], [7, 7, 2]], (1, 2, 3, 1))
    dA = np.reshape([3.0, 5.0], (1, 1, 2, 1))
    got = torch_reference.pool_gradient(dA, (ties, {"f": 2, "stride": 1}))
    assert_array_equal(got[0, :, :, 0], [[0, 8, 0], [0, 0, 0]])


def test_gradients_of_anything():
    x, y, unused = np.array([1.0, 2.0]), np.array([3.0, 5.0]), np.array([4.0])
    result, (dx, dy, none) = torch_reference.gradients(lambda x, y, _: x * y * y, [x, y, unused])
    assert_array_equal(result, [9, 50])
    assert_array_equal([*dx, *dy, *none], [9, 25, 6, 20, 0])
    _, (dx,) = torch_reference.gradients(lambda x: x**2, [x], upstream=np.array([10.0, 100.0]))
    assert_array_equal(dx, [20, 400])


def test_types_stay_as_they_are():
    A_prev, W, b = np.ones((1, 3, 3, 2)), np.ones((2, 2, 2, 3)), np.zeros((1, 1, 1, 3))
    for kind in (np.float32, np.float64):
        arrays = [array.astype(kind) for array in (A_prev, W, b)]
        Z = torch_reference.conv(*arrays, {"stride": 1, "pad": 0})
        assert Z.dtype == kind and np.all(Z == 8)


def test_without_it_one_is_told_what_to_install(tmp_path):
    (tmp_path / "torch.py").write_text("raise ImportError('as if it were not there')")
    script = f"import sys; sys.path[:0] = {[str(tmp_path), *sys.path]}; import torch_reference"
    done = run(sys.executable, "-c", script)
    assert done.returncode != 0 and "make .venv/installed-torch" in done.stderr
