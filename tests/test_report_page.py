"""The report in a real browser: on a desk, on a phone, in the dark, on paper; and under attack.

Screenshots are kept in artefacts/.
"""

import re

import pytest

from grading import report
from grading.bank import ROOT
from grading.demo import ASSIGNMENT

DESK, PHONE = {"width": 1200, "height": 900}, {"width": 375, "height": 800}
LOOKS = {
    "desk": (DESK, "light"),
    "desk_dark": (DESK, "dark"),
    "phone": (PHONE, "light"),
    "phone_dark": (PHONE, "dark"),
}


@pytest.fixture(scope="module")
def path(forty, tmp_path_factory):
    """The page of the class of forty."""
    return report.write(ASSIGNMENT, forty.folder, tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def hostile_path(hostile, tmp_path_factory):
    """The page of the hostile class."""
    return report.write(ASSIGNMENT, hostile.folder, tmp_path_factory.mktemp("hostile_report"))


class Visit:
    """A page that was opened, and what the browser said about it."""

    def __init__(self, browser, path, look):
        viewport, scheme = LOOKS[look]
        self.said, self.asked = [], []
        self.page = browser.new_page(viewport=viewport, color_scheme=scheme)
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.said.append("dialog"), dialog.dismiss()))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())
        self.scheme = scheme

    def keep(self, name):
        """A screenshot of the whole page in artefacts/."""
        folder = ROOT / "artefacts"
        folder.mkdir(exist_ok=True)
        self.page.screenshot(path=folder / f"report_{name}.png", full_page=True)

    def overflow(self):
        """Pixels by which the page is wider than the window."""
        return self.page.evaluate("document.documentElement.scrollWidth - innerWidth")

    def unfold(self):
        """Open everything that can be opened."""
        self.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")


@pytest.fixture(params=LOOKS)
def visit(request, browser, path):
    """The page in each look."""
    visit = Visit(browser, path, request.param)
    visit.keep(request.param)
    yield visit
    visit.page.close()


def test_it_fits_and_says_nothing_to_the_console(visit):
    assert visit.overflow() <= 0
    visit.unfold()
    assert visit.overflow() <= 0
    assert visit.said == []
    # One file: everything else is inside.
    assert [url for url in visit.asked if not url.startswith("data:")] == [visit.page.url]


def test_figures_load_and_are_described(visit):
    pictures = visit.page.eval_on_selector_all(
        "img",
        """all => all.map(i => ({
            loaded: i.complete && i.naturalWidth, shown: i.clientWidth, height: i.clientHeight,
            alt: i.alt, drawn: i.currentSrc,
            ratio: i.naturalWidth / i.naturalHeight / (i.clientWidth / i.clientHeight)}))""",
    )
    assert len(pictures) == 4
    for picture in pictures:
        assert picture["loaded"] >= 600 and picture["shown"] > 280 and picture["height"] > 100
        assert abs(picture["ratio"] - 1) < 0.02
        assert len(picture["alt"]) > 40
    assert len({picture["drawn"] for picture in pictures}) == 4


def brightness(visit):
    """Brightness of the page and of its first figure, from 0 to 255."""
    return visit.page.evaluate(
        """async () => {
            const image = document.querySelector('img'), canvas = document.createElement('canvas');
            canvas.width = canvas.height = 1;
            const context = canvas.getContext('2d');
            context.drawImage(image, 0, 0, 2, 2, 0, 0, 1, 1);
            const page = getComputedStyle(document.querySelector('section')).backgroundColor;
            return [Number(page.match(/\\d+/)[0]), context.getImageData(0, 0, 1, 1).data[0]];
        }"""
    )


def test_page_and_figures_are_light_or_dark_together(visit):
    page, figure = brightness(visit)
    assert abs(page - figure) < 12
    assert (page > 200) == (visit.scheme == "light")


