"""Calls as visitors see them: what pages say, what they never read, what is not known to exist."""

import ast
import datetime
import re
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from calls.models import Call
from tests import embargo
from tests.architecture import ROOT, imports
from tests.embargo import CANARY
from tests.factories import (
    PAST,
    AnnouncementFactory,
    CallDocumentFactory,
    CallFactory,
    CallSessionFactory,
    ClaimFactory,
    CommitteeFactory,
    CriterionFactory,
    EligibilityRuleFactory,
    FormerDeadlineFactory,
    LaureateFactory,
    PublicationFactory,
)

pytestmark = pytest.mark.django_db

NOON = datetime.datetime(2026, 10, 12, 12, 0, tzinfo=ZoneInfo("Europe/Paris"))
LIST = "/appels-a-projets/"
FORM = "https://depot.example.org/ftap"
# The words that would tell a draft from an address that never existed.
NOTHING = "zorglubinconnu"
assert len(NOTHING) == len(CANARY)


@pytest.fixture
def noon():
    with time_machine.travel(NOON, tick=False):
        yield


def day(offset):
    return NOON.date() + datetime.timedelta(days=offset)


def text(client, address, status=200):
    """The words of the main part of a page."""
    response = client.get(address)
    assert response.status_code == status, address
    main = response.content.decode().split("<main")[1].split("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", main).replace("&nbsp;", "\u00a0").split(" ")).strip()


def words(client, row):
    return re.sub(r"[ \n]+", " ", text(client, row.get_absolute_url()))


def published(**values):
    return CallFactory(published_at=PAST, **values)


# The list --------------------------------------------------------------------


def test_the_list_begins_with_what_one_may_apply_to(client, noon):
    old = published(title="Appel de 2018", year=2018)
    CallSessionFactory(call=old, deadline_on=day(-900))
    reviewed = published(title="Appel de 2025", year=2025)
    CallSessionFactory(call=reviewed, deadline_on=day(-9))
    published(title="Appel annoncé", year=2024, announced_on=datetime.date(2024, 1, 2))
    opened = published(title="Appel ouvert", year=2026)
    CallSessionFactory(call=opened, opens_on=day(-9), deadline_on=day(9), label="1re session")
    published(title="Guichet", year=2022, is_continuous=True)

    page = client.get(LIST).content.decode()

    headings = re.findall(r"<h([23])[^>]*>(.*?)</h\1>", page.split("<main")[1].split("</main>")[0])
    assert [re.sub(r"<[^>]+>", "", title).strip() for _, title in headings] == [
        "Appels ouverts",
        "Appel ouvert",
        "Guichet",
        "Appels annoncés",
        "Appel annoncé",
        "Appels de 2025",
        "Appel de 2025",
        "Appels de 2018",
        "Appel de 2018",
    ]
    assert "1re session" in page
    assert "21\u00a0octobre 2026 (heure non communiquée)" in page
    assert "Annoncé le 2\u00a0janvier 2024" in page


def test_an_empty_list_says_so(client):
    assert "Aucun appel à projets n’est publié" in text(client, LIST)


def test_the_menu_the_map_and_the_home_page_lead_there(client, noon):
    call = published(title="Appel annoncé")
    published(title="Appel clos", is_continuous=False).sessions.create(
        slug="close", deadline_on=day(-3)
    )
    home = client.get("/").content.decode()
    assert f'href="{LIST}"' in home.split("<main")[0]
    assert f'href="{call.get_absolute_url()}"' in home
    assert "Appel clos" not in home
    assert f'href="{LIST}"' in client.get(reverse("laureates:site_map")).content.decode()
    found = client.get("/sitemap.xml").content.decode()
    assert f"<loc>http://testserver{LIST}</loc>" in found
    assert f"<loc>http://testserver{call.get_absolute_url()}</loc>" in found
    assert f"{LIST}" in found
    assert "/close/</loc>" in found


def test_without_a_call_the_home_page_has_no_block(client, noon):
    assert "Tous les appels à projets" not in client.get("/").content.decode()
    CallFactory()
    assert "Tous les appels à projets" not in client.get("/").content.decode()


# What a page says ------------------------------------------------------------


