"""The figures of assignment 3, "A ConvNet That Reads Digits".

Each function draws one file and takes no argument. Every result in a picture is computed here from
the arrays that the picture shows; only those arrays and the captions are typed.
"""

import numpy as np
from matplotlib.patches import FancyBboxPatch, Rectangle

from figures import step_by_step
from figures.drawing import (
    BLUE,
    FILTER,
    GREEN,
    GREY,
    INK,
    INPUT,
    OUTPUT,
    PADDING,
    PURPLE,
    VERMILLION,
    draw_arrow,
    draw_grid,
    draw_line,
    draw_text,
    draw_window,
    new_canvas,
    number,
    points,
)

MINUS = "\N{MINUS SIGN}"
DOT = "\N{MIDDLE DOT}"
# The case that runs through the notebook.
TINY_Z = np.array([[-1, 2, 0], [3, -4, 1]])


def chunks():
    """Draw pictures in chunks, a random batch of them, and the chunks that it touches."""
    pictures, size, count = 32, 8, 5
    batch = np.sort(np.random.default_rng(6).permutation(pictures)[:count])
    touched = sorted({int(index) // size for index in batch})
    figure, axes = new_canvas(720, 190)
    cell, gap, left, top = 20, 10, 24, 66
    draw_text(
        axes, left, 24, "train/images on disk: one square is one picture", 14, BLUE, bold=True
    )
    for chunk in range(pictures // size):
        x = left + chunk * (size * cell + gap)
        inside = chunk * size + np.arange(size)
        read = chunk in touched
        fills = np.where(np.isin(inside, batch), FILTER[0], INPUT[0] if read else "#FFFFFF")
        draw_grid(axes, inside[None].astype(str), x, top, cell, INPUT, 11, fills[None])
        color = VERMILLION if read else PADDING[1]
        draw_window(axes, x, top, cell, (0, 1), (0, size), color, 3)
        words = f"chunk {chunk}: {'read' if read else 'not read'}"
        draw_text(axes, x + size * cell / 2, top + 42, words, 13, color if read else GREY, "center")
    names = ", ".join(map(str, batch))
    draw_text(axes, left, 146, f"a batch of {count}: pictures {names}", 14, VERMILLION, bold=True)
    words = f"{len(touched)} of {pictures // size} chunks are read and unpacked, "
    draw_text(axes, left, 170, words + f"{size * len(touched)} pictures for {count}", 13, GREY)
    return figure


def relu():
    """Draw RELU of the tiny example forward, and a gradient on its way back."""
    A = np.maximum(TINY_Z, 0)
    dA = 10 * np.arange(1, 7).reshape(2, 3)
    passed = TINY_Z > 0
    dZ = np.where(passed, dA, 0)
    figure, axes = new_canvas(720, 216)
    cell, top = 46, 62
    grids = (
        ("Z", TINY_Z, 24, INPUT, "forward:"),
        ("A = relu(Z)", A, 204, OUTPUT, "negative becomes 0"),
        ("dA", dA, 394, OUTPUT, "backward:"),
        ("dZ", dZ, 560, INPUT, "stopped where Z is not positive"),
    )
    for name, values, x, colors, _ in grids:
        fills = np.where(passed, colors[0], PADDING[0])
        if name == "dA":
            fills = np.full(values.shape, colors[0])
        draw_text(axes, x, 38, name, 15, colors[1], bold=True)
        draw_grid(axes, values, x, top, cell, colors, 17, fills)
    for x in (24 + 3 * cell, 394 + 3 * cell):
        end = 204 if x < 300 else 560
        draw_arrow(axes, (x + 6, top + cell), (end - 6, top + cell))
    draw_text(axes, 24, 182, "forward: what is negative becomes 0", 13, GREY)
    draw_text(axes, 394, 182, "backward: the gradient passes where Z > 0", 13, GREY)
    draw_text(axes, 24, 202, "grey: Z is not positive here", 12.5, GREY)
    return figure


def softmax():
    """Draw one example's scores, exponentials, probabilities, its loss and its gradient."""
    Z, label = np.array([1.0, 3.0, 2.0]), 2
    shifted = Z - Z.max()
    E = np.exp(shifted)
    P = E / E.sum()
    truth = np.eye(3)[label]
    figure, axes = new_canvas(720, 268)
    base, high, width = 206, 120, 30

    def bars(x, values, colors, scale, words):
        for k, value in enumerate(values):
            height = value * scale
            style = {"facecolor": colors[0], "edgecolor": colors[1], "linewidth": points(1.4)}
            left = x + k * (width + 10)
            axes.add_patch(Rectangle((left, base - max(height, 0)), width, abs(height), **style))
            place = base - height - 11 if value >= 0 else base - height + 12
            draw_text(axes, left + width / 2, place, words(value), 12.5, INK, "center")
        draw_line(axes, (x - 6, base), (x + 3 * width + 26, base), INK)

    def three(value):
        return f"{value:.3f}".replace("-", MINUS)

    columns = (24, 200, 376, 574)
    for x, title in zip(columns, ("scores Z", "exp(Z - max)", "P", "dZ"), strict=True):
        draw_text(axes, x, 26, title.replace("-", MINUS), 15, INK, bold=True)
    bars(columns[0], Z, INPUT, high / 3, number)
    bars(columns[1], E, INPUT, high, three)
    bars(columns[2], P, OUTPUT, high, three)
    base = 150
    bars(columns[3], P - truth, FILTER, 90, three)
    for start in columns[:3]:
        draw_arrow(axes, (start + 124, 110), (start + 164, 110))
    for k in range(3):
        color = VERMILLION if k == label else GREY
        x = columns[0] + k * (width + 10) + width / 2
        draw_text(axes, x, 222, str(k), 13, color, "center", k == label)
    draw_text(axes, columns[0], 246, f"right class: {label}", 13, VERMILLION)
    words = f"loss = {MINUS}log {P[label]:.3f} = {-np.log(P[label]):.3f}"
    draw_text(axes, columns[1] + 40, 246, words, 14, GREEN, bold=True)
    draw_text(axes, columns[3], 246, f"P {MINUS} one-hot", 13, VERMILLION)
    return figure


def caches():
    """Draw the eight layers with their caches, forward above and backward below."""
    names = ["CONV", "RELU", "POOL", "CONV", "RELU", "POOL", "flatten", "fully c."]
    gradients = {0: "dW1, db1", 3: "dW2, db2", 7: "dW3, db3"}
    figure, axes = new_canvas(720, 250)
    step, left, width, top, height = 79, 58, 66, 62, 34
    for k, name in enumerate(names):
        x, learns = left + k * step, k in gradients
        colors = FILTER if learns else OUTPUT
        layer = FancyBboxPatch((x, top), width, height, boxstyle="round,pad=0,rounding_size=5")
        layer.set(facecolor=colors[0], edgecolor=colors[1], linewidth=points(1.5))
        axes.add_patch(layer)
        draw_text(axes, x + width / 2, top + height / 2, name, 13, INK, "center", learns)
        store = Rectangle((x + 8, 128), width - 16, 26)
        store.set(facecolor=PADDING[0], edgecolor=PADDING[1], linewidth=points(1.2))
        axes.add_patch(store)
        draw_text(axes, x + width / 2, 141, f"cache {k}", 11, INK, "center")
        draw_arrow(axes, (x + width / 2, top + height), (x + width / 2, 127), GREY, 1.3)
        draw_arrow(axes, (x + width / 2, 155), (x + width / 2, 184), PURPLE, 1.3)
        if learns:
            draw_text(axes, x + width / 2, 226, gradients[k], 12.5, VERMILLION, "center", True)
            draw_arrow(axes, (x + width / 2, 198), (x + width / 2, 216), VERMILLION, 1.3)
    right = left + 7 * step + width
    draw_arrow(axes, (left - 4, 42), (right + 4, 42), GREEN, 2.2)
    draw_text(axes, left - 22, 42, "X", 15, GREEN, "center", True)
    draw_text(axes, right + 18, 42, "Z", 15, GREEN, "center", True)
    draw_text(axes, (left + right) / 2, 22, "model_forward", 14, GREEN, "center", True)
    draw_arrow(axes, (right + 4, 190), (left - 4, 190), PURPLE, 2.2)
    draw_text(axes, right + 20, 190, "dZ", 15, PURPLE, "center", True)
    draw_text(axes, left + 1.9 * step, 208, "model_backward", 14, PURPLE, "center", True)
    return figure


FIGURES = {
    "caches.png": caches,
    "chunks.png": chunks,
    "model.png": step_by_step.FIGURES["model.png"],
    "relu.png": relu,
    "softmax.png": softmax,
}
