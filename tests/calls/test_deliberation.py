"""The gates of a sitting before its closing: agenda, proposals, attendance, opening."""

import datetime
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from calls import deliberation
from calls.models import Application, Committee, CommitteeMember, Selection
from calls.models.event import Event
from calls.permissions import Hidden, Refusal, Stale
from tests.calls.sittings import (
    HELD_ON,
    OUTCOMES,
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
from tests.factories import (
    ApplicationFactory,
    CallSessionFactory,
    CommitteeFactory,
    CommitteeMemberFactory,
    LetterFactory,
    RecusalFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def refused(match=None):
    return pytest.raises(Refusal, match=match)


# State × action --------------------------------------------------------------

COMMITTEE_TABLE = {
    "put_on_agenda": {"planned", "open"},
    "remove_from_agenda": {"planned", "open"},
    "move": {"planned", "open"},
    "propose": {"planned", "open"},
    "clear_proposal": {"planned", "open"},
    "record_attendance": {"planned", "open"},
    "open_committee": {"planned"},
    "close": {"open"},
    "reopen": {"closed"},
    "rectify": {"closed"},
}


def act_on_sitting(action, committee):
    """Do `action` at a sitting where nothing but its state forbids it."""
    secretariat, decision = secretary(), decider()
    validated = committee.state == Committee.State.CLOSED
    if action == "put_on_agenda":
        return deliberation.put_on_agenda(committee, [dossier(committee)], by=secretariat)
    if action == "remove_from_agenda":
        return deliberation.remove_from_agenda(item(committee), by=secretariat)
    if action == "move":
        return deliberation.move(item(committee), 1, by=secretariat)
    if action == "propose":
        return deliberation.propose(
            item(committee), by=secretariat, version=1, **decided("retained")
        )
    if action == "clear_proposal":
        row = item(committee, "retained", state="proposed", decided_on=None, decided_by=None)
        return deliberation.clear_proposal(row, by=secretariat, version=1)
    if action == "record_attendance":
        marks = {member.pk: "excused" for member in committee.members.all()}
        return deliberation.record_attendance(committee, marks, by=secretariat, version=1)
    if action == "open_committee":
        return deliberation.open_committee(
            committee, by=secretariat, chair="Alix", quorum=1, held_on=HELD_ON
        )
    row = item(committee, "deferred")
    if action == "close":
        return deliberation.close(committee, by=decision, version=1)
    if action == "reopen":
        return deliberation.reopen(committee, by=decision, reason="Erreur de saisie.")
    assert (row.state == "validated") == validated
    return deliberation.rectify(row, by=decision, reason="Erreur.", **decided("retained"))


@pytest.mark.parametrize("state", Committee.State.values)
@pytest.mark.parametrize("action", COMMITTEE_TABLE)
def test_every_act_at_every_state_of_a_sitting(action, state):
    committee = sitting(state)
    events = Event.objects.count()
    if state in COMMITTEE_TABLE[action]:
        act_on_sitting(action, committee)
        assert action == "move" or Event.objects.count() > events
    else:
        with refused("séance|décision"):
            act_on_sitting(action, committee)
        assert fresh(committee).state == state
        assert version_of(committee) == 1


def test_the_table_of_sittings_is_the_one_of_the_gates():
    names = {"open": "open_committee", "close": "close", "reopen": "reopen"}
    for action, move in deliberation.COMMITTEE_MOVES.items():
        assert set(move.sources) == COMMITTEE_TABLE[names[action]]


SELECTION_TABLE = {
    "remove_from_agenda": {"to_examine"},
    "move": {"to_examine", "proposed", "validated"},
    "propose": {"to_examine", "proposed"},
    "clear_proposal": {"proposed"},
    "rectify": {"validated"},
}


def act_on_decision(action, row):
    if action == "remove_from_agenda":
        return deliberation.remove_from_agenda(row, by=secretary())
    if action == "move":
        return deliberation.move(row, 1, by=secretary())
    if action == "propose":
        return deliberation.propose(row, by=decider(), version=1, **decided("retained"))
    if action == "clear_proposal":
        return deliberation.clear_proposal(row, by=decider(), version=1)
    return deliberation.rectify(row, by=decider(), reason="Erreur.", **decided("retained"))


@pytest.mark.parametrize("state", Selection.State.values)
@pytest.mark.parametrize("action", SELECTION_TABLE)
def test_every_act_at_every_state_of_a_decision(action, state):
    committee = sitting("closed" if action == "rectify" else "open")
    if state == "to_examine":
        row = item(committee)
    else:
        facts = {"state": state, "decided_on": None, "decided_by": None}
        if state == "validated":
            facts |= {"decided_on": HELD_ON, "decided_by": decider()}
        row = item(committee, "deferred", **facts)
    if state in SELECTION_TABLE[action]:
        act_on_decision(action, row)
    else:
        with refused(row.application.reference):
            act_on_decision(action, row)
        assert fresh(row).state == state
        assert fresh(row).version == 1


def test_the_table_of_decisions_is_the_one_of_the_gates():
    for action in ("propose", "clear_proposal", "rectify"):
        assert set(deliberation.SELECTION_MOVES[action].sources) == SELECTION_TABLE[action]


# Rights ----------------------------------------------------------------------

ROLES = ("Lecture", "Instruction", "Avis", "Secrétariat", "Décision", "Publication")
ALLOWED = {
    "put_on_agenda": {"Secrétariat"},
    "remove_from_agenda": {"Secrétariat"},
    "move": {"Secrétariat"},
    "record_attendance": {"Secrétariat"},
    "propose": {"Secrétariat", "Décision"},
    "clear_proposal": {"Secrétariat", "Décision"},
    "open_committee": {"Secrétariat", "Décision"},
    "close": {"Décision"},
    "reopen": {"Décision"},
    "rectify": {"Décision"},
}


def act_as(user, action):
    committee = sitting(
        "closed"
        if action in ("reopen", "rectify")
        else "planned"
        if action == "open_committee"
        else "open"
    )
    row = item(committee, "" if action == "remove_from_agenda" else "deferred")
    values = {
        "put_on_agenda": lambda: deliberation.put_on_agenda(
            committee, [dossier(committee)], by=user
        ),
        "remove_from_agenda": lambda: deliberation.remove_from_agenda(row, by=user),
        "move": lambda: deliberation.move(row, 1, by=user),
        "record_attendance": lambda: deliberation.record_attendance(
            committee, {}, by=user, version=1
        ),
        "propose": lambda: deliberation.propose(row, by=user, version=1, **decided("retained")),
        "clear_proposal": lambda: deliberation.clear_proposal(row, by=user, version=1),
        "open_committee": lambda: deliberation.open_committee(
            committee, by=user, chair="Alix", quorum=0, held_on=HELD_ON
        ),
        "close": lambda: deliberation.close(committee, by=user, version=1),
        "reopen": lambda: deliberation.reopen(committee, by=user, reason="Erreur."),
        "rectify": lambda: deliberation.rectify(
            row, by=user, reason="Erreur.", **decided("retained")
        ),
    }
    return values[action]()


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("action", ALLOWED)
def test_who_may_do_what(action, role):
    user = UserFactory(role=role)
    if role in ALLOWED[action]:
        act_as(user, action)
    else:
        with pytest.raises(PermissionDenied):
            act_as(user, action)


@pytest.mark.parametrize("action", ALLOWED)
def test_a_superuser_passes_rights_and_no_state(action):
    user = UserFactory(superuser=True)
    act_as(user, action)
    state = next(state for state in Committee.State.values if state not in COMMITTEE_TABLE[action])
    committee = sitting(state)
    row = item(committee, "deferred")
    with refused():
        if action == "put_on_agenda":
            deliberation.put_on_agenda(committee, [dossier(committee)], by=user)
        elif action == "record_attendance":
            deliberation.record_attendance(committee, {}, by=user, version=1)
        elif action == "open_committee":
            deliberation.open_committee(committee, by=user, chair="Alix", quorum=0, held_on=HELD_ON)
        elif action == "close":
            deliberation.close(committee, by=user, version=1)
        elif action == "reopen":
            deliberation.reopen(committee, by=user, reason="Erreur.")
        elif action == "move":
            deliberation.move(row, 1, by=user)
        elif action == "remove_from_agenda":
            deliberation.remove_from_agenda(row, by=user)
        elif action == "clear_proposal":
            deliberation.clear_proposal(row, by=user, version=1)
        else:
            gate = getattr(deliberation, action)
            more = {"version": 1} if action == "propose" else {"reason": "Erreur."}
            gate(row, by=user, **more, **decided("retained"))


def test_a_case_officer_proposes_on_their_own_dossiers_alone():
    officer = UserFactory(role="Instruction")
    committee = sitting()
    own = item(committee, application=dossier(committee, case_officer=officer))
    other = item(committee)
    deliberation.propose(own, by=officer, version=1, **decided("retained"))
    assert deliberation.proposal_refusal(own, officer) == ""
    with pytest.raises(PermissionDenied):
        deliberation.propose(other, by=officer, version=1, **decided("retained"))
    assert "droit" in deliberation.proposal_refusal(other, officer)


# Recusals --------------------------------------------------------------------


@pytest.mark.parametrize("role", ["Secrétariat", "superuser"])
def test_a_dossier_that_the_person_is_recused_from_does_not_exist_for_any_gate(role):
    user = UserFactory(superuser=True) if role == "superuser" else UserFactory(role=role)
    committee = sitting()
    mine, other = item(committee), item(committee)
    entering = dossier(committee)
    for application in (mine.application, entering):
        RecusalFactory(application=application, user=user)
    acts = (
        lambda: deliberation.put_on_agenda(committee, [dossier(committee), entering], by=user),
        lambda: deliberation.remove_from_agenda(mine, by=user),
        lambda: deliberation.move(mine, 2, by=user),
        lambda: deliberation.propose(mine, by=user, version=1, **decided("retained")),
    )
    for act in acts:
        with pytest.raises(Hidden):
            act()
    assert references(committee) == [
        (1, mine.application.reference),
        (2, other.application.reference),
    ]
    assert fresh(mine).state == "to_examine"


def test_a_recusal_of_a_member_hides_from_their_account():
    user = UserFactory(role="Décision")
    committee = sitting()
    row = item(committee)
    member = CommitteeMemberFactory(committee=committee, user=user)
    RecusalFactory(application=row.application, member=member, user=None)
    with pytest.raises(Hidden):
        deliberation.propose(row, by=user, version=1, **decided("retained"))


def test_a_rank_held_by_a_hidden_dossier_is_not_told():
    user = secretary()
    committee = sitting()
    hidden = item(committee, "waiting_list", rank=1)
    row = item(committee)
    RecusalFactory(application=hidden.application, user=user)
    done = deliberation.propose(row, by=user, version=1, **decided("waiting_list", rank=1))
    assert done.rank == 1
    # Whoever closes is recused from none, and is told.
    (refusal,) = deliberation.preview_closing(fresh(committee), decider()).refusals
    assert hidden.application.reference in refusal
    assert row.application.reference in refusal


# Agenda ----------------------------------------------------------------------


def test_dossiers_are_put_at_the_end_in_the_order_given():
    committee = sitting("planned")
    first = item(committee)
    second, third = dossier(committee), dossier(committee)
    added = deliberation.put_on_agenda(committee, [third, second, third], by=secretary())
    assert [row.agenda_position for row in added] == [2, 3]
    assert references(committee) == [
        (1, first.application.reference),
        (2, third.reference),
        (3, second.reference),
    ]
    events = Event.objects.filter(action="put_on_agenda")
    assert set(events.values_list("application", flat=True)) == {second.pk, third.pk}
    assert version_of(committee) == 2


@pytest.mark.parametrize("state", [s for s in Application.State.values if s != "reviewed"])
def test_only_a_reviewed_dossier_is_put_on_the_agenda(state):
    committee = sitting()
    needs = {
        "inadmissible": {"admissibility_reason": "Hors champ."},
        "under_review": {"case_officer": UserFactory()},
        "info_requested": {"case_officer": UserFactory()},
        "withdrawn": {"withdrawal_reason": "Abandon.", "withdrawn_at": timezone.now()},
    }
    row = dossier(committee, state=state, **needs.get(state, {}))
    with refused(f"{row.reference}.*{row.get_state_display()}"):
        deliberation.put_on_agenda(committee, [row], by=secretary())
    assert references(committee) == []


def test_one_dossier_refused_refuses_all_and_each_is_named():
    committee = sitting()
    good = dossier(committee)
    received = ApplicationFactory(session=committee.session)
    unknown = ApplicationFactory(session=committee.session, undisclosed=True)
    foreign = dossier(committee, session=CallSessionFactory())
    with pytest.raises(Refusal) as told:
        deliberation.put_on_agenda(committee, [good, received, unknown, foreign], by=secretary())
    assert len(told.value.messages) == 3
    for row, words in ((received, "reçue"), (unknown, "non détaillé"), (foreign, "autre fonds")):
        (message,) = [text for text in told.value.messages if row.reference in text]
        assert words in message
    assert references(committee) == []
    with refused("au moins un dossier"):
        deliberation.put_on_agenda(committee, [], by=secretary())


def test_a_dossier_is_not_twice_on_agendas():
    committee, other = sitting(), sitting("planned")
    other = CommitteeFactory(session=committee.session)
    row = item(committee)
    for target in (committee, other):
        with refused("déjà à l’ordre du jour"):
            deliberation.put_on_agenda(target, [row.application], by=secretary())
    deliberation.remove_from_agenda(row, by=secretary())
    deliberation.put_on_agenda(other, [row.application], by=secretary())


@pytest.mark.parametrize("outcome", ["retained", "undisclosed", "not_retained"])
def test_what_a_sitting_decided_for_good_goes_to_no_other(outcome):
    former = sitting("closed")
    row = item(former, outcome)
    later = sitting("planned", session=former.session)
    with refused(f"{row.application.reference}.*déjà décidé"):
        deliberation.put_on_agenda(later, [row.application], by=secretary())


@pytest.mark.parametrize("outcome", ["deferred", "waiting_list"])
def test_a_deferred_dossier_comes_back_even_at_a_sitting_of_another_session(outcome):
    former = sitting("closed")
    row = item(former, outcome)
    session = CallSessionFactory(call=former.session.call)
    later = sitting("planned", session=session)
    stranger = dossier(former)
    deliberation.put_on_agenda(later, [row.application], by=secretary())
    with refused("autre session"):
        deliberation.put_on_agenda(later, [stranger], by=secretary())


def test_a_sitting_without_session_takes_every_session_of_its_fund():
    committee = sitting("planned", session=None)
    rows = [dossier(committee), dossier(committee)]
    assert rows[0].session_id != rows[1].session_id
    deliberation.put_on_agenda(committee, rows, by=secretary())
    with refused("autre fonds"):
        deliberation.put_on_agenda(committee, [dossier(sitting())], by=secretary())


def test_the_preview_of_many_dossiers_asks_the_database_as_little_as_that_of_one(
    django_assert_num_queries,
):
    committee = sitting()
    user = secretary()
    user.has_perm("calls.manage_agenda")
    rows = [item(committee).application for _ in range(8)]
    rows = list(Application.objects.filter(pk__in=[row.pk for row in rows]))
    with django_assert_num_queries(1):
        assert len(deliberation.agenda_refusals(committee, rows[:1], user)) == 1
    with django_assert_num_queries(1):
        assert len(deliberation.agenda_refusals(committee, rows, user)) == 8


def test_leaving_the_agenda_closes_the_gap_and_stays_in_the_history():
    committee = sitting()
    rows = [item(committee) for _ in range(3)]
    deliberation.remove_from_agenda(rows[0], by=secretary(), comment="Dossier à revoir.")
    assert references(committee) == [
        (1, rows[1].application.reference),
        (2, rows[2].application.reference),
    ]
    event = Event.objects.get(action="take_off_agenda")
    assert (event.kind, event.application_id) == ("-", rows[0].application_id)
    assert event.texts.get(name="comment").text == "Dossier à revoir."


def test_a_proposal_is_cleared_before_the_dossier_leaves():
    row = item(sitting(), "retained")
    with refused("effacez-la"):
        deliberation.remove_from_agenda(row, by=secretary())
    assert fresh(row).outcome == "retained"


def test_a_dossier_about_which_a_letter_was_drafted_leaves_as_superseded():
    committee = sitting()
    row = item(committee)
    LetterFactory(selection=row, application=row.application)
    deliberation.remove_from_agenda(row, by=secretary())
    assert fresh(row).superseded_at is not None
    assert references(committee) == []
    deliberation.put_on_agenda(committee, [row.application], by=secretary())
    assert references(committee) == [(1, row.application.reference)]


@pytest.mark.parametrize(
    ("start", "position", "order"),
    [(0, 3, "BCAD"), (3, 1, "DABC"), (1, 2, "ABCD"), (0, 99, "BCDA"), (2, 2, "ACBD")],
)
def test_a_move_keeps_places_without_gap_and_writes_one_event(start, position, order):
    committee = sitting()
    names = dict(zip((item(committee) for _ in range(4)), "ABCD", strict=True))
    rows = list(names)
    versions = [row.version for row in rows]
    deliberation.move(rows[start], position, by=secretary())
    by_reference = {row.application.reference: name for row, name in names.items()}
    found = references(committee)
    assert [place for place, _ in found] == [1, 2, 3, 4]
    assert "".join(by_reference[reference] for _, reference in found) == order
    events = list(Event.objects.filter(action="reorder_agenda"))
    assert len(events) == (order != "ABCD")
    assert [(event.committee_id, event.application_id) for event in events] == [
        (committee.pk, None)
    ] * len(events)
    # A place is no part of a decision: a proposal being typed stays valid.
    assert [fresh(row).version for row in rows] == versions
    assert not Event.objects.filter(action="changed").exists()


def test_a_place_starts_at_one():
    with refused("à partir de 1"):
        deliberation.move(item(sitting()), 0, by=secretary())


def test_places_that_were_not_known_are_given():
    committee = sitting()
    rows = [item(committee, agenda_position=None) for _ in range(2)]
    deliberation.move(rows[1], 1, by=secretary())
    assert references(committee) == [
        (1, rows[1].application.reference),
        (2, rows[0].application.reference),
    ]


def test_what_left_the_agenda_meanwhile_is_said():
    row = item(sitting())
    deliberation.remove_from_agenda(row, by=secretary())
    for act in (
        lambda: deliberation.propose(row, by=secretary(), version=1, **decided("retained")),
        lambda: deliberation.remove_from_agenda(row, by=secretary()),
        lambda: deliberation.move(row, 1, by=secretary()),
    ):
        with refused("retiré de l’ordre du jour"):
            act()


# Proposals -------------------------------------------------------------------


@pytest.mark.parametrize("kind", OUTCOMES)
@pytest.mark.parametrize("state", ["planned", "open"])
def test_each_outcome_is_proposed_before_or_during_the_sitting(kind, state):
    committee = sitting(state)
    row = item(committee)
    user = secretary()
    done = deliberation.propose(
        row, by=user, version=1, public_text=" Deux\r\nlignes ", **decided(kind)
    )
    stored = fresh(row)
    assert (stored.state, stored.version, done.version) == ("proposed", 2, 2)
    for name, value in {**decided(kind), "public_text": "Deux\nlignes"}.items():
        assert getattr(stored, name) == value
    event = Event.objects.get(action="propose")
    assert (event.actor, event.application_id) == (user, row.application_id)
    assert version_of(committee) == 2


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"outcome": ""}, "outcome", "Choisissez le sens"),
        ({"outcome": "perhaps"}, "outcome", "Choisissez le sens"),
        ({"outcome": "retained"}, "granted_amount", "l’un ou l’autre"),
        (decided("retained", amount_not_disclosed=True), "granted_amount", "Choisissez entre"),
        (decided("retained", granted_amount=Decimal("-0.01")), "granted_amount", "négatif"),
        (decided("retained", granted_amount=Decimal("NaN")), "granted_amount", "nombre"),
        (decided("retained", granted_amount="douze"), "granted_amount", "nombre"),
        (decided("retained", granted_amount=Decimal("1.001")), "granted_amount", "virgule"),
        (decided("retained", granted_amount=Decimal(10) ** 13), "granted_amount", "chiffres"),
        (decided("retained", rank=1), "rank", "liste d’attente"),
        (decided("deferred", granted_amount=1), "granted_amount", "Seul un dossier retenu"),
        (decided("deferred", amount_not_disclosed=True), "granted_amount", "Seul un dossier"),
        ({"outcome": "not_retained"}, "motive", "motif"),
        ({"outcome": "not_retained", "motive": " \n "}, "motive", "motif"),
        ({"outcome": "waiting_list"}, "rank", "rang"),
        (decided("waiting_list", rank=0), "rank", "à partir de 1"),
        (decided("waiting_list", rank=99999), "rank", "32767"),
    ],
)
def test_values_that_do_not_hold_are_refused_by_field_in_french(values, field, words):
    row = item(sitting())
    with pytest.raises(Refusal) as told:
        deliberation.propose(row, by=secretary(), version=1, **values)
    assert words in " ".join(told.value.message_dict[field])
    assert fresh(row).state == "to_examine"
    assert Event.objects.filter(action="propose").count() == 0


