"""The pages of the preparation: what a publisher reads, ticks and gets, with or without errors."""

import datetime
import re
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from calls import deliberation, publication
from calls.history import verify
from calls.models import Publication, Selection
from laureates import releases
from laureates.models import Announcement, Claim, Laureate
from tests.admin_pages import url as admin_url
from tests.calls.sittings import decider, fresh, item, sitting
from tests.calls.test_publication import closed, prepared, publisher, retained
from tests.factories import BearerFactory, LaureateFactory, MinutesFactory, UserFactory

pytestmark = pytest.mark.django_db
PREPARE = "/admin/calls/publication/prepare/"


@pytest.fixture
def user():
    return publisher()


@pytest.fixture
def staff(client, user):
    client.force_login(user)
    return client


def address(*committees):
    return f"{PREPARE}?{urlencode([('seance', row.pk) for row in committees])}"


def data_of(response):
    """What submitting the page as it is would send."""
    forms = response.context["forms"]
    data = {}
    for form in (forms.announcement, forms.everywhere, *forms.dossiers, forms.claims):
        for field in form:
            value = field.value()
            if value not in (None, [], ""):
                data[field.html_name] = value
    return data


def text_of(response):
    text = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"[\s\u00a0\u202f]+", " ", text.replace("&nbsp;", " "))


def messages_of(response):
    return [str(message) for message in response.context["messages"]]


# Choosing ---------------------------------------------------------------------------


def test_sittings_are_offered_by_session(staff):
    first = closed(count=1)
    second = sitting("closed", session=first.session)
    retained(second)
    alone = closed()
    page = staff.get(PREPARE)
    found = {str(group["name"]): group["sittings"] for group in page.context["groups"]}
    assert set(found[str(first.session)]) == {first, second}
    assert found[str(alone.session)] == [alone]
    text = page.content.decode()
    assert text.count("Préparer une seule annonce") == 1
    for row in (first, second, alone):
        assert f"?seance={row.pk}" in text


def test_without_sitting_the_page_says_what_would_make_one_appear(staff):
    assert publication.offering.NO_DECISION in staff.get(PREPARE).content.decode()


@pytest.mark.parametrize(
    "query", ["seance=abc", "seance=", "seance=99999999999999999999", "autre=1"]
)
def test_a_bad_address_shows_the_choice(staff, query):
    assert staff.get(f"{PREPARE}?{query}", follow=True).status_code == 200


@pytest.mark.parametrize("role", ["Lecture", "Secrétariat", "Décision", "Instruction", "Avis"])
def test_other_roles_are_forbidden(client, role):
    committee = closed()
    client.force_login(UserFactory(role=role))
    for method in (client.get, client.post):
        assert method(address(committee)).status_code == 403
    assert not Announcement.objects.exists()


# Preparing --------------------------------------------------------------------------


def test_the_page_shows_what_would_be_announced_and_ticks_nothing(staff):
    committee = closed(count=2)
    row = Selection.objects.retained().first()
    row.public_text = "Un texte à lire."
    row.save()
    page = staff.get(address(committee))
    text = text_of(page)
    for words in (row.application.title, "Direction pilote, Université associée", "1 000 000 €"):
        assert words in text
    assert "Un texte à lire." in page.content.decode()
    assert not re.search(r"<input[^>]*checked", page.content.decode())
    assert "aucun relevé de décisions scellé" in text


def test_confirming_prepares_and_leads_to_the_publication(staff, user):
    committee = closed(count=2)
    MinutesFactory(committee=committee)
    page = staff.get(address(committee))
    answer = staff.post(address(committee), data_of(page), follow=True)
    made = Publication.objects.get()
    assert answer.redirect_chain == [(admin_url(made, "change"), 302)]
    assert "est préparée, en brouillon" in text_of(answer)
    assert made.prepared_by == user
    assert list(made.committees.all()) == [committee]
    assert made.announcement.laureates.count() == 2
    assert not Claim.objects.exists()
    assert not Laureate.objects.filter(amount__isnull=False).exists()


