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
    failed = failed_tests(submission)
    for function in submission.functions:
        cells = failed.get(function, [])
        if not cells or function in submission.stopped or is_stub(cells[0], function):
            continue
        earlier = submission.functions[: submission.functions.index(function)]
        helpers = [name for name in earlier if name in failed]
        if helpers and helped(submission, function, helpers):
            cells = [cell for cell in cells if not passes(submission, cell, function, helpers)]
        explain(submission, function, cells)


def failed_tests(submission):
    """{function: its test cells that failed}, in the order of the notebook."""
    failed = {}
    for cell in submission.nb.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if grade_id in submission.tests and failure(cell.outputs):
            owner = function_under_test(grade_id, submission.functions)
            failed.setdefault(owner, []).append(cell)
    return failed


def passed_tests(submission, function):
    """The sources of the test cells that a function passed."""
    return [
        cell.source
        for cell in submission.nb.cells
        if (grade_id := cell.metadata.get("nbgrader", {}).get("grade_id")) in submission.tests
        and function_under_test(grade_id, submission.functions) == function
        and not failure(cell.outputs)
    ]


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


def passes(submission, cell, function, helpers):
    """Whether a failed test passes with right helpers; if so, that is noted as its output."""
    if submission.kernel is None and not helped(submission, function, helpers):
        return False
    outputs, _ = submission.attempt(cell)
    if failure(outputs):
        return False
    used = mentioned(submission, function, helpers)
    text = f"Passed, tested with a right {' and '.join(used)} in place of yours.\n"
    cell.outputs = [new_output("stream", name="stdout", text=text)]
    return True


def mentioned(submission, function, helpers):
    """Those of the helpers that the function's cell names; all of them if it names none."""
    for cell in submission.nb.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == function:
            named = [name for name in helpers if re.search(rf"\b{name}\b", cell.source)]
            return named or helpers
    return helpers


def explain(submission, function, cells):
    """Add to each failed test the hints of the known mistakes that give the same results."""
    for cell in cells:
        error = failure(cell.outputs)
        if error.ename == "NameError" and f"'{function}'" in error.evalue.split("\n")[0]:
            extend(error, own_error(submission, function))
    if not bank.exists(submission.assignment):
        return
    known, found = explainer(submission.notebook, submission.assignment), []
    for cell in cells:
        if not submission.ensure_kernel():
            break
        found.append(submission.trusted.likely(cell.source, function, submission.seed, known))
    passed = passed_tests(submission, function)

    def passing(mistakes):
        return submission.trusted.passing(passed, function, mistakes, submission.seed, known)

    for cell, likely in zip(cells, narrowed(found, passing), strict=False):
        if likely:
            text = checks.cause(list(dict.fromkeys(hint for _, hint in likely)))
            extend(failure(cell.outputs), text)
            cell.metadata["grading"] = {"likely": [name for name, _ in likely]}


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
