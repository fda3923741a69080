"""The drawings of lecture 3, "Backpropagation through convolution and pooling"."""

import matplotlib.pyplot as plt
import numpy as np

from lecture.drawing import (
    BLUE,
    FILTER,
    GREEN,
    GREY,
    INPUT,
    OUTPUT,
    PADDING,
    VERMILLION,
    draw_arrow,
    draw_grid,
    draw_text,
    draw_window,
    new_canvas,
    number,
    points,
)
from lecture.show import Picture, show
from lecture.words import products, rows_of

STRONG = {FILTER: "#F0A875", INPUT: "#8FC1E3", OUTPUT: "#7FCDB1"}


def correlate(image, kernel):
    """Cross-correlation of two 2-D arrays, stride 1, wherever the kernel fits."""
    f = kernel.shape
    output = np.empty((image.shape[0] - f[0] + 1, image.shape[1] - f[1] + 1))
    for h, w in np.ndindex(output.shape):
        output[h, w] = np.sum(image[h : h + f[0], w : w + f[1]] * kernel)
    return output


def weight(A_prev, dZ, row=0, column=0):
    """Draw the pixels that weight (row, column) lay on, times dZ: one entry of dW."""
    return slide(
        ("A_prev", A_prev, INPUT, None),
        ("dZ", dZ, OUTPUT),
        ("dW", correlate(A_prev, dZ), FILTER),
        (row, column),
    )


def pixel(W, dZ, row=1, column=1):
    """Draw dZ in its frame of zeros under the turned W: one entry of dA_prev."""
    f = len(W)
    framed = np.pad(dZ, f - 1)
    inside = np.pad(np.ones(dZ.shape, dtype=bool), f - 1)
    turned = W[::-1, ::-1]
    return slide(
        ("dZ in a frame of zeros", framed, OUTPUT, np.where(inside, OUTPUT[0], PADDING[0])),
        ("W turned", turned, FILTER),
        ("dA_prev", correlate(framed, turned), INPUT),
        (row, column),
    )


def slide(still, moving, result, place):
    """Draw an array, what lies on its window at place, and the entry that the products make.

    still is (title, values, colors, fills), the other two are (title, values, colors).
    """
    (row, column), cell, top = place, 46, 52
    f = moving[1].shape
    window = still[1][row : row + f[0], column : column + f[1]]
    figure, axes = new_canvas(700, top + 46 * max(len(still[1]), 3) + 62)
    draw_text(axes, 16, 26, still[0], 15, still[2][1], bold=True)
    draw_grid(axes, still[1], 16, top, cell, still[2], 17, still[3])
    draw_window(axes, 16, top, cell, (row, row + f[0]), (column, column + f[1]), width=5)
    draw_text(axes, 268, 26, moving[0], 15, moving[2][1], bold=True)
    draw_grid(axes, moving[1], 268, top, cell, moving[2], 17)
    draw_text(axes, 232, top + cell, "\N{ASTERISK OPERATOR}", 22, GREY, "center")
    draw_text(axes, 420, top + cell, "=", 22, GREY, "center")
    title, values, colors = result
    fills = np.full(values.shape, colors[0])
    fills[place] = STRONG[colors]
    marked = np.zeros(values.shape, dtype=bool)
    marked[place] = True
    draw_text(axes, 470, 26, title, 15, colors[1], bold=True)
    draw_grid(axes, values, 470, top, cell, colors, 17, fills, marked)
    sentence = f"{title}[{row}, {column}] = {products(window, moving[1])}"
    sentence += f" = {number(values[place])}"
    bottom = top + 46 * max(len(still[1]), 3) + 34
    draw_text(axes, 16, bottom, sentence, 16, colors[1], bold=True)
    return Picture(figure, f"{still[0]} under {moving[0]}: {sentence}.")


