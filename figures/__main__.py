"""Write every figure: `python -m figures [OUTPUT_ROOT]`.

Without OUTPUT_ROOT the files go into this repository. With it they go to the same relative paths
beneath that folder, so that a test can compare them with the committed ones.
"""

import argparse
import shutil
from pathlib import Path

import matplotlib

from figures import convnet, drawing, step_by_step, vectorized

REPOSITORY = Path(__file__).resolve().parent.parent
# Pictures of the first assignment that a lecture shows, too. The folder of the lectures holds all
# that they need, since it may be all that a student has.
LECTURES = (
    "backward_spread.png",
    "conv_volume.png",
    "model.png",
    "pooling.png",
    "stacked_filters.png",
)
FOLDERS = {
    "source/1_step_by_step/figures": step_by_step.FIGURES,
    "source/2_vectorized/figures": vectorized.FIGURES,
    "source/3_convnet/figures": convnet.FIGURES,
    "notebooks/figures": {name: step_by_step.FIGURES[name] for name in LECTURES},
}
# For the same reason, the lectures have their own copy of the drawing helpers.
HELPERS = ("figures/drawing.py", "notebooks/lecture/drawing.py")


def write_figures(root):
    """Write all figures, and the helpers' copy, beneath root; return their paths in order."""
    written = []
    # A reader's own matplotlibrc must not change a picture, so we draw with the defaults.
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        for folder, figures in FOLDERS.items():
            (root / folder).mkdir(parents=True, exist_ok=True)
            for name, draw in figures.items():
                path = root / folder / name
                if path.suffix == ".gif":
                    drawing.save_gif(*draw(), path)
                else:
                    drawing.save_png(draw(), path)
                written.append(path)
    original, copy = HELPERS
    (root / copy).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(REPOSITORY / original, root / copy)
    return [*written, root / copy]


def main():
    """Read the command line, write the figures and list them with their sizes."""
    parser = argparse.ArgumentParser(prog="python -m figures", description="Write every figure.")
    parser.add_argument("root", nargs="?", type=Path, default=REPOSITORY, metavar="OUTPUT_ROOT")
    for path in write_figures(parser.parse_args().root):
        print(f"{path.stat().st_size:>8,} bytes  {path}")


if __name__ == "__main__":
    main()
