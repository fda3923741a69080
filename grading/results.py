"""What a graded class handed in and got: from the gradebook, the autograded notebooks and the
list that `collect` writes."""

import csv
import math
import unicodedata
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from nbformat.v4 import reads
from nbgrader.api import (
    BaseCell,
    Gradebook,
    MissingEntry,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.api import Grade as GradeEntry
from sqlalchemy import select

from grading.course import Course
from grading.notebooks import (
    answer_cell,
    function_under_test,
    graded_functions,
    notebook_path,
    read,
)

STATES = ("full", "part", "none", "untouched")


class ResultsError(Exception):
    """There is nothing to report on; the message says what is missing and what to do."""


@dataclass
class Work:
    """One student and what is known of their submission."""

    student: str
    first_name: str = ""
    last_name: str = ""
    outcome: str = "missing"  # graded, repaired, not_graded (yet) or not_gradable
    details: str = ""
    points: dict = field(default_factory=dict)  # {test cell: points}, empty if not graded
    penalty: float = 0
    seconds_late: float = 0
    by_hand: bool = False  # waits for a human grader
    answers: dict = field(default_factory=dict)  # {function: source}
    failures: dict = field(default_factory=dict)  # {test cell: message}
    seconds: float | None = None  # that grading took

    @property
    def name(self):
        """First and last name, or the id where the gradebook knows no name."""
        return f"{self.first_name} {self.last_name}".strip() or self.student

    @property
    def graded(self):
        """Whether there are points at all."""
        return bool(self.points)

    @property
    def score(self):
        """Points after the penalty for lateness, never below 0."""
        return max(0.0, sum(self.points.values()) - self.penalty)


@dataclass
class Results:
    """A class and an assignment."""

    assignment: str
    works: list  # of Work, sorted by last name
    maximum: dict  # {test cell: points}
    stubs: dict  # {function: source as released}
    solutions: dict  # {function: source of the reference}

    @property
    def functions(self):
        """Names of the graded functions, in the order of the notebook."""
        return list(self.solutions)

    @property
    def graded(self):
        """The works that have points."""
        return [work for work in self.works if work.graded]

    @property
    def total(self):
        """Points that can be had."""
        return sum(self.maximum.values())

    @cached_property
    def _tests(self):
        tests = {function: [] for function in [*self.functions, None]}
        for cell in self.maximum:
            tests[function_under_test(cell, self.functions)].append(cell)
        return tests

    def tests(self, function):
        """Test cells of a function; of None, the cells that belong to no function."""
        return self._tests[function]

    def worth(self, function):
        """Points that a function can bring."""
        return sum(self.maximum[cell] for cell in self.tests(function))

    def points(self, work, function):
        """Points of one student for a function."""
        return sum(work.points.get(cell, 0) for cell in self.tests(function))

    def failed(self, work, function):
        """Test cells of a function that a student did not get full points for."""
        return [
            cell
            for cell in self.tests(function)
            if work.points.get(cell, 0) < self.maximum[cell]
            or (self.maximum[cell] == 0 and cell in work.failures)
        ]

    def touched(self, work, function):
        """Whether a student changed a function's answer cell at all."""
        answer = work.answers.get(function, "")
        return bool(answer.strip()) and answer.strip() != self.stubs.get(function, "").strip()

    def state(self, work, function):
        """One of STATES: which of a function's tests a student passed."""
        failed = len(self.failed(work, function))
        if not failed:
            return "full"
        if work.answers and not self.touched(work, function):
            return "untouched"
        return "part" if failed < len(self.tests(function)) else "none"

    def names_of(self, students):
        """The works of some students, in the order of the class."""
        return [work for work in self.works if work.student in students]


def gather(root, assignment):
    """Read a course folder.

    Arguments:
        root: the course folder, which holds nbgrader_config.py
        assignment: its name

    Returns:
        Results. Raises ResultsError if the folder or its gradebook don't know the assignment.
    """
    root = Path(root)
    path = notebook_path("source", assignment, root) if "_" in assignment else None
    if path is None or not path.is_file():
        known = sorted(path.name for path in root.glob("source/*") if path.is_dir())
        raise ResultsError(
            f"there is no assignment {assignment} in {root / 'source'}; it holds: "
            f"{', '.join(known) or 'nothing'}"
        )
    source = read(path)
    with open_gradebook(root) as gradebook:
        try:
            results = from_gradebook(gradebook, assignment, source, path.stem)
        except MissingEntry:
            raise ResultsError(
                f"the gradebook doesn't know {assignment}: run "
                f"`nbgrader generate_assignment {assignment}`, then grade"
            ) from None
    read_verdicts(root, results)
    for work in results.works:
        read_autograded(notebook_path(f"autograded/{work.student}", assignment, root), work)
    return results


def open_gradebook(root):
    """The gradebook of a course folder. Raises ResultsError if there is none."""
    if not (root / "nbgrader_config.py").is_file():
        raise ResultsError(f"{root.resolve()} is no course folder: it has no nbgrader_config.py")
    course = Course(root).nbgrader().coursedir
    file = course.db_url.removeprefix("sqlite:///")
    if file != course.db_url and not Path(file).is_file():
        raise ResultsError(f"there is no gradebook at {file}: grade first")
    return Gradebook(course.db_url, course.course_id)


def from_gradebook(gradebook, assignment, source, notebook):
    """Points of every student in the gradebook, without reading a single notebook."""
    entry = gradebook.find_assignment(assignment)
    about = gradebook.find_notebook(notebook, assignment)
    functions = graded_functions(source)
    order = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in source.cells]
    cells = sorted([*about.grade_cells, *about.task_cells], key=lambda cell: order.index(cell.name))
    works = {
        student.id: Work(student.id, student.first_name or "", student.last_name or "")
        for student in gradebook.db.query(Student)
    }
    for submission, penalty in gradebook.db.query(
        SubmittedAssignment, SubmittedAssignment.late_submission_penalty
    ).where(SubmittedAssignment.assignment_id == entry.id):
        work = works[submission.student_id]
        work.penalty, work.outcome = penalty or 0, "not_graded"
        if entry.duedate is not None:
            work.seconds_late = submission.total_seconds_late
    columns = (GradeEntry.score, GradeEntry.auto_score, GradeEntry.manual_score)
    # One query: a query for each submission would take seconds in a large class.
    rows = gradebook.db.execute(
        select(
            SubmittedAssignment.student_id, BaseCell.name, GradeEntry.needs_manual_grade, *columns
        )
        .select_from(GradeEntry)
        .join(GradeEntry.cell)
        .join(GradeEntry.notebook)
        .join(SubmittedNotebook.assignment)
        .where(SubmittedAssignment.assignment_id == entry.id)
    )
    for student, cell, by_hand, score, *scored in rows:
        work = works[student]
        work.by_hand |= bool(by_hand)
        work.points[cell] = score
        if any(value is not None for value in scored):
            work.outcome = "graded"
    for work in works.values():
        if work.outcome != "graded":
            work.points, work.by_hand = {}, False
    return Results(
        assignment,
        sorted(works.values(), key=alphabetical),
        {cell.name: cell.max_score or 0 for cell in cells},
        {cell.name: cell.source or "" for cell in about.source_cells if cell.name in functions},
        {name: answer_cell(source, name).source for name in functions},
    )


