"""A student's path through JupyterLab, in a real browser.

Screenshots of each step are kept in artefacts/.
"""

import re
import shutil
import time

import nbformat
import pytest
from conftest import ASSIGNMENTS, run
from jupyter_browser import WAIT
from nbformat.reader import NotJSONError
from playwright.sync_api import TimeoutError as NotShown

from grading.bank import ROOT, misconception, solutions
from grading.course import Course
from grading.demo import ASSIGNMENT
from grading.notebooks import answer_cell, notebook_path, read


class Student:
    """What a student does with one notebook."""

    def __init__(self, lab, browser, name, answers, assignment=ASSIGNMENT):
        self.folder, self.address = lab
        self.name = name
        notebook = read(notebook_path("release", assignment, ROOT))
        for function, source in answers.items():
            answer_cell(notebook, function).source = source
        nbformat.write(notebook, self.folder / f"{name}.ipynb")
        self.page = browser.new_page(viewport={"width": 1200, "height": 900})
        self.page.goto(self.address.format(path=f"{name}.ipynb"))
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=WAIT)
        self.page.wait_for_selector("text=| Idle", timeout=WAIT)
        try:
            self.page.click(".jp-toast-button >> text=No", timeout=3000)
        except NotShown:
            pass

    def screenshot(self, step):
        """Keep what the page looks like now."""
        folder = ROOT / "artefacts"
        folder.mkdir(exist_ok=True)
        self.page.screenshot(path=folder / f"{self.name}_{step}.png")

    def cell(self, code):
        """The code cell that holds this code, in view. Cells far from view are not in the page."""
        panel = self.page.locator(".jp-WindowedPanel-outer")
        panel.evaluate("panel => panel.scrollTo(0, 0)")
        for _ in range(80):
            cell = self.page.locator(".jp-CodeCell", has_text=code)
            if cell.count() == 1 and cell.locator(".cm-content").count():
                cell.scroll_into_view_if_needed()
                time.sleep(0.5)  # what comes into view moves what is below it
                return cell
            panel.evaluate("panel => panel.scrollBy(0, 600)")
            time.sleep(0.1)
        raise AssertionError(f"no cell holds {code!r}")

    def type_into(self, code, text):
        """Click at the end of the line with this code, and type."""
        self.cell(code).locator(".cm-line", has_text=code).first.click()
        self.page.keyboard.press("End")
        self.page.keyboard.type(text)

    def save(self):
        """Press Ctrl+S, and return the notebook once the file is written."""
        path = self.folder / f"{self.name}.ipynb"
        before = path.stat().st_mtime_ns
        time.sleep(0.1)
        self.page.keyboard.press("Control+s")
        for _ in range(100):
            if path.stat().st_mtime_ns != before:
                time.sleep(0.5)
                return saved(path)
            time.sleep(0.1)
        raise AssertionError(f"{path} was not saved")

    def validate(self):
        """Press Validate and return what the dialog says."""
        self.page.get_by_role("button", name="Validate").click()
        dialog = self.page.wait_for_selector(".jp-Dialog-content", timeout=WAIT)
        self.page.wait_for_selector(".jp-Dialog-content >> text=Validation Results", timeout=WAIT)
        text = dialog.inner_text()
        self.screenshot("validate")
        return text

    def run_all(self):
        """Run all cells until one fails, save, and return the saved notebook."""
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.locator(".lm-Menu-itemLabel").get_by_text("Run All Cells", exact=True).click()
        path = self.folder / f"{self.name}.ipynb"
        for _ in range(60):
            time.sleep(1)
            self.page.keyboard.press("Control+s")
            cells = saved(path).cells
            if any(o.output_type == "error" for c in cells for o in c.get("outputs", [])):
                break
        self.screenshot("run_all")
        return saved(path)


def saved(path):
    """A notebook that JupyterLab may be writing just now."""
    for _ in range(50):
        try:
            return read(path)
        except NotJSONError:
            time.sleep(0.1)
    return read(path)


