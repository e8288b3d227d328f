"""What is not public appears nowhere, weighs on nothing, and is not known to exist."""

import datetime
import re
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from laureates.facets import FACETS
from laureates.filters import LaureateFilterSet
from laureates.models import Announcement, Carrier, Laureate, Organisation, Territory, Theme
from tests import embargo
from tests.embargo import CANARY, SECRET_AMOUNT
from tests.factories import (
    AnnouncementFactory,
    ClaimFactory,
    DocumentFactory,
    LaureateFactory,
    OrganisationFactory,
    ReleaseFactory,
    ReleaseFileFactory,
    TerritoryFactory,
    ThemeFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

MAX_PAGES = 1000
NOON = datetime.datetime(2027, 3, 1, 12, 0, tzinfo=datetime.UTC)
# The same length as the canary: what differs is not the size of a page.
NOTHING = "zorglubinconnu"
# What counts the reader's requests says nothing of what is read.
VOLATILE = {"date", "content-length", "ratelimit-remaining", "ratelimit-reset"}
assert len(NOTHING) == len(CANARY)


@pytest.fixture
def site():
    # Not within the second of what tests ask: files would not say yet when they last changed.
    with time_machine.travel(timezone.now() - datetime.timedelta(days=1), tick=False):
        return embargo.build_public_site()


@pytest.fixture
def hidden(site):
    return embargo.hide_everything(site)


class Links(HTMLParser):
    """Addresses of the links of a page, but those that no robot follows: lists under more and more
    filters are without number, and each kind of them has its examples."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag == "a" and values.get("href") and "nofollow" not in (values.get("rel") or ""):
            self.found.append(values["href"])


def body(response):
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return embargo.readable(content, response.get("Content-Type", ""))


def headers(response):
    return {name.lower(): value for name, value in response.items() if name.lower() not in VOLATILE}


def answer(client, address):
    response = client.get(address)
    return response.status_code, headers(response), body(response)


def crawl(client, starts):
    """{address: (status, headers, body)} of every page that these lead to, inside the site."""
    seen, waiting = {}, list(dict.fromkeys(starts))
    while waiting:
        address = waiting.pop(0)
        if address in seen:
            continue
        response = client.get(address)
        text = body(response)
        seen[address] = (response.status_code, headers(response), text)
        assert len(seen) <= MAX_PAGES, "the crawl does not end"
        links = [response["Location"]] if "Location" in response else []
        if response["Content-Type"].startswith("text/html"):
            links += Links(text).found
        elif "xml" in response["Content-Type"]:
            links += re.findall(r"<loc>(.*?)</loc>", text)
        for link in links:
            target = urlsplit(urljoin(f"http://testserver{address}", link.replace("&amp;", "&")))
            inside = target.scheme in {"http", "https"} and target.hostname == "testserver"
            if inside and not target.path.startswith(("/admin/", "/static/")):
                waiting.append(target.path + (f"?{target.query}" if target.query else ""))
    return seen


def starts(site):
    """Every example, and the library under each value of each filter that it offers."""
    found = [address for addresses in embargo.examples(site).values() for address in addresses]
    library = reverse("laureates:library")
    for facet in FACETS.values():
        for value, *_ in LaureateFilterSet({}).choices(facet).shown:
            found.append(f"{library}?{facet.name}={value}")
    return found


def leaks(pages):
    """Addresses of pages that hold the canary or the secret amount, in text or headers."""
    spaced = f"{SECRET_AMOUNT:,}"
    amounts = [str(SECRET_AMOUNT), *(spaced.replace(",", sign) for sign in "\u202f\u00a0 .")]
    return [
        address
        for address, (_, values, text) in pages.items()
        if any(
            word in f"{address} {values} {text}".lower().replace("&nbsp;", "\u00a0")
            for word in (CANARY, *amounts)
        )
    ]


# Nothing shows ---------------------------------------------------------------


def test_every_public_address_has_an_example(site):
    assert set(embargo.public_patterns()) == set(embargo.examples(site))


def test_hidden_rows_hold_something_to_leak(site, hidden):
    for model in (Laureate, Organisation, Theme, Territory, Carrier):
        texts = [f"{text.name}__contains" for text in embargo.texts_of(model)]
        rows = sum(model.objects.filter(**{text: CANARY}).count() for text in texts)
        assert rows > 0, model
    assert Laureate.objects.count() > Laureate.objects.published().count() == 4


def test_what_is_hidden_appears_on_no_page(client, site, hidden):
    pages = crawl(client, starts(site))
    assert len(pages) > 60
    assert not {status for status, _, _ in pages.values()} - {200, 301, 302, 404}
    assert [address for address, (status, _, _) in pages.items() if status == 404] == [
        row.get_absolute_url() for row in site.announcement.documents.filter(file="")
    ]
    assert leaks(pages) == []


def test_what_is_hidden_changes_no_page(client, site):
    """Counts, totals, order, neighbours, sitemaps, validators: all are those of a site without."""
    embargo.withdrawn_laureates(site)  # that they were withdrawn is public
    addresses = starts(site)
    # Dates of the protocol count seconds, and say nothing of a change that is too close.
    with time_machine.travel(timezone.now() + datetime.timedelta(hours=1), tick=False):
        before = crawl(client, addresses)
        embargo.hide_everything(site)
        after = crawl(client, addresses)
    assert list(after) == list(before)
    for address, answer in before.items():
        assert after[address] == answer, address


def test_the_staff_sees_the_public_site_as_visitors_do(client, site, hidden):
    visitor = crawl(client, starts(site))
    client.force_login(UserFactory(superuser=True))
    staff = crawl(client, starts(site))
    assert leaks(staff) == []
    assert {address: (status, text) for address, (status, _, text) in staff.items()} == {
        address: (status, text) for address, (status, _, text) in visitor.items()
    }


def test_the_crawl_sees_what_is_public(client, site, hidden):
    """The same rows, once published: the tests above have something to find."""
    Announcement.objects.update(published_at=embargo.PAST, withdrawn_at=None, withdrawal_reason="")
    Laureate.objects.update(withdrawn_at=None, withdrawal_reason="")
    found = leaks(crawl(client, [reverse("laureates:home"), reverse("laureates:sitemap")]))
    assert len(found) > 30


def test_pages_of_visitors_take_no_cookie_and_outlast_no_embargo(client, site):
    for address in starts(site):
        status, values, _ = answer(client, address)
        directives = values.get("cache-control", "")
        assert "set-cookie" not in values, address
        assert "max-age" not in directives, address
        assert "expires" not in values, address
        if status == 200:
            assert "no-cache" in directives or "no-store" in directives, address


def test_that_a_page_does_not_exist_is_not_remembered(client, hidden):
    """A proxy may keep a 404 that does not forbid it, beyond the minute of the publication."""
    for address in ("/inconnu/", hidden["embargoed"].get_absolute_url()):
        status, values, _ = answer(client, address)
        assert status == 404
        assert "no-cache" in values.get("cache-control", "")


# Nothing is known to exist ---------------------------------------------------


def addresses_of(announcement):
    """Every address that a hidden announcement and its laureates would have."""
    found = [announcement.get_absolute_url()]
    found += [document.get_absolute_url() for document in announcement.documents.all()]
    found += [laureate.get_absolute_url() for laureate in announcement.laureates.all()]
    for release in announcement.releases.all():
        found.append(release.get_absolute_url())
        found += [file.get_absolute_url() for file in release.files.all()]
    for laureate in announcement.laureates.all():
        found.append(reverse("laureates:laureate", args=[laureate.public_id, "autre-titre"]))
    return found


def same_answer(client, address, other):
    """Whether two addresses answer alike, but for what was typed."""
    first, second = client.get(address), client.get(other)
    typed = [re.sub(r"^.*(zorglub\w*).*$", r"\1", text) for text in (address, other)]
    return (
        first.status_code == second.status_code
        and headers(first) == headers(second) | {"etag": headers(first).get("etag")}
        and body(first).replace(typed[0], "") == body(second).replace(typed[1], "")
    )


@pytest.mark.parametrize("what", ["draft", "embargoed", "cancelled"])
def test_a_guessed_address_answers_as_one_that_never_existed(client, hidden, what):
    addresses = addresses_of(hidden[what])
    addresses.append(hidden["cancelled_laureate"].get_absolute_url())
    addresses.append(hidden["organisation"].get_absolute_url())
    assert len(addresses) >= 7
    for address in addresses:
        never = address.replace(CANARY, NOTHING)
        assert never != address
        response = client.get(address)
        assert response.status_code == 404, address
        unknown = client.get(never)
        assert (response.content, headers(response)) == (unknown.content, headers(unknown)), address


@pytest.mark.parametrize("what", ["draft", "embargoed", "withdrawn"])
def test_organisations_of_hidden_projects_alone_have_no_page(client, hidden, what):
    carriers = Organisation.objects.filter(laureates__announcement=hidden[what])
    ministries = Organisation.objects.filter(supervised__in=carriers)
    hidden_ones = [row for row in {*carriers, *ministries} if CANARY in row.slug]
    assert len(hidden_ones) == 2
    for row in hidden_ones:
        assert client.get(row.get_absolute_url()).status_code == 404
        never = row.get_absolute_url().replace(CANARY, NOTHING)
        assert same_answer(client, row.get_absolute_url(), never)


def test_a_hidden_value_of_a_filter_answers_as_an_unknown_one(client, hidden):
    library = reverse("laureates:library")
    values = {
        "annonce": hidden["embargoed"].slug,
        "organisation": hidden["organisation"].slug,
        "theme": hidden["theme"].slug,
        "ministere": Organisation.objects.ministries().filter(slug__contains=CANARY)[0].slug,
    }
    for name, value in values.items():
        address = f"{library}?{name}={value}"
        assert same_answer(client, address, address.replace(CANARY, NOTHING)), name
    year, never = (client.get(f"{library}?annee={year}") for year in (2031, 2032))
    assert body(year).replace("2031", "") == body(never).replace("2032", "")
    # Where France lies is no secret: a territory is known, with or without a project.
    used = Territory.objects.filter(laureates__title__contains=CANARY, kind="department")[0]
    idle = TerritoryFactory(
        department=True,
        code="zzz",
        name=used.name.replace(CANARY, NOTHING),
        slug=used.slug.replace(CANARY, NOTHING),
    )
    first, second = (body(client.get(f"{library}?territoire={row.slug}")) for row in (used, idle))
    first = first.replace(CANARY, NOTHING).replace(CANARY.capitalize(), NOTHING.capitalize())
    assert first.replace(f"({used.code})", "(zzz)") == second
    assert set(values) | {"annee", "territoire", "type", "montant", "etat"} == set(FACETS)


@pytest.mark.parametrize("suffix", ["", "12", " porteur", "&tri=titre", "&annee=2019"])
def test_a_search_for_the_hidden_words_finds_nothing(client, hidden, suffix):
    address = f"{reverse('laureates:library')}?q={CANARY}{suffix}"
    assert same_answer(client, address, address.replace(CANARY, NOTHING))


def test_a_withdrawn_page_says_why_and_nothing_else(client, hidden):
    pages = {
        hidden["withdrawn_laureate"]: "Projet publié par erreur.",
        hidden["withdrawn"]: "Publiée par erreur.",
    }
    for row, reason in pages.items():
        response = client.get(row.get_absolute_url())
        assert response.status_code == 410
        assert reason in body(response)
        # The address itself was public, and its own text is not repeated.
        shown = body(response).replace(row.get_absolute_url(), "")
        assert CANARY not in shown.lower()


def test_projects_and_documents_of_a_withdrawn_announcement_are_gone_or_unknown(client, hidden):
    for address in addresses_of(hidden["withdrawn"]):
        response = client.get(address)
        assert response.status_code in {404, 410}, address
        assert CANARY not in body(response).lower().replace(address, "")


# The minute ------------------------------------------------------------------


@pytest.fixture
def at_noon(site):
    """An announcement whose minute is NOON, with what it brings."""
    with time_machine.travel(NOON - datetime.timedelta(days=1), tick=False):
        announcement = AnnouncementFactory(
            published_at=NOON, title=f"Annonce {CANARY}", slug=f"annonce-{CANARY}", call_year=2026
        )
        laureate = LaureateFactory(
            announcement=announcement,
            title=f"Projet {CANARY}",
            carriers=[OrganisationFactory(name=f"Organisme {CANARY}", slug=f"organisme-{CANARY}")],
            themes=[ThemeFactory(name=f"Thème {CANARY}", slug=f"theme-{CANARY}")],
        )
        ClaimFactory(announcement=announcement, label=f"16 {CANARY}")
        DocumentFactory(announcement=announcement)
        release = ReleaseFactory(announcement=announcement, changelog=f"Version {CANARY}")
        ReleaseFileFactory(release=release)
    return laureate


def test_an_announcement_appears_at_its_minute_everywhere_at_once(client, site, at_noon):
    organisation = at_noon.carriers.get().organisation
    release = at_noon.announcement.releases.get()
    addresses = {
        row.get_absolute_url()
        for row in (at_noon, at_noon.announcement, organisation, release, release.files.get())
    }
    lists = [
        reverse(f"laureates:{name}")
        for name in (
            "home",
            "library",
            "announcements",
            "organisations",
            "sitemap",
            "site_map",
            "statistics",
            "conformity",
            "about_data",
            "feed",
            "announcement_feed",
            "embed",
            "api_laureates",
            "api_announcements",
            "api_organisations",
            "api_themes",
            "api_claims",
        )
    ]
    lists += [
        reverse("laureates:library_export", args=[name]) for name in ("csv", "json", "xlsx", "ods")
    ]
    library = reverse("laureates:library")
    filtered = [
        f"{library}?{query}"
        for query in (
            "annee=2026",
            f"theme=theme-{CANARY}",
            f"organisation=organisme-{CANARY}",
            f"annonce=annonce-{CANARY}",
            f"q={CANARY}",
            "tri=titre",
        )
    ]
    found = {}
    for seconds in (-1, 0, 1):
        with time_machine.travel(NOON + datetime.timedelta(seconds=seconds), tick=False):
            found[seconds] = (
                {client.get(address).status_code for address in addresses},
                sorted(leaks({address: answer(client, address) for address in starts(site)})),
                [CANARY in body(client.get(address)).split("<main")[-1] for address in lists],
                [f"Projet {CANARY}" in body(client.get(address)) for address in filtered],
                Laureate.objects.published().count(),
                client.get(library)["ETag"],
            )
    nowhere, everywhere = [[is_shown] * len(lists) for is_shown in (False, True)]
    assert found[-1][:5] == ({404}, [], nowhere, [False] * len(filtered), 4)
    assert len(found[0][1]) > len(lists)
    assert (found[0][0], *found[0][2:5]) == ({200}, everywhere, [True] * len(filtered), 5)
    assert found[1] == found[0]
    assert found[-1][5] != found[0][5]


def test_nothing_moves_until_the_minute(client, site):
    addresses = starts(site)
    with time_machine.travel(NOON - datetime.timedelta(hours=1), tick=False):
        before = {address: answer(client, address) for address in addresses}
        announcement = AnnouncementFactory(draft=True)
        laureate = LaureateFactory(
            announcement=announcement, carriers=[site.carrier], themes=[site.theme]
        )
    with time_machine.travel(NOON - datetime.timedelta(minutes=1), tick=False):
        announcement.published_at = NOON
        announcement.save()
        laureate.title = "Un autre titre"
        laureate.save()
        assert {address: answer(client, address) for address in addresses} == before
    with time_machine.travel(NOON, tick=False):
        after = {address: answer(client, address) for address in addresses}
    assert after != before
    for address, (status, values, _) in after.items():
        if status == 200 and values["content-type"].startswith("text/html"):
            assert "etag" in values or "no-store" in values["cache-control"], address


def test_a_page_kept_by_a_browser_is_refused_once_withdrawn(client, site):
    laureate = site.laureates[0]
    first = client.get(laureate.get_absolute_url())
    again = client.get(laureate.get_absolute_url(), headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 304
    laureate.withdrawn_at = timezone.now()
    laureate.withdrawal_reason = "À la demande du porteur."
    laureate.save()
    gone = client.get(laureate.get_absolute_url(), headers={"If-None-Match": first["ETag"]})
    assert gone.status_code == 410
