"""nbgrader's stock commands, as its manual has them, in a fresh clone."""

import csv
import shutil
import sys

import nbformat
import pytest
from conftest import run

from grading.autograde import grade_class
from grading.bank import ROOT, solutions
from grading.course import Course
from grading.demo import ASSIGNMENT, answers
from grading.notebooks import notebook_path, read
from grading.settings import CourseError

NOT_ANSWERED = {}


@pytest.fixture(scope="module")
def graded(clone):
    """A clone in which stock commands graded the reference and an untouched release."""
    steps = [("generate_assignment", ASSIGNMENT)]
    course = Course(clone)
    for step in [*steps, ("autograde", ASSIGNMENT), ("generate_feedback", ASSIGNMENT), ("export",)]:
        done = run("nbgrader", *step, cwd=clone)
        assert done.returncode == 0, done.stderr
        if step[0] == "generate_assignment":
            course.submit("reference", ASSIGNMENT, solutions(ASSIGNMENT))
            course.submit("untouched", ASSIGNMENT, NOT_ANSWERED)
    return course


def test_reference_gets_everything_and_the_untouched_release_nothing(graded):
    scores, maximum = graded.points(ASSIGNMENT)
    assert sum(maximum.values()) == 100
    assert scores["reference"] == maximum
    assert set(scores["untouched"].values()) == {0}


def test_feedback_and_export_are_written(graded):
    for student in ("reference", "untouched"):
        page = notebook_path(f"feedback/{student}", ASSIGNMENT, graded.folder).with_suffix(".html")
        assert "conv_forward" in page.read_text(encoding="utf-8")
    with open(graded.folder / "grades.csv", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["assignment"] == ASSIGNMENT]
    rows = {row["student_id"]: float(row["score"]) for row in rows}
    assert rows == {"reference": 100, "untouched": 0}


def test_validate_agrees_with_the_grade(graded):
    source = notebook_path("source", ASSIGNMENT)
    done = run("nbgrader", "validate", str(source), cwd=graded.folder)
    assert "Success" in done.stdout, done.stdout + done.stderr
    release = notebook_path("release", ASSIGNMENT)
    done = run("nbgrader", "validate", str(release), cwd=graded.folder)
    assert "conv_forward: write your code" in done.stdout


def test_a_broken_configuration_stops_nbgrader(graded, tmp_path):
    """Class paths are strings, so an import that fails is an error, not a missing setting."""
    course = Course.create(tmp_path / "broken")
    config = course.folder / "nbgrader_config.py"
    config.write_text(config.read_text().replace("grading.release.KeepSteps", "grading.gone.X"))
    done = run("nbgrader", "generate_assignment", ASSIGNMENT, cwd=course.folder)
    assert done.returncode != 0
    assert not notebook_path("release", ASSIGNMENT, course.folder).exists()


def test_text_on_stderr_costs_no_points(tmp_path):
    """A warning, and a message that a student prints to stderr, leave the grade alone."""
    course = Course.create(tmp_path / "noisy")
    course.release(ASSIGNMENT)
    noise = """    import sys, warnings
    warnings.warn("careful")
    print("something is odd", file=sys.stderr)
"""
    noisy = {
        name: source.replace("    ### BEGIN SOLUTION\n", noise)
        for name, source in solutions(ASSIGNMENT).items()
    }
    course.submit("noisy", ASSIGNMENT, noisy)
    grade_class(course.folder, ASSIGNMENT, ["noisy"])
    scores, maximum = course.points(ASSIGNMENT)
    assert scores["noisy"] == maximum


def test_demo_class(tmp_path):
    """What `make demo` shows: who is right gets everything, each mistake costs its function."""
    done = run(sys.executable, "-m", "grading", "demo", str(tmp_path / "demo"))
    assert done.returncode == 0, done.stderr
    course = Course(tmp_path / "demo")
    scores, maximum = course.points_by_function(ASSIGNMENT)
    assert set(scores) == set(answers()) - {"half_a_file"}
    assert scores["all_right"] == scores["other_style"] == scores["odd_file"] == maximum
    assert set(scores["untouched"].values()) == {0}
    for student, function in {
        "bias_in_the_sum": "conv_single_step",
        "pad_0_forgotten": "conv_backward",
        "stride_ignored": "pool_forward",
        "syntax_error": "distribute_value",
    }.items():
        lost = {name for name in maximum if scores[student][name] < maximum[name]}
        assert lost == {function}
    shown = done.stdout.splitlines()
    assert next(line for line in shown if line.startswith("total")).split()[1:3] == ["100", "100"]
    assert "  half_a_file: NOT GRADABLE: not JSON" in done.stdout
    assert "  odd_file: repaired: renamed from" in done.stdout
    assert (course.folder / "grades.csv").exists()
    for line in shown[shown.index("Where to look next") + 1 : -3]:
        assert (ROOT / line.split()[-1]).exists(), line
    page = ROOT / shown[-1].split()[-1]
    assert shown[-1].startswith("  how the class did") and "stride_ignored" in page.read_text()


def test_changing_tests_after_submissions(graded, tmp_path):
    """What the README says: new text in a test cell is fine, a renamed test cell is refused."""
    course = Course(tmp_path / "changed")
    shutil.copytree(graded.folder, course.folder)
    path = notebook_path("source", ASSIGNMENT, course.folder)
    nb = read(path)
    (cell,) = [cell for cell in nb.cells if cell.id == "test_zero_pad_shape"]
    cell.source += "\n# a better message"
    nbformat.write(nb, path)
    done = run("nbgrader", "generate_assignment", ASSIGNMENT, cwd=course.folder)
    assert done.returncode == 0, done.stderr

    cell.metadata.nbgrader.grade_id = "test_zero_pad_size"
    nbformat.write(nb, path)
    done = run("nbgrader", "generate_assignment", ASSIGNMENT, cwd=course.folder)
    assert done.returncode != 0
    assert "submissions associated with it" in done.stderr
    assert not notebook_path("release", ASSIGNMENT, course.folder).exists()


def test_a_course_replaces_only_what_it_made(tmp_path):
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(CourseError, match="not made by this command"):
        Course.create(tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "precious"
