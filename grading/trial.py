"""Trial grading, for courses in which the best version of a submission counts.

Every version is graded in a scratch course with a gradebook of its own, late penalty included;
the course's gradebook is not touched. Only students with several versions need it.
"""

import hashlib
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from nbgrader.api import MissingEntry

from grading import verdicts
from grading.autograde import grade_class
from grading.course import Course
from grading.settings import CourseError


def scored(collector, known):
    """All versions, with the points of those that compete with others of the same student."""
    known = still_valid(collector, known)
    rounds = []
    for row in known:
        mine = [r for r in known if (r.student, r.notebook) == (row.student, row.notebook)]
        competing = [r for r in mine if r.gradable]
        if len(competing) > 1 and row.gradable and not row.score:
            turn = [r for r in competing if not r.score].index(row)
            rounds += [[] for _ in range(turn + 1 - len(rounds))]
            rounds[turn].append(row)
    if not rounds:
        return known
    print(f"Trial grading of {sum(map(len, rounds))} versions, since the best one counts")
    points = {}
    with tempfile.TemporaryDirectory(prefix="trial") as folder:
        course = scratch_course(collector, Path(folder) / "course")
        for rows in rounds:
            points.update(graded(collector, course, rows))
    return [replace(row, score=points.get(key(row), row.score)) for row in known]


def key(row):
    return row.student, row.version


def still_valid(collector, known):
    """All versions, without the points of an earlier source, configuration or due date."""
    about = hashlib.sha256(repr(due_date(collector)).encode())
    for path in [
        collector.root / "nbgrader_config.py",
        *sorted(collector.examiner.source.iterdir()),
    ]:
        if path.is_file():
            about.update(path.read_bytes())
    path = verdicts.folder(collector.root, collector.assignment) / ".trial"
    if path.exists() and path.read_text() == about.hexdigest():
        return known
    path.write_text(about.hexdigest())
    return [replace(row, score="") for row in known]


def due_date(collector):
    """The assignment's due date in the course's gradebook, or None."""
    if not collector.gradebook_exists():
        return None
    with collector.gradebook() as gradebook:
        try:
            return gradebook.find_assignment(collector.assignment).duedate
        except MissingEntry:
            return None


def scratch_course(collector, folder):
    """A course like the collector's with an empty gradebook."""
    folder.mkdir()
    shutil.copytree(collector.examiner.source.parent, folder / "source")
    shutil.copy(collector.root / "nbgrader_config.py", folder)
    with open(folder / "nbgrader_config.py", "a", encoding="utf-8") as config:
        config.write(f'\nc.CourseDirectory.db_url = "sqlite:///{folder}/gradebook.db"\n')
    secret = collector.root / ".grading_secret"
    if secret.exists():
        shutil.copy(secret, folder)
    course = Course(folder)
    course.release(collector.assignment)
    with course.gradebook() as gradebook:
        gradebook.update_or_create_assignment(collector.assignment, duedate=due_date(collector))
    return course


def graded(collector, course, rows):
    """{(student, version): points, late penalty taken off} of one version of each student."""
    with course.gradebook() as gradebook:
        for student in gradebook.students:
            gradebook.remove_student(student.id)
    for step in ("submitted", "autograded", "feedback"):
        shutil.rmtree(course.folder / step, ignore_errors=True)
    for row in rows:
        collector.file(row, course.folder / "submitted" / row.student / collector.assignment)
    try:
        grade_class(course.folder, collector.assignment, [row.student for row in rows])
    except CourseError as error:
        print(f"Trial grading failed for some: {str(error).splitlines()[-1]}")
    points = {}
    with course.gradebook() as gradebook:
        for row in rows:
            folder = course.folder / "autograded" / row.student / collector.assignment
            if folder.is_dir():
                entry = gradebook.find_submission(collector.assignment, row.student)
                score = entry.score - (entry.late_submission_penalty or 0)
                points[key(row)] = f"{max(0.0, score):g}"
    return points
