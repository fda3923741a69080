"""The reference solutions agree with the oracle on random configurations."""

import numpy as np
import pytest
from cells import count_calls, define, run_tests
from closed_forms import conv_by_scipy, conv_gradients_closed
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from grading import oracle
from grading.bank import solutions

REFERENCE = define(solutions("1_step_by_step"))
# Deterministic, so that a failure in CI is a failure on every laptop.
many = settings(max_examples=200, deadline=None, derandomize=True)


@st.composite
def conv_configurations(draw):
    """Shapes for which a filter fits into the padded input, with a seed for the entries."""
    m, n_C_prev, n_C = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    n_H_prev, n_W_prev = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    pad, stride = draw(st.integers(0, 3)), draw(st.integers(1, 4))
    f = draw(st.integers(1, min(n_H_prev, n_W_prev) + 2 * pad))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    A_prev = rng.normal(size=(m, n_H_prev, n_W_prev, n_C_prev))
    W, b = rng.normal(size=(f, f, n_C_prev, n_C)), rng.normal(size=(1, 1, 1, n_C))
    return A_prev, W, b, {"stride": stride, "pad": pad}


@st.composite
def pool_configurations(draw):
    """Inputs of pool_forward in which no two entries are equal."""
    m, n_C = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    n_H_prev, n_W_prev = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    f, stride = draw(st.integers(1, min(n_H_prev, n_W_prev))), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = (m, n_H_prev, n_W_prev, n_C)
    A_prev = rng.permutation(np.prod(shape)).reshape(shape) - 10.0
    return A_prev, {"f": f, "stride": stride}


@many
@given(conv_configurations())
def test_conv_forward_and_backward(arguments):
    Z, cache = REFERENCE["conv_forward"](*arguments)
    assert_allclose(Z, conv_by_scipy(*arguments), atol=1e-9)
    dZ = np.cos(np.arange(Z.size)).reshape(Z.shape)
    for got, want in zip(
        REFERENCE["conv_backward"](dZ, cache), conv_gradients_closed(dZ, cache), strict=True
    ):
        assert got.shape == want.shape
        assert_allclose(got, want, atol=1e-9)


@many
@given(pool_configurations(), st.sampled_from(["max", "average"]))
def test_pool_forward_and_backward(arguments, mode):
    A_prev, hparameters = arguments
    A, cache = REFERENCE["pool_forward"](A_prev, hparameters, mode)
    assert_allclose(A, oracle.pool(A_prev, hparameters, mode), atol=1e-9)
    dA = np.cos(np.arange(A.size)).reshape(A.shape)

    def forward(x):
        return oracle.pool(x, hparameters, mode)

    want = oracle.numeric_gradient(forward, A_prev, dA, step=0.25)
    assert_allclose(REFERENCE["pool_backward"](dA, cache, mode), want, atol=1e-9)


@pytest.mark.parametrize("pad", range(4))
def test_zero_pad(pad):
    X = np.random.default_rng(pad).normal(size=(2, 3, 4, 5))
    got = REFERENCE["zero_pad"](X, pad)
    assert got.shape == (2, 3 + 2 * pad, 4 + 2 * pad, 5)
    assert_array_equal(got[:, pad : pad + 3, pad : pad + 4], X)
    assert_allclose(np.abs(got).sum(), np.abs(X).sum())


def test_guards_name_what_is_wrong():
    one, stay = np.ones((1, 1, 1, 1)), {"stride": 1, "pad": 1}
    with pytest.raises(ValueError, match=r"filter \(6, 6\) .* padded input \(5, 4\)"):
        REFERENCE["conv_forward"](np.ones((1, 3, 2, 1)), np.ones((6, 6, 1, 1)), one, stay)
    with pytest.raises(ValueError, match=r"window \(3, 3\), but input \(4, 2\)"):
        REFERENCE["pool_forward"](np.ones((1, 4, 2, 1)), {"f": 3, "stride": 1})
    for name, first in (("pool_forward", {"f": 1, "stride": 1}), ("pool_backward", None)):
        arguments = (one, first) if first else (one, (one, {"f": 1, "stride": 1}))
        with pytest.raises(ValueError, match="'max' or 'average', not 'mean'"):
            REFERENCE[name](*arguments, mode="mean")


def test_reference_passes_every_test(assignment):
    assert set(run_tests(assignment, solutions(assignment)).values()) == {None}


def test_a_test_cell_calls_at_most_50_times(assignment):
    """A call will cost milliseconds once tests and answers run in two processes."""
    counts = count_calls(assignment, solutions(assignment))
    assert 1 <= min(counts.values()) and max(counts.values()) <= 50, counts
