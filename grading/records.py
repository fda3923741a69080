"""Reads what is known of a class: from the gradebook, the autograded notebooks and the list that
`collect` writes."""

import math
import unicodedata
from pathlib import Path

from nbformat.v4 import reads
from nbgrader.api import (
    BaseCell,
    Grade,
    Gradebook,
    MissingEntry,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from sqlalchemy import select

from grading import verdicts
from grading.course import Course
from grading.notebooks import answer_cell, graded_functions, notebook_path, read
from grading.results import Results, ResultsError, Work


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
    order = {
        cell.metadata.get("nbgrader", {}).get("grade_id"): n for n, cell in enumerate(source.cells)
    }
    cells = [*about.grade_cells, *about.task_cells]
    cells.sort(key=lambda cell: order.get(cell.name, len(order)))
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
    columns = (Grade.score, Grade.auto_score, Grade.manual_score)
    # One query: a query for each submission would take seconds in a large class.
    rows = gradebook.db.execute(
        select(SubmittedAssignment.student_id, BaseCell.name, Grade.needs_manual_grade, *columns)
        .select_from(Grade)
        .join(Grade.cell)
        .join(Grade.notebook)
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


def read_verdicts(root, results):
    """Add repairs and reasons to the works. Without a list nothing is repaired or refused."""
    works = {work.student: work for work in results.works}
    for row in verdicts.load(root, results.assignment):
        if not row.student:  # nobody knows whose it is; `collect` has said so
            continue
        if row.student not in works:
            works[row.student] = Work(row.student)
            results.works.append(works[row.student])
        add_verdict(works[row.student], row)
    results.works.sort(key=alphabetical)


def add_verdict(work, row):
    """One row of the list. Points stay points, whatever became of another version."""
    if not work.graded:
        work.outcome = "not_graded" if row.gradable else row.outcome
    elif row.outcome == verdicts.REPAIRED:
        work.outcome = row.outcome
    for text in (row.repairs, row.why, row.remarks):
        work.note(text)


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
        work.note("its autograded notebook can't be read: grade it again")
        return
    if isinstance(seconds, (int, float)) and math.isfinite(seconds) and seconds >= 0:
        work.seconds = float(seconds)
