"""Command line: `python -m grading COMMAND`."""

import argparse
from datetime import datetime
from pathlib import Path


def notebooks():
    """All notebooks whose outputs are committed: instructor notebooks and lectures."""
    return sorted([*Path("source").glob("*/*.ipynb"), *Path("notebooks").glob("*.ipynb")])


def when(text):
    """A time with its zone; without one it is this machine's."""
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.astimezone()


def positive(text):
    """A whole number that is at least 1."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def main():
    """Parse the command line and run one command."""
    parser = argparse.ArgumentParser(prog="python -m grading", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("demo", help="make, grade and show a demo class in FOLDER")
    command.add_argument("folder", type=Path, nargs="?", default=Path("demo"), metavar="FOLDER")
    command = commands.add_parser("lab", help="open JupyterLab on a student's copy in FOLDER")
    command.add_argument("folder", type=Path, metavar="FOLDER")
    command = commands.add_parser("refresh", help="run notebooks and update their outputs")
    command.add_argument("paths", type=Path, nargs="*", metavar="NOTEBOOK")
    command = commands.add_parser(
        "collect",
        help="take submissions in, repair them, say what can't be graded",
        description="Take in submissions to ASSIGNMENT: folders, notebooks, and zip files as "
        "Moodle and Canvas hand them out. Every version is kept in collected/, the one that "
        "counts goes to submitted/, where nbgrader finds it. Running it again changes nothing.",
    )
    command.add_argument("assignment", metavar="ASSIGNMENT", help="for example 1_step_by_step")
    command.add_argument("paths", type=Path, nargs="+", metavar="PATH")
    command.add_argument("--student", metavar="ID", help="all of it was handed in by this student")
    command.add_argument(
        "--counts",
        choices=("last", "best"),
        help="which version counts (default: c.Collect.counts in nbgrader_config.py, or last)",
    )
    command.add_argument(
        "--time",
        type=when,
        metavar="TIME",
        help="when it was handed in, such as 2026-05-01T23:59+02:00 (default: what the files say)",
    )
    command = commands.add_parser(
        "forget",
        help="remove all that is kept of a student",
        description="Remove all that this course folder keeps of STUDENT: submissions with every "
        "version, graded copies, feedback, and what the gradebook has, grades by hand included.",
    )
    command.add_argument("student", metavar="STUDENT", help="nbgrader's id of the student")
    command.add_argument("--yes", action="store_true", help="don't ask")
    command = commands.add_parser(
        "autograde",
        help="grade a whole class in parallel",
        description="Run nbgrader's autograde on every submission to ASSIGNMENT that is not "
        "graded as it is now. Interrupt it when you like: the same command goes on.",
    )
    command.add_argument("assignment", metavar="ASSIGNMENT", help="for example 1_step_by_step")
    command.add_argument(
        "--workers", type=positive, metavar="N", help="processes (default: cores and one more)"
    )
    command.add_argument(
        "--scheduler", metavar="ADDRESS", help="of a Dask cluster that shares this folder"
    )
    command.add_argument("--force", action="store_true", help="grade again what is graded")
    command.add_argument("--feedback", action="store_true", help="write feedback pages, too")
    command = commands.add_parser("report", help="write a page on how a class did")
    command.add_argument("assignment", metavar="ASSIGNMENT")
    command.add_argument(
        "--to", type=Path, metavar="FOLDER", help="reports/ASSIGNMENT if not given"
    )
    options = parser.parse_args()

    # Imported late: each command loads only what it needs.
    if options.command == "demo":
        from grading.demo import run

        run(options.folder)
    elif options.command == "lab":
        from grading.lab import run

        run(options.folder)
    elif options.command == "refresh":
        from grading.refresh import refresh

        for path in options.paths or notebooks():
            print("refreshing", path)
            refresh(path)
    elif options.command == "collect":
        from grading.collect import run

        run(options.assignment, options.paths, options.student, options.counts, options.time)
    elif options.command == "forget":
        from grading.forget import run

        run(options.student, options.yes)
    elif options.command == "autograde":
        from grading.autograde import run

        how = (options.workers, options.scheduler, options.force, options.feedback)
        run(options.assignment, *how)
    elif options.command == "report":
        from grading.report import run

        run(options.assignment, options.to)


if __name__ == "__main__":
    main()
