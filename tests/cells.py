"""Run answers and test cells in this process: fast, for tests that need thousands of runs.

The real path, through nbgrader and kernels, is tested in test_nbgrader.py.
"""

import os
from contextlib import ExitStack, contextmanager, redirect_stdout
from copy import deepcopy
from functools import cache, lru_cache
from io import StringIO
from unittest.mock import patch

import numpy as np

from grading import checks, oracle, oracle_network
from grading.bank import ROOT, solutions
from grading.beside import beside
from grading.notebooks import grade_cells, notebook_path, read
from grading.notebooks import reference as imports

checks.install()


@cache
def source_notebook(assignment):
    """The instructor's notebook of an assignment."""
    return read(notebook_path("source", assignment, ROOT))


@cache
def reference(assignment):
    """The reference solutions, read once: {function: source}."""
    return solutions(assignment)


def solution_lines(cell):
    """The lines between BEGIN SOLUTION and END SOLUTION."""
    inside = cell.source.split("### BEGIN SOLUTION\n")[1]
    return inside.split("### END SOLUTION")[0].rstrip().split("\n")


@cache
def compiled_test(assignment, name):
    """The code of one test cell."""
    for cell in grade_cells(source_notebook(assignment)):
        if cell.metadata.nbgrader.grade_id == name:
            return compile(cell.source, name, "exec")
    raise KeyError(name)


@cache
def tests_of(assignment, function=None):
    """Names of the test cells of an assignment, or of one function, in order."""
    cells = grade_cells(source_notebook(assignment), function)
    return [cell.metadata.nbgrader.grade_id for cell in cells]


@lru_cache(maxsize=1000)
def compiled_answer(name, source):
    """The code of an answer."""
    return compile(source, name, "exec")


@cache
def folder(assignment):
    """The folder of an assignment's source, where solutions find the files that they use."""
    return notebook_path("source", assignment, ROOT).parent


@cache
def imported(assignment):
    """What the ungraded cells of a notebook import: {name: module or function}."""
    namespace = {"np": np}
    if assignment is not None:
        with beside(folder(assignment)):
            exec(imports(source_notebook(assignment), []), namespace)
    return namespace


def define(answers, assignment=None):
    """A namespace in which the answers {function: source} have been run, after the imports of
    their notebook (without an assignment, of NumPy), and nothing else."""
    namespace = dict(imported(assignment))
    for name, source in answers.items():
        exec(compiled_answer(name, source), namespace)
    return namespace


def count_calls(assignment, answers):
    """How often each test cell calls graded functions: {test cell: calls}."""
    counts = {}
    for cell in grade_cells(source_notebook(assignment)):
        namespace, name = define(answers, assignment), cell.metadata.nbgrader.grade_id
        calls = []
        # Only calls by the test cell count, so the functions themselves call the originals.
        called = {f: counted(namespace[f], calls) for f in answers}
        with redirect_stdout(StringIO()), beside(folder(assignment)):
            exec(compiled_test(assignment, name), namespace | called)
        counts[name] = len(calls)
    return counts


def counted(function, calls):
    """The function, with a note in the list `calls` of each call."""

    def call(*arguments, **keywords):
        calls.append(function.__name__)
        return function(*arguments, **keywords)

    return call


def outcomes(assignment, answers, function=None):
    """Run the test cells of all functions, or of one: (test cell, None or its error) in turn."""
    for name in tests_of(assignment, function):
        error = None
        try:
            with redirect_stdout(StringIO()), beside(folder(assignment)):
                exec(compiled_test(assignment, name), define(answers, assignment))
        except Exception as caught:
            error = caught
        yield name, error


def run_tests(assignment, answers, function=None):
    """Run the test cells of all functions, or of one: {test cell: None or its error}."""
    return dict(outcomes(assignment, answers, function))


KNOWN_CASES = {}


def remembered(function):
    """The function, which computes what it returns once; each caller gets a copy of its own."""

    def cases(*arguments, **keywords):
        seed = os.environ.get("GRADING_SEED")
        key = (function.__module__, function.__name__, seed, arguments, *sorted(keywords.items()))
        if key not in KNOWN_CASES:
            KNOWN_CASES[key] = function(*arguments, **keywords)
        return deepcopy(KNOWN_CASES[key])

    return cases


@contextmanager
def remembered_oracle():
    """Within the block, each list of hidden cases is computed once."""
    with ExitStack() as stack:
        for module in (oracle, oracle_network):
            cases = {name: f for name, f in vars(module).items() if name.endswith("_cases")}
            known = {name: remembered(f) for name, f in cases.items()}
            stack.enter_context(patch.multiple(module, **known))
        yield
