"""Run a submission in two kernels: the student's cells in a sandbox, test cells where it can't see.

Takes the place of nbgrader's Execute. The student's kernel is fresh for each submission; the
trusted one is kept and cleaned before each test cell.
"""

import ast
import atexit
import dataclasses
import hashlib
import hmac
import os
import secrets
import shutil
import signal
import tempfile
import time
from pathlib import Path

from jupyter_client import KernelManager
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade, is_solution
from traitlets import Float, Integer, List, Unicode

from grading.active import plain, quiet_output
from grading.blame import settle
from grading.cells import source_cells, source_folder
from grading.done import digest_of
from grading.kernels import MIB, Kernel, error_output, memory_in_use
from grading.notebooks import function_under_test
from grading.sandbox import SandboxedKernelManager, SandboxError
from grading.second_look import second_look


class TwoKernels(NbGraderPreprocessor):
    """Execute a submission with hidden tests out of the student's reach."""

    timeout = Float(30, help="Seconds for a cell of the student.").tag(config=True)
    call_timeout = Float(10, help="Seconds for one call of a graded function.").tag(config=True)
    test_timeout = Float(60, help="Seconds for a test cell.").tag(config=True)
    total_timeout = Float(600, help="Seconds for a submission.").tag(config=True)
    max_output = Integer(2 * MIB, help="Bytes that one cell may print.").tag(config=True)
    max_restarts = Integer(8, help="Fresh kernels for one submission.").tag(config=True)
    hidden = List(Unicode(), help="More folders that the probe must not see.").tag(config=True)
    secret_file = Unicode(
        ".grading_secret", help="Course secret for seeds of hidden inputs; made if missing."
    ).tag(config=True)

    def preprocess(self, nb, resources):
        """Fill in the outputs of all code cells. Raises SandboxError, SourceError."""
        began = time.monotonic()
        known = source_cells(self.config, resources)
        submission = Submission(self, nb, resources, known)
        try:
            submission.run()
            second_look(submission)
        finally:
            submission.close()
        nb.metadata["grading"] = {
            "seconds": round(time.monotonic() - began, 1),
            "submitted": digest_of(self.config, resources),
        }
        return nb, resources

    def seed(self, nb, folder):
        """A number that only the course can compute, another one for each submission."""
        path = folder.parent.parent / self.secret_file
        if not path.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as stream:
                stream.write(secrets.token_hex(32))
        content = "\0".join(cell.source for cell in nb.cells)
        digest = hmac.new(path.read_bytes(), content.encode("utf-8", "replace"), hashlib.sha256)
        return int.from_bytes(digest.digest()[:4], "big")


