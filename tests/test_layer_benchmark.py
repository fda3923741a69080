"""What benchmarks/vectorized.py compares computes the same, and the race names every way."""

import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose

from grading.bank import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))
import vectorized  # noqa: E402

SIZES = (2, 7, 3, 3, 4, 2)


def turned_back(result):
    """A result of PyTorch in our layout; those of NumPy are in it already."""
    if isinstance(result, np.ndarray):
        return result
    array = result.detach().numpy()
    if array.ndim != 4:
        return array
    return array.transpose(2, 3, 1, 0) if array.shape[2:] == (3, 3) else array.transpose(0, 2, 3, 1)


@pytest.mark.parametrize("what", ["conv both", "max both", "average both"])
def test_all_ways_compute_the_same(what, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    import layers_at_work

    wants = layers_at_work.calls_of("loops")[what](*SIZES)()
    for way in vectorized.ways():
        results = layers_at_work.calls_of(way)[what](*SIZES)()
        for got, want in zip(results, wants, strict=True):
            got = turned_back(got) if what == "conv both" else nhwc(got)
            assert_allclose(got.reshape(want.shape), want, rtol=1e-4, atol=1e-4, err_msg=way)


def nhwc(result):
    """A picture of PyTorch with channels last."""
    return (
        result if isinstance(result, np.ndarray) else result.detach().numpy().transpose(0, 2, 3, 1)
    )


def test_the_race_times_every_way():
    seconds, ratios = vectorized.race("conv forward", SIZES, 1, 2, True)
    assert list(seconds) == list(ratios) == vectorized.ways()
    assert min(seconds.values()) > 0 and ratios["torch"] == 1
