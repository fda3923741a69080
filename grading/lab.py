"""A student's copy of the releases, and JupyterLab in it."""

import os
import shutil
import sys
from pathlib import Path

from grading.bank import ROOT


def prepare(folder):
    """Copy each release file that the folder does not have yet; nothing is overwritten.

    Raises ValueError for a folder inside the repository, where the instructor's settings
    would apply. Returns the files that were copied.
    """
    folder = Path(folder).expanduser().resolve()
    if folder.is_relative_to(ROOT):
        raise ValueError(f"{folder} lies inside the repository; choose a folder outside of it")
    copied = []
    for path in sorted((ROOT / "release").rglob("*")):
        copy = folder / path.relative_to(ROOT / "release")
        if path.is_file() and not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
            copied.append(copy)
    return copied


def run(folder):
    """Open JupyterLab on a student's copy of the releases. Does not return."""
    folder = Path(folder).expanduser()
    try:
        prepare(folder)
    except (OSError, ValueError) as error:
        sys.exit(f"make lab: {error}")
    os.chdir(folder)
    os.execv(sys.executable, [sys.executable, "-m", "jupyterlab"])
