"""A process that has imported what notebooks import, and of which students' kernels are forks.

Run as `python fork_server.py FD`, in the environment that a kernel has in its sandbox; FD is a
socket to the grader. It knows nothing of the course: what a fork of it could find in its memory is
the interpreter and public libraries. For each request it forks twice, joins the namespaces of a
sandbox that bubblewrap has made, gives up what a process in there may not have, and only then
becomes a kernel. See `warm.py` for the other end, and user_namespaces(7) for the order of things.
"""

import ctypes
import fcntl
import gc
import json
import os
import signal
import socket
import struct
import sys
import traceback

sys.path[0] = os.path.dirname(os.path.abspath(__file__))
from launcher import NAMESPACES, limit  # noqa: E402

del sys.path[0], sys.modules["launcher"]

OWNER = 0xB701  # ioctl NS_GET_USERNS: the user namespace that a namespace belongs to
DUMPABLE, SECCOMP, CAP_DROP, NO_NEW_PRIVILEGES = 4, 22, 24, 38  # of prctl()
CAPABILITIES_VERSION_3 = 0x20080522
PATIENCE = 20  # seconds for the sandbox to be ready

libc = ctypes.CDLL(None, use_errno=True)


def main(descriptor):
    """Serve until the grader is gone."""
    grader = socket.socket(fileno=descriptor)
    import_all()
    gc.collect()
    gc.freeze()  # a fork that never touches these objects shares their memory
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    while True:
        request, descriptors, _, _ = socket.recv_fds(grader, 1 << 16, 2)
        if not request:
            return
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            attend(grader, json.loads(request), *descriptors)
        for each in descriptors:
            os.close(each)


def import_all():
    """What nearly every notebook imports, and draws with for the first time."""
    import io

    import h5py  # noqa: F401
    import ipykernel.kernelapp
    import ipykernel.zmqshell  # noqa: F401
    import matplotlib.pyplot  # noqa: F401
    import numpy  # noqa: F401
    from matplotlib.figure import Figure

    # Without pyplot, which would choose its backend now, where there is no notebook.
    figure = Figure()
    figure.subplots().imshow([[0, 1]])
    figure.savefig(io.BytesIO(), format="png", bbox_inches="tight")


def attend(grader, request, sandbox, errors):
    """In the first fork, which stays outside and lives as long as the kernel. Never returns."""
    code = 1
    door = socket.socket(fileno=sandbox)  # open until the kernel ends: the sandbox waits for that
    try:
        kernel = start(request, door, errors)
        answer(grader, pid=os.getpid())
        grader.close()
        code = os.waitstatus_to_exitcode(os.waitpid(kernel, 0)[1])
    except BaseException as error:
        answer(grader, error=f"{type(error).__name__}: {error}")
    finally:
        os._exit(code & 0xFF)


def answer(grader, **fields):
    grader.sendall(json.dumps(fields).encode())


def start(request, door, errors):
    """Join a sandbox and fork the kernel. Returns its process id as it is outside."""
    door.settimeout(PATIENCE)
    ready, found, _, _ = socket.recv_fds(door, 16, len(NAMESPACES))
    if ready != b"ready" or len(found) != len(NAMESPACES):
        raise RuntimeError("the sandbox ended before it was ready")
    spaces = dict(zip(NAMESPACES, found, strict=True))
    # bwrap makes a user namespace that owns the others, and one inside where it owns nothing.
    join("user", fcntl.ioctl(spaces["mnt"], OWNER))
    join("pid", spaces["pid"])  # only forks are in it
    told, tell = os.pipe()
    kernel = os.fork()
    if kernel == 0:
        become_kernel(request, spaces, errors, tell)
    os.close(tell)
    with os.fdopen(told) as stream:
        said = stream.read()
    if said != "ready":
        raise RuntimeError(said or "the fork ended early")
    return kernel


def join(name, descriptor):
    """Enter a namespace, unless bwrap has left this one as it was. Raises OSError."""
    here, there = os.stat(f"/proc/self/ns/{name}"), os.fstat(descriptor)
    if (here.st_dev, here.st_ino) != (there.st_dev, there.st_ino):
        check(libc.setns(descriptor, 0), f"the namespace {name}")


def become_kernel(request, spaces, errors, tell):
    """In the second fork. Never returns."""
    try:
        os.setsid()
        for name in ("ipc", "uts", "cgroup", "net", "mnt", "user"):
            join(name, spaces[name])
        null = os.open("/dev/null", os.O_RDWR)
        for source, target in ((null, 0), (null, 1), (errors, 2), (tell, 3)):
            os.dup2(source, target)  # none of them is below 3
        os.closerange(4, os.sysconf("SC_OPEN_MAX"))
        restrict(request)
        os.chdir(request["environment"]["HOME"])
        refresh(request["environment"])
    except BaseException as error:
        os.write(3, f"{type(error).__name__}: {error}".encode())
        os._exit(1)
    os.write(3, b"ready")
    os.close(3)
    arguments = request["arguments"]
    del request
    try:
        from ipykernel.kernelapp import launch_new_instance

        sys.argv = ["ipykernel_launcher", *arguments]
        launch_new_instance(arguments)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


def restrict(request):
    """Give up for good what a process in the sandbox may not have. Raises OSError."""
    for capability in range(64):
        libc.prctl(CAP_DROP, capability, 0, 0, 0)  # fails for numbers that this system lacks
    limit(request["limits"], request["uid"])
    header = struct.pack("=Ii", CAPABILITIES_VERSION_3, 0)
    check(libc.capset(header, bytes(24)), "capset")
    check(libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0), "no new privileges")
    # As after exec: otherwise /proc/self belongs to root. There is no secret in this process.
    check(libc.prctl(DUMPABLE, 1, 0, 0, 0), "dumpable")
    if request["filter"]:
        program = bytes.fromhex(request["filter"])
        code = ctypes.create_string_buffer(program, len(program))
        filter_ = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
        check(libc.prctl(SECCOMP, 2, filter_, 0, 0), "filter of system calls")


def check(result, what):
    if result:
        raise OSError(ctypes.get_errno(), what)


def refresh(environment):
    """What a new process would have of its own."""
    import numpy

    os.environ.clear()
    os.environ.update(environment)
    sys.path_importer_cache.clear()  # paths are others here
    numpy.random.seed()  # of the default generator, a copy of the server's


if __name__ == "__main__":
    main(int(sys.argv[1]))
