"""A small course made by code: three functions, visible and hidden tests, nbgrader's config."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.api import Gradebook

ASSIGNMENT = "1_small"
NOTEBOOK = "small"
CONFIG = """
c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "small"
c.GenerateAssignment.force = True
c.GenerateAssignment.preprocessors = [
    "nbgrader.preprocessors.IncludeHeaderFooter", "nbgrader.preprocessors.LockCells",
    "nbgrader.preprocessors.ClearSolutions", "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.CheckCellMetadata", "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.SaveCells", "nbgrader.preprocessors.ClearHiddenTests",
    "nbgrader.preprocessors.ComputeChecksums", "nbgrader.preprocessors.CheckCellMetadata",
]
"""
SANDBOX_CONFIG = """
c.Autograde.exporter_class = "grading.notebook_only.NotebookOnlyExporter"
c.Autograde.sanitize_preprocessors = [
    "grading.repair.FindCells",
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "grading.overwrite.SourceCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    "grading.execute.TwoKernels",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.GenerateFeedback.preprocessors = [
    "grading.feedback.HideTests",
    "nbgrader.preprocessors.GetGrades",
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
]
"""

SOLUTIONS = {
    "zero_pad": '''def zero_pad(X, pad):
    """Zeros around every image of X (m, n_H, n_W, n_C)."""
    ### BEGIN SOLUTION
    return np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    ### END SOLUTION
''',
    "conv_single_step": '''def conv_single_step(a_slice_prev, W, b):
    """The sum of products plus the bias once."""
    ### BEGIN SOLUTION
    return float(np.sum(a_slice_prev * W)) + b.item()
    ### END SOLUTION
''',
    "conv_forward": '''def conv_forward(A_prev, W, b, hparameters):
    """Z (m, n_H, n_W, n_C) and the cache."""
    ### BEGIN SOLUTION
    stride, pad = hparameters["stride"], hparameters["pad"]
    m, n_H_prev, n_W_prev, _ = A_prev.shape
    f, _, _, n_C = W.shape
    n_H = (n_H_prev - f + 2 * pad) // stride + 1
    n_W = (n_W_prev - f + 2 * pad) // stride + 1
    Z = np.zeros((m, n_H, n_W, n_C))
    padded = zero_pad(A_prev, pad)
    for i in range(m):
        for h in range(n_H):
            for w in range(n_W):
                for c in range(n_C):
                    y, x = h * stride, w * stride
                    window = padded[i, y : y + f, x : x + f]
                    Z[i, h, w, c] = conv_single_step(window, W[..., c], b[..., c])
    return Z, (A_prev, W, b, hparameters)
    ### END SOLUTION
''',
}
TESTS = {
    "test_zero_pad_shape": (
        2,
        """import numpy as np
assert zero_pad(np.ones((2, 3, 4, 5)), 2).shape == (2, 7, 8, 5), "the shape is wrong"
### BEGIN HIDDEN TESTS
hidden_marker_shape = "SECRET-OF-THE-COURSE"
assert zero_pad(np.ones((1, 5, 2, 3)), 0).shape == (1, 5, 2, 3), "the shape is wrong for pad 0"
### END HIDDEN TESTS
""",
    ),
    "test_zero_pad_values": (
        3,
        """import numpy as np
### BEGIN HIDDEN TESTS
hidden_marker = "SECRET-OF-THE-COURSE"
X = np.random.default_rng(7331).normal(size=(2, 3, 4, 2))
before = X.copy()
want = np.zeros((2, 5, 6, 2)); want[:, 1:4, 1:5] = X
np.testing.assert_allclose(zero_pad(X, 1), want, err_msg="the image belongs in the middle")
np.testing.assert_array_equal(X, before, err_msg="X itself was changed")
### END HIDDEN TESTS
""",
    ),
    "test_conv_single_step_value": (
        5,
        """from contextlib import redirect_stderr
from io import StringIO
import numpy as np
def check():
    a, W = np.arange(12.0).reshape(2, 2, 3), np.full((2, 2, 3), 0.5)
    got = conv_single_step(a, W, np.array([[[1.0]]]))
    assert np.ndim(got) == 0 or np.size(got) == 1, "one number is wanted"
    ### BEGIN HIDDEN TESTS
    hidden_marker = "SECRET-OF-THE-COURSE"
    rng = np.random.default_rng(int(__import__("os").environ.get("GRADING_SEED", "5")))
    a, W, b = rng.normal(size=(4, 4, 3)), rng.normal(size=(4, 4, 3)), rng.normal(size=(1, 1, 1))
    got = conv_single_step(a, W, b)
    assert np.isclose(got, np.sum(a * W) + b.item()), f"wrong value, got {got!r}"
    ### END HIDDEN TESTS
with redirect_stderr(StringIO()):
    check()
""",
    ),
    "test_conv_forward_shape": (
        4,
        """import numpy as np
A, W, b = np.ones((2, 5, 4, 3)), np.ones((2, 2, 3, 6)), np.zeros((1, 1, 1, 6))
Z, cache = conv_forward(A, W, b, {"stride": 2, "pad": 1})
assert Z.shape == (2, 3, 3, 6), "the shape is wrong"
""",
    ),
    "test_conv_forward_values": (
        6,
        """import numpy as np
