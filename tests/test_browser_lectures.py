"""A lecture in JupyterLab, in a real browser: its pictures show, and its sliders move them.

Screenshots are kept in artefacts/.
"""

import io
import shutil
import time

import pytest
from jupyter_browser import WAIT
from PIL import Image
from playwright.sync_api import TimeoutError as NotShown

from grading.bank import ROOT

LECTURE = "2_anatomy_of_a_conv_layer"


@pytest.fixture(scope="module")
def page(lab, browser):
    """Lecture 2, opened in JupyterLab as a reader gets it: not yet run."""
    folder, address = lab
    lectures = shutil.ignore_patterns("__pycache__", ".*")
    shutil.copytree(ROOT / "notebooks", folder / "notebooks", ignore=lectures)
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.goto(address.format(path=f"notebooks/{LECTURE}.ipynb"))
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=WAIT)
    page.wait_for_selector("text=| Idle", timeout=WAIT)
    try:
        page.click(".jp-toast-button >> text=No", timeout=3000)
    except NotShown:
        pass
    yield page
    page.close()


def screenshot(page, step):
    """Keep what the page looks like now."""
    folder = ROOT / "artefacts"
    folder.mkdir(exist_ok=True)
    page.screenshot(path=folder / f"lecture_{step}.png")


def bring_into_view(page, code):
    """Scroll to the code cell that holds this code, and return it."""
    notebook = page.locator(".jp-WindowedPanel-outer")
    for _ in range(60):
        cell = page.locator(".jp-CodeCell", has_text=code)
        if cell.count() and cell.locator("img").count():
            cell.locator("img").scroll_into_view_if_needed()
            return cell
        # Cells far below are not in the page yet.
        notebook.evaluate("panel => panel.scrollBy(0, 400)")
        time.sleep(0.2)
    raise AssertionError(f"no picture below {code!r}")


def run_all(page):
    """Run all cells, and wait until the kernel has nothing left to do."""
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.locator(".lm-Menu-itemLabel").get_by_text("Run All Cells", exact=True).click()
    time.sleep(1)
    page.wait_for_selector("text=| Idle", timeout=WAIT)


def test_a_still_picture_shows_before_anything_runs(page):
    page.locator(".jp-WindowedPanel-outer").evaluate("panel => panel.scrollTo(0, 0)")
    cell = bring_into_view(page, "picture.walk")
    picture = cell.locator("img")
    assert picture.evaluate("image => image.naturalWidth") == 1440
    assert "the output is 4 x 4" in picture.get_attribute("alt")
    assert cell.locator(".noUi-handle").count() == 0
    screenshot(page, "before_running")


def test_the_picture_moves_when_its_slider_is_dragged(page):
    page.locator(".jp-WindowedPanel-outer").evaluate("panel => panel.scrollTo(0, 0)")
    run_all(page)
    page.locator(".jp-WindowedPanel-outer").evaluate("panel => panel.scrollTo(0, 0)")
    cell = bring_into_view(page, "picture.walk")
    handles = cell.locator(".noUi-handle")
    handles.last.wait_for(timeout=WAIT)
    before = cell.locator("img").get_attribute("src")
    screenshot(page, "slider_before")
    box = handles.last.bounding_box()  # f, pad, stride: the last one is the stride
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, middle, steps=8)
    page.mouse.up()
    page.wait_for_selector('img[alt*="stride 4: the output is 2 x 2"]', timeout=WAIT)
    assert cell.locator("img").get_attribute("src") != before
    screenshot(page, "slider_dragged")


def test_pictures_are_readable_in_the_dark_theme(page):
    """The dark theme surrounds the pictures; they keep their own white ground."""
    page.get_by_role("menuitem", name="Settings", exact=True).click()
    page.locator(".lm-Menu-itemLabel").get_by_text("Theme", exact=True).hover()
    page.locator(".lm-Menu-itemLabel").get_by_text("JupyterLab Dark", exact=True).click()
    dark = 'body[data-jp-theme-light="false"]'
    page.wait_for_selector(dark, state="attached", timeout=WAIT)
    picture = bring_into_view(page, "picture.walk").locator("img")
    time.sleep(1)  # the new colours fade in
    screenshot(page, "dark")
    box = picture.bounding_box()
    clip = {"x": box["x"] - 12, "y": box["y"] + 8, "width": 24, "height": 4}
    shot = Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("L")
    assert shot.getpixel((2, 2)) < 60, "the page is not dark"
    assert shot.getpixel((21, 2)) > 250, "the picture has no ground of its own"
