"""The report of an error: what is stored, once, for how long, and what is refused."""

import datetime
import re
import threading
from io import StringIO

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection, connections
from django.test import Client
from django.utils import timezone

from laureates import throttle
from laureates.forms import local_path
from laureates.models import ErrorReport
from laureates.views import pages
from tests.factories import ErrorReportFactory

URL = "/signaler-une-erreur/"
SENT = "/signaler-une-erreur/merci/"
REPORT = {"page": "/laureats/", "message": "La date est fausse.", "email": ""}


@pytest.fixture(autouse=True)
def _fresh_counters():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def clock(time_machine):
    """A clock that stands still in the middle of a window of the limit."""
    now = datetime.datetime(2026, 3, 2, 10, 30, tzinfo=datetime.UTC)
    time_machine.move_to(now, tick=False)
    return time_machine


def post(client, **changes):
    extra = {name: changes.pop(name) for name in ("headers", "REMOTE_ADDR") if name in changes}
    return client.post(URL, REPORT | changes, **extra)


def page_value(html):
    return re.search(r'<input[^>]*name="page"[^>]*>', html)[0]


# The form ----------------------------------------------------------------------


def test_the_form_is_never_kept_and_takes_no_cookie(client):
    response = client.get(URL)
    assert response.status_code == 200
    assert set(response["Cache-Control"].split(", ")) == {"private", "no-store"}
    assert not response.cookies
    assert "Cookie" not in response.get("Vary", "")


@pytest.mark.parametrize("path", ["/", "/laureats/?theme=emploi&page=2", "/annonces/a-b/#liste"])
def test_a_local_page_is_filled_in(client, path):
    html = client.get(URL, {"page": path}).content.decode()
    assert f'value="{path.replace("&", "&amp;")}"' in page_value(html)


@pytest.mark.parametrize(
    "text",
    [
        "https://ailleurs.example/",
        "//ailleurs.example/",
        "///ailleurs.example/",
        "/\\ailleurs.example/",
        "\\\\ailleurs.example",
        "javascript:alert(1)",
        "laureats/",
        " /laureats/",
        "/laureats/\nSet-Cookie: a=b",
        "/laureats/\x00",
        "/" + "a" * 500,
        "",
    ],
)
def test_anything_else_is_dropped(client, text):
    assert local_path(text) == ""
    html = client.get(URL, {"page": text}).content.decode()
    assert "value=" not in page_value(html)


def test_each_field_is_named_and_hinted(client):
    html = client.get(URL).content.decode()
    for name in ("page", "message", "email"):
        assert f'<label class="fr-label" for="id_{name}">' in html
        assert f'id="id_{name}_helptext"' in html
        field = re.search(rf'<(?:input|textarea)[^>]*name="{name}"[^>]*>', html)[0]
        assert f'aria-describedby="id_{name}_helptext"' in field
    assert 'autocomplete="email"' in html
    assert 'maxlength="4000"' in html
    # The trap is neither shown, nor read aloud, nor reached with the keyboard.
    trap = re.search(r"(?s)<div hidden>(.*?)</div>", html)[1]
    assert 'name="website"' in trap


def test_errors_are_summed_up_and_stand_beside_their_field(db, client):
    response = post(client, page="https://ailleurs.example/", message=" ", email="camille")
    assert response.status_code == 200
    html = response.content.decode()
    assert "<title>Erreur dans le formulaire\u00a0: Signaler une erreur — FTAP</title>" in html
    summary = re.search(r'(?s)<div class="fr-alert fr-alert--error[^>]*>.*?</div>', html)[0]
    assert 'tabindex="-1" autofocus' in summary
    for name in ("page", "message", "email"):
        assert f'href="#id_{name}"' in summary
        field = re.search(rf'<(?:input|textarea)[^>]*name="{name}"[^>]*>', html)[0]
        assert 'aria-invalid="true"' in field
        assert f'aria-describedby="id_{name}_helptext id_{name}_error"' in field
        assert f'id="id_{name}_error"' in html
    # What was typed is kept.
    assert 'value="camille"' in html
    assert "no-store" in response["Cache-Control"]
    assert not ErrorReport.objects.exists()


def test_a_report_without_error_has_no_summary(client):
    assert "fr-alert--error" not in client.get(URL).content.decode()