def test_two_dossiers_do_not_share_a_rank_of_one_sitting():
    committee = sitting()
    first = item(committee, "waiting_list", rank=1)
    item(sitting(), "waiting_list", rank=2)
    row = item(committee)
    with pytest.raises(Refusal) as told:
        deliberation.propose(row, by=secretary(), version=1, **decided("waiting_list", rank=1))
    assert first.application.reference in told.value.message_dict["rank"][0]
    said = deliberation.proposal_refusal(row, secretary(), **decided("waiting_list", rank=1))
    assert first.application.reference in said
    deliberation.propose(row, by=secretary(), version=1, **decided("waiting_list", rank=2))
    deliberation.propose(first, by=secretary(), version=1, **decided("waiting_list", rank=1))


def test_a_stale_proposal_is_refused_with_both_values_and_nothing_written():
    row = item(sitting())
    first, second = secretary(), decider()
    deliberation.propose(
        row,
        by=first,
        version=1,
        public_text="Un service simplifié.",
        **decided("retained", granted_amount=Decimal("1250000.50")),
    )
    with pytest.raises(Stale) as told:
        deliberation.propose(row, by=second, version=1, **decided("not_retained"))
    assert told.value.stored == {
        "Sens": "retenu",
        "Montant accordé": "1\u202f250\u202f000,50\u00a0€",
        "Motif": "—",
        "Rang sur liste d’attente": "—",
        "Texte public": "Un service simplifié.",
    }
    assert told.value.typed == {
        "Sens": "non retenu",
        "Montant accordé": "—",
        "Motif": "Hors du champ de l’appel.",
        "Rang sur liste d’attente": "—",
        "Texte public": "—",
    }
    assert first.get_full_name() in told.value.messages[0]
    assert fresh(row).outcome == "retained"
    with pytest.raises(Stale):
        deliberation.clear_proposal(row, by=second, version=1)
    deliberation.propose(row, by=second, version=2, **decided("undisclosed"))
    with pytest.raises(Stale) as told:
        deliberation.propose(row, by=first, version=2, **decided("waiting_list", rank=4))
    assert told.value.stored["Montant accordé"] == "montant non communiqué"
    assert told.value.typed["Rang sur liste d’attente"] == "4"


