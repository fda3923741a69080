"""A course folder of its own, graded by nbgrader: for the demo class and for the tests.

It has its own gradebook; the one in the root of the repository is never touched. What runs
is nbgrader's own API, the one behind the formgrader's buttons.
"""

import os
import shutil
import sys
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.plugins import CsvExportPlugin

from grading.bank import ROOT
from grading.notebooks import (
    answer_cell,
    function_under_test,
    graded_functions,
    notebook_path,
    read,
)
from grading.settings import CourseError, load_config

MARKER = ".made-by-grading"
COPIED = ("nbgrader_config.py", "source")


class Course:
    """A folder that holds a course as nbgrader lays it out."""

    def __init__(self, folder):
        self.folder = Path(folder).resolve()
        self.log_path = self.folder / ".nbgrader.log"

    @classmethod
    def create(cls, folder):
        """A fresh course with the instructor's notebooks and the configuration.

        Replaces one that was made here before. Raises CourseError if the folder holds
        anything else, and leaves it as it is.
        """
        course = cls(folder)
        folder = course.folder
        if folder.exists() and any(folder.iterdir()) and not (folder / MARKER).exists():
            raise CourseError(f"{folder} holds files that were not made by this command")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / MARKER).touch()
        for name in COPIED:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, folder / name)
        return course

    def accept_no_sandbox(self):
        """Grade without a sandbox here: for submissions of our own only."""
        with open(self.folder / "nbgrader_config.py", "a", encoding="utf-8") as config:
            config.write("\nc.SandboxedKernelManager.accept_no_sandbox = True\n")

    def nbgrader(self):
        """nbgrader's API on this course. Raises CourseError without a configuration."""
        # nbgrader calls alembic, which stands beside the interpreter of an inactive environment.
        beside = str(Path(sys.executable).parent)
        if beside not in os.environ.get("PATH", "").split(os.pathsep):
            os.environ["PATH"] = beside + os.pathsep + os.environ.get("PATH", os.defpath)
        return NbGraderAPI(config=load_config(self.folder))

    def log(self, result):
        """Append what nbgrader said to its log. Raises CourseError if it failed."""
        said = result.get("log", "") + result.get("error", "")
        with open(self.log_path, "a", encoding="utf-8") as stream:
            stream.write(said)
        if not result["success"]:
            raise CourseError(f"{said}\nAll of it: {self.log_path}")

    def release(self, assignment):
        """Compile the student's version. Returns the path of the notebook."""
        self.log(self.nbgrader().generate_assignment(assignment))
        return notebook_path("release", assignment, self.folder)

    def answered(self, assignment, answers):
        """The release with some answers filled in: {function: source}."""
        nb = read(notebook_path("release", assignment, self.folder))
        for function, source in answers.items():
            answer_cell(nb, function).source = source
        return nb

    def submit(self, student, assignment, answers):
        """Hand in the release with some answers filled in: {function: source}."""
        nb = self.answered(assignment, answers)
        path = notebook_path(f"submitted/{student}", assignment, self.folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(nb, path)

    def grade_student(self, assignment, student, feedback=True):
        """Autograde one submission and write its feedback. Returns nbgrader's results."""
        nbgrader = self.nbgrader()
        results = [nbgrader.autograde(assignment, student)]
        if feedback and results[0]["success"]:
            results.append(nbgrader.generate_feedback(assignment, student))
        return results

    def gradebook(self):
        """The gradebook of this course, to be used in a with statement."""
        course = self.nbgrader().coursedir
        return Gradebook(course.db_url, course.course_id)

    def export(self):
        """Write all grades to grades.csv. Returns its path."""
        path = self.folder / "grades.csv"
        with self.gradebook() as gradebook:
            CsvExportPlugin(to=str(path)).export(gradebook)
        return path

    def points(self, assignment):
        """({student: {test cell: points}}, {test cell: maximum}), sorted by student."""
        name = notebook_path("source", assignment).stem
        with self.gradebook() as gradebook:
            cells = gradebook.find_notebook(name, assignment).grade_cells
            maximum = {cell.name: cell.max_score for cell in cells}
            scores = {
                submission.student.id: {
                    grade.name: grade.score
                    for notebook in submission.notebooks
                    for grade in notebook.grades
                }
                for submission in gradebook.assignment_submissions(assignment)
            }
        return dict(sorted(scores.items())), maximum

    def points_by_function(self, assignment):
        """As `points`, with the test cells of each graded function added up."""
        functions = graded_functions(read(notebook_path("source", assignment, self.folder)))

        def by_function(cells):
            return {
                function: sum(
                    score
                    for cell, score in cells.items()
                    if function_under_test(cell, functions) == function
                )
                for function in functions
            }

        scores, maximum = self.points(assignment)
        return {student: by_function(cells) for student, cells in scores.items()}, by_function(
            maximum
        )