def rich_call():
    call = published(
        title="Appel de l’essai",
        year=2026,
        public_text="Un **appel** public.",
        how_to_apply="Préparez *votre* dossier.",
        form_url=FORM,
        announced_on=datetime.date(2026, 9, 1),
        source="Communiqué du ministère",
    )
    session = CallSessionFactory(
        call=call,
        slug="essai-session-1",
        label="1re session",
        opens_on=day(-30),
        deadline_on=day(10),
        deadline_time=datetime.time(18, 30),
        deadline_source="Avis du 5 octobre",
        envelope=12_500_000,
        envelope_is_public=True,
    )
    FormerDeadlineFactory(
        session=session,
        deadline_on=day(-2),
        deadline_time=datetime.time(12, 0),
        replaced_on=day(-5),
    )
    EligibilityRuleFactory(session=session, label="Au moins 200 000 €", source="Règlement, art. 3")
    CriterionFactory(call=call, title="Ambition", description="Pour les usagers.", weight=2)
    CriterionFactory(call=call, title="Gouvernance")
    document = CallDocumentFactory(call=call, title="Règlement", size_kb=12)
    document.file.save("reglement.pdf", ContentFile(b"%PDF-1.4 reglement"))
    CallDocumentFactory(call=call, session=session, title="Avis de la session")
    return call, session


@pytest.mark.parametrize("which", [0, 1])
def test_pages_say_everything_that_is_public(client, noon, which):
    rows = rich_call()
    found = words(client, rows[which])
    for expected in (
        "Statut\u00a0: ouvert",
        "12\u00a0septembre 2026",
        "22\u00a0octobre 2026 à 18\u00a0h\u00a030",
        "Source\u00a0: Avis du 5 octobre",
        "10\u00a0octobre 2026 à 12\u00a0h, remplacée le 7\u00a0octobre 2026",
        "12\u202f500\u202f000\u00a0€",
        "Au moins 200 000 €",
        "Source\u00a0: Règlement, art. 3",
        "Ambition (poids\u00a0: 2)",
        "Pour les usagers.",
        "Gouvernance",
        "Préparez votre dossier.",
        "Déposer un dossier sur depot.example.org (service externe)",
        "Le dépôt des dossiers est ouvert jusqu’au 22\u00a0octobre 2026 à 18\u00a0h\u00a030.",
        "«\u00a0Règlement\u00a0»",
        "Avis de la session",
        "non disponible ici",
        "Aucun résultat n’est publié.",
        "Communiqué du ministère",
    ):
        assert expected in found, expected
    assert "<em>votre</em>" in client.get(rows[which].get_absolute_url()).content.decode()


def test_the_page_of_a_call_leads_to_its_sessions_and_dates(client, noon):
    call, session = rich_call()
    page = client.get(call.get_absolute_url()).content.decode()
    assert f'href="{session.get_absolute_url()}"' in page
    assert f'href="{call.get_absolute_url()}calendrier.ics"' in page
    assert "Un <strong>appel</strong> public." in page
    assert "1er\u00a0septembre 2026" in page
    session_page = client.get(session.get_absolute_url()).content.decode()
    assert f'href="{session.get_absolute_url()}calendrier.ics"' in session_page
    assert f'href="{call.get_absolute_url()}"' in session_page


def test_a_document_is_downloaded_under_its_name(client, noon):
    call, _ = rich_call()
    with_file, without = call.documents.order_by("position")
    response = client.get(with_file.get_absolute_url())
    assert b"".join(response.streaming_content) == b"%PDF-1.4 reglement"
    assert response["Content-Disposition"].startswith("attachment")
    assert "no-cache" in response["Cache-Control"]
    assert client.get(without.get_absolute_url()).status_code == 404
    with_file.file.storage.delete(with_file.file.name)
    assert client.get(with_file.get_absolute_url()).status_code == 404


def test_unknown_values_are_said_unknown(client, noon):
    call = published(title="Appel peu connu")
    session = CallSessionFactory(call=call)
    for row in (call, session):
        found = words(client, row)
        assert "Ouverture du dépôt non communiquée" in found
        assert "Date limite de dépôt non communiquée" in found
        assert "Enveloppe non communiquée" in found
        assert "La date d’ouverture du dépôt n’est pas communiquée." in found
        assert "None" not in found
        assert "calendrier.ics" not in client.get(row.get_absolute_url()).content.decode()
        assert client.get(f"{row.get_absolute_url()}calendrier.ics").status_code == 404


def test_an_envelope_that_is_not_public_shows_as_an_unknown_one(client, noon):
    session = CallSessionFactory(call=published())
    pages = []
    for envelope, is_public in ((None, False), (None, True), (98_765_432, False)):
        session.envelope, session.envelope_is_public = envelope, is_public
        session.save()
        pages.append((words(client, session), words(client, session.call)))
    assert pages[0] == pages[1] == pages[2]
    session.envelope_is_public = True
    session.save()
    assert "98\u202f765\u202f432\u00a0€" in words(client, session)
    assert "98\u202f765\u202f432\u00a0€" in words(client, session.call)


