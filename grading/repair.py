"""Find the cells of a submission again: by nbgrader's metadata, by cell id, by what they hold.

`FindCells` goes first among `c.Autograde.sanitize_preprocessors`, before SourceCells, which
puts the instructor's test cells in place. The functions here are pure: they work on a notebook
that `grading.reading` has read, and say what they repaired.
"""

import re
from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache

import nbformat
from nbformat import NotebookNode
from nbgrader.preprocessors import ClearHiddenTests, NbGraderPreprocessor
from nbgrader.utils import is_solution

from grading.cells import SourceError, source_folder
from grading.overwrite import MAX_CELLS
from grading.reading import NotGradable, named


@dataclass(frozen=True)
class Wanted:
    """A cell that a submission should have, as it was handed out."""

    grade_id: str
    cell_type: str
    test: bool
    solution: bool
    text: str  # without hidden tests and white space
    telling: bool  # whether the text can be no other cell's

    def defined_in(self, cell):
        """Whether the code of a cell defines the function of this answer cell."""
        pattern = rf"(?m)^\s*(async\s+)?def\s+{re.escape(self.grade_id)}\s*\("
        return cell.cell_type == "code" and re.search(pattern, cell.source) is not None

    def headed_in(self, cell):
        """Whether a cell starts as this answer cell was handed out."""
        return re.match(rf"\s*# *GRADED FUNCTION: *{re.escape(self.grade_id)}\b", cell.source)


@dataclass(frozen=True)
class Assignment:
    """What a submission of a notebook is compared with."""

    name: str
    wanted: tuple  # of Wanted, in source order
    ids: frozenset  # of all cells
    prose: frozenset  # Markdown, without white space
    kernel: str

    @property
    def functions(self):
        """The graded functions."""
        return [wanted.grade_id for wanted in self.wanted if wanted.solution]

    def likeness(self, nb):
        """How much of the source notebook is in another one: 0 to 1."""
        ids = {cell.id for cell in nb.cells}
        prose = {bare(cell.source) for cell in nb.cells if cell.cell_type == "markdown"}
        return max(
            len(self.ids & ids) / max(1, len(self.ids)),
            len(self.prose & prose) / max(1, len(self.prose)),
        )


class FindCells(NbGraderPreprocessor):
    """Give the cells of a submission their nbgrader metadata back."""

    def preprocess(self, nb, resources):
        """Returns the notebook with metadata that SourceCells can rely on. Raises NotGradable,
        SourceError."""
        about = resources["nbgrader"]
        folder = source_folder(self.config, about["assignment"])
        path = folder / f"{about['notebook']}.ipynb"
        if not path.is_file():
            raise SourceError(f"{path} is missing: cells of submissions can't be found without it.")
        assignment = load_assignment(path)
        repairs, remarks = repair(nb, assignment, other_assignments(folder))
        for repair_ in repairs:
            self.log.warning("Repaired: %s", repair_)
        for remark in remarks:
            self.log.warning("%s", remark)
        return nb, resources


def bare(text):
    """Text without white space."""
    return "".join(text.split())


def load_assignment(path):
    """The Assignment of a source notebook. Read again only when the file has changed."""
    return cached_assignment(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=32)
def cached_assignment(path, _changed):
    nb = nbformat.read(path, as_version=4)
    cutter = ClearHiddenTests(enforce_metadata=False)
    wanted, texts = [], Counter()
    functions = [c.metadata.nbgrader.grade_id for c in nb.cells if is_solution(c)]
    for cell in nb.cells:
        about = cell.metadata.get("nbgrader", {})
        if not any(about.get(key) for key in ("grade", "solution", "locked", "task")):
            texts[bare(cell.source)] += 1
            continue
        solution = bool(about.get("solution"))
        test = bool(about.get("grade")) and not solution and cell.cell_type == "code"
        if test:
            cutter._remove_hidden_test_region(cell)
        text = bare(cell.source)
        texts[text] += 1
        # What is left of a test without its hidden part may be no more than an import.
        telling = any(function in text for function in functions)
        wanted.append(Wanted(about["grade_id"], cell.cell_type, test, solution, text, telling))
    wanted = [replace(cell, telling=cell.telling and texts[cell.text] == 1) for cell in wanted]
    return Assignment(
        name=path.parent.name,
        wanted=tuple(wanted),
        ids=frozenset(cell.id for cell in nb.cells),
        prose=frozenset(bare(c.source) for c in nb.cells if c.cell_type == "markdown"),
        kernel=nb.metadata.get("kernelspec", {}).get("name", ""),
    )


def other_assignments(folder):
    """The Assignments beside a source folder."""
    paths = sorted(folder.parent.glob("*/*.ipynb"))
    return [load_assignment(path) for path in paths if path.parent != folder]