def plain(text):
    """Text without terminal colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def errors(nb):
    """(id of the cell, message) of each error in a notebook."""
    return [
        (cell.id, f"{output.ename}: {plain(output.evalue)}")
        for cell in nb.cells
        for output in cell.get("outputs", [])
        if output.output_type == "error"
    ]


# For each assignment a known mistake, the test cell at which it stops, and what is said there.
MISTAKES = {
    "1_step_by_step": (
        "conv_single_step",
        "bias_inside_the_sum",
        "test_conv_single_step_value",
        "expected Z = 7\ngot 16",
    ),
    "2_vectorized": (
        "im2col",
        "channels_before_the_window",
        "test_im2col_values",
        "expected cols[0, 1] = 1\ngot 2 there",
    ),
    "3_convnet": (
        "relu",
        "minimum_for_maximum",
        "test_relu_values",
        "expected A[0, 0] = 0\ngot -1 there",
    ),
}
each_assignment = pytest.mark.parametrize(
    ("lab", "assignment"), [(name, name) for name in ASSIGNMENTS], ids=ASSIGNMENTS, indirect=["lab"]
)


@each_assignment
def test_an_untouched_notebook_stops_at_the_first_stub(lab, browser, assignment):
    student = Student(lab, browser, f"untouched_{assignment}", {}, assignment)
    first = next(iter(solutions(assignment)))
    (failed,) = errors(student.run_all())
    assert failed[1] == f"NotImplementedError: {first}: write your code, then delete this line"
    # The figures are in the notebook, and the browser could show them.
    widths = student.page.eval_on_selector_all("img[alt]", "all => all.map(i => i.naturalWidth)")
    assert widths and all(width > 600 for width in widths)


@each_assignment
def test_a_right_answer_validates(lab, browser, assignment):
    student = Student(lab, browser, f"right_{assignment}", solutions(assignment), assignment)
    assert "Success! Your notebook passes all the tests." in student.validate()


@each_assignment
def test_a_known_mistake_is_told_in_words(lab, browser, assignment):
    function, name, cell, said = MISTAKES[assignment]
    right, mistake = solutions(assignment), misconception(assignment, function, name)
    wrong = right | {function: mistake.apply(right[function])}
    student = Student(lab, browser, f"mistake_{assignment}", wrong, assignment)
    nb = student.run_all()
    (failed,) = errors(nb)
    assert failed[0] == cell
    assert said in failed[1] and failed[1].endswith(f"Likely cause: {mistake.hint}")
    # What the student sees is the test cell and the message, not the inside of checks.py.
    (error,) = next(cell for cell in nb.cells if cell.id == failed[0]).outputs
    shown = plain("\n".join(error.traceback))
    assert mistake.hint in shown and "difference(got, want" not in shown


def test_validate_packs_nothing(lab, browser):
    """Validate runs the whole notebook, the cell that hands in included."""
    folder, _ = lab
    before = sorted(folder.glob("*.zip"))
    Student(lab, browser, "validated", solutions(ASSIGNMENT)).validate()
    assert sorted(folder.glob("*.zip")) == before


def source_of(nb, name):
    """The source of the cell with that id."""
    return next(cell.source for cell in nb.cells if cell.id == name)


def test_locked_cells_can_not_be_edited_or_deleted(lab, browser):
    """Test cells, the check of the files, and the cell that hands in; an answer cell can be."""
    student = Student(lab, browser, "locked", {})
    given = read(student.folder / "locked.ipynb")
    locked = {
        "files_here": "from importlib.util import find_spec",
        "test_zero_pad_shape": "def test_zero_pad_shape():",
        "test_pool_backward_average": "def test_pool_backward_average():",
        "hand_in": "from hand_in import hand_in",
    }
    for number, (name, code) in enumerate(locked.items()):
        student.type_into(code, "SPOILT")
        student.page.keyboard.press("Escape")
        student.page.keyboard.press("d")
        student.page.keyboard.press("d")
        if number == 1:
            student.screenshot("cell")
        student.page.keyboard.press("Escape")  # a dialog, if there is one
        assert "SPOILT" not in student.cell(code).inner_text(), name
    student.type_into("# Pad axes 1 and 2 on both sides", "  # my remark")
    saved = student.save()
    for name in locked:
        assert source_of(saved, name) == source_of(given, name)
    assert "# my remark" in source_of(saved, "zero_pad")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course that has released the assignment."""
    course = Course.create(tmp_path_factory.mktemp("graded") / "course")
    course.release(ASSIGNMENT)
    return course


