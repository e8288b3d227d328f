"""Formats of standards that are not ours: who is taken, who is left out and why, and validity."""

import csv
import datetime
import io
import json
import re
import warnings
from decimal import Decimal
from pathlib import Path

import frictionless
import jsonschema
import pytest
import rdflib
import time_machine
from django.conf import settings as django_settings
from django.core.management import call_command
from django.urls import reverse
from rdflib.namespace import DCAT, DCTERMS, FOAF, RDF, XSD

from laureates import details, opendata
from laureates.models import Laureate
from laureates.opendata import conformity, jsonld, scdl, threesixty
from tests.factories import (
    AnnouncementFactory,
    CarrierFactory,
    LaureateFactory,
    MinistryFactory,
    OrganisationFactory,
    ReleaseFactory,
    ReleaseFileFactory,
    TerritoryFactory,
    ThemeFactory,
)

pytestmark = pytest.mark.django_db

SITE = "https://ftap.example.org"
SCHEMAS = Path(__file__).resolve().parent.parent / "schemas"
SIRETS = ("12345678200010", "12345678200028")
SPDX = rdflib.Namespace("http://spdx.org/rdf/terms#")
NOON = datetime.datetime(2027, 3, 1, 12, 0, tzinfo=datetime.UTC)


def public():
    return Laureate.objects.published().in_public_order()


def complete(**values):
    """A laureate that every standard takes, but for `values`."""
    values = {
        "title": "Guichet, « unique »",
        "summary": "Un seul guichet.",
        "amount": Decimal("1200000.50"),
        "funder_name": "Direction de l’Essai",
        "funder_siret": SIRETS[0],
        "decision_reference": "2019-1",
        "agreement_signed_on": datetime.date(2020, 1, 31),
        "payment_terms": "échelonné",
        "payment_period": "2020-02-01/2022-12-31",
        "programme_code": "FTAP-2019",
    } | values
    if "announcement" not in values:
        values["announcement"] = AnnouncementFactory(committee_on=datetime.date(2019, 9, 23))
    if "carriers" not in values:
        values["carriers"] = [OrganisationFactory(siret=SIRETS[1])]
    return LaureateFactory(**values)


@pytest.fixture
def seed():
    call_command("loaddata", *django_settings.LOCAL_FIXTURES, verbosity=0)


# SCDL ------------------------------------------------------------------------


def scdl_problems(content, path):
    """What breaks the schema of the standard, and its rule on shares."""
    path.write_bytes(content)
    descriptor = json.loads((SCHEMAS / "scdl-subventions-2.1.1.json").read_text())
    resource = frictionless.Resource(
        path=path.name,
        basepath=str(path.parent),
        format="csv",
        encoding="utf-8",
        schema=frictionless.Schema.from_descriptor(descriptor),
    )
    report = resource.validate()
    problems = [error.message for task in report.tasks for error in task.errors]
    shares = {}
    for row in csv.DictReader(io.StringIO(content.decode())):
        key = tuple(row[name] for name in ("idAttribuant", "dateConvention", "objet", "montant"))
        shares[key] = shares.get(key, 0) + Decimal(row["pourcentageSubvention"])
    return problems + [f"{key}: {total}" for key, total in shares.items() if total != 1]


def scdl_csv():
    return b"".join(scdl.stream_csv(public()))


def test_a_complete_laureate_is_a_row_of_scdl(tmp_path):
    complete()
    content = scdl_csv()
    assert scdl_problems(content, tmp_path / "scdl.csv") == []
    (row,) = csv.DictReader(io.StringIO(content.decode()))
    assert list(row) == list(scdl.COLUMNS)
    assert row["montant"] == "1200000.50"
    assert row["idBeneficiaire"] == SIRETS[1]
    assert row["pourcentageSubvention"] == "1"
    assert row["notificationUE"] == "non"
    assert row["dispositifAide"] == "FTAP-2019"


