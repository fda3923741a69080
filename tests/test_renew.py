"""renew.py: what was spoilt or mended comes anew, and nothing that a student wrote is lost."""

import copy
import importlib.util
import json
import re

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell
from students_folder import NAME, StudentsFolder, cell_of

from grading.bank import ROOT, solutions
from grading.demo import ASSIGNMENT
from grading.notebooks import answer_cell, graded_functions, notebook_path, read

RELEASE = read(notebook_path("release", ASSIGNMENT, ROOT))
ODD = "def zero_pad(X, pad):\t\r\n    # Größe: 2·pad ✓ \u2028   \n\n\n    return X]  # no code\n  "
NOTE = "I understood it: the frame is *outside* of the image."
TYPO = "A convolutional network recognises"


@pytest.fixture
def student(tmp_path):
    """A fresh folder."""
    return StudentsFolder(tmp_path)


def tool():
    """The module itself."""
    spec = importlib.util.spec_from_file_location("renew", ROOT / "student" / "renew.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sources(nb):
    """{id: source} of all cells."""
    return {cell.id: cell.source for cell in nb.cells}


def own(name, kind=new_code_cell):
    """A cell of the student's own, with an output."""
    cell = kind(f"# mine, {name}\nprint('é\u2028')", id=name)
    cell.metadata["tags"] = ["keep"]
    if kind is new_code_cell:
        cell.outputs = [nbformat.v4.new_output("stream", text="é\n")]
        cell.execution_count = 7
    return cell


def worked(student):
    """Answers, notes and cells of one's own, and much that is spoilt. Returns the notebook."""
    nb = student.answer()
    answer_cell(nb, "zero_pad").source = ODD
    cell_of(nb, "test_zero_pad_shape").source = "pass"
    cell_of(nb, "packages").source = "import nump"
    cell_of(nb, "why_correlation").source += f"\n\n{NOTE}"
    cell_of(nb, "notation").source = "oops"
    places = {cell.id: index for index, cell in enumerate(nb.cells)}
    nb.cells.insert(places["zero_pad"] + 1, own("mine_b"))
    nb.cells.insert(3, own("mine_a", new_markdown_cell))
    nb.cells.insert(0, own("mine_0"))
    nb.cells.append(own("mine_z"))
    gone = {"test_conv_forward_values", "outline"}
    nb.cells = [cell for cell in nb.cells if cell.id not in gone]
    student.write(nb)
    return student.notebook()


def test_all_that_was_spoilt_comes_back_and_all_that_is_the_student_s_stays(student):
    before = worked(student)
    raw = student.path.read_bytes()
    said = student.tool("renew.py")
    after = student.notebook()
    nbformat.validate(after)
    functions = graded_functions(RELEASE)
    for name in functions:
        assert answer_cell(after, name).source == answer_cell(before, name).source
    assert answer_cell(after, "zero_pad").source == ODD
    given = [cell for cell in after.cells if cell.id in sources(RELEASE)]
    assert [cell.id for cell in given] == [cell.id for cell in RELEASE.cells]
    for cell, fresh in zip(given, RELEASE.cells, strict=True):
        assert cell.metadata == fresh.metadata
        assert cell.source == fresh.source or cell.id in functions
    for name in ("mine_0", "mine_a", "mine_b", "mine_z"):
        assert cell_of(after, name) == cell_of(before, name)
    order = [cell.id for cell in after.cells]
    assert order[0] == "mine_0" and order[-1] == "mine_z"
    assert order[order.index("zero_pad") + 1] == "mine_b"
    # The line that was added to a text stands below the text.
    assert after.cells[order.index("why_correlation") + 1].source == NOTE
    (backup,) = (student.folder / "backups").iterdir()
    assert backup.read_bytes() == raw and str(backup) in said
    assert "8 answers and 4 cells of your own" in said
    back, missing = said.split("Set back to the released text:")[1].split(
        "since they were missing:"
    )
    named = [re.findall(r"\n    (\w+): ", part) for part in (back, missing)]
    assert named[0] == ["why_correlation", "notation", "packages", "test_zero_pad_shape"]
    assert named[1] == ["outline", "test_conv_forward_values"]
    assert "packages: import h5py" in back


def test_twice_changes_nothing_more(student):
    worked(student)
    student.tool("renew.py")
    once = student.path.read_bytes()
    said = student.tool("renew.py")
    assert student.path.read_bytes() == once
    assert "Set back" not in said and "Put in" not in said
    assert len(list((student.folder / "backups").iterdir())) == 2


def mended(student):
    """The instructor mends a text and a check, adds a cell and drops two."""
    path = student.folder / "released.json"
    released = json.loads(path.read_text(encoding="utf-8"))
    by_id = {cell["id"]: cell for cell in released["cells"]}
    assert TYPO in by_id["title"]["source"]
    by_id["title"]["source"] = by_id["title"]["source"].replace("recognises", "can recognise")
    by_id["test_zero_pad_values"]["source"] += "\n# a better check"
    new = {**by_id["outline"], "id": "errata", "source": "**Errata**"}
    dropped = {"test_conv_backward_db", "exercises_further"}
    released["cells"] = [cell for cell in released["cells"] if cell["id"] not in dropped]
    released["cells"].insert(2, new)
    path.write_text(json.dumps(released), encoding="utf-8")


def test_a_mended_version_arrives_without_loss(student):
    nb = student.answer()
    cell_of(nb, "title").source += f"\n\n{NOTE}"
    nb.cells.insert(60, own("mine"))
    student.write(nb)
    mended(student)
    said = student.tool("renew.py")
    after = student.notebook()
    text = sources(after)
    assert "can recognise" in text["title"] and "**Errata**" == text["errata"]
    assert text["test_zero_pad_values"].endswith("# a better check")
    for name, source in solutions(ASSIGNMENT).items():
        assert text[name] == source
    assert text["mine"] == own("mine").source
    # Of the old text of the mended line nothing is left behind; of the student's line, all is.
    assert after.cells[1].source == NOTE
    assert sum(TYPO in source for source in text.values()) == 0
    # Nobody can tell a text that was dropped from one's own, so it stays; an old check goes.
    assert "exercises_further" in text and "test_conv_backward_db" not in text
    assert "Checks that are no longer part of it: test_conv_backward_db" in said


def test_a_new_folder_takes_the_answers_of_the_old_one(tmp_path):
    """As after `nbgrader fetch`, or a new file from the learning platform."""
    old, new = StudentsFolder(tmp_path, "old"), StudentsFolder(tmp_path, "new")
    old.answer()
    nb = old.notebook()
    nb.cells.insert(9, own("mine"))
    old.write(nb)
    mended(new)
    before = old.files()
    new.tool("renew.py", "../old/" + NAME)
    assert old.files() == before
    text = sources(new.notebook())
    assert "mine" in text and "errata" in text
    assert all(text[name] == source for name, source in solutions(ASSIGNMENT).items())
    # A second one, whose answers are others, would be lost: that is refused.
    text = new.path.read_bytes()
    other = StudentsFolder(tmp_path, "other")
    said = new.tool("renew.py", other.path, code=1)
    assert "already has an answer of its own for zero_pad" in said
    assert new.path.read_bytes() == text


def test_what_other_tools_dropped_is_found_again(student):
    """Colab keeps ids in the metadata; others drop them, or nbgrader's metadata, or both."""
    nb = student.answer()
    for number, cell in enumerate(nb.cells):
        if number % 3 == 0:
            cell.metadata["id"] = cell.id
        if number % 3 < 2:
            cell.metadata.pop("nbgrader", None)
            del cell["id"]
    nb.nbformat_minor = 4
    student.path.write_text("\ufeff" + json.dumps(nb), encoding="utf-8")
    said = student.tool("renew.py")
    after = student.notebook()
    nbformat.validate(after)
    assert [cell.id for cell in after.cells] == [cell.id for cell in RELEASE.cells]
    assert all(answer_cell(after, n).source == s for n, s in solutions(ASSIGNMENT).items())
    assert "8 answers and 0 cells of your own" in said


def test_a_copied_answer_cell_is_kept_and_the_last_one_counts(student):
    nb = student.answer()
    twin = copy.deepcopy(cell_of(nb, "conv_forward"))
    cell_of(nb, "conv_forward").source = "# GRADED FUNCTION: conv_forward\n# first try"
    nb.cells.append(nbformat.from_dict({**twin, "id": "twin"}))
    student.write(nb)
    student.tool("renew.py")
    after = student.notebook()
    assert answer_cell(after, "conv_forward").source == twin.source
    (first,) = [cell for cell in after.cells if cell.source.endswith("# first try")]
    assert "nbgrader" not in first.metadata and "deletable" not in first.metadata
    assert len({cell.id for cell in after.cells}) == len(after.cells)


def test_a_lost_notebook_comes_back_empty(student):
    student.path.unlink()
    assert "a fresh one" in student.tool("renew.py")
    assert student.notebook().cells == RELEASE.cells


BROKEN = {
    "empty": (b"", "no JSON at line 1, column 1"),
    "cut": (b'{"cells": [', "no JSON at line 1, column 12"),
    "latin": ('{"cells": "ü"}'.encode("latin-1"), "no text in UTF-8"),
    "a list": (b"[1]", "no notebook of format 4"),
    "old": (b'{"nbformat": 3, "worksheets": []}', "no notebook of format 4"),
    "odd cells": (b'{"nbformat": 4, "cells": [7]}', "a cell without text or metadata"),
    "deep": (b'{"cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
    "another": (
        json.dumps(nbformat.v4.new_notebook(cells=[new_code_cell("x = 1")])).encode(),
        "holds none of the answer cells of step_by_step.ipynb",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_no_such_notebook_is_refused_and_left_alone(student, kind):
    data, why = BROKEN[kind]
    student.path.write_bytes(data)
    before = student.files()
    said = student.tool("renew.py", code=1)
    assert said.startswith("renew: ") and str(student.path) in said and why in said
    assert "Traceback" not in said and "Nothing was changed" in said
    assert student.files() == before


def test_a_missing_file_is_named(student):
    assert "There is no " in student.tool("renew.py", "nowhere.ipynb", code=1)
    (student.folder / "released.json").unlink()
    said = student.tool("renew.py", code=1)
    assert "released.json is missing. Copy it once more" in said
    assert "%run renew.py" in student.tool("renew.py", "--help", code=1)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_whatever_a_student_does_nothing_of_theirs_is_lost(data):
    """Cells deleted, moved, edited, copied and added at random."""
    renew = tool()
    plain = json.loads(json.dumps(RELEASE))
    given_ = {"notebook": "step_by_step", **{k: plain[k] for k in ("metadata", "cells")}}
    cells, written = copy.deepcopy(plain["cells"]), set()
    functions = graded_functions(RELEASE)
    place = st.integers(0, len(cells) - 1)
    for number in range(data.draw(st.integers(0, 12))):
        index = data.draw(place) % len(cells)
        kind = data.draw(st.sampled_from(["edit", "delete", "move", "add", "copy"]))
        text = f"# {number} " + data.draw(st.text(max_size=20))
        if kind == "edit":
            cells[index]["source"] = text
        elif kind == "delete":
            del cells[index]
        elif kind == "move":
            cells.insert(data.draw(place) % len(cells), cells.pop(index))
        elif kind == "add":
            cell = {"cell_type": "code", "id": f"n{number}", "metadata": {}, "source": text}
            cells.insert(index, {**cell, "outputs": [], "execution_count": None})
        else:
            cells.insert(index, copy.deepcopy(cells[index]))
    ids = {cell["id"] for cell in plain["cells"]}
    for cell in cells:
        if cell["id"] in functions or cell["id"] not in ids:
            written.add(cell["source"])
    mine = {"cells": cells, "metadata": {}, "nbformat": 4}
    result, _ = renew.renewed(copy.deepcopy(mine), given_)
    nb = nbformat.from_dict(json.loads(json.dumps(result)))
    nbformat.validate(nb)
    kept = [cell.source for cell in nb.cells]
    assert written <= set(kept)
    names = [cell.id for cell in nb.cells]
    assert len(set(names)) == len(names) and ids <= set(names)
    for fresh in RELEASE.cells:
        if fresh.id not in functions:
            assert cell_of(nb, fresh.id).source == fresh.source
    # Each answer that stands there is the student's last one, as in grading.
    for name in functions:
        answers = [cell["source"] for cell in cells if cell["id"] == name]
        assert cell_of(nb, name).source == (answers or [cell_of(RELEASE, name).source])[-1]
