"""nbgrader's exchange works as its manual says, in a course whose submissions are repaired."""

import json
import os
import subprocess
import sys

import nbformat
import pytest
from grader_api import LIMITS
from small_course import ASSIGNMENT, MAXIMUM, NOTEBOOK, SANDBOX_CONFIG, SmallCourse, right

from grading.collect import Collector


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """A course, an exchange that everybody may write to, and a student's home."""
    root = tmp_path_factory.mktemp("places")
    exchange, student = root / "exchange", root / "student"
    exchange.mkdir(mode=0o777)
    exchange.chmod(0o777)
    student.mkdir()
    shared = f"\nc.Exchange.root = {str(exchange)!r}\n"
    course = SmallCourse(root / "course", SANDBOX_CONFIG + LIMITS + shared)
    own = "c = get_config()\nc.CourseDirectory.course_id = 'small'\n" + shared
    (student / "nbgrader_config.py").write_text(own)
    return course, student, exchange


def nbgrader(folder, *arguments):
    """A command of somebody whose home is the folder."""
    beside = os.path.dirname(sys.executable)
    environment = {
        **os.environ,
        "PATH": f"{beside}:{os.environ['PATH']}",
        "HOME": str(folder),
        "JUPYTER_DATA_DIR": str(folder / ".data"),
        "JUPYTER_CONFIG_DIR": str(folder / ".config"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_release_fetch_submit_collect_grade_and_feedback(places):
    course, student, exchange = places
    nbgrader(course.folder, "release_assignment", ASSIGNMENT)
    assert (exchange / "small" / "outbound" / ASSIGNMENT / f"{NOTEBOOK}.ipynb").is_file()

    assert ASSIGNMENT in nbgrader(student, "list")
    nbgrader(student, "fetch_assignment", ASSIGNMENT)
    path = student / ASSIGNMENT / f"{NOTEBOOK}.ipynb"
    nb = nbformat.read(path, as_version=4)
    for cell in nb.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = right(cell.id)
        # A tool that knows nothing of nbgrader saves it.
        cell.metadata.pop("nbgrader", None)
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(nb).encode())
    nbgrader(student, "submit", ASSIGNMENT)

    nbgrader(course.folder, "collect", ASSIGNMENT)
    (name,) = os.listdir(course.folder / "submitted")
    # What the exchange brought gets a verdict, too, and stays as it is.
    folder = course.folder / "submitted" / name / ASSIGNMENT
    before = {entry.name: entry.read_bytes() for entry in folder.iterdir()}
    (row,) = Collector(course.folder, ASSIGNMENT).take_in([course.folder / "submitted"])
    assert (row.student, row.outcome, row.time_from) == (name, "repaired", "timestamp.txt")
    assert "byte order mark" in row.repairs and "found again by id" in row.repairs
    assert {entry.name: entry.read_bytes() for entry in folder.iterdir()} == before

    said = nbgrader(course.folder, "autograde", ASSIGNMENT)
    assert "Repaired: a byte order mark was removed" in said
    assert course.grades(name) == MAXIMUM
    nbgrader(course.folder, "generate_feedback", ASSIGNMENT)
    nbgrader(course.folder, "release_feedback", ASSIGNMENT)
    nbgrader(student, "fetch_feedback", ASSIGNMENT)
    (page,) = (student / ASSIGNMENT / "feedback").rglob("*.html")
    text = page.read_text(encoding="utf-8")
    assert "20.0 / 20.0" in text and "SECRET-OF-THE-COURSE" not in text


def test_a_second_submission_is_kept_beside_the_first(places):
    course, student, _ = places
    path = student / ASSIGNMENT / f"{NOTEBOOK}.ipynb"
    nb = nbformat.reads(path.read_bytes().decode("utf-8-sig"), as_version=4)
    next(cell for cell in nb.cells if cell.id == "zero_pad").source = "# GRADED FUNCTION: zero_pad"
    nbformat.write(nb, path)
    nbgrader(student, "submit", ASSIGNMENT)
    nbgrader(course.folder, "collect", ASSIGNMENT, "--update")
    (row,) = Collector(course.folder, ASSIGNMENT).take_in([course.folder / "submitted"])
    assert row.version == 2
    kept = course.folder / "collected" / ASSIGNMENT / row.student
    assert sorted(entry.name for entry in kept.iterdir()) == ["1", "2"]
    nbgrader(course.folder, "autograde", ASSIGNMENT)
    assert sum(course.grades(row.student).values()) < sum(MAXIMUM.values())
