"""The publisher's acts on an announcement: what each page says, does, and refuses."""

import datetime

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from laureates import releases
from laureates.admin.shared import in_words
from laureates.models import Announcement, Laureate, Release, ReleaseDraft
from tests import factories
from tests.admin_pages import url

pytestmark = pytest.mark.django_db

NEXT = timezone.localdate() + datetime.timedelta(days=30)


@pytest.fixture
def publisher():
    return factories.UserFactory(role="Publication")


@pytest.fixture
def staff(client, publisher):
    client.force_login(publisher)
    return client


@pytest.fixture
def draft():
    """An announcement in preparation, with one laureate."""
    announcement = factories.AnnouncementFactory(draft=True)
    factories.LaureateFactory(announcement=announcement, title="Cartonaut", position=1)
    return announcement


@pytest.fixture
def public(publisher):
    """An announcement made public, with two laureates and its version 1."""
    announcement = factories.AnnouncementFactory(draft=True, title="Annonce publique")
    for position, title in enumerate(("Cartonaut", "Phare"), 1):
        factories.LaureateFactory(
            announcement=announcement, title=title, slug=title.lower(), position=position
        )
    releases.publish(announcement, by=publisher)
    announcement.refresh_from_db()
    return announcement


def act(row, name):
    model = row._meta.model_name
    return reverse(f"admin:laureates_{model}_{name}", args=[row.pk])


def text_of(response):
    return response.content.decode()


def plan(day=NEXT, hour="10:00", **others):
    return {"day": day.isoformat(), "hour": hour, **others}


# Words -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("2027-03-25T09:00Z", "le jeudi 25\u00a0mars 2027 à 10\u00a0h\u00a000 (heure de Paris)"),
        ("2027-08-01T07:05Z", "le dimanche 1er\u00a0août 2027 à 9\u00a0h\u00a005 (heure de Paris)"),
    ],
)
def test_a_minute_is_said_as_in_paris(moment, words):
    assert in_words(datetime.datetime.fromisoformat(moment)) == words


# Schedule --------------------------------------------------------------------


def test_a_publication_is_scheduled_and_its_minute_said(staff, draft):
    factories.LaureateFactory(announcement=draft, position=2, amount=1000)
    factories.DocumentFactory(announcement=draft)
    page = text_of(staff.get(act(draft, "schedule")))
    assert "2\u00a0lauréats, 1\u00a0montant connu sur 2." in page
    assert "1\u00a0document et aucun chiffre annoncé." in page
    assert "L’annonce n’a pas de texte public." in page
    assert "2\u00a0projets sans porteur." in page

    response = staff.post(act(draft, "schedule"), plan(changelog="Les lauréats."), follow=True)

    draft.refresh_from_db()
    expected = datetime.datetime.combine(NEXT, datetime.time(10), timezone.get_default_timezone())
    assert draft.published_at == expected
    release = draft.releases.get()
    assert (release.number, release.changelog) == (1, "Les lauréats.")
    assert response.redirect_chain == [(url(draft), 302)]
    assert f"Publication programmée pour {in_words(expected)}." in text_of(response)
    assert f"Publication programmée {in_words(expected)}. Rien n’en est visible" in text_of(
        response
    )
    assert not Announcement.objects.published().exists()


def test_a_second_click_schedules_once(staff, draft):
    staff.post(act(draft, "schedule"), plan())
    response = staff.post(act(draft, "schedule"), plan(), follow=True)
    assert "La publication est déjà programmée" in text_of(response)
    assert draft.releases.count() == 1


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (plan(datetime.date(2020, 1, 2)), "Cette minute est passée"),
        (plan(datetime.date(2027, 3, 28), "02:30"), "n’existe pas à Paris"),
        (plan(datetime.date(2027, 10, 31), "02:30"), "existe deux fois à Paris"),
        (plan(hour=""), "Indiquez l’heure et la minute"),
        (plan(hour="25:00"), "Écrivez l’heure et la minute ainsi"),
        ({"day": "", "hour": "10:00"}, "Indiquez le jour"),
        ({"day": "31/02/2027", "hour": "10:00"}, "Écrivez la date ainsi"),
        ({"day": "0001-01-01", "hour": "00:00"}, "Vérifiez l’année"),
        ({"day": "9999-12-31", "hour": "23:59"}, "Vérifiez l’année"),
    ],
)
def test_a_minute_that_cannot_be_is_refused_and_what_was_typed_stays(values, said, staff, draft):
    response = staff.post(act(draft, "schedule"), {**values, "changelog": "Mention gardée"})
    page = text_of(response)
    assert response.status_code == 200
    assert said in page
    assert "Mention gardée" in page
    assert f'value="{values["hour"]}"' in page or not values["hour"]
    draft.refresh_from_db()
    assert draft.published_at is None
    assert not Release.objects.exists()


def test_an_announcement_without_laureates_is_not_scheduled(staff):
    empty = factories.AnnouncementFactory(draft=True)
    assert "n’a aucun lauréat" in text_of(staff.get(act(empty, "schedule")))
    assert "n’a aucun lauréat" in text_of(staff.post(act(empty, "schedule"), plan()))
    assert "n’a aucun lauréat" in text_of(staff.get(url(empty)))
    assert act(empty, "schedule") not in text_of(staff.get(url(empty)))


