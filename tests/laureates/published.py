"""Announcements in each state of their life, for the tests of versions."""

import datetime

from django.utils import timezone

from laureates import releases
from laureates.models import Announcement, ReleaseDraft
from tests.factories import (
    AnnouncementFactory,
    LaureateFactory,
    OrganisationFactory,
    TerritoryFactory,
    ThemeFactory,
    UserFactory,
)

REASON = "Le porteur a renoncé à son projet."
WORDS = "Le montant du projet nᵒ\u00a01 est corrigé."


def publisher(**values):
    return UserFactory(role="Publication", **values)


def in_an_hour():
    return (timezone.now() + datetime.timedelta(hours=1)).replace(second=0, microsecond=0)


def prepared(count=2, **values) -> Announcement:
    """A draft announcement with `count` laureates, each with a carrier, a theme, a territory."""
    announcement = AnnouncementFactory(draft=True, **values)
    theme, place = ThemeFactory(), TerritoryFactory()
    for position in range(1, count + 1):
        LaureateFactory(
            announcement=announcement,
            position=position,
            title=f"Projet {position} de {announcement.slug}",
            slug=f"projet-{position}-de-{announcement.slug}",
            carriers=[OrganisationFactory()],
            themes=[theme],
            territories=[place],
        )
    return announcement


def published(count=2, by=None, **values) -> Announcement:
    announcement = prepared(count, **values)
    releases.publish(announcement, by=by or publisher())
    announcement.refresh_from_db()
    return announcement


def drafted(by, count=2, **values) -> ReleaseDraft:
    """The draft of version 2 of an announcement, whose first laureate has another amount."""
    announcement = published(count, by=by, **values)
    draft = releases.start_draft(announcement, by=by)
    first = announcement.laureates.order_by("position").first()
    return releases.save_laureate(
        draft, by=by, version=draft.version, public_id=first.public_id, values={"amount": "1200000"}
    )


def fake_files(announcement, release):
    """Two files that cost nothing to make: a list, and a sheet of each project."""
    stem = f"{announcement.slug}-v{release.number}"
    shown = announcement.laureates.filter(withdrawn_at__isnull=True).order_by("position")
    listed = [(f"laureats-{stem}.csv", "Liste", "CSV", "text/csv; charset=utf-8", "", b"id\r\n")]
    return listed + [
        (
            f"fiche-{laureate.public_id}-v{release.number}.pdf",
            f"Fiche {laureate.title}",
            "PDF",
            "application/pdf",
            laureate.public_id,
            laureate.title.encode(),
        )
        for laureate in shown
    ]
