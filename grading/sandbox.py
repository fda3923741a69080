"""The student's kernel, inside bubblewrap.

No network, own pid, ipc and uts namespaces, a read-only interpreter, an empty home and /tmp in
memory, limits on memory, processes, files and CPU time. As root the kernel drops to a uid of its
own, since limits on processes don't bind uid 0; otherwise it gets its own user namespace. A filter
of system calls keeps it from making others.
"""

import json
import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import zmq
from jupyter_client import KernelManager
from traitlets import Bool, Float, Integer, List, Unicode

from grading.bwrap import filter_file, find_bwrap, isolation, remedy
from grading.warm import ForkServer, WarmError

HOME = "/home/student"
LINK_FOLDER = "/opt/link"
MIB = 1024 * 1024
PACKAGE = Path(__file__).parent
LINK_FILES = ("checks.py", "student_side.py", "wire.py")  # they need no more of the package


class SandboxError(Exception):
    """There is no working sandbox; the message says what to do. Grading stops."""


class SandboxedKernelManager(KernelManager):
    """A KernelManager whose kernel runs in bubblewrap and talks through a private folder."""

    accept_no_sandbox = Bool(
        False, help="Run students' code without a sandbox where there is none. Dangerous."
    ).tag(config=True)
    bwrap = Unicode("", help="Path of bwrap; empty means: find it.").tag(config=True)
    memory = Integer(3072, help="MiB of address space for each process.").tag(config=True)
    total_memory = Integer(2048, help="MiB in use by all processes together.").tag(config=True)
    processes = Integer(64, help="Processes and threads.").tag(config=True)
    open_files = Integer(512, help="Open files.").tag(config=True)
    file_size = Integer(64, help="MiB in one file.").tag(config=True)
    disk = Integer(256, help="MiB in the home folder, and in /tmp.").tag(config=True)
    cpu_seconds = Integer(600, help="Seconds of CPU time for each process.").tag(config=True)
    warm = Bool(
        True, help="Fork kernels from a process that has imported NumPy and matplotlib."
    ).tag(config=True)
    probe_timeout = Float(30, help="Seconds for the probe at each start.").tag(config=True)
    hidden = List([], help="Folders that the probe must not see.")
    data_files = List([], help="(path on this machine, path in the student's folder)")

    def __init__(self, *args, **kwargs):
        # Own ZeroMQ context: a student's process can't fill this process's memory with messages.
        context = zmq.Context()
        context.setsockopt(zmq.MAXMSGSIZE, 64 * MIB)
        context.setsockopt(zmq.RCVHWM, 200)
        context.setsockopt(zmq.LINGER, 0)
        kwargs.setdefault("context", context)
        super().__init__(*args, **kwargs)
        self.folder = tempfile.mkdtemp(prefix="gk")  # mode 0700, and a short path: sockets need it
        self.transport = "ipc"
        self.ip = f"{self.folder}/s"
        self.connection_file = f"{self.folder}/kernel.json"
        self.errors = open(f"{self.folder}/stderr", "w+b")
        self.sandboxed, self.filter, self.uid = True, None, None
        self.door = None  # descriptor of the launcher's end of a socket, for a warm kernel
        self.warm_pid = None  # of a warm kernel's parent

    def start_kernel(self, **more):
        """Start the kernel. Raises SandboxError."""
        self.filter = filter_file()
        ours, theirs = socket.socketpair() if self.warm else (None, None)
        self.door = theirs.fileno() if theirs else None
        kept = [each for each in (self.filter, self.door) if each is not None]
        try:
            super().start_kernel(**more, pass_fds=kept)
            if theirs:
                theirs.close()
                self.let_in(ours)
        finally:
            for each in (ours, theirs):
                if each:
                    each.close()
            if self.filter is not None:
                os.close(self.filter)

    def let_in(self, launcher):
        """Have a warm kernel join the sandbox; if it can't, one starts there the long way."""
        if not self.sandboxed:
            return
        request = {
            "limits": self.limits(),
            "uid": self.uid,
            "filter": None if self.filter is None else os.pread(self.filter, 1 << 16, 0).hex(),
            "environment": environment(),
            "arguments": self.kernel_arguments(),
        }
        try:
            with ForkServer.lock:
                server = ForkServer.get(environment(), font_cache())
                self.warm_pid = server.enter(request, launcher, self.errors)
        except WarmError as error:
            self.log.info("No warm kernel, so a cold one: %s", error)
            launcher.sendall(b"s")

    @property
    def pid(self):
        """Process id of bwrap (of the kernel, without a sandbox)."""
        return self.provisioner.pid

    @property
    def pids(self):
        """Ids of processes below which all those of the sandbox are."""
        return [self.pid] if self.warm_pid is None else [self.pid, self.warm_pid]

    def kernel_arguments(self):
        """Command-line arguments of ipykernel."""
        return ["-f", self.connection_file, "--HistoryManager.enabled=False"]

    def format_kernel_cmd(self, extra_arguments=None):
        """The kernel's command, with the sandbox before it. Raises SandboxError."""
        command = [
            sys.executable,
            "-m",
            "ipykernel_launcher",
            *self.kernel_arguments(),
            *(extra_arguments or []),
        ]
        bwrap, said = find_bwrap(self.bwrap)
        if bwrap is None:
            if not self.accept_no_sandbox:
                raise SandboxError(remedy(said))
            self.sandboxed = False
            self.log.warning("NO SANDBOX: students' code runs with your rights (%s)", said)
            link = Path(self.folder, "link")
            copy_link(link)
            return ["env", f"PYTHONPATH={link}", "OPENBLAS_NUM_THREADS=1", *command]
        return [bwrap, *self.sandbox_arguments(), *self.launcher_arguments(), *command]

    def limits(self):
        """Limits of each process, by the names of the module resource."""
        return {
            "AS": self.memory * MIB,
            "NPROC": self.processes,
            "NOFILE": self.open_files,
            "FSIZE": self.file_size * MIB,
            "CPU": self.cpu_seconds,
            "CORE": 0,
        }

    def launcher_arguments(self):
        """The launcher that sets limits before the kernel starts."""
        # A uid of its own, so that processes of another sandbox don't count.
        self.uid = own_uid() if os.getuid() == 0 else None
        settings = {
            "limits": self.limits(),
            "uid": self.uid,
            "door": self.door,
            "owned": [self.folder, self.connection_file, HOME, "/tmp", "/dev/shm"],
            "fonts": f"{LINK_FOLDER}/fonts" if font_cache() else None,
        }
        launcher = f"{LINK_FOLDER}/launcher.py"
        return [sys.executable, "-I", "-S", launcher, json.dumps(settings), "--"]

    def sandbox_arguments(self):
        """Arguments of bwrap: namespaces, mounts, environment."""
        # fmt: off
        arguments = isolation(self.filter)
        for path in ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64"):
            if os.path.islink(path):
                arguments += ["--symlink", os.readlink(path), path]
            elif os.path.isdir(path):
                arguments += ["--ro-bind", path, path]
        for path in ("/etc/ld.so.cache", "/etc/localtime", "/etc/fonts", "/etc/ssl/openssl.cnf"):
            arguments += ["--ro-bind-try", path, path]
        disk = str(self.disk * MIB)
        arguments += ["--proc", "/proc", "--dev", "/dev",
                      "--size", disk, "--tmpfs", "/tmp", "--size", disk, "--tmpfs", "/dev/shm",
                      *parents(HOME), "--size", disk, "--tmpfs", HOME]
        # After /tmp and the home folder, since the interpreter may stand below them.
        for path in interpreter_folders():
            arguments += [*parents(path), "--ro-bind", path, path]
        # The grader itself may stand in site-packages, where students' code would find it.
        for path in sys.path:
            for name in ("grading", "nbgrader"):
                if path.startswith(sys.prefix) and os.path.isdir(f"{path}/{name}"):
                    arguments += ["--tmpfs", f"{path}/{name}"]
        arguments += [*parents(f"{LINK_FOLDER}/grader_link/wire.py"),
                      "--bind", self.folder, self.folder]
        for name in LINK_FILES:
            arguments += ["--ro-bind", str(PACKAGE / name), f"{LINK_FOLDER}/grader_link/{name}"]
        arguments += ["--ro-bind", str(PACKAGE / "launcher.py"), f"{LINK_FOLDER}/launcher.py"]
        if font_cache():
            arguments += ["--ro-bind", font_cache(), f"{LINK_FOLDER}/fonts"]
        for outside, inside in self.data_files:
            path = f"{HOME}/{inside}"
            arguments += [*parents(path, HOME), "--ro-bind", str(outside), path]
        # The root is a file system in memory, without a limit, and ours unless we run as root.
        arguments += ["--remount-ro", "/", "--chdir", HOME, "--clearenv"]
        # fmt: on
        for name, value in environment().items():
            arguments += ["--setenv", name, value]
        return arguments

    def probe_code(self):
        """Code for the fresh kernel: its value is [] if the sandbox is on."""
        # A list of what is wrong; run before any code of a student.
        return PROBE.format(
            hidden=[str(path) for path in self.hidden],
            prefix=sys.prefix,
            filtered=self.filter is not None,
        )

    def remove_folder(self):
        """Remove the private folder, whatever the student's kernel left there."""
        self.errors.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def folder_bytes(self):
        """Bytes in the private folder, the one place where the sandbox writes on a real disk."""
        total = 0
        for root, _, names in os.walk(self.folder):
            for name in names:
                try:
                    total += os.lstat(os.path.join(root, name)).st_blocks * 512
                except OSError:
                    continue
        return total


