"""Whatever students hand in is taken in, repaired or explained, and graded by nbgrader."""

import shutil
from pathlib import Path

import nbformat
import pytest
from broken import CASES, NAME, NOT_GRADABLE, other_assignment, right_notebook
from conftest import run

from grading import verdicts
from grading.autograde import grade_class
from grading.course import Course
from grading.demo import ASSIGNMENT
from grading.notebooks import read

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
    """A course that took in every case, as a student of the case's name."""
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
    return course


@pytest.fixture(scope="module")
def graded(class_, tmp_path_factory):
    """{case: points}, by nbgrader's own command on the whole class.

    What is graded is the notebook that the sanitize preprocessors leave. So the class is
    sanitized first; of notebooks that are then the same code, one is graded for all.
    """
    course = Course(tmp_path_factory.mktemp("graded") / "course")
    shutil.copytree(class_.folder, course.folder)
    config = course.folder / "nbgrader_config.py"
    settings = config.read_text()
    config.write_text(settings + "\nc.Autograde.autograde_preprocessors = []\n")
    # By hand, as an instructor may do it: what collect would not have filed.
    for case in CASES:
        bad = class_.handed_in / case.name / NAME
        if case.outcome == NOT_GRADABLE and bad.exists():
            path = course.folder / "submitted" / case.name / ASSIGNMENT / NAME
            path.parent.mkdir(parents=True)
            shutil.copy(bad, path)
    course.batch = run("nbgrader", "autograde", ASSIGNMENT, cwd=course.folder)
    same = {}
    for path in sorted(course.folder.glob(f"autograded/*/{ASSIGNMENT}/{NAME}")):
        cells = [cell for cell in read(path).cells if cell.cell_type == "code"]
        code = [(cell.source, str(cell.metadata.get("nbgrader"))) for cell in cells]
        same.setdefault(str(code), []).append(path.parent.parent.name)
    config.write_text(settings)
    shutil.rmtree(course.folder / "autograded")
    grade_class(course.folder, ASSIGNMENT, [students[0] for students in same.values()])
    scores, maximum = course.points(ASSIGNMENT)
    assert sum(maximum.values()) == 100
    course.points_of = {
        student: sum(scores[students[0]].values())
        for students in same.values()
        for student in students
    }
    course.graded_kinds = len(same)
    return course


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_submission_has_its_outcome(class_, case):
    row = class_.rows[case.name]
    said = f"{row.repairs} | {row.why} | {row.remarks}"
    assert row.outcome == case.outcome, said
    for text in case.says:
        assert text in said
    filed = (class_.folder / "submitted" / case.name).exists()
    assert filed == (case.outcome != NOT_GRADABLE)


def test_every_repaired_submission_gets_its_points(graded):
    expected = {case.name: case.points for case in CASES if case.outcome != NOT_GRADABLE}
    assert graded.points_of == expected
    assert graded.graded_kinds < len(expected)


def test_a_bad_submission_does_not_stop_the_batch_of_plain_nbgrader(graded):
    """Those that can't be graded are reported at the end; all others were graded."""
    said = graded.batch.stdout + graded.batch.stderr
    assert graded.batch.returncode == 1
    assert "NotGradable: not JSON: the file ends in the middle (line 1000" in said
    assert "Repaired: notebook format 3 was brought to format 4" in said
    assert "error processing assignment '1_step_by_step' for student 'empty_file'" in said


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
