"""From the instructor's notebook to the student's: preprocessors for generate_assignment."""

import base64
import json
import mimetypes
import re
from pathlib import Path

from nbgrader import utils
from nbgrader.preprocessors import ClearSolutions, NbGraderPreprocessor
from traitlets import Unicode

# A step is a comment on a line of its own that says how many lines of code it takes:
# "# Size of the output (2 lines)". Other comments speak to instructors and are dropped.
STEP = re.compile(r"^\s*#.*\((?:about )?\d+(?: to \d+)? lines?\)$")


class ReleaseError(Exception):
    """The instructor's notebook can't be released as it stands; the message says why."""


class KeepSteps(ClearSolutions):
    """ClearSolutions that leaves the student a ladder: the steps stay, the code goes.

    Between BEGIN SOLUTION and END SOLUTION, comments that are steps are kept with their
    indentation; everything else becomes one `raise NotImplementedError` that names the
    function (the cell's grade_id).
    """

    stub = Unicode(
        'raise NotImplementedError("{name}: write your code, then delete this line")',
        help="What replaces the code of a solution; {name} is the grade_id of the cell.",
    ).tag(config=True)

    def preprocess_cell(self, cell, resources, cell_index):
        """Clear one cell. Raises ReleaseError for a solution that can't be cleared safely."""
        if cell.cell_type != "code":
            return super().preprocess_cell(cell, resources, cell_index)
        where = f"{resources['nbgrader']['notebook']}.ipynb, cell {cell.get('id', cell_index)}"
        marked = self.begin_solution_delimeter in cell.source
        if not utils.is_solution(cell):
            if marked:
                raise ReleaseError(
                    f"{where}: holds a solution, but is not marked as one. In JupyterLab, "
                    "set its nbgrader type to 'Autograded answer'."
                )
        elif not marked:
            raise ReleaseError(
                f"{where}: is an answer cell without '### {self.begin_solution_delimeter}' and "
                f"'### {self.end_solution_delimeter}'; all of it, imports too, would be lost."
            )
        else:
            cell.source = self.clear(cell.source, cell.metadata.nbgrader.grade_id, where)
        return cell, resources

    def clear(self, source, name, where):
        """The source of a solution cell with each solution replaced by steps and a stub.

        Raises ReleaseError if the markers don't pair up, or the cell is a graded function
        under another name than its grade_id.
        """
        header = re.match(r"# GRADED FUNCTION: (\w+)", source)
        if header and header[1] != name:
            raise ReleaseError(f"{where}: GRADED FUNCTION is {header[1]}, but grade_id is {name}")
        kept, inside = [], False
        for line in source.split("\n"):
            if self.begin_solution_delimeter in line:
                if inside:
                    raise ReleaseError(f"{where}: a solution begins inside a solution")
                inside, indent = True, re.match(r"\s*", line)[0]
            elif self.end_solution_delimeter in line:
                if not inside:
                    raise ReleaseError(f"{where}: a solution ends that did not begin")
                inside = False
                kept.append(indent + self.stub.format(name=name))
            elif not inside or STEP.match(line):
                kept.append(line)
        if inside:
            raise ReleaseError(f"{where}: a solution has no '### {self.end_solution_delimeter}'")
        return "\n".join(kept)


class InlineFigures(NbGraderPreprocessor):
    """Put figures into the notebook, as data URIs, so that one file shows everything.

    Colab and learning platforms show neither files beside a notebook nor attachments.
    """

    figure = re.compile(r'(<img [^>]*?src="|!\[[^\]]*\]\()([^")\s]+)')

    def preprocess(self, nb, resources):
        """Inline all figures of Markdown cells. Raises ReleaseError if one is missing."""
        folder = Path(resources["metadata"]["path"])

        def inline(match):
            before, address = match.groups()
            if address.startswith("data:"):
                return match[0]
            path = folder / address
            if ":" in address or not path.is_file():
                raise ReleaseError(
                    f"{resources['nbgrader']['notebook']}.ipynb: figure {address} is not a file "
                    f"beside the notebook. `make figures` draws the figures."
                )
            kind = mimetypes.guess_type(path.name)[0]
            return f"{before}data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"

        for cell in nb.cells:
            if cell.cell_type == "markdown":
                cell.source = self.figure.sub(inline, cell.source)
        return nb, resources


class KeepReleased(NbGraderPreprocessor):
    """Write `released.json` beside the student's notebook: what was handed out, once more.

    From it `renew.py` brings back a spoilt cell, and `hand_in.py` tells what is still to write.
    It is no notebook, so no collecting of submissions takes it for one.
    """

    def preprocess(self, nb, resources):
        """Add the file to what nbconvert's writer writes; the notebook stays as it is."""
        about = resources["nbgrader"]
        content = {
            "assignment": about["assignment"],
            "notebook": about["notebook"],
            "metadata": nb.metadata,
            "cells": nb.cells,
        }
        text = json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
        files = resources.get("outputs") or {}
        resources["outputs"] = {**files, "released.json": text.encode("utf-8")}
        return nb, resources
