"""Who hears of what, once it is committed, and that no message tells what a dossier says."""

import logging
from contextlib import nullcontext
from decimal import Decimal
from functools import partial
from smtplib import SMTPException

import pytest
from django.core.mail.backends.locmem import EmailBackend
from django.db import transaction

from calls import deliberation, instruction, notifications, workflow
from calls.models import Application
from calls.permissions import Refusal
from tests.calls.dossiers import REASON, in_state, officer, secretary
from tests.calls.sittings import decider, item, sitting
from tests.factories import (
    AffiliationFactory,
    OrganisationFactory,
    RecusalFactory,
    ReviewFactory,
    UserFactory,
)

CANARY = "zorglub"


@pytest.fixture(autouse=True)
def site_url(settings):
    settings.SITE_URL = "https://ftap.example.org"


@pytest.fixture
def told(django_capture_on_commit_callbacks, mailoutbox):
    """Run an act as if committed; {address: subject} of the messages that left since."""

    def run(act):
        del mailoutbox[:]
        with django_capture_on_commit_callbacks(execute=True):
            act()
        assert all(len(message.to) == 1 for message in mailoutbox)
        return {message.to[0]: message.subject for message in mailoutbox}

    return run


def reviewer(institution, **values):
    user = UserFactory(role="Avis", **values)
    AffiliationFactory(user=user, organisation=institution)
    return user


def dossier(state="under_review", **values):
    return in_state(state, title=f"Titre {CANARY}", **values)


# Who -------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_case_officer_hears_that_a_dossier_is_theirs_and_not_of_their_own_acts(told, mailoutbox):
    application, by, own = dossier("admissible", case_officer=None), secretary(), officer()
    found = told(lambda: instruction.assign(application, own, by=by, comment=CANARY))
    assert found == {
        own.email: f"Dossier {application.reference}\u00a0: vous en êtes l’instructeur"
    }
    page = f"https://ftap.example.org/admin/calls/application/{application.pk}/change/"
    assert page in mailoutbox[0].body
    assert told(lambda: workflow.apply(application, "start_review", by=own)) == {}
    moved = told(lambda: workflow.apply(application, "cancel_review", by=by, comment=CANARY))
    assert moved == {own.email: f"Dossier {application.reference}\u00a0: du nouveau"}
    assert told(lambda: instruction.assign(application, None, by=by)) == {}


@pytest.mark.django_db
def test_an_officer_assigned_as_the_review_starts_hears_of_it_once(told):
    application, new = dossier("admissible"), officer()
    found = told(
        lambda: workflow.apply(application, "start_review", by=secretary(), case_officer=new)
    )
    assert list(found) == [new.email]
    assert "instructeur" in found[new.email]


@pytest.mark.django_db
def test_the_institution_asked_hears_of_it(told):
    application, institution, by = dossier(), OrganisationFactory(), secretary()
    people = [reviewer(institution), reviewer(institution)]
    reviewer(institution, is_active=False)
    reviewer(institution, email="")
    reviewer(OrganisationFactory())
    AffiliationFactory(organisation=institution, user=UserFactory(role="Lecture"))
    recused = reviewer(institution)
    RecusalFactory(application=application, user=recused)
    found = told(lambda: instruction.ask_opinion(application, institution, by=by, question=CANARY))
    assert set(found) == {person.email for person in people}
    review = application.reviews.get()
    found = told(lambda: instruction.cancel_opinion(review, by=by, reason=CANARY))
    assert set(found) == {person.email for person in people}
    assert all("plus demandé" in subject for subject in found.values())


@pytest.mark.django_db
def test_the_person_named_alone_hears_of_it(told):
    application, institution = dossier(), OrganisationFactory()
    reviewer(institution)
    named = reviewer(institution)
    found = told(
        lambda: instruction.ask_opinion(application, institution, by=secretary(), reviewer=named)
    )
    assert list(found) == [named.email]


@pytest.mark.django_db
def test_the_case_officer_hears_that_an_opinion_was_given(told):
    review = ReviewFactory(application=dossier())
    person = reviewer(review.institution)
    own = review.application.case_officer

    def render(by, version):
        instruction.render_opinion(
            review, by=by, verdict="favourable", comment=CANARY, scores={}, version=version
        )

    assert list(told(lambda: render(person, 1))) == [own.email]
    assert told(lambda: render(own, 2)) == {}


@pytest.mark.django_db
def test_whoever_is_recused_or_gone_hears_nothing(told):
    by = secretary()
    recused = dossier()
    RecusalFactory(application=recused, user=recused.case_officer)
    gone = dossier(case_officer=UserFactory(role="Instruction", is_active=False))
    without = dossier(case_officer=UserFactory(role="Instruction", email=""))
    without_role = dossier(case_officer=UserFactory())
    for application in (recused, gone, without, without_role):
        act = partial(workflow.apply, application, "withdraw", by=by, comment=REASON)
        assert told(act) == {}


@pytest.mark.django_db
def test_nothing_leaves_for_a_fictional_call(told):
    application = dossier()
    call = application.session.call
    call.is_fictional = True
    call.save()
    assert told(lambda: workflow.apply(application, "withdraw", by=secretary(), comment="X")) == {}


# What ------------------------------------------------------------------------


