"""Dossiers of the online-forms service brought in by the secretariat's browser: every format, an
error corrected on screen, the same file again, one change, and files that are not what they say."""

import io
from pathlib import Path

import openpyxl
import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.urls import reverse

from calls.importers import KIND
from calls.models import Application, CallSession, ColumnMapping, DossierImport, FormRecord
from ftap.imports import running
from laureates.models import Organisation
from tests import bad_files, online_form
from tests.browser.conftest import DESKTOP, PHONE, follow
from tests.browser.test_committee_journey import audit
from tests.calls.test_importers import imported, read
from tests.factories import RecusalFactory, SelectionFactory, UserFactory

COUNT = 6


@pytest.fixture
def secretary(library, open_page, sign_in):
    page = open_page(viewport=DESKTOP)
    page.username = sign_in(page, role="Secrétariat").username
    return page


def session():
    return CallSession.objects.get(slug="ftap-2019-session-2")


def deposit(page, name, content):
    """Deposit a file in the session, by its form."""
    page.goto(f"{reverse('admin:calls_dossierimport_add')}?session={session().pk}")
    page.locator("#id_file").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    )
    follow(page.get_by_role("button", name="Déposer le fichier"))


def read_file(page):
    """Accept the columns as they are proposed, and wait until every row is compared."""
    follow(page.get_by_role("button", name="Enregistrer et lire le fichier").first)
    page.locator(".ftap-tabs").wait_for()


def tabs(page):
    """The number of rows of each outcome, as the tabs say."""
    found = {}
    for link in page.locator(".ftap-tabs a").all():
        *words, count = link.inner_text().split()
        found[" ".join(words)] = int(count)
    return found


def confirm(page, button="Importer"):
    follow(page.get_by_role("link", name="Passer à la confirmation"))
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


def test_a_long_act_says_that_it_is_under_way(secretary):
    """The page waits without a second click; found again by the back button, it may be sent."""
    secretary.goto(reverse("admin:calls_dossierimport_add"))
    # Nothing is sent: the page stays as it is while the server works.
    secretary.evaluate(
        "document.querySelector('[data-import-wait]')"
        ".addEventListener('submit', (event) => event.preventDefault())"
    )
    button = secretary.get_by_role("button", name="Déposer le fichier")
    button.click()
    status = secretary.locator("[data-import-status]")
    assert status.inner_text().startswith("Le fichier est envoyé, puis examiné en entier")
    assert button.is_disabled()
    secretary.evaluate("window.dispatchEvent(new Event('pageshow'))")
    assert (status.inner_text(), button.is_enabled()) == ("", True)
    assert secretary.complaints.found == []


def test_without_javascript_a_button_reads_on(secretary, new_context):
    page = new_context(
        java_script_enabled=False, storage_state=secretary.context.storage_state()
    ).new_page()
    deposit(page, "export.csv", online_form.export(online_form.dossiers(3), "csv"))
    follow(page.get_by_role("button", name="Enregistrer et lire le fichier").first)
    follow(page.get_by_role("button", name="Continuer la lecture"))
    assert tabs(page) == {"toutes": 3, "à créer": 3}


def workbook(change):
    """The export of two dossiers as XLSX, after `change` was made to the sheet of the dossiers."""
    rows = online_form.dossiers(2)
    book = openpyxl.load_workbook(io.BytesIO(online_form.export(rows, "xlsx")))
    change(book["Dossiers"])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def spread(sheet):
    sheet["AS2"] = "=SUM(A2:A3)"


def merge(sheet):
    sheet.merge_cells("B2:C3")


