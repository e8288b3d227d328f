"""The interface: what pages show, to programs; every failure as a problem in French."""

import datetime
import json
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from laureates import opendata, throttle
from laureates.api import views
from laureates.filters import LaureateFilterSet
from laureates.models import Announcement, Laureate
from laureates.opendata.native import plain
from tests import embargo
from tests.factories import (
    AnnouncementFactory,
    CarrierFactory,
    ClaimFactory,
    LaureateFactory,
    MinistryFactory,
    OrganisationFactory,
    ReleaseFactory,
    ReleaseFileFactory,
    TerritoryFactory,
    ThemeFactory,
)

pytestmark = pytest.mark.django_db

LAUREATES = "/api/v1/laureats/"
LISTS = ("laureats", "annonces", "organisations", "themes", "territoires", "chiffres-annonces")
LATER = datetime.datetime(2027, 1, 5, 12, 0, tzinfo=datetime.UTC)


@pytest.fixture
def site():
    return embargo.build_public_site()


def fetch(client, address, **kwargs):
    response = client.get(address, **kwargs)
    assert response.status_code == 200, response.content
    assert response["Content-Type"] == "application/json"
    return response.json()


def refused(response, status):
    """The problem of an answer, which must be one, in French and complete."""
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    content = response.json()
    assert content["status"] == status
    assert content["type"] == "about:blank"
    assert content["title"]
    assert content["detail"].endswith(".")
    return content


# What is answered ------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "",
        "q=projet",
        "q=projet&tri=titre",
        "tri=montant",
        "theme=telemedecine&territoire=grand-est",
        "theme=telemedecine&theme=non-renseigne",
        "montant=non-communique&tri=titre",
        "etat=termine",
    ],
)
def test_a_list_is_that_of_the_library_page_after_page(client, site, query):
    filterset = LaureateFilterSet(QueryDict(query))
    expected = [laureate.public_id for laureate in filterset.qs]
    found, address = [], f"{LAUREATES}?{query}&par_page=2"
    while address:
        content = fetch(client, address)
        assert content["total"] == len(expected)
        assert content["intitule"] == filterset.heading
        assert content["avertissements"] == []
        found += [row["id"] for row in content["resultats"]]
        address = content["liens"]["suivante"]
    assert found == expected
    assert content["page"] == content["pages"]
    # The page for readers that `url` names shows the same.
    assert filterset.heading in client.get(content["url"]).content.decode()


def test_fields_are_those_of_the_open_data(client, site):
    rows = {row["id"]: row for row in fetch(client, LAUREATES)["resultats"]}
    published = Laureate.objects.published().in_public_order()
    exported = list(opendata.rows(published, opendata.context("http://testserver")))
    assert len(exported) == len(rows) == 4
    for line in exported:
        row = rows[line["id"]]
        common = {name for name in line if name in row} - {"annonce", "porteurs", "themes"}
        assert len(common) > 20
        for name in common:
            expected = plain(line[name])
            assert row[name] == ([] if expected is None and row[name] == [] else expected), name


def test_an_unknown_value_is_null_and_an_amount_a_number(client, site):
    rows = {
        row["rang"]: row
        for row in fetch(client, f"{LAUREATES}?annonce={site.announcement.slug}")["resultats"]
    }
    assert rows[1]["montant_retenu_eur"] is None
    assert rows[1]["montant_statut"] == "non communiqué"
    assert rows[3]["montant_retenu_eur"] == 2_000_000
    for name in ("statut_projet", "date_convention", "attribuant", "description"):
        assert rows[1][name] is None, name
    assert rows[1]["porteurs"][0]["role"] is None
    large = Laureate.objects.get(position=3, announcement=site.announcement)
    large.amount = Decimal("1234567890.15")
    large.save()
    text = client.get(LAUREATES).content.decode()
    assert '"montant_retenu_eur":1234567890.15,' in text


def test_relations_are_named_in_their_order(client, site):
    laureate = site.laureates[1]
    CarrierFactory(
        laureate=laureate,
        organisation=site.ministry,
        announced_name="Min. de l’Essai",
        role="co-porteur",
    )
    row = fetch(client, f"{LAUREATES}{laureate.public_id}/")
    assert [each["nom_annonce"] for each in row["porteurs"]] == [
        "Agence publique",
        "Min. de l’Essai",
    ]
    assert row["porteurs"][1]["role"] == "co-porteur"
    assert row["porteurs"][1]["organisation"]["id"] == site.ministry.slug
    assert [theme["id"] for theme in row["themes"]] == ["telemedecine"]
    for address in (row["api"], row["annonce"]["api"], row["porteurs"][0]["organisation"]["api"]):
        fetch(client, address.removeprefix("http://testserver"))
    for address in (row["url"], row["annonce"]["url"], row["porteurs"][0]["organisation"]["url"]):
        assert client.get(address.removeprefix("http://testserver")).status_code == 200


