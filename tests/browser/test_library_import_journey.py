"""Laureates of another year brought in by a publisher's browser: the template, an error corrected
on screen, the rows in error as a file, the import, and the same file again."""

import pytest
from django.urls import reverse

from laureates.models import Announcement, Laureate, LibraryImport, Organisation
from tests.browser.conftest import DESKTOP, follow
from tests.browser.test_committee_journey import audit
from tests.browser.test_imports_journey import confirm, tabs
from tests.library_sheet import COMMA, NEW, laureate, sheet

ADD = "admin:laureates_libraryimport_add"
SEEN = 16


@pytest.fixture
def publisher(library, open_page, sign_in):
    page = open_page(viewport=DESKTOP)
    sign_in(page, role="Publication")
    return page


def deposit(page, name, content):
    """Deposit a file, and wait until every row is compared."""
    page.goto(reverse(ADD))
    page.locator("#id_file").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    )
    follow(page.get_by_role("button", name="Déposer le fichier"))
    page.locator(".ftap-tabs").wait_for()


def saved(page, click):
    """The content of the file that a click downloads."""
    with page.expect_download() as download:
        click()
    return download.value.path().read_bytes()


def test_a_year_is_brought_in_corrected_and_brought_again(publisher, axe):
    rows = [laureate(1), laureate(2, **{"Montant accordé (€)": "0"}), laureate(3, Titre="")]
    publisher.goto(reverse("admin:laureates_laureate_changelist"))
    follow(publisher.get_by_role("link", name="Importer un tableur"))
    assert "Les colonnes du modèle" in publisher.locator("#content").inner_text()
    assert audit(axe, publisher) == []
    deposit(publisher, "annee-2018.ods", sheet(rows, "ods"))
    assert tabs(publisher) == {"toutes": 3, "illisible": 1, "à créer": 2}
    assert NEW in publisher.locator(".ftap-warnings").inner_text()
    assert audit(axe, publisher) == []
    assert not Announcement.objects.filter(title=NEW).exists()

    # The row in error is taken away with its reason, then corrected in place.
    content = saved(
        publisher, publisher.get_by_role("link", name="Lignes en erreur, CSV").click
    ).decode("utf-8-sig")
    assert "Projet d’essai 2" in content
    assert "zéro voudrait dire autre chose" in content
    assert "Projet d’essai 1" not in content
    publisher.get_by_label("Montant accordé (€)").fill("200 k€")
    publisher.get_by_role("button", name="Enregistrer et relire la ligne").first.click()
    publisher.locator(".messagelist").wait_for()
    assert tabs(publisher) == {"toutes": 3, "à créer": 3}
    confirm(publisher)
    receipt = publisher.locator("#content").inner_text()
    assert "3 lignes créées" in receipt
    assert "1 annonces créées, en brouillon" in receipt
    announcement = Announcement.objects.get(title=NEW)
    assert announcement.published_at is None
    assert list(announcement.laureates.order_by("position").values_list("title", "amount")) == [
        ("Projet d’essai 1", 1_250_000),
        ("Projet d’essai 2", 200_000),
        (f"{COMMA}, Office d’essai 3", 1_250_000),
    ]
    organisations = Organisation.objects.count()

    # Nothing of it is public.
    publisher.goto("/laureats/?q=essai")
    assert "Projet d’essai 1" not in publisher.locator("main").inner_text()

    # The same file, right this time, changes nothing; nor does what is taken out of the library.
    rows[1]["Montant accordé (€)"] = "200 000"
    deposit(publisher, "encore.xlsx", sheet(rows, "xlsx"))
    assert tabs(publisher) == {"toutes": 3, "inchangées": 3}
    publisher.get_by_role("link", name="Terminer : rien à écrire").click()
    publisher.get_by_role("button", name="Terminer sans rien écrire").click()
    publisher.locator(".messagelist").wait_for()
    publisher.goto(reverse(ADD))
    filled = saved(
        publisher, publisher.get_by_role("button", name="Télécharger le modèle rempli").click
    )
    deposit(publisher, "rempli.ods", filled)
    assert tabs(publisher) == {"toutes": 3 + SEEN, "inchangées": 3 + SEEN}
    assert Laureate.objects.count() == 3 + SEEN
    assert Organisation.objects.count() == organisations
    assert LibraryImport.objects.count() == 3
    assert publisher.complaints.found == []


def test_the_template_holds_its_instructions(publisher):
    publisher.goto(reverse(ADD))
    click = publisher.get_by_role("link", name="Modèle vide, ODS (LibreOffice)").click
    content = saved(publisher, click)
    publisher.goto(reverse(ADD))
    publisher.locator("#id_file").set_input_files(
        {"name": "vide.ods", "mimeType": "application/octet-stream", "buffer": content}
    )
    publisher.get_by_role("button", name="Déposer le fichier").click()
    # Nothing was filled in: it is said, and nothing is kept.
    assert "aucune ligne à importer" in publisher.locator(".errorlist").inner_text()
    assert not LibraryImport.objects.exists()