def test_the_schema_of_the_tests_refuses_a_false_row(tmp_path):
    complete()
    content = scdl_csv()
    for right, wrong in (
        (b",1200000.50,", b",beaucoup,"),
        (b",non,1,", b",peut-etre,1,"),
        (b",2020-01-31,", b",31/01/2020,"),
        (SIRETS[0].encode(), b"123"),
        (b",non,1,", b",non,0.5,"),
    ):
        assert right in content
        assert scdl_problems(content.replace(right, wrong), tmp_path / "faux.csv"), wrong


HOLES = {
    "funder_name": ("", "le nom de l’attribuant n’est pas communiqué"),
    "funder_siret": (
        "",
        "le SIRET de l’attribuant n’est pas communiqué, ou n’a pas 14 chiffres",
    ),
    "agreement_signed_on": (
        None,
        "la date de signature de la convention n’est pas communiquée",
    ),
    "amount": (None, "le montant accordé n’est pas communiqué"),
    "payment_terms": ("", "les conditions de versement ne sont pas communiquées"),
    "payment_period": ("", "les dates de versement ne sont pas communiquées"),
    "title": ("t" * 257, "le titre dépasse 256 caractères"),
}


@pytest.mark.parametrize("name", HOLES)
def test_a_hole_leaves_a_laureate_out_of_scdl_with_its_reason(name):
    value, reason = HOLES[name]
    laureate = complete(**{name: value})
    assert scdl.refusals(laureate) == [reason]
    assert len(scdl_csv().splitlines()) == 1


def test_a_beneficiary_without_siret_leaves_the_laureate_out_of_scdl():
    laureate = complete(carriers=[OrganisationFactory(siret="")])
    assert scdl.refusals(laureate) == [
        "le SIRET d’un bénéficiaire n’est pas connu, ou n’a pas 14 chiffres"
    ]


@pytest.mark.parametrize("roles", [(None, None), ("chef-de-file", "co-porteur")])
def test_an_amount_is_never_shared_between_beneficiaries(roles):
    laureate = complete(carriers=[])
    for role, siret in zip(roles, SIRETS, strict=True):
        CarrierFactory(laureate=laureate, role=role, organisation=OrganisationFactory(siret=siret))
    assert scdl.refusals(laureate) == [
        "plusieurs organismes portent le projet, et la part de chacun n’est pas communiquée"
    ]


def test_who_only_supports_a_project_is_no_beneficiary(tmp_path):
    laureate = complete()
    CarrierFactory(laureate=laureate, role="soutien", organisation=OrganisationFactory())
    assert scdl.refusals(laureate) == []
    assert scdl_problems(scdl_csv(), tmp_path / "scdl.csv") == []
    alone = complete(carriers=[])
    CarrierFactory(laureate=alone, role="soutien", organisation=OrganisationFactory())
    assert scdl.refusals(alone) == ["aucun bénéficiaire n’est connu"]


# 360Giving -------------------------------------------------------------------


def package():
    return threesixty.package(public(), opendata.context(SITE))


