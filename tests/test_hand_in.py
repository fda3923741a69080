"""hand_in.py: says what state the notebook is in, and packs what `collect` takes as it is."""

import os
import sys
import time
import zipfile
from pathlib import Path

import pytest
from conftest import need_program, run
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from students_folder import NAME, StudentsFolder, cell_of

from grading import verdicts
from grading.bank import misconception, solutions
from grading.collect import Collector
from grading.course import Course
from grading.demo import ASSIGNMENT
from grading.notebooks import graded_functions

ZIP = f"{ASSIGNMENT}_hand_in.zip"
RIGHT = solutions(ASSIGNMENT)
BIN = str(Path(sys.executable).parent)


@pytest.fixture
def student(tmp_path):
    """A fresh folder."""
    return StudentsFolder(tmp_path)


def packed(student):
    """The notebook in the zip file, as bytes."""
    with zipfile.ZipFile(student.folder / ZIP) as archive:
        assert archive.namelist() == [NAME]
        return archive.read(NAME)


def line_with(said, word):
    """The one line that starts with a word."""
    (line,) = [line for line in said.splitlines() if line.startswith(word)]
    return line


def test_an_untouched_notebook_is_all_stubs_and_is_packed(student):
    before = student.files()
    said = student.tool("hand_in.py")
    names = line_with(said, "STILL TO WRITE: ").partition(": ")[2].split(", ")
    assert names == graded_functions(student.notebook())
    assert "FAIL" not in said and "STOPPED" not in said and "MISSING" not in said
    assert f"Packed: {student.folder / ZIP}" in said
    after = student.files()
    assert packed(student) == before[NAME]
    assert {name: after[name] for name in before} == before and set(after) - set(before) == {ZIP}


def test_a_finished_notebook_is_told_so(student):
    student.answer()
    said = student.tool("hand_in.py")
    assert "ran to its end in" in said and "all visible checks pass" in said
    for word in ("STILL", "FAIL", "STOPPED", "NOT ", "MISSING"):
        assert word not in said
    assert packed(student) == student.path.read_bytes()


def test_a_trained_network_is_not_replaced(tmp_path):
    """The trial run of assignment 3 trains for three steps only, and writes no checkpoint here."""
    student = StudentsFolder(tmp_path, assignment="3_convnet")
    (student.folder / "trained.h5").write_bytes(b"learnt in an hour")
    student.answer()
    before = student.files()
    said = student.tool("hand_in.py")
    assert "ran to its end in" in said and "all visible checks pass" in said
    after = student.files()
    assert set(after) - set(before) == {"3_convnet_hand_in.zip"}
    assert {name: after[name] for name in before} == before


def test_what_fails_and_what_was_spoilt_is_named(student):
    mistake = misconception(ASSIGNMENT, "conv_single_step", "bias_inside_the_sum")
    answers = {name: RIGHT[name] for name in ("zero_pad", "conv_forward", "distribute_value")}
    answers["conv_single_step"] = mistake.apply(RIGHT["conv_single_step"])
    nb = student.answer(answers)
    cell_of(nb, "test_distribute_value").source = "pass"
    nb.cells = [cell for cell in nb.cells if cell.id != "test_zero_pad_shape"]
    nb.cells.insert(40, new_code_cell("# mine\nprint(foo)", id="mine"))
    student.write(nb)
    said = student.tool("hand_in.py")
    assert "pool_forward" in line_with(said, "STILL TO WRITE: ")
    assert "zero_pad" not in line_with(said, "STILL TO WRITE: ")
    checks, others = said.split("CHECKS THAT FAIL:")[1].split("OTHER CELLS THAT FAIL:")
    assert "the cell test_conv_single_step_value: CheckFailed: conv_single_step(" in checks
    assert "expected Z = 7\n    got 16" in checks
    assert "cell 41 (`# mine`): NameError: name 'foo' is not defined" in others
    # What only follows from a function that is not written is not named once more.
    assert "dA_prev" not in said and "NotImplementedError" not in said
    spoilt = line_with(said, "MISSING OR CHANGED: ")
    assert "test_zero_pad_shape, test_distribute_value" in spoilt
    assert packed(student) == student.path.read_bytes()


@pytest.mark.parametrize(
    ("code", "why"),
    [("while True:\n    pass", "it did not end in time"), ("import os; os._exit(1)", "kernel")],
)
def test_the_cell_that_stops_it_is_named_and_time_is_bounded(student, code, why):
    nb = student.answer({name: RIGHT[name] for name in ("zero_pad",)})
    nb.cells.insert(30, new_code_cell(f"# a mistake\n{code}", id="mine"))
    student.write(nb)
    began = time.monotonic()
    done = run(sys.executable, "-c", "import hand_in; hand_in.pack(None, {}, 3, 60)",
               cwd=student.folder)  # fmt: skip
    assert time.monotonic() - began < 60
    said = done.stdout
    assert "STOPPED at cell 31 (`# a mistake`): " in said, said + done.stderr
    assert why in line_with(said, "STOPPED") and "was not tried" in said
    # Nothing ran after it, so their text tells which functions are not written.
    names = line_with(said, "STILL TO WRITE: ")
    assert "zero_pad" not in names and "pool_backward" in names
    assert packed(student) == student.path.read_bytes()