def test_every_address_that_answers_name_works_and_tells_licence_and_date(client, site):
    seen, waiting = set(), ["/api/v1/"]
    while waiting:
        address = waiting.pop()
        if address in seen:
            continue
        seen.add(address)
        content = fetch(client, address)
        assert content["licence"] == "Licence Ouverte 2.0 (Etalab)"
        assert content["licence_url"].startswith("https://")
        assert "donnees_au" in content
        waiting += [
            value.removeprefix("http://testserver")
            for value in _texts(content)
            if value.startswith("http://testserver/api/v1/") and not value.endswith(".json")
        ]
    # Six lists, and each row of them.
    assert len([address for address in seen if "?" not in address]) > 15


def _texts(value):
    if isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, str):
        yield value


def test_an_announcement_lists_its_versions_and_their_files(client, site):
    address = reverse("laureates:api_announcement", args=[site.announcement.slug])
    sheet = ReleaseFileFactory(
        release=site.announcement.releases.earliest("number"), public_id="essai00001"
    )
    content = fetch(client, address)
    assert [version["numero"] for version in content["versions"]] == [1, 2]
    assert [version["nature"] for version in content["versions"]] == ["first", "correction"]
    files = [each["nom"] for version in content["versions"] for each in version["fichiers"]]
    assert files == ["laureats-v1.csv", "laureats-v2.csv"]
    assert sheet.name not in files
    assert len(content["versions"][0]["fichiers"][0]["sha256"]) == 64
    assert content["nombre_laureats"] == 3
    assert [document["url"] is None for document in content["documents"]] == [False, True]

    release = site.announcement.releases.get(number=1)
    release.withheld_at, release.withheld_reason = timezone.now(), "Une donnée personnelle."
    release.save()
    first, second = fetch(client, address)["versions"]
    assert first["fichiers"] == []
    assert first["fichiers_retires"] == "Une donnée personnelle."
    assert second["fichiers_retires"] is None
    assert len(second["fichiers"]) == 1


def test_reference_is_what_public_projects_use(client, site):
    ThemeFactory(slug="sans-projet")
    TerritoryFactory(slug="sans-projet")
    OrganisationFactory(slug="sans-projet")
    themes = fetch(client, "/api/v1/themes/")["resultats"]
    assert [(row["id"], row["nombre_laureats"]) for row in themes] == [("telemedecine", 3)]
    places = fetch(client, "/api/v1/territoires/")["resultats"]
    assert [(row["nature"], row["code"], row["nombre_laureats"]) for row in places] == [
        ("department", "88", 1),
        ("region", "44", 2),
    ]
    assert places[0]["region"]["code"] == "44"
    bodies = fetch(client, "/api/v1/organisations/")["resultats"]
    assert [row["id"] for row in bodies] == ["agence-publique", "ministere-de-l-essai"]
    assert [row["nombre_laureats"] for row in bodies] == [3, 1]
    assert bodies[0]["ministere"]["id"] == "ministere-de-l-essai"
    for path in ("themes/sans-projet/", "organisations/sans-projet/", "territoires/region/zzz/"):
        refused(client.get(f"/api/v1/{path}"), 404)


def test_figures_are_as_announced(client, site):
    ClaimFactory(
        announcement=None,
        scope="fund",
        subject="amount_total",
        unit="eur",
        value=None,
        lower=200_000,
        upper=35_000_000,
        label="de 200 000 € à 35 M€",
    )
    rows = fetch(client, "/api/v1/chiffres-annonces/")["resultats"]
    assert {row["tel_quel"] for row in rows} == {
        "16 lauréats",
        "63 lauréats",
        "de 200 000 € à 35 M€",
    }
    bounded = next(row for row in rows if row["valeur"] is None)
    assert (bounded["borne_basse"], bounded["borne_haute"]) == (200_000, 35_000_000)
    assert bounded["annonce"] is None


# What is not public ----------------------------------------------------------


def test_what_is_hidden_answers_as_what_never_existed(client, site):
    hidden = [
        LaureateFactory(announcement=AnnouncementFactory(**{trait: True}))
        for trait in ("draft", "embargoed")
    ]
    for laureate in hidden:
        for name, value in (
            ("api_laureate", laureate.public_id),
            ("api_announcement", laureate.announcement.slug),
        ):
            response = client.get(reverse(f"laureates:{name}", args=[value]))
            unknown = client.get(reverse(f"laureates:{name}", args=["jamaisvu"]))
            refused(response, 404)
            assert response.content == unknown.content


