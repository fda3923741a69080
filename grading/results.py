"""What a graded class handed in and got, student by student."""

from dataclasses import dataclass, field
from functools import cached_property

from grading.notebooks import function_under_test

LONGEST_NAME = 80  # characters
LONGEST_DETAILS = 600
STATES = ("full", "part", "none", "untouched")


class ResultsError(Exception):
    """There is nothing to report on; the message says what is missing and what to do."""


@dataclass
class Work:
    """One student and what is known of their submission."""

    student: str
    first_name: str = ""
    last_name: str = ""
    outcome: str = "missing"  # graded, repaired, not_graded (yet) or not_gradable
    details: str = ""
    points: dict = field(default_factory=dict)  # {test cell: points}, empty if not graded
    penalty: float = 0
    seconds_late: float = 0
    by_hand: bool = False  # waits for a human grader
    answers: dict = field(default_factory=dict)  # {function: source}
    failures: dict = field(default_factory=dict)  # {test cell: message}
    seconds: float | None = None  # that grading took

    @property
    def name(self):
        """First and last name, or the id where the gradebook knows no name; cut if endless."""
        name = f"{self.first_name} {self.last_name}".strip() or self.student
        return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"

    @property
    def graded(self):
        """Whether there are points at all."""
        return bool(self.points)

    @property
    def score(self):
        """Points after the penalty for lateness, never below 0."""
        return max(0.0, sum(self.points.values()) - self.penalty)

    def note(self, text):
        """Something to know about this submission."""
        self.details = "; ".join(filter(None, [self.details, text]))[:LONGEST_DETAILS]


@dataclass
class Results:
    """A class and an assignment."""

    assignment: str
    works: list  # of Work, sorted by last name
    maximum: dict  # {test cell: points}
    stubs: dict  # {function: source as released}
    solutions: dict  # {function: source of the reference}

    @property
    def functions(self):
        """Names of the graded functions, in the order of the notebook."""
        return list(self.solutions)

    @property
    def graded(self):
        """The works that have points."""
        return [work for work in self.works if work.graded]

    @property
    def total(self):
        """Points that can be had."""
        return sum(self.maximum.values())

    @cached_property
    def _tests(self):
        tests = {function: [] for function in [*self.functions, None]}
        for cell in self.maximum:
            tests[function_under_test(cell, self.functions)].append(cell)
        return tests

    def tests(self, function):
        """Test cells of a function; of None, the cells that belong to no function."""
        return self._tests[function]

    def worth(self, function):
        """Points that a function can bring."""
        return sum(self.maximum[cell] for cell in self.tests(function))

    def points(self, work, function):
        """Points of one student for a function."""
        return sum(work.points.get(cell, 0) for cell in self.tests(function))

    def failed(self, work, function):
        """Test cells of a function that a student did not get full points for."""
        return [
            cell
            for cell in self.tests(function)
            if work.points.get(cell, 0) < self.maximum[cell]
            or (self.maximum[cell] == 0 and cell in work.failures)
        ]

    def touched(self, work, function):
        """Whether a student changed a function's answer cell at all."""
        answer = work.answers.get(function, "")
        return bool(answer.strip()) and answer.strip() != self.stubs.get(function, "").strip()

    def state(self, work, function):
        """One of STATES: which of a function's tests a student passed."""
        failed = len(self.failed(work, function))
        if not failed:
            return "full"
        if work.answers and not self.touched(work, function):
            return "untouched"
        return "part" if failed < len(self.tests(function)) else "none"

    def names_of(self, students):
        """The works of some students, in the order of the class."""
        return [work for work in self.works if work.student in students]
