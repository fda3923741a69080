"""Broken and odd submissions, each made by code from a right one, with its expected outcome.

A case hands in files: {path below the student's folder: bytes}. `says` is text that the verdict
must hold; a case that is graded must get all 100 points, unless `points` says otherwise.
"""

import copy
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

from grading.bank import ROOT, solutions
from grading.demo import ASSIGNMENT
from grading.notebooks import answer_cell, graded_functions, notebook_path, read

NAME = "step_by_step.ipynb"
GRADED, REPAIRED, NOT_GRADABLE = "graded", "repaired", "not_gradable"


@dataclass(frozen=True)
class Case:
    """One submission."""

    name: str
    outcome: str
    says: tuple
    points: float | None
    make: Callable  # of the right notebook as JSON to {path: bytes}


CASES = []


def case(outcome, *says, points=None):
    """Register a function that makes a submission from the right notebook's JSON.

    It returns {path: bytes}, or bytes or JSON of the one notebook.
    """
    if outcome != NOT_GRADABLE and points is None:
        points = 100

    def register(make):
        def files(nb):
            made = make(copy.deepcopy(nb))
            if isinstance(made, bytes):
                return {NAME: made}
            if "cells" in made or "worksheets" in made:
                return {NAME: dumped(made)}
            return made

        CASES.append(Case(make.__name__, outcome, says, points, files))
        return make

    return register


def right_notebook():
    """The release with all reference solutions, as JSON."""
    nb = read(notebook_path("release", ASSIGNMENT, ROOT))
    for function, source in solutions(ASSIGNMENT).items():
        answer_cell(nb, function).source = source
    return json.loads(json.dumps(nb))


def dumped(nb):
    return json.dumps(nb, indent=1).encode()


