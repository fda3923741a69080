"""From the files that a student handed in to versions, each with a verdict."""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from nbgrader.utils import parse_utc

from grading.active import plain
from grading.intake import OTHER_ARCHIVES, unpacked
from grading.names import CANVAS, CANVAS_ANONYMOUS, MOODLE
from grading.reading import NotGradable, named, read_notebook
from grading.repair import load_assignment, other_assignments, repair
from grading.verdicts import GRADED, NOT_GRADABLE, REPAIRED, Verdict

MAX_NOTEBOOKS = 20  # of one student, in one go
FORBIDDEN = re.compile(r'[\x00-\x1f<>:"|?*\\/]')
LOOKS_LIKE_A_NOTEBOOK = re.compile(rb'"(cells|worksheets)"\s*:\s*\[')


@dataclass
class Version:
    """One version of a submission, in memory."""

    verdict: Verdict
    files: dict  # {relative path: bytes}


@dataclass
class Finding:
    """What there is to say of a notebook file."""

    notebook: str
    outcome: str
    repairs: list
    remarks: list
    why: str = ""


class Examiner:
    """Judges what was handed in for one assignment; reads, and changes nothing."""

    def __init__(self, source, limit, zone=None, time=None):
        """`source` is the assignment's source folder, `limit` the bytes of a file, `time` when
        everything was handed in, if the files don't say."""
        self.source, self.limit, self.zone, self.time = Path(source), limit, zone, time
        self.notebooks = sorted(path.stem for path in self.source.glob("*.ipynb"))

    def versions(self, submission, student):
        """Versions in a Submission: one for each notebook, or one that says why there is none."""
        try:
            return self.opened(submission, student)
        except Exception as error:  # one submission must not stop the others
            why = f"it could not be examined ({type(error).__name__}: {error}); look at it by hand"
            finding = Finding(self.notebooks[0], NOT_GRADABLE, [], [], why)
            return [version(submission, student, finding, (None, ""), [])]

    def opened(self, submission, student):
        """As `versions`; an unforeseen error is raised."""
        files, troubles = unpacked(submission.items, self.limit, self.zone)
        files = [entry for entry in files if not is_platforms(entry[0])]
        times = {parts[:-1]: data for parts, _, data in files if parts[-1] == "timestamp.txt"}
        files = [entry for entry in files if entry[0][-1] != "timestamp.txt"]
        candidates = [entry for entry in files if is_candidate(entry)]
        others = [(entry[0], entry[2]) for entry in files if not is_candidate(entry)]
        others += [(parts, data) for parts, _, data in troubles if data]
        made, said = [], [f"{plain(parts[-1], 80)}: {why}" for parts, why, _ in troubles]
        if len(said) > 3:
            said = [*said[:3], f"and {len(said) - 3} more files that can't be read"]
        if len(candidates) > MAX_NOTEBOOKS:
            said.append(f"only {MAX_NOTEBOOKS} of {len(candidates)} notebooks were looked at")
            candidates.sort(key=lambda entry: self.notebooks[0] not in entry[0][-1])
            candidates = candidates[:MAX_NOTEBOOKS]
        for parts, item, data in candidates:
            finding = self.judge(parts[-1], data)
            finding.remarks += said
            time = self.time_of(item, submission.owner, times.get(parts[:-1]))
            # What came with several notebooks is kept once.
            kept = [(parts, data), *(others if item is candidates[-1][1] else [])]
            made.append(version(submission, student, finding, time, kept))
        if not made:
            why = why_nothing(others, said)
            finding = Finding(self.notebooks[0], NOT_GRADABLE, [], [], why)
            stamp = next(iter(times.values()), None)
            time = self.time_of(submission.items[0], submission.owner, stamp)
            made.append(version(submission, student, finding, time, others))
        return made

    def judge(self, name, data):
        """The Finding on a notebook file."""
        finding = Finding(self.notebook_named(name), GRADED, [], [])
        try:
            nb, finding.repairs = read_notebook(data, self.limit)
            if len(self.notebooks) > 1 and finding.notebook not in name:
                finding.notebook = max(self.notebooks, key=lambda n: self.load(n).likeness(nb))
            others = other_assignments(self.source)
            repairs, finding.remarks = repair(nb, self.load(finding.notebook), others)
            finding.repairs += repairs
        except NotGradable as error:
            finding.outcome, finding.why, finding.repairs = NOT_GRADABLE, str(error), []
            return finding
        if without_platform(name) != f"{finding.notebook}.ipynb":
            finding.repairs.insert(0, f"renamed from {plain(name, 60)!r}")
        if finding.repairs:
            finding.outcome = REPAIRED
        return finding

    def load(self, notebook):
        """What a notebook of the assignment is compared with."""
        return load_assignment(self.source / f"{notebook}.ipynb")

    def notebook_named(self, name):
        """The notebook that a file name means: the one in its name, else the first."""
        return next((known for known in self.notebooks if known in name), self.notebooks[0])

    def time_of(self, item, owner, stamp):
        """(aware datetime or None, where it comes from)."""
        if self.time:
            return self.time, "option"
        if stamp:
            try:
                time = parse_utc(stamp.decode("utf-8", "replace").strip())
                return time.replace(tzinfo=UTC), "timestamp.txt"
            except (ValueError, OverflowError):
                pass
        if owner.time:
            return owner.time.replace(tzinfo=UTC), "name"
        return item.time, item.time_from if item.time else ""


