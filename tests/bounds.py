"""Bounds of time and memory on code that runs in this process, and may be wrong in any way."""

import resource
import signal
from contextlib import contextmanager
from pathlib import Path


class OutOfBounds(BaseException):
    """The code took too long. Not an Exception, so that the code can't catch it by accident."""


def memory_in_use():
    """Bytes of address space of this process."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


@contextmanager
def bounded(seconds, memory):
    """Run the block with bounds; for the main thread of a Linux process.

    Arguments:
        seconds: after these, OutOfBounds is raised in the block
        memory: bytes that the block may take; a larger array is a MemoryError
    """

    def stop(*_):
        raise OutOfBounds(f"took more than {seconds} seconds")

    limits = resource.getrlimit(resource.RLIMIT_AS)
    handler = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    resource.setrlimit(resource.RLIMIT_AS, (memory_in_use() + memory, limits[1]))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        resource.setrlimit(resource.RLIMIT_AS, limits)