class Submission:
    """One run of one notebook."""

    def __init__(self, settings, nb, resources, known):
        self.settings, self.nb, self.log = settings, nb, settings.log
        self.functions = [cell.grade_id for cell in known if cell.solution]
        self.assignment = resources["nbgrader"]["assignment"]
        self.source = source_folder(settings.config, self.assignment)
        self.notebook = self.source / f"{resources['nbgrader']['notebook']}.ipynb"
        self.root = self.source.parent.parent
        self.seed = settings.seed(nb, self.source)
        self.tests = {cell.grade_id for cell in known if cell.test}
        self.deadline = time.monotonic() + settings.total_timeout
        self.kernel, self.restarts = None, 0
        self.harmful, self.spoilt = {}, {}  # cells and functions, with the reason
        self.late = 0  # cells that did not end in time
        self.stopped = set()  # functions whose own cell is harmful
        self.again = set()  # cells that ran twice, as the kernel ended while they ran
        self.sudden = False  # whether the last test cell ended as the kernel did, not for time
        self.lived = 0.0  # seconds that the last lost kernel had lived
        self.ended = None  # why the kernel was killed while a test called it
        self.current = 0

    def run(self):
        """All cells, in order. Every test cell ends with a grade."""
        self.start_kernel()
        for index, cell in enumerate(self.nb.cells):
            if cell.cell_type != "code":
                continue
            cell.outputs, cell.execution_count = [], None
            if is_grade(cell) and not is_solution(cell):
                self.run_test(index, cell)
            elif cell.source.strip():
                self.run_student_cell(index, cell)

    def close(self):
        """End the student's kernel."""
        trusted = Trusted.current
        if trusted is not None:
            trusted.forget()
        if self.kernel is not None:
            self.kernel.kill()
            self.kernel = None

    # The student's kernel

    def start_kernel(self):
        """A fresh kernel whose sandbox is proved to be on. Raises SandboxError."""
        manager = SandboxedKernelManager(
            config=self.settings.config,
            log=self.log,
            kernel_name="python3",
            hidden=[
                str(path)
                for path in (
                    *(
                        self.root / name
                        for name in ("source", "submitted", "autograded", "collected")
                    ),
                    Path(__file__).parent,
                    *self.settings.hidden,
                )
            ],
            data_files=data_files(self.source),
        )
        watch = Watch(manager)
        try:
            self.kernel = Kernel(manager, watch=watch)
        except RuntimeError as error:
            raise SandboxError(f"The student's kernel can't start: {error}") from None
        watch.start()
        if manager.sandboxed:
            self.probe(manager)
        Trusted.get(self.log).connect(manager, self.settings.call_timeout)

    def probe(self, manager):
        """Prove from inside that the sandbox is on, before any code of the student."""
        run = self.kernel.run(
            manager.probe_code(),
            manager.probe_timeout,
            silent=True,
            expressions={"wrong": "globals().pop('probe')()"},
        )
        found = run.value("wrong")
        if found != "[]":
            said = found or run.expressions.get("wrong") or run.reason or run.error
            self.close()
            raise SandboxError(f"The sandbox is not on, so grading stops. The probe says: {said}")

    def run_student_cell(self, index, cell):
        """Run one cell of the student in the sandbox and keep what it showed."""
        self.current = index
        if not self.ensure_kernel():
            cell.outputs = [error_output("NotRun", self.no_kernel_reason())]
            return
        run = self.kernel.run(cell.source, self.time_for(self.patience()), self.limit())
        if run.sudden and self.another_chance(index, run.reason):
            return self.run_student_cell(index, cell)
        outputs = [quiet_output(output) for output in run.outputs]
        cell.outputs = [output for output in outputs if output is not None]
        if run.reason:
            self.late += 1
            self.note_harm(index, run.reason)
            cell.outputs.append(error_output("CellStopped", run.reason))
        elif run.failed and not any(o.output_type == "error" for o in cell.outputs):
            error = run.error or {}
            name, text = plain(error.get("ename", "Error"), 200), plain(error.get("evalue", ""))
            cell.outputs.append(error_output(name, text))
        if run.lost:
            self.lose_kernel(run.reason)

    def another_chance(self, index, reason):
        """Whether a cell may run once more, as another one may have ended the kernel.

        Earlier cells that did are left out from now on; what an earlier test cell called, and
        what that started, is gone with the old kernel.
        """
        if index in self.again or len(self.again) >= self.settings.max_restarts:
            return False
        self.again.add(index)
        if self.kernel is not None:
            self.lose_kernel(reason)
        settle(self, index)
        return True

    def guard(self):
        """Kill the student's kernel if it takes too much while a test calls it."""
        why = None if self.ended else self.kernel.watch()
        if why:
            self.ended = why
            # bwrap is the first process of its namespace: all in the sandbox end with it.
            os.kill(self.kernel.manager.pid, signal.SIGKILL)

    def note_harm(self, index, reason):
        """Leave a cell out of every replay; what its function is called, loses its points."""
        self.harmful[index] = reason
        cell = self.nb.cells[index]
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if grade_id in self.functions:
            self.spoilt[grade_id] = f"its cell was stopped: {reason}"
            self.stopped.add(grade_id)

    def lose_kernel(self, reason):
        """End a kernel that is stuck or gone."""
        self.log.warning("The student's kernel is lost: %s", reason)
        Trusted.get(self.log).forget()
        self.lived = time.monotonic() - self.kernel.started
        self.kernel.kill()
        self.kernel = None

    def ensure_kernel(self):
        """A kernel in which the cells so far have run, if time and restarts allow."""
        if time.monotonic() >= self.deadline:
            return False
        while self.kernel is None:
            if self.restarts >= self.settings.max_restarts or time.monotonic() >= self.deadline:
                return False
            self.restarts += 1
            self.start_kernel()
            self.replay()
        return True

    def replay(self):
        """Run the student's cells up to here again, without the harmful ones."""
        for index in sorted(self.done):
            if index in self.harmful:
                continue
            cell = self.nb.cells[index]
            run = self.kernel.run(cell.source, self.time_for(self.settings.timeout), self.limit())
            if run.sudden and self.another_chance(index, run.reason):
                if self.kernel is not None:
                    self.lose_kernel("all cells run again")
                return
            if run.reason:
                self.note_harm(index, run.reason)
            if run.lost:
                self.lose_kernel(run.reason)
                return

    @property
    def done(self):
        """Indices of student cells that have been run before the current one."""
        return [
            index
            for index, cell in enumerate(self.nb.cells[: self.current])
            if cell.cell_type == "code" and cell.source.strip() and not is_test(cell)
        ]

    def no_kernel_reason(self):
        if time.monotonic() >= self.deadline:
            return f"the submission took longer than {self.settings.total_timeout:g} s in all"
        return f"the notebook's kernel was lost {self.restarts} times"

    def patience(self):
        """Seconds for a cell: half as many after each one that had to be stopped, down to 5.

        An endless loop in one function would otherwise hold up every cell that calls it.
        """
        return max(min(5, self.settings.timeout), self.settings.timeout / 2**self.late)

    def time_for(self, limit):
        return max(0.5, min(limit, self.deadline - time.monotonic()))

    def limit(self):
        return self.settings.max_output

    # Test cells

    def run_test(self, index, cell):
        """Run one test cell in the trusted kernel. One that does not finish has an error."""
        self.current = index
        grade_id = cell.metadata.nbgrader["grade_id"]
        function = function_under_test(grade_id, self.functions)
        if grade_id not in self.tests:
            cell.outputs = [error_output("NotRun", "this is not a test cell of the source")]
        elif function in self.spoilt:
            message = f"{function} was not tested: {self.spoilt[function]}"
            cell.outputs = [error_output("NotRun", message)]
        elif not self.ensure_kernel():
            cell.outputs = [error_output("NotRun", self.no_kernel_reason())]
        else:
            cell.outputs, trouble = self.attempt(cell)
            if self.sudden and self.another_chance(index, trouble) and self.ensure_kernel():
                cell.outputs, trouble = self.attempt(cell)
            if trouble and function:
                self.spoilt.setdefault(function, trouble)

    def attempt(self, cell):
        """Run a test cell once: (outputs, what kept it from ending or None)."""
        limit = self.time_for(self.settings.test_timeout)
        outputs, lost, trouble = self.trusted.test(
            cell.source, self.functions, self.seed, limit, self.guard
        )
        self.sudden = bool(self.ended) or str(lost).endswith("kernel died")
        if self.ended:
            lost = trouble = self.ended
            outputs, self.ended = [error_output("NotFinished", self.ended)], None
        if lost:
            self.lose_kernel(lost)
        return outputs, trouble

    @property
    def trusted(self):
        """The kernel that runs test cells."""
        return Trusted.get(self.log)


