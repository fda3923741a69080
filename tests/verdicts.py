"""What the hidden tests say of known mistakes and of right answers: each is run once."""

from functools import cache

from cells import outcomes, reference, remembered_oracle, run_tests

from grading.bank import BankError, misconceptions, right_answers


@cache
def catch(assignment, mistake):
    """What the first test cell that catches a mistake says.

    Raises BankError if the entry doesn't fit the solution, or no test of its function fails.
    """
    right = reference(assignment)
    if mistake.function not in right:
        raise BankError(f"{mistake.where}: no graded function has this name")
    wrong = right | {mistake.function: mistake.apply(right[mistake.function])}
    with remembered_oracle():
        for _, error in outcomes(assignment, wrong, mistake.function):
            if error:
                return error
    raise BankError(f"{mistake.where}: passes every test of its function")


def caught(assignment, function):
    """How many known mistakes of a function there are, and how many of them are caught."""
    entries = [entry for entry in misconceptions(assignment) if entry.function == function]
    found = 0
    for entry in entries:
        try:
            catch(assignment, entry)
            found += 1
        except BankError:
            pass
    return found, len(entries)


@cache
def failures(assignment, style):
    """The test cells that a right answer in another style fails, with their errors."""
    answers = reference(assignment) | right_answers(assignment)[style]
    with remembered_oracle():
        return {name: e for name, e in run_tests(assignment, answers).items() if e}
