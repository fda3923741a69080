"""Every small wrong edit of a solution loses points, save those that change nothing."""

import ast
import time

import numpy as np
import pytest
from bounds import OutOfBounds, bounded
from cells import reference
from mutants import (
    Mutant,
    differences,
    equivalents,
    killer,
    mutate,
    survey,
)
from operators import OPERATORS

from grading.bank import ROOT

# Mutants divide by zero and the like; what counts is whether they lose points.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
LEAST = 300  # mutants of an assignment
SMALL = '''def f(x, cache, mode="max"):
    """Prose."""
    A_prev, W = cache
    limit = 2 * W
    if x > limit:
        raise ValueError("given")
    total = np.zeros(W.shape)
    for i in range(x):
        here = A_prev[i, x:W, :]
        total += here
    y = np.max(total) if mode == "max" else "average"
    return y, total
'''


def kinds(source=SMALL):
    """The mutants of a function, by operator: {operator: [(line, what it became)]}."""
    found = {operator.__name__: [] for operator in OPERATORS}
    for mutant in mutate("f", source):
        found[mutant.operator].append((mutant.line, mutant.mutant))
    return found


@pytest.mark.parametrize(
    ("operator", "line", "mutant"),
    [
        ("comparison", "y = np.max(total) if mode == 'max' else 'average'", "mode != 'max'"),
        ("constant", "def f(x, cache, mode='max'):", "mode='average'"),
        ("off_by_one", "for i in range(x):", "range(x - 1)"),
        ("off_by_one", "for i in range(x):", "range(1, x)"),
        ("off_by_one", "here = A_prev[i, x:W, :]", "A_prev[i, x + 1:W, :]"),
        ("off_by_one", "here = A_prev[i, x:W, :]", "A_prev[i, x:, :]"),
        ("order", "return (y, total)", "return (total, y)"),
        ("order", "A_prev, W = cache", "W, A_prev = cache"),
        ("order", "here = A_prev[i, x:W, :]", "A_prev[x:W, i, :]"),
        ("index", "here = A_prev[i, x:W, :]", "A_prev[0, x:W, :]"),
        ("name", "here = A_prev[i, x:W, :]", "here = W[i, x:W, :]"),
        ("call", "total = np.zeros(W.shape)", "np.ones(W.shape)"),
        ("call", "total = np.zeros(W.shape)", "total = W.shape"),
        ("sign", "total += here", "total += -here"),
        ("accumulation", "total += here", "total = here"),
        ("condition", "y = np.max(total) if mode == 'max' else 'average'", "if True else"),
        ("statement", "total += here", "pass"),
        ("early_end", "for i in range(x):", "for i in range(x): ...; break"),
        ("overwriting", "return (y, total)", "A_prev *= 0; return (y, total)"),
    ],
)
def test_operators_make_the_usual_mistakes(operator, line, mutant):
    assert any(at == line and mutant in became for at, became in kinds()[operator])


def test_arithmetic_is_mutated_where_order_matters_and_where_not():
    made = {after for _, after in kinds("def f(a, b):\n    'd'\n    return a - b\n")["arithmetic"]}
    assert made == {"return a + b", "return a", "return b", "return b - a"}
    made = {after for _, after in kinds("def f(a, b):\n    'd'\n    return a * b\n")["arithmetic"]}
    assert made == {"return a + b", "return a / b", "return a", "return b"}


def test_mutants_are_python_and_differ_and_leave_given_lines_alone():
    right = ast.unparse(ast.parse(SMALL))
    mutants = mutate("f", SMALL)
    assert len({mutant.source for mutant in mutants} | {right}) == len(mutants) + 1
    for mutant in mutants:
        compile(mutant.source, "mutant", "exec")
        for given in ("'Prose.'", "limit = 2 * W", "if x > limit:", "ValueError('given')"):
            assert given.strip("'") in mutant.source, mutant.key
    assert ast.unparse(ast.parse(SMALL)) == right


def test_every_mutant_loses_points(assignment, capsys):
    """And those that are listed as equivalent exist, and lose none."""
    results, listed = survey(assignment), equivalents(assignment)
    assert len(results) >= LEAST
    keys = [mutant.key for mutant in results]
    assert len(set(keys)) == len(keys)
    killed = sum(test is not None for test in results.values())
    with capsys.disabled():
        print(f"\n{assignment}: {killed} of {len(results) - len(listed)} mutants killed", end=" ")
        print(f"({len(listed)} more are equivalent)")
    assert differences(results, listed) == []


def test_a_survivor_and_a_stale_entry_are_named():
    made = [Mutant("f", "o", "x = 1", f"x = {n}", "") for n in range(2, 5)]
    results = {made[0]: None, made[1]: "test_f", made[2]: None}
    assert differences(results, {made[0].key: "r", made[2].key: "r"}) == []
    found = differences(results, {made[1].key: "r", made[2].key: "r", ("f", "y", "z"): "r"})
    assert [line.split(":")[0] for line in found] == ["survives", "killed", "not made"]
    assert "f: x = 1 -> x = 2" in found[0]


def test_a_right_answer_survives():
    for name, source in reference("1_step_by_step").items():
        assert killer("1_step_by_step", Mutant(name, "none", "", "", source)) is None


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("while True: pass", "out of bounds"),
        ("return np.ones(10**13)", "test_zero_pad_shape"),
        ("return np.ones((2**31, 1))", "test_zero_pad_shape"),
        ("return [0] * 10**10", "test_zero_pad_shape"),
        ("return zero_pad(X, pad)", "test_zero_pad_shape"),
    ],
)
def test_a_mutant_without_bounds_is_stopped(monkeypatch, body, message):
    monkeypatch.setattr("mutants.SECONDS", 1)
    source = f"def zero_pad(X, pad):\n    {body}\n"
    assert message in killer("1_step_by_step", Mutant("zero_pad", "none", "", "", source))
    assert np.ones(10**8).size  # the bound on memory is gone


def test_bounds_of_time_are_taken_off():
    with pytest.raises(OutOfBounds), bounded(0.1, 1 << 30):
        while True:
            pass
    with bounded(0.1, 1 << 30):
        pass
    time.sleep(0.2)


def test_equivalents_are_listed_once_with_a_reason(assignment, tmp_path):
    assert all(len(reason) > 10 for reason in equivalents(assignment).values())
    entry = '[[equivalent]]\nfunction = "f"\nline = "x"\nmutants = ["y"]\nreason = "{}"\n'
    for text in (entry.format(" "), 2 * entry.format("why")):
        (tmp_path / "a.equivalent.toml").write_text(text)
        with pytest.raises(ValueError, match="a.equivalent.toml: .*twice, or without"):
            equivalents("a", tmp_path)
    assert equivalents("nothing_listed", ROOT / "misconceptions") == {}
