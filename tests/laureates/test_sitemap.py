"""robots.txt and sitemap.xml: every public page, and nothing else."""

import datetime
import re

import pytest
from django.urls import reverse

from laureates import urls
from laureates.models import Announcement, Laureate
from laureates.views import pages
from tests.factories import (
    AnnouncementFactory,
    LaureateFactory,
    MinistryFactory,
    OrganisationFactory,
)

# Addresses without parameter that are no page for a reader to find by a search engine.
NOT_LISTED = {
    "announcement_feed",
    "embed",
    "feed",
    "report_sent",
    "robots",
    "sitemap",
    "dictionary_csv",
    "table_schema",
    "scdl",
    "threesixty",
    "dcat",
}


def fetch(client, path="/sitemap.xml", **kwargs):
    response = client.get(path, **kwargs)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/xml"
    return re.findall(r"<loc>([^<]+)</loc>", response.content.decode())


def paths(client):
    prefix = "http://testserver"
    locations = fetch(client)
    assert all(location.startswith(f"{prefix}/") for location in locations)
    return [location.removeprefix(prefix) for location in locations]


def test_every_page_without_parameter_is_listed(db, client):
    expected = {
        reverse(f"laureates:{pattern.name}")
        for pattern in urls.urlpatterns
        if not pattern.pattern.converters
        and not pattern.name.startswith("api_")
        and pattern.name not in NOT_LISTED
    }
    assert len(expected) > 5
    assert set(paths(client)) == expected | {reverse("calls:calls")}


def test_public_rows_are_listed_and_each_address_answers(db, client):
    ministry = MinistryFactory()
    carrier = OrganisationFactory(supervising_ministry=ministry)
    laureate = LaureateFactory(carriers=[carrier])
    found = paths(client)
    for row in (laureate, laureate.announcement, carrier, ministry):
        assert found.count(row.get_absolute_url()) == 1
    for path in found:
        assert client.get(path).status_code == 200, path


def test_what_is_not_public_is_absent(db, client):
    before = paths(client)
    hidden = []
    for trait in ("draft", "embargoed", "withdrawn"):
        carrier = OrganisationFactory(supervising_ministry=MinistryFactory())
        announcement = AnnouncementFactory(**{trait: True})
        hidden += [
            announcement,
            LaureateFactory(announcement=announcement, carriers=[carrier]),
            carrier,
            carrier.supervising_ministry,
        ]
    assert paths(client) == before
    withdrawn = LaureateFactory(withdrawn=True, carriers=[OrganisationFactory()])
    assert sorted(paths(client)) == sorted([*before, withdrawn.announcement.get_absolute_url()])
    # The same rows are listed once public: it is their state that kept them away.
    Announcement.objects.update(
        published_at=withdrawn.announcement.published_at, withdrawn_at=None, withdrawal_reason=""
    )
    Laureate.objects.update(withdrawn_at=None, withdrawal_reason="")
    assert {row.get_absolute_url() for row in hidden} <= set(paths(client))


def test_an_embargoed_announcement_appears_at_its_minute(db, client, time_machine):
    time_machine.move_to(datetime.datetime(2026, 3, 1, 9, 59, 59, tzinfo=datetime.UTC), tick=False)
    at = datetime.datetime(2026, 3, 1, 10, 0, tzinfo=datetime.UTC)
    laureate = LaureateFactory(announcement__published_at=at)
    assert laureate.get_absolute_url() not in paths(client)
    time_machine.move_to(at, tick=False)
    assert laureate.get_absolute_url() in paths(client)


def test_lastmod_is_the_last_change_for_visitors_or_absent(db, client):
    laureate = LaureateFactory()
    announcement = laureate.announcement

    def lastmods(updated_at, published_at):
        Announcement.objects.update(updated_at=updated_at, published_at=published_at)
        Laureate.objects.update(updated_at=updated_at)
        content = client.get("/sitemap.xml").content.decode()
        return [
            re.search(
                rf"{re.escape(row.get_absolute_url())}</loc>\s*(?:<lastmod>([^<]+))?", content
            )[1]
            for row in (announcement, laureate)
        ]

    january, march = (datetime.datetime(2026, m, 5, 12, tzinfo=datetime.UTC) for m in (1, 3))
    assert lastmods(march, january) == ["2026-03-05"] * 2
    # Prepared under embargo: the day it was written stays unknown to visitors.
    assert lastmods(january, march) == ["2026-03-05"] * 2
    assert lastmods(None, january) == [None] * 2


