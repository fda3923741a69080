"""What source says about the cells of a notebook: from the gradebook and the source notebook."""

from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.coursedir import CourseDirectory


class SourceError(Exception):
    """Source and gradebook don't fit together; the message says what to do. Grading stops."""


@dataclass
class SourceCell:
    """A cell that nbgrader knows, as it was released, hidden tests included."""

    grade_id: str
    cell_type: str
    source: str
    locked: bool
    checksum: str
    grade: bool
    solution: bool
    points: float | None

    @property
    def test(self):
        """Whether it is a test cell: graded, and not the student's to write."""
        return self.grade and not self.solution and self.cell_type == "code"


def source_folder(config, assignment):
    """The folder of an assignment's source."""
    course = CourseDirectory(config=config)
    return Path(course.format_path(course.source_directory, ".", assignment))


def source_notebook(path):
    """A source notebook; reading and validating it takes a tenth of a second, so not each time."""
    found = Path(path).stat()
    return deepcopy(_read(str(path), found.st_mtime_ns, found.st_size, found.st_ino))


@lru_cache(maxsize=8)
def _read(path, *_version):
    return nbformat.read(path, as_version=4)


def source_cells(config, resources):
    """The cells of this notebook that nbgrader knows, in source order.

    Order is that of the source notebook, content is the gradebook's. Raises SourceError.
    """
    about = resources["nbgrader"]
    path = source_folder(config, about["assignment"]) / f"{about['notebook']}.ipynb"
    remedy = f"Run `nbgrader generate_assignment {about['assignment']}`, then grade again."
    if not path.is_file():
        raise SourceError(f"{path} is missing: test cells can't be put in source order.")
    order = [
        cell.metadata.nbgrader.get("grade_id")
        for cell in source_notebook(path).cells
        if cell.metadata.get("nbgrader")
    ]
    with Gradebook(about["db_url"]) as gradebook:
        try:
            notebook = gradebook.find_notebook(about["notebook"], about["assignment"])
        except MissingEntry:
            raise SourceError(f"The gradebook doesn't know this notebook. {remedy}") from None
        grades = {cell.name: cell for cell in notebook.grade_cells}
        solutions = {cell.name for cell in notebook.solution_cells}
        known = {
            cell.name: SourceCell(
                grade_id=cell.name,
                cell_type=cell.cell_type,
                source=cell.source,
                locked=bool(cell.locked),
                checksum=cell.checksum,
                grade=cell.name in grades,
                solution=cell.name in solutions,
                points=float(grades[cell.name].max_score) if cell.name in grades else None,
            )
            for cell in notebook.source_cells
        }
    if not known or sorted(known) != sorted(name for name in order if name in known):
        raise SourceError(f"{path} and the gradebook name different cells. {remedy}")
    return [known[name] for name in order if name in known]
