"""The native formats and the one mapping that they, the dictionary and the schema come from."""

import csv
import datetime
import io
import json
import zipfile
from decimal import Decimal
from xml.etree import ElementTree

import frictionless
import openpyxl
import pytest
import time_machine
from django.conf import settings
from django.core.management import call_command
from django.utils.timezone import localtime

from ftap.sheets import SheetError
from laureates import opendata
from laureates.models import Announcement, Laureate
from laureates.opendata import native, schema
from laureates.opendata.fields import FIELDS
from tests.factories import (
    PAST,
    AnnouncementFactory,
    CarrierFactory,
    LaureateFactory,
    LaureateGroupFactory,
    MinistryFactory,
    OrganisationFactory,
    ReleaseFactory,
    TerritoryFactory,
    ThemeFactory,
)

pytestmark = pytest.mark.django_db

SITE = "https://ftap.example.org"
SIRET = "12345678200010"
NOON = datetime.datetime(2027, 3, 1, 12, 0, tzinfo=datetime.UTC)
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
FORMULAS = ("=1+1", "+33 1", "-1", "@somme", "\t=1", "＝1", " =1")


def public():
    return Laureate.objects.published().in_public_order()


def joined(pieces):
    return b"".join(pieces)


def read_csv(content):
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def as_csv(queryset=None, context=None):
    context = context or opendata.context(SITE)
    return joined(native.stream_csv(public() if queryset is None else queryset, context))


def as_json(queryset=None):
    context = opendata.context(SITE)
    metadata = native.about(context, title="Essai")
    return json.loads(
        joined(native.stream_json(public() if queryset is None else queryset, context, metadata))
    )


@pytest.fixture
def seed():
    call_command("loaddata", *settings.LOCAL_FIXTURES, verbosity=0)


def only_row():
    (row,) = read_csv(as_csv())
    return row


@pytest.fixture
def complete():
    """A laureate of which everything is known."""
    ministry = MinistryFactory(name="Ministère de l’Essai")
    lead = OrganisationFactory(name="Agence publique", siret=SIRET)
    region = TerritoryFactory(name="Grand Est", code="44")
    laureate = LaureateFactory(
        announcement=AnnouncementFactory(
            slug="essai-2019",
            session_label="2de session",
            committee_on=datetime.date(2019, 9, 23),
            source_url="https://example.org/source",
            source_on=datetime.date(2019, 9, 25),
        ),
        position=1,
        group=LaureateGroupFactory(
            announcement__slug="groupes", name="Tiers-lieux", amount=2000000
        ),
        title="Guichet",
        former_titles="Comptoir\nBureau",
        summary="Un guichet.",
        description="Un *guichet*.\n\nPour tous.",
        amount=Decimal("1200000.50"),
        project_state="en-cours",
        funder_name="Direction de l’Essai",
        funder_siret=SIRET,
        decision_reference="2019-1",
        agreement_signed_on=datetime.date(2020, 1, 31),
        themes=[ThemeFactory(name="Eau", position=1), ThemeFactory(name="Air", position=2)],
        territories=[region, TerritoryFactory(department=True, name="Vosges", code="88")],
    )
    CarrierFactory(
        laureate=laureate, organisation=lead, role="chef-de-file", announced_name="L’Agence"
    )
    CarrierFactory(laureate=laureate, organisation=ministry, role="co-porteur")
    ReleaseFactory(announcement=laureate.announcement)
    ReleaseFactory(announcement=laureate.announcement)
    return laureate


# What is written -------------------------------------------------------------


