"""Several people at once, or two clicks: one act is done, and the others are told of it."""

import threading
from decimal import Decimal

import pytest
from django.db import connection, transaction

from calls import bulk, deliberation, history, workflow
from calls.models import Application, BulkAct, Selection
from calls.permissions import Refusal
from tests.calls.dossiers import REASON, in_state, officer
from tests.calls.sittings import decider, dossier, item, secretary, sitting, version_of
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)

State = Application.State


def together(*acts):
    """What each act gave, a value or what it raised, all begun at the same moment."""
    gate, given = threading.Barrier(len(acts)), [None] * len(acts)

    def run(rank, act):
        try:
            gate.wait(20)
            given[rank] = act()
        except Exception as error:
            given[rank] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert None not in given
    return given


def while_held(first, second):
    """(what `first` gave, what `second` gave), the second begun before the first is committed."""
    written, begun, given = threading.Event(), threading.Event(), {}

    def run(name, act):
        try:
            given[name] = act()
        except Exception as error:
            given[name] = error
        finally:
            written.set()
            connection.close()

    def hold():
        with transaction.atomic():
            value = first()
            written.set()
            begun.wait(20)
            threads[1].join(0.5)
        return value

    threads = [
        threading.Thread(target=run, args=("first", hold)),
        threading.Thread(target=run, args=("second", second)),
    ]
    threads[0].start()
    assert written.wait(20)
    threads[1].start()
    begun.set()
    for thread in threads:
        thread.join(60)
    return given["first"], given["second"]


def received(count):
    return [in_state(State.RECEIVED, asked_amount=Decimal(1000)) for _ in range(count)]


def confirmation(rows, by, action="declare_admissible", token=None, comment=REASON):
    """The confirmation of a preview made now."""
    found = bulk.preview("transition", rows, by=by, action=action, comment=comment)
    return lambda: bulk.run(
        "transition",
        list(found.seen),
        by=by,
        comment=comment,
        seen=found.seen,
        token=token,
        action=action,
    )


def states(rows):
    return set(
        Application.objects.filter(pk__in=[row.pk for row in rows]).values_list("state", flat=True)
    )


def test_two_people_confirm_the_same_preview_and_one_act_is_done():
    rows = received(3)
    people = [
        UserFactory(role="Secrétariat", first_name="Ana", last_name="Première"),
        UserFactory(role="Secrétariat", first_name="Bo", last_name="Seconde"),
    ]
    given = together(
        *(
            confirmation(rows, by, action)
            for by, action in zip(
                people, ("declare_admissible", "declare_inadmissible"), strict=True
            )
        )
    )
    (won,) = [found for found in given if isinstance(found, BulkAct)]
    (lost,) = [found for found in given if not isinstance(found, BulkAct)]
    assert isinstance(lost, bulk.Changed), lost
    assert len(lost.messages) == 3
    for message in lost.messages:
        assert "« reçue » alors" in message.replace("\u00a0", " ")
        assert won.done_by.get_full_name() in message
    assert BulkAct.objects.get() == won
    assert len(states(rows)) == 1
    assert history.verify().holds


def test_a_double_click_is_one_act():
    rows, by = received(2), secretary()
    confirm = confirmation(rows, by, token="a" * 64)
    given = together(confirm, confirm, confirm)
    assert [found.pk for found in given] == [BulkAct.objects.get().pk] * 3


def test_a_colleague_s_move_under_way_refuses_the_confirmation_that_comes_after():
    rows, by = received(3), secretary()
    confirm = confirmation(rows, by)
    other = secretary()
    moved, lost = while_held(
        lambda: workflow.apply(rows[1], "declare_inadmissible", by=other, comment=REASON), confirm
    )
    assert moved.state == State.INADMISSIBLE
    assert isinstance(lost, bulk.Changed), lost
    (message,) = lost.messages
    assert message.startswith(rows[1].reference)
    assert other.get_full_name() in message
    assert states([rows[0], rows[2]]) == {"received"}


