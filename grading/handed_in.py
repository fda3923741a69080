"""From paths to students: which files below a path were handed in by whom."""

import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from grading.intake import Unreadable, walk
from grading.names import COPY, Owner, flat_owner, owner_of


@dataclass
class Submission:
    """What one student handed in, in one go, not opened yet."""

    owner: Owner
    items: list = field(default_factory=list)


@dataclass
class Nobodys:
    """A file whose student can't be told."""

    file: str
    why: str


class Finder:
    """Finds submissions to one assignment."""

    def __init__(self, assignment, notebooks, others, configured, zone=None):
        """`notebooks` of the assignment, names of `others` in the course, and the instructor's
        own `configured` names (grading.names.ConfiguredNames)."""
        self.assignment, self.notebooks, self.others = assignment, notebooks, set(others)
        self.configured, self.zone = configured, zone

    def find(self, path, student=None):
        """(Submissions, Nobodys) below a path: of one student, if that is known."""
        path = Path(path).resolve()
        owner = Owner(student) if student else owner_of(path.name)
        try:
            items = walk(path, self.zone)
        except Unreadable as error:
            owner = owner or owner_of(path.stem)
            if owner is None:
                return [], [Nobodys(path.name, str(error))]
            items = [item for item in walk(path.parent) if item.parts == (path.name,)]
            return [Submission(owner, items)], []
        if path.is_dir() and owner is None:
            items = list(self.opened(items))
        items = [item for item in items if not self.others & set(item.parts[:-1])]
        found, lost = {}, []
        for item, whose in self.owners(path, items, owner):
            if whose is None:
                why = "its name doesn't tell whose it is; take it in with --student"
                lost.append(Nobodys("/".join(item.parts), why))
            else:
                found.setdefault(whose.key, Submission(whose)).items.append(item)
        return list(found.values()), lost

    def opened(self, items):
        """Items with zip files at the top of a folder replaced by what they hold."""
        for item in items:
            if not item.archive or len(item.parts) > 1 or owner_of(item.name):
                yield item
                continue
            stem = Path(item.name).stem
            try:
                members = walk(item.archive, self.zone)
            except Unreadable:
                members = [item]
            for member in members:
                member.parts = (stem, *member.parts)
                member.outer = item
                yield member

    def owners(self, path, items, owner):
        """Pairs of an item and its Owner, or None."""
        if owner is not None:
            return [(item, owner) for item in items]
        places = [self.place(item) for item in items]
        tops = {place[0] for place in places}
        if len(tops) == 1 and all(len(place) > 1 for place in places):
            folders = {place[1] for place in places if len(place) > 2}
            known = any(owner_of(place[1]) for place in places)
            # A folder around the folders of several students is no student.
            if (known or len(folders) > 1) and not owner_of(places[0][0]):
                places = [place[1:] for place in places]
        pairs = [(item, self.owner(item, place)) for item, place in zip(items, places, strict=True)]
        if not path.is_file() or items and items[0].time_from == "zip":
            whole = self.whole(path, items, places, pairs)
            if whole is not None:
                return [(item, whole) for item in items]
        return pairs

    def place(self, item):
        """Folders and name of an item, without the folder of the assignment."""
        return [part for part in item.parts[:-1] if part != self.assignment] + [item.name]

    def owner(self, item, place):
        """The Owner of one item, or None. What a student may name comes last."""
        whose = self.configured.owner("/".join(item.parts)) or owner_of(place[0])
        if whose is None and len(place) > 1:
            whose = Owner(unicodedata.normalize("NFC", place[0]))
            if item.outer is not None and item.parts[0] == place[0]:
                item.time, item.time_from = item.outer.time, item.outer.time_from
        return whose or flat_owner(Path(item.name).stem, self.notebooks)

    def whole(self, path, items, places, pairs):
        """The Owner of a folder or zip file that holds the notebook itself, or None."""
        if any(whose is not None for _, whose in pairs):
            return None
        names = [Path(item.name) for item in items if item.name.lower().endswith(".ipynb")]
        if not names or not all(self.is_copy(name.stem) for name in names):
            return None
        if path.is_file():
            (itself,) = [item for item in walk(path.parent) if item.parts == (path.name,)]
            for item in items:
                item.time, item.time_from = itself.time, itself.time_from
        stem = path.stem if path.is_file() else path.name
        return owner_of(stem) or Owner(unicodedata.normalize("NFC", stem))

    def is_copy(self, stem):
        """Whether a file name is the notebook's, perhaps with a number."""
        for notebook in self.notebooks:
            before, found, after = stem.partition(notebook)
            if found and not before and COPY.fullmatch(after):
                return True
        return False
