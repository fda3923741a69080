"""Mutation operators: small wrong edits of a syntax tree, as a hurried programmer makes them.

Each operator takes a node and what is known of the function, and yields nodes to put in its
place. They are the usual ones of mutation testing (another operator, another constant, a
statement left out) and those of array code: sides swapped in an index or a shape, a slice that
begins or ends one too early, one variable in place of another, a sum that is assigned.
"""

import ast
import copy

ARITHMETIC = {
    ast.Add: (ast.Sub, ast.Mult),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Add, ast.Div),
    ast.Div: (ast.Mult, ast.FloorDiv),
    ast.FloorDiv: (ast.Div, ast.Mult, ast.Mod),
}
COMPARISONS = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)
# Arguments that are dictionaries or lists: emptied where an array is set to zero.
CONTAINERS = {"hparameters", "parameters", "gradients", "state", "caches"}
# NumPy functions that are mistaken for each other.
CONFUSED = {
    "zeros": ("ones",),
    "max": ("min", "mean", "sum", "argmax"),
    "mean": ("sum", "max", "median"),
    "sum": ("mean", "max", "prod"),
    "shape": ("size", "ndim"),
}


def edited(node, **fields):
    """A copy of a node with other fields."""
    new = copy.deepcopy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def plus(node, number):
    """The node plus or minus a number."""
    operator = ast.Add() if number > 0 else ast.Sub()
    return ast.BinOp(copy.deepcopy(node), operator, ast.Constant(abs(number)))


def swapped(items):
    """Lists in which two neighbours have changed places."""
    for k in range(len(items) - 1):
        yield [*items[:k], items[k + 1], items[k], *items[k + 2 :]]


def without(items):
    """Lists in which one item is missing."""
    for k in range(len(items)):
        yield [*items[:k], *items[k + 1 :]]


def arithmetic(node, function):
    """Another operator; only one of the operands; operands that changed places."""
    if isinstance(node, ast.BinOp):
        for operator in ARITHMETIC.get(type(node.op), ()):
            yield edited(node, op=operator())
        yield node.left
        yield node.right
        if not isinstance(node.op, ast.Add | ast.Mult):
            yield edited(node, left=node.right, right=node.left)


def comparison(node, function):
    """Another comparison."""
    if isinstance(node, ast.Compare):
        for operator in COMPARISONS:
            if not isinstance(node.ops[0], operator):
                yield edited(node, ops=[operator()])


def constant(node, function):
    """A number one larger or smaller, another text."""
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield ast.Constant(node.value + 1)
        yield ast.Constant(node.value - 1)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        for other in sorted(function.texts - {node.value}):
            yield ast.Constant(other)


def off_by_one(node, function):
    """A range or a slice that begins or ends one earlier or later, or runs backwards."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range":
        *start, end = node.args[:2]
        later = plus(start[0], 1) if start else ast.Constant(1)
        for bounds in ([*start, plus(end, 1)], [*start, plus(end, -1)], [later, end]):
            yield edited(node, args=[*bounds, *node.args[2:]])
        yield edited(node, args=[ast.Constant(1)])
    if isinstance(node, ast.Slice):
        for field in ("lower", "upper"):
            bound = getattr(node, field)
            if bound is not None:
                yield edited(node, **{field: None})
                yield edited(node, **{field: plus(bound, 1)})
                yield edited(node, **{field: plus(bound, -1)})
        yield edited(node, step=ast.Constant(2))
        if node.lower is node.upper is None:
            yield ast.Constant(0)
            yield edited(node, step=ast.UnaryOp(ast.USub(), ast.Constant(1)))


def order(node, function):
    """Neighbours of a tuple or a call that changed places, or one of them missing."""
    if isinstance(node, ast.Tuple):
        for items in [*swapped(node.elts), *without(node.elts)]:
            yield edited(node, elts=items)
    if isinstance(node, ast.Call):
        for arguments in [*swapped(node.args), *without(node.args)]:
            yield edited(node, args=arguments)


def index(node, function):
    """An index that is always 0, or forgotten; a subscript left out."""
    if isinstance(node, ast.Subscript):
        if isinstance(node.ctx, ast.Load):
            yield node.value
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        for k, part in enumerate(parts):
            if isinstance(part, ast.Name):
                for other in (ast.Constant(0), ast.Slice()):
                    items = [*parts[:k], other, *parts[k + 1 :]]
                    yield edited(node, slice=ast.Tuple(items, ast.Load()))


def name(node, function):
    """Another variable of the function, one that has a value by then."""
    loaded = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    if loaded and node.id in function.first_lines:
        for other, line in function.first_lines.items():
            if other != node.id and line < node.lineno:
                yield edited(node, id=other)


def call(node, function):
    """A NumPy function that is mistaken for another; a call left out, so an argument remains."""
    if isinstance(node, ast.Attribute):
        for other in CONFUSED.get(node.attr, ()):
            yield edited(node, attr=other)
    if isinstance(node, ast.Call):
        yield from node.args


def sign(node, function):
    """The value of an assignment with the opposite sign."""
    if isinstance(node, ast.Assign | ast.AugAssign) and not isinstance(node.value, ast.Tuple):
        yield edited(node, value=ast.UnaryOp(ast.USub(), node.value))


def accumulation(node, function):
    """A sum that is assigned, or subtracted; an assignment that adds to what was there."""
    if isinstance(node, ast.AugAssign):
        yield ast.Assign([node.target], node.value)
        yield edited(node, op=ast.Sub())
        yield edited(node, op=ast.Mult())
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
        yield ast.AugAssign(node.targets[0], ast.Add(), node.value)


def condition(node, function):
    """A choice that goes the other way, or always the same way."""
    if isinstance(node, ast.If | ast.IfExp):
        for test in (ast.Constant(True), ast.Constant(False), ast.UnaryOp(ast.Not(), node.test)):
            yield edited(node, test=test)


def statement(node, function):
    """A statement left out; a result that is not returned."""
    if isinstance(node, ast.Return):
        yield ast.Return(None)
    elif isinstance(node, ast.stmt) and not isinstance(node, ast.FunctionDef):
        yield ast.Pass()


def early_end(node, function):
    """A loop that ends, or a function that returns, after the first round."""
    if isinstance(node, ast.For):
        for early in (ast.Break(), *function.result):
            yield edited(node, body=[*node.body, early])


def overwriting(node, function):
    """An argument changed in place: set to zero before the result is returned."""
    if isinstance(node, ast.Return):
        for argument in sorted(function.arguments):
            reset = ast.parse(f"{argument} *= 0").body
            if argument in CONTAINERS:
                reset = ast.parse(f"{argument}.clear()").body
            yield ast.If(ast.Constant(True), [*reset, node], [])


OPERATORS = (
    arithmetic,
    comparison,
    constant,
    off_by_one,
    order,
    index,
    name,
    call,
    sign,
    accumulation,
    condition,
    statement,
    early_end,
    overwriting,
)
