"""The report's numbers are the class's; what is missing is said, and hostile text stays text."""

import csv
from collections import Counter
from html.parser import HTMLParser

import pytest
from conftest import run
from synthetic_class import CAUSE, HOSTILE, SyntheticClass

from grading import report, verdicts
from grading.autograde import grade_class
from grading.bank import Misconception, misconception, misconceptions, solutions
from grading.causes import causes, named_causes
from grading.course import Course
from grading.demo import ASSIGNMENT
from grading.notebooks import notebook_path
from grading.records import gather
from grading.results import ResultsError
from grading.settings import CourseError

BANK = misconceptions(ASSIGNMENT)


@pytest.fixture(scope="module")
def known(forty):
    """What the report knows of the class of forty."""
    return gather(forty.folder, ASSIGNMENT)


def work_of(known, student):
    """The work of one student."""
    return next(work for work in known.works if work.student == student)


def test_points_are_those_of_the_gradebook(forty, known):
    scores, maximum = forty.course.points(ASSIGNMENT)
    by_function, most = forty.course.points_by_function(ASSIGNMENT)
    assert known.maximum == maximum and known.total == 100
    for work in known.graded:
        assert work.points == scores[work.student]
        points = {name: known.points(work, name) for name in known.functions}
        assert points == by_function[work.student]
    assert {name: known.worth(name) for name in known.functions} == most
    assert known.tests(None) == []


def test_every_student_has_one_outcome(forty, known):
    outcomes = Counter(work.outcome for work in known.works)
    fates = {"repaired": 1, "not_gradable": 1, "not_graded": 1, "missing": 1}
    assert outcomes == {"graded": 41, **fates}
    assert work_of(known, forty.repaired).outcome == "repaired"
    assert work_of(known, "broken").details == "not JSON: line 3, column 17"
    assert work_of(known, "waiting").outcome == "not_graded"
    assert work_of(known, "absent").outcome == "missing"
    late = work_of(known, "late")
    assert late.score == 80 and late.seconds_late == 86400 and late.seconds == 30.5
    assert [work.student for work in known.works if work.by_hand] == ["by_hand"]


def test_without_a_list_of_outcomes_nothing_is_refused(forty, monkeypatch, tmp_path):
    monkeypatch.setattr(verdicts, "folder", lambda *_: tmp_path)
    outcomes = Counter(work.outcome for work in gather(forty.folder, ASSIGNMENT).works)
    assert outcomes == {"graded": 42, "missing": 3}


@pytest.mark.parametrize("text", ["", "name,what\nx,y\n"])
def test_a_list_that_is_none_is_said(forty, monkeypatch, tmp_path, text):
    (tmp_path / "verdicts.csv").write_text(text)
    monkeypatch.setattr(verdicts, "folder", lambda *_: tmp_path)
    with pytest.raises(CourseError, match="no columns student and outcome"):
        gather(forty.folder, ASSIGNMENT)


def test_states_follow_from_the_work(forty, known):
    members = {member.student: member for member in forty.members}
    for work in known.graded:
        member = members.get(work.student)
        if member is None:
            continue
        wrong = {entry.function for entry in member.mistakes}
        for name in known.functions:
            state = known.state(work, name)
            if name not in member.answers:
                assert state == "untouched"
            elif name in wrong:
                assert state in ("part", "none")
            elif member.kind != "syntax error":
                assert state == "full"


def test_each_mistake_is_counted_once_a_student(forty, known):
    ranked, unknown = causes(known, BANK)
    made = Counter((e.function, e.hint) for m in forty.members for e in m.mistakes)
    counted = {}
    for cause in ranked:
        (function,), (hint,) = cause.functions, cause.hints
        counted[function, hint] = len(cause.students)
    assert counted == made
    assert [len(c.students) for c in ranked] == sorted(made.values(), reverse=True)
    # A syntax error has no entry in the bank.
    broken = {m.student for m in forty.members if m.kind == "syntax error"}
    assert set().union(*unknown.values()) == broken and broken


def entry(function, name, hint):
    return Misconception(name, function, "a", "b", hint)