@pytest.mark.parametrize(
    ("opens", "deadline", "sentence", "takes", "prepares"),
    [
        (9, 20, "Le dépôt des dossiers ouvrira le 21\u00a0octobre 2026.", False, True),
        (None, None, "La date d’ouverture du dépôt n’est pas communiquée.", False, True),
        (-9, None, "est ouvert\u202f; la date limite n’est pas communiquée.", True, True),
        (-9, -2, "Le dépôt des dossiers est clos depuis le 10\u00a0octobre 2026.", False, False),
    ],
)
def test_the_form_is_linked_only_while_dossiers_are_taken(
    client, noon, opens, deadline, sentence, takes, prepares
):
    call = published(form_url=FORM, how_to_apply="Préparez le dossier.")
    session = CallSessionFactory(
        call=call,
        opens_on=None if opens is None else day(opens),
        deadline_on=None if deadline is None else day(deadline),
    )
    for row in (call, session):
        page = client.get(row.get_absolute_url()).content.decode()
        assert sentence in page
        assert (f'href="{FORM}"' in page) == takes
        assert ("Préparez le dossier." in page) == prepares


def test_a_continuous_call_takes_dossiers_all_along(client, noon):
    call = published(is_continuous=True)
    assert "Les dossiers se déposent au fil de l’eau." in words(client, call)
    assert "L’adresse du formulaire de dépôt n’est pas communiquée ici." in words(client, call)
    call.form_url = FORM
    call.save()
    assert f'href="{FORM}"' in client.get(call.get_absolute_url()).content.decode()


# Results ---------------------------------------------------------------------


def test_results_show_what_was_announced_beside_what_is_held_here(client, noon):
    session = CallSessionFactory(call=published(), deadline_on=day(-60))
    announcement = AnnouncementFactory(title="Les lauréats de l’essai")
    committee = CommitteeFactory(session=session, held_on=day(-47), name="Comité privé")
    PublicationFactory(announcement=announcement, committees=[committee])
    ClaimFactory(announcement=announcement, subject="laureates", label="16 lauréats", value=16)
    ClaimFactory(
        announcement=announcement, subject="applications_received", label="29 dossiers", value=29
    )
    ClaimFactory(announcement=announcement, scope="fund", label="63 lauréats", value=63)
    LaureateFactory.create_batch(3, announcement=announcement)
    LaureateFactory(announcement=announcement, withdrawn=True)
    # A second sitting of the session tells the same announcement, once.
    announcement.publication.committees.add(CommitteeFactory(session=session))
    for row in (session, session.call):
        found = words(client, row)
        assert found.count("Les lauréats de l’essai") == 1
        assert "Statut\u00a0: délibéré" in found
        assert "Lauréats\u00a0: annoncé 16 lauréats" in found
        assert "Dossiers reçus\u00a0: annoncé 29 dossiers" in found
        assert "Lauréats\u00a0: recensés ici 3 lauréats" in found
        assert "Session connue en partie\u00a0: 3 lauréats recensés ici sur 16" in found
        assert "63 lauréats" not in found
        assert "Comité privé" not in found
        assert "26\u00a0août 2026" not in found


def test_results_appear_at_their_minute(client):
    session = CallSessionFactory(call=published(), deadline_on=day(-60))
    announcement = AnnouncementFactory(title="Les lauréats de l’essai", published_at=NOON)
    committee = CommitteeFactory(session=session, state="closed", held_on=day(-47))
    PublicationFactory(announcement=announcement, committees=[committee])
    addresses = (LIST, session.get_absolute_url(), session.call.get_absolute_url())
    found = {}
    for seconds in (-1, 0):
        with time_machine.travel(NOON + datetime.timedelta(seconds=seconds), tick=False):
            found[seconds] = [
                ("délibéré" in text(client, address), client.get(address)["ETag"])
                for address in addresses
            ]
    assert [shown for shown, _ in found[-1]] == [False] * 3
    assert [shown for shown, _ in found[0]] == [True] * 3
    assert {etag for _, etag in found[-1]}.isdisjoint(etag for _, etag in found[0])


# What is not public ----------------------------------------------------------


def addresses_of(call):
    session = call.sessions.get()
    return [
        call.get_absolute_url(),
        f"{call.get_absolute_url()}calendrier.ics",
        session.get_absolute_url(),
        f"{session.get_absolute_url()}calendrier.ics",
        call.documents.get().get_absolute_url(),
    ]


@pytest.fixture
def hidden():
    return embargo.hide_everything(embargo.build_public_site())


