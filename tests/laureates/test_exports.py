"""Downloads: what they hold is what their page shows, whoever asks, whenever, in every format."""

import csv
import datetime
import io
import json
import re
from decimal import Decimal
from urllib.parse import urlencode

import hypothesis
import openpyxl
import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone
from hypothesis import strategies as st

from laureates import revalidation
from laureates.opendata import native
from tests.factories import (
    PAST,
    AnnouncementFactory,
    LaureateFactory,
    MinistryFactory,
    OrganisationFactory,
    TerritoryFactory,
    ThemeFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

NOON = datetime.datetime(2027, 3, 1, 12, 0, tzinfo=datetime.UTC)
FORMATS = tuple(native.MEDIA_TYPES)


def content(response):
    assert response.status_code == 200
    return b"".join(response.streaming_content)


def export(format, query=""):
    address = reverse("laureates:library_export", args=[format])
    return f"{address}?{query}" if query else address


def ids(response, format="csv"):
    """The public identifiers of a download, in its order."""
    body = content(response)
    if format == "json":
        return [row["id"] for row in json.loads(body)["laureats"]]
    if format == "xlsx":
        rows = openpyxl.load_workbook(io.BytesIO(body))["Lauréats"].iter_rows(values_only=True)
        return [row[0] for row in rows][1:]
    return [row["id"] for row in csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline=""))]


def shown(client, address, name="pages", parameter="page"):
    """The public identifiers that the pages of a list show, from the first to the last."""
    found = []
    while address:
        response = client.get(address, follow=True)
        pages = response.context[name]
        found += [laureate.public_id for laureate in pages]
        address = pages.next_url
    return found


