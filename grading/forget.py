"""`python -m grading forget`: remove all that a course folder keeps of one student."""

import csv
import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.coursedir import CourseDirectory
from sqlalchemy import text

from grading.settings import CourseError, load_config
from grading.verdicts import unquoted

TEXT = (".csv", ".html", ".json", ".log", ".md", ".txt")
MAX_SEARCHED = 50 * 2**20
SEARCHED_NOT = ("source", "release", "submitted", "autograded", "feedback", "collected", ".git",
                ".venv", "grading", "tests")  # fmt: skip


@dataclass
class Kept:
    """What a course folder keeps of a student."""

    folders: list
    tables: list  # CSV files with rows of the student
    submissions: int  # in the gradebook; None if it doesn't know the student
    mentions: list  # other files in which the id stands

    @property
    def nothing(self):
        return not (self.folders or self.tables) and self.submissions is None


class Memory:
    """Finds and removes what is kept of a student."""

    def __init__(self, root, student):
        """Raises CourseError without a course in root."""
        self.root, self.student = Path(root).resolve(), student
        self.word = re.compile(rb"(?<![\w.@-])%b(?![\w@-])" % re.escape(student.encode()))
        self.course = CourseDirectory(config=load_config(self.root))

    def gradebook(self):
        return Gradebook(self.course.db_url, self.course.course_id)

    def kept(self):
        """What is there now."""
        course, folders = self.course, []
        steps = (course.submitted_directory, course.autograded_directory, course.feedback_directory)
        for step in steps:
            folders += same_name(Path(course.format_path(step, ".", ".")), self.student)
        for assignment in sorted(self.root.glob("collected/*")):
            folders += same_name(assignment, self.student)
        # A report on a class of which one is gone is none any more; it is made in seconds.
        reports = sorted(self.root.glob("reports/*/index.html"))
        folders += [page.parent for page in reports if self.word.search(page.read_bytes())]
        tables = [path for path in self.table_paths() if self.rows_of(path)]
        submissions = None
        if self.gradebook_exists():
            with self.gradebook() as gradebook:
                try:
                    submissions = len(gradebook.find_student(self.student).submissions)
                except MissingEntry:
                    pass
        return Kept(folders, tables, submissions, self.mentions(tables))

    def gradebook_exists(self):
        path = self.course.db_url.removeprefix("sqlite:///")
        return path == self.course.db_url or Path(path).exists()

    def table_paths(self):
        """Tables of collecting, and grades that nbgrader exported."""
        return sorted([*self.root.glob("collected/*/*.csv"), *self.root.glob("*.csv")])

    def rows_of(self, path):
        """Numbers of a table's rows that are the student's."""
        rows = read_rows(path)
        names = ("student", "student_id")
        columns = [i for i, name in enumerate(rows[0]) if name in names] if rows else []
        return [
            number
            for number, row in enumerate(rows)
            if number
            and self.student
            and any(i < len(row) and unquoted(row[i]) == self.student for i in columns)
        ]

    def mentions(self, tables):
        """Files of other commands, such as logs and reports, that name the student."""
        found = []
        for root, folders, names in os.walk(self.root):
            if Path(root) == self.root:
                folders[:] = [name for name in folders if name not in SEARCHED_NOT]
            for name in names:
                path = Path(root, name)
                if path in tables or path.suffix not in TEXT or path.is_symlink():
                    continue
                if path.stat().st_size < MAX_SEARCHED:
                    if self.word.search(path.read_bytes()):
                        found.append(path)
        backups = [path for path in self.root.glob("gradebook.db.*") if path.is_file()]
        return sorted(found + backups)

    def remove(self, kept):
        """Remove it. Returns lines that say what was removed."""
        said = []
        for folder in kept.folders:
            files = sum(path.is_file() for path in folder.rglob("*"))
            shutil.rmtree(folder)
            said.append(f"{folder.relative_to(self.root)} ({files} files)")
        for path in kept.tables:
            rows, gone = read_rows(path), self.rows_of(path)
            write_rows(path, [row for number, row in enumerate(rows) if number not in gone])
            said.append(f"{path.relative_to(self.root)} ({len(gone)} rows)")
        if kept.submissions is not None:
            with self.gradebook() as gradebook:
                gradebook.remove_student(self.student)
                if gradebook.engine.dialect.name == "sqlite":
                    # Without it the file would still hold the deleted rows.
                    gradebook.db.execute(text("VACUUM"))
            said.append(f"gradebook (the student and {kept.submissions} submissions)")
        return said


def same_name(folder, name):
    """The folder of that very name, not of one in another case, in a list."""
    if not folder.is_dir() or not name:
        return []
    return [folder / entry.name for entry in os.scandir(folder) if entry.name == name]


def read_rows(path):
    """All rows of a CSV file, as lists."""
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as stream:
        return list(csv.reader(stream))


def write_rows(path, rows):
    """Write a CSV file in one step."""
    draft = path.with_suffix(".new")
    with open(draft, "w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)
    os.replace(draft, path)


def forget(root, student):
    """Remove all that is kept of a student. Returns what was removed and what still names them."""
    memory = Memory(root, student)
    removed = memory.remove(memory.kept())
    return removed, memory.kept().mentions


def run(student, yes=False):
    """The command: asks first, then removes and says what it removed."""
    try:
        memory = Memory(Path.cwd(), student)
    except CourseError as error:
        sys.exit(f"forget: {error}")
    kept = memory.kept()
    if kept.nothing:
        sys.exit(f"forget: nothing is kept of {student!r}; ids are the names in submitted/")
    if not yes:
        print(f"Of {student} this would be removed, grades by hand included:")
        for path in [*kept.folders, *kept.tables]:
            print(f"  {path.relative_to(memory.root)}")
        if kept.submissions is not None:
            print(f"  in the gradebook: the student and {kept.submissions} submissions")
        if not asked():
            sys.exit("forget: nothing was removed")
    print("Removed:")
    for line in memory.remove(kept):
        print(f"  {line}")
    left = memory.kept().mentions
    if left:
        print("Not removed, since they hold more than this student:")
        for path in left:
            print(f"  {path.relative_to(memory.root)}")
    print("The exchange, the learning platform, your downloads and backups are not touched.")


def asked():
    """Whether the answer on the keyboard is yes."""
    try:
        return input("Remove it? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False