def test_boxes_of_one_dossier_and_of_all(staff):
    committee = closed(count=2)
    first, second = Selection.objects.retained().in_agenda_order()
    data = data_of(staff.get(address(committee)))
    data["tous-everywhere"] = ["programme_code"]
    data[f"dossier-{second.pk}-published"] = ["amount"]
    data[f"dossier-{second.pk}-title"] = "Un titre public"
    data["chiffres-numbers"] = ["applications_received:3"]
    staff.post(address(committee), data)
    first, second = fresh(first).laureate, fresh(second).laureate
    assert first.programme_code == second.programme_code == committee.session.call.slug
    assert (first.amount, second.amount) == (None, 1_000_000)
    assert second.title == "Un titre public"
    assert Claim.objects.get().label == "3 dossiers reçus"


def test_what_is_wrong_is_said_beside_the_field_and_nothing_is_made(staff):
    committee = closed(count=1)
    row = Selection.objects.retained().get()
    data = data_of(staff.get(address(committee)))
    changes = {
        "annonce-title": "",
        "annonce-call_year": "1850",
        f"dossier-{row.pk}-title": "x" * 301,
        f"dossier-{row.pk}-version": "abc",
        f"dossier-{row.pk}-published": ["secret"],
        "chiffres-numbers": ["applications_received:400"],
        "chiffres-stated_on": "hier",
    }
    for name, value in changes.items():
        page = staff.post(address(committee), {**data, name: value})
        assert page.status_code == 200, name
        assert "errorlist" in page.content.decode(), name
        assert not Announcement.objects.exists(), name


def test_an_address_taken_is_said(staff):
    made = prepared()
    committee = closed(count=1)
    data = data_of(staff.get(address(committee)))
    data["annonce-slug"] = made.announcement.slug
    page = staff.post(address(committee), data)
    assert page.context["forms"].announcement.errors["slug"]
    assert Publication.objects.count() == 1


def test_a_double_click_prepares_once(staff):
    committee = closed()
    data = data_of(staff.get(address(committee)))
    staff.post(address(committee), data)
    answer = staff.post(address(committee), data, follow=True)
    made = Publication.objects.get()
    assert answer.redirect_chain == [(admin_url(made, "change"), 302)]
    assert "déjà préparée" in text_of(answer)
    assert staff.get(address(committee)).status_code == 302


def test_a_decision_changed_meanwhile_is_shown_again(staff):
    committee = closed(count=1)
    data = data_of(staff.get(address(committee)))
    row = Selection.objects.retained().get()
    application = row.application
    deliberation.rectify(row, by=decider(), reason="Montant.", outcome="retained", granted_amount=5)
    page = staff.post(address(committee), data)
    assert page.status_code == 200
    assert not Announcement.objects.exists()
    data = data_of(page) | data_of(staff.get(address(committee)))
    staff.post(address(committee), data)
    assert Selection.objects.retained().get(application=application).laureate


def test_a_fictional_sitting_is_shown_and_cannot_be_prepared(staff):
    committee = closed(session__call__is_fictional=True)
    page = staff.get(address(committee))
    assert "appel fictif" in text_of(page)
    assert '<input type="submit"' not in page.content.decode()
    page = staff.post(address(committee))
    assert page.status_code == 200
    assert not Announcement.objects.exists()


def test_the_token_of_the_form_is_asked_for(user):
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    assert client.post(address(closed())).status_code == 403


@pytest.mark.parametrize("count", [1, 3])
def test_query_budget_of_the_page(staff, django_assert_num_queries, count):
    committee = closed(count=count)
    with django_assert_num_queries(14):
        staff.get(address(committee))


# The publication ----------------------------------------------------------------------


