"""What a worker does: nbgrader's own autograde, for one submission.

It runs in any process that reaches the course folder: a worker of a Dask cluster, or a test.
"""

import os
import re
import threading
import time
from dataclasses import dataclass

from distributed import WorkerPlugin

from grading.course import Course
from grading.execute import close_trusted_kernel
from grading.turns import take_turns
from grading.verdicts import GRADED, NOT_GRADABLE, REPAIRED

FAILED = "failed"  # no verdict: the course or the machine is to blame, and it can be graded again
REPAIR = re.compile(r"^\[WARNING\] Repaired: (.+)$", re.MULTILINE)
RAISED = re.compile(r"^ *(?:\w+\.)*([A-Z]\w+): (.+)$", re.MULTILINE)
SAYS_NOTHING = "NbGraderException"  # that nbgrader's log tells more
ITS_OWN_FAULT = ("NotGradable", "NotAFile")  # the submission's, whoever grades it

one_at_a_time = threading.Lock()  # nbgrader changes the working directory of the process


@dataclass(frozen=True)
class Graded:
    """What came of one submission.

    outcome: as in `verdicts`, or FAILED
    repairs: what was repaired, sentences
    why: the reason of a submission that is not graded
    log: what nbgrader said
    seconds: that it took
    """

    student: str
    outcome: str
    repairs: tuple = ()
    why: str = ""
    log: str = ""
    seconds: float = 0.0


def grade_one(folder, assignment, student, feedback=False):
    """Autograde a submission, whether or not it was graded before.

    Arguments:
        folder: the course folder
        assignment, student: names
        feedback: whether to write the feedback page, too

    Returns:
        a Graded
    """
    began = time.monotonic()
    with one_at_a_time:
        take_turns()
        results = Course(folder).grade_student(assignment, student, feedback)
    log = "".join(result.get("log", "") + result.get("error", "") for result in results)
    repairs, why = tuple(REPAIR.findall(log)), ""
    outcome = REPAIRED if repairs else GRADED
    if not all(result["success"] for result in results):
        kind, why = reason(log)
        outcome = NOT_GRADABLE if kind in ITS_OWN_FAULT else FAILED
    return Graded(student, outcome, repairs, why, log, time.monotonic() - began)


def reason(log):
    """(name, message) of the error at the root of what nbgrader said."""
    raised = [error for error in RAISED.findall(log) if error[0] != SAYS_NOTHING]
    return raised[-1] if raised else ("", log.strip().rpartition("\n")[2])


class Household(WorkerPlugin):
    """Keeps a worker's terminal quiet, and ends its trusted kernel with it."""

    def __init__(self, log=None):
        """`log` is a file that takes what the process prints; None leaves it alone."""
        self.log = log

    def setup(self, worker):
        if self.log is not None:
            with open(self.log, "ab") as stream:
                for descriptor in (1, 2):
                    os.dup2(stream.fileno(), descriptor)

    def teardown(self, worker):
        close_trusted_kernel()