def test_an_embargo_is_lifted_with_a_reason(staff, draft):
    staff.post(act(draft, "schedule"), plan())
    page = text_of(staff.get(act(draft, "unschedule")))
    assert "n’aura pas lieu" in page
    assert "Dites pourquoi" in text_of(staff.post(act(draft, "unschedule"), {"reason": " "}))
    draft.refresh_from_db()
    assert draft.published_at is not None

    staff.post(act(draft, "unschedule"), {"reason": "Report du comité"})
    again = staff.post(act(draft, "unschedule"), {"reason": "Report du comité"}, follow=True)

    assert "déjà un brouillon" in text_of(again)
    draft.refresh_from_db()
    assert draft.published_at is None
    assert not draft.releases.exists()


# Publish and withdraw --------------------------------------------------------


def test_a_double_click_publishes_once(staff, draft):
    response = staff.post(act(draft, "publish"), {}, follow=True)
    assert "L’annonce est publique." in text_of(response)
    again = staff.post(act(draft, "publish"), {}, follow=True)
    assert "L’annonce est déjà publique." in text_of(again)
    assert draft.releases.count() == 1
    assert Announcement.objects.published().get() == draft


def test_the_whole_announcement_is_withdrawn_with_a_public_reason(staff, public):
    assert "un retrait a toujours un motif public" in text_of(
        staff.post(act(public, "withdraw"), {"reason": ""})
    )
    response = staff.post(act(public, "withdraw"), {"reason": "Erreur de périmètre"}, follow=True)
    page = text_of(response)
    assert "Motif public\u00a0: Erreur de périmètre" in page
    assert "Une annonce retirée ne se modifie plus" in page
    assert not Announcement.objects.published().exists()
    again = staff.post(act(public, "withdraw"), {"reason": "Encore"}, follow=True)
    assert "L’annonce est déjà retirée." in text_of(again)
    assert Announcement.objects.get().withdrawal_reason == "Erreur de périmètre"


@pytest.mark.parametrize("withheld", [True, False])
def test_a_laureate_is_withdrawn_and_earlier_files_follow_only_if_asked(withheld, staff, public):
    laureate = public.laureates.get(title="Phare")
    page = text_of(staff.get(act(laureate, "withdraw")))
    assert "cessent d’être téléchargeables" in page
    values = {"reason": "À la demande du porteur"} | ({"withhold_files": "on"} if withheld else {})

    response = staff.post(act(laureate, "withdraw"), values, follow=True)

    assert "Le projet n°\u00a02 est retiré" in text_of(response)
    assert "Motif public du retrait" in text_of(response)
    assert [row.title for row in Laureate.objects.published()] == ["Cartonaut"]
    first, second = public.releases.order_by("number")
    assert second.kind == Release.Kind.WITHDRAWAL
    assert (first.withheld_at is not None) is withheld
    again = staff.post(act(laureate, "withdraw"), values, follow=True)
    assert "Ce projet est déjà retiré." in text_of(again)
    assert public.releases.count() == 2


@pytest.mark.parametrize("state", ["draft", "embargoed"])
def test_what_nobody_saw_is_not_withdrawn(state, staff):
    laureate = factories.LaureateFactory(**{f"announcement__{state}": True})
    for row in (laureate, laureate.announcement):
        page = staff.get(act(row, "withdraw"))
        assert page.status_code == 200
        assert "<textarea" not in text_of(page)
        staff.post(act(row, "withdraw"), {"reason": "Essai"})
        row.refresh_from_db()
        assert row.withdrawn_at is None


# The panel -------------------------------------------------------------------


def ways(response):
    panel = response.context["panel"]
    return [way.label for way in panel.ways], {way.label: way.refusal for way in panel.refused}


def test_the_page_offers_what_is_possible_and_says_why_the_rest_is_not(staff, draft, publisher):
    possible, refused = ways(staff.get(url(draft)))
    assert possible == ["Programmer la publication", "Publier maintenant"]
    assert refused["Déprogrammer"] == "La publication de cette annonce n’est pas programmée."
    assert "brouillon" in refused["Commencer un rectificatif"]

    staff.post(act(draft, "schedule"), plan())
    possible, refused = ways(staff.get(url(draft)))
    assert possible == ["Déprogrammer"]
    assert "déprogrammez-la" in refused["Publier maintenant"]

    staff.post(act(draft, "unschedule"), {"reason": "Report"})
    staff.post(act(draft, "publish"), {})
    possible, refused = ways(staff.get(url(draft)))
    assert possible == ["Commencer un rectificatif", "Retirer l’annonce"]
    assert "déjà publique" in refused["Programmer la publication"]

    releases.start_draft(Announcement.objects.get(), by=publisher)
    response = staff.get(url(draft))
    assert ways(response)[0] == ["Reprendre le rectificatif", "Retirer l’annonce"]
    assert "rectificatif est en préparation" in text_of(response)
    assert "Version 1" in text_of(response)


