"""`make test` runs in a pid namespace of its own: whatever an attack starts ends with it."""

import os
import subprocess
import sys

from conftest import ROOT
from grader_api import FULL

APART = str(ROOT / "tests" / "apart")


def test_what_is_left_running_ends(tmp_path):
    """A process that a test forgot ends with the tests, and the exit code comes through."""
    alive = tmp_path / "alive"
    code = (
        f"while sleep 0.2; do date >> {alive}; done & sleep 1; ls -d /proc/[0-9]* | wc -l; exit 3"
    )
    done = subprocess.run([APART, "sh", "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 3
    assert 1 < int(done.stdout) < 10  # it sees itself, and nothing of this machine
    size = alive.stat().st_size
    assert size > 0
    subprocess.run(["sleep", "1"], check=True)
    assert alive.stat().st_size == size


def test_the_sandbox_works_inside(course, tmp_path):
    """A namespace in a namespace: a submission is graded there, in a sandbox that is proved."""
    course.submit("apart")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from nbgrader.apps import NbGraderAPI; import small_course as small\n"
        "from traitlets.config.loader import PyFileConfigLoader as Loader\n"
        "config = Loader('nbgrader_config.py', path=sys.argv[2]).load_config()\n"
        "config.CourseDirectory.root = sys.argv[2]\n"
        "sys.exit(not NbGraderAPI(config=config).autograde(small.ASSIGNMENT, 'apart')['success'])"
    )
    command = [APART, sys.executable, "-c", code, str(ROOT / "tests"), str(course.folder)]
    done = subprocess.run(command, cwd=course.folder, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert sum(course.grades("apart").values()) == sum(FULL.values())


def test_ci_does_not_do_without(tmp_path):
    fake = tmp_path / "unshare"
    fake.write_text("#!/bin/sh\nexit 1\n")
    fake.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"

    def run(ci):
        environment = {**os.environ, "PATH": path, "CI": ci}
        return subprocess.run([APART, "echo", "ran"], env=environment, capture_output=True)

    assert run("true").returncode == 1
    assert b"CI needs one" in run("true").stderr
    elsewhere = run("")
    assert (elsewhere.returncode, elsewhere.stdout) == (0, b"ran\n")
    assert b"beside everything else" in elsewhere.stderr
