"""Two people at once: one act wins, and the other person is told in French what happened."""

import threading
from decimal import Decimal

import pytest
from django.db import connection, transaction

from calls import deliberation, workflow
from calls.models import Application, BulkAct, Committee, Minutes, Selection
from calls.permissions import Refusal, Stale
from tests.calls.sittings import (
    decided,
    decider,
    dossier,
    fresh,
    item,
    references,
    secretary,
    sitting,
    version_of,
)
from tests.factories import CallSessionFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


def one_after_the_other(first, second):
    """What each act gave, a value or what it raised, when the second begins before the first ends.

    The first keeps its transaction open until the second is waiting for it, or has passed.
    """
    first_has_written, second_has_begun = threading.Event(), threading.Event()
    given = {}

    def run(name, act):
        try:
            given[name] = act()
        except Exception as error:
            given[name] = error
        finally:
            first_has_written.set()
            connection.close()

    def hold():
        with transaction.atomic():
            value = first()
            first_has_written.set()
            second_has_begun.wait(20)
            threads[1].join(0.5)
        return value

    threads = [
        threading.Thread(target=run, args=("first", hold)),
        threading.Thread(target=run, args=("second", second)),
    ]
    threads[0].start()
    assert first_has_written.wait(20)
    threads[1].start()
    second_has_begun.set()
    for thread in threads:
        thread.join(40)
    assert given.keys() == {"first", "second"}
    return given["first"], given["second"]


def test_of_two_closings_one_wins():
    committee = sitting()
    item(committee, "retained")
    version = version_of(committee)
    people = [decider(), decider()]
    won, lost = one_after_the_other(
        *(lambda by=by: deliberation.close(committee, by=by, version=version) for by in people)
    )
    assert isinstance(won, BulkAct)
    assert isinstance(lost, Refusal)
    assert f"déjà close, par {people[0].get_full_name()}" in lost.messages[0]
    assert fresh(committee).closed_by == people[0]
    assert BulkAct.objects.count() == Minutes.objects.count() == 1


@pytest.mark.parametrize("closing_first", [True, False])
def test_of_a_closing_and_a_proposal_one_wins(closing_first):
    committee = sitting()
    row = item(committee, "retained")
    version = version_of(committee)
    chair, clerk = decider(), secretary()

    def close():
        return deliberation.close(committee, by=chair, version=version)

    def propose():
        return deliberation.propose(row, by=clerk, version=1, **decided("not_retained"))

    acts = (close, propose) if closing_first else (propose, close)
    won, lost = one_after_the_other(*acts)
    assert not isinstance(won, Exception)
    if closing_first:
        assert isinstance(lost, Refusal)
        assert "elle est validée" in lost.messages[0]
        assert fresh(row).outcome == "retained"
        assert fresh(committee).state == "closed"
    else:
        assert isinstance(lost, Stale)
        assert "La séance a changé" in lost.messages[0]
        assert fresh(row).outcome == "not_retained"
        assert fresh(committee).state == "open"


def test_of_two_proposals_on_one_version_one_wins_and_the_other_sees_both():
    row = item(sitting())
    first, second = secretary(), decider()
    won, lost = one_after_the_other(
        lambda: deliberation.propose(
            row, by=first, version=1, **decided("retained", granted_amount=Decimal("250000"))
        ),
        lambda: deliberation.propose(row, by=second, version=1, **decided("not_retained")),
    )
    assert isinstance(won, Selection)
    assert isinstance(lost, Stale)
    assert (lost.stored["Sens"], lost.stored["Montant accordé"]) == (
        "retenu",
        "250\u202f000\u00a0€",
    )
    assert (lost.typed["Sens"], lost.typed["Motif"]) == ("non retenu", "Hors du champ de l’appel.")
    assert first.get_full_name() in lost.messages[0]
    stored = fresh(row)
    assert (stored.outcome, stored.version) == ("retained", 2)