def test_what_is_hidden_weighs_on_no_page_of_calls(client):
    """Dossiers, sittings, results in preparation, notes, other calls: as on a site without them."""
    site = embargo.build_public_site()
    addresses = ["/sitemap.xml", reverse("laureates:site_map")]
    for name, found in embargo.examples(site).items():
        addresses += found if name.startswith("calls:") else []
    assert len(addresses) == 12

    def answers():
        found = {}
        for address in addresses:
            response = client.get(address)
            content = b"".join(response) if response.streaming else response.content
            found[address] = (response.status_code, dict(response.headers), content)
        return found

    before = answers()
    unseen = [
        embargo.hide_announcement(site, **{trait: True})
        for trait in ("draft", "embargoed", "withdrawn")
    ]
    embargo.hide_private_house(site)
    embargo.hide_in_sessions(site, unseen)
    embargo.hide_call()
    embargo.hide_call(published_at=PAST + datetime.timedelta(days=36500))
    assert {status for status, _, _ in before.values()} == {200}
    assert answers() == before
    assert not any(CANARY.encode() in content for _, _, content in before.values())
    assert b"en instruction" in before[site.extra["waiting"].get_absolute_url()][2]
    assert "délibéré".encode() in before[site.extra["session"].get_absolute_url()][2]


@pytest.mark.parametrize("what", ["draft_call", "embargoed_call"])
def test_a_call_that_is_not_public_is_as_unknown_as_any_other(client, hidden, what):
    for address in addresses_of(hidden[what]):
        assert CANARY in address
        response, never = (client.get(path) for path in (address, address.replace(CANARY, NOTHING)))
        assert response.status_code == 404, address
        assert response.content == never.content
        assert dict(response.headers) == dict(never.headers)


def test_a_call_cancelled_before_its_minute_was_never_seen(client):
    earlier = PAST - datetime.timedelta(days=1)
    call = CallFactory(published_at=PAST, withdrawn_at=earlier)
    assert client.get(call.get_absolute_url()).status_code == 404


def test_a_withdrawn_call_is_gone_and_repeats_nothing(client, hidden):
    call = hidden["withdrawn_call"]
    for address in addresses_of(call):
        response = client.get(address)
        assert response.status_code == 410, address
        shown = response.content.decode()
        assert CANARY not in shown.replace(address, "").lower()
        assert "a été retirée du site le 26\u00a0septembre 2019" in shown.replace(
            "&nbsp;", "\u00a0"
        )
        assert "no-cache" in response["Cache-Control"]
        assert "noindex" in shown
    for address in ("jamais-vue/", "documents/99/", "jamais-vue/calendrier.ics"):
        assert client.get(call.get_absolute_url() + address).status_code == 404
    assert CANARY not in client.get(LIST).content.decode().lower()


def test_a_session_is_found_below_its_own_call_only(client, noon):
    session, other = CallSessionFactory(call=published()), published()
    address = session.get_absolute_url().replace(session.call.slug, other.slug)
    assert client.get(session.get_absolute_url()).status_code == 200
    assert client.get(address).status_code == 404
    assert client.get(f"{address}calendrier.ics").status_code == 404


def test_a_call_appears_at_its_minute(client):
    call = CallFactory(title="Appel à l’heure", published_at=NOON)
    lists = (LIST, "/", "/sitemap.xml")
    for seconds, expected in ((-1, False), (0, True)):
        with time_machine.travel(NOON + datetime.timedelta(seconds=seconds), tick=False):
            assert (client.get(call.get_absolute_url()).status_code == 200) == expected
            for address in lists:
                found = client.get(address).content.decode()
                assert (call.get_absolute_url() in found) == expected, address


@pytest.mark.parametrize("position", ["0", "99999999999999999999", "9" * 5000])
def test_an_impossible_rank_of_a_document_is_unknown(client, position):
    call = published()
    assert client.get(f"{call.get_absolute_url()}documents/{position}/").status_code == 404


def test_pages_are_read_and_nothing_else(client, noon):
    call, session = rich_call()
    for row in (call, session):
        assert client.head(row.get_absolute_url()).status_code == 200
        assert client.post(row.get_absolute_url()).status_code == 405
        assert client.post(f"{row.get_absolute_url()}calendrier.ics").status_code == 405


# What is never read ----------------------------------------------------------

# Public tables, what stands between a sitting and an announcement, and versions of dates.
READ = {
    "calls_call",
    "calls_calldocument",
    "calls_callsession",
    "calls_committee",
    "calls_criterion",
    "calls_eligibilityrule",
    "calls_formerdeadline",
    "calls_historicalcallsession",
    "calls_publication",
    "calls_publication_committees",
}


