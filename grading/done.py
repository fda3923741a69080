"""Which submissions are graded as they are now: the autograded notebook keeps a digest of what was
handed in, written when all of its cells have run."""

import hashlib
import json
from pathlib import Path

from nbgrader.coursedir import CourseDirectory


def digest(course, assignment, student, notebook):
    """A digest of what was handed in: the notebook and its time, on which penalties depend.

    Arguments:
        course: a CourseDirectory
        assignment, student, notebook: names

    Returns:
        64 hexadecimal digits, or None if there is no such file
    """
    folder = Path(course.format_path(course.submitted_directory, student, assignment))
    path, stamp = folder / f"{notebook}.ipynb", folder / "timestamp.txt"
    if not path.is_file():
        return None
    sha = hashlib.sha256(path.read_bytes())
    if stamp.is_file():
        sha.update(b"\0" + stamp.read_bytes())
    return sha.hexdigest()


def digest_of(config, resources):
    """As `digest`, of the submission that a preprocessor is at work on."""
    about = resources["nbgrader"]
    place = about["assignment"], about["student"], about["notebook"]
    return digest(CourseDirectory(config=config), *place)


def is_done(course, assignment, student, notebooks):
    """Whether every notebook that a student handed in has been graded as it is now.

    Arguments:
        notebooks: names of the assignment's notebooks
    """
    folder = Path(course.format_path(course.autograded_directory, student, assignment))
    wanted = {name: digest(course, assignment, student, name) for name in notebooks}
    wanted = {name: sha for name, sha in wanted.items() if sha}
    return bool(wanted) and all(
        graded_digest(folder / f"{name}.ipynb") == sha for name, sha in wanted.items()
    )


def graded_digest(path):
    """The digest that an autograded notebook keeps, or None."""
    try:
        nb = json.loads(path.read_text(encoding="utf-8"))
        return nb["metadata"]["grading"].get("submitted")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
