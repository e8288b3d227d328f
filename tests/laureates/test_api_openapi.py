"""The description of the interface is valid, complete and kept; the page says the same."""

import json
import re
import xml.etree.ElementTree as ET
from urllib.parse import urlencode

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.urls import get_resolver
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.validation import validate_schema
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from laureates.api import envelopes, openapi
from laureates.facets import FACETS
from laureates.filters import SORTS
from laureates.models import Claim
from laureates.opendata.fields import FIELDS
from laureates.views.api import Reader, examples
from tests import embargo
from tests.architecture import misspelt

pytestmark = pytest.mark.django_db

ADDRESS = "/api/v1/openapi.json"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture
def site():
    return embargo.build_public_site()


@pytest.fixture
def document(client):
    response = client.get(ADDRESS)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/vnd.oai.openapi+json"
    assert response["Access-Control-Allow-Origin"] == "*"
    return response.json()


def operations(document):
    return {path: methods["get"] for path, methods in document["paths"].items()}


# The description -------------------------------------------------------------


def test_it_is_valid_and_made_without_a_doubt(document):
    assert document["openapi"] == "3.1.0"
    validate_schema(document)
    openapi._generated.cache_clear()
    GENERATOR_STATS.reset()
    openapi.document("https://www.example.gouv.fr")
    assert not GENERATOR_STATS


def test_it_names_every_address_of_the_interface(document):
    patterns = [
        str(pattern.pattern)
        for pattern in _patterns(get_resolver())
        if str(pattern.name).startswith("api_")
        and pattern.name not in {"api_schema", "api_unknown"}
    ]
    described = {re.sub(r"<\w+:(\w+)>", r"{\1}", f"/{pattern}") for pattern in patterns}
    assert len(described) == 13
    assert set(document["paths"]) == described
    assert {method for methods in document["paths"].values() for method in methods} == {"get"}
    assert len({each["operationId"] for each in operations(document).values()}) == 13


def _patterns(resolver):
    for pattern in resolver.url_patterns:
        if hasattr(pattern, "url_patterns"):
            yield from _patterns(pattern)
        else:
            yield pattern


def test_it_names_the_server_that_answers(client, settings, document):
    assert document["servers"] == [{"url": "http://testserver"}]
    settings.SITE_URL = "https://www.example.gouv.fr"
    assert client.get(ADDRESS).json()["servers"] == [{"url": "https://www.example.gouv.fr"}]


def test_it_describes_every_filter_and_the_values_of_closed_lists(document):
    parameters = {
        each["name"]: each for each in operations(document)["/api/v1/laureats/"]["parameters"]
    }
    assert set(parameters) == {"q", *FACETS, "tri", "page", "par_page"}
    assert all(each["description"] for each in parameters.values())
    assert set(parameters["tri"]["schema"]["enum"]) == set(SORTS)
    closed = {
        name: set(parameters[name]["schema"]["items"]["enum"])
        for name in ("type", "montant", "etat")
    }
    for name, values in closed.items():
        facet = FACETS[name]
        assert facet.unknown in values
        assert set(facet.named(values)) == values, name
    assert len(closed["montant"]) == 6


def test_it_has_the_words_of_the_open_data(document):
    properties = document["components"]["schemas"]["Laureate"]["properties"]
    shared = [field for field in FIELDS if properties.get(field.name, {}).get("type") != "array"]
    shared = [field for field in shared if field.name in properties and field.name != "annonce"]
    assert len(shared) > 20
    for field in shared:
        assert properties[field.name]["description"] == field.description


def test_everything_in_it_is_described_in_french(document):
    missing = [
        f"{name}.{inner}"
        for name, schema in document["components"]["schemas"].items()
        for inner, value in schema["properties"].items()
        if not (value.get("description") or "$ref" in str(value))
    ]
    assert missing == []
    assert misspelt(json.dumps(document, ensure_ascii=False).replace('": ', "")) == []
    for operation in operations(document).values():
        assert operation["summary"]
        assert operation["description"].startswith(("Les ", "Un ", "Une ", "Ce "))
        assert all(answer["description"] for answer in operation["responses"].values())
        assert {"200", "304", "400", "406", "429", "500"} <= set(operation["responses"])


def test_it_keeps_the_same_tag_until_it_changes(client):
    etag = client.get(ADDRESS)["ETag"]
    assert client.get(ADDRESS, headers={"if-none-match": etag}).status_code == 304


# The page --------------------------------------------------------------------


def test_the_page_says_every_address_parameter_and_field(client, site, document):
    html = client.get("/api/").content.decode()
    for path, operation in operations(document).items():
        if path == "/api/v1/":
            continue
        assert f"GET {path}<" in html
        for parameter in operation.get("parameters", ()):
            assert f"<code>{parameter['name']}</code>" in html
    for name in (
        "porteurs[].organisation.nom",
        "montant_retenu_eur",
        "versions[].fichiers[].sha256",
    ):
        assert f"<code>{name}</code>" in html
    for status in ("304", "400", "404", "406", "410", "429", "500"):
        assert f"<strong>{status}</strong>" in html
    assert "120" in html or "1\u202f000\u202f000" in html


