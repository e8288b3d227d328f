"""Closing a sitting, reopening it, rectifying a decision: all or nothing, and nothing unsaid."""

import datetime
import json
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from calls import deliberation, history
from calls.models import Application, BulkAct, Committee, Letter, Minutes, Recusal, Selection
from calls.models.event import Event
from calls.permissions import Hidden, Refusal, Stale
from laureates.models import Laureate
from tests.calls.sittings import (
    HELD_ON,
    decided,
    decider,
    dossier,
    fresh,
    item,
    secretary,
    sitting,
    version_of,
)
from tests.factories import (
    CommitteeMemberFactory,
    LaureateFactory,
    RecusalFactory,
    UserFactory,
    in_a_month,
)

pytestmark = pytest.mark.django_db

ALL = ("retained", "undisclosed", "not_retained", "deferred", "waiting_list")


def whole(**values):
    """An open sitting with one proposal of each outcome."""
    committee = sitting(**values)
    for kind in ALL:
        item(committee, kind)
    return committee


def close(committee, by=None, **values):
    return deliberation.close(
        committee, by=by or decider(), version=version_of(committee), **values
    )


def refusals_of(committee, **values):
    with pytest.raises(Refusal) as told:
        close(committee, **values)
    return told.value.messages


def states_of(committee):
    return set(Selection.objects.filter(committee=committee).values_list("state", flat=True))


# Closing ---------------------------------------------------------------------


def test_closing_validates_the_whole_agenda_at_once():
    committee = whole(session__envelope=Decimal("1000000"))
    user = decider()
    act = close(committee, by=user)
    stored = fresh(committee)
    assert (stored.state, stored.closed_by, stored.overrun_reason) == ("closed", user, "")
    assert stored.closed_at is not None
    rows = Selection.objects.filter(committee=committee).in_agenda_order()
    assert [(row.state, row.decided_on, row.decided_by_id, row.version) for row in rows] == [
        ("validated", HELD_ON, user.pk, 2)
    ] * 5
    assert [row.outcome for row in rows] == [decided(kind)["outcome"] for kind in ALL]
    assert Selection.objects.retained().filter(committee=committee).count() == 2
    assert Minutes.objects.get(committee=committee).version == 1
    letters = Letter.objects.filter(selection__committee=committee)
    assert letters.pending().count() == 5
    assert not letters.filter(sent_at__isnull=False).exists()
    assert act.done_by == user


def test_the_receipt_says_what_each_decision_was_and_became():
    committee = whole()
    act = close(committee)
    assert (act.kind, act.committee, act.session) == (
        "close_committee",
        committee,
        committee.session,
    )
    rows = list(Selection.objects.filter(committee=committee).in_agenda_order())
    items = list(act.items.order_by("position"))
    assert [one.application_id for one in items] == [row.application_id for row in rows]
    first = BulkAct.objects.get(pk=act.pk).items.get(position=1)
    assert first.before == {
        "state": "proposed",
        "outcome": "retained",
        "granted_amount": "1000000.00",
        "amount_not_disclosed": False,
        "rank": None,
        "motive": "",
        "public_text": "",
        "decided_on": None,
    }
    assert first.after == {**first.before, "state": "validated", "decided_on": "2019-09-23"}
    assert items[1].after["granted_amount"] is None
    assert items[1].after["amount_not_disclosed"] is True


def test_every_act_of_a_closing_is_in_the_history_and_the_chain_holds():
    committee = whole()
    user = decider()
    close(committee, by=user)
    event = Event.objects.get(action="close")
    assert (event.committee_id, event.actor) == (committee.pk, user)
    assert Event.objects.filter(action="validate", actor=user).count() == 5
    assert history.verify().holds


