"""What browsers are told on every page, and what production settings demand."""

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings as django_settings
from django.test import Client, override_settings
from django.urls import reverse

from tests.factories import LaureateFactory, OrganisationFactory, UserFactory

PRODUCTION = {
    "SECRET_KEY": "an-example-key-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "ALLOWED_HOSTS": "ftap.example.org",
    "DATABASE_URL": "sqlite://:memory:",
    "FTAP_ENV_FILE": "",
    "DJANGO_SETTINGS_MODULE": "ftap.settings",
}
# Visitors' pages, one of each kind.
PUBLIC = (
    "/",
    "/laureats/",
    "/laureats/?theme=inconnu",
    "/annonces/",
    "/organisations/",
    "/donnees/",
    "/donnees/dictionnaire/",
    "/donnees/conformite/",
    "/api/",
    "/api/v1/",
    "/laureats/flux.atom",
    "/annonces/flux.atom",
    "/signaler-une-erreur/",
    "/signaler-une-erreur/merci/",
    "/mentions-legales/",
    "/donnees-personnelles/",
    "/accessibilite/",
    "/plan-du-site/",
    "/robots.txt",
    "/sitemap.xml",
    "/inconnue/",
)


def run(*arguments, without=(), **variables):
    """A process with production variables and nothing of this one's configuration."""
    env = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    env |= PRODUCTION | variables
    for name in without:
        del env[name]
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=django_settings.BASE_DIR,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
    )


def public_paths():
    laureate = LaureateFactory(carriers=[OrganisationFactory()])
    rows = (laureate, laureate.announcement, laureate.carriers.get().organisation)
    return [*PUBLIC, *(row.get_absolute_url() for row in rows)]


def directives(response):
    policy = response["Content-Security-Policy"]
    return {name: values for name, *values in (part.split() for part in policy.split(";"))}


def assert_protected(response):
    policy = directives(response)
    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == policy["style-src"] == ["'self'"]
    assert policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]
    assert policy["form-action"] == ["'self'"]
    assert "unsafe" not in response["Content-Security-Policy"]
    assert "http" not in response["Content-Security-Policy"]
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    for feature in ("camera", "geolocation", "microphone"):
        assert f"{feature}=()" in response["Permissions-Policy"]


def test_public_pages_are_protected_and_leave_no_cookie(db, client):
    for path in public_paths():
        response = client.get(path)
        assert response.status_code == (404 if path == "/inconnue/" else 200), path
        assert_protected(response)
        assert not response.cookies, path
        assert "Cookie" not in response.get("Vary", ""), path


def test_public_pages_may_not_outlast_what_they_show(db, client):
    for path in public_paths():
        if path == "/inconnue/":
            continue
        response = client.get(path)
        is_form = path == "/signaler-une-erreur/"
        expected = {"private", "no-store"} if is_form else {"public", "no-cache"}
        assert set(response["Cache-Control"].split(", ")) == expected, path
        if not is_form:
            again = client.get(path, headers={"if-none-match": response["ETag"]})
            assert again.status_code == 304, path


def test_programs_read_open_data_from_any_site_and_nothing_else(db, client):
    laureate = LaureateFactory()
    for path in ("/api/v1/laureats/", "/laureats/flux.atom", "/annonces/flux.atom"):
        response = client.get(path)
        assert_protected(response)
        assert response["Access-Control-Allow-Origin"] == "*", path
        assert "Access-Control-Allow-Credentials" not in response, path
        assert not response.cookies, path
        assert response["Vary"] == "Accept-Encoding", path
    for path in ("/", "/api/", "/admin/login/", laureate.get_absolute_url()):
        assert "Access-Control-Allow-Origin" not in client.get(path), path


def test_only_the_embeddable_list_stands_in_a_frame(db, client, settings):
    settings.EMBED_ANCESTORS = ["https://*.gouv.fr", "https://www.example.org"]
    response = client.get("/integrer/laureats/")
    policy = directives(response)
    assert policy.pop("frame-ancestors") == ["https://*.gouv.fr", "https://www.example.org"]
    assert "X-Frame-Options" not in response
    other = directives(client.get("/laureats/"))
    assert other.pop("frame-ancestors") == ["'none'"]
    # Framed or not, nothing else is allowed.
    assert policy == other
    settings.EMBED_ANCESTORS = []
    assert directives(client.get("/integrer/laureats/"))["frame-ancestors"] == ["'none'"]


def test_error_pages_are_protected(db, client):
    assert_protected(client.get("/annonces/%00/"))
    assert_protected(client.post("/signaler-une-erreur/", headers={"sec-fetch-site": "cross-site"}))


def test_the_staff_site_is_protected_and_never_kept(db, client):
    assert_protected(client.get(reverse("admin:login")))
    client.force_login(UserFactory(superuser=True))
    response = client.get(reverse("admin:index"))
    assert response.status_code == 200
    assert_protected(response)
    assert {"no-store", "private"} <= set(response["Cache-Control"].split(", "))


@override_settings(SESSION_COOKIE_SECURE=True, CSRF_COOKIE_SECURE=True)
def test_cookies_of_the_staff_are_secure(db):
    client = Client()
    user = UserFactory(superuser=True)
    login = reverse("admin:login")
    client.get(login, secure=True)
    from_factory = {"username": user.username, "password": "mot-de-passe-des-essais-1789"}
    assert client.post(login, from_factory, secure=True).status_code == 302
    for name in ("sessionid", "csrftoken"):
        cookie = client.cookies[name]
        assert cookie["secure"]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"


# Production --------------------------------------------------------------------


def test_the_deployment_check_is_clean():
    result = run("manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert result.returncode == 0, result.stderr
    assert "no issues" in result.stdout + result.stderr


def test_the_deployment_check_sees_a_weak_setting():
    result = run(
        "manage.py", "check", "--deploy", "--fail-level", "WARNING", SECURE_SSL_REDIRECT="false"
    )
    assert result.returncode != 0
    assert "security.W008" in result.stderr


def test_without_a_secret_key_nothing_starts():
    result = run("manage.py", "check", without=["SECRET_KEY"])
    assert result.returncode != 0
    assert 'Environment variable "SECRET_KEY" not set' in result.stderr


PROBE = """
import json, django
django.setup()
from django.conf import settings
from django.test import Client
host = {"headers": {"host": "ftap.example.org"}}
plain = Client().get("/robots.txt", **host)
secure = Client().get("/robots.txt", secure=True, **host)
forwarded = Client().get(
    "/robots.txt", headers={"host": "ftap.example.org", "x-forwarded-proto": "https"}
)
print(json.dumps({
    "debug": settings.DEBUG,
    "cookies": [settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE],
    "redirect": [plain.status_code, plain.get("Location")],
    "status": secure.status_code,
    "headers": dict(secure.headers),
    "forwarded": forwarded.status_code,
}))
"""


def probe(**variables):
    result = run("-c", PROBE, **variables)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def production():
    return probe()


def test_production_answers_over_tls_only(production):
    assert production["redirect"] == [301, "https://ftap.example.org/robots.txt"]
    assert production["status"] == 200
    assert production["headers"]["Strict-Transport-Security"] == (
        "max-age=63072000; includeSubDomains; preload"
    )


def test_production_hides_its_workings(production):
    assert production["debug"] is False
    assert production["cookies"] == [True, True]


def test_the_forwarded_scheme_is_believed_of_a_declared_proxy_only(production):
    assert production["forwarded"] == 301
    assert probe(BEHIND_TLS_PROXY="true")["forwarded"] == 200
