"""docs/grader.md holds what the bank and the mutants show today."""

import pytest
from table import PAGE, of, rows, text, updated

from grading.bank import misconceptions, right_answers

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def test_the_page_is_up_to_date():
    page = PAGE.read_text(encoding="utf-8")
    assert page == updated(page, text()), "docs/grader.md is stale: run `make bank`"


def test_the_table_counts_everything(assignment):
    found = list(rows(assignment))
    assert sum(row[1][1] for row in found) == len(misconceptions(assignment))
    assert sum(row[4][1] for row in found) == sum(map(len, right_answers(assignment).values()))
    for row in found:
        for score, most in (row[1], row[2], row[4]):
            assert 0 < score <= most, row


def test_only_what_stands_between_the_markers_is_replaced():
    page = "a\n<!-- table: make bank -->\nold\n<!-- end of table -->\nb\n"
    new = "a\n<!-- table: make bank -->\nnew\\1\n<!-- end of table -->\nb\n"
    assert updated(page, "new\\1\n") == new
    with pytest.raises(ValueError, match="no markers"):
        updated("a", "new")
    assert of((3, 4)) == "3 of 4"
