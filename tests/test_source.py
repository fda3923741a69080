"""The instructor's notebooks keep the rules of the house, and keep their word."""

import ast
import json
import re
import statistics
import sys

import numpy as np
import pytest
from cells import solution_lines
from conftest import run

from grading.bank import ROOT
from grading.notebooks import (
    answer_cell,
    function_under_test,
    grade_cells,
    graded_functions,
    notebook_path,
    visible_part,
)
from grading.refresh import CELL_METADATA, FENCED, NOTEBOOK_METADATA, expected_outputs, printed
from grading.release import STEP


def code_cells(nb):
    return [cell for cell in nb.cells if cell.cell_type == "code"]


def lines_of_code(cell):
    """Lines of a cell that are not empty."""
    return sum(bool(line.strip()) for line in cell.source.split("\n"))


def test_code_cells_are_short(source):
    sizes = sorted(map(lines_of_code, code_cells(source)))
    assert statistics.median(sizes) <= 6
    assert sum(size <= 20 for size in sizes) >= 0.9 * len(sizes)
    assert sizes[-1] <= 40


def test_prose_cells_are_no_walls(source):
    # A table, a list or a formula may take more; running text may not.
    for cell in source.cells:
        if cell.cell_type == "markdown" and "| --" not in cell.source.replace("|-", "| -"):
            assert len(cell.source.split()) <= 140, cell.id


def test_metadata_is_an_allow_list(source):
    assert set(source.metadata) <= NOTEBOOK_METADATA
    assert source.metadata.language_info == {"name": "python"}
    for cell in source.cells:
        assert set(cell.metadata) <= CELL_METADATA, cell.id


def test_ids_are_words_and_unique(source):
    ids = [cell.id for cell in source.cells]
    assert len(set(ids)) == len(ids)
    for cell in source.cells:
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", cell.id)
        if "nbgrader" in cell.metadata:
            assert cell.metadata.nbgrader.grade_id == cell.id


def test_there_is_one_title(source):
    prose = [cell for cell in source.cells if cell.cell_type == "markdown"]
    assert [cell.id for cell in prose if re.search(r"(?m)^# ", cell.source)] == ["title"]


def test_cells_were_run_in_order(source):
    counts = [cell.execution_count for cell in code_cells(source)]
    assert counts == list(range(1, len(counts) + 1))


def test_code_passes_ruff(assignment):
    path = notebook_path("source", assignment)
    for arguments in (["check"], ["format", "--check"]):
        done = run(sys.executable, "-m", "ruff", *arguments, str(path))
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_figure_has_alt_text_and_a_file(source, assignment):
    folder = notebook_path("source", assignment, ROOT).parent
    shown = set()
    for cell in source.cells:
        if cell.cell_type == "markdown":
            assert "![" not in cell.source, "use an <img> tag: it has a width"
            for tag in re.findall(r"<img [^>]*>", cell.source):
                attributes = dict(re.findall(r'(\w+)="([^"]*)"', tag))
                assert len(attributes["alt"].split()) >= 8, attributes["src"]
                assert int(attributes["width"]) <= 760
                assert (folder / attributes["src"]).is_file()
                shown.add(folder / attributes["src"])
    assert shown == set((folder / "figures").iterdir())


def test_every_graded_function_has_its_cells(source):
    """Heading, docstring, example, expected output and tests all carry the function's name."""
    by_id = {cell.id: cell for cell in source.cells}
    prose = "\n".join(c.source for c in source.cells if c.cell_type == "markdown")
    for name in graded_functions(source):
        cell = answer_cell(source, name)
        assert cell.source.startswith(f"# GRADED FUNCTION: {name}\n")
        (function,) = ast.parse(cell.source).body
        docstring = ast.get_docstring(function)
        assert function.name == name
        assert "Arguments:" in docstring and "Returns" in docstring
        if "raise ValueError" in cell.source:
            assert "Raises" in docstring
        assert f"`{name}`" in prose
        assert f"example_{name}" in by_id and f"expected_{name}" in by_id
        assert grade_cells(source, name)


def test_points_are_100_and_every_test_has_an_owner(source):
    functions = graded_functions(source)
    tests = grade_cells(source)
    assert sum(cell.metadata.nbgrader.points for cell in tests) == 100
    for cell in tests:
        grade_id = cell.metadata.nbgrader.grade_id
        assert function_under_test(grade_id, functions), grade_id
        assert cell.metadata.nbgrader.points > 0