def test_a_reader_without_the_role_acts_nowhere(client, public):
    reader = factories.UserFactory(staff=True)
    reader.user_permissions.add(
        *Permission.objects.filter(codename__in=["view_announcement", "view_laureate"])
    )
    client.force_login(reader)
    response = client.get(url(public))
    assert ways(response) == ([], {})
    assert "Seul le rôle Publication" in text_of(response)
    for name in ("schedule", "publish", "unschedule", "withdraw", "draft", "preview"):
        assert client.get(act(public, name)).status_code == 403, name
        assert client.post(act(public, name), {"reason": "x"}).status_code == 403, name
    assert client.get(act(public.laureates.first(), "withdraw")).status_code == 403
    assert public.releases.count() == 1


def test_the_lists_and_the_first_page_find_minutes_and_drafts(staff, draft, public, publisher):
    staff.post(act(draft, "schedule"), plan())
    releases.start_draft(public, by=publisher)

    page = staff.get(url(Announcement), {"rectificatif": "en-preparation"})
    assert list(page.context["cl"].queryset) == [public]
    assert "rectificatif en préparation" in text_of(page)
    (panel,) = [
        panel for panel in staff.get("/admin/").context["panels"] if panel["title"] == "À suivre"
    ]
    draft.refresh_from_db()
    assert [(item["url"], item["said"]) for item in panel["context"]["named"]] == [
        (url(draft), f"publique {in_words(draft.published_at)}"),
        (url(public), f"rectificatif en préparation, par {publisher.get_full_name()}"),
    ]
    counts = {item["label"]: item["count"] for item in panel["context"]["items"]}
    assert counts["Annonces sous embargo"] == counts["Rectificatifs en préparation"] == 1


# Recusal ---------------------------------------------------------------------


@pytest.fixture
def recused(publisher):
    """(a recused superuser, a recused publisher), from a dossier of the sitting of `linked`."""
    return factories.UserFactory(superuser=True), publisher


def link(announcement, *users):
    """Prepare `announcement` from a sitting with a dossier that `users` are recused from."""
    selection = factories.SelectionFactory()
    factories.PublicationFactory(announcement=announcement, committees=[selection.committee])
    for user in users:
        factories.RecusalFactory(application=selection.application, user=user)


NAMES = ("schedule", "publish", "unschedule", "withdraw", "preview", "draft", "draft_announcement")


def test_an_announcement_in_preparation_does_not_exist_for_whoever_is_recused(
    client, draft, recused
):
    laureate = draft.laureates.get()
    link(draft, *recused)
    for user in recused:
        client.force_login(user)
        for name in NAMES:
            assert client.get(act(draft, name)).status_code == 404, name
            assert client.post(act(draft, name), {"reason": "x"}).status_code == 404, name
        assert client.get(act(laureate, "withdraw")).status_code == 404
        assert client.get(url(draft)).status_code == 404
        assert draft.title not in text_of(client.get("/admin/"))
        panels = client.get("/admin/").context["panels"]
        (panel,) = [panel for panel in panels if panel["title"] == "À suivre"]
        assert {item["count"] for item in panel["context"]["items"]} == {0}
    assert not Release.objects.exists()


def test_a_draft_of_a_public_announcement_is_unknown_to_whoever_is_recused(client, public, recused):
    other = factories.UserFactory(role="Publication")
    releases.start_draft(public, by=other)
    link(public, *recused)
    for user in recused:
        client.force_login(user)
        page = client.get(url(public))
        assert page.status_code == 200
        assert "rectificatif est en préparation" not in text_of(page)
        assert ways(page) == ([], {})
        for name in NAMES:
            assert client.get(act(public, name)).status_code == 403, name
            assert client.post(act(public, name), {"reason": "x"}).status_code == 403, name
        listed = client.get(url(Announcement), {"rectificatif": "en-preparation"})
        assert listed.context["cl"].result_count == 0
        assert "en préparation, par" not in text_of(client.get("/admin/"))
        laureate_page = text_of(client.get(url(public.laureates.first())))
        assert "Modifier dans le rectificatif" not in laureate_page
    assert ReleaseDraft.objects.count() == 1


# Cost ------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "budget"), [("schedule", 16), ("withdraw", 8)])
def test_a_page_of_an_act_costs_the_same_whatever_the_number_of_projects(
    name, budget, staff, draft, django_assert_max_num_queries
):
    with django_assert_max_num_queries(budget):
        staff.get(act(draft, name))
    factories.LaureateFactory.create_batch(5, announcement=draft)
    with django_assert_max_num_queries(budget):
        staff.get(act(draft, name))


def test_the_announcement_s_page_costs_the_same_whatever_the_number_of_versions(
    staff, public, django_assert_max_num_queries
):
    budget = 33
    with django_assert_max_num_queries(budget):
        staff.get(url(public))
    staff.post(act(public.laureates.last(), "withdraw"), {"reason": "Essai"})
    factories.LaureateFactory.create_batch(3, announcement=public)
    with django_assert_max_num_queries(budget):
        staff.get(url(public))
