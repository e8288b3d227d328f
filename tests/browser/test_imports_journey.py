"""Dossiers of the online-forms service brought in by the secretariat's browser: every format, an
error corrected on screen, the same file again, one change, and files that are not what they say."""

import pytest
from django.urls import reverse

from calls.models import Application, CallSession, ColumnMapping, DossierImport, FormRecord
from laureates.models import Organisation
from tests import online_form
from tests.browser.conftest import DESKTOP
from tests.browser.test_committee_journey import audit
from tests.factories import PASSWORD, UserFactory

COUNT = 6


@pytest.fixture
def secretary(library, open_page):
    person = UserFactory(role="Secrétariat")
    page = open_page(viewport=DESKTOP)
    page.goto("/admin/")
    page.locator("#id_username").fill(person.username)
    page.locator("#id_password").fill(PASSWORD)
    page.locator("#id_password").press("Enter")
    page.wait_for_url("**/admin/")
    return page


def session():
    return CallSession.objects.get(slug="ftap-2019-session-2")


def deposit(page, name, content):
    """Deposit a file in the session, by its form."""
    page.goto(f"{reverse('admin:calls_dossierimport_add')}?session={session().pk}")
    page.locator("#id_file").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    )
    page.get_by_role("button", name="Déposer le fichier").click()


def read_file(page):
    """Accept the columns as they are proposed, and wait until every row is compared."""
    page.get_by_role("button", name="Enregistrer et lire le fichier").first.click()
    page.locator(".ftap-tabs").wait_for()


def tabs(page):
    """The number of rows of each outcome, as the tabs say."""
    found = {}
    for link in page.locator(".ftap-tabs a").all():
        *words, count = link.inner_text().split()
        found[" ".join(words)] = int(count)
    return found


def confirm(page, button="Importer"):
    page.get_by_role("link", name="Passer à la confirmation").click()
    page.get_by_role("button", name=button).click()
    page.locator(".messagelist").wait_for()


def described(numbers=None):
    """What was imported of each dossier, to be compared between files."""
    rows = Application.objects.filter(form_number__isnull=False).order_by("form_number")
    return [
        (
            row.form_number,
            row.title,
            row.summary,
            row.asked_amount,
            row.form_state,
            row.received_on,
            row.contact_email,
            [bearer.organisation.name for bearer in row.bearers.order_by("position")][:1],
        )
        for row in rows
    ]


VARIANTS = {
    "csv": {"format": "csv"},
    "csv-point-virgule": {"format": "csv", "delimiter": ";", "bom": True},
    "xlsx": {"format": "xlsx"},
    "ods": {"format": "ods"},
    "reordered": {"format": "csv", "shown": online_form.columns()[::-1]},
    "without-optional": {"format": "xlsx", "shown": online_form.columns(chorus=False, group=False)},
}


@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_an_export_is_imported_whatever_its_format(secretary, variant):
    rows, options = online_form.dossiers(COUNT), VARIANTS[variant]
    deposit(secretary, f"export.{options['format']}", online_form.export(rows, **options))
    assert "EXEMPLES" in secretary.locator("#content thead").inner_text()
    read_file(secretary)
    assert tabs(secretary) == {"toutes": COUNT, "à créer": COUNT}
    assert not Application.objects.filter(form_number__isnull=False).exists()
    confirm(secretary)
    assert "6 lignes créées" in secretary.locator("#content").inner_text()
    found = described()
    assert [row[:2] for row in found] == [
        (int(row.number), row.cells["Titre du projet", 1]) for row in rows
    ]
    assert found[0][3] == int(rows[0].cells["Montant demandé au fonds (en euros)", 1])
    assert found[0][7] == ["Préfecture de l’Essai"]
    assert FormRecord.objects.count() == COUNT
    job = DossierImport.objects.get()
    assert (job.stage, job.rows.count(), job.file.name) == ("done", 0, "")
    assert secretary.complaints.found == []