ALPHA, BETA = entry("f", "alpha", "Look at the stride."), entry("f", "beta", "Look at the sign.")
TWIN, OTHER = entry("f", "twin", "Look at the stride."), entry("g", "gamma", "Look at the stride.")
KNOWN = [ALPHA, BETA, TWIN, OTHER]


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ("AssertionError: wrong", []),
        (f"wrong\n{CAUSE}{BETA.hint}", [(BETA,)]),
        (f"wrong\n  {CAUSE}{ALPHA.hint}", [(ALPHA, TWIN)]),  # the same hint: one cause
        (f"{CAUSE}{BETA.hint} Or: {ALPHA.hint}", [(ALPHA, BETA, TWIN)]),  # named together
        (f"{CAUSE}{BETA.hint}\nor: {ALPHA.hint}\nmore", [(ALPHA, BETA, TWIN)]),  # alternatives
        (f"or: {ALPHA.hint}", []),
        (f"{CAUSE}{BETA.hint}\n{CAUSE}{ALPHA.hint}", [(BETA,), (ALPHA, TWIN)]),
        (f"{CAUSE}{BETA.hint}\n{CAUSE}{BETA.hint}", [(BETA,)]),
        (f"{CAUSE}<b>what a student wrote</b>", []),
        (f"no cause: {BETA.hint}", []),
    ],
)
def test_hints_lead_back_to_the_bank(message, found):
    assert named_causes(message, "f", KNOWN) == found


def test_a_hint_of_another_function_is_that_functions():
    assert named_causes(f"{CAUSE}{BETA.hint}", "g", KNOWN) == [(BETA,)]
    assert named_causes(f"{CAUSE}{OTHER.hint}", "g", KNOWN) == [(OTHER,)]


class Text(HTMLParser):
    """Elements of a page, and its text."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.attributes, self.words = Counter(), [], []
        self.feed(page)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        self.elements[tag] += 1
        self.attributes += attrs

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture(scope="module")
def page(forty, tmp_path_factory):
    """(folder, the page) of the class of forty."""
    folder = tmp_path_factory.mktemp("report")
    path = report.write(ASSIGNMENT, forty.folder, folder)
    return folder, path.read_text(encoding="utf-8")


def test_the_page_says_what_the_class_did(known, page):
    text = Text(page[1]).text
    scores = sorted(work.score for work in known.graded)
    middle = (scores[20] + scores[21]) / 2
    assert len(scores) == 42
    assert f"Median {report.number(middle)} of 100" in text
    assert "Handed in 44 of 45 students" in text and "Graded 42 1 of them after a repair" in text
    ranked, _ = causes(known, BANK)
    assert f"Speak about {ranked[0].functions[0]} : {ranked[0].names[0]}" in text
    for cause in ranked:
        assert cause.hints[0] in text and cause.names[0] in text
    for work in known.works:
        assert work.name in text
    assert "not JSON: line 3, column 17" in text and "renamed from 'step_by_step (1)" in text
    assert "A lead, no verdict." in text
    assert "Late Extra (30.5 s)" in text


def test_figures_lie_beside_the_page_and_hold_no_names(known, page):
    folder, html = page
    names = {path.name for path in folder.iterdir()}
    figures = {"scores.png", "functions.png", "misconceptions.png", "time.png"}
    assert names == {"index.html"} | figures
    for name in figures:
        assert (folder / name).read_bytes().startswith(b"\x89PNG")
    for words in [value for key, value in Text(html).attributes if key == "alt"]:
        assert not any(work.name in words or work.student in words for work in known.works)


def test_the_page_is_self_contained(page):
    parsed = Text(page[1])
    assert not parsed.elements.keys() & {"script", "link", "iframe", "object", "embed", "form"}
    for key, value in parsed.attributes:
        assert not key.startswith("on"), key
        if key in ("src", "srcset"):
            assert value.startswith("data:image/png;base64,")
        if key == "href":
            assert value.startswith(("#", "../")), value
    assert "url(" not in page[1] and "@import" not in page[1]
    # A mail program or a phone takes it without complaint.
    assert len(page[1]) < 1_500_000


def test_a_second_report_is_the_same_but_for_its_date(forty, page, tmp_path):
    again = report.write(ASSIGNMENT, forty.folder, tmp_path).read_text(encoding="utf-8")

    def undated(text):
        return [line for line in text.splitlines() if "Written" not in line]

    assert undated(again) == undated(page[1])


def test_what_is_missing_is_said(tmp_path, forty):
    done = run("python", "-m", "grading", "report", "9_nothing", cwd=forty.folder)
    assert done.returncode == 1
    assert f"no assignment 9_nothing in source; it holds: {ASSIGNMENT}" in done.stderr
    empty = Course.create(tmp_path / "empty")
    with pytest.raises(ResultsError, match="there is no gradebook at .*: grade first"):
        gather(empty.folder, ASSIGNMENT)
    assert not (empty.folder / "gradebook.db").exists()
    (empty.folder / "nbgrader_config.py").unlink()
    with pytest.raises(ResultsError, match="no course folder: it has no nbgrader_config.py"):
        gather(empty.folder, ASSIGNMENT)


def test_unreadable_notebooks_cost_no_report(tmp_path):
    """Points are in the gradebook; what only the notebook knows is left out."""
    course = SyntheticClass(tmp_path / "c", 3)
    with pytest.raises(ResultsError, match="has been graded yet"):
        report.write("1_step_by_step", ungraded(tmp_path / "ungraded"))
    first, second, third = (member.student for member in course.members)
    path = {
        student: notebook_path(f"autograded/{student}", ASSIGNMENT, course.folder)
        for student in (first, second, third)
    }
    path[first].write_text("{ not JSON")
    path[second].unlink()
    path[third].write_text('{"cells": [1, {"metadata": 7}], "metadata": [], "nbformat": 4}')
    known = gather(course.folder, ASSIGNMENT)
    assert [bool(work.points) for work in known.works] == [True] * 3
    assert "can't be read" in work_of(known, first).details
    assert "can't be read" in work_of(known, third).details
    text = Text(report.write(ASSIGNMENT, course.folder).read_text(encoding="utf-8")).text
    assert "hold no times" in text and "autograded notebook can't be read" in text


def ungraded(folder):
    """A course whose gradebook knows the assignment, and no submission."""
    course = Course.create(folder)
    course.release(ASSIGNMENT)
    return course.folder


def test_a_class_that_was_really_graded(tmp_path):
    """From nbgrader's own grading to the page, by the command of the README."""
    right = solutions(ASSIGNMENT)
    mistake = misconception(ASSIGNMENT, "pool_forward", "mode_ignored")
    course = Course.create(tmp_path / "c")
    course.release(ASSIGNMENT)
    work = {
        "right": right,
        "wrong": right | {mistake.function: mistake.apply(right[mistake.function])},
        "untouched": {},
    }
    for student, answers in work.items():
        course.submit(student, ASSIGNMENT, answers)
    grade_class(course.folder, ASSIGNMENT, feedback=True)
    done = run("python", "-m", "grading", "report", ASSIGNMENT, cwd=course.folder)
    assert done.returncode == 0, done.stderr
    path = course.folder / "reports" / ASSIGNMENT / "index.html"
    assert str(path) in done.stdout
    scores, _ = course.points(ASSIGNMENT)
    known = gather(course.folder, ASSIGNMENT)
    assert {work.student: work.score for work in known.works} == {
        student: sum(points.values()) for student, points in scores.items()
    }
    states = {work.student: known.state(work, "pool_forward") for work in known.works}
    assert states == {"right": "full", "wrong": "part", "untouched": "untouched"}
    wrong = work_of(known, "wrong")
    assert set(wrong.failures) == set(known.failed(wrong, "pool_forward")) != set()
    assert wrong.answers == work["wrong"]
    page = Text(path.read_text(encoding="utf-8"))
    # Names lead to the feedback pages, wherever the course folder stands.
    links = {value for key, value in page.attributes if key == "href" and value[0] == "."}
    assert links == {f"../../feedback/{student}/{ASSIGNMENT}/step_by_step.html" for student in work}
    for link in links:
        assert (path.parent / link).resolve().is_file()


