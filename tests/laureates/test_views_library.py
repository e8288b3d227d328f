"""The library: short addresses, pages, messages; and the page of a laureate."""

import re
from html import unescape

import pytest
from django.utils import timezone

from tests.factories import (
    AnnouncementFactory,
    CarrierFactory,
    LaureateFactory,
    OrganisationFactory,
    TerritoryFactory,
    ThemeFactory,
)

pytestmark = pytest.mark.django_db

URL = "/laureats/"


def get(client, query=""):
    return client.get(f"{URL}?{query}" if query else URL)


def head(response):
    return unescape(response.content.decode().split("</head>")[0])


# Addresses -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "short"),
    [
        ("q=&theme=&tri=&page=&par_page=", ""),
        ("q=+&theme=eau", "theme=eau"),
        ("theme=eau&theme=&tri=date&par_page=20&page=1", "theme=eau"),
        ("q=eau&tri=pertinence", "q=eau"),
        ("q=eau&utm_source=x&montant=", "q=eau&utm_source=x"),
        ("theme=eau&theme=air&annee=", "theme=eau&theme=air"),
    ],
)
def test_what_says_nothing_leaves_the_address(client, asked, short):
    ThemeFactory(slug="eau")
    response = get(client, asked)
    assert response.status_code == 302
    assert response["Location"] == (f"{URL}?{short}" if short else URL)
    assert get(client, short).status_code == 200


@pytest.mark.parametrize("query", ["tri=titre", "q=eau&tri=date", "tri=pertinence", "page=2"])
def test_what_says_something_stays(client, query):
    assert get(client, query).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "page=99999999999999999999",
        "page=0",
        "page=-1",
        "page=deux",
        "page=%00",
        "page=²",
        "page=1&page=1",
        "q=%00",
        "q=%00%00&theme=%00",
        "theme=%00zorglub",
        "q=" + "mot+" * 400,
        "q=%22%22%27%28+OR+NEAR%28",
        "q=%ff%fe",
        "tri=%00",
        "tri=zorglub",
        "par_page=0",
        "par_page=99999999999999999999",
        "annee=99999999999999999999",
        "montant=-1&etat=zorglub&type=zorglub",
        "&".join(f"theme=t{n}" for n in range(300)),
        "[]=1&theme[]=2&a=b=c&=&&",
    ],
)
def test_nothing_in_the_address_breaks_the_page(client, query):
    LaureateFactory()
    assert client.get(f"{URL}?{query}", follow=True).status_code == 200


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("page=9", "La page 9 n’existe pas"),
        ("page=0", "La page 0 n’existe pas"),
        ("page=deux", "« deux » n’est pas un numéro de page"),
        ("page=99999999999999999999", "La page 99999999999999999999 n’existe pas"),
        ("par_page=7", "Le nombre de projets par page est 20, 50 ou 100"),
        ("theme=zorglub", "« zorglub »"),
    ],
)
def test_what_is_not_understood_is_said_and_the_nearest_page_shown(client, query, message):
    laureate = LaureateFactory()
    response = get(client, query)
    spaces = str.maketrans({"\u00a0": " ", "\u202f": " "})
    assert message in " ".join(response.context["problems"]).translate(spaces)
    assert response.context["problems"][0] in unescape(response.content.decode())
    assert laureate.title in response.content.decode()


def test_problems_are_escaped(client):
    html = get(client, "theme=%3Cscript%3Ealert(1)%3C/script%3E").content.decode()
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert" in html


# Pages -----------------------------------------------------------------------


def test_pages_keep_the_filters_and_the_page_size(client):
    theme = ThemeFactory(slug="eau")
    announcement = AnnouncementFactory()
    for _ in range(51):
        LaureateFactory(announcement=announcement, themes=[theme])
    first = get(client, "theme=eau&par_page=50")
    pages = first.context["pages"]
    assert (pages.total, len(list(pages)), pages.previous_url) == (51, 50, "")
    assert pages.next_url == f"{URL}?theme=eau&page=2&par_page=50"
    second = client.get(pages.next_url)
    assert len(list(second.context["pages"])) == 1
    assert second.context["pages"].previous_url == f"{URL}?theme=eau&par_page=50"
    assert f'<link rel="prev" href="http://testserver{URL}?theme=eau&par_page=50">' in head(second)
    assert "(page 2 sur 2)" in head(second)
    assert second.context["active"] == [
        (first.context["active"][0][0], f"{URL}?par_page=50"),
    ]


def test_every_laureate_is_on_one_page_only(client):
    announcement = AnnouncementFactory()
    made = {LaureateFactory(announcement=announcement).public_id for _ in range(45)}
    seen = []
    for query in ("", "page=2", "page=3"):
        seen += [card.public_id for card in get(client, query).context["pages"]]
    assert len(seen) == 45
    assert set(seen) == made