def test_a_cleared_proposal_leaves_nothing():
    row = item(sitting(), "waiting_list", motive="Réserve", public_text="Texte", rank=3)
    cleared = deliberation.clear_proposal(row, by=decider(), version=1)
    stored = fresh(row)
    assert (stored.state, stored.version) == ("to_examine", 2)
    assert deliberation.Decision.on(stored) == deliberation.Decision()
    assert cleared.version == 2
    assert Event.objects.filter(action="clear_proposal").count() == 1


def test_nothing_is_proposed_on_a_dossier_whose_review_was_reopened():
    committee = sitting()
    row = item(committee)
    Application.objects.filter(pk=row.application_id).update(
        state="under_review", case_officer=UserFactory()
    )
    with refused("en instruction"):
        deliberation.propose(row, by=secretary(), version=1, **decided("retained"))
    assert "en instruction" in deliberation.proposal_refusal(fresh(row), secretary())


# Attendance ------------------------------------------------------------------


def marks_of(committee, *marks):
    members = committee.members.order_by("position").values_list("pk", flat=True)
    return dict(zip(members, marks, strict=False))


def attendance(committee):
    rows = CommitteeMember.objects.filter(committee=committee).order_by("position")
    return list(rows.values_list("attendance", flat=True))


def test_attendance_is_recorded_member_by_member():
    committee = sitting("planned")
    deliberation.record_attendance(
        committee, marks_of(committee, "present", "excused"), by=secretary(), version=1
    )
    assert attendance(committee) == ["present", "excused"]
    deliberation.record_attendance(committee, marks_of(committee, ""), by=secretary(), version=2)
    assert attendance(committee) == ["", "excused"]
    assert Event.objects.filter(action="record_attendance").count() == 3
    assert version_of(committee) == 3


