"""First thing that runs inside the sandbox: limits, unprivileged uid, then the kernel.

Copied into the sandbox and run as `python -I -S launcher.py SETTINGS -- COMMAND...`; SETTINGS is
JSON: {"limits": {name: value}, "uid": int or null, "fonts": folder or null,
"owned": paths that the uid gets, "door": descriptor of a socket or null}.

With a door, the kernel may come in as a fork of a process that has imported already what it needs
(fork_server.py): the namespaces go out through it. Then this process only waits for the kernel's
end, and the sandbox ends with it.
"""

import json
import os
import resource
import sys

NAMESPACES = ("user", "pid", "ipc", "uts", "cgroup", "net", "mnt")  # as they go through the door


def main(arguments):
    """Never returns: replaces itself by the kernel, or ends with it."""
    settings, command = json.loads(arguments[0]), arguments[2:]
    uid = settings["uid"]
    if uid is not None:
        for path in settings["owned"]:
            os.chown(path, uid, uid)
    limit(settings["limits"], uid)
    if settings["fonts"]:  # a ready font cache saves matplotlib 0.3 s, if it may write to it
        copy_files(settings["fonts"], os.environ["MPLCONFIGDIR"])
    if settings["door"] is not None:
        hand_over(settings["door"])
    os.execv(command[0], command)


def limit(limits, uid):
    """Set limits for good, and drop to a uid, if there is one."""
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
    for name, value in limits.items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))
    if uid is not None:
        os.setresuid(uid, uid, uid)  # drops all capabilities too
    os.umask(0o022)


def hand_over(descriptor):
    """Let a kernel in and wait for its end; returns if none comes."""
    import socket

    spaces = [os.open(f"/proc/self/ns/{name}", os.O_RDONLY) for name in NAMESPACES]
    with socket.socket(fileno=descriptor) as door:
        try:
            socket.send_fds(door, [b"ready"], spaces)
        except BrokenPipeError:
            pass  # it was decided before that none comes
        for each in spaces:
            os.close(each)
        if door.recv(1) != b"s":
            sys.exit()


def copy_files(folder, target):
    """Copy the plain files of a folder; shutil would take longer to import than to work."""
    os.mkdir(target)
    for name in os.listdir(folder):
        if os.path.isfile(f"{folder}/{name}"):
            with open(f"{folder}/{name}", "rb") as old, open(f"{target}/{name}", "wb") as new:
                new.write(old.read())


if __name__ == "__main__":
    main(sys.argv[1:])