# What is stored ----------------------------------------------------------------


def test_a_report_is_stored_then_the_reader_is_led_elsewhere(db, client):
    response = post(client, email="camille@example.org")
    assert response.status_code == 302
    assert response["Location"] == SENT
    assert "no-store" in response["Cache-Control"]
    report = ErrorReport.objects.get()
    assert (report.page, report.message, report.email) == (
        "/laureats/",
        "La date est fausse.",
        "camille@example.org",
    )
    assert report.handled_at is None
    assert client.get(SENT).status_code == 200


def test_page_and_address_are_optional(db, client):
    assert post(client, page="").status_code == 302
    assert ErrorReport.objects.get().page == ""


def test_a_full_address_of_this_site_is_reduced_to_its_path(db, client, settings):
    settings.SITE_URL = "https://www.example.gouv.fr"
    post(client, page="http://testserver/laureats/?q=a")
    post(client, page="https://www.example.gouv.fr/annonces/")
    assert set(ErrorReport.objects.values_list("page", flat=True)) == {
        "/laureats/?q=a",
        "/annonces/",
    }
    assert post(client, page="https://www.example.gouv.fr.ailleurs.example/").status_code == 200


def test_length_counts_an_end_of_line_once_as_browsers_do(db, client):
    assert post(client, message="a\r\n" * 1999 + "fin").status_code == 200  # 4001
    assert post(client, message="a\r\n" * 1999 + "fi").status_code == 302  # 4000
    assert ErrorReport.objects.get().message == "a\n" * 1999 + "fi"


def test_a_nul_character_is_refused_not_a_failure(db, client):
    assert post(client, message="a\x00b").status_code == 200
    assert post(client, page="/\x00").status_code == 200
    assert not ErrorReport.objects.exists()


def test_a_program_that_fills_the_trap_believes_it_succeeded(db, client):
    response = post(client, website="https://spam.example/")
    assert (response.status_code, response["Location"]) == (302, SENT)
    assert not ErrorReport.objects.exists()


def test_a_form_from_another_site_is_refused(db):
    client = Client(enforce_csrf_checks=True)
    assert post(client, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert not ErrorReport.objects.exists()
    assert post(client, headers={"sec-fetch-site": "same-origin"}).status_code == 302
    assert ErrorReport.objects.count() == 1


# Once --------------------------------------------------------------------------


def test_the_same_report_is_not_stored_twice_within_ten_minutes(db, client, clock):
    for _ in range(2):
        assert post(client).status_code == 302
    assert ErrorReport.objects.count() == 1
    post(client, page="/annonces/")
    post(client, message="Le montant est faux.")
    assert ErrorReport.objects.count() == 3
    clock.shift(datetime.timedelta(minutes=10))
    post(client)
    assert ErrorReport.objects.count() == 4


def test_a_repeat_gives_the_address_that_was_missing_and_changes_no_other(db, client):
    post(client)
    post(client, email="camille@example.org")
    post(client, email="autre@example.org")
    assert ErrorReport.objects.get().email == "camille@example.org"


@pytest.mark.django_db(transaction=True)
def test_two_simultaneous_clicks_store_one_report():
    barrier = threading.Barrier(4)
    failures = []

    def click():
        try:
            barrier.wait(timeout=10)
            ErrorReport.objects.receive(page="/", message="La date est fausse.")
        except Exception as failure:
            failures.append(failure)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=click) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert ErrorReport.objects.count() == 1


# How often ---------------------------------------------------------------------


def fill(client, count, **changes):
    return [post(client, message=f"Erreur {n}", **changes).status_code for n in range(count)]


def test_beyond_the_limit_nothing_is_stored_and_nothing_is_lost(db, client, clock):
    assert fill(client, pages.REPORTS_PER_CLIENT) == [302] * pages.REPORTS_PER_CLIENT
    # A double click on the last one allowed is still a success.
    assert post(client, message=f"Erreur {pages.REPORTS_PER_CLIENT - 1}").status_code == 302
    response = post(client, message="Une erreur de trop")
    assert response.status_code == 429
    html = response.content.decode()
    assert "Trop de signalements" in html
    assert "Une erreur de trop</textarea>" in html
    assert ErrorReport.objects.count() == pages.REPORTS_PER_CLIENT
    # Others, and the same client an hour later, are not concerned.
    assert post(client, message="Ailleurs", REMOTE_ADDR="192.0.2.7").status_code == 302
    clock.shift(datetime.timedelta(hours=1))
    assert post(client, message="Une erreur de trop").status_code == 302


