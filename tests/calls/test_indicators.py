"""Figures of sessions: counted, added up and averaged on what the reader reads, and no more."""

import datetime
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.utils import timezone

from calls import indicators
from calls.models import Application, CallSession, Selection
from tests import factories

pytestmark = pytest.mark.django_db

State, Outcome = Application.State, Selection.Outcome
NOW = datetime.datetime(2024, 6, 1, 10, 0, tzinfo=datetime.UTC)


def day(text):
    return datetime.date.fromisoformat(text)


def read(session, user=None):
    session = CallSession.objects.select_related("call").get(pk=session.pk)
    (found,) = indicators.of([session], user or factories.UserFactory(role="Secrétariat"))
    return found


def decide(application, outcome, *, on="2024-06-01", held_on=None, amount=None, **values):
    """A validated decision of a sitting held that day."""
    committee = factories.CommitteeFactory(
        session=application.session, held_on=day(held_on or on), state="closed"
    )
    if outcome == Outcome.WAITING_LIST:
        values = {"rank": 1, **values}
    if outcome == Outcome.RETAINED and amount is None:
        values = {"amount_not_disclosed": True, **values}
    return factories.SelectionFactory(
        application=application,
        committee=committee,
        state="validated",
        outcome=outcome,
        granted_amount=amount,
        motive="Motif.",
        decided_on=day(on),
        record_source="Relevé des essais",
        **values,
    )


def make_session(year=2024, **values):
    return factories.CallSessionFactory(call__year=year, **values)


def reviewed(session, **values):
    return factories.ApplicationFactory(session=session, state=State.REVIEWED, **values)


# The seed --------------------------------------------------------------------


def test_the_session_of_2019_gives_its_known_figures():
    call_command(
        "loaddata",
        "territories",
        "themes",
        "organisations",
        "ftap_2019_session_2",
        verbosity=0,
    )
    found = read(CallSession.objects.get(slug="ftap-2019-session-2"))
    assert (found.received, found.undisclosed) == (29, 13)
    assert (found.admissible, found.reviewed, found.retained) == (16, 16, 16)
    assert found.delay.value == 73
    assert found.delay.count == 16
    assert found.delay.method == indicators.BY_COMMITTEE
    (hidden,) = found.delay.left_out
    assert len(hidden.dossiers) == 13
    assert hidden.reason == "dossier non détaillé, décision inconnue"
    assert found.selectivity.value == Decimal("55.2")
    assert found.selectivity.count == 29
    assert found.selectivity.remarks == (
        "13\u00a0dossiers non détaillés sont comptés parmi les reçus.",
    )
    assert found.granted == indicators.Amount(None, 0, 16)
    assert found.asked == indicators.Amount(None, 0, 16)
    assert (found.remaining, found.overrun, found.undecided) == (None, None, 0)


# The funnel ------------------------------------------------------------------


def test_each_step_counts_those_that_went_through_it():
    session = make_session()
    factories.ApplicationFactory(session=session)
    factories.ApplicationFactory(session=session, undisclosed=True)
    factories.ApplicationFactory(
        session=session, state=State.INADMISSIBLE, admissibility_reason="Hors sujet."
    )
    factories.ApplicationFactory(session=session, state=State.ADMISSIBLE)
    factories.ApplicationFactory(
        session=session, state=State.UNDER_REVIEW, case_officer=factories.UserFactory()
    )
    factories.ApplicationFactory(
        session=session, state=State.INFO_REQUESTED, case_officer=factories.UserFactory()
    )
    gone = {"session": session, "state": State.WITHDRAWN, "withdrawal_reason": "Abandon."}
    factories.ApplicationFactory(**gone)
    factories.ApplicationFactory(**gone, admissibility_decided_at=NOW)
    factories.ApplicationFactory(
        **gone, admissibility_decided_at=NOW, reviewed_at=NOW, synthesis="Bien."
    )
    decide(reviewed(session), Outcome.RETAINED)
    decide(reviewed(session), Outcome.NOT_RETAINED)
    factories.ApplicationFactory()

    found = read(session)

    assert (found.received, found.undisclosed) == (11, 1)
    assert (found.admissible, found.reviewed, found.retained) == (7, 3, 1)
    assert {state: count for state, _, count in found.states} == {
        "received": 1,
        "admissible": 1,
        "inadmissible": 1,
        "under_review": 1,
        "info_requested": 1,
        "reviewed": 2,
        "withdrawn": 3,
    }
    assert found.undecided == 4


