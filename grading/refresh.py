"""Run instructor and lecture notebooks from top to bottom and keep them clean.

nbval compares what a notebook shows with what it computes, so outputs are committed; what
only says who ran it, when, and on which version, is not.
"""

import os
import re
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from grading import bank
from grading.hints import write_hints

NOTEBOOK_METADATA = {"kernelspec", "language_info"}
CELL_METADATA = {"nbgrader", "tags"}
# The name of a widget in a kernel that is gone: a front end shows an error in its place.
WIDGET = "application/vnd.jupyter.widget-view+json"
KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}
TIMEOUT = 120  # seconds a cell


def tidy(nb):
    """Reduce metadata to the allow-list and number code cells from 1; changes nb in place."""
    nb.metadata = nbformat.from_dict(
        {"kernelspec": KERNELSPEC, "language_info": {"name": "python"}}
    )
    count = 0
    for cell in nb.cells:
        cell.metadata = nbformat.from_dict(
            {key: value for key, value in cell.metadata.items() if key in CELL_METADATA}
        )
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
            for output in cell.outputs:
                if "execution_count" in output:
                    output.execution_count = count
                if "data" in output:
                    output.data.pop(WIDGET, None)
                if "data" in output and "image/png" in output.data:
                    # "<Figure size 500x400 with 1 Axes>" says nothing that the picture does not.
                    output.metadata = nbformat.from_dict({})
    return nb


def expected_outputs(nb):
    """Pairs (example cell, expected cell): `example_f` prints what `expected_f` promises."""
    by_id = {cell.id: cell for cell in nb.cells}
    return [
        (by_id[f"example_{name[9:]}"], cell)
        for name, cell in by_id.items()
        if name.startswith("expected_")
    ]


def printed(cell):
    """What a code cell wrote to standard output, without trailing space."""
    streams = [o.text for o in cell.outputs if o.output_type == "stream" and o.name == "stdout"]
    return "\n".join(line.rstrip() for line in "".join(streams).rstrip().split("\n"))


FENCED = re.compile(r"```text\n(.*?)\n```", re.DOTALL)


def refresh(path):
    """Execute one notebook in its folder, update its expected outputs, tidy and write it.

    Beside an instructor notebook it first writes the checks and the hints of its test cells, and
    the students' tools.
    """
    path = Path(path)
    assignment = path.parent.name
    if bank.exists(assignment):
        write_hints(path, assignment)
        for helper in sorted((bank.ROOT / "student").glob("*.py")):
            (path.parent / helper.name).write_bytes(helper.read_bytes())
    nb = nbformat.read(path, as_version=4)
    # A text written in two goes may arrive in one or two pieces: join them.
    client = NotebookClient(
        nb, timeout=TIMEOUT, coalesce_streams=True, resources={"metadata": {"path": path.parent}}
    )
    # Threads of a matrix product wait for each other, and on a busy machine they wait long.
    client.execute(env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})
    for example, expected in expected_outputs(nb):
        head, _, tail = FENCED.split(expected.source, maxsplit=1)
        expected.source = f"{head}```text\n{printed(example)}\n```{tail}"
    nbformat.write(tidy(nb), path)
