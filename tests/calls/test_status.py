"""Where a call stands: the clock, public announcements, and nothing of what the staff does."""

import datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine

from calls.models import Call, CallSession
from calls.status import (
    Status,
    deadline_words,
    hour_words,
    with_call_status,
    with_session_status,
)
from tests.factories import (
    AnnouncementFactory,
    CallFactory,
    CallSessionFactory,
    CommitteeFactory,
    PublicationFactory,
    SelectionFactory,
)

pytestmark = pytest.mark.django_db

PARIS = ZoneInfo("Europe/Paris")
DAY = datetime.date(2026, 10, 12)
NOON = datetime.datetime(2026, 10, 12, 12, 0, tzinfo=PARIS)


def day(offset):
    return DAY + datetime.timedelta(days=offset)


def status_of(session):
    return Status(with_session_status(CallSession.objects.all()).get(pk=session.pk).status)


def call_status(call):
    return Status(with_call_status(Call.objects.all()).get(pk=call.pk).status)


def announce(session, **values):
    """The announcement of the results of a sitting of `session`."""
    committee = CommitteeFactory(session=session)
    announcement = AnnouncementFactory(**{"published_at": NOON, **values})
    return PublicationFactory(announcement=announcement, committees=[committee]).announcement


@pytest.mark.parametrize(
    ("opens", "deadline", "hour", "expected"),
    [
        (None, None, None, Status.ANNOUNCED),
        (1, None, None, Status.ANNOUNCED),
        (1, 30, None, Status.ANNOUNCED),
        (None, 30, None, Status.ANNOUNCED),  # when it opened is unknown: nothing says it is
        (0, 30, None, Status.OPEN),
        (-30, 30, None, Status.OPEN),
        (-30, 0, None, Status.OPEN),  # the deadline's own day
        (-30, 0, datetime.time(12, 1), Status.OPEN),
        (-30, 0, datetime.time(12, 0), Status.UNDER_REVIEW),
        (-30, 0, datetime.time(9, 30), Status.UNDER_REVIEW),
        (-30, 1, datetime.time(9, 30), Status.OPEN),
        (-30, -1, datetime.time(18, 0), Status.UNDER_REVIEW),
        (-30, -1, None, Status.UNDER_REVIEW),
        (None, -1, None, Status.UNDER_REVIEW),
        (-30, None, None, Status.OPEN),  # nothing says that it closed
    ],
)
def test_a_session_by_its_dates(opens, deadline, hour, expected):
    session = CallSessionFactory(
        opens_on=None if opens is None else day(opens),
        deadline_on=None if deadline is None else day(deadline),
        deadline_time=hour,
    )
    with time_machine.travel(NOON, tick=False):
        assert status_of(session) == expected
        assert call_status(session.call) == expected


def test_the_last_day_is_the_day_of_paris():
    session = CallSessionFactory(opens_on=day(-3), deadline_on=DAY)
    last = datetime.datetime(2026, 10, 12, 23, 59, 59, tzinfo=PARIS)
    for moment, expected in (
        (last, Status.OPEN),
        (last + datetime.timedelta(seconds=1), Status.UNDER_REVIEW),
    ):
        with time_machine.travel(moment, tick=False):
            assert status_of(session) == expected, moment


def at(*parts):
    return datetime.datetime(*parts, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("deadline", "moments"),
    [
        # Clocks go back at 3:00: the hour from 2:00 comes twice, and closes the first time.
        (
            datetime.datetime(2026, 10, 25, 2, 30),
            [
                (at(2026, 10, 25, 0, 29), True),
                (at(2026, 10, 25, 0, 30), False),
                *((at(2026, 10, 25, 1, minute), False) for minute in (0, 10, 29, 30, 59)),
                (at(2026, 10, 25, 2, 0), False),
            ],
        ),
        (
            datetime.datetime(2026, 10, 25, 3, 0),
            [
                (at(2026, 10, 25, 0, 59), True),
                (at(2026, 10, 25, 1, 59, 59), True),
                (at(2026, 10, 25, 2, 0), False),
            ],
        ),
        # Clocks go forward at 2:00: an hour that no clock shows is over at once.
        (
            datetime.datetime(2026, 3, 29, 2, 30),
            [(at(2026, 3, 29, 0, 59, 59), True), (at(2026, 3, 29, 1, 0), False)],
        ),
    ],
)
def test_a_deadline_at_a_change_of_clocks_passes_once(deadline, moments):
    session = CallSessionFactory(
        opens_on=datetime.date(2026, 1, 1),
        deadline_on=deadline.date(),
        deadline_time=deadline.time(),
    )
    for moment, is_open in moments:
        with time_machine.travel(moment, tick=False):
            assert (status_of(session) == Status.OPEN) == is_open, moment


