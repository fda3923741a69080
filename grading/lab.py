"""A student's copy of the releases and the lectures, and JupyterLab in it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from grading.bank import ROOT

LEFT_OUT = {"__pycache__", ".ipynb_checkpoints"}


def handed_out():
    """Pairs (file, its place in a student's folder): all of release/, and notebooks/ as it is."""
    for folder, base in ((ROOT / "release", ROOT / "release"), (ROOT / "notebooks", ROOT)):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not LEFT_OUT & set(path.parts):
                yield path, path.relative_to(base)


def prepare(folder):
    """Copy each release and lecture file that the folder lacks; nothing is overwritten.

    Raises ValueError for a folder inside the repository, where the instructor's settings
    would apply. Returns the files that were copied.
    """
    folder = Path(folder).expanduser().resolve()
    if folder.is_relative_to(ROOT):
        raise ValueError(f"{folder} lies inside the repository; choose a folder outside of it")
    copied = []
    for path, place in handed_out():
        copy = folder / place
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
            copied.append(copy)
    return copied


def run(folder):
    """Open JupyterLab on a student's copy. Does not return."""
    folder = Path(folder).expanduser()
    try:
        prepare(folder)
    except (OSError, ValueError) as error:
        sys.exit(f"make lab: {error}")
    command = [sys.executable, "-m", "jupyterlab"]
    if os.name == "nt":  # there, execv would leave the terminal to two programs
        sys.exit(subprocess.call(command, cwd=folder))
    os.chdir(folder)
    os.execv(sys.executable, command)