class Watch:
    """Looks at a sandbox from outside: memory of all its processes, bytes in its folder."""

    def __init__(self, manager):
        self.manager, self.started, self.looks = manager, False, 0

    def start(self):
        """From here on a student's code may run."""
        self.started = True

    def __call__(self):
        manager = self.manager
        if not self.started or not manager.has_kernel:
            return None
        if memory_in_use(manager.pids) > manager.total_memory * MIB:
            return f"the notebook used more than {manager.total_memory} MiB of memory"
        if manager.folder_bytes() > 16 * MIB:
            return "the notebook filled the folder of its kernel"
        return None


def is_test(cell):
    """Whether a cell is graded and not the student's to write."""
    return is_grade(cell) and not is_solution(cell)


def data_files(folder):
    """(path, relative path) of the assignment's own files, which the student's code may read."""
    found = []
    for root, names, files in os.walk(folder):
        names[:] = [name for name in names if not name.startswith((".", "__"))]
        for name in files:
            path = Path(root, name)
            if not name.endswith((".ipynb", ".pyc")) and path.is_file() and not path.is_symlink():
                found.append((path, path.relative_to(folder)))
    return found


class Trusted:
    """The kernel that runs test cells: one for this process, started when first needed."""

    current = None

    @classmethod
    def get(cls, log):
        """The running one, or a new one."""
        if cls.current is None or not cls.current.kernel.alive():
            cls.current = cls(log)
        return cls.current

    def __init__(self, log):
        self.log, self.link, self.known, self.prepared = log, None, set(), None
        self.folder = tempfile.mkdtemp(prefix="gt")
        atexit.register(self.close)
        manager = KernelManager(kernel_name="python3", transport="ipc", ip=f"{self.folder}/s")
        manager.connection_file = f"{self.folder}/kernel.json"
        # No student folder on its path: it starts in an empty one, and finds this package.
        package = str(Path(__file__).parent.parent)
        start, work = manager.start_kernel, Path(self.folder, "work")
        work.mkdir()
        environment = {**os.environ, "PYTHONPATH": package, "OPENBLAS_NUM_THREADS": "1"}
        manager.start_kernel = lambda **more: start(
            **more,
            cwd=str(work),
            env=environment,
            # Of an error only its name and message are kept: no time for colours.
            extra_arguments=[
                "--HistoryManager.enabled=False",
                "--InteractiveShell.xmode=Minimal",
            ],
        )
        self.kernel = Kernel(manager)
        self.must("import grading.standins")

    def must(self, code):
        """Run our own code. Raises SandboxError if it fails: then nothing can be graded."""
        run = self.kernel.run(code, 60, silent=True)
        if not run.finished:
            raise SandboxError(f"The trusted kernel failed: {run.reason or run.error}")

    def connect(self, manager, call_timeout):
        """Link the stand-ins to a fresh kernel of a student."""
        self.link = (manager.connection_file, manager.pid, call_timeout)
        self.must(f"__import__('grading.standins').standins.connect{self.link!r}")

    def forget(self):
        """Drop the link before its kernel ends."""
        if self.link is not None:
            self.link = None
            if self.kernel.alive():
                self.must("__import__('grading.standins').standins.disconnect()")

    def test(self, source, functions, seed, timeout, guard):
        """Run one test cell. Returns (outputs, why the student's kernel is lost, trouble).

        `guard` is called often meanwhile, to look after the student's kernel.
        """
        standins = "__import__('grading.standins').standins"
        if self.prepared != (functions, seed):
            self.must(f"{standins}.before_each_test({functions!r}, {seed})")
            self.prepared = functions, seed
        report = {"report": f"{standins}.report()"}
        run = self.kernel.run(source, timeout, beside=guard, expressions=report)
        if run.lost or run.reason:
            self.close()
            Trusted.current = None
            reason = f"the test did not end within {timeout:g} s"
            return [error_output("NotFinished", reason)], reason, reason
        # A cell that failed evaluates nothing.
        said = run.value("report") or self.kernel.evaluate(report["report"], 30)
        link = ast.literal_eval(ast.literal_eval(said))
        if not link["prepared"]:
            raise SandboxError("The trusted kernel did not start a test in a fresh namespace.")
        for output in run.outputs:
            # The message of a student's own error goes on with the call and the student's lines.
            if output.output_type == "error" and link["case"]:
                if link["message"] in output.evalue and "\nLook at: " not in output.evalue:
                    output.evalue += f"\nCalled as: {link['case']}"
                    if link["lines"]:
                        output.evalue += f"\nIn your notebook:\n{link['lines']}"
        outputs = [quiet_test_output(output) for output in run.outputs]
        outputs = [output for output in outputs if output is not None]
        failed = any(output.output_type == "error" for output in outputs)
        if link["trouble"]:
            outputs = [error_output("NotFinished", link["trouble"])]
        elif not run.finished and not failed:
            outputs.append(error_output("NotFinished", "the test cell did not finish"))
        return outputs, link["lost"], link["trouble"]

    def likely(self, test, function, seed, known):
        """The entries of `known`, an Explainer, that give what the student's function gives."""
        return self.ask_bank("likely", (test,), function, seed, known)

    def passing(self, tests, entries, function, seed, known):
        """Those of the entries of a function that pass all of these test cells."""
        names = [entry.name for entry in entries]
        return self.ask_bank("passing", (tests, names), function, seed, known)

    def ask_bank(self, question, about, function, seed, known):
        """The entries that a function of standins.py names."""
        module = "__import__('grading.standins').standins"
        if known.key not in self.known:
            entries = [dataclasses.astuple(entry) for entry in known.entries]
            bank = (known.key, known.source, known.imports, entries, known.folder)
            self.must(f"{module}.know{bank!r}")
            self.known.add(known.key)
        code = f"{module}.{question}{(*about, function, seed, known.key)!r}"
        try:
            names = ast.literal_eval(ast.literal_eval(self.kernel.evaluate(code, 60)))
        except (RuntimeError, ValueError, SyntaxError) as error:
            self.log.warning("No hint for %s (%s): %s", function, question, error)
            return []
        return [e for e in known.entries if e.function == function and e.name in names]

    def close(self):
        """End the kernel."""
        atexit.unregister(self.close)
        self.kernel.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def close_trusted_kernel():
    """End the trusted kernel of this process, if there is one."""
    if Trusted.current is not None:
        Trusted.current.close()
        Trusted.current = None


def quiet_test_output(output):
    """An output of a test cell; of an error only its name and message."""
    output = quiet_output(output)
    if output is None or output.output_type != "error":
        return output
    return error_output(output.ename, output.evalue)