def test_an_error_is_corrected_then_the_file_comes_again(secretary, axe):
    rows = online_form.dossiers(COUNT)
    rows[2].cells["État du dossier", 1] = "Perdu en route"
    rows[3].cells["Déposé le", 1] = "31/02/2019"
    deposit(secretary, "export.csv", online_form.export(rows, "csv"))
    assert audit(axe, secretary) == []
    read_file(secretary)
    assert tabs(secretary) == {"toutes": COUNT, "illisibles": 2, "à créer": COUNT - 2}
    text = secretary.locator("#content").inner_text()
    assert "État du dossier inconnu : « Perdu en route »" in text.replace("\u00a0", " ")
    assert "ligne 4" in text
    assert secretary.get_by_role("link", name="Passer à la confirmation").count() == 0
    assert audit(axe, secretary) == []

    # One is corrected in place, the other set aside.
    secretary.get_by_label("État du dossier").fill("Accepté")
    secretary.get_by_role("button", name="Enregistrer et relire la ligne").first.click()
    secretary.locator(".messagelist").wait_for()
    assert tabs(secretary)["illisible"] == 1
    secretary.get_by_role("link", name="illisible 1").click()
    secretary.get_by_role("button", name="Écarter cette ligne").click()
    secretary.locator(".messagelist").wait_for()
    counts = {"toutes": COUNT, "illisible": 0, "à créer": COUNT - 1, "écartée": 1}
    assert tabs(secretary) == counts

    # Left, and found again in the list.
    job = DossierImport.objects.get()
    secretary.goto(reverse("admin:calls_dossierimport_changelist"))
    secretary.get_by_role("link", name=f"nᵒ\u00a0{job.pk}").click()
    confirm(secretary)
    assert audit(axe, secretary) == []
    numbers = [number for number, *_ in described()]
    assert numbers == [int(row.number) for row in rows if row is not rows[3]]
    assert Application.objects.get(form_number=rows[2].number).form_state == "accepte"

    # The back button finds the receipt, and a second confirmation does nothing.
    secretary.go_back()
    secretary.reload()
    assert "Import terminé" in secretary.locator("#content").inner_text()

    # The same dossiers again, right this time: one is new, the others did not move.
    rows[2].cells["État du dossier", 1] = "Accepté"
    rows[3].cells["Déposé le", 1] = "01/06/2019"
    saved = ColumnMapping.objects.count()
    deposit(secretary, "export-2.csv", online_form.export(rows, "csv"))
    assert "enregistrée pour cet appel" in secretary.locator("#content table").inner_text()
    read_file(secretary)
    assert ColumnMapping.objects.count() == saved
    assert tabs(secretary) == {"toutes": COUNT, "à créer": 1, "inchangées": COUNT - 1}
    confirm(secretary)

    # One dossier changes: one change is shown, old → new.
    organisations = Organisation.objects.count()
    rows[0].cells["Titre du projet", 1] = "Guichet d’essai renommé"
    deposit(secretary, "export-3.ods", online_form.export(rows, "ods", others=False))
    read_file(secretary)
    assert tabs(secretary) == {"toutes": COUNT, "à modifier": 1, "inchangées": COUNT - 1}
    changed = secretary.locator(".ftap-import-item--changed")
    assert changed.locator("tbody tr").count() == 1
    assert changed.locator("tbody tr").inner_text().split("\t") == [
        "Titre du projet",
        "Guichet d’essai nᵒ 480001",
        "Guichet d’essai renommé",
    ]
    confirm(secretary)
    assert Application.objects.get(form_number=480001).title == "Guichet d’essai renommé"
    assert Organisation.objects.count() == organisations
    assert secretary.complaints.found == []


def test_an_older_export_with_fewer_and_renamed_columns(secretary):
    rows = online_form.dossiers(2)
    shown = online_form.columns(older=True)
    renamed = {("ID", 1): "N° dossier", ("Titre du projet", 1): "Intitulé de l’opération"}
    deposit(secretary, "ancien.csv", online_form.export(rows, "csv", shown=shown, renamed=renamed))
    label = secretary.get_by_label("Champ de « Intitulé de l’opération »")
    label.select_option(label="Titre du projet")
    read_file(secretary)
    assert tabs(secretary) == {"toutes": 2, "à créer": 2}
    confirm(secretary)
    assert [row[1] for row in described()] == [row.cells["Titre du projet", 1] for row in rows]
    assert ColumnMapping.objects.get(label="Intitulé de l’opération").target == "title"


def test_without_javascript_a_button_reads_on(secretary, new_context):
    page = new_context(
        java_script_enabled=False, storage_state=secretary.context.storage_state()
    ).new_page()
    deposit(page, "export.csv", online_form.export(online_form.dossiers(3), "csv"))
    page.get_by_role("button", name="Enregistrer et lire le fichier").first.click()
    page.get_by_role("button", name="Continuer la lecture").click()
    assert tabs(page) == {"toutes": 3, "à créer": 3}


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("vide.csv", b"", "vide"),
        ("photo.xlsx", b"\x89PNG\r\n\x1a\n" + b"0" * 50, "image PNG"),
        ("page.csv", b"<!doctype html><p>Erreur 500", "web"),
        ("ancien.csv", "ID;Intitulé\n1;é".encode("cp1252"), "UTF-8"),
        ("notes.txt", b"ID\n1", "Types accept"),
    ],
)
def test_a_bad_file_gets_its_message(secretary, name, content, sentence):
    deposit(secretary, name, content)
    assert sentence in secretary.locator(".errorlist").inner_text()
    assert not DossierImport.objects.exists()
    assert secretary.complaints.found == []
