"""checks.py, which stands beside every notebook: what passes, and what a failure says."""

import json
import sys

import numpy as np
import pytest
from conftest import ASSIGNMENTS

from grading import checks
from grading.bank import ROOT, misconceptions, solutions
from grading.beside import beside as files_beside
from grading.checks import CheckFailed, check, check_dtype, check_shape
from grading.hints import explainer, failure_of, hints_for_students
from grading.notebooks import grade_cells, notebook_path, read, visible_part


def failing(result, want, **options):
    """The message of a check of a function that returns `result`."""

    def f(*arguments):
        return result

    with pytest.raises(CheckFailed) as caught:
        check(f, (1,), want, "the loop", **options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("result", "want"),
    [
        (1, 1.0),
        (np.float64(1), 1),
        (np.array(1.0), 1),
        (np.float32(1 / 3), 1 / 3),
        ([[1, 2], [3, 4]], np.array([[1.0, 2.0], [3.0, 4.0]])),
        (np.array([1, np.nan]), np.array([1, np.nan])),
        (np.array([True]), np.array([True])),
        ((1, [2, 3]), (1, np.array([2, 3]))),
        ([1, {"stride": 2}], (1, {"stride": np.int64(2)})),
        ("max", "max"),
        (None, None),
    ],
)
def test_equal_in_any_style_passes(result, want):
    check(lambda: result, (), want, "nothing")


@pytest.mark.parametrize(
    ("result", "want", "said"),
    [
        (None, 1, "got None: is there a return?"),
        ("1", 1, "got '1'"),
        (2, 1.5, "expected result = 1.5\ngot 2"),
        (np.ones((1, 1)), 1, "expected result to be a number\ngot an array of shape (1, 1)"),
        (3, np.ones(2), "expected result of shape (2,)\ngot 3"),
        ([[1], [1, 2]], np.ones((2, 2)), "got [[1], [1, 2]]"),
        (np.array([None, 1]), np.ones(2), "got an array of shape (2,) of object"),
        (np.array([1, 0]), np.array([True, False]), "to hold True and False"),
        (np.array([True]), np.array([1.0]), "to hold numbers"),
        (np.array([1, np.nan]), np.ones(2), "result[1] = 1\ngot nan there"),
        (np.eye(2), np.ones((2, 2)), "result[0, 1] = 1\ngot 0 there, the first of 2 wrong"),
        ((1, 2), (1, 2, 3), "with 3 entries\ngot 2"),
        ((1, 2), (1, 3), "expected result[1] = 3\ngot 2"),
        ({"pad": 1}, {"pad": 2}, "expected result['pad'] = 2\ngot 1"),
        ({"pads": 2}, {"pad": 2}, "expected result with the keys ['pad']\ngot the keys ['pads']"),
        ("average", "max", "expected result = 'max'\ngot 'average'"),
    ],
)
def test_a_failure_says_case_expected_got_and_where_to_look(result, want, said):
    message = failing(result, want)
    assert message.startswith("f(1)\n")
    assert "expected" in message and said in message
    assert message.endswith("\nLook at: the loop")


def test_small_arrays_are_shown_whole_and_large_ones_are_not():
    assert "got, entry by entry: 1, 0, 0, 1" in failing(np.eye(2), np.ones((2, 2)))
    assert "entry by entry" not in failing(np.zeros(10), np.ones(10))


def test_a_part_of_the_results():
    both = {"returns": "Z, cache", "part": "cache"}
    check(lambda: (1, 2), (), 2, "nothing", **both)
    assert "expected cache = 3\ngot 2" in failing((1, 2), 3, **both)
    assert "expected 2 results: Z, cache\ngot an array of shape (2,)" in failing(
        np.ones(2), 1, **both
    )
    assert "got 3 results" in failing((1, 2, 3), 1, **both)


