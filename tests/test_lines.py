"""Lines of Python are the word of the student's kernel: what lying about them can and can't gain.

Assignment 2, through nbgrader and both kernels.
"""

import pytest

from grading.autograde import grade_class
from grading.bank import solutions
from grading.course import Course

ASSIGNMENT, FUNCTION = "2_vectorized", "im2col"
LINES = f"test_{FUNCTION}_vectorized"

LOOPS = """
def im2col(A_prev, f, stride, pad):
    {first}
    A_pad = np.pad(A_prev, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    rows = []
    for image in A_pad:
        for row in range(0, A_pad.shape[1] - f + 1, stride):
            for col in range(0, A_pad.shape[2] - f + 1, stride):
                rows.append(image[row : row + f, col : col + f].ravel())
    return np.array(rows){last}
"""
FORGED = """
def forge():
    import sys
    frame = sys._getframe(2)
    if "count_lines" in frame.f_globals:
        frame.f_globals["count_lines"] = lambda *arguments: {forged}
        print("forged")
"""
CLASS = {
    # student: (source of im2col, endings of the test cells that fail; None: at most the lines')
    "loops": (LOOPS.format(first="", last=""), (LINES,)),
    "hidden": (LOOPS.format(first="__import__('sys').settrace(None)", last=""), None),
    "hidden_and_wrong": (
        LOOPS.format(first="__import__('sys').settrace(None)", last=" + 1"),
        (LINES, "test_im2col_values"),
    ),
    **{
        f"junk_{number}": (
            FORGED.format(forged=forged) + LOOPS.format(first="forge()", last=""),
            ("_vectorized",),  # who breaks the counter breaks it for all
        )
        for number, forged in enumerate(
            ("None", "('many', None)", "(True, 1, 2)", "(-1, 'x' * 10**6)", "1 / 0")
        )
    },
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """(points of all, the maxima) of a class in which everybody did something to the count."""
    course = Course.create(tmp_path_factory.mktemp("lines") / "course")
    course.release(ASSIGNMENT)
    for student, (source, _) in CLASS.items():
        answer = "# GRADED FUNCTION: im2col\nimport numpy as np\n" + source
        course.submit(student, ASSIGNMENT, solutions(ASSIGNMENT) | {FUNCTION: answer})
    grade_class(course.folder, ASSIGNMENT)
    return course.points(ASSIGNMENT)


@pytest.mark.parametrize("student", CLASS)
def test_lies_about_lines_gain_at_most_the_points_for_lines(graded, student):
    """A true count takes these points, and so does one that can't be read."""
    points, maximum = graded
    lost = {test for test, most in maximum.items() if points[student][test] != most}
    assert all(points[student][test] == 0 for test in lost)
    endings = CLASS[student][1]
    if endings is None:
        assert lost <= {LINES}  # SECURITY.md says so
    else:
        assert lost == {test for test in maximum if test.endswith(endings)}
