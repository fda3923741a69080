"""What two kernels and the sandbox cost: `python benchmarks/grading_cost.py [ROUNDS]`.

Grades the reference of assignment 1 again and again, in turn with this configuration and with
nbgrader's own Execute, in one process, and prints the ratio of each round and its median. One
submission of each is graded first and not counted: the trusted kernel starts once, not each time.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

from grading.bank import solutions
from grading.course import Course
from grading.execute import close_trusted_kernel

ASSIGNMENT = "1_step_by_step"
STOCK = """
c.Autograde.autograde_preprocessors = [
    "nbgrader.preprocessors.Execute",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
"""


def make(folder, settings=""):
    """A course with one submission, and nbgrader's API on it."""
    course = Course.create(folder)
    with open(course.folder / "nbgrader_config.py", "a", encoding="utf-8") as config:
        config.write(settings)
    course.release(ASSIGNMENT)
    course.submit("reference", ASSIGNMENT, solutions(ASSIGNMENT))
    return course.nbgrader()


def seconds(nbgrader):
    """Seconds to autograde the submission once."""
    start = time.perf_counter()
    result = nbgrader.autograde(ASSIGNMENT, "reference")
    assert result["success"], result
    return time.perf_counter() - start


def main(rounds=7):
    """Print the cost of each round."""
    with tempfile.TemporaryDirectory() as folder:
        two_kernels, stock = make(Path(folder, "a")), make(Path(folder, "b"), STOCK)
        seconds(two_kernels), seconds(stock)
        ratios = []
        for number in range(1, rounds + 1):
            ours, theirs = seconds(two_kernels), seconds(stock)
            ratios.append(ours / theirs)
            print(f"round {number}: two kernels {ours:.2f} s, stock {theirs:.2f} s", flush=True)
        close_trusted_kernel()
    print(f"median ratio {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
