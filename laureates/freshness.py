"""When what visitors see last changed, and how many times: what validators of caches are made of.

A row counts as public when visitors see it, or saw it until this very change. Saving a draft,
scheduling it or changing a reference that nothing public uses moves nothing; the minute of a
scheduled announcement moves the version by itself.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, Max
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_delete, pre_save
from django.utils import timezone

from laureates.models import (
    Announcement,
    Carrier,
    Claim,
    Document,
    Laureate,
    Organisation,
    PublicState,
    Release,
    ReleaseFile,
    Territory,
    Theme,
)

_WAS_PUBLIC = "_was_public"


@dataclass(frozen=True)
class Version:
    """`key` is the same as long as visitors see the same; `changed_at` is None before a change."""

    key: str
    changed_at: datetime | None


def current() -> Version:
    """The version of what visitors see now: two queries."""
    state = PublicState.objects.filter(pk=1).first() or PublicState()
    opened = Announcement.objects.published().aggregate(latest=Max("published_at"))["latest"]
    moments = [moment for moment in (state.changed_at, opened) if moment]
    stamp = f"{opened.timestamp():.6f}" if opened else "0"
    return Version(f"{state.number}-{stamp}", max(moments, default=None))


def touch() -> None:
    """Say that what visitors see has just changed."""
    with transaction.atomic():
        PublicState.objects.get_or_create(pk=1)
        PublicState.objects.filter(pk=1).update(number=F("number") + 1, changed_at=timezone.now())


def _is_public(row) -> bool:
    """Whether visitors see this row, as the database holds it."""
    if row.pk is None:
        return False
    published = Laureate.objects.published()
    if isinstance(row, Laureate):
        return published.filter(pk=row.pk).exists()
    if isinstance(row, Announcement):
        return Announcement.objects.published().filter(pk=row.pk).exists()
    if isinstance(row, Carrier):
        return published.filter(pk=row.laureate_id).exists()
    if isinstance(row, Claim | Document | Release):
        if row.announcement_id is None:
            return True
        return Announcement.objects.published().filter(pk=row.announcement_id).exists()
    if isinstance(row, ReleaseFile):
        return Release.objects.published().filter(pk=row.release_id).exists()
    if isinstance(row, Organisation):
        return Organisation.objects.public().filter(pk=row.pk).exists()
    if isinstance(row, Theme):
        return published.filter(themes=row.pk).exists()
    return True  # where France lies is no secret: a territory is named in filters and tables


def _before(sender, instance, raw=False, **kwargs):
    if not raw:
        instance.__dict__[_WAS_PUBLIC] = _is_public(instance)


def _after(sender, instance, raw=False, **kwargs):
    if not raw and (instance.__dict__.pop(_WAS_PUBLIC, False) or _is_public(instance)):
        touch()


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


def connect() -> None:
    """Follow every row that public pages read; called once, when applications are ready."""
    for model in (
        Announcement,
        Carrier,
        Claim,
        Document,
        Laureate,
        Organisation,
        Release,
        ReleaseFile,
        Territory,
        Theme,
    ):
        name = model.__name__
        pre_save.connect(_before, model, dispatch_uid=f"freshness-before-{name}")
        post_save.connect(_after, model, dispatch_uid=f"freshness-after-{name}")
        pre_delete.connect(_before, model, dispatch_uid=f"freshness-before-delete-{name}")
        post_delete.connect(_after_delete, model, dispatch_uid=f"freshness-delete-{name}")
    for field in ("themes", "territories"):
        through = getattr(Laureate, field).through
        m2m_changed.connect(_on_links, through, dispatch_uid=f"freshness-links-{field}")
