"""First thing that runs inside the sandbox: limits, unprivileged uid, then the kernel.

Copied into the sandbox and run as `python -I -S launcher.py SETTINGS -- COMMAND...`; SETTINGS is
JSON: {"limits": {name: value}, "uid": int or null, "fonts": folder or null,
"owned": paths that the uid gets}.
"""

import json
import os
import resource
import sys


def main(arguments):
    """Never returns: replaces itself by the kernel."""
    settings, command = json.loads(arguments[0]), arguments[2:]
    uid = settings["uid"]
    if uid is not None:
        for path in settings["owned"]:
            os.chown(path, uid, uid)
        os.setgroups([])
        os.setresgid(uid, uid, uid)
    for name, value in settings["limits"].items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))
    if uid is not None:
        os.setresuid(uid, uid, uid)  # drops all capabilities too
    os.umask(0o022)
    if settings["fonts"]:  # a ready font cache saves matplotlib 0.3 s, if it may write to it
        copy_files(settings["fonts"], os.environ["MPLCONFIGDIR"])
    os.execv(command[0], command)


def copy_files(folder, target):
    """Copy the plain files of a folder; shutil would take longer to import than to work."""
    os.mkdir(target)
    for name in os.listdir(folder):
        if os.path.isfile(f"{folder}/{name}"):
            with open(f"{folder}/{name}", "rb") as old, open(f"{target}/{name}", "wb") as new:
                new.write(old.read())


if __name__ == "__main__":
    main(sys.argv[1:])
