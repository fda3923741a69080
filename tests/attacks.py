"""The table of attacks: what a submission does, and what must not come of it.

Each entry is (name, family, edit, lost, check): the edit of a right submission, the functions
that must end with 0 points while all others keep theirs, and what must be shown, as a regular
expression, by the student's own cells (so that an attack that never ran is noticed).
"""

import os
import shutil
from dataclasses import dataclass

from nbformat.v4 import new_code_cell, new_markdown_cell, new_output, new_raw_cell
from small_course import ASSIGNMENT, NOTEBOOK, TESTS, cell_of

# Where the tests listen, outside the sandbox: nothing may ever arrive there.
PORT = 47_391
WRONG = "def conv_forward(A_prev, W, b, hparameters):\n    return None, None\n"


@dataclass
class Attack:
    """One attack of the table."""

    name: str
    family: str
    edit: object
    lost: tuple = ()
    shows: str = ""
    absent: str = ""  # a regular expression that the feedback page must not match
    points: dict | None = None
    files: object = None  # what this function does in the folder of the submission
    refused: str = ""  # what the log says if there must be no grade at all
    student: str = ""  # the name of the student's folder


def cell(code):
    """An edit that puts a code cell after the imports."""

    def edit(nb):
        nb.cells.insert(2, new_code_cell(code, id="attack"))

    return edit


def forge(code, answer=WRONG):
    """An edit with a wrong conv_forward and code around it."""

    def edit(nb):
        cell_of(nb, "conv_forward").source = f"{code}\n{answer}"

    return edit


def within(code):
    """An edit with a conv_forward that does this when it is called."""
    body = "\n".join("    " + line for line in code.split("\n"))
    source = f"def conv_forward(A_prev, W, b, hparameters):\n{body}\n    return None, None\n"
    return lambda nb: setattr(cell_of(nb, "conv_forward"), "source", source)


def test_cell(nb, name="test_conv_forward_values"):
    """A submitted test cell."""
    return cell_of(nb, name)


ATTACKS = []


def attack(name, family, edit, lost=(), shows="", absent="", points=None, **more):
    ATTACKS.append(Attack(name, family, edit, tuple(lost), shows, absent, points, **more))


CONV = ("conv_forward",)
# A wrong helper, so that conv_forward is tested a second time, with a right one that it may see.
NO_PAD = "def zero_pad(X, pad):\n    return X"
LOOK = """inside = getattr(zero_pad, "__wrapped__", zero_pad).__code__
    said = "FOUND " + str((inside.co_names, inside.co_consts, inside.co_code.hex()))"""
READ = "read hidden tests"
LEAK = "leak"
PATCH = "patch"
FORGE = "forge results"
HARD = "hard-code"
EXHAUST = "exhaust"
REACH = "reach out"
TAMPER = "tamper with the notebook"
BROWSER = "instructor's browser"

# Read hidden tests
attack(
    "frames above the call",
    READ,
    within(
        "import sys\nfound, frame = [], sys._getframe()\nwhile frame:\n"
        "    found.append(str(frame.f_locals)[:2000] + frame.f_code.co_filename)\n"
        "    frame = frame.f_back\nraise ValueError(str(found)[-1500:])"
    ),
    CONV,
)
attack("In and history", READ, cell("print('RAN', In, _ih)"), shows="RAN")
attack(
    "gc for code objects",
    READ,
    forge("import gc\nprint('RAN', [o for o in gc.get_objects() if 'hidden' in str(o)[:300]][:3])"),
    CONV,
    "RAN",
)
attack(
    "linecache and inspect",
    READ,
    within("import linecache\nraise ValueError(str(linecache.cache)[:1500])"),
    CONV,
)
attack(
    "look for notebooks on disk",
    READ,
    cell(
        "import os\nhits = []\n"
        "for top in ('/home', '/tmp', '/work', '/root', '/opt'):\n"
        "    for folder, below, files in os.walk(top):\n"
        "        below[:] = [b for b in below if b not in ('site-packages', 'share')]\n"
        "        hits += [f for f in files if f.endswith(('.ipynb', '.db'))]\n"
        "print('RAN', hits)"
    ),
    shows=r"RAN \[\]",
)
attack(
    "open the gradebook",
    READ,
    cell(
        "import os\nprint('RAN', [p for p in ('{root}/gradebook.db', '{root}/source', '{root}')"
        " if os.path.exists(p)])"
    ),
    shows=r"RAN \[\]",
)
attack(
    "import grading",
    READ,
    cell(
        "try:\n    import grading.oracle\n    print('SEEN')\nexcept ImportError:\n    print('RAN')"
    ),
    shows="RAN",
)
attack(
    "import nbgrader",
    READ,
    cell("try:\n    import nbgrader.api\n    print('SEEN')\nexcept ImportError:\n    print('RAN')"),
    shows="RAN",
)
attack(
    "trace every line",
    READ,
    forge(
        "import sys\nseen = []\nsys.settrace(lambda f, e, a: seen.append(f.f_code.co_filename))\n"
        "print('RAN')"
    ),
    CONV,
    "RAN",
)


