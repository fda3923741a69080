"""Every known mistake is caught, every right answer passes."""

import pytest
from cells import run_tests
from conftest import ASSIGNMENTS

from grading.bank import (
    BankError,
    Misconception,
    misconceptions,
    right_answers,
    solutions,
)
from grading.notebooks import graded_functions

MISTAKES = [(name, entry) for name in ASSIGNMENTS for entry in misconceptions(name)]
STYLES = [(name, style) for name in ASSIGNMENTS for style in right_answers(name)]


@pytest.mark.parametrize(
    ("assignment", "mistake"), MISTAKES, ids=[f"{e.function}-{e.name}" for _, e in MISTAKES]
)
def test_mistake_loses_points(assignment, mistake):
    right = solutions(assignment)
    wrong = right | {mistake.function: mistake.apply(right[mistake.function])}
    results = run_tests(assignment, wrong, mistake.function)
    assert any(results.values()), "a wrong answer passed every test of its function"
    for name, error in results.items():
        # What a student reads says which function it is about.
        if isinstance(error, AssertionError):
            assert str(error).strip(), f"{name} failed without a word"


def test_every_function_has_known_mistakes(assignment, source):
    known = {entry.function for entry in misconceptions(assignment)}
    assert known == set(graded_functions(source))


@pytest.mark.parametrize(("assignment", "style"), STYLES)
def test_right_answer_in_another_style_passes(assignment, style):
    answers = right_answers(assignment)[style]
    assert set(answers) == set(solutions(assignment))
    failed = {name: error for name, error in run_tests(assignment, answers).items() if error}
    assert not failed


def test_an_edit_that_does_not_fit_is_refused():
    entry = Misconception("n", "f", find="x", replace="y", hint="h")
    assert entry.apply("a x") == "a y"
    for solution in ("a", "x x"):
        with pytest.raises(BankError, match="f, n: 'x' occurs"):
            entry.apply(solution)