def test_two_dossiers_do_not_take_the_same_rank_at_once():
    committee = sitting()
    rows = [item(committee), item(committee)]
    user = secretary()
    won, lost = one_after_the_other(
        *(
            lambda row=row: deliberation.propose(row, by=user, version=1, **decided("waiting_list"))
            for row in rows
        )
    )
    assert isinstance(won, Selection)
    assert isinstance(lost, Refusal)
    assert rows[0].application.reference in lost.message_dict["rank"][0]
    assert fresh(rows[1]).state == "to_examine"


def test_two_sittings_of_a_session_do_not_exceed_its_envelope_together():
    session = CallSessionFactory(envelope=Decimal("1500000"))
    committees = [sitting(session=session), sitting(session=session)]
    for committee in committees:
        item(committee, "retained")
    user = decider()
    won, lost = one_after_the_other(
        *(
            lambda committee=committee: deliberation.close(committee, by=user, version=1)
            for committee in committees
        )
    )
    assert isinstance(won, BulkAct)
    assert isinstance(lost, Refusal)
    assert "dépassée de 500\u202f000\u00a0€" in lost.messages[0]
    assert [fresh(committee).state for committee in committees] == ["closed", "open"]
    assert Selection.objects.retained().count() == 1


def test_a_rectification_and_a_closing_do_not_exceed_the_envelope_together():
    session = CallSessionFactory(envelope=Decimal("1500000"))
    former, committee = sitting("closed", session=session), sitting(session=session)
    row = item(former, "deferred")
    item(committee, "retained")
    user = decider()
    won, lost = one_after_the_other(
        lambda: deliberation.rectify(row, by=user, reason="Erreur.", **decided("retained")),
        lambda: deliberation.close(committee, by=user, version=1),
    )
    assert isinstance(won, Selection)
    assert isinstance(lost, Refusal)
    assert "dépassée" in lost.messages[0]


def test_a_dossier_is_not_put_on_two_agendas_at_once():
    session = CallSessionFactory()
    committees = [sitting(session=session), sitting("planned", session=session)]
    row = dossier(committees[0])
    user = secretary()
    won, lost = one_after_the_other(
        *(
            lambda committee=committee: deliberation.put_on_agenda(committee, [row], by=user)
            for committee in committees
        )
    )
    assert isinstance(won, list)
    assert isinstance(lost, Refusal)
    assert "déjà à l’ordre du jour de la séance" in lost.messages[0]
    assert Selection.objects.live().filter(application=row).count() == 1


def test_places_stay_without_gap_when_two_people_move_dossiers():
    committee = sitting()
    rows = [item(committee) for _ in range(4)]
    user = secretary()
    given = one_after_the_other(
        lambda: deliberation.move(rows[0], 4, by=user),
        lambda: deliberation.remove_from_agenda(rows[1], by=user),
    )
    assert not any(isinstance(value, Exception) for value in given)
    assert references(committee) == [
        (place, rows[rank].application.reference) for place, rank in ((1, 2), (2, 3), (3, 0))
    ]


@pytest.mark.parametrize("closing_first", [True, False])
def test_no_decision_is_validated_on_a_dossier_whose_review_is_reopened(closing_first):
    committee = sitting()
    row = item(
        committee,
        "retained",
        application=dossier(committee, case_officer=UserFactory(role="Instruction")),
    )
    chair, clerk = decider(), secretary()

    def close():
        return deliberation.close(committee, by=chair, version=1)

    def reopen():
        return workflow.apply(row.application, "reopen_review", by=clerk, comment="À revoir.")

    acts = (close, reopen) if closing_first else (reopen, close)
    won, lost = one_after_the_other(*acts)
    assert not isinstance(won, Exception)
    assert isinstance(lost, Refusal)
    assert row.application.reference in lost.messages[0]
    validated = fresh(row).state == "validated"
    state = Application.objects.get(pk=row.application_id).state
    assert (validated, state) == ((True, "reviewed") if closing_first else (False, "under_review"))
    assert Committee.objects.get(pk=committee.pk).state == ("closed" if validated else "open")