def helped(conv_forward, zero_pad=NO_PAD):
    """An edit with a wrong zero_pad and a conv_forward whose body is given."""

    def edit(nb):
        cell_of(nb, "zero_pad").source = zero_pad
        head = "def conv_forward(A_prev, W, b, hparameters):"
        cell_of(nb, "conv_forward").source = f"{head}\n    {LOOK}\n    {conv_forward}"

    return edit


for how, body in {
    "in an error": "raise ValueError(said)",
    "in print": "print(said)\n    display(said)\n    return None, None",
    "in what is returned": "return said, said",
    "in a file and the environment": 'open("/tmp/x", "w").write(said)\n    '
    'import os\n    os.environ["X"] = said\n    raise ValueError(open("/tmp/x").read())',
}.items():
    attack(
        f"look into a right helper, show it {how}",
        READ,
        helped(body),
        ("zero_pad", *CONV),
        absent=r"\('np', 'pad'\)",
    )


# Leak
attack("print arguments", LEAK, within("print('LEAKED', A_prev)"), CONV, absent="LEAKED")
attack(
    "write to fd 1 and 2",
    LEAK,
    within("import os\nos.write(1, b'LEAKED')\nos.write(2, b'LEAKED')"),
    CONV,
    absent="LEAKED",
)
attack(
    "display in a call",
    LEAK,
    within("from IPython.display import display, HTML\ndisplay(HTML('LEAKED'))"),
    CONV,
    absent="LEAKED",
)
attack(
    "keep arguments and print them later",
    LEAK,
    lambda nb: (
        (
            within("global kept\nkept = A_prev.shape")(nb),
            nb.cells.append(
                new_code_cell("print('RAN', 'SECRET' [:6] + '-OF' in str(globals()))", id="late")
            ),
        )
        and None
    ),
    CONV,
    "RAN False",
)
attack(
    "leak by the network",
    LEAK,
    within(f"import socket\nsocket.create_connection(('127.0.0.1', {PORT}), 1)"),
    CONV,
)
attack(
    "leak by a file in the kernel's folder",
    LEAK,
    cell(
        "import glob\nfor d in glob.glob('/tmp/gk*'):\n    open(d + '/note', 'w').write('x')\n"
        "print('RAN')"
    ),
    shows="RAN",
)
attack(
    "forged parent header",
    LEAK,
    within(
        "k = get_ipython().kernel\nk.session.send(k.iopub_socket, 'stream', {'name': 'stdout',"
        " 'text': 'LEAKED'}, parent={'header': {'msg_id': 'x'}})"
    ),
    CONV,
    absent="LEAKED",
)

