"""How fast a class is graded: `python benchmarks/class_rate.py [SIZE...]`, by default 10 40 160.

For each size, one after the other in one run: stock `nbgrader autograde` without a sandbox, with
its own lists of preprocessors, and `python -m grading autograde` with the sandbox. Classes are made
from the banks. Printed are submissions a minute, CPU seconds a submission, the peak of memory of
all processes together, and the memory of the grading processes themselves (without kernels) in the
first and the last third of the time, which shows whether it grows. Other work on the machine
stretches both; the ratio is what counts.
"""

import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import psutil

from grading.classroom import classroom
from grading.course import Course

ASSIGNMENT = "1_step_by_step"
MIB = 2**20
LOOK = 0.25  # seconds
KERNELS = "ipykernel", "fork_server.py"  # in the command line of kernels
STOCK = '\nc.pop("Autograde", None)\n'
COMMANDS = {
    "stock nbgrader": ["nbgrader", "autograde", ASSIGNMENT],
    "grading autograde": ["grading", "autograde", ASSIGNMENT],
}


@dataclass
class Use:
    """What a command and all below it used."""

    seconds: float = 0.0
    cpu: dict = field(default_factory=dict)  # {process: CPU seconds when it was last seen}
    memory: list = field(default_factory=list)  # (all processes, without kernels), in bytes

    def look(self, root):
        """Add what is there now. Shared memory counts once."""
        total = graders = 0
        for process in [root, *root.children(recursive=True)]:
            try:
                times, bytes_ = process.cpu_times(), process.memory_full_info().pss
                line = " ".join(process.cmdline())
            except psutil.Error:
                continue
            self.cpu[process.pid, process.create_time()] = times.user + times.system
            total += bytes_
            graders += 0 if any(name in line for name in KERNELS) else bytes_
        self.memory.append((total, graders))

    def third(self, last):
        """MiB of the grading processes in the first or last third, their median."""
        size = max(1, len(self.memory) // 3)
        part = self.memory[-size:] if last else self.memory[:size]
        return median(graders for _, graders in part) / MIB


def measured(command, folder):
    """Run a command in a course folder. Returns its Use."""
    use, start = Use(), time.perf_counter()
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path}
    with open(folder / "said.log", "w") as said:
        run = psutil.Popen(
            [sys.executable, "-m", *command], cwd=folder, stdout=said, stderr=said, env=environment
        )
        while run.poll() is None:
            use.look(run)
            time.sleep(LOOK)
    use.seconds = time.perf_counter() - start
    assert run.returncode == 0, (folder / "said.log").read_text()[-3000:]
    return use


def make(folder, size):
    """A course in which a class has handed in."""
    course = Course.create(folder)
    course.release(ASSIGNMENT)
    for member in classroom(ASSIGNMENT, size):
        course.submit(member.student, ASSIGNMENT, member.answers)
    return course.folder


def main(*sizes):
    """Print a table of all sizes."""
    print("size  what               minutes  a minute  CPU s each  peak MiB  first, last third MiB")
    for size in map(int, sizes or (10, 40, 160)):
        rates = {}
        with tempfile.TemporaryDirectory() as scratch:
            ours = make(Path(scratch, "ours"), size)
            theirs = shutil.copytree(ours, Path(scratch, "stock"))
            with open(theirs / "nbgrader_config.py", "a", encoding="utf-8") as config:
                config.write(STOCK)
            for (name, command), folder in zip(COMMANDS.items(), (theirs, ours), strict=True):
                use = measured(command, folder)
                graded = len(list(folder.glob(f"autograded/*/{ASSIGNMENT}/*.ipynb")))
                assert graded == size, f"{name} graded {graded} of {size}"
                rates[name] = size / use.seconds * 60
                print(
                    f"{size:4}  {name:17}  {use.seconds / 60:7.2f}  {rates[name]:8.1f}"
                    f"  {sum(use.cpu.values()) / size:10.2f}"
                    f"  {max(total for total, _ in use.memory) / MIB:8.0f}"
                    f"  {use.third(False):5.0f}, {use.third(True):5.0f}",
                    flush=True,
                )
        stock, mine = rates.values()
        print(f"{size:4}  {mine / stock:.2f} times stock's rate", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
