"""A sanitize preprocessor that ends the process that grades, as a fault in a library might."""

import os
import signal
from pathlib import Path

from nbgrader.preprocessors import NbGraderPreprocessor


class EndsTheWorker(NbGraderPreprocessor):
    """For students whose name says so: `once...` ends the first worker, `always...` each one."""

    def preprocess(self, nb, resources):
        student = resources["nbgrader"]["student"]
        mark = Path("ended", f"{student}-{os.getpid()}")  # in the course folder
        if student.startswith("always") or (
            student.startswith("once") and not list(mark.parent.glob(f"{student}-*"))
        ):
            mark.parent.mkdir(exist_ok=True)
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return nb, resources
