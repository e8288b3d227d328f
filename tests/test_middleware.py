"""What no view answers: addresses that nothing can read, a database that gives up."""

from unittest import mock

import pytest
from django.db import DatabaseError, OperationalError
from django.urls import reverse

from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize(
    "address",
    [
        "/annonces/%00/",
        "/laureats/%00-x/",
        "/admin/laureates/laureate/?q=%00",
        "/laureats/?" + "&".join(f"theme=x{number}" for number in range(1001)),
    ],
)
def test_unreadable_addresses_are_refused(client, settings, debug, address):
    settings.DEBUG = debug
    response = client.get(address)
    assert response.status_code == 400
    assert "adresse" in response.content.decode()
    assert response["Cache-Control"] == "no-cache"
    assert response["X-Frame-Options"] == "DENY"


def test_as_many_parameters_as_django_reads_are_answered(client, settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 10
    assert client.get("/laureats/?" + "&".join(["inconnu=1"] * 10)).status_code == 200
    assert client.get("/laureats/?" + "&".join(["inconnu=1"] * 11)).status_code == 400


def refused(sentence, kind=OperationalError):
    """The error of a database, as Django raises it."""
    error = kind(sentence)
    error.__cause__ = DatabaseError(sentence)
    return error


@pytest.fixture
def failing(client):
    """failing(error): the answer of a screen of the staff whose view raises it."""
    client.force_login(UserFactory(superuser=True))
    client.raise_request_exception = False

    def answered(error):
        place = "django.contrib.admin.ModelAdmin.changelist_view"
        with mock.patch(place, side_effect=error):
            return client.get(reverse("admin:calls_application_changelist"))

    return answered


def test_whoever_waited_too_long_for_another_writer_is_told_so(failing):
    response = failing(refused("database is locked"))
    assert response.status_code == 503
    assert response["Retry-After"] == "60"
    page = response.content.decode()
    assert "Rien de ce que vous avez demandé n’a été enregistré." in page
    assert response["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "error", [refused("disk I/O error"), refused("database is locked", ValueError)]
)
def test_another_error_is_one(failing, error):
    assert failing(error).status_code == 500
