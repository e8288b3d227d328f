"""What the settings promise of the embedded database and of the language."""

import datetime
import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.db import connection
from django.utils import formats, timezone, translation


@pytest.mark.sqlite
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("foreign_keys", 1), ("busy_timeout", 20_000)]
)
def test_sqlite_waits_for_writers_and_keeps_its_word(pragma, value):
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA {pragma}")
        assert cursor.fetchone()[0] == value


@pytest.mark.sqlite
def test_sqlite_takes_the_lock_when_a_transaction_begins():
    assert connection.settings_dict["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


def test_french_and_paris():
    assert translation.get_language() == "fr"
    assert settings.TIME_ZONE == timezone.get_default_timezone_name() == "Europe/Paris"
    assert formats.date_format(datetime.date(2019, 9, 25), "j F Y") == "25 septembre 2019"


def test_the_level_of_the_log_holds_for_what_django_says():
    said = (
        "import django, logging; django.setup(); log = logging.getLogger('django.request'); "
        "log.warning('un refus'); log.error('une panne')"
    )
    known = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "ftap.settings",
        "FTAP_ENV_FILE": "",
        "SECRET_KEY": "x" * 60,
        "ALLOWED_HOSTS": "example.org",
        "LOG_LEVEL": "ERROR",
    }
    run = subprocess.run(
        [sys.executable, "-c", said],
        cwd=settings.BASE_DIR,
        env=known,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "une panne" in run.stderr
    assert "un refus" not in run.stderr
