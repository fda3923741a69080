"""The grader keeps silent about what it does not know. That it names each known mistake, through
nbgrader, is tested in test_matrix.py."""

import re

import numpy as np
import pytest
from cells import define, run_tests, source_notebook
from conftest import ASSIGNMENTS

from grading.bank import ROOT, right_answers, solutions
from grading.hints import Explainer, explainer
from grading.notebooks import function_under_test, grade_cells, graded_functions, notebook_path

EXPLAINERS = {name: explainer(notebook_path("source", name, ROOT), name) for name in ASSIGNMENTS}


def explain(assignment, function, answers, seed=0):
    """{failed test cell: the entries that explain it} for answers {function: source}."""
    known = EXPLAINERS[assignment]
    sources = {
        c.metadata.nbgrader.grade_id: c.source for c in grade_cells(source_notebook(assignment))
    }
    results = run_tests(assignment, answers, function)
    wrong = define(answers, assignment)[function]
    return {
        name: known.likely(sources[name], function, wrong, seed)
        for name, error in results.items()
        if error
    }


UNKNOWN = {
    "a little too much": "_f = {f}\ndef {f}(*a, **k):\n    def add(x):\n"
    "        if isinstance(x, dict):\n            return dict(zip(x, map(add, x.values())))\n"
    "        if isinstance(x, tuple) or hasattr(x, '__next__'):\n"
    "            return tuple(map(add, x)) if isinstance(x, tuple) else map(add, x)\n"
    "        return x + 0.01 if hasattr(x, 'dtype') else x\n"
    "    return add(_f(*a, **k))",
    "nothing": "def {f}(*arguments, **keywords):\n    pass",
    "an odd error": "def {f}(*arguments, **keywords):\n    raise KeyError('odd')",
    "random": "def {f}(*arguments, **keywords):\n    return np.random.rand()",
    "not written": "def {f}(*arguments, **keywords):\n    raise NotImplementedError('{f}: write')",
}


@pytest.mark.parametrize("kind", UNKNOWN)
@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_an_unknown_mistake_gets_no_hint(assignment, kind):
    right = solutions(assignment)
    for function in right:
        wrong = f"{right[function]}\n{UNKNOWN[kind].format(f=function)}"
        explained = explain(assignment, function, right | {function: wrong})
        assert explained, function
        assert not any(explained.values()), (function, explained)


def test_a_right_answer_gets_no_hint():
    """Even if the grader asked: no entry equals a right answer on a whole test."""
    for assignment, known in EXPLAINERS.items():
        functions = graded_functions(source_notebook(assignment))
        for style, answers in right_answers(assignment).items():
            space = define(solutions(assignment) | answers, assignment)
            for cell in grade_cells(source_notebook(assignment)):
                name = cell.metadata.nbgrader.grade_id
                function = function_under_test(name, functions)
                assert known.likely(cell.source, function, space[function], 0) == [], (style, name)


def test_two_mistakes_at_once_are_no_known_mistake():
    right = solutions("1_step_by_step")
    wrong = right["conv_single_step"].replace("b.item()", "0.5 * b.item()")
    explained = explain("1_step_by_step", "conv_single_step", right | {"conv_single_step": wrong})
    assert explained == {"test_conv_single_step_value": []}


def test_an_entry_that_fits_no_longer_explains_nothing():
    known = EXPLAINERS["1_step_by_step"]
    known = Explainer({name: "pass" for name in known.source}, known.imports, known.entries)
    assert all(known.mistaken(entry) is None for entry in known.entries)


def test_the_asks_of_a_test_are_its_cases():
    known = EXPLAINERS["1_step_by_step"]
    sources = {
        cell.metadata.nbgrader.grade_id: cell.source
        for cell in grade_cells(source_notebook("1_step_by_step"))
    }
    asks = known.asks(sources["test_conv_forward_values"], "conv_forward", 0)
    assert (
        len(asks)
        == len(re.findall("cases \\+?= \\[\\(image", sources["test_conv_forward_values"])) + 11
    )
    assert all(ask.part == 0 and isinstance(ask.arguments[0], np.ndarray) for ask in asks)
