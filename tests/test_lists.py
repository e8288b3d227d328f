"""Lists of the staff at a size that nobody counts: what they say, and what they read."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ftap import lists
from ftap.lists import BoundedPaginator, rows_of
from laureates.models import Organisation, Theme
from tests import factories
from tests.admin_pages import url

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client):
    client.force_login(factories.UserFactory(superuser=True))
    return client


@pytest.fixture
def bound(monkeypatch):
    monkeypatch.setattr(lists, "COUNT_MAX", 3)
    return 3


@pytest.mark.parametrize(
    ("rows", "count", "is_bounded"), [(0, 0, False), (3, 3, False), (4, 3, True)]
)
def test_a_count_is_exact_up_to_the_bound(rows, count, is_bounded, bound):
    factories.ThemeFactory.create_batch(rows)

    paginator = BoundedPaginator(Theme.objects.order_by("name"), 2)

    assert (paginator.count, paginator.is_bounded) == (count, is_bounded)


def test_a_count_reads_no_more_rows_than_the_bound(bound):
    paginator = BoundedPaginator(Theme.objects.order_by("name"), 2)
    with CaptureQueriesContext(connection) as queries:
        assert paginator.count == 0
        assert not paginator.is_bounded
    (query,) = queries.captured_queries
    assert "LIMIT 4" in query["sql"]
    assert "ORDER BY" not in query["sql"]


def test_rows_come_in_the_order_of_their_keys():
    rows = factories.ThemeFactory.create_batch(3)
    keys = [rows[2].pk, rows[0].pk, 0, rows[1].pk]

    assert rows_of(keys, Theme.objects.order_by("name")) == [rows[2], rows[0], rows[1]]


def test_a_list_never_tells_a_wrong_total(staff, bound):
    factories.OrganisationFactory.create_batch(3)
    page = staff.get(url(Organisation)).content.decode()
    assert "plus de" not in page
    assert "3\u00a0organismes" in page.replace("&nbsp;", "\u00a0")

    factories.OrganisationFactory.create_batch(3)
    page = staff.get(url(Organisation)).content.decode().replace("&nbsp;", "\u00a0")
    assert "plus de 3\u00a0organismes" in page
    assert "Choisir toute la liste, plus de 3\u00a0lignes" in page
    assert "plus de 3" in staff.get(url(Organisation), {"q": "o"}).content.decode()


def test_an_export_counts_every_row_of_a_list_that_is_not(staff, bound):
    factories.OrganisationFactory.create_batch(5)
    assert staff.get(url(Organisation)).context["cl"].result_count == 3

    page = staff.get(reverse("admin:laureates_organisation_export"))

    assert page.context["count"] == 5


def suggested(client, **query):
    address = reverse("admin:autocomplete")
    place = {"app_label": "laureates", "model_name": "carrier", "field_name": "organisation"}
    return client.get(address, place | query)


def test_suggestions_come_by_pages_without_a_count(staff):
    for number in range(25):
        factories.OrganisationFactory(name=f"Organisme {number:02}", slug=f"organisme-{number:02}")
    with CaptureQueriesContext(connection) as queries:
        first = suggested(staff, term="organisme").json()
    assert not [query for query in queries.captured_queries if "COUNT(*)" in query["sql"]]
    names = [row["text"] for row in first["results"]]
    assert names == [f"Organisme {number:02}" for number in range(20)]
    assert first["pagination"] == {"more": True}

    second = suggested(staff, term="organisme", page=2).json()

    assert [row["text"] for row in second["results"]] == [f"Organisme {n}" for n in range(20, 25)]
    assert second["pagination"] == {"more": False}


@pytest.mark.parametrize("page", ["0", "-1", "x", "3", "9" * 20])
def test_pages_of_suggestions_that_do_not_exist(page, staff):
    factories.OrganisationFactory()

    assert suggested(staff, page=page).status_code == 404
