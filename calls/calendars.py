"""The dates of sessions as an iCalendar file (RFC 5545), the same bytes for the same dates.

Each date is an event whose identifier never changes; its SEQUENCE grows when the date moves, so
that a calendar which holds the former one replaces it. Nothing else moves the file: neither the
moment of the request, nor what the staff writes elsewhere in the session.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone
from icalendar import (
    Calendar,
    Event,
    Timezone,
    TimezoneDaylight,
    TimezoneStandard,
)

from calls.models import Call, CallSession
from calls.pages import former_deadline_words, has_dates, session_name
from ftap.templatetags.ftap import NARROW_NBSP, NBSP

PRODID = "-//FTAP//Appels à projets//FR"
MEDIA_TYPE = "text/calendar; charset=utf-8"
PARIS = ZoneInfo("Europe/Paris")
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "calendrier.ftap")
_DEADLINE = ("deadline_on", "deadline_time")
_OPENING = ("opens_on",)


@dataclass(frozen=True)
class Moves:
    """How many times a date moved, and when it last did: None when it never moved."""

    count: int
    last: datetime | None


def calendar(call: Call, sessions: Iterable[CallSession], site_url: str, title: str) -> bytes:
    """The openings and deadlines of these sessions of `call`, those that are known.

    `site_url` has no trailing slash; `title` names the calendar.
    """
    sessions = [session for session in sessions if has_dates(session)]
    versions = _versions(sessions)
    found = Calendar()
    found.add("prodid", PRODID)
    found.add("version", "2.0")
    found.add("calscale", "GREGORIAN")
    found.add("x-wr-calname", title)
    if any(session.deadline_on and session.deadline_time for session in sessions):
        found.add_component(paris())
    for session in sessions:
        session.call = call
        url = site_url + session.get_absolute_url()
        history = versions.get(session.pk, [])
        if session.opens_on:
            found.add_component(_opening(session, url, _opening_moves(session, history)))
        if session.deadline_on:
            found.add_component(_deadline(session, url, _deadline_moves(session, history)))
    return found.to_ical()


def paris() -> Timezone:
    """The time of Paris as the European Union has set it since 1996."""
    zone = Timezone()
    zone.add("tzid", PARIS.key)
    for component, name, start, month, before, after in (
        (TimezoneDaylight(), "CEST", datetime(1996, 3, 31, 2), 3, 1, 2),
        (TimezoneStandard(), "CET", datetime(1996, 10, 27, 3), 10, 2, 1),
    ):
        component.add("dtstart", start)  # a clock of Paris just before the change
        component.add("rrule", {"freq": "yearly", "bymonth": month, "byday": "-1SU"})
        component.add("tzoffsetfrom", timedelta(hours=before))
        component.add("tzoffsetto", timedelta(hours=after))
        component.add("tzname", name)
        zone.add_component(component)
    return zone


# Events ----------------------------------------------------------------------


def _opening(session, url, moves):
    event = _event(session, "ouverture", url, moves)
    event.add("summary", f"Ouverture du dépôt{NBSP}: {_title(session)}")
    event.add("description", f"Page de la session{NBSP}: {url}")
    _all_day(event, session.opens_on)
    return event


def _deadline(session, url, moves):
    event = _event(session, "date-limite", url, moves)
    event.add("summary", f"Date limite de dépôt{NBSP}: {_title(session)}")
    lines = [f"Page de la session{NBSP}: {url}"]
    if session.deadline_time is None:
        lines.insert(0, "L’heure limite n’est pas communiquée.")
        _all_day(event, session.deadline_on)
    else:
        moment = datetime.combine(session.deadline_on, session.deadline_time, PARIS)
        event.add("dtstart", moment)
        event.add("dtend", moment)
    formers = [former_deadline_words(former) for former in session.former_deadlines.all()]
    if formers:
        joined = f"{NARROW_NBSP}; ".join(formers)
        plural = "s" if len(formers) > 1 else ""
        lines.insert(0, f"Ancienne{plural} date{plural} limite{plural}{NBSP}: {joined}.")
    event.add("description", "\n".join(lines))
    return event


def _event(session, what, url, moves):
    event = Event()
    event.add("uid", str(uuid.uuid5(_NAMESPACE, f"{session.slug}/{what}")))
    stamp = max(filter(None, (session.call.published_at, moves.last)), default=None)
    stamp = (stamp or datetime(2017, 9, 25, tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)
    event.add("dtstamp", stamp)
    event.add("last-modified", stamp)
    event.add("sequence", moves.count)
    event.add("url", url)
    event.add("transp", "TRANSPARENT")
    return event


def _all_day(event, day: date):
    event.add("dtstart", day)
    event.add("dtend", day + timedelta(days=1))


def _title(session):
    return f"{session.call.title}, {session_name(session)}"


# What moved ------------------------------------------------------------------


def _versions(sessions) -> dict[int, list[dict]]:
    """The dates that each session had, oldest version first: one query."""
    found = {}
    rows = CallSession.history.model.objects.filter(id__in=[session.pk for session in sessions])
    for row in rows.order_by("history_date", "history_id").values(
        "id", "history_date", *_OPENING, *_DEADLINE
    ):
        found.setdefault(row["id"], []).append(row)
    return found


def _moves(history, names, since) -> Moves:
    """The changes of these fields from one known value to another, in the versions of a row.

    Those made before `since`, when visitors saw nothing of it, are nobody's concern.
    """
    count, last, known = 0, None, None
    for version in history:
        value = tuple(version[name] for name in names)
        if value[0] is None or value == known:
            continue
        if known is not None and since is not None and version["history_date"] > since:
            count, last = count + 1, version["history_date"]
        known = value
    return Moves(count, last)


def _opening_moves(session, history) -> Moves:
    return _moves(history, _OPENING, session.call.published_at)


def _deadline_moves(session, history) -> Moves:
    """Those kept by versions, and at least those that the session's former deadlines tell."""
    formers = list(session.former_deadlines.all())
    moves = _moves(history, _DEADLINE, session.call.published_at)
    days = [former.replaced_on for former in formers if former.replaced_on]
    told = timezone.make_aware(datetime.combine(max(days), time.min)) if days else None
    return Moves(
        max(moves.count, len(formers)), max(filter(None, (moves.last, told)), default=None)
    )
