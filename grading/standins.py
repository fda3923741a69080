"""In the trusted kernel: a stand-in for each graded function, and the link to the student's kernel.

A stand-in sends its arguments to the student's kernel and returns what comes back. Whatever
comes back is untrusted: plain data, or an error, and nothing else gets through.
"""

import base64
import builtins
import os
import time
from queue import Empty

import numpy as np
import zmq
from jupyter_client import BlockingKernelClient

from grading import checks, hints, wire
from grading.bank import Misconception

# What a student's function may raise here, so that a test can expect it. Other names arrive as
# StudentError: nothing that ends a kernel or passes for a test's own machinery.
SAFE_ERRORS = {
    name: getattr(builtins, name)
    for name in (
        "ArithmeticError AttributeError EOFError FloatingPointError ImportError IndexError "
        "KeyError LookupError MemoryError ModuleNotFoundError NameError NotImplementedError "
        "OSError OverflowError RecursionError RuntimeError TypeError UnboundLocalError "
        "ValueError ZeroDivisionError"
    ).split()
}
MAX_CALLS = 200


class StudentError(Exception):
    """The student's function raised something, or answered with something that is no data."""


class StudentTimeout(BaseException):
    """The student's function did not return in time. Not an Exception: no test may expect it."""


class StudentKernelLost(BaseException):
    """The student's kernel is gone or stuck; nothing in this test cell can be graded."""


class Link:
    """A connection to the student's kernel, for one test cell after the other."""

    def __init__(self, connection_file, pid, call_timeout):
        self.pid, self.call_timeout = pid, call_timeout
        self.lost, self.calls, self.trouble = None, 0, None
        self.message, self.lines, self.case = "", "", ""
        self.context = zmq.Context()
        # Larger messages are dropped by ZeroMQ before they take memory here.
        self.context.setsockopt(zmq.MAXMSGSIZE, 2 * wire.MAX_BYTES)
        self.context.setsockopt(zmq.LINGER, 0)
        self.client = BlockingKernelClient(context=self.context)
        self.client.load_connection_file(connection_file)
        self.client.start_channels(iopub=False, stdin=False, hb=False)

    def close(self):
        """Drop the connection."""
        self.client.stop_channels()
        self.context.destroy(linger=0)

    def alive(self):
        """Whether the sandbox's process still runs: a zombie does not."""
        try:
            with open(f"/proc/{self.pid}/stat") as stat:
                return stat.read().rpartition(")")[2].split()[0] not in "ZX"
        except OSError:
            return False

    def call(self, name, args, kwargs):
        """Call a function of the student's kernel: ("ok", ...) or ("error", ...), decoded.

        Raises StudentTimeout, StudentKernelLost, or StudentError if the answer is no data.
        """
        self.calls += 1
        if self.lost:
            raise StudentKernelLost(self.lost)
        if self.calls > MAX_CALLS:
            raise StudentError(f"a test cell called {name} more than {MAX_CALLS} times")
        request = base64.b64encode(wire.to_bytes((name, args, kwargs))).decode()
        serve = f"__import__('grader_link.student_side').student_side.serve({request!r})"
        message = self.client.session.msg(
            "execute_request",
            {
                "code": "",
                "silent": True,
                "store_history": False,
                "user_expressions": {"answer": serve},
                "allow_stdin": False,
                "stop_on_error": False,
            },
        )
        self.client.shell_channel.send(message)
        reply = self._wait(message["header"]["msg_id"], self.call_timeout)
        if reply is None:
            self._interrupt(message["header"]["msg_id"], name)
        return self._answer(reply, name)

    def _wait(self, msg_id, timeout):
        """The reply to a message, or None after the timeout."""
        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            try:
                reply = self.client.shell_channel.get_msg(timeout=min(left, 0.25))
            except Empty:
                if not self.alive():
                    self.lost = self.trouble = "the notebook's kernel died"
                    raise StudentKernelLost(self.lost) from None
                continue
            except Exception:  # bytes that are no message: as if nothing had come
                continue
            if isinstance(reply, dict) and reply.get("parent_header", {}).get("msg_id") == msg_id:
                return reply
        return None

    def _interrupt(self, msg_id, name):
        """Stop a call that takes too long. Always raises."""
        client = self.client
        client.control_channel.send(client.session.msg("interrupt_request", {}))
        self.trouble = f"{name} did not return within {self.call_timeout:g} s"
        if self._wait(msg_id, 2) is None:
            self.lost = self.trouble = f"{self.trouble} and could not be interrupted"
            raise StudentKernelLost(self.lost)
        raise StudentTimeout(self.trouble)

    def _answer(self, reply, name):
        try:
            text = reply["content"]["user_expressions"]["answer"]["data"]["text/plain"]
            answer = wire.from_bytes(base64.b64decode(text.strip("'"), validate=True))
        except (KeyError, TypeError, ValueError, AttributeError, wire.WireError):
            raise StudentError(f"{name} gave no answer that can be read") from None
        whole = isinstance(answer, tuple) and len(answer) == 4
        if whole and answer[0] == "ok" and isinstance(answer[2], (tuple, type(None))):
            if isinstance(answer[3], (dict, type(None))):
                return answer
        if whole and answer[0] == "error" and all(isinstance(part, str) for part in answer):
            return answer
        raise StudentError(f"{name} gave no answer that can be read")


