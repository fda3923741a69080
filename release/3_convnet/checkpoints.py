"""Keep the parameters of a network in an HDF5 file, and get them back exactly as they were."""

import os

import h5py
import numpy as np


def save_parameters(path, parameters, **about):
    """Write a dictionary of arrays, and as attributes whatever else is worth knowing of them.

    A file that was there is replaced only when the new one is complete.
    """
    unfinished = f"{path}.unfinished"
    with h5py.File(unfinished, "w") as file:
        for name, array in parameters.items():
            file[name] = array
        file.attrs.update(about)
    os.replace(unfinished, path)


def load_parameters(path, shapes):
    """Read what `save_parameters` wrote.

    Arguments:
        path: the file
        shapes: {name: shape} of the arrays of your network
    Returns:
        parameters: {name: array}
    Raises FileNotFoundError if there is no such file, and ValueError if it is damaged or holds
    parameters of another network.
    """
    try:
        with h5py.File(path, "r") as file:
            found = {name: item.shape for name, item in file.items() if hasattr(item, "shape")}
            wanted = {name: tuple(int(side) for side in shape) for name, shape in shapes.items()}
            if found != wanted:
                raise ValueError(f"{path} is of another network: {different(found, wanted)}.")
            return {name: np.asarray(file[name]) for name in shapes}
    except FileNotFoundError:
        raise FileNotFoundError(f"There is no checkpoint {path}: save one first.") from None
    except OSError as error:
        raise ValueError(f"{path} is damaged, or no HDF5 file: {error}.") from None


def different(found, wanted):
    """The first difference between two dictionaries of shapes, in words."""
    for name in sorted({*found, *wanted}):
        if name not in found:
            return f"it holds no {name}"
        if name not in wanted:
            return f"it holds {name}, which yours has not"
        if found[name] != wanted[name]:
            return f"its {name} has shape {found[name]}, yours {wanted[name]}"
    return "nothing"
