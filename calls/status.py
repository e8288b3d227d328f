"""Where a call stands for visitors: what the clock and public announcements say, nothing else.

A deadline's day is open to its end; where its hour is known, deposit is over from that very minute
on, in the time of Paris. Sittings, dossiers and decisions are never asked: a session has been
decided on, for visitors, when an announcement linked to one of its sittings is public.
"""

from datetime import date, time

from django.db.models import (
    Case,
    CharField,
    Exists,
    OuterRef,
    Q,
    QuerySet,
    TextChoices,
    Value,
    When,
)
from django.utils import timezone
from django.utils.formats import date_format

from calls.models import CallSession, Publication
from ftap.templatetags.ftap import NBSP, french_date
from laureates.models import Announcement


class Status(TextChoices):
    OPEN = "open", "ouvert"
    CONTINUOUS = "continuous", "au fil de l’eau"
    ANNOUNCED = "announced", "annoncé"
    UNDER_REVIEW = "under_review", "en instruction"
    DELIBERATED = "deliberated", "délibéré"

    @property
    def takes_dossiers(self) -> bool:
        return self in {Status.OPEN, Status.CONTINUOUS}


def wall_clock() -> tuple[date, time]:
    """The day and the hour that a clock in Paris shows.

    The hour that comes twice when clocks go back counts once: its second passage is its very end,
    so that what has closed does not open again.
    """
    now = timezone.localtime()
    if now.fold:
        return now.date(), time(now.hour, 59, 59, 999999)
    return now.date(), now.time()


def with_session_status(sessions: QuerySet) -> QuerySet:
    """Sessions with their `status` now, a value of Status.

    A window that opened and whose end is unknown is open until its results are public.
    """
    today, hour = wall_clock()
    over = Q(deadline_on__lt=today) | Q(deadline_on=today, deadline_time__lte=hour)
    opened = Q(opens_on__lte=today)
    decided = Q(Exists(public_publications().filter(committees__session=OuterRef("pk"))))
    return sessions.annotate(
        status=Case(
            When(over & decided, then=Value(Status.DELIBERATED)),
            When(over, then=Value(Status.UNDER_REVIEW)),
            When(opened & Q(deadline_on__isnull=False), then=Value(Status.OPEN)),
            When(decided, then=Value(Status.DELIBERATED)),
            When(opened, then=Value(Status.OPEN)),
            default=Value(Status.ANNOUNCED),
            output_field=CharField(),
        )
    )


def with_call_status(calls: QuerySet) -> QuerySet:
    """Calls with their `status` now: that of the session that matters most to who would apply."""
    today, _ = wall_clock()
    sessions = with_session_status(CallSession.objects.filter(call=OuterRef("pk")).order_by())
    has = {status: Q(Exists(sessions.filter(status=status))) for status in Status}
    to_come = Q(Exists(sessions.filter(opens_on__gt=today)))
    return calls.annotate(
        status=Case(
            When(has[Status.OPEN], then=Value(Status.OPEN)),
            When(is_continuous=True, then=Value(Status.CONTINUOUS)),
            When(has[Status.UNDER_REVIEW], then=Value(Status.UNDER_REVIEW)),
            When(to_come, then=Value(Status.ANNOUNCED)),
            When(has[Status.DELIBERATED], then=Value(Status.DELIBERATED)),
            default=Value(Status.ANNOUNCED),
            output_field=CharField(),
        )
    )


def public_publications() -> QuerySet:
    """The links between sittings and the announcements that visitors may see."""
    return Publication.objects.filter(
        announcement__in=Announcement.objects.published().values("pk")
    ).order_by()


# In words --------------------------------------------------------------------


def hour_words(hour: time) -> str:
    """18:00 → « 18 h », 18:30 → « 18 h 30 »."""
    return f"{hour.hour}{NBSP}h" + (f"{NBSP}{date_format(hour, 'i')}" if hour.minute else "")


def deadline_words(day: date, hour: time | None) -> str:
    """« 12 juillet 2019 à 18 h », or « 12 juillet 2019 (heure non communiquée) »."""
    if hour is None:
        return f"{french_date(day)} (heure non communiquée)"
    return f"{french_date(day)} à {hour_words(hour)}"
