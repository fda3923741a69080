"""The figures of assignment 2, "Convolutional Neural Networks: Vectorized".

Each function draws one file and takes no argument. Every result in a picture is computed here from
the arrays that the picture shows; strides and shapes are those that NumPy reports.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from figures.drawing import (
    BLUE,
    EMPTY,
    FILTER,
    GREEN,
    GREY,
    INK,
    INPUT,
    OUTPUT,
    PURPLE,
    VERMILLION,
    draw_arrow,
    draw_grid,
    draw_line,
    draw_text,
    draw_window,
    new_canvas,
    number,
)
from figures.step_by_step import TINY_IMAGE, TINY_KERNEL

IMAGE = TINY_IMAGE.astype(float)  # 8 bytes a number, as in the notebook
F = len(TINY_KERNEL)
WINDOW_COLORS = (VERMILLION, BLUE, GREEN, PURPLE)


def windows_of(image):
    """Return the places (h, w) of all windows of an image, and the windows as rows."""
    windows = sliding_window_view(image, (F, F))
    return list(np.ndindex(windows.shape[:2])), windows.reshape(-1, F * F)


def draw_memory(axes, x, y, cell):
    """Draw the image as one row of memory, with the number of each entry's first byte below."""
    draw_grid(axes, IMAGE.reshape(1, -1), x, y, cell, INPUT, 18)
    for place in range(IMAGE.size):
        words = str(place * IMAGE.itemsize)
        draw_text(axes, x + (place + 0.5) * cell, y + cell + 13, words, 12, GREY, "center")