def test_the_page_of_a_publication_shows_its_differences_and_the_way_out(staff):
    made = prepared()
    url = admin_url(made, "change")
    assert "l’annonce suit les décisions" in text_of(staff.get(url))
    retained(made.committees.get())
    LaureateFactory(announcement=made.announcement, position=40, title="Sans décision")
    page = staff.get(url)
    assert "Sans décision" in text_of(page)
    assert reverse("admin:calls_publication_synchronise", args=[made.pk]) in page.content.decode()


def test_synchronising_shows_what_it_will_do_then_does_it_once(staff):
    made = prepared()
    row = item(made.committees.get(), "retained")
    BearerFactory(application=row.application)
    LaureateFactory(announcement=made.announcement, position=40, title="Sans décision")
    url = reverse("admin:calls_publication_synchronise", args=[made.pk])
    text = text_of(staff.get(url))
    assert row.application.reference in text
    assert "« Sans décision » sera retiré du brouillon" in text
    answer = staff.post(url, follow=True)
    assert "1 lauréat ajouté, 1 lauréat retiré du brouillon." in text_of(answer)
    assert fresh(row).laureate.announcement == made.announcement
    assert not Laureate.objects.filter(title="Sans décision").exists()
    assert "rien n’a changé" in text_of(staff.post(url, follow=True))


def test_synchronising_is_refused_while_a_sitting_is_open_again(staff):
    made = prepared()
    deliberation.reopen(made.committees.get(), by=decider(), reason="Erreur.")
    url = reverse("admin:calls_publication_synchronise", args=[made.pk])
    for page in (staff.get(url), staff.post(url)):
        assert page.status_code == 200
        assert "est rouverte" in text_of(page)
    assert made.announcement.laureates.count() == 2


def test_a_draft_is_abandoned_with_a_reason_and_its_decisions_wait_again(staff):
    made = prepared()
    committee = made.committees.get()
    rows = list(Selection.objects.retained().filter(committee=committee))
    url = reverse("admin:calls_publication_discard", args=[made.pk])
    assert url in staff.get(admin_url(made, "change")).content.decode()
    assert "Dites pourquoi" in text_of(staff.post(url, {"reason": " "}))
    assert Announcement.objects.filter(pk=made.announcement_id).exists()
    for _ in range(2):
        answer = staff.post(url, {"reason": "Mauvaise séance."}, follow=True)
        assert answer.status_code == 200
    assert not Announcement.objects.exists()
    assert not Laureate.objects.exists()
    assert [fresh(row).laureate for row in rows] == [None] * len(rows)
    assert [fresh(row).state for row in rows] == ["validated"] * len(rows)
    assert list(publication.waiting(publisher())) == [committee]
    assert verify().holds


def test_what_is_scheduled_or_public_is_not_abandoned(staff, user):
    made = prepared()
    url = reverse("admin:calls_publication_discard", args=[made.pk])
    at = timezone.now().replace(second=0, microsecond=0) + datetime.timedelta(days=2)
    releases.schedule(made.announcement, by=user, at=at)
    assert "déprogrammez-la" in text_of(staff.post(url, {"reason": "Trop tard."}))
    releases.unschedule(made.announcement, by=user, reason="Essai.")
    releases.publish(made.announcement, by=user)
    assert "se rectifie ou se retire" in text_of(staff.post(url, {"reason": "Trop tard."}))
    assert made.announcement.laureates.count() == 2


def test_an_unknown_publication_is_absent(staff):
    for pk in (999, 2**62):
        url = reverse("admin:calls_publication_synchronise", args=[pk])
        assert staff.get(url).status_code == 404
    assert (
        staff.get("/admin/calls/publication/99999999999999999999/synchronise/").status_code == 404
    )


def test_nothing_is_typed_or_deleted_on_a_publication(staff):
    made = prepared()
    assert staff.post(admin_url(made, "change")).status_code == 403
    assert staff.post(admin_url(made, "delete")).status_code == 403
    assert staff.get("/admin/calls/publication/add/").status_code == 403
