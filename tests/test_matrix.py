"""One mistake costs once: misconceptions x functions, through nbgrader and both kernels.

One class for all of it. Each submission makes several mistakes of the bank, in functions that
call each other or not; each function must get the points that it gets alone, beside right ones.
"""

from collections import Counter
from zipfile import ZipFile

import nbformat
import pytest
from cells import run_tests
from conftest import ASSIGNMENTS

from grading import verdicts
from grading.autograde import grade_class
from grading.bank import misconceptions, right_answers, solutions
from grading.causes import bank, causes
from grading.collect import Collector
from grading.course import Course
from grading.notebooks import (
    function_under_test,
    grade_cells,
    graded_functions,
    notebook_path,
    read,
)
from grading.records import gather
from grading.report import write

LEAST = {"1_step_by_step": 40, "2_vectorized": 20, "3_convnet": 40}  # submissions


def submissions(assignment):
    """{student: {function: entry}}: every entry stands in one submission, evenly spread.

    Entries of one name may undo each other (a filter turned twice), so they never meet.
    """
    entries = misconceptions(assignment)
    size = max(Counter(entry.function for entry in entries).values())
    hands = [{} for _ in range(size)]
    for function in solutions(assignment):
        for entry in (entry for entry in entries if entry.function == function):
            free = [
                hand
                for hand in hands
                if function not in hand and entry.name not in {e.name for e in hand.values()}
            ]
            min(free, key=len)[function] = entry
    return {f"wrong_{number:02}": hand for number, hand in enumerate(hands)}


@pytest.fixture(scope="module", params=ASSIGNMENTS)
def graded(request, tmp_path_factory):
    """(assignment, {student: {function: entry}}, {student: styles}, course) after grading.

    As an instructor does it: a zip file of a learning platform, collect, autograde.
    """
    assignment = request.param
    course = Course.create(tmp_path_factory.mktemp("matrix") / "course")
    course.release(assignment)
    right, mistakes, work = solutions(assignment), submissions(assignment), {"untouched": {}}
    for student, entries in mistakes.items():
        wrong = {name: entry.apply(right[name]) for name, entry in entries.items()}
        work[student] = right | wrong
    styles = right_answers(assignment)
    work |= {f"right_{style}": right | answers for style, answers in styles.items()}
    name = notebook_path("release", assignment).name
    with ZipFile(course.folder / "handed_in.zip", "w") as archive:
        for student, answers in work.items():
            nb = nbformat.writes(course.answered(assignment, answers))
            archive.writestr(f"{student}/{name}", nb)
    Collector(course.folder, assignment).take_in([course.folder / "handed_in.zip"])
    grade_class(course.folder, assignment)
    return assignment, mistakes, styles, course


def test_every_entry_is_in_the_class(graded):
    assignment, mistakes, *_ = graded
    used = [entry for entries in mistakes.values() for entry in entries.values()]
    assert sorted(e.name for e in used) == sorted(e.name for e in misconceptions(assignment))


def test_each_function_gets_what_it_gets_alone(graded):
    assignment, mistakes, _, course = graded
    right = solutions(assignment)
    points, maximum = course.points(assignment)
    functions = list(right)
    wrong_grades = []
    for student, entries in mistakes.items():
        want = dict(maximum)
        for name, entry in entries.items():
            alone = run_tests(assignment, right | {name: entry.apply(right[name])}, name)
            want |= {test: 0 for test, error in alone.items() if error}
        for test, expected in want.items():
            if points[student][test] != expected:
                owner = function_under_test(test, functions)
                made = [f"{e.function}/{e.name}" for e in entries.values()]
                wrong_grades.append(f"{made}: {owner}, {test}: {points[student][test]}")
    assert not wrong_grades


def test_every_mistake_is_named_in_the_feedback(graded):
    assignment, mistakes, _, course = graded
    unnamed = []
    for student, entries in mistakes.items():
        nb = read(notebook_path(f"autograded/{student}", assignment, course.folder))
        functions = graded_functions(nb)
        for name, entry in entries.items():
            failed = [
                cell
                for cell in grade_cells(nb)
                if function_under_test(cell.metadata.nbgrader.grade_id, functions) == name
                and any(output.output_type == "error" for output in cell.outputs)
            ]
            assert failed, (student, name)
            for cell in failed:
                error = next(o for o in cell.outputs if o.output_type == "error")
                likely = cell.metadata.get("grading", {}).get("likely", [])
                if "random" in entry.replace:  # its results are others each time
                    assert entry.name not in likely
                elif entry.name.startswith("global_"):
                    continue  # what it gives depends on what the notebook ran before
                elif entry.name not in likely or entry.hint not in error.evalue:
                    unnamed.append((entry.function, entry.name, cell.id, error.evalue))
    assert not unnamed
    assert course.nbgrader().generate_feedback(assignment, student)["success"]
    (page,) = (course.folder / f"feedback/{student}/{assignment}").glob("*.html")
    assert "Likely cause" in page.read_text(encoding="utf-8")


def test_right_answers_get_all_points_and_no_hint(graded):
    assignment, _, styles, course = graded
    points, maximum = course.points(assignment)
    assert len(styles) >= 1
    for style in styles:
        assert points[f"right_{style}"] == maximum, style
        path = notebook_path(f"autograded/right_{style}", assignment, course.folder)
        assert "Likely cause" not in path.read_text(encoding="utf-8"), style


def test_an_untouched_release_gets_nothing(graded):
    assignment, _, _, course = graded
    points, _ = course.points(assignment)
    assert sum(points["untouched"].values()) == 0


def test_everybody_is_graded_and_the_report_counts_each_mistake(graded):
    assignment, mistakes, styles, course = graded
    rows = verdicts.load(course.folder, assignment)
    assert len(rows) == len(mistakes) + len(styles) + 1 >= LEAST[assignment]
    assert {row.outcome for row in rows} == {verdicts.GRADED}
    results = gather(course.folder, assignment)
    points, _ = course.points(assignment)
    assert {w.student: w.score for w in results.works} == {
        student: sum(cells.values()) for student, cells in points.items()
    }
    found = {
        (function, name)
        for cause in causes(results, bank(assignment))[0]
        for function in cause.functions
        for name in cause.names
    }
    told = {
        (entry.function, entry.name.replace("_", " "))
        for entries in mistakes.values()
        for entry in entries.values()
        if "random" not in entry.replace and not entry.name.startswith("global_")
    }
    assert told - found == set()
    assert write(assignment, course.folder).is_file()
