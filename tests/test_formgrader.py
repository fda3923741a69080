"""An instructor looks at a hostile submission, in Chromium: nothing of it runs or loads anything.

The same submission, graded by stock nbgrader, shows that the test would see it.
"""

import contextlib
import copy
import re
import shutil

import pytest
from hostile import CERTAIN, beacon, fill
from jupyter_browser import jupyter
from nbgrader.api import Gradebook
from small_course import ASSIGNMENT, CONFIG, NOTEBOOK, SANDBOX_CONFIG, SmallCourse

from grading.bank import ROOT

STUDENT = "eve"
LIMITED = "c.TwoKernels.timeout = 10\n"
PAGES = ("gradebook/{a}/{n}", "manage_submissions/{a}", "manage_students", "gradebook/{a}")
# What a page may hold of a student: text and pictures, and nothing that acts or leads anywhere.
ACTIVE = """() => {
    const found = [];
    for (const cell of document.querySelectorAll('.cell')) {
        for (const node of cell.querySelectorAll('*')) {
            const tag = node.tagName.toLowerCase();
            if (['script', 'style', 'iframe', 'object', 'embed', 'meta', 'link', 'form', 'svg']
                .includes(tag)) found.push(tag);
            for (const attribute of node.attributes) {
                if (attribute.name.startsWith('on')) found.push(attribute.name);
                if (['href', 'src', 'action', 'srcset', 'background', 'xlink:href']
                    .includes(attribute.name) && !attribute.value.startsWith('#')
                    && !/^data:image\\/(png|jpeg);base64,/.test(attribute.value))
                    found.push(tag + ' ' + attribute.value);
            }
        }
    }
    return found;
}"""


class Visit:
    """What one look at a page brought to light."""

    def __init__(self, browser, address, beacon, wait_for=frozenset(), picture=None):
        beacon.asked.clear()
        self.dialogs, self.requests = [], []
        page = browser.new_page(viewport={"width": 1200, "height": 1000})
        page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: self.requests.append(request.url))
        # MathJax and RequireJS come from far away; neither is needed, and CI may have no network.
        page.route(re.compile(r"^https?://(?!127\.0\.0\.1)"), lambda route: route.abort())
        page.goto(address, wait_until="load")
        self.text = page.inner_text("body")
        self.active = page.evaluate(ACTIVE)
        self.pwned = page.evaluate("window.pwned || null")
        if picture:
            (ROOT / "artefacts").mkdir(exist_ok=True)
            page.screenshot(path=ROOT / "artefacts" / picture, full_page=True)
        for tenths in range(150):  # a refresh comes after 3 s; the control is given more time
            page.wait_for_timeout(100)
            if tenths > 40 and wait_for <= beacon.asked:
                break
        self.asked = set(beacon.asked)
        self.stayed = page.url.split("?")[0] == address.split("?")[0]
        page.close()


@pytest.fixture(scope="module")
def submitted(tmp_path_factory, listening):
    """A course in which one hostile submission was handed in."""
    course = SmallCourse(tmp_path_factory.mktemp("ours") / "c", SANDBOX_CONFIG + LIMITED)
    path = course.submit(STUDENT, lambda nb: fill(nb, listening.address))
    # A notebook that the gradebook doesn't know, with a name that is a program.
    path.with_name("<img src=x onerror=window.pwned=1>.ipynb").write_bytes(path.read_bytes())
    (path.parent / "page.html").write_text(f"<img src='{listening.address}/extra-file'>")
    return course


@contextlib.contextmanager
def graded(course):
    """Grade it, write feedback, and start Jupyter's server there: (course, server)."""
    course.autograde()
    course.nbgrader("generate_feedback", ASSIGNMENT)
    with jupyter(course.folder, "jupyter_server") as server:
        yield course, server


def submission_address(course, server):
    """The formgrader's page of the submission."""
    with Gradebook(f"sqlite:///{course.folder}/gradebook.db") as gradebook:
        found = gradebook.find_submission_notebook(NOTEBOOK, ASSIGNMENT, STUDENT)
        return f"{server[0]}/formgrader/submissions/{found.id}/?token={server[1]}"


@pytest.fixture(scope="module")
def listening():
    """The beacon."""
    with beacon() as server:
        yield server


@pytest.fixture(scope="module")
def stock(submitted, tmp_path_factory):
    """The same, graded by stock nbgrader: (course, server)."""
    course = copy.copy(submitted)
    course.folder = tmp_path_factory.mktemp("stock") / "c"
    shutil.copytree(submitted.folder, course.folder)
    (course.folder / "nbgrader_config.py").write_text(CONFIG)
    with graded(course) as found:
        yield found


@pytest.fixture(scope="module")
def ours(submitted, stock):
    """The hostile submission, graded by this repository: (course, server)."""
    with graded(submitted) as found:
        yield found


def check_quiet(visit):
    """Nothing ran, nothing was loaded, and nothing waits for a click."""
    assert visit.asked == set()
    assert visit.pwned is None
    assert visit.dialogs == []
    assert visit.active == []
    assert visit.stayed


def test_stock_nbgrader_runs_the_students_scripts(stock, browser, listening):
    """The control: each way that stock nbgrader leaves open is seen here."""
    visit = Visit(browser, submission_address(*stock), listening, CERTAIN, "formgrader_stock.png")
    assert CERTAIN <= visit.asked
    assert visit.pwned
    assert not visit.stayed  # its refresh led away
    assert {"script", "iframe", "onerror"} <= set(visit.active)


def test_a_submission_in_the_formgrader_runs_nothing(ours, browser, listening):
    visit = Visit(browser, submission_address(*ours), listening, picture="formgrader_hostile.png")
    assert "Submission 1 / 1" in visit.text
    assert "[my work]" in visit.text  # the student's words are still there
    check_quiet(visit)


@pytest.mark.parametrize("name", PAGES)
def test_lists_of_the_formgrader_run_nothing(ours, browser, listening, name):
    (_, (address, token)) = ours
    path = name.format(a=ASSIGNMENT, n=NOTEBOOK)
    visit = Visit(browser, f"{address}/formgrader/{path}?token={token}", listening)
    check_quiet(visit)


def test_a_feedback_page_runs_nothing(ours, browser, listening):
    course, _ = ours
    page = course.folder / "feedback" / STUDENT / ASSIGNMENT / f"{NOTEBOOK}.html"
    visit = Visit(browser, page.as_uri(), listening, picture="feedback_hostile.png")
    assert "conv_forward" in visit.text
    check_quiet(visit)
    assert [url for url in visit.requests if "127.0.0.1" in url] == []


def test_stock_feedback_runs_the_students_scripts(stock, browser, listening):
    """The control for pages that are opened from disk."""
    course, _ = stock
    page = course.folder / "feedback" / STUDENT / ASSIGNMENT / f"{NOTEBOOK}.html"
    visit = Visit(browser, page.as_uri(), listening, {"markdown-script"})
    assert "markdown-script" in visit.asked


def test_no_file_of_a_student_is_served(ours, browser):
    """The formgrader serves what lies beside the autograded notebook: with its own session."""
    course, (address, token) = ours
    base = submission_address(*ours).split("?")[0]
    page = browser.new_page()
    page.goto(f"{address}/formgrader/manage_students?token={token}")
    assert page.request.get(f"{base}data.txt").text() == "course data"
    assert page.request.get(f"{base}page.html").status == 404
    assert sorted(path.name for path in (course.folder / "autograded").rglob("*.*")) == [
        "data.txt",
        f"{NOTEBOOK}.ipynb",
    ]
    page.close()
