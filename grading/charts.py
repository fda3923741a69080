"""The figures of a class report. They hold no names, so that they can be shown to the class.

Each is drawn four times: wide and narrow, for light and dark pages. Sizes are in pixels of the
page; files hold twice as many.
"""

from dataclasses import dataclass
from io import BytesIO

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from PIL import Image

PIXELS_PER_INCH = 100
TEXT = 13 * 72 / PIXELS_PER_INCH  # 13 pixels in points
SMALL = 12 * 72 / PIXELS_PER_INCH
ROW = 46  # pixels
BAR_WITH_NUMBER = 0.07  # part of the width from which on a number fits into a bar


@dataclass(frozen=True)
class Look:
    """Width in pixels, and colours: Okabe and Ito's, told apart with any colour vision."""

    width: int
    ink: str
    paper: str
    faint: str
    blue: str = "#0072B2"
    sky: str = "#56B4E9"
    amber: str = "#E69F00"


LIGHT = {"ink": "#1f2328", "paper": "#ffffff", "faint": "#d0d4d9"}
DARK = {"ink": "#e6e8eb", "paper": "#1b1f24", "faint": "#444b54", "blue": "#1478b8"}
DARK["sky"] = "#9ad4f7"
LOOKS = {
    "wide": Look(760, **LIGHT),
    "wide-dark": Look(760, **DARK),
    "narrow": Look(330, **LIGHT),
    "narrow-dark": Look(330, **DARK),
}


def png(figure):
    """A figure as bytes of a PNG file."""
    canvas = FigureCanvasAgg(figure)
    figure.set_dpi(2 * PIXELS_PER_INCH)
    canvas.draw()
    file = BytesIO()
    # A palette makes the page a third as large, and nobody sees the difference.
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())[:, :, :3]).quantize(96)
    picture.save(file, "png", optimize=True)
    return file.getvalue()


def pictures(draw, *data):
    """{look: PNG} of one figure."""
    return {name: png(draw(look, *data)) for name, look in LOOKS.items()}


def canvas(look, height, place=None):
    """(figure, axes) with no frame but the line below; place is (left, bottom, width, height)."""
    size = (look.width / PIXELS_PER_INCH, height / PIXELS_PER_INCH)
    figure = Figure(size, facecolor=look.paper, layout=None if place else "constrained")
    axes = figure.add_axes(place) if place else figure.add_subplot()
    axes.set_facecolor(look.paper)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(look.faint)
    axes.tick_params(colors=look.ink, labelsize=SMALL, length=0)
    return figure, axes


def histogram(look, values, edges, unit, middle):
    """How many values lie in each of the ranges between edges; their median is a dashed line."""
    figure, axes = canvas(look, 260)
    counts, _ = np.histogram(values, edges)
    style = {"width": np.diff(edges), "align": "edge", "linewidth": 1.5}
    bars = axes.bar(edges[:-1], counts, color=look.blue, edgecolor=look.paper, **style)
    words = [str(count) if count else "" for count in counts]
    halo = [withStroke(linewidth=3, foreground=look.paper)]
    axes.bar_label(bars, words, color=look.ink, fontsize=SMALL, padding=2, path_effects=halo)
    axes.axvline(
        middle, color=look.ink, linestyle=(0, (4, 3)), linewidth=1.2, ymax=0.88, zorder=1.5
    )
    left = middle < (edges[0] + edges[-1]) / 2
    # Above the bars, on the side where there is room.
    axes.annotate(
        f"median {middle:.4g}",
        (middle, 1),
        xycoords=("data", "axes fraction"),
        xytext=(4 if left else -4, -4),
        textcoords="offset points",
        ha="left" if left else "right",
        va="top",
        color=look.ink,
        fontsize=TEXT,
    )
    axes.set_ylim(0, 1.28 * max(1, counts.max()))
    axes.set_yticks([])
    shown = edges if look.width > 500 or len(edges) < 7 else edges[::2]
    axes.set_xticks(shown, [f"{edge:g}" for edge in shown])
    axes.set_xlabel(unit, color=look.ink, fontsize=TEXT)
    return figure


def rows(look, labels, top=0):
    """Axes for one bar a row, with a label above it at the left, below `top` free pixels."""
    height = ROW * len(labels) + top
    figure, axes = canvas(look, height, (0, 0, 1, 1 - top / height))
    axes.set_ylim(len(labels) - 0.45, -0.55)
    axes.axis("off")
    most = int(look.width / 7.6)  # letters of this size that fit
    for row, label in enumerate(labels):
        words = label if len(label) <= most else label[: most - 1] + "…"
        axes.annotate(words, (0, row - 0.14), **beside(look, TEXT))
    return figure, axes


def beside(look, size):
    """Text whose place is measured in widths of the axes, and in rows."""
    return {
        "xycoords": ("axes fraction", "data"),
        "va": "bottom",
        "color": look.ink,
        "fontsize": size,
        "annotation_clip": False,
    }


def shares(look, labels, notes, table, states):
    """A bar a row, divided in the parts of the class that are in each state.

    Arguments:
        labels, notes: what stands above each bar, at the left and at the right
        table: number of students, shape (rows, 4)
        states: names of the four states, best first; the last one is drawn empty
    """
    figure, axes = rows(look, labels, top=28 if look.width > 500 else 50)
    fills = [look.blue, look.sky, look.amber, look.paper]
    inks = ["#ffffff", "#1f2328", "#1f2328", look.ink]
    parts = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    starts = np.cumsum(parts, axis=1) - parts
    for row, note in enumerate(notes):
        axes.annotate(note, (1, row - 0.14), ha="right", **beside(look, SMALL))
    kept = []
    for state, fill in enumerate(fills):
        style = {"facecolor": fill, "hatch": "///" if state == 2 else "", "linewidth": 1}
        style["edgecolor"] = look.ink if state == 3 else look.paper
        kept.append(Patch(label=states[state], **style))
        some = np.flatnonzero(parts[:, state])
        axes.barh(some + 0.14, parts[some, state], 0.48, left=starts[some, state], **style)
        for row, part in enumerate(parts[:, state]):
            if part > BAR_WITH_NUMBER:
                at = (starts[row, state] + part / 2, row + 0.14)
                plate = {"boxstyle": "round,pad=0.15", "linewidth": 0, "facecolor": fill}
                words = {"ha": "center", "va": "center_baseline", "fontsize": SMALL, "bbox": plate}
                axes.text(*at, str(table[row, state]), color=inks[state], **words)
    axes.set_xlim(-0.003, 1.003)
    figure.legend(
        handles=kept,
        loc="upper left",
        bbox_to_anchor=(0, 1),
        ncols=4 if look.width > 500 else 2,
        frameon=False,
        fontsize=SMALL,
        labelcolor=look.ink,
        handlelength=1.2,
        handleheight=1,
        borderpad=0,
        borderaxespad=0.2,
        columnspacing=1.4,
    )
    return figure


def ranking(look, labels, counts):
    """A bar a row, as long as its count, with the count at its end."""
    figure, axes = rows(look, labels)
    bars = axes.barh(np.arange(len(labels)) + 0.12, counts, 0.36, color=look.blue)
    axes.bar_label(bars, color=look.ink, fontsize=TEXT, padding=5)
    axes.set_xlim(0, max(counts) * (1.07 if look.width > 500 else 1.15))
    return figure
