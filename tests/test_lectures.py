"""The lecture notebooks: complete, short, true, readable without eyes, and fit to travel alone."""

import base64
import contextlib
import functools
import io
import itertools
import re
import shutil
import statistics
import sys
from html.parser import HTMLParser

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from conftest import run
from nbclient import NotebookClient
from PIL import Image
from test_source import code_cells, lines_of_code

from grading.bank import ROOT
from grading.refresh import CELL_METADATA, NOTEBOOK_METADATA, printed

FOLDER = ROOT / "notebooks"
NAMES = [
    "1_convolution_and_correlation",
    "2_anatomy_of_a_conv_layer",
    "3_backpropagation_through_conv_and_pool",
]


@pytest.fixture(scope="module", params=NAMES)
def name(request):
    """The name of each lecture in turn."""
    return request.param


@pytest.fixture(scope="module")
def lecture(name):
    """Each lecture as committed."""
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The folder of the lectures, somewhere without the rest of the repository."""
    folder = tmp_path_factory.mktemp("alone") / "notebooks"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    return folder


@pytest.fixture(scope="module")
def executed(name, alone):
    """Each lecture, run where nothing but its own folder is at hand."""
    nb = nbformat.read(alone / f"{name}.ipynb", as_version=4)
    client = NotebookClient(nb, timeout=120, resources={"metadata": {"path": alone}})
    client.execute()
    return nb


@functools.cache
def play(name):
    """What a lecture defines, and the calls of sliders in it, run in this process."""
    nb = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    calls, names = [], {}
    sys.path.insert(0, str(FOLDER))
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            for cell in code_cells(nb):
                exec(compile(cell.source, cell.id, "exec"), names)
                names["sliders"] = lambda *draw, **ranges: calls.append((draw, ranges))
    finally:
        sys.path.remove(str(FOLDER))
    return names, calls


def prose_cells(nb):
    return [cell for cell in nb.cells if cell.cell_type == "markdown"]


class Images(HTMLParser):
    """Collects the attributes of every <img> tag in a text."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag == "img":
            self.found.append(dict(attrs))


def drawn(nb):
    """Pairs (id of a code cell, attributes of the image that it shows)."""
    return [
        (cell.id, image)
        for cell in code_cells(nb)
        for output in cell.outputs
        if "text/html" in output.get("data", {})
        for image in Images(output.data["text/html"]).found
    ]


def pixels(image):
    """The pixels of an image whose source is a data URI, shape (height, width, 3)."""
    kind, data = image["src"].split(",", 1)
    assert kind == "data:image/png;base64"
    with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
        return np.array(picture.convert("RGB"), dtype=int)


def test_there_are_three_lectures():
    assert sorted(path.stem for path in FOLDER.glob("*.ipynb")) == NAMES


# What a reader meets, from the title to the link at the end.


def test_one_title_and_an_honest_duration(lecture, name):
    titles = [line for c in prose_cells(lecture) for line in re.findall(r"(?m)^# .*", c.source)]
    assert len(titles) == 1 and titles[0].startswith(f"# Lecture {name[0]}: ")
    (minutes,) = re.findall(r"\*(\d+) minutes to read", lecture.cells[0].source)
    assert 10 <= int(minutes) <= 20
    words = sum(len(c.source.split()) for c in prose_cells(lecture) if "<details>" not in c.source)
    # Formulas and tables count as words here, and are read slowly; code is read, too.
    assert words / 200 + len(code_cells(lecture)) / 6 <= int(minutes) + 2


def test_sections_are_numbered(lecture):
    headings = [h for c in prose_cells(lecture) for h in re.findall(r"(?m)^## (.*)", c.source)]
    *numbered, summary, exercises = headings
    assert [int(heading.split(" - ")[0]) for heading in numbered] == [*range(1, len(numbered) + 1)]
    assert (summary, exercises) == ("Summary", "Exercises")


def test_it_keeps_what_it_promises(lecture):
    """The list of aims comes back at the end, in the past tense."""
    by_id = {cell.id: cell.source for cell in lecture.cells}
    goals, done = (re.findall(r"(?m)^- (.*)", by_id[key]) for key in ("goals", "done"))
    assert "After this lecture you will be able to" in by_id["goals"]
    assert "You have now" in by_id["done"]
    assert len(goals) == len(done) >= 5
    for goal, past in zip(goals, done, strict=True):
        assert len(set(goal.split()) & set(past.split())) >= len(goal.split()) / 2, past


