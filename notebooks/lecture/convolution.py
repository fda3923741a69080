"""The drawings of lecture 1, "Convolution and correlation"."""

import numpy as np

from lecture.drawing import (
    BLUE,
    EMPTY,
    FILTER,
    GREEN,
    GREY,
    INPUT,
    OUTPUT,
    VERMILLION,
    WHITE,
    draw_arrow,
    draw_grid,
    draw_text,
    draw_window,
    new_canvas,
    number,
    points,
)
from lecture.show import Picture
from lecture.words import listed, products, rows_of

MISSING = np.nan


def draw_row(axes, values, x, y, cell, colors, size=16, bold=None):
    """Draw a sequence as one row of squares; where it is nan, nothing is drawn."""
    for place, value in enumerate(values):
        if not np.isnan(value):
            heavy = None if bold is None else np.array([[place == bold]])
            square = np.array([[value]])
            draw_grid(axes, square, x + place * cell, y, cell, colors, size, bold=heavy)


def draw_moments(axes, first, last, x, y, cell):
    """Write the moments first to last above the squares of a row."""
    for place, moment in enumerate(range(first, last + 1)):
        draw_text(axes, x + (place + 0.5) * cell, y, number(moment), 13, GREY, "center")


def placed(values, start, length):
    """The sequence values at start .. start + len(values) - 1, and nan elsewhere."""
    row = np.full(length, MISSING)
    for place, value in enumerate(values, start):
        if 0 <= place < length:
            row[place] = value
    return row


def echo(x, h):
    """Draw how every entry of x starts a copy of h, and how the copies add up to x * h."""
    total = np.convolve(x, h)
    cell, left, top = 46, 210, 60
    figure, axes = new_canvas(left + 24 + cell * len(total), top + 34 + 56 * (len(x) + 1))
    draw_text(axes, 16, 30, "moment", 13, GREY)
    draw_moments(axes, 0, len(total) - 1, left, 30, cell)
    for k, loudness in enumerate(x):
        y = top + 54 * k
        words = f"x[{k}] = {number(loudness)} starts {number(loudness)} times h"
        draw_text(axes, 16, y + cell / 2, words, 13, BLUE)
        draw_row(axes, placed(loudness * h, k, len(total)), left, y, cell, FILTER)
    y = top + 54 * len(x) + 18
    draw_text(axes, 16, y + cell / 2, "sum of the columns: y", 13, GREEN, bold=True)
    draw_row(axes, total, left, y, cell, OUTPUT, 17)
    copies = "; ".join(f"at moment {k} begins {listed(v * h)}" for k, v in enumerate(x))
    alt = f"The echoes of {listed(x)} in a room of {listed(h)}: {copies}. They add up to"
    return Picture(figure, f"{alt} {listed(total)}.")


def collect(x, h, n=2):
    """Draw the sum that makes y[n] = sum over k of x[k] h[n - k]: h lies turned under x."""
    total = np.convolve(x, h)
    reach = len(h) - 1
    first, last = -reach, len(total) - 1
    length = last - first + 1
    cell, left = 46, 150
    figure, axes = new_canvas(left + 24 + cell * length, 300)
    draw_text(axes, 16, 26, "moment k", 13, GREY)
    draw_moments(axes, first, last, left, 26, cell)
    turned = h[::-1]
    below = placed(turned, n, length)  # its first entry, h[reach], lies at k = n - reach
    above = placed(x, reach, length)
    draw_text(axes, 16, 66, "x[k]", 14, BLUE, bold=True)
    draw_row(axes, above, left, 66 - cell / 2, cell, INPUT)
    draw_text(axes, 16, 120, f"h[{n} \N{MINUS SIGN} k]", 14, VERMILLION, bold=True)
    draw_row(axes, below, left, 120 - cell / 2, cell, FILTER)
    draw_text(axes, 16, 178, "product", 14)
    draw_row(axes, above * below, left, 178 - cell / 2, cell, (WHITE, GREY))
    shown = np.where(np.arange(len(total)) <= n, total, MISSING)
    draw_text(axes, 16, 262, "y[n]", 14, GREEN, bold=True)
    start = left + reach * cell
    draw_grid(axes, shown[None], start, 262 - cell / 2, cell, EMPTY, 16)
    draw_row(axes, shown, start, 262 - cell / 2, cell, OUTPUT, 16, bold=n)
    draw_window(axes, start, 262 - cell / 2, cell, (0, 1), (n, n + 1), GREEN, 4)
    seen = [k for k in range(len(x)) if 0 <= n - k < len(h)]
    sentence = f"{products(x[seen], h[[n - k for k in seen]])} = {number(total[n])}"
    draw_text(axes, start + (n + 0.5) * cell, 222, sentence, 15, GREEN, "center", bold=True)
    return Picture(figure, f"Turned around, h lies under x so that it ends at {n}: {sentence}.")


