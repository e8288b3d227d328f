"""Letters: drafted by acts, read over and sent by a person, never by themselves."""

import datetime
from decimal import Decimal
from smtplib import SMTPException

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from calls import deliberation, letters
from calls.models import Event, InformationRequest, Letter
from calls.permissions import Hidden, Refusal
from tests import factories
from tests.calls import sittings
from tests.calls.dossiers import in_state

pytestmark = pytest.mark.django_db
LONG_AGO = datetime.timedelta(days=10)


class FailingBackend(BaseEmailBackend):
    def send_messages(self, messages):
        raise SMTPException("550 no")


class MuteBackend(BaseEmailBackend):
    def send_messages(self, messages):
        return 0


@pytest.fixture
def secretary():
    return sittings.secretary()


@pytest.fixture
def letter():
    return factories.LetterFactory(
        recipient_name="Camille Porteur", recipient_email="porteur@example.org"
    )


def late_review(**values):
    return factories.ReviewFactory(
        application=in_state("under_review"), due_on=timezone.localdate() - LONG_AGO, **values
    )


def late_request():
    request = InformationRequest.objects.get(application=in_state("info_requested"))
    request.due_on = timezone.localdate() - LONG_AGO
    request.save()
    return request


# Drafts ---------------------------------------------------------------------------


def test_closing_drafts_a_letter_for_each_decision_and_sends_none():
    committee = sittings.sitting()
    for kind in sittings.OUTCOMES:
        sittings.item(committee, kind)
    deliberation.close(committee, by=sittings.decider(), version=committee.version)
    kinds = sorted(Letter.objects.pending().values_list("kind", flat=True))
    assert kinds == ["deferred", "not_retained", "retained", "retained", "waiting_list"]
    assert mail.outbox == []
    texts = list(Letter.objects.filter(kind="retained").values_list("body", flat=True))
    assert sum("1\u202f000\u202f000\u00a0€" in text for text in texts) == 1
    assert sum("communiqué séparément" in text for text in texts) == 1


def test_a_draft_tells_neither_the_private_motive_nor_the_opinions():
    committee = sittings.sitting()
    row = sittings.item(committee, "not_retained", motive="canari-motif")
    factories.ReviewFactory(application=row.application, rendered=True, comment="canari-avis")
    deliberation.close(committee, by=sittings.decider(), version=committee.version)
    letter = Letter.objects.get()
    assert "canari" not in letter.subject + letter.body
    assert letters.TO_COMPLETE in letter.body


def test_reopening_supersedes_what_was_not_sent(secretary):
    committee, decider = sittings.sitting(), sittings.decider()
    for _ in range(2):
        sittings.item(committee, "retained")
    deliberation.close(committee, by=decider, version=committee.version)
    sent, waiting = Letter.objects.order_by("pk")
    for name in ("recipient_name",):
        letters.amend(sent, by=secretary, **{name: "Porteur"})
    letters.mark_reviewed(sent, by=secretary)
    letters.send(sent, by=secretary, channel="post")
    deliberation.reopen(sittings.fresh(committee), by=decider, reason="Erreur.")
    sent.refresh_from_db()
    waiting.refresh_from_db()
    assert sent.superseded_at is None
    assert waiting.superseded_reason == "séance rouverte"
    with pytest.raises(Refusal, match="caduc"):
        letters.mark_reviewed(waiting, by=secretary)
    with pytest.raises(Refusal, match="décision a changé"):
        letters.redraft(waiting, by=secretary)


def test_a_letter_of_a_fictional_session_says_so():
    application = in_state("inadmissible", session__call__is_fictional=True)
    assert letters.draft_inadmissible(application, by=None).body.startswith("[Session fictive")


# Reading over -----------------------------------------------------------------------


def test_amending_undoes_the_reading_over(letter, secretary):
    letters.mark_reviewed(letter, by=secretary)
    same = letters.amend(letter, by=secretary, body=letter.body)
    assert same.reviewed_at
    changed = letters.amend(letter, by=secretary, body="Autre texte.")
    assert changed.reviewed_at is None
    assert changed.reviewed_by is None
    with pytest.raises(Refusal, match="pas été relu"):
        letters.send(letter, by=secretary, channel="email")
    assert Event.objects.filter(action="letter_amended", object_pk=str(letter.pk)).count() == 1