def test_what_was_withdrawn_says_why(client, site):
    alone = LaureateFactory(
        announcement=site.announcement, position=9, withdrawn=True, title="Secret"
    )
    whole = LaureateFactory(announcement=AnnouncementFactory(withdrawn=True), title="Secret")
    before = LaureateFactory(
        announcement=site.announcement,
        position=10,
        withdrawn_at=embargo.PAST - datetime.timedelta(days=1),
        withdrawal_reason="Jamais publié.",
    )
    for name, key, reason in (
        ("api_laureate", alone.public_id, "Projet publié par erreur."),
        ("api_laureate", whole.public_id, "Publiée par erreur."),
        ("api_announcement", whole.announcement.slug, "Publiée par erreur."),
    ):
        content = refused(client.get(reverse(f"laureates:{name}", args=[key])), 410)
        assert content["motif"] == reason
        assert "Secret" not in json.dumps(content)
    refused(client.get(reverse("laureates:api_laureate", args=[before.public_id])), 404)


# What is refused -------------------------------------------------------------


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    ("query", "status", "parameter"),
    [
        ("page=0", 400, "page"),
        ("page=-1", 400, "page"),
        ("page=un", 400, "page"),
        ("page=%00", 400, "page"),
        ("page=%D9%A3", 400, "page"),
        ("page=1.0", 400, "page"),
        ("page=2", 404, "page"),
        ("page=99999999999999999999", 404, "page"),
        ("page=1&page=99999999999999999999", 404, "page"),
        ("par_page=0", 400, "par_page"),
        ("par_page=101", 400, "par_page"),
        ("par_page=99999999999999999999", 400, "par_page"),
        ("par_page=tout", 400, "par_page"),
    ],
)
def test_a_page_that_cannot_be_is_an_error(client, site, name, query, status, parameter):
    content = refused(client.get(f"/api/v1/{name}/?{query}"), status)
    assert content["parametre"] == parameter


def test_an_empty_list_is_a_list(client):
    for name in LISTS:
        content = fetch(client, f"/api/v1/{name}/")
        assert (content["total"], content["pages"], content["resultats"]) == (0, 1, [])
        assert content["donnees_au"] is None


def test_what_is_not_understood_is_named_and_ignored(client, site):
    content = fetch(
        client, f"{LAUREATES}?theme=inconnu&tri=couleur&couleur=bleu&page=1&q=%00&{'x' * 90}=1"
    )
    assert content["total"] == 4
    warnings = content["avertissements"]
    assert len(warnings) == 4
    for word in ("«\u00a0inconnu\u00a0»", "«\u00a0couleur\u00a0»", f"«\u00a0{'x' * 60}\u00a0»"):
        assert any(word in warning for warning in warnings), word
    # The page for readers says the same of filters and sorts.
    html = client.get("/laureats/?theme=inconnu&tri=couleur").content.decode()
    assert warnings[0] in html
    assert warnings[1] in html
    themes = fetch(client, "/api/v1/themes/?q=projet")
    assert themes["avertissements"] == [
        "Le paramètre «\u00a0q\u00a0» n’existe pas\u00a0: il est ignoré."
    ]


@pytest.mark.parametrize(
    "address",
    [
        "/api/v1/inconnu/",
        "/api/v1/laureats/inconnu/",
        "/api/v1/laureats/a/b/c/",
        "/api/v1/territoires/planete/1/",
        "/api/v1/laureats/%F0%9F%98%80/",
    ],
)
def test_an_address_that_does_not_exist_is_a_problem(client, site, address):
    refused(client.get(address), 404)


def test_an_address_without_its_slash_leads_to_the_right_one(client, site):
    response = client.get("/api/v1/laureats?q=projet")
    assert response.status_code == 301
    assert response["Location"] == "/api/v1/laureats/?q=projet"


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "trace"])
@pytest.mark.parametrize(
    "address", ["/api/v1/", LAUREATES, "/api/v1/inconnu/", "/api/v1/openapi.json"]
)
def test_nothing_is_written(client, site, method, address):
    response = getattr(client, method)(address)
    refused(response, 405)
    assert response["Allow"] == "GET, HEAD, OPTIONS"


def test_only_json_is_spoken(client, site):
    content = refused(client.get(LAUREATES, headers={"accept": "text/html"}), 406)
    assert "application/json" in content["detail"]
    for accept in ("*/*", "application/json", "text/html,application/xhtml+xml,*/*;q=0.8"):
        fetch(client, LAUREATES, headers={"accept": accept})
    # A format cannot be asked for in the address either: it is a parameter like any other.
    assert "format" in fetch(client, f"{LAUREATES}?format=xml")["avertissements"][0]


