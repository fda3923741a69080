"""Leads: copies are found through a disguise, honest answers are left alone."""

import time
from itertools import combinations

import pytest
from honest_answers import HONEST
from rapidfuzz.distance import Indel

from grading.alike import ALIKE, LEAST, alike, alike_in, tokens
from grading.bank import ROOT, solutions
from grading.classroom import classroom, disguised
from grading.demo import ASSIGNMENT
from grading.notebooks import answer_cell, graded_functions, notebook_path, read

RELEASE = read(notebook_path("release", ASSIGNMENT, ROOT))
GIVEN = {
    name: (answer_cell(RELEASE, name).source, solutions(ASSIGNMENT)[name])
    for name in graded_functions(RELEASE)
}


def pairs(answers, function="conv_forward"):
    """Pairs of students that are leads, in one function."""
    return set(alike_in(function, answers, GIVEN[function]))


def test_honest_answers_are_no_lead_though_their_tokens_are_alike():
    assert pairs(HONEST) == set()
    read = {name: tokens(source) for name, source in HONEST.items()}
    plain = [Indel.normalized_similarity(read[a], read[b]) for a, b in combinations(HONEST, 2)]
    # Compared as they stand, all of them would be.
    assert min(plain) > ALIKE


@pytest.mark.parametrize("copied", ["batch", "short"])
def test_a_copy_is_found_under_other_names(copied):
    """Other variables, no comments, another layout."""
    answers = HONEST | {"copier": disguised(HONEST[copied])}
    assert pairs(answers) == {tuple(sorted(("copier", copied)))}


@pytest.mark.parametrize("usual", ["int", "early"])
def test_a_copy_of_a_usual_answer_is_no_lead(usual):
    """It can't be told from the work of somebody who thought of the same."""
    assert pairs(HONEST | {"copier": HONEST[usual]}) == set()


def test_a_copy_with_lines_moved_and_added_is_found():
    lines = HONEST["batch"].splitlines()
    start = next(i for i, line in enumerate(lines) if "A_pad = " in line)
    lines[start : start + 2] = [*lines[start : start + 2][::-1], "    print('shape', Z.shape)"]
    assert pairs(HONEST | {"copier": "\n".join(lines)}) == {("batch", "copier")}


def test_what_many_wrote_is_no_lead():
    """One unusual answer in a class of forty: of two it is a lead, of ten it is their way."""
    others = {f"s{i}": list(HONEST.values())[i % 2] for i in range(40)}
    twins = {name: HONEST["batch"] for name in ("a", "b")}
    assert pairs(others | twins) == {("a", "b")}
    assert pairs(others | {f"t{i}": HONEST["batch"] for i in range(10)}) == set()


def test_the_reference_and_the_stub_are_no_lead():
    stub, solution = GIVEN["conv_forward"]
    for source in (stub, solution, stub + "\n# mine", solution.replace("Z", "out")):
        assert pairs({"a": source, "b": source}) == set()


@pytest.mark.parametrize(
    ("function", "body"),
    [
        ("create_mask_from_window", "    return np.equal(x, x.max(axis=None, keepdims=True))"),
        ("distribute_value", "    a, b = shape\n    return np.ones((a, b)) * (dz / a / b)"),
        ("conv_single_step", "    return float(np.tensordot(a_slice_prev, W, 3) + b[0, 0, 0])"),
    ],
)
def test_short_functions_are_never_a_lead(function, body):
    head = "\n".join(GIVEN[function][1].splitlines()[:2])
    source = f"{head}\n{body}"
    assert pairs({"a": source, "b": source}, function) == set()


def test_a_class_has_one_lead_its_copy():
    """Same mistakes, same syntax errors, same half of the work: none of it is a lead."""
    members = classroom(ASSIGNMENT, 40)
    answers = {
        name: {m.student: m.answers[name] for m in members if name in m.answers} for name in GIVEN
    }
    (pair,) = alike(answers, GIVEN)
    kinds = {member.student: member.kind for member in members}
    assert sorted(kinds[student] for student in pair.students) == ["copied", "other style"]
    assert {part.function for part in pair.parts} >= {"conv_forward", "pool_backward"}
    assert all(part.similarity >= ALIKE and part.tokens >= LEAST for part in pair.parts)


def test_the_strongest_lead_comes_first():
    weak = "\n".join(f"    x{i} = foo{i}(y, {i}) @ z{i}" for i in range(6))
    strong = "\n".join(f"    x{i} = bar{i}[y, {i}:9] ^ z{i}.w{i}" for i in range(20))
    answers = {"f": {"a": weak, "b": weak, "c": strong, "d": strong}}
    assert [pair.students for pair in alike(answers, {})] == [("c", "d"), ("a", "b")]
    assert alike({"f": {"a": weak}}, {}) == alike({}, {}) == alike({"f": {}}, {}) == []


def test_any_text_can_be_compared_in_bounded_time():
    started = time.monotonic()
    for text in (
        "def f(:\n\x00\ud800 '''",
        "(" * 10**6,
        "x = 1\n" * 10**6,
        "'" * 10**6,
        "é" * 10**6,
    ):
        assert isinstance(alike({"f": {"a": text, "b": text}}, {"f": (text[:9],)}), list)
    assert time.monotonic() - started < 60