@pytest.mark.parametrize("field", ["body", "subject"])
def test_what_is_left_to_complete_is_refused(letter, secretary, field):
    letters.amend(letter, by=secretary, **{field: f"Bonjour {letters.TO_COMPLETE} ici]"})
    with pytest.raises(Refusal, match="complétez"):
        letters.mark_reviewed(letter, by=secretary)


@pytest.mark.parametrize("field", letters.WRITTEN)
def test_another_text_than_the_one_read_is_refused(letter, secretary, field):
    known = letters.fingerprint(letter)
    letters.amend(letter, by=sittings.secretary(), **{field: "autre@example.org"})
    with pytest.raises(Refusal, match="a été modifié"):
        letters.mark_reviewed(letter, by=secretary, known=known)
    letter.refresh_from_db()
    assert letter.reviewed_at is None
    assert letters.mark_reviewed(letter, by=secretary, known=letters.fingerprint(letter))


@pytest.mark.parametrize("role", ["Lecture", "Instruction", "Décision", "Avis"])
def test_only_the_secretariat_reads_over_sends_and_drafts(letter, role):
    user = factories.UserFactory(role=role)
    for act in (letters.mark_reviewed, letters.amend, letters.redraft):
        with pytest.raises(PermissionDenied):
            act(letter, by=user)
    with pytest.raises(PermissionDenied):
        letters.send(letter, by=user, channel="post")
    with pytest.raises(PermissionDenied):
        letters.draft_reminders(by=user)


def test_whoever_is_recused_acts_on_no_letter(letter):
    user = factories.UserFactory(superuser=True)
    factories.RecusalFactory(application=letter.application, user=user)
    for act in (letters.mark_reviewed, letters.amend, letters.redraft):
        with pytest.raises(Hidden):
            act(letter, by=user)


# Sending -----------------------------------------------------------------------------


def test_an_email_leaves_once(letter, secretary):
    letters.mark_reviewed(letter, by=secretary)
    sent = letters.send(letter, by=secretary, channel="email")
    (message,) = mail.outbox
    assert message.to == ["porteur@example.org"]
    assert (message.subject, message.body) == (letter.subject, letter.body)
    assert (sent.channel, sent.sent_by) == ("email", secretary)
    with pytest.raises(Refusal, match="a été envoyé"):
        letters.send(letter, by=secretary, channel="email")
    assert len(mail.outbox) == 1


@pytest.mark.parametrize("backend", ["FailingBackend", "MuteBackend"])
def test_a_letter_that_did_not_leave_is_not_marked_as_sent(
    letter, secretary, settings, backend, caplog
):
    letters.mark_reviewed(letter, by=secretary)
    settings.EMAIL_BACKEND = f"{__name__}.{backend}"
    with pytest.raises(Refusal, match="n’est pas parti"):
        letters.send(letter, by=secretary, channel="email")
    letter.refresh_from_db()
    assert letter.sent_at is None
    assert not Event.objects.filter(action="letter_sent").exists()
    assert f"Letter {letter.pk}" in caplog.text


def test_a_subject_of_two_lines_is_no_header(letter, secretary, caplog):
    letters.amend(letter, by=secretary, subject="Objet\nBcc: x@example.org")
    letters.mark_reviewed(letter, by=secretary)
    with pytest.raises(Refusal, match="n’est pas parti"):
        letters.send(letter, by=secretary, channel="email")
    assert mail.outbox == []


def test_a_post_is_recorded_and_nothing_leaves(letter, secretary):
    letters.mark_reviewed(letter, by=secretary)
    assert letters.send(letter, by=secretary, channel="post").channel == "post"
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("channel", "field", "said"),
    [
        ("email", "recipient_email", "adresse électronique"),
        ("post", "recipient_name", "destinataire"),
    ],
)
def test_a_letter_to_nobody_does_not_leave(letter, secretary, channel, field, said):
    letters.amend(letter, by=secretary, **{field: ""})
    letters.mark_reviewed(letter, by=secretary)
    with pytest.raises(Refusal, match=said):
        letters.send(letter, by=secretary, channel=channel)


