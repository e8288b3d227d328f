"""Dossiers in each state, with what the database asks of that state."""

import pytest
from django.utils import timezone

from calls import instruction
from calls.models import Application, Event, Review, ReviewScore
from calls.permissions import Refusal
from tests.factories import (
    AffiliationFactory,
    ApplicationFactory,
    InformationRequestFactory,
    ReviewFactory,
    UserFactory,
)

State = Application.State
# Where opinions are asked and given.
OPEN = {"admissible", "under_review", "info_requested"}
REASON = "Parce que c’est ainsi."


def officer():
    return UserFactory(role="Instruction")


def secretary():
    return UserFactory(role="Secrétariat")


def in_state(state, **values):
    """A dossier in this state, whose dates agree with it, with a case officer and a synthesis."""
    now = timezone.now()
    values.setdefault("synthesis", "Un dossier solide.")
    if "case_officer" not in values:
        values["case_officer"] = officer()
    if state not in (State.RECEIVED, State.WITHDRAWN):
        values["admissibility_decided_at"] = now
    if state == State.INADMISSIBLE:
        values["admissibility_reason"] = REASON
    if state in (State.UNDER_REVIEW, State.INFO_REQUESTED, State.REVIEWED):
        values["review_started_at"] = now
    if state == State.REVIEWED:
        values["reviewed_at"] = now
    if state == State.WITHDRAWN:
        values |= {"withdrawn_at": now, "withdrawal_reason": REASON}
    application = ApplicationFactory(state=state, **values)
    if state == State.INFO_REQUESTED:
        InformationRequestFactory(application=application)
    return application


def stored(application):
    """Every field of the row as the database has it."""
    return Application.objects.filter(pk=application.pk).values().get()


# Opinions ----------------------------------------------------------------------


def reviewer(institution, **values):
    """A person of this institution who gives opinions."""
    user = UserFactory(role="Avis", **values)
    AffiliationFactory(user=user, organisation=institution)
    return user


def opinion_rows():
    """Every opinion and score, as the database has them."""
    return list(Review.objects.order_by("pk").values()), list(
        ReviewScore.objects.order_by("pk").values()
    )


def refused_opinion(gate, *args, **given):
    """The sentence of a refusal, after which no opinion has changed and nothing is told."""
    before, events = opinion_rows(), Event.objects.count()
    with pytest.raises(Refusal) as error:
        gate(*args, **given)
    assert (opinion_rows(), Event.objects.count()) == (before, events)
    return " ".join(error.value.messages)


def render(review, by, **given):
    given = {"verdict": "favourable", "scores": {}, "version": review.version} | given
    return instruction.render_opinion(review, by=by, **given)


def asked(state="under_review", **values):
    """(opinion asked, a person of the institution)"""
    review = ReviewFactory(application=in_state(state), **values)
    return review, reviewer(review.institution)
