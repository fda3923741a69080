"""A folder as a student has it, and what they do there with the tools beside the notebook."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

from grading.bank import ROOT, solutions
from grading.demo import ASSIGNMENT
from grading.notebooks import answer_cell, notebook_path, read

NAME = "step_by_step.ipynb"
# Opening a text without saying its encoding is an error: on Windows it would be another one.
STRICT = ["-X", "warn_default_encoding", "-W", "error::EncodingWarning"]


class StudentsFolder:
    """A copy of the released folder, in a place whose name is not plain."""

    def __init__(self, parent, name="Übung 1 (neu)", assignment=ASSIGNMENT):
        released = notebook_path("release", assignment, ROOT)
        self.assignment, self.folder = assignment, Path(parent) / name
        shutil.copytree(released.parent, self.folder)
        self.path = self.folder / released.name

    def tool(self, name, *arguments, code=0, **environment):
        """Run one of the tools in a terminal. Returns all that it said."""
        done = subprocess.run(
            [sys.executable, *STRICT, name, *map(str, arguments)],
            cwd=self.folder,
            env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
            capture_output=True,
            encoding="utf-8",
            timeout=300,
        )
        said = done.stdout + done.stderr
        assert done.returncode == code, said
        return said

    def notebook(self):
        """The notebook as it is on disk."""
        return read(self.path)

    def write(self, nb):
        """Write a notebook without judging it."""
        self.path.write_text(nbformat.v4.nbjson.writes(nb), encoding="utf-8")

    def answer(self, answers=None):
        """Fill in answers, by default the right ones."""
        nb = self.notebook()
        for function, source in (answers or solutions(self.assignment)).items():
            answer_cell(nb, function).source = source
        self.write(nb)
        return nb

    def files(self):
        """{relative path: bytes}."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        }


def cell_of(nb, name):
    """The cell with that id."""
    return next(cell for cell in nb.cells if cell.id == name)
