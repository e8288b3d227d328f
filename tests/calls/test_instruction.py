"""Assignment, synthesis and notes: who may, on what, and what stays."""

import pytest
from django.core.exceptions import PermissionDenied

from calls import history, instruction
from calls.models import Application, Event
from calls.permissions import ROLES, Hidden, Refusal, Stale
from tests.calls.dossiers import REASON, State, in_state, officer, secretary, stored
from tests.factories import (
    ApplicationFactory,
    CallSessionFactory,
    RecusalFactory,
    SessionAccessFactory,
    UserFactory,
)


def refused(application, gate, *args, by, **given):
    before, events = stored(application), Event.objects.count()
    with pytest.raises(Refusal) as error:
        gate(application, *args, by=by, **given)
    assert (stored(application), Event.objects.count()) == (before, events)
    return " ".join(error.value.messages)


GATES = {
    "assign": lambda application, by: instruction.assign(application, officer(), by=by),
    "synthesis": lambda application, by: instruction.write_synthesis(
        application, "Nouvelle synthèse.", by=by, known=None
    ),
    "note": lambda application, by: instruction.add_note(application, "À revoir.", by=by),
}


# Every gate --------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("gate", GATES)
def test_the_recused_go_through_no_gate(gate):
    for user in (secretary(), UserFactory(superuser=True), officer()):
        application = in_state("under_review", case_officer=user)
        RecusalFactory(application=application, user=user)
        before, events = stored(application), Event.objects.count()
        with pytest.raises(Hidden):
            GATES[gate](application, user)
        assert (stored(application), application.notes.count()) == (before, 0)
        assert Event.objects.filter(number__gt=events, actor=user).count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("gate", GATES)
def test_an_undisclosed_dossier_goes_through_no_gate(gate):
    with pytest.raises(Refusal, match="non détaillée"):
        GATES[gate](ApplicationFactory(undisclosed=True), UserFactory(superuser=True))


@pytest.mark.django_db
@pytest.mark.parametrize("role", [*ROLES, "another’s officer", "superuser"])
def test_each_role_goes_through_the_gates_that_are_its_own(role):
    user = {
        "superuser": lambda: UserFactory(superuser=True),
        "another’s officer": officer,
    }.get(role, lambda: UserFactory(role=role))()
    own = user if role == "Instruction" else officer()
    may = {
        "Secrétariat": set(GATES),
        "superuser": set(GATES),
        "Instruction": {"synthesis", "note"},
    }.get(role, set())
    in_state("under_review", case_officer=user)
    for name, gate in GATES.items():
        application = in_state("under_review", case_officer=own)
        if name in may:
            gate(application, user)
        else:
            before = stored(application)
            with pytest.raises(PermissionDenied) as error:
                gate(application, user)
            assert not isinstance(error.value, Hidden)
            assert stored(application) == before
            assert not application.notes.exists()


# Assignment ------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("state", State.values)
def test_a_dossier_is_given_until_it_is_closed(state):
    application, by, new = in_state(state), secretary(), officer()
    if state in ("inadmissible", "withdrawn"):
        assert "rien à instruire" in refused(application, instruction.assign, new, by=by)
        return
    moved = instruction.assign(application, new, by=by, comment=REASON)
    assert (moved.case_officer, stored(application)["case_officer_id"]) == (new, new.pk)
    event = Event.objects.get(action="assign")
    assert (event.actor, event.application) == (by, application)
    assert event.texts.get(name="comment").text == REASON


@pytest.mark.django_db
@pytest.mark.parametrize(
    "state", ["received", "admissible", "under_review", "info_requested", "reviewed"]
)
def test_a_dossier_is_taken_back_unless_somebody_must_instruct_it(state):
    application, by = in_state(state), secretary()
    if state in ("under_review", "info_requested"):
        assert "autre instructeur" in refused(application, instruction.assign, None, by=by)
        return
    assert instruction.assign(application, None, by=by).case_officer is None
    assert Event.objects.filter(action="unassign").count() == 1
    assert "pas d’instructeur" in refused(application, instruction.assign, None, by=by)


