"""The trusted kernel's connection to the student's kernel.

Calls go over a socket of their own, as frames of plain data: a message of Jupyter takes ten times
as long. The kernel's own channels only start and stop the loop that serves calls, and interrupt.
"""

import os
import socket
import time

import zmq
from jupyter_client import BlockingKernelClient

from grading import wire

MAX_CALLS = 200
LOOP = "__import__('grader_link.student_side').student_side.{}"


class StudentError(Exception):
    """The student's function raised something, or answered with something that is no data."""


class StudentTimeout(BaseException):
    """The student's function did not return in time. Not an Exception: no test may expect it."""


class StudentKernelLost(BaseException):
    """The student's kernel is gone or stuck; nothing in this test cell can be graded."""


class Link:
    """A connection to the student's kernel, for one test cell after the other.

    Made before any code of the student runs. Raises OSError if the kernel does not answer.
    """

    def __init__(self, connection_file, pid, call_timeout):
        self.pid, self.call_timeout = pid, call_timeout
        self.lost, self.calls, self.trouble = None, 0, None
        self.message, self.lines, self.case = "", "", ""
        self.context = zmq.Context()
        # Larger messages are dropped by ZeroMQ before they take memory here.
        self.context.setsockopt(zmq.MAXMSGSIZE, wire.MAX_BYTES)
        self.context.setsockopt(zmq.LINGER, 0)
        self.client = BlockingKernelClient(context=self.context)
        self.client.load_connection_file(connection_file)
        self.client.start_channels(iopub=False, stdin=False, hb=False)
        self.looping = None  # id of the message that started the loop
        self.number, self.received = 0, bytearray()
        self.socket = self._join(os.path.join(os.path.dirname(connection_file), "calls"))

    def _join(self, path):
        """The student's end comes to us, so no link that it leaves can lead us elsewhere."""
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            os.chmod(path, 0o666)  # the folder lets nobody else in
            listener.listen(1)
            listener.settimeout(30)
            self._request(LOOP.format(f"join({path!r})"))
            connection, _ = listener.accept()
        os.unlink(path)
        self.client.shell_channel.get_msg(timeout=30)
        return connection

    def close(self):
        """Drop the connection."""
        self.socket.close()
        self.client.stop_channels()
        self.context.destroy(linger=0)

    def alive(self):
        """Whether the sandbox's process still runs: a zombie does not."""
        try:
            with open(f"/proc/{self.pid}/stat") as stat:
                return stat.read().rpartition(")")[2].split()[0] not in "ZX"
        except OSError:
            return False

    def call(self, name, args, kwargs, counted=False):
        """Call a function of the student's kernel: ("ok", ...) or ("error", ...), decoded.

        The result of a counted call is a pair: the lines of Python that it ran, and the result.
        Raises StudentTimeout, StudentKernelLost, or StudentError if the answer is no data.
        """
        self.calls += 1
        if self.lost:
            raise StudentKernelLost(self.lost)
        if self.calls > MAX_CALLS:
            raise StudentError(f"a test cell called {name} more than {MAX_CALLS} times")
        request = wire.to_bytes((name, args, kwargs, counted))
        if self.looping is None:
            self.looping = self._request(LOOP.format("loop()"))
        self.number += 1
        self._send(request, name)
        answer = self._wait(time.monotonic() + self.call_timeout)
        if answer is None and self.looping:
            self._interrupt(name)
        return read_answer(answer, name)

    def rest(self):
        """End the loop, so that the kernel can run cells."""
        if self.looping is None or self.lost:
            return
        try:
            self._send(b"", "the notebook")
            deadline = time.monotonic() + 5
            while self.looping and time.monotonic() < deadline:
                self._wait(deadline)  # answers that come now are late, or nobody asked for them
        except StudentKernelLost:
            return
        if self.looping:
            self.lost = self.trouble = "the notebook's kernel is stuck"

    def _request(self, expression):
        """Have the kernel evaluate an expression. Returns the id of the message."""
        content = {
            "code": "",
            "silent": True,
            "store_history": False,
            "user_expressions": {"value": expression},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        message = self.client.session.msg("execute_request", content)
        self.client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def _send(self, data, name):
        self.socket.settimeout(self.call_timeout)
        try:
            self.socket.sendall(wire.frame(self.number, data))
        except TimeoutError:
            self._lose(f"{name} was not called: the notebook's kernel takes no arguments")
        except OSError:
            self._lose("the notebook's kernel died")

    def _lose(self, reason):
        self.lost = self.trouble = reason
        raise StudentKernelLost(reason)

    def _wait(self, deadline):
        """The answer to the last request; None after the deadline, or if the loop has ended."""
        shell = self.client.shell_channel.socket
        poller = zmq.Poller()
        poller.register(self.socket, zmq.POLLIN)
        poller.register(shell, zmq.POLLIN)
        while (left := deadline - time.monotonic()) > 0:
            ready = dict(poller.poll(min(left, 0.25) * 1000))
            if not ready and not self.alive():
                self._lose("the notebook's kernel died")
            if self.socket.fileno() in ready and (answer := self._receive()) is not None:
                return answer
            if shell in ready and self._loop_ended():
                return None
        return None

    def _receive(self):
        """The answer to the last request if it is complete. Late answers to others are dropped."""
        try:
            data = self.socket.recv(1 << 20)
        except OSError:
            data = b""
        if not data:
            self._lose("the notebook's kernel died")
        self.received += data
        while (found := wire.unframe(self.received)) is not None:
            number, answer, used = found
            if answer is None:
                self._lose("the notebook's kernel sent too much")
            del self.received[:used]
            if number == self.number:
                return answer
        return None

    def _loop_ended(self):
        """Whether the reply to the message that started the loop is here."""
        try:
            reply = self.client.shell_channel.get_msg(timeout=0)
            if reply["parent_header"].get("msg_id") != self.looping:
                return False
        except Exception:  # bytes that are no message: as if nothing had come
            return False
        self.looping = None
        return True

    def _interrupt(self, name):
        """Stop a call that takes too long. Always raises."""
        client = self.client
        client.control_channel.send(client.session.msg("interrupt_request", {}))
        self.trouble = f"{name} did not return within {self.call_timeout:g} s"
        if self._wait(time.monotonic() + 2) is None and self.looping:
            self._lose(f"{self.trouble} and could not be interrupted")
        try:  # the signal must not hit the next call
            client.control_channel.get_msg(timeout=1)
        except Exception:  # none, or bytes that are no message
            pass
        raise StudentTimeout(self.trouble)


def read_answer(answer, name):
    """What a function answered, decoded. Raises StudentError if it is no data."""
    try:
        answer = wire.from_bytes(answer)
    except (TypeError, ValueError, wire.WireError):
        raise StudentError(f"{name} gave no answer that can be read") from None
    whole = isinstance(answer, tuple) and len(answer) == 4
    if whole and answer[0] == "ok" and isinstance(answer[2], (tuple, type(None))):
        if isinstance(answer[3], (dict, type(None))):
            return answer
    if whole and answer[0] == "error" and all(isinstance(part, str) for part in answer):
        return answer
    raise StudentError(f"{name} gave no answer that can be read")
