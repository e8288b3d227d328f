"""The screens of letters: written, read over and sent one at a time, by whom may."""

import datetime
import re

import pytest
from django.contrib.auth.models import Permission
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from calls import letters
from calls.models import Letter
from tests import factories
from tests.admin_pages import errors_of, form_data, save, url
from tests.calls import sittings
from tests.calls.dossiers import in_state

pytestmark = pytest.mark.django_db
ACTS = ("review", "email", "post", "redraft")
REMINDERS = "admin:calls_letter_reminders"


def address(letter, act):
    return reverse(f"admin:calls_letter_{act}", args=[letter.pk])


def shown(response):
    """The page without its tags and with plain spaces, as it is read."""
    text = re.sub(r"<script.*?</script>|<[^>]+>", " ", response.content.decode(), flags=re.S)
    return re.sub(r"\s+", " ", text)


def act(client, letter, name, **changes):
    """Open the page of an act, then confirm it."""
    page = client.get(address(letter, name))
    known = re.search(r'name="known" value="(\w+)"', page.content.decode())
    data = {"known": known[1] if known else "", **changes}
    return client.post(address(letter, name), data, follow=True)


@pytest.fixture
def secretary(client):
    user = sittings.secretary()
    client.force_login(user)
    return user


@pytest.fixture
def letter():
    return factories.LetterFactory(
        recipient_name="Camille Porteur", recipient_email="porteur@example.org"
    )


@pytest.fixture
def reviewed(letter, secretary):
    return letters.mark_reviewed(letter, by=secretary)


def late_review(**values):
    day = timezone.localdate() - datetime.timedelta(days=10)
    return factories.ReviewFactory(application=in_state("under_review"), due_on=day, **values)


# Who ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "page", "acts"),
    [
        ("Secrétariat", 200, 200),
        ("Décision", 200, 403),
        ("Instruction", 404, 404),
        ("Lecture", 404, 404),
        ("Avis", 404, 404),
        ("Publication", 404, 404),
    ],
)
def test_who_opens_a_letter(client, letter, role, page, acts):
    user = factories.UserFactory(role=role)
    client.force_login(user)
    seen = client.get(url(letter)).status_code
    assert seen == page or (page == 404 and seen == 403 and not user.has_perm("calls.view_letter"))
    for name in ACTS:
        assert client.get(address(letter, name)).status_code == acts
        if acts != 200:
            assert client.post(address(letter, name)).status_code == acts
    letter.refresh_from_db()
    assert letter.reviewed_at is None


def test_letters_of_a_recused_dossier_are_nowhere(client, letter):
    user = factories.UserFactory(superuser=True)
    client.force_login(user)
    reference = letter.application.reference
    assert reference in shown(client.get(url(Letter)))
    factories.RecusalFactory(application=letter.application, user=user)
    page = shown(client.get(url(Letter)))
    assert reference not in page
    assert "0 courrier" in page
    assert reference not in shown(client.get(url(Letter), {"q": "Porteur"}))
    assert client.get(url(letter)).status_code == 404
    for name in ACTS:
        assert client.post(address(letter, name)).status_code == 404


# The list -------------------------------------------------------------------------


def test_stages_filter_the_list(client, secretary, letter):
    reviewed = letters.mark_reviewed(factories.LetterFactory(), by=secretary)
    sent = letters.mark_reviewed(factories.LetterFactory(recipient_name="P"), by=secretary)
    letters.send(sent, by=secretary, channel="post")
    superseded = factories.LetterFactory(
        superseded_at=timezone.now(), superseded_reason="décision rectifiée"
    )
    rows = {"a-relire": letter, "a-envoyer": reviewed, "envoyes": sent, "caducs": superseded}
    for value, row in rows.items():
        found = client.get(url(Letter), {"etape": value}).context["cl"].queryset
        assert list(found) == [row]
    counted = shown(client.get(url(Letter), {"_facets": "True"}))
    assert "à relire (1)" in counted


def test_there_is_no_act_on_several_letters(client, secretary, letter):
    page = client.get(url(Letter))
    assert 'name="action"' not in page.content.decode()
    client.post(url(Letter), {"action": "delete_selected", "_selected_action": [letter.pk]})
    assert Letter.objects.filter(pk=letter.pk).exists()
    assert client.get(reverse("admin:calls_letter_add")).status_code == 403
    assert client.post(reverse("admin:calls_letter_delete", args=[letter.pk])).status_code == 403


