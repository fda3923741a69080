"""Compare what a function returns with what it should, and say where they differ.

This file stands beside the notebook of every assignment; the checks in its test cells use it. It
needs NumPy only. `hints.json`, if it stands beside this file, holds numbers that known mistakes
give on the visible checks, and for each a hint.
"""

import copy
import json
import sys
import zlib
from collections.abc import Iterator
from contextlib import redirect_stderr
from functools import partial
from io import StringIO
from itertools import islice
from pathlib import Path

import numpy as np

RTOL, ATOL = 1e-4, 1e-5  # loose enough for single precision
SLOPE = 0.25  # lines for each unit of size: a loop runs more, and a library hardly any
HINTS_FILE = Path(__file__).with_name("hints.json")
MOST_ITEMS = 64  # of a generator; it may have no end
MANY = 9  # arrays with more entries are not printed whole


class CheckFailed(AssertionError):
    """A function's result is not what it should be; `key` and `got` say for which call."""

    def __init__(self, message, key=None, got=None):
        super().__init__(message)
        self.key, self.got = key, got


class TooManyLines(CheckFailed):
    """A function's results are right, but it runs more lines of Python on larger arrays."""


def check(function, arguments, want, look, returns="result", part=None, unchanged=False):
    """Call a function and compare what it returns, or one part of it, with `want`.

    Arguments:
        function: the graded function
        arguments: a tuple of its arguments; the function gets copies of them
        want: the expected result: a number, an array, a string, or a tuple or dict of these
        look: what to look at if the result is wrong
        returns: names of the results, as in "Z, cache"
        part: the name of the one result that is compared; None compares the only one
        unchanged: whether to check, too, that the function left its arguments as they were
    Raises CheckFailed, an AssertionError, or what the function raises.
    """
    __tracebackhide__ = True  # IPython shows the test cell, not the inside of this file
    got, given, case, name = called(function, arguments, look, returns, part, unchanged)
    fail_if(difference(got, want, name), case, name, got, look)
    if unchanged:
        for number, (before, after) in enumerate(zip(arguments, given, strict=True), 1):
            if difference(after, before, "argument"):
                wrong = f"argument {number} was changed by the call"
                look = "lines that assign into an argument; work on a copy instead."
                fail_if(wrong, case, f"argument {number}", after, look)


def check_shape(function, arguments, shape, look, returns="result", part=None):
    """Call a function and compare the shape of its result, or of one part of it, only."""
    __tracebackhide__ = True
    got, _, case, name = called(function, arguments, look, returns, part)
    array = numbers(got)
    right = array is not None and array.shape == tuple(shape)
    kind = f"of shape {tuple(shape)}" if shape else "to be a number"
    fail_if("" if right else f"expected {name} {kind}\ngot {said(got)}", case, name, got, look)


def check_dtype(function, arguments, dtype, look, returns="result", part=None, floats=False):
    """Call a function and check that all arrays in its result, or in one part, have this type.

    With `floats`, only arrays of floating-point numbers are looked at.
    """
    __tracebackhide__ = True
    got, _, case, name = called(function, arguments, look, returns, part)
    arrays = (array for array in arrays_in(got) if array.dtype.kind == "f" or not floats)
    types = sorted({str(array.dtype) for array in arrays})
    wrong = f"expected {name} to hold {dtype} only\ngot {', '.join(types) or said(got)}"
    fail_if("" if types == [dtype] else wrong, case, name, got, look)


def check_lines(function, cases, size, look, returns="result", part=None):
    """Check that a function runs about as many lines of Python on large arrays as on small ones.

    A vectorised function leaves the loops to NumPy, which is compiled; the lines of Python that a
    call runs, counted one by one, tell it from loops on any machine. A few more lines are fine.

    Arguments:
        cases: (n, arguments, want) for three or more values of n, in rising order
        size: the name of what grows with n, as in "m"
    The others are those of `check`. Raises CheckFailed if a result is wrong, TooManyLines if lines
    grow with n from each case to the next.
    """
    __tracebackhide__ = True
    lines = []
    for _, arguments, want in cases:
        counted = Counted(function)
        got, _, case, name = called(counted, arguments, look, returns, part)
        fail_if(difference(got, want, name), case, name, got, look)
        lines.append(counted.lines)
    sizes = [n for n, *_ in cases]
    steps = zip(sizes, sizes[1:], lines, lines[1:], strict=False)
    if min((after - before) / (b - a) for a, b, before, after in steps) >= SLOPE:
        runs = ", ".join(f"{n} for {size} = {k}" for k, n in zip(sizes, lines, strict=True))
        wrong = f"expected about the same number of lines of Python, whatever {size} is"
        raise TooManyLines(f"{case}\n{wrong}\ngot lines that grow with it: {runs}\nLook at: {look}")


