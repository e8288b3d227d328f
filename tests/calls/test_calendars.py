"""The dates of sessions as calendars read them."""

import datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils import timezone
from icalendar import Calendar

from calls.calendars import paris
from tests.factories import PAST, CallFactory, CallSessionFactory, FormerDeadlineFactory

pytestmark = pytest.mark.django_db

PARIS = ZoneInfo("Europe/Paris")
OPENING = datetime.date(2026, 9, 1)
DEADLINE = datetime.date(2026, 10, 12)


@pytest.fixture(autouse=True)
def summer():
    with time_machine.travel(datetime.datetime(2026, 8, 1, tzinfo=PARIS)):
        yield


@pytest.fixture
def session():
    return CallSessionFactory(
        call=CallFactory(title="Appel de l’essai", published_at=PAST),
        label="1re session",
        opens_on=OPENING,
        deadline_on=DEADLINE,
    )


def fetch(client, row):
    response = client.get(f"{row.get_absolute_url()}calendrier.ics")
    assert response.status_code == 200
    return response


def read(client, row):
    return Calendar.from_ical(fetch(client, row).content)


def events(client, row):
    """(opening, deadline) of a session that has both."""
    found = sorted(read(client, row).walk("VEVENT"), key=lambda event: str(event["SUMMARY"]))
    deadline, opening = found
    return opening, deadline


def test_an_unknown_hour_makes_a_whole_day(client, session):
    opening, deadline = events(client, session)
    for event, day in ((opening, OPENING), (deadline, DEADLINE)):
        assert event["DTSTART"].params["VALUE"] == "DATE"
        assert event["DTSTART"].dt == day
        assert event["DTEND"].dt == day + datetime.timedelta(days=1)
    assert deadline["SUMMARY"] == ("Date limite de dépôt\u00a0: Appel de l’essai, 1re session")
    assert "L’heure limite n’est pas communiquée." in deadline["DESCRIPTION"]
    assert deadline["URL"] == f"http://testserver{session.get_absolute_url()}"
    assert not read(client, session).walk("VTIMEZONE")


def test_a_known_hour_is_that_of_paris(client, session):
    session.deadline_time = datetime.time(18, 30)
    session.save()
    _, deadline = events(client, session)
    assert deadline["DTSTART"].params["TZID"] == "Europe/Paris"
    assert deadline["DTSTART"].dt == datetime.datetime(2026, 10, 12, 18, 30, tzinfo=PARIS)
    assert b"DTSTART;TZID=Europe/Paris:20261012T183000" in fetch(client, session).content
    assert "heure limite" not in deadline["DESCRIPTION"]
    (zone,) = read(client, session).walk("VTIMEZONE")
    assert zone["TZID"] == "Europe/Paris"


@pytest.mark.parametrize("year", range(2017, 2041))
def test_the_zone_changes_its_clocks_when_paris_does(year):
    """Each hour around both changes, read with the zone of the file and with the system's own."""
    zone = paris().to_tz()
    for month, day in ((3, 25), (10, 25)):
        start = datetime.datetime(year, month, day, tzinfo=datetime.UTC)
        for hour in range(0, 24 * 7):
            moment = start + datetime.timedelta(hours=hour)
            local = moment.astimezone(PARIS)
            if local.fold or moment.astimezone(PARIS) != moment:
                continue
            wall = local.replace(tzinfo=None)
            assert wall.replace(tzinfo=zone).utcoffset() == local.utcoffset(), moment


def test_former_deadlines_are_named(client, session):
    for offset, replaced in ((-20, -25), (-10, None)):
        FormerDeadlineFactory(
            session=session,
            deadline_on=DEADLINE + datetime.timedelta(days=offset),
            replaced_on=replaced and DEADLINE + datetime.timedelta(days=replaced),
        )
    _, deadline = events(client, session)
    assert (
        "Anciennes dates limites\u00a0: 22\u00a0septembre 2026 (heure non communiquée), "
        "remplacée le 17\u00a0septembre 2026\u202f; 2\u00a0octobre 2026 (heure non communiquée), "
        "remplacée à une date inconnue."
    ) in deadline["DESCRIPTION"]
    assert deadline["SEQUENCE"] == 2