def memory_layout():
    """Draw the image, its transpose, and the one row of memory that both of them read."""
    figure, axes = new_canvas(720, 410)
    cell, top = 44, 56
    for x, name, array, color in ((40, "image", IMAGE, BLUE), (400, "image.T", IMAGE.T, GREEN)):
        right = x + array.shape[1] * cell + 20
        draw_text(axes, x, top - 22, name, 15, color, bold=True)
        draw_grid(axes, array, x, top, cell, (INPUT[0], color), 18)
        draw_text(axes, right, top + 14, f"shape {array.shape}", 13, color)
        draw_text(axes, right, top + 40, f"strides {array.strides}", 13, color)
        for axis, direction in enumerate(("down", "to the right")):
            words = f"{array.strides[axis]} bytes: one {direction}"
            draw_text(axes, right, top + 82 + 24 * axis, words, 12.5, GREY)

    x, y, wide = 46, 306, 70
    draw_text(axes, x, 222, "memory", 15, INK, bold=True)
    draw_memory(axes, x, y, wide)
    column, row = (IMAGE.strides[axis] // IMAGE.itemsize for axis in (1, 0))
    for steps, height, words in ((column, 18, "one column"), (row, 44, "one row")):
        start, end, level = x + wide / 2, x + (steps + 0.5) * wide, y - height
        draw_line(axes, (start, y - 4), (start, level), VERMILLION, 1.8)
        draw_line(axes, (start, level), (end, level), VERMILLION, 1.8)
        draw_arrow(axes, (end, level), (end, y - 2), VERMILLION)
        words = f"{steps * IMAGE.itemsize} bytes: {words}"
        draw_text(axes, end + 9, level, words, 12.5, VERMILLION)
    return figure


def window_view():
    """Draw which numbers in memory each window reads: sixteen entries, nine numbers."""
    places, _ = windows_of(IMAGE)
    view = sliding_window_view(IMAGE, (F, F))
    figure, axes = new_canvas(720, 388)
    x, y, wide, gap = 150, 60, 60, 46
    draw_text(axes, 24, y + wide / 2, "memory", 15, INK, bold=True)
    draw_memory(axes, x, y, wide)
    for line, (place, color) in enumerate(zip(places, WINDOW_COLORS, strict=True)):
        middle = y + wide + 52 + line * gap
        draw_text(axes, 24, middle, f"windows[{place[0]}, {place[1]}]", 13.5, color, bold=True)
        for entry in np.ndindex(F, F):
            # Where the view walks to: what its strides say, counted in numbers.
            bytes_on = sum(np.multiply((*place, *entry), view.strides))
            left = x + bytes_on // IMAGE.itemsize * wide
            values = np.array([[view[(*place, *entry)]]])
            fill = np.array([["#FFFFFF"]])
            draw_grid(axes, values, left + 12, middle - 18, 36, (fill[0, 0], color), 16)
    words = f"shape {view.shape}, strides {view.strides}: {view.size} entries, "
    draw_text(axes, 24, 362, words + f"{IMAGE.size} numbers in memory", 13, GREY)
    draw_text(axes, x, 32, "the image, row after row, with the bytes at which they start", 13, GREY)
    return figure


def im2col():
    """Draw the windows as rows of a matrix, the kernel as a column, and their product."""
    places, cols = windows_of(IMAGE)
    W_cols = TINY_KERNEL.reshape(-1, 1)
    Z_cols = cols @ W_cols
    figure, axes = new_canvas(720, 294)
    cell, top = 44, 74
    draw_text(axes, 20, 40, "A_prev", 15, BLUE, bold=True)
    draw_grid(axes, IMAGE, 20, top, cell, INPUT, 18)
    for number_of, ((h, w), color) in enumerate(zip(places, WINDOW_COLORS, strict=True)):
        inset = 3 + 2.5 * number_of  # so that no outline hides another
        corner, side = (20 + w * cell + inset, top + h * cell + inset), F * cell - 2 * inset
        draw_window(axes, *corner, side, (0, 1), (0, 1), color, 2.5)
    left, tall = 222, 42
    draw_arrow(axes, (160, top + 66), (left - 10, top + 66), GREY)
    draw_text(axes, left, 40, "cols", 15, BLUE, bold=True)
    draw_grid(axes, cols, left, top, tall, INPUT, 18)
    for line, color in enumerate(WINDOW_COLORS):
        draw_window(axes, left, top, tall, (line, line + 1), (0, F * F), color, 2.5)
    draw_text(axes, left + 4.5 * tall, top + 2 * tall, "@", 22, GREY, "center")
    draw_text(axes, left + 5 * tall, 40, "W_cols", 15, VERMILLION, bold=True)
    draw_grid(axes, W_cols, left + 5 * tall + 4, top, tall, FILTER, 18)
    draw_text(axes, left + 6.6 * tall, top + 2 * tall, "=", 22, GREY, "center")
    draw_text(axes, left + 7.1 * tall, 40, "Z_cols", 15, GREEN, bold=True)
    draw_grid(axes, Z_cols, left + 7.1 * tall, top, tall, OUTPUT, 18)
    draw_text(axes, left + 9.2 * tall, 52 + tall, "Z", 15, GREEN, bold=True)
    draw_grid(axes, Z_cols.reshape(F, F), left + 9.2 * tall, top + tall, tall, OUTPUT, 18)
    draw_arrow(axes, (left + 8.2 * tall, top + 2 * tall), (left + 9.1 * tall, top + 2 * tall))
    words = "a row for each window, a column for each of its numbers, a column of W for each filter"
    draw_text(axes, 20, 272, words, 13, GREY)
    return figure


def col2im():
    """Draw the rows of cols laid back on their windows, and what they add up to."""
    places, cols = windows_of(IMAGE)
    figure, axes = new_canvas(720, 330)
    tall, top, cell = 34, 60, 38
    draw_text(axes, 20, 32, "cols", 15, BLUE, bold=True)
    draw_grid(axes, cols, 20, top + 18, tall, INPUT, 16)
    total = np.zeros(IMAGE.shape)
    for count, ((h, w), row, color) in enumerate(zip(places, cols, WINDOW_COLORS, strict=True)):
        draw_window(axes, 20, top + 18, tall, (count, count + 1), (0, F * F), color, 2.5)
        home = np.full(IMAGE.shape, np.nan)
        home[h : h + F, w : w + F] = row.reshape(F, F)
        total += np.nan_to_num(home)
        x, y = 220 + 142 * (count % 2), top + 132 * (count // 2)
        fills = np.where(np.isnan(home), EMPTY[0], INPUT[0])
        draw_grid(axes, home, x, y, cell, ("#FFFFFF", "#A0A0A0"), 16, fills)
        draw_window(axes, x, y, cell, (h, h + F), (w, w + F), color, 3.5)
        if count:
            draw_text(axes, x - 14, y + 57, "+", 18, GREY, "center")
    draw_text(axes, 220, 32, "each row on its own window", 13, GREY)
    draw_arrow(axes, (164, top + 86), (204, top + 86), GREY)
    draw_text(axes, 500, top + 124, "=", 22, GREY, "center")
    draw_text(axes, 528, 90, "col2im(cols)", 15, GREEN, bold=True)
    draw_grid(axes, total, 528, 116, 56, OUTPUT, 20, bold=total > IMAGE)
    counts = (total / IMAGE).astype(int)
    words = f"{number(counts.min())}, {number(counts[0, 1])} or {number(counts.max())} times"
    draw_text(axes, 528, 308, f"each pixel {words}", 12.5, GREY)
    return figure


def ties():
    """Draw what a mask and what the first maximum make of a window with two maxima."""
    window, dA = np.array([[0, 5], [5, 2]]), 8
    mask = window == window.max()
    first = np.arange(window.size).reshape(window.shape) == window.argmax()
    figure, axes = new_canvas(720, 214)
    cell, top = 58, 62
    draw_text(axes, 24, 34, "window", 15, BLUE, bold=True)
    fills = np.where(mask, INPUT[0], "#FFFFFF")
    draw_grid(axes, window, 24, top, cell, INPUT, 20, fills, mask)
    draw_text(
        axes, 24 + cell, top + 2 * cell + 20, f"gradient {dA}", 14, GREEN, "center", bold=True
    )
    cases = ((250, "every maximum", mask), (490, "the first maximum", first))
    for x, title, winners in cases:
        shares = dA * winners
        draw_text(axes, x, 34, title, 15, BLUE, bold=True)
        fills = np.where(winners, OUTPUT[0], "#FFFFFF")
        draw_grid(axes, shares, x, top, cell, OUTPUT, 20, fills, winners)
        words = " + ".join(number(share) for share in shares[winners])
        equals = f"{words} = {number(shares.sum())}" if winners.sum() > 1 else words
        draw_text(axes, x + cell, top + 2 * cell + 20, f"in all {equals}", 14, INK, "center")
    draw_arrow(axes, (24 + 2 * cell + 14, top + cell), (236, top + cell), GREY)
    draw_text(axes, 428, top + cell, "or", 15, GREY, "center")
    return figure


FIGURES = {
    "memory_layout.png": memory_layout,
    "window_view.png": window_view,
    "im2col.png": im2col,
    "col2im.png": col2im,
    "ties.png": ties,
}