@pytest.mark.parametrize(
    ("first", "second", "is_same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("", "n’importe quoi", True),
    ],
)
def test_a_client_is_an_address_or_the_network_of_a_subscriber(rf, clock, first, second, is_same):
    def is_allowed(address):
        request = rf.get("/", REMOTE_ADDR=address)
        return throttle.is_allowed(request, scope="essai", limit=1, seconds=60)

    assert is_allowed(first)
    assert is_allowed(second) != is_same


def test_behind_the_proxy_the_client_is_the_last_address_forwarded(rf, clock, settings):
    def is_allowed(forwarded):
        request = rf.get("/", REMOTE_ADDR="10.0.0.1", headers={"x-forwarded-for": forwarded})
        return throttle.is_allowed(request, scope="essai", limit=1, seconds=60)

    # Without a declared proxy the header is a client's own writing.
    assert is_allowed("192.0.2.1")
    assert not is_allowed("192.0.2.2")
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert is_allowed("192.0.2.1")
    assert not is_allowed("203.0.113.9, 192.0.2.1")
    assert is_allowed("192.0.2.1, 192.0.2.2")


def test_scopes_do_not_mix(rf, clock):
    for scope in ("un", "deux"):
        assert throttle.is_allowed(rf.get("/"), scope=scope, limit=1, seconds=60)


def test_no_address_is_kept(db, client, monkeypatch):
    keys = []
    monkeypatch.setattr(throttle.cache, "add", lambda key, *args: keys.append(key), raising=False)
    post(client, REMOTE_ADDR="192.0.2.77")
    assert re.fullmatch("throttle:[0-9a-f]{64}", keys.pop())
    assert "192.0.2.77" not in str(ErrorReport.objects.values())


def test_a_counter_lost_by_the_cache_refuses_nobody(rf, monkeypatch):
    monkeypatch.setattr(throttle.cache, "add", lambda *args: False, raising=False)
    assert throttle.is_allowed(rf.get("/"), scope="essai", limit=1, seconds=60)


# For how long ------------------------------------------------------------------


def aged(*, received, handled=None):
    now = timezone.now()
    report = ErrorReportFactory(
        handled_at=None if handled is None else now - datetime.timedelta(days=handled)
    )
    ErrorReport.objects.filter(pk=report.pk).update(
        created_at=now - datetime.timedelta(days=received)
    )
    return report


def test_reports_are_erased_a_year_after_handling_or_two_without(db, clock):
    kept = [
        aged(received=0),
        aged(received=729),
        aged(received=364, handled=364),
        # Handled late: the year runs from there.
        aged(received=900, handled=1),
    ]
    expired = [aged(received=400, handled=365), aged(received=730)]
    assert set(ErrorReport.objects.expired()) == set(expired)
    output = StringIO()
    call_command("purge_reports", stdout=output)
    assert output.getvalue() == "2 signalements effacés.\n"
    assert set(ErrorReport.objects.all()) == set(kept)
    output = StringIO()
    call_command("purge_reports", stdout=output)
    assert output.getvalue() == "0 signalement effacé.\n"


@pytest.mark.parametrize("name", [URL, "/donnees-personnelles/"])
def test_readers_are_told_how_long(client, name):
    words = " ".join(client.get(name).content.decode().split())
    assert "effacé" in words
    assert "un an après le traitement du signalement" in words
    assert "au plus tard deux ans après son envoi" in words


@pytest.mark.postgresql
def test_the_lock_leaves_readers_alone(db):
    ErrorReport.objects.receive(page="/", message="La date est fausse.")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT mode FROM pg_locks WHERE relation = 'laureates_errorreport'::regclass"
            " AND pid = pg_backend_pid()"
        )
        modes = {mode for (mode,) in cursor.fetchall()}
    assert "ShareRowExclusiveLock" in modes
    assert "AccessExclusiveLock" not in modes