def test_the_examples_of_the_page_answer(client, site):
    html = client.get("/api/").content.decode()
    found = [
        address.replace("&amp;", "&")
        for address in re.findall(r'Exemple\u00a0: <a href="([^"]+)"', html)
    ]
    assert len(found) == len(set(found)) == 12
    for address in [*found, *re.findall(r'href="(/api/[^"]*)"', html)]:
        assert client.get(address.replace("&amp;", "&")).status_code == 200, address


def test_without_public_rows_the_page_has_no_example_of_a_row(client):
    assert set(examples().values()) == {"", "/api/v1/laureats/?tri=titre&par_page=5"}
    html = client.get("/api/").content.decode()
    assert html.count("Aucun exemple") == 6


def test_a_reader_follows_what_a_field_holds():
    document = {
        "paths": {},
        "components": {
            "schemas": {
                "A": {
                    "type": "object",
                    "description": "Un A.",
                    "properties": {"n": {"type": "number"}},
                },
                "B": {
                    "type": "object",
                    "properties": {
                        "one": {"oneOf": [{"$ref": "#/components/schemas/A"}, {"type": "null"}]},
                        "many": {"type": "array", "items": {"$ref": "#/components/schemas/A"}},
                        "words": {"type": "array", "items": {"type": "string"}},
                        "day": {
                            "type": ["string", "null"],
                            "format": "date",
                            "description": "Un jour.",
                        },
                    },
                },
            }
        },
    }
    rows = {row.name: (row.type, row.description) for row in Reader(document, {}).rows_of("B")}
    assert rows == {
        "one": ("objet ou null", "Un A."),
        "one.n": ("nombre", ""),
        "many": ("liste d’objets", "Un A."),
        "many[].n": ("nombre", ""),
        "words": ("liste de textes", ""),
        "day": ("jour (AAAA-MM-JJ) ou null", "Un jour."),
    }


# What it promises ------------------------------------------------------------


@pytest.fixture
def server(settings):
    """The application as servers call it, in the transaction of the test."""
    settings.ALLOWED_HOSTS = ["*"]
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield get_wsgi_application()
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("path", sorted(operations(openapi.document("http://localhost"))))
def test_whatever_is_asked_the_answer_is_as_described(site, server, path, mode):
    schema = schemathesis.openapi.from_wsgi(ADDRESS, server)
    operation = schema[path]["GET"]
    if mode is GenerationMode.NEGATIVE and not (operation.query or operation.path_parameters):
        return
    seen = set()

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings_of_the_fuzz()
    def ask(case):
        # The client of the fuzz decodes nothing.
        response = case.call(headers={"Accept-Encoding": "identity"})
        seen.add(response.status_code)
        case.validate_response(response, checks=CHECKS)

    ask()
    assert seen
    assert seen <= {200, 400, 404}
    if mode is GenerationMode.POSITIVE and not operation.path_parameters:
        assert 200 in seen


def test_every_row_is_as_described(site, server):
    schema = schemathesis.openapi.from_wsgi(ADDRESS, server)
    keys = {
        "laureats/{public_id}": [{"public_id": row.public_id} for row in site.laureates],
        "annonces/{slug}": [{"slug": row.slug} for row in (site.announcement, site.older)],
        "organisations/{slug}": [{"slug": row.slug} for row in (site.carrier, site.ministry)],
        "themes/{slug}": [{"slug": site.theme.slug}],
        "territoires/{kind}/{code}": [
            {"kind": row.kind, "code": row.code} for row in (site.region, site.department)
        ],
        "chiffres-annonces/{slug}": [
            {"slug": row.slug} for row in Claim.objects.published().order_by("pk")
        ],
    }
    for path, rows in keys.items():
        operation = schema[f"/api/v1/{path}/"]["GET"]
        assert rows
        for row in rows:
            case = operation.Case(path_parameters=row)
            response = case.call(headers={"Accept-Encoding": "identity"})
            assert response.status_code == 200, row
            case.validate_response(response, checks=CHECKS)


def test_an_answer_that_is_not_as_described_is_seen(site, server, monkeypatch):
    monkeypatch.setattr(envelopes.ThemeListing, "data", {"total": "quatre"})
    schema = schemathesis.openapi.from_wsgi(ADDRESS, server)
    case = schema["/api/v1/themes/"]["GET"].Case()
    with pytest.raises(FailureGroup):
        case.validate_response(case.call(), checks=CHECKS)


WORDS = st.text(max_size=250) | st.sampled_from(["\0", "projet", "telemedecine", "9" * 20, "-1"])
NAMES = st.sampled_from(["q", *FACETS, "tri", "page", "par_page", "nombre", "couleur"])


def test_nothing_that_is_asked_breaks_an_answer(site, client):
    """Values of every kind, repeated or not, known or not."""

    @given(asked=st.lists(st.tuples(NAMES, WORDS), max_size=12))
    @settings_of_the_fuzz()
    def ask(asked):
        query = urlencode([(name, value.encode(errors="surrogatepass")) for name, value in asked])
        response = client.get(f"/api/v1/laureats/?{query}")
        assert response.status_code in {200, 400, 404}
        for address in ("/laureats/flux.atom", "/integrer/laureats/"):
            response = client.get(f"{address}?{query}")
            assert response.status_code == 200
            assert address.endswith("/") or ET.fromstring(response.content).tag.endswith("feed")

    ask()


def settings_of_the_fuzz():
    """The same examples at each run, few enough for every run."""
    return hypothesis_settings(
        max_examples=20,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