@pytest.mark.django_db
def test_a_dossier_is_given_to_whoever_may_instruct_it():
    application, by = in_state("admissible"), secretary()
    say = {
        "désactivé": UserFactory(role="Instruction", is_active=False),
        "rôle d’instruction": UserFactory(role="Lecture"),
        "déjà": application.case_officer,
    }
    recused = officer()
    RecusalFactory(application=application, user=recused)
    say["en déport"] = recused
    for words, person in say.items():
        assert words in refused(application, instruction.assign, person, by=by)
        said = instruction.assign_refusals([application], person, by=by)
        assert words in said[application.pk]
    assert instruction.assign(application, by, by=by).case_officer == by


@pytest.mark.django_db
@pytest.mark.parametrize("size", [1, 3])
def test_a_preview_of_an_assignment(django_assert_num_queries, size):
    by, new, session = secretary(), officer(), CallSessionFactory()
    for _ in range(size):
        in_state("received", session=session)
    rows = list(Application.objects.all())
    by.has_perm("calls.decide_admissibility")
    new.has_perm("calls.instruct_application")
    # Recusals of the one who acts, and of the officer.
    with django_assert_num_queries(2):
        assert set(instruction.assign_refusals(rows, new, by=by).values()) == {""}


@pytest.mark.django_db
def test_a_preview_says_what_the_gate_says_of_each():
    by, new = secretary(), officer()
    rows = [
        in_state("received"),
        in_state("withdrawn"),
        ApplicationFactory(undisclosed=True),
        in_state("received"),
    ]
    RecusalFactory(application=rows[3], user=by)
    said = instruction.assign_refusals(rows, new, by=by)
    assert [bool(said[row.pk]) for row in rows] == [False, True, True, True]
    assert said[rows[3].pk] == "Dossier introuvable."
    assert said[rows[1].pk] == refused(rows[1], instruction.assign, new, by=by)
    stranger = officer()
    assert "rôle" in instruction.assign_refusals(rows[:1], new, by=stranger)[rows[0].pk]


# Synthesis -------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("state", State.values)
def test_the_synthesis_is_written_during_the_instruction(state):
    application, by = in_state(state, synthesis="Avant."), secretary()
    if state not in ("under_review", "info_requested"):
        said = refused(application, instruction.write_synthesis, "Après.", by=by, known="Avant.")
        assert application.get_state_display() in said
        return
    moved = instruction.write_synthesis(application, " Après.\r\nFin. ", by=by, known="Avant.")
    assert moved.synthesis == "Après.\nFin."
    event = Event.objects.get(action="write_synthesis")
    assert event.texts.get(name="before:synthesis").text == "Avant."


@pytest.mark.django_db
def test_of_two_syntheses_the_second_is_shown_both():
    application, by = in_state("under_review", synthesis="Un\nDeux"), secretary()
    instruction.write_synthesis(application, "De Camille.", by=by, known="Un\r\nDeux")
    before = stored(application)
    with pytest.raises(Stale) as error:
        instruction.write_synthesis(application, "D’Alix.", by=secretary(), known="Un\r\nDeux")
    assert (error.value.stored, error.value.typed) == (
        {"Synthèse": "De Camille."},
        {"Synthèse": "D’Alix."},
    )
    assert stored(application) == before
    instruction.write_synthesis(application, "D’Alix.", by=by, known="De Camille.")
    assert stored(application)["synthesis"] == "D’Alix."


@pytest.mark.django_db
def test_the_same_synthesis_twice_is_one_act():
    application, by = in_state("under_review", synthesis=""), secretary()
    for _ in range(2):
        instruction.write_synthesis(application, "Le texte.", by=by, known="")
    assert Event.objects.filter(action="write_synthesis").count() == 1


# Notes -----------------------------------------------------------------------


@pytest.mark.django_db
def test_a_note_is_added_to_a_dossier_read_in_full():
    own = officer()
    application = in_state("reviewed", case_officer=own)
    note = instruction.add_note(application, " À revoir.\r\nVite. ", by=own)
    assert (note.text, note.author, note.application) == ("À revoir.\nVite.", own, application)
    event = Event.objects.get(action="add_note")
    assert (event.object_type, event.application) == ("calls.note", application)
    assert "vide" in refused(application, instruction.add_note, " \n", by=own)
    assert application.notes.count() == 1
    granted = SessionAccessFactory(user=officer(), session=application.session).user
    assert instruction.add_note(application, "Vu.", by=granted).author == granted
    assert history.verify().holds
