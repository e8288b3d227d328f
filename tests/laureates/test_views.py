"""What every page of the library shares: caching, names, canonical address, query budgets."""

import re

import pytest
from django.urls import reverse

from laureates.models import Claim
from tests.factories import (
    AnnouncementFactory,
    ClaimFactory,
    DocumentFactory,
    LaureateFactory,
    MinistryFactory,
    OrganisationFactory,
    TerritoryFactory,
    ThemeFactory,
)

pytestmark = pytest.mark.django_db

PAGES = (
    "home",
    "library",
    "laureate",
    "announcements",
    "announcement",
    "organisations",
    "organisation",
)


def fill(count):
    """A public announcement with `count` rows of everything its pages show, and its first
    laureate; the ministry carries nothing itself."""
    ministry = MinistryFactory()
    announcement = AnnouncementFactory(public_text="Le *comité* s’est réuni.")
    region = TerritoryFactory()
    organisations = OrganisationFactory.create_batch(count, supervising_ministry=ministry)
    laureates = [
        LaureateFactory(
            announcement=announcement,
            carriers=organisations,
            themes=ThemeFactory.create_batch(count),
            territories=[TerritoryFactory(department=True, region=region) for _ in range(count)],
            description="Un texte qui décrit le projet.",
        )
        for _ in range(count)
    ]
    for _ in range(count):
        ClaimFactory(announcement=announcement)
        ClaimFactory(announcement=None, scope=Claim.Scope.FUND)
        DocumentFactory(announcement=announcement)
        AnnouncementFactory(published_at="2018-01-01T00:00Z")
    return laureates[0], ministry


def address(name, laureate, organisation):
    if name == "laureate":
        return laureate.get_absolute_url()
    if name == "announcement":
        return laureate.announcement.get_absolute_url()
    if name == "organisation":
        return organisation.get_absolute_url()
    return reverse(f"laureates:{name}")


@pytest.fixture
def addresses():
    laureate, organisation = fill(1)
    return {name: address(name, laureate, organisation) for name in PAGES}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_public_without_a_cookie_and_asked_again_each_time(client, addresses, name):
    first = client.get(addresses[name])
    assert first.status_code == 200
    assert first["Cache-Control"] == "public, no-cache"
    assert not first.cookies
    assert "Cookie" not in first.get("Vary", "")
    again = client.get(addresses[name], headers={"if-none-match": first["ETag"]})
    assert again.status_code == 304
    assert client.head(addresses[name]).status_code == 200
    assert client.post(addresses[name]).status_code == 405


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_one_heading_a_description_and_a_share_card(client, addresses, name, settings):
    settings.SITE_URL = "https://ftap.example"
    html = client.get(addresses[name]).content.decode()
    assert len(re.findall("<h1[ >]", html)) == 1
    assert html.count('lang="fr"') == 1
    assert re.search('<meta name="description" content="[^"]{10,160}">', html)
    url = f"https://ftap.example{addresses[name]}"
    assert f'<link rel="canonical" href="{url}">' in html
    assert f'<meta property="og:url" content="{url}">' in html
    assert re.search('<meta property="og:title" content="[^"]+">', html)
    image = re.search('<meta property="og:image" content="([^"]+)">', html)[1]
    assert image.startswith("https://ftap.example/static/ftap/share")
    assert 'name="robots"' not in html


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_landmarks_skip_links_and_no_inline_script_or_style(client, addresses, name):
    html = client.get(addresses[name]).content.decode()
    assert len(re.findall("<main[ >]", html)) == len(re.findall("<footer[ >]", html)) == 1
    for target in re.findall("fr-skiplinks.*?</ul>", html, re.S)[0].split("href=")[1:]:
        anchor = target.split('"')[1].removeprefix("#")
        assert f'id="{anchor}"' in html
    executed = html.replace('<script type="application/ld+json">', "")  # data, and no script
    assert not re.search(r"<style|<script(?![^>]* src=)|\sstyle=|\son[a-z]+=", executed)
    assert not re.search(r'(?:src|<link[^>]* href)="(?:https?:)?//(?!testserver)', html)


def test_titles_differ(client, addresses):
    titles = {
        re.search("<title>(.+)</title>", client.get(url).content.decode())[1]
        for url in addresses.values()
    }
    assert len(titles) == len(addresses)


@pytest.mark.parametrize("name", PAGES)
def test_the_menu_shows_where_the_page_stands(client, addresses, name):
    html = client.get(addresses[name]).content.decode()
    menu = html.split('aria-label="Menu principal"')[1].split("</nav>")[0]
    current = re.findall('href="([^"]+)" aria-current="(page|true)"', menu)
    section = {"laureate": "library", "announcement": "announcements"}.get(
        name, {"organisation": "organisations"}.get(name, name)
    )
    kind = "page" if section == name else "true"
    assert current == [(reverse(f"laureates:{section}"), kind)]


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(
    ("name", "budget"),
    [
        # Inside a test's transaction nothing is kept: what is public takes four queries, version,
        # write, bitmaps and hidden announcements, and an order two.
        # what is public; latest announcement, two kinds of claims, what is known of its laureates
        # (two), themes, calls
        ("home", 11),
        # what is public, the order, cards; five kinds of labels
        ("library", 12),
        # what is public; laureate with its neighbours, the version that has its sheet
        ("laureate", 6),
        # what is public; their order, page; what is known of them: claims, those withdrawn
        ("announcements", 8),
        # what is public; announcement, ranks, laureates, claims, documents, versions
        ("announcement", 10),
        # what is public; organisations
        ("organisations", 5),
        # what is public, the order; organisation, cards, the organisations that it supervises
        ("organisation", 9),
    ],
)
def test_query_budget(client, django_assert_num_queries, name, budget, count):
    url = address(name, *fill(count))
    with django_assert_num_queries(budget):
        client.get(url)


def test_home_shows_the_latest_public_announcement_and_the_counts_of_public_laureates(client):
    theme, secret = ThemeFactory(name="Énergie"), ThemeFactory(name="Zorglub")
    old = AnnouncementFactory(title="Première annonce", published_at="2018-01-01T00:00Z")
    latest = AnnouncementFactory(title="Seconde annonce")
    hidden = AnnouncementFactory(title="Zorglub", embargoed=True)
    LaureateFactory(announcement=latest, themes=[theme])
    LaureateFactory(announcement=old, themes=[theme])
    LaureateFactory(announcement=old, themes=[theme], withdrawn=True)
    LaureateFactory(announcement=hidden, themes=[theme, secret])
    response = client.get(reverse("laureates:home"))
    assert response.context["latest"] == latest
    assert [(row.name, row.laureate_count) for row in response.context["themes"]] == [
        ("Énergie", 2)
    ]
    assert "Zorglub" not in response.content.decode()


def test_home_says_nothing_of_what_does_not_exist_yet(client):
    ClaimFactory(announcement=AnnouncementFactory(draft=True))
    response = client.get(reverse("laureates:home"))
    assert response.status_code == 200
    html = response.content.decode()
    for absent in ("Chiffres clés", "Dernière annonce", "Parcourir par thème"):
        assert absent not in html


def test_home_shows_a_claim_beside_what_is_computed(client):
    announcement = AnnouncementFactory()
    LaureateFactory(announcement=announcement)
    ClaimFactory(announcement=announcement, label="63 lauréats", value=63, scope=Claim.Scope.FUND)
    html = client.get(reverse("laureates:home")).content.decode()
    assert "63 lauréats" in html
    assert "recensé ici\u00a0: 1" in html
    assert "Annoncé le 25\u00a0septembre 2019" in html
    assert "Communiqué des essais" in html