# Patch
PATCHES = {
    "numpy.testing": "np.testing.assert_allclose = lambda *a, **k: None",
    "np.allclose and isclose": "np.allclose = np.isclose = lambda *a, **k: True",
    "ndarray functions": "np.zeros = np.ones = np.array = lambda *a, **k: None",
    "builtins": "import builtins\nbuiltins.AssertionError = Warning\nbuiltins.len = lambda x: 6",
    "builtins.__import__": "import builtins\nbuiltins.__import__ = lambda *a, **k: None",
    "sys.modules": "import sys\n"
    "for m in ('numpy.testing', 'msgpack', 'base64'):\n    sys.modules[m] = None",
    "excepthook": "import sys\nsys.excepthook = lambda *a: None\n"
    "get_ipython().set_custom_exc((BaseException,), lambda *a, **k: None)",
    "IPython's showtraceback": "get_ipython().showtraceback = lambda *a, **k: None",
    "run_cell": "get_ipython().run_cell = lambda *a, **k: None\n"
    "get_ipython().run_cell_async = None",
    "AST transformer": "import ast\nclass T(ast.NodeTransformer):\n    def visit_Assert(self, n):\n"
    "        return ast.Pass()\nget_ipython().ast_transformers.append(T())",
    "input transformer": "get_ipython().input_transformers_post.append(lambda l: ['pass\\n'])",
    "pre_run_cell hook": "get_ipython().events.register('pre_run_cell', lambda i: None)",
    "the wire": "import grader_link.wire as w\nw.to_bytes = lambda *a: b'\\xc3'",
    "the wire says ok": "import grader_link.student_side as s\ns.serve = lambda r: 'b2s='",
    "execute_reply": "k = get_ipython().kernel\nasync def r(*a, **k):\n"
    "    return {'status': 'ok', 'execution_count': 1, 'user_expressions': {}}\n"
    "k.do_execute = r",
    "user_expressions": "get_ipython().user_expressions = lambda e: {'answer': {'status': 'ok',"
    " 'data': {'text/plain': 'x' * 100}}}",
    "the session": "get_ipython().kernel.session.sign = lambda *a: b'0'",
    "atexit and signals": "import atexit, signal\natexit.register(print, 'x')\n"
    "signal.signal(signal.SIGINT, signal.SIG_IGN)",
    "warnings as errors": "import warnings\nwarnings.simplefilter('error')",
    "random generator": "np.random.default_rng = lambda *a: None\nnp.random.seed = lambda *a: None",
}
for what, code in PATCHES.items():
    attack(f"patch {what}", PATCH, forge(code), CONV)

# Forge results
EQUAL = (
    "class E:\n    shape = (2, 3, 3, 6)\n    ndim = 4\n    def __eq__(self, o): return True\n"
    "    def __getattr__(self, n): return self\n    def __call__(self, *a, **k): return self\n"
    "    def __array__(self, *a, **k): return np.zeros((2, 3, 3, 6))\n"
)
FORGED = {
    "object equal to everything": (EQUAL, "E()"),
    "ndarray subclass": (
        "class A(np.ndarray):\n    __array_priority__ = 99\n"
        "    def __eq__(self, o): return np.True_\n"
        "    def __array_ufunc__(self, *a, **k): return np.True_\n",
        "np.zeros((2, 4, 3, 6)).view(A)",
    ),
    "subclass that lies about bytes": (
        "class A(np.ndarray):\n    def tobytes(self, *a): return b''\n    shape = (2, 3, 3, 6)\n",
        "np.zeros(3).view(A)",
    ),
    "float subclass": ("class F(float):\n    def __eq__(self, o): return True\n", "F(3)"),
    "str subclass": ("class S(str):\n    def __eq__(self, o): return True\n", "S('x')"),
    "tuple subclass": ("class T(tuple):\n    def __len__(self): return 2\n", "T()"),
    "object array": ("", "np.array([print, print], dtype=object)"),
    "record array": ("", "np.zeros(3, dtype=[('a', 'O')])"),
    "NaN": ("", "np.full((2, 4, 3, 6), np.nan)"),
    "generator": ("", "(x for x in ())"),
    "lambda": ("", "lambda: 1"),
    "deep nesting": ("deep = []\nfor _ in range(500): deep = [deep]\n", "deep"),
    "cycle": ("loop = []\nloop.append(loop)\n", "loop"),
    "a gigabyte": ("", "np.broadcast_to(0.0, (1 << 30,))"),
    "masked array": ("", "np.ma.masked_all((2, 3, 3, 6))[0, :0]"),
    "module": ("", "np"),
    "exception as result": ("", "ValueError('x')"),
    "pickle bomb": (
        "class P:\n    def __reduce__(self): return (exec, ('raise SystemExit',))\n",
        "P()",
    ),
    "huge integer": ("", "1 << 100000"),
    "dict as sorted trap": ("", "{(): [], 'shape': (2, 3, 3, 6)}"),
}
for what, (code, value) in FORGED.items():
    answer = f"def conv_forward(A_prev, W, b, hparameters):\n    return {value}, None\n"
    attack(f"return {what}", FORGE, forge(code, answer), CONV)
for what in (
    "SystemExit",
    "KeyboardInterrupt",
    "GeneratorExit",
    "StopIteration",
    "AssertionError",
    "type('SkipTest', (Exception,), {})",
    "type('X', (BaseException,), {'__str__': lambda s: 1/0})",
):
    attack(
        f"raise {what}",
        FORGE,
        within(f"raise {what}('stop')" if "X'" not in what else f"raise {what}()"),
        CONV,
    )

