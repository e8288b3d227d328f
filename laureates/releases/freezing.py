"""Freezes versions: their content and their files, as bytes that never change again."""

import hashlib
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from ftap import audit
from laureates.models import Announcement, Release, ReleaseFile
from laureates.releases import checking, content, files

FIRST_CHANGELOG = "Première publication."


def freeze(announcement: Announcement, kind: str, *, at: datetime, changelog: str, by) -> Release:
    """The next version of an announcement, frozen as its rows stand, with its files.

    To be called in the transaction of the act, the announcement being held.
    """
    last = announcement.releases.order_by("-number").values_list("number", flat=True).first()
    release = Release(
        announcement=announcement,
        number=(last or 0) + 1,
        kind=kind,
        published_at=at,
        changelog=changelog,
        created_at=timezone.now(),
        created_by=by,
    )
    _freeze_content(release)
    checking.save(release)
    _freeze_files(release)
    return release


def freeze_missing() -> int:
    """Freeze what a load of data left unfrozen; returns how many versions were completed.

    An announcement with a minute and no version gets its first; a version without content, or
    without files, gets them from the rows as they stand. Idempotent.
    """
    completed = 0
    with transaction.atomic(), audit.paused():
        without = Announcement.objects.filter(
            published_at__isnull=False, withdrawn_at__isnull=True, releases__isnull=True
        )
        for announcement in without.order_by("pk"):
            freeze(
                announcement,
                Release.Kind.FIRST,
                at=announcement.published_at,
                changelog=FIRST_CHANGELOG,
                by=None,
            )
            completed += 1
        for release in Release.objects.filter(content="").order_by("announcement", "number"):
            _freeze_content(release)
            checking.save(release)
            if not release.files.exists():
                _freeze_files(release)
            completed += 1
    return completed


def keep_frozen(release: Release) -> None:
    """Give back to a version that a file of data describes what the database froze of it."""
    stored = Release.objects.filter(pk=release.pk).first() if release.pk else None
    if stored and stored.content and not release.content:
        for name in ("content", "content_sha256", "created_at", "created_by_id"):
            setattr(release, name, getattr(stored, name))


def _freeze_content(release):
    frozen = content.read(release.announcement)
    release.content = content.text(frozen)
    release.content_sha256 = content.digest(frozen)


def _freeze_files(release):
    """Write the files of a version: rows of their own, which nothing reads before its minute."""
    ReleaseFile.objects.bulk_create(
        ReleaseFile(
            release=release,
            position=position,
            name=name,
            label=label,
            format=format_,
            media_type=media_type,
            public_id=public_id,
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            content=data,
        )
        for position, (name, label, format_, media_type, public_id, data) in enumerate(
            files.build(release.announcement, release), 1
        )
    )
