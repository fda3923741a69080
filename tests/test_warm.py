"""A kernel that is a fork of a warm process is confined as one that bubblewrap starts itself."""

import ast
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from grading import sandbox, warm
from grading.kernels import Kernel, memory_in_use
from grading.sandbox import SandboxedKernelManager

SPACES = ("cgroup", "ipc", "mnt", "net", "pid", "uts")
FACTS = """
import os, resource, socket, stat, sys

def facts():
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    wanted = ("CapPrm", "CapEff", "CapAmb", "NoNewPrivs", "Seccomp", "SigIgn", "SigBlk", "Groups")
    names = [name for name in dir(resource) if name.startswith("RLIMIT_")]
    tables = ("/dev", "/home", "/", "/opt", "/home/student", "/dev/shm")
    umask = os.umask(0o22)
    return {
        "status": {name: status[name].strip() for name in wanted},
        "ids": len({os.getuid(), os.geteuid(), os.getgid(), os.getegid()}),
        "root": os.getuid() == 0,
        "limits": {name: resource.getrlimit(getattr(resource, name)) for name in names},
        "environment": dict(os.environ),
        "path": sys.path,
        "arguments": sys.argv[2:],
        "grader": sorted(name for name in sys.modules if "grading" in name or "launch" in name),
        "host": socket.gethostname(),
        "interfaces": socket.if_nameindex(),
        "folder": os.getcwd(),
        "umask": umask,
        "mounts": sorted(line.split()[3:6] for line in open("/proc/self/mountinfo")),
        "files": {path: sorted(os.listdir(path)) for path in tables},
        "tmp": sorted(name[:2] for name in os.listdir("/tmp")),
        "backend": __import__("matplotlib").get_backend(),
    }
"""
FIRST_ENVIRONMENT = "open('/proc/self/environ').read()"


class Box:
    """A sandboxed kernel to ask things."""

    def __init__(self, **settings):
        settings = {"kernel_name": "python3", "hidden": [], **settings}
        self.manager = SandboxedKernelManager(**settings)
        self.kernel = Kernel(self.manager)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kernel.kill()

    def run(self, code):
        run = self.kernel.run(code, 20)
        assert run.finished, run.error
        return run.outputs

    def value(self, expression):
        return ast.literal_eval(self.kernel.evaluate(expression, 20))


@pytest.fixture
def box():
    with Box() as found:
        assert found.manager.warm_pid is not None
        yield found