@pytest.mark.parametrize("role", ["Décision", "superuser"])
def test_closing_twice_says_who_closed(role):
    committee = whole()
    first = decider()
    second = UserFactory(superuser=True) if role == "superuser" else decider()
    version = version_of(committee)
    deliberation.close(committee, by=first, version=version)
    with pytest.raises(Refusal, match=f"déjà close, par {first.get_full_name()}"):
        deliberation.close(committee, by=second, version=version)
    assert BulkAct.objects.count() == 1
    assert Minutes.objects.count() == 1


def test_every_reason_is_told_at_once_with_references_and_nothing_is_validated():
    committee = sitting(present=0, session__envelope=Decimal("999999.99"))
    bare = item(committee)
    CommitteeMemberFactory(committee=committee, name="Dominique Discret")
    item(committee, "retained")
    reopened = item(committee, "deferred")
    Application.objects.filter(pk=reopened.application_id).update(
        state="under_review", case_officer=UserFactory()
    )
    twins = [item(committee, "waiting_list", rank=2) for _ in range(2)]
    found = refusals_of(committee)
    assert [
        any(words in message for message in found)
        for words in (
            "Présences non relevées\u00a0: Dominique Discret",
            "Quorum non atteint\u00a0: 0 présent(s) comptant pour le quorum, 1 requis",
            f"{bare.application.reference}\u00a0: aucune décision n’est proposée",
            f"{reopened.application.reference}\u00a0: dossier à l’état «\u00a0en instruction",
            f"{twins[0].application.reference}, {twins[1].application.reference}",
            "L’enveloppe est dépassée de 0,01\u00a0€, pour une enveloppe de 999\u202f999,99\u00a0€",
        )
    ] == [True] * 6
    assert len(found) == 6
    assert fresh(committee).state == "open"
    assert states_of(committee) == {"to_examine", "proposed"}
    assert not BulkAct.objects.exists()
    assert not Minutes.objects.exists()
    assert not Letter.objects.exists()
    assert not Event.objects.filter(action__in=("close", "validate")).exists()


def test_what_the_preview_says_is_what_closing_says():
    committee = sitting(present=0, session__envelope=Decimal("10"))
    item(committee)
    item(committee, "retained")
    preview = deliberation.preview_closing(committee, decider())
    assert preview.is_refused
    assert [*preview.refusals, preview.overrun] == refusals_of(committee)
    assert (preview.count, preview.total.amount) == (2, 1_000_000)
    assert preview.version == version_of(committee)


def test_a_preview_without_objection():
    committee = whole(session__envelope=Decimal("5000000"))
    preview = deliberation.preview_closing(committee, decider())
    assert (preview.refusals, preview.overrun) == ([], "")
    assert not preview.is_refused
    assert [row.outcome for row in preview.items] == [decided(kind)["outcome"] for kind in ALL]
    assert (preview.total.known, preview.total.count) == (1, 2)
    assert preview.envelope.remaining == 4_000_000


def test_a_preview_tells_nothing_of_dossiers_that_the_reader_does_not_see():
    committee = sitting()
    hidden = item(committee)
    user = UserFactory(role="Instruction")
    own = item(committee, application=dossier(committee, case_officer=user))
    preview = deliberation.preview_closing(committee, user)
    assert ([row.pk for row in preview.items], preview.count) == ([own.pk], 1)
    assert (preview.total, preview.overrun) == (None, "")
    assert hidden.application.reference not in " ".join(preview.refusals)
    told = deliberation.preview_closing(committee, decider()).refusals
    assert hidden.application.reference in " ".join(told)


def test_a_sitting_dated_in_the_future_is_not_closed():
    committee = sitting(held_on=timezone.localdate() + datetime.timedelta(days=1))
    item(committee, "deferred")
    (message,) = refusals_of(committee)
    assert "à venir" in message


def test_an_empty_agenda_is_not_closed():
    (message,) = refusals_of(sitting())
    assert "vide" in message