def alphabetical(work):
    """What to sort works by: names without regard to accents and capitals, then the id."""
    names = unicodedata.normalize("NFKD", f"{work.last_name}\0{work.first_name}".casefold())
    return "".join(c for c in names if not unicodedata.combining(c)), work.student


def verdicts_path(root, assignment):
    """Where `collect` writes what became of each submission."""
    return Path(root, "reports", assignment, "verdicts.csv")


def read_verdicts(root, results):
    """Add repairs and reasons to the works. Without a list nothing is repaired or refused."""
    path = verdicts_path(root, results.assignment)
    if not path.is_file():
        return
    works = {work.student: work for work in results.works}
    with open(path, encoding="utf-8-sig", errors="replace", newline="") as stream:
        rows = csv.DictReader(stream)
        if not {"student", "outcome"} <= set(rows.fieldnames or ()):
            raise ResultsError(f"{path} has no columns student and outcome: run `collect` again")
        for row in rows:
            if row["student"] not in works:
                works[row["student"]] = Work(row["student"])
                results.works.append(works[row["student"]])
            add_verdict(works[row["student"]], row["outcome"], row.get("details") or "")
    results.works.sort(key=alphabetical)


def add_verdict(work, outcome, details):
    """One line of the list. Points stay points, whatever became of another version."""
    if not work.graded:
        work.outcome = "not_gradable" if outcome == "not_gradable" else "not_graded"
    elif outcome == "repaired":
        work.outcome = "repaired"
    add_details(work, details)


def add_details(work, text):
    """Something to know about a submission."""
    work.details = "; ".join(filter(None, [work.details, text]))


def read_autograded(path, work):
    """Add answers, messages of failed tests and the time from an autograded notebook."""
    if not work.graded or not path.is_file():
        return
    try:
        # Written by nbgrader, so format 4; validating each would take most of the time.
        nb = reads(path.read_text(encoding="utf-8", errors="replace"))
        for cell in nb.cells:
            about = cell.metadata.get("nbgrader", {})
            if about.get("solution"):
                work.answers[about["grade_id"]] = cell.source
            elif about.get("grade"):
                errors = [o.evalue for o in cell.get("outputs", []) if o.output_type == "error"]
                if errors:
                    work.failures[about["grade_id"]] = str(errors[0])
        seconds = nb.metadata.get("grading", {}).get("seconds")
    except (AttributeError, KeyError, TypeError, ValueError):
        add_details(work, "its autograded notebook can't be read: grade it again")
        return
    if isinstance(seconds, (int, float)) and math.isfinite(seconds) and seconds >= 0:
        work.seconds = float(seconds)
