"""The house itself: what the README and the Makefile promise exists."""

import os
import re
import sys

import pytest
from conftest import need_program, run

from grading.bank import ROOT
from grading.lab import prepare

README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def test_commands_of_the_readme_exist():
    targets = set(re.findall(r"(?m)^([a-z]+):", MAKEFILE))
    named = {word for line in re.findall(r"make ((?:[a-z]+ ?)+)", README) for word in line.split()}
    commands = {word for word in named if word in targets}
    assert {"demo", "test", "figures", "outputs", "release"} <= commands


def test_layout_of_the_readme_exists():
    layout = README.split("## For contributors")[1].split("```")[1]
    for line in filter(None, layout.splitlines()):
        name = line.split()[0]
        parent = ROOT / "grading" if line.startswith("  ") else ROOT
        assert (parent / name).exists(), f"the README names {name}"


def test_links_of_the_readme_lead_somewhere():
    for address in re.findall(r"\]\((?!https://)([^)]+)\)", README):
        assert (ROOT / address).is_file(), address


def test_student_work_is_ignored_by_git(tmp_path):
    private = ["submitted/a/x.ipynb", "autograded/a/x.ipynb", "feedback/a/x.html"]
    private += ["gradebook.db", "grades.csv", "demo/x", "solution/x.ipynb", "reports/x/index.html"]
    private += ["collected/1_step_by_step/a/1/x.ipynb", "collected/1_step_by_step/verdicts.csv"]
    private += ["canvas.csv", "moodle.csv"]
    done = run("git", "check-ignore", *private)
    assert done.stdout.split() == private


def test_an_old_python_is_refused_with_a_remedy(tmp_path):
    need_program("make")
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    for name in ("Makefile", "requirements.txt", "requirements-sandbox.txt", "pyproject.toml"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    done = run("make", "demo", f"PYTHON={old}", cwd=tmp_path)
    assert done.returncode != 0
    assert "Python 3.11 or newer is needed" in done.stdout
    assert not (tmp_path / ".venv").exists()


def test_lab_keeps_what_the_student_wrote(tmp_path):
    """`make lab` copies the releases, and never over a student's work."""
    (notebook, *_) = prepare(tmp_path / "lab")
    notebook.write_text("my answer")
    assert prepare(tmp_path / "lab") == []
    assert notebook.read_text() == "my answer"
    with pytest.raises(ValueError, match="inside the repository"):
        prepare(ROOT / "lab")


@pytest.mark.skipif(sys.platform != "linux", reason="shell syntax is checked with bash on Linux")
def test_scripts_are_valid_shell():
    assert run("bash", "-n", ".ci/run").returncode == 0
    assert os.access(ROOT / ".ci/run", os.X_OK)


def test_no_machine_is_named():
    """No machine's paths, registries or accounts in anything that git tracks."""
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").stdout
    private = re.compile(
        rb"/home/(?!student)[a-z]|/root/|/Users/|/work/|index-url|file:///|BEGIN .*PRIVATE KEY"
    )
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.is_file() and name != "tests/test_house.py":
            assert not private.search(path.read_bytes()), name
