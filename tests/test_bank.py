"""Every known mistake is caught, its hint gives nothing away, and every right answer passes."""

import ast
import re
from collections import Counter
from functools import cache

import pytest
from cells import reference, remembered_oracle, run_tests
from conftest import ASSIGNMENTS
from verdicts import catch, failures

from grading.bank import (
    ROOT,
    BankError,
    Misconception,
    misconceptions,
    right_answers,
)
from grading.notebooks import graded_functions

MISTAKES = [(name, entry) for name in ASSIGNMENTS for entry in misconceptions(name)]
STYLES = [(name, style) for name in ASSIGNMENTS for style in right_answers(name)]
LEAST = {"1_step_by_step": 70, "2_vectorized": 70, "3_convnet": 300}  # entries in each bank
SEEDS = range(1, 9)
ENTRY = """
# a comment
[[misconception]]
name = "{name}"
function = "conv_single_step"
find = '''{find}'''
replace = '''{replace}'''
hint = "Look again."
"""

of_each_mistake = pytest.mark.parametrize(
    ("assignment", "mistake"), MISTAKES, ids=[f"{e.function}-{e.name}" for _, e in MISTAKES]
)


def bare(code):
    """Code without white space."""
    return re.sub(r"\s", "", code)


@cache
def expressions(source):
    """The expressions of a solution that say how it is done, without white space."""
    lines = source.split("\n")
    first, last = (
        next(n for n, line in enumerate(lines, start=1) if f"### {word} SOLUTION" in line)
        for word in ("BEGIN", "END")
    )
    telling = (ast.BinOp, ast.Call, ast.Compare, ast.IfExp, ast.Subscript, ast.Tuple, ast.stmt)
    told = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, telling) and first < node.lineno < last:
            written = ast.get_source_segment(source, node).split("\n")
            told |= {bare(code) for code in [*written, ast.unparse(node)]}
    return {code for code in told if len(code) > 4}


@of_each_mistake
def test_mistake_loses_points(assignment, mistake):
    error = catch(assignment, mistake)
    if isinstance(error, AssertionError):
        assert str(error).strip(), f"{mistake.where}: failed without a word"


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_a_mistake_fails_the_same_tests_whatever_the_seed(assignment, monkeypatch):
    """The grader draws other hidden inputs for each submission; none may be luckier than others."""
    right = reference(assignment)
    failed = {}
    for seed in SEEDS:
        monkeypatch.setenv("GRADING_SEED", str(seed))
        with remembered_oracle():
            for entry in misconceptions(assignment):
                wrong = right | {entry.function: entry.apply(right[entry.function])}
                errors = run_tests(assignment, wrong, entry.function)
                kinds = failed.setdefault(entry, set())
                kinds.add(tuple(name for name, error in errors.items() if error))
    assert {entry.where: kinds for entry, kinds in failed.items() if len(kinds) > 1} == {}


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_right_answers_pass_whatever_the_seed(assignment, monkeypatch):
    right, lost = reference(assignment), []
    for seed in SEEDS:
        monkeypatch.setenv("GRADING_SEED", str(seed))
        with remembered_oracle():
            for style, answers in right_answers(assignment).items():
                errors = run_tests(assignment, right | answers)
                lost += [(seed, style, name, error) for name, error in errors.items() if error]
    assert lost == []


@of_each_mistake
def test_hint_gives_nothing_away(assignment, mistake):
    """One or two sentences, and in them no expression of the solution, however it is spaced."""
    assert 30 <= len(mistake.hint) <= 200, mistake.where
    sentences = re.findall(r"[.?!](?=\s|$)", mistake.hint)
    assert mistake.hint[-1] in ".?!" and len(sentences) <= 2, mistake.where
    hint = bare(mistake.hint)
    source = reference(assignment)[mistake.function]
    told = {code for code in expressions(source) if code in hint}
    assert not told, f"{mistake.where}: the hint holds {told}"
    assert bare(mistake.find) not in hint, mistake.where


def test_a_hint_that_tells_would_be_noticed():
    found = expressions(reference("1_step_by_step")["conv_single_step"])
    assert {"np.sum(products)+b.item()", "b.item()", "a_slice_prev*W"} <= found
    assert "Z=np.sum(products)+b.item()" in found


@cache
def bank_lines(assignment):
    """The lines of the file of an assignment's known mistakes."""
    return (ROOT / "misconceptions" / f"{assignment}.toml").read_text(encoding="utf-8").split("\n")


