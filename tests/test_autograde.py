"""A whole class in parallel: the same grades as stock nbgrader's, whatever happens to workers."""

import multiprocessing
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import nbformat
import pytest
from conftest import run
from grader_api import LIMITS
from nbgrader.api import Gradebook
from postgres import postgres
from small_course import ASSIGNMENT, NOTEBOOK, SANDBOX_CONFIG, SmallCourse

from grading import verdicts
from grading.autograde import Class, grade_class
from grading.cluster import workers
from grading.done import digest
from grading.settings import CourseError
from grading.turns import take_turns
from grading.verdicts import GRADED, NOT_GRADABLE, REPAIRED
from grading.worker import reason

TWICE = "def zero_pad(X, pad):\n    return np.pad(X, pad)"
PADS = "def zero_pad(X, p):\n    return np.pad(X, ((0, 0), (p, p), (p, p), (0, 0)))"
ENDLESS = "def conv_single_step(a_slice_prev, W, b):\n    while True:\n        pass"
CLASS = {
    "right_1": {},
    "right_2": {"zero_pad": PADS},
    "wrong_1": {"zero_pad": TWICE},
    "wrong_2": {"conv_forward": "conv_forward = 7"},
    "syntax": {"conv_single_step": "def conv_single_step(:"},
    "endless": {"conv_single_step": ENDLESS},
    "prints": {"zero_pad": "print('x' * 100_000)\n" + TWICE},
    "dies": {"conv_forward": "import os\ndef conv_forward(A, W, b, h):\n    os._exit(0)"},
}


CONNECTS = """
import sys
from distributed import Client
print("in:", Client(sys.argv[1], timeout=3).submit(len, "abc").result())
"""


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory):
    """A course in which eight handed in notebooks, one a damaged one, and one a text."""
    course = SmallCourse(tmp_path_factory.mktemp("class") / "c", SANDBOX_CONFIG + LIMITS)
    for student, answers in CLASS.items():
        course.submit(student, answers)
    path = course.submit("damaged")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    course.submit("text").write_text("print('hello')")
    return course


def copy_of(course, folder):
    """The same course in another folder."""
    shutil.copytree(course.folder, folder)
    other = object.__new__(SmallCourse)
    other.folder = Path(folder)
    return other


def grades_of(folder, address=None):
    """{student: {test cell: (automatic points, points by hand, to be graded by hand)}}."""
    with Gradebook(address or f"sqlite:///{folder}/gradebook.db") as gradebook:
        return {
            submission.student.id: {
                grade.name: (grade.auto_score, grade.manual_score, grade.needs_manual_grade)
                for notebook in submission.notebooks
                for grade in notebook.grades
            }
            for submission in gradebook.assignment_submissions(ASSIGNMENT)
        }


def outputs_of(folder, student):
    """What the autograded notebook of a student shows, cell by cell."""
    path = folder / "autograded" / student / ASSIGNMENT / f"{NOTEBOOK}.ipynb"
    if not path.exists():
        return None
    nb = nbformat.read(path, as_version=4)
    nb.metadata.pop("grading")  # seconds
    return nb


@pytest.fixture(scope="module")
def sequential(handed_in, tmp_path_factory):
    """The class, graded by the stock command."""
    course = copy_of(handed_in, tmp_path_factory.mktemp("stock") / "c")
    course.autograde(check=False)  # the text is an error there
    return course


@pytest.fixture(scope="module")
def parallel(handed_in, tmp_path_factory):
    """The class, graded by eight workers, and what the command said."""
    course = copy_of(handed_in, tmp_path_factory.mktemp("parallel") / "c")
    course.said = autograde(course, "--workers", "8")
    return course


