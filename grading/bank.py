"""The bank of known mistakes, and answers in other styles.

A mistake is a small edit of the reference solution, so it can't go stale: the text to find
must stand in the solution exactly once. `misconceptions/ASSIGNMENT.toml` holds entries

    [[misconception]]
    name = "stride_ignored"          # unique among the entries of its function
    function = "conv_forward"
    find = "h * stride, h * stride + f"
    replace = "h, h + f"
    hint = "what helps a student to find the mistake, without giving the code away"

`right_answers/ASSIGNMENT/STYLE.py` holds functions that are right in another style.
"""

import ast
import tomllib
from dataclasses import dataclass
from pathlib import Path

from grading.notebooks import answer_cell, graded_functions, notebook_path, read

ROOT = Path(__file__).resolve().parent.parent


class BankError(Exception):
    """An entry of the bank does not fit the solution; the message says which and why."""


@dataclass(frozen=True)
class Misconception:
    """A known mistake: an edit that turns the solution of `function` into a wrong answer."""

    name: str
    function: str
    find: str
    replace: str
    hint: str

    def apply(self, solution):
        """The source of the solution with the mistake in it.

        Raises BankError unless `find` occurs exactly once.
        """
        count = solution.count(self.find)
        if count != 1:
            raise BankError(
                f"{self.function}, {self.name}: {self.find!r} occurs {count} times in the "
                "solution, but must occur exactly once"
            )
        return solution.replace(self.find, self.replace)


def exists(assignment):
    """Whether there is a bank for this assignment."""
    return (ROOT / "misconceptions" / f"{assignment}.toml").is_file()


def misconceptions(assignment):
    """All entries for an assignment, in order.

    Raises BankError for an entry with a missing, empty or unknown key, or a double name.
    """
    path = ROOT / "misconceptions" / f"{assignment}.toml"
    entries = []
    for table in tomllib.loads(path.read_text(encoding="utf-8"))["misconception"]:
        where = f"{path.name}: {table.get('function')}, {table.get('name')}"
        if set(table) != set(Misconception.__annotations__):
            raise BankError(f"{where}: has the keys {sorted(table)}")
        if not all(table[key].strip() for key in table if key != "replace"):
            raise BankError(f"{where}: an entry is empty")
        entry = Misconception(**table)
        if any((e.function, e.name) == (entry.function, entry.name) for e in entries):
            raise BankError(f"{where}: stands there twice")
        entries.append(entry)
    return entries


def misconception(assignment, function, name):
    """One entry. Raises BankError if there is none of that name."""
    for entry in misconceptions(assignment):
        if (entry.function, entry.name) == (function, name):
            return entry
    raise BankError(f"{assignment}.toml has no entry {function}, {name}")


def solutions(assignment):
    """Reference solutions: a dictionary from function name to the source of its cell."""
    nb = read(notebook_path("source", assignment, ROOT))
    return {name: answer_cell(nb, name).source for name in graded_functions(nb)}


def right_answers(assignment):
    """Answers in other styles: {style: {function: source}}, from right_answers/ASSIGNMENT."""
    styles = {}
    for path in sorted((ROOT / "right_answers" / assignment).glob("*.py")):
        text = path.read_text(encoding="utf-8")
        styles[path.stem] = {
            node.name: ast.get_source_segment(text, node)
            for node in ast.parse(text).body
            if isinstance(node, ast.FunctionDef)
        }
    return styles