def test_everything_known_is_written(complete):
    row = only_row()
    assert list(row) == [field.name for field in FIELDS]
    changed = opendata.context(SITE).version.changed_at
    assert row == {
        "id": complete.public_id,
        "url": f"{SITE}/laureats/{complete.public_id}-{complete.slug}/",
        "appel": complete.announcement.call_title,
        "annee": "2019",
        "session": "2de session",
        "annonce": "essai-2019",
        "rang": "1",
        "groupe": "Tiers-lieux",
        "date_copil": "2019-09-23",
        "date_publication": "2019-09-25T10:00:00+02:00",
        "titre": "Guichet",
        "titre_propre": "oui",
        "anciens_titres": "Comptoir; Bureau",
        "resume": "Un guichet.",
        "description": "Un *guichet*.\n\nPour tous.",
        "porteurs": "Agence publique; Ministère de l’Essai",
        "porteurs_annonces": "L’Agence; Ministère de l’Essai",
        "porteurs_siret": f"{SIRET}; ",
        "chef_de_file": "Agence publique",
        "chef_de_file_siret": SIRET,
        "co_porteurs": "Ministère de l’Essai",
        "nb_porteurs": "2",
        "type_porteur": "opérateur ou établissement public; ministère",
        "echelon": "national",
        "themes": "Eau; Air",
        "territoire": "Vosges (88); Grand Est",
        "territoire_code": "département:88; région:44",
        "montant_retenu_eur": "1200000.50",
        "montant_statut": "communiqué",
        "montant_groupe_eur": "2000000",
        "statut_projet": "en cours",
        "attribuant": "Direction de l’Essai",
        "attribuant_siret": SIRET,
        "reference_decision": "2019-1",
        "date_convention": "2020-01-31",
        "source_url": "https://example.org/source",
        "source_date": "2019-09-25",
        "version_publication": "2",
        "modifie_le": localtime(complete.updated_at).isoformat(timespec="seconds"),
        "licence": "Licence Ouverte 2.0 (Etalab)",
        "donnees_au": localtime(changed).date().isoformat(),
    }


def test_what_is_unknown_stays_empty():
    laureate = LaureateFactory(carriers=[OrganisationFactory(kind="autre")])
    row = only_row()
    unknown = {name for name, value in row.items() if value == ""}
    assert unknown == {
        "groupe",
        "montant_groupe_eur",
        "session",
        "date_copil",
        "anciens_titres",
        "resume",
        "description",
        "porteurs_siret",
        "chef_de_file",
        "chef_de_file_siret",
        "co_porteurs",
        "echelon",
        "themes",
        "territoire",
        "territoire_code",
        "montant_retenu_eur",
        "statut_projet",
        "attribuant",
        "attribuant_siret",
        "reference_decision",
        "date_convention",
        "source_url",
        "source_date",
        "version_publication",
    }
    assert row["montant_statut"] == "non communiqué"
    (item,) = as_json()["laureats"]
    assert {name for name, value in item.items() if value is None} == unknown
    assert item["id"] == laureate.public_id


def test_required_fields_are_those_never_empty(complete):
    LaureateFactory()
    for row in opendata.rows(public(), opendata.context(SITE)):
        for field in FIELDS:
            assert not field.required or row[field.name] is not None, field.name


@pytest.mark.parametrize(
    ("amount", "shown"), [("1200000", "1200000"), ("0.5", "0.50"), ("123456789012.34", None)]
)
def test_numbers_stay_numbers_to_the_cent(amount, shown):
    LaureateFactory(amount=Decimal(amount))
    assert only_row()["montant_retenu_eur"] == (shown or amount)
    (item,) = as_json()["laureats"]
    assert Decimal(str(item["montant_retenu_eur"])) == Decimal(amount)


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_text_never_becomes_a_formula_and_json_keeps_it(formula):
    LaureateFactory(title=formula, carriers=[OrganisationFactory(name=f"{formula} org")])
    row = only_row()
    assert row["titre"] == f"'{formula}".replace("\t", " ")
    assert row["porteurs"].startswith("'")
    (item,) = as_json()["laureats"]
    assert (item["titre"], item["porteurs"]) == (formula, [f"{formula} org"])
    book = openpyxl.load_workbook(
        io.BytesIO(native.workbook(public(), opendata.context(SITE), "xlsx", "Essai", ""))
    )
    cells = [cell for line in book["Lauréats"].iter_rows(min_row=2) for cell in line]
    assert not [cell for cell in cells if cell.data_type == "f"]


