"""What students get works on their machines: Linux, macOS, Windows, a hub, Binder, Colab."""

import ast
import json
import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, packages_distributions, requires

import pytest
from conftest import run
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from students_folder import NAME, StudentsFolder, cell_of

from grading.bank import ROOT
from grading.lab import handed_out, prepare

PLACES = [place.as_posix() for _, place in handed_out()]
OURS = ["student", "grading/checks.py", "notebooks", "grading/lab.py"]
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


def test_every_text_is_opened_with_its_encoding():
    """On Windows the default is another one. (The tests of the tools run them so, too.)"""
    done = run(
        sys.executable, "-m", "ruff", "check", "--preview", "--select", "PLW1514", *OURS, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout


def test_names_are_legal_on_every_system():
    assert any(place.startswith("1_step_by_step/") for place in PLACES)
    assert any(place.startswith("notebooks/lecture/") for place in PLACES)
    for place in PLACES:
        assert len(place) < 100  # Windows allows 260 for the whole path
        for part in place.split("/"):
            assert re.fullmatch(r"[\w.-]+", part, re.ASCII) and not part.endswith("."), place
            assert not RESERVED.fullmatch(part), place
    assert len({place.casefold() for place in PLACES}) == len(PLACES)


def test_what_the_tools_make_has_legal_names(tmp_path):
    student = StudentsFolder(tmp_path)
    before = set(student.files())
    student.tool("renew.py")
    student.tool("hand_in.py")
    made = set(student.files()) - before
    assert len(made) == 2
    for name in made:
        for part in name.split("/"):
            assert not re.search(r'[<>:"/\\|?*]', part) and not part.endswith((".", " ")), name


def test_no_tool_needs_a_shell():
    """The tools start nothing but Python itself."""
    for path in (ROOT / "student").glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for call in [node for node in ast.walk(tree) if isinstance(node, ast.Call)]:
            called = ast.unparse(call.func)
            assert called not in ("os.system", "os.popen", "subprocess.Popen"), path.name
            if called == "subprocess.run":
                assert not any(keyword.arg == "shell" for keyword in call.keywords)
                assert "sys.executable" in path.read_text(encoding="utf-8")


def packages_of(*names):
    """Names of all packages that come with these, canonical."""
    found, queue = set(), list(names)
    while queue:
        name = canonicalize_name(queue.pop())
        if name not in found:
            found.add(name)
            try:
                needed = map(Requirement, requires(name) or [])
            except PackageNotFoundError:  # for another system
                continue
            queue += [n.name for n in needed if not n.marker or n.marker.evaluate({"extra": ""})]
    return found


def run_there(student, nb):
    """Run a notebook in the student's folder and return it."""
    resources = {"metadata": {"path": student.folder}}
    return NotebookClient(nb, timeout=120, resources=resources).execute()


def test_the_notebook_needs_numpy_matplotlib_and_h5py_only(tmp_path):
    """All modules that a finished notebook loads come with these, or with the kernel."""
    student = StudentsFolder(tmp_path)
    student.answer()
    nb = student.notebook()
    code = "import json, sys; print(json.dumps(sorted({n.split('.')[0] for n in sys.modules})))"
    nb.cells = [new_code_cell(code), *nb.cells, new_code_cell(code)]
    cells = run_there(student, nb).cells
    before, after = (set(json.loads(cells[place].outputs[0].text)) for place in (0, -1))
    loaded = after - before  # what the kernel itself loads may come from anywhere
    assert {"numpy", "matplotlib", "h5py", "checks", "hand_in", "renew"} <= loaded
    allowed = packages_of("numpy", "matplotlib", "h5py", "ipykernel")
    assert not {"nbgrader", "jupyterlab", "nbclient", "scipy", "grading"} & allowed
    owners = packages_distributions()
    for module in loaded - set(sys.stdlib_module_names) - {"checks", "hand_in", "renew"}:
        distributions = {canonicalize_name(name) for name in owners.get(module, [])}
        assert not distributions or distributions & allowed, f"{module} of {distributions}"


@pytest.mark.parametrize("there", [(), ("checks.py",), ("hand_in.py", "renew.py")])
def test_a_notebook_without_its_files_says_what_to_do(tmp_path, there):
    """Somebody uploads the notebook alone to Colab, or with some of the files."""
    student = StudentsFolder(tmp_path)
    student.answer()
    nb = student.notebook()
    for name in student.files():
        if name not in there:
            (student.folder / name).unlink()
    with pytest.raises(CellExecutionError) as caught:
        run_there(student, nb)
    failed = [c for c in nb.cells if any(o.output_type == "error" for o in c.get("outputs", []))]
    assert [cell.id for cell in failed] == ["files_here"]
    missing = [name for name in ("checks.py", "hand_in.py", "renew.py") if name not in there]
    assert f"Not beside this notebook: {', '.join(missing)}. " in str(caught.value)
    assert "On Colab: open the folder icon" in str(caught.value)
    for name in student.files():
        assert name in str(caught.value) or name in there


def test_the_message_names_every_file_that_is_needed(tmp_path):
    student = StudentsFolder(tmp_path)
    source = cell_of(student.notebook(), "files_here").source
    for name in set(student.files()) - {NAME}:
        assert name.removesuffix(".py") in source, name


def test_binder_gets_a_python_that_the_package_accepts():
    """repo2docker's own default may be older; requirements.txt stands at the root."""
    wanted = (ROOT / "runtime.txt").read_text(encoding="utf-8").strip()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == ">=" + wanted.removeprefix("python-")
    assert (ROOT / "requirements.txt").is_file()


def test_lab_copies_lectures_with_all_they_need(tmp_path):
    copied = prepare(tmp_path / "lab")
    assert sorted(p.relative_to(tmp_path / "lab").as_posix() for p in copied) == sorted(PLACES)
    for lecture in (ROOT / "notebooks").glob("*.ipynb"):
        copy = tmp_path / "lab" / "notebooks" / lecture.name
        assert copy.read_bytes() == lecture.read_bytes()
    done = run(sys.executable, "-c", "import lecture.anatomy", cwd=tmp_path / "lab" / "notebooks")
    assert done.returncode == 0, done.stderr
