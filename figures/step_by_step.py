"""The figures of assignment 1, "Convolutional Neural Networks: Step by Step".

Each function draws one file and takes no argument. Every result in a picture is computed here from
the arrays that the picture shows; only those arrays and the captions are typed.
"""

import numpy as np

from figures.drawing import (
    AMBER,
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
    draw_box,
    draw_grid,
    draw_line,
    draw_picture,
    draw_text,
    draw_window,
    make_projection,
    new_canvas,
    number,
)

# The case that runs through the notebook, small enough to check by hand.
TINY_IMAGE = np.arange(1, 10).reshape(3, 3)
TINY_KERNEL = np.array([[1, 0], [2, -1]])

TIMES = "\N{MULTIPLICATION SIGN}"
DOT = "\N{MIDDLE DOT}"


def output_size(size, f, stride, pad):
    """Return floor((size - f + 2 pad) / stride) + 1, the height or width after a window layer."""
    return (size - f + 2 * pad) // stride + 1


def window_sums(image, kernel):
    """Return the 2-D cross-correlation of two 2-D arrays, stride 1 and no padding."""
    f = kernel.shape
    shape = (output_size(image.shape[0], f[0], 1, 0), output_size(image.shape[1], f[1], 1, 0))
    sums = np.empty(shape)
    for row, column in np.ndindex(shape):
        sums[row, column] = np.sum(image[row : row + f[0], column : column + f[1]] * kernel)
    return sums


def written_products(first, second):
    """Write first * second entry by entry, such as 0 . 0 + 1 . 1, for arrays of one shape."""
    pairs = zip(np.ravel(first), np.ravel(second), strict=True)
    factors = [(number(a), f"({number(b)})" if b < 0 else number(b)) for a, b in pairs]
    return " + ".join(f"{a}{DOT}{b}" for a, b in factors)


def size_words(*sizes):
    """Write sizes as 28 x 28 x 1 with true multiplication signs."""
    return f" {TIMES} ".join(str(size) for size in sizes)


def turned_kernel():
    """Draw one image position under a kernel as it is, and under the same kernel turned."""
    image = np.array(
        [[1, 0, 2, 1, 0], [0, 3, 1, 0, 2], [2, 1, 0, 2, 1], [1, 0, 2, 3, 0], [0, 2, 1, 0, 1]]
    )
    kernel = np.arange(1, 10).reshape(3, 3)
    f, (row, column) = len(kernel), (1, 2)
    window = image[row : row + f, column : column + f]
    # The turned kernel is no free choice: it follows from I(i-m, j-n), read from the far corner.
    turned = np.empty_like(kernel)
    for m, n in np.ndindex(f, f):
        turned[f - 1 - m, f - 1 - n] = kernel[m, n]

    _, axes = canvas = new_canvas(700, 408)
    cell, left = 40, 24
    draw_text(axes, left, 82, "image I", 15, BLUE, bold=True)
    fills = np.full(image.shape, INPUT[0])
    draw_grid(axes, image, left, 100, cell, INPUT, 15, fills)
    draw_window(axes, left, 100, cell, (row, row + f), (column, column + f))
    draw_text(axes, left, 322, "the window: the same", 13, VERMILLION)
    draw_text(axes, left, 342, "nine entries both times", 13, VERMILLION)

    corner = np.full(kernel.shape, FILTER[0])
    corner[0, 0] = "#F0A875"
    cases = (
        (52, "cross-correlation", "kernel K as it is", kernel, corner),
        (254, "convolution", f"K turned by 180{chr(176)}", turned, corner[::-1, ::-1]),
    )
    for top, title, caption, used, fills in cases:
        draw_text(axes, 284, top - 32, title, 15, bold=True)
        draw_text(axes, 284, top - 13, caption, 13, VERMILLION)
        draw_grid(axes, used, 284, top, cell, FILTER, 15, fills)
        draw_line(axes, (left + 5 * cell + 6, 200), (272, top + 60), VERMILLION)
        for line in range(f):
            words = written_products(window[line], used[line])
            plus = "" if line == f - 1 else " +"
            draw_text(axes, 428, top + cell * (line + 0.5), words + plus, 15)
        draw_arrow(axes, (566, top + 60), (612, top + 60))
        result = np.array([[np.sum(window * used)]])
        draw_grid(axes, result, 620, top + 30, 60, OUTPUT, 20, bold=np.ones((1, 1)))
    draw_arrow(axes, (344, 180), (344, 214), VERMILLION)
    draw_text(axes, 356, 192, f"180{chr(176)}", 13, VERMILLION)
    return canvas[0]


