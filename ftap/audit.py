"""Versions of fields: every save of an audited row keeps what the row became."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.conf import settings
from django.db import models
from django.dispatch import Signal
from django.utils.module_loading import import_string
from simple_history.models import HistoricalRecords

# Sent by the writer of many rows, once all are written: `created` and `changed`, lists of rows.
saved_many = Signal()

_paused: ContextVar[bool] = ContextVar("ftap_audit_paused", default=False)


@contextmanager
def paused() -> Iterator[None]:
    """Write no version inside: rows that are loaded are not acts of this application."""
    token = _paused.set(True)
    try:
        yield
    finally:
        _paused.reset(token)


def acting(by, action: str, comment: str = ""):
    """A context in which all that is saved is one act of `by`, kept by settings.AUDIT_ACTING."""
    return import_string(settings.AUDIT_ACTING)(by, action, comment)


def save_many(created=(), changed=(), *, by, action: str, comment: str = "", relations=()) -> None:
    """Write many audited rows with their versions, as settings.AUDIT_SAVE_MANY does."""
    import_string(settings.AUDIT_SAVE_MANY)(
        created, changed, by=by, action=action, comment=comment, relations=relations
    )


class FieldVersions(HistoricalRecords):
    """The versions of a model, declared in its class as `history = FieldVersions()`.

    A save with `raw=True`, as of a fixture, writes none; nor does anything inside `paused()`.
    """

    def __init__(self, **kwargs):
        kwargs.setdefault("history_change_reason_field", models.TextField(null=True))
        super().__init__(**kwargs)

    def create_historical_record(self, instance, history_type, using=None):
        if not _paused.get():
            super().create_historical_record(instance, history_type, using=using)

    def m2m_changed(self, instance, action, attr, pk_set, reverse, **kwargs):
        if _paused.get():
            return
        if not reverse:
            super().m2m_changed(instance, action, attr, pk_set, reverse, **kwargs)
            return
        # Said from the other side (a theme is given to projects): each project has a new version.
        for row in kwargs["model"]._base_manager.filter(pk__in=pk_set or ()):
            super().m2m_changed(row, action, attr, {instance.pk}, False, **kwargs)
