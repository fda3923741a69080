"""What serves calls inside the student's kernel, in the sandbox.

Nothing here is trusted: student code may patch all of it. It can only change what the trusted
side receives, which decodes it as plain data and compares it like any other answer.
"""

import base64
import traceback

from IPython import get_ipython

from . import wire

MAX_TEXT = 2000


def serve(request):
    """Call one function of the notebook.

    Arguments:
        request: base64 of the wire form of (name, args, kwargs)

    Returns:
        base64 of the wire form of ("ok", result, args, kwargs), the arguments as they are after
        the call or None if they are unchanged, or ("error", type name, message,
        lines of the student's code)
    """
    try:
        name, args, kwargs = wire.from_bytes(base64.b64decode(request))
        function = get_ipython().user_ns.get(name)
        if function is None:
            raise NameError(f"name '{name}' is not defined")
        before = wire.to_bytes((args, kwargs))
        result = function(*args, **kwargs)
        changed = wire.to_bytes((args, kwargs)) != before
        answer = ("ok", result, args if changed else None, kwargs if changed else None)
        return base64.b64encode(wire.to_bytes(answer)).decode()
    except wire.WireError as error:
        answer = ("error", "TypeError", f"{name} returned what can't be graded: {error}", "")
    except BaseException as error:  # SystemExit too must not end the kernel
        answer = ("error", type(error).__name__, _message(error), _own_lines(error))
    return base64.b64encode(wire.to_bytes(answer)).decode()


def prepare():
    """Once, before any cell: `quit()` ends nothing, as its kernel would be missed by the rest."""
    get_ipython().ask_exit = lambda: None


def _message(error):
    try:
        return str(error)[:MAX_TEXT]
    except BaseException:
        return "(its message can't be shown)"


def _own_lines(error):
    """The traceback of a student's error: frames in cells of the notebook only."""
    try:
        frames = [
            f"{frame.name}, line {frame.lineno}: {(frame.line or '').strip()}"
            for frame in traceback.extract_tb(error.__traceback__)[-40:]
            if "ipykernel" in frame.filename or "<ipython" in frame.filename
        ]
        return "\n".join(frames[-8:])[:MAX_TEXT]
    except BaseException:
        return ""
