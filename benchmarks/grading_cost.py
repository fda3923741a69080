"""What two kernels and the sandbox cost: `python benchmarks/grading_cost.py [ROUNDS]`.

Grades the reference of assignment 1 again and again, in turn with this configuration and with
nbgrader's own Execute, in one process, and prints seconds by the clock and of CPU time, of this
process and of all kernels, and their ratios. One submission of each is graded first and not
counted: the trusted kernel starts once, not each time. Other work on the machine stretches the
seconds by the clock, and both ways of grading alike; CPU time hardly feels it.
"""

import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psutil

from grading.bank import solutions
from grading.course import Course
from grading.execute import Trusted, close_trusted_kernel
from grading.kernels import Kernel

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


class CpuTime:
    """CPU seconds of this process and of all kernels, those of killed sandboxes included."""

    def __init__(self):
        self.killed, kill = 0.0, Kernel.kill

        def counted(kernel):
            self.killed += of_tree(kernel.manager.provisioner.pid)
            kill(kernel)

        Kernel.kill = counted

    def __call__(self):
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        total = self.killed + sum(usage.ru_utime + usage.ru_stime for usage in used)
        if Trusted.current is not None:
            total += of_tree(Trusted.current.kernel.manager.provisioner.pid)
        return total


def of_tree(pid):
    """CPU seconds of a process and of all below it."""
    try:
        parent = psutil.Process(pid)
        times = [process.cpu_times() for process in (parent, *parent.children(recursive=True))]
    except psutil.Error:
        return 0.0
    return sum(time.user + time.system for time in times)


def seconds(nbgrader, cpu_time):
    """(seconds by the clock, CPU seconds) to autograde the submission once."""
    start, used = time.perf_counter(), cpu_time()
    result = nbgrader.autograde(ASSIGNMENT, "reference")
    assert result["success"], result
    return time.perf_counter() - start, cpu_time() - used


def main(rounds=7):
    """Print the cost of each round."""
    cpu_time = CpuTime()
    with tempfile.TemporaryDirectory() as folder:
        two_kernels, stock = make(Path(folder, "a")), make(Path(folder, "b"), STOCK)
        seconds(two_kernels, cpu_time), seconds(stock, cpu_time)
        walls, cpus = [], []
        for number in range(1, rounds + 1):
            ours, theirs = seconds(two_kernels, cpu_time), seconds(stock, cpu_time)
            walls.append(ours[0] / theirs[0])
            cpus.append(ours[1] / theirs[1])
            print(
                f"round {number}: two kernels {ours[0]:.2f} s (CPU {ours[1]:.2f} s), "
                f"stock {theirs[0]:.2f} s (CPU {theirs[1]:.2f} s)",
                flush=True,
            )
        close_trusted_kernel()
    print(f"median ratio {statistics.median(walls):.2f}, of CPU time {statistics.median(cpus):.2f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