@pytest.mark.parametrize(
    ("voting", "marks", "quorum", "enough"),
    [
        (True, ("present", "present"), 2, True),
        (True, ("present", "excused"), 2, False),
        (False, ("present", "present"), 1, False),
        (False, ("absent", "absent"), 0, True),
    ],
)
def test_the_quorum_counts_voting_members_who_are_present(voting, marks, quorum, enough):
    committee = sitting(quorum=quorum)
    item(committee, "deferred")
    for member, mark in zip(committee.members.all(), marks, strict=True):
        member.is_voting, member.attendance = voting, mark
        member.save()
    if enough:
        close(committee)
    else:
        (message,) = refusals_of(committee)
        assert "Quorum non atteint" in message


def test_a_dossier_retained_by_another_sitting_is_not_decided_again():
    committee = sitting()
    row = item(committee, "deferred")
    rival = sitting("closed", session=committee.session)
    item(rival, "retained", application=row.application)
    (message,) = refusals_of(committee)
    assert row.application.reference in message
    assert "déjà retenu" in message


# The envelope ----------------------------------------------------------------


def test_an_exceeded_envelope_needs_a_reason():
    committee = sitting(session__envelope=Decimal("999999.99"))
    item(committee, "retained")
    item(committee, "undisclosed")
    for reason in ("", "  "):
        (message,) = refusals_of(committee, overrun_reason=reason)
        assert "dépassée de 0,01\u00a0€" in message
    act = close(committee, overrun_reason=" Accord du ministre. ")
    assert fresh(committee).overrun_reason == "Accord du ministre."
    assert act.comment == "Accord du ministre."
    assert "Accord du ministre." in Minutes.objects.get().content


def test_an_envelope_spent_to_the_cent_is_not_exceeded():
    committee = sitting(session__envelope=Decimal("1000000.10"))
    item(committee, "retained", granted_amount=Decimal("999999.90"))
    item(committee, "retained", granted_amount=Decimal("0.20"))
    close(committee, overrun_reason="Sans objet.")
    assert fresh(committee).overrun_reason == ""


def test_two_sittings_share_the_envelope_of_their_session():
    first = sitting(session__envelope=Decimal("1500000"))
    item(first, "retained")
    second = sitting(session=first.session)
    item(second, "retained")
    close(first)
    (message,) = refusals_of(second)
    assert "dépassée de 500\u202f000\u00a0€" in message


def test_without_known_envelope_nothing_is_exceeded():
    committee = sitting(session=None)
    item(committee, "retained", granted_amount=Decimal("900000000"))
    close(committee)


# Stale pages and recusals ----------------------------------------------------


@pytest.mark.parametrize("what", ["propose", "put_on_agenda", "move", "attendance"])
def test_a_preview_older_than_a_change_closes_nothing(what):
    committee = whole()
    version = deliberation.preview_closing(committee, decider()).version
    rows = list(Selection.objects.filter(committee=committee).in_agenda_order())
    if what == "propose":
        deliberation.propose(rows[0], by=secretary(), version=1, **decided("deferred"))
    elif what == "put_on_agenda":
        deliberation.put_on_agenda(committee, [dossier(committee)], by=secretary())
    elif what == "move":
        deliberation.move(rows[0], 3, by=secretary())
    else:
        member = committee.members.first()
        deliberation.record_attendance(
            committee, {member.pk: "excused"}, by=secretary(), version=version
        )
    with pytest.raises(Stale) as told:
        deliberation.close(committee, by=decider(), version=version)
    assert told.value.stored == {"Version de la séance": str(version + 1)}
    assert told.value.typed == {"Version de la séance": str(version)}
    assert fresh(committee).state == "open"


