"""The announcement and the sheets on paper: the records, whole, in order, and nothing to run."""

import io
import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pypdf
import pytest
from django.utils import timezone
from hypothesis import example, given
from hypothesis import strategies as st

from ftap import pdf
from laureates import paper
from laureates.models import Laureate
from laureates.paper import prose
from tests.factories import (
    AnnouncementFactory,
    CarrierFactory,
    ClaimFactory,
    DocumentFactory,
    LaureateFactory,
    MinistryFactory,
    OrganisationFactory,
    ReleaseFactory,
    ReleaseFileFactory,
    TerritoryFactory,
    ThemeFactory,
)

DATED = datetime(2026, 3, 4, 17, 0, tzinfo=UTC)
VERSION = {"release_number": 2, "dated": DATED}
database = pytest.mark.django_db


def read(document):
    return pypdf.PdfReader(io.BytesIO(document))


def words(document):
    text = "\n".join(page.extract_text() for page in read(document).pages)
    return " ".join(text.replace("\u200b", "").split())


def headings(document):
    """(tag, text) of each heading in reading order, the title first."""

    def walk(node):
        node = node.get_object()
        if isinstance(node, list):
            for child in node:
                yield from walk(child)
        elif isinstance(node, dict) and "/S" in node:
            tag = node["/S"].removeprefix("/")
            if re.fullmatch(r"H\d|Title", tag):
                yield tag, str(node.get("/T", ""))
            elif "/K" in node:
                yield from walk(node["/K"])

    return list(walk(read(document).trailer["/Root"]["/StructTreeRoot"]["/K"]))


def tags(document):
    return [str(tag) for tag in re.findall(r"/S\s*/(\w+)", _uncompressed(document))]


def _uncompressed(document):
    found = []

    def walk(node):
        node = node.get_object()
        if isinstance(node, list):
            for child in node:
                walk(child)
        elif isinstance(node, dict) and "/S" in node:
            found.append(f"/S {node['/S']}")
            if "/K" in node:
                walk(node["/K"])

    walk(read(document).trailer["/Root"]["/StructTreeRoot"]["/K"])
    return "\n".join(found)


@pytest.fixture
def announcement(db):
    row = AnnouncementFactory(
        title="Annonce des lauréats de l’essai",
        call_title="Appel à projets 2019",
        session_label="2de session",
        committee_name="Comité de pilotage",
        public_text="Le comité a retenu **deux** projets.\n\n### Suite\n\n- un point\n- deux",
        source="Communiqué",
        source_url="https://example.org/communique",
    )
    ministry = MinistryFactory(name="Ministère de tutelle")
    carrier = OrganisationFactory(name="Agence publique", supervising_ministry=ministry)
    first = LaureateFactory(
        announcement=row,
        position=1,
        title="Premier projet",
        summary="Un résumé.",
        description="Voir [le site](https://example.org/projet).\n\n1. étape\n2. fin",
        amount=1_234_567,
        themes=[ThemeFactory(name="Eau"), ThemeFactory(name="Air")],
        territories=[TerritoryFactory(name="Grand Est")],
        classification_source="Classement d’essai",
        former_titles="Ancien titre",
    )
    CarrierFactory(laureate=first, organisation=carrier, announced_name="Agence (annoncée)")
    CarrierFactory(laureate=first, organisation=ministry, announced_name=ministry.name)
    LaureateFactory(announcement=row, position=2, title="Second projet")
    ClaimFactory(announcement=row, value=3, label="3 dossiers retenus")
    DocumentFactory(announcement=row, title="Fiches des lauréats")
    return row


def announced(announcement, **values):
    return paper.announcement_pdf(announcement, announcement.laureates.all(), **VERSION | values)


# The announcement ------------------------------------------------------------


