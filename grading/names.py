"""Whose submission is it? Student ids from the names that learning platforms give files.

Names that are known, at any depth of a download:

    Moodle   Ada Lovelace_123456_assignsubmission_file_/step_by_step.ipynb
             Ada Lovelace_123456_assignsubmission_file_step_by_step.ipynb
    Canvas   lovelaceada_12345_67890_step_by_step-1.ipynb, lovelaceada_LATE_12345_67890_...
    plain    STUDENT/step_by_step.ipynb, STUDENT/ASSIGNMENT/step_by_step.ipynb
    flat     STUDENT_step_by_step.ipynb, step_by_step_STUDENT.ipynb

For others, set `c.FileNameCollectorPlugin.named_regexp` as in nbgrader's manual of zip_collect.
"""

import hashlib
import re
import unicodedata
from dataclasses import dataclass

from nbgrader.plugins import FileNameCollectorPlugin
from nbgrader.utils import parse_utc

MOODLE = re.compile(
    r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext|comments)_?(?P<file>.*)"
)
CANVAS = re.compile(r"(?P<name>[^_/]+)_(?:(?P<late>LATE)_)?(?P<id>\d+)_\d+_(?P<file>.+)", re.DOTALL)
CANVAS_ANONYMOUS = re.compile(
    r"(?P<name>anon)_(?:(?P<late>LATE)_)?(?P<id>[A-Za-z0-9]{5})_\d+_(?P<file>.+)", re.DOTALL
)
COPY = re.compile(
    r"[\s_.-]*(?:copy|kopie|copie|final|new|solution|solved|done|version|v)?[\s_.-]*"
    r"[(\[]?\d*[)\]]?[\s_.-]*",
    re.IGNORECASE,
)
RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
MAX_ID = 64


@dataclass(frozen=True)
class Owner:
    """Whose a file is, as far as its path says."""

    key: str  # as the platform or the folder has it, in NFC
    platform: str = ""  # "moodle", "canvas" or ""
    number: str = ""  # the platform's id of the student, or of the participant with Moodle
    name: str = ""  # the name on display
    late: bool = False  # marked late by the platform
    time: object = None  # aware datetime, if the name holds one


def owner_of(part):
    """The Owner in one part of a path that a platform made, or None."""
    part = unicodedata.normalize("NFC", part)
    for platform, pattern in (
        ("moodle", MOODLE),
        ("canvas", CANVAS),
        ("canvas", CANVAS_ANONYMOUS),
    ):
        match = pattern.fullmatch(part)
        if match:
            late = bool(match.groupdict().get("late"))
            name = match["name"].strip()
            return Owner(f"{platform}:{match['id']}", platform, match["id"], name, late)
    return None


def flat_owner(stem, notebooks):
    """The Owner in a file name such as ada_step_by_step or step_by_step-ada, or None."""
    stem = unicodedata.normalize("NFC", stem)
    for notebook in notebooks:
        before, found, after = stem.partition(notebook)
        key = (before or after).strip(" _-.()[]") if found and not (before and after) else ""
        if key and not COPY.fullmatch(key):
            return Owner(key)
    return None


class ConfiguredNames(FileNameCollectorPlugin):
    """nbgrader's collector, with the instructor's `named_regexp`, if there is one."""

    def owner(self, path):
        """The Owner that `named_regexp` finds in a path, or None."""
        found = self._match(path) if self.named_regexp else None
        if not found or not found.get("student_id"):
            return None
        names = [found.get("first_name"), found.get("last_name")]
        time = found.get("timestamp")
        try:
            time = parse_utc(time) if time else None
        except ValueError:
            time = None
        key = unicodedata.normalize("NFC", found["student_id"])
        return Owner(key, name=" ".join(filter(None, names)), time=time)


def safe_id(text):
    """A student id that every file system, shell and part of nbgrader takes.

    Letters, digits and . _ @ - stay; nbgrader builds globs, regular expressions, format
    strings and lists of these ids, so nothing else does.
    """
    text = unicodedata.normalize("NFC", text)
    text = re.sub(r"[^\w.@-]+", "_", text).strip("._-")
    if not text or RESERVED.fullmatch(text):
        text = f"student_{text or digest(text)}"
    if len(text.encode()) > MAX_ID:
        while len(text.encode()) > MAX_ID - 7:
            text = text[:-1]
        text = f"{text}-{digest(text)}"
    return text


def digest(text):
    """Six letters that tell texts apart."""
    return hashlib.sha256(text.encode()).hexdigest()[:6]


@dataclass(frozen=True)
class KnownStudent:
    """A student of the gradebook."""

    id: str
    first_name: str | None = None
    last_name: str | None = None
    lms_user_id: str | None = None

    @classmethod
    def of(cls, student):
        """A copy of nbgrader's record that outlives the gradebook."""
        return cls(student.id, student.first_name, student.last_name, student.lms_user_id)


class Roster:
    """Student ids by what platforms call them; no two differ in case only."""

    def __init__(self, taken_in=(), students=(), assignment=""):
        """`taken_in` holds (assignment, key, id) of submissions; `students` are KnownStudents."""
        self.ids = {key: student for _, key, student in taken_in}
        self.here = {
            (platform_of(key), student) for where, key, student in taken_in if where == assignment
        }
        self.students = {student.id for student in students}
        self.by_number, self.by_name = {}, {}
        for student in students:
            if student.lms_user_id:
                self.by_number[str(student.lms_user_id)] = student.id
            name = folded(" ".join(filter(None, [student.first_name, student.last_name])))
            if name:
                self.by_name.setdefault(name, []).append(student.id)

    def id_of(self, owner):
        """The student id of an Owner: known, or a new one."""
        if owner.key not in self.ids:
            self.ids[owner.key] = self.known(owner) or self.fresh(owner)
        student = self.ids[owner.key]
        self.here.add((owner.platform, student))
        return student

    def known(self, owner):
        """The id of a student in the gradebook, or None."""
        if not owner.platform:
            return owner.key if owner.key in self.students and is_safe(owner.key) else None
        if owner.platform == "canvas" and owner.number in self.by_number:
            return self.by_number[owner.number]
        # Moodle numbers a student anew in each assignment. A name will do, if only one student
        # has it, and no other submission to this assignment was taken for theirs.
        same = self.by_name.get(folded(owner.name), [])
        if len(same) == 1 and (owner.platform, same[0]) not in self.here:
            return same[0]
        return None

    def fresh(self, owner):
        """An id that nobody has."""
        wanted = safe_id(owner.number or owner.key)
        taken = {name.casefold() for name in [*self.ids.values(), *self.students]}
        if wanted.casefold() in taken:
            wanted = safe_id(f"{wanted[: MAX_ID - 8]}-{digest(owner.key)}")
        return wanted


def is_safe(text):
    """Whether a text may be a student id as it is."""
    return safe_id(text) == text


def platform_of(key):
    """The platform that a key names, or an empty text."""
    platform, colon, _ = key.partition(":")
    return platform if colon and platform in ("moodle", "canvas") else ""


def folded(name):
    """A name for comparison: letters only, in one case."""
    return " ".join(re.findall(r"\w+", unicodedata.normalize("NFC", name).casefold()))
