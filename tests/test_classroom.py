"""The made-up class: the same each time, and each member as described."""

from collections import Counter

import pytest
from cells import run_tests

from grading.bank import misconceptions, right_answers, solutions
from grading.classroom import classroom, disguised
from grading.demo import ASSIGNMENT

RIGHT = solutions(ASSIGNMENT)


@pytest.mark.parametrize("size", [1, 2, 5, 20, 40, 200])
def test_a_class_has_its_size_and_is_the_same_again(size):
    members = classroom(ASSIGNMENT, size)
    assert len({member.student for member in members}) == size
    assert members == classroom(ASSIGNMENT, size)
    assert [m.student for m in members] == sorted(m.student for m in members)


def test_another_seed_gives_another_class():
    assert classroom(ASSIGNMENT, 40, seed=2) != classroom(ASSIGNMENT, 40, seed=1)
    with pytest.raises(ValueError, match="at least 1 member"):
        classroom(ASSIGNMENT, 0)


def test_forty_are_of_every_kind():
    members = classroom(ASSIGNMENT, 40)
    made = {entry for m in members for entry in m.mistakes}
    assert made <= set(misconceptions(ASSIGNMENT)) and len(made) >= 15
    kinds = Counter(member.kind for member in members)
    assert kinds["other style"] == len(right_answers(ASSIGNMENT))
    assert kinds["copied"] == 1
    for kind in ("right", "half-finished", "syntax error", "untouched"):
        assert kinds[kind] >= 1
    # Some mistakes are common, most are rare: as in a class.
    counts = Counter(e for m in classroom(ASSIGNMENT, 200) for e in m.mistakes).most_common()
    assert len(counts) > 50 and counts[0][1] > 4 * counts[-1][1]


def test_members_are_as_described():
    for member in classroom(ASSIGNMENT, 40):
        changed = {name for name, source in member.answers.items() if source != RIGHT[name]}
        assert set(member.answers) <= set(RIGHT)
        if member.kind == "mistaken":
            assert changed == {entry.function for entry in member.mistakes} and changed
        elif member.kind == "right":
            assert member.answers == RIGHT
        elif member.kind == "half-finished":
            assert not changed and 0 < len(member.answers) < len(RIGHT)
        elif member.kind == "untouched":
            assert not member.answers


def test_a_disguised_copy_does_the_same():
    copied = {name: disguised(source) for name, source in RIGHT.items()}
    assert all(copied[name] != RIGHT[name] for name in RIGHT)
    assert "vert_start" not in copied["conv_forward"] and "#" not in copied["conv_forward"]
    failed = {name: error for name, error in run_tests(ASSIGNMENT, copied).items() if error}
    assert not failed
