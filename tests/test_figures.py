"""The committed figures are in step with the code that draws them."""

import numpy as np
import pytest
from PIL import Image, ImageSequence

from figures.__main__ import FOLDERS, HELPERS, write_figures
from grading.bank import ROOT

NAMES = [f"{folder}/{name}" for folder, figures in FOLDERS.items() for name in figures]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """All figures, drawn anew."""
    root = tmp_path_factory.mktemp("figures")
    write_figures(root)
    return root


def frames(path):
    """All frames of an image as one array of shape (frames, height, width, 3)."""
    with Image.open(path) as image:
        return np.stack([np.array(f.convert("RGB"), int) for f in ImageSequence.Iterator(image)])


@pytest.mark.parametrize("name", NAMES)
def test_figure_is_in_step(drawn, name):
    committed, new = frames(ROOT / name), frames(drawn / name)
    assert committed.shape == new.shape, f"{name} is stale: run `make figures`"
    # Another version of the font renderer moves the soft edges of letters, and nothing else.
    differs = np.abs(committed - new).max(axis=-1) > 96
    assert differs.mean() < 0.002, f"{name} is stale: run `make figures`"


def test_figures_are_small():
    sizes = {name: (ROOT / name).stat().st_size for name in NAMES}
    for folder in FOLDERS:
        assert sum(size for name, size in sizes.items() if name.startswith(folder)) < 480_000
    assert all(size < 120_000 for name, size in sizes.items() if name.endswith(".gif"))


def test_the_animation_loops():
    (name,) = [name for name in NAMES if name.endswith(".gif")]
    with Image.open(ROOT / name) as image:
        assert image.n_frames == 4
        assert image.info["loop"] == 0


def test_lectures_draw_with_the_same_helpers(drawn):
    original, copy = HELPERS
    assert (ROOT / copy).read_bytes() == (ROOT / original).read_bytes(), "run `make figures`"
    assert (drawn / copy).read_bytes() == (ROOT / original).read_bytes()