def validator():
    schema = json.loads((SCHEMAS / "360giving-1.4.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )


def test_a_complete_laureate_is_a_grant_of_360giving():
    region = TerritoryFactory(name="Grand Est")
    laureate = complete(themes=[ThemeFactory(name="Eau", slug="eau")], territories=[region])
    document = package()
    validator().validate(document)
    (grant,) = document["grants"]
    assert grant["id"] == f"ftap-{laureate.public_id}"
    assert grant["amountAwarded"] == 1200000.5
    assert grant["awardDate"] == "2019-09-23"
    assert grant["fundingOrganization"] == [
        {"id": f"FR-SIRET-{SIRETS[0]}", "name": "Direction de l’Essai"}
    ]
    assert grant["recipientOrganization"][0]["id"] == f"FR-SIRET-{SIRETS[1]}"
    assert grant["locationScope"] == "GLS040"
    assert grant["classifications"][0]["code"] == "eau"
    assert document["issued"] == "2019-09-25T10:00:00+02:00"


def test_the_schema_of_the_tests_refuses_a_false_package():
    complete()
    for name, value in (
        ("amountAwarded", "1200000"),
        ("amountAwarded", 0),
        ("awardDate", "23/09/2019"),
        ("recipientOrganization", []),
        ("description", ""),
        ("inconnu", "?"),
    ):
        document = package()
        document["grants"][0][name] = value
        assert not validator().is_valid(document), name
    assert not validator().is_valid(package() | {"grants": []})


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"amount": None}, "le montant accordé n’est pas communiqué"),
        ({"summary": ""}, "aucune description n’accompagne le projet"),
        ({"funder_name": ""}, "le nom de l’attribuant n’est pas communiqué"),
        ({"funder_siret": ""}, "le SIRET de l’attribuant n’est pas communiqué"),
        ({"carriers": []}, "aucun bénéficiaire n’est connu"),
    ],
)
def test_a_hole_leaves_a_laureate_out_of_360giving_with_its_reason(values, reason):
    laureate = complete(**values)
    assert threesixty.refusals(laureate) == [reason]
    assert package()["grants"] == []


def test_without_a_date_of_decision_there_is_no_grant():
    laureate = complete(announcement=AnnouncementFactory(committee_on=None))
    assert threesixty.refusals(laureate) == ["la date de la décision n’est pas communiquée"]


def test_the_recipient_is_who_leads_and_the_description_names_the_others():
    laureate = complete(carriers=[])
    lead = OrganisationFactory(name="Agence", slug="agence")
    CarrierFactory(laureate=laureate, organisation=MinistryFactory(name="Ministère"))
    carrier = CarrierFactory(laureate=laureate, organisation=lead)
    assert threesixty.refusals(laureate) == [
        "plusieurs organismes portent le projet, et aucune source ne dit qui le mène"
    ]
    carrier.role = "chef-de-file"
    carrier.save()
    document = package()
    validator().validate(document)
    (grant,) = document["grants"]
    assert grant["recipientOrganization"] == [
        {
            "id": "ftap-organisme-agence",
            "name": "Agence",
            "url": f"{SITE}/organisations/agence/",
        }
    ]
    assert grant["description"] == "Un seul guichet.\n\nAutres organismes\u00a0: Ministère."


# What each standard takes ----------------------------------------------------


def test_with_the_seed_alone_no_standard_takes_any_of_the_sixteen(seed):
    report = {item.standard.route: item for item in conformity.report()}
    assert {name: (item.accepted, item.total) for name, item in report.items()} == {
        "laureates:scdl": (0, 16),
        "laureates:threesixty": (0, 16),
    }
    for item in report.values():
        reasons = {reason: len(laureates) for reason, laureates in item.reasons}
        assert reasons["le montant accordé n’est pas communiqué"] == 16
        assert item.left_out == 16


def test_the_seed_leaves_the_files_empty(seed, client):
    assert len(scdl_csv().splitlines()) == 1
    assert package()["grants"] == []
    page = client.get(reverse("laureates:conformity")).content.decode()
    words = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert words.count("0 projet accepté sur 16.") == 2
    assert words.count("vide pour l’instant") == 2


def test_the_report_counts_and_names_who_is_left_out(client):
    taken = complete()
    out = complete(amount=None, title="Projet écarté", carriers=[OrganisationFactory()])
    LaureateFactory(announcement=AnnouncementFactory(embargoed=True))
    for item in conformity.report():
        assert (item.accepted, item.total, item.left_out) == (1, 2, 1)
        assert all(laureates == [out] for _, laureates in item.reasons)
    page = client.get(reverse("laureates:conformity")).content.decode()
    assert page.count("1 projet accepté sur 2.") == 2
    assert out.get_absolute_url() in page
    assert taken.get_absolute_url() not in page