def test_the_decision_in_force_is_the_last_and_an_adjournment_ends_nothing():
    session = make_session()
    back = reviewed(session)
    decide(back, Outcome.DEFERRED, on="2024-06-01")
    decide(back, Outcome.RETAINED, on="2024-09-01", amount=100)
    waited = reviewed(session)
    decide(waited, Outcome.WAITING_LIST, on="2024-06-01")
    decide(waited, Outcome.NOT_RETAINED, on="2024-09-01")
    late = reviewed(session)
    decide(late, Outcome.DEFERRED, on="2024-06-01")
    decide(late, Outcome.DEFERRED, on="2024-09-01")
    superseded = decide(reviewed(session), Outcome.RETAINED)
    Selection.objects.filter(pk=superseded.pk).update(superseded_at=timezone.now())
    factories.SelectionFactory(
        application=reviewed(session), state="proposed", outcome=Outcome.NOT_RETAINED, motive="Non."
    )

    found = read(session)

    counts = {outcome: count for outcome, _, count in found.outcomes}
    assert counts == {"retained": 1, "not_retained": 1, "deferred": 1, "waiting_list": 0}
    for outcome, count in counts.items():
        assert session.applications.filter(indicators.decided(outcome)).count() == count
    assert found.undecided == 3
    assert session.applications.filter(indicators.awaiting_decision()).count() == 3


# Amounts ---------------------------------------------------------------------


def test_unknown_amounts_are_counted_apart_with_every_outcome():
    session = make_session(envelope=1000)
    decide(reviewed(session, asked_amount=400), Outcome.RETAINED, amount=Decimal("300.50"))
    decide(reviewed(session, asked_amount=0), Outcome.RETAINED, amount=0)
    decide(reviewed(session), Outcome.RETAINED)
    for outcome in (Outcome.NOT_RETAINED, Outcome.DEFERRED, Outcome.WAITING_LIST):
        decide(reviewed(session, asked_amount=1000), outcome)
    factories.ApplicationFactory(session=session)
    factories.ApplicationFactory(session=session, undisclosed=True)

    found = read(session)

    assert found.asked == indicators.Amount(Decimal(3400), 5, 7)
    assert found.granted == indicators.Amount(Decimal("300.50"), 2, 3)
    assert found.remaining == Decimal("699.50")
    assert found.overrun is None


def test_an_envelope_may_be_exceeded_and_an_unknown_one_leaves_nothing_known():
    session = make_session(envelope=100)
    decide(reviewed(session), Outcome.RETAINED, amount=Decimal("100.01"))
    assert read(session).remaining == Decimal("-0.01")
    assert read(session).overrun == Decimal("0.01")
    other = make_session()
    decide(reviewed(other), Outcome.RETAINED, amount=5)
    assert (read(other).remaining, read(other).overrun) == (None, None)


def test_nothing_granted_leaves_the_envelope_whole():
    found = read(make_session(envelope=100))
    assert found.granted == indicators.Amount(None, 0, 0)
    assert found.remaining == 100


def test_an_exceeded_envelope_is_an_anomaly_unless_a_sitting_said_why():
    user = factories.UserFactory(role="Secrétariat")
    exact, over, said, unknown = (
        make_session(envelope=100),
        make_session(envelope=100),
        make_session(envelope=100),
        make_session(),
    )
    for session, amount in ((exact, 100), (over, 101), (said, 101), (unknown, 101)):
        decide(reviewed(session), Outcome.RETAINED, amount=amount)
    decide(reviewed(exact), Outcome.NOT_RETAINED)
    said.committees.update(overrun_reason="Crédits de fin de gestion.")
    assert list(indicators.exceeding_envelope(user)) == [over]
    assert [read(row, user).overrun for row in (exact, over, said)] == [None, 1, 1]
    factories.RecusalFactory(user=user, application=over.applications.get())
    assert not indicators.exceeding_envelope(user).exists()
    assert not indicators.exceeding_envelope(factories.UserFactory(role="Lecture")).exists()


# Official indicators ---------------------------------------------------------


