"""A Jupyter server of our own, and Chromium to look at it."""

import contextlib
import json
import secrets
import socket
import subprocess
import sys
import time
import urllib.request

from conftest import need_program
from playwright.sync_api import sync_playwright

WAIT = 90_000  # milliseconds for a page to open
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Whoever runs the tests has no use for a browser's own traffic, and CI has no network for it.
QUIET = ["--disable-background-networking", "--disable-gpu", "--no-first-run", "--no-sandbox"]


@contextlib.contextmanager
def jupyter(folder, program, *options):
    """Run `python -m program` on a folder: (address of the server, token)."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(8)
    command = [sys.executable, "-m", program, "--no-browser", "--allow-root", f"--port={port}"]
    command += [f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}", *options]
    with open(folder / "server.log", "w") as log:
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        for _ in range(120):
            try:
                status = f"http://127.0.0.1:{port}/api/status?token={token}"
                json.load(urllib.request.urlopen(status, timeout=5))
                break
            except OSError:
                assert server.poll() is None, (folder / "server.log").read_text()
                time.sleep(0.5)
        yield f"http://127.0.0.1:{port}", token
    finally:
        server.terminate()
        try:
            server.wait(60)
        except subprocess.TimeoutExpired:  # it waits for kernels, on a busy machine for long
            server.kill()
            server.wait()


@contextlib.contextmanager
def chromium():
    """A headless browser."""
    program = need_program(*BROWSERS)
    with sync_playwright() as playwright:
        with playwright.chromium.launch(executable_path=program, args=QUIET) as browser:
            yield browser