def test_the_announcement_holds_all_that_its_page_does(announcement):
    document = announced(announcement, sha256="ab" * 32)
    shown = words(document)
    for expected in (
        "RÉPUBLIQUE FRANÇAISE",
        "Annonce des lauréats de l’essai",
        "Le comité a retenu deux projets.",
        "• un point",
        "Comité de pilotage",
        "2de session",
        "3 dossiers retenus",
        "2 lauréats",
        "1. Premier projet",
        "Agence (annoncée)",
        "Ministère de tutelle",
        "1 234 567 €",
        "le site (https://example.org/projet)",
        "2. Second projet",
        "montant non communiqué",
        "Aucune description n’accompagne ce projet.",
        "Fiches des lauréats",
        "non disponible",
        announcement.get_absolute_url(),
        "n° 2, publiée le 4 mars 2026",
        "Licence Ouverte 2.0 (etalab-2.0)",
        "Communiqué",
    ):
        assert expected in shown, expected
    assert "ab" * 32 in shown.replace(" ", "")
    assert shown.index("1. Premier projet") < shown.index("2. Second projet")


def test_what_is_announced_stands_beside_what_is_counted(announcement):
    shown = words(announced(announcement))
    assert "2 lauréats recensés ici. 1 montant connu sur 2, en tout 1 234 567 €." in shown
    assert "Chiffres annoncés et recensés diffèrent" in shown
    assert "2 lauréats recensés ici sur 3 annoncés" in shown
    LaureateFactory(announcement=announcement, position=3)
    shown = words(announced(announcement))
    assert "Chiffres annoncés et recensés diffèrent" not in shown
    assert "Liste complète" in shown


def test_a_figure_of_the_whole_fund_is_not_computed_on_paper(announcement):
    ClaimFactory(announcement=announcement, value=63, label="63 lauréats", scope="fund")
    shown = words(announced(announcement))
    assert "63 lauréats non calculé ici" in shown


def test_what_is_unknown_is_said(db):
    row = AnnouncementFactory(
        public_text="", committee_name="", committee_chair="", session_label="", source=""
    )
    LaureateFactory(announcement=row)
    shown = words(announced(row))
    for expected in (
        "Aucun texte n’accompagne cette annonce.",
        "Session : sans session",
        "Comité : non renseigné",
        "Date du comité : non renseignée",
        "Présidence : non renseignée",
        "Porteur : non renseigné",
        "Aucun montant connu sur 1.",
        "L’annonce ne cite aucun document.",
        "Source : non renseignée",
    ):
        assert expected in shown, expected
    assert "0 €" not in shown


def test_an_announcement_without_laureate_is_set_all_the_same(db):
    assert "Aucun lauréat de cette annonce" in words(announced(AnnouncementFactory()))


def test_a_laureate_that_is_not_given_is_not_told(announcement):
    given_ = announcement.laureates.filter(position=1)
    shown = words(paper.announcement_pdf(announcement, given_, **VERSION))
    assert "Second projet" not in shown
    assert "1 lauréat recensé ici." in shown


@pytest.mark.parametrize("trait", ["draft", "embargoed"])
def test_it_can_be_made_before_its_minute(announcement, trait):
    before = words(announced(announcement))
    announcement.published_at = None if trait == "draft" else timezone.now() + timedelta(days=1)
    announcement.save()
    assert words(announced(announcement)) == before


# Accessible, and always the same ---------------------------------------------


def test_documents_are_accessible(announcement):
    sheet = paper.laureate_pdf(announcement.laureates.first(), **VERSION)
    for document, title in (
        (announced(announcement), announcement.title),
        (sheet, "Premier projet"),
    ):
        root = read(document).trailer["/Root"]
        assert root["/Lang"] == "fr-FR"
        assert b"<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_object().get_data()
        assert read(document).metadata.title == title
        assert read(document).metadata.creation_date == DATED
        found = tags(document)
        assert {"Table", "TH", "TR", "L", "LI", "Link"} <= set(found)
        assert "page 1" in words(document)


def test_headings_are_those_of_the_page(announcement):
    named = [(tag, text) for tag, text in headings(announced(announcement)) if text]
    assert named[:2] == [("H1", "Contexte"), ("H2", "Suite")]
    assert ("H2", "1. Premier projet") in named
    levels = [int(tag[1]) for tag, _ in headings(announced(announcement)) if tag != "Title"]
    assert all(after <= before + 1 for before, after in pairwise(levels))