def test_what_students_write_stays_text(hostile, tmp_path):
    html = report.write(ASSIGNMENT, hostile.folder, tmp_path).read_text(encoding="utf-8")
    parsed = Text(html)
    assert parsed.elements["h1"] == 1 and parsed.elements["script"] == 0
    assert parsed.elements["img"] == 3  # no known mistake, so no figure of them
    assert not any(key.startswith("on") for key, _ in parsed.attributes)
    assert HOSTILE["script"] in parsed.text and HOSTILE["template"] in parsed.text
    assert parsed.elements["pre"] == 2 * report.MOST_PAIRS
    assert "W" * 60 in parsed.text and "W" * 100 not in parsed.text.split("Answers that are")[0]
    for character in "\u202e\u2066\x1b\x07\ud83d":
        assert character not in html


def test_the_list_is_read_with_any_bytes(forty, monkeypatch, tmp_path):
    path = tmp_path / "verdicts.csv"
    with open(path, "w", encoding="utf-8-sig", newline="") as stream:
        csv.writer(stream).writerows(
            [["student", "outcome", "why"], ["broken", "not_gradable", "é"], ["x", "odd", "?"]]
        )
    path.write_bytes(path.read_bytes() + b"late,not_gradable,\xff\xfe second version\r\n")
    monkeypatch.setattr(verdicts, "folder", lambda *_: tmp_path)
    known = gather(forty.folder, ASSIGNMENT)
    assert work_of(known, "broken").outcome == "not_gradable"
    late = work_of(known, "late")
    # A later version that can't be graded takes no points, but is told.
    assert late.outcome == "graded" and late.graded and "second version" in late.details
    assert work_of(known, "x").outcome == "not_graded"