def shown(student, *cells, **environment):
    """Run cells in a kernel in the student's folder. Returns what they printed."""
    nb = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    client = NotebookClient(nb, timeout=300, resources={"metadata": {"path": student.folder}})
    with client.setup_kernel(env={**os.environ, **environment}):
        for index, cell in enumerate(nb.cells):
            client.execute_cell(cell, index)
    return "".join(o.text for c in nb.cells for o in c.outputs if o.output_type == "stream")


def test_nothing_happens_where_nobody_sits_at_the_notebook(student):
    """Validate, autograde, nbval and the trial run itself all run the cell that hands in."""
    student.answer()
    cell = cell_of(student.notebook(), "hand_in").source
    began = time.monotonic()
    said = shown(student, cell)
    assert time.monotonic() - began < 30
    assert said.startswith("Nothing is packed in this run.") and "python hand_in.py" in said
    assert not (student.folder / ZIP).exists()


def test_what_runs_but_is_not_saved_is_named(student):
    """In a kernel that Jupyter's server started for this notebook, as it says itself."""
    student.answer()
    renamed = student.path.rename(student.folder / "mine.ipynb")
    same = RIGHT["conv_forward"]
    newer = RIGHT["zero_pad"].replace("return X_pad", "return 1 * X_pad")
    assert newer != RIGHT["zero_pad"]
    cell = cell_of(StudentsFolder(student.folder, "x").notebook(), "hand_in").source
    said = shown(student, same, newer, cell, JPY_SESSION_NAME=f"some/where/{renamed.name}")
    assert "mine.ipynb, as it was saved on " in said and "ran to its end in" in said
    named = line_with(said, "NOT AS SAVED: ")
    assert "zero_pad. If your newest code is not saved, save now" in named
    assert "conv_forward" not in named
    assert packed(student) == renamed.read_bytes()


def test_on_colab_the_way_to_hand_in_is_told(student):
    student.path.unlink()
    colab = "import sys, types\nsys.modules['google.colab'] = types.ModuleType('colab')"
    said = shown(student, colab, "from hand_in import hand_in\nhand_in()")
    assert said.startswith("Nothing was packed. On Colab ")
    assert "File > Download > Download .ipynb" in said
    said = shown(student, colab, "%run renew.py")
    assert "On Colab the notebook is not among the files here. Download it" in said
    assert not student.path.exists()


def test_what_is_missing_is_named_with_a_remedy(student):
    block = "import sys; sys.modules['nbclient'] = None; import hand_in; "
    block += f"print(hand_in.trial({str(student.path)!r}, 9, 9))"
    done = run(sys.executable, "-c", block, cwd=student.folder)
    assert "nbclient is missing; `pip install nbclient`" in done.stdout
    student.path.rename(student.folder / "lost.txt")
    said = student.tool("hand_in.py", code=1)
    assert f"Nothing was packed. There is no {NAME}" in said and "hand in the notebook" in said
    student.path.write_text('{"nbformat": 4, "cells": []}', encoding="utf-8")
    assert "brings them back" in student.tool("hand_in.py", code=1)
    student.path.write_bytes(b"[")
    assert "no JSON at line 1" in student.tool("hand_in.py", code=1)
    (student.folder / "released.json").unlink()
    assert "released.json is missing" in student.tool("hand_in.py", code=1)
    assert not (student.folder / ZIP).exists()


def test_make_submission_packs_what_is_in_the_lab(student):
    """The same code, for those who have make."""
    need_program("make")
    lab = student.folder.parent
    done = run("make", "-o", ".venv/installed", "submission", f"LAB={lab}", "BIN=" + BIN)
    assert done.returncode == 0 and "STILL TO WRITE: zero_pad" in done.stdout, done.stderr
    assert packed(student) == student.path.read_bytes()


def test_collect_takes_it_as_platforms_hand_it_out(student, tmp_path):
    """The zip file as Moodle and Canvas name it, and a zip file of the student's whole folder."""
    student.answer({"zero_pad": "# an older answer"})
    student.tool("renew.py")  # there is a backup now, which must not be taken
    student.answer()
    student.tool("hand_in.py")
    current = student.path.read_bytes()
    course = Course.create(tmp_path / "course")
    places = ["Ada Lovelace_123_assignsubmission_file_/", "hopperkate_77_88_", "plain/"]
    for place in places:
        path = tmp_path / "class" / f"{place}{ZIP}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((student.folder / ZIP).read_bytes())
    whole = tmp_path / "class" / "whole" / "all.zip"
    whole.parent.mkdir()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, data in student.files().items():
            archive.writestr(f"1_step_by_step/{name}", data)
    rows = Collector(course.folder, ASSIGNMENT).take_in([tmp_path / "class"])
    assert {row.student for row in rows} == {"123", "77", "plain", "whole"}
    for row in rows:
        assert row.outcome == verdicts.GRADED, f"{row.student}: {row.why} {row.repairs}"
        filed = course.folder / "submitted" / row.student / ASSIGNMENT / NAME
        assert filed.read_bytes() == current