def zipped(files, **options):
    """A zip file of {name: bytes}."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 5, 1, 12, 0, 0)), data)
    return stream.getvalue()


def cell_of(nb, name):
    return next(cell for cell in nb["cells"] if cell.get("id") == name)


def tests_of(nb):
    return [c for c in nb["cells"] if c["metadata"].get("nbgrader", {}).get("grade")]


def strip(nb, ids=True):
    """Take all cell metadata, and ids too, as other tools do."""
    for cell in nb["cells"]:
        cell["metadata"] = {}
        if ids:
            cell.pop("id")
    if ids:
        nb["nbformat_minor"] = 0
    return nb


FUNCTIONS = graded_functions(read(notebook_path("source", ASSIGNMENT, ROOT)))


# As it should be


@case(GRADED)
def right(nb):
    return nb


@case(GRADED)
def windows_line_ends_of_the_file(nb):
    return dumped(nb).replace(b"\n", b"\r\n")


@case(GRADED)
def cells_of_the_student_s_own(nb):
    own = {"cell_type": "code", "id": "own", "metadata": {}, "source": "1 + 1"}
    nb["cells"].insert(20, {**own, "outputs": [], "execution_count": None})
    return nb


@case(GRADED)
def old_schema_of_nbgrader(nb):
    for cell in nb["cells"]:
        if "nbgrader" in cell["metadata"]:
            about = cell["metadata"]["nbgrader"]
            cell["metadata"]["nbgrader"] = {**about, "schema_version": 1}
    return nb


@case(GRADED)
def schema_of_nbgrader_s_future(nb):
    for cell in tests_of(nb):
        cell["metadata"]["nbgrader"]["schema_version"] = 99
    return nb


@case(GRADED)
def other_files_beside_it(nb):
    return {NAME: dumped(nb), "notes.txt": b"x", "plot.png": b"\x89PNG\r\n\x1a\n"}


@case(GRADED)
def checkpoints_beside_it(nb):
    return {NAME: dumped(nb), ".ipynb_checkpoints/step_by_step-checkpoint.ipynb": b"{}"}


@case(GRADED)
def files_of_a_mac_beside_it(nb):
    return {"work.zip": zipped({NAME: dumped(nb), "__MACOSX/._step_by_step.ipynb": b"\0\5\x16"})}


@case(GRADED)
def zip_in_zip(nb):
    return {"work.zip": zipped({"inner.zip": zipped({f"work/{NAME}": dumped(nb)})})}


@case(GRADED, "no answer to", points=86)
def one_answer_cell_deleted(nb):
    nb["cells"] = [c for c in nb["cells"] if c["id"] not in ("zero_pad_text", "pool_backward")]
    for cell in nb["cells"]:
        assert "def pool_backward(" not in "".join(cell["source"])
    return nb


# Names and files


@case(REPAIRED, "renamed from 'step_by_step (1).ipynb'")
def renamed_by_the_browser(nb):
    return {"step_by_step (1).ipynb": dumped(nb)}


@case(REPAIRED, "renamed")
def renamed_by_the_student(nb):
    return {"Homework FINAL (really).IPYNB": dumped(nb)}


@case(REPAIRED, "renamed")
def saved_as_text(nb):
    return {"step_by_step.ipynb.txt": dumped(nb)}


@case(REPAIRED, "renamed")
def saved_as_json(nb):
    return {"step_by_step.json": dumped(nb)}


@case(GRADED)
def zip_under_a_notebook_s_name(nb):
    return {NAME: zipped({NAME: dumped(nb)})}


@case(REPAIRED, "byte order mark")
def byte_order_mark(nb):
    return b"\xef\xbb\xbf" + dumped(nb)


@case(REPAIRED, "utf-16")
def saved_by_powershell(nb):
    return dumped(nb).decode().encode("utf-16")


@case(REPAIRED, "cp1252")
def saved_in_latin_1(nb):
    nb["cells"][0]["source"] = "# Übung, gelöst"
    return json.dumps(nb, ensure_ascii=False).encode("cp1252", "replace")


@case(REPAIRED, "zero bytes")
def padded_with_zeros_by_a_sync(nb):
    return dumped(nb) + b"\0" * 4096


@case(REPAIRED, "line ends")
def old_mac_line_ends_in_cells(nb):
    for cell in nb["cells"]:
        cell["source"] = "".join(cell["source"]).replace("\n", "\r")
    return nb


@case(REPAIRED, "lone surrogates")
def half_an_emoji(nb):
    nb["cells"][0]["source"] = "# half \ud83d"
    return nb


@case(REPAIRED, "Jupyter server")
def saved_from_the_contents_api(nb):
    return {NAME: dumped({"type": "notebook", "name": NAME, "content": nb})}


# The notebook format


@case(REPAIRED, "format 3")
def notebook_format_3(nb):
    cells = []
    for cell in nb["cells"]:
        kept = {key: cell[key] for key in ("cell_type", "metadata")}
        if cell["cell_type"] == "code":
            kept |= {"input": cell["source"], "language": "python", "outputs": []}
        else:
            kept["source"] = cell["source"]
        cells.append(kept)
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]}


@case(REPAIRED, "format 3")
def format_3_with_headings_and_no_metadata(nb):
    made = notebook_format_3(nb)
    cells = made["worksheets"][0]["cells"]
    for cell in cells:
        cell["metadata"] = {}
    cells.insert(0, {"cell_type": "heading", "level": 2, "source": ["Mine"], "metadata": {}})
    return made


@case(REPAIRED, "format 5")
def notebook_format_of_the_future(nb):
    return {**nb, "nbformat": 5, "nbformat_minor": 0}


@case(REPAIRED, "format None")
def format_missing(nb):
    del nb["nbformat"], nb["nbformat_minor"]
    return nb


@case(REPAIRED, "without a valid id")
def cell_ids_missing(nb):
    for cell in nb["cells"]:
        del cell["id"]
    return {**nb, "nbformat_minor": 4}


@case(REPAIRED, "without a valid id")
def cell_ids_not_valid(nb):
    for number, cell in enumerate(nb["cells"]):
        cell["id"] = f"cell no. {number}!"
    return nb


@case(REPAIRED, "stood there twice")
def cell_ids_doubled(nb):
    for cell in nb["cells"]:
        cell["id"] = "same"
    return nb


@case(REPAIRED, "without a list of outputs")
def outputs_missing(nb):
    for cell in nb["cells"]:
        cell.pop("outputs", None)
        cell.pop("execution_count", None)
    return nb


@case(REPAIRED, "damaged outputs")
def outputs_damaged(nb):
    cell_of(nb, "packages")["outputs"] = [{"output_type": "nonsense", "data": 5}]
    return nb


@case(REPAIRED, "without metadata")
def cell_metadata_missing(nb):
    for cell in nb["cells"]:
        if not cell["metadata"].get("nbgrader"):
            cell["metadata"] = None
    nb["metadata"] = None
    return nb


@case(REPAIRED, "no cells were dropped")
def entries_that_are_no_cells(nb):
    nb["cells"].insert(3, None)
    nb["cells"].insert(9, "text")
    return nb


@case(REPAIRED, "unknown type")
def unknown_cell_type(nb):
    nb["cells"].insert(3, {"cell_type": "sql", "id": "s", "metadata": {}, "source": "SELECT 1"})
    return nb


@case(REPAIRED, "stored outputs were dropped")
def huge_outputs(nb):
    text = {"output_type": "stream", "name": "stdout", "text": "x" * 20_000_000}
    cell_of(nb, "packages")["outputs"] = [text]
    return nb


# nbgrader's cells


@case(REPAIRED, "twice", "conv_forward")
def answer_cell_copied(nb):
    nb["cells"].append(copy.deepcopy(cell_of(nb, "conv_forward")))
    return nb


@case(REPAIRED, "twice", "test_zero_pad_shape")
def test_cell_copied(nb):
    twin = {**copy.deepcopy(cell_of(nb, "test_zero_pad_shape")), "id": "twin"}
    nb["cells"].insert(40, twin)
    return nb


@case(REPAIRED, "missing, put back: test_zero_pad_shape")
def all_test_cells_deleted(nb):
    gone = [cell["id"] for cell in tests_of(nb)]
    nb["cells"] = [cell for cell in nb["cells"] if cell["id"] not in gone]
    return nb


@case(REPAIRED, "edited, put back as they were: test_conv_forward_shape")
def test_cell_edited(nb):
    cell_of(nb, "test_conv_forward_shape")["source"] = "assert True"
    return nb


@case(REPAIRED, "found again by content", "found again by content")
def colab(nb):
    """Colab's way: nbformat_minor 0, an id in the metadata, nothing of nbgrader."""
    strip(nb)
    for number, cell in enumerate(nb["cells"]):
        cell["metadata"] = {"id": f"a{number:05}"}
    nb["metadata"] = {
        "colab": {"provenance": []},
        "kernelspec": {"name": "python3", "display_name": "Python 3"},
    }
    return nb


