"""Grades for a learning platform: plugins for `nbgrader export --exporter`.

    nbgrader export --exporter grading.export.CanvasExporter --to canvas.csv
    nbgrader export --exporter grading.export.MoodleExporter --to moodle.csv

A student without a graded submission gets no grade, not a 0. Late penalties are taken off.
"""

import csv
import re
import sys

from nbgrader.api import Grade, GradeCell, SubmittedAssignment, SubmittedNotebook
from nbgrader.plugins import ExportPlugin
from sqlalchemy import func, or_, select
from traitlets import Dict, Enum, Unicode

# A spreadsheet takes a field that starts like this for a formula, the full-width forms too.
FORMULA = re.compile(r"[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]")


def plain_field(text):
    """Text of others on one line, that no spreadsheet takes for a formula."""
    # One line: Canvas counts the commas of the first lines to find out what separates fields.
    text = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    return f"'{text}" if FORMULA.match(text) else text


def points(value):
    """Points with at most two decimals, as both platforms show them."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


class PlatformExporter(ExportPlugin):
    """What both platforms share: who, which assignments, and how many points."""

    columns = Dict(
        help="Name of an assignment on the platform, if it is another: {nbgrader's: platform's}."
    ).tag(config=True)
    missing = Unicode("", help="What stands for a student without a graded submission.").tag(
        config=True
    )
    encoding = Unicode(
        "utf-8-sig", help="With a byte order mark, which spreadsheets need; platforms accept it."
    ).tag(config=True)
    default_file = "grades.csv"

    def export(self, gradebook):
        """Write the file `to`. Exits with a message if a student or assignment is unknown."""
        assignments = self.chosen(gradebook.assignments, self.assignment, "assignment", "name")
        students = self.chosen(gradebook.students, self.student, "student", "id")
        students.sort(key=lambda s: (s.last_name or "", s.first_name or "", s.id))
        scores = {entry.name: self.scores(gradebook, entry) for entry in assignments}
        path = self.to or self.default_file
        with open(path, "w", encoding=self.encoding, errors="replace", newline="") as stream:
            csv.writer(stream).writerows(self.rows(gradebook, students, assignments, scores))
        self.log.info("Wrote the grades of %d students to %s", len(students), path)

    def chosen(self, entries, names, what, key):
        """The entries of that name, or all if no name is given."""
        names = {str(name) for name in names}
        unknown = names - {getattr(entry, key) for entry in entries}
        if unknown:
            sys.exit(f"export: the gradebook knows no {what} {', '.join(sorted(unknown))}")
        return [entry for entry in entries if not names or getattr(entry, key) in names]

    def scores(self, gradebook, assignment):
        """{student: points after penalties} of graded submissions."""
        graded = or_(Grade.auto_score.is_not(None), Grade.manual_score.is_not(None))
        rows = gradebook.db.execute(
            select(
                SubmittedAssignment.student_id,
                func.sum(Grade.score),
                SubmittedAssignment.late_submission_penalty,
                func.count(Grade.id).filter(Grade.needs_manual_grade),
            )
            .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
            .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
            .where(SubmittedAssignment.assignment_id == assignment.id)
            .group_by(SubmittedAssignment.id)
            .having(func.count(Grade.id).filter(graded) > 0)
        ).all()
        unfinished = sum(bool(by_hand) for *_, by_hand in rows)
        if unfinished:
            self.log.warning(
                "%s: %d submissions wait for points by hand, which are counted as 0",
                assignment.name,
                unfinished,
            )
        return {student: max(0.0, score - (penalty or 0)) for student, score, penalty, _ in rows}

    def cell(self, scores, assignment, student):
        """The field of a student and an assignment."""
        score = scores[assignment.name].get(student.id)
        return self.missing if score is None else points(score)

    def column(self, assignment):
        """Name of an assignment on the platform."""
        return plain_field(self.columns.get(assignment.name, assignment.name))

    def identifier(self, text):
        """An id as it may stand in a file. One that had to be changed will match nobody."""
        field = plain_field(text)
        if field != text:
            self.log.warning(
                "The id %r could be taken for a formula, so it is written as %r, which the "
                "platform will not know. Enter this student's grade by hand.",
                text,
                field,
            )
        return field


class CanvasExporter(PlatformExporter):
    """Canvas's gradebook file, for Grades > Import.

    Canvas finds a student by its own id (the column ID, from lms_user_id), then by SIS ids, then
    by name. An assignment is found by `Name (id)`, then by its name; else a new one is offered.
    """

    student_column = Enum(
        ["SIS Login ID", "SIS User ID", "ID"],
        default_value="SIS Login ID",
        help="Which of Canvas's columns holds what nbgrader calls the id of a student.",
    ).tag(config=True)
    default_file = "canvas.csv"
    about = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")

    def rows(self, gradebook, students, assignments, scores):
        """All rows of the file: a head, the points that can be had, then the students."""
        blank = [""] * (len(self.about) - 1)
        yield [*self.about, *(self.column(entry) for entry in assignments)]
        yield ["    Points Possible", *blank, *(points(entry.max_score) for entry in assignments)]
        for student in students:
            about = dict.fromkeys(self.about, "")
            about["ID"] = self.identifier(student.lms_user_id or "")
            about[self.student_column] = self.identifier(student.id)
            about["Student"] = self.name(student)
            yield [*about.values(), *(self.cell(scores, entry, student) for entry in assignments)]

    def name(self, student):
        """Last name, first name: as Canvas writes it."""
        parts = [part for part in (student.last_name, student.first_name) if part]
        # A row whose name holds these words would set the points of the assignment.
        return plain_field(", ".join(parts) or student.id).replace(
            "Points Possible", "Points\N{NO-BREAK SPACE}Possible"
        )


class MoodleExporter(PlatformExporter):
    """A file for Moodle's Grades > Import > CSV file.

    There, map Username (or ID number, or Email address) to the user, the column of an assignment
    to its grade item, and the column with its feedback to the feedback of that item.
    """

    # Moodle reads this as no grade; an empty field fails where the grade item is new.
    missing = Unicode("-", help="What stands for a student without a graded submission.").tag(
        config=True
    )
    student_column = Enum(
        ["Username", "ID number"],
        default_value="Username",
        help="Which of Moodle's fields holds what nbgrader calls the id of a student.",
    ).tag(config=True)
    default_file = "moodle.csv"

    def rows(self, gradebook, students, assignments, scores):
        """All rows of the file: a head, then the students."""
        # Moodle gives the grade of a row without an address to the student of the row before, so
        # a column in which one is missing must not be there at all.
        addresses = [student.email for student in students]
        email = all(addresses) and len(set(addresses)) == len(addresses)
        head = [self.student_column, "First name", "Last name"]
        head += ["Email address"] if email else []
        for entry in assignments:
            head += [self.column(entry), f"{self.column(entry)} (feedback)"]
        yield head
        feedback = {entry.name: self.feedback(gradebook, entry) for entry in assignments}
        for student in students:
            row = [self.identifier(student.id)]
            row += [plain_field(student.first_name or ""), plain_field(student.last_name or "")]
            row += [self.identifier(student.email)] if email else []
            for entry in assignments:
                graded = student.id in scores[entry.name]
                said = feedback[entry.name].get(student.id, "") if graded else ""
                row += [self.cell(scores, entry, student), said]
            yield row

    def feedback(self, gradebook, assignment):
        """{student: points of each test cell, and the penalty, in words}."""
        rows = gradebook.db.execute(
            select(
                SubmittedAssignment.student_id,
                SubmittedAssignment.late_submission_penalty,
                GradeCell.name,
                Grade.score,
                GradeCell.max_score,
            )
            .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
            .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
            .join(GradeCell, GradeCell.id == Grade.cell_id)
            .where(SubmittedAssignment.assignment_id == assignment.id)
            .order_by(GradeCell.name)
        )
        said = {}
        for student, penalty, name, score, most in rows:
            lines = said.setdefault(student, [f"late: -{points(penalty)}"] if penalty else [])
            if score < most:
                lines.append(f"{name.removeprefix('test_')} {points(score)} of {points(most)}")
        return {
            student: f"Not all points: {'; '.join(lines)}." if lines else "All points."
            for student, lines in said.items()
        }
