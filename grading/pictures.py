"""The figures of the report: what each shows, in pictures and in words."""

import base64
from itertools import pairwise
from statistics import median

import numpy as np
from markupsafe import Markup
from matplotlib.ticker import MaxNLocator

from grading import charts
from grading.results import STATES

STATE_WORDS = ("all tests passed", "some passed", "none passed", "not begun")
MOST_CAUSES = 10  # in the figure, and with their hints at once; the others can be unfolded


def number(value):
    """At most one decimal, and none if it is 0."""
    return f"{value:.1f}".removesuffix(".0")


def figures(about, scores):
    """{name: {alt, file, and an address for each look}} of all figures that have data."""
    total, rows = about["results"].total or 1, about["rows"]
    edges = np.linspace(0, total, 11)
    drawn = {
        "scores": (
            score_alt(scores, edges, about),
            charts.histogram,
            (np.clip(scores, 0, total), edges, f"points of {number(total)}", about["median"]),
        ),
        "functions": (
            function_alt(rows),
            charts.shares,
            (
                [row["name"] for row in rows],
                [
                    f"{number(row['mean'])} of {number(row['worth'])} points"
                    for row in about["rows"]
                ],
                np.array([[len(row["states"][s]) for s in STATES] for row in rows]),
                STATE_WORDS,
            ),
        ),
    }
    if about["causes"]:
        shown = about["causes"][:MOST_CAUSES]
        labels = [f"{cause.functions[0]}: {' or '.join(cause.names)}" for cause in shown]
        counts = [len(cause.students) for cause in shown]
        alt = "Students with each known mistake. " + sentence(zip(labels, counts, strict=True))
        drawn["misconceptions"] = (alt, charts.ranking, (labels, counts))
    if about["slowest"]:
        times = [work.seconds for work in about["slowest"]]
        edges = MaxNLocator(10, steps=[1, 2, 2.5, 5, 10]).tick_values(0, max(times) or 1)
        alt = (
            f"Histogram of seconds that grading took, for {len(times)} submissions. "
            f"Median {number(median(times))}, longest {number(max(times))} seconds."
        )
        drawn["time"] = (alt, charts.histogram, (times, edges, "seconds", median(times)))
    return {name: figure(*parts) for name, parts in drawn.items()}


def figure(alt, draw, data):
    """One figure in all its looks."""
    files = charts.pictures(draw, *data)
    addresses = {
        look: Markup(f"data:image/png;base64,{base64.b64encode(file).decode()}")
        for look, file in files.items()
    }
    # Width and height stand at byte 16 of any PNG file, two pixels of it for one of the page.
    sizes = {look: np.frombuffer(file[16:24], ">u4") // 2 for look, file in files.items()}
    return {"alt": alt, "file": files["wide"], "addresses": addresses, "sizes": sizes}


def sentence(pairs):
    """Names and numbers as a sentence for those who can't see a figure."""
    return ", ".join(f"{name} {number(value)}" for name, value in pairs) + "."


def score_alt(scores, edges, about):
    """What the histogram of scores shows."""
    counts, _ = np.histogram(np.clip(scores, 0, edges[-1]), edges)
    ranges = [f"{number(low)} to {number(high)}:" for low, high in pairwise(edges)]
    return (
        f"Histogram of {len(scores)} scores out of {number(edges[-1])} points, "
        f"median {number(about['median'])}. Students in each tenth: "
        + sentence(zip(ranges, counts, strict=True))
    )


def function_alt(rows):
    """What the bars of the functions show."""
    said = [
        f"{row['name']}: "
        + sentence((w, len(row["states"][s])) for w, s in zip(STATE_WORDS, STATES, strict=True))
        for row in rows
    ]
    return "For each function, students by the tests that they passed. " + " ".join(said)