def points(course, student):
    """What each function of a student got, by stock `nbgrader autograde`; and the maxima."""
    done = run("nbgrader", "autograde", ASSIGNMENT, "--student", student, cwd=course.folder)
    assert done.returncode == 0, done.stdout + done.stderr
    scores, maximum = course.points_by_function(ASSIGNMENT)
    return scores[student], maximum


def test_what_the_browser_saves_is_handed_in_and_graded(lab, browser, course):
    """Ctrl+S, then the very file into submitted/; the cell that hands in, then `collect`."""
    right = solutions(ASSIGNMENT)
    student = Student(lab, browser, "saved", right)
    student.type_into("def distribute_value(dz, shape):", "\nraise ValueError('not yet')")
    saved = student.save()
    assert "raise ValueError('not yet')" in source_of(saved, "distribute_value")
    submitted = notebook_path("submitted/saved", ASSIGNMENT, course.folder)
    submitted.parent.mkdir(parents=True)
    shutil.copy(student.folder / "saved.ipynb", submitted)

    student.cell("from hand_in import hand_in").locator(".cm-line").first.click()
    student.page.keyboard.press("Control+Enter")
    said = student.page.locator(".jp-OutputArea-output", has_text="Packed:")
    said.wait_for(timeout=WAIT)
    said.scroll_into_view_if_needed()
    student.screenshot("handed_in")
    text = said.inner_text()
    assert "saved.ipynb, as it was saved on" in text
    assert "the cell test_distribute_value: ValueError: not yet" in text
    download = course.folder.parent / "downloads" / "ada"
    download.mkdir(parents=True)
    shutil.copy(student.folder / f"{ASSIGNMENT}_hand_in.zip", download)
    done = run("python", "-m", "grading", "collect", ASSIGNMENT, download.parent, cwd=course.folder)
    assert "1 submissions: 1 gradable as they are" in done.stdout, done.stdout + done.stderr

    for name in ("saved", "ada"):
        got, maximum = points(course, name)
        lost = {function for function in maximum if got[function] != maximum[function]}
        assert lost == {"distribute_value"} and got["distribute_value"] == 0
        assert sum(maximum.values()) == 100


def test_a_spoilt_cell_comes_back(lab, browser):
    """`%run renew.py` in a new cell, then File > Reload Notebook from Disk, as the text says."""
    right = {"zero_pad": solutions(ASSIGNMENT)["zero_pad"] + "  # mine"}
    student = Student(lab, browser, "spoilt", right)
    given = read(student.folder / "spoilt.ipynb")
    student.type_into("print(np.pad([7, 8, 9], (1, 2)))", "OOPS")
    assert source_of(student.save(), "np_pad_demo").endswith("OOPS")

    keyboard = student.page.keyboard
    for key in ("Escape", "b", "Enter"):  # a new cell below
        keyboard.press(key)
    keyboard.type("%run renew.py")
    keyboard.press("Control+Enter")
    said = student.page.locator(".jp-OutputArea-output", has_text="Renewed:")
    said.wait_for(timeout=WAIT)
    assert "released text:\n    np_pad_demo: print(np.pad([7, 8, 9]" in said.inner_text()
    student.screenshot("renewed")
    student.page.get_by_role("menuitem", name="File", exact=True).click()
    menu = student.page.locator(".lm-Menu-itemLabel")
    menu.get_by_text("Reload Notebook from Disk", exact=True).click()
    student.page.locator(".jp-Dialog button.jp-mod-warn, .jp-Dialog button.jp-mod-accept").click()
    student.page.wait_for_selector(".jp-Dialog", state="detached", timeout=WAIT)
    said.wait_for(state="detached", timeout=WAIT)
    assert "OOPS" not in student.cell("print(np.pad([7, 8, 9], (1, 2)))").inner_text()
    student.screenshot("reloaded")
    after = read(student.folder / "spoilt.ipynb")
    assert source_of(after, "np_pad_demo") == source_of(given, "np_pad_demo")
    assert source_of(after, "zero_pad") == right["zero_pad"]
