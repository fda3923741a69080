"""`python -m grading collect`: take submissions in, whatever they look like.

Every version is kept as it was handed in; the one that counts is filed under submitted/, where
nbgrader finds it; every submission gets a verdict. `grading.verdicts` says what is where.
"""

import os
import re
import shutil
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import parse_utc
from traitlets import Enum, TraitError, Unicode
from traitlets.config import LoggingConfigurable

from grading import verdicts
from grading.active import plain
from grading.examine import Examiner, without_platform
from grading.handed_in import Finder, Submission
from grading.intake import walk
from grading.names import ConfiguredNames, KnownStudent, Owner, Roster, is_safe
from grading.reading import SubmissionExporter
from grading.settings import CourseError, load_config
from grading.verdicts import GRADED, NOT_GRADABLE, REPAIRED, Verdict, with_remark

NUMBERED = re.compile(r"[\s_-]*(?:\((\d+)\)|copy\s*(\d*)|-(\d+)|_(\d+))\s*$", re.IGNORECASE)


class Collect(LoggingConfigurable):
    """Settings for taking submissions in."""

    counts = Enum(
        ("last", "best"),
        default_value="last",
        help="Which version of a submission counts: the last one in time, or the best one, "
        "which a trial grading of each version finds. A version that can't be graded never "
        "counts if another one can.",
    ).tag(config=True)
    timezone = Unicode(
        "",
        help="Time zone of the clock in zip files, such as Europe/Vienna. Empty: this machine's.",
    ).tag(config=True)


