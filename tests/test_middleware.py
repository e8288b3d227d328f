"""Addresses that nothing can read are refused in French, whatever the mode."""

import pytest

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