# Results ---------------------------------------------------------------------


def test_a_session_is_decided_on_at_the_minute_of_its_announcement():
    session = CallSessionFactory(deadline_on=day(-30))
    announce(session)
    for seconds, expected in ((-1, Status.UNDER_REVIEW), (0, Status.DELIBERATED)):
        with time_machine.travel(NOON + datetime.timedelta(seconds=seconds), tick=False):
            assert status_of(session) == expected
            assert call_status(session.call) == expected


@pytest.mark.parametrize(
    "values",
    [
        {"published_at": None},
        {"published_at": NOON + datetime.timedelta(days=1)},
        {
            "published_at": NOON - datetime.timedelta(days=2),
            "withdrawn_at": NOON - datetime.timedelta(days=1),
            "withdrawal_reason": "Publiée par erreur.",
        },
    ],
)
def test_results_in_preparation_change_nothing(values):
    """A sitting closed, decisions validated, an announcement drafted: visitors know nothing."""
    session = CallSessionFactory(deadline_on=day(-30))
    committee = CommitteeFactory(session=session, state="closed", held_on=day(-3))
    SelectionFactory(committee=committee, application__session=session, retained=True)
    announce(session, **values)
    with time_machine.travel(NOON, tick=False):
        assert status_of(session) == Status.UNDER_REVIEW


def test_results_of_one_session_say_nothing_of_another():
    session = CallSessionFactory(deadline_on=day(-30))
    other = CallSessionFactory(call=session.call, deadline_on=day(-2))
    announce(session)
    with time_machine.travel(NOON, tick=False):
        assert status_of(session) == Status.DELIBERATED
        assert status_of(other) == Status.UNDER_REVIEW
        assert call_status(session.call) == Status.UNDER_REVIEW


def test_a_window_that_holds_is_open_whatever_is_announced_already():
    session = CallSessionFactory(opens_on=day(-30), deadline_on=day(3))
    announce(session)
    unknown = CallSessionFactory(opens_on=day(-30))
    announce(unknown)
    with time_machine.travel(NOON, tick=False):
        assert status_of(session) == Status.OPEN
        assert status_of(unknown) == Status.DELIBERATED


# Calls -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sessions", "values", "expected"),
    [
        ([], {}, Status.ANNOUNCED),
        ([], {"is_continuous": True}, Status.CONTINUOUS),
        ([(-9, -2)], {"is_continuous": True}, Status.CONTINUOUS),
        ([(-9, 2)], {"is_continuous": True}, Status.OPEN),
        ([(-60, -30), (-9, 2)], {}, Status.OPEN),
        ([(-60, -30), (9, 20)], {}, Status.UNDER_REVIEW),
        ([(9, 20)], {}, Status.ANNOUNCED),
    ],
)
def test_a_call_by_its_sessions(sessions, values, expected):
    call = CallFactory(**values)
    for opens, deadline in sessions:
        CallSessionFactory(call=call, opens_on=day(opens), deadline_on=day(deadline))
    CallSessionFactory(opens_on=day(-1), deadline_on=day(1))  # of another call
    with time_machine.travel(NOON, tick=False):
        assert call_status(call) == expected


@pytest.mark.parametrize(("opens", "expected"), [(9, Status.ANNOUNCED), (None, Status.DELIBERATED)])
def test_a_call_decided_on_with_a_session_to_come(opens, expected):
    decided = CallSessionFactory(deadline_on=day(-30))
    announce(decided)
    CallSessionFactory(call=decided.call, opens_on=opens and day(opens))
    with time_machine.travel(NOON, tick=False):
        assert call_status(decided.call) == expected


# In words --------------------------------------------------------------------


def test_hours_and_deadlines_in_words():
    assert hour_words(datetime.time(18, 0)) == "18\u00a0h"
    assert hour_words(datetime.time(9, 5)) == "9\u00a0h\u00a005"
    assert deadline_words(DAY, None) == "12\u00a0octobre 2026 (heure non communiquée)"
    assert deadline_words(DAY, datetime.time(18, 30)) == (
        "12\u00a0octobre 2026 à 18\u00a0h\u00a030"
    )
