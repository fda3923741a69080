"""In the trusted kernel: a stand-in for each graded function.

A stand-in sends its arguments to the student's kernel and returns what comes back. Whatever
comes back is untrusted: plain data, or an error, and nothing else gets through.
"""

import builtins
import os

import numpy as np

from grading import checks, hints
from grading.bank import Misconception
from grading.link import Link, StudentError, StudentKernelLost, StudentTimeout

# What a student's function may raise here, so that a test can expect it. Other names arrive as
# StudentError: nothing that ends a kernel or passes for a test's own machinery.
SAFE_ERRORS = {
    name: getattr(builtins, name)
    for name in (
        "ArithmeticError AttributeError EOFError FloatingPointError ImportError IndexError "
        "KeyError LookupError MemoryError ModuleNotFoundError NameError NotImplementedError "
        "OSError OverflowError RecursionError RuntimeError TypeError UnboundLocalError "
        "ValueError ZeroDivisionError"
    ).split()
}

LINK = None
PREPARED = False  # whether the last test cell began in a fresh namespace


def connect(connection_file, pid, call_timeout):
    """Connect to a fresh student kernel."""
    global LINK
    disconnect()
    LINK = Link(connection_file, pid, call_timeout)


def disconnect():
    """Drop the link to the student's kernel, if there is one."""
    global LINK
    if LINK is not None:
        LINK.close()
    LINK = None


def stand_in(name):
    """A function that runs the student's function of that name in the student's kernel."""

    def function(*args, **kwargs):
        return call(args, kwargs)

    def count_lines(*args, **kwargs):
        """(lines of Python that the call ran, as the student's kernel says; its result)"""
        counted = call(args, kwargs, counted=True)
        if isinstance(counted, tuple) and len(counted) == 2 and type(counted[0]) is int:
            return counted
        raise StudentError(f"{name} gave no answer that can be read")

    def call(args, kwargs, counted=False):
        status, *rest = LINK.call(name, args, kwargs, counted)
        if status == "ok":
            result, args_after, kwargs_after = rest
            if args_after is not None:
                _write_back(name, args, args_after)
            if kwargs_after is not None:
                _write_back(name, kwargs, kwargs_after)
            return result
        kind, message, lines = rest
        error = SAFE_ERRORS.get(kind, StudentError)
        raised = error(message if error is not StudentError else f"{kind}: {message}")
        LINK.message, LINK.lines = message, lines
        LINK.case = checks.describe(function, args)
        raise raised

    function.__name__ = function.__qualname__ = name
    function.count_lines = count_lines
    return function


def _write_back(name, before, after):
    """Make the caller's arguments what the student's function left of them, in place.

    Raises StudentError if an argument came back as another type, shape or number of items.
    """
    if isinstance(before, np.ndarray):
        same = isinstance(after, np.ndarray) and after.dtype == before.dtype
        if not same or after.shape != before.shape:
            raise StudentError(f"{name} changed the shape or type of an argument")
        if before.flags.writeable:
            before[...] = after
    elif isinstance(before, (list, tuple)) and isinstance(after, (list, tuple)):
        if len(before) != len(after):
            if isinstance(before, tuple):
                raise StudentError(f"{name} changed the length of an argument")
            before[:] = after
            return
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            if isinstance(old, (np.ndarray, list, tuple, dict)) and type(old) is type(new):
                _write_back(name, old, new)
            elif isinstance(before, list):
                before[index] = new
    elif isinstance(before, dict) and isinstance(after, dict):
        for key in [key for key in before if key not in after]:
            del before[key]
        for key, new in after.items():
            old = before.get(key)
            if isinstance(old, (np.ndarray, list, tuple, dict)) and type(old) is type(new):
                _write_back(name, old, new)
            else:
                before[key] = new


def prepare(functions, seed):
    """A fresh namespace with a stand-in for each graded function, before each test cell."""
    import warnings

    from IPython import get_ipython

    shell = get_ipython()
    # As shell.reset() does, without its garbage collection, which takes 50 ms.
    for name in set(shell.user_ns) - {"__builtin__", "__builtins__", "__name__"}:
        del shell.user_ns[name]
    shell.user_ns_hidden.clear()
    shell.init_user_ns()
    warnings.resetwarnings()
    np.random.seed(0)
    np.seterr(divide="warn", over="warn", under="ignore", invalid="warn")
    os.environ["GRADING_SEED"] = str(seed)
    if LINK is not None:
        LINK.calls, LINK.trouble = 0, LINK.lost
        LINK.message, LINK.lines, LINK.case = "", "", ""
    for name in functions:
        shell.user_ns[name] = stand_in(name)


def before_each_test(functions, seed):
    """From now on, each cell that is not silent starts in a fresh namespace."""
    from IPython import get_ipython

    events = get_ipython().events
    for old in events.callbacks["pre_run_cell"][:]:
        if getattr(old, "ours", False):
            events.unregister("pre_run_cell", old)

    def fresh(info=None):
        global PREPARED
        prepare(functions, seed)
        PREPARED = True

    fresh.ours = True
    events.register("pre_run_cell", fresh)


def report():
    """What went wrong on the link during the last test cell, as plain text for the executor."""
    global PREPARED
    prepared, PREPARED = PREPARED, False
    if LINK is None:
        lost = "there is no kernel of the notebook"
        about = {"lost": lost, "trouble": lost, "message": "", "lines": "", "case": ""}
    else:
        LINK.rest()
        about = {"lost": LINK.lost, "trouble": LINK.trouble, "case": LINK.case}
        about |= {"message": LINK.message, "lines": LINK.lines}
    return repr({**about, "prepared": prepared})


KNOWN = {}


def know(key, source, imports, entries, folder):
    """Keep the known mistakes of an assignment; entries are tuples of a Misconception's fields."""
    entries = [Misconception(*entry) for entry in entries]
    KNOWN[key] = hints.Explainer(source, imports, entries, folder)


def likely(test, function, seed, key):
    """repr of the names of the known mistakes that may explain why a test failed."""
    prepare([], seed)
    try:
        entries = KNOWN[key].likely(test, function, stand_in(function), seed)
        LINK.rest()
    except (StudentTimeout, StudentKernelLost):
        entries = []
    return repr([entry.name for entry in entries])


def passing(tests, names, function, seed, key):
    """repr of the names of those known mistakes of a function that pass all of some tests."""
    prepare([], seed)
    entries = [e for e in KNOWN[key].entries if e.function == function and e.name in names]
    return repr([entry.name for entry in KNOWN[key].passing(tests, entries)])