def test_until_2021_the_delay_goes_from_the_deadline_to_the_sitting():
    session = make_session(year=2021, deadline_on=day("2021-03-01"))
    decide(reviewed(session), Outcome.RETAINED, on="2021-04-30", held_on="2021-03-31")
    decide(
        reviewed(session, completed_on=day("2021-03-15")),
        Outcome.NOT_RETAINED,
        on="2021-04-30",
        held_on="2021-04-01",
    )
    found = read(session).delay
    assert (found.method, found.value, found.count) == (
        indicators.BY_COMMITTEE,
        Decimal("30.5"),
        2,
    )


def test_since_2022_the_delay_goes_from_the_complete_dossier_to_the_decision():
    session = make_session(year=2022, deadline_on=day("2022-01-01"))
    for completed in ("2022-03-01", "2022-03-02", "2022-03-02"):
        decide(
            reviewed(session, completed_on=day(completed)),
            Outcome.RETAINED,
            on="2022-03-31",
            held_on="2022-03-30",
        )
    found = read(session).delay
    assert (found.method, found.value, found.count) == (
        indicators.BY_DECISION,
        Decimal("29.3"),
        3,
    )


def test_each_dossier_left_out_says_why():
    session = make_session(year=2023)
    complete = {"completed_on": day("2023-05-01")}
    decide(reviewed(session, reference="A", **complete), Outcome.RETAINED, on="2023-05-11")
    decide(reviewed(session, reference="B"), Outcome.RETAINED, on="2023-05-11")
    decide(reviewed(session, reference="C", **complete), Outcome.RETAINED, on="2023-04-30")
    decide(reviewed(session, reference="D", **complete), Outcome.DEFERRED, on="2023-05-11")
    reviewed(session, reference="E", **complete)
    factories.ApplicationFactory(session=session, reference="F", undisclosed=True)
    factories.ApplicationFactory(
        session=session, reference="G", state=State.INADMISSIBLE, admissibility_reason="Non."
    )
    factories.ApplicationFactory(
        session=session, reference="H", state=State.WITHDRAWN, withdrawal_reason="Abandon."
    )
    found = read(session).delay
    assert (found.value, found.count, found.left_out_count) == (10, 1, 7)
    said = {row["reference"]: group.reason for group in found.left_out for row in group.dossiers}
    assert said == {
        "B": "date du dossier complet inconnue",
        "C": "dates incohérentes\u00a0: la fin précède le début",
        "D": "ajournement, en attente d’une autre séance",
        "E": "décision du comité attendue",
        "F": "dossier non détaillé, décision inconnue",
        "G": "irrecevabilité, sans décision du comité",
        "H": "retrait avant la décision du comité",
    }


def test_without_its_dates_a_delay_is_not_computed():
    session = make_session(year=2020)
    row = decide(reviewed(session), Outcome.RETAINED)
    found = read(session).delay
    assert (found.value, found.count) == (None, 0)
    assert [group.reason for group in found.left_out] == ["date limite de dépôt inconnue"]
    CallSession.objects.filter(pk=session.pk).update(deadline_on=day("2020-01-01"))
    type(row.committee).objects.update(state="planned", held_on=None)
    assert [group.reason for group in read(session).delay.left_out] == [
        "date de la séance inconnue"
    ]


def test_selectivity_counts_every_dossier_received_and_says_when_it_may_still_change():
    session = make_session()
    for _ in range(2):
        decide(reviewed(session), Outcome.RETAINED)
    factories.ApplicationFactory(
        session=session, state=State.INADMISSIBLE, admissibility_reason="Non."
    )
    found = read(session).selectivity
    assert (found.value, found.remarks) == (Decimal("66.7"), ())
    factories.ApplicationFactory(session=session)
    found = read(session).selectivity
    assert (found.value, found.count) == (50, 4)
    assert found.remarks == ("Provisoire\u00a0: 1\u00a0dossier attend sa décision.",)


@pytest.mark.parametrize("received", [0, 3])
def test_without_a_decision_there_is_no_selectivity(received):
    session = make_session()
    factories.ApplicationFactory.create_batch(received, session=session)
    found = read(session).selectivity
    assert found.value is None
    assert found.remarks == ("Aucune décision n’est encore validée.",)


# Readers ---------------------------------------------------------------------


