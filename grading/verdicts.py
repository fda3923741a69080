"""What became of every submission: read and written here by collecting, grading and reporting.

All of it is student data and ignored by git. In the course folder:

    collected/ASSIGNMENT/verdicts.csv   a row for each student: the version that counts
    collected/ASSIGNMENT/versions.csv   a row for each version ever handed in
    collected/ASSIGNMENT/STUDENT/1/...  the files of version 1, byte by byte as handed in

Both tables are UTF-8 with the same columns, sorted by student, then version:

    student   nbgrader's student id
    name      the name that the learning platform shows, if any
    notebook  the notebook's name without .ipynb
    version   1, 2, ... in the order of taking in; the time says which was handed in last
    outcome   graded (as it is), repaired (graded after repair) or not_gradable.
              `collect` foresees it; what grades may change it with `record`, for example to
              not_gradable if a submission ends every worker that tries it
    repairs   what was repaired, separated by "; "
    why       why it is not gradable
    remarks   what an instructor may want to know, separated by "; "
    time      when it was handed in, ISO 8601 in UTC; empty if unknown
    time_from where that time comes from: option, timestamp.txt, name, zip, file
    score     points in a trial grading, only where the best version counts; else empty
    file      path of the notebook below collected/ASSIGNMENT/STUDENT/VERSION/
    sha256    of all files of the version
    key       who handed it in, in the platform's words
    by        who said so last: collect, or grading (with `record`); the latter stays until the
              version that counts is another one

For what is in submitted/ without having been collected: `collect ASSIGNMENT submitted`. A file
over the size limit gets its verdict, and is not copied. A submission whose student can't be told
has an empty `student` and version 0; it is kept nowhere. A cell of a table that a
spreadsheet would take for a formula has a ' in front.
"""

import csv
import io
import os
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path

from grading.settings import CourseError

try:
    import fcntl
except ImportError:  # no such locks on Windows: there, one command at a time
    fcntl = None

GRADED, REPAIRED, NOT_GRADABLE = "graded", "repaired", "not_gradable"
FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")


@dataclass(frozen=True)
class Verdict:
    """One row of verdicts.csv or versions.csv; the module's docstring says what each means."""

    student: str
    notebook: str
    outcome: str
    version: int = 0
    name: str = ""
    repairs: str = ""
    why: str = ""
    remarks: str = ""
    time: str = ""
    time_from: str = ""
    score: str = ""
    file: str = ""
    sha256: str = ""
    key: str = ""
    by: str = "collect"

    @property
    def gradable(self):
        return self.outcome != NOT_GRADABLE

    @property
    def order(self):
        """Rows of a table are sorted by this."""
        return self.student, self.notebook, self.version, self.key


COLUMNS = [field.name for field in fields(Verdict)]


def folder(root, assignment):
    """Where the submissions to an assignment are kept."""
    return Path(root, "collected", assignment)


def load(root, assignment):
    """Verdicts on the submissions that count. Empty if nothing was collected."""
    return read_table(folder(root, assignment) / "verdicts.csv")


def load_versions(root, assignment):
    """Verdicts on all versions that were ever handed in."""
    return read_table(folder(root, assignment) / "versions.csv")


def save(root, assignment, verdicts, versions):
    """Write both tables, each whole or not at all. Files that would not change stay untouched."""
    write_table(folder(root, assignment) / "versions.csv", versions)
    write_table(folder(root, assignment) / "verdicts.csv", verdicts)


def record(root, assignment, changed):
    """Replace or add rows of verdicts.csv, by student and notebook. For what grades."""
    changed = [replace(row, by="grading") for row in changed]
    with locked(root, assignment):
        rows = {(row.student, row.notebook): row for row in load(root, assignment)}
        rows.update({(row.student, row.notebook): row for row in changed})
        write_table(folder(root, assignment) / "verdicts.csv", rows.values())


def with_grading(counting, before):
    """Verdicts of collect, but those of grading where the same version still counts."""
    graded = {
        (row.student, row.notebook, row.version, row.sha256): row
        for row in before
        if row.by == "grading"
    }
    return [
        graded.get((row.student, row.notebook, row.version, row.sha256), row) for row in counting
    ]


@contextmanager
def locked(root, assignment):
    """Keep other processes from changing the tables of an assignment meanwhile."""
    path = folder(root, assignment)
    path.mkdir(parents=True, exist_ok=True)
    with open(path / ".lock", "w") as stream:
        if fcntl:
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def read_table(path):
    """Rows of a table; an unknown column is ignored, a missing one is empty.

    Raises CourseError for a table of something else.
    """
    if not path.exists():
        return []
    # A spreadsheet may have saved it.
    with open(path, encoding="utf-8-sig", errors="replace", newline="") as stream:
        table = csv.DictReader(stream)
        if not {"student", "outcome"} <= set(table.fieldnames or ()):
            raise CourseError(
                f"{path} has no columns student and outcome, parted by commas: put the table back "
                "as it was, or remove it and run `collect` again"
            )
        rows = [{name: unquoted(row.get(name) or "") for name in COLUMNS} for row in table]
    return [Verdict(**{**row, "version": int(row["version"] or 0)}) for row in rows]


def write_table(path, rows):
    """Write a table in one step."""
    stream = io.StringIO(newline="")
    table = csv.writer(stream, lineterminator="\n")
    table.writerow(COLUMNS)
    for row in sorted(rows, key=lambda row: row.order):
        table.writerow([quoted(str(getattr(row, name))) for name in COLUMNS])
    data = stream.getvalue().encode("utf-8", "replace")
    if path.exists() and path.read_bytes() == data:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.write_bytes(data)
    os.replace(draft, path)


def quoted(text):
    return "'" + text if text.startswith(FORMULA) else text


def unquoted(text):
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text


def with_remark(verdict, remark):
    """A verdict with one remark more."""
    return replace(verdict, remarks="; ".join(filter(None, [verdict.remarks, remark])))
