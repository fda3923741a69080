"""The figures of assignment 1, "Convolutional Neural Networks: Step by Step".

Each function draws one file and takes no argument. Every result in a picture is computed here from
the arrays that the picture shows; only those arrays and the captions are typed.
"""

from itertools import pairwise

import numpy as np

from figures.drawing import (
    AMBER,
    BLUE,
    EMPTY,
    FILTER,
    GREEN,
    GREY,
    INK,
    INPUT,
    OUTPUT,
    PADDING,
    PURPLE,
    SKY,
    VERMILLION,
    YELLOW,
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
MINUS = "\N{MINUS SIGN}"


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

    figure, axes = new_canvas(700, 394)
    cell, left, top = 40, 24, 113
    draw_text(axes, left, top - 18, "image I", 15, BLUE, bold=True)
    draw_grid(axes, image, left, top, cell, INPUT, 15)
    draw_window(axes, left, top, cell, (row, row + f), (column, column + f))
    draw_text(axes, left, top + 224, "the window: the same", 13, VERMILLION)
    draw_text(axes, left, top + 244, "nine entries both times", 13, VERMILLION)

    # A darker entry lets the eye follow one corner through the turn.
    marked = np.full(kernel.shape, FILTER[0])
    marked[0, 0] = "#F0A875"
    cases = (
        (54, "cross-correlation", "kernel K as it is", kernel, marked),
        (252, "convolution", "K turned by 180\N{DEGREE SIGN}", turned, marked[::-1, ::-1]),
    )
    for top, title, caption, used, fills in cases:
        draw_text(axes, 284, top - 34, title, 15, bold=True)
        draw_text(axes, 284, top - 13, caption, 13, VERMILLION)
        draw_grid(axes, used, 284, top, cell, FILTER, 15, fills)
        draw_arrow(axes, (left + 5 * cell + 5, 213), (276, top + 60), VERMILLION, 1.4)
        for line in range(f):
            words = written_products(window[line], used[line])
            plus = "" if line == f - 1 else " +"
            draw_text(axes, 426, top + cell * (line + 0.5), words + plus, 15)
        draw_text(axes, 592, top + 60, "=", 20, GREY, "center")
        result = np.array([[np.sum(window * used)]])
        draw_grid(axes, result, 620, top + 30, 60, OUTPUT, 20, bold=np.ones((1, 1)))
    return figure


def model():
    """Draw the network to come, each volume in the size that its layers compute."""
    figure, axes = new_canvas(720, 440)
    unit, back = 3, (1.4, 1.0)

    def draw_volume(x, middle, shape, name, colors):
        n_H, n_W, n_C = shape
        project = make_projection(x, middle - n_H * unit / 2, unit, back)
        draw_box(axes, project, shape, colors, lines=False)
        end = x + n_W * unit + n_C * back[0]
        above = middle - n_H * unit / 2 - n_C * back[1] - 14
        draw_text(axes, (x + end) / 2, above, size_words(*shape), 12.5, colors[1], "center")
        draw_text(axes, x + n_W * unit / 2, middle + n_H * unit / 2 + 16, name, 13, INK, "center")
        return end

    def convolve(shape, f, pad, filters):
        n_H, n_W = (output_size(size, f, 1, pad) for size in shape[:2])
        return (n_H, n_W, filters), [f"f = {f}", "stride = 1", f"pad = {pad}", f"{filters} filters"]

    def pool(shape, f, stride):
        n_H, n_W = (output_size(size, f, stride, 0) for size in shape[:2])
        return (n_H, n_W, shape[2]), [f"f = {f}", f"stride = {stride}"]

    def step(x, y, width, names, settings=(), color=INK):
        draw_arrow(axes, (x + 7, y), (x + width - 7, y), color)
        for line, name in enumerate(reversed(names)):
            draw_text(axes, x + width / 2, y - 15 - 18 * line, name, 14, color, "center", True)
        for line, setting in enumerate(settings):
            draw_text(axes, x + width / 2, y + 18 + 17 * line, setting, 12.5, color, "center")
        return x + width

    high, shape = 96, (28, 28, 1)
    x = draw_volume(24, high, shape, "image", INPUT)
    shape, settings = convolve(shape, 5, 2, 8)
    x = step(x, high, 100, ["CONV"], settings, VERMILLION)
    x = draw_volume(x, high, shape, "Z", OUTPUT)
    x = draw_volume(step(x, high, 86, ["RELU"]), high, shape, "A", OUTPUT)
    shape, settings = pool(shape, 2, 2)
    x = draw_volume(step(x, high, 100, ["POOL"], settings), high, shape, "A", OUTPUT)

    # The second row goes on where the first one ends.
    low, turn = 322, 208
    corners = [(x + 8, high), (x + 36, high), (x + 36, turn), (24, turn), (24, low)]
    for start, end in pairwise(corners):
        draw_line(axes, start, end, VERMILLION, 1.8)
    shape, settings = convolve(shape, 5, 2, 16)
    x = step(17, low, 92, ["CONV"], settings, VERMILLION)
    x = draw_volume(x, low, shape, "Z", OUTPUT)
    x = draw_volume(step(x, low, 64, ["RELU"]), low, shape, "A", OUTPUT)
    shape, settings = pool(shape, 2, 2)
    x = draw_volume(step(x, low, 80, ["POOL"], settings), low, shape, "A", OUTPUT)

    def draw_vector(x, entries, height, ruled):
        parts = entries if ruled else 1
        top = low - height / 2
        for part in range(parts):
            bar = make_projection(x, top + part * height / parts, 1, (0, 0))
            draw_box(axes, bar, (height / parts, 10, 1), OUTPUT, lines=False)
        draw_text(axes, x + 5, low + height / 2 + 14, str(entries), 12.5, GREEN, "center")
        return x + 10

    classes = 10
    x = draw_vector(step(x, low, 72, ["flatten"]), int(np.prod(shape)), 150, False)
    x = step(x, low, 92, ["fully", "connected"], (), VERMILLION)
    x = draw_vector(x, classes, 100, True)
    draw_vector(step(x, low, 80, ["softmax"]), classes, 100, True)
    draw_text(axes, 24, 426, "orange: layers with parameters to learn", 12.5, VERMILLION)
    return figure


def conv_volume():
    """Draw an input volume, a filter bank and the output volume with one entry and its window."""
    shape = n_H_prev, n_W_prev, n_C_prev = (7, 9, 3)
    f, stride, pad, n_C = 3, 1, 0, 4
    n_H, n_W = (output_size(size, f, stride, pad) for size in shape[:2])
    h, w, c = 0, n_W - 1, 0
    rows, columns = (h * stride, h * stride + f), (w * stride, w * stride + f)

    figure, axes = new_canvas(720, 396)
    unit, back = 21, (11, 8)
    left, top = 44, 146
    volume = make_projection(left, top, unit, back)
    draw_box(axes, volume, shape, INPUT)
    window = (rows[0], columns[0], 0), (rows[1], columns[1], n_C_prev)
    draw_box(axes, volume, window[1], FILTER, window[0], width=2.4, zorder=3)
    draw_text(axes, left, 24, "input A_prev", 15, BLUE, bold=True)
    middle = top + n_H_prev * unit / 2
    draw_text(axes, left - 14, middle, f"n_H_prev = {n_H_prev}", 13, BLUE, upright=True)
    bottom = top + n_H_prev * unit + 16
    draw_text(axes, left + 56, bottom, f"n_W_prev = {n_W_prev}", 13, BLUE)
    draw_text(axes, left + n_W_prev * unit + 10, bottom, f"n_C_prev = {n_C_prev}", 13, BLUE)
    size = size_words(f, f, n_C_prev)
    draw_text(
        axes, left, bottom + 38, f"orange: the window, f {TIMES} f {TIMES} n_C_prev", 13, VERMILLION
    )
    draw_text(axes, left, bottom + 58, f"= {size} = {f * f * n_C_prev} entries", 13, VERMILLION)

    bank = 372
    draw_text(axes, bank - 4, 24, "filters W", 15, VERMILLION, bold=True)
    draw_text(axes, bank - 4, 44, f"n_C = {n_C}", 13, VERMILLION)
    for place in range(n_C):
        filter_top = 82 + 78 * place
        project = make_projection(bank, filter_top, 15, (8, 6))
        chosen = place == c
        colors = FILTER if chosen else ("#FDF3EC", VERMILLION)
        draw_box(axes, project, (f, f, n_C_prev), colors, width=2.4 if chosen else 1.2)
        draw_text(axes, bank - 12, filter_top + 22, str(place), 13, VERMILLION, "right", chosen)
    for corner in ((rows[0], columns[1], n_C_prev), (rows[1], columns[1], 0)):
        draw_line(axes, volume(*corner), (bank - 40, 104), VERMILLION, dashed=True)
    draw_arrow(axes, (bank - 40, 104), (bank - 24, 104), VERMILLION, 1.4)

    left = 500
    output = make_projection(left, top, unit, back)
    draw_box(axes, output, (n_H, n_W, n_C), OUTPUT)
    entry = (h, w, c), (h + 1, w + 1, c + 1)
    draw_box(axes, output, entry[1], (GREEN, "#00543D"), entry[0], lines=False, zorder=4)
    draw_text(axes, left, 24, "output Z", 15, GREEN, bold=True)
    draw_text(axes, left - 14, top + n_H * unit / 2, f"n_H = {n_H}", 13, GREEN, upright=True)
    bottom = top + n_H * unit + 16
    draw_text(axes, left + 44, bottom, f"n_W = {n_W}", 13, GREEN)
    draw_text(axes, left + n_W * unit + 10, bottom, f"n_C = {n_C}", 13, GREEN)
    words = f"one entry: {f * f * n_C_prev} products + bias"
    draw_text(axes, left, 62, words, 13, GREEN)
    x, y = output(h + 0.5, w + 0.5, c)
    draw_line(axes, (bank + 76, 84), (x, 84), VERMILLION, 1.8)
    draw_arrow(axes, (x, 84), (x, y - 12), VERMILLION)
    notes = (
        f"n_H = floor(({n_H_prev} {MINUS} {f} + 2{DOT}{pad}) / {stride}) + 1 = {n_H}",
        f"n_W = floor(({n_W_prev} {MINUS} {f} + 2{DOT}{pad}) / {stride}) + 1 = {n_W}",
    )
    for line, note in enumerate(notes):
        draw_text(axes, left - 44, bottom + 80 + 20 * line, note, 13, GREEN)
    return figure


def zero_padding():
    """Draw the three channels of a small picture before and after padding by 2."""
    pad = 2
    picture = np.array(
        [
            [[250, 190, 60], [250, 200, 90], [120, 180, 240], [110, 170, 235]],
            [[240, 120, 50], [205, 60, 45], [215, 70, 50], [130, 185, 240]],
            [[90, 150, 70], [160, 50, 40], [170, 55, 45], [80, 140, 60]],
        ]
    )
    n_H, n_W, n_C = picture.shape
    padded = np.zeros((n_H + 2 * pad, n_W + 2 * pad, n_C), dtype=int)
    padded[pad : pad + n_H, pad : pad + n_W] = picture

    figure, axes = new_canvas(720, 446)
    cell, top = 28, 66
    draw_text(axes, 16, 22, "an RGB picture", 14, bold=True)
    draw_picture(axes, picture / 255, 16, top, cell, INK)
    draw_arrow(axes, (140, top + 42), (166, top + 42))
    draw_text(axes, 178, 22, f"X, its {n_C} channels", 14, BLUE, bold=True)
    # The back channels show only an edge: their numbers stand in full in the row below.
    for channel in reversed(range(n_C)):
        x, y = 178 + 30 * channel, top + 18 - 18 * channel
        values = picture[..., channel] if channel == 0 else np.full((n_H, n_W), np.nan)
        draw_grid(axes, values, x, y, cell, INPUT, 12)
    lines = (
        ("n_H", n_H, padded.shape[0]),
        ("n_W", n_W, padded.shape[1]),
    )
    draw_text(axes, 404, 22, f"pad = {pad}: zeros on all four sides", 14, bold=True)
    for line, (name, before, after) in enumerate(lines):
        words = f"{name} + 2{DOT}pad = {before} + 2{DOT}{pad} = {after}"
        draw_text(axes, 404, top + 10 + 28 * line, words, 14)
    draw_text(axes, 404, top + 66, f"n_C = {n_C}, as before", 14)

    cell, top = 28, 224
    names = ("red", "green", "blue")
    for channel, name in enumerate(names):
        x = 14 + channel * (8 * cell + 10)
        values = padded[..., channel]
        inside = np.zeros(values.shape, dtype=bool)
        inside[pad : pad + n_H, pad : pad + n_W] = True
        fills = np.where(inside, INPUT[0], PADDING[0])
        draw_text(axes, x, top - 18, f"X_pad, channel {channel} ({name})", 13, BLUE, bold=True)
        draw_grid(axes, values, x, top, cell, PADDING, 12, fills)
        window = (pad, pad + n_H), (pad, pad + n_W)
        draw_window(axes, x, top, cell, *window, BLUE, 2.4)
    draw_text(axes, 14, 434, "grey: the zeros that zero_pad adds", 12.5, GREY)
    return figure


def sliding_window():
    """Return (frames, milliseconds): a 2 x 2 window goes over the 3 x 3 image, stride 1."""
    result = window_sums(TINY_IMAGE, TINY_KERNEL)
    places = list(np.ndindex(result.shape))
    frames = [sliding_frame(result, places, done) for done in range(len(places))]
    return frames, [1400] * (len(places) - 1) + [3500]


def sliding_frame(result, places, done):
    """Draw one frame: the window at places[done], and the result as far as it is known."""
    f, cell = len(TINY_KERNEL), 60
    figure, axes = new_canvas(640, 320)
    image_x, kernel_x, result_x, top = 24, 274, 484, 56
    draw_text(axes, image_x, 32, "A_prev", 15, BLUE, bold=True)
    draw_text(axes, kernel_x, 32, "W", 15, VERMILLION, bold=True)
    draw_text(axes, result_x, 32, "Z", 15, GREEN, bold=True)
    draw_grid(axes, TINY_IMAGE, image_x, top, cell, INPUT, 22)
    draw_grid(axes, TINY_KERNEL, kernel_x, top, cell, FILTER, 22)
    draw_text(axes, 239, top + cell, "\N{ASTERISK OPERATOR}", 24, GREY, "center")
    draw_text(axes, 439, top + cell, "=", 24, GREY, "center")
    draw_text(axes, image_x, 262, "f = 2, stride = 1, pad = 0", 14, GREY)

    shown = places[: done + 1]
    values = np.full(result.shape, np.nan)
    fills = np.full(result.shape, EMPTY[0])
    for place in shown:
        values[place], fills[place] = result[place], OUTPUT[0]
    draw_grid(axes, values, result_x, top, cell, OUTPUT, 22, fills)
    for line, (h, w) in enumerate(shown):
        products = written_products(TINY_IMAGE[h : h + f, w : w + f], TINY_KERNEL)
        words = f"Z[{h}, {w}] = {products} = {number(result[h, w])}"
        draw_text(axes, kernel_x, 210 + 26 * line, words, 15, bold=line == done)
    h, w = places[done]
    draw_window(axes, image_x, top, cell, (h, h + f), (w, w + f), width=5)
    draw_window(axes, result_x, top, cell, (h, h + 1), (w, w + 1), GREEN, 5)
    for (row, column), weight in np.ndenumerate(TINY_KERNEL):
        x, y = image_x + (w + column + 1) * cell - 8, top + (h + row + 1) * cell - 12
        words = f"{DOT}{number(weight)}"
        draw_text(axes, x, y, words, 14, VERMILLION, "right", bold=True)
    return figure


def drawn_house():
    """Return a picture (16, 16, 3) of a red house on green ground under a blue sky."""
    picture = np.empty((16, 16, 3))
    picture[:] = (0.55, 0.78, 0.95)
    picture[13:] = (0.35, 0.65, 0.35)
    for row in range(2, 7):
        picture[row, 9 - row : 7 + row] = (0.35, 0.3, 0.3)
    picture[7:13, 4:12] = (0.85, 0.25, 0.2)
    picture[9:13, 7:9] = (0.98, 0.9, 0.55)
    return picture


def grey_fills(values, limit):
    """Return hexadecimal greys: -limit is black, 0 the middle grey, limit white."""
    levels = np.rint((values / limit + 1) / 2 * 255).astype(int)
    return np.array([[f"#{level:02X}{level:02X}{level:02X}" for level in row] for row in levels])


def stacked_filters():
    """Draw three filters, the map that each computes from one picture, and the stacked maps."""
    picture = drawn_house()
    edges = np.array([[-1, 0, 1]] * 3)
    ones = np.ones((3, 3), dtype=int)
    bank = (
        ("vertical edges", np.stack([edges] * 3, axis=2)),
        ("horizontal edges", np.stack([edges.T] * 3, axis=2)),
        ("red areas", np.stack([2 * ones, -ones, -ones], axis=2)),
    )
    maps = []
    for _, kernel in bank:
        channels = [window_sums(picture[..., c], kernel[..., c]) for c in range(3)]
        maps.append(np.sum(channels, axis=0))
    limits = [(-np.abs(values).max(), np.abs(values).max()) for values in maps]

    figure, axes = new_canvas(720, 430)
    draw_text(axes, 16, 24, "input A_prev", 14, BLUE, bold=True)
    draw_picture(axes, picture, 16, 166, 8, BLUE)
    draw_text(axes, 80, 312, size_words(*picture.shape), 13, BLUE, "center")
    draw_text(axes, 186, 24, f"n_C = {len(bank)} filters W", 14, VERMILLION, bold=True)
    draw_text(axes, 430, 24, "one map each", 14, GREEN, bold=True)
    draw_text(axes, 576, 24, "output Z", 14, GREEN, bold=True)
    for place, (name, kernel) in enumerate(bank):
        top = 74 + 118 * place
        words = f"{place}: {name}, {size_words(*kernel.shape)}"
        draw_text(axes, 186, top - 14, words, 13, VERMILLION)
        for channel in range(3):
            values, x = kernel[..., channel], 186 + 70 * channel
            draw_grid(axes, values, x, top, 22, FILTER, 12, grey_fills(values, 2))
            draw_window(axes, x, top, 22, (0, 3), (0, 3), width=2)
        draw_arrow(axes, (148, 230), (180, top + 33), VERMILLION, 1.4)
        draw_arrow(axes, (396, top + 33), (424, top + 33), VERMILLION, 1.4)
        draw_picture(axes, maps[place], 430, top - 16, 7, GREEN, limits[place])
        draw_arrow(axes, (534, top + 33), (568, 230 + 22 * (place - 1)), GREEN, 1.4)
    for place in reversed(range(len(bank))):
        x, y = 574 + 21 * place, 204 - 21 * place
        draw_picture(axes, maps[place], x, y, 6, GREEN, limits[place], zorder=4 - place / 2)
        draw_text(axes, x + 92, y + 76, str(place), 13, GREEN)
    shape = (*maps[0].shape, len(maps))
    draw_text(axes, 636, 312, size_words(*shape), 13, GREEN, "center")
    words = "filters and maps in greys: black is negative, middle grey is 0, white is positive"
    draw_text(axes, 16, 416, words, 12.5, GREY)
    return figure


def window_corners():
    """Draw the four edges of the window of one output position, the ends exclusive."""
    n_H_prev, n_W_prev, f, stride = 6, 8, 3, 2
    n_H, n_W = output_size(n_H_prev, f, stride, 0), output_size(n_W_prev, f, stride, 0)
    h, w = 1, 2
    vert_start, horiz_start = h * stride, w * stride
    vert_end, horiz_end = vert_start + f, horiz_start + f

    figure, axes = new_canvas(720, 440)
    x, y, cell = 48, 74, 42
    right, bottom = x + n_W_prev * cell, y + n_H_prev * cell
    fills = np.full((n_H_prev, n_W_prev), INPUT[0])
    fills[vert_start:vert_end, horiz_start:horiz_end] = FILTER[0]
    nothing = np.full((n_H_prev, n_W_prev), np.nan)
    draw_text(axes, x, 22, f"A_prev, {n_H_prev} {TIMES} {n_W_prev}", 15, BLUE, bold=True)
    draw_grid(axes, nothing, x, y, cell, INPUT, fills=fills)
    for row in range(n_H_prev):
        draw_text(axes, x - 16, y + (row + 0.5) * cell, str(row), 14, BLUE, "center")
    for column in range(n_W_prev):
        draw_text(axes, x + (column + 0.5) * cell, y - 18, str(column), 14, BLUE, "center")
    rows, columns = (vert_start, vert_end), (horiz_start, horiz_end)
    draw_window(axes, x, y, cell, rows, columns)

    marks = (
        (vert_start, "vert_start", f"h{DOT}stride = {h}{DOT}{stride}"),
        (vert_end, "vert_end", f"vert_start + f = {vert_start} + {f}"),
    )
    for value, name, words in marks:
        level = y + value * cell
        draw_line(
            axes, (x - 28, level), (right + 26, level), VERMILLION, 1.6, dashed=True, zorder=5
        )
        draw_text(axes, right + 34, level - 10, f"{name} = {value}", 14, VERMILLION, bold=True)
        draw_text(axes, right + 34, level + 10, f"= {words}", 13, VERMILLION)
    marks = (
        (horiz_start, "horiz_start", f"w{DOT}stride = {w}{DOT}{stride}", 24, "right"),
        (horiz_end, "horiz_end", f"horiz_start + f = {horiz_start} + {f}", 24, "left"),
    )
    for value, name, words, drop, ha in marks:
        across = x + value * cell
        end = (across, bottom + drop + 18)
        draw_line(axes, (across, y - 30), end, VERMILLION, 1.6, dashed=True, zorder=5)
        shift = -8 if ha == "right" else 8
        level = bottom + drop - 6
        draw_text(axes, across + shift, level, f"{name} = {value}", 14, VERMILLION, ha, bold=True)
        draw_text(axes, across + shift, level + 20, f"= {words}", 13, VERMILLION, ha)
    words = f"rows {vert_start} to {vert_end - 1}, columns {horiz_start} to {horiz_end - 1}"
    slices = f"A_prev[{vert_start}:{vert_end}, {horiz_start}:{horiz_end}]"
    draw_text(axes, x, 400, f"{slices}: {words}.", 14, bold=True)
    words = "The end is the line after the last row or column: it is not in the window."
    draw_text(axes, x, 422, words, 13)

    x = 560
    draw_text(axes, x, 22, f"Z, {n_H} {TIMES} {n_W}", 15, GREEN, bold=True)
    fills = np.full((n_H, n_W), OUTPUT[0])
    fills[h, w] = GREEN
    draw_grid(axes, np.full((n_H, n_W), np.nan), x, y - 16, 34, OUTPUT, fills=fills)
    for row in range(n_H):
        draw_text(axes, x - 12, y - 16 + (row + 0.5) * 34, str(row), 13, GREEN, "center")
    for column in range(n_W):
        draw_text(axes, x + (column + 0.5) * 34, y - 28, str(column), 13, GREEN, "center")
    return figure


def pooling():
    """Draw a 4 x 4 grid with its four windows, the maximum and the average of each."""
    values = np.array([[1, 5, 2, 0], [3, 7, 4, 2], [6, 1, 9, 3], [2, 3, 5, 7]])
    f, stride = 2, 2
    size = output_size(len(values), f, stride, 0)
    tints = np.array([["#FBF6B5", "#D3ECFA"], ["#F3DAE8", "#FAE0A8"]])
    edges = np.array([[YELLOW, SKY], [PURPLE, AMBER]])
    fills = np.empty(values.shape, dtype=tints.dtype)
    highest, average = np.empty((size, size)), np.empty((size, size))

    figure, axes = new_canvas(720, 372)
    x, y, cell = 20, 92, 54
    draw_text(axes, x, 46, "A_prev", 15, BLUE, bold=True)
    draw_text(axes, x, 70, f"f = {f}, stride = {stride}", 13, GREY)
    cases = ((highest, "max pooling", 62), (average, "average pooling", 236))
    for h, w in np.ndindex(size, size):
        rows, columns = (h * stride, h * stride + f), (w * stride, w * stride + f)
        window = values[slice(*rows), slice(*columns)]
        fills[slice(*rows), slice(*columns)] = tints[h, w]
        highest[h, w], average[h, w] = window.max(), window.mean()
        listed = [number(value) for value in window.ravel()]
        words = (
            f"max({', '.join(listed)}) = {number(highest[h, w])}",
            f"({' + '.join(listed)}) / {window.size} = {number(average[h, w])}",
        )
        for (_, _, top), sentence in zip(cases, words, strict=True):
            level = top + 14 + 28 * (size * h + w)
            draw_grid(axes, np.full((1, 1), np.nan), 478, level - 8, 16, (tints[h, w], GREY))
            draw_text(axes, 504, level, sentence, 14)
    draw_grid(axes, values, x, y, cell, INPUT, 20, fills)
    for h, w in np.ndindex(size, size):
        # Insets keep the outlines of neighbours apart.
        rows, columns = (h * f + 0.05, (h + 1) * f - 0.05), (w * f + 0.05, (w + 1) * f - 0.05)
        draw_window(axes, x, y, cell, rows, columns, edges[h, w], 4)
    for result, title, top in cases:
        draw_text(axes, 338, top - 22, title, 15, GREEN, bold=True)
        draw_grid(axes, result, 338, top, cell, OUTPUT, 19, tints)
        draw_window(axes, 338, top, cell, (0, size), (0, size), GREEN, 2.6)
        draw_arrow(axes, (246, y + 108), (326, top + cell), GREY)
    return figure


def backward_spread():
    """Draw how each entry of dZ adds to a window of dA_prev, and a slice of A_prev to dW."""
    dZ = np.array([[1, 2], [3, 4]])
    f, cell, step = len(TINY_KERNEL), 38, 143
    dA_prev, dW = np.zeros(TINY_IMAGE.shape, dtype=int), np.zeros((f, f), dtype=int)
    figure, axes = new_canvas(720, 598)

    x, y = 16, 44
    draw_text(axes, x, 22, "A_prev", 14, BLUE, bold=True)
    draw_grid(axes, TINY_IMAGE, x, y, cell, INPUT)
    draw_window(axes, x, y, cell, (0.06, 1.94), (0.06, 1.94), width=3.2)
    draw_window(axes, x, y, cell, (-0.06, 2.06), (1, 3.06), width=3.2, dashed=True)
    draw_text(axes, 166, 22, "W", 14, VERMILLION, bold=True)
    draw_grid(axes, TINY_KERNEL, 166, y, cell, FILTER)
    draw_text(axes, 280, 22, "dZ", 14, GREEN, bold=True)
    draw_grid(axes, dZ, 280, y, cell, OUTPUT)
    notes = (
        "Each entry of dZ goes back to its own",
        "window. The windows of dZ[0, 0] (solid)",
        "and dZ[0, 1] (dashed) overlap: there,",
        "the contributions add up.",
    )
    for line, note in enumerate(notes):
        draw_text(axes, 402, y + 10 + 21 * line, note, 13)

    x, high, low = 16, 240, 474
    draw_text(
        axes, x, high - 48, f"dA_prev: every window gets W {DOT} dZ[h, w]", 15, BLUE, bold=True
    )
    draw_text(axes, x, low - 48, f"dW: gets a_slice {DOT} dZ[h, w]", 15, VERMILLION, bold=True)
    shares = {place: [] for place in np.ndindex(TINY_IMAGE.shape)}
    sums = {place: [] for place in np.ndindex(f, f)}
    for place, (h, w) in enumerate(np.ndindex(dZ.shape)):
        window = (slice(h, h + f), slice(w, w + f))
        dA_prev[window] += TINY_KERNEL * dZ[h, w]
        dW += TINY_IMAGE[window] * dZ[h, w]
        spread = np.full(TINY_IMAGE.shape, "nan", dtype=object)
        slices = np.empty((f, f), dtype=object)
        for row, column in np.ndindex(f, f):
            share = written_products(TINY_KERNEL[row, column], dZ[h, w])
            spread[h + row, w + column] = share
            shares[h + row, w + column].append(share)
            slices[row, column] = written_products(TINY_IMAGE[h + row, w + column], dZ[h, w])
            sums[row, column].append(slices[row, column])
        left = x + step * place
        fills = np.where(spread == "nan", "#FFFFFF", INPUT[0])
        heading = f"dZ[{h}, {w}] = {dZ[h, w]}"
        draw_text(axes, left, high - 18, heading, 13, GREEN)
        draw_grid(axes, spread, left, high, cell, INPUT, 12.5, fills)
        draw_window(axes, left, high, cell, (h, h + f), (w, w + f), width=3.2)
        draw_text(axes, left, low - 18, heading, 13, GREEN)
        draw_grid(axes, slices, left + 19, low, cell, FILTER, 13)
        sign = "=" if place == dZ.size - 1 else "+"
        draw_text(axes, left + 128.5, high + 1.5 * cell, sign, 20, GREY, "center")
        draw_text(axes, left + 128.5, low + cell, sign, 20, GREY, "center")
    left = x + step * dZ.size
    draw_text(axes, left, high - 18, "dA_prev", 14, BLUE, bold=True)
    draw_grid(axes, dA_prev, left, high, cell, INPUT, 15)
    draw_text(axes, left + 19, low - 18, "dW", 14, VERMILLION, bold=True)
    draw_grid(axes, dW, left + 19, low, cell, FILTER, 15)
    for line, (place, where) in enumerate((((0, 1), "two"), ((1, 1), "all four"))):
        words = f"[{place[0]}, {place[1]}] lies in {where} windows: {' + '.join(shares[place])}"
        draw_text(axes, x, high + 136 + 22 * line, f"{words} = {number(dA_prev[place])}", 14)
    words = " + ".join(sums[1, 0])
    draw_text(axes, x, low + 100, f"dW[1, 0] = {words} = {dW[1, 0]}", 14)
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