@of_each_mistake
def test_entry_is_named_in_a_few_plain_words(assignment, mistake):
    assert re.fullmatch(r"[A-Za-z0-9]+(_[A-Za-z0-9]+)*", mistake.name), mistake.where
    assert len(mistake.name) <= 45, mistake.where
    text = bank_lines(assignment)
    assert text[mistake.line - 1] == "[[misconception]]"
    assert text[mistake.line] == f'name = "{mistake.name}"'


def test_every_function_has_known_mistakes(assignment, source):
    known = Counter(entry.function for entry in misconceptions(assignment))
    assert set(known) == set(graded_functions(source))
    assert min(known.values()) >= 5, known
    assert known.total() >= LEAST[assignment]


def test_no_two_entries_are_the_same_edit(assignment):
    right = reference(assignment)
    edits = Counter(
        ast.unparse(ast.parse(entry.apply(right[entry.function])))
        for entry in misconceptions(assignment)
    )
    assert max(edits.values()) == 1


@pytest.mark.parametrize(("assignment", "style"), STYLES)
def test_right_answer_in_another_style_passes(assignment, style):
    assert set(right_answers(assignment)[style]) <= set(reference(assignment))
    assert not failures(assignment, style)


def test_every_function_is_answered_in_five_styles(assignment):
    styles = [reference(assignment), *right_answers(assignment).values()]
    for function in styles[0]:
        trees = {ast.dump(ast.parse(style[function])) for style in styles if function in style}
        assert len(trees) >= 6, f"{function}: the reference, and fewer than five others"


def test_an_answer_is_a_cell_with_its_helpers(tmp_path):
    folder = tmp_path / "a"
    folder.mkdir()
    (folder / "style.py").write_text(
        '"""Prose."""\nimport numpy as np\n\n# GRADED FUNCTION: f\ndef helper():\n    return 1\n\n'
        "def f():\n    return helper()\n\n# GRADED FUNCTION: g\ng = f\n"
    )
    style = right_answers("a", tmp_path)["style"]
    assert list(style) == ["f", "g"]
    assert style["f"].startswith("# GRADED FUNCTION: f\ndef helper") and "g = f" not in style["f"]
    for text in ("def f():\n    pass\n", "# GRADED FUNCTION: f\n# GRADED FUNCTION: f\n"):
        (folder / "style.py").write_text(text)
        with pytest.raises(BankError, match="style.py: start each answer"):
            right_answers("a", tmp_path)


@pytest.mark.parametrize(
    ("find", "replace", "message"),
    [
        ("np.mean(", "np.sum(", "occurs 0 times"),
        ("Z", "Y", r"occurs [2-9] times"),
        ("np.sum(products)", "np.sum(products", "is not Python"),
        ("np.sum(products)", "np.sum(products)", "find and replace are the same"),
        ("np.sum(products)", "products.sum()", "passes every test of its function"),
        ("np.sum(products) + b.item()", "", "is not Python"),
    ],
)
def test_a_bad_edit_is_named_with_its_line(tmp_path, find, replace, message):
    (tmp_path / "1_step_by_step.toml").write_text(
        ENTRY.format(name="good", find="np.sum(products)", replace="0")
        + ENTRY.format(name="bad", find=find, replace=replace)
    )
    good, bad = misconceptions("1_step_by_step", tmp_path)
    assert catch("1_step_by_step", good)
    place = "1_step_by_step.toml, line 11: conv_single_step, bad: "
    with pytest.raises(BankError, match=f"^{place}.*{message}"):
        catch("1_step_by_step", bad)


def test_an_unknown_function_is_named_with_its_line():
    entry = Misconception("n", "f", find="x", replace="y", hint="h", file="a.toml", line=7)
    with pytest.raises(BankError, match="a.toml, line 7: f, n: no graded function"):
        catch("1_step_by_step", entry)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ENTRY.format(name="a", find="x", replace="y") * 2, "line 11: .*, a: stands there twice"),
        (ENTRY.format(name="a", find="", replace="y"), "line 3: .*, a: find must be text"),
        (ENTRY.replace("hint", "tip").format(name="a", find="x", replace="y"), "line 3: .*keys"),
        (
            ENTRY.replace('"Look again."', "3").format(name="a", find="x", replace="y"),
            "line 3: .*hint",
        ),
        ("misconception = [{ name = 'a' }]", "start each entry with a line"),
        ("[[misconception]]\nname = x\n", "line 2"),
    ],
)
def test_a_bad_file_is_refused(tmp_path, text, message):
    (tmp_path / "x.toml").write_text(text)
    with pytest.raises(BankError, match=f"x.toml.*{message}"):
        misconceptions("x", tmp_path)
