"""The whole path through stock commands, and that a broken set-up stops grading."""

import shutil
import subprocess
import sys
import threading

import nbformat
import pytest
from grader_api import FULL, LIMITS
from small_course import ASSIGNMENT, MAXIMUM, SANDBOX_CONFIG, TESTS, SmallCourse, cell_of, right

STUB = "raise NotImplementedError('write your code')"


def test_stock_commands_grade_right_and_wrong(tmp_path):
    course = SmallCourse(tmp_path / "c")
    course.submit("right")
    course.submit("wrong", {"zero_pad": "def zero_pad(X, pad):\n    return X[0]"})
    course.submit("untouched", dict.fromkeys(FULL, STUB))
    course.submit("syntax", {"conv_forward": "def conv_forward(:"})
    course.autograde()
    assert course.grades("right") == MAXIMUM
    assert course.grades("wrong")["test_conv_single_step_value"] == 5
    assert sum(course.grades("wrong").values()) == 15, "a wrong zero_pad costs its own points only"
    assert sum(course.grades("untouched").values()) == 0
    assert sum(course.grades("syntax").values()) == 10
    course.nbgrader("generate_feedback", ASSIGNMENT)
    page = course.feedback("wrong")
    assert "SECRET-OF-THE-COURSE" not in page
    assert "the shape is wrong" in page


def test_tests_are_sources_in_sources_order(course):
    def edit(nb):
        tests = [cell for cell in nb.cells if cell.id in TESTS]
        for cell in tests:
            nb.cells.remove(cell)
            cell.source, cell.metadata.tags = "pass", ["skip-execution"]
        nb.cells[:0] = tests[::-1]

    run = course.grade("shuffled", edit)
    assert run.points == FULL
    graded = [cell for cell in run.nb.cells if cell.metadata.get("nbgrader", {}).get("grade")]
    assert [cell.id for cell in graded] == list(TESTS)
    for cell in graded:
        assert cell.source == TESTS[cell.id][1].rstrip("\n")
        assert sorted(cell.metadata) == ["deletable", "editable", "nbgrader"]


def test_a_students_prints_stay_in_their_cells(course):
    run = course.grade(
        "prints", lambda nb: nb.cells.append(nbformat.v4.new_code_cell("print('HELLO')", id="mine"))
    )
    assert cell_of(run.nb, "mine").outputs[0].text == "HELLO\n"
    assert cell_of(run.nb, "mine").source == "print('HELLO')"


def test_a_warning_costs_no_points(course):
    source = (
        "import warnings\ndef conv_single_step(a, W, b):\n    warnings.warn('x')\n"
        "    print('y')\n    return np.sum(a * W) + b[0, 0, 0]"
    )
    assert course.grade("warns", {"conv_single_step": source}).points == FULL


def test_students_lines_and_reason_are_in_the_feedback(course):
    run = course.grade(
        "raises",
        {"conv_single_step": "def conv_single_step(a, W, b):\n    return a @ undefined_name"},
    )
    assert "undefined_name" in cell_of(run.nb, "test_conv_single_step_value").outputs[0].evalue
    assert "conv_single_step, line 2: return a @ undefined_name" in run.page


HELPER = """def zero_pad(X, pad, value=1):
    return np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0))) + value
pad_it = zero_pad
"""
FORWARD = right("conv_forward")
USES = {
    "an alias": FORWARD.replace("zero_pad(A_prev, pad)", "pad_it(A_prev, pad)"),
    "an argument of its own": FORWARD.replace("zero_pad(A_prev, pad)", "zero_pad(A_prev, pad, 2)"),
    "a keyword of its own": FORWARD.replace("(A_prev, pad)", "(A_prev, pad, value=2)"),
    "a default": FORWARD.replace("hparameters)", "hparameters, pad_it=zero_pad)", 1).replace(
        "zero_pad(A_prev, pad)", "pad_it(A_prev, pad)"
    ),
    "a partial": "import functools\npadder = functools.partial(zero_pad, value=3)\n"
    + FORWARD.replace("zero_pad(A_prev, pad)", "padder(A_prev, pad)"),
    "a function between": "def frame(X, pad):\n    return zero_pad(X, pad)\n"
    + FORWARD.replace("zero_pad(A_prev, pad)", "frame(A_prev, pad)"),
    "a magic": "%matplotlib inline\n" + FORWARD,
}


@pytest.mark.parametrize("use", USES)
def test_one_mistake_costs_once_however_the_helper_is_used(course, use):
    edit = {"zero_pad": HELPER, "conv_forward": USES[use]}
    run = course.grade(f"once {use}".replace(" ", "-"), edit)
    assert run.points == {"zero_pad": 2, "conv_single_step": 5, "conv_forward": 10}
    assert "Passed, tested with a right zero_pad in place of yours" in run.page


def test_a_function_of_another_cell_gets_the_right_helper(course):
    def edit(nb):
        cell_of(nb, "zero_pad").source = HELPER
        nb.cells.insert(
            3, nbformat.v4.new_code_cell("def frame(X, pad):\n    return zero_pad(X, pad)")
        )
        cell_of(nb, "conv_forward").source = FORWARD.replace("zero_pad(", "frame(")

    assert course.grade("elsewhere", edit).points["conv_forward"] == 10


def test_a_wrong_function_stays_wrong_with_right_helpers(course):
    wrong = FORWARD.replace("padded[i, ", "padded[0, ")
    run = course.grade("both", {"zero_pad": HELPER, "conv_forward": wrong})
    assert run.points == {"zero_pad": 2, "conv_single_step": 5, "conv_forward": 4}
    assert "the image belongs in the middle" in run.page


