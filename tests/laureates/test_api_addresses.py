"""The short way of the interface answers what the framework would, and what serializers write."""

import json

import pytest
import time_machine
from django.http import QueryDict
from django.urls import reverse
from rest_framework.renderers import JSONRenderer

from laureates import opendata, throttle
from laureates.api import addresses, envelopes, pagination
from laureates.filters import LaureateFilterSet
from laureates.models import Laureate
from tests import embargo
from tests.factories import AnnouncementFactory, LaureateFactory, ReleaseFactory
from tests.laureates.test_api import LATER, LAUREATES, LISTS, limited

__all__ = ["limited"]
pytestmark = pytest.mark.django_db
SITE = "http://testserver"


@pytest.fixture
def site():
    return embargo.build_public_site()


@pytest.fixture
def both(client, monkeypatch):
    """The answers of both ways to one request."""

    def ask(address, method="get", **headers):
        found = []
        for takes_json in (addresses._takes_json, lambda request: False):
            with monkeypatch.context() as patch:
                patch.setattr(addresses, "_takes_json", takes_json)
                found.append(getattr(client, method)(address, headers=headers))
        return found

    return ask


def same(answers):
    """The answer, when both are the same."""
    short, framework = answers
    assert short.status_code == framework.status_code
    assert short.content == framework.content
    left, right = dict(short.headers), dict(framework.headers)
    for headers in (left, right):
        headers.pop("RateLimit-Remaining", None)
        headers.pop("RateLimit-Reset", None)
    assert left == right
    return short


@pytest.mark.parametrize("method", ["get", "head"])
def test_both_ways_give_the_same_answers(both, site, method):
    some = site.laureates[0]
    asked = [
        "/api/v1/",
        "/api/v1/openapi.json",
        *(f"/api/v1/{name}/" for name in LISTS),
        f"{LAUREATES}?theme=telemedecine&annee=2019&par_page=1&page=2&couleur=1&theme=zz",
        f"{LAUREATES}?q=projet&tri=titre",
        f"{LAUREATES}{some.public_id}/",
        f"/api/v1/annonces/{site.announcement.slug}/",
        "/api/v1/themes/telemedecine/",
        "/api/v1/territoires/region/44/",
        "/api/v1/organisations/agence-publique/",
    ]
    with time_machine.travel(LATER, tick=False):
        for address in asked:
            answer = same(both(address, method))
            assert answer.status_code == 200, address
            assert answer["Allow"] == "GET, HEAD, OPTIONS"
            if "ETag" in answer:
                again = same(both(address, method, **{"if-none-match": answer["ETag"]}))
                assert again.status_code == 304


@pytest.mark.parametrize(
    ("address", "status"),
    [
        (f"{LAUREATES}?page=9", 404),
        (f"{LAUREATES}?page=x", 400),
        (f"{LAUREATES}?par_page=101", 400),
        (f"{LAUREATES}inconnu/", 404),
        ("/api/v1/inconnu/", 404),
        ("/api/v1/organisations/inconnu/", 404),
        ("/api/v1/themes/?page=7", 404),
    ],
)
def test_both_ways_tell_the_same_problems(both, site, address, status):
    with time_machine.travel(LATER, tick=False):
        assert same(both(address)).status_code == status


def test_both_ways_tell_of_a_withdrawal_and_of_a_limit(both, site, limited):
    withdrawn = LaureateFactory(announcement=site.announcement, position=9, withdrawn=True)
    with time_machine.travel(LATER, tick=False):
        address = reverse("laureates:api_laureate", args=[withdrawn.public_id])
        assert same(both(address)).status_code == 410
        both(LAUREATES)  # the limit is 3: each answer counts, once
        refused = same(both(LAUREATES))
        assert refused.status_code == 429
        assert refused["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("*/*", 200),
        ("application/json", 200),
        ("application/*", 200),
        ("text/html,application/xhtml+xml,*/*;q=0.8", 200),
        ("text/html", 406),
        ("application/xml, text/*", 406),
        ("", 406),
    ],
)
def test_both_ways_take_the_same_formats(both, site, accept, status):
    with time_machine.travel(LATER, tick=False):
        assert same(both(LAUREATES, accept=accept)).status_code == status


def test_the_framework_writes_json_as_it_is_asked(client, site):
    plain = client.get(LAUREATES)
    indented = client.get(LAUREATES, headers={"accept": "application/json; indent=2"})
    assert indented.json() == plain.json()
    assert indented.content.startswith(b'{\n  "licence"')
    assert b"\n" not in plain.content


def test_each_request_counts_once(client, site, limited):
    with time_machine.travel(LATER, tick=False):
        remaining = [client.get(LAUREATES)["RateLimit-Remaining"]]
        client.get(LAUREATES, headers={"accept": "application/json; indent=2"})
        remaining.append(client.get(f"{LAUREATES}?page=9")["RateLimit-Remaining"])
    assert remaining == ["2", "0"]


def test_a_window_that_another_process_opened_is_counted(rf, limited, monkeypatch):
    request = rf.get("/")
    allowed = {"scope": "api", "limit": 3, "seconds": 60}
    with time_machine.travel(LATER, tick=False):
        assert throttle.count(request, **allowed).used == 1
        known = throttle.cache.incr
        calls = []

        def first_unknown(key):
            calls.append(key)
            if len(calls) == 1:
                raise ValueError
            return known(key)

        with monkeypatch.context() as patch:
            patch.setattr(throttle.cache, "incr", first_unknown, raising=False)
            assert throttle.count(request, **allowed).used == 2


# What serializers write ------------------------------------------------------


def rendered(serializer, content):
    context = {"site_url": SITE, "export": opendata.context(SITE)}
    return JSONRenderer().render(serializer(content, context=context).data)


@pytest.mark.parametrize("query", ["", "theme=telemedecine&tri=titre", "q=zorglub"])
def test_a_page_is_what_its_serializer_writes(client, site, query):
    ReleaseFactory(announcement=site.announcement)
    filterset = LaureateFilterSet(QueryDict(query))
    page = pagination.Page(1, 1, 20, filterset.count)
    suffix = f"?{filterset.querystring()}" if query else ""
    expected = rendered(
        envelopes.LaureateListing,
        {
            "total": page.total,
            "page": 1,
            "pages": 1,
            "par_page": 20,
            "liens": page.links(SITE + LAUREATES, filterset.querystring()),
            "avertissements": [],
            "intitule": filterset.heading,
            "url": f"{SITE}/laureats/{suffix}",
            "resultats": opendata.laureates_for_export(filterset.qs),
        },
    )
    assert client.get(f"{LAUREATES}?{query}").content == expected


def test_a_laureate_is_what_its_serializer_writes(client, site):
    for row in opendata.laureates_for_export(Laureate.objects.published()):
        found = client.get(reverse("laureates:api_laureate", args=[row.public_id]))
        assert found.content == rendered(envelopes.LaureateAnswer, row)


def test_what_is_not_public_is_in_no_record_that_is_read(client, site):
    hidden = [
        LaureateFactory(announcement=AnnouncementFactory(**{trait: True}), title="Zorglub")
        for trait in ("draft", "embargoed", "withdrawn")
    ]
    hidden.append(LaureateFactory(announcement=site.announcement, position=8, withdrawn=True))
    for row in hidden:
        address = reverse("laureates:api_laureate", args=[row.public_id])
        assert b"Zorglub" not in client.get(address).content
    content = client.get(f"{LAUREATES}?par_page=100").content
    assert b"Zorglub" not in content
    assert not {row["id"] for row in json.loads(content)["resultats"]} & {
        row.public_id for row in hidden
    }