PROBE = """
def probe():
    import os, socket, resource
    wrong = []
    if [name for _, name in socket.if_nameindex() if name != "lo"]:
        wrong.append("there is a network")
    if os.geteuid() == 0 or os.getuid() == 0:
        wrong.append("it runs as root")
    if os.getpid() > 50 or socket.gethostname() != "sandbox":
        wrong.append("it shares namespaces with this machine")
    for path in {hidden!r}:
        if os.path.exists(path) and os.listdir(path):
            wrong.append("it sees " + path)
    for path in ({prefix!r}, "/usr", "/"):
        if os.access(path, os.W_OK):
            wrong.append("it may write to " + path)
    for name in ("AS", "NPROC", "FSIZE", "NOFILE", "CPU"):
        if resource.getrlimit(getattr(resource, "RLIMIT_" + name))[1] < 0:
            wrong.append("no limit on " + name)
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    if {filtered} and status["Seccomp"].strip() != "2":
        wrong.append("no filter of system calls")
    if int(status["CapEff"], 16):
        wrong.append("it has capabilities")
    return wrong
"""


def environment():
    """Environment variables in the sandbox."""
    # fmt: off
    return {
        "HOME": HOME, "PWD": HOME, "USER": "student", "LOGNAME": "student", "LANG": "C.UTF-8",
        "PATH": f"{sys.prefix}/bin:/usr/bin:/bin", "PYTHONPATH": LINK_FOLDER,
        "MPLCONFIGDIR": "/tmp/matplotlib", "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "IPYTHONDIR": "/tmp/ipython",
        "JUPYTER_PLATFORM_DIRS": "1", "PYTHONDONTWRITEBYTECODE": "1",
    }
    # fmt: on