def test_candidates_narrow_without_losing_any():
    """What the database leaves out, the rules refuse as well."""
    complete()
    for name in ("amount", "agreement_signed_on"):
        complete(**{name: None}, carriers=[])
    complete(funder_siret="", carriers=[])
    complete(announcement=AnnouncementFactory(), carriers=[])
    for standard in (scdl, threesixty):
        kept = {row.pk for row in standard.candidates(public())}
        accepted = {row.pk for row in public() if not standard.refusals(row)}
        assert accepted <= kept
        assert {row.pk for row in standard.accepted(public())} == accepted
        assert len(kept) < public().count()


# DCAT ------------------------------------------------------------------------


def graph(context=None):
    document = opendata.dcat.catalog(public(), context or opendata.context(SITE))
    found = rdflib.Graph()
    with warnings.catch_warnings():
        # rdflib warns of what its own reader of JSON-LD uses.
        warnings.filterwarnings("ignore", "ConjunctiveGraph", DeprecationWarning)
        found.parse(data=json.dumps(document), format="json-ld")
    return found


def datasets(catalogue):
    return {
        str(catalogue.value(node, DCTERMS.identifier)): node
        for node in catalogue.objects(None, DCAT.dataset)
    }


def test_the_catalogue_has_what_portals_read(settings):
    settings.CONTACT_EMAIL = "contact@example.org"
    with time_machine.travel(NOON, tick=False):
        complete()
        complete(amount=None, carriers=[])
    with time_machine.travel(NOON + datetime.timedelta(days=3), tick=False):
        catalogue = graph()
    (root,) = catalogue.subjects(RDF.type, DCAT.Catalog)
    assert str(root) == f"{SITE}/donnees/catalog.jsonld"
    found = datasets(catalogue)
    assert set(found) == {"ftap-laureats", "ftap-subventions-scdl", "ftap-360giving"}
    for node in found.values():
        assert catalogue.value(node, RDF.type) == DCAT.Dataset
        assert catalogue.value(node, DCTERMS.title).language == "fr"
        assert catalogue.value(node, DCTERMS.description).language == "fr"
        assert str(catalogue.value(node, DCTERMS.license)) == (
            "https://www.etalab.gouv.fr/licence-ouverte-open-licence"
        )
        assert catalogue.value(catalogue.value(node, DCTERMS.publisher), FOAF.name)
        assert str(catalogue.value(node, DCAT.landingPage)) == f"{SITE}/donnees/"
        modified = catalogue.value(node, DCTERMS.modified)
        assert modified.datatype == XSD.dateTime
        assert modified.toPython() == NOON
        issued = catalogue.value(node, DCTERMS.issued)
        assert issued.datatype == XSD.dateTime
        period = catalogue.value(node, DCTERMS.temporal)
        assert catalogue.value(period, DCAT.startDate).toPython() == datetime.date(2019, 9, 23)
        contact = catalogue.value(node, DCAT.contactPoint)
        assert "mailto:contact@example.org" in {str(o) for o in catalogue.objects(contact)}
        assert list(catalogue.objects(node, DCAT.distribution))
    for node in catalogue.subjects(RDF.type, DCAT.Distribution):
        for property in (DCTERMS.title, DCTERMS.format, DCAT.mediaType, DCTERMS.identifier):
            assert catalogue.value(node, property), property
        assert str(catalogue.value(node, DCAT.accessURL)).startswith(f"{SITE}/")
        is_service = catalogue.value(node, DCAT.accessService) is not None
        assert is_service == (catalogue.value(node, DCAT.downloadURL) is None)
    # Every address is absolute: none was read as relative to the document.
    for term in catalogue.all_nodes():
        if isinstance(term, rdflib.URIRef):
            assert re.match(r"(https?|mailto):", str(term)), term


def test_every_address_of_the_catalogue_answers(client):
    complete()
    catalogue = graph()
    addresses = {
        str(url)
        for property in (DCAT.downloadURL, DCAT.endpointURL, DCAT.endpointDescription)
        for url in catalogue.objects(None, property)
    }
    assert len(addresses) == 8
    for address in addresses:
        assert client.get(address.removeprefix(SITE)).status_code == 200