@pytest.mark.parametrize("superuser", [True, False])
def test_whoever_is_recused_from_a_dossier_of_the_agenda_neither_closes_nor_reopens(superuser):
    user = UserFactory(superuser=True) if superuser else decider()
    committee = whole(session__envelope=Decimal("5000000"))
    row = Selection.objects.filter(committee=committee).first()
    RecusalFactory(application=row.application, user=user)
    preview = deliberation.preview_closing(committee, user)
    assert row.pk not in {item.pk for item in preview.items}
    assert (preview.count, preview.total, preview.envelope.masked) == (4, None, True)
    assert len(preview.refusals) == 1
    assert row.application.reference not in preview.refusals[0]
    assert "déporté" in deliberation.closing_refusal(committee, user)
    with pytest.raises(PermissionDenied, match="déporté"):
        close(committee, by=user)
    close(committee)
    with pytest.raises(PermissionDenied, match="déporté"):
        deliberation.reopen(committee, by=user, reason="Erreur.")
    other = Selection.objects.filter(committee=committee).exclude(pk=row.pk).first()
    with pytest.raises(PermissionDenied, match="déporté"):
        deliberation.rectify(other, by=user, reason="Erreur.", **decided("deferred"))
    with pytest.raises(Hidden):
        deliberation.rectify(row, by=user, reason="Erreur.", **decided("deferred"))
    Recusal.objects.all().delete()
    deliberation.reopen(committee, by=user, reason="Erreur.")


def test_an_overrun_does_not_tell_the_amount_of_a_hidden_dossier():
    user = decider()
    former = sitting("closed", session__envelope=Decimal("3000000"))
    hidden = item(former, "retained", granted_amount=Decimal("2777777"))
    RecusalFactory(application=hidden.application, user=user)
    committee = sitting(session=former.session)
    item(committee, "retained")
    (message,) = refusals_of(committee, by=user)
    assert "L’enveloppe est dépassée\u00a0: réduisez" in message
    assert deliberation.preview_closing(committee, user).overrun == message
    (told,) = refusals_of(committee)
    assert "777\u202f777" in told


# Reopening -------------------------------------------------------------------


def test_a_reopened_sitting_has_proposals_again_and_its_next_minutes_say_why():
    committee = whole()
    act = close(committee)
    user = decider()
    deliberation.reopen(committee, by=user, reason=" Montant erroné. ")
    stored = fresh(committee)
    assert (stored.state, stored.closed_at, stored.closed_by) == ("open", None, None)
    rows = Selection.objects.filter(committee=committee)
    assert {(row.state, row.decided_on, row.decided_by) for row in rows} == {
        ("proposed", None, None)
    }
    assert not Letter.objects.pending().exists()
    assert Letter.objects.filter(superseded_at__isnull=False).count() == 5
    act.refresh_from_db()
    assert (act.undone_by, act.undo_reason) == (user, "Montant erroné.")
    assert Event.objects.get(action="reopen", object_type="calls.committee").actor == user
    row = rows.get(outcome="not_retained")
    deliberation.propose(row, by=user, version=row.version, **decided("retained"))
    close(committee)
    first, second = Minutes.objects.order_by("version")
    assert (second.version, second.reason) == (2, "Montant erroné.")
    assert first.seal != second.seal
    assert Letter.objects.pending().count() == 5


def test_the_same_decisions_closed_again_have_the_same_seal():
    committee = whole()
    close(committee)
    deliberation.reopen(committee, by=decider(), reason="Vérification.")
    close(committee)
    assert Minutes.objects.count() == 1


def test_reopening_needs_a_reason():
    committee = sitting("closed")
    for reason in ("", "  ", None):
        with pytest.raises(Refusal) as told:
            deliberation.reopen(committee, by=decider(), reason=reason)
        assert "motif" in told.value.message_dict["reason"][0]
    assert fresh(committee).state == "closed"


def linked(committee, **values):
    """A validated decision of a closed sitting, linked to a laureate."""
    return item(committee, "retained", laureate=LaureateFactory(**values))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "est public"),
        ({"withdrawn": True}, "est public"),
        ({"announcement__withdrawn": True}, "est public"),
        ({"announcement__published_at": in_a_month()}, "programmée"),
    ],
)
def test_a_sitting_whose_laureates_were_announced_is_not_reopened(values, words):
    committee = sitting("closed")
    row = linked(committee, **values)
    item(committee, "deferred")
    assert words in deliberation.reopening_refusal(committee, decider())
    with pytest.raises(Refusal, match=words):
        deliberation.reopen(committee, by=decider(), reason="Erreur.")
    assert fresh(row).state == "validated"
    assert fresh(committee).state == "closed"


