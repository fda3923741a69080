"""Run code as if it stood in a notebook of a folder: its files are found by name, its modules by
import."""

import os
import sys
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def beside(folder):
    """Within the block, the working directory is the folder, and modules in it can be imported.

    They are forgotten afterwards, as another folder may hold others of the same name. Without a
    folder (None) nothing changes.
    """
    if folder is None:
        yield
        return
    before, folder = os.getcwd(), str(Path(folder).resolve())
    os.chdir(folder)
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        os.chdir(before)
        sys.path.remove(folder)
        for name, module in list(sys.modules.items()):
            if (getattr(module, "__file__", None) or "").startswith(folder + os.sep):
                del sys.modules[name]
