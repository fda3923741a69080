"""Whose submission it is, when it was handed in, and which version counts; nothing is lost."""

import io
import json
import os
import shutil
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_course import ASSIGNMENT, NOTEBOOK, SmallCourse, cell_of

from grading import verdicts
from grading.collect import Collector
from grading.names import MAX_ID, KnownStudent, Owner, Roster, owner_of, safe_id
from grading.settings import CourseError

FILE = f"{NOTEBOOK}.ipynb"


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """A course that was released once; tests work on copies."""
    return SmallCourse(tmp_path_factory.mktemp("released") / "c")


@pytest.fixture
def course(released, tmp_path):
    """A fresh copy of the course."""
    shutil.copytree(released.folder, tmp_path / "c")
    fresh = SmallCourse.__new__(SmallCourse)
    fresh.folder = tmp_path / "c"
    return fresh


def notebook(course, note="right"):
    """Bytes of a right notebook with a note in it."""
    nb = course.released()
    cell_of(nb, "title").source += f"\n\n{note}"
    return nbformat.writes(nb).encode()


def zip_file(path, files, when=(2026, 5, 1, 12, 0, 0)):
    """Write a zip file of {name: bytes} or {name: (bytes, time)}."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            data, time = data if isinstance(data, tuple) else (data, when)
            archive.writestr(zipfile.ZipInfo(name, time), data)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(stream.getvalue())
    return path


def take_in(course, *paths, config="", **options):
    """Verdicts by student."""
    if config:
        path = course.folder / "nbgrader_config.py"
        path.write_text(path.read_text() + config + "\n")
    counts, time = options.pop("counts", None), options.pop("time", None)
    collector = Collector(course.folder, ASSIGNMENT, counts, time)
    return {row.student: row for row in collector.take_in(paths, **options)}


def filed(course, student):
    return (course.folder / "submitted" / student / ASSIGNMENT / FILE).read_bytes()


VIENNA = 'c.Collect.timezone = "Europe/Vienna"'


def test_a_download_from_moodle(course, tmp_path):
    good = notebook(course)
    path = zip_file(
        tmp_path / "CNN-2026-1_step_by_step-4711.zip",
        {
            f"Ada Lovelace_123456_assignsubmission_file_/{FILE}": good,
            f"Zoë van der Berg_123457_assignsubmission_file_/mine/{FILE}": good,
            "Zoë van der Berg_123457_assignsubmission_onlinetext_/onlinetext.html": b"<p>Hi",
            f"Emmy Noether_123458_assignsubmission_file_{FILE}": good,
            "Only Text_123459_assignsubmission_onlinetext_/onlinetext.html": b"<p>Hi",
        },
    )
    rows = take_in(course, path, config=VIENNA)
    assert sorted(rows) == ["123456", "123457", "123458", "123459"]
    assert rows["123457"].name == "Zoë van der Berg"
    assert rows["123459"].why == "nothing was handed in"
    for student in ("123456", "123457", "123458"):
        assert (rows[student].outcome, rows[student].repairs) == ("graded", "")
        assert rows[student].time == "2026-05-01T10:00:00+00:00"  # noon in Vienna's summer
        assert filed(course, student) == good
    stamp = course.folder / "submitted" / "123456" / ASSIGNMENT / "timestamp.txt"
    assert stamp.read_text().startswith("2026-05-01 10:00:00.000000 UTC")
    collector = Collector(course.folder, ASSIGNMENT)
    with collector.gradebook() as gradebook:
        zoe = gradebook.find_student("123457")
        assert (zoe.first_name, zoe.last_name) == ("Zoë van der", "Berg")


def test_a_download_from_canvas(course, tmp_path):
    good = notebook(course)
    rows = take_in(
        course,
        zip_file(
            tmp_path / "submissions.zip",
            {
                "lovelaceada_340934_208490284_small.ipynb": good,
                "noetheremmy_LATE_340935_208490285_small-2.ipynb": good,
                "berg_340936_208490286_My Homework.zip": zip_bytes(tmp_path, {FILE: good}),
                "anon_LATE_Ab3xY_208490287_small.ipynb": good,
            },
        ),
    )
    assert sorted(rows) == ["340934", "340935", "340936", "Ab3xY"]
    assert {row.outcome for row in rows.values()} == {"graded"}
    assert rows["340935"].remarks == "the platform marks it late"
    assert rows["340936"].time == rows["340934"].time
    with Collector(course.folder, ASSIGNMENT).gradebook() as gradebook:
        assert gradebook.find_student("340934").lms_user_id == "340934"


def zip_bytes(tmp_path, files):
    return zip_file(tmp_path / "inner.zip", files, (2020, 1, 1, 0, 0, 0)).read_bytes()


@pytest.mark.parametrize(
    ("files", "students"),
    [
        ({f"ada/{FILE}": 1, f"bob/{FILE}": 2}, ["ada", "bob"]),
        ({f"ada/{ASSIGNMENT}/{FILE}": 1, f"bob/2_other/{FILE}": 2}, ["ada"]),
        ({f"class/ada/{FILE}": 1, f"class/bob/{FILE}": 2}, ["ada", "bob"]),
        ({f"ada/{FILE}": 1, "ada/notes/x.txt": 2}, ["ada"]),
        ({"ada_small.ipynb": 1, "small-bob.ipynb": 2}, ["ada", "bob"]),
        ({f"ada/lovelace_1_2_{FILE}": 1, f"bob/{FILE}": 2}, ["ada", "bob"]),
        ({f"Ada L_7_assignsubmission_file_/bob_8_9_{FILE}": 1}, ["7"]),
        ({FILE: 1}, ["download"]),
        ({FILE: 1, "small (1).ipynb": 2}, ["download"]),
        ({"one.ipynb": 1, "two.ipynb": 2}, [""]),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_who_is_told_by_names(course, tmp_path, files, students, packed):
    (course.folder / "source" / "2_other").mkdir()
    (course.folder / "source" / "2_other" / "other.ipynb").write_bytes(
        (course.folder / "source" / ASSIGNMENT / FILE).read_bytes()
    )
    made = {name: notebook(course, str(number)) for name, number in files.items()}
    if packed:
        path = zip_file(tmp_path / "download.zip", made)
    else:
        path = tmp_path / "download"
        for name, data in made.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(data)
    rows = take_in(course, path)
    assert sorted(rows) == students


def test_zip_files_of_students_in_a_folder(course, tmp_path):
    for name in ("ada", "bob"):
        zip_file(tmp_path / "in" / f"{name}.zip", {f"work/{FILE}": notebook(course, name)})
        os.utime(tmp_path / "in" / f"{name}.zip", (1_777_777_777, 1_777_777_777))
    rows = take_in(course, tmp_path / "in")
    assert sorted(rows) == ["ada", "bob"]
    # When a student packed the file is not when it was handed in.
    assert rows["ada"].time == datetime.fromtimestamp(1_777_777_777, UTC).isoformat()


def test_a_single_notebook_needs_to_be_somebodys(course, tmp_path):
    path = tmp_path / FILE
    path.write_bytes(notebook(course))
    rows = take_in(course, path)
    assert "take it in with --student" in rows[""].why
    assert not (course.folder / "submitted").exists()
    rows = take_in(course, path, student="ada", time=datetime(2026, 5, 1, 12, tzinfo=UTC))
    assert list(rows) == ["ada"]
    assert (rows["ada"].time, rows["ada"].time_from) == ("2026-05-01T12:00:00+00:00", "option")
    assert filed(course, "ada") == path.read_bytes()


def test_the_instructors_own_names(course, tmp_path):
    name = "ps1_bitdiddle_attempt_2026-01-30-15-00-00_small.ipynb"
    path = zip_file(tmp_path / "x.zip", {name: notebook(course)})
    config = (
        "c.FileNameCollectorPlugin.named_regexp = "
        r"r'.*_(?P<student_id>\w+)_attempt_(?P<timestamp>[0-9\-]+)_(?P<file_id>.*)'"
    )
    (row,) = take_in(course, path, config=config).values()
    assert row.student == "bitdiddle"
    assert row.outcome == "repaired" and row.repairs.startswith("renamed")


def test_names_that_paths_can_t_hold(course, tmp_path):
    names = ["ada+lovelace", "a*b", "[x]", "Zoë", "..", "CON", "a{b}", "x" * 200, "ada,bob", "-rf"]
    files = {f"{name}/{FILE}": notebook(course, name) for name in names if name != ".."}
    rows = take_in(course, zip_file(tmp_path / "x.zip", files))
    assert len(rows) == len(files)
    for student in rows:
        assert (course.folder / "submitted" / student / ASSIGNMENT / FILE).is_file()
        assert safe_id(student) == student


def test_ids_that_differ_in_case_only_are_two_students(course, tmp_path):
    path = zip_file(
        tmp_path / "x.zip",
        {f"Ada/{FILE}": notebook(course, "1"), f"ada/{FILE}": notebook(course, "2")},
    )
    first = take_in(course, path)
    assert len({student.casefold() for student in first}) == 2
    assert take_in(course, path) == first


@given(st.text(max_size=300))
def test_every_text_has_a_safe_id(text):
    made = safe_id(text)
    assert made == safe_id(made)
    assert 0 < len(made.encode()) <= MAX_ID
    assert not set(made) & set("/\\*?[]{}+,:|<>\"' \n\t\0~$&;()!#%") and made[0] not in ".-"


def test_one_person_with_two_ways_to_write_an_accent():
    roster = Roster()
    ids = {roster.id_of(owner_of(f"Jos{e}_5_assignsubmission_file_")) for e in ("é", "e\u0301")}
    assert ids == {"5"}


def test_students_are_found_in_the_gradebook():
    students = [
        KnownStudent("al", "Ada", "Lovelace"),
        KnownStudent("bo", "Bob", "Berg", "77"),
        KnownStudent("b2", "Bob", "Berg"),
    ]
    roster = Roster((), students, "1_small")
    assert roster.id_of(Owner("moodle:1", "moodle", "1", "Ada LOVELACE")) == "al"
    # Another participant of that name is somebody else, and two of a name can't be told apart.
    assert roster.id_of(Owner("moodle:2", "moodle", "2", "Ada Lovelace")) == "2"
    assert roster.id_of(Owner("moodle:3", "moodle", "3", "Bob Berg")) == "3"
    assert roster.id_of(Owner("canvas:77", "canvas", "77", "bergbob")) == "bo"
    # Moodle's number of a participant changes with the assignment; the name stays.
    later = Roster([("1_small", "moodle:1", "al")], students, "2_other")
    assert later.id_of(Owner("moodle:9", "moodle", "9", "Ada Lovelace")) == "al"
    # A participant's number that happens to be another student's id.
    assert roster.id_of(Owner("moodle:al", "moodle", "al", "Carl")) != "al"


# Versions


def test_every_version_is_kept_and_the_last_one_counts(course, tmp_path):
    folder = "Ada L_7_assignsubmission_file_"
    first, second = notebook(course, "first"), notebook(course, "second")
    one = zip_file(tmp_path / "1.zip", {f"{folder}/{FILE}": first}, (2026, 5, 1, 12, 0, 0))
    two = zip_file(tmp_path / "2.zip", {f"{folder}/{FILE}": second}, (2026, 5, 2, 12, 0, 0))
    back = zip_file(tmp_path / "3.zip", {f"{folder}/{FILE}": first}, (2026, 5, 3, 12, 0, 0))
    take_in(course, two)
    # What is taken in later was handed in earlier.
    row = take_in(course, one)["7"]
    assert row.version == 1 and filed(course, "7") == second
    assert row.remarks == "version 1 of 2 counts"
    # The student went back to the first one.
    row = take_in(course, back)["7"]
    assert row.version == 3 and filed(course, "7") == first
    again = take_in(course, one, two, back)["7"]
    assert again == row
    kept = course.folder / "collected" / ASSIGNMENT / "7"
    assert [(kept / str(n) / FILE).read_bytes() for n in (1, 2, 3)] == [second, first, first]
    assert len(verdicts.load_versions(course.folder, ASSIGNMENT)) == 3


def test_a_copy_of_an_old_file_does_not_count_as_new(course, tmp_path):
    path = tmp_path / "in" / "ada" / FILE
    path.parent.mkdir(parents=True)
    for note, time in (("first", 1_700_000_000), ("second", 1_700_100_000), ("first", None)):
        path.write_bytes(notebook(course, note))
        if time:
            os.utime(path, (time, time))
        row = take_in(course, tmp_path / "in")["ada"]
    assert row.version == 2
    assert b"second" in filed(course, "ada")


def test_a_broken_last_version_does_not_undo_a_good_one(course, tmp_path):
    good = notebook(course)
    take_in(course, zip_file(tmp_path / "1.zip", {f"ada/{FILE}": good}))
    later = zip_file(tmp_path / "2.zip", {f"ada/{FILE}": b""}, (2026, 6, 1, 12, 0, 0))
    row = take_in(course, later)["ada"]
    assert (row.outcome, row.version) == ("graded", 1)
    assert "version 2 is not gradable: the file is empty" in row.remarks
    assert filed(course, "ada") == good


def test_what_is_in_submitted_already_is_kept(course, tmp_path):
    """Put there by hand or by the exchange: it becomes a version before it is replaced."""
    by_hand = course.submit("ada")
    before = by_hand.read_bytes()
    os.utime(by_hand, (1_700_000_000, 1_700_000_000))
    row = take_in(course, zip_file(tmp_path / "x.zip", {f"ada/{FILE}": notebook(course)}))["ada"]
    assert row.version == 2 and filed(course, "ada") != before
    kept = course.folder / "collected" / ASSIGNMENT / "ada" / "1" / FILE
    assert kept.read_bytes() == before


def test_of_two_files_the_numbered_one_is_later_and_the_wrong_one_never_counts(course, tmp_path):
    files = {
        f"ada/{FILE}": notebook(course, "first"),
        "ada/small (1).ipynb": notebook(course, "second"),
        "ada/Untitled.ipynb": json.dumps(
            {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        ).encode(),
    }
    row = take_in(course, zip_file(tmp_path / "x.zip", files))["ada"]
    assert b"second" in filed(course, "ada")
    assert row.outcome == "repaired" and "small (1).ipynb" in row.repairs


def test_a_newer_file_beside_the_notebook_is_kept_too(course, tmp_path):
    data = notebook(course)
    for text in (b"1", b"2"):
        path = zip_file(tmp_path / "x.zip", {f"ada/{FILE}": data, "ada/helper.py": text})
        take_in(course, path)
    kept = course.folder / "collected" / ASSIGNMENT / "ada"
    assert [(kept / n / "helper.py").read_bytes() for n in ("1", "2")] == [b"1", b"2"]


def test_a_flood_of_notebooks_is_bounded(course, tmp_path):
    files = {f"ada/x{number}.ipynb": b"{}" for number in range(100)}
    files[f"ada/{FILE}"] = notebook(course)
    row = take_in(course, zip_file(tmp_path / "x.zip", files))["ada"]
    assert row.outcome == "graded"
    assert "only 20 of 101 notebooks were looked at" in row.remarks
    kept = course.folder / "collected" / ASSIGNMENT / "ada"
    assert len(list(kept.rglob("*.ipynb"))) == 20


def test_what_lies_beside_the_notebook_can_t_use_up_the_limit(course, tmp_path, monkeypatch):
    monkeypatch.setattr("grading.intake.MAX_TOTAL", 2**20)
    files = {f"ada/{number}.bin": b"x" * 300_000 for number in range(9)}
    files[f"ada/{FILE}"] = notebook(course)
    row = take_in(course, zip_file(tmp_path / "x.zip", files))["ada"]
    assert row.outcome == "graded" and filed(course, "ada") == files[f"ada/{FILE}"]
    assert "left out" in row.remarks and "more files that can't be read" in row.remarks


def test_links_are_not_followed(course, tmp_path):
    (tmp_path / "secret.ipynb").write_bytes(notebook(course))
    (tmp_path / "in" / "ada").mkdir(parents=True)
    (tmp_path / "in" / "ada" / FILE).symlink_to(tmp_path / "secret.ipynb")
    (tmp_path / "in" / "bob").symlink_to(tmp_path)
    assert take_in(course, tmp_path / "in") == {}


def test_a_table_holds_no_formula(course, tmp_path):
    names = ["=cmd|'calc'!A1", "@SUM(1)", "'quoted"]
    path = zip_file(
        tmp_path / "x.zip",
        {f"{n}_{i}_assignsubmission_file_/{FILE}": notebook(course) for i, n in enumerate(names)},
    )
    rows = take_in(course, path)
    table = (course.folder / "collected" / ASSIGNMENT / "verdicts.csv").read_text()
    assert all(name not in table.replace(f"'{name}", "") for name in names)
    assert [row.name for row in verdicts.load(course.folder, ASSIGNMENT)] == names
    assert list(rows) == ["0", "1", "2"]


def test_what_grades_may_change_a_verdict(course, tmp_path):
    path = zip_file(tmp_path / "x.zip", {f"ada/{FILE}": notebook(course)})
    row = take_in(course, path)["ada"]
    worse = replace(row, outcome="not_gradable", why="it ended every worker")
    verdicts.record(course.folder, ASSIGNMENT, [worse])
    (kept,) = verdicts.load(course.folder, ASSIGNMENT)
    assert kept == replace(worse, by="grading")
    # It stays, until another version counts.
    assert take_in(course, path) == {"ada": kept}
    later = {f"ada/{FILE}": notebook(course, "second")}
    row = take_in(course, zip_file(tmp_path / "y.zip", later, (2026, 6, 1, 0, 0, 0)))["ada"]
    assert (row.outcome, row.by) == ("graded", "collect")


def test_errors_say_what_to_do(course, tmp_path):
    with pytest.raises(CourseError, match=f"holds no assignment '9_none', but {ASSIGNMENT}"):
        Collector(course.folder, "9_none")
    with pytest.raises(CourseError, match="no such file or folder: nowhere"):
        take_in(course, Path("nowhere"))
    with pytest.raises(CourseError, match="holds no nbgrader_config.py"):
        Collector(tmp_path, ASSIGNMENT)
    with pytest.raises(CourseError, match="no zone 'Mars/Base'"):
        take_in(course, tmp_path, config='c.Collect.timezone = "Mars/Base"')
    with pytest.raises(CourseError, match="'counts' trait"):
        take_in(course, tmp_path, config='c.Collect.counts = "first"')