@pytest.mark.parametrize(
    "address", ["/api/v1/%00/", f"{LAUREATES}?" + "&".join(["theme=a"] * 1001)]
)
def test_an_unreadable_address_is_a_problem(client, address):
    refused(client.get(address), 400)


def test_a_failure_is_a_problem_that_tells_nothing(site, monkeypatch, caplog):
    def fail(*args, **kwargs):
        raise RuntimeError("mot de passe 1789")

    monkeypatch.setattr(views.records, "texts", fail)
    client = Client(raise_request_exception=False)
    response = client.get(LAUREATES)
    refused(response, 500)
    assert "1789" not in response.content.decode()
    assert response["Cache-Control"] == "no-cache"
    assert "mot de passe 1789" in caplog.text
    with pytest.raises(RuntimeError):
        Client().get(LAUREATES)


# Limits ----------------------------------------------------------------------


@pytest.fixture
def limited(settings, monkeypatch):
    settings.API_RATE = 3
    throttle.cache.clear()
    yield
    throttle.cache.clear()


def test_beyond_the_limit_a_network_waits(client, site, limited):
    with time_machine.travel(LATER + datetime.timedelta(seconds=20), tick=False):
        remaining = []
        for _ in range(3):
            response = client.get("/api/v1/themes/", headers={"if-none-match": '"x"'})
            assert response.status_code == 200
            assert response["RateLimit-Limit"] == "3"
            assert response["RateLimit-Reset"] == "40"
            remaining.append(response["RateLimit-Remaining"])
        assert remaining == ["2", "1", "0"]
        response = client.get(LAUREATES)
        content = refused(response, 429)
        assert response["Retry-After"] == "40"
        assert "40" in content["detail"]
        assert response["Cache-Control"] == "no-store"
        assert response["Access-Control-Allow-Origin"] == "*"
        # Another network, and another scope, are not concerned.
        fetch(client, LAUREATES, REMOTE_ADDR="192.0.2.7")
        assert client.get("/laureats/flux.atom").status_code == 200
    with time_machine.travel(LATER + datetime.timedelta(seconds=60), tick=False):
        fetch(client, LAUREATES)


def test_errors_and_answers_known_already_count_too(client, site, limited):
    with time_machine.travel(LATER, tick=False):
        etag = client.get(LAUREATES)["ETag"]
        assert client.get(LAUREATES, headers={"if-none-match": etag}).status_code == 304
        refused(client.get("/api/v1/inconnu/"), 404)
        refused(client.get(LAUREATES), 429)


# Other sites -----------------------------------------------------------------


