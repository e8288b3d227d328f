"""Random walks through every gate: whatever is tried, the row stays true and the chain whole."""

import datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from calls import history, instruction, workflow
from calls.models import Application, Event
from calls.permissions import Refusal
from tests.calls.dossiers import State, officer, secretary
from tests.factories import ApplicationFactory, EligibilityRuleFactory, OrganisationFactory

ACTIONS = [*workflow.TRANSITIONS, "assign", "unassign", "ask_opinion", "render_opinion", "cancel"]
STEPS = st.tuples(
    st.sampled_from(ACTIONS),
    st.sampled_from(["secretary", "officer", "stranger"]),
    st.sampled_from(["", "Parce que."]),
)
AFTER_ADMISSION = {"admissible", "inadmissible", "under_review", "info_requested", "reviewed"}


def attempt(action, application, people, institution, by, comment):
    review = application.reviews.live().first()
    if action == "assign":
        instruction.assign(application, people["officer"], by=by)
    elif action == "unassign":
        instruction.assign(application, None, by=by)
    elif action == "ask_opinion":
        instruction.ask_opinion(application, institution, by=by)
    elif action == "render_opinion":
        if review:
            instruction.render_opinion(
                review, by=by, verdict="favourable", scores={}, version=review.version
            )
    elif action == "cancel":
        if review:
            instruction.cancel_opinion(review, by=by, reason=comment)
    else:
        facts = {"synthesis": "Vu."} if action == "complete_review" else {}
        if action == "request_information":
            facts = {"due_on": timezone.localdate() + datetime.timedelta(days=7)}
        workflow.apply(application, action, by=by, comment=comment, **facts)


def hold_true(application):
    """What any dossier is, whatever was done to it."""
    application.full_clean()
    state = application.state
    assert (application.admissibility_decided_at is not None) == (state in AFTER_ADMISSION) or (
        state == State.WITHDRAWN
    )
    started = state in ("under_review", "info_requested", "reviewed")
    assert (application.review_started_at is not None) == started or state == State.WITHDRAWN
    assert (application.reviewed_at is not None) == (state == "reviewed") or (
        state == State.WITHDRAWN
    )
    assert (application.withdrawn_at is not None) == (state == State.WITHDRAWN)
    is_asked = application.information_requests.filter(closed_at=None).exists()
    assert is_asked == (state == "info_requested")
    if state == State.WITHDRAWN:
        assert not application.reviews.expected().exists()
        assert not application.letters.pending().exists()
    dates = [
        application.admissibility_decided_at,
        application.review_started_at,
        application.reviewed_at,
        application.withdrawn_at,
    ]
    known = [date for date in dates if date]
    assert known == sorted(known)


@pytest.mark.django_db
@settings(max_examples=25)
@given(steps=st.lists(STEPS, max_size=14), amount=st.sampled_from([None, 100, 300_000]))
def test_a_dossier_stays_true_whatever_is_tried(steps, amount):
    with transaction.atomic():
        people = {"secretary": secretary(), "officer": officer(), "stranger": officer()}
        application = ApplicationFactory(asked_amount=amount)
        institution = OrganisationFactory()
        application.session.expected_institutions.add(institution)
        EligibilityRuleFactory(session=application.session, value=200_000)
        ApplicationFactory(session=application.session, case_officer=people["stranger"])
        for action, who, comment in steps:
            before = Application.objects.get(pk=application.pk)
            events = Event.objects.count()
            allowed = ""
            if action in workflow.TRANSITIONS:
                facts = {"synthesis": "Vu."} if action == "complete_review" else {}
                allowed = workflow.refusal(before, action, people[who], comment=comment, **facts)
            try:
                attempt(action, before, people, institution, people[who], comment)
            except (Refusal, PermissionDenied):
                after = Application.objects.get(pk=application.pk)
                assert after.state == before.state
                assert Event.objects.count() == events
                assert allowed or action not in workflow.TRANSITIONS
            else:
                after = Application.objects.get(pk=application.pk)
                if action in workflow.TRANSITIONS:
                    assert allowed == ""
                    assert before.state in workflow.TRANSITIONS[action].sources
                    assert after.state == workflow.TRANSITIONS[action].target
                    done = Event.objects.filter(
                        number__gt=events, action=action, object_type="calls.application"
                    )
                    assert done.count() == 1
                else:
                    assert after.state == before.state
            hold_true(after)
        assert history.verify().holds
        transaction.set_rollback(True)