def test_csv_is_written_as_its_standard_says(complete):
    content = as_csv()
    assert content.startswith(b"\xef\xbb\xbfid,url,")
    assert content.endswith(b"\r\n")
    lines = content.decode("utf-8-sig").split("\r\n")
    assert len(lines) == 3
    assert "\n\nPour tous." in lines[1]


def test_a_description_longer_than_a_cell_is_whole_in_csv_and_cut_in_a_workbook():
    LaureateFactory(description="été " * 10_000)
    assert len(only_row()["description"]) == 40_000
    content = native.workbook(public(), opendata.context(SITE), "xlsx", "Essai", "")
    sheet = openpyxl.load_workbook(io.BytesIO(content))["Lauréats"]
    names = [field.name for field in FIELDS]
    cell = sheet.cell(2, names.index("description") + 1)
    assert len(cell.value) <= 32_767
    assert "texte coupé" in cell.value


def test_json_says_what_it_is(complete):
    context = opendata.context(SITE)
    metadata = native.about(
        context,
        title="Essai",
        address=f"{SITE}/laureats/export.json",
        filters="1 projet lauréat",
        problems=["Un filtre est ignoré."],
    )
    found = json.loads(joined(native.stream_json(public(), context, metadata)))
    assert found["metadonnees"] == {
        "titre": "Essai",
        "contenu": "1 projet lauréat",
        "adresse": f"{SITE}/laureats/export.json",
        "donnees_au": context.as_of.isoformat(),
        "licence": {
            "nom": "Licence Ouverte 2.0 (Etalab)",
            "adresse": "https://www.etalab.gouv.fr/licence-ouverte-open-licence/",
        },
        "attribution": native.attribution(context),
        "dictionnaire": f"{SITE}/donnees/dictionnaire/",
        "schema": f"{SITE}/donnees/schema.json",
        "avertissements": ["Un filtre est ignoré."],
        "nombre": 1,
    }
    (item,) = found["laureats"]
    assert item["themes"] == ["Eau", "Air"]
    assert item["porteurs_siret"] == [SIRET, None]
    assert item["montant_retenu_eur"] == 1200000.5
    assert item["annee"] == 2019


@pytest.mark.parametrize("format", ["xlsx", "ods"])
def test_a_workbook_has_a_second_sheet_that_says_what_it_is(complete, format):
    content = native.workbook(
        public(),
        opendata.context(SITE),
        format,
        "Essai",
        "1 projet lauréat",
        address=f"{SITE}/laureats/export.{format}",
        problems=["Un filtre est ignoré."],
    )
    tables = tables_of(content, format)
    assert list(tables) == ["Lauréats", "À propos"]
    header, row = tables["Lauréats"]
    assert header == [field.label for field in FIELDS]
    assert row[header.index("Titre")] == "Guichet"
    assert row[header.index("Année de l’appel")] == "2019"
    about = dict(tables["À propos"][1:])
    assert about["Contenu"] == "1 projet lauréat"
    assert about["Nombre de projets"] == "1"
    assert about["Licence"].startswith("Licence Ouverte 2.0 (Etalab)")
    assert about["Adresse"] == f"{SITE}/laureats/export.{format}"
    assert about["Avertissement"] == "Un filtre est ignoré."
    assert "Données au" in about


def tables_of(content, format):
    """{sheet: rows of texts} of a workbook."""
    if format == "xlsx":
        book = openpyxl.load_workbook(io.BytesIO(content))
        return {
            sheet.title: [
                ["" if cell is None else str(cell) for cell in line]
                for line in sheet.iter_rows(values_only=True)
            ]
            for sheet in book
        }
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        root = ElementTree.fromstring(archive.read("content.xml"))
    return {
        table.get(f"{TABLE}name"): [
            [
                "\n".join("".join(part.itertext()) for part in cell.iter(f"{TEXT}p"))
                for cell in line.iter(f"{TABLE}table-cell")
            ]
            for line in table.iter(f"{TABLE}table-row")
        ]
        for table in root.iter(f"{TABLE}table")
    }