def test_a_move_that_comes_while_an_act_is_under_way_is_told_of_it():
    rows, by, other = received(3), secretary(), secretary()
    won, lost = while_held(
        confirmation(rows, by),
        lambda: workflow.apply(rows[1], "declare_inadmissible", by=other, comment=REASON),
    )
    assert isinstance(won, BulkAct)
    assert isinstance(lost, Refusal), lost
    assert states(rows) == {"admissible"}


def test_acts_on_the_same_dossiers_in_any_order_neither_deadlock_nor_mix():
    rows, by = received(6), secretary()
    officers = [officer() for _ in range(4)]
    given = together(
        *(
            lambda person=person, rank=rank: bulk.run(
                "assign", rows[:: 1 if rank % 2 else -1], by=by, officer=person
            )
            for rank, person in enumerate(officers)
        )
    )
    assert all(isinstance(found, BulkAct) for found in given), given
    last = BulkAct.objects.order_by("done_at").last()
    found = set(Application.objects.values_list("case_officer", flat=True))
    assert found == {last.parameters["officer"]}
    assert history.verify().holds


def test_acts_on_a_sitting_and_on_its_dossiers_wait_in_the_same_order():
    committee, by = sitting("open"), secretary()
    rows = [dossier(committee, case_officer=officer()) for _ in range(4)]
    for row in rows:
        item(committee, application=row)
    more = [dossier(committee) for _ in range(3)]
    free = dossier(committee)
    given = together(
        lambda: bulk.run("propose", rows, by=by, committee=committee, outcome="deferred"),
        lambda: bulk.run("put_on_agenda", more[::-1], by=by, committee=committee),
        lambda: bulk.run("assign", rows[::-1] + more, by=by, officer=officer()),
        lambda: workflow.apply(free, "withdraw", by=by, comment=REASON),
        lambda: workflow.apply(rows[2], "reopen_review", by=by, comment=REASON),
    )
    assert not any(isinstance(found, Exception) for found in given[1:]), given
    # A dossier whose instruction is open again takes no proposal: the whole act is refused.
    assert isinstance(given[0], BulkAct | Refusal), given[0]
    proposed = Selection.objects.filter(state="proposed").count()
    assert proposed == (4 if isinstance(given[0], BulkAct) else 0)
    assert Selection.objects.live().filter(committee=committee).count() == 7


def test_a_closing_under_way_refuses_proposals_that_come_after():
    committee, by = sitting("open"), secretary()
    standing = item(committee, "deferred")
    version = version_of(committee)
    closed, lost = while_held(
        lambda: deliberation.close(committee, by=decider(), version=version),
        lambda: bulk.run("clear_proposals", [standing.application], by=by, committee=committee),
    )
    assert isinstance(closed, BulkAct), closed
    assert isinstance(lost, Refusal), lost
    standing.refresh_from_db()
    assert standing.state == "validated"


def test_an_act_is_undone_once():
    rows, by = received(2), secretary()
    act = confirmation(rows, by)()
    given = together(*(lambda: bulk.undo(act, by=by, reason="Erreur.") for _ in range(3)))
    (_,) = [found for found in given if isinstance(found, BulkAct)]
    lost = [found for found in given if not isinstance(found, BulkAct)]
    assert all("déjà été annulé" in found.messages[0] for found in lost)
    assert states(rows) == {"received"}


def test_a_move_under_way_refuses_the_undoing_that_comes_after():
    rows, by = received(2), secretary()
    act = confirmation(rows, by)()
    moved, lost = while_held(
        lambda: workflow.apply(rows[0], "start_review", by=by),
        lambda: bulk.undo(act, by=by, reason="Erreur."),
    )
    assert moved.state == State.UNDER_REVIEW
    assert isinstance(lost, Refusal), lost
    assert states([rows[1]]) == {"admissible"}
    act.refresh_from_db()
    assert act.undone_at is None
