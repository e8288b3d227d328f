"""The first publication: at a minute to come, or now; and its cancellation before that minute."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from ftap import audit
from ftap.refusals import Refusal
from laureates.models import Announcement, Release
from laureates.releases import checking
from laureates.releases.freezing import FIRST_CHANGELOG, freeze
from laureates.releases.holding import (
    DRAFT,
    NO_RIGHT,
    PUBLIC,
    SCHEDULED,
    content_refusals,
    hold,
    may,
    require_publishable,
    require_state,
    required,
    standing_refusal,
    state_of,
)
from laureates.releases.moments import in_words, to_the_minute


def schedule_refusal(announcement: Announcement, user) -> str:
    """Why `user` cannot choose a minute for this announcement, in French; "" if they can."""
    return standing_refusal(announcement, user, DRAFT) or " ".join(content_refusals(announcement))


publish_refusal = schedule_refusal


def schedule(announcement: Announcement, *, by, at: datetime, changelog: str = "") -> Release:
    """Make the announcement public at the minute `at`, to come: nothing else will be needed.

    A naive `at` is what a clock in Paris will show. The rows are frozen as version 1, and locked.
    """
    at = to_the_minute(at)
    if at <= timezone.now():
        raise Refusal(
            f"Cette minute est passée\u00a0: {in_words(at)}. Choisissez une minute à venir, ou "
            "publiez maintenant."
        )
    return _open(announcement, by=by, at=at, changelog=changelog, action="schedule")


def publish(announcement: Announcement, *, by, changelog: str = "") -> Release:
    """Make the announcement public now, frozen as version 1."""
    return _open(announcement, by=by, at=None, changelog=changelog, action="publish")


def _open(announcement, *, by, at, changelog, action):
    with transaction.atomic():
        held = hold(announcement.pk, by)
        require_state(held, DRAFT)
        require_publishable(held)
        with audit.acting(by, action):
            held.published_at = at or timezone.now()
            checking.save(held)
            return freeze(
                held,
                Release.Kind.FIRST,
                at=held.published_at,
                changelog=(changelog or "").strip() or FIRST_CHANGELOG,
                by=by,
            )


def unschedule_refusal(announcement: Announcement, user) -> str:
    """Why `user` cannot cancel the scheduled publication, in French; "" if they can."""
    if not may(user, announcement):
        return NO_RIGHT
    state = state_of(announcement)
    if state == PUBLIC:
        return "Cette annonce est déjà publique\u00a0: elle se rectifie, ou se retire."
    return "" if state == SCHEDULED else "La publication de cette annonce n’est pas programmée."


def unschedule(announcement: Announcement, *, by, reason: str) -> Announcement:
    """Cancel a scheduled publication before its minute: version 1 and its files are removed."""
    reason = required(reason, "reason", "Indiquez pourquoi la publication est déprogrammée.")
    with transaction.atomic():
        held = hold(announcement.pk, by)
        if refusal := unschedule_refusal(held, by):
            raise Refusal(refusal)
        with audit.acting(by, "unschedule", reason):
            for release in held.releases.all():
                release.delete()
            held.published_at = None
            checking.save(held)
    return held
