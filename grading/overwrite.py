"""Sanitising: what is graded is source's cell, in source's place, with source's metadata.

Takes the place of nbgrader's DeduplicateIds and OverwriteCells. Of a submission only the sources
of its cells are kept; test cells come whole from source, and come all of them.
"""

import re

from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

from grading.active import quiet_markdown
from grading.cells import source_cells, source_folder, source_notebook
from grading.release import InlineFigures

CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
MAX_CELLS = 1000
MAX_SOURCE = 1_000_000


class SourceCells(NbGraderPreprocessor):
    """Rebuild a submitted notebook around source's cells."""

    def preprocess(self, nb, resources):
        """Returns the notebook that is graded. Raises SourceError."""
        known = source_cells(self.config, resources)
        self.prose = released_prose(self.config, resources)
        nb.cells = place_tests(self.student_cells(nb, known), known)
        unique_ids(nb.cells)
        kept = {key: nb.metadata[key] for key in ("kernelspec",) if key in nb.metadata}
        nb.metadata = type(nb.metadata)(kept)
        return nb, resources

    def student_cells(self, nb, known):
        """(grade_id or None, cell) for what stays of the submission, in its order.

        A test cell stays as a mark of its place only. Of two cells with one grade_id the last
        one counts, as with nbgrader.
        """
        by_id = {cell.grade_id: cell for cell in known}
        kept, seen = [], set()
        for cell in reversed(nb.cells[:MAX_CELLS]):
            about = cell.metadata.get("nbgrader")
            grade_id = about.get("grade_id") if isinstance(about, dict) else None
            source = by_id.get(grade_id) if isinstance(grade_id, str) else None
            if source is not None and grade_id in seen:
                self.log.warning("Cell %s exists twice; the last one counts", grade_id)
                if source.test:
                    continue
                source = None
            if source is None and isinstance(about, dict) and about.get("grade"):
                continue  # a test cell of the student's own making
            if source is not None:
                seen.add(grade_id)
            kept.append((source.grade_id if source else None, rebuilt(cell, source, self.prose)))
        return kept[::-1]


def released_prose(config, resources):
    """The text of each Markdown cell as it was released: with its figures, and trusted."""
    about = resources["nbgrader"]
    folder = source_folder(config, about["assignment"])
    nb = source_notebook(folder / f"{about['notebook']}.ipynb")
    InlineFigures().preprocess(nb, {"nbgrader": about, "metadata": {"path": str(folder)}})
    return {cell.source for cell in nb.cells if cell.cell_type == "markdown"}


def rebuilt(cell, source, prose=frozenset()):
    """A fresh cell with the student's text, or source's where the student may not write.

    Markdown in `prose` is the instructor's; any other loses what a browser would run.
    """
    text = str(cell.get("source", ""))[:MAX_SOURCE]
    kind = cell.cell_type
    if source is not None:
        kind = source.cell_type
        if source.locked or source.test:
            text = source.source
    if kind == "code":
        fresh = bare("code", text, execution_count=None, outputs=[])
    else:
        # Raw cells are shown as they are, which in a web page means that they run.
        ours = kind == "markdown" and text in prose
        ours = ours or (source is not None and not source.solution)
        fresh = bare("markdown", text if ours else quiet_markdown(text))
    fresh.id = str(cell.get("id", ""))
    if source is not None:
        fresh.id = source.grade_id
        fresh.metadata["nbgrader"] = nbgrader_metadata(source)
        fresh.metadata["deletable"] = False
        if not source.solution:
            fresh.metadata["editable"] = False
    return fresh


def bare(kind, text, **more):
    """A cell as nbformat makes it, but not validated: the whole notebook is, when it is written."""
    return NotebookNode(cell_type=kind, source=text, metadata=NotebookNode(), **more)


def nbgrader_metadata(source):
    """The metadata that nbgrader gives this cell in a release."""
    about = {
        "grade_id": source.grade_id,
        "grade": source.grade,
        "solution": source.solution,
        "locked": source.locked,
        "task": False,
        "checksum": source.checksum,
        "cell_type": source.cell_type,
        "schema_version": 3,
    }
    if source.grade:
        about["points"] = source.points
    return about


def place_tests(kept, known):
    """Cells of a submission with source's test cells, in source order.

    A test cell stays where it stood if that keeps source's order; one that was moved or deleted
    comes right after the cell that it follows in source.
    """
    tests = {cell.grade_id: cell for cell in known if cell.test}
    where = {grade_id: index for index, (grade_id, _) in enumerate(kept) if grade_id}
    after, last = {}, -1
    for position, source in enumerate(known):
        index = where.get(source.grade_id)
        if not source.test:
            last = max(last, index) if index is not None else last
            continue
        following = [where[c.grade_id] for c in known[position + 1 :] if c.grade_id in where]
        if index is not None and last <= index and all(index < other for other in following):
            last = index
        after.setdefault(last, []).append(source)
    cells = []
    for index in range(-1, len(kept)):
        if index >= 0 and kept[index][0] not in tests:
            cells.append(kept[index][1])
        for source in after.get(index, []):
            cells.append(rebuilt(bare("code", ""), source))
    return cells


def unique_ids(cells):
    """Give every cell a valid id of its own; cells that source names keep theirs."""
    taken = {cell.id for cell in cells if "nbgrader" in cell.metadata}
    for index, cell in enumerate(cells):
        if "nbgrader" in cell.metadata:
            continue
        if not CELL_ID.fullmatch(cell.id) or cell.id in taken:
            number = index
            while f"cell-{number}" in taken:
                number += len(cells)
            cell.id = f"cell-{number}"
        taken.add(cell.id)