def test_the_reader_predicts(lecture):
    """A prediction stands directly above the cell that answers it."""
    places = [i for i, c in enumerate(lecture.cells) if "**Predict.**" in c.source]
    assert len(places) >= 6
    for place in places:
        after = [cell.cell_type for cell in lecture.cells[place + 1 : place + 3]]
        assert "code" in after, lecture.cells[place].id


def test_exercises_have_folded_solutions(lecture):
    exercises = [c.source for c in prose_cells(lecture) if c.id.startswith("exercise_")]
    assert len(exercises) >= 4
    for number, source in enumerate(exercises, 1):
        assert source.startswith(f"**{number}. ")
        folded = re.findall(r"<details><summary>(\w+)</summary>\n\n.+?\n\n</details>", source, re.S)
        assert folded in (["Solution"], ["Hint", "Solution"]), source


def test_the_last_cell_leads_on(lecture):
    assert lecture.cells[-1].id == "next"
    links = re.findall(r"\]\(([^)]+)\)", lecture.cells[-1].source)
    assert links
    for cell in prose_cells(lecture):
        for link in re.findall(r"\]\((?!https?://)([^)]+)\)", cell.source):
            assert (FOLDER / link).resolve().is_file(), link


# Size and form.


def test_cells_are_short(lecture):
    sizes = sorted(map(lines_of_code, code_cells(lecture)))
    assert statistics.median(sizes) <= 6
    assert sum(size <= 20 for size in sizes) >= 0.9 * len(sizes)
    assert sizes[-1] <= 40
    for cell in prose_cells(lecture):
        assert len(cell.source.split()) <= 140, cell.id


def test_metadata_and_ids_are_clean(lecture):
    assert set(lecture.metadata) <= NOTEBOOK_METADATA
    ids = [cell.id for cell in lecture.cells]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z][A-Za-z0-9_]*", i) for i in ids)
    assert all(set(cell.metadata) <= CELL_METADATA for cell in lecture.cells)
    counts = [cell.execution_count for cell in code_cells(lecture)]
    assert counts == list(range(1, len(counts) + 1))


def test_code_passes_ruff(name):
    for arguments in (["check"], ["format", "--check"]):
        path = str(FOLDER / f"{name}.ipynb")
        done = run(sys.executable, "-m", "ruff", *arguments, path)
        assert done.returncode == 0, done.stdout + done.stderr


def test_outputs_are_short_and_without_errors(lecture):
    for cell in code_cells(lecture):
        for output in cell.outputs:
            assert output.output_type in ("stream", "execute_result"), cell.id
            assert output.get("name", "stdout") == "stdout", cell.id
            # The name of a widget means nothing once its kernel is gone.
            assert set(output.get("data", {})) <= {"text/html", "text/plain"}, cell.id
        lines = printed(cell).split("\n")
        assert len(lines) <= 12 and max(map(len, lines)) <= 90, cell.id


def test_files_are_small(name):
    assert (FOLDER / f"{name}.ipynb").stat().st_size < 700_000


# Pictures.


def test_every_picture_has_alternative_text(lecture):
    shown = drawn(lecture)
    assert len(shown) >= 5
    for place, image in shown:
        assert len(image["alt"].split()) >= 8, place
        assert int(image["width"]) <= 760, place
        # Two pixels of the file for each one on the page.
        assert abs(pixels(image).shape[1] - 2 * int(image["width"])) <= 2, place


def test_every_figure_file_is_shown_with_alternative_text():
    used = set()
    for name in NAMES:
        for cell in prose_cells(nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)):
            assert "![" not in cell.source, "use an <img> tag: it has a width"
            for image in Images(cell.source).found:
                assert len(image["alt"].split()) >= 8 and int(image["width"]) <= 760
                used.add(FOLDER / image["src"])
    assert used == set((FOLDER / "figures").iterdir())


def test_pictures_are_in_step(lecture, executed):
    """What the cells draw today is what is committed, but for the soft edges of letters."""
    committed, new = drawn(lecture), drawn(executed)
    assert [place for place, _ in committed] == [place for place, _ in new]
    for (place, old), (_, image) in zip(committed, new, strict=True):
        before, after = pixels(old), pixels(image)
        assert before.shape == after.shape, f"{place} is stale: run `make outputs`"
        differs = np.abs(before - after).max(axis=-1) > 96
        assert differs.mean() < 0.005, f"{place} is stale: run `make outputs`"


