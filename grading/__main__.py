"""Command line: `python -m grading COMMAND`."""

import argparse
from pathlib import Path


def notebooks():
    """All notebooks whose outputs are committed: instructor notebooks and lectures."""
    return sorted([*Path("source").glob("*/*.ipynb"), *Path("notebooks").glob("*.ipynb")])


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
    elif options.command == "report":
        from grading.report import run

        run(options.assignment, options.to)


if __name__ == "__main__":
    main()