@database
def test_the_same_records_give_the_same_bytes(announcement):
    laureates = list(announcement.laureates.all())
    first = announced(announcement)
    assert paper.announcement_pdf(announcement, reversed(laureates), **VERSION) == first
    fresh = Laureate.objects.filter(announcement=announcement)
    sheets = paper.laureate_pdfs(fresh, **VERSION)
    assert paper.laureate_pdfs(laureates, **VERSION) == sheets
    for laureate in laureates:
        alone = paper.laureate_pdf(laureate, **VERSION)
        assert alone == sheets[laureate.public_id]
    assert announced(announcement, dated=DATED + timedelta(days=1)) != first
    assert announced(announcement, release_number=3) != first


@pytest.mark.parametrize("count", [1, 6])
def test_query_budget(db, django_assert_num_queries, count):
    row = AnnouncementFactory()
    for _ in range(count):
        carrier = OrganisationFactory(supervising_ministry=MinistryFactory())
        LaureateFactory(announcement=row, carriers=[carrier, MinistryFactory()])
    # Laureates; carriers, organisations, ministries, themes, territories; figures, those
    # withdrawn, documents.
    with django_assert_num_queries(9):
        paper.announcement_pdf(row, row.laureates.all(), **VERSION)


# The sheet -------------------------------------------------------------------


def test_the_sheet_holds_all_that_its_page_does(announcement):
    shown = words(paper.laureate_pdf(announcement.laureates.get(position=1), **VERSION))
    for expected in (
        "Premier projet",
        "Un résumé.",
        "1. étape",
        "Agence publique (annoncé : Agence (annoncée)) rôle non précisé Ministère de tutelle",
        "Montant accordé : 1 234 567 €",
        "État du projet : non renseigné",
        "Thèmes : Eau ; Air",
        "Territoires : Grand Est",
        "Anciens titres : Ancien titre",
        "Annonce des lauréats de l’essai, projet n° 1",
        "Classement d’essai",
        "n° 2, publiée le 4 mars 2026",
    ):
        assert expected in shown, expected


def test_a_sheet_of_nothing_known_says_so(db):
    shown = words(paper.laureate_pdf(LaureateFactory(), **VERSION))
    for expected in (
        "Aucune description n’accompagne ce projet.",
        "Non renseigné.",
        "Montant accordé : montant non communiqué",
        "Thèmes : non renseigné",
        "Territoires : non renseigné",
        "Classement éditorial, absent de l’annonce",
    ):
        assert expected in shown, expected
    for absent in ("Attribuant", "Convention", "Anciens titres"):
        assert absent not in shown


def test_a_sheet_tells_the_agreement_where_it_is_known(db):
    laureate = LaureateFactory(
        funder_name="Direction",
        funder_siret="13002526500013",
        decision_reference="2026-01",
        agreement_signed_on=datetime(2026, 1, 31, tzinfo=UTC).date(),
        payment_terms="échelonné",
    )
    shown = words(paper.laureate_pdf(laureate, **VERSION))
    assert "Attribuant : Direction, SIRET 13002526500013" in shown
    assert "Convention signée le : 31 janvier 2026" in shown
    assert "Référence de la décision : 2026-01" in shown
    assert "Conditions de versement : échelonné" in shown


def test_an_ordinary_sheet_is_on_one_page_or_two(db):
    laureate = LaureateFactory(
        title="Un titre long " * 15,
        description="Un paragraphe de quelques lignes sur le projet. " * 30,
        carriers=OrganisationFactory.create_batch(5),
    )
    assert len(read(paper.laureate_pdf(laureate, **VERSION)).pages) <= 2