### BEGIN HIDDEN TESTS
hidden_marker = "SECRET-OF-THE-COURSE"
rng = np.random.default_rng(99)
A, W = rng.normal(size=(2, 5, 4, 3)), rng.normal(size=(2, 2, 3, 6))
b = rng.normal(size=(1, 1, 1, 6))
Z, cache = conv_forward(A, W, b, {"stride": 1, "pad": 0})
corners = [(0, 0), (0, 1), (1, 0), (1, 1)]
windows = [A[:, i:i + 4, j:j + 3] for i, j in corners]
want = b + sum(np.einsum("mhwc,cd->mhwd", w, W[at]) for w, at in zip(windows, corners))
np.testing.assert_allclose(Z, want, err_msg="wrong values")
### END HIDDEN TESTS
""",
    ),
}
MAXIMUM = {name: points for name, (points, _) in TESTS.items()}


def source_notebook():
    """The instructor's notebook."""
    cells = [
        new_markdown_cell("# A small assignment", id="title"),
        new_code_cell("import numpy as np", id="imports"),
    ]

    def known(name, source, **about):
        cell = new_code_cell(source.rstrip("\n"), id=name)
        cell.metadata["nbgrader"] = {
            "grade_id": name,
            "schema_version": 3,
            "task": False,
            "grade": False,
            "solution": False,
            "locked": False,
            **about,
        }
        cells.append(cell)

    for function, solution in SOLUTIONS.items():
        known(function, solution, solution=True)
        cells.append(
            new_code_cell(f"print({function!r}, callable({function}))", id=f"demo_{function}")
        )
        for name, (points, source) in TESTS.items():
            if name.startswith(f"test_{function}_"):
                known(name, source, grade=True, locked=True, points=points)
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return new_notebook(cells=cells, metadata=metadata)


class SmallCourse:
    """A course folder on which stock nbgrader commands run."""

    def __init__(self, folder, config=SANDBOX_CONFIG):
        self.folder = Path(folder)
        (self.folder / "source" / ASSIGNMENT).mkdir(parents=True)
        (self.folder / "nbgrader_config.py").write_text(CONFIG + config)
        nbformat.write(source_notebook(), self.folder / "source" / ASSIGNMENT / f"{NOTEBOOK}.ipynb")
        (self.folder / "source" / ASSIGNMENT / "data.txt").write_text("course data")
        self.nbgrader("generate_assignment", ASSIGNMENT)

    def nbgrader(self, *arguments, check=True, timeout=900):
        """Run a stock nbgrader command here."""
        beside = os.path.dirname(sys.executable)
        run = subprocess.run(
            [sys.executable, "-m", "nbgrader", *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=timeout,
            env={**os.environ, "PATH": f"{beside}:{os.environ['PATH']}"},
        )
        assert not check or run.returncode == 0, run.stdout + run.stderr
        return run

    def released(self):
        """The student's notebook with right answers filled in."""
        path = self.folder / "release" / ASSIGNMENT / f"{NOTEBOOK}.ipynb"
        nb = nbformat.read(path, as_version=4)
        for cell in nb.cells:
            about = cell.metadata.get("nbgrader", {})
            if about.get("solution"):
                cell.source = right(about["grade_id"])
        return nb

    def submit(self, student, edit=None):
        """Hand in the right answers after an edit(nb) of them."""
        nb = self.released()
        if isinstance(edit, dict):
            for name, source in edit.items():
                cell_of(nb, name).source = source
        elif edit:
            nb = edit(nb) or nb
        path = self.folder / "submitted" / student / ASSIGNMENT / f"{NOTEBOOK}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(nb, path)
        path.write_text(path.read_text().replace("{root}", str(self.folder)))
        return path

    def autograde(self, *students, check=True):
        """Stock `nbgrader autograde`."""
        who = [] if not students else ["--student", students[0]]
        return self.nbgrader("autograde", ASSIGNMENT, *who, check=check)

    def grades(self, student):
        """{test cell: points} of a student."""
        with Gradebook(f"sqlite:///{self.folder}/gradebook.db") as gradebook:
            submission = gradebook.find_submission_notebook(NOTEBOOK, ASSIGNMENT, student)
            return {grade.name: grade.auto_score for grade in submission.grades}

    def autograded(self, student):
        """The autograded notebook."""
        path = self.folder / "autograded" / student / ASSIGNMENT / f"{NOTEBOOK}.ipynb"
        return nbformat.read(path, as_version=4)

    def feedback(self, student):
        """The feedback page as text."""
        return (self.folder / "feedback" / student / ASSIGNMENT / f"{NOTEBOOK}.html").read_text()


def right(name):
    """The right answer of a function."""
    return "\n".join(line for line in SOLUTIONS[name].split("\n") if "###" not in line)


def cell_of(nb, name):
    """The cell with that id."""
    return next(cell for cell in nb.cells if cell.id == name)
