"""An instructor mends what is already out: it reaches students, no answer is lost, all is graded.

The commands are nbgrader's own, and the mended version is compiled from source by them.
"""

import os
import subprocess
import sys

import nbformat
import pytest
from students_folder import NAME, cell_of

from grading.bank import solutions
from grading.course import Course
from grading.demo import ASSIGNMENT
from grading.notebooks import answer_cell, notebook_path, read

RIGHT = solutions(ASSIGNMENT)


def command(folder, home, *arguments, code=0):
    """A command of somebody in a folder."""
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PATH": path, "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """A course that has released the assignment to an exchange, and a student's home."""
    root = tmp_path_factory.mktemp("places")
    exchange, home = root / "exchange", root / "home"
    exchange.mkdir(mode=0o777)
    exchange.chmod(0o777)
    home.mkdir()
    course = Course.create(root / "course")
    shared = f"\nc.Exchange.root = {str(exchange)!r}\n"
    with open(course.folder / "nbgrader_config.py", "a", encoding="utf-8") as config:
        config.write(shared)
    own = "c = get_config()\nc.CourseDirectory.course_id = 'convnets_from_scratch'\n" + shared
    (home / "nbgrader_config.py").write_text(own, encoding="utf-8")
    command(course.folder, home, "-m", "nbgrader", "generate_assignment", ASSIGNMENT)
    command(course.folder, home, "-m", "nbgrader", "release_assignment", ASSIGNMENT)
    return course, home


def mend(course, home):
    """A typo in the prose, a better check, and a new text; then release once more."""
    path = notebook_path("source", ASSIGNMENT, course.folder)
    nb = read(path)
    title = cell_of(nb, "title")
    title.source = title.source.replace("A convolutional network", "Each convolutional network")
    test = cell_of(nb, "test_distribute_value")
    assert "(-1.0, (2, 2), -0.25)" in test.source
    test.source = test.source.replace("(-1.0, (2, 2), -0.25)", "(-6.0, (3, 2), -1.0)")
    nb.cells.insert(2, nbformat.v4.new_markdown_cell("**Mended**", id="mended"))
    nbformat.write(nb, path)
    command(course.folder, home, "-m", "nbgrader", "generate_assignment", ASSIGNMENT)
    command(course.folder, home, "-m", "nbgrader", "release_assignment", "--force", ASSIGNMENT)


def test_a_mended_release_reaches_students_who_have_begun(places):
    course, home = places
    folder = home / ASSIGNMENT
    command(home, home, "-m", "nbgrader", "fetch_assignment", ASSIGNMENT)
    nb = read(folder / NAME)
    for function, source in RIGHT.items():
        answer_cell(nb, function).source = source + "\n# in my own words"
    nb.cells.insert(50, nbformat.v4.new_markdown_cell("my note", id="note"))
    nbformat.write(nb, folder / NAME)
    before = (folder / NAME).read_bytes()
    mend(course, home)

    # Fetching again refuses to touch a folder that is there; so it is renamed, as we advise.
    command(home, home, "-m", "nbgrader", "fetch_assignment", ASSIGNMENT, code=1)
    assert (folder / NAME).read_bytes() == before
    folder.rename(home / "old")
    command(home, home, "-m", "nbgrader", "fetch_assignment", ASSIGNMENT)
    command(folder, home, "renew.py", f"../old/{NAME}")
    assert (home / "old" / NAME).read_bytes() == before
    after = read(folder / NAME)
    assert cell_of(after, "note").source == "my note"
    assert "(-6.0, (3, 2), -1.0)" in cell_of(after, "test_distribute_value").source
    assert cell_of(after, "mended") and "Each conv" in cell_of(after, "title").source
    for function, source in RIGHT.items():
        assert answer_cell(after, function).source == source + "\n# in my own words"
    said = command(home, home, "-m", "nbgrader", "validate", str(folder / NAME))
    assert "Success!" in said and "changed" not in said

    command(home, home, "-m", "nbgrader", "submit", ASSIGNMENT)
    command(course.folder, home, "-m", "nbgrader", "collect", ASSIGNMENT)
    command(course.folder, home, "-m", "nbgrader", "autograde", ASSIGNMENT)
    scores, maximum = course.points(ASSIGNMENT)
    (student,) = scores
    assert scores[student] == maximum and sum(maximum.values()) == 100
    # While it is graded, the cell that hands in does nothing, and all files are there.
    graded = read(course.folder / "autograded" / student / ASSIGNMENT / NAME)
    assert cell_of(graded, "files_here").outputs[0].text == "All files are here.\n"
    (output,) = cell_of(graded, "hand_in").outputs
    assert output.text.startswith("Nothing is packed in this run.")


def test_files_without_the_notebook_mend_it_in_place(places, tmp_path):
    """What an instructor gives out by e-mail or a learning platform."""
    course, home = places
    release = notebook_path("release", ASSIGNMENT, course.folder).parent
    folder = tmp_path / "mine"
    folder.mkdir()
    old = read(home / "old" / NAME)
    nbformat.write(old, folder / NAME)
    for path in release.iterdir():
        if path.suffix != ".ipynb":
            (folder / path.name).write_bytes(path.read_bytes())
    command(folder, home, "renew.py")
    after = read(folder / NAME)
    assert cell_of(after, "mended") and cell_of(after, "note")
    new = read(release / NAME)
    for function in RIGHT:
        assert answer_cell(after, function).source == answer_cell(old, function).source
    texts = {cell.source for cell in after.cells}
    assert all(cell.source in texts for cell in new.cells if cell.id not in RIGHT)
