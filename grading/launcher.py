"""First thing that runs inside the sandbox: limits, unprivileged uid, then the kernel.

Copied into the sandbox and run as `python -I -S launcher.py SETTINGS -- COMMAND...`; SETTINGS is
JSON: {"limits": {name: value}, "uid": int or null, "fonts": folder or null,
"owned": paths that the uid gets}.
"""

import json
import os
import resource
import shutil
import sys


def main(arguments):
    """Never returns: replaces itself by the kernel."""
    settings, command = json.loads(arguments[0]), arguments[2:]
    if settings["fonts"]:  # a ready font cache saves matplotlib 0.13 s at each start
        shutil.copytree(settings["fonts"], os.environ["MPLCONFIGDIR"])
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
    os.execv(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