def test_the_list_asks_the_same_number_of_queries(client, secretary, django_assert_num_queries):
    factories.LetterFactory()
    client.get(url(Letter))
    with django_assert_num_queries(10) as one:
        client.get(url(Letter))
    factories.LetterFactory.create_batch(3)
    with django_assert_num_queries(len(one.captured_queries)):
        client.get(url(Letter))


# Writing --------------------------------------------------------------------------


def test_writing_a_reviewed_letter_makes_it_to_be_read_again(client, reviewed):
    answer = save(client, reviewed, body="Madame,\nUn autre texte.", follow=True)
    assert "de nouveau à relire" in shown(answer)
    reviewed.refresh_from_db()
    assert reviewed.body == "Madame,\nUn autre texte."
    assert reviewed.reviewed_at is None


def test_saving_without_a_change_keeps_the_reading_over(client, reviewed):
    answer = save(client, reviewed, follow=True)
    assert "de nouveau à relire" not in shown(answer)
    reviewed.refresh_from_db()
    assert reviewed.reviewed_at


@pytest.mark.parametrize(
    ("field", "value"), [("body", " "), ("subject", ""), ("recipient_email", "pas une adresse")]
)
def test_a_bad_value_is_said_and_not_saved(client, secretary, letter, field, value):
    answer = save(client, letter, **{field: value})
    assert answer.status_code == 200
    assert errors_of(answer)
    former = getattr(letter, field)
    letter.refresh_from_db()
    assert getattr(letter, field) == former


def test_a_stale_form_is_refused_with_both_texts(client, secretary, letter):
    data = form_data(client.get(url(letter)))
    letters.amend(letter, by=sittings.secretary(), body="Texte d’un autre.")
    page = client.post(url(letter), {**data, "body": "Mon texte.", "_save": "1"})
    assert "Texte d’un autre." in shown(page)
    letter.refresh_from_db()
    assert letter.body == "Texte d’un autre."


def test_a_letter_sent_meanwhile_is_not_written(client, secretary, reviewed):
    data = form_data(client.get(url(reviewed)))
    letters.send(reviewed, by=secretary, channel="post")
    answer = client.post(url(reviewed), {**data, "body": "Trop tard.", "_save": "1"}, follow=True)
    assert "Rien n’a été enregistré" in shown(answer)
    reviewed.refresh_from_db()
    assert reviewed.body != "Trop tard."
    assert 'name="body"' not in answer.content.decode()


# Reading over and sending -----------------------------------------------------------


def test_a_letter_is_read_over_then_sent_once(client, secretary, letter):
    page = client.get(url(letter)).content.decode()
    assert address(letter, "review") in page
    assert address(letter, "email") not in page
    assert letter.body in shown(client.get(address(letter, "review")))
    assert mail.outbox == []
    assert "Courrier relu" in shown(act(client, letter, "review"))
    page = client.get(url(letter)).content.decode()
    assert address(letter, "email") in page
    assert "porteur@example.org" in shown(client.get(address(letter, "email")))
    assert mail.outbox == []
    assert "Courriel envoyé à porteur@example.org" in shown(act(client, letter, "email"))
    assert len(mail.outbox) == 1
    again = client.post(address(letter, "email"), {"known": "x"}, follow=True)
    assert "a été envoyé le" in shown(again)
    assert len(mail.outbox) == 1
    page = client.get(url(letter)).content.decode()
    assert not [name for name in ACTS if address(letter, name) in page]


def test_a_post_is_recorded(client, reviewed):
    assert "Envoi par courrier consigné" in shown(act(client, reviewed, "post"))
    reviewed.refresh_from_db()
    assert reviewed.channel == "post"
    assert mail.outbox == []


def test_another_text_than_the_one_shown_is_not_sent(client, reviewed):
    answer = act(client, reviewed, "post", known="0" * 64)
    assert "relisez-le" in shown(answer)
    reviewed.refresh_from_db()
    assert reviewed.sent_at is None
    renewed = re.search(r'name="known" value="(\w+)"', answer.content.decode())[1]
    client.post(address(reviewed, "post"), {"known": renewed})
    reviewed.refresh_from_db()
    assert reviewed.sent_at


