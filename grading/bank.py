"""The bank of known mistakes, and answers in other styles.

A mistake is a small edit of the reference solution, so it can't go stale: the text to find
must stand in the solution exactly once. `misconceptions/ASSIGNMENT.toml` holds entries

    [[misconception]]
    name = "stride_ignored"          # unique among the entries of its function
    function = "conv_forward"
    find = "h * stride, h * stride + f"
    replace = "h, h + f"
    hint = "what helps a student to find the mistake, without giving the code away"

`right_answers/ASSIGNMENT/STYLE.py` holds answers that are right in another style, for all
functions or some. There, as in the notebook, `# GRADED FUNCTION: name` starts an answer cell,
which goes on to the next such line, so that helpers and imports stand in the cell they need.
"""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from grading.notebooks import answer_cell, graded_functions, notebook_path, read

ROOT = Path(__file__).resolve().parent.parent
KEYS = {"name", "function", "find", "replace", "hint"}
ENTRY = re.compile(r"^\s*\[\[\s*misconception\s*\]\]")
ANSWER = re.compile(r"(?m)^# GRADED FUNCTION: (\w+)$")


class BankError(Exception):
    """Something in the bank does not fit the solution; the message says what, where and why."""


@dataclass(frozen=True)
class Misconception:
    """A known mistake: an edit that turns the solution of `function` into a wrong answer."""

    name: str
    function: str
    find: str
    replace: str
    hint: str
    file: str = ""  # that holds the entry
    line: int = 0  # where the entry starts in it, counted from 1

    @property
    def where(self):
        """File, line and name of the entry, for messages."""
        place = f"{self.file}, line {self.line}: " if self.file else ""
        return f"{place}{self.function}, {self.name}"

    def apply(self, solution):
        """The source of the solution with the mistake in it.

        Raises BankError unless `find` occurs exactly once and the result is Python.
        """
        count = solution.count(self.find)
        if count != 1:
            raise BankError(
                f"{self.where}: {self.find!r} occurs {count} times in the solution, but must "
                "occur exactly once"
            )
        wrong = solution.replace(self.find, self.replace)
        if wrong == solution:
            raise BankError(f"{self.where}: find and replace are the same")
        try:
            compile(wrong, self.function, "exec")
        except SyntaxError as error:
            raise BankError(f"{self.where}: the edited solution is not Python: {error}") from None
        return wrong


def exists(assignment):
    """Whether there is a bank for this assignment."""
    return (ROOT / "misconceptions" / f"{assignment}.toml").is_file()


def misconceptions(assignment, folder=ROOT / "misconceptions"):
    """All entries for an assignment, in order.

    Raises BankError for a file that is no TOML, and for an entry with a missing, empty or unknown
    key, or a double name.
    """
    path = Path(folder, f"{assignment}.toml")
    text = path.read_text(encoding="utf-8")
    try:
        tables = tomllib.loads(text).get("misconception", [])
    except tomllib.TOMLDecodeError as error:
        raise BankError(f"{path.name}: {error}") from None
    lines = [n for n, line in enumerate(text.split("\n"), start=1) if ENTRY.match(line)]
    if len(lines) != len(tables):
        raise BankError(f"{path.name}: start each entry with a line [[misconception]]")
    entries, names = [], set()
    for line, table in zip(lines, tables, strict=True):
        entry = _entry(table, path.name, line)
        if (entry.function, entry.name) in names:
            raise BankError(f"{entry.where}: stands there twice")
        names.add((entry.function, entry.name))
        entries.append(entry)
    return entries


def _entry(table, file, line):
    where = f"{file}, line {line}: {table.get('function')}, {table.get('name')}"
    if set(table) != KEYS:
        raise BankError(f"{where}: has the keys {sorted(table)}, not {sorted(KEYS)}")
    for key, value in table.items():
        if not isinstance(value, str) or not (value.strip() or key == "replace"):
            raise BankError(f"{where}: {key} must be text, and not empty")
    return Misconception(**table, file=file, line=line)


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


def right_answers(assignment, folder=ROOT / "right_answers"):
    """Answers in other styles: {style: {function: source of its cell}}.

    Raises BankError for a file without an answer, or with two for one function.
    """
    styles = {}
    for path in sorted(Path(folder, assignment).glob("*.py")):
        text = path.read_text(encoding="utf-8")
        starts = list(ANSWER.finditer(text))
        ends = [start.start() for start in starts[1:]] + [len(text)]
        cells = {
            start[1]: text[start.start() : end].rstrip()
            for start, end in zip(starts, ends, strict=False)
        }
        if not cells or len(cells) != len(starts):
            raise BankError(f"{path.name}: start each answer with '# GRADED FUNCTION: its name'")
        styles[path.stem] = cells
    return styles