class Counted:
    """A function, and the number of lines of Python that its last call ran.

    A function that runs elsewhere has its own way to count, a method `count_lines`.
    """

    def __init__(self, function):
        self.function, self.__name__, self.lines = function, name_of(function), 0

    def __call__(self, *arguments):
        count = getattr(self.function, "count_lines", None) or partial(count_lines, self.function)
        self.lines, result = count(*arguments)
        return result


def count_lines(function, *arguments, **keywords):
    """Call a function: (lines of Python that ran, its own and those of all it called; result)."""
    lines = 0

    def trace(frame, event, argument):
        nonlocal lines
        lines += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        result = function(*arguments, **keywords)
    finally:
        sys.settrace(before)
    return lines, result


def called(function, arguments, look, returns, part, unchanged=False):
    """Call a function: (what it returned, its arguments afterwards, the call as text, a name)."""
    __tracebackhide__ = True
    names = [name.strip() for name in returns.split(",")]
    place = None if part is None else names.index(part)
    if observer is not None:
        observer(name_of(function), arguments, place, unchanged)
    case, given = describe(function, arguments), copy.deepcopy(arguments)
    with redirect_stderr(StringIO()):  # nbgrader would take a warning for a failure
        try:
            got = drained(function(*given))
        except Exception as error:
            error.add_note(f"Called as: {case}\nLook at: {look}")
            raise
    if place is not None:
        got = pick(got, names, place, case)
    return got, given, case, part or names[0]


def drained(result):
    """What a generator yields, as a list of at most MOST_ITEMS items; any other result as it is."""
    if not isinstance(result, Iterator):
        return result
    # A copy of each, since a generator may use one array again and again.
    items = [copy.deepcopy(item) for item in islice(result, MOST_ITEMS)]
    if hasattr(result, "close"):
        result.close()
    return items


def fail_if(wrong, case, name, got, look):
    """Raise CheckFailed if something is wrong, with all that helps to find it."""
    if not wrong:
        return
    key = f"{case} {name}"
    failed = CheckFailed(f"{case}\n{wrong}\nLook at: {look}{known_cause(key, got)}", key, got)
    raise failed  # The message below says what differs, and where to look.


def pick(results, names, place, case):
    """The result at that place. Raises CheckFailed if there are not as many results as names."""
    __tracebackhide__ = True
    if not isinstance(results, (tuple, list)) or len(results) != len(names):
        count = f"{len(results)} results" if isinstance(results, tuple) else said(results)
        raise CheckFailed(
            f"{case}\nexpected {len(names)} results: {', '.join(names)}\ngot {count}\n"
            f"Look at: the return statement."
        )
    return results[place]


def describe(function, arguments):
    """A call as text: "zero_pad(array (2, 3, 4, 5), 2)"."""
    return f"{name_of(function)}({', '.join(map(argument, arguments))})"


def name_of(function):
    """The name that a function was defined with; a lambda or another callable may have none."""
    name = getattr(function, "__name__", "")
    return name if isinstance(name, str) and name.isidentifier() else "your function"


def argument(value):
    """One argument of a call as text."""
    if isinstance(value, np.ndarray):
        return f"array {value.shape}"
    if not holds_array(value):
        return said(value)
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {argument(entry)}' for key, entry in value.items())}}}"
    inside = ", ".join(map(argument, value))
    return f"({inside})" if isinstance(value, tuple) else f"[{inside}]"


def holds_array(value):
    """Whether an array stands somewhere in nested tuples, lists and dictionaries."""
    if isinstance(value, (tuple, list, dict)):
        return any(map(holds_array, value.values() if isinstance(value, dict) else value))
    return isinstance(value, np.ndarray)


def said(value):
    """What came instead of the expected: short, whatever it is."""
    if value is None:
        return "None: is there a return?"
    if isinstance(value, np.ndarray) and value.ndim:
        return f"an array of shape {value.shape}"
    if isinstance(value, (np.ndarray, np.generic)):
        value = value.item()
    text = f"{value:.6g}" if isinstance(value, float) else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def difference(got, want, name):
    """Where `got` is not `want`, in words; an empty string if they are equal."""
    rows = isinstance(want, (tuple, list))
    if rows and (numbers(want) is None or not isinstance(got, np.ndarray)):
        if not isinstance(got, (tuple, list)) or len(got) != len(want):
            count = len(got) if isinstance(got, (tuple, list)) else said(got)
            return f"expected {name} with {len(want)} entries\ngot {count}"
        pairs = enumerate(zip(got, want, strict=True))
        return next(filter(None, (difference(*pair, f"{name}[{i}]") for i, pair in pairs)), "")
    if isinstance(want, dict):
        if not isinstance(got, dict) or set(got) != set(want):
            keys = f"the keys {list(got)}" if isinstance(got, dict) else said(got)
            return f"expected {name} with the keys {list(want)}\ngot {keys}"
        keys = (difference(got[key], want[key], f"{name}[{key!r}]") for key in want)
        return next(filter(None, keys), "")
    if isinstance(want, str) or want is None:
        same = type(got) is type(want) and got == want
        return "" if same else f"expected {name} = {want!r}\ngot {said(got)}"
    return array_difference(got, np.asarray(want), name)


