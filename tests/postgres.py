"""A PostgreSQL server of our own, run by an unprivileged user, on a socket in its own folder."""

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

from conftest import need_program

USER = "nobody"  # the server refuses to run as root


@contextmanager
def postgres():
    """The address of an empty database."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))  # Debian keeps it there
    bin_folder = Path(programs[-1] if programs else need_program("initdb")).parent
    folder = tempfile.mkdtemp(prefix="pg", dir="/tmp")  # a socket's path must be short
    who = {"user": USER, "group": "nogroup", "extra_groups": []} if os.getuid() == 0 else {}
    if who:
        shutil.chown(folder, USER)

    def run(program, *arguments):
        command = [str(bin_folder / program), *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, **who)
        assert done.returncode == 0, done.stdout + done.stderr

    data, address = f"{folder}/data", f"postgresql+psycopg2://grader@/postgres?host={folder}"
    try:
        run("initdb", "--username=grader", "--auth=trust", "--no-sync", data)
        # No port: nobody reaches it but through the folder.
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        run("pg_ctl", "-D", data, "-o", options, "-w", "-l", f"{folder}/log", "start")
        try:
            yield address
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)
