"""The student's notebook: in step with its source, complete, and free of what is secret."""

import ast
import re

import pytest
from cells import solution_lines
from conftest import ASSIGNMENTS, run
from nbclient import NotebookClient
from nbformat import from_dict

from grading.bank import ROOT
from grading.notebooks import answer_cell, grade_cells, graded_functions, notebook_path
from grading.release import STEP, KeepSteps, ReleaseError

HIDDEN = re.compile(r"### BEGIN HIDDEN TESTS\n(.*?)### END HIDDEN TESTS", re.DOTALL)


@pytest.fixture(scope="module")
def generated(clone):
    """A clone in which the stock command has compiled each assignment twice."""
    first = {}
    for assignment in ASSIGNMENTS:
        for _ in range(2):
            done = run("nbgrader", "generate_assignment", assignment, cwd=clone)
            assert done.returncode == 0, done.stderr
            path = notebook_path("release", assignment, clone)
            first.setdefault(assignment, path.read_bytes())
        assert path.read_bytes() == first[assignment], "two runs differ"
    return clone


def test_release_is_in_step_with_source(generated):
    def files(root):
        return {p.relative_to(root): p.read_bytes() for p in root.rglob("*") if p.is_file()}

    committed, made = files(ROOT / "release"), files(generated / "release")
    assert set(committed) == set(made)
    for path in made:
        assert committed[path] == made[path], f"release/{path} is stale: run `make release`"


def test_one_file_shows_everything(assignment, release):
    path = notebook_path("release", assignment, ROOT)
    assert path.stat().st_size < 1_000_000
    prose = "".join(cell.source for cell in release.cells if cell.cell_type == "markdown")
    sources = re.findall(r'src="([^"]{0,30})', prose)
    assert sources and all(re.match(r"data:image/(png|gif);base64,", s) for s in sources)
    assert "attachments" not in path.read_text(encoding="utf-8")


def test_no_solution_is_released(source, release):
    code_cells = [cell for cell in release.cells if cell.cell_type == "code"]
    code = [line.strip() for cell in code_cells for line in cell.source.split("\n")]
    for name in graded_functions(source):
        cell = answer_cell(release, name)
        assert "SOLUTION" not in cell.source
        for line in solution_lines(answer_cell(source, name)):
            if line.strip() and not STEP.match(line):
                assert line not in cell.source.split("\n"), f"{name}: {line}"
                # A line that is more than a loop head is nowhere else in the notebook either.
                if len(line.strip()) > 40:
                    assert line.strip() not in code, f"{name}: {line}"


def test_steps_are_released_with_their_indentation(source, release):
    for name in graded_functions(source):
        lines = solution_lines(answer_cell(source, name))
        released = answer_cell(release, name).source.split("\n")
        steps = [line for line in lines if STEP.match(line)]
        assert steps == [line for line in released if STEP.match(line)]
        stub = f'    raise NotImplementedError("{name}: write your code, then delete this line")'
        assert released[released.index(steps[-1]) + 1] == stub


def test_no_hidden_test_is_released(source, release):
    text = "\n".join(cell.source for cell in release.cells)
    assert "HIDDEN" not in text
    assert "oracle" not in text
    for cell in grade_cells(source):
        for line in HIDDEN.search(cell.source)[1].split("\n"):
            assert not line.strip() or line not in text.split("\n"), line


def test_release_is_clean(source, release):
    assert set(release.metadata) == {"kernelspec", "language_info"}
    assert [cell.id for cell in release.cells] == [cell.id for cell in source.cells]
    for cell in release.cells:
        assert set(cell.metadata) <= {"nbgrader", "tags", "deletable", "editable"}
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None


def test_release_fails_only_at_stubs_in_order(assignment, release):
    """Run as an untouched submission: each error is a stub's, and the stubs come in order.

    Later cells may miss what a cell that stopped at a stub would have defined, and nothing else.
    """
    folder = notebook_path("release", assignment, ROOT).parent
    resources = {"metadata": {"path": folder}}
    NotebookClient(release, allow_errors=True, timeout=60, resources=resources).execute()
    functions = graded_functions(release)
    met, missing = [], set()
    for cell in release.cells:
        errors = [o for o in cell.get("outputs", []) if o.output_type == "error"]
        for error in errors:
            if error.ename == "NotImplementedError":
                met.append(error.evalue.split(":")[0])
            else:
                name = re.fullmatch(r"name '(\w+)' is not defined", error.evalue)
                assert name and name[1] in missing, f"{cell.id}: {error.ename} {error.evalue}"
            names = [n for n in ast.walk(ast.parse(cell.source)) if isinstance(n, ast.Name)]
            missing |= {name.id for name in names if isinstance(name.ctx, ast.Store)}
    assert list(dict.fromkeys(met)) == functions
    for cell in grade_cells(release):
        assert any(o.output_type == "error" for o in cell.outputs), cell.id


def clear(source, grade_id="f", solution=True):
    """What KeepSteps makes of one code cell."""
    flags = {"grade": False, "solution": solution, "grade_id": grade_id, "locked": False}
    cell = from_dict(
        {"cell_type": "code", "id": grade_id, "source": source, "metadata": {"nbgrader": flags}}
    )
    resources = {"nbgrader": {"notebook": "lesson"}, "language": "python"}
    return KeepSteps().preprocess_cell(cell, resources, 0)[0].source


def test_keep_steps_keeps_steps_only():
    source = """def f(x):
    given = 1
    ### BEGIN SOLUTION
    # a remark for instructors
    # Double it (1 line)
    y = 2 * x  # (1 line)
    if y:
        # Go deeper (about 2 to 3 lines)
        y += 1
    ### END SOLUTION
    return y"""
    assert (
        clear(source)
        == """def f(x):
    given = 1
    # Double it (1 line)
        # Go deeper (about 2 to 3 lines)
    raise NotImplementedError("f: write your code, then delete this line")
    return y"""
    )


@pytest.mark.parametrize(
    ("source", "options", "complaint"),
    [
        ("x = 1", {}, "without '### BEGIN SOLUTION'"),
        ("### BEGIN SOLUTION\nx = 1", {}, "no '### END SOLUTION'"),
        ("### BEGIN SOLUTION\n### BEGIN SOLUTION", {}, "begins inside"),
        ("### END SOLUTION\n### BEGIN SOLUTION", {}, "did not begin"),
        ("### BEGIN SOLUTION\n### END SOLUTION", {"solution": False}, "not marked as one"),
        ("# GRADED FUNCTION: g\n### BEGIN SOLUTION", {}, "GRADED FUNCTION is g, but grade_id is f"),
    ],
)
def test_keep_steps_refuses_what_would_leak_or_be_lost(source, options, complaint):
    with pytest.raises(ReleaseError, match=re.escape(complaint)) as caught:
        clear(source, **options)
    assert "lesson.ipynb, cell f" in str(caught.value)