# Hard-code
attack(
    "hard-code the visible example",
    HARD,
    forge("", "def conv_forward(A, W, b, h):\n    return np.zeros((2, 3, 3, 6)), None\n"),
    points={"zero_pad": 5, "conv_single_step": 5, "conv_forward": 4},
)
attack(
    "mutate the input instead",
    HARD,
    lambda nb: setattr(
        cell_of(nb, "zero_pad"),
        "source",
        "def zero_pad(X, pad):\n    out = np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0)))\n"
        "    X *= 0\n    return out\n",
    ),
    points={"zero_pad": 2, "conv_single_step": 5, "conv_forward": 10},
)  # it spoils A_prev too, so conv_forward is tested with a right zero_pad


def by_a_later_one(nb):
    """conv_single_step is not written; it hopes for a right conv_forward."""
    cell_of(nb, "conv_forward").source = WRONG
    cell_of(nb, "conv_single_step").source = (
        "def conv_single_step(a, W, b):\n    hparameters = {'stride': 1, 'pad': 0}\n"
        "    return conv_forward(a[None], W[..., None], b[..., None], hparameters)[0].item()"
    )


attack("let a later function do the work", HARD, by_a_later_one, ("conv_single_step", *CONV))

# Exhaust
LOOP = "while True: pass"
SWALLOW = "while True:\n    try:\n        while True: pass\n    except BaseException: pass"
BOMB = "x = []\nwhile True: x.append(bytearray(50_000_000))"
FORK = (
    "import os\ntry:\n    while True: os.fork()\nexcept OSError: pass\n"
    "import time\nwhile True: time.sleep(1)"
)
EXHAUSTED = {
    "endless loop": LOOP,
    "loop that swallows the interrupt": SWALLOW,
    "C loop that ignores signals": "sum(range(10**13))",
    "memory bomb": BOMB,
    "memory bomb in children": (
        "import os\nfor _ in range(6):\n    if os.fork() == 0:\n"
        "        x = bytearray(400_000_000)\n        import time; time.sleep(60)\n"
        "import time\ntime.sleep(60)"
    ),
    "fork bomb": FORK,
    "thread bomb": "from threading import Thread\nimport time\n"
    "while True: Thread(target=time.sleep, args=(9,)).start()",
    "killed kernel": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
    "kill everything": "import os, signal\nos.kill(-1, signal.SIGKILL)\nos.kill(os.getpid(), 9)",
    "os._exit": "import os\nos._exit(0)",
    "segmentation fault": "import ctypes\nctypes.string_at(0)",
    "deep recursion": "import sys\nsys.setrecursionlimit(10**9)\ndef f(): return f()\nf()",
    "stop the process": "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
    "flood of lines": "while True: print('x' * 1000)",
    "flood by fd": "import os\nwhile True: os.write(1, b'x' * 100000)",
    "fill the disk": "for i in range(10**6): open(f'/tmp/{i}', 'wb').write(b'x' * 10**7)",
}
for what, code in EXHAUSTED.items():
    attack(f"{what} in a call", EXHAUST, within(code), CONV)
for what in (
    "endless loop",
    "loop that swallows the interrupt",
    "memory bomb",
    "fork bomb",
    "killed kernel",
    "flood of lines",
    "stop the process",
):
    attack(f"{what} in a cell of its own", EXHAUST, cell(EXHAUSTED[what]))
attack("one huge line", EXHAUST, cell("print('x' * 300_000_000)"))
attack(
    "flood of pictures",
    EXHAUST,
    cell(
        "from IPython.display import display, Image\nwhile True:\n"
        "    display(Image(data=b'\\x89PNG\\r\\n\\x1a\\n' + b'x' * 10**6, format='png'))"
    ),
)
attack(
    "fill the kernel's folder",
    EXHAUST,
    cell(
        "import glob, time\nd = glob.glob('/tmp/gk*')[0]\nfor i in range(10**6):\n"
        "    open(f'{d}/{i}', 'wb').write(b'x' * 10**7); time.sleep(0.01)"
    ),
)
attack("sys.exit in a cell", EXHAUST, cell("import sys\nsys.exit()"))
attack("quit the kernel", EXHAUST, cell("quit()"))
attack("input() in a cell", EXHAUST, cell("input('name? ')"))
attack("input() in a call", EXHAUST, within("input('name? ')"), CONV)