def test_text_can_be_read(visit):
    """Contrast of at least 4.5 for all text, as WCAG asks for."""
    visit.unfold()
    low = visit.page.evaluate(
        """() => {
            const part = c => c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
            const light = ([r, g, b]) =>
                .2126 * part(r / 255) + .7152 * part(g / 255) + .0722 * part(b / 255);
            const colour = text => text.match(/[\\d.]+/g).map(Number);
            const behind = e => {
                for (; e; e = e.parentElement) {
                    const c = colour(getComputedStyle(e).backgroundColor);
                    if (c.length === 3 || c[3] === 1) return c;
                }
                return [255, 255, 255];
            };
            const low = [];
            for (const e of document.querySelectorAll('body *')) {
                const own = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
                if (!own || !e.checkVisibility()) continue;
                const [a, b] = [light(colour(getComputedStyle(e).color)), light(behind(e))];
                const contrast = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
                if (contrast < 4.5) low.push([e.tagName, e.className, contrast]);
            }
            return low;
        }"""
    )
    assert low == []


def test_headings_landmarks_and_tables_are_marked_up(visit):
    page = visit.page
    assert (
        page.locator("h1").count() == 1 and page.locator("main, header, footer, nav").count() == 4
    )
    targets = page.eval_on_selector_all("nav a", "all => all.map(a => a.getAttribute('href'))")
    assert len(targets) == 8
    for target in targets:
        assert page.locator(f"{target} h2").count() == 1
    assert page.locator("th:not([scope])").count() == 0
    # What scrolls sideways can be reached and is named for who uses a keyboard.
    for region in page.locator(".scroll").all():
        assert region.get_attribute("tabindex") == "0" and region.get_attribute("aria-label")


def test_it_prints(browser, path):
    """White paper whatever the screen is like, light figures, several pages, nothing cut off."""
    visit = Visit(browser, path, "desk_dark")
    pdf = visit.page.pdf(format="A4")
    assert pdf.startswith(b"%PDF") and pdf.rstrip().endswith(b"%%EOF")
    pages = len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf))
    assert 3 <= pages <= 12
    visit.page.set_viewport_size({"width": 680, "height": 900})  # A4 without its margins
    visit.page.emulate_media(media="print", color_scheme="dark")
    visit.keep("print")
    assert visit.overflow() <= 0
    wide = visit.page.eval_on_selector_all(
        ".scroll",
        "all => all.filter(e => e.checkVisibility() && e.scrollWidth > e.clientWidth).length",
    )
    assert wide == 0
    page, figure = brightness(visit)
    assert page == 255 and figure > 250
    assert not visit.page.locator("nav").is_visible()
    visit.page.close()


@pytest.mark.parametrize("look", ["desk", "phone"])
def test_hostile_text_does_nothing(browser, hostile_path, look):
    visit = Visit(browser, hostile_path, look)
    visit.unfold()
    visit.keep(f"hostile_{look}")
    page = visit.page
    assert page.evaluate("window.pwned") is None and visit.said == []
    assert [url for url in visit.asked if not url.startswith("data:")] == [page.url]
    assert visit.overflow() <= 0
    assert page.locator("h1").count() == 1 and page.locator("script").count() == 0
    assert page.locator("img").count() == 3 and page.locator("section").count() == 8
    assert page.get_by_text("<script>window.pwned = 1</script>").count() > 0
    assert page.get_by_text("{{ 7 * 7 }}").count() > 0 and page.get_by_text("49").count() == 0
    page.close()


def test_a_script_would_not_run_even_if_it_got_in(browser, path, tmp_path):
    """The page's own policy forbids scripts and requests: the second line of defence."""
    html = path.read_text(encoding="utf-8")
    attack = "<script>window.pwned = 1</script><img src='http://127.0.0.1:9/x'>"
    opened = tmp_path / "opened.html"
    opened.write_text(html.replace("<main>", f"<main>{attack}"), encoding="utf-8")
    visit = Visit(browser, opened, "desk")
    assert visit.page.evaluate("window.pwned") is None
    assert any("Content Security Policy" in words for words in visit.said)
    visit.page.close()
