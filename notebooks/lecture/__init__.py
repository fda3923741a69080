"""What the lecture notebooks share: pictures with alternative text, sliders, and drawings.

    show          a figure as a picture that a screen reader can read out
    sliders       a picture that is drawn again when a slider moves
    convolution   the drawings of lecture 1
    anatomy       the drawings of lecture 2
    backward      the drawings of lecture 3
    drawing       the helpers that all figures of the course are drawn with

Only numpy and matplotlib are needed; without ipywidgets, sliders show a still picture.
"""

from lecture.show import Picture, gallery, show, sliders

__all__ = ["Picture", "gallery", "show", "sliders"]
