"""A demo class: made from the bank, graded by nbgrader, shown as a table."""

import codecs
import os
import sys
from zipfile import ZIP_DEFLATED, ZipFile

import nbformat
from tqdm import tqdm

from grading.autograde import grade_class
from grading.bank import misconception, right_answers, solutions
from grading.bwrap import find_bwrap
from grading.collect import Collector, summary
from grading.course import Course
from grading.notebooks import notebook_path
from grading.report import write
from grading.settings import CourseError

ASSIGNMENT = "1_step_by_step"


def answers(assignment=ASSIGNMENT):
    """The demo class: {student: {function: source of the answer}}.

    A function that is not answered keeps the stub of the release.
    """
    right = solutions(assignment)

    def mistaken(function, name):
        return right | {function: misconception(assignment, function, name).apply(right[function])}

    return {
        "all_right": right,
        "bias_in_the_sum": mistaken("conv_single_step", "bias_inside_the_sum"),
        "other_style": right_answers(assignment)["vectorised"],
        "pad_0_forgotten": mistaken("conv_backward", "unpadding_fails_at_pad_0"),
        "stride_ignored": mistaken("pool_forward", "stride_ignored"),
        "half_a_file": right,
        "odd_file": right,
        "syntax_error": right | {"distribute_value": right["distribute_value"] + "\nreturn a]"},
        "untouched": {},
    }


def table(scores, maximum):
    """Points as text: a line for each function, a column for each student, totals below."""
    width = max(len(name) for name in [*maximum, "function"])
    lines = [f"{number}: {student}" for number, student in enumerate(scores, start=1)]
    heads = "".join(f"{number:>6}" for number in range(1, len(scores) + 1))
    lines += ["", f"{'function':{width}}{'of':>6}{heads}"]
    for function, most in maximum.items():
        row = "".join(f"{points[function]:6g}" for points in scores.values())
        lines.append(f"{function:{width}}{most:6g}{row}")
    totals = "".join(f"{sum(points.values()):6g}" for points in scores.values())
    lines.append(f"{'total':{width}}{sum(maximum.values()):6g}{totals}")
    return "\n".join(lines)


def hand_in(course, class_answers):
    """The class's notebooks in a zip file, as a learning platform hands it out. Returns its path.

    Two are damaged: one harmlessly, one beyond repair.
    """
    path = course.folder / "handed_in.zip"
    name = notebook_path("release", ASSIGNMENT).name
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for student, answered in class_answers.items():
            data = nbformat.writes(course.answered(ASSIGNMENT, answered)).encode()
            if student == "odd_file":
                name_of_it, data = name.replace(".", " (1)."), codecs.BOM_UTF8 + data
            elif student == "half_a_file":
                name_of_it, data = name, data[: len(data) // 2]
            else:
                name_of_it = name
            archive.writestr(f"{student}/{name_of_it}", data)
    return path


def run(folder):
    """Make, grade and show the demo class in a folder of its own."""
    try:
        class_answers = answers()
        course = Course.create(folder)
        print("Compiling the release of", ASSIGNMENT)
        course.release(ASSIGNMENT)
        if find_bwrap()[0] is None:
            print(
                "This machine has no working sandbox (bubblewrap), which real submissions need.\n"
                "The demo's submissions are ours, so they are graded without one."
            )
            course.accept_no_sandbox()
        path = hand_in(course, class_answers)
        print(f"Taking in {path}")
        print(summary(Collector(course.folder, ASSIGNMENT).take_in([path])))
        print("Grading, and writing feedback", flush=True)
        with tqdm(total=len(class_answers) - 1, unit="submission", disable=None) as bar:
            grade_class(course.folder, ASSIGNMENT, feedback=True, show=lambda _: bar.update())
        course.export()
        report = write(ASSIGNMENT, course.folder)
    except CourseError as error:
        sys.exit(f"make demo: {error}")
    print("\nPoints of the demo class")
    print(table(*course.points_by_function(ASSIGNMENT)))

    release = notebook_path("release", ASSIGNMENT, folder)
    submission = notebook_path("submitted/stride_ignored", ASSIGNMENT, folder)
    feedback = notebook_path("feedback/stride_ignored", ASSIGNMENT, folder).with_suffix(".html")
    python = os.path.relpath(sys.executable, folder)
    print(f"""
Where to look next
  what a student gets           {release}
  what a student handed in      {submission}
  the feedback on it            {feedback}
  all grades                    {folder / "grades.csv"}
  what became of each           {folder / "collected" / ASSIGNMENT / "verdicts.csv"}
  what nbgrader said            {folder / ".nbgrader.log"}
  grade by hand, in a browser   cd {folder} && {python} -m jupyter lab
                                (menu: Nbgrader, Formgrader)
  how the class did             {os.path.relpath(report)}""")
