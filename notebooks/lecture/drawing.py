"""One drawing style and a few helpers: grids of numbers, boxes for volumes, arrows, saving.

A canvas is measured in display pixels: x grows to the right, y grows downwards (as rows do in an
array), and a text of size 13 is 13 pixels high on the page. Files hold twice as many pixels.
"""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Polygon, Rectangle
from PIL import Image

# The Okabe-Ito colours, which readers with any common colour blindness can tell apart.
BLUE, VERMILLION, GREEN = "#0072B2", "#D55E00", "#009E73"
SKY, AMBER, PURPLE, YELLOW = "#56B4E9", "#E69F00", "#CC79A7", "#F0E442"
INK, GREY, WHITE = "#222222", "#6B6B6B", "#FFFFFF"

# One meaning per pair (fill, edge) in every figure. A gradient has the colours of its array.
INPUT = ("#D5E8F4", BLUE)
FILTER = ("#FADFCC", VERMILLION)
OUTPUT = ("#CDEBE1", GREEN)
PADDING = ("#E4E4E4", "#A0A0A0")
EMPTY = (WHITE, GREEN)

UNITS_PER_INCH = 100
SCALE = 2


def new_canvas(width, height):
    """Return (figure, axes) of width x height display pixels on opaque white."""
    figure = Figure((width / UNITS_PER_INCH, height / UNITS_PER_INCH), facecolor=WHITE)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    return figure, axes


def points(pixels):
    """Turn a length in display pixels into typographic points, the unit of text and lines."""
    return pixels * 72 / UNITS_PER_INCH


def number(value):
    """Write a number as short as it is exact, with a true minus sign."""
    return f"{value:g}".replace("-", "\N{MINUS SIGN}")


def draw_text(axes, x, y, words, size=13, color=INK, ha="left", bold=False, upright=False):
    """Write one line of words, size in display pixels; y is the middle of its capital letters."""
    style = {"family": "DejaVu Sans", "weight": "bold" if bold else "normal"}
    style |= {"fontsize": points(size), "color": color, "zorder": 6}
    if upright:
        return axes.text(x, y, words, rotation=90, ha="center", va="center", **style)
    # Centred on the ink of each word, "stride" and "pad" would stand on different lines.
    return axes.text(x, y + 0.365 * size, words, ha=ha, va="baseline", **style)


def draw_grid(axes, values, x, y, cell, colors, size=14, fills=None, bold=None):
    """Draw a 2-D array as a grid of numbers (or words) with its top left corner at (x, y).

    colors is a pair (fill, edge). fills, an array of colours in the shape of values, overrides the
    fill cell by cell; bold is a boolean array. An entry that is nan stays an empty cell.
    """
    fill, edge = colors
    for (row, column), value in np.ndenumerate(values):
        left, top = x + column * cell, y + row * cell
        color = fill if fills is None else fills[row, column]
        square = Rectangle((left, top), cell, cell, facecolor=color, edgecolor=edge)
        square.set(linewidth=points(1.2), zorder=2)
        axes.add_patch(square)
        words = value if isinstance(value, str) else number(value)
        if words != "nan":
            heavy = bold is not None and bool(bold[row, column])
            ink = INK if brightness(color) > 110 else WHITE
            draw_text(axes, left + cell / 2, top + cell / 2, words, size, ink, "center", heavy)


def draw_window(axes, x, y, cell, rows, columns, color=VERMILLION, width=4, dashed=False, zorder=4):
    """Outline rows (start, stop) and columns (start, stop), ends exclusive, of a grid at (x, y)."""
    corner = (x + columns[0] * cell, y + rows[0] * cell)
    size = ((columns[1] - columns[0]) * cell, (rows[1] - rows[0]) * cell)
    outline = Rectangle(corner, *size, fill=False, edgecolor=color, linewidth=points(width))
    outline.set(joinstyle="round", zorder=zorder, linestyle=(0, (2, 1.2)) if dashed else "solid")
    axes.add_patch(outline)


def draw_picture(axes, values, x, y, cell, edge, limits=(0, 1), zorder=2):
    """Draw an array (n_H, n_W) in greys or (n_H, n_W, 3) in colours, cell pixels per entry."""
    rows, columns = values.shape[:2]
    extent = (x, x + columns * cell, y + rows * cell, y)
    style = {"cmap": "gray", "vmin": limits[0], "vmax": limits[1], "interpolation": "nearest"}
    # Without aspect="auto", imshow would change the shape of the whole canvas.
    axes.imshow(values, extent=extent, aspect="auto", zorder=zorder, **style)
    draw_window(axes, x, y, cell, (0, rows), (0, columns), edge, width=2, zorder=zorder)


def draw_arrow(axes, start, end, color=GREY, width=1.8, curve=0, zorder=5):
    """Draw an arrow from start to end; curve bends it, 0 is straight."""
    style = {"arrowstyle": "-|>", "mutation_scale": points(14), "shrinkA": 0, "shrinkB": 0}
    style |= {"connectionstyle": f"arc3,rad={curve}", "zorder": zorder}
    axes.add_patch(
        FancyArrowPatch(start, end, color=color, linewidth=points(width), capstyle="butt", **style)
    )