def test_addresses_are_whole_where_the_site_has_one(db, settings):
    laureate = LaureateFactory(slug="projet")
    assert f"Adresse du projet : {laureate.get_absolute_url()}" in words(
        paper.laureate_pdf(laureate, **VERSION)
    )
    settings.SITE_URL = "https://ftap.example.org"
    document = paper.laureate_pdf(laureate, **VERSION)
    targets = [
        note.get_object()["/A"]["/URI"] for page in read(document).pages for note in page["/Annots"]
    ]
    assert f"https://ftap.example.org{laureate.get_absolute_url()}" in targets


# Hostile text ----------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    [
        '#panic("x") #eval("1+1") #read("/etc/passwd")',
        "$x^2$ *gras* `code` <etiquette> @renvoi",
        '"] #panic() ["',
        "😀 漢字 \u202e \ud83d a\u0301\u200b",
        "W" * 290,
        "<script>alert(1)</script>",
    ],
)
@database
def test_any_text_is_printed_and_not_run(typed):
    # A lone surrogate cannot be stored, but a row may hold it before it is saved.
    storable = typed.encode("utf-8", "replace").decode()
    announcement = AnnouncementFactory(title=storable[:250], public_text=storable)
    organisation = OrganisationFactory(name=storable[:250])
    laureate = LaureateFactory(
        announcement=announcement,
        title=storable[:300],
        summary=storable[:400],
        description=storable,
        carriers=[organisation],
        source=storable[:300],
    )
    laureate.title = typed
    for document in (
        paper.laureate_pdf(laureate, **VERSION),
        paper.announcement_pdf(announcement, [laureate], **VERSION),
    ):
        assert document.startswith(b"%PDF")
        expected = pdf.printable(storable).split()[0][:20]
        assert expected in words(document).replace(" ", "") or expected in words(document)


def spans_of(blocks):
    """Every span of these blocks, those inside others included."""
    for block in blocks:
        if block["kind"] == "list":
            for item in block["items"]:
                yield from spans_of(item)
        elif block["kind"] == "quote":
            yield from spans_of(block["blocks"])
        else:
            yield from _inside(block["spans"])


def _inside(spans):
    for span in spans:
        yield span
        yield from _inside(span.get("spans", ()))


def text_of(blocks):
    return "".join(span.get("text", " ") for span in spans_of(blocks))


def test_markdown_becomes_a_tree():
    typed = (
        "# Titre\n\nUn **mot** *important*\nsuite  \nligne\n\n3. trois\n4. quatre\n   - sous\n\n"
        "> cité\n\n    indenté\n"
    )
    assert prose.blocks(typed) == [
        {"kind": "heading", "spans": [text("Titre")]},
        {
            "kind": "paragraph",
            "spans": [
                text("Un "),
                {"kind": "strong", "spans": [text("mot")]},
                {"kind": "space"},
                {"kind": "emphasis", "spans": [text("important")]},
                {"kind": "space"},
                text("suite"),
                {"kind": "break"},
                text("ligne"),
            ],
        },
        {
            "kind": "list",
            "start": 3,
            "items": [
                [{"kind": "paragraph", "spans": [text("trois")]}],
                [
                    {"kind": "paragraph", "spans": [text("quatre")]},
                    {
                        "kind": "list",
                        "start": None,
                        "items": [[{"kind": "paragraph", "spans": [text("sous")]}]],
                    },
                ],
            ],
        },
        {"kind": "quote", "blocks": [{"kind": "paragraph", "spans": [text("cité")]}]},
        {"kind": "paragraph", "spans": [text("indenté")]},
    ]


def text(value):
    return {"kind": "text", "text": value}


@pytest.mark.parametrize(
    ("typed", "url", "printed"),
    [
        ("[site](https://example.org/)", "https://example.org/", True),
        ("<https://example.org/>", "https://example.org/", False),
        ("[https://example.org](https://example.org/)", "https://example.org/", False),
        ("[](https://example.org/)", "https://example.org/", False),
        ("[écrire](mailto:a@example.org)", "mailto:a@example.org", True),
        ("<a@example.org>", "mailto:a@example.org", False),
    ],
)
def test_links_lead_where_those_of_pages_may(typed, url, printed):
    (link,) = (span for span in spans_of(prose.blocks(typed)) if span["kind"] == "link")
    assert (link["url"], link["printed"]) == (url, printed)