def strided(W, dZ, stride=2):
    """Draw dZ with zeros between its entries and around it, and the dA_prev it makes with W."""
    f = len(W)
    apart = np.zeros([stride * (side - 1) + 1 for side in dZ.shape])
    apart[::stride, ::stride] = dZ
    framed = np.pad(apart, f - 1)
    known = np.zeros(apart.shape, dtype=bool)
    known[::stride, ::stride] = True
    fills = np.where(np.pad(known, f - 1), OUTPUT[0], PADDING[0])
    dA_prev = correlate(framed, W[::-1, ::-1])
    cell, top = 36, 66
    figure, axes = new_canvas(720, top + cell * len(framed) + 24)
    x = 16
    draw_text(axes, x, 24, "dZ", 15, GREEN, bold=True)
    draw_grid(axes, dZ, x, top, cell, OUTPUT, 15)
    x += cell * len(dZ) + 64
    draw_arrow(axes, (x - 50, top + cell), (x - 12, top + cell))
    between = f"{stride - 1} zero{'s' * (stride != 2)} between, {f - 1} around"
    draw_text(axes, x, 24, f"dZ for stride {stride}", 15, GREEN, bold=True)
    draw_text(axes, x, 46, between, 13, GREY)
    draw_grid(axes, framed, x, top, cell, OUTPUT, 15, fills)
    x += cell * len(framed) + 130
    middle = top + cell * len(framed) / 2
    draw_arrow(axes, (x - 116, middle), (x - 12, middle), VERMILLION)
    draw_text(axes, x - 64, middle - 20, "W turned", 13, VERMILLION, "center", bold=True)
    draw_text(axes, x, 24, "dA_prev", 15, BLUE, bold=True)
    draw_grid(axes, dA_prev, x, top, cell, INPUT, 15)
    alt = f"With stride {stride}, dZ gets {between}: {rows_of(framed)}."
    return Picture(figure, f"{alt} With the turned W that makes dA_prev = {rows_of(dA_prev)}.")


def routes(A_prev, dA, f=2):
    """Draw how f x f max pooling and average pooling send dA back, stride f."""
    highest = np.kron(blockwise(A_prev, f).max(axis=(1, 3)), np.ones((f, f)))
    winners = A_prev == highest
    spread = np.kron(dA, np.ones((f, f)))
    cell, top, n = 38, 56, len(A_prev)
    figure, axes = new_canvas(684, top + cell * n + 42)
    draw_text(axes, 16, top + cell * n + 22, "dark: the maximum of its window", 13, BLUE)
    grids = (
        ("A_prev", A_prev, INPUT, np.where(winners, STRONG[INPUT], INPUT[0])),
        ("dA", dA, OUTPUT, None),
        ("dA_prev, max", winners * spread, INPUT, None),
        ("dA_prev, average", spread / f**2, INPUT, None),
    )
    x = 16
    for title, values, colors, fills in grids:
        draw_text(axes, x, 28, title, 14, colors[1], bold=True)
        draw_grid(axes, values, x, top, cell, colors, 14, fills)
        for row, column in np.ndindex(dA.shape):
            step = f if len(values) == n else 1
            rows, columns = (row * step, (row + 1) * step), (column * step, (column + 1) * step)
            draw_window(axes, x, top, cell, rows, columns, colors[1], width=2.6)
        x += cell * len(values) + 24
    alt = f"dA = {rows_of(dA)} goes back through max pooling as {rows_of(winners * spread)}"
    return Picture(figure, f"{alt}, and through average pooling as {rows_of(spread / f**2)}.")


def blockwise(values, f):
    """View a 2-D array as blocks: axes (block row, row, block column, column)."""
    n_H, n_W = values.shape
    return values.reshape(n_H // f, f, n_W // f, f)


def step_errors(epsilons, one_sided, central):
    """Plot the error of two difference quotients against the step size, both logarithmic."""
    figure, axes = plt.subplots(figsize=(6.6, 3.9))
    axes.loglog(epsilons, one_sided, "s--", color=VERMILLION, label="one-sided", markersize=5)
    axes.loglog(epsilons, central, "o-", color=BLUE, label="central", markersize=6)
    axes.set_xlabel("step size epsilon", fontsize=points(15))
    axes.set_ylabel("relative error", fontsize=points(15))
    axes.tick_params(labelsize=points(13))
    axes.grid(color=PADDING[0])
    axes.spines[["top", "right"]].set_visible(False)
    words = {"fontsize": points(14), "color": GREY, "ha": "center", "transform": axes.transAxes}
    axes.text(0.2, 0.93, "too small: rounding", **words)
    axes.text(0.82, 0.93, "too large: the curve bends", **words)
    axes.set_ylim(top=10)
    axes.legend(fontsize=points(14), loc="lower right", frameon=False)
    alt = "Error against step size, from 1e-13 to 0.1: both curves fall and rise again, like a V."
    return show(figure, f"{alt} The central quotient gets far lower, with a larger step.")
