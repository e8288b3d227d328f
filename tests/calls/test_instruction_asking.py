"""Opinions asked of institutions, and given up: who may, when, and what stays."""

import datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from calls import instruction
from calls.models import Application, Event
from calls.permissions import ROLES, Hidden
from tests.calls.dossiers import (
    OPEN,
    REASON,
    State,
    asked,
    in_state,
    officer,
    opinion_rows,
    refused_opinion,
    render,
    reviewer,
    secretary,
)
from tests.factories import (
    AffiliationFactory,
    ApplicationFactory,
    BearerFactory,
    CallSessionFactory,
    LetterFactory,
    MinistryFactory,
    OrganisationFactory,
    RecusalFactory,
    ReviewFactory,
    UserFactory,
)

# Asking ----------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("state", State.values)
def test_an_opinion_is_asked_once_admissible_and_until_the_end(state):
    application, by, institution = in_state(state), secretary(), OrganisationFactory()
    if state not in OPEN:
        assert application.get_state_display() in refused_opinion(
            instruction.ask_opinion, application, institution, by=by
        )
        return
    due_on = timezone.localdate()
    review = instruction.ask_opinion(
        application, institution, by=by, due_on=due_on, question=" Quel\r\ncoût ? "
    )
    assert (review.question, review.due_on, review.asked_by) == ("Quel\ncoût ?", due_on, by)
    assert (review.reviewer, review.rendered_at, review.version) == (None, None, 1)
    event = Event.objects.get(action="ask_opinion")
    assert (event.application, event.actor) == (application, by)
    assert "déjà demandé" in refused_opinion(
        instruction.ask_opinion, application, institution, by=by
    )


@pytest.mark.django_db
@pytest.mark.parametrize("role", [*ROLES, "another’s officer"])
def test_the_secretariat_and_the_officer_of_the_dossier_ask(role):
    user = officer() if role == "another’s officer" else UserFactory(role=role)
    own = user if role == "Instruction" else officer()
    in_state("under_review", case_officer=user)
    application, institution = in_state("under_review", case_officer=own), OrganisationFactory()
    if role in ("Secrétariat", "Instruction"):
        review = instruction.ask_opinion(application, institution, by=user)
        assert instruction.cancel_opinion(review, by=user, reason=REASON).cancelled_at
        return
    with pytest.raises(PermissionDenied):
        instruction.ask_opinion(application, institution, by=user)
    assert not application.reviews.exists()
    review = ReviewFactory(application=application, institution=institution)
    with pytest.raises(PermissionDenied):
        instruction.cancel_opinion(review, by=user, reason=REASON)


@pytest.mark.django_db
def test_the_recused_neither_ask_nor_give_nor_give_up():
    for user in (secretary(), UserFactory(superuser=True), officer(), UserFactory(role="Avis")):
        review = ReviewFactory(
            application=in_state("under_review", case_officer=user), reviewer=user
        )
        RecusalFactory(application=review.application, user=user)
        before = opinion_rows()
        for act in (
            lambda review=review, user=user: instruction.ask_opinion(
                review.application, OrganisationFactory(), by=user
            ),
            lambda review=review, user=user: render(review, user),
            lambda review=review, user=user: instruction.cancel_opinion(
                review, by=user, reason=REASON
            ),
        ):
            with pytest.raises(Hidden):
                act()
        assert opinion_rows() == before


@pytest.mark.django_db
def test_an_undisclosed_dossier_has_no_opinion():
    by, application = secretary(), ApplicationFactory(undisclosed=True)
    said = refused_opinion(instruction.ask_opinion, application, OrganisationFactory(), by=by)
    assert "non détaillée" in said
    review = ReviewFactory(application=application)
    assert "non détaillée" in refused_opinion(render, review, by)
    assert "non détaillée" in refused_opinion(
        instruction.cancel_opinion, review, by=by, reason=REASON
    )