def test_reopening_unlinks_a_laureate_still_in_draft():
    committee = sitting("closed")
    row = linked(committee, announcement__draft=True)
    deliberation.reopen(committee, by=decider(), reason="Erreur.")
    assert fresh(row).laureate is None
    assert Laureate.objects.count() == 1


def test_a_dossier_taken_up_by_a_later_sitting_holds_the_former_closed():
    former = sitting("closed", closed_at=timezone.now() - datetime.timedelta(days=9))
    row = item(former, "deferred")
    later = sitting("planned", session=former.session)
    deliberation.put_on_agenda(later, [row.application], by=secretary())
    with pytest.raises(Refusal, match=f"à une autre.*{row.application.reference}"):
        deliberation.reopen(former, by=decider(), reason="Erreur.")
    deliberation.remove_from_agenda(Selection.objects.get(committee=later), by=secretary())
    deliberation.reopen(former, by=decider(), reason="Erreur.")


def test_a_later_sitting_reopens_whatever_the_former_one_deferred():
    former = sitting("closed", closed_at=timezone.now() - datetime.timedelta(days=9))
    row = item(former, "deferred")
    later = sitting("closed", session=former.session)
    item(later, "retained", application=row.application)
    with pytest.raises(Refusal, match="à une autre"):
        deliberation.reopen(former, by=decider(), reason="Erreur.")
    deliberation.reopen(later, by=decider(), reason="Erreur.")


def test_a_sitting_taken_over_from_a_document_lacks_what_an_open_one_has():
    committee = sitting("closed", quorum=None, opened_at=None)
    row = item(committee, "retained", decided_by=None, record_source="Annonce de 2019")
    with pytest.raises(Refusal, match="quorum"):
        deliberation.reopen(committee, by=decider(), reason="Erreur.")
    Committee.objects.filter(pk=committee.pk).update(quorum=1)
    deliberation.reopen(committee, by=decider(), reason="Erreur.")
    assert fresh(committee).opened_at is not None
    assert fresh(row).record_source == "Annonce de 2019"


# Rectifying ------------------------------------------------------------------


def rectify(row, kind, **values):
    values = {"by": decider(), "reason": "Erreur matérielle.", **decided(kind), **values}
    return deliberation.rectify(row, **values)


def test_a_rectified_decision_takes_the_place_of_the_former():
    committee = whole()
    close(committee)
    row = Selection.objects.get(committee=committee, outcome="not_retained")
    user = decider()
    done = rectify(row, "retained", by=user, public_text="Un service refondu.")
    former = fresh(row)
    assert former.superseded_at is not None
    assert (former.state, former.outcome) == ("validated", "not_retained")
    assert (done.state, done.outcome, done.superseded_at) == ("validated", "retained", None)
    assert (done.agenda_position, done.decided_on) == (former.agenda_position, former.decided_on)
    assert done.decided_by == user
    assert done.public_text == "Un service refondu."
    assert done.version > former.version - 1
    assert Selection.objects.live().get(application=row.application_id) == done
    first, second = Minutes.objects.order_by("version")
    assert second.reason == "Erreur matérielle."
    assert first.seal != second.seal
    outcomes = {line["reference"]: line for line in json.loads(second.content)["decisions"]}
    assert outcomes[row.application.reference]["outcome"] == "retained"
    assert len(outcomes) == 5
    assert not Letter.objects.pending().filter(selection=former).exists()
    assert Letter.objects.pending().get(selection=done).kind == "retained"
    assert {event.actor for event in Event.objects.filter(action="rectify")} == {user}


