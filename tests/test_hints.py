"""The grader keeps silent about what it does not know. That it names each known mistake, through
nbgrader, is tested in test_matrix.py."""

import re
from functools import partial

import numpy as np
import pytest
from cells import define, run_tests, source_notebook
from conftest import ASSIGNMENTS

from grading.bank import ROOT, Misconception, right_answers, solutions
from grading.hints import MAX_HINTS, Explainer, explainer, narrowed
from grading.notebooks import function_under_test, grade_cells, graded_functions, notebook_path

EXPLAINERS = {name: explainer(notebook_path("source", name, ROOT), name) for name in ASSIGNMENTS}


def explain(assignment, function, answers, seed=0):
    """{failed test cell: names of the mistakes that explain it} for answers {function: source}."""
    known = EXPLAINERS[assignment]
    sources = {
        c.metadata.nbgrader.grade_id: c.source for c in grade_cells(source_notebook(assignment))
    }
    results = run_tests(assignment, answers, function)
    wrong = define(answers, assignment)[function]
    failed = [name for name, error in results.items() if error]
    found = [known.likely(sources[name], function, wrong, seed) for name in failed]
    passed = [sources[name] for name in results if name not in failed]
    kept = narrowed(found, partial(known.passing, passed))
    return {
        name: [entry.name for entry in entries] for name, entries in zip(failed, kept, strict=True)
    }


READ_TOO_MUCH = {"file_read_whole", "read_up_to_the_last", "drawn_with_replacement"}
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


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_a_right_answer_gets_no_hint(assignment):
    """Even if the grader asked: no entry equals a right answer on a whole test."""
    known, nb = EXPLAINERS[assignment], source_notebook(assignment)
    functions, right = graded_functions(nb), solutions(assignment)
    styles = right_answers(assignment)
    spaces = {style: define(right | answers, assignment) for style, answers in styles.items()}
    for cell in grade_cells(nb):
        name = cell.metadata.nbgrader.grade_id
        function = function_under_test(name, functions)
        for style, space in spaces.items():
            assert known.likely(cell.source, function, space[function], 0) == [], (style, name)


def test_two_mistakes_at_once_are_no_known_mistake():
    right = solutions("1_step_by_step")
    wrong = right["conv_single_step"].replace("b.item()", "0.5 * b.item()")
    explained = explain("1_step_by_step", "conv_single_step", right | {"conv_single_step": wrong})
    assert explained == {"test_conv_single_step_value": []}


def test_what_fits_all_tests_of_a_function_comes_before_what_fits_one():
    mistakes = [Misconception(f"name {n}", "f", "", "", f"Hint {n}.") for n in range(MAX_HINTS + 2)]
    a, b, *more = mistakes
    assert narrowed([[a, b], [b]], list) == [[b], [b]]
    assert narrowed([[a], [b]], list) == [[a], [b]]
    assert narrowed([mistakes], list) == [[]]
    assert narrowed([mistakes, [a, b]], list) == [[a, b], [a, b]]
    assert narrowed([mistakes], lambda given: [m for m in given if m in more[:2]]) == [more[:2]]
    assert narrowed([[a, b]], lambda given: []) == [[a, b]]
    assert narrowed([], list) == []


@pytest.mark.parametrize("seed", range(4))
def test_what_reads_too_much_is_told_from_what_draws_wrongly(seed, monkeypatch):
    """Many mistakes meet the damaged picture of torn.h5; the other tests tell them apart."""
    monkeypatch.setenv("GRADING_SEED", str(seed))
    right = solutions("3_convnet")
    for entry in EXPLAINERS["3_convnet"].entries:
        if entry.function == "minibatches" and entry.name in READ_TOO_MUCH:
            wrong = right | {"minibatches": entry.apply(right["minibatches"])}
            for test, names in explain("3_convnet", "minibatches", wrong, seed).items():
                assert entry.name in names, (test, names)


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