def draw_layer_words(axes, x, y, name, lines, color=INK):
    """Write a layer's name above the middle x of an arrow at height y, its settings below."""
    draw_text(axes, x, y - 14, name, 14, color, ha="center", bold=True)
    for place, line in enumerate(lines):
        draw_text(axes, x, y + 18 + 17 * place, line, 12.5, color, ha="center")


def model():
    """Draw the network to come, each volume in the size that its layers compute."""
    figure, axes = new_canvas(720, 420)
    unit, back = 3, (1.7, 1.2)

    def draw_volume(x, middle, shape, name, colors):
        n_H, n_W, n_C = shape
        bottom = middle + 52
        project = make_projection(x, middle - n_H * unit / 2, unit, back)
        draw_box(axes, project, shape, colors, lines=False)
        centre = x + (n_W * unit + n_C * back[0]) / 2
        draw_text(axes, centre, bottom + 10, size_words(*shape), 12.5, colors[1], "center")
        draw_text(axes, centre, bottom + 28, name, 12.5, INK, "center")
        return x + n_W * unit + n_C * back[0]

    def convolve(shape, f, pad, filters):
        size = tuple(output_size(n, f, 1, pad) for n in shape[:2])
        weights = size_words(f, f, shape[2], filters)
        lines = [f"f = {f}", "stride = 1", f"pad = {pad}", f"{filters} filters"]
        return (*size, filters), lines, weights

    def pool(shape, f, stride):
        size = tuple(output_size(n, f, stride, 0) for n in shape[:2])
        return (*size, shape[2]), [f"f = {f}", f"stride = {stride}"]

    def step(x, y, width, name, lines, color=INK):
        draw_arrow(axes, (x + 7, y), (x + width - 7, y), color)
        draw_layer_words(axes, x + width / 2, y, name, lines, color)
        return x + width

    top, shape = 92, (28, 28, 1)
    x = draw_volume(16, top, shape, "image", INPUT)
    shape, lines, _ = convolve(shape, 5, 2, 8)
    x = draw_volume(step(x, top, 92, "CONV", lines, VERMILLION), top, shape, "Z", OUTPUT)
    x = draw_volume(step(x, top, 76, "RELU", []), top, shape, "A", OUTPUT)
    shape, lines = pool(shape, 2, 2)
    x = draw_volume(step(x, top, 92, "POOL", lines), top, shape, "A", OUTPUT)

    # The second row goes on where the first one ends.
    low = 318
    draw_line(axes, (x + 10, top), (x + 30, top), VERMILLION, 1.8)
    draw_line(axes, (x + 30, top), (x + 30, 216), VERMILLION, 1.8)
    draw_line(axes, (x + 30, 216), (16, 216), VERMILLION, 1.8)
    draw_line(axes, (16, 216), (16, low), VERMILLION, 1.8)
    shape, lines, _ = convolve(shape, 5, 2, 16)
    x = draw_volume(step(9, low, 84, "CONV", lines, VERMILLION), low, shape, "Z", OUTPUT)
    x = draw_volume(step(x, low, 64, "RELU", []), low, shape, "A", OUTPUT)
    shape, lines = pool(shape, 2, 2)
    x = draw_volume(step(x, low, 80, "POOL", lines), low, shape, "A", OUTPUT)
    features, classes = int(np.prod(shape)), 10
    x = step(x, low, 68, "flatten", [])
    for count, height, width, layer, color in (
        (features, 150, 88, "fully\nconnected", VERMILLION),
        (classes, 100, 74, "softmax", INK),
        (classes, 100, 0, "", INK),
    ):
        cells = make_projection(x, low - height / 2, height / min(count, 10), (0, 0))
        if count == classes:
            draw_box(axes, cells, (classes, 1, 1), OUTPUT)
            end = x + height / classes
        else:
            bar = make_projection(x, low - height / 2, 1, (0, 0))
            draw_box(axes, bar, (height, 9, 1), OUTPUT, lines=False)
            end = x + 9
        draw_text(axes, (x + end) / 2, low + height / 2 + 14, str(count), 12.5, GREEN, "center")
        if width:
            middle = end + width / 2
            draw_arrow(axes, (end + 7, low), (end + width - 7, low), color)
            lines_up = 14 + 9 * layer.count("\n")
            draw_text(axes, middle, low - lines_up, layer, 14, color, "center", bold=True)
        x = end + width
    return figure


