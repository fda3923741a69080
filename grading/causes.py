"""Which known mistakes a class made: hints in messages of failed tests, led back to the bank."""

from dataclasses import dataclass

from grading.bank import BankError, misconceptions
from grading.results import ResultsError

CAUSE, OR = "Likely cause:", "or:"


@dataclass
class Cause:
    """A known mistake, or several that can't be told apart, and who made it."""

    entries: tuple  # of Misconception
    students: set

    @property
    def functions(self):
        """Names of the functions that it is about."""
        return list(dict.fromkeys(entry.function for entry in self.entries))

    @property
    def names(self):
        """Names in the bank, in words."""
        return list(dict.fromkeys(entry.name.replace("_", " ") for entry in self.entries))

    @property
    def hints(self):
        """What helps a student to find it."""
        return list(dict.fromkeys(entry.hint for entry in self.entries))


def bank(assignment):
    """All known mistakes of an assignment; none if there is no bank. Raises ResultsError."""
    try:
        return misconceptions(assignment)
    except FileNotFoundError:
        return []
    except BankError as error:
        raise ResultsError(f"the bank of misconceptions can't be read: {error}") from None


def causes(results, entries):
    """(Causes, the most frequent first; {function: students whose failure has no known cause}).

    Each student counts once for a cause, in however many tests it showed.
    """
    found, unknown = {}, {name: set() for name in results.functions}
    for work in results.graded:
        for function in results.functions:
            failed = results.failed(work, function)
            named = [
                key
                for cell in failed
                for key in named_causes(work.failures.get(cell, ""), function, entries)
            ]
            for key in named:
                found.setdefault(key, set()).add(work.student)
            if failed and not named and results.touched(work, function):
                unknown[function].add(work.student)
    ranked = [Cause(key, students) for key, students in found.items()]
    order = {entry: index for index, entry in enumerate(entries)}
    ranked.sort(key=lambda cause: (-len(cause.students), order[cause.entries[0]]))
    return ranked, unknown


def named_causes(message, function, entries):
    """The causes that a message names: tuples of entries, those of the function if possible.

    Entries with the same hint, or named as alternatives, are one cause. A line that names no
    hint of the bank is no cause: a student's own error may hold any text.
    """
    groups = []
    for line in map(str.strip, message.splitlines()):
        if line.startswith(CAUSE):
            groups.append([line])
        elif groups and line.startswith(OR):
            groups[-1].append(line)
    keys = []
    for lines in groups:
        named = [entry for entry in entries if any(entry.hint in line for line in lines)]
        key = tuple(entry for entry in named if entry.function == function) or tuple(named)
        if key and key not in keys:
            keys.append(key)
    return keys