LINK = None


def connect(connection_file, pid, call_timeout):
    """Connect to a fresh student kernel."""
    global LINK
    disconnect()
    LINK = Link(connection_file, pid, call_timeout)


def disconnect():
    """Drop the link to the student's kernel, if there is one."""
    global LINK
    if LINK is not None:
        LINK.close()
    LINK = None


def stand_in(name):
    """A function that runs the student's function of that name in the student's kernel."""

    def function(*args, **kwargs):
        status, *rest = LINK.call(name, args, kwargs)
        if status == "ok":
            result, args_after, kwargs_after = rest
            if args_after is not None:
                _write_back(name, args, args_after)
            if kwargs_after is not None:
                _write_back(name, kwargs, kwargs_after)
            return result
        kind, message, lines = rest
        error = SAFE_ERRORS.get(kind, StudentError)
        raised = error(message if error is not StudentError else f"{kind}: {message}")
        LINK.message, LINK.lines = message, lines
        LINK.case = checks.describe(function, args)
        raise raised

    function.__name__ = function.__qualname__ = name
    return function


def _write_back(name, before, after):
    """Make the caller's arguments what the student's function left of them, in place.

    Raises StudentError if an argument came back as another type, shape or number of items.
    """
    if isinstance(before, np.ndarray):
        same = isinstance(after, np.ndarray) and after.dtype == before.dtype
        if not same or after.shape != before.shape:
            raise StudentError(f"{name} changed the shape or type of an argument")
        if before.flags.writeable:
            before[...] = after
    elif isinstance(before, (list, tuple)) and isinstance(after, (list, tuple)):
        if len(before) != len(after):
            if isinstance(before, tuple):
                raise StudentError(f"{name} changed the length of an argument")
            before[:] = after
            return
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            if isinstance(old, (np.ndarray, list, tuple, dict)) and type(old) is type(new):
                _write_back(name, old, new)
            elif isinstance(before, list):
                before[index] = new
    elif isinstance(before, dict) and isinstance(after, dict):
        for key in [key for key in before if key not in after]:
            del before[key]
        for key, new in after.items():
            old = before.get(key)
            if isinstance(old, (np.ndarray, list, tuple, dict)) and type(old) is type(new):
                _write_back(name, old, new)
            else:
                before[key] = new


def prepare(functions, seed):
    """A fresh namespace with a stand-in for each graded function, before each test cell."""
    import warnings

    from IPython import get_ipython

    shell = get_ipython()
    # As shell.reset() does, without its garbage collection, which takes 50 ms.
    for name in set(shell.user_ns) - {"__builtin__", "__builtins__", "__name__"}:
        del shell.user_ns[name]
    shell.user_ns_hidden.clear()
    shell.init_user_ns()
    warnings.resetwarnings()
    np.random.seed(0)
    np.seterr(divide="warn", over="warn", under="ignore", invalid="warn")
    os.environ["GRADING_SEED"] = str(seed)
    if LINK is not None:
        LINK.calls, LINK.trouble = 0, LINK.lost
        LINK.message, LINK.lines, LINK.case = "", "", ""
    for name in functions:
        shell.user_ns[name] = stand_in(name)


def report():
    """What went wrong on the link during the last test cell, as plain text for the executor."""
    if LINK is None:
        lost = "there is no kernel of the notebook"
        return repr({"lost": lost, "trouble": lost, "message": "", "lines": "", "case": ""})
    about = {"lost": LINK.lost, "trouble": LINK.trouble, "case": LINK.case}
    return repr({**about, "message": LINK.message, "lines": LINK.lines})


KNOWN = {}


def know(key, source, imports, entries):
    """Keep the known mistakes of an assignment; entries are tuples of a Misconception's fields."""
    KNOWN[key] = hints.Explainer(source, imports, [Misconception(*entry) for entry in entries])


def likely(test, function, seed, key):
    """repr of (name, hint) of each known mistake that explains why a test failed."""
    prepare([], seed)
    try:
        entries = KNOWN[key].likely(test, function, stand_in(function), seed)
    except (StudentTimeout, StudentKernelLost):
        entries = []
    return repr([(entry.name, entry.hint) for entry in entries])