def conv_volume():
    """Draw an input volume, a filter bank and the output volume with one entry and its window."""
    n_H_prev, n_W_prev, n_C_prev = shape = (7, 9, 3)
    f, stride, pad, n_C = 3, 1, 0, 4
    n_H, n_W = (output_size(n, f, stride, pad) for n in shape[:2])
    h, w = 0, 4
    rows, columns = (h * stride, h * stride + f), (w * stride, w * stride + f)

    figure, axes = new_canvas(720, 330)
    unit, back = 19, (11, 8)
    volume = make_projection(24, 100, unit, back)
    draw_box(axes, volume, shape, INPUT)
    stop = (rows[1], columns[1], n_C_prev)
    draw_box(axes, volume, stop, FILTER, (rows[0], columns[0], 0), width=2.2, zorder=3)
    draw_text(axes, 24, 24, "A_prev", 15, BLUE, bold=True)
    draw_text(axes, 24, 44, f"n_H_prev {TIMES} n_W_prev {TIMES} n_C_prev", 12.5, BLUE)
    draw_text(axes, 24, 254, f"{size_words(*shape)}, with a window of", 13, INK)
    draw_text(axes, 24, 274, f"{size_words(f, f, n_C_prev)} numbers", 13, VERMILLION)

    draw_text(axes, 300, 24, "W, b", 15, VERMILLION, bold=True)
    draw_text(axes, 300, 44, f"n_C filters of f {TIMES} f {TIMES} n_C_prev", 12.5, VERMILLION)
    for c in range(n_C):
        bank = make_projection(318, 80 + 56 * c, 11, (7, 5))
        chosen = c == 0
        draw_box(axes, bank, (f, f, n_C_prev), FILTER, width=2.2 if chosen else 1.0)
        draw_text(axes, 384, 90 + 56 * c, f"filter {c}", 12.5, INK)
        # Each filter makes one channel of the output; only the first one is followed in full.
        draw_arrow(axes, (442, 92 + 56 * c), (506, 130), VERMILLION if chosen else GREY, 1.8)
    draw_arrow(axes, volume(1.2, columns[1] + 1.4, 0), (312, 92), VERMILLION, 2.2)

    out = make_projection(522, 112, unit, back)
    draw_box(axes, out, (n_H, n_W, n_C), OUTPUT)
    draw_box(axes, out, (h + 1, w + 1, 1), FILTER, (h, w, 0), width=2.2, zorder=3)
    draw_text(axes, 522, 24, "Z", 15, GREEN, bold=True)
    draw_text(axes, 522, 44, f"n_H {TIMES} n_W {TIMES} n_C", 12.5, GREEN)
    draw_text(axes, 522, 254, size_words(n_H, n_W, n_C), 13, INK)
    draw_text(axes, 522, 274, f"one number at ({h}, {w}, 0)", 13, VERMILLION)
    draw_text(
        axes,
        24,
        308,
        f"Here stride = {stride} and pad = {pad}. The window slides; the filters stay.",
        13,
    )
    return figure


def zero_padding():
    """Draw the three channels of a small RGB image, and below them the same with zeros around."""
    pad, size = 2, 3
    image = np.arange(1, 3 * size * size + 1).reshape(3, size, size)
    padded = np.pad(image, ((0, 0), (pad, pad), (pad, pad)))
    channels = (("red", "#F6D9D0", "#B3402A"), ("green", "#D6EBD3", "#3F8A3A"), ("blue", *INPUT))
    figure, axes = new_canvas(664, 400)
    cell, step = 26, 204
    draw_text(axes, 8, 78, "X", 15, BLUE, bold=True)
    draw_text(axes, 8, 98, size_words(*image.shape[1:], 3), 12.5, BLUE)
    draw_text(axes, 8, 250, "X_pad", 15, BLUE, bold=True)
    draw_text(axes, 8, 270, size_words(*padded.shape[1:], 3), 12.5, BLUE)
    for place, (name, fill, edge) in enumerate(channels):
        left = 84 + place * (step - 16)
        inner = left + pad * cell
        draw_text(axes, inner + 1.5 * cell, 24, name, 13, edge, ha="center")
        draw_grid(axes, image[place], inner, 40, cell, (fill, edge), 12.5)
        draw_arrow(axes, (inner + 1.5 * cell, 126), (inner + 1.5 * cell, 158))
        fills = np.full(padded[place].shape, PADDING[0])
        fills[pad:-pad, pad:-pad] = fill
        draw_grid(axes, padded[place], left, 166, cell, (fill, PADDING[1]), 12.5, fills)
        draw_window(axes, left, 166, cell, (pad, pad + size), (pad, pad + size), edge, 2.5)
    words = f"pad = {pad}. Each channel gets its own frame of zeros; no channel is added."
    draw_text(axes, 8, 380, words, 13)
    return figure


