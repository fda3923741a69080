"""What serves calls inside the student's kernel, in the sandbox.

Nothing here is trusted: student code may patch all of it. It can only change what the trusted
side receives, which decodes it as plain data and compares it like any other answer.
"""

import base64
import functools
import signal
import socket
import traceback
import types

from IPython import get_ipython

from . import checks, wire

MAX_TEXT = 2000
CHANNEL = None  # a socket to the trusted side
HELPED = {}  # functions defined again with right helpers: they are called in place of the first


def join(path):
    """Once, before any cell: connect to the socket over which calls come."""
    global CHANNEL
    CHANNEL = socket.socket(socket.AF_UNIX)
    CHANNEL.connect(path)
    # `quit()` ends nothing, as its kernel would be missed by the rest.
    get_ipython().ask_exit = lambda: None


def loop():
    """Serve calls until an empty one comes. Only a call can be interrupted, not what is sent."""
    while True:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        number, length = wire.HEAD.unpack(receive(wire.HEAD.size))
        if not length:
            return
        CHANNEL.sendall(wire.frame(number, serve(receive(length))))


def receive(size):
    """So many bytes from the trusted side."""
    data = bytearray()
    while len(data) < size:
        chunk = CHANNEL.recv(size - len(data))
        if not chunk:
            raise EOFError("the trusted side is gone")
        data += chunk
    return bytes(data)


def serve(request):
    """Call one function of the notebook.

    Arguments:
        request: wire form of (name, args, kwargs, whether to count lines of Python)

    Returns:
        wire form of ("ok", result, args, kwargs), the arguments as they are after the call or
        None if they are unchanged, or ("error", type name, message, lines of the student's code)
    """
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        name, args, kwargs, counted = wire.from_bytes(request)
        function = HELPED.get(name) or get_ipython().user_ns.get(name)
        if function is None:
            raise NameError(f"name '{name}' is not defined")
        before = wire.to_bytes((args, kwargs))
        if counted:
            result = checks.count_lines(function, *args, **kwargs)
        else:
            result = checks.drained(function(*args, **kwargs))
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        changed = wire.to_bytes((args, kwargs)) != before
        answer = ("ok", result, args if changed else None, kwargs if changed else None)
        return wire.to_bytes(answer)
    except wire.WireError as error:
        answer = ("error", "TypeError", f"{name} returned what can't be graded: {error}", "")
    except BaseException as error:  # SystemExit too must not end the kernel
        answer = ("error", type(error).__name__, _message(error), _own_lines(error))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return wire.to_bytes(answer)


def define_again(request):
    """Define a function once more, in a copy of the notebook's namespace with right helpers.

    Arguments:
        request: base64 of the wire form of (name, source of its cell, source that defines right
            helpers, names of the helpers to replace)
    """
    name, cell, source, helpers = wire.from_bytes(base64.b64decode(request))
    shell, right = get_ipython(), {"__name__": "helpers"}
    exec(source, right)
    own = shell.user_ns
    space = dict(own)
    swaps = [(own.get(helper), lenient(right[helper])) for helper in helpers]
    space.update((helper, new) for helper, (_, new) in zip(helpers, swaps, strict=True))
    for key, value in own.items():
        for old, new in swaps:
            if old is not None and value is old:  # an alias
                space[key] = new
            elif isinstance(value, functools.partial) and value.func is old and old is not None:
                space[key] = functools.partial(new, *value.args, **value.keywords)
        # A function of another cell looks names up in the namespace that it was defined in.
        if isinstance(value, types.FunctionType) and value.__globals__ is own:
            if key not in helpers and space[key] is value:
                space[key] = moved(value, space)
    HELPED.pop(name, None)
    exec(compile(shell.transform_cell(cell), f"<ipython-{name}>", "exec"), space)
    HELPED[name] = space[name]


def moved(function, space):
    """The same function with another namespace."""
    new = types.FunctionType(
        function.__code__, space, function.__name__, function.__defaults__, function.__closure__
    )
    new.__kwdefaults__ = function.__kwdefaults__
    return new


def lenient(function):
    """A right helper that overlooks arguments which only the student's own helper has."""
    code = function.__code__
    names, count = code.co_varnames[: code.co_argcount], code.co_argcount

    @functools.wraps(function)
    def helper(*arguments, **keywords):
        known = {key: value for key, value in keywords.items() if key in names}
        return function(*arguments[:count], **known)

    return helper


def _message(error):
    try:
        if type(error) is KeyError and len(error.args) == 1 and type(error.args[0]) is str:
            return error.args[0][:MAX_TEXT]  # str() would add quotes here, and there once more
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