def test_the_same_dates_make_the_same_bytes(client, session):
    first = fetch(client, session)
    with time_machine.travel(datetime.datetime(2040, 1, 1, tzinfo=PARIS)):
        again = fetch(client, session)
    assert again.content == first.content
    assert again["ETag"] == first["ETag"]
    assert first["Content-Type"] == "text/calendar; charset=utf-8"
    assert f'filename="{session.slug}.ics"' in first["Content-Disposition"]
    known = client.get(
        f"{session.get_absolute_url()}calendrier.ics", headers={"If-None-Match": first["ETag"]}
    )
    assert known.status_code == 304


def test_what_the_staff_writes_elsewhere_moves_nothing(client, session):
    before = fetch(client, session).content
    session.staff_note, session.envelope = "Une note", 5_000_000
    session.save()
    session.call.staff_note = "Une autre"
    session.call.save()
    assert fetch(client, session).content == before


def test_a_deadline_that_moves_replaces_the_former_one(client, session):
    before = events(client, session)
    moment = datetime.datetime(2026, 9, 15, 9, 0, 30, 500, tzinfo=datetime.UTC)
    with time_machine.travel(moment, tick=False):
        session.deadline_on = datetime.date(2026, 10, 26)
        session.save()
    after = events(client, session)
    assert [event["UID"] for event in after] == [event["UID"] for event in before]
    assert [event["SEQUENCE"] for event in before] == [0, 0]
    assert [event["SEQUENCE"] for event in after] == [0, 1]
    assert after[1]["DTSTAMP"].dt == moment.replace(microsecond=0)
    assert after[0].to_ical() == before[0].to_ical()
    with time_machine.travel(moment + datetime.timedelta(days=1), tick=False):
        session.deadline_time = datetime.time(18, 0)
        session.save()
        FormerDeadlineFactory(session=session, deadline_on=DEADLINE)
    assert events(client, session)[1]["SEQUENCE"] == 2
    with time_machine.travel(moment + datetime.timedelta(days=2), tick=False):
        session.opens_on = datetime.date(2026, 9, 3)
        session.save()
    assert [event["SEQUENCE"] for event in events(client, session)] == [1, 2]


def test_what_moved_before_the_call_was_public_is_not_told(client):
    call = CallFactory()
    session = CallSessionFactory(call=call, deadline_on=DEADLINE)
    for days in (1, 2, 3):
        session.deadline_on = DEADLINE + datetime.timedelta(days=days)
        session.save()
    call.published_at = timezone.now()
    call.save()
    (event,) = read(client, session).walk("VEVENT")
    assert event["SEQUENCE"] == 0


def test_the_calendar_of_a_call_holds_its_sessions(client, session):
    CallSessionFactory(call=session.call, deadline_on=DEADLINE, label="2de session")
    CallSessionFactory(call=session.call, label="sans date")
    found = read(client, session.call)
    assert found["X-WR-CALNAME"] == "Appel de l’essai"
    summaries = [str(event["SUMMARY"]) for event in found.walk("VEVENT")]
    assert len(summaries) == 3
    assert len({str(event["UID"]) for event in found.walk("VEVENT")}) == 3
    assert not any("sans date" in summary for summary in summaries)


def test_addresses_begin_with_the_site_s_own(client, session, settings):
    settings.SITE_URL = "https://ftap.example.gouv.fr"
    opening, _ = events(client, session)
    assert opening["URL"] == f"https://ftap.example.gouv.fr{session.get_absolute_url()}"


def test_lines_end_and_fold_as_the_standard_says(client, session):
    content = fetch(client, session).content
    assert content.endswith(b"END:VCALENDAR\r\n")
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    assert b"\n" not in content.replace(b"\r\n", b"")
