"""The fast layers are the same functions as the loops of assignment 1, and bounded in memory."""

import sys
import tracemalloc

import numpy as np
import pytest
import torch_reference
from cells import define
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from test_solutions import conv_configurations, pool_configurations

from grading.bank import ROOT, solutions

sys.path.insert(0, str(ROOT / "source" / "3_convnet"))
import layers as fast  # noqa: E402

LOOPS = define(solutions("1_step_by_step"))
many = settings(max_examples=100, deadline=None, derandomize=True)
slices = st.sampled_from([1, 100, fast.MOST])  # one example at a time, a few, all


@many
@given(conv_configurations(), slices)
def test_conv_is_that_of_the_loops(arguments, most):
    Z, cache = fast.conv_forward(*arguments, most)
    assert_allclose(Z, LOOPS["conv_forward"](*arguments)[0], atol=1e-9)
    assert all(kept is given for kept, given in zip(cache, arguments, strict=True))
    dZ = np.cos(np.arange(Z.size)).reshape(Z.shape)
    wants = LOOPS["conv_backward"](dZ, arguments)
    for got, want in zip(fast.conv_backward(dZ, cache, most=most), wants, strict=True):
        assert got.shape == want.shape
        assert_allclose(got, want, atol=1e-9)


@pytest.mark.parametrize("f, stride, pad", [(3, 1, 1), (3, 2, 1), (2, 3, 0), (4, 2, 3), (1, 1, 0)])
@pytest.mark.parametrize("n_C_prev", [fast.MANY_CHANNELS - 1, fast.MANY_CHANNELS])
def test_conv_of_many_channels_is_that_of_pytorch(f, stride, pad, n_C_prev):
    rng, hparameters = np.random.default_rng(f), {"stride": stride, "pad": pad}
    A_prev, W = rng.normal(size=(5, 7, 6, n_C_prev)), rng.normal(size=(f, f, n_C_prev, 4))
    arguments = A_prev, W, rng.normal(size=(1, 1, 1, 4)), hparameters
    Z, cache = fast.conv_forward(*arguments, 10_000)
    assert_allclose(Z, torch_reference.conv(*arguments), atol=1e-9)
    gradients = fast.conv_backward(np.sin(Z), cache, most=10_000)
    wants = torch_reference.conv_gradients(np.sin(Z), cache)
    for got, want in zip(gradients, wants, strict=True):
        assert_allclose(got, want, atol=1e-9)


@pytest.mark.parametrize(
    "f, stride, pad", [(f, s, p) for f in range(1, 6) for s in (1, 2, 3) for p in range(3)]
)
@pytest.mark.parametrize("m, n_H_prev, n_W_prev", [(5, 7, 12), (1, 9, 13)])
def test_windows_taken_in_blocks_give_what_single_ones_give(
    f, stride, pad, m, n_H_prev, n_W_prev, monkeypatch
):
    """Also of an input that is a view with gaps, and in single precision."""
    rng, hparameters = np.random.default_rng(f), {"stride": stride, "pad": pad}
    A_prev = rng.normal(size=(m, n_W_prev, n_H_prev, 6)).transpose(0, 2, 1, 3)[..., ::2]
    W, b = rng.normal(size=(f, f, 3, 2)), rng.normal(size=(1, 1, 1, 2))
    n_W = (n_W_prev + 2 * pad - f) // stride + 1
    blocks = [block for block in range(1, n_W + 1) if n_W % block == 0]
    want = torch_reference.conv(A_prev, W, b, hparameters)
    for block in blocks:
        monkeypatch.setattr(fast, "windows_in_block", lambda *_, block=block: block)
        for most in (1, 1000, fast.MOST):
            assert_allclose(fast.conv_forward(A_prev, W, b, hparameters, most)[0], want, atol=1e-9)
        single = [array.astype(np.float32) for array in (A_prev, W, b)]
        Z = fast.conv_forward(*single, hparameters)[0]
        assert Z.dtype == np.float32
        assert np.abs(Z - want).max() <= 1e-5 * np.abs(want).max()
        assert fast.conv_forward(single[0], W, b, hparameters)[0].dtype == np.float64


@pytest.mark.parametrize(
    "W_shape, n_W, stride, want",
    [
        ((5, 5, 1, 8), 28, 1, 4),
        ((5, 5, 1, 8), 27, 1, 3),  # 4 do not divide 27
        ((5, 5, 1, 8), 14, 2, 2),
        ((3, 3, 3, 16), 32, 1, 2),
        ((3, 3, 3, 16), 16, 2, 1),  # 5 / 3 of the multiplications
        ((1, 1, 3, 8), 32, 1, 1),  # windows that share nothing
        ((3, 3, 3, 33), 32, 1, 1),  # wide enough alone
        ((3, 3, fast.MANY_CHANNELS, 8), 32, 1, 1),
    ],
)
def test_windows_are_taken_in_blocks_where_it_pays_off(W_shape, n_W, stride, want):
    assert fast.windows_in_block(W_shape, n_W, stride) == want


