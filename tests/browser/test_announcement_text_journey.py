"""The text of an announcement pasted in the browser of whoever publishes, corrected, settled, and
made into an announcement that nobody sees until it is published."""

import pytest
from django.urls import reverse

from laureates.models import Announcement, AnnouncementText, Laureate
from tests import announcement_text as own
from tests.browser.conftest import DESKTOP, PHONE, follow
from tests.browser.test_committee_journey import audit

SOURCE = "Annonce d’essai, 25 septembre 2019"


@pytest.fixture
def publisher(library, open_page, sign_in):
    page = open_page(viewport=DESKTOP)
    sign_in(page, role="Publication")
    return page


def url(page, *args):
    return reverse(f"admin:laureates_announcementtext_{page}", args=args)


def content(page):
    return page.locator("#content").inner_text().replace("\u00a0", " ").replace("\u202f", " ")


def open_point(page, words):
    """Follow the link of a point to settle."""
    page.goto(url("change", AnnouncementText.objects.get().pk))
    follow(page.get_by_role("link", name=words).first)


def paste(page, text):
    page.goto(reverse("admin:laureates_announcement_changelist"))
    page.goto(url("add"))
    page.get_by_label("Source", exact=True).fill(SOURCE)
    page.get_by_label("Texte de l’annonce").fill(text)
    page.get_by_role("button", name="Lire ce texte").click()
    page.get_by_role("heading", name="projets lus").wait_for()


def settle(page, axe=None):
    """Answer, page after page, what the text leaves open."""
    open_point(page, "Des idées venues de partout")
    page.get_by_label("Rôle du bloc 3", exact=True).select_option(label="à laisser de côté")
    go_on(page, axe)

    page.get_by_role("group", name="Titre").get_by_label("2019", exact=False).check()
    page.get_by_role("group", name="Année de l’appel").get_by_label("2019").check()
    page.get_by_label("Identifiant d’adresse").fill("essai-d-annonce")
    go_on(page, axe)

    # The library has an announcement of that session already.
    page.get_by_label("Une annonce publiée parle de la même session").check()
    go_on(page, axe)

    for group in page.locator(".ftap-text-asked").all():
        word = group.locator("legend").inner_text().split(" (")[0]
        label = "Mot coupé" if word in own.CUT else "Vrai trait d’union"
        group.get_by_label(label).check()
    go_on(page, axe)

    group = page.get_by_role("group", name=own.UNKNOWN)
    group.get_by_label(own.NEAR).check()
    go_on(page, axe)


def go_on(page, axe):
    if axe is not None:
        assert audit(axe, page) == []
    follow(page.get_by_role("button", name="Enregistrer et continuer"))
    page.locator(".messagelist").wait_for()


def test_a_text_is_pasted_corrected_settled_and_becomes_the_announcement(publisher, axe):
    page = publisher
    laureates = Laureate.objects.count()
    page.goto(url("add"))
    assert audit(axe, page) == []
    paste(page, own.page())
    assert "16 projets lus, 16 annoncés" in content(page)
    assert audit(axe, page) == []
    settle(page, axe)
    assert "Tout est réglé" in content(page)

    # A project is corrected on its own page.
    follow(page.get_by_role("link", name="Prison expérimentale"))
    page.get_by_label("Description").fill("Un bâtiment d’essai, corrigé à l’écran.")
    assert audit(axe, page) == []
    follow(page.get_by_role("button", name="Enregistrer et passer au suivant"))
    assert "Projet 4 sur 16" in content(page)

    row = AnnouncementText.objects.get()
    page.goto(url("figures", row.pk))
    assert audit(axe, page) == []

    follow(page.get_by_role("link", name="Confirmation", exact=True))
    assert "16 lauréats (16 annoncés)" in content(page)
    assert "34 porteurs" in content(page)
    assert audit(axe, page) == []
    assert Laureate.objects.count() == laureates
    follow(page.get_by_role("button", name="Créer l’annonce, non publiée"))
    page.locator(".messagelist").wait_for()
    assert audit(axe, page) == []

    announcement = Announcement.objects.get(slug="essai-d-annonce")
    found = announcement.laureates.order_by("position")
    assert [
        [carrier.announced_name for carrier in one.carriers.order_by("position")] for one in found
    ] == [names for _, _, names, _ in own.LAUREATES]
    assert found[2].description == "Un bâtiment d’essai, corrigé à l’écran."
    assert "direction du budget" in found[8].description
    assert announcement.published_at is None

    # The receipt leads to the announcement; visitors see nothing of it.
    follow(page.get_by_role("link", name=announcement.title))
    assert page.locator("#id_title").input_value() == announcement.title
    page.goto("/annonces/essai-d-annonce/")
    assert "Page non trouvée" in page.title()
    assert page.complaints.found == []


def test_the_back_button_does_not_create_a_second_one(publisher):
    page = publisher
    paste(page, own.html(own.page()))
    settle(page)
    follow(page.get_by_role("link", name="Confirmation", exact=True))
    follow(page.get_by_role("button", name="Créer l’annonce, non publiée"))
    page.locator(".messagelist").wait_for()
    page.go_back()
    page.reload()
    assert "Texte repris" in content(page)
    assert Announcement.objects.filter(slug="essai-d-annonce").count() == 1
    assert page.complaints.found == []


def test_without_javascript_on_a_phone(publisher, new_context):
    page = new_context(
        java_script_enabled=False,
        viewport=PHONE,
        storage_state=publisher.context.storage_state(),
    ).new_page()
    paste(page, own.wrapped(own.page()))
    settle(page)
    assert "Tout est réglé" in content(page)
    follow(page.get_by_role("link", name="Passer à la confirmation"))
    follow(page.get_by_role("button", name="Créer l’annonce, non publiée"))
    assert Announcement.objects.get(slug="essai-d-annonce").laureates.count() == 16


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("annonce.pdf", b"%PDF-1.7", "type accepté"),
        ("annonce.txt", b"\x89PNG\r\n\x1a\n\x00", "UTF-8"),
        ("annonce.txt", "Annoncé".encode("cp1252"), "UTF-8"),
        ("annonce.txt", b"", "vide"),
    ],
)
def test_a_bad_file_gets_its_message(name, text, sentence, publisher):
    publisher.goto(url("add"))
    publisher.get_by_label("Source", exact=True).fill(SOURCE)
    publisher.locator("#id_file").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": text}
    )
    publisher.get_by_role("button", name="Lire ce texte").click()
    assert sentence in publisher.locator(".errorlist").inner_text()
    assert not AnnouncementText.objects.exists()
    assert publisher.complaints.found == []
