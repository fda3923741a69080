"""The report of a class: one page for the instructor, and its figures as PNG files beside it.

The page asks for nothing from elsewhere and runs no script. It holds names and grades, so it is
for the instructor alone; the figures hold none.
"""

import os
import re
import sys
from datetime import datetime
from pathlib import Path
from statistics import mean, median
from urllib.parse import quote

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from grading import alike
from grading.causes import bank, causes
from grading.notebooks import notebook_path
from grading.pictures import MOST_CAUSES, figures, number
from grading.records import gather
from grading.results import STATES, ResultsError
from grading.settings import CourseError

# What would hide or turn around the text after it; a lone surrogate can't be written at all.
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
MOST_PAIRS = 20
SLOWEST = 5


def write(assignment, root=".", folder=None):
    """Write the report of an assignment. Raises ResultsError if there is nothing to report on.

    Arguments:
        assignment: its name
        root: the course folder
        folder: where to write, reports/ASSIGNMENT in the course folder if None

    Returns:
        the path of the page
    """
    results = gather(root, assignment)
    if not results.graded:
        raise ResultsError(f"no submission of {assignment} has been graded yet")
    folder = Path(folder or Path(root, "reports", assignment)).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    about = describe(results)
    about["feedback"] = feedback_links(results, Path(root).resolve(), folder)
    for name, figure in about["figures"].items():
        (folder / f"{name}.png").write_bytes(figure.pop("file"))
    path = folder / "index.html"
    path.write_text(page(about), encoding="utf-8")
    return path


def run(assignment, folder=None):
    """Write the report on the course in this folder, and say where it is."""
    try:
        path = write(assignment, ".", folder)
    except (ResultsError, CourseError) as error:
        sys.exit(f"report: {error}")
    print(f"Report of {assignment}: {path}")


def page(about):
    """The page as HTML; everything in `about` but Markup is escaped."""
    environment = Environment(
        loader=PackageLoader("grading"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=visible,
    )
    environment.filters["number"] = number
    environment.filters["duration"] = duration
    return environment.get_template("report.html").render(about)


def visible(value):
    """Text with a mark for each character that can't be seen or would turn text around."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return UNSEEN.sub(lambda match: f"\N{REPLACEMENT CHARACTER}{ord(match[0]):x}", value)
    return value


def duration(seconds):
    """A time in the largest unit that is at least 1."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{number(seconds / size)} {unit}"
    return f"{number(seconds)} s"


def describe(results):
    """Everything that the page says, as a dictionary for its template."""
    works, graded = results.works, results.graded
    ranked, unknown = causes(results, bank(results.assignment))
    scores = [work.score for work in graded]
    rows = [function_row(results, name, unknown) for name in results.functions]
    about = {
        "results": results,
        "written": datetime.now().astimezone().strftime("%d %B %Y, %H:%M"),
        "by_outcome": {
            outcome: [work for work in works if work.outcome == outcome]
            for outcome in ("graded", "repaired", "not_gradable", "not_graded", "missing")
        },
        "noted": [work for work in works if work.details or work.outcome == "not_gradable"],
        "late": [work for work in graded if work.seconds_late > 0],
        "by_hand": [work for work in graded if work.by_hand],
        "low": sorted(
            (work for work in graded if work.score < results.total / 2), key=lambda w: w.score
        ),
        "full": [work for work in graded if work.score >= results.total],
        "median": median(scores),
        "mean": mean(scores),
        "quartiles": np.percentile(scores, [25, 75]).tolist(),
        "rows": rows,
        "costly": max(rows, key=lambda row: row["worth"] - row["mean"], default=None),
        "others": results.worth(None),
        "causes": ranked,
        "first_causes": ranked[:1] + [c for c in ranked[1:3] if len(c.students) > 1],
        "causes_shown": MOST_CAUSES,
        "unknown": {name: results.names_of(who) for name, who in unknown.items() if who},
        "slowest": sorted((w for w in graded if w.seconds is not None), key=lambda w: -w.seconds),
        "slowest_shown": SLOWEST,
        **pairs_of(results),
    }
    about["figures"] = figures(about, scores)
    return about


def function_row(results, name, unknown):
    """What the page says of one function."""
    states = {state: [] for state in STATES}
    for work in results.graded:
        states[results.state(work, name)].append(work)
    points = [results.points(work, name) for work in results.graded]
    return {
        "name": name,
        "worth": results.worth(name),
        "mean": mean(points),
        "states": states,
        "unknown": len(unknown[name]),
    }


def pairs_of(results):
    """Answers that are alike, with their code."""
    answers = {
        name: {
            work.student: work.answers[name]
            for work in results.graded
            if results.touched(work, name)
        }
        for name in results.functions
    }
    given = {name: (results.stubs.get(name, ""), results.solutions[name]) for name in answers}
    found = alike.alike(answers, given)
    works = {work.student: work for work in results.works}
    pairs = [
        {
            "works": [works[student] for student in pair.students],
            "parts": pair.parts,
            "best": max(pair.parts, key=lambda part: part.similarity * part.tokens),
        }
        for pair in found[:MOST_PAIRS]
    ]
    return {"pairs": pairs, "pairs_found": len(found), "alike": alike}


def feedback_links(results, root, folder):
    """{student: address of the feedback page, relative to the report} where there is one."""
    links = {}
    for work in results.works:
        path = notebook_path(f"feedback/{work.student}", results.assignment, root)
        path = path.with_suffix(".html")
        if path.is_file():
            relative = Path(os.path.relpath(path, folder))
            links[work.student] = "/".join(quote(part) for part in relative.parts)
    return links