def test_a_rectification_is_rectified_in_turn_and_the_former_row_no_more():
    committee = whole()
    close(committee)
    row = Selection.objects.get(committee=committee, outcome="deferred")
    second = rectify(row, "retained")
    with pytest.raises(Refusal, match="remplacée"):
        rectify(row, "undisclosed")
    third = rectify(second, "undisclosed", version=second.version)
    assert [fresh(one).superseded_at is None for one in (row, second, third)] == [
        False,
        False,
        True,
    ]
    assert Minutes.objects.count() == 3
    with pytest.raises(Stale):
        rectify(third, "deferred", version=second.version)


def test_a_rectification_needs_a_reason_and_a_change_that_holds():
    committee = whole()
    close(committee)
    row = Selection.objects.get(committee=committee, granted_amount__isnull=False)
    for kind, values, field in (
        ("deferred", {"reason": " "}, "reason"),
        ("retained", {}, "outcome"),
        ("retained", {"granted_amount": None}, "granted_amount"),
        ("not_retained", {"motive": ""}, "motive"),
        ("waiting_list", {"rank": 1}, "rank"),
    ):
        with pytest.raises(Refusal) as told:
            rectify(row, kind, **values)
        assert field in told.value.message_dict
    assert Selection.objects.filter(superseded_at__isnull=False).count() == 0
    assert Minutes.objects.count() == 1


def test_a_rectification_does_not_exceed_the_envelope_unseen():
    committee = sitting(session__envelope=Decimal("1200000"))
    item(committee, "retained")
    item(committee, "deferred")
    close(committee)
    row = Selection.objects.get(committee=committee, outcome="deferred")
    with pytest.raises(Refusal) as told:
        rectify(row, "retained", granted_amount=Decimal("200000.01"))
    assert "0,01" in told.value.message_dict["granted_amount"][0]
    assert fresh(row).superseded_at is None
    done = rectify(
        row, "retained", granted_amount=Decimal("200000.01"), overrun_reason="Arbitrage."
    )
    assert fresh(committee).overrun_reason == "Arbitrage."
    # Less than before is never an overrun more.
    rectify(done, "retained", granted_amount=Decimal("200000"))
    assert fresh(committee).overrun_reason == ""


def test_a_rectification_that_exceeds_the_envelope_less_keeps_the_reason_given_at_the_closing():
    committee = sitting(session__envelope=Decimal("400000"))
    item(committee, "retained")
    close(committee, overrun_reason="Accord du ministre.")
    row = Selection.objects.get(committee=committee)
    rectify(row, "retained", granted_amount=Decimal("900000"))
    assert fresh(committee).overrun_reason == "Accord du ministre."


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        ({}, "reste lié à la décision rectifiée"),
        ({"announcement__draft": True}, "reste lié à la décision"),
    ],
)
def test_the_laureate_follows_a_decision_that_stays_retained(values, kept):
    committee = sitting("closed")
    row = linked(committee, **values)
    laureate = row.laureate
    assert kept in deliberation.publication_notice(row, "retained")
    done = rectify(row, "retained", granted_amount=Decimal("5"))
    assert fresh(done).laureate == laureate
    assert fresh(row).laureate is None


@pytest.mark.parametrize(
    ("values", "left"),
    [({}, "est public et le reste"), ({"announcement__draft": True}, "avant de la publier")],
)
def test_the_laureate_of_a_decision_no_longer_retained_is_left_to_those_who_publish(values, left):
    committee = sitting("closed")
    row = linked(committee, **values)
    assert left in deliberation.publication_notice(row, "not_retained")
    done = rectify(row, "not_retained")
    assert fresh(done).laureate is None
    assert fresh(row).laureate is None
    assert Laureate.objects.count() == 1
    assert deliberation.publication_notice(done, "retained") == ""


def test_a_deferred_dossier_on_another_agenda_is_not_retained_by_rectification():
    former = sitting("closed")
    row = item(former, "deferred")
    later = sitting("planned", session=former.session)
    deliberation.put_on_agenda(later, [row.application], by=secretary())
    with pytest.raises(Refusal, match="deux fois"):
        rectify(row, "retained")
    rectify(row, "not_retained")