def sliding_window():
    """Draw one frame for each position of a 2 x 2 window, as (figures, milliseconds)."""
    sums, f = window_sums(TINY_IMAGE, TINY_KERNEL), len(TINY_KERNEL)
    filled = np.full(sums.shape, np.nan)
    figures = []
    for h, w in np.ndindex(sums.shape):
        window = TINY_IMAGE[h : h + f, w : w + f]
        filled[h, w] = np.sum(window * TINY_KERNEL)
        figure, axes = new_canvas(640, 286)
        cell, top = 52, 56
        draw_text(axes, 24, 32, "image", 15, BLUE, bold=True)
        draw_grid(axes, TINY_IMAGE, 24, top, cell, INPUT, 19)
        draw_window(axes, 24, top, cell, (h, h + f), (w, w + f), width=5)
        draw_text(axes, 250, 32, "kernel", 15, VERMILLION, bold=True)
        draw_grid(axes, TINY_KERNEL, 250, top + cell / 2, cell, FILTER, 19)
        draw_arrow(axes, (368, top + 1.5 * cell), (416, top + 1.5 * cell))
        draw_text(axes, 430, 32, "output", 15, GREEN, bold=True)
        here = np.zeros(sums.shape, bool)
        here[h, w] = True
        draw_grid(axes, filled.copy(), 430, top + cell / 2, cell, OUTPUT, 19, bold=here)
        draw_window(axes, 430, top + cell / 2, cell, (h, h + 1), (w, w + 1), width=4)
        products = f"{written_products(window, TINY_KERNEL)}  =  {number(filled[h, w])}"
        draw_text(axes, 24, 246, products, 19)
        figures.append(figure)
    return figures, [1400] * (len(figures) - 1) + [2600]


def stacked_filters():
    """Draw what three filters find in a tiny picture, and their maps stacked to a volume."""
    row, column = np.mgrid[0:20, 0:20]
    roof = (row - 2 >= np.abs(column - 9.5)) & (row < 10)
    picture = (roof | ((row >= 10) & (row < 18) & (np.abs(column - 9.5) < 6))).astype(float)
    upright = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]])
    filters = {
        "filter 0": (upright, "left minus right"),
        "filter 1": (upright.T, "above minus below"),
        "filter 2": (np.array([[0, 1, 2], [-1, 0, 1], [-2, -1, 0]]), "corner to corner"),
    }
    figure, axes = new_canvas(720, 410)
    draw_text(axes, 24, 26, "input", 15, BLUE, bold=True)
    draw_text(axes, 24, 46, size_words(*picture.shape, 1), 12.5, BLUE)
    draw_picture(axes, picture, 24, 140, 7, BLUE)
    maps = []
    for place, (name, (kernel, words)) in enumerate(filters.items()):
        top = 84 + 112 * place
        maps.append(window_sums(picture, kernel))
        most = np.abs(maps[-1]).max()
        draw_arrow(axes, (172, 210), (222, top + 42), GREY)
        draw_grid(axes, kernel, 232, top, 28, FILTER, 13)
        draw_text(axes, 232, top - 11, f"{name}: {words}", 12, VERMILLION)
        draw_arrow(axes, (324, top + 42), (402, top + 42), GREY)
        draw_picture(axes, maps[-1], 412, top - 6, 5.2, GREEN, (-most, most))
        draw_arrow(axes, (514, top + 42), (548, 210), GREY)
    draw_text(axes, 412, 26, "one map each", 15, GREEN, bold=True)
    draw_text(axes, 412, 46, size_words(*maps[0].shape), 12.5, GREEN)
    draw_text(axes, 552, 26, "stacked: the output", 15, GREEN, bold=True)
    draw_text(axes, 552, 46, size_words(*maps[0].shape, len(maps)), 12.5, GREEN)
    for place in reversed(range(len(maps))):
        most = np.abs(maps[place]).max()
        left, top = 552 + 22 * place, 178 - 22 * place
        draw_picture(axes, maps[place], left, top, 4.8, GREEN, (-most, most))
        draw_text(axes, left + 91, top + 78, f"c = {place}", 11.5, GREEN)
    return figure


