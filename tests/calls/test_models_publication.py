"""Whoever is recused from a dossier of a sitting never meets its announcement in preparation.

Nor their role nor being a superuser changes that; the other publisher sees all that is hidden.
"""

import pytest
from django.test import Client
from django.urls import reverse

from calls import publication
from calls.models import Event, Selection
from ftap import audit
from laureates.models import Announcement, Carrier, Claim, Document, Laureate, Release
from tests.calls.test_publication import closed, publisher, retained, typed
from tests.factories import (
    ClaimFactory,
    DocumentFactory,
    PublicationFactory,
    RecusalFactory,
    ReleaseFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
WORD = "zorglub"


@pytest.fixture
def made():
    """The draft announcement of a sitting; its texts say so."""
    committee = closed()
    by = publisher()
    values = typed([committee], by)
    values.announcement["title"] = f"Annonce {WORD}"
    row = publication.prepare([committee], by=by, values=values)
    laureate = row.announcement.laureates.first()
    laureate.title = f"Projet {WORD}"
    laureate.save()
    ClaimFactory(announcement=row.announcement, label=f"16 {WORD}", source=WORD)
    DocumentFactory(announcement=row.announcement, title=f"Fiche {WORD}")
    return row


@pytest.fixture(params=["publisher", "superuser"])
def user(request):
    return UserFactory(superuser=True) if request.param == "superuser" else publisher()


def recuse(user, outcome="not_retained"):
    row = Selection.objects.validated().filter(outcome=outcome).first()
    RecusalFactory(application=row.application, user=user)


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def pages(made):
    laureate = made.announcement.laureates.first()
    names = {
        "calls_publication": made.pk,
        "laureates_announcement": made.announcement.pk,
        "laureates_laureate": laureate.pk,
        "laureates_claim": made.announcement.claims.first().pk,
    }
    for name, pk in names.items():
        yield reverse(f"admin:{name}_change", args=[pk])
        yield reverse(f"admin:{name}_history", args=[pk])
    yield reverse("admin:calls_publication_synchronise", args=[made.pk])


def lists():
    for name in ("calls_publication", "laureates_announcement", "laureates_laureate"):
        yield reverse(f"admin:{name}_changelist")
    yield f"{reverse('admin:laureates_claim_changelist')}?q=16"
    yield reverse("admin:index")
    yield reverse("admin:calls_publication_prepare")


@pytest.mark.parametrize("outcome", ["retained", "not_retained"])
def test_pages_are_absent_and_lists_say_nothing(made, user, outcome):
    client = signed_in(user)
    for url in pages(made):
        assert client.get(url).status_code == 200, url
    assert any(WORD in client.get(url).content.decode() for url in lists())
    recuse(user, outcome)
    for url in pages(made):
        assert client.get(url).status_code == 404, url
        assert client.post(url).status_code in {403, 404, 405}, url
    for url in lists():
        assert WORD not in client.get(url).content.decode(), url


def test_a_decision_of_the_sitting_no_longer_names_its_laureate(made, user):
    client = signed_in(user)
    row = Selection.objects.retained().in_agenda_order().first()
    urls = [
        reverse("admin:calls_selection_changelist"),
        reverse("admin:calls_selection_change", args=[row.pk]),
        reverse("admin:calls_application_change", args=[row.application_id]),
    ]
    assert WORD in client.get(urls[0]).content.decode()
    recuse(user)
    for url in urls:
        page = client.get(url)
        assert page.status_code == 200, url
        assert WORD not in page.content.decode(), url


def test_what_is_searched_for_finds_nothing(made, user):
    recuse(user)
    client = signed_in(user)
    for name in ("laureates_announcement", "laureates_laureate", "laureates_claim"):
        page = client.get(reverse(f"admin:{name}_changelist"), {"q": WORD})
        assert page.context["cl"].result_count == 0, name
    for model, field in (("laureate", "announcement"), ("claim", "announcement")):
        answer = client.get(
            "/admin/autocomplete/",
            {"term": WORD, "app_label": "laureates", "model_name": model, "field_name": field},
        )
        assert answer.json()["results"] == [], model


def test_rows_do_not_exist_for_them(made, user):
    ReleaseFactory(announcement=made.announcement, published_at=made.prepared_at)
    models = (Announcement, Laureate, Carrier, Claim, Document, Release)
    for model in models:
        assert model.objects.visible_to(user).exists(), model
    recuse(user)
    for model in models:
        assert not model.objects.visible_to(user).exists(), model


def test_their_own_last_acts_no_longer_name_it(made, user):
    carrier = Carrier.objects.first()
    with audit.acting(user, "changed"):
        carrier.announced_name = f"Porteur {WORD}"
        carrier.save()
    client = signed_in(user)
    assert f"Porteur {WORD}" in client.get(reverse("admin:index")).content.decode()
    recuse(user)
    assert WORD not in client.get(reverse("admin:index")).content.decode()
    assert Event.objects.filter(actor=user).exists()


def test_counts_of_what_waits_leave_it_out(made, user):
    client = signed_in(user)
    retained(made.committees.get())

    def shown():
        context = client.get(reverse("admin:index")).context
        return {panel["title"]: panel["context"] for panel in context["panels"] if panel["context"]}

    before = shown()
    assert before["Annonces à préparer"]["parted"] == [made]
    assert before["À suivre"]["items"][1]["count"] == 1
    recuse(user)
    after = shown()
    assert after["Annonces à préparer"] == {"waiting": 0, "parted": []}
    assert after["À suivre"]["items"][1]["count"] == 0
    assert not any(WORD in str(gap) for gap in after["Écarts de chiffres"]["gaps"])


def test_the_choice_says_the_same_as_when_there_is_nothing(user):
    client = signed_in(user)
    url = reverse("admin:calls_publication_prepare")
    empty = client.get(url)
    committee = closed()
    assert str(committee) in client.get(url).content.decode()
    recuse(user)
    hidden = client.get(url)
    assert hidden.context["groups"] == empty.context["groups"] == []
    asked = client.get(url, {"seance": committee.pk}, follow=True)
    unknown = client.get(url, {"seance": 999_999}, follow=True)
    assert asked.redirect_chain == unknown.redirect_chain
    assert [str(m) for m in asked.context["messages"]] == [
        str(m) for m in unknown.context["messages"]
    ]


def test_once_public_it_is_public_for_them_too(made, user):
    made.announcement.published_at = made.prepared_at
    made.announcement.save()
    recuse(user)
    assert Announcement.objects.visible_to(user).filter(pk=made.announcement.pk).exists()
    client = signed_in(user)
    assert client.get(reverse("admin:calls_publication_change", args=[made.pk])).status_code == 404


def test_others_see_it(made):
    recuse(publisher())
    other = signed_in(publisher())
    assert WORD in other.get(reverse("admin:calls_publication_changelist")).content.decode()
    assert PublicationFactory._meta.model.objects.count() == 1