def test_text_is_never_cut_off(lecture):
    """Drawings keep a white margin, so nothing runs out of the picture."""
    for place, image in drawn(lecture):
        values = pixels(image)
        border = np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])
        assert (border > 250).all(), place


# Sliders.


def test_there_is_something_to_drag_and_a_still_picture(lecture, executed):
    """Live, there is a widget; in the file, the picture alone."""
    places = [cell.id for cell in code_cells(lecture) if cell.source.startswith("sliders(")]
    assert places
    kept, live = dict(drawn(lecture)), {cell.id: cell for cell in executed.cells}
    for place in places:
        assert place in kept
        (output,) = live[place].outputs
        assert "application/vnd.jupyter.widget-view+json" in output.data


def test_sliders_draw_in_every_corner(name):
    """The lowest and highest value of every slider, in all combinations."""
    _, calls = play(name)
    assert calls
    for (draw, *arrays), ranges in calls:
        for corner in itertools.product(*[(low, high) for low, high, *_ in ranges.values()]):
            values = dict(zip(ranges, corner, strict=True))
            image = Images(draw(*arrays, **values)._repr_html_()).found[0]
            assert len(image["alt"].split()) >= 8, (draw, values)
            border = pixels(image)[[0, -1]]
            assert (border > 250).all(), (draw, values)
    assert not plt.get_fignums(), "a drawing was left open"


MOVE = """
import json
from lecture import sliders
from lecture.anatomy import walk

shown = sliders(walk, 7, f=(1, 5), stride=(1, 3))
bundle = shown._repr_mimebundle_()
kinds = sorted(bundle)
changed = None
if shown.panel is not None:
    first, _, picture = shown.panel.children
    before = picture.value
    first.value = 4
    changed = picture.value != before and "A 4 x 4 window" in picture.value
    # The still picture is the one with the values that the text speaks of.
    assert bundle == shown._repr_mimebundle_()
print(json.dumps([kinds, changed]))
"""


@pytest.mark.parametrize("widgets", [True, False])
def test_sliders_move_the_picture_or_do_without(alone, widgets):
    without = "import sys; sys.modules['ipywidgets'] = None\n"
    done = run(sys.executable, "-c", ("" if widgets else without) + MOVE, cwd=alone)
    widget = '"application/vnd.jupyter.widget-view+json", ' if widgets else ""
    changed = "true" if widgets else "null"
    assert done.stdout == f'[[{widget}"text/html", "text/plain"], {changed}]\n', done.stderr


# What the text states.


def solution(name, exercise):
    """The folded solution of an exercise."""
    nb = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    (source,) = [cell.source for cell in nb.cells if cell.id == exercise]
    return source.split("<summary>Solution</summary>")[1]


def test_numbers_of_lecture_1_are_true():
    names, _ = play(NAMES[0])
    assert "1, 5, 6" in solution(NAMES[0], "exercise_1")
    np.testing.assert_array_equal(np.convolve([1, 2], [1, 3]), [1, 5, 6])
    photo, correlate = names["photo"], names["correlate"]
    right = np.array([[0, 0, 0], [1, 0, 0], [0, 0, 0]])
    assert str(right.tolist()) in solution(NAMES[0], "exercise_3")
    np.testing.assert_array_equal(correlate(photo, right), photo[1:-1, :-2])
    np.testing.assert_array_equal(correlate(photo, right[::-1, ::-1]), photo[1:-1, 2:])
    pattern, signal = names["pattern"], np.array([0, 1, 3, 2, 0, 5, 5, 5, 0])
    assert np.argmax(np.correlate(signal, pattern, "valid")) == 5
    np.testing.assert_array_equal(pattern - pattern.mean(), [-1, 1, 0])
    assert np.correlate(signal, pattern - pattern.mean(), "valid")[5] == 0


def test_a_larger_kernel_learns_zeros_around():
    """Exercise 5 of lecture 1: a thousand steps at a rate of 0.04, right to two decimals."""
    names, _ = play(NAMES[0])
    kernel, target = np.zeros((5, 5)), names["target"][1:-1, 1:-1]
    for _ in range(1000):
        error = names["correlate"](names["centred"], kernel) - target
        kernel -= 0.04 * names["gradient"](names["centred"], error, f=5)
    np.testing.assert_allclose(kernel, np.pad(names["secret"], 1), atol=0.01)