@pytest.mark.parametrize(
    "typed",
    [
        "[a](javascript:alert(1))",
        "[a](data:text/html,x)",
        "[a](/laureats/)",
        "[a](ftp://example.org/)",
        "[a](//example.org/)",
        "[a](https://example.org/" + "x" * 3000 + ")",
        "[a](http:)",
    ],
)
def test_other_links_are_texts(typed):
    blocks = prose.blocks(typed)
    assert "link" not in {span["kind"] for span in spans_of(blocks)}
    assert "a" in text_of(blocks)


markdown = st.lists(
    st.sampled_from(
        [
            "# ",
            "- ",
            "1. ",
            "> ",
            "**",
            "*",
            "`",
            "```\n",
            "[",
            "](",
            ")",
            "<",
            "https://x.fr",
            "\n",
        ]
    )
    | st.text(max_size=8),
    max_size=40,
).map("".join)


@given(markdown)
@example("> " * 200 + "x")
@example("- " * 200 + "x")
@example("[" * 500)
def test_any_markdown_is_a_tree_that_shows_something_in_each_block(typed):
    blocks = prose.blocks(typed)
    pdf.printable(blocks)
    for block in blocks:
        assert pdf.printable(text_of([block]))
    for span in spans_of(blocks):
        if span["kind"] == "link":
            assert pdf.printable(text_of([{"kind": "paragraph", "spans": [span]}]))


@database
def test_any_markdown_can_be_set():
    odd = ["> " * 30 + "x", "- " * 15 + "x", "#\n##\n### é", "[](https://x.fr)", "\u200b", "1)\n2)"]
    odd += ["***", "```\n\n```", "<b>", "![a](b)", "[a]: b\n[a]", "\\\n", "&nbsp;", "# \u200b", "-"]
    announcement = AnnouncementFactory(public_text="\n\n".join(odd))
    laureates = [LaureateFactory(announcement=announcement, description=typed) for typed in odd]
    assert len(paper.laureate_pdfs(laureates, **VERSION)) == len(odd)
    assert announced(announcement)


# On the pages ----------------------------------------------------------------


@pytest.fixture
def sheet(announcement):
    laureate = announcement.laureates.get(position=1)
    for number in (1, 2):
        release = ReleaseFactory(
            announcement=announcement,
            number=number,
            kind="first" if number == 1 else "correction",
        )
        for public_id, name in (
            ("", f"annonce-v{number}.pdf"),
            (laureate.public_id, f"fiche-{laureate.public_id}-v{number}.pdf"),
        ):
            ReleaseFileFactory(
                release=release, name=name, format="PDF", public_id=public_id, content=b"%PDF-1.7"
            )
    return laureate


def test_the_pages_offer_the_latest_documents(client, sheet):
    html = client.get(sheet.get_absolute_url()).content.decode()
    assert f"/versions/2/fiche-{sheet.public_id}-v2.pdf" in html
    assert f"fiche-{sheet.public_id}-v1.pdf" not in html
    assert re.search(r"PDF \([\d,]+\u00a0Ko\) — Version 2 du 25\u00a0septembre 2019", html)
    html = client.get(sheet.announcement.get_absolute_url()).content.decode()
    assert (
        "/versions/2/annonce-v2.pdf" in html.split("Pour en savoir plus")[1].split("</section>")[0]
    )


def test_a_page_without_a_document_says_so(client, announcement):
    laureate = announcement.laureates.get(position=2)
    for row in (laureate, announcement):
        assert "Aucun PDF n’est disponible" in client.get(row.get_absolute_url()).content.decode()


def test_a_laureate_absent_from_the_latest_version_has_no_sheet(client, sheet):
    other = sheet.announcement.laureates.get(position=2)
    assert "Aucun PDF n’est disponible" in client.get(other.get_absolute_url()).content.decode()