def refused_files():
    """{file name: (content, words of the message)}: what point by point no import may take."""
    dossiers = online_form.dossiers(2)
    csv = online_form.export(dossiers, "csv")
    xlsx = online_form.export(dossiers, "xlsx")
    wide = ";".join(["ID", *(f"Question {rank}" for rank in range(500))]).encode()
    known = {
        "bombe.xlsx": "lying bomb",
        "bombe-declaree.xlsx": "declared bomb",
        "entites.ods": "entities",
        "entite-externe.xlsx": "external entity",
        "macros.xlsx": "macros",
        "verrouille.xlsx": "locked XLSX",
    }
    bad = bad_files.bad_files()
    return {
        "vide.csv": (b"", ["Ce fichier est vide"]),
        "entetes.csv": (csv.splitlines()[0], ["aucune donnée"]),
        "notes.txt": (b"ID", ["« .txt »", "Types acceptés : .csv, .xlsx, .ods."]),
        "photo.xlsx": (b"\x89PNG\r\n\x1a\n" + b"0" * 50, ["une image PNG"]),
        "page.csv": (b"<!doctype html><p>Erreur 500", ["une page web"]),
        "texte.ods": (csv, ["un tableau en texte (CSV)", "l’extension .csv"]),
        "tronque.xlsx": (xlsx[: len(xlsx) // 2], ["endommagé ou incomplet"]),
        "tronque.ods": (online_form.export(dossiers, "ods")[:-40], ["endommagé ou incomplet"]),
        "tronque.csv": (csv[: csv.rindex(b'"')], ["Ligne 3", "n’est jamais refermé"]),
        "ancien.csv": (
            csv.decode().encode("cp1252", "replace"),
            ["Ligne 1", "UTF-8", "Établissement"],
        ),
        "unicode.csv": (csv.decode().encode("utf-16"), ["UTF-16", "CSV UTF-8"]),
        "trop-large.csv": (wide + b"\n" + wide, ["trop de colonnes", "la limite est de 500"]),
        "fusion.xlsx": (workbook(merge), ["Feuille Dossiers", "B2:C3", "fusionnées"]),
        "formule.xlsx": (
            workbook(spread),
            ["Feuille Dossiers, ligne 2, colonne AS", "AS2", "formule", "Collage spécial"],
        ),
        **{
            name: (bad[case][1], [word.replace("\u00a0", " ") for word in bad[case][2]])
            for name, case in known.items()
        },
    }


def stored_files():
    return sorted(Path(settings.MEDIA_ROOT, "imports").glob("*"))


def test_a_bad_file_gets_its_message(secretary):
    stored = stored_files()
    for name, (content, words) in refused_files().items():
        deposit(secretary, name, content)
        told = secretary.locator(".errorlist").inner_text().replace("\u00a0", " ")
        for word in words:
            assert word in told, name
        assert not DossierImport.objects.exists(), name
        assert stored_files() == stored, name
    assert secretary.complaints.found == []


def test_a_file_of_a_hundred_megabytes_gets_its_message(secretary, tmp_path):
    heavy = tmp_path / "gros.csv"
    with heavy.open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    stored = stored_files()
    secretary.goto(f"{reverse('admin:calls_dossierimport_add')}?session={session().pk}")
    secretary.locator("#id_file").set_input_files(heavy)
    secretary.get_by_role("button", name="Déposer le fichier").click()
    told = secretary.locator(".errorlist").inner_text().replace("\u00a0", " ")
    assert "Le fichier pèse 100 Mo : la limite est de 20 Mo." in told
    assert not DossierImport.objects.exists()
    assert stored_files() == stored


def test_what_cannot_be_read_in_a_good_file_is_told_with_its_place(secretary):
    """Days in three writings, numbers that come twice, unknown states, two hundred columns."""
    rows = online_form.dossiers(7)
    shown = online_form.columns()
    shown += [(f"Question {number}", 1) for number in range(len(shown), 200)]
    days = ["2019-07-12", "12/07/2019", "12 juillet 2019", "07/12/19"]
    for row, day in zip(rows, days, strict=False):
        row.cells["Déposé le", 1] = day
    rows[4].cells["État du dossier", 1] = "Perdu en route"
    rows[6].cells["ID", 1] = rows[5].number
    for row in rows:
        row.cells |= dict.fromkeys(shown[-100:], "Une réponse")
    deposit(secretary, "export.xlsx", online_form.export(rows, "xlsx", shown=shown))
    read_file(secretary)
    assert tabs(secretary) == {"toutes": 7, "illisibles": 4, "à créer": 3}
    follow(secretary.get_by_role("link", name="Liste des problèmes"))
    found = [
        [cell.replace("\u00a0", " ") for cell in line.locator("td, th").all_inner_texts()]
        for line in secretary.locator("#content tbody tr").all()
    ]
    assert [line[:3] for line in found] == [
        ["Dossiers", "5", "Déposé le"],
        ["Dossiers", "6", "État du dossier"],
        ["Dossiers", "7", "ID"],
        ["Dossiers", "8", "ID"],
    ]
    assert found[0][3].startswith("« 07/12/19 » est une date ambiguë")
    assert "Perdu en route" in found[1][3]
    assert "est aussi ligne 8 du fichier" in found[2][3]
    assert "est aussi ligne 7 du fichier" in found[3][3]
    assert not Application.objects.filter(form_number__isnull=False).exists()
    assert secretary.complaints.found == []


def test_a_secretary_who_is_recused_sees_nothing_of_the_dossier(secretary):
    """Rows, totals, lists and searches of an import brought by somebody else."""
    rows, author = online_form.dossiers(3), UserFactory(role="Secrétariat")
    reader = get_user_model().objects.get(username=secretary.username)
    imported(session(), author, rows)
    hidden = Application.objects.get(form_number=rows[0].number)
    RecusalFactory(application=hidden, user=reader)
    for row in rows:
        row.cells["Titre du projet", 1] = f"Titre changé du {row.number}"
    job = read(session(), author, online_form.export(rows, "csv"), "b.csv")
    page = reverse("admin:calls_dossierimport_change", args=[job.pk])
    for address in (page, f"{page}?q={rows[0].number}", f"{page}?sort=a-modifier"):
        secretary.goto(address)
        text = secretary.locator("#content").inner_text()
        assert f"du {rows[0].number}" not in text
        assert "à cause d’un déport" in text
    assert tabs(secretary) == {"toutes": 2, "à modifier": 2}
    secretary.goto(page)
    confirm(secretary)
    assert "2 lignes modifiées" in secretary.locator("#content").inner_text()
    hidden.refresh_from_db()
    assert hidden.title == f"Guichet d’essai nᵒ {rows[0].number}"


def test_every_page_of_an_import_fits_a_phone_and_is_accessible(secretary, axe):
    """From the deposit to the receipt, with rows in error, asked about, blocked and new."""
    author, place = get_user_model().objects.get(username=secretary.username), session()
    rows = online_form.dossiers(5)
    imported(place, author, rows[:2])
    decided = Application.objects.get(form_number=rows[0].number)
    SelectionFactory(application=decided, retained=True)
    rows[0].cells["État du dossier", 1] = "Accepté"
    rows[1].cells["Titre du projet", 1] = "Un titre plus long que le premier, pour un petit écran"
    rows[2].cells["Déposé le", 1] = "31/02/2019"
    rows[3].cells["Entreprise raison sociale", 1] = "Préfecture de l’Essais"
    rows[3].cells["Établissement SIRET", 1] = ""
    job = read(place, author, online_form.export(rows, "xlsx"), "b.xlsx")
    wrong = job.rows.filter(outcome="unreadable").order_by("position").first()
    secretary.set_viewport_size(PHONE)

    def look():
        secretary.wait_for_load_state("networkidle")
        width = secretary.evaluate("document.documentElement.scrollWidth")
        assert (secretary.url, width, audit(axe, secretary)) == (secretary.url, PHONE["width"], [])

    def visit(name, *args):
        secretary.goto(reverse(f"admin:calls_dossierimport_{name}", args=args))
        look()

    visit("changelist")
    deposit(secretary, "vide.csv", b"ID\n")
    look()
    for name in ("mapping", "change", "problems", "overwrite", "abandon"):
        visit(name, job.pk)
    visit("row", job.pk, wrong.pk)
    for row in job.rows.filter(outcome="unreadable"):
        running.set_aside(row, KIND, True, by=author)
    visit("confirm", job.pk)
    running.apply(job, KIND, by=author)
    visit("change", job.pk)
    assert secretary.complaints.found == []
