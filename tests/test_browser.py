"""A student's path through JupyterLab, in a real browser.

Screenshots of each step are kept in artefacts/.
"""

import re
import time

import nbformat
from jupyter_browser import WAIT
from nbformat.reader import NotJSONError
from playwright.sync_api import TimeoutError as NotShown

from grading.bank import ROOT, misconception, solutions
from grading.demo import ASSIGNMENT
from grading.notebooks import answer_cell, notebook_path, read


class Student:
    """What a student does with one notebook."""

    def __init__(self, lab, browser, name, answers):
        self.folder, self.address = lab
        self.name = name
        notebook = read(notebook_path("release", ASSIGNMENT, ROOT))
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


def test_an_untouched_notebook_stops_at_the_first_stub(lab, browser):
    student = Student(lab, browser, "untouched", {})
    nb = student.run_all()
    (failed,) = errors(nb)
    assert failed[1] == ("NotImplementedError: zero_pad: write your code, then delete this line")
    # The figures are in the notebook, and the browser could show them.
    widths = student.page.eval_on_selector_all("img[alt]", "all => all.map(i => i.naturalWidth)")
    assert widths and all(width > 600 for width in widths)


def test_a_right_answer_validates(lab, browser):
    student = Student(lab, browser, "right", solutions(ASSIGNMENT))
    assert "Success! Your notebook passes all the tests." in student.validate()


def test_a_known_mistake_is_told_in_words(lab, browser):
    right = solutions(ASSIGNMENT)
    mistake = misconception(ASSIGNMENT, "conv_single_step", "bias_inside_the_sum")
    wrong = right | {"conv_single_step": mistake.apply(right["conv_single_step"])}
    student = Student(lab, browser, "mistake", wrong)
    nb = student.run_all()
    (failed,) = errors(nb)
    assert failed[0] == "test_conv_single_step_value"
    assert "expected Z = 7\ngot 16" in failed[1] and "then the bias" in failed[1]
    assert failed[1].endswith(f"Likely cause: {mistake.hint}")
    # What the student sees is the test cell and the message, not the inside of checks.py.
    (error,) = next(cell for cell in nb.cells if cell.id == failed[0]).outputs
    shown = plain("\n".join(error.traceback))
    assert mistake.hint in shown and "difference(got, want" not in shown