def test_numbers_and_dates_of_a_workbook_are_typed(complete):
    content = native.workbook(public(), opendata.context(SITE), "xlsx", "Essai", "")
    sheet = openpyxl.load_workbook(io.BytesIO(content))["Lauréats"]
    cells = dict(zip((field.name for field in FIELDS), sheet[2], strict=True))
    assert cells["montant_retenu_eur"].value == 1200000.5
    assert (cells["annee"].value, cells["annee"].number_format) == (2019, "0")
    assert cells["date_copil"].value == datetime.datetime(2019, 9, 23)
    assert cells["date_publication"].value == datetime.datetime(2019, 9, 25, 10, 0)


def test_a_workbook_has_a_limit_that_is_explained(monkeypatch):
    LaureateFactory.create_batch(2, announcement=AnnouncementFactory())
    monkeypatch.setattr(native, "MAX_WORKBOOK_ROWS", 1)
    with pytest.raises(SheetError, match="Restreignez la liste par des filtres"):
        native.workbook(public(), opendata.context(SITE), "xlsx", "Essai", "")


# Which rows, in which order --------------------------------------------------


def test_rows_follow_the_list_over_several_batches(monkeypatch, django_assert_num_queries):
    monkeypatch.setattr("laureates.opendata.reading.BATCH", 2)
    announcement = AnnouncementFactory()
    for position in (3, 1, 5, 2, 4):
        LaureateFactory(announcement=announcement, position=position, title=f"P{position}")
    queryset = Laureate.objects.published().order_by("-position")
    context = opendata.context(SITE)
    # The keys; for each of three batches: laureates, carriers, themes, territories.
    with django_assert_num_queries(1 + 3 * 4):
        rows = read_csv(as_csv(queryset, context))
    assert [row["titre"] for row in rows] == ["P5", "P4", "P3", "P2", "P1"]


def test_the_context_costs_two_queries(complete, django_assert_num_queries):
    with django_assert_num_queries(2):
        opendata.context(SITE)


def test_a_minute_that_comes_during_a_download_adds_nothing(monkeypatch):
    monkeypatch.setattr("laureates.opendata.native._BYTES", 1)
    with time_machine.travel(NOON - datetime.timedelta(seconds=1), tick=False) as clock:
        LaureateFactory.create_batch(3, announcement=AnnouncementFactory())
        LaureateFactory(announcement=AnnouncementFactory(published_at=NOON), title="Zorglub")
        pieces = native.stream_csv(public(), opendata.context(SITE))
        first = next(pieces)
        clock.move_to(NOON + datetime.timedelta(seconds=1))
        content = first + joined(pieces)
        assert len(read_csv(content)) == 3
        assert "Zorglub" not in content.decode()
        assert "Zorglub" in as_csv().decode()


def test_the_list_is_settled_before_the_first_piece():
    """As long as nothing is read, what a view has counted is what it will send."""
    laureate = LaureateFactory()
    pieces = native.stream_csv(public(), opendata.context(SITE))
    LaureateFactory(announcement=laureate.announcement)
    assert len(read_csv(joined(pieces))) == 1


# Dates -----------------------------------------------------------------------


def test_frozen_files_are_the_same_whenever_they_are_made(complete):
    release = complete.announcement.releases.get(number=1)
    laureates = complete.announcement.laureates.order_by("position")
    made = []
    for year in (2027, 2030):
        with time_machine.travel(datetime.datetime(year, 1, 1, tzinfo=datetime.UTC), tick=False):
            context = opendata.context(SITE, release=release)
            made.append(
                (
                    joined(native.stream_csv(laureates, context)),
                    joined(
                        native.stream_json(laureates, context, native.about(context, title="E"))
                    ),
                    native.workbook(laureates, context, "xlsx", "E", ""),
                    native.workbook(laureates, context, "ods", "E", ""),
                )
            )
            complete.save()  # moves its date of modification
    assert made[0] == made[1]
    (row,) = read_csv(made[0][0])
    assert row["version_publication"] == "1"
    assert row["donnees_au"] == localtime(release.published_at).date().isoformat()
    assert datetime.datetime.fromisoformat(row["modifie_le"]) <= release.published_at