def array_difference(got, want, name):
    """Where an array or number differs from the expected one: kind, shape, first entry."""
    expected = f"expected {name} = {said(want)}"
    array = numbers(got)
    if array is None:
        kind = f" of {got.dtype}" if isinstance(got, np.ndarray) else ""
        return f"{expected}\ngot {said(got)}{kind}"
    if array.shape != want.shape:
        kind = "to be a number" if want.shape == () else f"of shape {want.shape}"
        return f"expected {name} {kind}\ngot {said(got)}"
    if (want.dtype == bool) != (array.dtype == bool):
        kind = "True and False" if want.dtype == bool else "numbers"
        return f"expected {name} to hold {kind}\ngot entries of type {array.dtype}"
    close = np.isclose(array, want, RTOL, ATOL, equal_nan=True)
    if close.all():
        return ""
    if want.ndim == 0:
        return f"{expected}\ngot {said(array[()])}"
    first = tuple(int(index) for index in np.argwhere(~close)[0])
    place = f"{name}[{', '.join(map(str, first))}]"
    text = f"expected {place} = {said(want[first])}\ngot {said(array[first])} there, "
    text += f"the first of {np.sum(~close)} wrong entries among {close.size}"
    if want.size <= MANY:
        text += f"\nexpected, entry by entry: {listed(want)}\ngot, entry by entry: {listed(array)}"
    return text


def numbers(value):
    """A number or an array, or lists of numbers, as an array; None if it is none of these."""
    try:
        array = np.asarray(value)
    except (TypeError, ValueError):  # rows of different length
        return None
    return array if array.dtype.kind in "biuf" else None


def arrays_in(value):
    """All arrays and numbers in nested tuples, lists and dictionaries, as arrays."""
    array = numbers(value)
    if array is not None:
        return [array]
    values = value.values() if isinstance(value, dict) else value
    nested = isinstance(value, (dict, tuple, list))
    return [array for entry in values for array in arrays_in(entry)] if nested else []


def listed(array):
    """The entries of a small array on one line, in row order."""
    return ", ".join(map(said, array.ravel()))


def fingerprint(value):
    """Numbers, of 6 significant digits, that tell one result from another; None without any.

    An array begins with its shape. Of a tuple, list or dictionary of arrays it is that of all
    their sizes, keys and entries in one row.
    """
    array = numbers(value)
    if array is not None:
        shape, flat = array.shape, array.ravel().astype(float)
    else:
        row = in_a_row(value)
        if row is None:
            return None
        shape, flat = (), np.array(row, float)
    flat = np.nan_to_num(flat, nan=1234.5, posinf=1e6, neginf=-1e6)
    waves = (np.ones(flat.size), np.cos(np.arange(flat.size)), np.sin(np.arange(flat.size)))
    return [*shape, *(float(f"{flat @ wave:.6g}") + 0.0 for wave in waves)]


def in_a_row(value):
    """Sizes, keys and entries of nested arrays as one list of numbers; None if there is more."""
    array = numbers(value)
    if array is not None:
        return [array.ndim, *array.shape, *array.ravel().astype(float).tolist()]
    if isinstance(value, dict):
        keys = sorted(value, key=str)
        names = [float(zlib.crc32(str(key).encode()) % 1000) for key in keys]
        parts = [names, *(in_a_row(value[key]) for key in keys)]
    elif isinstance(value, (tuple, list)):
        parts = [[len(value)], *map(in_a_row, value)]
    else:
        return None
    return None if any(part is None for part in parts) else sum(parts, [])


def known_cause(key, got):
    """The hints for a result that a known mistake gives, too, as text to add to a message."""
    try:
        known = json.loads(HINTS_FILE.read_text(encoding="utf-8"))
        entries, hints = dict(known["values"]).get(key, []), known["hints"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""  # without the file there are no hints; the check itself needs none
    mark, best = fingerprint(got), ((), None)
    for numbers, which in entries:
        if mark and len(numbers) == len(mark) and np.allclose(numbers, mark, 1e-5, 1e-6):
            # Mistakes may come close to each other: the closest one is meant.
            away = sum(abs(a - b) for a, b in zip(numbers, mark, strict=True))
            if best[1] is None or away < best[1]:
                best = (which, away)
    return cause([hints[index] for index in best[0]])


def cause(hints):
    """Hints as they stand at the end of a message."""
    return "".join(
        f"\n{word}: {hint}"
        for word, hint in zip(["Likely cause"] + ["or"] * 9, hints, strict=False)
    )


observer = None


def observe(call):
    """From now on tell call(name, arguments, place of the part or None, unchanged) of each call."""
    global observer
    observer = call


def install():
    """Let test cells that run in this process import this module as `checks`."""
    sys.modules["checks"] = sys.modules[__name__]