def fill(count):
    """`count` laureates over two announcements, with whatever filters ask for."""
    ministry = MinistryFactory(slug="ministere")
    carriers = [
        ministry,
        OrganisationFactory(slug="agence", supervising_ministry=ministry),
        OrganisationFactory(slug="prefecture", kind="service-deconcentre"),
    ]
    themes = [ThemeFactory(slug="eau"), ThemeFactory(slug="air")]
    region = TerritoryFactory(slug="grand-est")
    territories = [region, TerritoryFactory(department=True, slug="vosges", region=region)]
    announcements = [
        AnnouncementFactory(slug="nouvelle"),
        AnnouncementFactory(
            slug="ancienne", call_year=2018, published_at=PAST - datetime.timedelta(days=300)
        ),
    ]
    words = ("eau", "télémédecine", "agents", "numérique")
    for rank in range(count):
        LaureateFactory(
            announcement=announcements[rank % 2],
            position=100 - rank,
            title=f"Projet {words[rank % 4]} {rank % 7}",
            summary=words[(rank // 4) % 4],
            amount=[None, Decimal(500_000), Decimal(7_000_000)][rank % 3],
            project_state=["", "en-cours"][rank % 2],
            carriers=carriers[: rank % 4] if rank % 4 else [carriers[2]],
            themes=themes[: rank % 3],
            territories=territories[: rank % 3],
        )
    # What must not be downloaded.
    LaureateFactory(announcement=announcements[0], position=999, withdrawn=True, themes=themes)
    LaureateFactory(announcement=AnnouncementFactory(embargoed=True), themes=themes)
    LaureateFactory(announcement=AnnouncementFactory(draft=True), themes=themes)


@pytest.fixture
def library():
    fill(10)


@pytest.fixture
def large_library():
    """Three pages."""
    fill(45)


FILTERS = st.lists(
    st.one_of(
        st.tuples(st.just("q"), st.sampled_from(["eau", "projet", "telemed", "zorglub", "le"])),
        st.tuples(st.just("theme"), st.sampled_from(["eau", "air", "non-renseigne", "inconnu"])),
        st.tuples(st.just("ministere"), st.sampled_from(["ministere", "non-renseigne"])),
        st.tuples(st.just("organisation"), st.sampled_from(["agence", "prefecture"])),
        st.tuples(st.just("type"), st.sampled_from(["ministere", "service-deconcentre"])),
        st.tuples(st.just("territoire"), st.sampled_from(["grand-est", "vosges"])),
        st.tuples(st.just("annonce"), st.sampled_from(["nouvelle", "ancienne"])),
        st.tuples(st.just("annee"), st.sampled_from(["2018", "2019", "1789"])),
        st.tuples(
            st.just("montant"), st.sampled_from(["non-communique", "moins-de-1-million", "x"])
        ),
        st.tuples(st.just("etat"), st.sampled_from(["en-cours", "non-renseigne"])),
        st.tuples(
            st.just("tri"), st.sampled_from(["date", "titre", "montant", "pertinence", "zz"])
        ),
        st.tuples(st.just("par_page"), st.sampled_from(["20", "50"])),
        st.tuples(st.sampled_from(["utm_source", "page"]), st.text(max_size=5)),
    ),
    max_size=5,
)


@hypothesis.settings(
    max_examples=40,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
@hypothesis.given(asked=FILTERS, format=st.sampled_from(["csv", "csv", "json", "xlsx"]))
def test_a_download_of_the_library_is_its_pages_from_the_first_to_the_last(
    client, large_library, asked, format
):
    query = urlencode(asked)
    listed = urlencode([(name, value) for name, value in asked if name != "page"])
    address = reverse("laureates:library")
    assert ids(client.get(export(format, query)), format) == shown(client, f"{address}?{listed}")


def test_the_property_above_compares_several_pages(client, large_library):
    assert len(shown(client, reverse("laureates:library"))) == 45
    assert ids(client.get(export("csv"))) == shown(client, reverse("laureates:library"))


@pytest.mark.parametrize("format", ["csv", "json", "xlsx"])
def test_a_download_of_an_announcement_is_its_page(client, library, format):
    page = client.get(reverse("laureates:announcement", args=["nouvelle"])).content.decode()
    listed = list(dict.fromkeys(re.findall(r'href="/laureats/([a-z0-9]+)-', page)))
    address = reverse("laureates:announcement_export", args=["nouvelle", format])
    found = ids(client.get(address), format)
    assert found == listed
    assert len(found) == 5


@pytest.mark.parametrize("slug", ["ministere", "agence", "prefecture"])
def test_downloads_of_an_organisation_are_its_two_lists(client, library, slug):
    page = reverse("laureates:organisation", args=[slug])
    address = reverse("laureates:organisation_export", args=[slug, "csv"])
    assert ids(client.get(address)) == shown(client, page)
    attached = ids(client.get(f"{address}?perimetre=rattaches"))
    assert attached == shown(client, page, "supervised")


def test_a_ministry_lists_what_organisations_carry_without_it(client):
    ministry = MinistryFactory()
    agency = OrganisationFactory(supervising_ministry=ministry)
    both = LaureateFactory(carriers=[ministry, agency])
    alone = LaureateFactory(carriers=[agency])
    address = reverse("laureates:organisation_export", args=[ministry.slug, "csv"])
    assert ids(client.get(address)) == [both.public_id]
    assert ids(client.get(f"{address}?perimetre=rattaches")) == [alone.public_id]
    wrong = reverse("laureates:organisation_export", args=[ministry.slug, "json"])
    found = json.loads(content(client.get(f"{wrong}?perimetre=tout")))
    assert found["metadonnees"]["avertissements"] == [
        "Le périmètre demandé n’existe pas\u00a0: il est ignoré."
    ]


# What a download says --------------------------------------------------------


def test_headers_of_a_download(client, library):
    with time_machine.travel(NOON, tick=False):
        LaureateFactory(announcement=AnnouncementFactory(published_at=NOON))
    with time_machine.travel(NOON + datetime.timedelta(days=9), tick=False):
        response = client.get(export("csv", "theme=eau"))
        assert response["Content-Type"] == "text/csv; charset=utf-8"
        assert response["Content-Disposition"] == (
            'attachment; filename="laureats-selection-2027-03-01.csv"'
        )
        assert response["Last-Modified"] == "Mon, 01 Mar 2027 12:00:00 GMT"
        assert response["Cache-Control"] == "public, no-cache"
        assert response["X-Robots-Tag"] == "noindex"
        assert response["Access-Control-Allow-Origin"] == "*"
        assert not response.cookies
        assert response.streaming
        plain = client.get(export("ods"))
        assert plain["Content-Disposition"] == 'attachment; filename="laureats-2027-03-01.ods"'
        assert plain["Content-Type"] == native.MEDIA_TYPES["ods"]


def test_json_names_what_was_not_understood_and_csv_stays_a_table(client, library):
    query = "theme=zorglub&tri=zorglub&theme=eau"
    found = json.loads(content(client.get(export("json", query))))
    metadata = found["metadonnees"]
    assert len(metadata["avertissements"]) == 2
    assert all("zorglub" in problem for problem in metadata["avertissements"])
    assert metadata["adresse"] == "http://testserver/laureats/export.json?theme=eau"
    assert "sur le thème" in metadata["contenu"]
    assert metadata["nombre"] == len(found["laureats"]) > 0
    body = content(client.get(export("csv", query))).decode("utf-8-sig")
    assert body.startswith("id,url,")
    assert "zorglub" not in body


@pytest.mark.parametrize(
    "query", ["q=%00", "page=99999999999999999999", "q=" + "x" * 5000, "%ff=%ff"]
)
@pytest.mark.parametrize("format", FORMATS)
def test_whatever_is_asked_a_download_answers(client, library, format, query):
    assert client.get(export(format, query)).status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "/laureats/export.pdf",
        "/laureats/export.CSV",
        "/laureats/export.",
        "/annonces/inconnue/laureats.csv",
        "/annonces/nouvelle/laureats.xml",
        "/organisations/inconnue/projets.json",
        "/donnees/dictionnaire.json",
    ],
)
def test_what_does_not_exist_is_not_found(client, library, address):
    assert client.get(address).status_code == 404


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_can_be_posted_and_a_head_has_no_body(client, library, format):
    address = export(format, "theme=eau")
    assert client.post(address).status_code == 405
    # Within the second of a change, no moment is told: it may end between the two answers.
    with time_machine.travel(NOON, tick=False):
        full, head = client.get(address), client.head(address)
        known = client.head(address, headers={"If-None-Match": full["ETag"]})
    assert "Last-Modified" in full
    assert head.status_code == 200
    assert b"".join(head.streaming_content) == b""
    assert "Content-Length" not in head
    assert dict(head.items()) == dict(full.items())
    assert known.status_code == 304


@pytest.mark.parametrize("format", ["xlsx", "ods"])
def test_a_list_too_long_for_a_workbook_leads_to_the_csv(client, library, monkeypatch, format):
    monkeypatch.setattr(native, "MAX_WORKBOOK_ROWS", 3)
    response = client.get(export(format, "annee=2019"))
    assert response.status_code == 400
    page = response.content.decode()
    assert "Cette liste compte 5 projets" in page
    assert 'href="/laureats/export.csv?annee=2019"' in page
    assert "ETag" in response
    assert client.get(export("csv", "annee=2019")).status_code == 200
    assert client.get(export(format, "q=zorglub")).status_code == 200


# When it changes -------------------------------------------------------------


@pytest.mark.parametrize("format", FORMATS)
def test_a_download_is_read_again_only_when_something_public_changes(client, format):
    with time_machine.travel(NOON - datetime.timedelta(days=2), tick=False):
        laureate = LaureateFactory(carriers=[OrganisationFactory()])
        first = client.get(export(format))
    with time_machine.travel(NOON - datetime.timedelta(days=1), tick=False):
        known = {"If-None-Match": first["ETag"]}
        again = client.get(export(format), headers=known)
        assert (again.status_code, again["ETag"]) == (304, first["ETag"])
        # A draft, an embargo and notes of the staff move nothing.
        draft = AnnouncementFactory(draft=True)
        LaureateFactory(announcement=draft)
        draft.published_at = NOON
        draft.save()
        assert client.get(export(format), headers=known).status_code == 304
    with time_machine.travel(NOON, tick=False):
        second = client.get(export(format), headers=known)
        assert second.status_code == 200
        assert second["ETag"] != first["ETag"]
        laureate.title = "Un autre titre"
        laureate.save()
        assert (
            client.get(export(format), headers={"If-None-Match": second["ETag"]}).status_code == 200
        )


def test_tags_differ_between_formats_and_filters(client, library):
    addresses = [export(format) for format in FORMATS] + [export("csv", "theme=eau")]
    assert len({client.get(address)["ETag"] for address in addresses}) == len(addresses)


def test_another_way_of_writing_moves_the_tag(client, library, monkeypatch):
    before = client.get(export("csv"))["ETag"]
    monkeypatch.setattr(native, "FORMAT", "essai")
    assert client.get(export("csv"))["ETag"] != before


def test_if_modified_since_is_answered(client):
    with time_machine.travel(NOON, tick=False):
        LaureateFactory()
    with time_machine.travel(NOON + datetime.timedelta(days=1), tick=False):
        address = export("csv")
        first = client.get(address)
        known = {"If-Modified-Since": first["Last-Modified"]}
        assert client.get(address, headers=known).status_code == 304
    with time_machine.travel(NOON + datetime.timedelta(days=2), tick=False):
        LaureateFactory()
    with time_machine.travel(NOON + datetime.timedelta(days=3), tick=False):
        assert client.get(address, headers=known).status_code == 200


# Withdrawals and the staff ---------------------------------------------------


def test_the_export_of_a_withdrawn_announcement_is_gone_with_its_reason(client):
    laureate = LaureateFactory()
    announcement = laureate.announcement
    address = reverse("laureates:announcement_export", args=[announcement.slug, "csv"])
    kept = client.get(address)["ETag"]
    announcement.withdrawn_at = timezone.now()
    announcement.withdrawal_reason = "Publiée par erreur."
    announcement.save()
    response = client.get(address, headers={"If-None-Match": kept})
    assert response.status_code == 410
    assert "Publiée par erreur." in response.content.decode()


def test_a_withdrawn_laureate_leaves_every_download(client):
    laureate = LaureateFactory(carriers=[OrganisationFactory(slug="agence")])
    LaureateFactory(announcement=laureate.announcement, carriers=[])
    laureate.withdrawn_at, laureate.withdrawal_reason = timezone.now(), "Retiré."
    laureate.save()
    for address in (
        export("csv"),
        reverse("laureates:announcement_export", args=[laureate.announcement.slug, "csv"]),
    ):
        assert laureate.public_id not in ids(client.get(address))
    gone = reverse("laureates:organisation_export", args=["agence", "csv"])
    assert client.get(gone).status_code == 404


def test_the_staff_downloads_what_visitors_do(client, library):
    visitor = content(client.get(export("csv")))
    client.force_login(UserFactory(superuser=True))
    assert content(client.get(export("csv"))) == visitor


# Pages -----------------------------------------------------------------------


def test_pages_offer_their_downloads_with_count_licence_and_date(client, library):
    pages = {
        f"{reverse('laureates:library')}?theme=eau": "/laureats/export.{}?theme=eau",
        reverse("laureates:announcement", args=["nouvelle"]): "/annonces/nouvelle/laureats.{}",
        reverse("laureates:organisation", args=["agence"]): "/organisations/agence/projets.{}",
        reverse("laureates:organisation", args=["ministere"]): (
            "/organisations/ministere/projets.{}"
        ),
    }
    for address, pattern in pages.items():
        page = client.get(address).content.decode()
        for format in FORMATS:
            assert f'href="{pattern.format(format)}"' in page, (address, format)
        block = page.split("Télécharger cette liste")[1].split("</section>")[0]
        assert "Licence Ouverte 2.0" in block
        assert "Données au" in block
        assert "projets, dans l’ordre affiché." in " ".join(block.split())


def test_a_list_of_nothing_offers_no_download(client, library):
    page = client.get(f"{reverse('laureates:library')}?q=zorglub").content.decode()
    assert "Télécharger cette liste" not in page


def test_the_version_of_the_format_and_the_address_make_the_tag(rf):
    request = rf.get("/laureats/export.csv")
    tags = {revalidation.validators(request, form).etag for form in ("csv 1", "csv 2")}
    assert len(tags) == 2