def ended(pid, seconds=5):
    """Whether a process ends in time."""
    deadline = time.monotonic() + seconds
    while psutil.pid_exists(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not psutil.pid_exists(pid)


def test_it_is_confined_as_any_other(monkeypatch):
    monkeypatch.setenv("TOKEN_OF_THE_GRADER", "do not tell")
    seen = {}
    warm.ForkServer.get(sandbox.environment(), None).close()  # so that one starts now
    for name in (True, False):
        with Box(warm=name) as box:
            assert (box.manager.warm_pid is not None) == name
            folder = box.manager.folder
            box.run(FACTS)
            found = seen[name] = ast.literal_eval(
                box.kernel.evaluate("facts()", 20)
                .replace(folder, "FOLDER")
                .replace(os.path.basename(folder), "FOLDER")
            )
            assert "do not tell" not in box.value(FIRST_ENVIRONMENT)
            # As root, one of its own; else it is the user's own number, in a namespace.
            assert not found["root"]
            spaces = box.value(f"{{n: os.readlink('/proc/self/ns/' + n) for n in {SPACES}}}")
            shared = [
                name for name in SPACES if spaces[name] == os.readlink(f"/proc/self/ns/{name}")
            ]
            assert not shared, f"shared with the grader: {shared}"
    for fact in seen[False]:
        assert seen[True][fact] == seen[False][fact], fact


def test_two_share_nothing(box):
    box.run("open('/tmp/mine', 'w').write('x'); import os, socket, sys")
    box.run("s = socket.socket(socket.AF_UNIX); s.bind(chr(0) + 'mine'); s.listen()")
    with Box() as other:
        assert other.manager.warm_pid != box.manager.warm_pid
        other.run("import os, socket, sys, numpy, random, uuid")
        assert other.value("os.path.exists('/tmp/mine')") is False
        assert other.value("socket.socket(socket.AF_UNIX).connect_ex(chr(0) + 'mine')") != 0
        box.run("import numpy, random, uuid")
        for draw in ("numpy.random.rand()", "random.random()", "uuid.uuid4().hex"):
            assert box.value(draw) != other.value(draw)
        processes = "sorted(int(name) for name in os.listdir('/proc') if name.isdigit())"
        for each in (box, other):
            assert len(each.value(processes)) <= 4  # bwrap, the launcher, the kernel


def test_it_keeps_no_file_of_the_server_open(box):
    box.run("import os")
    links = "[os.readlink(f'/proc/self/fd/{n}') for n in (0, 1, 2)]"
    assert all(link.startswith(("/dev/null", "pipe:", "/tmp/gk")) for link in box.value(links))
    sockets = "[n for n in os.listdir('/proc/self/fd') if os.path.exists(f'/proc/self/fd/{n}') and "
    sockets += "os.readlink(f'/proc/self/fd/{n}').startswith('mnt:')]"
    assert box.value(sockets) == []


def test_figures_are_shown_at_the_end_of_a_cell(box):
    """matplotlib's hook into IPython must be set in the kernel, not in the server."""
    outputs = box.run("import matplotlib.pyplot as plt\nplt.plot([1, 2]);")
    assert "image/png" in outputs[-1].data


def test_the_sandbox_ends_with_the_kernel_and_the_kernel_with_the_sandbox():
    with Box() as box:
        box.kernel.run("import os; os._exit(3)", 10)
        assert ended(box.manager.warm_pid)
        assert not box.kernel.alive()
    with Box() as box:
        os.kill(box.manager.pid, signal.SIGKILL)
        assert ended(box.manager.warm_pid)


def test_its_memory_is_seen(box):
    before = memory_in_use(box.manager.pids)
    box.run("import numpy as np; hoard = np.ones(25_000_000)")
    assert memory_in_use(box.manager.pids) - before > 150e6
    assert memory_in_use([box.manager.pid]) < 100e6


@pytest.mark.parametrize(
    "program",
    [
        "raise SystemExit('no server today')",
        "import socket, sys\nsocket.socket(fileno=int(sys.argv[1])).recv(9)",
        "import socket, sys\ns = socket.socket(fileno=int(sys.argv[1]))\n"
        'while s.recv(1 << 16): s.sendall(b\'{"error": "out of forks"}\')',
    ],
)
def test_without_a_server_kernels_start_the_long_way(tmp_path, monkeypatch, program):
    monkeypatch.setattr(warm, "PROGRAM", tmp_path / "server.py")
    monkeypatch.setattr(warm.ForkServer, "current", None)
    (tmp_path / "server.py").write_text(program)
    with Box() as box:
        assert box.manager.warm_pid is None
        assert box.value("1 + 1") == 2
        assert box.value(box_is_on(box.manager)) == []
    if warm.ForkServer.current:
        warm.ForkServer.current.close()


def box_is_on(manager):
    """An expression whose value is [] if the sandbox is on."""
    return f"(exec({manager.probe_code()!r}), locals()['probe']())[1]"


def test_the_server_ends_with_the_grader():
    code = (
        "import os, sys\n"
        "from grading import sandbox, warm\n"
        "server = warm.ForkServer.get(sandbox.environment(), None)\n"
        "print(server.process.pid, flush=True)\n"
        "sys.stdin.read()"
    )
    grader = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    server = int(grader.stdout.readline())
    assert psutil.pid_exists(server)
    grader.kill()
    grader.wait()
    assert ended(server, 20)