def test_nothing_private_is_read(client, noon):
    call, session = rich_call()
    committee = CommitteeFactory(session=session)
    PublicationFactory(announcement=AnnouncementFactory(), committees=[committee])
    addresses = [LIST, "/sitemap.xml"]
    for row in (call, session):
        addresses += [row.get_absolute_url(), f"{row.get_absolute_url()}calendrier.ics"]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        for address in addresses:
            assert client.get(address).status_code == 200
    asked = [query["sql"] for query in queries]
    tables = {name for sql in asked for name in re.findall(r'"(calls_\w+)"', sql)}
    assert tables == READ
    for sql in asked:
        columns = re.findall(r'"calls_committee"\."(\w+)"', sql)
        assert set(columns) <= {"id", "session_id"}, sql
        selected = sql.split(" FROM ")[0]
        assert '"staff_note"' not in selected, sql
        assert "expected_institutions" not in sql


PUBLIC_MODULES = (
    "calls/calendars.py",
    "calls/pages.py",
    "calls/sitemaps.py",
    "calls/status.py",
    "calls/urls.py",
    "calls/views/public.py",
)
MAY_NAME = {"Call", "CallSession", "Criterion", "EligibilityRule", "Publication"}


def private_imports(path, source):
    """What a module of the public side takes of the private house."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module == "calls.models":
            found += [alias.name for alias in node.names if alias.name not in MAY_NAME]
        elif isinstance(node, ast.ImportFrom) and node.module == "calls":
            found += [
                alias.name for alias in node.names if f"calls/{alias.name}.py" not in PUBLIC_MODULES
            ]
    allowed = {"calls.models", "calls", "calls.views.public", "calls.pages", "calls.status"}
    for name, _ in imports(ast.parse(source)):
        if name.split(".")[0] == "calls" and name not in allowed:
            found.append(name)
    return [f"{path}: {name}" for name in found]


@pytest.mark.parametrize("path", PUBLIC_MODULES)
def test_public_modules_name_public_rows_only(path):
    assert private_imports(path, (ROOT / path).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "from calls.models import Application",
        "from calls.models import Call, Selection",
        "from calls.models.committee import Committee",
        "from calls import deliberation",
        "import calls.reading",
    ],
)
def test_a_private_import_is_seen(source):
    assert private_imports("x.py", source)


# Queries ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "budget"), [("list", 2), ("call", 11), ("session", 11), ("calendar", 4)]
)
@pytest.mark.parametrize("count", [1, 4])
def test_a_page_asks_the_same_whatever_it_shows(client, noon, page, budget, count):
    call = published()
    for number in range(count):
        published(year=2020 + number)
        session = CallSessionFactory(call=call, opens_on=day(-90), deadline_on=day(-60))
        FormerDeadlineFactory(session=session)
        EligibilityRuleFactory(session=session)
        CriterionFactory(call=call)
        CallDocumentFactory(call=call, session=session)
        announcement = AnnouncementFactory()
        ClaimFactory(announcement=announcement)
        PublicationFactory(
            announcement=announcement, committees=[CommitteeFactory(session=session)]
        )
    address = {
        "list": LIST,
        "call": call.get_absolute_url(),
        "session": session.get_absolute_url(),
        "calendar": f"{call.get_absolute_url()}calendrier.ics",
    }[page]
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    assert len(queries) == budget, "\n".join(query["sql"] for query in queries)


# The real data ---------------------------------------------------------------


@pytest.fixture
def seed():
    call_command(
        "loaddata", "territories", "themes", "organisations", "ftap_2019_session_2", verbosity=0
    )
    return {call.year: call for call in Call.objects.all()}


def test_the_call_of_2020_says_what_its_source_says_and_no_more(client, seed):
    found = words(client, seed[2020])
    assert "Statut\u00a0: annoncé" in found
    assert "Annonce de l’appel 25\u00a0septembre 2019" in found
    assert "Aucune date de dépôt n’est communiquée." in found
    assert "La date d’ouverture du dépôt n’est pas communiquée." in found
    assert "Aucun résultat n’est publié." in found
    assert "Critères" not in found
    assert "Documents" not in found


def test_the_second_session_of_2019_is_decided_on(client, seed):
    session = seed[2019].sessions.get()
    for row in (seed[2019], session):
        found = words(client, row)
        assert "Statut\u00a0: délibéré" in found
        assert "12\u00a0juillet 2019 (heure non communiquée)" in found
        assert "Avis public du 2 juillet 2019" in found
        assert "Annonce des lauréats de la 2de session" in found
        assert "29" in found
        assert "Lauréats\u00a0: recensés ici 16 lauréats" in found
        assert "Enveloppe non communiquée" in found
        assert "23\u00a0septembre 2019" not in found
