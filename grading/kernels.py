"""Run code in a kernel with every wait bounded: the student's kernel and the trusted one.

A cell ends in one of these ways: it finished, it raised, it was stopped and the kernel lives on,
or the kernel had to be killed. What a kernel sends is bounded in time and size.
"""

import subprocess
import time
from dataclasses import dataclass, field
from queue import Empty

import psutil
import zmq
from jupyter_client import BlockingKernelClient
from nbformat.v4 import new_output, output_from_msg

MIB = 1024 * 1024
LOOK = 0.2  # seconds between looks at what a kernel takes


@dataclass
class Run:
    """What came of one cell: outputs, why it did not finish (None), whether the kernel is gone."""

    outputs: list = field(default_factory=list)
    finished: bool = False
    failed: bool = False
    reason: str | None = None
    lost: bool = False
    sudden: bool = False  # lost, and not for want of time: maybe an earlier cell's doing
    error: dict | None = None
    expressions: dict = field(default_factory=dict)

    def value(self, name):
        """The text of an expression's value; None if it has none."""
        found = self.expressions.get(name, {})
        return found["data"]["text/plain"] if found.get("status") == "ok" else None


class Kernel:
    """A started kernel and its client. `watch` is called often and may return why to kill it."""

    def __init__(self, manager, startup_timeout=60, watch=None):
        self.manager, self.watch = manager, watch or (lambda: None)
        # What a kernel writes past IPython goes nowhere, or to a file that is limited and watched.
        errors = getattr(manager, "errors", subprocess.DEVNULL)
        manager.start_kernel(stdout=subprocess.DEVNULL, stderr=errors)
        self.client = BlockingKernelClient(context=manager.context)
        self.client.load_connection_info(manager.get_connection_info())
        self.client.start_channels(stdin=False, hb=False)
        self.wait_until_ready(startup_timeout)
        self.started = time.monotonic()

    def wait_until_ready(self, timeout):
        """Until the kernel answers. Raises RuntimeError if it ends or takes too long."""
        deadline = time.monotonic() + timeout
        self.client.kernel_info()
        while time.monotonic() < deadline:
            try:
                reply = self.client.get_shell_msg(timeout=0.2)
            except Empty:
                if not self.alive():
                    said = manager_said(self.manager)
                    self.kill()
                    raise RuntimeError(f"the kernel ended at its start. {said}") from None
                continue
            if reply["msg_type"] == "kernel_info_reply":
                return
        self.kill()
        raise RuntimeError(f"the kernel was not ready after {timeout} s")

    def alive(self):
        """Whether the kernel's process runs."""
        return self.manager.is_alive()

    def kill(self):
        """End the kernel and everything in its sandbox, at once."""
        self.client.stop_channels()
        try:
            self.manager.shutdown_kernel(now=True)
        except Exception as error:  # it is already gone
            self.manager.log.debug("kill: %s", error)
        if hasattr(self.manager, "remove_folder"):
            self.manager.remove_folder()
            self.manager.context.destroy(linger=0)

    def interrupt(self):
        """By message: a signal would end bwrap, and the kernel with it."""
        session = self.client.session
        self.client.control_channel.send(session.msg("interrupt_request", {}))

    def run(
        self,
        code,
        timeout,
        max_output=2 * MIB,
        silent=False,
        grace=3.0,
        expressions=None,
        beside=None,
    ):
        """Run a cell, and then evaluate `expressions`, a dict of code. Returns a Run.

        `beside` is called often while the cell runs: to look after another kernel.
        """
        client, result = self.client, Run()
        content = {
            "code": code,
            "silent": silent,
            "store_history": not silent,
            "user_expressions": expressions or {},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        message = client.session.msg("execute_request", content)
        msg_id = message["header"]["msg_id"]
        client.shell_channel.send(message)
        state = _Progress(result, msg_id, max_output)
        poller = zmq.Poller()
        poller.register(client.shell_channel.socket, zmq.POLLIN)
        poller.register(client.iopub_channel.socket, zmq.POLLIN)
        now = time.monotonic()
        deadline, next_look, stopped = now + timeout, now + LOOK, False
        while not state.done():
            now = time.monotonic()
            if now >= next_look:
                next_look = now + LOOK
                if beside:
                    beside()
                why = self.watch() or (None if self.alive() else "the notebook's kernel died")
                if why:
                    result.sudden = True
                    return self._lose(result, why)
            if now >= deadline or (state.flooded and not stopped):
                if stopped:
                    return self._lose(result, f"{result.reason} and could not be interrupted")
                result.reason = state.flooded or f"the cell did not end within {timeout:g} s"
                stopped, deadline = True, now + grace
                self.interrupt()
            for socket, _ in poller.poll(100):
                shell = socket is client.shell_channel.socket
                channel = client.shell_channel if shell else client.iopub_channel
                try:
                    received = channel.get_msg(timeout=0)
                except Exception:  # empty, unsigned, or bytes that are no message
                    continue
                state.take(received, shell)
            if state.replied and not state.idle and now >= state.replied + 2:
                break  # the reply is there; outputs that come later are lost
        result.finished = not result.failed and result.reason is None
        return result

    def _lose(self, result, why):
        result.reason, result.lost = why, True
        return result

    def evaluate(self, expression, timeout):
        """The text of an expression's repr in this kernel. Raises RuntimeError."""
        result = self.run("", timeout, silent=True, expressions={"value": expression})
        value = result.value("value")
        if value is None:
            raise RuntimeError(f"{expression}: {result.reason or result.expressions}")
        return value


class _Progress:
    """Collects the messages of one cell."""

    def __init__(self, result, msg_id, max_output):
        self.result, self.msg_id, self.left = result, msg_id, max_output
        self.replied, self.idle, self.flooded = None, False, None

    def done(self):
        return self.replied is not None and self.idle

    def take(self, message, shell):
        """One message that claims anything at all."""
        try:
            if message["parent_header"].get("msg_id") != self.msg_id:
                return
            content, kind = message["content"], message["header"]["msg_type"]
            if shell:
                if kind == "execute_reply" and self.replied is None:
                    self.replied = time.monotonic()
                    self.result.failed = content["status"] != "ok"
                    self.result.error = content if self.result.failed else None
                    self.result.expressions = content.get("user_expressions", {})
            elif kind == "status":
                self.idle = self.idle or content["execution_state"] == "idle"
            elif kind in ("stream", "display_data", "execute_result", "error"):
                self.add(message, content)
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
            return

    def add(self, message, content):
        self.left -= len(str(content))
        if self.left < 0:
            self.flooded = self.flooded or "the cell printed too much"
            return
        output = output_from_msg(message)
        last = self.result.outputs[-1] if self.result.outputs else None
        if output.output_type == "stream" and last and last.output_type == "stream":
            if last.name == output.name:
                last.text += output.text
                return
        if len(self.result.outputs) >= 200:
            self.flooded = self.flooded or "the cell has more than 200 outputs"
            return
        self.result.outputs.append(output)


def error_output(name, message, lines=()):
    """An error output whose traceback is its message alone."""
    return new_output("error", ename=name, evalue=message, traceback=[f"{name}: {message}", *lines])


def manager_said(manager):
    """The last lines that a kernel wrote to stderr, if they were kept."""
    try:
        manager.errors.seek(0)
        return manager.errors.read().decode("utf-8", "replace")[-1000:].strip()
    except (AttributeError, OSError, ValueError):
        return ""


def memory_in_use(pids):
    """Bytes of memory in use by processes and all below them."""
    total = 0
    for pid in pids:
        try:
            parent = psutil.Process(pid)
            family = (parent, *parent.children(recursive=True))
        except psutil.Error:
            continue
        for process in family:
            try:
                total += process.memory_info().rss
            except psutil.Error:
                continue
    return total
