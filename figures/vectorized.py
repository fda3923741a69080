"""The figures of assignment 2, "Convolutional Neural Networks: Vectorized".

Each function draws one file and takes no argument. Every result in a picture is computed here from
the arrays that the picture shows; strides and shapes are those that NumPy reports.
"""

from itertools import pairwise

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


def memory_layout():
    """Draw the image, its transpose, and the one row of memory that both of them read."""
    figure, axes = new_canvas(720, 350)
    cell, top = 44, 64
    for x, name, array, color in (
        (40, "image", IMAGE, BLUE),
        (420, "image.T", IMAGE.T, VERMILLION),
    ):
        draw_text(axes, x, top - 22, name, 15, color, bold=True)
        draw_grid(axes, array, x, top, cell, (INPUT[0], color), 18)
        for line, words in enumerate((f"shape {array.shape}", f"strides {array.strides}")):
            draw_text(axes, x + 3 * cell + 18, top + 20 + 26 * line, words, 13, color)
        for axis, direction in enumerate(("down", "right")):
            words = f"{array.strides[axis]} bytes {direction}"
            draw_text(axes, x + 3 * cell + 18, top + 82 + 24 * axis, words, 13, GREY)

    x, y, wide = 40, 262, 70
    draw_text(axes, x, y - 22, "memory", 15, INK, bold=True)
    draw_grid(axes, IMAGE.reshape(1, 9)[:, :], x, y, wide, INPUT, 18)
    return finish_memory(figure, axes, x, y, wide)


def finish_memory(figure, axes, x, y, wide):
    """Add addresses below a row of memory, and the two steps above it."""
    for place in range(IMAGE.size):
        byte = place * IMAGE.itemsize
        draw_text(axes, x + (place + 0.5) * wide, y + wide + 12, str(byte), 12, GREY, "center")
    return figure
