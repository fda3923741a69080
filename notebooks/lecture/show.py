"""From a matplotlib figure to a picture in a notebook: alternative text, and sliders."""

import base64
import inspect
import io
from html import escape

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from lecture.drawing import (
    GREY,
    UNITS_PER_INCH,
    draw_picture,
    draw_text,
    new_canvas,
    pixels_of,
)

COLORS = 256


class Picture:
    """A figure as an image with alternative text, which every notebook front end shows.

    A plain image output has no place for alternative text in JupyterLab; an <img> tag has.
    """

    def __init__(self, figure, alt):
        """Draw a figure; alt says in words what it shows."""
        self.alt = alt
        self.width = round(figure.get_figwidth() * UNITS_PER_INCH)
        image = Image.fromarray(pixels_of(figure))
        # In a palette, a drawing takes a third of the space; only a colour photograph needs more.
        if image.getcolors(maxcolors=16 * COLORS):
            image = image.quantize(COLORS, dither=Image.Dither.NONE)
        file = io.BytesIO()
        image.save(file, "png")
        self.png = file.getvalue()

    def _repr_html_(self):
        data = base64.b64encode(self.png).decode("ascii")
        # On white also in a dark theme: the ink of the drawing is dark.
        return (
            f'<img src="data:image/png;base64,{data}" width="{self.width}" '
            f'alt="{escape(self.alt, quote=True)}">'
        )

    def __repr__(self):
        return self.alt


def show(figure, alt):
    """Show a figure of matplotlib.pyplot; alt says in words what it shows. Returns a Picture."""
    figure.tight_layout()
    picture = Picture(figure, alt)
    plt.close(figure)  # or the notebook would show it a second time
    return picture


class SliderPicture:
    """Sliders above a picture; where widgets don't run, the picture alone."""

    def __init__(self, still, panel):
        """Take the Picture to show without widgets, and the widget to show with them."""
        self.still, self.panel = still, panel

    def _repr_mimebundle_(self, **kwargs):
        # A front end shows the richest form it knows. What is saved in the notebook, and shown
        # again before it is run, on GitHub or on paper, is the still picture.
        bundle = {"text/plain": repr(self.still), "text/html": self.still._repr_html_()}
        if self.panel is not None:
            widget = self.panel._repr_mimebundle_(**kwargs)
            bundle |= {kind: form for kind, form in widget.items() if kind not in bundle}
        return bundle


def sliders(draw, *arrays, **ranges):
    """Show draw(*arrays, **values) below one slider for each of its values.

    ranges gives (lowest, highest) by name, or (lowest, highest, step) for numbers that are not
    integers. The sliders start where draw's own default values are.
    """
    defaults = {name: inspect.signature(draw).parameters[name].default for name in ranges}
    still = draw(*arrays, **defaults)
    try:
        import ipywidgets
    except ImportError:
        return SliderPicture(still, None)
    picture = ipywidgets.HTML(still._repr_html_())
    controls = {}
    for name, (low, high, *step) in ranges.items():
        kind = ipywidgets.FloatSlider if step else ipywidgets.IntSlider
        limits = {"min": low, "max": high, "step": step[0] if step else 1}
        controls[name] = kind(defaults[name], description=name, **limits)

    def redraw(change):
        values = {name: control.value for name, control in controls.items()}
        picture.value = draw(*arrays, **values)._repr_html_()

    for control in controls.values():
        control.observe(redraw, names="value")
    return SliderPicture(still, ipywidgets.VBox([*controls.values(), picture]))


def gallery(images, titles, alt, limits=(0, 1), cell=None, columns=None, edge=GREY):
    """Show 2-D (grey) or 3-channel images of one size side by side, with a title above each.

    limits is the pair of values shown as black and white, or None: then 0 is the middle grey, and
    each image gets the range it needs. cell is the size of a pixel on the page.
    """
    columns = columns or len(images)
    rows, (n_H, n_W) = -(-len(images) // columns), images[0].shape[:2]
    gap, head = 14, 30
    cell = cell or (720 - gap * (columns + 1)) / (columns * n_W)
    width = round(columns * (n_W * cell + gap) + gap)
    figure, axes = new_canvas(width, round(rows * (n_H * cell + head + gap)))
    for place, (image, title) in enumerate(zip(images, titles, strict=True)):
        x = gap + (place % columns) * (n_W * cell + gap)
        y = head + (place // columns) * (n_H * cell + head + gap)
        reach = np.abs(image).max()
        shown = np.clip(image, *limits) if limits else image
        draw_picture(axes, shown, x, y, cell, edge, limits or (-reach, reach))
        draw_text(axes, x, y - 15, title, 14, bold=True)
    return Picture(figure, alt)
