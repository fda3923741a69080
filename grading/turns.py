"""Several processes, one SQLite gradebook: each transaction waits for its turn.

SQLite refuses a reader that turns writer while another one writes, at once, however patient it
is told to be: "database is locked". So a transaction takes the lock when it begins. nbgrader's
transactions are short; a gradebook in PostgreSQL needs none of this.
"""

from sqlalchemy import event
from sqlalchemy.engine import Engine

PATIENCE = 120  # seconds that a process waits for its turn


def take_turns():
    """From now on, in this process. May be called again."""
    if not event.contains(Engine, "begin", begin):
        event.listen(Engine, "connect", connect)
        event.listen(Engine, "begin", begin)


def connect(connection, _):
    """Let SQLAlchemy, not Python's driver, begin transactions of a new connection."""
    if type(connection).__module__.startswith("sqlite3"):
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {PATIENCE * 1000}")


def begin(connection):
    """Begin a transaction as one that may write."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
