"""A submission full of active content: each way that a page may run or load something.

Whatever gets through asks the beacon, a small server of the test, for the name of its way.
"""

import base64
import contextlib
import http.server
import threading

from nbformat.v4 import new_code_cell, new_markdown_cell, new_output, new_raw_cell

# What stock nbgrader lets through; without these the test would prove nothing.
CERTAIN = {
    "markdown-script",
    "markdown-onerror",
    "markdown-picture",
    "markdown-iframe",
    "markdown-heading",
    "html-output",
    "javascript-output",
    "markdown-output",
}


class Beacon(http.server.ThreadingHTTPServer):
    """Listens on this machine and keeps the names that it was asked for."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.asked = set()
        self.address = f"http://127.0.0.1:{self.server_port}"


class Answer(http.server.BaseHTTPRequestHandler):
    """Notes the name and answers with an empty page."""

    def do_GET(self):
        self.server.asked.add(self.path.strip("/"))
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()

    def log_message(self, *arguments):
        """Nothing on the terminal."""


@contextlib.contextmanager
def beacon():
    """A running Beacon."""
    with Beacon() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class Ways:
    """Code in many languages that reports its own name to the beacon."""

    def __init__(self, address):
        self.address = address

    def call(self, name):
        """JavaScript without quotes, so that it fits everywhere."""
        codes = ",".join(str(ord(letter)) for letter in f"{self.address}/{name}")
        return f"window.pwned=1;(new/**/Image).src=String.fromCharCode({codes})"

    def script(self, name):
        return f"<script>{self.call(name)}</script>"

    def onerror(self, name):
        return f'<img src="x" onerror="{self.call(name)}">'

    def svg(self, name):
        start = '<svg xmlns="http://www.w3.org/2000/svg" onload="'
        return f'{start}{self.call(name)}"><text y="20">x</text></svg>'


def display(mime, text, metadata=None):
    """A cell that shows one representation and nothing else."""
    return (
        "from IPython.display import display\n"
        f"display({{{mime!r}: {text!r}}}, raw=True, metadata={metadata or {}!r})"
    )


def fill(nb, address):
    """Put active content in every place of a notebook."""
    ways = Ways(address)
    words = {
        "script": ways.script("markdown-script"),
        "onerror": ways.onerror("markdown-onerror"),
        "iframe": f'<iframe src="{address}/markdown-iframe"></iframe>',
        "picture": f"![x]({address}/markdown-picture)",
        "reference": f"![x][far]\n\n[far]: {address}/markdown-reference",
        "style": f"<style>body{{background:url({address}/markdown-style)}}</style>",
        "refresh": f'<meta http-equiv="refresh" content="3;url={address}/markdown-refresh">',
        "entities": "[x](&#106;avascript:window.pwned=1) &lt;script&gt;",
        "link": "[x](javascript:window.pwned=1) <javascript:window.pwned=1>",
        "relative": "[my work](..%2f..%2fsubmitted%2feve%2f1_small%2fpage.html) "
        "[x][near]\n\n[near]: evil.html",
        "autolink": f"see {address}/markdown-autolink or <{address}/markdown-autolink>",
        "heading": f'# x <b id="statusmessage">y</b> {ways.onerror("markdown-heading")}',
        "table": f"|a|b|\n|---|---|\n|{ways.onerror('markdown-table')}|x|",
        "mermaid": f"```mermaid\n{ways.script('markdown-mermaid')}\n```",
        "code": f'```html" onmouseover="x\n{ways.script("markdown-code")}\n```',
        "math": r"$\href{javascript:window.pwned=1}{x}$ $\style{position:fixed}{x}$"
        f"\n\n$$x{ways.script('markdown-math')}$$",
        "attachment": "![x](attachment:a.svg)",
    }
    for name, text in words.items():
        nb.cells.append(new_markdown_cell(text, id=f"words_{name}"))
    picture = base64.b64encode(ways.svg("attachment").encode()).decode()
    nb.cells[-1]["attachments"] = {"a.svg": {"image/svg+xml": picture}}
    nb.cells.append(new_raw_cell(ways.script("raw-cell"), id="raw"))
    shown = {
        "html": display("text/html", ways.script("html-output")),
        "javascript": display("application/javascript", ways.call("javascript-output")),
        "svg": display("image/svg+xml", ways.svg("svg-output")),
        "latex": display("text/latex", ways.onerror("latex-output")),
        "markdown": display("text/markdown", ways.onerror("markdown-output")),
        "isolated": display(
            "text/html", ways.script("isolated-output"), {"text/html": {"isolated": True}}
        ),
        "png": display("image/png", f'x" onerror="{ways.call("picture-attribute")}'),
        "size": display(
            "image/png", "aaaa", {"image/png": {"width": f'1" onerror="{ways.call("width")}'}}
        ),
        "widget": display("application/vnd.jupyter.widget-view+json", {"model_id": "m"}),
        "text": f"print('</pre>' + {ways.script('printed')!r})",
        "error": f"raise ValueError('</pre>' + {ways.script('raised')!r})",
        "ansi": f"print('\\x1b]8;;javascript:1\\x07' + {ways.onerror('ansi')!r} + '\\x1b[0m')",
        "source": f"'</pre></div>' + {ways.script('in-source')!r}",
    }
    for name, code in shown.items():
        stored = [new_output("display_data", data={"text/html": ways.script(f"stored-{name}")})]
        nb.cells.append(new_code_cell(code, id=f"shows_{name}", outputs=stored))
    state = {"m": {"model_name": "HTMLModel", "state": {"value": ways.onerror("widget-state")}}}
    nb.metadata["widgets"] = {
        "application/vnd.jupyter.widget-state+json": {"state": state, "version_major": 2}
    }
    nb.metadata["title"] = f"</title>{ways.script('title')}"
    nb.metadata["authors"] = [{"name": ways.onerror("author")}]
    nb.cells[0].metadata["tags"] = ['x" onmouseover="window.pwned=1']
    source = "def conv_single_step(*a):\n    raise ValueError('</pre>' + {!r})"
    answer = next(cell for cell in nb.cells if cell.id == "conv_single_step")
    answer.source = source.format(ways.script("message"))
    return nb