def test_a_refusal_of_the_mail_server_is_said(client, reviewed, settings, caplog):
    settings.EMAIL_BACKEND = "tests.calls.test_letters.FailingBackend"
    answer = act(client, reviewed, "email")
    assert "n’est pas parti" in shown(answer)
    reviewed.refresh_from_db()
    assert reviewed.sent_at is None
    assert caplog.records


def test_what_is_left_to_complete_is_said(client, secretary):
    letter = factories.LetterFactory(body="[À compléter par la personne qui relit.]")
    page = client.get(url(letter))
    assert "complétez-le d’abord" in shown(page)
    assert address(letter, "review") not in page.content.decode()
    client.post(address(letter, "review"), {"known": letters.fingerprint(letter)})
    letter.refresh_from_db()
    assert letter.reviewed_at is None


def test_a_superseded_letter_is_read_only_and_says_why(client, secretary):
    letter = factories.LetterFactory(
        superseded_at=timezone.now(), superseded_reason="décision rectifiée"
    )
    page = client.get(url(letter))
    assert "décision rectifiée" in shown(page)
    assert 'name="body"' not in page.content.decode()
    for name in ("review", "email", "post"):
        client.post(address(letter, name), {"known": letters.fingerprint(letter)})
    letter.refresh_from_db()
    assert (letter.reviewed_at, letter.sent_at) == (None, None)


def test_a_draft_made_again_opens(client, secretary):
    former = letters.draft_inadmissible(in_state("inadmissible"), by=secretary)
    answer = act(client, former, "redraft")
    again = Letter.objects.pending().get()
    assert answer.redirect_chain[-1][0] == url(again)
    former.refresh_from_db()
    assert former.superseded_at


# Reminders ----------------------------------------------------------------------------


def test_reminders_are_drafted_for_ticked_rows_only(client, secretary):
    ticked, other = late_review(), late_review()
    page = client.get(reverse(REMINDERS))
    assert ticked.application.reference in shown(page)
    assert other.application.reference in shown(page)
    answer = client.post(reverse(REMINDERS), {"reviews": [ticked.pk]}, follow=True)
    assert "1 projet de relance est prêt" in shown(answer)
    letter = Letter.objects.get()
    assert letter.review == ticked
    assert url(letter) in answer.content.decode()
    assert mail.outbox == []
    client.post(reverse(REMINDERS), {"reviews": [ticked.pk]})
    assert Letter.objects.count() == 1


@pytest.mark.parametrize(
    "data", [{}, {"reviews": ["abc"]}, {"reviews": ["999999"]}, {"requests": [str(2**70)]}]
)
def test_a_bad_selection_of_reminders_is_said(client, secretary, data):
    late_review()
    answer = client.post(reverse(REMINDERS), data)
    assert answer.status_code == 200
    assert "errornote" in answer.content.decode()
    assert not Letter.objects.exists()


def test_who_only_reads_letters_drafts_none(client):
    review = late_review()
    client.force_login(review.application.case_officer)
    hidden = late_review()
    page = client.get(reverse(REMINDERS))
    assert review.application.reference in shown(page)
    assert hidden.application.reference not in shown(page)
    assert 'type="checkbox"' not in page.content.decode()
    assert client.post(reverse(REMINDERS), {"reviews": [review.pk]}).status_code == 403
    for role in ("Avis", "Lecture", "Publication"):
        client.force_login(factories.UserFactory(role=role))
        assert client.get(reverse(REMINDERS)).status_code == 403


def test_the_reminders_of_an_unseen_dossier_cannot_be_asked(client, secretary):
    review = late_review()
    factories.RecusalFactory(application=review.application, user=secretary)
    assert review.application.reference not in shown(client.get(reverse(REMINDERS)))
    client.post(reverse(REMINDERS), {"reviews": [review.pk]})
    assert not Letter.objects.exists()


def test_sending_asks_for_its_own_permission(client, letter):
    user = factories.UserFactory(staff=True)
    wanted = ["view_letter", "view_application", "read_every_application", "change_letter"]
    user.user_permissions.set(Permission.objects.filter(codename__in=wanted))
    client.force_login(user)
    assert save(client, letter, body="Autre.").status_code == 302
    assert client.get(address(letter, "review")).status_code == 403