def struck_later(start):
    """An edit: a cell starts something that ends the kernel while an innocent one waits."""

    def edit(nb):
        nb.cells.insert(2, new_code_cell("import time\ntime.sleep(1.5)\nprint('RAN')", id="waits"))
        nb.cells.insert(2, new_code_cell(start, id="starts"))

    return edit


def struck_by_a_call(nb):
    """A right function starts what ends the kernel while the cell of another one runs."""
    cell_of(nb, "zero_pad").source = (
        "from threading import Timer\nimport os, time\ndef zero_pad(X, pad):\n"
        "    Timer(0.7, os._exit, [0]).start()\n"
        "    return np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0)))"
    )
    cell_of(nb, "conv_single_step").source += "\ntime.sleep(1.5)"


def struck_in_a_cell(nb):
    """The cell of one function starts what ends the kernel while the tests of another run."""
    cell_of(
        nb, "zero_pad"
    ).source += "\nfrom threading import Timer\nimport os\nTimer(1.5, os._exit, [0]).start()"
    cell_of(nb, "conv_single_step").source = (
        "def conv_single_step(a, W, b):\n    import time\n    time.sleep(1)\n"
        "    return float(np.sum(a * W)) + b.item()"
    )
    # As slow as that, conv_forward would not end in time.
    cell_of(nb, "conv_forward").source = WRONG


STRIKE = "import os, signal, threading\n"
for name, code in {
    "thread that ends the kernel later": "threading.Timer(1, os._exit, [0]).start()",
    "thread that kills the kernel later": "threading.Timer(1, os.kill, [os.getpid(), 9]).start()",
    "alarm that ends the kernel later": "signal.setitimer(signal.ITIMER_REAL, 1)",
    "child that kills the kernel later": "if os.fork() == 0:\n    import time\n"
    "    time.sleep(1)\n    os.kill(os.getppid(), 9)\n    os._exit(0)",
    "memory bomb in a thread, later": "def fill():\n    import time\n    time.sleep(1)\n"
    "    x = bytearray(900_000_000)\n    time.sleep(9)\nthreading.Thread(target=fill).start()",
}.items():
    attack(name, EXHAUST, struck_later(STRIKE + code), shows="RAN")
attack("timer in a call that ends the kernel later", EXHAUST, struck_by_a_call)
attack("timer of one function that strikes another", EXHAUST, struck_in_a_cell, CONV)

# The socket over which calls come
CHANNEL = "import grader_link.student_side as s, grader_link.wire as w, time\n"
for name, code in {
    "close the socket of calls": "s.CHANNEL.close()",
    "end the loop of calls": "s.serve = None",
    "flood the socket of calls": "while True: s.CHANNEL.send(b'x' * 100_000)",
    "flood of answers to other calls": "while True: s.CHANNEL.send(w.frame(0, b'x'))",
    "answer of a huge length": "s.CHANNEL.send(w.HEAD.pack(1, 1 << 60))\ntime.sleep(60)",
    "answer that never ends": "s.CHANNEL.send(w.HEAD.pack(1, 1000))\n"
    "while True:\n    s.CHANNEL.send(b'x')\n    time.sleep(0.3)",
    "loop of calls in a call": "s.loop()",
}.items():
    attack(name, EXHAUST, within(CHANNEL + code), CONV)
attack(
    "answers in advance",
    FORGE,
    forge(
        CHANNEL + "right = np.zeros((2, 3, 3, 6)), None\n"
        "for n in range(40): s.CHANNEL.send(w.frame(n, w.to_bytes(('ok', right, None, None))))"
    ),
    points={"zero_pad": 5, "conv_single_step": 5, "conv_forward": 4},
)