def own_uid():
    """An unprivileged uid that no account has, its own for each sandbox of this machine."""
    own_uid.count += 1
    return 1_000_000_000 + (os.getpid() % 4_194_304) * 200 + own_uid.count % 200


own_uid.count = 0


def parents(path, above="/"):
    """Arguments that make the folders above a path: by itself bwrap makes them for root only."""
    folders = [str(folder) for folder in reversed(Path(path).parents)]
    wanted = [folder for folder in folders if folder.startswith(above) and folder != above]
    return [part for folder in wanted for part in ("--perms", "0755", "--dir", folder)]


def interpreter_folders():
    """Folders of the interpreter and its libraries outside /usr, the outer ones only."""
    found = {os.path.realpath(sys.base_prefix), sys.base_prefix, sys.prefix}
    found |= {os.path.dirname(os.path.dirname(os.path.realpath(sys.executable)))}
    outside = sorted(path for path in found if not path.startswith("/usr"))
    return [p for p in outside if not any(p != o and p.startswith(o + "/") for o in outside)]


def copy_link(folder):
    """Write the files that serve calls as a package of their own into a folder."""
    target = Path(folder, "grader_link")
    target.mkdir(parents=True)
    for name in LINK_FILES:
        shutil.copy(PACKAGE / name, target / name)


def font_cache():
    """A folder with matplotlib's font cache, made once for each version; None without it."""
    try:
        import matplotlib
    except ImportError:
        return None
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "grading" / f"matplotlib-{matplotlib.__version__}"
    if folder.is_dir():
        return str(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = tempfile.mkdtemp(dir=folder.parent)
    code = "import matplotlib.font_manager"
    environment = {**os.environ, "MPLCONFIGDIR": made}
    subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=False)
    os.chmod(made, stat.S_IRWXU | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH)
    try:
        os.rename(made, folder)
    except OSError:  # another process was faster
        shutil.rmtree(made, ignore_errors=True)
    return str(folder)