def draw_line(axes, start, end, color=GREY, width=1.2, dashed=False, zorder=3):
    """Draw a straight line from start to end."""
    style = {"linestyle": (0, (4, 3)) if dashed else "solid", "zorder": zorder}
    xs, ys = zip(start, end, strict=True)
    axes.plot(xs, ys, color=color, linewidth=points(width), **style)


def make_projection(x, y, unit, depth):
    """Return project(row, column, channel), the canvas point of a corner in a volume.

    Rows go down and columns to the right by unit pixels, channels go back by depth = (right, up).
    """

    def project(row, column, channel):
        return x + column * unit + channel * depth[0], y + row * unit - channel * depth[1]

    return project


def draw_box(axes, project, stop, colors, start=(0, 0, 0), lines=True, width=1.4, zorder=2):
    """Draw the entries start to stop (row, column, channel; stop exclusive) of a volume as a box.

    lines rules the three visible faces, so that the entries can be counted.
    """
    (top, left, front), (bottom, right, back) = start, stop
    faces = {
        "front": [(top, left, front), (top, right, front), (bottom, right, front)],
        "roof": [(top, left, front), (top, left, back), (top, right, back)],
        "side": [(top, right, front), (top, right, back), (bottom, right, back)],
    }
    faces["front"].append((bottom, left, front))
    faces["roof"].append((top, right, front))
    faces["side"].append((bottom, right, front))
    for name, shade in (("front", 1.0), ("roof", 0.95), ("side", 0.88)):
        face = Polygon([project(*corner) for corner in faces[name]], closed=True)
        face.set(facecolor=darken(colors[0], shade), edgecolor=colors[1], joinstyle="round")
        face.set(linewidth=points(width), zorder=zorder)
        axes.add_patch(face)
    if not lines:
        return
    strokes = []
    for row in range(top + 1, bottom):
        strokes.append([(row, left, front), (row, right, front), (row, right, back)])
    for column in range(left + 1, right):
        strokes.append([(bottom, column, front), (top, column, front), (top, column, back)])
    for channel in range(front + 1, back):
        strokes.append([(top, left, channel), (top, right, channel), (bottom, right, channel)])
    for stroke in strokes:
        xs, ys = zip(*(project(*corner) for corner in stroke), strict=True)
        axes.plot(xs, ys, color=colors[1], linewidth=points(0.6), alpha=0.55, zorder=zorder)


def darken(color, factor):
    """Return a hexadecimal colour with its three parts multiplied by factor."""
    return "#" + "".join(f"{round(part * factor):02X}" for part in parts_of(color))


def brightness(color):
    """Return the mean of the three parts of a hexadecimal colour, 0 to 255."""
    return sum(parts_of(color)) / 3


def parts_of(color):
    """Return the red, green and blue part of a hexadecimal colour, each 0 to 255."""
    return [int(color[place : place + 2], 16) for place in (1, 3, 5)]


def pixels_of(figure):
    """Return the figure as an array (height, width, 3) of bytes, at SCALE times display size."""
    figure.set_dpi(UNITS_PER_INCH * SCALE)
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()


def quantise(pixels, colors=128, distance=10):
    """Return (indices, palette) for an array (..., 3) of bytes.

    The palette takes the most frequent colours first and leaves out any that is within distance of
    one it has. So flat areas keep their exact colour and only the soft edges of lines are rounded.
    """
    packed = pixels.astype(np.uint32) @ np.array([65536, 256, 1], dtype=np.uint32)
    codes, places, counts = np.unique(packed, return_inverse=True, return_counts=True)
    found = np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1).astype(int)
    palette = np.empty((0, 3), dtype=int)
    for color in found[np.argsort(-counts.astype(int), kind="stable")]:
        if len(palette) < colors and np.all(np.abs(palette - color).max(axis=1) > distance):
            palette = np.vstack([palette, color])
    nearest = np.square(found[:, None] - palette[None]).sum(axis=2).argmin(axis=1)
    return nearest[places].reshape(pixels.shape[:-1]).astype(np.uint8), palette.astype(np.uint8)


def paletted_images(figures):
    """Return one palette image per figure, all with the same palette."""
    indices, palette = quantise(np.stack([pixels_of(figure) for figure in figures]))
    images = []
    for frame in indices:
        image = Image.fromarray(frame)
        image.putpalette(palette.tobytes())
        images.append(image)
    return images


def save_png(figure, path):
    """Save a figure as a palette PNG without metadata: the same bytes each time."""
    (image,) = paletted_images([figure])
    image.save(path, optimize=True)


def save_gif(figures, milliseconds, path):
    """Save figures as an animated GIF that repeats for ever; milliseconds has one per frame."""
    first, *others = paletted_images(figures)
    first.save(path, save_all=True, append_images=others, duration=milliseconds, loop=0)