def test_the_catalogue_lists_no_file_without_a_row():
    LaureateFactory()
    assert set(datasets(graph())) == {"ftap-laureats"}


def test_frozen_files_have_their_size_and_digest():
    laureate = complete()
    release = ReleaseFactory(announcement=laureate.announcement)
    file = ReleaseFileFactory(release=release, name="laureats-essai-v1.csv")
    withheld = ReleaseFactory(
        announcement=complete(carriers=[]).announcement,
        withheld_at=NOON,
        withheld_reason="Retirés.",
    )
    ReleaseFileFactory(release=withheld, name="laureats-retires-v1.csv")
    catalogue = graph()
    (checksum,) = catalogue.objects(None, SPDX.checksum)
    (node,) = catalogue.subjects(SPDX.checksum, checksum)
    assert str(catalogue.value(node, DCAT.downloadURL)).endswith("/laureats-essai-v1.csv")
    assert int(catalogue.value(node, DCAT.byteSize)) == file.size
    assert str(catalogue.value(checksum, SPDX.checksumValue)) == file.sha256


def test_an_embargo_is_never_a_date_of_the_catalogue(client):
    with time_machine.travel(NOON - datetime.timedelta(days=2), tick=False):
        complete()
        complete(
            announcement=AnnouncementFactory(
                published_at=NOON, committee_on=datetime.date(2027, 2, 1)
            ),
            carriers=[],
        )
    with time_machine.travel(NOON - datetime.timedelta(seconds=1), tick=False):
        before = client.get(reverse("laureates:dcat"))
        text = b"".join(before.streaming_content).decode()
        assert "2027-03-01" not in text
        assert "2027-02-01" not in text
        assert before["Content-Type"] == "application/ld+json"
    with time_machine.travel(NOON, tick=False):
        text = b"".join(client.get(reverse("laureates:dcat")).streaming_content).decode()
        assert "2027-03-01T13:00:00+01:00" in text


def test_an_empty_site_has_a_catalogue():
    catalogue = graph()
    (node,) = datasets(catalogue).values()
    assert catalogue.value(node, DCTERMS.modified) is None
    assert list(catalogue.objects(node, DCAT.distribution))


# JSON-LD ---------------------------------------------------------------------


def linked_data(response):
    """The nodes of a page's structured data, by type."""
    blocks = re.findall(
        r'<script type="application/ld\+json">(.*?)</script>', response.content.decode(), re.DOTALL
    )
    assert len(blocks) == 1
    document = json.loads(blocks[0])
    assert document["@context"] == "https://schema.org"
    return {node["@type"]: node for node in document["@graph"]}


def test_a_project_is_a_grant_whose_unknown_amount_is_left_out(client):
    known, unknown = complete(), complete(amount=None, carriers=[])
    nodes = linked_data(client.get(known.get_absolute_url()))
    grant = nodes["MonetaryGrant"]
    assert grant["amount"] == {
        "@type": "MonetaryAmount",
        "currency": "EUR",
        "value": 1200000.5,
    }
    assert grant["identifier"] == known.public_id
    assert grant["url"] == f"http://testserver{known.get_absolute_url()}"
    assert grant["funder"]["name"] == "Direction de l’Essai"
    assert len(grant["fundedItem"]["member"]) == 1
    assert "parentOrganization" not in grant["fundedItem"]
    assert [step["name"] for step in nodes["BreadcrumbList"]["itemListElement"]] == [
        "Accueil",
        "Lauréats",
        known.title,
    ]
    nodes = linked_data(client.get(unknown.get_absolute_url()))
    assert "amount" not in nodes["Grant"]
    assert "MonetaryGrant" not in nodes


def test_a_known_lead_is_named():
    laureate = complete(carriers=[])
    CarrierFactory(
        laureate=laureate, role="chef-de-file", organisation=OrganisationFactory(name="Agence")
    )
    node = jsonld.laureate(details.read(laureate.detail.content), SITE)
    assert node["fundedItem"]["parentOrganization"]["name"] == "Agence"


