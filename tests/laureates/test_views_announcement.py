"""Announcements of laureates and their documents."""

import re

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse
from django.utils import timezone

from laureates import catalogue, figures, freshness
from laureates.models import Announcement
from laureates.views.announcement import with_counts
from tests.factories import (
    AnnouncementFactory,
    ClaimFactory,
    DocumentFactory,
    LaureateFactory,
    LaureateGroupFactory,
    OrganisationFactory,
)

pytestmark = pytest.mark.django_db

HIDDEN = ("draft", "embargoed", "withdrawn")


def html_of(client, announcement):
    response = client.get(announcement.get_absolute_url())
    assert response.status_code == 200
    return response.content.decode()


def test_an_announcement_shows_what_is_known_of_it(client):
    announcement = AnnouncementFactory(
        title="Annonce d’essai",
        call_title="Appel à projets 2019",
        session_label="2de session",
        public_text="Le **comité** a choisi.",
        committee_name="Comité d’essai",
        committee_chair="Camille Présidente",
        committee_on="2019-09-23",
        source="Communiqué du ministère",
        staff_note="Zorglub",
    )
    ClaimFactory(announcement=announcement, label="2 lauréats", value=2)
    LaureateFactory(announcement=announcement)
    html = html_of(client, announcement)
    for expected in (
        "Annonce d’essai",
        "<strong>comité</strong>",
        "Comité d’essai",
        "Camille Présidente",
        "23\u00a0septembre 2019",
        "2 lauréats",
        "recensé ici\u00a0: 1",
        "Communiqué du ministère",
        f"/laureats/?annonce={announcement.slug}",
    ):
        assert expected in html
    assert "Zorglub" not in html


def test_laureates_stand_in_the_announced_order_with_their_carriers(client):
    announcement = AnnouncementFactory()
    for position, title in ((3, "Troisième"), (1, "Premier"), (2, "Zorglub")):
        LaureateFactory(
            announcement=announcement,
            position=position,
            title=title,
            withdrawn=title == "Zorglub",
            carriers=[OrganisationFactory(name=f"Porteur {title}")],
        )
    html = html_of(client, announcement)
    assert re.findall('<article class="ftap-announced" id="([^"]+)"', html) == [
        "laureat-1",
        "laureat-3",
    ]
    assert re.findall('class="fr-summary__link" href="#([^"]+)">([^<]+)', html) == [
        ("laureat-1", "Premier"),
        ("laureat-3", "Troisième"),
    ]
    assert "Porteur Premier" in html
    assert "Zorglub" not in html


def test_laureates_of_groups_stand_below_their_heading(client):
    announcement = AnnouncementFactory()
    group = LaureateGroupFactory(
        announcement=announcement, name="Tiers-lieux publics", amount=1500000
    )
    LaureateGroupFactory(announcement=announcement, name="Groupe Zorglub", amount=77)
    rows = [
        LaureateFactory(announcement=announcement, position=position, group=row)
        for position, row in ((1, group), (2, group), (3, None))
    ]
    LaureateFactory(
        announcement=announcement, position=4, withdrawn=True, group=announcement.groups.last()
    )
    html = html_of(client, announcement)
    headings = re.findall(r"<(h[34])[^>]*>(?:<span[^>]*>[^<]*</span> )?(?:<a [^>]*>)?([^<]+)", html)
    shown = [name for name in headings if name[1] != "Liste des lauréats"]
    assert shown[:5] == [
        ("h3", "Tiers-lieux publics"),
        ("h4", rows[0].title),
        ("h4", rows[1].title),
        ("h3", "Hors groupe"),
        ("h4", rows[2].title),
    ]
    assert "Montant accordé à l’ensemble du groupe\u00a0: 1\u202f500\u202f000" in html
    # A group none of whose laureates is public is nowhere.
    assert "Zorglub" not in html
    page = client.get(rows[0].get_absolute_url()).content.decode()
    assert "Tiers-lieux publics" in page
    assert "1\u202f500\u202f000" in page


def test_groups_of_the_same_name_are_not_mixed(client):
    announcement = AnnouncementFactory()
    for position in (1, 2):
        group = LaureateGroupFactory(
            announcement=announcement, name="Volet numérique", amount=None, position=position
        )
        LaureateFactory(announcement=announcement, position=position, group=group)
    assert html_of(client, announcement).count(">Volet numérique</h3>") == 2


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 9])
def test_every_laureate_is_shown_whatever_their_number(client, count):
    announcement = AnnouncementFactory()
    rows = LaureateFactory.create_batch(count, announcement=announcement)
    shown = re.findall(
        '<article class="ftap-announced" id="([^"]+)"', html_of(client, announcement)
    )
    assert shown == [f"laureat-{row.position}" for row in rows]


def test_a_reason_typed_by_the_staff_is_text_and_no_html(client):
    laureate = LaureateFactory(
        withdrawn=True, withdrawal_reason="À la <b>demande</b>\n\ndu porteur."
    )
    html = html_of(client, laureate.announcement)
    assert "<p>À la &lt;b&gt;demande&lt;/b&gt;</p>" in html
    assert "<p>du porteur.</p>" in html


def test_counts_are_those_of_the_database():
    rows = [AnnouncementFactory() for _ in range(3)]
    ClaimFactory(announcement=rows[0], value=2, subject="laureates", scope="session")
    for position in range(3):
        LaureateFactory(announcement=rows[0], withdrawn=position == 0)
    LaureateFactory(announcement=rows[1])
    public = catalogue.current().public(freshness.current())
    expected = figures.with_completeness(
        Announcement.objects.published().with_public_laureate_count().order_by("pk")
    )
    found = with_counts(Announcement.objects.order_by("pk"), public)
    assert [(row.laureate_count, row.completeness) for row in found] == [
        (row.laureate_count, row.completeness) for row in expected
    ]
    assert [row.laureate_count for row in found] == [2, 1, 0]