@case(REPAIRED, "found again by id: files_here, zero_pad")
def vs_code(nb):
    """Ids stay, metadata goes."""
    return strip(nb, ids=False)


@case(REPAIRED, "found again by id")
def nbgrader_metadata_of_another_kind(nb):
    for number, cell in enumerate(c for c in nb["cells"] if "nbgrader" in c["metadata"]):
        cell["metadata"]["nbgrader"] = [None, [], "x", 5, {"grade_id": 3}][number % 5]
    return nb


@case(REPAIRED, "found again by content")
def answers_moved_to_new_cells(nb):
    for function in FUNCTIONS:
        cell = cell_of(nb, function)
        cell.update(id=f"new-{function}", metadata={})
    return nb


@case(REPAIRED, "found again by content")
def header_deleted_and_stripped(nb):
    strip(nb)
    for cell in nb["cells"]:
        lines = "".join(cell["source"]).split("\n")
        cell["source"] = "\n".join(line for line in lines if "GRADED FUNCTION" not in line)
    return nb


@case(REPAIRED, "found again by content")
def all_answers_in_one_cell(nb):
    answers = [cell_of(nb, function) for function in FUNCTIONS]
    whole = "\n\n".join("".join(cell["source"]) for cell in answers)
    first = nb["cells"].index(answers[0])
    nb["cells"] = [cell for cell in nb["cells"] if cell not in answers]
    one = {"cell_type": "code", "id": "one", "metadata": {}, "outputs": [], "source": whole}
    nb["cells"].insert(first, {**one, "execution_count": None})
    return nb


@case(REPAIRED, "turned back: zero_pad")
def answer_cell_turned_into_markdown(nb):
    cell = cell_of(nb, "zero_pad")
    cell["cell_type"] = "markdown"
    del cell["outputs"], cell["execution_count"]
    return nb


@case(REPAIRED, "kernel 'conda-env-dl-py' was replaced")
def another_kernel(nb):
    nb["metadata"]["kernelspec"] = {"name": "conda-env-dl-py", "display_name": "dl"}
    return nb


@case(REPAIRED, "kernel 'ir'")
def kernel_of_another_language(nb):
    nb["metadata"]["kernelspec"] = {"name": "ir", "display_name": "R", "language": "R"}
    nb["metadata"]["language_info"] = {"name": "R"}
    return nb


# Not gradable


@case(NOT_GRADABLE, "the file is empty")
def empty_file(nb):
    return b""


@case(NOT_GRADABLE, "the file is empty")
def only_zeros(nb):
    return b"\0" * 100


@case(NOT_GRADABLE, "ends in the middle", "line 1000")
def cut_off(nb):
    return b"\n".join(dumped(nb).split(b"\n")[:1000])


@case(NOT_GRADABLE, "not JSON", "line 2, column 1", "merge conflict")
def merge_conflict(nb):
    return b"{\n<<<<<<< HEAD\n" + dumped(nb)[1:] + b"\n=======\n>>>>>>> branch\n"


@case(NOT_GRADABLE, "not JSON", "line 1, column 1")
def python_script_under_a_notebook_s_name(nb):
    return b"import numpy as np\n"


@case(NOT_GRADABLE, "web page")
def web_page(nb):
    return b"\n<!DOCTYPE html>\n<html><body>preview</body></html>"


@case(NOT_GRADABLE, "a PDF")
def pdf_under_a_notebook_s_name(nb):
    return b"%PDF-1.7 ..."


@case(NOT_GRADABLE, "not a notebook: its JSON is a list")
def json_list(nb):
    return b"[1, 2, 3]"