def test_arguments():
    def clear(X, options):
        X[...] = 0
        return 0

    given = (np.ones((2, 3)), {"pad": 1})
    check(clear, given, 0, "nothing")
    assert np.all(given[0] == 1), "the function got a copy"
    with pytest.raises(CheckFailed, match=r"(?s)argument 1 was changed.*work on a copy"):
        check(clear, given, 0, "nothing", unchanged=True)
    with pytest.raises(CheckFailed, match=r"clear\(array \(2, 3\), \{'pad': 1\}\)\nexpected"):
        check(clear, given, 1, "nothing")


def test_shape_alone():
    check_shape(lambda: np.zeros((2, 3)), (), (2, 3), "nothing")
    check_shape(lambda: 1.0, (), (), "nothing")
    with pytest.raises(CheckFailed, match=r"expected X of shape \(2, 3\)\ngot an array of shape"):
        check_shape(lambda: np.zeros((3, 2)), (), (2, 3), "nothing", "X")
    with pytest.raises(CheckFailed, match="to be a number\ngot None"):
        check_shape(lambda: None, (), (), "nothing")


def test_an_error_goes_on_and_tells_the_call(capsys):
    def broken(x):
        print("odd", file=sys.stderr)
        return undefined  # noqa: F821

    with pytest.raises(NameError, match="undefined") as caught:
        check(broken, (2.5,), 1, "nothing")
    assert caught.value.__notes__ == ["Called as: broken(2.5)\nLook at: nothing"]
    assert capsys.readouterr().err == "", "nbgrader would take a warning for a failure"


def test_arrays_in_arguments_are_told_by_their_shape():
    one, plain = np.ones((1, 2)), {"stride": 1, "pad": 0}
    arguments = [(one, plain), one], {"W1": one, "t": 1}, {"W1": (8, 3)}, (1, 2)
    said = checks.describe(check, arguments)
    shown = "[(array (1, 2), {'stride': 1, 'pad': 0}), array (1, 2)], {W1: array (1, 2), t: 1}"
    assert said == f"check({shown}, {{'W1': (8, 3)}}, (1, 2))"


def test_fingerprints_tell_results_apart():
    values = [0.0, 1, np.ones(1), np.ones(4), np.ones((2, 2)), np.eye(2), np.eye(2)[::-1]]
    values += [np.array([np.nan, 1]), np.array([np.inf, 1]), True, np.arange(4)[::-1]]
    marks = [tuple(checks.fingerprint(value)) for value in values]
    assert len(set(marks)) == len(marks) - 1  # 1 and True are the same
    for value in (None, "x", [1, None], {"a": "x"}):
        assert checks.fingerprint(value) is None


def test_fingerprints_of_nested_results_tell_them_apart():
    two, three = np.arange(2.0), np.arange(3.0)
    values = [(two, three), (three, two), (two, three, 0), (two, (three, 0)), {"a": two}]
    values += [{"b": two}, {"a": two, "b": three}, {"b": two, "a": three}, [{"a": two}], ([], two)]
    marks = [tuple(checks.fingerprint(value)) for value in values]
    assert len(set(marks)) == len(marks)
    backwards = {"b": three, "a": two}
    assert checks.fingerprint(backwards) == checks.fingerprint({"a": two, "b": three})
    assert checks.fingerprint([two, three]) == checks.fingerprint((two, three))


def test_a_dtype_is_checked_wherever_it_is_nested():
    single, double = np.ones(2, np.float32), np.ones(2)
    check_dtype(lambda: {"W1": single, "b1": [single]}, (), "float32", "types", "parameters")
    for result in ({"W1": single, "b1": double}, (single, [1.0]), double, None):
        with pytest.raises(CheckFailed, match="expected parameters to hold float32 only\ngot "):
            check_dtype(lambda result=result: result, (), "float32", "types", "parameters")
    batches = [(single[:, None], np.arange(2)), (double[:, None], np.arange(2))]
    check_dtype(lambda: batches[:1], (), "float32", "types", "batches", floats=True)
    for result in (batches, [(np.arange(2), np.arange(3))]):
        with pytest.raises(CheckFailed, match="expected batches to hold float32 only\ngot "):
            check_dtype(lambda r=result: r, (), "float32", "types", "batches", floats=True)


