"""A database that gives up because of another writer, on either engine."""

from django.db import OperationalError

# What PostgreSQL says of two acts that wait for each other.
_DEADLOCK = "40P01"


def is_contention(error: OperationalError) -> bool:
    """Whether the database gave up because of another writer, on either engine."""
    cause = error.__cause__
    return getattr(cause, "sqlstate", "") == _DEADLOCK or "locked" in str(cause)