@case(NOT_GRADABLE, "no list of cells")
def json_of_something_else(nb):
    return b'{"name": "package", "version": "1.0"}'


@case(NOT_GRADABLE, "nested too deeply")
def deep_nesting(nb):
    return b'{"cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@case(NOT_GRADABLE, "nested too deeply")
def deep_metadata(nb):
    deep = []
    for _ in range(300):
        deep = [deep]
    nb["metadata"]["deep"] = deep
    return nb


@case(NOT_GRADABLE, "no answer cell is left")
def all_cells_deleted(nb):
    return {**nb, "cells": []}


@case(NOT_GRADABLE, "no answer cell is left")
def another_notebook(nb):
    cell = {"cell_type": "code", "metadata": {}, "source": "print('hello')", "outputs": []}
    return {**nb, "cells": [{**cell, "execution_count": 1, "id": "hello"}]}


@case(NOT_GRADABLE, "the wrong assignment", "notebook of 2_other")
def wrong_assignment(nb):
    """The course in the test has a second assignment."""
    return json.loads(json.dumps(other_assignment()))


@case(NOT_GRADABLE, "over the size limit")
def over_the_size_limit(nb):
    nb["metadata"]["filler"] = "x" * 31 * 2**20
    return nb


@case(NOT_GRADABLE, "no notebook, only report.pdf")
def only_a_pdf(nb):
    return {"report.pdf": b"%PDF-1.7"}


@case(NOT_GRADABLE, "no notebook, only solution.py")
def only_a_script(nb):
    return {"solution.py": b"def zero_pad(X, pad): pass"}


@case(NOT_GRADABLE, "work.rar can't be opened")
def rar(nb):
    return {"work.rar": b"Rar!\x1a\x07\x00"}


@case(NOT_GRADABLE, "a broken zip file")
def zip_cut_off(nb):
    data = zipped({NAME: dumped(nb)})
    return {"work.zip": data[: len(data) // 2]}


@case(NOT_GRADABLE, "a broken zip file")
def zip_with_a_wrong_byte(nb):
    data = bytearray(zipped({NAME: dumped(nb)}))
    data[len(data) // 2] ^= 0xFF
    return {"work.zip": bytes(data)}


@case(NOT_GRADABLE, "climbs out of its folder")
def zip_that_climbs(nb):
    return {"work.zip": zipped({f"../../../../{NAME}": dumped(nb)})}


@case(NOT_GRADABLE, "climbs out of its folder")
def zip_with_a_drive(nb):
    return {"work.zip": zipped({f"C:\\course\\{NAME}": dumped(nb)})}


@case(NOT_GRADABLE, "a symbolic link")
def zip_with_a_link(nb):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        link = zipfile.ZipInfo(NAME, (2026, 5, 1, 12, 0, 0))
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return {"work.zip": stream.getvalue()}


@case(NOT_GRADABLE, "a zip file with a password")
def zip_with_a_password(nb):
    data = bytearray(zipped({NAME: b"secret"}))
    data[6] |= 1  # the flag, in the local header and in the directory
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return {"work.zip": bytes(data)}


@case(NOT_GRADABLE, "over the size limit")
def zip_bomb(nb):
    return {"work.zip": zipped({NAME: b"\0" * (200 * 2**20)})}


@case(NOT_GRADABLE, "over the size limit")
def zip_bomb_that_lies_about_its_size(nb):
    data = bytearray(zipped({NAME: b"\0" * (60 * 2**20)}))
    small = (1000).to_bytes(4, "little")
    data[22:26] = small
    where = data.index(b"PK\x01\x02") + 24
    data[where : where + 4] = small
    return {"work.zip": bytes(data)}


@case(NOT_GRADABLE, "more than 2000 entries")
def zip_of_many_files(nb):
    return {"work.zip": zipped({f"{number}.txt": b"" for number in range(2500)})}


@case(NOT_GRADABLE, "inside each other")
def zips_nested_for_ever(nb):
    data = zipped({NAME: dumped(nb)})
    for _ in range(6):
        data = zipped({"inner.zip": data})
    return {"work.zip": data}


def other_assignment():
    """Another assignment's source notebook."""
    nb = read(notebook_path("source", ASSIGNMENT, ROOT))
    functions = set(graded_functions(nb))
    for cell in nb.cells:
        about = cell.metadata.get("nbgrader")
        for function in functions:
            cell.source = cell.source.replace(function, f"fast_{function}")
        if cell.cell_type == "markdown":
            cell.source = cell.source + "\n\nFaster."
        cell.id = f"fast_{cell.id}"[:64]
        if about:
            about["grade_id"] = about["grade_id"].replace("test_", "test_fast_")
            if not about["grade_id"].startswith("test_"):
                about["grade_id"] = f"fast_{about['grade_id']}"
    return nb
