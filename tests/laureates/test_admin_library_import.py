"""The screens of imports of laureates: the template, what fills it, the rows in error as a file."""

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from ftap.imports import running
from ftap.tables import inspect
from laureates.importers.library import KIND, columns
from tests.factories import (
    AnnouncementFactory,
    CarrierFactory,
    LaureateFactory,
    LaureateGroupFactory,
    OrganisationFactory,
    TerritoryFactory,
    ThemeFactory,
    UserFactory,
)
from tests.laureates.test_importers_library import everything, outcomes, problems, read
from tests.library_sheet import laureate, sheet

pytestmark = pytest.mark.django_db
FORMATS = ["csv", "xlsx", "ods"]


@pytest.fixture
def person(client):
    person = UserFactory(role="Publication")
    client.force_login(person)
    return person


def url(page, *args):
    return reverse(f"admin:laureates_libraryimport_{page}", args=args)


def changes(job):
    return [change for row in job.rows.order_by("position") for change in row.changes]


def tables(content, format):
    """{name of a sheet: its rows, headers first} of a file."""
    found = inspect(SimpleUploadedFile(f"a.{format}", content), f"a.{format}")
    return {one.name: [one.labels, *(row.cells for row in one.rows())] for one in found.sheets}


def described():
    """Two announcements, with all that a row of the template can hold."""
    group = LaureateGroupFactory(announcement__draft=True, name="Volet A", amount="3000000.50")
    region = TerritoryFactory(name="Île d’essai", code="0x")
    TerritoryFactory(department=True, name="Île d’essai", code="97x", region=region)
    comma = OrganisationFactory(name="Direction des essais, des tests", siret="13002526500013")
    one = LaureateFactory(
        announcement=group.announcement,
        group=group,
        amount="1250000.50",
        summary="=SOMME(1;2) n’est pas une formule",
        description="Un paragraphe.\r\n\r\n- un\r\n- deux\tet demi",
        former_titles="Avant ; déjà\nEncore avant",
        project_state="en-cours",
        source_on="2018-07-13",
        themes=ThemeFactory.create_batch(2),
        territories=[region],
    )
    CarrierFactory(
        laureate=one, organisation=comma, role="chef-de-file", announced_name="Les essais"
    )
    for organisation in OrganisationFactory.create_batch(7):
        CarrierFactory(laureate=one, organisation=organisation, role="soutien")
    untitled = LaureateFactory(has_own_title=False, title="L’office et ses alliés")
    CarrierFactory(laureate=untitled, announced_name="Office")
    return one


def test_the_blank_template_has_every_column_and_its_instructions(person, client):
    AnnouncementFactory(draft=True, title="Annonce en préparation")
    labels = [label for _, _, label in columns.in_order()]
    ThemeFactory(), TerritoryFactory(), OrganisationFactory()
    answer = client.get(url("template", "csv"))
    assert "modele-laureats.csv" in answer["Content-Disposition"]
    assert answer.content.decode("utf-8-sig").rstrip().split(";") == labels
    for format in ("xlsx", "ods"):
        found = tables(client.get(url("template", format)).content, format)
        names = ["Lauréats", "Mode d’emploi", "Annonces", "Organismes", "Thèmes", "Territoires"]
        assert list(found) == names
        assert found["Lauréats"] == [labels]
        explained = {row[0] for row in found["Mode d’emploi"]}
        assert explained >= {"Porteur 1, 2…", "Montant accordé (€)", "Porteurs", "Cellule vide"}
        assert found["Annonces"][1][1:] == ["Annonce en préparation", "brouillon"]


def test_every_column_of_the_template_is_read_under_its_label():
    for key, column, label in columns.in_order():
        name, rank = columns.meant(label)
        assert key == (f"{name}_{rank}" if rank else name)
        assert column.holds
    assert columns.meant("Couleur") == ("", 0)


@pytest.mark.parametrize("format", FORMATS)
def test_the_filled_template_brought_back_changes_nothing(person, client, format):
    described()
    before = everything()
    content = client.get(url("filled"), {"annonce": "", "format": format}).content
    job = read(person, content, format)
    assert (problems(job), changes(job)) == ([], [])
    assert outcomes(job, person) == {"unchanged": 2}
    assert job.problems == []
    running.apply(job, KIND, by=person)
    assert everything() == before


