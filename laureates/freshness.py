"""When what visitors see last changed, and how many times: what validators of caches are made of.

A row counts as public when visitors see it, or saw it until this very change. Saving a draft,
scheduling it or changing a reference that nothing public uses moves nothing; the minute of a
scheduled announcement moves the version by itself.
"""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from itertools import groupby
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_delete, pre_save
from django.utils import timezone

from ftap import prepared, unchanged
from ftap.audit import saved_many
from laureates.models import (
    Announcement,
    Carrier,
    Claim,
    Document,
    IndexWrite,
    Laureate,
    LaureateGroup,
    Organisation,
    PublicState,
    Release,
    ReleaseFile,
    Territory,
    Theme,
)

_WAS_PUBLIC = "_was_public"
_PRIVATE = {"staff_note"}
# The models that public pages read.
_READ = (
    Announcement,
    Carrier,
    Claim,
    Document,
    Laureate,
    LaureateGroup,
    Organisation,
    Release,
    ReleaseFile,
    Territory,
    Theme,
)


@dataclass(frozen=True)
class Version:
    """`key` is the same as long as visitors see the same; `changed_at` is None before a change.

    `write` is the state of the index at the same moment, its number and its token: None where it
    was not asked.
    """

    key: str
    changed_at: datetime | None
    write: tuple[int, str] | None = field(default=None, compare=False)


class _Known(NamedTuple):
    """A version, what the database was like when it was read, and the moments between which it is
    that of this database: from `since` on, before `until` where the clock opens something more."""

    mark: tuple
    since: datetime
    until: datetime | None
    version: Version

    def still(self, mark: tuple, now: datetime) -> bool:
        return self.mark == mark and self.since <= now and (self.until is None or now < self.until)


# That of the connection of each thread.
_local = threading.local()


@cache
def _question() -> str:
    """The query of `current`, as the ORM writes it: every page asks it, and compiling it again
    would take longer than the answer. Its two parameters are the moment."""
    latest = Announcement.objects.published().order_by("-published_at").values("published_at")
    next_one = Announcement.objects.embargoed().order_by("published_at")
    parts = []
    for rows in (latest, next_one.values("published_at")):
        sql, parameters = rows[:1].query.sql_with_params()
        if len(parameters) != 1:
            raise AssertionError("what is public depends on the clock, once")
        parts.append(f"({sql})")
    state, writes = PublicState._meta.db_table, IndexWrite._meta.db_table
    return (
        f"SELECT {state}.number, changed_at, {', '.join(parts)}, "  # noqa: S608
        "written.number, token "
        f"FROM (SELECT 1 AS one) AS always LEFT JOIN {state} ON {state}.id = 1 "
        f"LEFT JOIN (SELECT number, token FROM {writes} ORDER BY number DESC LIMIT 1) AS written "
        "ON 1 = 1"
    )


def current(database=connection) -> Version:
    """The version of what visitors see now, on the usual connection by default: one query, or none
    where the engine tells that nothing has changed since the last one."""
    now, mark = timezone.now(), unchanged.mark(database)
    known = getattr(_local, "known", None)
    if mark and known and known.still(mark, now):
        return known.version
    found, until = _read(database, now)
    if mark:
        _local.known = _Known(mark, now, until, found)
    return found


def _read(database, now) -> tuple[Version, datetime | None]:
    """The version at a moment, and when the clock opens something more."""
    given = database.ops.adapt_datetimefield_value(now)
    rows = prepared.fetched(_question(), [given, given], database)
    number, changed_at, opened, until, *write = rows[0]
    changed_at, opened = _moment(changed_at), _moment(opened)
    moments = [moment for moment in (changed_at, opened) if moment]
    stamp = f"{opened.timestamp():.6f}" if opened else "0"
    written = None if write[0] is None else tuple(write)
    found = Version(f"{number or 0}-{stamp}", max(moments, default=None), written)
    return found, _moment(until)