def test_lists_tell_their_ranks_and_their_total(client):
    announcement = AnnouncementFactory()
    for position in range(1, 24):
        LaureateFactory(announcement=announcement, position=position)
    nodes = linked_data(client.get(f"{reverse('laureates:library')}?page=2"))
    items = nodes["ItemList"]
    assert items["numberOfItems"] == 23
    assert [item["position"] for item in items["itemListElement"]] == [21, 22, 23]
    nodes = linked_data(client.get(announcement.get_absolute_url()))
    page = nodes["CollectionPage"]
    assert page["datePublished"] == "2019-09-25T10:00:00+02:00"
    assert page["mainEntity"]["numberOfItems"] == 23


def test_an_organisation_and_the_data_describe_themselves(client):
    ministry = MinistryFactory(name="Ministère de l’Essai", siret=SIRETS[0])
    complete(carriers=[ministry])
    nodes = linked_data(client.get(ministry.get_absolute_url()))
    organisation = nodes["GovernmentOrganization"]
    assert organisation["identifier"]["value"] == SIRETS[0]
    assert nodes["ItemList"]["numberOfItems"] == 1
    dataset = linked_data(client.get(reverse("laureates:about_data")))["Dataset"]
    assert dataset["temporalCoverage"] == "2019-09-23/2019-09-23"
    assert {item["encodingFormat"].split("/")[1] for item in dataset["distribution"]} >= {
        "csv",
        "json",
    }
    for item in dataset["distribution"]:
        address = item["contentUrl"].removeprefix("http://testserver")
        assert client.get(address).status_code == 200


@pytest.mark.parametrize(
    "title", ["</script><script>alert(1)</script>", "<!--", "a & b \u2028 c", '"; x="\\']
)
def test_a_title_cannot_leave_the_block_of_data(client, title):
    laureate = complete(title=title)
    response = client.get(laureate.get_absolute_url())
    assert linked_data(response)["MonetaryGrant"]["name"] == title
    page = response.content.decode()
    assert "<script>alert" not in page
    block = page.split('<script type="application/ld+json">')[1].split("</script>")[0]
    assert not set("<>&\u2028\u2029") & set(block)


# Pages and files -------------------------------------------------------------


def test_the_dictionary_page_names_every_column(client):
    page = client.get(reverse("laureates:dictionary")).content.decode()
    for field in opendata.FIELDS:
        assert f"<code>{field.name}</code>" in page
        assert field.label in page


def test_the_data_page_lists_the_files_with_licence_date_and_size(client):
    laureate = complete()
    release = ReleaseFactory(announcement=laureate.announcement)
    ReleaseFileFactory(release=release, name="laureats-v1.csv")
    ReleaseFileFactory(
        release=ReleaseFactory(announcement=complete(carriers=[]).announcement),
        public_id=laureate.public_id,
        name="fiche-v1.pdf",
    )
    page = client.get(reverse("laureates:about_data")).content.decode()
    for name in ("dictionary_csv", "table_schema", "scdl", "threesixty", "dcat"):
        assert f'href="{reverse(f"laureates:{name}")}"' in page
    assert "laureats-v1.csv" in page
    assert "fiche-v1.pdf" not in page
    assert "Fichiers figés" in page


@pytest.mark.parametrize("name", ["table_schema", "threesixty", "dcat", "scdl", "dictionary_csv"])
def test_files_are_revalidated_and_open_to_every_site(client, name):
    complete()
    address = reverse(f"laureates:{name}")
    first = client.get(address)
    assert first.status_code == 200
    assert first["Access-Control-Allow-Origin"] == "*"
    assert first["Cache-Control"] == "public, no-cache"
    again = client.get(address, headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 304
    assert again["Access-Control-Allow-Origin"] == "*"
    LaureateFactory()
    assert client.get(address, headers={"If-None-Match": first["ETag"]}).status_code == 200
    assert b"".join(client.head(address).streaming_content) == b""
    assert client.post(address).status_code == 405
