"""Lists of the staff at a size that nobody counts: what they say, and what they read."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from calls.models import Application, Committee
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


# Days and tallies ------------------------------------------------------------


@pytest.mark.parametrize("kind", ["year", "month", "day"])
def test_the_links_to_dates_are_those_of_the_rows(staff, kind):
    for day in ("2019-09-23", "2019-09-24", "2019-11-02", "2021-01-31", None):
        factories.CommitteeFactory(held_on=day)
    rows = staff.get(url(Committee)).context["cl"].queryset

    assert rows.dates("held_on", kind) == list(Committee.objects.dates("held_on", kind))


def test_the_database_does_not_cut_the_day_of_each_row(staff):
    factories.CommitteeFactory(held_on="2019-09-23")
    factories.CommitteeFactory(held_on="2021-09-23")
    with CaptureQueriesContext(connection) as queries:
        page = staff.get(url(Committee)).content.decode()
    assert "2019" in page
    assert "2021" in page
    assert not [query for query in queries if "trunc" in query["sql"].lower()]


@pytest.mark.parametrize(("rows", "count", "is_more"), [(0, 0, False), (2, 2, False), (3, 2, True)])
def test_a_tally_stops_at_the_most_that_is_told(rows, count, is_more, monkeypatch):
    monkeypatch.setattr(lists, "TOLD_MAX", 2)
    factories.ThemeFactory.create_batch(rows)
    with CaptureQueriesContext(connection) as queries:
        found = lists.tally(Theme.objects.order_by("name"))
    assert found == {"count": count, "is_more": is_more}
    (query,) = queries.captured_queries
    assert "LIMIT 3" in query["sql"]
    assert "ORDER BY" not in query["sql"]


def test_the_staff_is_told_that_more_than_the_tally_wait(staff, monkeypatch):
    monkeypatch.setattr(lists, "TOLD_MAX", 2)
    for count, said in ((2, "<strong>2</strong>"), (1, "<strong>plus de 2</strong>")):
        factories.ApplicationFactory.create_batch(count)
        for address in (reverse("admin:index"), url(Application)):
            page = " ".join(staff.get(address).content.decode().split())
            assert (
                f"{said} À déclarer recevables" in page or f"À déclarer recevables {said}" in page
            )
