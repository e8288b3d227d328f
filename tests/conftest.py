"""What every test may ask for: a database on disk, a folder for documents, a real browser."""

import os
import sys
from unittest import mock

import hypothesis
import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import TransactionTestCase, override_settings

from calls.triggers import TRIGGERS, lifted
from tests import run

# Playwright keeps an event loop in the thread of the test, which Django then takes for
# asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

# A busy machine makes an example slow, which says nothing of the code. In continuous integration
# the examples are the same at each run: a failure there can be played again.
hypothesis.settings.register_profile("ftap", deadline=None, derandomize=run.in_ci())
hypothesis.settings.load_profile("ftap")

CHROMIUM = run.find_chromium()


# Engines ---------------------------------------------------------------------


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix, tmp_path_factory):
    """On SQLite, a file: threads have a connection each, as they do in production."""
    database = django_settings.DATABASES["default"]
    if database["ENGINE"] == "django.db.backends.sqlite3":
        database["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """PostgreSQL drops no database that somebody uses: a session that outlives the tests, as of a
    server's thread whose browser is slow to leave, is named, then ended."""
    yield
    if connection.vendor != "postgresql":
        return
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT state, left(query, 200), pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND backend_type = 'client backend'"
        )
        for state, query, _ in cursor.fetchall():
            sys.stderr.write(f"Une session PostgreSQL restait ouverte ({state})\u00a0: {query}\n")


@pytest.fixture(autouse=True, scope="session")
def media_root(tmp_path_factory):
    """Documents that tests upload go to a folder of this run."""
    folder = tmp_path_factory.mktemp("media")
    with override_settings(MEDIA_ROOT=folder):
        yield folder


@pytest.fixture(autouse=True, scope="session")
def flush_without_append_only_triggers():
    """What empties the database after a test that commits may empty the history too.

    The triggers are there again before the next test.
    """
    flush = TransactionTestCase._fixture_teardown

    def flush_freely(test_case):
        present = {*connection.introspection.table_names()}
        with lifted(*present & {trigger.table for trigger in TRIGGERS}):
            flush(test_case)

    with mock.patch.object(TransactionTestCase, "_fixture_teardown", flush_freely):
        yield


# Browser ---------------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)  # before -m reads the markers
def pytest_collection_modifyitems(items):
    for item in items:
        if not {"browser", "context", "page"}.isdisjoint(item.fixturenames):
            item.add_marker(pytest.mark.browser)


def pytest_runtest_setup(item):
    for engine in ("postgresql", "sqlite"):
        if item.get_closest_marker(engine) and connection.vendor != engine:
            pytest.skip(f"ne concerne que le moteur {engine}")
    if item.get_closest_marker("browser") and CHROMIUM is None:
        reason = f"aucun Chromium utilisable : {run.install_line(*run.BROWSER_PACKAGES)}"
        if run.in_ci():
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    """The machine's own Chromium, which talks to nobody but the live server."""
    return {
        **browser_type_launch_args,
        "executable_path": CHROMIUM,
        "args": [
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-gpu",
            "--disable-quic",
            "--disable-sync",
            "--no-first-run",
        ],
    }


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    return {**browser_context_args, "locale": "fr-FR", "timezone_id": "Europe/Paris"}


@pytest.fixture(scope="session")
def base_url(live_server):
    """A page is named by its path alone: page.goto("/laureats/")."""
    return live_server.url


# Live server -----------------------------------------------------------------


@pytest.fixture(scope="session")
def live_server(django_db_setup, live_server):
    """Started once the test database is a file: before, the server would take SQLite's settings
    for those of a database in memory, and share one connection between all its threads."""
    return live_server
