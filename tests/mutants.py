"""Mutation testing of the hidden tests: every small wrong edit of a solution must lose points.

The operators (operators.py) are our own: cosmic-ray and mutmut mutate whole modules on disk and
start a test process for each mutant, and know no indices, slices or shapes, where the mistakes
of array code are made. Here a mutant costs some milliseconds in this process.

What is mutated is the whole function, save its docstring and the guards that the assignment
gives, which answers in other styles need not have.
"""

import ast
import tomllib
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from bounds import OutOfBounds, bounded
from cells import outcomes, reference, remembered_oracle
from operators import CONTAINERS, OPERATORS, early_end, overwriting

from grading.bank import ROOT

# A right function takes a tenth of a second, and hardly any memory.
SECONDS, MEMORY = 10, 1 << 30
# Arguments that a function could change in place, those in the cache included.
ARGUMENTS = {"X", "a_slice_prev", "W", "b", "A_prev", "dZ", "dA", "x", "Z", "Y"}


@dataclass(frozen=True)
class Mutant:
    """A wrong edit of a solution: the line that was changed, and what it became."""

    function: str
    operator: str
    line: str
    mutant: str
    source: str

    @property
    def key(self):
        """What tells it from other mutants, wherever its line stands."""
        return self.function, self.line, self.mutant


class Context:
    """What operators know of a function: its variables, texts, arguments and result."""

    def __init__(self, tree):
        self.given = given_lines(tree)
        parts = [tree.args, *(part for part in tree.body if part not in self.given)]
        nodes = [node for part in parts for node in ast.walk(part)]
        self.first_lines = {n.arg: n.lineno for n in nodes if isinstance(n, ast.arg)}
        for node in nodes:
            if named(node) and isinstance(node.ctx, ast.Store):
                line = self.first_lines.get(node.id, node.lineno)
                self.first_lines[node.id] = min(line, node.lineno)
        texts = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)}
        self.texts = {text for text in texts if isinstance(text, str) and text.isidentifier()}
        taken = {argument.arg for argument in tree.args.args}
        for node in nodes:
            if isinstance(node, ast.Assign) and named(node.value) and node.value.id in taken:
                taken |= {part.id for part in ast.walk(node.targets[0]) if named(part)}
        self.arguments = taken & (ARGUMENTS | CONTAINERS)
        # A generator has no result at its end.
        self.result = [tree.body[-1]] if isinstance(tree.body[-1], ast.Return) else []


def named(node):
    """Whether a node is a plain name."""
    return isinstance(node, ast.Name)


def given_lines(tree):
    """Statements that are not mutated: the docstring, guards, and what only guards use."""
    guards = [s for s in tree.body if isinstance(s, ast.If) and isinstance(s.body[-1], ast.Raise)]
    in_guards = {n.id for guard in guards for n in ast.walk(guard) if named(n)}
    elsewhere = {
        n.id
        for s in tree.body
        if s not in guards
        for n in ast.walk(s)
        if named(n) and isinstance(n.ctx, ast.Load)
    }
    for_guards = [
        s
        for s in tree.body
        if isinstance(s, ast.Assign)
        and named(s.targets[0])
        and s.targets[0].id in in_guards - elsewhere
    ]
    return [tree.body[0], *guards, *for_guards]


def places(node, given, line=None):
    """Every (node, its line, put): `put` sets another node in its place."""
    line = node if isinstance(node, ast.stmt) else line
    for field, value in ast.iter_fields(node):
        if isinstance(value, list):
            found = [(child, partial(value.__setitem__, k)) for k, child in enumerate(value)]
        else:
            found = [(value, partial(setattr, node, field))]
        for child, put in found:
            if isinstance(child, ast.AST) and child not in given:
                yield child, child if isinstance(child, ast.stmt) else line, put
                yield from places(child, given, line)


def head(statement):
    """The first line of a statement."""
    return ast.unparse(statement).split("\n")[0]


def mutate(name, source):
    """All mutants of a solution, each once."""
    tree = ast.parse(source)
    (function,) = (node for node in tree.body if isinstance(node, ast.FunctionDef))
    context = Context(function)
    seen, found = {ast.unparse(tree)}, []
    for node, line, put in places(function, context.given):
        before = head(line)
        for operator in OPERATORS:
            for new in operator(node, context):
                put(new)
                changed = ast.unparse(ast.fix_missing_locations(tree))
                after = describe(new if line is node else line, operator)
                put(node)
                if changed not in seen and compiles(changed):
                    seen.add(changed)
                    found.append(Mutant(name, operator.__name__, before, after, changed))
    return found


def describe(statement, operator):
    """A mutated statement in one line; where a line was added to it, with that line."""
    lines = [line.strip() for line in ast.unparse(statement).split("\n")]
    if operator is overwriting:
        return "; ".join(lines[1:])
    if operator is early_end and len(lines) > 1:
        return f"{lines[0]} ...; {lines[-1]}"
    return lines[0]


def compiles(source):
    """Whether it is Python at all."""
    try:
        compile(source, "mutant", "exec")
    except (SyntaxError, ValueError):
        return False
    return True


def killer(assignment, mutant):
    """The first test cell of its function that fails a mutant, or None if it survives."""
    answers = reference(assignment) | {mutant.function: mutant.source}
    test = "no test"
    try:
        with bounded(SECONDS, MEMORY):
            for test, error in outcomes(assignment, answers, mutant.function):
                if error:
                    return test
    except OutOfBounds:
        return f"after {test}: out of bounds"
    return None


@cache
def survey(assignment):
    """Mutate and test all functions: {mutant: what killed it, or None}."""
    with remembered_oracle():
        return {
            mutant: killer(assignment, mutant)
            for name, source in reference(assignment).items()
            for mutant in mutate(name, source)
        }


def equivalents(assignment, folder=ROOT / "misconceptions"):
    """Mutants that are as right as the solution: {key: reason}.

    `misconceptions/ASSIGNMENT.equivalent.toml` lists them, grouped by line; there need not be
    any. Raises ValueError for one that is listed twice or without a reason.
    """
    path = Path(folder, f"{assignment}.equivalent.toml")
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    reasons = {}
    for group in tomllib.loads(text).get("equivalent", []):
        for mutant in group["mutants"]:
            key = group["function"], group["line"], mutant
            if key in reasons or not group["reason"].strip():
                raise ValueError(f"{path.name}: {key} stands there twice, or without a reason")
            reasons[key] = group["reason"]
    return reasons


def differences(results, listed):
    """What is wrong with a survey: survivors that are not listed as equivalent, and entries
    that are killed or not made at all. Each is a line of text."""
    made = {mutant.key: test for mutant, test in results.items()}
    wrong = [("survives", key) for key in made if not made[key] and key not in listed]
    wrong += [(f"killed: by {made[key]}", key) for key in listed if made.get(key)]
    wrong += [("not made", key) for key in listed if key not in made]
    return [f"{what}: {function}: {line} -> {mutant}" for what, (function, line, mutant) in wrong]