def test_tests_stand_on_their_own(source):
    """A test cell uses no variable of an earlier cell but the graded functions, keeps its own
    variables to itself, and calls through checks.py, which silences stderr: nbgrader takes that
    for a failure."""
    functions = set(graded_functions(source))
    for cell in grade_cells(source):
        tree = ast.parse(cell.source)
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        top_level = {
            node.id
            for statement in tree.body
            if not isinstance(statement, ast.FunctionDef)
            for node in ast.walk(statement)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        assert not top_level, f"{cell.id} leaves {top_level} behind, where a student's code sees it"
        assert names & functions, f"{cell.id} calls no graded function"
        direct = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) in functions
        ]
        assert not direct, f"{cell.id} calls a graded function past checks.py"


def test_hidden_tests_leave_visible_checks(source):
    for cell in grade_cells(source):
        begin, end = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
        assert cell.source.count(begin) == cell.source.count(end) == 1, cell.id
        visible = visible_part(cell.source)
        assert begin not in visible and end not in visible
        assert re.search(r"\n +check(_shape|_lines)?\(", visible), cell.id


def test_steps_announce_the_right_number_of_lines(source):
    for name in graded_functions(source):
        steps = []
        for line in solution_lines(answer_cell(source, name)):
            if STEP.match(line):
                low, high = re.search(r"(\d+)(?: to (\d+))? lines?\)$", line).groups()
                steps.append([line.strip(), int(low), int(high or low), 0])
            elif line.strip():
                assert steps, f"{name}: code before the first step"
                steps[-1][3] += 1
        for step, low, high, count in steps:
            assert low <= count <= high, f"{name}: {count} lines for {step}"


def test_expected_outputs_are_what_was_printed(source):
    pairs = expected_outputs(source)
    assert len(pairs) >= len(graded_functions(source))
    for example, expected in pairs:
        assert FENCED.search(expected.source)[1] == printed(example), expected.id


def test_examples_print_at_most_8_decimals(source):
    for example, _ in expected_outputs(source):
        decimals = re.findall(r"\.(\d+)", printed(example))
        assert decimals and max(map(len, decimals)) <= 8, example.id


# The worked examples, from the contract: function, what is printed, decimals left out beyond 8.
CONTRACT = {
    "zero_pad": [0.90085595, -0.68372786, -0.12289023, -0.93576943, -0.26788808, 0.53035547],
    "conv_single_step": [-6.999089450680221],
    "conv_forward": [
        *[0.048995203528855794, -0.61490741, -6.7439236, -2.55153897, 1.75698377, 3.56208902],
        *[0.53036437, 5.18531798, 8.75898442, -0.20075807, 0.18656139, 0.41005165],
    ],
    "pool_forward": [
        *[1.74481176, 0.86540763, 1.13376944, 1.13162939, 1.51981682, 2.18557541],
        *[0.02105773, -0.20328806, -0.40389855, -0.22154621, 0.51716526, 0.48155844],
    ],
    "conv_backward": [1.4524377775388075, 1.7269914583139097, 7.839232564616838],
    "create_mask_from_window": [
        *[1.62434536, -0.61175641, -0.52817175, -1.07296862, 0.86540763, -2.3015387]
    ],
    "distribute_value": [0.5, 0.5, 0.5, 0.5],
    "pool_backward": [
        *[0.14571390272918056, 5.05844394, -1.68282702, 0.08485462, 0.2787552],
        *[1.26461098, -0.25749373, 1.17975636, -0.53624893],
    ],
}


@pytest.mark.parametrize("function", CONTRACT)
def test_worked_examples_keep_the_contract(function):
    nb = json.loads(notebook_path("source", "1_step_by_step", ROOT).read_text())
    (cell,) = [cell for cell in nb["cells"] if cell["id"] == f"example_{function}"]
    text = "".join("".join(output["text"]) for output in cell["outputs"])
    numbers = [float(n) for n in re.findall(r"-?\d+\.\d*(?:e-?\d+)?", text)]
    nonzero = [n for n in numbers if n != 0]
    np.testing.assert_allclose(nonzero, CONTRACT[function], atol=5.1e-9)