def test_the_canonical_address_holds_only_what_is_understood(client):
    theme = ThemeFactory(slug="eau")
    LaureateFactory(themes=[theme])
    response = get(client, "utm_source=x&theme=eau&montant=zorglub&page=7")
    assert f'<link rel="canonical" href="http://testserver{URL}?theme=eau">' in head(response)


@pytest.mark.parametrize(
    ("query", "indexed"),
    [
        ("", True),
        ("theme=eau", True),
        ("annee=2019", True),
        ("q=projet", False),
        ("theme=eau&annee=2019", False),
        ("theme=eau&theme=zorglub", False),
        ("montant=non-communique", False),
        ("tri=titre", False),
        ("par_page=50", False),
    ],
)
def test_only_simple_lists_are_for_search_engines(client, query, indexed):
    LaureateFactory(themes=[ThemeFactory(slug="eau")])
    assert ("noindex" not in head(get(client, query))) == indexed


def test_title_and_description_follow_the_filters(client):
    LaureateFactory(themes=[ThemeFactory(slug="eau", name="Eau")])
    titles = [
        re.search("<title>(.*)</title>", head(get(client, query)))[1]
        for query in ("", "theme=eau", "q=projet")
    ]
    assert len(set(titles)) == 3
    assert "Eau" in titles[1]
    assert "projet" in titles[2]


def test_a_selected_value_without_any_result_stays_in_the_form(client):
    LaureateFactory(
        themes=[ThemeFactory(slug="eau")], announcement=AnnouncementFactory(call_year=2019)
    )
    LaureateFactory(
        themes=[ThemeFactory(slug="air")], announcement=AnnouncementFactory(call_year=2020)
    )
    response = get(client, "theme=eau&annee=2020")
    html = response.content.decode()
    assert response.context["pages"].total == 0
    for name, value in (("theme", "eau"), ("annee", "2020")):
        field = re.search(f'<input[^>]*name="{name}" value="{value}"[^>]*>', html)[0]
        assert "checked" in field
        assert "disabled" not in field
    assert "Aucun résultat" in html
    assert f'href="{URL}?annee=2020"' in unescape(html)


def test_the_search_is_shown_again_escaped(client):
    html = get(client, "q=%22%3E%3Cb%3E").content.decode()
    assert '"><b>' not in html


def test_a_card_says_what_is_unknown(client):
    laureate = LaureateFactory(
        carriers=[OrganisationFactory(name="Agence, des eaux et des forêts")]
    )
    html = get(client).content.decode()
    assert laureate.get_absolute_url() in html
    assert "Agence, des eaux et des forêts" in html
    assert "Montant non communiqué" in html
    laureate.amount = 1_234_567
    laureate.save()
    html = get(client).content.decode()
    assert "1\u202f234\u202f567\u00a0€" in html


# The page of a laureate ------------------------------------------------------


def test_an_old_slug_leads_to_the_current_one(client):
    laureate = LaureateFactory(slug="nouveau-titre")
    response = client.get(f"{URL}{laureate.public_id}-ancien-titre/")
    assert response.status_code == 301
    assert response["Location"] == laureate.get_absolute_url()


@pytest.mark.parametrize("trait", ["draft", "embargoed"])
def test_what_is_not_public_is_not_found_whatever_its_slug(client, trait):
    laureate = LaureateFactory(announcement=AnnouncementFactory(**{trait: True}))
    never = client.get(f"{URL}zorglub-zorglub/")
    for url in (laureate.get_absolute_url(), f"{URL}{laureate.public_id}-autre/"):
        response = client.get(url)
        assert response.status_code == never.status_code == 404
        assert response.content == never.content
        # What is absent now may be public in a minute: nobody may keep the answer.
        assert response["Cache-Control"] == never["Cache-Control"] == "no-cache"


def test_a_laureate_goes_with_its_announcement(client):
    announcement = AnnouncementFactory(withdrawn=True, withdrawal_reason="Liste erronée.")
    laureate = LaureateFactory(announcement=announcement, title="Zorglub", slug="zorglub")
    response = client.get(laureate.get_absolute_url())
    html = response.content.decode()
    assert response.status_code == 410
    assert "Liste erronée." in html
    assert announcement.get_absolute_url() not in html
    assert "zorglub" not in html.lower()


def test_a_withdrawn_laureate_is_gone_with_its_reason_and_nothing_else(client):
    laureate = LaureateFactory(
        title="Zorglub",
        summary="Zorglub",
        description="Zorglub",
        slug="zorglub",
        withdrawn_at=timezone.now(),
        withdrawal_reason="Le porteur renonce au projet.",
    )
    response = client.get(laureate.get_absolute_url())
    html = response.content.decode()
    assert response.status_code == 410
    assert response["Cache-Control"] == "public, no-cache"
    assert "Le porteur renonce au projet." in html
    assert laureate.announcement.get_absolute_url() in html
    assert "noindex" in html
    assert "zorglub" not in html.lower()


