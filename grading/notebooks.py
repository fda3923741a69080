"""What the cells of an assignment mean: graded functions, their tests, their answers."""

import ast
import re
from pathlib import Path


def notebook_path(step, assignment, root="."):
    """The notebook of an assignment in one of nbgrader's steps: `1_step_by_step` in `source`
    is source/1_step_by_step/step_by_step.ipynb."""
    name = assignment.split("_", 1)[1]
    return Path(root, step, assignment, f"{name}.ipynb")


def read(path):
    """Read a notebook as format 4."""
    import nbformat  # late: it takes a second, and the trusted kernel reads no notebook

    return nbformat.read(path, as_version=4)


def graded_functions(nb):
    """Names of the graded functions of a notebook, in order: grade_ids of its answer cells."""
    return [
        cell.metadata.nbgrader.grade_id
        for cell in nb.cells
        if cell.metadata.get("nbgrader", {}).get("solution")
    ]


def function_under_test(grade_id, functions):
    """The function that a test cell belongs to, or None.

    It is the longest name that follows `test_` and ends there or at `_`.
    """
    rest = grade_id.removeprefix("test_")
    owners = [name for name in functions if rest == name or rest.startswith(name + "_")]
    return max(owners, key=len, default=None) if rest != grade_id else None


def answer_cell(nb, function):
    """The answer cell of a function. Raises KeyError if the notebook has none."""
    for cell in nb.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == function:
            return cell
    raise KeyError(f"no cell has the grade_id {function}")


def grade_cells(nb, function=None):
    """The test cells of a notebook, or of one function, in order."""
    functions = graded_functions(nb)
    return [
        cell
        for cell in nb.cells
        if cell.metadata.get("nbgrader", {}).get("grade")
        and function in (None, function_under_test(cell.metadata.nbgrader.grade_id, functions))
    ]


HIDDEN = re.compile(r" *### BEGIN HIDDEN TESTS\n.*?### END HIDDEN TESTS\n", re.DOTALL)


def visible_part(source):
    """A test cell as students have it: without its hidden tests."""
    return HIDDEN.sub("", source)


def reference(nb, functions=None):
    """Source that defines solutions: those of all graded functions, or of some.

    Before them come the imports that stand at the top level of the notebook's ungraded cells.
    """
    imports = []
    for cell in nb.cells:
        if cell.cell_type == "code" and "nbgrader" not in cell.metadata:
            try:
                body = ast.parse(cell.source).body
            except SyntaxError:  # a magic
                continue
            imports += [n for n in body if isinstance(n, (ast.Import, ast.ImportFrom))]
    lines = dict.fromkeys(ast.unparse(node) for node in imports)
    names = graded_functions(nb) if functions is None else functions
    return "\n\n".join(["\n".join(lines), *(answer_cell(nb, name).source for name in names)])