def autograde(course, *options):
    """Run the command."""
    done = run(
        sys.executable, "-m", "grading", "autograde", ASSIGNMENT, *options, cwd=course.folder
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_eight_workers_on_sqlite_give_what_stock_nbgrader_gives(sequential, parallel):
    want = grades_of(sequential.folder)
    assert sum(want["right_1"][cell][0] for cell in want["right_1"]) == 20
    assert len({str(grades) for grades in want.values()}) >= 4
    got = grades_of(parallel.folder)
    assert {name: got[name] for name in CLASS} == {name: want[name] for name in CLASS}
    assert got == want
    for student in want:
        assert outputs_of(parallel.folder, student) == outputs_of(sequential.folder, student)


def test_every_submission_has_its_outcome(parallel):
    rows = {row.student: row for row in verdicts.load(parallel.folder, ASSIGNMENT)}
    assert set(rows) == {*CLASS, "damaged", "text"}
    assert Counter(row.outcome for row in rows.values()) == {
        GRADED: len(CLASS),
        REPAIRED: 1,
        NOT_GRADABLE: 1,
    }
    assert "byte order mark" in rows["damaged"].repairs
    assert rows["text"].why.startswith("not JSON")
    assert "10 submissions: 8 graded as they are, 1 after repair, 1 not gradable" in parallel.said
    assert "text: NOT GRADABLE: not JSON" in parallel.said
    assert "locked" not in (parallel.folder / ".nbgrader.log").read_text()


def test_what_is_graded_is_left_alone(parallel, tmp_path):
    course = copy_of(parallel, tmp_path / "c")

    def waiting(**options):
        return set(Class.of(course.folder, ASSIGNMENT, **options).waiting)

    assert waiting() == {"text"}
    assert waiting(force=True) == {*CLASS, "damaged", "text"}
    course.submit("wrong_1", {})
    folder = course.folder / "submitted" / "right_1" / ASSIGNMENT
    (folder / "timestamp.txt").write_text("2031-05-01 12:00:00 UTC")
    shutil.rmtree(course.folder / "autograded" / "right_2")
    assert waiting() == {"text", "wrong_1", "right_1", "right_2"}
    results = grade_class(course.folder, ASSIGNMENT, ["wrong_1"], count=1)
    assert [(result.student, result.outcome) for result in results] == [("wrong_1", GRADED)]
    assert sum(points for points, *_ in grades_of(course.folder)["wrong_1"].values()) == 20
    assert waiting() == {"text", "right_1", "right_2"}


def test_digests_differ_with_the_notebook_and_the_time(handed_in, tmp_path):
    course = copy_of(handed_in, tmp_path / "c")
    place = Class.of(course.folder, ASSIGNMENT).course, ASSIGNMENT, "right_1", NOTEBOOK
    folder = course.folder / "submitted" / "right_1" / ASSIGNMENT
    found = [digest(*place)]
    (folder / "timestamp.txt").write_text("2031-05-01 12:00:00 UTC")
    found.append(digest(*place))
    course.submit("right_1", {"zero_pad": TWICE})
    found.append(digest(*place))
    assert len(set(found)) == 3 and all(len(sha) == 64 for sha in found)
    assert digest(*place[:3], "other") is None


def test_an_interrupted_run_goes_on_where_it_was(handed_in, tmp_path):
    course = copy_of(handed_in, tmp_path / "c")
    shutil.rmtree(course.folder / "submitted" / "endless")
    command = [sys.executable, "-m", "grading", "autograde", ASSIGNMENT, "--workers", "2"]
    first = subprocess.Popen(
        command, cwd=course.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        process_group=0,
    )  # fmt: skip
    end = time.monotonic() + 120
    while len(graded := done_ones(course)) < 2 and time.monotonic() < end:
        time.sleep(0.1)
    os.killpg(first.pid, signal.SIGINT)  # as a terminal does: to all of them
    said, errors = first.communicate(timeout=60)
    assert first.returncode != 0
    assert "interrupted" in errors and "the same command goes on" in errors
    assert "Traceback" not in said + errors
    before = {name: path.stat().st_mtime_ns for name, path in done_ones(course).items()}
    assert set(graded) <= set(before) and len(before) < 8
    said = autograde(course)
    assert f"{len(before)} submissions are graded as they are" in said
    after = {name: path.stat().st_mtime_ns for name, path in done_ones(course).items()}
    assert {name: after[name] for name in before} == before
    assert set(after) == {*CLASS, "damaged"} - {"endless"}


def done_ones(course):
    """{student: path of the autograded notebook} of those whose work is done."""
    found = Class.of(course.folder, ASSIGNMENT).done
    return {
        name: course.folder / "autograded" / name / ASSIGNMENT / f"{NOTEBOOK}.ipynb"
        for name in found
    }


def test_a_worker_that_dies_costs_nothing_but_time(handed_in, tmp_path):
    """Its submission is graded elsewhere; one that ends every worker gets a verdict."""
    course = copy_of(handed_in, tmp_path / "c")
    config = course.folder / "nbgrader_config.py"
    ends = '"ends_the_worker.EndsTheWorker", "grading.repair.FindCells"'
    config.write_text(config.read_text().replace('"grading.repair.FindCells"', ends))
    shutil.rmtree(course.folder / "submitted")
    students = ["always", "once_1", "once_2", "right"]
    for student in students:
        course.submit(student)
    results = {r.student: r for r in grade_class(course.folder, ASSIGNMENT, count=2)}
    assert {name: result.outcome for name, result in results.items()} == {
        "always": NOT_GRADABLE, "once_1": GRADED, "once_2": GRADED, "right": GRADED,
    }  # fmt: skip
    assert "ended the grading process" in results["always"].why
    ended = Counter(path.name.split("-")[0] for path in (course.folder / "ended").iterdir())
    assert ended["once_1"] == ended["once_2"] == 1 and 2 <= ended["always"] <= 4
    grades = grades_of(course.folder)
    assert [sum(p for p, *_ in grades[s].values()) for s in students[1:]] == [20, 20, 20]
    (row,) = [r for r in verdicts.load(course.folder, ASSIGNMENT) if r.student == "always"]
    assert row.outcome == NOT_GRADABLE and row.by == "grading"


def test_a_cluster_that_runs_elsewhere_and_postgresql(handed_in, sequential, tmp_path):
    """Same code path, same grades."""
    course = copy_of(handed_in, tmp_path / "c")
    (course.folder / "gradebook.db").unlink()
    with postgres() as address, workers(2) as client:
        with open(course.folder / "nbgrader_config.py", "a") as config:
            config.write(f'\nc.CourseDirectory.db_url = "{address}"\n')
        course.nbgrader("generate_assignment", ASSIGNMENT)
        # The keys of our own cluster stand in its client; a real one has them in Dask's settings.
        results = grade_class(course.folder, ASSIGNMENT, client=client)
        assert len(results) == 10
        assert grades_of(course.folder, address) == grades_of(sequential.folder)
        assert not (course.folder / "gradebook.db").exists()
        assert Class.of(course.folder, ASSIGNMENT).waiting == ["text"]


def test_errors_say_what_to_do(handed_in, tmp_path):
    course = copy_of(handed_in, tmp_path / "c")

    def fails(*arguments, cwd=course.folder):
        done = run(sys.executable, "-m", "grading", "autograde", *arguments, cwd=cwd)
        assert done.returncode != 0 and "Traceback" not in done.stderr
        return done.stderr

    assert "holds no nbgrader_config.py" in fails(ASSIGNMENT, cwd=tmp_path)
    assert f"holds no assignment '1_smal', but {ASSIGNMENT}" in fails("1_smal")
    assert "invalid positive value: '0'" in fails(ASSIGNMENT, "--workers", "0")
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in fails(
        ASSIGNMENT, "--scheduler", "tcp://127.0.0.1:9"
    )
    with pytest.raises(CourseError, match="nothing of nobody for 1_small in .*collect"):
        Class.of(course.folder, ASSIGNMENT, ["nobody"])
    (course.folder / "gradebook.db").unlink()
    assert "run `nbgrader generate_assignment 1_small` first" in fails(ASSIGNMENT)
    shutil.rmtree(course.folder / "submitted")
    assert "nothing of anybody for 1_small" in fails(ASSIGNMENT)


def test_without_a_sandbox_it_stops_early(handed_in, tmp_path):
    """The course's fault is no student's verdict."""
    course = copy_of(handed_in, tmp_path / "c")
    with open(course.folder / "nbgrader_config.py", "a") as config:
        config.write('\nc.SandboxedKernelManager.bwrap = "/bin/false"\n')
    done = run(sys.executable, "-m", "grading", "autograde", ASSIGNMENT, cwd=course.folder)
    assert done.returncode != 0
    assert "nothing can be graded" in done.stderr and "sandbox" in done.stderr
    outcomes = {row.student: row.outcome for row in verdicts.load(course.folder, ASSIGNMENT)}
    assert set(outcomes.values()) <= {NOT_GRADABLE} and set(outcomes) <= {"text"}


def test_two_runs_at_once_are_refused(handed_in, tmp_path):
    course = copy_of(handed_in, tmp_path / "c")
    from grading.autograde import only_one

    found = Class.of(course.folder, ASSIGNMENT)
    with only_one(found), pytest.raises(CourseError, match="by another `autograde`"):
        grade_class(course.folder, ASSIGNMENT, ["right_1"])


def test_the_scheduler_lets_nobody_in_without_the_key():
    """Another user of the machine could run programs with the instructor's rights."""
    with workers(1) as client:
        address = client.scheduler.address
        assert address.startswith("tls://127.0.0.1:")
        for tried in (address, address.replace("tls", "tcp")):
            done = run(sys.executable, "-c", CONNECTS, tried)
            assert done.returncode == 1 and "in:" not in done.stdout, done.stdout
        assert client.submit(os.getpid).result() != os.getpid()  # with the key it works


def write_grade(address, turns):
    """Write something into the gradebook."""
    if turns:
        take_turns()
    with Gradebook(address) as gradebook:
        gradebook.update_or_create_student("s", first_name="waited")


@pytest.mark.parametrize("turns", [True, False])
def test_who_writes_waits_for_its_turn(tmp_path, turns):
    """Longer than the 5 seconds after which "database is locked" is said."""
    address = f"sqlite:///{tmp_path}/gradebook.db"
    Gradebook(address).close()
    context = multiprocessing.get_context("forkserver")
    writer = context.Process(target=write_grade, args=(address, turns))
    with sqlite3.connect(tmp_path / "gradebook.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        writer.start()
        writer.join(12)
        other.execute("COMMIT")
    writer.join()
    assert (writer.exitcode == 0) == turns
    with Gradebook(address) as gradebook:
        assert len(gradebook.students) == turns


@pytest.mark.parametrize(
    ("log", "want"),
    [
        (
            "[ERROR] Traceback (most recent call last):\n    else: raise Other: no\n"
            "    grading.reading.NotGradable: not JSON: line 1\n\n"
            "nbgrader.converters.base.NbGraderException: Please see the error log",
            ("NotGradable", "not JSON: line 1"),
        ),
        ("[INFO] a\nsqlalchemy.exc.OperationalError: gone", ("OperationalError", "gone")),
        ("no error\n", ("", "no error")),
    ],
)
def test_the_reason_is_the_error_at_the_root(log, want):
    assert reason(log) == want
