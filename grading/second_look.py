"""After the last cell: a second look at every test that failed.

One mistake costs once: a function that calls another one, which is wrong, is tested again with a
right one in its place. And a mistake is named: the student's function is compared with all known
mistakes. The student's code can look into the right helpers, so they are sent when all of its
cells have run, and nothing that it says from then on is kept but whether a test passed.
"""

import base64
import re

from nbformat.v4 import new_output

from grading import bank, checks, wire
from grading.hints import explainer, narrowed
from grading.notebooks import function_under_test

DEFINE = "__import__('grader_link.student_side').student_side.define_again({!r})"
STUB = "write your code, then delete this line"


def second_look(submission):
    """Give points back that another function's mistake took; add hints to what stays failed."""
    submission.current = len(submission.nb.cells)  # a fresh kernel runs all cells first
    tests = tests_of(submission)
    failed = {name: found for name, cells in tests.items() if (found := failing(cells))}
    for function in submission.functions:
        cells = failed.get(function, [])
        if not cells or function in submission.stopped or is_stub(cells[0], function):
            continue
        earlier = submission.functions[: submission.functions.index(function)]
        helpers = [name for name in earlier if name in failed]
        if helpers and helped(submission, function, helpers):
            for cell in cells:
                try_again(submission, cell, function, helpers)
        explain(submission, function, tests[function])


def tests_of(submission):
    """{function: its test cells}, in the order of the notebook."""
    tests = {}
    for cell in submission.nb.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if grade_id in submission.tests:
            owner = function_under_test(grade_id, submission.functions)
            tests.setdefault(owner, []).append(cell)
    return tests


def failing(cells):
    """The test cells that failed."""
    return [cell for cell in cells if failure(cell.outputs)]


def failure(outputs):
    """The error among the outputs of a test cell, or None."""
    return next((output for output in outputs if output.output_type == "error"), None)


def is_stub(cell, function):
    """Whether a test failed because the function is still to be written."""
    error = failure(cell.outputs)
    return error.ename == "NotImplementedError" and error.evalue.startswith(f"{function}: {STUB}")


def helped(submission, function, helpers):
    """Define a function again with right helpers. Returns whether that worked."""
    if not submission.ensure_kernel():
        return False
    known = explainer(submission.notebook, submission.assignment)
    earlier = submission.functions[: submission.functions.index(function)]
    answer = next(
        cell.source
        for cell in submission.nb.cells
        if cell.metadata.get("nbgrader", {}).get("grade_id") == function
    )
    right = "\n\n".join([known.imports, *(known.source[name] for name in earlier)])
    request = wire.to_bytes((function, answer, right, helpers))
    code = DEFINE.format(base64.b64encode(request).decode())
    run = submission.kernel.run(code, submission.time_for(submission.settings.timeout), silent=True)
    if run.lost:
        submission.lose_kernel(run.reason)
    return run.finished


def try_again(submission, cell, function, helpers):
    """Run a failed test with right helpers; if it passes, that is noted as its output."""
    if submission.kernel is None and not helped(submission, function, helpers):
        return
    outputs, _ = submission.attempt(cell)
    if not failure(outputs):
        used = mentioned(submission, function, helpers)
        text = f"Passed, tested with a right {' and '.join(used)} in place of yours.\n"
        cell.outputs = [new_output("stream", name="stdout", text=text)]


def mentioned(submission, function, helpers):
    """Those of the helpers that the function's cell names; all of them if it names none."""
    for cell in submission.nb.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == function:
            named = [name for name in helpers if re.search(rf"\b{name}\b", cell.source)]
            return named or helpers
    return helpers


def explain(submission, function, tests):
    """Add to each failed test the hints of the known mistakes that give the same results."""
    cells = failing(tests)
    for cell in cells:
        error = failure(cell.outputs)
        if error.ename == "NameError" and f"'{function}'" in error.evalue.split("\n")[0]:
            extend(error, own_error(submission, function))
    if not bank.exists(submission.assignment):
        return
    known = explainer(submission.notebook, submission.assignment)
    about, found = (function, submission.seed, known), []
    for cell in cells:
        if not submission.ensure_kernel():
            break
        found.append(submission.trusted.likely(cell.source, *about))
    passed = [cell.source for cell in tests if not failure(cell.outputs)]
    likely = narrowed(found, lambda entries: submission.trusted.passing(passed, entries, *about))
    for cell, entries in zip(cells, likely, strict=False):
        if entries:
            text = checks.cause(list(dict.fromkeys(entry.hint for entry in entries)))
            extend(failure(cell.outputs), text)
            cell.metadata["grading"] = {"likely": [entry.name for entry in entries]}


def own_error(submission, function):
    """Why a function is not defined: what its own cell ended with."""
    for cell in submission.nb.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == function:
            error = failure(cell.outputs)
            if error:
                said = error.evalue.split("\n")[0]
                return f"\nThe cell that should define it ended with {error.ename}: {said}"
            return f"\nIts cell ran, and defined no {function}."
    return "\nThe notebook that was handed in has no cell of this function."


def extend(error, text):
    """Add text to the message of an error output."""
    error.evalue += text
    error.traceback = [f"{error.ename}: {error.evalue}"]