# Reach out
attack(
    "write over the interpreter",
    REACH,
    cell(
        "import numpy\ntry:\n    open(numpy.__file__, 'a').write('x')\n    print('DONE')\n"
        "except OSError:\n    print('RAN')"
    ),
    shows="RAN",
)
attack(
    "read /etc/shadow",
    REACH,
    cell("import os\nprint('RAN', os.path.exists('/etc/shadow'), os.path.exists('/etc/passwd'))"),
    shows="RAN False False",
)
attack(
    "see other processes",
    REACH,
    cell("import os\nprint('RAN', len([p for p in os.listdir('/proc') if p.isdigit()]) < 6)"),
    shows="RAN True",
)
attack(
    "network interfaces",
    REACH,
    cell("import socket\nprint('RAN', socket.if_nameindex())"),
    shows=r"RAN \[\(1, 'lo'\)\]",
)
attack(
    "environment",
    REACH,
    cell("import os\nprint('RAN', sorted(os.environ))"),
    shows="RAN",
    absent="GRADING|JPY|SSH|TOKEN",
)
attack(
    "become root",
    REACH,
    cell("import os\ntry:\n    os.setuid(0)\n    print('DONE')\nexcept OSError:\n    print('RAN')"),
    shows="RAN",
)
attack(
    "abstract sockets of the machine",
    REACH,
    cell("print('RAN', open('/proc/net/unix').read().count('@'))"),
    shows="RAN 0",
)
attack(
    "mount",
    REACH,
    cell("import ctypes\nprint('RAN', ctypes.CDLL(None).mount(b'x', b'/tmp', b'tmpfs', 0, None))"),
    shows="RAN -1",
)
LIBC = "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
for name, code in {
    "user namespace by unshare": "import subprocess as s\n"
    "print('RAN', s.run(['unshare', '--user', 'true'], capture_output=True).returncode)",
    "user namespace by fork and unshare": LIBC + "pid = os.fork()\nif pid == 0:\n"
    "    os._exit(2 if libc.unshare(0x10000000) == 0 else 1)\n"
    "print('RAN', os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))",
    "user namespace by clone": LIBC + "call = 220 if os.uname().machine == 'aarch64' else 56\n"
    "pid = libc.syscall(call, 0x10000011, 0, 0, 0, 0)\nif pid == 0: os._exit(0)\n"
    "print('RAN', 1 if pid == -1 else 0)",
    "user namespace by clone3": LIBC + "print('RAN', -libc.syscall(435, 0, 0))",
    "trace another process": LIBC + "print('RAN', -libc.ptrace(16, os.getppid(), 0, 0))",
    "io_uring": LIBC + "print('RAN', -libc.syscall(425, 8, bytes(256)))",
    "eBPF": LIBC + "n = 280 if os.uname().machine == 'aarch64' else 321\n"
    "print('RAN', -libc.syscall(n, 0, bytes(128), 128))",
    "socket to the hypervisor": "import socket\ntry:\n    socket.socket(40, 1)\n"
    "    print('DONE')\nexcept OSError as e:\n    print('RAN', int(e.errno == 97))",
    "raw socket": "import socket\ntry:\n    socket.socket(17, 3)\n"
    "    print('DONE')\nexcept OSError as e:\n    print('RAN', int(e.errno == 97))",
}.items():
    attack(name, REACH, cell(code), shows="RAN 1")


def beside(name, content="raise SystemExit('PWNED')"):
    """A file in the folder of the submission."""

    def put(folder):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)

    return put


def link(name, target):
    """A symbolic link in the folder of the submission, in place of what has that name."""

    def put(folder):
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(target)

    return put


def pipe(name):
    """A named pipe: whoever opens it waits for ever."""

    def put(folder):
        (folder / name).unlink(missing_ok=True)
        os.mkfifo(folder / name)

    return put


def folder_link(folder):
    """The whole folder of the submission is a link to source."""
    shutil.rmtree(folder)
    folder.symlink_to(f"../../source/{ASSIGNMENT}")


LINKED = "symbolic link"
SOURCE = f"../../../source/{ASSIGNMENT}/{NOTEBOOK}.ipynb"
for name, put in {
    "submitted numpy.py": beside("numpy.py"),
    "submitted module of the grader": beside("grading/oracle.py"),
    "submitted sitecustomize.py": beside("sitecustomize.py"),
    "submitted hidden file": beside(".ipython/profile_default/startup/00.py"),
    "submitted page": beside("page.html", "<script>PWNED()</script>"),
    "data file of the course replaced": beside("data.txt", "forged"),
    "link to a file outside": link("found.txt", "/etc/passwd"),
    "link to the gradebook": link("data.txt", "../../../gradebook.db"),
    "link to a folder": link("all", "../../.."),
    "dangling link": link("nothing.txt", "/nowhere/at/all"),
    "link to an endless file": link("zero.bin", "/dev/zero"),
    "named pipe": pipe("pipe.txt"),
    "page with a name that is a program": beside("<img src=x onerror=PWNED()>.html", "x"),
}.items():
    attack(name, REACH, None, absent="<img[^>]*PWNED", files=put)