@pytest.mark.parametrize("superuser", [True, False])
def test_a_recusal_masks_all_that_would_tell_of_the_decision(superuser):
    user = (
        factories.UserFactory(superuser=True)
        if superuser
        else factories.UserFactory(role="Décision")
    )
    session = make_session(envelope=1000)
    hidden = reviewed(session, asked_amount=70)
    decide(hidden, Outcome.RETAINED, amount=50)
    decide(reviewed(session, asked_amount=700), Outcome.RETAINED, amount=500)
    assert read(session, user).retained == 2
    recusal = factories.RecusalFactory(application=hidden, user=user)

    found = read(session, user)

    assert found.is_masked
    assert (found.received, found.admissible, found.reviewed) == (1, 1, 1)
    for name in (
        "retained",
        "outcomes",
        "undecided",
        "asked",
        "granted",
        "remaining",
        "overrun",
        "delay",
        "selectivity",
    ):
        assert getattr(found, name) is None
    other = make_session()
    assert not read(other, user).is_masked
    type(recusal).objects.update(
        lifted_at=timezone.now(), lifted_by=user, lift_reason="Il a changé de poste."
    )
    assert read(session, user).retained == 2


def test_who_reads_a_part_gets_the_figures_of_that_part_only():
    officer = factories.UserFactory(role="Instruction")
    session = make_session(envelope=1000)
    decide(reviewed(session, asked_amount=70, case_officer=officer), Outcome.RETAINED, amount=50)
    decide(reviewed(session, asked_amount=700), Outcome.RETAINED, amount=500)
    factories.ApplicationFactory(session=session, undisclosed=True)
    found = read(session, officer)
    assert not found.is_whole
    assert (found.received, found.undisclosed, found.retained) == (1, 0, 1)
    assert found.asked.total == 70
    assert (found.remaining, found.delay, found.selectivity) == (None, None, None)


def test_who_is_granted_the_session_reads_it_whole():
    reader = factories.UserFactory(role="Lecture")
    session = make_session(envelope=1000)
    decide(reviewed(session), Outcome.RETAINED, amount=500)
    assert read(session, reader).received == 0
    factories.SessionAccessFactory(user=reader, session=session)
    found = read(session, reader)
    assert (found.is_whole, found.retained, found.remaining) == (True, 1, 500)


@pytest.mark.parametrize("role", ["Avis", "Publication"])
def test_other_institutions_and_publishers_have_no_figures(role):
    user = factories.UserFactory(role=role)
    session = make_session()
    row = reviewed(session)
    factories.ReviewFactory(application=row, reviewer=user)
    decide(row, Outcome.RETAINED, amount=500)
    assert Application.objects.visible_to(user).exists()
    assert not indicators.readable_sessions(user).exists()
    assert read(session, user).received == 0


def test_sessions_in_progress_come_first_then_the_most_recent():
    user = factories.UserFactory(role="Secrétariat")
    today = timezone.localdate()
    fund = factories.FundFactory()

    def session(year, **values):
        return factories.CallSessionFactory(call__year=year, call__fund=fund, **values)

    old = session(2018, deadline_on=day("2018-03-01"))
    decided = session(2022, deadline_on=day("2022-03-01"))
    decide(reviewed(decided), Outcome.NOT_RETAINED)
    deferred = session(2019)
    decide(reviewed(deferred), Outcome.DEFERRED)
    sitting = session(2020)
    factories.CommitteeFactory(session=sitting)
    deposit = session(2017, opens_on=today, deadline_on=today)
    found = list(indicators.readable_sessions(user))
    assert found == [sitting, deferred, deposit, decided, old]
    assert [row.is_live for row in found] == [True, True, True, False, False]


def test_an_officer_has_the_sessions_of_their_dossiers_and_no_other():
    officer = factories.UserFactory(role="Instruction")
    mine = reviewed(make_session(), case_officer=officer).session
    reviewed(make_session())
    assert list(indicators.readable_sessions(officer)) == [mine]


@pytest.mark.parametrize("count", [1, 3])
def test_the_query_budget_does_not_grow(count, django_assert_num_queries):
    user = factories.UserFactory(role="Secrétariat")
    for _ in range(count):
        session = make_session(envelope=10)
        for _ in range(count):
            decide(reviewed(session), Outcome.RETAINED, amount=1)
    user.has_perm("calls.view_callsession")
    sessions = list(CallSession.objects.select_related("call"))
    with django_assert_num_queries(3):
        indicators.of(sessions, user)