def window_corners():
    """Draw a window in a grid with its four corners, for one output position and stride 2."""
    f, stride, h, w = 3, 2, 1, 2
    vert_start, horiz_start = h * stride, w * stride
    vert_end, horiz_end = vert_start + f, horiz_start + f
    values = np.full((6, 8), np.nan)
    figure, axes = new_canvas(640, 400)
    cell, left, top = 40, 216, 76
    draw_grid(axes, values, left, top, cell, INPUT)
    inside = np.full((f, f), np.nan)
    x, y = left + horiz_start * cell, top + vert_start * cell
    draw_grid(axes, inside, x, y, cell, FILTER)
    draw_window(axes, left, top, cell, (vert_start, vert_end), (horiz_start, horiz_end), width=4)
    for row in range(values.shape[0]):
        shade = VERMILLION if vert_start <= row < vert_end else GREY
        draw_text(axes, left - 12, top + (row + 0.5) * cell, str(row), 13, shade, "center")
    for column in range(values.shape[1]):
        shade = VERMILLION if horiz_start <= column < horiz_end else GREY
        draw_text(axes, left + (column + 0.5) * cell, top - 14, str(column), 13, shade, "center")
    edges = (
        (vert_start, f"vert_start = h {DOT} stride = {vert_start}"),
        (vert_end, f"vert_end = vert_start + f = {vert_end}"),
    )
    for place, words in edges:
        level = top + place * cell
        draw_line(axes, (left - 30, level), (x, level), VERMILLION, 1.6, dashed=True)
        name, _, rest = words.partition(" = ")
        draw_text(axes, 8, level - 9, name, 13, VERMILLION, bold=True)
        draw_text(axes, 8, level + 10, f"= {rest}", 12.5, VERMILLION)
    sides = (
        (horiz_start, "horiz_start", f"= w {DOT} stride"),
        (horiz_end, "horiz_end", "= horiz_start + f"),
    )
    for (place, name, rule), anchor in zip(sides, ("right", "left"), strict=True):
        across = left + place * cell
        draw_line(axes, (across, y), (across, top - 40), VERMILLION, 1.6, dashed=True)
        nudge = -6 if anchor == "right" else 6
        words = f"{rule} = {place}"
        draw_text(axes, across + nudge, 18, name, 13, VERMILLION, anchor, bold=True)
        draw_text(axes, across + nudge, 37, words, 12.5, VERMILLION, anchor)
    last = f"rows {vert_start} to {vert_end - 1}, columns {horiz_start} to {horiz_end - 1}"
    draw_text(
        axes, 8, 346, f"f = {f}, stride = {stride}, h = {h}, w = {w}: the window holds {last}.", 13
    )
    draw_text(axes, 8, 370, f"Row {vert_end} and column {horiz_end} no longer belong to it.", 13)
    return figure


def pooling():
    """Draw the maximum and the average of four windows of a 4 x 4 grid."""
    f = stride = 2
    values = np.array([[1, 5, 2, 0], [3, 7, 4, 2], [6, 1, 9, 3], [2, 3, 5, 7]])
    size = output_size(len(values), f, stride, 0)
    tints = np.array([["#D5E8F4", "#F9E3B4"], ["#EFD9E5", "#CDEBE1"]])
    figure, axes = new_canvas(640, 316)
    cell, top = 50, 70
    fills = tints.repeat(stride, axis=0).repeat(stride, axis=1)
    draw_text(axes, 24, 26, "A_prev, one channel", 15, BLUE, bold=True)
    draw_text(axes, 24, 48, f"f = {f}, stride = {stride}", 12.5)
    draw_grid(axes, values, 24, top, cell, INPUT, 18, fills)
    # One outline colour for each window; the same four tints mark the results.
    for (h, w), color in zip(np.ndindex(size, size), (BLUE, AMBER, PURPLE, GREEN), strict=True):
        rows, columns = (h * stride, h * stride + f), (w * stride, w * stride + f)
        draw_window(axes, 24 + 1, top + 1, cell, rows, columns, color, 3)
    for left, name, reduce in ((330, "max", np.max), (500, "average", np.mean)):
        result = np.empty((size, size))
        for h, w in np.ndindex(size, size):
            window = values[h * stride : h * stride + f, w * stride : w * stride + f]
            result[h, w] = reduce(window)
        draw_text(axes, left, 26, name, 15, GREEN, bold=True)
        draw_text(axes, left, 48, f"A, {size_words(size, size)}", 12.5)
        draw_grid(axes, result, left, top + cell, cell, OUTPUT, 18, tints)
    draw_arrow(axes, (244, top + 2 * cell), (310, top + 2 * cell))
    winners = [values[:f, :f].max(), values[:f, :f].mean()]
    words = ", ".join(number(n) for n in values[:f, :f].ravel())
    note = f"Top left window: {words}. Maximum {number(winners[0])}, average {number(winners[1])}."
    draw_text(axes, 24, 296, note, 13)
    return figure


