"""Find the cell that ended the student's kernel, if it was not the one that ran just then.

A thread or a timer may strike seconds after the cell that started it. So when a kernel ends all
at once, the cells before are run again on a fresh kernel, which is then left alone for as long as
the first one lived: if it ends too, one of them did it, and halving finds which.
"""

import time

from grading.kernels import error_output

LONGEST = 10  # seconds that a kernel is left alone
REASON = "something that it started ended the notebook's kernel later"


def settle(submission, index):
    """Leave the cells before `index` that end a kernel later out of all replays.

    Arguments:
        submission: a Submission without a kernel; it has one afterwards if no cell was at fault
        index: of the cell that ran when the kernel ended
    """
    wait = min(submission.lived + 0.5, LONGEST)
    while True:
        cells = [i for i in submission.done if i < index and i not in submission.harmful]
        if not cells or out_of_time(submission) or survives(submission, cells, wait):
            return
        low, high = 0, len(cells)  # the first `low` cells are harmless, the first `high` are not
        while high - low > 1 and not out_of_time(submission):
            middle = (low + high) // 2
            harmless = survives(submission, cells[:middle], wait)
            low, high = (middle, high) if harmless else (low, middle)
        submission.note_harm(cells[high - 1], REASON)
        submission.nb.cells[cells[high - 1]].outputs.append(error_output("CellStopped", REASON))


def out_of_time(submission):
    """Whether the submission's time is over."""
    return time.monotonic() >= submission.deadline


def survives(submission, cells, wait):
    """Whether a fresh kernel outlives some cells by `wait` seconds. If so, it is kept."""
    if submission.kernel is not None:
        submission.lose_kernel("started anew, to see which cell ended it")
    submission.start_kernel()
    for index in cells:
        source = submission.nb.cells[index].source
        limit = submission.time_for(submission.settings.timeout)
        if submission.kernel.run(source, limit, submission.limit()).lost:
            submission.lose_kernel(REASON)
            return False
    end = time.monotonic() + wait
    while time.monotonic() < end and not out_of_time(submission):
        time.sleep(0.1)
        if submission.kernel.watch() or not submission.kernel.alive():
            submission.lose_kernel(REASON)
            return False
    return True
