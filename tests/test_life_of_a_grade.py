"""Late penalties, grades by hand, the best version, and forgetting: through nbgrader itself."""

import csv
import re
import subprocess
import sys
from datetime import UTC, datetime

import nbformat
import pytest
from conftest import run
from grader_api import LIMITS, GradedCourse
from nbgrader.apps import NbGraderAPI
from small_course import ASSIGNMENT, MAXIMUM, NOTEBOOK, SANDBOX_CONFIG, cell_of
from traitlets.config.loader import PyFileConfigLoader

from grading import verdicts
from grading.collect import Collector
from grading.forget import forget
from grading.late import PercentPerDay

FILE = f"{NOTEBOOK}.ipynb"
DUE = datetime(2026, 5, 1, 12, tzinfo=UTC)
LATE = """
c.AssignLatePenalties.plugin_class = "grading.late.PercentPerDay"
c.PercentPerDay.percent = 10
"""
WRONG = "def zero_pad(X, pad):\n    return X"


@pytest.fixture(scope="module")
def late_course(tmp_path_factory):
    """A course with a due date and a penalty of 10 percent a day."""
    course = GradedCourse(
        tmp_path_factory.mktemp("late") / "c", SANDBOX_CONFIG + LIMITS + LATE
    )  # fmt: skip
    done = course.nbgrader(
        "db", "assignment", "add", ASSIGNMENT, "--duedate", "2026-05-01 12:00:00 UTC"
    )
    assert done.returncode == 0
    yield course
    course.close()


def notebook(course, edit=None):
    """Bytes of a right notebook with some cells edited."""
    nb = course.released()
    for name, source in (edit or {}).items():
        cell_of(nb, name).source = source
    return nbformat.writes(nb).encode()


def hand_in(course, tmp_path, student, day, edit=None, counts=None):
    """Take in one version, handed in at noon of a day in May."""
    path = tmp_path / f"{student}-{day}.ipynb"
    path.write_bytes(notebook(course, edit))
    time = datetime(2026, 5, day, 12, 0, 1, tzinfo=UTC)
    rows = Collector(course.folder, ASSIGNMENT, counts, time).take_in([path], student)
    return next(row for row in rows if row.student == student)


def autograde(course, student):
    config = PyFileConfigLoader("nbgrader_config.py", path=str(course.folder)).load_config()
    config.CourseDirectory.root = str(course.folder)
    result = NbGraderAPI(config=config).autograde(ASSIGNMENT, student, force=False)
    assert result["success"], result
    return result["log"]


def in_gradebook(course, student):
    """(points, late penalty, seconds late)."""
    with Collector(course.folder, ASSIGNMENT).gradebook() as gradebook:
        entry = gradebook.find_submission(ASSIGNMENT, student)
        return entry.score, entry.late_submission_penalty or 0, entry.total_seconds_late


@pytest.mark.parametrize(
    ("day", "penalty"), [(1, 2.0), (2, 4.0), (25, 20.0)], ids=["1 s", "1 day and 1 s", "a month"]
)
def test_late_submissions_get_the_penalty_that_the_instructor_sets(
    late_course, tmp_path, day, penalty
):
    student = f"late{day}"
    hand_in(late_course, tmp_path, student, day)
    autograde(late_course, student)
    seconds = (day - 1) * 86400 + 1
    assert in_gradebook(late_course, student) == (20.0, penalty, seconds)


def test_penalties():
    plugin = PercentPerDay(percent=25, most=60, grace=10)
    hours = [0, 1 / 60, 1, 24 + 1 / 6, 25, 100]
    taken = [plugin.late_submission_penalty("x", 80.0, 3600 * hour) for hour in hours]
    assert taken == [0, 0, 20, 20, 40, 48]


def test_a_later_version_is_graded_again_and_what_was_done_by_hand_survives(late_course, tmp_path):
    course = late_course
    hand_in(course, tmp_path, "ada", 1, {"zero_pad": WRONG})
    autograde(course, "ada")
    points, _, _ = in_gradebook(course, "ada")
    assert points < 20
    with Collector(course.folder, ASSIGNMENT).gradebook() as gradebook:
        where = (NOTEBOOK, ASSIGNMENT, "ada")
        grade = gradebook.find_grade("test_conv_forward_values", *where)
        grade.manual_score, grade.extra_credit = 1.5, 0.5
        gradebook.find_comment("conv_forward", *where).manual_comment = "Nicely done."
        gradebook.db.commit()
    hand_in(course, tmp_path, "ada", 2)
    autograde(course, "ada")
    with Collector(course.folder, ASSIGNMENT).gradebook() as gradebook:
        grade = gradebook.find_grade("test_conv_forward_values", *where)
        assert (grade.manual_score, grade.extra_credit, grade.auto_score) == (1.5, 0.5, 6)
        assert grade.needs_manual_grade  # nbgrader asks the instructor to look again
        assert gradebook.find_comment("conv_forward", *where).comment == "Nicely done."
        assert gradebook.find_grade("test_zero_pad_values", *where).score == 3
    # Nothing new: nbgrader leaves it alone.
    assert "Skipping existing assignment" in autograde(course, "ada")


