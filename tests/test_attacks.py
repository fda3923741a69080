"""Every attack of the table, for real: nbgrader's autograde and feedback, sandbox on."""

import re
import socket
from collections import Counter

import pytest
from attacks import ATTACKS, PORT, table
from grader_api import FULL
from small_course import ASSIGNMENT

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


@pytest.mark.parametrize("attack", ATTACKS, ids=slug)
def test_attack_gains_nothing(course, attack):
    """No points that were not earned, none taken from other functions, nothing learnt."""
    student = slug(attack)
    edit = attack.edit
    if attack.name == "submitted numpy.py":
        folder = course.submit(student).parent
        (folder / "numpy.py").write_text("raise SystemExit('PWNED')")
    run = course.grade(student, edit)
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