def test_numbers_of_lecture_2_are_true():
    names, _ = play(NAMES[1])
    shape, parameters, multiplications = names["conv"]((32, 32, 3), 5, 2, 10)
    said = solution(NAMES[1], "exercise_1").replace("\\,", "")
    assert (shape, parameters, multiplications) == ((32, 32, 10), 760, 768000)
    assert "760 parameters" in said.replace("$", "") and "768000" in said
    size, field = names["output_size"], names["receptive_field"]
    assert size(224, 11, 0, 4) == 54 and (54 - 1) * 4 + 11 == 224 - 1
    assert size(227, 11, 0, 4) == 55 and (55 - 1) * 4 + 11 == 227
    fields = [field([(3, 1), (2, 2)] * pairs) for pairs in (1, 2, 3, 4)]
    assert ", ".join(map(str, fields)) in solution(NAMES[1], "exercise_4")
    assert field([(3, 1)] * 13) < 28 <= field([(3, 1)] * 14)
    red, green, blue = np.moveaxis(names["portrait"].astype(float), -1, 0)
    wall, rope = np.s_[20:100, 420:500], np.s_[100:200, 137:143]
    assert blue[wall].mean() > 1.5 * green[wall].mean() > 2 * red[wall].mean()
    assert red[rope].mean() > green[rope].mean() > 2 * blue[rope].mean()


def test_pooling_forgets_small_shifts():
    """Section 8 and exercise 5 of lecture 2."""
    names, _ = play(NAMES[1])
    digit, max_pool = names["digit"], names["picture"].max_pool
    shifted = np.roll(digit, 1, axis=1)
    for f, low, high in ((1, 0.5, 1), (2, 0, 0.5), (4, 0, 0)):
        before, after = max_pool(digit, f), max_pool(shifted, f)
        share = np.sum(before != after) / np.sum(np.maximum(before, after))
        assert low <= share <= high, f
    by_two = max_pool(np.roll(digit, 2, axis=1), 2)
    np.testing.assert_array_equal(by_two, np.roll(max_pool(digit, 2), 1, axis=1))


def test_numbers_of_lecture_3_are_true():
    names, _ = play(NAMES[2])
    forward, slopes, A, W = (names[key] for key in ("forward", "slopes", "A_prev", "W"))
    dZ, dA = names["dZ"], names["dA_prev"]
    ones = np.ones((2, 2))
    np.testing.assert_array_equal(forward(A, ones), [[12, 16], [24, 28]])
    assert forward(np.pad(ones, 1), W[::-1, ::-1])[1, 1] == 2
    assert dA.sum() == W.sum() * dZ.sum() == 20
    # Exercise 3: a forward pass that turns its kernel.
    turned = slopes(lambda x: np.sum(forward(x, W[::-1, ::-1]) * dZ), A)
    np.testing.assert_allclose(turned, forward(np.pad(dZ, 1), W), atol=1e-6)
    # Exercise 4: which pixels win.
    for image, want in ((A, [5, 6, 8, 9]), (10 - A, [9, 8, 6, 5])):
        windows = [image[h : h + 2, w : w + 2].max() for h, w in np.ndindex(2, 2)]
        assert windows == want
    # Exercise 5: dW with a stride of 2.
    large = np.arange(25.0).reshape(5, 5)
    dW = forward(large, names["apart"])[:2, :2]
    assert ", ".join(f"{x:g}" for x in dW.ravel()) in solution(NAMES[2], "exercise_5")
    loss = slopes(lambda V: np.sum(forward(large, V)[::2, ::2] * dZ), W)
    np.testing.assert_allclose(loss, dW, atol=1e-6)


def test_the_advice_on_step_sizes_is_true():
    """Central, 1e-5 to 1e-4: far below the 1e-7 that lecture 3 calls well, and it has a best."""
    names, _ = play(NAMES[2])
    errors = dict(
        zip(names["epsilons"], np.transpose([names["one_sided"], names["central"]]), strict=True)
    )
    for epsilon, (one_sided, central) in errors.items():
        if 5e-6 < epsilon < 2e-4:
            assert central < 1e-8 < one_sided
    for place in (0, 1):
        curve = [pair[place] for pair in errors.values()]
        assert min(curve) < 1e-2 * curve[0] and min(curve) < 1e-2 * curve[-1]
