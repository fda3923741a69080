"""A made-up class of any size from the banks: the same one for the same size and seed.

What each member knows is known beforehand, so tests can compare a grade or a report with it.
"""

import ast
import random
from collections import deque
from dataclasses import dataclass

from grading.bank import misconceptions, right_answers, solutions

GIVEN = "Ada Amara Björn Chloé Dmitri Esra Farid Grace Hanna Inês Jürgen Kofi Łucja Mei Noor Omar"
FAMILY = "Abdi Brandt Costa Dvořák Eze Fischer García Hoang Ito Jansen Kaya Lund Müller Ng O’Neill"
MOST_MISTAKES = 3


@dataclass(frozen=True)
class Member:
    """One member of the class: who, what kind of work, and the answers handed in."""

    student: str
    first_name: str
    last_name: str
    kind: str  # right, other style, copied, mistaken, half-finished, syntax error or untouched
    answers: dict  # {function: source}; a function that is not there keeps its stub
    mistakes: tuple = ()  # entries of the bank, at most one a function


def classroom(assignment, size, seed=1):
    """A class for an assignment.

    From 20 members on, one has copied from another and changed the names.

    Arguments:
        assignment: name of the assignment, as 1_step_by_step
        size: number of members, int >= 1
        seed: another seed gives another class

    Returns:
        a list of Members, sorted by student
    """
    if size < 1:
        raise ValueError(f"a class has at least 1 member, not {size}")
    rng = random.Random(f"{assignment} {seed}")
    right = solutions(assignment)
    work = [("right", right, ())]
    for style in right_answers(assignment).values():
        answers = {name: style.get(name, source) for name, source in right.items()}
        work.append(("other style", answers, ()))
    if size >= 20:
        copied = {name: disguised(source) for name, source in work[-1][1].items()}
        work.append(("copied", copied, ()))
    work += [("untouched", {}, ())] * max(1, size // 25)
    work += [half_finished(right, rng) for _ in range(max(1, size // 8))]
    work += [syntax_error(right, rng) for _ in range(max(1, size // 40))]
    work += [("right", right, ())] * (size // 5)
    work += mistaken(right, misconceptions(assignment), max(size - len(work), 0), rng)
    work = work[:size]
    rng.shuffle(work)
    names = [(given, family) for given in GIVEN.split() for family in FAMILY.split()]
    rng.shuffle(names)
    width = max(3, len(str(size)))
    return [
        Member(f"s{number:0{width}}", *names[number % len(names)], *piece)
        for number, piece in enumerate(work, start=1)
    ]


def enrol(gradebook, members):
    """Write the names of a class into nbgrader's gradebook."""
    for member in members:
        gradebook.update_or_create_student(
            member.student,
            first_name=member.first_name,
            last_name=member.last_name,
            email=f"{member.student}@example.org",
        )


def mistaken(right, bank, count, rng):
    """`count` pieces of work with one to three mistakes each: few are common, most are rare."""
    by_rank = rng.sample(bank, len(bank))
    weights = [1 / (rank + 1) for rank in range(len(bank))]
    queue = deque(rng.choices(by_rank, weights, k=round(1.7 * count)))
    hands = deque({} for _ in range(count))
    while queue and hands:
        entry = queue.popleft()
        for _ in range(len(hands)):
            hands.rotate(-1)
            if entry.function not in hands[0] and len(hands[0]) < MOST_MISTAKES:
                hands[0][entry.function] = entry
                break
    return [
        (
            "mistaken" if hand else "right",
            right | {name: entry.apply(right[name]) for name, entry in hand.items()},
            tuple(hand.values()),
        )
        for hand in hands
    ]


def half_finished(right, rng):
    """The first functions are right, the others were not begun."""
    names = list(right)
    done = rng.randrange(1, max(2, len(names)))
    return ("half-finished", {name: right[name] for name in names[:done]}, ())


def syntax_error(right, rng):
    """All is right but for a bracket too many in one cell."""
    name = rng.choice(list(right))
    return ("syntax error", right | {name: right[name] + "\n)"}, ())


class Renamed(ast.NodeTransformer):
    """Gives other names to the variables of a function, and drops its docstring."""

    def __init__(self, names):
        self.names = names

    def visit_Name(self, node):
        node.id = self.names.get(node.id, node.id)
        return node

    def visit_FunctionDef(self, node):
        self.generic_visit(node)
        if ast.get_docstring(node) is not None and len(node.body) > 1:
            node.body = node.body[1:]
        return node


def disguised(source):
    """The same code as a copier hands it in: other variables, no comments, another layout."""
    tree = ast.parse(source)
    stored = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    given = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    names = {name: f"my_{number}" for number, name in enumerate(sorted(stored - given))}
    return ast.unparse(Renamed(names).visit(tree))
