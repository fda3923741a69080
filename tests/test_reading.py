"""Whatever the bytes, reading and repairing end in a valid notebook or in a reason."""

import copy
import json
from functools import cache

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbgrader.preprocessors import ClearOutput
from small_course import SOLUTIONS, TESTS, source_notebook

from grading.reading import NotGradable, read_notebook
from grading.repair import cached_assignment, find_cells, repair

TEXT = st.text(max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 6) | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def assignment(tmp_path_factory):
    path = tmp_path_factory.mktemp("source") / "1_small" / "small.ipynb"
    path.parent.mkdir()
    nbformat.write(source_notebook(), path)
    return cached_assignment(path, 0)


@cache
def original():
    return json.dumps(json.loads(nbformat.writes(source_notebook())))


def places(value, path=()):
    """Paths to everything inside a JSON value."""
    inside = []
    if isinstance(value, dict):
        inside = list(value.items())
    elif isinstance(value, list):
        inside = list(enumerate(value))
    found = [path] if path else []
    for key, item in inside:
        found += places(item, (*path, key))
    return found


def check(data, assignment):
    """Read and repair; returns the notebook or None if it is not gradable."""
    try:
        nb, repairs = read_notebook(data)
        more, remarks = repair(nb, assignment)
    except NotGradable as error:
        assert 5 < len(str(error)) < 400
        return None
    nbformat.validate(nb, relax_add_props=True)
    ids = [cell.id for cell in nb.cells]
    assert len(ids) == len(set(ids))
    assert all(isinstance(text, str) and text for text in [*repairs, *more, *remarks])
    nb, _ = ClearOutput().preprocess(copy.deepcopy(nb), {})
    nbformat.writes(nb).encode("utf-8")
    # What was repaired needs no second repair.
    assert read_notebook(nbformat.writes(nb).encode())[1] == []
    return nb


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_part_of_the_json_may_be_anything(assignment, data):
    nb = json.loads(original())
    for _ in range(data.draw(st.integers(1, 4))):
        path = data.draw(st.sampled_from(places(nb)))
        holder = nb
        for key in path[:-1]:
            holder = holder[key]
        if data.draw(st.booleans()):
            holder[path[-1]] = data.draw(JSON)
        else:
            del holder[path[-1]]
        if not places(nb):
            break
    check(json.dumps(nb).encode(), assignment)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_byte_may_be_another(assignment, data):
    content = bytearray(original().encode())
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(content) - 1))
        length = data.draw(st.integers(0, 20))
        content[start : start + length] = data.draw(st.binary(max_size=5))
    check(bytes(content), assignment)


@given(st.binary(max_size=200))
def test_any_bytes_at_all(assignment, data):
    check(data, assignment)


def test_a_right_notebook_needs_no_repair(assignment):
    nb, repairs = read_notebook(original().encode())
    assert repairs == []
    assert repair(nb, assignment) == (
        [f"test cells were edited, put back as they were: {edited()}"],
        [],
    )


def edited():
    """The source's own test cells differ from the released ones by their hidden parts."""
    return ", ".join(name for name, (_, text) in TESTS.items() if "HIDDEN" in text)


def test_what_holds_an_answer_is_never_taken_for_a_test(assignment):
    """Its text would be replaced by the test's."""
    nb = source_notebook()
    for cell in nb.cells:
        cell.metadata.pop("nbgrader", None)
    answer = next(cell for cell in nb.cells if cell.id == "zero_pad")
    test = next(cell for cell in nb.cells if cell.id == "test_zero_pad_shape")
    answer.id, test.id, test.source = "test_zero_pad_shape", "mine", "1"
    found, how = find_cells(nb.cells, assignment.wanted)
    assert nb.cells[found["zero_pad"]] is answer and how["zero_pad"] == "content"
    assert "test_zero_pad_shape" not in found


def test_an_import_is_not_taken_for_what_is_visible_of_a_deleted_test(assignment):
    """Of some tests nothing but `import numpy as np` is visible."""
    nb = source_notebook()
    nb.cells = [cell for cell in nb.cells if cell.id not in TESTS]
    found, _ = find_cells(nb.cells, assignment.wanted)
    assert sorted(found) == sorted(SOLUTIONS)


def test_an_empty_cell_of_the_right_id_gives_way_to_the_answer(assignment):
    nb = source_notebook()
    for cell in nb.cells:
        cell.metadata.pop("nbgrader", None)
    moved = next(cell for cell in nb.cells if cell.id == "zero_pad")
    nb.cells.append(nbformat.v4.new_code_cell(moved.source, id="elsewhere"))
    moved.source = ""
    found, _ = find_cells(nb.cells, assignment.wanted)
    assert nb.cells[found["zero_pad"]].id == "elsewhere"


def test_hidden_tests_are_no_part_of_what_is_compared(assignment):
    assert [wanted.grade_id for wanted in assignment.wanted if wanted.solution] == list(SOLUTIONS)
    assert [wanted.grade_id for wanted in assignment.wanted if wanted.test] == list(TESTS)
    assert all("SECRET" not in wanted.text for wanted in assignment.wanted)
