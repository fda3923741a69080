"""The drawings of lecture 2, "The anatomy of a convolutional layer"."""

import matplotlib.pyplot as plt
import numpy as np

from lecture.drawing import (
    BLUE,
    GREEN,
    GREY,
    INK,
    INPUT,
    OUTPUT,
    PADDING,
    PURPLE,
    VERMILLION,
    WHITE,
    draw_grid,
    draw_line,
    draw_picture,
    draw_text,
    draw_window,
    new_canvas,
    parts_of,
    points,
)
from lecture.show import Picture, show
from lecture.words import rows_of

MINUS, TIMES, DOT = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}", "\N{MIDDLE DOT}"
UNSEEN = "#8C8C8C"


def output_size(n_prev, f, pad, stride):
    """Height or width of the output; 0 if the window does not fit once."""
    return max((n_prev - f + 2 * pad) // stride + 1, 0)


def times_seen(grids):
    """Draw how many windows see each pixel; grids maps a title to the counts."""
    cell, gap, top = 44, 60, 52
    rows, columns = next(iter(grids.values())).shape
    width = 32 + len(grids) * columns * cell + (len(grids) - 1) * gap
    figure, axes = new_canvas(width, top + rows * cell + 20)
    most = max(values.max() for values in grids.values())
    alt = "How many windows see each pixel. "
    for place, (title, values) in enumerate(grids.items()):
        x = 16 + place * (columns * cell + gap)
        draw_text(axes, x, 26, title, 15, BLUE, bold=True)
        draw_grid(axes, values, x, top, cell, INPUT, 16, tints(values, most))
        alt += f"{title}: {rows_of(values)}. "
    return Picture(figure, alt.strip())


def tints(values, most):
    """Colours from white (0) to the blue of inputs (most), as hexadecimal numbers."""
    part = (values / most)[..., None]
    mixed = np.rint(255 + part * (np.array([150, 196, 228]) - 255)).astype(int)
    return np.array([["#{:02X}{:02X}{:02X}".format(*color) for color in row] for row in mixed])


def walk(n_prev, f=3, pad=1, stride=2):
    """Draw where a window stands on a padded square image, and the output that it makes."""
    figure, axes = new_canvas(720, 436)
    side, n = n_prev + 2 * pad, output_size(n_prev, f, pad, stride)
    cell, x, y = min(338 / side, 40), 20, 58
    reach = (n - 1) * stride + f if n else 0
    fills = np.full((side, side), PADDING[0])
    fills[pad : pad + n_prev, pad : pad + n_prev] = INPUT[0]
    words = np.full((side, side), "nan", dtype=object)
    words[fills == PADDING[0]] = "0"
    title = f"input, {n_prev} {TIMES} {n_prev}"
    draw_text(axes, x, 26, title + (f", in a frame of {pad}" if pad else ""), 14, BLUE, bold=True)
    draw_grid(axes, words, x, y, cell, PADDING, 0.4 * cell, fills)
    draw_window(axes, x, y, cell, (pad, pad + n_prev), (pad, pad + n_prev), BLUE, 2)
    if n:
        draw_unseen(axes, x, y, cell, side, reach)
        draw_stops(axes, x, y, cell, n, f, stride)
    sentence = f"({n_prev} {MINUS} {f} + 2{DOT}{pad}) / {stride} + 1"
    lines = {
        "solid: first window, dashed: last": (f"f = {f}", VERMILLION),
        "from dot to dot": (f"stride = {stride}", VERMILLION),
        "the frame of zeros": (f"pad = {pad}", GREY),
        f"floor of {sentence}": (f"n_H = {n}" if n else "no n_H", GREEN),
    }
    for line, (words, (value, color)) in enumerate(lines.items()):
        draw_text(axes, 392, 66 + 28 * line, value, 15, color, bold=True)
        draw_text(axes, 486, 66 + 28 * line, words, 13, color)
    alt = f"A {f} x {f} window walks over {n_prev} x {n_prev} pixels, pad {pad}, stride {stride}"
    if not n:
        draw_text(axes, 392, 210, "The window does not fit, not even once.", 14, bold=True)
        return Picture(figure, f"{alt}: it does not fit.")
    small = min(200 / n, 28)
    draw_text(axes, 392, 206, f"output, {n} {TIMES} {n}", 14, GREEN, bold=True)
    draw_grid(axes, np.full((n, n), np.nan), 392, 226, small, OUTPUT)
    left = side - reach
    if left:
        words = "row and column" if left == 1 else f"{left} rows and columns"
        words = f"dark: the last {words}, which no window sees"
        draw_text(axes, x, 58 + side * cell + 20, words, 13, INK)
    return Picture(figure, f"{alt}: the output is {n} x {n}, rows and columns never seen: {left}.")


def draw_unseen(axes, x, y, cell, side, reach):
    """Darken the rows and columns that no window reaches."""
    for row, column in np.ndindex(side, side):
        if row >= reach or column >= reach:
            place = np.full((1, 1), np.nan)
            draw_grid(axes, place, x + column * cell, y + row * cell, cell, (UNSEEN, WHITE))


def draw_stops(axes, x, y, cell, n, f, stride):
    """Mark the middle of every window, and outline the first one and the last one."""
    for row, column in np.ndindex(n, n):
        middle = x + (column * stride + f / 2) * cell, y + (row * stride + f / 2) * cell
        axes.plot(*middle, "o", color=VERMILLION, markersize=points(0.26 * cell), zorder=7)
    last = ((n - 1) * stride + 0.06, (n - 1) * stride + f - 0.06)
    draw_window(axes, x, y, cell, last, last, width=3.5, dashed=True)
    draw_window(axes, x, y, cell, (0.06, f - 0.06), (0.06, f - 0.06), width=4)


def sizes(n_prev, pads=(0, 1, 2, 3), strides=(1, 2, 3)):
    """Plot the output size against f, a panel for each stride and a line for each pad."""
    figure, panels = plt.subplots(1, len(strides), figsize=(7.2, 3.4), sharey=True)
    styles = zip(pads, (GREEN, BLUE, VERMILLION, PURPLE), "osD^", strict=True)
    fs = np.arange(1, 8)
    for pad, color, marker in styles:
        for axes, stride in zip(panels, strides, strict=True):
            n = [output_size(n_prev, f, pad, stride) for f in fs]
            axes.plot(fs, n, marker + "-", color=color, label=f"pad = {pad}", markersize=5)
    for axes, stride in zip(panels, strides, strict=True):
        axes.axhline(n_prev, color=GREY, linestyle=":", linewidth=1.5)
        axes.set_title(f"stride = {stride}", fontsize=points(15))
        axes.set_xlabel("f", fontsize=points(14))
        axes.set(xticks=fs, yticks=range(0, n_prev + 8, n_prev // 3), ylim=(0, n_prev + 7))
        axes.tick_params(labelsize=points(13))
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("n_H", fontsize=points(14))
    words = {"fontsize": points(13), "color": GREY, "ha": "right"}
    panels[1].text(7, n_prev + 0.4, f"the input: {n_prev}", **words)
    panels[-1].legend(fontsize=points(13), frameon=False)
    alt = f"Output size for an input of {n_prev}, against f from 1 to 7, for strides {strides}"
    return show(figure, f"{alt} and pads {pads}: falling lines at stride 1, stairs at 2 and 3.")


def receptive_field(layers=3, f=3, stride=1):
    """Draw which entries of each layer one output entry depends on, down to the input."""
    needed, jumps = [1], [1]
    for _ in range(layers):
        needed.append((needed[-1] - 1) * stride + f)
        jumps.append(jumps[-1] * stride)
    field = needed[-1]
    step, rise, middle = min(590 / (field + 4), 34), 74, 410
    figure, axes = new_canvas(720, 88 + rise * layers)
    side = 0.72 * step

    def place(layer, entry):
        """Centre of an entry; layer 0 is the input, and its needed entries are in the middle."""
        spread = step * jumps[layer]
        count = needed[layers - layer]
        return middle + (entry - (count - 1) / 2) * spread, 40 + rise * (layers - layer)

    for layer in range(layers + 1):
        for entry in range(needed[layers - layer]):
            x, y = place(layer, entry)
            if layer:
                for below in range(entry * stride, entry * stride + f):
                    start, end = place(layer - 1, below), (x, y + side / 2)
                    draw_line(axes, (start[0], start[1] - side / 2), end, VERMILLION, 1)
            colors = OUTPUT if layer else INPUT
            square = np.full((1, 1), np.nan)
            draw_grid(axes, square, x - side / 2, y - side / 2, side, colors)
        for entry in (-2, -1, field, field + 1) if not layer else ():
            x, y = place(0, entry)
            square = np.full((1, 1), np.nan)
            draw_grid(axes, square, x - side / 2, y - side / 2, side, (WHITE, PADDING[1]))
        words, color = (f"layer {layer}", GREEN) if layer else ("input", BLUE)
        level = 40 + rise * (layers - layer)
        draw_text(axes, 16, level, words, 14, color, bold=True)
        draw_text(axes, 98, level, str(needed[layers - layer]), 14, color, "center")
    words = f"the receptive field: {field} pixels wide"
    draw_text(axes, middle, 40 + rise * layers + 32, words, 14, BLUE, "center", bold=True)
    alt = f"One entry of layer {layers} depends on {', '.join(map(str, needed[1:]))} entries"
    return Picture(figure, f"{alt} of the layers below it, down to the input.")


def shifted(digit, shift=1, f=2):
    """Draw a digit and the same shifted to the right, both max-pooled by f, and what changed.

    f divides both sides of the digit.
    """
    moved = np.roll(digit, shift, axis=1)
    pooled = [max_pool(image, f) for image in (digit, moved)]
    figure, axes = new_canvas(720, 452)
    columns = (
        (16, ("a digit", f"shifted by {shift}"), (digit, moved), BLUE),
        (222, (f"max-pooled, f = {f}",) * 2, pooled, GREEN),
        (430, ("changed pixels", "changed entries"), None, VERMILLION),
    )
    alt = f"A digit, shifted by {shift}, max-pooled by {f}. Of the inked ones there changed"
    for line, (before, after) in enumerate(((digit, moved), pooled)):
        differs, inked = before != after, np.maximum(before, after) > 0
        share, top = f"{differs.sum()} of {inked.sum()}", 46 + 214 * line
        alt += f" {share} {('pixels and', 'pooled entries.')[line]}"
        for x, titles, images, color in columns:
            draw_text(axes, x, top - 20, titles[line], 14, color, bold=True)
            draw_ink(axes, differs if images is None else images[line], x, top, 176, color)
        draw_text(axes, 620, top + 74, share, 17, VERMILLION, bold=True)
        draw_text(axes, 620, top + 97, "inked ones", 13, VERMILLION)
        draw_text(axes, 620, top + 116, "changed", 13, VERMILLION)
    return Picture(figure, alt)


def draw_ink(axes, values, x, y, size, color):
    """Draw a square array in a colour where it is not zero, white elsewhere, with thin lines."""
    cell = size / len(values)
    parts = np.array(parts_of(color)) / 255
    draw_picture(axes, np.where((values > 0)[..., None], parts, 1.0), x, y, cell, color)
    for entry in range(1, len(values)):
        step = entry * cell
        draw_line(axes, (x + step, y), (x + step, y + size), PADDING[0], 0.8)
        draw_line(axes, (x, y + step), (x + size, y + step), PADDING[0], 0.8)


def max_pool(image, f):
    """Maximum of each f x f block; f divides both sides."""
    n_H, n_W = image.shape
    return image.reshape(n_H // f, f, n_W // f, f).max(axis=(1, 3))
