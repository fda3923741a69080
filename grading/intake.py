"""Walk over what was handed in: folders, files and zip files inside each other.

Nothing is unpacked to disk and no name inside an archive is used as a path: bytes are read into
memory, within limits, and `grading.collect` decides where they go.
"""

import io
import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath, PureWindowsPath

from grading.reading import MIB

MAX_DEPTH = 3  # zip in zip in zip
MAX_MEMBERS = 2000  # in the zip of one student
MAX_CLASS_MEMBERS = 200_000  # in the zip of a class
MAX_TOTAL = 400 * MIB  # of one student, unpacked
TOO_MUCH = f"left out, since all of it is more than {MAX_TOTAL // MIB} MiB"
RUBBISH = (".ds_store", "thumbs.db", "desktop.ini", "submission_secret.txt")
RUBBISH_FOLDERS = ("__macosx", ".ipynb_checkpoints", "__pycache__", ".git", ".venv")
OTHER_ARCHIVES = (".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz")


class Unreadable(Exception):
    """A file or archive that can't be taken in; the message says why."""


@dataclass
class Item:
    """One file, wherever it is."""

    parts: tuple  # names of folders and archives, then the file's own
    size: int
    time: datetime | None  # aware, UTC
    time_from: str  # "zip" or "file"
    open: Callable  # returns the bytes, or raises Unreadable
    archive: Path | None = None  # for a zip file that is a file on disk
    outer: object = None  # the Item of the zip file that this one was in, if that was on disk

    @property
    def name(self):
        return self.parts[-1]

    def read(self, limit):
        """The bytes. Raises Unreadable, also if there are more than `limit`."""
        if self.size > limit:
            raise Unreadable(too_large(limit))
        return self.open(limit)


def too_large(limit):
    return f"over the size limit of {limit / MIB:g} MiB"


def is_rubbish(parts):
    """Whether a file is made by a system or an editor, not by a student."""
    folders, name = [part.lower() for part in parts[:-1]], parts[-1].lower()
    return name in RUBBISH or name.startswith("._") or any(f in RUBBISH_FOLDERS for f in folders)


def is_zip(data):
    """Whether bytes start as a zip file does, an empty or a split one included."""
    return data[:4] in (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")


def walk(path, zone=None):
    """Items of a folder, a file, or a zip file given by path. Zip files in a folder stay closed.

    Symbolic links are not followed: what they lead to was not handed in.
    """
    path = Path(path)
    if path.is_file():
        item = file_item(path, (path.name,))
        return list(zip_items(path, (), zone)) if item.archive else [item]
    found = []
    for root, folders, names in os.walk(path):
        folders[:] = sorted(f for f in folders if not Path(root, f).is_symlink())
        for name in sorted(names):
            file = Path(root, name)
            if file.is_file() and not file.is_symlink():
                parts = file.relative_to(path).parts
                if not is_rubbish(parts):
                    found.append(file_item(file, parts))
    return found


def file_item(path, parts):
    """The Item of a file on disk."""
    about = path.stat()

    def read(limit):
        try:
            with open(path, "rb") as stream:
                data = stream.read(limit + 1)
        except OSError as error:
            raise Unreadable(f"can't be read: {error.strerror}") from None
        if len(data) > limit:
            raise Unreadable(too_large(limit))
        return data

    with open(path, "rb") as stream:
        archive = path if is_zip(stream.read(4)) else None
    time = datetime.fromtimestamp(about.st_mtime, UTC)
    return Item(parts, about.st_size, time, "file", read, archive)


def zip_items(source, parts, zone=None, most=MAX_CLASS_MEMBERS):
    """Items in a zip file: `source` is a path or bytes, `parts` where it stands.

    Raises Unreadable if it is no good as a whole. Of a member that is no good, reading raises.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source)
        members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, struct.error, NotImplementedError) as error:
        raise Unreadable(f"a broken zip file: {error}") from None
    if len(members) > most:
        raise Unreadable(f"a zip file with more than {most} entries")
    for member in members:
        name = member.filename
        if member.is_dir():
            continue
        inside = tuple(part for part in PurePosixPath(name.replace("\\", "/")).parts)
        climbs = ".." in inside or name.startswith(("/", "\\")) or PureWindowsPath(name).drive
        if climbs:
            inside = tuple(part.strip(":\\/") for part in inside if part not in ("..", "/"))
        full = (*parts, *filter(None, inside))
        if not is_rubbish(full):
            yield Item(
                full,
                member.file_size,
                zip_time(member, zone),
                "zip",
                reader(archive, member, climbs),
            )


def reader(archive, member, climbs):
    """A function that reads one member of a zip file."""

    def read(limit):
        if climbs:
            raise Unreadable("a zip file with an entry that climbs out of its folder")
        if member.external_attr >> 16 & 0o170000 == 0o120000:
            raise Unreadable("a symbolic link inside a zip file")
        if member.flag_bits & 0x1:
            raise Unreadable("a zip file with a password")
        try:
            with archive.open(member) as stream:
                data = stream.read(limit + 1)
        except (
            zipfile.BadZipFile,
            zlib.error,
            OSError,
            EOFError,
            ValueError,
            NotImplementedError,
            RuntimeError,
            struct.error,
        ) as error:
            raise Unreadable(f"a broken zip file: {error}") from None
        if len(data) > limit:
            raise Unreadable(too_large(limit))
        return data

    return read


def zip_time(member, zone=None):
    """When a member of a zip file was changed, in UTC; None if it does not say.

    Zip files hold local time. `zone` says where; None is this machine's time zone. Many also
    hold seconds in UTC, which are taken first.
    """
    extra = member.extra
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        if kind == 0x5455 and size >= 5 and len(extra) >= 9 and extra[4] & 1:
            seconds = struct.unpack("<i", extra[5:9])[0]
            return datetime.fromtimestamp(seconds, UTC)
        extra = extra[4 + size :]
    try:
        time = datetime(*member.date_time)
    except ValueError:
        return None
    if time.year <= 1980:
        return None
    return (time.replace(tzinfo=zone) if zone else time.astimezone()).astimezone(UTC)


def unpacked(items, limit, zone=None):
    """(files, troubles) of one student: zip files opened, each inside the other.

    files are (parts, item, bytes); troubles are (parts, why, bytes or None).
    """
    files, troubles, spent = [], [], 0
    # Notebooks first: what lies beside them must not use up the limit.
    items = sorted(items, key=lambda item: not item.name.lower().endswith((".ipynb", ".zip")))
    queue = [(item, 0) for item in items]
    for item, depth in queue:
        try:
            if spent + item.size > MAX_TOTAL:
                raise Unreadable(TOO_MUCH)
            data = item.read(limit)
            spent += len(data)
            if spent > MAX_TOTAL:
                raise Unreadable(TOO_MUCH)
        except Unreadable as error:
            troubles.append((item.parts, str(error), None))
            continue
        if not is_zip(data) or item.name.lower().endswith((".docx", ".xlsx", ".pptx", ".npz")):
            files.append((item.parts, item, data))
            continue
        try:
            if depth >= MAX_DEPTH:
                raise Unreadable(f"zip files inside each other, more than {MAX_DEPTH} deep")
            inner = list(zip_items(data, item.parts, zone, MAX_MEMBERS))
        except Unreadable as error:
            troubles.append((item.parts, str(error), data))
            continue
        for member in inner:
            # The time of the outermost file is when it was handed in.
            member.time, member.time_from = item.time, item.time_from
        queue.extend((member, depth + 1) for member in inner)
    return files, troubles
