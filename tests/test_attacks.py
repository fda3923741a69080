"""Every attack of the table, for real: nbgrader's autograde and feedback, sandbox on."""

import os
import re
import shutil
import socket
from collections import Counter
from pathlib import Path

import pytest
from attacks import ATTACKS, PORT, table
from conftest import IN_CI
from grader_api import FULL
from nbgrader.apps import NbGraderAPI
from small_course import ASSIGNMENT, NOTEBOOK

from grading.bank import ROOT

SECRET = "SECRET-OF-THE-COURSE"


def slug(attack):
    return re.sub(r"\W+", "-", f"{attack.family}-{attack.name}").strip("-")


@pytest.fixture(scope="module", autouse=True)
def listener():
    """A port of this machine that a sandbox must not reach."""
    with socket.create_server(("127.0.0.1", PORT)) as server:
        yield
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


@pytest.fixture(scope="module", autouse=True)
def apart():
    """In CI a failing attack harms nobody: `make test` runs in a pid namespace of its own."""
    if IN_CI:
        assert b"tests/apart" in Path("/proc/1/cmdline").read_bytes()


def parametrize(attacks):
    return pytest.mark.parametrize("attack", attacks, ids=slug)


def entries(folder):
    """{relative path: mode, size and target of a link} of everything below a folder."""
    return {
        str(path.relative_to(folder)): (
            path.lstat().st_mode,
            path.lstat().st_size,
            os.readlink(path) if path.is_symlink() else None,
        )
        for path in folder.rglob("*")
    }


@parametrize([attack for attack in ATTACKS if not attack.refused])
def test_attack_gains_nothing(course, attack):
    """No points that were not earned, none taken from other functions, nothing learnt."""
    student = slug(attack)
    folder = course.submit(student, attack.edit).parent
    if attack.files:
        attack.files(folder)
    before = entries(folder.parent)
    run = course.grade_submitted(student)
    want = attack.points or {name: 0 if name in attack.lost else FULL[name] for name in FULL}
    assert run.points == want, run.log[-3000:]
    assert all(score is not None for score in run.cells.values())
    assert SECRET not in run.page
    assert SECRET not in run.shown
    assert len(run.page) < 2_000_000
    if attack.shows:
        assert re.search(attack.shows, run.shown), run.shown[:3000]
    if attack.absent:
        text = re.sub(r'<div class="highlight.*?</div>', "", run.page, flags=re.S)
        assert not re.search(attack.absent, text)
    assert str(course.folder / "source" / ASSIGNMENT) not in run.page
    assert entries(folder.parent) == before, "what was handed in was changed"
    if attack.files:
        assert "Not looked at" in run.log
        for step, made in ("autograded", "ipynb"), ("feedback", "html"):
            out = course.folder / step / student / ASSIGNMENT
            assert {path.name for path in out.iterdir()} == {f"{NOTEBOOK}.{made}", "data.txt"}
            assert (out / "data.txt").read_text() == "course data"
            assert not any(path.is_symlink() for path in out.iterdir())


@parametrize([attack for attack in ATTACKS if attack.refused])
def test_attack_is_refused(course, attack):
    """No grade, a reason in the log, and everything as it was handed in."""
    student = attack.student or slug(attack)
    folder = course.submit(student, attack.edit).parent
    if attack.files:
        attack.files(folder)
    before = entries(folder.parent)
    try:
        result = NbGraderAPI(config=course.config).autograde(ASSIGNMENT, student)
        assert not result["success"]
        assert attack.refused in result["log"]
        assert entries(folder.parent) == before
        assert not (course.folder / "autograded" / student / ASSIGNMENT).exists()
    finally:  # other tests grade the whole class
        folder.unlink() if folder.is_symlink() else shutil.rmtree(folder)


def test_the_table_is_whole():
    """Names are unique, every family is there, and there are at least 60."""
    names = Counter(slug(attack) for attack in ATTACKS)
    assert max(names.values()) == 1, [name for name, count in names.items() if count > 1]
    assert len(ATTACKS) >= 60
    assert len({attack.family for attack in ATTACKS}) == 9


def test_security_md_lists_these_attacks():
    """The table is generated: `python tests/attacks.py` prints it."""
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert table() in text, "SECURITY.md is stale: run `make security`"