@pytest.fixture(scope="module", params=ASSIGNMENTS)
def beside(request):
    """(assignment, its source folder, what hints.json there holds)."""
    folder = notebook_path("source", request.param, ROOT).parent
    return request.param, folder, json.loads((folder / "hints.json").read_text())


def test_files_beside_the_notebook_are_in_step(beside):
    assignment, folder, known = beside
    message = "run `make outputs release`"
    assert (folder / "checks.py").read_bytes() == (ROOT / "grading/checks.py").read_bytes(), message
    assert known == hints_for_students(notebook_path("source", assignment, ROOT), assignment), (
        message
    )


def test_hints_hold_numbers_and_hints_only(beside):
    assignment, _, known = beside
    assert set(known) == {"hints", "values"}
    bank = {entry.hint for entry in misconceptions(assignment)}
    for hint in known["hints"]:
        assert hint in bank or hint.split(") ", 1)[1] in bank
    assert known["values"]
    for entries in known["values"].values():
        for numbers, which in entries:
            assert all(isinstance(n, (int, float)) for n in numbers)
            assert all(n == float(f"{n:.6g}") for n in numbers)
            assert which and all(0 <= index < len(known["hints"]) for index in which)


def test_a_student_is_told_the_likely_mistake(beside, monkeypatch):
    """Each mistake that a visible check catches by a value is named there."""
    assignment, folder, known = beside
    notebook = notebook_path("source", assignment, ROOT)
    bank = explainer(notebook, assignment)
    visible = [visible_part(cell.source) for cell in grade_cells(read(notebook))]
    monkeypatch.setattr(checks, "HINTS_FILE", folder / "hints.json")
    named = 0
    for entry in bank.entries:
        if "random" in entry.replace:  # its results are others each time
            continue
        space = bank.namespace(entry.function, entry.apply(bank.source[entry.function]))
        failures = [failure for test in visible if (failure := failure_of(test, space))]
        own = [f for f in failures if f.key and f.key.startswith(f"{entry.function}(")]
        told = [f for f in own if f"Likely cause: {entry.hint}" in str(f) or entry.hint in str(f)]
        readable = [f for f in own if checks.fingerprint(f.got)]
        assert len(told) == len(readable), f"{entry.function}, {entry.name}"
        named += bool(told)
    assert named >= 0.5 * len(bank.entries)


def test_right_answers_and_unknown_mistakes_get_no_hint(beside, monkeypatch):
    assignment, folder, _ = beside
    monkeypatch.setattr(checks, "HINTS_FILE", folder / "hints.json")
    nb = read(notebook_path("source", assignment, ROOT))
    space = explainer(notebook_path("source", assignment, ROOT), assignment).namespace()
    with files_beside(folder):
        for cell in grade_cells(nb):
            assert failure_of(cell.source, space) is None
        for name in solutions(assignment):
            odd = space | {name: spoilt(space[name])}
            visible = [visible_part(cell.source) for cell in grade_cells(nb)]
            failures = [failure for test in visible if (failure := failure_of(test, odd))]
            assert failures, name
            assert not any("cause" in str(failure) for failure in failures)


def spoilt(function):
    """The function with an error that no known mistake makes: a little is added to all results."""

    def wrong(*arguments):
        return a_little_more(function(*arguments))

    wrong.__name__ = function.__name__
    return wrong


def a_little_more(result):
    """The result with 0.123 added to all arrays in it; a generator stays one."""
    if isinstance(result, dict):
        return {key: a_little_more(value) for key, value in result.items()}
    if isinstance(result, tuple):
        return tuple(map(a_little_more, result))
    if hasattr(result, "__next__"):
        return map(a_little_more, result)
    return result + 0.123 if isinstance(result, (np.ndarray, np.generic)) else result


def test_without_hints_the_check_works(tmp_path, monkeypatch):
    for content in (None, "", "[]", "{}", '{"values": 1, "hints": []}'):
        path = tmp_path / "hints.json"
        if content is not None:
            path.write_text(content)
        monkeypatch.setattr(checks, "HINTS_FILE", path)
        assert "cause" not in failing(2, 1)
