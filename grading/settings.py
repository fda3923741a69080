"""The configuration of a course folder."""

from pathlib import Path

from traitlets.config.loader import PyFileConfigLoader


class CourseError(Exception):
    """A step on a course folder could not be done; the message says why, and what to do."""


def load_config(folder):
    """What nbgrader_config.py of a course folder says, with paths from that folder.

    Raises CourseError without one. An error in it is raised as it is.
    """
    if not Path(folder, "nbgrader_config.py").is_file():
        raise CourseError(f"{folder} holds no nbgrader_config.py; run this in the course's folder")
    config = PyFileConfigLoader("nbgrader_config.py", path=str(folder)).load_config()
    config.CourseDirectory.root = str(folder)
    return config