def version(submission, student, finding, time, kept):
    """A Version of a notebook and what came with it; its number comes later."""
    files = file_names(kept)
    sha = hashlib.sha256()
    for name, data in sorted(files.items()):
        sha.update(name.encode() + b"\0" + hashlib.sha256(data).digest())
    late = ["the platform marks it late"] if submission.owner.late else []
    verdict = Verdict(
        student=student,
        notebook=finding.notebook,
        outcome=finding.outcome,
        name=plain(submission.owner.name, 100),
        repairs=in_one_line(finding.repairs),
        why=in_one_line([finding.why]),
        remarks=in_one_line([*finding.remarks, *late]),
        time=time[0].astimezone(UTC).isoformat() if time[0] else "",
        time_from=time[1],
        file=next(iter(files), ""),
        sha256=sha.hexdigest(),
        key=submission.owner.key,
    )
    return Version(verdict, files)


def in_one_line(texts):
    """Texts, some of which hold what a student wrote, as one line."""
    return "; ".join(plain(" ".join(text.split()), 300) for text in texts)


def is_platforms(parts):
    """Whether a file is a platform's own: Moodle's online text and comments."""
    own = ("_assignsubmission_onlinetext", "_assignsubmission_comments")
    return any(word in part for part in parts for word in own)


def is_candidate(entry):
    """Whether a file was meant to be the notebook."""
    name, data = entry[0][-1].lower(), entry[2]
    if name.endswith(".ipynb"):
        return True
    looks = LOOKS_LIKE_A_NOTEBOOK.search(data) and b'"nbformat"' in data
    return bool(looks) and (".ipynb" in name or name.endswith((".json", ".txt", ".nb")))


def why_nothing(others, said):
    """Why there is nothing to grade; `said` is the trouble with single files."""
    names = [plain(parts[-1], 80) for parts, _ in others]
    archives = [name for name in names if name.lower().endswith(OTHER_ARCHIVES)]
    if said:
        return "; ".join(said)
    if archives:
        return f"{named(archives, 3)} can't be opened; hand in the notebook, or a zip file"
    return f"no notebook, only {named(names, 3)}" if names else "nothing was handed in"


def without_platform(name):
    """A file name without what the learning platform put around it."""
    for pattern in (MOODLE, CANVAS, CANVAS_ANONYMOUS):
        match = pattern.fullmatch(name)
        if match:
            # Canvas numbers what is handed in again.
            name = match["file"]
            return name if pattern is MOODLE else re.sub(r"-\d+(?=\.\w+$)", "", name)
    return name


def file_names(kept):
    """{safe relative path: bytes} of (parts, bytes), different in any case, first one first."""
    folders = [parts[:-1] for parts, _ in kept]
    common = 0
    while folders and all(len(f) > common and f[common] == folders[0][common] for f in folders):
        common += 1
    names, taken = {}, set()
    for parts, data in kept:
        parts = [FORBIDDEN.sub("_", part)[:100].strip(" ") for part in parts[common:]]
        parts = [part if part.strip(".") else "_" for part in parts]
        name = "/".join(parts[-4:])
        while name.casefold() in taken:
            name = f"{name}_"
        taken.add(name.casefold())
        names[name] = data
    return names