@pytest.mark.django_db
def test_no_message_tells_what_a_dossier_says(told, mailoutbox):
    """Every act that tells somebody, with a canary in all that it may hold."""
    by, institution = secretary(), OrganisationFactory(name=f"Institution {CANARY}")
    reviewer(institution)
    application = dossier("admissible", summary=CANARY, synthesis=CANARY, contact_name=CANARY)
    subjects = set()
    for act in (
        lambda: instruction.assign(application, officer(), by=by, comment=CANARY),
        lambda: workflow.apply(application, "start_review", by=by, comment=CANARY),
        lambda: instruction.ask_opinion(application, institution, by=by, question=CANARY),
        lambda: instruction.render_opinion(
            application.reviews.get(),
            by=by,
            verdict="favourable",
            comment=CANARY,
            confidential_comment=CANARY,
            scores={},
            version=1,
        ),
        lambda: instruction.cancel_opinion(application.reviews.get(), by=by, reason=CANARY),
    ):
        assert told(act)
        for message in mailoutbox:
            text = f"{message.subject}\n{message.body}"
            assert application.reference in text
            assert CANARY not in text
            subjects.add(message.subject)
    assert len(subjects) == 5


@pytest.mark.django_db
def test_without_the_address_of_the_site_a_message_gives_the_reference_alone(
    settings, told, mailoutbox
):
    settings.SITE_URL = ""
    application = dossier()
    told(lambda: workflow.apply(application, "withdraw", by=secretary(), comment=REASON))
    assert f"- {application.reference}\n" in mailoutbox[0].body
    assert "/admin/" not in mailoutbox[0].body


@pytest.mark.django_db
def test_acts_made_together_are_one_message_for_each_person(told, mailoutbox):
    by, own, other = secretary(), officer(), officer()
    dossiers = [dossier("received") for _ in range(3)]

    def act():
        with notifications.together(), transaction.atomic():
            for application in dossiers[:2]:
                instruction.assign(application, own, by=by)
            instruction.assign(dossiers[2], other, by=by)

    assert told(act) == {
        own.email: "2 dossiers\u00a0: vous en êtes l’instructeur",
        other.email: f"Dossier {dossiers[2].reference}\u00a0: vous en êtes l’instructeur",
    }
    for application in dossiers[:2]:
        assert application.reference in mailoutbox[0].body
    assert dossiers[2].reference not in mailoutbox[0].body


# When ------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("together", [True, False])
def test_nothing_is_told_of_an_act_that_is_undone(mailoutbox, together):
    application, by = dossier("received"), secretary()

    def act():
        instruction.assign(application, officer(), by=by)
        raise RuntimeError

    grouping = notifications.together() if together else nullcontext()
    with pytest.raises(RuntimeError), grouping, transaction.atomic():
        act()
    assert mailoutbox == []
    with notifications.together(), transaction.atomic():
        instruction.assign(application, officer(), by=by)
        assert mailoutbox == []
    assert len(mailoutbox) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("error", [SMTPException("refusé"), OSError("muet"), RuntimeError("autre")])
def test_a_failure_is_logged_and_stops_nothing(monkeypatch, caplog, error):
    def fail(self, messages):
        raise error

    monkeypatch.setattr(EmailBackend, "send_messages", fail)
    application = dossier()
    with caplog.at_level(logging.ERROR):
        moved = workflow.apply(application, "withdraw", by=secretary(), comment=REASON)
    assert moved.state == "withdrawn"
    assert Application.objects.get(pk=application.pk).state == "withdrawn"
    assert caplog.records
    assert CANARY not in caplog.text


@pytest.mark.django_db(transaction=True)
def test_one_failure_does_not_silence_the_others(monkeypatch, mailoutbox, caplog):
    institution = OrganisationFactory()
    people = [reviewer(institution) for _ in range(2)]
    send = EmailBackend.send_messages

    def fail_once(self, messages):
        if messages[0].to == [people[0].email]:
            raise SMTPException
        return send(self, messages)

    monkeypatch.setattr(EmailBackend, "send_messages", fail_once)
    instruction.ask_opinion(dossier(), institution, by=secretary())
    assert [message.to for message in mailoutbox] == [[people[1].email]]
    assert len(caplog.records) == 1


@pytest.mark.django_db
def test_what_changed_before_the_message_left_is_read_again(told):
    """The assignment was given to another before the commit: only the second hears of it."""
    application, by, first, second = dossier("received"), secretary(), officer(), officer()

    def act():
        instruction.assign(application, first, by=by)
        instruction.assign(application, second, by=by)

    assert set(told(act)) == {second.email}


# Sittings ----------------------------------------------------------------------


@pytest.mark.django_db
def test_case_officers_hear_once_that_the_committee_decided_then_that_it_meets_again(
    told, mailoutbox
):
    committee = sitting("open", envelope=Decimal(10_000_000))
    instructor, hidden = officer(), officer()
    selections = [item(committee, kind) for kind in ("retained", "not_retained", "deferred")]
    for selection, person in zip(selections, (instructor, instructor, hidden), strict=True):
        application = selection.application
        application.case_officer, application.title = person, f"Titre {CANARY}"
        application.save()
    by = decider()
    committee.refresh_from_db()

    found = told(lambda: deliberation.close(committee, by=by, version=committee.version))
    assert set(found) == {instructor.email, hidden.email}
    assert found[instructor.email].startswith("2 dossiers")
    bodies = [message.body for message in mailoutbox]
    assert all(CANARY not in body and "1\u202f000" not in body for body in bodies)

    RecusalFactory(application=selections[2].application, user=hidden)
    found = told(lambda: deliberation.reopen(committee, by=by, reason="Une erreur de saisie."))
    assert set(found) == {instructor.email}
    assert "rouverte" in found[instructor.email]


@pytest.mark.django_db
def test_nobody_hears_of_a_closing_that_is_refused(told):
    committee = sitting("open", envelope=Decimal(1))
    selection = item(committee, "retained")
    selection.application.case_officer = officer()
    selection.application.save()
    committee.refresh_from_db()

    def act():
        with pytest.raises(Refusal):
            deliberation.close(committee, by=decider(), version=committee.version)

    assert told(act) == {}