for name, put, said in (
    ("notebook that is a link to source", link(f"{NOTEBOOK}.ipynb", SOURCE), LINKED),
    ("notebook that is a dangling link", link(f"{NOTEBOOK}.ipynb", "nowhere.ipynb"), LINKED),
    ("notebook that is a named pipe", pipe(f"{NOTEBOOK}.ipynb"), "no plain file"),
    ("folder that is a link to source", folder_link, LINKED),
    ("time stamp that is a link", link("timestamp.txt", "/dev/zero"), "no small plain file"),
    ("time stamp that is a named pipe", pipe("timestamp.txt"), "no small plain file"),
):
    attack(name, REACH, None, files=put, refused=said)


# Tamper
def tamper(name, change, lost=CONV, points=None):
    def edit(nb):
        cell_of(nb, "conv_forward").source = WRONG
        change(nb)

    attack(name, TAMPER, edit, lost, points=points)


def delete(nb, name):
    nb.cells.remove(cell_of(nb, name))


tamper("skip-execution tag", lambda nb: test_cell(nb).metadata.update(tags=["skip-execution"]))
tamper("raises-exception tag", lambda nb: test_cell(nb).metadata.update(tags=["raises-exception"]))
tamper("empty test cell", lambda nb: setattr(test_cell(nb), "source", ""))
tamper("test cell that passes", lambda nb: setattr(test_cell(nb), "source", "pass"))
tamper("test cell that prints points", lambda nb: setattr(test_cell(nb), "source", "100"))
tamper("test cell deleted", lambda nb: delete(nb, "test_conv_forward_values"))
tamper("all test cells deleted", lambda nb: [delete(nb, name) for name in TESTS])
tamper(
    "test cell twice",
    lambda nb: nb.cells.append(new_code_cell("pass", id="again", metadata=test_cell(nb).metadata)),
)
tamper(
    "test cell first", lambda nb: nb.cells.insert(0, nb.cells.pop(nb.cells.index(test_cell(nb))))
)
tamper("points raised", lambda nb: test_cell(nb).metadata.nbgrader.update(points=1000))
tamper("points of no number", lambda nb: test_cell(nb).metadata.nbgrader.update(points="many"))
tamper("checksum forged", lambda nb: test_cell(nb).metadata.nbgrader.update(checksum="0" * 32))
tamper("grade off", lambda nb: test_cell(nb).metadata.nbgrader.update(grade=False, locked=False))
tamper(
    "test cell called a solution", lambda nb: test_cell(nb).metadata.nbgrader.update(solution=True)
)
tamper(
    "grade_ids swapped",
    lambda nb: (
        test_cell(nb).metadata.nbgrader.update(grade_id="test_zero_pad_shape"),
        test_cell(nb, "test_zero_pad_shape").metadata.nbgrader.update(
            grade_id="test_conv_forward_values"
        ),
    ),
)
tamper("grade_id of no text", lambda nb: test_cell(nb).metadata.nbgrader.update(grade_id=["x"]))
tamper(
    "outputs forged",
    lambda nb: test_cell(nb).update(
        outputs=[new_output("execute_result", data={"text/plain": "100"})]
    ),
)
tamper(
    "kernelspec of another language",
    lambda nb: nb.metadata.update(
        kernelspec={"name": "bash", "display_name": "x", "language": "bash"}
    ),
)
tamper(
    "a test cell of one's own",
    lambda nb: nb.cells.append(
        new_code_cell(
            "1",
            id="own",
            metadata={
                "nbgrader": {
                    "grade": True,
                    "solution": False,
                    "grade_id": "own",
                    "locked": False,
                    "points": 50,
                    "schema_version": 3,
                    "task": False,
                }
            },
        )
    ),
)
tamper(
    "right function after its tests",
    lambda nb: nb.cells.append(
        new_code_cell("def conv_forward(*a): return np.zeros((2, 3, 3, 6)), None", id="later")
    ),
)
tamper(
    "duplicate cell ids", lambda nb: [c.update(id="same") for c in nb.cells if c.id == "imports"]
)