@pytest.mark.parametrize("format", FORMATS)
def test_the_export_of_the_list_brought_back_changes_nothing(person, client, format):
    described()
    labels = {"csv": "0", "xlsx": "1", "ods": "2"}
    page = client.get(reverse("admin:laureates_laureate_export"))
    boxes = [box.html_name for box in page.context["form"].columns]
    answer = client.post(
        reverse("admin:laureates_laureate_export"),
        {"format": labels[format], "resource": "0", **dict.fromkeys(boxes, "on")},
    )
    job = read(person, answer.content, format)
    assert (problems(job), changes(job)) == ([], [])
    assert outcomes(job, person) == {"unchanged": 2}
    assert "Publication" in job.problems[0]["message"]


def test_the_template_is_filled_with_one_announcement(person, client):
    one = described()
    answer = client.get(url("filled"), {"annonce": one.announcement.slug, "format": "csv"})
    assert f"modele-laureats-{one.announcement.slug}" in answer["Content-Disposition"]
    _, *rows = tables(answer.content, "csv")[""]
    assert [row[0] for row in rows] == [one.public_id]


def test_a_filled_template_that_is_not_asked_for_well_says_why(person, client):
    for asked in ({}, {"format": "pdf"}, {"format": "csv", "annonce": "inconnue"}):
        answer = client.get(url("filled"), asked, follow=True)
        assert answer.redirect_chain == [(url("add"), 302)]
        assert [str(message) for message in answer.context["messages"]]
    assert client.get(url("template", "pdf")).status_code == 404


def test_taking_laureates_away_asks_for_the_right_to_export(person, client):
    person.groups.clear()
    rights = ("import_laureate", "view_libraryimport")
    person.user_permissions.set(Permission.objects.filter(codename__in=rights))
    assert client.get(url("filled"), {"format": "csv"}).status_code == 403
    page = client.get(url("add")).content.decode()
    assert "Partir de ce qui est enregistré" not in page


@pytest.mark.parametrize("format", FORMATS)
def test_rows_in_error_are_downloaded_with_their_reason_and_come_back(person, client, format):
    rows = [
        laureate(1),
        laureate(2, **{"Montant accordé (€)": "0", "Résumé": "=A1"}),
        laureate(3, **{"Thèmes": "Inconnu"}),
    ]
    job = read(person, rows, format)
    running.set_aside(job.rows.get(number=4), KIND, True, by=person)
    page = client.get(url("change", job.pk)).content.decode()
    assert url("rejected", job.pk, format) in page
    content = client.get(url("rejected", job.pk, format)).content
    (table,) = tables(content, format).values()
    assert table[0] == [*rows[0], "Thèmes", "Motif"]
    assert [row[rows_index(table, "Titre")] for row in table[1:]] == [
        "Projet d’essai 2",
        "Projet d’essai 3",
    ]
    assert table[1][rows_index(table, "Résumé")] == "=A1"
    assert "zéro voudrait dire autre chose" in table[1][-1]
    assert "Thème inconnu" in table[2][-1]
    # Corrected and brought back as it is, the reasons are not read.
    running.abandon(job, KIND, by=person)
    for row in table[1:]:
        row[rows_index(table, "Montant accordé (€)")] = ""
        row[rows_index(table, "Thèmes")] = ""
    corrected = [dict(zip(table[0], row, strict=True)) for row in table[1:]]
    again = read(person, sheet(corrected, format), format)
    assert outcomes(again, person) == {"created": 2}
    assert not any("Motif" in problem["message"] for problem in again.problems)


def rows_index(table, label):
    return table[0].index(label)


def test_lists_lead_to_the_import(person, client):
    announcement = AnnouncementFactory()
    for name in ("announcement", "laureate"):
        page = client.get(reverse(f"admin:laureates_{name}_changelist")).content.decode()
        assert f'href="{url("add")}"' in page
    page = client.get(reverse("admin:laureates_announcement_change", args=[announcement.pk]))
    assert f"{url('filled')}?annonce={announcement.slug}" in page.content.decode()
    client.force_login(UserFactory(role="Secrétariat"))
    assert client.get(url("add")).status_code == 403


def test_the_page_of_deposit_explains_every_column(person, client):
    page = client.get(url("add")).content.decode()
    for column in columns.COLUMNS:
        assert column.label in page
