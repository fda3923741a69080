"""Whatever students hand in is taken in, repaired or explained, and graded by nbgrader."""

import shutil
from pathlib import Path

import nbformat
import pytest
from broken import CASES, NOT_GRADABLE, other_assignment, right_notebook
from conftest import run

from grading import verdicts
from grading.course import Course
from grading.demo import ASSIGNMENT

LIMIT = "\nc.SubmissionExporter.max_size = 30 * 2**20\n"


def python(course, *arguments, check=True):
    """Run `python -m grading` in a course folder."""
    done = run("python", "-m", "grading", *map(str, arguments), cwd=course.folder)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def contents(folder):
    """{path: bytes} of all files below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def class_(tmp_path_factory):
    """A course that took in every case as a student of the case's name, and graded them all."""
    folder = tmp_path_factory.mktemp("class")
    course = Course.create(folder / "course")
    with open(course.folder / "nbgrader_config.py", "a") as config:
        config.write(LIMIT)
    other = course.folder / "source" / "2_other"
    shutil.copytree(course.folder / "source" / ASSIGNMENT / "figures", other / "figures")
    nbformat.write(other_assignment(), other / "other.ipynb")
    course.release(ASSIGNMENT)
    course.handed_in = folder / "handed_in"
    right = right_notebook()
    for case in CASES:
        for name, data in case.make(right).items():
            path = course.handed_in / case.name / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    course.before = contents(course.handed_in)
    course.said = python(course, "collect", ASSIGNMENT, course.handed_in).stdout
    course.rows = {row.student: row for row in verdicts.load(course.folder, ASSIGNMENT)}
    course.grade(ASSIGNMENT, [row.student for row in course.rows.values() if row.gradable])
    course.scores, _ = course.points(ASSIGNMENT)
    return course


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_submission_has_its_outcome(class_, case):
    row = class_.rows[case.name]
    said = f"{row.repairs} | {row.why} | {row.remarks}"
    assert row.outcome == case.outcome, said
    for text in case.says:
        assert text in said
    if case.outcome == NOT_GRADABLE:
        assert case.name not in class_.scores
        assert not (class_.folder / "submitted" / case.name).exists()
    else:
        assert sum(class_.scores[case.name].values()) == case.points, said


def test_the_cases_are_many_and_each_outcome_is_shown(class_):
    assert len(CASES) >= 40
    assert len(class_.rows) == len(CASES)
    for case in CASES:
        if case.says:
            assert f"  {case.name}" in class_.said
    assert f"{len(CASES)} submissions" in class_.said


def test_nothing_handed_in_is_changed_and_the_bytes_are_kept(class_):
    assert contents(class_.handed_in) == class_.before
    for name, row in class_.rows.items():
        kept = class_.folder / "collected" / ASSIGNMENT / name / "1" / row.file
        if row.gradable:
            handed_in = {data for path, data in class_.before.items() if path.startswith(name)}
            in_zip = any(path.endswith(".zip") for path in class_.before if path.startswith(name))
            assert in_zip or "zip" in name or kept.read_bytes() in handed_in
            filed = class_.folder / "submitted" / name / ASSIGNMENT / "step_by_step.ipynb"
            assert filed.read_bytes() == kept.read_bytes()


def test_twice_changes_nothing(class_):
    before = contents(class_.folder)
    again = python(class_, "collect", ASSIGNMENT, class_.handed_in).stdout
    after = contents(class_.folder)
    assert again == class_.said
    assert after.keys() == before.keys()
    assert [name for name in after if after[name] != before[name]] == []