def matches(signal, pattern, rows):
    """Draw a signal, the pattern below each row's best place, and each row of scores.

    rows maps a title to (what slides along the signal, its score at each place).
    """
    cell, left = 42, 150
    figure, axes = new_canvas(left + 20 + cell * len(signal), 92 + 130 * len(rows))
    draw_text(axes, 16, 26, "place", 13, GREY)
    draw_moments(axes, 0, len(signal) - 1, left, 26, cell)
    draw_text(axes, 16, 66, "signal", 14, BLUE, bold=True)
    draw_row(axes, signal, left, 66 - cell / 2, cell, INPUT)
    found = []
    for line, (title, (sliding, scores)) in enumerate(rows.items()):
        y, best = 128 + 130 * line, int(np.argmax(scores))
        draw_text(axes, 16, y, "slides along", 14, VERMILLION)
        draw_row(axes, placed(sliding, best, len(signal)), left, y - cell / 2, cell, FILTER)
        draw_text(axes, 16, y + 52, title, 14, GREEN, bold=True)
        draw_row(axes, scores, left, y + 52 - cell / 2, cell, OUTPUT, 15, bold=best)
        draw_window(axes, left, y + 52 - cell / 2, cell, (0, 1), (best, best + 1), GREEN, 4)
        found.append(f"{title} scores {listed(scores)} and is best at place {best}")
    alt = f"Signal {listed(signal)}, pattern {listed(pattern)}: {'; '.join(found)}."
    return Picture(figure, alt)


def turn(kernel):
    """Draw a kernel, its mirror image, and the mirror image of that: the kernel turned."""
    steps = (kernel, kernel[:, ::-1], kernel[::-1, ::-1])
    titles = ("K", "K[:, ::-1]", "K[::-1, ::-1]")
    cell = 44
    figure, axes = new_canvas(640, 66 + cell * len(kernel))
    marked = np.full(kernel.shape, FILTER[0])
    marked[0, 0] = "#F0A875"
    fills = (marked, marked[:, ::-1], marked[::-1, ::-1])
    for place, (values, title) in enumerate(zip(steps, titles, strict=True)):
        x = 16 + 224 * place
        draw_text(axes, x, 24, title, 14, VERMILLION, bold=True)
        draw_grid(axes, values, x, 46, cell, FILTER, 16, fills[place])
        if place:
            middle = 46 + cell * len(kernel) / 2
            draw_arrow(axes, (x - 78, middle), (x - 16, middle))
            words = ("left and right", "up and down")[place - 1]
            draw_text(axes, x - 47, middle - 22, words, 12, GREY, "center")
            draw_text(axes, x - 47, middle + 20, "swapped", 12, GREY, "center")
    return Picture(figure, f"{rows_of(kernel)} mirrored twice is {rows_of(steps[2])}.")


def two_windows(image, kernel, row=0, column=0):
    """Draw one window of an image with the kernel as it is, and with the kernel turned."""
    f = len(kernel)
    window = image[row : row + f, column : column + f]
    figure, axes = new_canvas(690, 270)
    cell, left, top = 52, 16, 72
    draw_text(axes, left, top - 20, "image I", 15, BLUE, bold=True)
    draw_grid(axes, image, left, top, cell, INPUT, 18)
    draw_window(axes, left, top, cell, (row, row + f), (column, column + f), width=5)
    cases = (("cross-correlation: K", kernel), ("convolution: K turned", kernel[::-1, ::-1]))
    alt = f"The window at row {row}, column {column}."
    for place, (title, used) in enumerate(cases):
        y = 50 + 118 * place
        draw_text(axes, 252, y - 20, title, 15, VERMILLION, bold=True)
        draw_grid(axes, used, 252, y, 40, FILTER, 16)
        value = np.sum(window * used)
        draw_text(axes, 352, y + 40, f"{products(window, used)} =", 16)
        draw_grid(axes, np.array([[value]]), 616, y + 12, 56, OUTPUT, 19, bold=np.ones((1, 1)))
        alt += f" {title}: {products(window, used)} = {number(value)}."
    return Picture(figure, alt)


