"""Name a mistake: which known mistake gives what the student's function gives.

At grading, `likely` compares a function that failed a test with every known mistake on all inputs
of that test, and `narrowed` keeps those that fit the function's other tests, too. For students,
`write_hints` computes what each known mistake gives on the visible checks; these numbers, with the
hints, stand beside the release notebook.
"""

import copy
import hashlib
import json
import time
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache, lru_cache
from io import StringIO
from operator import itemgetter
from pathlib import Path

from grading import bank, checks
from grading.beside import beside
from grading.notebooks import (
    answer_cell,
    function_under_test,
    grade_cells,
    graded_functions,
    read,
    reference,
    visible_part,
)

checks.install()  # for test cells that run in this process

MAX_HINTS = 3  # more mistakes than that at once explain nothing
MAX_INPUTS = 20
SECONDS = 5.0


@dataclass(frozen=True)
class Ask:
    """One call that a test cell makes, and the one of its results that the test looks at."""

    arguments: tuple
    part: int | None
    unchanged: bool


def outcome(function, ask):
    """What a call gives: ("value", result, arguments it changed) or ("error", kind, message).

    Exceptions that are no Exception, such as a timeout of a stand-in, pass through.
    """
    given = copy.deepcopy(ask.arguments)
    try:
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            result = checks.drained(function(*given))
            result = result if ask.part is None else result[ask.part]
    except Exception as error:
        return ("error", type(error).__name__, str(error))
    changed = given if ask.unchanged and differs(given, ask.arguments) else ()
    return ("value", result, changed)


def differs(got, want):
    """Whether two results, nested ones too, are not equal within the tolerance of the checks."""
    try:
        return bool(checks.difference(got, want, "result"))
    except Exception:  # a result of the student's that can't even be compared
        return True


def same(first, second):
    """Whether two outcomes are the same."""
    return first[0] == second[0] and not (
        first != second if first[0] == "error" else any(map(differs, first[1:], second[1:]))
    )


class Explainer:
    """The known mistakes of one assignment, ready to be compared with.

    Arguments: {function: source of its solution}, source of imports that solutions need,
    entries of the bank, and the folder whose files solutions may use. It is plain data, since a
    trusted kernel that had to read notebooks would take seconds to start.
    """

    def __init__(self, source, imports, entries, folder=None):
        self.source, self.imports, self.entries = source, imports, entries
        self.folder = folder
        text = repr((source, imports, entries))
        self.key = hashlib.sha256(text.encode()).hexdigest()

    def namespace(self, function=None, source=""):
        """The solutions of all functions, with one function's source replaced."""
        space = {"__name__": "reference"}
        with beside(self.folder):
            exec("\n\n".join([self.imports, *self.source.values()]), space)
            if function is not None:
                exec(source, space)
        return space

    @cache  # noqa: B019  # an Explainer lives as long as its process
    def mistaken(self, entry):
        """The function that makes a known mistake, or None if the entry does not fit."""
        try:
            wrong = entry.apply(self.source[entry.function])
            return self.namespace(entry.function, wrong)[entry.function]
        except (bank.BankError, SyntaxError, KeyError):
            return None  # the instructor has changed the solution since

    @lru_cache(maxsize=4)  # noqa: B019
    def asks(self, test, function, seed):
        """All calls of a test cell: it is run with the solution, which passes everything.

        `seed` is the course's for this submission; it only keeps the cache apart.
        """
        asked = []
        space = self.namespace()
        checks.observe(lambda name, *ask: name == function and asked.append(Ask(*ask)))
        try:
            with redirect_stdout(StringIO()), beside(self.folder):
                exec(compile(test, "test", "exec"), space)
        finally:
            checks.observe(None)
        return asked

    def likely(self, test, function, stand_in, seed):
        """The entries that explain a failed test: equal to the answer on all inputs of the test.

        Arguments: the test cell's source, the function's name, the function to compare with
        (a stand-in for the student's), the seed of hidden inputs. Returns a list of entries,
        empty if no known mistake fits.
        """
        with beside(self.folder):
            return self._likely(test, function, stand_in, seed)

    def _likely(self, test, function, stand_in, seed):
        left = [entry for entry in self.entries if entry.function == function]
        right, wrong_somewhere = self.namespace()[function], False
        asks = self.asks(test, function, seed)[:MAX_INPUTS]
        end = time.monotonic() + SECONDS
        for ask in asks:
            if not left or time.monotonic() > end:
                break
            answer = outcome(stand_in, ask)
            if answer[:2] == ("error", "NotImplementedError"):
                return []
            wrong_somewhere = wrong_somewhere or not same(outcome(right, ask), answer)
            left = [e for e in left if (f := self.mistaken(e)) and same(outcome(f, ask), answer)]
        if not wrong_somewhere:
            # Right wherever it was asked: if it costs too many lines, so must the known mistake.
            if left and not self.runs_too_many_lines(test, function, stand_in):
                return []
            slow = (self.runs_too_many_lines(test, function, self.mistaken(e)) for e in left)
            left = [entry for entry, is_slow in zip(left, slow, strict=True) if is_slow]
        return left

    def passing(self, tests, entries):
        """Those of the entries whose mistake passes all of these test cells of its function."""
        end = time.monotonic() + SECONDS
        with beside(self.folder):
            for test in tests:
                if time.monotonic() < end:
                    entries = [entry for entry in entries if self.passes(test, entry)]
        return entries

    @lru_cache(maxsize=4096)  # noqa: B019  # it does not depend on the seed: test_bank.py
    def passes(self, test, entry):
        """Whether a known mistake passes a test cell."""
        return error_of(test, self.namespace() | {entry.function: self.mistaken(entry)}) is None

    def runs_too_many_lines(self, test, name, function):
        """Whether a function with right results fails a test by the lines that it runs."""
        failure = failure_of(test, self.namespace() | {name: function})
        return isinstance(failure, checks.TooManyLines)