def test_attendance_that_says_nothing_new_changes_nothing():
    committee = sitting()
    deliberation.record_attendance(
        committee, marks_of(committee, "present", "present"), by=secretary(), version=1
    )
    assert version_of(committee) == 1
    assert not Event.objects.filter(action="record_attendance").exists()


def test_unknown_members_and_marks_are_refused():
    committee = sitting("planned")
    stranger = CommitteeMemberFactory()
    with refused("n’est plus de la séance"):
        deliberation.record_attendance(
            committee, {stranger.pk: "present"}, by=secretary(), version=1
        )
    with refused("Présence inconnue.*retard"):
        deliberation.record_attendance(
            committee, marks_of(committee, "retard"), by=secretary(), version=1
        )
    assert attendance(committee) == ["", ""]


def test_attendance_recorded_by_somebody_else_is_not_undone_unseen():
    committee = sitting("planned")
    first, second = secretary(), secretary()
    deliberation.record_attendance(committee, marks_of(committee, "present"), by=first, version=1)
    with pytest.raises(Stale) as told:
        deliberation.record_attendance(
            committee, marks_of(committee, "absent", "present"), by=second, version=1
        )
    name = committee.members.order_by("position").first().name
    assert (told.value.stored, told.value.typed) == ({name: "présent"}, {name: "absent"})
    assert attendance(committee) == ["present", ""]
    # Seen, it may be changed; and one's own may be mended from an older page.
    deliberation.record_attendance(committee, marks_of(committee, "absent"), by=second, version=2)
    deliberation.record_attendance(committee, marks_of(committee, "excused"), by=second, version=1)
    assert attendance(committee) == ["excused", ""]