def test_a_cell_that_does_not_parse_is_named(course):
    run = course.grade("broken", {"conv_forward": "def conv_forward(:\n    pass"})
    message = cell_of(run.nb, "test_conv_forward_shape").outputs[0].evalue
    assert "The cell that should define it ended with SyntaxError" in message


def test_reason_of_a_timeout_is_in_the_feedback(course):
    run = course.grade(
        "loops", {"conv_single_step": "def conv_single_step(a, W, b):\n    while True: pass"}
    )
    assert run.points["zero_pad"] == 5 and run.points["conv_single_step"] == 0
    assert "conv_single_step did not return within 3 s" in run.page


@pytest.fixture()
def fresh(tmp_path):
    course = SmallCourse(tmp_path / "c", SANDBOX_CONFIG + LIMITS)
    course.submit("right")

    def run(more):
        path = course.folder / "nbgrader_config.py"
        path.write_text(path.read_text() + more)
        done = course.autograde(check=False)
        scores = course.grades("right") if done.returncode == 0 else None
        return done.returncode, done.stdout + done.stderr, scores

    return run


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ('c.SandboxedKernelManager.bwrap = "/bin/false"', "The sandbox does not work"),
        ('c.SandboxedKernelManager.bwrap = "/nowhere/bwrap"', "accept_no_sandbox"),
        ('c.TwoKernels.hidden = ["/usr"]', "it sees /usr"),
        ('c.Autograde.autograde_preprocessors = ["grading.execute.NoSuchClass"]', "NoSuchClass"),
        ('c.Autograde.sanitize_preprocessors = ["grading.nowhere.X"]', "grading.nowhere"),
    ],
)
def test_fails_closed(fresh, setting, said):
    code, output, _ = fresh(f"\n{setting}\n")
    assert code != 0
    assert said in output


def test_a_wrapper_that_isolates_nothing_is_noticed(fresh, tmp_path):
    """A bwrap that runs the command outside of any sandbox must not pass the probe."""
    false_bwrap = tmp_path / "bwrap"
    false_bwrap.write_text(
        f"#!{sys.executable}\nimport os, sys\nargs = sys.argv[1:]\n"
        "if args[-1] == '/bin/true': sys.exit(0)\n"
        "command = args[args.index('--', 1) + 1:]\nos.execv(command[0], command)\n"
    )
    false_bwrap.chmod(0o755)
    code, output, _ = fresh(f'\nc.SandboxedKernelManager.bwrap = "{false_bwrap}"\n')
    assert code != 0
    assert "The sandbox is not on" in output


def test_without_a_sandbox_only_if_accepted(fresh):
    setting = '\nc.SandboxedKernelManager.bwrap = "/bin/false"\n'
    code, output, scores = fresh(setting + "c.SandboxedKernelManager.accept_no_sandbox = True\n")
    assert code == 0, output
    assert "NO SANDBOX" in output
    assert scores == MAXIMUM


def test_the_total_time_is_bounded(tmp_path):
    config = SANDBOX_CONFIG + LIMITS + "c.TwoKernels.total_timeout = 6\n"
    course = SmallCourse(tmp_path / "c", config)

    def edit(nb):
        for number in range(8):
            nb.cells.insert(2, nbformat.v4.new_code_cell("while True: pass", id=f"loop{number}"))

    course.submit("slow", edit)
    course.autograde()
    assert set(course.grades("slow").values()) == {0.0}
    last = cell_of(course.autograded("slow"), "test_conv_forward_values")
    assert "longer than 6 s in all" in last.outputs[0].evalue


def test_refused_submissions_hold_up_nobody(tmp_path):
    """A link in place of a notebook is an error of that submission; others are graded."""
    course = SmallCourse(tmp_path / "c")
    course.submit("ada")
    linked, piped = course.submit("bob"), course.submit("cleo")
    linked.unlink()
    linked.symlink_to(course.folder / "source" / ASSIGNMENT / linked.name)
    (piped.parent / "timestamp.txt").symlink_to("/dev/zero")
    done = course.autograde(check=False)
    assert done.returncode == 1
    assert "small.ipynb is a symbolic link, and links of a submission are never" in done.stderr
    assert "timestamp.txt is no small plain file" in done.stderr
    assert course.grades("ada") == MAXIMUM
    assert not (course.folder / "autograded" / "bob" / ASSIGNMENT).exists()
    assert not (course.folder / "autograded" / "cleo").exists()


def test_a_newer_submission_is_graded_again(tmp_path):
    """nbgrader finds it by the time stamp, which must reach autograded/ though no file does."""
    course = SmallCourse(tmp_path / "c")
    stamp = course.submit("ada").parent / "timestamp.txt"
    stamp.write_text("2030-01-01 12:00:00 UTC")
    course.autograde()
    assert course.grades("ada") == MAXIMUM
    course.submit("ada", {"zero_pad": STUB})
    course.autograde()
    assert course.grades("ada") == MAXIMUM  # the same time: nothing new
    stamp.write_text("2030-01-02 12:00:00 UTC")
    course.autograde()
    assert course.grades("ada")["test_zero_pad_values"] == 0


def test_nothing_is_left_running_or_lying_about(course):
    course.grade("clean")
    ps = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
    own = [line for line in ps.split("\n") if "bwrap" in line and str(course.folder) in line]
    assert own == []
    assert threading.active_count() < 50
    assert shutil.which("bwrap")
