"""What visitors will see, before they do: rows made public in a transaction that never commits."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.utils import timezone

from ftap import audit
from laureates.models import Announcement, Release
from laureates.releases.applying import apply
from laureates.releases.freezing import FIRST_CHANGELOG
from laureates.releases.holding import is_public

# Stands for the words of a correction that are not written yet.
UNWRITTEN = "(ce qui change reste à écrire)"


@contextmanager
def as_if_published(
    announcement: Announcement, *, content: dict | None = None, changelog: str = ""
) -> Iterator[Announcement]:
    """The announcement as if it were public, with `content` written on its rows where given.

    Whatever is read inside must be rendered to bytes inside. Everything written inside is undone
    when it ends, however it ends. The version that would be frozen is there without its files;
    `changelog` is that of a draft.
    """
    with transaction.atomic():
        undone = transaction.savepoint()
        try:
            with audit.paused():
                yield _made_public(announcement.pk, content, changelog)
        finally:
            transaction.savepoint_rollback(undone)


def _made_public(pk, content, changelog):
    row = Announcement.objects.select_for_update(of=("self",), no_key=True).get(pk=pk)
    if content is not None:
        apply(row, content)
        row.refresh_from_db()
    now = timezone.now()
    if not is_public(row):
        row.published_at = now
        row.withdrawn_at, row.withdrawal_reason = None, ""
        row.save()
        for release in row.releases.all():
            release.published_at = now
            release.save()
    last = row.releases.order_by("-number").first()
    if last is None or content is not None:
        Release.objects.create(
            announcement=row,
            number=last.number + 1 if last else 1,
            kind=Release.Kind.CORRECTION if last else Release.Kind.FIRST,
            published_at=now,
            changelog=changelog.strip() or (UNWRITTEN if last else FIRST_CHANGELOG),
        )
    return row