def test_a_release_to_come_is_not_that_of_a_public_announcement():
    laureate = LaureateFactory()
    ReleaseFactory(announcement=laureate.announcement)
    ReleaseFactory(announcement=laureate.announcement, published_at=NOON)
    with time_machine.travel(NOON - datetime.timedelta(seconds=1), tick=False):
        assert only_row()["version_publication"] == "1"
    with time_machine.travel(NOON, tick=False):
        assert only_row()["version_publication"] == "2"


def test_what_is_modified_under_embargo_is_dated_of_its_publication():
    with time_machine.travel(NOON - datetime.timedelta(days=30), tick=False):
        LaureateFactory(announcement=AnnouncementFactory(published_at=NOON))
    with time_machine.travel(NOON + datetime.timedelta(days=1), tick=False):
        assert only_row()["modifie_le"] == "2027-03-01T13:00:00+01:00"


def test_before_any_publication_files_are_empty_and_undated():
    context = opendata.context(SITE)
    assert context.as_of is None
    assert read_csv(as_csv()) == []
    found = as_json()
    assert found["laureats"] == []
    assert "donnees_au" not in found["metadonnees"]
    for format in ("xlsx", "ods"):
        assert native.workbook(public(), context, format, "Essai", "")


# Dictionary and schema -------------------------------------------------------


def test_the_dictionary_and_the_schema_describe_every_field():
    names = [field.name for field in FIELDS]
    assert len(set(names)) == len(names) > 30
    assert [line["nom"] for line in read_csv(joined(schema.dictionary_csv()))] == names
    described = opendata.table_schema(SITE)["fields"]
    assert [field["name"] for field in described] == names
    for field in FIELDS:
        assert field.label, field.name
        assert field.description.endswith("."), field.name
        assert field.example, field.name


def test_the_schema_is_a_table_schema_and_its_examples_satisfy_it(tmp_path):
    descriptor = opendata.table_schema(SITE)
    assert frictionless.Schema.from_descriptor(descriptor).to_descriptor()["fields"]
    example = {field.name: field.example for field in FIELDS}
    path = tmp_path / "exemple.csv"
    path.write_bytes(joined(native.table(list(example), [list(example.values())])))
    assert problems_of(path, descriptor) == []


def problems_of(path, descriptor):
    """What frictionless reproaches to a CSV read under a schema."""
    resource = frictionless.Resource(
        path=path.name,
        basepath=str(path.parent),
        format="csv",
        encoding="utf-8-sig",
        schema=frictionless.Schema.from_descriptor(descriptor),
    )
    report = resource.validate()
    return [error.message for task in report.tasks for error in task.errors] + [
        error.message for error in report.errors
    ]


def test_the_csv_satisfies_its_schema(complete, tmp_path):
    LaureateFactory(carriers=[OrganisationFactory(kind="service-deconcentre")])
    LaureateFactory(title="=1", summary='a,b "c"\nd', amount=3)
    path = tmp_path / "laureats.csv"
    path.write_bytes(as_csv())
    assert problems_of(path, opendata.table_schema(SITE)) == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("montant_retenu_eur", "beaucoup"),
        ("montant_statut", "peut-être"),
        ("date_copil", "23/09/2019"),
        ("titre", ""),
        ("echelon", "national; local"),
        ("annee", "deux mille"),
    ],
)
def test_the_schema_refuses_what_is_wrong(complete, tmp_path, column, value):
    row = only_row() | {column: value}
    path = tmp_path / "faux.csv"
    path.write_bytes(joined(native.table(list(row), [list(row.values())])))
    assert problems_of(path, opendata.table_schema(SITE))


def test_the_seed_satisfies_its_schema(tmp_path, seed):
    path = tmp_path / "laureats.csv"
    path.write_bytes(as_csv())
    assert problems_of(path, opendata.table_schema(SITE)) == []
    rows = read_csv(as_csv())
    assert len(rows) == 16
    assert {row["montant_statut"] for row in rows} == {"non communiqué"}
    assert Announcement.objects.get().published_at < PAST
