"""How well the grader grades, as a Markdown table in docs/grader.md: `make bank`."""

import re
import sys

from cells import reference
from conftest import ASSIGNMENTS
from mutants import equivalents, survey
from verdicts import caught, failures

from grading.bank import ROOT, right_answers
from grading.notebooks import function_under_test

PAGE = ROOT / "docs" / "grader.md"
BETWEEN = re.compile(r"(?s)(<!-- table: make bank -->\n).*(<!-- end of table -->)")
HEAD = [
    "function",
    "known mistakes caught",
    "mutants killed",
    "mutants that change nothing",
    "right answers accepted",
]


def accepted(assignment, function):
    """How many styles answer a function rightly, and how many answer it."""
    styles = [name for name, cells in right_answers(assignment).items() if function in cells]
    failed = [
        style
        for style in styles
        if function in {owner(assignment, cell) for cell in failures(assignment, style)}
    ]
    return len(styles) - len(failed), len(styles)


def owner(assignment, cell):
    """The function that a test cell belongs to."""
    return function_under_test(cell, list(reference(assignment)))


def killed(assignment, function):
    """How many mutants of a function lose points, and how many should."""
    results, listed = survey(assignment), equivalents(assignment)
    mine = [test for mutant, test in results.items() if mutant.function == function]
    same = sum(key[0] == function for key in listed)
    return sum(test is not None for test in mine), len(mine) - same, same


def rows(assignment):
    """For each function: its name, (caught, of), (killed, of), equivalent, (accepted, of)."""
    for function in reference(assignment):
        *score, same = killed(assignment, function)
        yield (
            function,
            caught(assignment, function),
            tuple(score),
            same,
            accepted(assignment, function),
        )


def table(assignment):
    """The rows in Markdown, with a total of everything that can be added up."""
    lines = [HEAD, ["---"] + ["---:"] * (len(HEAD) - 1)]
    found = list(rows(assignment))
    for name, mistakes, mutants, same, styles in found:
        lines.append([f"`{name}`", of(mistakes), of(mutants), str(same), of(styles)])
    mistakes, mutants, styles = (
        of(tuple(map(sum, zip(*(row[k] for row in found), strict=True)))) for k in (1, 2, 4)
    )
    lines.append(["all", mistakes, mutants, str(sum(row[3] for row in found)), styles])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def of(pair):
    """A score as text."""
    return f"{pair[0]} of {pair[1]}"


def text():
    """What stands between the markers of the page."""
    return "".join(f"\n**`{name}`**\n\n{table(name)}\n" for name in ASSIGNMENTS)


def updated(page, new):
    """A page with its table replaced. Raises ValueError if it has no place for one."""
    if not BETWEEN.search(page):
        raise ValueError("the page has no markers for the table")
    return BETWEEN.sub(lambda found: found[1] + new + found[2], page)


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8"), text()), encoding="utf-8")
    sys.exit(0)