class Collector:
    """Takes submissions to one assignment in."""

    def __init__(self, root, assignment, counts=None, time=None):
        """Raises CourseError for an assignment that the course doesn't have, or bad settings."""
        self.root, self.assignment = Path(root).resolve(), assignment
        self.config = load_config(self.root)
        self.course = CourseDirectory(config=self.config)
        try:
            settings = Collect(config=self.config)
        except TraitError as error:
            raise CourseError(f"nbgrader_config.py: {error}") from None
        self.counts = counts or settings.counts
        try:
            zone = ZoneInfo(settings.timezone) if settings.timezone else None
        except (ZoneInfoNotFoundError, ValueError):
            raise CourseError(f"c.Collect.timezone: no zone {settings.timezone!r}") from None
        source = self.path(self.course.source_directory, ".")
        known = sorted({path.parent.name for path in source.parent.glob("*/*.ipynb")})
        if assignment not in known:
            raise CourseError(
                f"{source.parent} holds no assignment {assignment!r}, but {', '.join(known)}"
            )
        limit = SubmissionExporter(config=self.config).max_size
        self.examiner = Examiner(source, limit, zone, time)
        self.finder = Finder(
            assignment,
            self.examiner.notebooks,
            set(known) - {assignment},
            ConfiguredNames(config=self.config),
            zone,
        )

    def path(self, step, student):
        """The folder of a student's assignment in one of nbgrader's steps."""
        return Path(self.course.format_path(step, student, self.assignment))

    def take_in(self, paths, student=None):
        """Take in all that is below paths, for one student if given. Returns the verdicts on
        the versions that count. Raises CourseError for a path that doesn't exist."""
        missing = [str(path) for path in paths if not Path(path).exists()]
        if missing:
            raise CourseError(f"no such file or folder: {', '.join(missing)}")
        found = [self.finder.find(path, student) for path in paths]
        submissions = [submission for some, _ in found for submission in some]
        lost = [self.nobodys(nobodys) for _, some in found for nobodys in some]
        with verdicts.locked(self.root, self.assignment):
            known = verdicts.load_versions(self.root, self.assignment)
            known = [row for row in known if row.student]
            roster = self.roster()
            touched = set()
            for submission in submissions:
                id_ = student or roster.id_of(submission.owner)
                touched.add(id_)
                known = self.keep_filed(id_, known)
                for version in self.examiner.versions(submission, id_):
                    known = self.keep(version, known)
            known = self.scored(known)
            counting = self.counting(known)
            before = verdicts.load(self.root, self.assignment)
            counting = verdicts.with_grading(counting, before)
            for row in counting:
                if row.gradable and (row.student in touched or row not in before):
                    self.file(row)
            verdicts.save(self.root, self.assignment, counting + lost, known + lost)
        self.note_names(counting)
        return counting + lost

    def nobodys(self, nobodys):
        """The verdict on a file whose student can't be told."""
        file = plain(nobodys.file, 200)
        return Verdict(
            student="",
            notebook=self.examiner.notebooks[0],
            outcome=NOT_GRADABLE,
            why=nobodys.why,
            file=file,
            key=file,
        )

    # Who is who

    def roster(self):
        """Who is known already: from earlier submissions and from the gradebook."""
        taken = []
        for path in sorted(self.root.glob("collected/*/versions.csv")):
            rows = verdicts.read_table(path)
            taken += [(path.parent.name, row.key, row.student) for row in rows if row.student]
        students = []
        if self.gradebook_exists():
            with self.gradebook() as gradebook:
                students = [KnownStudent.of(student) for student in gradebook.students]
        return Roster(taken, students, self.assignment)

    def gradebook(self):
        return Gradebook(self.course.db_url, self.course.course_id)

    def gradebook_exists(self):
        """Whether there is a gradebook; asking nbgrader would make one."""
        path = self.course.db_url.removeprefix("sqlite:///")
        return path == self.course.db_url or Path(path).exists()

    def note_names(self, rows):
        """Tell the gradebook the names that a platform shows, where it has none."""
        shown = {row.student: row for row in rows if row.name}
        if not shown or not self.gradebook_exists():
            return
        with self.gradebook() as gradebook:
            named = {s.id for s in gradebook.students if s.first_name or s.last_name}
            for id_ in sorted(set(shown) - named):
                row = shown[id_]
                first, _, last = row.name.rpartition(" ")
                about = {"first_name": first or None, "last_name": last}
                if row.key.startswith("canvas:"):
                    about["lms_user_id"] = row.key.partition(":")[2]
                gradebook.update_or_create_student(id_, **about)

    # Keeping versions

    def keep(self, version, known):
        """Store a version unless it is known. Returns all versions."""
        row = version.verdict
        mine = [old for old in known if old.student == row.student]
        same = [old for old in mine if old.sha256 == row.sha256]
        last = max(mine, key=in_time, default=None)
        # The time of a file changes when it is copied, so it alone makes no new version.
        if same and (
            row.time_from == "file" or last in same or any(old.time == row.time for old in same)
        ):
            old = same[-1]
            # What is said of it may change with the source.
            judged = {key: getattr(row, key) for key in ("notebook", "outcome", "repairs", "why")}
            fresh = replace(old, **judged, remarks=row.remarks, name=old.name or row.name)
            return [fresh if entry is old else entry for entry in known]
        row = replace(row, version=max((old.version for old in mine), default=0) + 1)
        for name, data in version.files.items():
            path = self.version_folder(row) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return [*known, row]

    def version_folder(self, row):
        """Where the files of a version are kept."""
        return verdicts.folder(self.root, self.assignment) / row.student / str(row.version)

    def keep_filed(self, student, known):
        """Keep what somebody else put under submitted/, before it is replaced."""
        folder = self.path(self.course.submitted_directory, student)
        filed = [path.read_bytes() for path in folder.glob("*.ipynb") if path.is_file()]
        kept = [self.version_folder(row) / row.file for row in known if row.student == student]
        have = {path.read_bytes() for path in kept if path.is_file()}
        if not set(filed) - have:
            return known
        for version in self.examiner.versions(Submission(Owner(student), walk(folder)), student):
            if version.files[version.verdict.file] not in have:
                known = self.keep(version, known)
        return known

    # Which one counts

    def scored(self, known):
        """All versions, with the points of a trial grading where the best one counts."""
        if self.counts != "best":
            return known
        from grading.trial import scored

        return scored(self, known)

    def counting(self, known):
        """The verdict on the version that counts, for each student and notebook."""
        groups = {}
        for row in known:
            groups.setdefault((row.student, row.notebook), []).append(row)
        chosen = []
        for rows in groups.values():
            rank = in_time if self.counts == "last" else by_score
            row = max([row for row in rows if row.gradable] or rows, key=rank)
            last = max(rows, key=in_time)
            if row is not last and not last.gradable:
                row = with_remark(row, f"version {last.version} is not gradable: {last.why}")
            if len(rows) > 1:
                row = with_remark(row, f"version {row.version} of {len(rows)} counts")
            chosen.append(row)
        return sorted(chosen, key=lambda row: row.order)

    # Filing

    def file(self, row, folder=None):
        """Put a version where nbgrader looks for it, or into another folder."""
        ours = folder is None
        folder = folder or self.path(self.course.submitted_directory, row.student)
        data = (self.version_folder(row) / row.file).read_bytes()
        stamp = ""
        if row.time:
            time = datetime.fromisoformat(row.time).astimezone(UTC)
            stamp = time.strftime("%Y-%m-%d %H:%M:%S.%f UTC")
        notebook, timestamp = folder / f"{row.notebook}.ipynb", folder / "timestamp.txt"
        old = notebook.read_bytes() if notebook.is_file() else None
        old_stamp = timestamp.read_text(encoding="utf-8") if timestamp.is_file() else ""
        if old == data and same_time(old_stamp, stamp):
            return
        folder.mkdir(parents=True, exist_ok=True)
        write(notebook, data)
        if stamp:
            write(timestamp, f"{stamp}\n".encode())
        else:
            timestamp.unlink(missing_ok=True)
        if ours:
            self.forget_stale(row, stamp)

    def forget_stale(self, row, stamp):
        """Remove the autograded copy of another version if nbgrader would take it for current.

        nbgrader grades again only what is newer. Grades by hand are in the gradebook, and stay.
        """
        folder = self.path(self.course.autograded_directory, row.student)
        if folder.is_dir():
            graded = self.course.get_existing_timestamp(str(folder))
            if not (stamp and graded and parse_utc(stamp) > graded):
                shutil.rmtree(folder)