def test_the_best_version_counts_if_that_is_set(late_course, tmp_path):
    """A better one a day later is worth less; a worse one later never counts."""
    course = late_course
    hand_in(course, tmp_path, "bo", 1, {"zero_pad": WRONG}, counts="best")
    autograde(course, "bo")
    row = hand_in(course, tmp_path, "bo", 2, counts="best")
    # 20 points less 20 percent against 9 points less 10 percent.
    assert (row.version, row.score) == (2, "16")
    autograde(course, "bo")
    row = hand_in(course, tmp_path, "bo", 3, {"conv_forward": "pass"}, counts="best")
    assert (row.version, row.score) == (2, "16")
    assert row.remarks == "version 2 of 3 counts"
    scores = [
        r.score for r in verdicts.load_versions(course.folder, ASSIGNMENT) if r.student == "bo"
    ]
    assert len(scores) == 3 and all(float(score) < 16 for score in (scores[0], scores[2]))
    autograde(course, "bo")
    assert in_gradebook(course, "bo") == (20.0, 4.0, 86401)
    # With the other setting the last one counts again, and nbgrader grades it.
    row = hand_in(course, tmp_path, "bo", 3, {"conv_forward": "pass"}, counts="last")
    assert row.version == 3
    autograde(course, "bo")
    assert in_gradebook(course, "bo")[0] == 10.0
    row = hand_in(course, tmp_path, "bo", 3, {"conv_forward": "pass"}, counts="best")
    # Its autograded copy is newer than the version that counts now; nbgrader grades all the same.
    autograde(course, "bo")
    assert in_gradebook(course, "bo") == (20.0, 4.0, 86401)


def test_forget_removes_all_that_is_kept_of_a_student(late_course, tmp_path):
    course = late_course
    secret = "PRIVATE-WORDS-OF-CARL"
    for student, note in (("carl", secret), ("carla", "others")):
        for day in (1, 2):
            hand_in(course, tmp_path, student, day, {"title": f"# {note} {day}"})
        assert course_feedback(course, student)
    course.nbgrader("export")
    (course.folder / "notes.log").write_text("carl was late, carla too\n")
    (course.folder / "more.log").write_text("carla only\n")
    assert mentions(course, secret)

    asked = subprocess.run(
        [sys.executable, "-m", "grading", "forget", "carl"],
        cwd=course.folder, input="n\n", capture_output=True, text=True,
    )  # fmt: skip
    assert asked.returncode == 1 and "nothing was removed" in asked.stderr
    assert mentions(course, secret)

    done = run(sys.executable, "-m", "grading", "forget", "carl", "--yes", cwd=course.folder)
    assert done.returncode == 0, done.stderr
    for step in ("submitted/carl", "autograded/carl", "feedback/carl", "collected"):
        assert step in done.stdout
    assert "gradebook (the student and 1 submissions)" in done.stdout
    assert "grades.csv (1 rows)" in done.stdout
    assert "notes.log" in done.stdout and "more.log" not in done.stdout
    assert mentions(course, secret) == []
    for folder in ("submitted", "autograded", "feedback", f"collected/{ASSIGNMENT}"):
        names = [path.name for path in (course.folder / folder).iterdir()]
        assert "carl" not in names and "carla" in names
    students = {row.student for row in verdicts.load_versions(course.folder, ASSIGNMENT)}
    assert "carl" not in students and "carla" in students
    with open(course.folder / "grades.csv") as stream:
        exported = {row["student_id"] for row in csv.DictReader(stream)}
    assert "carl" not in exported and "carla" in exported
    assert sum(course.grades("carla").values()) == sum(MAXIMUM.values())
    with Collector(course.folder, ASSIGNMENT).gradebook() as gradebook:
        assert "carl" not in {student.id for student in gradebook.students}
    assert not re.search(rb"carl(?!a)", (course.folder / "gradebook.db").read_bytes())

    again = run(sys.executable, "-m", "grading", "forget", "carl", "--yes", cwd=course.folder)
    assert again.returncode == 1 and "nothing is kept of 'carl'" in again.stderr


def course_feedback(course, student):
    autograde(course, student)
    config = PyFileConfigLoader("nbgrader_config.py", path=str(course.folder)).load_config()
    config.CourseDirectory.root = str(course.folder)
    return NbGraderAPI(config=config).generate_feedback(ASSIGNMENT, student)["success"]


def mentions(course, text):
    """Files in the course folder that hold a text."""
    return [
        path
        for path in course.folder.rglob("*")
        if path.is_file() and text.encode() in path.read_bytes()
    ]


def test_forget_never_leaves_the_course(late_course, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    for name in ("..", ".", "../outside", str(outside), "", "*"):
        removed, _ = forget(late_course.folder, name)
        assert removed == [], name
    assert outside.is_dir() and (late_course.folder / "submitted").is_dir()