def test_a_laureate_named_after_its_carriers_says_so(client):
    laureate = LaureateFactory(has_own_title=False)
    said = "L’annonce ne donne pas de titre à ce projet"
    assert said in client.get(laureate.get_absolute_url()).content.decode()
    laureate = LaureateFactory()
    assert said not in client.get(laureate.get_absolute_url()).content.decode()


def test_an_announcement_without_anything_says_what_is_unknown(client):
    html = html_of(client, AnnouncementFactory(call_title="Appel", session_label=""))
    for expected in ("sans session", "non renseignée", "Aucun lauréat de cette annonce"):
        assert expected in html


@pytest.mark.parametrize("trait", HIDDEN)
def test_an_announcement_that_was_never_public_is_not_found(client, trait):
    # The factory withdraws at the very minute of publication: what follows moves it before.
    announcement = AnnouncementFactory(**{trait: True})
    if trait == "withdrawn":
        announcement.withdrawn_at -= timezone.timedelta(days=1)
        announcement.save()
    never = client.get(reverse("laureates:announcement", args=["zorglub"]))
    response = client.get(announcement.get_absolute_url())
    assert response.status_code == never.status_code == 404
    assert response.content == never.content


def test_a_withdrawn_announcement_is_gone_with_its_reason_and_nothing_else(client):
    announcement = AnnouncementFactory(
        title="Zorglub",
        call_title="Zorglub",
        slug="zorglub",
        public_text="Zorglub",
        withdrawn_at=timezone.now(),
        withdrawal_reason="L’annonce a été faite par erreur.",
    )
    LaureateFactory(announcement=announcement, title="Zorglub")
    response = client.get(announcement.get_absolute_url())
    assert response.status_code == 410
    html = response.content.decode()
    assert "L’annonce a été faite par erreur." in html
    assert "zorglub" not in html.lower()


def test_the_list_shows_public_announcements_latest_first_with_public_counts(client):
    old = AnnouncementFactory(published_at="2018-01-01T00:00Z")
    new = AnnouncementFactory()
    LaureateFactory(announcement=new)
    LaureateFactory(announcement=new, withdrawn=True)
    for trait in HIDDEN:
        AnnouncementFactory(title="Zorglub", **{trait: True})
    response = client.get(reverse("laureates:announcements"))
    rows = list(response.context["pages"])
    assert [(row, row.laureate_count) for row in rows] == [(new, 1), (old, 0)]
    assert "Zorglub" not in response.content.decode()


@pytest.mark.parametrize("number", ["2", "0", "deux", "99999999999999999999", "%00"])
def test_a_page_of_the_list_that_does_not_exist_is_said(client, number):
    AnnouncementFactory()
    response = client.get(f"{reverse('laureates:announcements')}?page={number}")
    assert response.status_code == 200
    assert len(response.context["problems"]) == 1
    assert len(list(response.context["pages"])) == 1


# Documents -------------------------------------------------------------------


@pytest.fixture
def document():
    document = DocumentFactory(
        title="Fiches des projets", size_kb="1201.7", updated_on="2021-06-11"
    )
    document.file.save("fiches.pdf", ContentFile(b"%PDF-1.7 essai"))
    return document


def test_a_document_is_named_with_its_format_size_and_date(client, document):
    html = html_of(client, document.announcement)
    assert document.get_absolute_url() in html
    assert "PDF (1\u202f201,7\u00a0Ko)" in html
    assert "Dernière mise à jour le 11\u00a0juin 2021" in html
    assert "non disponible ici" not in html


def test_a_document_without_a_file_is_not_available_here(client):
    document = DocumentFactory(title="Fiches des projets")
    html = html_of(client, document.announcement)
    assert "Fiches des projets" in html
    assert "taille inconnue" in html
    assert "non disponible ici" in html
    assert document.get_absolute_url() not in html
    assert client.get(document.get_absolute_url()).status_code == 404


def test_a_document_is_sent_as_a_download(client, document):
    response = client.get(document.get_absolute_url())
    assert b"".join(response.streaming_content) == b"%PDF-1.7 essai"
    assert response["Content-Disposition"] == 'attachment; filename="fiches.pdf"'
    assert response["Content-Type"] == "application/pdf"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "public, no-cache"
    assert not response.cookies


@pytest.mark.parametrize("change", ["draft", "embargoed", "withdrawn"])
def test_a_document_follows_its_announcement(client, document, change):
    assert b"".join(client.get(document.get_absolute_url()).streaming_content)
    announcement = document.announcement
    hidden = AnnouncementFactory.build(**{change: True})
    for name in ("published_at", "withdrawn_at", "withdrawal_reason"):
        setattr(announcement, name, getattr(hidden, name))
    announcement.save()
    response = client.get(document.get_absolute_url())
    assert response.status_code == 404
    assert response.content == client.get("/annonces/zorglub/documents/1/").content


def test_a_document_whose_file_was_lost_is_not_found(client, document):
    document.file.storage.delete(document.file.name)
    assert client.get(document.get_absolute_url()).status_code == 404


@pytest.mark.parametrize("position", ["0", "9999", "99999999999999999999", "x"])
def test_a_rank_that_no_document_holds_is_not_found(client, document, position):
    path = f"/annonces/{document.announcement.slug}/documents/{position}/"
    assert client.get(path).status_code == 404
