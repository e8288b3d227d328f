"""A bulk act is taken back by the moves of the gates, as long as nothing was done since."""

import pytest
from django.core.exceptions import PermissionDenied

from calls import bulk, deliberation, history, instruction, workflow
from calls.models import Application
from calls.permissions import Hidden, Refusal
from tests.calls.bulk_cases import CASES, AssignCase, Kind, image, run, sentence, undone_cases
from tests.calls.dossiers import officer, secretary
from tests.calls.sittings import decider, item, sitting
from tests.factories import (
    RecusalFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(request):
    return CASES[request.param]()


@undone_cases
def test_an_act_is_undone_on_every_dossier_and_its_receipt_says_so(case):
    before = case.facts()
    act = run(case)
    assert bulk.undo_refusal(act, case.by) == ""
    other = secretary()

    bulk.undo(act, by=other, reason="Fait par erreur.")

    assert case.facts() == before
    act.refresh_from_db()
    assert (act.undone_by, act.undo_reason) == (other, "Fait par erreur.")
    assert act.undone_at is not None
    assert history.verify().holds
    assert "déjà été annulé" in bulk.undo_refusal(act, case.by)
    with pytest.raises(Refusal, match="déjà été annulé"):
        bulk.undo(act, by=case.by, reason="Encore.")


@undone_cases
@pytest.mark.parametrize("reason", ["", "  \n "])
def test_undoing_asks_for_a_reason(case, reason):
    act = run(case)
    before = image()
    with pytest.raises(Refusal, match="motif"):
        bulk.undo(act, by=case.by, reason=reason)
    assert image() == before


@undone_cases
def test_an_act_is_not_undone_once_one_of_its_dossiers_changed(case):
    act = run(case)
    later(case)
    before = image()

    lines = bulk.preview_undo(act, case.by).lines
    with pytest.raises(Refusal) as error:
        bulk.undo(act, by=case.by, reason="Trop tard.")

    assert [row for row, _ in lines] == [case.rows[0]]
    assert case.rows[0].reference in sentence(error)
    assert case.rows[1].reference not in sentence(error)
    assert image() == before


def later(case):
    """Something that happens to the first dossier after the act."""
    by, row = case.by, Application.objects.get(pk=case.rows[0].pk)
    if case.kind == Kind.ASSIGN:
        instruction.assign(row, officer(), by=by)
    elif case.kind == Kind.ASK_OPINION:
        review = row.reviews.live().get()
        instruction.render_opinion(
            review, by=by, verdict="favourable", scores={}, version=review.version
        )
    elif case.kind in (Kind.PUT_ON_AGENDA, Kind.CLEAR_PROPOSALS):
        found = row.selections.live().get()
        deliberation.propose(found, by=by, version=found.version, outcome="deferred")
    elif case.kind == Kind.PROPOSE:
        found = row.selections.live().get()
        deliberation.propose(
            found, by=by, version=found.version, outcome="not_retained", motive="Mieux vu."
        )
    else:
        # Away and back: the state is the same, the decision is another.
        for action in {
            "declare_admissible": ("reconsider", "declare_admissible"),
            "declare_inadmissible": ("reconsider", "declare_inadmissible"),
            "start_review": ("cancel_review", "start_review"),
            "cancel_review": ("reconsider",),
        }[case.params["action"]]:
            workflow.apply(row, action, by=by, comment="Repris seul.")


def test_a_reconsideration_is_not_undone_in_bulk():
    case = CASES["reconsider"]()
    act = run(case)
    assert "ne s’annule pas" in bulk.undo_refusal(act, case.by)
    with pytest.raises(Refusal, match="ne s’annule pas"):
        bulk.undo(act, by=case.by, reason="Erreur.")


def test_a_closing_is_not_undone_here():
    committee = sitting("open")
    item(committee, "deferred")
    act = deliberation.close(committee, by=decider(), version=committee.version)
    assert "se rouvre" in bulk.undo_refusal(act, decider())
    read = bulk.receipt(act, decider())
    assert read.count == 1
    assert ("état", "proposée", "validée") in read.lines[0].changes


@undone_cases
def test_whoever_is_recused_from_one_dossier_does_not_undo(case):
    act = run(case)
    RecusalFactory(application=case.rows[0], user=case.by)
    before = image()
    with pytest.raises(Refusal, match="déporté") as error:
        bulk.undo(act, by=case.by, reason="Erreur.")
    assert case.rows[0].reference not in sentence(error)
    assert "déporté" in bulk.undo_refusal(act, case.by)
    assert image() == before
    RecusalFactory(application=case.rows[1], user=case.by)
    with pytest.raises(Hidden):
        bulk.undo(act, by=case.by, reason="Erreur.")


@undone_cases
@pytest.mark.parametrize("role", ["Lecture", "Instruction", "Avis", "Publication"])
def test_who_reads_no_receipt_undoes_nothing(case, role):
    act = run(case)
    before = image()
    with pytest.raises(Hidden):
        bulk.undo(act, by=UserFactory(role=role), reason="Erreur.")
    assert image() == before


def test_a_decider_undoes_no_act_of_the_secretariat():
    act = run(AssignCase())
    before = image()
    by = decider()
    assert "rôle" in bulk.undo_refusal(act, by)
    assert bulk.preview_undo(act, by).is_forbidden
    with pytest.raises(PermissionDenied):
        bulk.undo(act, by=by, reason="Erreur.")
    assert image() == before


def test_undoing_gives_dossiers_back_only_to_who_may_still_instruct():
    case = AssignCase()
    act = run(case)
    case.former.is_active = False
    case.former.save()
    lines = bulk.preview_undo(act, case.by).lines
    assert [row for row, _ in lines] == [case.rows[1]]
    assert "désactivé" in lines[0][1]
