"""Of a submission nbgrader takes the notebook and nothing else.

nbgrader copies every file of a submission to autograded/ and from there to feedback/, follows
links on its way, and the formgrader serves what lies there in the instructor's session. So a
converter with this exporter copies none of a submission's files; source's own files come from
source, as ever. `c.Autograde.exporter_class` names the exporter.
"""

import glob
import os
import shutil
import stat
from pathlib import Path

from nbformat.v4 import new_markdown_cell
from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException

from grading.active import plain
from grading.reading import SubmissionExporter

TIMESTAMP = "timestamp.txt"
SECRET = "submission_secret.txt"  # nbgrader's exchange asks for it when it gives feedback back
MOST = 20  # files that are named
FORBIDDEN = set("<>\"'&`")


class NotAFile(NbGraderException):
    """A submission that can't be taken; the message says what it is and what to do."""


class OnlyTheNotebook:
    """Mixin for an exporter of Autograde: of a submission, the notebook alone is read."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.course = None
        if isinstance(self.parent, Autograde):
            self.course = self.parent.coursedir
            spare_submitted_files(self.course)
            drop_unsafe_submissions(self.parent)

    def from_filename(self, filename, resources=None, **kw):
        """Convert a notebook. Raises NotAFile if it is none, or lies behind a link."""
        about = (resources or {}).get("nbgrader")
        if self.course is None or about is None:
            return super().from_filename(filename, resources=resources, **kw)
        place = about["student"], about["assignment"]
        if Path(filename).parent == folder_of(self.course, "autograded_directory", place):
            return super().from_filename(filename, resources=resources, **kw)
        refuse_links(Path(filename))
        keep_own_files(self.course, place)
        self.extra = extra_files(Path(filename).parent, source_notebooks(self.course, place))
        for line in self.extra:
            self.log.warning("Not looked at: %s/%s: %s", *place, line)
        return super().from_filename(filename, resources=resources, **kw)

    def from_notebook_node(self, nb, resources=None, **kw):
        """Convert a notebook, with a remark on the files that were not looked at."""
        extra, self.extra = getattr(self, "extra", []), []
        if extra:
            nb.cells.insert(0, remark(extra))
        return super().from_notebook_node(nb, resources=resources, **kw)


class NotebookOnlyExporter(OnlyTheNotebook, SubmissionExporter):
    """nbgrader's exporter, which takes the notebook alone and repairs what is harmless."""


def folder_of(course, kind, place):
    """The folder of a submission: `kind` is a trait of CourseDirectory, place is (student, ...)."""
    return Path(course.format_path(getattr(course, kind), *place))


def spare_submitted_files(course):
    """Make nbgrader ignore whatever lies beside a submitted notebook: it would be copied."""
    mark = "\0"
    folder = course.format_path(course.submitted_directory, mark, mark)
    below = glob.escape(folder).replace(mark, "*")
    patterns = [os.path.join(below, every) for every in ("*", ".*")]
    course.ignore = [*course.ignore, *(p for p in patterns if p not in course.ignore)]


def drop_unsafe_submissions(converter):
    """Leave out submissions that nbgrader must not even look at, with an error in the log.

    Raises NotAFile if no other one is left.
    """
    for folder in list(converter.assignments):
        reason = unsafe(Path(folder))
        if reason:
            del converter.assignments[folder]
            converter.log.error("Not graded: %s: %s", plain(folder, 300), reason)
    if not converter.assignments:
        raise NotAFile(f"Not graded: {plain(folder, 300)}: {reason}")


def unsafe(folder):
    """Why nbgrader must not look at a submission, or None."""
    student = folder.parent.name
    if FORBIDDEN & set(student) or not student.isprintable():
        return "the name of the student's folder would be a program in the formgrader; rename it"
    for name in (TIMESTAMP, SECRET):
        try:
            about = (folder / name).lstat()
        except FileNotFoundError:
            continue
        if not stat.S_ISREG(about.st_mode) or about.st_size > 1000:
            return f"{name} is no small plain file; replace it by one, or remove it"
    return None


def refuse_links(path):
    """Raises NotAFile if a submitted notebook or a folder of it is a link or no plain file."""
    for part in (path, path.parent, path.parent.parent):
        if part.is_symlink():
            raise NotAFile(
                f"{part} is a symbolic link, and links of a submission are never followed. "
                "Put what it should be in its place, then grade again."
            )
    if not stat.S_ISREG(path.lstat().st_mode):
        raise NotAFile(f"{path} is no plain file. Remove it, then grade again.")


def keep_own_files(course, place):
    """Copy what nbgrader itself wrote: the time, to compare with that of the next submission, and
    the exchange's secret."""
    for name in (TIMESTAMP, SECRET):
        path = folder_of(course, "submitted_directory", place) / name
        if path.is_file():  # a plain one: unsafe() has looked
            folder = folder_of(course, "autograded_directory", place)
            folder.mkdir(parents=True, exist_ok=True)
            target = folder / name
            target.unlink(missing_ok=True)
            shutil.copyfile(path, target)


def source_notebooks(course, place):
    """Names of the notebooks of an assignment."""
    folder = folder_of(course, "source_directory", (".", place[1]))
    return {path.name for path in folder.glob("*.ipynb")}


def extra_files(folder, notebooks):
    """A line for each entry of a submission that is not graded, the first ones of many."""
    found = []
    for root, folders, files in os.walk(folder):
        here = Path(root)
        folders[:] = sorted(name for name in folders if name != ".ipynb_checkpoints")
        links = [name for name in folders if (here / name).is_symlink()]
        for name in [*links, *sorted(files)]:
            own = name in notebooks or name in (TIMESTAMP, SECRET)
            if not (here == folder and own):
                found.append((here / name).relative_to(folder))
        if len(found) > MOST:
            break
    lines = [describe(folder, path) for path in found[:MOST]]
    return [*lines, "and more"] if len(found) > MOST else lines


def describe(folder, path):
    """A name as plain text, and what it is if it is no plain file."""
    link = (folder / path).is_symlink()
    return plain(str(path), 200).replace("\n", " ") + (" (a symbolic link)" if link else "")


def remark(extra):
    """A cell that tells the student what was not looked at."""
    # Backticks would end the code span that keeps Markdown from having a meaning.
    names = "\n".join(f"- `{line.replace('`', '')}`" for line in extra)
    text = "**Only the notebook is graded.** These files were handed in with it and not used:\n\n"
    return new_markdown_cell(text + names, id="files-not-used")