# The instructor's browser
SCRIPT = "<script>PWNED()</script>"
attack(
    "script in HTML output",
    BROWSER,
    cell(f"from IPython.display import HTML, display\ndisplay(HTML({SCRIPT!r}))\nprint('RAN')"),
    shows="RAN",
    absent="<script>PWNED",
)
attack(
    "JavaScript output",
    BROWSER,
    cell(
        "from IPython.display import Javascript, display\n"
        "display(Javascript('PWNED()'))\nprint('RAN')"
    ),
    shows="RAN",
    absent="<script[^>]*>PWNED|element.append",
)
attack(
    "SVG output",
    BROWSER,
    cell(
        "from IPython.display import SVG, display\n"
        'display(SVG(\'<svg xmlns="http://www.w3.org/2000/svg" onload="PWNED()">'
        "</svg>'))\nprint('RAN')"
    ),
    shows="RAN",
    absent="<svg[^>]*PWNED",
)
attack(
    "picture that closes its attribute",
    BROWSER,
    cell(
        "from IPython.display import display\ndisplay({'image/png': 'x\" onerror=\"PWNED()',"
        " 'text/plain': 'p'}, raw=True)\nprint('RAN')"
    ),
    shows="RAN",
    absent='" onerror="PWNED',
)
attack(
    "output metadata in attributes",
    BROWSER,
    cell(
        "from IPython.display import display\nimport base64\ndisplay({'image/png':"
        " base64.b64encode(b'\\x89PNG\\r\\n\\x1a\\n').decode()}, raw=True,"
        " metadata={'image/png': {'width': '1\" onerror=\"PWNED()'}})\nprint('RAN')"
    ),
    shows="RAN",
    absent='" onerror="PWNED',
)
attack(
    "markdown output",
    BROWSER,
    cell(
        "from IPython.display import Markdown, display\n"
        "display(Markdown('<img src=x onerror=PWNED()>'))\nprint('RAN')"
    ),
    shows="RAN",
    absent="<img[^>]*PWNED",
)
attack(
    "ANSI and HTML in an error",
    BROWSER,
    within(f"raise ValueError({SCRIPT!r})"),
    CONV,
    absent="<script>PWNED",
)


def markdown(text):
    return lambda nb: nb.cells.append(new_markdown_cell(text, id="words"))


attack("script in Markdown", BROWSER, markdown(SCRIPT), absent="<script>PWNED")
attack(
    "onerror in Markdown", BROWSER, markdown("<img src=x onerror=PWNED()>"), absent="<img[^>]*PWNED"
)
attack(
    "javascript: link",
    BROWSER,
    markdown("[click](javascript:PWNED()) [b](JaVa\tScript:PWNED())"),
    absent=r"(?i)href=[\"']?\s*java\s*script:",
)
attack(
    "data: link",
    BROWSER,
    markdown("[click](data:text/html;base64,UFdORUQ=)"),
    absent=r"href=[\"']?data:text/html;base64,UFd",
)
attack(
    "raw cell",
    BROWSER,
    lambda nb: nb.cells.append(new_raw_cell(SCRIPT, id="raw")),
    absent="<script>PWNED",
)
attack(
    "widget state",
    BROWSER,
    lambda nb: nb.metadata.update(
        widgets={"application/vnd.jupyter.widget-state+json": {"state": {"x": SCRIPT}}}
    ),
    absent="PWNED",
)
attack(
    "attachment",
    BROWSER,
    lambda nb: nb.cells.append(
        new_markdown_cell(
            "![x](attachment:a.svg)",
            id="att",
            attachments={"a.svg": {"image/svg+xml": "UFdORUQ8c3Zn"}},
        )
    ),
    absent="UFdORUQ8c3Zn",
)
attack(
    "latex with href",
    BROWSER,
    markdown(r"$\href{javascript:PWNED()}{x}$"),
    absent="javascript:PWNED",
)


attack(
    "student's folder whose name is a program",
    BROWSER,
    None,
    refused="rename it",
    student="<img src=x onerror=PWNED()>",
)


def table():
    """The attacks as a Markdown table, a row for each family."""
    families = {}
    for entry in ATTACKS:
        families.setdefault(entry.family, []).append(entry.name)
    rows = ["| family | attacks |", "|---|---|"]
    for family, names in families.items():
        shown = "; ".join(name.replace("|", "\\|") for name in names)
        rows.append(f"| {family} ({len(names)}) | {shown} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    print(table(), end="")