def overlap(f, g, t=0.6):
    """Draw f and the turned, shifted g(t - tau), the area of their product, and f * g up to t.

    f and g are functions of an array of times, and zero before time 0.
    """
    step = 0.005
    tau = np.arange(-2, 4, step) + step / 2  # the middle of each slice
    product = f(tau) * g(t - tau)
    times = np.linspace(-2, 4, 301)
    curve = np.array([np.sum(f(tau) * g(time - tau)) * step for time in times])
    area = np.sum(product) * step
    figure, _ = new_canvas(690, 400)
    figure.clear()
    upper, lower = figure.subplots(2, 1, sharex=True)
    upper.fill_between(tau, product, color=OUTPUT[0], label="their product")
    upper.plot(tau, f(tau), color=BLUE, label="f(\N{GREEK SMALL LETTER TAU})", linewidth=2)
    words = "g(t \N{MINUS SIGN} \N{GREEK SMALL LETTER TAU}), turned"
    upper.plot(tau, g(t - tau), color=VERMILLION, label=words, linestyle="--", linewidth=2)
    lower.plot(times, curve, color=GREEN, alpha=0.3, linewidth=1.5)
    lower.plot(times[times <= t], curve[times <= t], color=GREEN, linewidth=2.5)
    lower.plot([t], [area], "o", color=GREEN, markersize=9)
    words = f"(f * g)({t:.1f}) = shaded area = {area:.2f}"
    lower.set_title(words, color=GREEN, fontsize=points(16), loc="left")
    lower.set_xlabel("time", fontsize=points(14))
    for axes in (upper, lower):
        axes.set_ylim(-0.05, 1.25)
        axes.tick_params(labelsize=points(13))
        axes.spines[["top", "right"]].set_visible(False)
    upper.legend(fontsize=points(13), loc="upper left", frameon=False)
    figure.tight_layout()
    return Picture(figure, f"f, and g turned around and shifted by {t:.1f}; {words}.")


def learning(losses, kernels, target):
    """Draw the kernel after some steps of learning, each with its loss, and the one to find.

    losses and kernels map a number of steps to the loss and the kernel then.
    """
    cell, step = 40, 142
    figure, axes = new_canvas(16 + step * (len(kernels) + 1), 228)
    reach = np.abs(target).max()
    for place, (steps, kernel) in enumerate(kernels.items()):
        x = 16 + step * place
        draw_text(axes, x, 26, f"step {steps}", 14, VERMILLION, bold=True)
        draw_grid(axes, np.round(kernel, 1) + 0.0, x, 50, cell, FILTER, 13, shades(kernel, reach))
        draw_text(axes, x, 192, words_of(losses[steps]), 13)
    x = 16 + step * len(kernels)
    draw_text(axes, x, 26, "made the pair", 14, GREY, bold=True)
    draw_grid(axes, target, x, 50, cell, ("", GREY), 13, shades(target, reach))
    alt = ", ".join(f"{words_of(losses[steps])} after {steps} steps" for steps in kernels)
    return Picture(figure, f"The kernel on its way from zero to {listed(target)}: {alt}.")


def words_of(loss):
    """Write a loss with three decimals; how small it is below that depends on the machine."""
    return f"loss {loss:.3f}" if loss >= 0.0005 else "loss < 0.001"


def shades(values, reach):
    """Colours from white (0) to the orange of filters (reach and -reach), as hexadecimals."""
    strongest = np.array([240, 168, 117])
    part = np.clip(np.abs(values) / reach, 0, 1)[..., None]
    mixed = np.rint(255 + part * (strongest - 255)).astype(int)
    return np.array([["#{:02X}{:02X}{:02X}".format(*color) for color in row] for row in mixed])