def _moment(value) -> datetime | None:
    """A moment as either engine gives it: SQLite writes it, in UTC."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)


def touch() -> None:
    """Say that what visitors see has just changed."""
    with transaction.atomic():
        PublicState.objects.get_or_create(pk=1)
        PublicState.objects.filter(pk=1).update(number=F("number") + 1, changed_at=timezone.now())


def _is_public(row) -> bool:
    """Whether visitors see this row, as the database holds it."""
    return row.pk is not None and _any_public(type(row), [row])


def _any_public(model, rows) -> bool:
    """Whether visitors see one of these saved rows of a model, as the database holds them."""
    keys = {row.pk for row in rows}
    published = Laureate.objects.published()
    if model is Laureate:
        return published.filter(pk__in=keys).exists()
    if model is Announcement:
        return Announcement.objects.published().filter(pk__in=keys).exists()
    if model is Carrier:
        return published.filter(pk__in={row.laureate_id for row in rows}).exists()
    if model is LaureateGroup:
        return published.filter(group__in=keys).exists()
    if model in (Claim, Document, Release):
        announcements = {row.announcement_id for row in rows}
        if None in announcements:
            return True
        return Announcement.objects.published().filter(pk__in=announcements).exists()
    if model is ReleaseFile:
        return Release.objects.published().filter(pk__in={row.release_id for row in rows}).exists()
    if model is Organisation:
        return Organisation.objects.public().filter(pk__in=keys).exists()
    if model is Theme:
        return published.filter(themes__in=keys).exists()
    if model is Territory:
        within = Q(territories__in=keys) | Q(territories__region__in=keys)
        return (
            published.filter(within).exists()
            or Organisation.objects.public().filter(territory__in=keys).exists()
        )
    raise TypeError(f"nothing says whether a visitor sees a {model.__name__}")


def _joins_public(row) -> bool:
    """Whether a row that is not saved yet is to stand below one that visitors see."""
    if row.pk is not None:
        return False
    if isinstance(row, Carrier):
        return Laureate.objects.published().filter(pk=row.laureate_id).exists()
    if isinstance(row, Claim) and row.announcement_id is None:
        return True
    if isinstance(row, Claim | Document | Laureate | Release):
        return Announcement.objects.published().filter(pk=row.announcement_id).exists()
    return False


def _hold() -> None:
    """Lock the state before the history's end, which every act of the staff locks last.

    A save tells the history before it comes here: two transactions that took these locks in
    opposite orders would wait for each other. Only PostgreSQL locks rows, and only transactions
    keep what they lock.
    """
    if connection.features.has_select_for_update and connection.in_atomic_block:
        PublicState.objects.select_for_update().filter(pk=1).first()


def _before(sender, instance, raw=False, update_fields=None, **kwargs):
    if raw or _is_private(update_fields):
        return
    instance.__dict__[_WAS_PUBLIC] = was_public = _is_public(instance)
    if was_public or _joins_public(instance):
        _hold()


def _after(sender, instance, raw=False, update_fields=None, **kwargs):
    if raw or _is_private(update_fields):
        return
    if instance.__dict__.pop(_WAS_PUBLIC, False) or _is_public(instance):
        touch()


def _is_private(update_fields) -> bool:
    """Whether a save writes nothing but what visitors never see."""
    return update_fields is not None and set(update_fields) <= _PRIVATE


def _after_delete(sender, instance, **kwargs):
    if instance.__dict__.pop(_WAS_PUBLIC, False):
        touch()


def _on_links(sender, instance, action, reverse, pk_set, **kwargs):
    if action not in {"post_add", "post_remove", "post_clear"}:
        return
    if reverse:
        touched = Laureate.objects.published().filter(pk__in=pk_set or ()).exists()
    else:
        touched = _is_public(instance)
    if touched or (reverse and pk_set is None):
        touch()


def _on_many(sender, created, changed, **kwargs):
    rows = sorted((*created, *changed), key=lambda row: type(row).__name__)
    for model, group in groupby(rows, type):
        if model in _READ and _any_public(model, list(group)):
            touch()
            return


def connect() -> None:
    """Follow every row that public pages read; called once, when applications are ready."""
    for model in _READ:
        name = model.__name__
        pre_save.connect(_before, model, dispatch_uid=f"freshness-before-{name}")
        post_save.connect(_after, model, dispatch_uid=f"freshness-after-{name}")
        pre_delete.connect(_before, model, dispatch_uid=f"freshness-before-delete-{name}")
        post_delete.connect(_after_delete, model, dispatch_uid=f"freshness-delete-{name}")
    saved_many.connect(_on_many, dispatch_uid="freshness-many")
    for links in ("themes", "territories"):
        through = getattr(Laureate, links).through
        m2m_changed.connect(_on_links, through, dispatch_uid=f"freshness-links-{links}")
