"""Is digits.h5 the file that came with this notebook? `check_digits` says what is wrong if not."""

import h5py
import numpy as np

COUNTS = {"train": 4000, "test": 1000}
REMEDY = "Take digits.h5 anew from the folder that you got with the notebook."


def check_digits(path="digits.h5"):
    """Read all of the file once, and return {"train": 4000, "test": 1000}, its numbers of digits.

    Raises FileNotFoundError if there is no such file, and ValueError if it is damaged or holds
    something else; the message says what, and what to do.
    """
    try:
        with h5py.File(path, "r") as file:
            return {name: check_part(path, file, name) for name in COUNTS}
    except FileNotFoundError:
        message = f"There is no file {path} beside the notebook. {REMEDY}"
        raise FileNotFoundError(message) from None
    except OSError as error:
        raise ValueError(f"{path} is damaged, or no HDF5 file: {error}. {REMEDY}") from None


def check_part(path, file, name):
    """The number of digits in one group of the file."""
    count = COUNTS[name]
    for kind, shape in (("images", (count, 28, 28)), ("labels", (count,))):
        found = file.get(f"{name}/{kind}")
        if not isinstance(found, h5py.Dataset):
            raise ValueError(f"{path} is another file: it has no {name}/{kind}. {REMEDY}")
        if found.shape != shape or found.dtype != np.uint8:
            raise ValueError(
                f"{path} is another file: {name}/{kind} has shape {found.shape} and type "
                f"{found.dtype}, not {shape} and uint8. {REMEDY}"
            )
        found[()]  # damaged chunks are noticed when they are read
    counts = np.bincount(file[f"{name}/labels"][()], minlength=10)
    if counts.tolist() != [count // 10] * 10:
        raise ValueError(
            f"{path} is another file: of its {count} {name} labels, {counts.tolist()} are 0, 1, "
            f"and so on, not {count // 10} of each. {REMEDY}"
        )
    return count
