"""Several processes, one SQLite gradebook: whoever wants to write waits for its turn.

Python's driver gives up after 5 seconds ("database is locked"), which many workers on a slow disk
may take. A gradebook in PostgreSQL needs none of this.
"""

from sqlalchemy import event
from sqlalchemy.engine import Engine

PATIENCE = 120  # seconds that a process waits for its turn


def take_turns():
    """From now on, in this process. May be called again."""
    if not event.contains(Engine, "connect", be_patient):
        event.listen(Engine, "connect", be_patient)


def be_patient(connection, _):
    """Make a new connection wait longer for a lock."""
    if type(connection).__module__.startswith("sqlite3"):
        connection.execute(f"PRAGMA busy_timeout = {PATIENCE * 1000}")