def in_time(row):
    """Sort key of versions: later ones are larger. Of one time, a name like the notebook's wins,
    then the larger number in it."""
    name = Path(without_platform(row.file.rpartition("/")[2])).stem
    number = NUMBERED.search(name)
    number = int(next(filter(None, number.groups()), 1)) if number else 0
    return row.time, row.notebook in name, number, row.version


def by_score(row):
    """Sort key of versions: better ones are larger, then later ones."""
    return float(row.score or -1), *in_time(row)


def same_time(old, new):
    """Whether two timestamps, texts, mean one time."""
    try:
        return parse_utc(old.strip() or None) == parse_utc(new.strip() or None)
    except (ValueError, OverflowError):
        return False


def write(path, data):
    """Write a file in one step."""
    draft = path.with_name(path.name + ".new")
    draft.write_bytes(data)
    os.replace(draft, path)


def summary(rows):
    """What to show on screen: a line for each submission that needs a look, and a count."""
    lines = []
    for row in rows:
        said = [("repaired: ", row.repairs), ("NOT GRADABLE: ", row.why), ("", row.remarks)]
        said = "; ".join(head + text for head, text in said if text)
        if said:
            lines.append(f"  {row.student or row.file}{row.name and f' ({row.name})'}: {said}")
    plain_, repaired, not_gradable = (
        sum(row.outcome == outcome for row in rows) for outcome in (GRADED, REPAIRED, NOT_GRADABLE)
    )
    lines.append(
        f"{len(rows)} submissions: {plain_} gradable as they are, {repaired} after repair, "
        f"{not_gradable} not gradable"
    )
    return "\n".join(lines)


def run(assignment, paths, student=None, counts=None, time=None):
    """The command. Exits with a message if there is nothing to take in."""
    try:
        if student is not None and not is_safe(student):
            raise CourseError(f"{student!r} can't be a student id; letters, digits and . _ @ - can")
        rows = Collector(Path.cwd(), assignment, counts, time).take_in(paths, student)
    except CourseError as error:
        sys.exit(f"collect: {error}")
    if not rows:
        sys.exit("collect: no submission was found there")
    print(summary(rows))
    print(f"All of them: collected/{assignment}/verdicts.csv")
