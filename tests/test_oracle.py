"""The oracle that hidden tests trust, checked against SciPy and against closed forms."""

import numpy as np
import pytest
from closed_forms import conv_by_scipy, conv_gradients_closed
from numpy.testing import assert_allclose

from grading import oracle


@pytest.mark.parametrize("seed", range(5))
def test_conv_agrees_with_scipy(seed):
    for arguments in oracle.conv_cases(seed):
        assert_allclose(oracle.conv(*arguments), conv_by_scipy(*arguments), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("of", range(3))
def test_conv_gradients_agree_with_closed_form(of):
    for dZ, cache, gradient in oracle.conv_gradient_cases(7, of):
        assert_allclose(gradient, conv_gradients_closed(dZ, cache)[of], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("mode", ["max", "average"])
def test_pool_and_its_gradient_agree_with_loops(mode):
    for dA, (A_prev, hparameters), gradient in oracle.pool_gradient_cases(7, mode):
        f, stride = hparameters["f"], hparameters["stride"]
        A, by_loops = oracle.pool(A_prev, hparameters, mode), np.zeros(A_prev.shape)
        for i, h, w, c in np.ndindex(A.shape):
            here = (i, slice(h * stride, h * stride + f), slice(w * stride, w * stride + f), c)
            if mode == "max":
                assert A[i, h, w, c] == A_prev[here].max()
                winner = np.unravel_index(A_prev[here].argmax(), (f, f))
                by_loops[here][winner] += dA[i, h, w, c]
            else:
                assert_allclose(A[i, h, w, c], A_prev[here].mean(), rtol=1e-6)
                by_loops[here] += dA[i, h, w, c] / f**2
        assert_allclose(gradient, by_loops, rtol=1e-6, atol=1e-6)


def test_windows_have_one_maximum():
    for A_prev, _ in oracle.pool_cases(3):
        gaps = np.diff(np.sort(A_prev.ravel()))
        assert gaps.size == 0 or gaps.min() >= 0.5


def test_cases_cover_what_plain_examples_leave_out():
    cases = oracle.conv_cases(0)
    shapes = [(A.shape, W.shape, h["stride"], h["pad"]) for A, W, _, h in cases]
    assert {stride for *_, stride, _ in shapes} == {1, 2, 3}
    assert {pad for *_, pad in shapes} == {0, 1, 2, 3}
    assert any(A[1] > A[2] for A, *_ in shapes) and any(A[1] < A[2] for A, *_ in shapes)
    assert any(W[2] > W[3] for _, W, *_ in shapes) and any(W[2] < W[3] for _, W, *_ in shapes)
    assert any(W[0] == 1 for _, W, *_ in shapes) and any(A[0] == 1 for A, *_ in shapes)
    assert any(W[0] == A[1] == A[2] and pad == 0 for A, W, _, pad in shapes)
    assert any((A[1] - W[0] + 2 * pad) % stride for A, W, stride, pad in shapes)
    assert cases[-1][0].dtype == np.float32


def test_each_submission_gets_other_inputs(monkeypatch):
    """Numbers change with the seed that the grader sets; shapes and settings do not."""
    drawn = []
    for seed in ("1", "2", "1"):
        monkeypatch.setenv("GRADING_SEED", seed)
        drawn.append(oracle.conv_cases(5)[0])
    first, second, again = drawn
    assert first[0].shape == second[0].shape and first[3] == second[3]
    assert not np.allclose(first[0], second[0])
    np.testing.assert_array_equal(first[0], again[0])


def test_gradients_by_example_are_those_entry_by_entry():
    rng = np.random.default_rng(3)
    W, b = rng.normal(size=(2, 2, 3, 4)), rng.normal(size=(1, 1, 1, 4))

    def forward(x):
        return oracle.conv(x, W, b, {"stride": 2, "pad": 1})

    for dtype in (float, np.float32):
        A_prev = rng.normal(size=(3, 4, 5, 3)).astype(dtype)
        dZ = rng.normal(size=forward(A_prev).shape).astype(dtype)
        slow = oracle.numeric_gradient(forward, A_prev, dZ, step=1.0)
        fast = oracle.numeric_gradient_by_example(forward, A_prev, dZ, step=1.0)
        assert_allclose(fast, slow, rtol=1e-9, atol=1e-9)