def repair(nb, assignment, others=()):
    """Mark the cells of a submission in place. Returns (repairs, remarks), lists of text.

    Raises NotGradable for another assignment's notebook and for one without any answer.
    """
    repairs, remarks = [], []
    if len(nb.cells) > MAX_CELLS:
        remarks.append(f"only the first {MAX_CELLS} of {len(nb.cells)} cells are graded")
        nb.cells = nb.cells[:MAX_CELLS]
    found, how = find_cells(nb.cells, assignment.wanted)
    check_assignment(nb, assignment, others, found)
    mark(nb.cells, assignment.wanted, found, repairs)
    for way in ("id", "content"):
        names = [name for name in found if how[name] == way]
        if names:
            repairs.append(f"cells found again by {way}: {named(names)}")
    tests = [wanted for wanted in assignment.wanted if wanted.test]
    gone = [wanted.grade_id for wanted in tests if wanted.grade_id not in found]
    if gone:
        repairs.append(f"test cells were missing, put back: {named(gone)}")
    edited = [
        wanted.grade_id
        for wanted in tests
        if wanted.grade_id in found and bare(nb.cells[found[wanted.grade_id]].source) != wanted.text
    ]
    if edited:
        repairs.append(f"test cells were edited, put back as they were: {named(edited)}")
    unanswered = [
        wanted.grade_id
        for wanted in assignment.wanted
        if wanted.solution
        and wanted.grade_id not in found
        and not any(wanted.defined_in(cell) for cell in nb.cells)
    ]
    if unanswered:
        remarks.append(f"no answer to {named(unanswered)}")
    kernel = nb.metadata.get("kernelspec", {}).get("name", "")
    if kernel and kernel != assignment.kernel:
        repairs.append(f"kernel {kernel!r:.40} was replaced by {assignment.kernel!r}")
    return repairs, remarks


def find_cells(cells, wanted):
    """({grade_id: index of its cell}, {grade_id: "metadata", "id" or "content"}).

    Of several cells the last one counts.
    """
    found, how = {}, {}
    names = {cell.grade_id for cell in wanted}
    solutions = [cell for cell in wanted if cell.solution]
    answers = {
        index
        for index, cell in enumerate(cells)
        if any(solution.defined_in(cell) for solution in solutions)
    }
    for index, cell in enumerate(cells):
        grade_id = claimed(cell)
        if grade_id in names:
            found[grade_id], how[grade_id] = index, "metadata"
    claims = {index for index, cell in enumerate(cells) if claimed(cell) in names}
    for cell in wanted:
        if cell.grade_id in found:
            continue
        # What holds an answer is never taken for a test: its text would be replaced.
        taken = claims if cell.solution else claims | answers
        free = [index for index in range(len(cells)) if index not in taken]
        index, way = search(cells, free, cell)
        if index is not None:
            found[cell.grade_id], how[cell.grade_id] = index, way
            claims.add(index)
    return found, how


def claimed(cell):
    """The grade_id in nbgrader's metadata of a cell, or None."""
    about = cell.metadata.get("nbgrader")
    grade_id = about.get("grade_id") if isinstance(about, dict) else None
    return grade_id if isinstance(grade_id, str) else None


def search(cells, free, wanted):
    """(index of the cell that is `wanted`, how it was found), or (None, None)."""
    named_so = [index for index in free if cells[index].id == wanted.grade_id]
    if wanted.solution:
        headed = [index for index in free if wanted.headed_in(cells[index])]
        defining = [index for index in free if wanted.defined_in(cells[index])]
        # A cell that has the id, but not the function, gives way to one that has it.
        by_id = [index for index in named_so if index in defining or index in headed]
        by_id = by_id or ([] if defining or headed else named_so)
        both = [index for index in headed if index in defining]
        by_content = both or defining or headed
    else:
        by_id = named_so
        same = [index for index in free if bare(cells[index].source) == wanted.text]
        by_content = same if wanted.telling else []
        if wanted.test and not by_content:
            by_content = [index for index in free if wanted.defined_in(cells[index])]
    if by_id:
        return by_id[-1], "id"
    return (by_content[-1], "content") if by_content else (None, None)


def check_assignment(nb, assignment, others, found):
    """Raises NotGradable if the notebook is another assignment's, or has no answer."""
    own = assignment.likeness(nb)
    for other in others:
        if other.likeness(nb) > max(0.3, 2 * own):
            raise NotGradable(f"the wrong assignment: this is the notebook of {other.name}")
    solutions = [wanted for wanted in assignment.wanted if wanted.solution]
    if any(wanted.grade_id in found for wanted in solutions):
        return
    if any(wanted.defined_in(cell) for wanted in solutions for cell in nb.cells):
        return
    raise NotGradable(
        "no answer cell is left, and no cell defines one of "
        f"{named(assignment.functions)}; is it the wrong notebook?"
    )


def mark(cells, wanted, found, repairs):
    """Write the metadata of what was found, and take it from copies."""
    names = {cell.grade_id: cell for cell in wanted}
    copies = []
    for index, cell in enumerate(cells):
        about = cell.metadata.get("nbgrader")
        grade_id = claimed(cell)
        if grade_id in names and found[grade_id] != index:
            copies.append(grade_id)
            del cell.metadata["nbgrader"]
            if names[grade_id].test:
                cell.metadata["nbgrader"] = NotebookNode(grade=True)
        elif about is not None and not isinstance(about, dict):
            del cell.metadata["nbgrader"]
    if copies:
        repairs.append(f"cells that stood there twice, the last one counts: {named(copies)}")
    turned = []
    for grade_id, index in found.items():
        cell = cells[index]
        if cell.cell_type != names[grade_id].cell_type:
            turned.append(grade_id)
        about = cell.metadata.get("nbgrader")
        kept = dict(about) if isinstance(about, dict) else {}
        cell.metadata["nbgrader"] = NotebookNode({**kept, "grade_id": grade_id})
    if turned:
        repairs.append(f"cells of another type were turned back: {named(turned)}")
