"""Whether a database may have changed since it was last asked, where the engine tells at once."""

from django.db.backends.base.base import BaseDatabaseWrapper


def mark(database: BaseDatabaseWrapper) -> tuple | None:
    """Something that stays the same as long as no row of the database does change.

    None where the engine has no such thing, and inside a transaction, which may be undone. SQLite
    tells what other connections committed (PRAGMA data_version), and counts what this one wrote.
    """
    if database.vendor != "sqlite" or database.in_atomic_block:
        return None
    database.ensure_connection()
    # Past Django's own cursors, which would read the statement again at each use.
    opened = database.connection
    (version,) = opened.execute("PRAGMA data_version").fetchone()
    return opened, version, opened.total_changes