@many
@given(pool_configurations(), st.sampled_from(["max", "average"]), slices)
def test_pooling_is_that_of_the_loops(arguments, mode, most):
    A, cache = fast.pool_forward(*arguments, mode, most)
    assert_allclose(A, LOOPS["pool_forward"](*arguments, mode)[0], atol=1e-12)
    dA = np.cos(np.arange(A.size)).reshape(A.shape)
    want = LOOPS["pool_backward"](dA, cache, mode)
    assert_allclose(fast.pool_backward(dA, cache, mode, most), want, atol=1e-12)


@pytest.mark.parametrize("f, stride", [(2, 2), (3, 2), (2, 1), (3, 4)])
def test_a_tie_has_the_winner_that_it_has_in_pytorch(f, stride):
    A_prev = np.random.default_rng(f).integers(0, 3, size=(4, 9, 8, 3)).astype(float)
    A, cache = fast.pool_forward(A_prev, {"f": f, "stride": stride})
    dA = np.random.default_rng(1).normal(size=A.shape)
    want = torch_reference.pool_gradient(dA, cache)
    assert_allclose(fast.pool_backward(dA, cache), want, atol=1e-12)


def test_single_precision_stays_and_arguments_too():
    rng, hparameters = np.random.default_rng(1), {"stride": 2, "pad": 1}
    shapes = (3, 6, 5, 2), (3, 3, 2, 4), (1, 1, 1, 4)
    A_prev, W, b = arrays = [rng.normal(size=shape).astype(np.float32) for shape in shapes]
    before = [array.copy() for array in arrays]
    Z, cache = fast.conv_forward(A_prev, W, b, hparameters)
    A, pool_cache = fast.pool_forward(A_prev, {"f": 2, "stride": 2}, "average")
    results = [Z, *fast.conv_backward(Z, cache), A, fast.pool_backward(A, pool_cache, "average")]
    assert {result.dtype for result in results} == {np.dtype(np.float32)}
    for array, copy in zip(arrays, before, strict=True):
        assert_array_equal(array, copy)


def test_the_first_layer_needs_no_gradient_of_its_input():
    rng = np.random.default_rng(2)
    A_prev, W = rng.normal(size=(2, 5, 5, 3)), rng.normal(size=(3, 3, 3, 4))
    cache = A_prev, W, np.zeros((1, 1, 1, 4)), {"stride": 1, "pad": 1}
    dZ = rng.normal(size=(2, 5, 5, 4))
    _, dW, db = fast.conv_backward(dZ, cache)
    nothing, *same = fast.conv_backward(dZ, cache, need_dA=False)
    assert nothing is None
    assert_array_equal(same[0], dW)
    assert_array_equal(same[1], db)


def test_filters_that_do_not_fit_are_refused():
    W, b = np.ones((3, 3, 2, 4)), np.ones((1, 1, 1, 4))
    with pytest.raises(ValueError, match=r"\(2, 5, 5, 3\), but the filters W \(3, 3, 2, 4\) need"):
        fast.conv_forward(np.ones((2, 5, 5, 3)), W, b, {"stride": 1, "pad": 0})


def test_a_window_that_does_not_fit_and_an_unknown_mode_are_refused():
    A_prev, W, b = np.ones((1, 2, 5, 1)), np.ones((4, 4, 1, 1)), np.ones((1, 1, 1, 1))
    with pytest.raises(ValueError, match=r"window \(4, 4\) is larger .* \(2, 5\)"):
        fast.conv_forward(A_prev, W, b, {"stride": 1, "pad": 0})
    hparameters = {"f": 2, "stride": 1}
    with pytest.raises(ValueError, match="mode is 'max' or 'average', not 'min'"):
        fast.pool_forward(A_prev, hparameters, "min")
    with pytest.raises(ValueError, match="mode is 'max' or 'average', not 'min'"):
        fast.pool_backward(np.ones((1, 1, 4, 1)), (A_prev, hparameters), "min")


def test_a_batch_may_be_empty():
    A_prev, W, b = np.ones((0, 5, 6, 2)), np.ones((3, 3, 2, 4)), np.ones((1, 1, 1, 4))
    Z, cache = fast.conv_forward(A_prev, W, b, {"stride": 1, "pad": 0})
    dA_prev, dW, db = fast.conv_backward(Z, cache)
    assert Z.shape == (0, 3, 4, 4) and dA_prev.shape == A_prev.shape
    assert not dW.any() and not db.any()
    A, cache = fast.pool_forward(A_prev, {"f": 2, "stride": 2})
    assert A.shape == (0, 2, 3, 2) and fast.pool_backward(A, cache).shape == A_prev.shape


def test_the_setting_bounds_the_memory():
    """On top of results: the setting, and little more; all at once takes 50 times that."""
    A_prev = np.ones((64, 28, 28, 8), np.float32)
    arguments = A_prev, np.ones((3, 3, 8, 8), np.float32), np.ones((1, 1, 1, 8), np.float32)
    hparameters, most = {"stride": 1, "pad": 1}, 72_000
    for setting, at_least, at_most in ((most, 0.5, 2.5), (10**9, 100, 150)):
        fast.KEPT.clear()
        tracemalloc.start()
        Z, cache = fast.conv_forward(*arguments, hparameters, setting)
        results = Z, *fast.conv_backward(Z, cache, most=setting)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        used = (peak - sum(result.nbytes for result in results)) / (4 * most)
        assert at_least < used < at_most, used
    fast.KEPT.clear()