def narrowed(found, passing):
    """Of all that may explain the failed tests of a function, what explains the rest, too.

    One mistake that explains all failures is likelier than another one for each, and it passes
    the tests that the function passes.

    Arguments:
        found: the entries that `likely` found, a list for each failed test
        passing: gives, of such a list, the entries that pass what the function passes
    Returns a list for each failed test, empty if more than MAX_HINTS hints are left.
    """
    common = set.intersection(*map(set, found)) if found else set()
    kept = []
    for entries in found:
        left = [entry for entry in entries if entry in common or not common]
        if len(left) > 1:
            left = passing(left) or left
        kept.append(left if len({entry.hint for entry in left}) <= MAX_HINTS else [])
    return kept


@lru_cache(maxsize=8)
def explainer_at(notebook, assignment, modified):
    """The Explainer of a notebook as it was at that time."""
    nb = read(notebook)
    source = {name: answer_cell(nb, name).source for name in graded_functions(nb)}
    entries = bank.misconceptions(assignment) if bank.exists(assignment) else []
    return Explainer(source, reference(nb, []), entries, str(Path(notebook).resolve().parent))


def explainer(notebook, assignment):
    """The Explainer of an instructor notebook and its assignment's bank."""
    return explainer_at(notebook, assignment, Path(notebook).stat().st_mtime_ns)


def write_hints(notebook, assignment):
    """Write hints.json, and the checks that read it, beside an instructor notebook."""
    folder = Path(notebook).parent
    made = hints_for_students(notebook, assignment)
    text = json.dumps(made, indent=None, separators=(",", ":"))
    # One hint, or one call, a line: a change is then seen in a diff.
    text = text.replace('],"values"', '],\n"values"').replace('","', '",\n"')
    text = text.replace(']]],"', ']]],\n"')
    (folder / "hints.json").write_text(text + "\n", encoding="utf-8")
    (folder / "checks.py").write_bytes(Path(checks.__file__).read_bytes())


def hints_for_students(notebook, assignment):
    """What known mistakes give on visible checks: {"hints": [...], "values": {call: [...]}}.

    `values` holds, for each call, pairs of numbers that tell one result from another and of the
    hints (indices) that go with them. A mistake is tried on later functions' checks, too. Where
    several give the same, those come first that pass the checks before: who makes another one has
    met it there.
    """
    known, tests = explainer(notebook, assignment), grade_cells(read(notebook))
    functions = list(known.source)
    hints, values = [], {}
    for entry in known.entries:
        met = 0  # checks that have failed so far
        for cell in tests:
            tested = function_under_test(cell.metadata.nbgrader.grade_id, functions)
            if functions.index(tested) < functions.index(entry.function):
                continue
            space = known.namespace(entry.function, entry.apply(known.source[entry.function]))
            with beside(known.folder):
                failure = failure_of(visible_part(cell.source), space)
                again = failure and failure_of(visible_part(cell.source), space)
            met += failure is not None
            mark = failure and checks.fingerprint(failure.got)
            # A mistake with random numbers gives other ones each time.
            if not mark or failure.key is None or mark != checks.fingerprint(again.got):
                continue
            hint = entry.hint
            if tested != entry.function:
                hint = f"(in {entry.function}, if it is used here) {hint}"
            if hint not in hints:
                hints.append(hint)
            pairs = values.setdefault(failure.key, [])
            which = next((which for numbers, which in pairs if numbers == mark), None)
            if which is None:
                pairs.append([mark, which := []])
            which.append((met, hints.index(hint)))
    for pairs in values.values():
        for pair in pairs:
            pair[1] = list(dict.fromkeys(index for _, index in sorted(pair[1], key=itemgetter(0))))
    return {"hints": hints, "values": values}


def failure_of(test, space):
    """The CheckFailed with which a test cell ends in a namespace, or None."""
    error = error_of(test, space)
    return error if isinstance(error, checks.CheckFailed) else None


def error_of(test, space):
    """The exception with which a test cell ends in a namespace, or None."""
    try:
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            exec(compile(test, "test", "exec"), space)
    except Exception as error:
        return error
    return None
