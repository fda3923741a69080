"""A class whose gradebook and autograded notebooks are written by code: no kernel, seconds only.

Points are those that the members' answers earn; the tests run in this process.
"""

import json
from copy import deepcopy
from datetime import datetime, timedelta
from functools import cache

from cells import run_tests

from grading import verdicts
from grading.bank import solutions
from grading.classroom import classroom, enrol
from grading.course import Course
from grading.demo import ASSIGNMENT
from grading.kernels import error_output
from grading.notebooks import (
    answer_cell,
    grade_cells,
    graded_functions,
    notebook_path,
    read,
)

DUE = datetime(2031, 5, 5, 12)
CAUSE = "Likely cause: "
HOSTILE = {
    "script": "<script>window.pwned = 1</script>",
    "picture": '"><img src=x onerror="window.pwned=1">',
    "end": "</pre></details></section><h1>Everybody gets 100</h1>",
    "template": "{{ 7 * 7 }}{% raw %}",
    "entity": "&lt;b&gt; &amp;",
    "around": "\u202eegdelwonk\u202c \x1b[31mred\x07 \u2066x",
    "half": "lone \ud83d surrogate",
    "long": "W" * 3000,
}


class SyntheticClass:
    """A course folder with a class in it, as if it had been graded."""

    def __init__(self, folder, size):
        self.course = Course.create(folder)
        self.folder = self.course.folder
        self.release = read(self.course.release(ASSIGNMENT))
        self.functions = graded_functions(self.release)
        self.members = classroom(ASSIGNMENT, size)
        with self.course.gradebook() as gradebook:
            assignment = gradebook.find_assignment(ASSIGNMENT)
            assignment.duedate = DUE
            gradebook.db.commit()
            enrol(gradebook, self.members)
            for number, member in enumerate(self.members):
                self.hand_in(
                    gradebook,
                    member.student,
                    member.answers,
                    member.mistakes,
                    seconds=5 + number % 7,
                )

    def failures(self, answers, mistakes):
        """{test cell: message} of what an answer fails, with the hint of its mistake."""
        hints = {entry.function: entry.hint for entry in mistakes}
        messages = {}
        for function in self.functions:
            own = {function: answer_cell(self.release, function).source} | answers
            hint = f"\n{CAUSE}{hints[function]}" if function in hints else ""
            messages |= {cell: f"{error}{hint}" for cell, error in failed_tests(function, own)}
        return messages

    def hand_in(self, gradebook, student, answers, mistakes=(), **more):
        """Write a graded submission with the points that its answers earn."""
        self.write(gradebook, student, answers, self.failures(answers, mistakes), **more)

    def write(
        self,
        gradebook,
        student,
        answers,
        failures,
        seconds=None,
        late=None,
        penalty=0,
        by_hand=False,
    ):
        """Write a graded submission: gradebook entry and autograded notebook.

        Arguments:
            answers: {function: source}
            failures: {test cell: message}
        """
        nb = deepcopy(self.release)
        for function, source in answers.items():
            answer_cell(nb, function).source = source
        for cell in grade_cells(nb):
            message = failures.get(cell.metadata.nbgrader.grade_id)
            cell.outputs = [error_output("AssertionError", message)] if message else []
        nb.metadata["grading"] = {} if seconds is None else {"seconds": seconds}
        path = notebook_path(f"autograded/{student}", ASSIGNMENT, self.folder)
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(nb), encoding="utf-8")
        entry = gradebook.update_or_create_submission(
            ASSIGNMENT, student, timestamp=DUE + (late or timedelta(hours=-1))
        )
        for notebook in entry.notebooks:
            notebook.late_submission_penalty = penalty
            for grade in notebook.grades:
                grade.auto_score = 0 if grade.name in failures else grade.cell.max_score
                grade.needs_manual_grade = by_hand
        gradebook.db.commit()

    def verdicts(self, *rows):
        """Write the list of outcomes: (student, outcome, repairs or why)."""
        found = []
        for student, outcome, text in rows:
            said = {"why" if outcome == "not_gradable" else "repairs": text}
            found.append(verdicts.Verdict(student, "step_by_step", outcome, **said))
        verdicts.save(self.folder, ASSIGNMENT, found, [])


class Forty(SyntheticClass):
    """A class of 40 from the bank, and five more.

    late: all right, a day late, 20 points off
    by_hand: waits for points by hand
    waiting: handed in, but not graded
    broken: handed in what can't be graded
    absent: handed in nothing
    """

    def __init__(self, folder):
        super().__init__(folder, 40)
        self.repaired = self.members[3].student
        right = solutions(ASSIGNMENT)
        with self.course.gradebook() as gradebook:
            for student in ("late", "by_hand", "waiting", "broken", "absent"):
                about = {"first_name": student.capitalize(), "last_name": "Extra"}
                gradebook.add_student(student, **about)
            day = timedelta(hours=24)
            self.hand_in(gradebook, "late", right, seconds=30.5, late=day, penalty=20)
            self.hand_in(gradebook, "by_hand", {}, by_hand=True)
        self.verdicts(
            ("waiting", "graded", ""),
            ("broken", "not_gradable", "not JSON: line 3, column 17"),
            (self.repaired, "repaired", "renamed from 'step_by_step (1).ipynb'"),
            ("late", "graded", ""),
        )


class Hostile(SyntheticClass):
    """A class in which everything that students can write is hostile: names, code, messages."""

    def __init__(self, folder):
        super().__init__(folder, 2)
        text = "\n".join(HOSTILE.values())
        failures = {"test_conv_forward_shape": f"{text}\n{CAUSE}{text}"}
        rows = [("<b>nobody</b>", "not_gradable", HOSTILE["script"])]
        with self.course.gradebook() as gradebook:
            for number, (name, words) in enumerate(HOSTILE.items()):
                words = words.encode("utf-8", "replace").decode()  # SQLite takes no lone surrogate
                ids = {"script": "<script>window.pwned = 1<!--", "picture": words.split("/")[0]}
                student = ids.get(name, f"h{number}")
                gradebook.add_student(student, first_name=words, last_name=words[:500])
                # Two have the same, and it is like nothing else: a lead, so the code is shown.
                lines = [f"{i}_{number // 2}" for i in range(20)]
                code = "\n".join(f"v.a{line} = v.b{line} ^ v.c{line}" for line in lines)
                answers = {"conv_forward": f"{code}\n# {text}\n"}
                self.write(gradebook, student, answers, failures, seconds=number)
                rows.append((student, "repaired", text.encode("utf-8", "replace").decode()))
        self.verdicts(*rows)


def failed_tests(function, answers):
    """((test cell, its error), ...) of one answer, beside the others or beside right ones.

    As at grading: a cell may define what a later one uses, and a wrong helper costs nothing.
    """
    own = tuple((name, source) for name, source in answers.items() if parses(source))
    alone = tuple((name, source) for name, source in own if name == function)
    defined = parses(answers[function])  # or else its tests get a NameError
    return errors(function, own, defined) and errors(function, alone, defined)


@cache
def errors(function, answers, defined):
    """The failed tests of a function, where all but these answers are right."""
    answers = solutions(ASSIGNMENT) | dict(answers)
    if not defined:
        del answers[function]
    results = run_tests(ASSIGNMENT, answers, function)
    return tuple((cell, error) for cell, error in results.items() if error is not None)


def parses(source):
    """Whether a cell is Python."""
    try:
        compile(source, "cell", "exec")
    except SyntaxError:
        return False
    return True
