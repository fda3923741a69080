"""Kernels that are forks of a process which has imported NumPy and matplotlib already.

Half of a second, and as much for the imports, is what each submission saves. The sandbox is made by
bubblewrap as for any other kernel, and the probe looks at it from inside.
"""

import atexit
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

PROGRAM = Path(__file__).parent / "fork_server.py"
PATIENCE = 60  # seconds; a server has to import first


class WarmError(Exception):
    """No kernel came of it; one can still be started the long way."""


class ForkServer:
    """The server of this process, which ends with it.

    Arguments:
        environment: that a kernel has in its sandbox
        fonts: a folder with matplotlib's font cache, or None
    """

    current, lock = None, threading.Lock()

    def __init__(self, environment, fonts):
        self.owner = os.getpid()
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(PATIENCE)
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, str(PROGRAM), str(theirs.fileno())],
                env={**environment, "MPLCONFIGDIR": fonts or environment["MPLCONFIGDIR"]},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the grader, who then ends it
            )
        atexit.register(self.close)

    @classmethod
    def get(cls, environment, fonts):
        """The running server, or a new one."""
        found = cls.current
        if found is None or found.owner != os.getpid() or found.process.poll() is not None:
            cls.current = cls(environment, fonts)
        return cls.current

    def enter(self, request, sandbox, errors):
        """Start a kernel in a sandbox.

        Arguments:
            request: as `fork_server.py` reads it
            sandbox: socket to the launcher inside
            errors: file for what the kernel writes to stderr

        Returns:
            the id of a process that lives as long as the kernel, its parent. Raises WarmError.
        """
        try:
            descriptors = [sandbox.fileno(), errors.fileno()]
            socket.send_fds(self.socket, [json.dumps(request).encode()], descriptors)
            answer = json.loads(self.socket.recv(1 << 16) or b'{"error": "the server ended"}')
        except (OSError, ValueError) as error:
            self.close()  # an answer that comes late would be taken for the next one's
            raise WarmError(f"{type(error).__name__}: {error}") from None
        if "error" in answer:
            raise WarmError(answer["error"])
        return answer["pid"]

    def close(self):
        """End the server; kernels that came of it live on."""
        atexit.unregister(self.close)
        self.socket.close()
        if self.owner == os.getpid():
            self.process.kill()
            self.process.wait()
        if ForkServer.current is self:
            ForkServer.current = None