def test_nothing_leaves_for_a_fictional_session(secretary):
    letter = factories.LetterFactory(
        application__session__call__is_fictional=True, recipient_email="x@example.org"
    )
    letters.mark_reviewed(letter, by=secretary)
    with pytest.raises(Refusal, match="fictive"):
        letters.send(letter, by=secretary, channel="email")
    assert mail.outbox == []


def test_an_unknown_channel_is_refused(letter, secretary):
    letters.mark_reviewed(letter, by=secretary)
    with pytest.raises(Refusal, match="voie d’envoi"):
        letters.send(letter, by=secretary, channel="pigeon")


# Reminders ---------------------------------------------------------------------------


def test_what_is_late_is_listed_for_those_who_read_it_in_full(secretary):
    review, request = late_review(), late_request()
    factories.ReviewFactory(application=in_state("under_review"), due_on=timezone.localdate())
    late_review(rendered=True)
    closed = late_review()
    closed.application.state = "reviewed"
    closed.application.save()
    assert list(letters.overdue_opinions(secretary)) == [review]
    assert list(letters.overdue_information(secretary)) == [request]
    officer = review.application.case_officer
    assert list(letters.overdue_opinions(officer)) == [review]
    assert list(letters.overdue_information(officer)) == []
    factories.RecusalFactory(application=review.application, user=secretary)
    assert list(letters.overdue_opinions(secretary)) == []


def test_reminders_are_drafted_once_and_never_sent(secretary):
    review, request = late_review(), late_request()
    made = letters.draft_reminders(reviews=[review], requests=[request], by=secretary)
    assert [letter.kind for letter in made] == ["opinion_reminder", "information_reminder"]
    again = letters.draft_reminders(reviews=[review], requests=[request], by=secretary)
    assert again == made
    assert Letter.objects.count() == 2
    assert mail.outbox == []
    assert review.application.title not in made[0].body


def test_reminders_are_all_drafted_or_none(secretary):
    review, given = late_review(), late_review(rendered=True)
    with pytest.raises(Refusal, match="plus en retard"):
        letters.draft_reminders(reviews=[review, given], by=secretary)
    assert not Letter.objects.exists()


def test_a_reminder_of_an_opinion_given_since_does_not_leave(secretary):
    review = late_review()
    (letter,) = letters.draft_reminders(reviews=[review], by=secretary)
    letters.mark_reviewed(letter, by=secretary)
    review.verdict, review.rendered_at, review.rendered_by = "favourable", timezone.now(), secretary
    review.save()
    with pytest.raises(Refusal, match="plus attendu"):
        letters.send(letter, by=secretary, channel="post")


# Drafting again ------------------------------------------------------------------------


def test_a_draft_is_made_again_from_the_records(secretary):
    committee = sittings.sitting("closed")
    row = sittings.item(committee, "retained")
    former = letters.draft_for_selection(row, by=secretary)
    row.granted_amount = Decimal(42_000)
    row.save()
    again = letters.redraft(former, by=secretary)
    former.refresh_from_db()
    assert former.superseded_at
    assert "42\u202f000" in again.body
    assert again.selection == row
    assert Letter.objects.pending().get() == again


@pytest.mark.parametrize("kind", ["inadmissible", "information", "reminder", "opinion"])
def test_each_kind_of_draft_is_made_again(secretary, kind):
    if kind == "inadmissible":
        former = letters.draft_inadmissible(in_state("inadmissible"), by=secretary)
    elif kind == "information":
        former = letters.draft_information(late_request(), by=secretary)
    elif kind == "reminder":
        former = letters.draft_information_reminder(late_request(), by=secretary)
    else:
        former = letters.draft_opinion_reminder(late_review(), by=secretary)
    again = letters.redraft(former, by=secretary)
    assert (again.kind, again.application) == (former.kind, former.application)
    assert Letter.objects.pending().get() == again


def test_a_letter_about_nothing_is_not_made_again(letter, secretary):
    with pytest.raises(Refusal, match="aucun acte"):
        letters.redraft(letter, by=secretary)
    assert Letter.objects.pending().get() == letter
