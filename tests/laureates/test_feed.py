"""Feeds: well formed, stable, dated by the versions, and made of what visitors see alone."""

import datetime
import xml.etree.ElementTree as ET

import feedparser
import pytest
import time_machine
from django.urls import reverse

from laureates.models import Announcement, Laureate
from laureates.releases import content
from tests import embargo
from tests.factories import (
    AnnouncementFactory,
    LaureateFactory,
    OrganisationFactory,
    ReleaseFactory,
    ThemeFactory,
)

pytestmark = pytest.mark.django_db

LAUREATES = "/laureats/flux.atom"
ANNOUNCEMENTS = "/annonces/flux.atom"
ATOM = "{http://www.w3.org/2005/Atom}"
LATER = datetime.datetime(2027, 1, 5, 12, 0, tzinfo=datetime.UTC)


@pytest.fixture
def site():
    return embargo.build_public_site()


def parse(client, address, **kwargs):
    """A feed as a reader of feeds finds it; what RFC 4287 requires is there."""
    response = client.get(address, **kwargs)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/atom+xml; charset=utf-8"
    root = ET.fromstring(response.content)
    assert root.tag == f"{ATOM}feed"
    for element in (root, *root.iter(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            assert len(element.findall(f"{ATOM}{name}")) == 1, name
            assert element.find(f"{ATOM}{name}").text
    assert root.find(f"{ATOM}author/{ATOM}name").text
    ids = [element.text for element in root.iter(f"{ATOM}id")]
    assert len(ids) == len(set(ids))
    parsed = feedparser.parse(response.content)
    assert not parsed.bozo, parsed.get("bozo_exception")
    assert parsed.version == "atom10"
    return parsed


def titles(parsed):
    return [entry.title for entry in parsed.entries]


# Laureates -------------------------------------------------------------------


def test_entries_are_the_laureates_latest_announcement_first(client, site):
    parsed = parse(client, LAUREATES)
    expected = list(Laureate.objects.published().in_public_order())
    assert titles(parsed) == [laureate.title for laureate in expected]
    entry, laureate = parsed.entries[0], expected[0]
    assert entry.id == f"tag:testserver,2026:laureats/{laureate.public_id}"
    assert entry.link == f"http://testserver{laureate.get_absolute_url()}"
    assert entry.summary == laureate.summary
    assert [author.name for author in entry.authors] == ["Agence publique"]
    assert [(tag.term, tag.label) for tag in entry.tags] == [("telemedecine", "Télémédecine")]
    assert entry.published == entry.updated == "2019-09-25T08:00:00Z"
    for entry in parsed.entries:
        assert client.get(entry.link.removeprefix("http://testserver")).status_code == 200


def test_its_title_spells_the_filters_and_its_links_keep_them(client, site):
    parsed = parse(client, LAUREATES)
    assert parsed.feed.title == "Projets lauréats du FTAP"
    assert parsed.feed.id == "tag:testserver,2026:laureats/flux.atom"
    query = "q=projet&theme=telemedecine&territoire=vosges-88&territoire=grand-est"
    parsed = parse(client, f"{LAUREATES}?tri=titre&page=3&{query}")
    assert parsed.feed.title == (
        "Projets lauréats du FTAP contenant «\u00a0projet\u00a0», sur le thème "
        "«\u00a0Télémédecine\u00a0», sur le territoire «\u00a0Grand Est\u00a0» ou "
        "«\u00a0Vosges (88)\u00a0»"
    )
    links = {link.rel: link.href for link in parsed.feed.links}
    canonical = "q=projet&theme=telemedecine&territoire=grand-est&territoire=vosges-88"
    assert links["self"] == f"http://testserver{LAUREATES}?{canonical}"
    assert links["alternate"] == f"http://testserver/laureats/?{canonical}"
    assert links["license"] == "https://www.etalab.gouv.fr/licence-ouverte-open-licence/"
    assert parsed.feed.rights == "Licence Ouverte 2.0 (Etalab)"
    assert parsed.feed.language == "fr"
    assert len(parsed.entries) == 2
    # The same filters, asked in another order, make the same feed.
    assert parse(client, f"{LAUREATES}?{canonical}").feed.id == parsed.feed.id


def test_a_filter_that_is_not_understood_is_said(client, site):
    parsed = parse(client, f"{LAUREATES}?theme=inconnu")
    assert "«\u00a0inconnu\u00a0»" in parsed.feed.subtitle
    assert len(parsed.entries) == 4


def test_fifty_entries_at_most(client, django_assert_num_queries):
    announcement = AnnouncementFactory()
    LaureateFactory.create_batch(60, announcement=announcement)
    # What is public (four), the order (two), the rows, the announcements with several versions.
    with django_assert_num_queries(8):
        parsed = parse(client, LAUREATES)
    assert len(parsed.entries) == 50


def test_what_xml_cannot_hold_is_left_out(client):
    LaureateFactory(title="Un\x01 titre\ufffe <b>&amp;</b> 💡", summary="Fin\x0b.")
    parsed = parse(client, f"{LAUREATES}?q=titre%EF%BF%BE%01%F0%9F%92%A1")
    assert titles(parsed) == ["Un titre <b>&amp;</b> 💡"]
    assert parsed.entries[0].summary == "Fin."


def test_an_empty_feed_is_a_feed(client):
    parsed = parse(client, LAUREATES)
    assert parsed.entries == []
    assert parsed.feed.updated == "1970-01-01T00:00:00Z"
    assert parse(client, ANNOUNCEMENTS).entries == []


def test_an_entry_without_carrier_has_the_author_of_the_feed(client):
    LaureateFactory(summary="", description="Un **grand** projet.")
    parsed = parse(client, LAUREATES)
    assert parsed.feed.author == "Fonds pour la transformation de l’action publique"
    entry = parsed.entries[0]
    assert not entry.get("author")
    assert entry.summary == "Un grand projet."


def versioned(announcement, number, at):
    """A version of what the announcement says now."""
    said = content.read(announcement)
    return ReleaseFactory(
        announcement=announcement,
        number=number,
        published_at=at,
        content=content.text(said),
        content_sha256=content.digest(said),
        changelog=f"Ce que change la version {number}.",
    )


def test_an_entry_is_dated_by_the_version_in_which_it_last_changed(client):
    announcement = AnnouncementFactory()
    same, changed = LaureateFactory.create_batch(2, announcement=announcement)
    days = [announcement.published_at + datetime.timedelta(days=n) for n in range(4)]
    versioned(announcement, 1, days[0])
    changed.summary = "Un résumé."
    changed.save()
    versioned(announcement, 2, days[1])
    added = LaureateFactory(announcement=announcement)
    versioned(announcement, 3, days[2])
    announcement.public_text = "Un autre texte."
    announcement.save()
    versioned(announcement, 4, days[3])
    updated = {entry.title: entry.updated for entry in parse(client, LAUREATES).entries}
    assert updated == {
        same.title: "2019-09-25T08:00:00Z",
        changed.title: "2019-09-26T08:00:00Z",
        added.title: "2019-09-27T08:00:00Z",
    }
    ids = {entry.title: entry.id for entry in parse(client, LAUREATES).entries}
    changed.title, changed.slug = "Un nouveau titre", "un-nouveau-titre"
    changed.save()
    renamed = next(e for e in parse(client, LAUREATES).entries if e.title == "Un nouveau titre")
    assert renamed.id in ids.values()


@pytest.mark.django_db(transaction=True)
def test_a_new_version_dates_what_it_changed_and_nothing_to_come(client):
    laureate = LaureateFactory()
    announcement = laureate.announcement
    days = [announcement.published_at + datetime.timedelta(days=n) for n in range(2)]
    versioned(announcement, 1, days[0])
    assert parse(client, LAUREATES).entries[0].updated == "2019-09-25T08:00:00Z"
    laureate.summary = "Un résumé."
    laureate.save()
    later = versioned(announcement, 2, LATER)
    with time_machine.travel(LATER - datetime.timedelta(seconds=1), tick=False):
        assert parse(client, LAUREATES).entries[0].updated == "2019-09-25T08:00:00Z"
    later.published_at = days[1]
    later.save()
    assert parse(client, LAUREATES).entries[0].updated == "2019-09-26T08:00:00Z"


# Announcements ---------------------------------------------------------------


def test_each_public_version_is_an_entry(client):
    announcement = AnnouncementFactory(title="Seize lauréats")
    older = AnnouncementFactory(
        title="Avant les versions",
        public_text="Un *texte*.",
        published_at=announcement.published_at - datetime.timedelta(days=9),
    )
    days = [announcement.published_at + datetime.timedelta(days=n) for n in range(3)]
    versioned(announcement, 1, days[0])
    versioned(announcement, 2, days[1])
    ReleaseFactory(
        announcement=announcement,
        number=3,
        kind="withdrawal",
        published_at=days[2],
        changelog="Un projet est retiré.",
    )
    parsed = parse(client, ANNOUNCEMENTS)
    assert titles(parsed) == [
        "Retrait\u00a0: Seize lauréats",
        "Rectificatif\u00a0: Seize lauréats",
        "Seize lauréats",
        "Avant les versions",
    ]
    assert parsed.entries[0].summary == "Un projet est retiré."
    assert parsed.entries[0].id == f"tag:testserver,2026:annonces/{announcement.slug}/versions/3"
    assert parsed.entries[0].updated == "2019-09-27T08:00:00Z"
    assert parsed.entries[3].link == f"http://testserver{older.get_absolute_url()}"
    assert parsed.entries[3].summary == "Un texte."
    for entry in parsed.entries:
        assert client.get(entry.link.removeprefix("http://testserver")).status_code == 200
    # When its first version is kept at last, the entry is the same one.
    before = parsed.entries[3].id
    versioned(older, 1, older.published_at)
    assert parse(client, ANNOUNCEMENTS).entries[3].id == before


def test_versions_to_come_and_those_of_what_is_hidden_are_absent(client):
    for trait in ("draft", "embargoed", "withdrawn"):
        announcement = AnnouncementFactory(**{trait: True})
        ReleaseFactory(
            announcement=announcement, published_at=announcement.published_at or embargo.PAST
        )
        LaureateFactory(announcement=announcement)
    assert parse(client, ANNOUNCEMENTS).entries == []
    assert parse(client, LAUREATES).entries == []
    for announcement in Announcement.objects.all():
        announcement.published_at, announcement.withdrawn_at = embargo.PAST, None
        announcement.withdrawal_reason = ""
        announcement.save()
    assert len(parse(client, LAUREATES).entries) == 3


@pytest.mark.parametrize("count", [1, 3])
def test_query_budget(client, django_assert_num_queries, count):
    for _ in range(count):
        announcement = AnnouncementFactory()
        LaureateFactory(
            announcement=announcement, carriers=[OrganisationFactory()], themes=[ThemeFactory()]
        )
        versioned(announcement, 1, announcement.published_at)
        versioned(announcement, 2, announcement.published_at + datetime.timedelta(days=1))
    with django_assert_num_queries(3):
        parse(client, ANNOUNCEMENTS)
    with django_assert_num_queries(9):
        parse(client, LAUREATES)


# Revalidation ----------------------------------------------------------------


@pytest.mark.parametrize("address", [LAUREATES, f"{LAUREATES}?q=projet", ANNOUNCEMENTS])
def test_a_reader_asks_again_for_nothing_until_something_changes(client, site, address):
    with time_machine.travel(LATER, tick=False):
        site.laureates[0].save()
    with time_machine.travel(LATER + datetime.timedelta(hours=1), tick=False):
        first = client.get(address)
        assert first["Cache-Control"] == "public, no-cache"
        assert first["Last-Modified"] == "Tue, 05 Jan 2027 12:00:00 GMT"
        assert parse(client, address).feed.updated == "2027-01-05T12:00:00Z"
        for known in (
            {"if-none-match": first["ETag"]},
            {"if-modified-since": first["Last-Modified"]},
        ):
            again = client.get(address, headers=known)
            assert (again.status_code, again.content) == (304, b"")
        LaureateFactory(announcement=AnnouncementFactory(draft=True))
        known = {"if-none-match": first["ETag"]}
        assert client.get(address, headers=known).status_code == 304
        site.laureates[0].title = "Un autre titre"
        site.laureates[0].save()
        assert client.get(address, headers=known).status_code == 200


def test_an_announcement_enters_both_feeds_at_its_minute(client):
    laureate = LaureateFactory(announcement__published_at=LATER)
    release = ReleaseFactory(announcement=laureate.announcement)
    for seconds, expected in ((-1, 0), (0, 1)):
        with time_machine.travel(LATER + datetime.timedelta(seconds=seconds), tick=False):
            assert len(parse(client, LAUREATES).entries) == expected
            assert len(parse(client, ANNOUNCEMENTS).entries) == expected
    assert release.number == 1


# Where they are found --------------------------------------------------------


def test_pages_name_their_feed_and_offer_to_follow_it(client, site):
    library = reverse("laureates:library")
    pages = {
        library: LAUREATES,
        f"{library}?theme=telemedecine&tri=titre": f"{LAUREATES}?theme=telemedecine",
        reverse("laureates:announcements"): ANNOUNCEMENTS,
        site.announcement.get_absolute_url(): ANNOUNCEMENTS,
    }
    for page, feed in pages.items():
        html = client.get(page).content.decode()
        assert (
            f'type="application/atom+xml" title="{"Projets" if "laureats" in feed else "Annonces"}'
            in html
        )
        head, body = html.split("</head>")
        assert f'href="{feed}"' in head
        assert f'href="{feed}"' in body
        parse(client, feed)


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_a_feed_is_read_only(client, method):
    assert getattr(client, method)(LAUREATES).status_code == 405
