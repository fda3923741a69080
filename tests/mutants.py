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
from functools import cache

from bounds import OutOfBounds, bounded
from cells import outcomes, remembered_oracle
from operators import OPERATORS

from grading.bank import ROOT, solutions

# A right function takes a tenth of a second, and hardly any memory.
SECONDS, MEMORY = 10, 1 << 30
ARRAYS = {"X", "a_slice_prev", "W", "b", "A_prev", "dZ", "dA", "x", "hparameters"}


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
    """What operators know of a function: its variables, its texts, its arguments, its result."""

    def __init__(self, tree):
        self.given = given_lines(tree)
        nodes = [node for part in tree.body for node in ast.walk(part) if part not in self.given]
        self.names = {node.id for node in nodes if isinstance(node, ast.Name)} - {"np", "range"}
        self.names -= {n.func.id for n in nodes if isinstance(n, ast.Call) and named(n.func)}
        self.texts = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)}
        self.texts = {text for text in self.texts if isinstance(text, str) and text.isidentifier()}
        self.result = tree.body[-1]
        taken = {argument.arg for argument in tree.args.args}
        for node in tree.body:
            if isinstance(node, ast.Assign) and named(node.value) and node.value.id in taken:
                taken |= {name.id for name in ast.walk(node.targets[0]) if named(name)}
        self.arguments = taken & ARRAYS


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
        children = value if isinstance(value, list) else [value]
        for k, child in enumerate(children):
            if isinstance(child, ast.AST) and child not in given:

                def put(new, node=node, field=field, k=k, many=isinstance(value, list)):
                    if many:
                        getattr(node, field)[k] = new
                    else:
                        setattr(node, field, new)

                yield child, child if isinstance(child, ast.stmt) else line, put
                yield from places(child, given, line)


def head(text):
    """The first line of a statement, with a word on what follows if it is a mutant's."""
    return text.split("\n")[0]


def mutate(name, source):
    """All mutants of a solution, each once."""
    tree = ast.parse(source)
    (function,) = (node for node in tree.body if isinstance(node, ast.FunctionDef))
    context = Context(function)
    seen, found = {ast.unparse(tree)}, []
    for node, line, put in places(function, context.given):
        before = head(ast.unparse(line))
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


def describe(line, operator):
    """A mutated statement in one line."""
    text = ast.unparse(line)
    if isinstance(line, ast.For) and operator.__name__ == "statement":
        return f"{head(text)} ...; {text.split(chr(10))[-1].strip()}"
    if operator.__name__ == "overwriting":
        return "; ".join(part.strip() for part in text.split("\n")[1:])
    return head(text)


def compiles(source):
    """Whether it is Python at all."""
    try:
        compile(source, "mutant", "exec")
    except (SyntaxError, ValueError):
        return False
    return True


def killer(assignment, mutant, right):
    """The first test cell of its function that fails a mutant, or None if it survives."""
    answers = right | {mutant.function: mutant.source}
    test = "none"
    try:
        with bounded(SECONDS, MEMORY):
            for test, error in outcomes(assignment, answers, mutant.function):
                if error:
                    return test
    except OutOfBounds:
        return f"{test}, out of bounds"
    return None


@cache
def survey(assignment):
    """Mutate and test all functions: {mutant: what killed it, or None}."""
    right = solutions(assignment)
    with remembered_oracle():
        return {
            mutant: killer(assignment, mutant, right)
            for name, source in right.items()
            for mutant in mutate(name, source)
        }


def equivalents(assignment):
    """Mutants that are as right as the solution: {key: reason}.

    `misconceptions/ASSIGNMENT.equivalent.toml` lists them, grouped by line. Raises ValueError for
    one that is listed twice or without a reason.
    """
    path = ROOT / "misconceptions" / f"{assignment}.equivalent.toml"
    reasons = {}
    for group in tomllib.loads(path.read_text(encoding="utf-8"))["equivalent"]:
        for mutant in group["mutants"]:
            key = group["function"], group["line"], mutant
            if key in reasons or not group["reason"].strip():
                raise ValueError(f"{path.name}: {key} stands there twice, or without a reason")
            reasons[key] = group["reason"]
    return reasons
