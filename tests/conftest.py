"""What the tests share: the assignments, and a course folder in which one was graded."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from grader_api import GradedCourse
from synthetic_class import Forty, Hostile

from grading.bank import ROOT
from grading.notebooks import notebook_path, read

ASSIGNMENTS = sorted(path.parent.name for path in ROOT.glob("source/*/*.ipynb"))
IN_CI = os.environ.get("CI", "").lower() in ("true", "1")


def need_program(*names):
    """The path of the first of these programs that is installed.

    A laptop that lacks them skips the test by name; CI installs what it needs, so there a
    missing program is a failure.
    """
    for name in names:
        if path := shutil.which(name):
            return path
    message = f"none of the programs {', '.join(names)} is installed"
    if IN_CI:
        pytest.fail(message)
    pytest.skip(message)


def run(*command, cwd=ROOT, **options):
    """Run a command with the environment's programs on PATH; output is captured as text."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        command, cwd=cwd, env=os.environ | {"PATH": path}, capture_output=True, text=True, **options
    )


@pytest.fixture(scope="module")
def browser():
    """A headless browser. Its event loop runs until the end of the module that asked for it."""
    from jupyter_browser import chromium

    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def lab(request, tmp_path_factory):
    """JupyterLab in a student's folder, outside the repository: (folder, address of it).

    The assignment in the folder is the parameter, if there is one, else the first.
    """
    from jupyter_browser import jupyter

    folder, assignment = tmp_path_factory.mktemp("lab"), getattr(request, "param", ASSIGNMENTS[0])
    shutil.copytree(notebook_path("release", assignment, ROOT).parent, folder, dirs_exist_ok=True)
    # The question whether one wants news would lie on top of the notebook.
    command = ["jupyterlab", "--LabApp.news_url=None"]
    # Neither read nor change the settings of whoever runs the tests.
    command += [f"--LabApp.{kind}_dir={folder / kind}" for kind in ("user_settings", "workspaces")]
    with jupyter(folder, *command) as (address, token):
        yield folder, f"{address}/lab/tree/{{path}}?token={token}&reset"


@pytest.fixture(scope="session")
def forty(tmp_path_factory):
    """A class of forty and a few with a fate of their own, graded by code; see its docstring."""
    return Forty(tmp_path_factory.mktemp("forty") / "course")


@pytest.fixture(scope="session")
def hostile(tmp_path_factory):
    """A class in which everything that students can write is hostile."""
    return Hostile(tmp_path_factory.mktemp("hostile") / "course")


@pytest.fixture(scope="session")
def course(tmp_path_factory):
    """A small course whose limits are short, graded in this process by nbgrader's own API."""
    os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]
    course = GradedCourse(tmp_path_factory.mktemp("course") / "c")
    yield course
    course.close()


@pytest.fixture(params=ASSIGNMENTS)
def assignment(request):
    """Each assignment in turn."""
    return request.param


@pytest.fixture
def source(assignment):
    """The instructor's notebook."""
    return read(notebook_path("source", assignment, ROOT))


@pytest.fixture
def release(assignment):
    """The student's notebook, as committed."""
    return read(notebook_path("release", assignment, ROOT))


@pytest.fixture(scope="session")
def clone(tmp_path_factory):
    """What a fresh clone holds: every file that git tracks or would add, and nothing else."""
    folder = tmp_path_factory.mktemp("clone")
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder
