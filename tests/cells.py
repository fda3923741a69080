"""Run answers and test cells in this process: fast, for tests that need thousands of runs.

The real path, through nbgrader and kernels, is tested in test_nbgrader.py.
"""

from contextlib import redirect_stdout
from functools import cache
from io import StringIO

import numpy as np

from grading import checks
from grading.bank import ROOT
from grading.notebooks import (
    function_under_test,
    grade_cells,
    graded_functions,
    notebook_path,
    read,
)

checks.install()


@cache
def source_notebook(assignment):
    """The instructor's notebook of an assignment."""
    return read(notebook_path("source", assignment, ROOT))


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


def define(answers):
    """A namespace in which the answers {function: source} have been run, and nothing else."""
    namespace = {"np": np}
    for name, source in answers.items():
        exec(compile(source, name, "exec"), namespace)
    return namespace


def count_calls(assignment, answers):
    """How often each test cell calls graded functions: {test cell: calls}."""
    counts = {}
    for cell in grade_cells(source_notebook(assignment)):
        namespace, name = define(answers), cell.metadata.nbgrader.grade_id
        calls = []
        # Only calls by the test cell count, so the functions themselves call the originals.
        called = {f: counted(namespace[f], calls) for f in answers}
        with redirect_stdout(StringIO()):
            exec(compiled_test(assignment, name), {"np": np} | called)
        counts[name] = len(calls)
    return counts


def counted(function, calls):
    """The function, with a note in the list `calls` of each call."""

    def call(*arguments, **keywords):
        calls.append(function.__name__)
        return function(*arguments, **keywords)

    return call


def run_tests(assignment, answers, function=None):
    """Run the test cells of all functions, or of one: {test cell: None or its error}."""
    nb = source_notebook(assignment)
    functions = graded_functions(nb)
    results = {}
    for cell in grade_cells(nb):
        name = cell.metadata.nbgrader.grade_id
        if function in (None, function_under_test(name, functions)):
            try:
                with redirect_stdout(StringIO()):
                    exec(compiled_test(assignment, name), define(answers))
                results[name] = None
            except Exception as error:
                results[name] = error
    return results