@pytest.mark.django_db
@pytest.mark.parametrize("link", ["bearer", "ministry of a bearer"])
def test_who_carries_the_dossier_is_not_asked_without_a_reason(link):
    by, application, ministry = secretary(), in_state("under_review"), MinistryFactory()
    BearerFactory(application=application)
    bearer = BearerFactory(
        application=application, organisation=OrganisationFactory(supervising_ministry=ministry)
    )
    institution = bearer.organisation if link == "bearer" else ministry
    said = refused_opinion(instruction.ask_opinion, application, institution, by=by, reason=" ")
    assert str(institution) in said
    assert "motif" in said
    previewed = instruction.ask_opinion_refusals([application], institution, by=by)
    assert previewed[application.pk] == said
    instruction.ask_opinion(application, institution, by=by, reason=REASON)
    event = Event.objects.get(action="ask_opinion")
    assert event.texts.get(name="comment").text == REASON
    instruction.ask_opinion(application, OrganisationFactory(), by=by)


@pytest.mark.django_db
def test_the_person_asked_is_of_the_institution_and_may_answer():
    by, application, institution = secretary(), in_state("under_review"), OrganisationFactory()
    recused = reviewer(institution)
    RecusalFactory(application=application, user=recused)
    reader = UserFactory(role="Lecture")
    AffiliationFactory(user=reader, organisation=institution)
    say = {
        "pas rattaché": reviewer(OrganisationFactory()),
        "n’est pas rattaché": UserFactory(role="Avis"),
        "désactivé": reviewer(institution, is_active=False),
        "rendre un avis": reader,
        "en déport": recused,
    }
    for words, person in say.items():
        assert words in refused_opinion(
            instruction.ask_opinion, application, institution, by=by, reviewer=person
        )
    fit = reviewer(institution)
    assert instruction.ask_opinion(application, institution, by=by, reviewer=fit).reviewer == fit


@pytest.mark.django_db
def test_an_opinion_is_not_asked_for_a_day_that_has_passed():
    yesterday = timezone.localdate() - datetime.timedelta(days=1)
    said = refused_opinion(
        instruction.ask_opinion,
        in_state("under_review"),
        OrganisationFactory(),
        by=secretary(),
        due_on=yesterday,
    )
    assert "passée" in said


@pytest.mark.django_db
@pytest.mark.parametrize("size", [1, 3])
def test_a_preview_of_a_request(django_assert_num_queries, size):
    by, session, institution = secretary(), CallSessionFactory(), OrganisationFactory()
    for _ in range(size):
        application = in_state("admissible", session=session)
        BearerFactory(application=application)
        RecusalFactory(application=application)
    rows = list(Application.objects.all())
    by.has_perm("calls.manage_review")
    # Opinions asked, bearers, recusals.
    with django_assert_num_queries(3):
        said = instruction.ask_opinion_refusals(rows, institution, by=by)
    assert set(said.values()) == {""}


# Giving up -------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("state", State.values)
def test_a_request_is_given_up_with_a_reason(state):
    review, person = asked(state)
    by = secretary()
    reminder = LetterFactory(review=review, application=review.application)
    if state not in OPEN:
        refused_opinion(instruction.cancel_opinion, review, by=by, reason=REASON)
        return
    assert "motif" in refused_opinion(instruction.cancel_opinion, review, by=by, reason=" ")
    cancelled = instruction.cancel_opinion(review, by=by, reason=REASON)
    assert (cancelled.cancel_reason, cancelled.version) == (REASON, 2)
    reminder.refresh_from_db()
    assert reminder.superseded_at is not None
    event = Event.objects.get(action="cancel_opinion", object_type="calls.review")
    assert event.actor == by
    said = refused_opinion(render, cancelled, by)
    assert REASON in said
    with pytest.raises(PermissionDenied):
        render(cancelled, person)
    refused_opinion(instruction.cancel_opinion, cancelled, by=by, reason=REASON)
    again = instruction.ask_opinion(review.application, review.institution, by=by)
    assert again.pk != review.pk