def test_a_proposal_made_meanwhile_does_not_stop_attendance():
    committee = sitting("planned")
    deliberation.propose(item(committee), by=secretary(), version=1, **decided("retained"))
    deliberation.record_attendance(
        committee, marks_of(committee, "present", "absent"), by=secretary(), version=1
    )
    assert attendance(committee) == ["present", "absent"]


# Opening ---------------------------------------------------------------------


def test_an_opened_sitting_has_a_chair_a_quorum_and_a_date():
    committee = sitting("planned")
    user = secretary()
    deliberation.open_committee(committee, by=user, chair=" Alix ", quorum=2, held_on=HELD_ON)
    stored = fresh(committee)
    assert (stored.state, stored.chair, stored.quorum) == ("open", "Alix", 2)
    assert (stored.held_on, stored.opened_by) == (HELD_ON, user)
    assert stored.opened_at is not None
    assert stored.version == 2
    assert Event.objects.get(action="open").actor == user


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"chair": "  "}, "chair", "présidence"),
        ({"quorum": None}, "quorum", "quorum"),
        ({"quorum": -1}, "quorum", "quorum"),
        ({"quorum": 3}, "quorum", "ne peut pas être atteint"),
        ({"held_on": None}, "held_on", "date"),
        ({"held_on": datetime.date(2999, 1, 1)}, "held_on", "à venir"),
    ],
)
def test_a_sitting_is_not_opened_without(values, field, words):
    committee = sitting("planned")
    CommitteeMemberFactory(committee=committee, is_voting=False)
    with pytest.raises(Refusal) as told:
        deliberation.open_committee(
            committee,
            by=secretary(),
            **{"chair": "Alix", "quorum": 2, "held_on": HELD_ON, **values},
        )
    assert words in told.value.message_dict[field][0]
    assert fresh(committee).state == "planned"


def test_a_sitting_without_members_is_not_opened():
    committee = CommitteeFactory()
    assert "membre" in deliberation.opening_refusal(committee, secretary())
    with refused("membre"):
        deliberation.open_committee(
            committee, by=secretary(), chair="Alix", quorum=0, held_on=HELD_ON
        )


def test_a_sitting_opened_meanwhile_or_gone_is_said():
    committee = sitting("planned")
    values = {"by": secretary(), "chair": "Alix", "quorum": 1, "held_on": HELD_ON}
    deliberation.open_committee(committee, **values)
    with refused("ouverte"):
        deliberation.open_committee(committee, **values)
    empty = CommitteeFactory()
    Committee.objects.filter(pk=empty.pk).delete()
    with refused("n’existe plus"):
        deliberation.open_committee(empty, **values)