def test_a_laureate_withdrawn_before_it_was_ever_seen_is_not_found(client):
    announcement = AnnouncementFactory(published_at="2019-09-25T08:00Z")
    laureate = LaureateFactory(
        announcement=announcement,
        withdrawn_at="2019-09-24T08:00Z",
        withdrawal_reason="Retiré avant l’annonce.",
    )
    assert client.get(laureate.get_absolute_url()).status_code == 404


@pytest.mark.parametrize("trait", ["draft", "embargoed"])
def test_a_withdrawn_laureate_of_an_announcement_that_is_not_public_is_not_found(client, trait):
    laureate = LaureateFactory(
        announcement=AnnouncementFactory(**{trait: True}),
        withdrawn_at=timezone.now(),
        withdrawal_reason="Zorglub",
    )
    assert client.get(laureate.get_absolute_url()).status_code == 404


def test_everything_public_is_on_the_page(client):
    ministry = OrganisationFactory(kind="ministere", name="Ministère de tutelle")
    carrier = OrganisationFactory(name="Nom officiel", supervising_ministry=ministry)
    laureate = LaureateFactory(
        former_titles="Premier titre\nDeuxième titre",
        description="Une *liste* :\n\n- un point",
        themes=[ThemeFactory(slug="eau", name="Eau")],
        territories=[TerritoryFactory(slug="ile", name="Île")],
        source="Communiqué",
        source_url="https://example.org/communique",
        classification_source="Classement de la rédaction.",
    )
    CarrierFactory(laureate=laureate, organisation=carrier, announced_name="Nom annoncé")
    CarrierFactory(laureate=laureate, role="soutien")
    html = client.get(laureate.get_absolute_url()).content.decode()
    for expected in (
        "Premier titre",
        "Deuxième titre",
        "<li>un point</li>",
        "Nom officiel",
        "Nom annoncé",
        "Ministère de tutelle",
        "(rôle non précisé)",
        "(soutien)",
        carrier.get_absolute_url(),
        "/laureats/?theme=eau",
        "/laureats/?territoire=ile",
        "montant non communiqué",
        'href="https://example.org/communique"',
        "Classement de la rédaction.",
        "/signaler-une-erreur/?page=%2Flaureats%2F",
        "mailto:?subject=",
    ):
        assert expected in html
    # « Nom tel qu’annoncé » is shown where it differs only: the second carrier's does not.
    assert html.count("Nom tel qu’annoncé") == 1


def test_what_is_unknown_is_said(client):
    laureate = LaureateFactory()
    facts = (
        client.get(laureate.get_absolute_url()).content.decode().split('<dl class="ftap-facts">')
    )
    assert facts[1].split("</dl>")[0].count("non renseigné") == 3  # state, themes, territories


def test_neighbours_are_public_ones_of_the_same_announcement(client):
    announcement = AnnouncementFactory()
    rows = [
        LaureateFactory(announcement=announcement, position=n, withdrawn=n in (2, 4))
        for n in range(1, 6)
    ]
    LaureateFactory(position=3)
    page = client.get(rows[2].get_absolute_url())
    for name, row in (("previous_url", rows[0]), ("next_url", rows[4])):
        assert page.context[name] == row.get_absolute_url()
        assert page.content.decode().count(row.title) == 1
    page = client.get(rows[0].get_absolute_url())
    assert (page.context["previous_url"], page.context["next_url"]) == (
        None,
        rows[2].get_absolute_url(),
    )


def cards(client, address):
    """{property or name: content} of the meta elements of a page."""
    html = client.get(address).content.decode()
    found = re.findall(r'<meta (?:property|name)="([^"]+)" content="([^"]*)"', html)
    return {name: unescape(content) for name, content in found}


def test_a_shared_address_tells_what_the_list_shows(client, settings):
    settings.SITE_URL = "https://www.example.gouv.fr"
    theme = ThemeFactory(name="Télémédecine", slug="telemedecine")
    laureate = LaureateFactory(themes=[theme], summary="Soigner «\u00a0à distance\u00a0».")
    card = cards(client, "/laureats/?tri=titre&theme=telemedecine&utm=x")
    assert card["og:type"] == "website"
    assert card["og:title"] == card["twitter:title"]
    assert card["og:title"] == "1 projet lauréat sur le thème «\u00a0Télémédecine\u00a0»"
    assert card["og:url"] == ("https://www.example.gouv.fr/laureats/?theme=telemedecine&tri=titre")
    assert "article:published_time" not in card
    card = cards(client, laureate.get_absolute_url())
    assert card["og:type"] == "article"
    assert card["og:title"] == laureate.title
    assert card["og:description"] == card["twitter:description"] == laureate.summary
    assert card["article:published_time"] == "2019-09-25T10:00:00+02:00"
    for name in ("og:image", "twitter:image"):
        assert card[name].startswith("https://www.example.gouv.fr/static/ftap/share")
    card = cards(client, laureate.announcement.get_absolute_url())
    assert card["og:type"] == "article"
    assert card["article:published_time"] == "2019-09-25T10:00:00+02:00"