def backward_spread():
    """Draw how two entries of dZ spread to dA and to dW, and add up where windows overlap."""
    dZ = np.array([[1, 2], [0, 0]])
    f, cell = len(TINY_KERNEL), 38
    figure, axes = new_canvas(720, 500)
    total_A, total_W = np.zeros(TINY_IMAGE.shape), np.zeros(TINY_KERNEL.shape)
    draw_text(axes, 24, 24, "dZ", 15, GREEN, bold=True)
    draw_text(axes, 160, 24, "to dA: W times dZ", 15, BLUE, bold=True)
    draw_text(axes, 448, 24, "to dW: the window times dZ", 15, VERMILLION, bold=True)

    def draw_products(x, top, values, gradient):
        for line, row in enumerate(values):
            pairs = [written_products(v, gradient) for v in row]
            draw_text(axes, x, top + (0.5 + line) * cell, "    ".join(pairs), 14)

    for place, (h, w) in enumerate(zip(*np.nonzero(dZ), strict=True)):
        top = 56 + 142 * place
        window, here = TINY_IMAGE[h : h + f, w : w + f], np.s_[h : h + f, w : w + f]
        part_A = np.full(TINY_IMAGE.shape, np.nan)
        part_A[here] = TINY_KERNEL * dZ[h, w]
        part_W = window * dZ[h, w]
        total_A[here] += part_A[here]
        total_W += part_W
        draw_grid(axes, dZ, 24, top + cell / 2, cell, OUTPUT, 16)
        draw_window(axes, 24, top + cell / 2, cell, (h, h + 1), (w, w + 1))
        draw_arrow(axes, (108, top + 1.5 * cell), (150, top + 1.5 * cell))
        draw_grid(axes, part_A, 160, top, cell, INPUT, 16)
        draw_window(axes, 160, top, cell, (h, h + f), (w, w + f))
        draw_products(288, top + 19, TINY_KERNEL, dZ[h, w])
        draw_grid(axes, part_W, 448, top + 19, cell, FILTER, 16)
        draw_products(540, top + 19, window, dZ[h, w])
    top = 362
    draw_line(axes, (24, top - 20), (696, top - 20))
    draw_text(axes, 24, top + 1.5 * cell, "added up", 15, bold=True)
    draw_grid(axes, total_A, 160, top, cell, INPUT, 16, bold=np.ones(total_A.shape))
    draw_window(axes, 160, top, cell, (0, f), (1, 2), GREY, 3)
    draw_text(axes, 288, top + 14, "dA", 15, BLUE, bold=True)
    first, second = TINY_KERNEL[1, 1] * dZ[0, 0], TINY_KERNEL[1, 0] * dZ[0, 1]
    lines = f"The grey pixels lie\nin both windows:\n{number(first)} + {number(second)}"
    draw_text(axes, 288, top + 68, f"{lines} = {number(total_A[1, 1])}", 12.5)
    draw_grid(axes, total_W, 448, top + 19, cell, FILTER, 16, bold=np.ones(total_W.shape))
    draw_text(axes, 540, top + 38, "dW", 15, VERMILLION, bold=True)
    words = f"db = {' + '.join(number(z) for z in dZ[np.nonzero(dZ)])} = {number(dZ.sum())}"
    draw_text(axes, 540, top + 76, words, 13, VERMILLION)
    return figure


FIGURES = {
    "turned_kernel.png": turned_kernel,
    "model.png": model,
    "conv_volume.png": conv_volume,
    "zero_padding.png": zero_padding,
    "sliding_window.gif": sliding_window,
    "stacked_filters.png": stacked_filters,
    "window_corners.png": window_corners,
    "pooling.png": pooling,
    "backward_spread.png": backward_spread,
}