def test_scripts_of_other_sites_may_ask(client, site):
    origin = {"origin": "https://www.example.org"}
    asked = {
        "access-control-request-method": "GET",
        "access-control-request-headers": "if-none-match",
    }
    response = client.options(LAUREATES, headers=origin | asked)
    assert response.status_code == 204
    assert response.content == b""
    assert response["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
    assert "If-None-Match" in response["Access-Control-Allow-Headers"]
    answered = (client.get(LAUREATES, headers=origin), client.get("/api/v1/zz/", headers=origin))
    for each in (response, *answered):
        assert each["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in each
        assert not each.cookies
        assert each.get("Vary", "Accept-Encoding") == "Accept-Encoding"


def test_head_is_get_without_its_body(client, site):
    head, get = client.head(LAUREATES), client.get(LAUREATES)
    assert head.content == b""
    assert head["ETag"] == get["ETag"]
    assert head.status_code == 200


# Validators ------------------------------------------------------------------


def answers(client):
    addresses = ["/api/v1/", *(f"/api/v1/{name}/" for name in LISTS), f"{LAUREATES}?q=projet"]
    return {address: client.get(address) for address in addresses}


def test_an_answer_that_the_client_has_is_not_sent_again(client, site):
    for address, response in answers(client).items():
        assert response["Cache-Control"] == "public, no-cache"
        again = client.get(address, headers={"if-none-match": response["ETag"]})
        assert again.status_code == 304, address
        assert again.content == b""
        assert again["ETag"] == response["ETag"]
        weak = client.get(address, headers={"if-none-match": f'"a", W/{response["ETag"]}'})
        assert weak.status_code == 304
    etags = {response["ETag"] for response in answers(client).values()}
    assert len(etags) == len(LISTS) + 2
    # « Whatever you have » says nothing of an address where nothing is.
    refused(client.get("/api/v1/themes/zz/", headers={"if-none-match": "*"}), 404)
    refused(
        client.get(
            "/api/v1/themes/?page=9", headers={"if-modified-since": "Tue, 05 Jan 2038 12:00:00 GMT"}
        ),
        404,
    )


def test_validators_move_with_what_visitors_see_and_with_nothing_else(client, site):
    with time_machine.travel(LATER, tick=False):
        site.laureates[0].save()
    with time_machine.travel(LATER + datetime.timedelta(minutes=1), tick=False):
        before = answers(client)
        assert {response["Last-Modified"] for response in before.values()} == {
            "Tue, 05 Jan 2027 12:00:00 GMT"
        }
        draft = AnnouncementFactory(draft=True)
        hidden = LaureateFactory(
            announcement=draft, carriers=[site.carrier, OrganisationFactory()], themes=[site.theme]
        )
        draft.published_at = LATER + datetime.timedelta(days=1)
        draft.save()
        hidden.title = "Un autre titre"
        hidden.save()
        TerritoryFactory()
        MinistryFactory()
        for address, response in answers(client).items():
            assert response["ETag"] == before[address]["ETag"], address
            assert response["Last-Modified"] == before[address]["Last-Modified"]
            assert response.content == before[address].content
    minute = LATER + datetime.timedelta(days=1)
    with time_machine.travel(minute, tick=False):
        for address, response in answers(client).items():
            assert response["ETag"] != before[address]["ETag"], address
            # One more change could come within the same second.
            assert "Last-Modified" not in response
        assert fetch(client, LAUREATES)["total"] == 5
    with time_machine.travel(minute + datetime.timedelta(seconds=1), tick=False):
        response = client.get(LAUREATES)
        assert response["Last-Modified"] == "Wed, 06 Jan 2027 12:00:00 GMT"
        since = {"if-modified-since": response["Last-Modified"]}
        assert client.get(LAUREATES, headers=since).status_code == 304


def test_a_territory_called_otherwise_moves_the_answers_that_name_it(client, site):
    idle = TerritoryFactory(name="Ancien nom", slug="a-part")
    address = f"{LAUREATES}?territoire=a-part"
    before = client.get(address)
    assert "Ancien nom" in before.json()["intitule"]
    idle.name = "Nouveau nom"
    idle.save()
    after = client.get(address, headers={"if-none-match": before["ETag"]})
    assert "Nouveau nom" in after.json()["intitule"]


# Cost ------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(
    ("name", "queries"),
    [
        # One for the version; three for the bitmaps and one for what is public, which a process
        # keeps outside of a transaction; two for an order, kept too; the rows, the releases.
        ("laureats", 8),
        ("annonces", 8),
        ("organisations", 5),
        ("themes", 6),
        ("territoires", 6),
        ("chiffres-annonces", 3),
    ],
)
def test_query_budget(client, django_assert_num_queries, count, name, queries):
    for _ in range(count):
        announcement = AnnouncementFactory()
        ReleaseFactory(announcement=announcement)
        ClaimFactory(announcement=announcement)
        LaureateFactory(
            announcement=announcement,
            carriers=[
                OrganisationFactory(supervising_ministry=MinistryFactory()),
                OrganisationFactory(),
            ],
            themes=[ThemeFactory()],
            territories=[TerritoryFactory(department=True)],
        )
    with django_assert_num_queries(queries):
        fetch(client, f"/api/v1/{name}/")


@pytest.mark.django_db(transaction=True)
def test_a_page_costs_two_queries_once_bitmaps_are_kept(client, site, django_assert_num_queries):
    query = "theme=telemedecine&annee=2019"
    fetch(client, f"{LAUREATES}?{query}")
    # The version, with the state of the bitmaps, which SQLite need not be asked again; the rows.
    with django_assert_num_queries(1 if connection.vendor == "sqlite" else 2):
        assert fetch(client, f"{LAUREATES}?{query}&par_page=50")["total"] == 3


def test_what_is_known_already_costs_one_query(client, site, django_assert_num_queries):
    etag = client.get("/api/v1/annonces/")["ETag"]
    with django_assert_num_queries(1):
        assert client.get("/api/v1/annonces/", headers={"if-none-match": etag}).status_code == 304


def test_a_whole_page_is_within_the_limit(client, site):
    assert Announcement.objects.published().count() == 2
    content = fetch(client, f"{LAUREATES}?par_page=100")
    assert content["par_page"] == 100
    assert content["liens"] == {
        "premiere": f"http://testserver{LAUREATES}?par_page=100",
        "precedente": None,
        "suivante": None,
        "derniere": f"http://testserver{LAUREATES}?par_page=100",
    }