def test_addresses_follow_the_request_unless_the_site_has_one(db, client, settings):
    settings.ALLOWED_HOSTS = ["ftap.example.org"]
    host = {"headers": {"host": "ftap.example.org"}, "secure": True}
    assert all(loc.startswith("https://ftap.example.org/") for loc in fetch(client, **host))
    robots = client.get("/robots.txt", **host).content.decode()
    assert "Sitemap: https://ftap.example.org/sitemap.xml\n" in robots

    settings.SITE_URL = "https://www.example.gouv.fr"
    assert all(loc.startswith("https://www.example.gouv.fr/") for loc in fetch(client, **host))
    robots = client.get("/robots.txt", **host).content.decode()
    assert "Sitemap: https://www.example.gouv.fr/sitemap.xml\n" in robots


def test_beyond_the_limit_an_index_of_sections_replaces_the_file(db, client, monkeypatch, settings):
    settings.SITE_URL = "https://www.example.gouv.fr"
    announcement = AnnouncementFactory()
    laureates = LaureateFactory.create_batch(3, announcement=announcement)
    whole = fetch(client)
    monkeypatch.setattr(pages, "SITEMAP_LIMIT", len(whole))
    assert fetch(client) == whole

    monkeypatch.setattr(pages, "SITEMAP_LIMIT", len(whole) - 1)
    monkeypatch.setattr("laureates.sitemaps.LaureateSitemap.limit", 2)
    site = "https://www.example.gouv.fr"
    index = fetch(client)
    assert index == [
        f"{site}/sitemap-pages.xml",
        f"{site}/sitemap-annonces.xml",
        f"{site}/sitemap-laureats.xml",
        f"{site}/sitemap-laureats.xml?p=2",
        f"{site}/sitemap-organismes.xml",
        f"{site}/sitemap-appels.xml",
        f"{site}/sitemap-sessions.xml",
    ]
    parts = [loc for address in index for loc in fetch(client, address.removeprefix(site))]
    assert sorted(parts) == sorted(whole)
    assert f"{site}{laureates[2].get_absolute_url()}" in parts


@pytest.mark.parametrize(
    "path",
    [
        "/sitemap-inconnu.xml",
        "/sitemap.xml?p=2",
        "/sitemap.xml?p=abc",
        "/sitemap.xml?p=%00",
        "/sitemap-laureats.xml?p=99999999999999999999",
        "/sitemap-laureats.xml?p=0",
    ],
)
def test_unknown_sections_and_pages_are_not_found(db, client, path):
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_query_budget(db, client, django_assert_num_queries, count):
    LaureateFactory.create_batch(count, carriers=[OrganisationFactory()])
    # For each of the three sections of rows: a count for the limit, a count for its own pages,
    # and the rows; calls are listed twice, and their sessions, none here, counted twice.
    with django_assert_num_queries(13):
        client.get("/sitemap.xml")
    with django_assert_num_queries(2):
        client.get("/sitemap-laureats.xml")


@pytest.mark.parametrize("path", ["/sitemap.xml", "/sitemap-laureats.xml", "/robots.txt"])
def test_robots_ask_again_each_time(db, client, path):
    LaureateFactory()
    response = client.get(path)
    assert response["Cache-Control"] == "public, no-cache"
    assert response["ETag"]
    # The latest date of those that remain would not tell that one has disappeared.
    assert "Last-Modified" not in response
    assert not response.cookies
    assert response["Vary"] == "Accept-Encoding"


def test_robots_stay_out_of_the_staff_site(client):
    response = client.get("/robots.txt")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response.content.decode().splitlines() == [
        "User-agent: *",
        "Disallow: /admin/",
        "Disallow: /signaler-une-erreur/?",
        "Disallow: /laureats/?*&",
        "",
        "Sitemap: http://testserver/sitemap.xml",
    ]
