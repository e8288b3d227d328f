"""The list for other sites: light, in a frame of those that are allowed, never beyond."""

import html
import re

import pytest
from django.urls import reverse

from laureates.models import Laureate
from tests import embargo
from tests.factories import AnnouncementFactory, LaureateFactory

pytestmark = pytest.mark.django_db

EMBED = "/integrer/laureats/"


@pytest.fixture
def site():
    return embargo.build_public_site()


def body(client, query=""):
    response = client.get(f"{EMBED}{query}")
    assert response.status_code == 200
    assert response["Cache-Control"] == "public, no-cache"
    assert not response.cookies
    return response.content.decode()


def titles(page):
    return [html.unescape(title) for title in re.findall(r"<h2><a [^>]*>(.*?)</a></h2>", page)]


def test_it_shows_the_first_laureates_of_the_list(client, site):
    public = [laureate.title for laureate in Laureate.objects.published().in_public_order()]
    page = body(client)
    assert titles(page) == public
    assert "<h1>4 projets lauréats</h1>" in page
    page = body(client, "?nombre=2&tri=titre&theme=telemedecine")
    assert titles(page) == sorted(public[:3])[:2]
    assert "Voir les 3 projets" in page
    assert 'href="http://testserver/laureats/?theme=telemedecine&amp;tri=titre"' in page
    assert "montant non communiqué" in body(client)


def test_its_links_open_in_the_whole_window_and_are_absolute(client, site, settings):
    settings.SITE_URL = "https://www.example.gouv.fr"
    links = re.findall(r"<a [^>]*>", body(client))
    assert len(links) == 6
    for link in links:
        assert 'target="_top"' in link
        assert 'href="https://www.example.gouv.fr/' in link


def test_it_loads_one_small_style_sheet_and_no_script(client, site):
    page = body(client)
    assert "<script" not in page
    assert re.findall(r'rel="stylesheet" href="([^"]+)"', page) == ["/static/ftap/embed.css"]
    assert 'name="robots" content="noindex' in page
    assert "<header" not in page
    assert "<footer" not in page
    assert len(page) < 6000


@pytest.mark.parametrize(
    "number", ["0", "51", "deux", "-1", "99999999999999999999", "%00", "%D9%A3"]
)
def test_a_number_that_cannot_be_is_said(client, site, number):
    page = body(client, f"?nombre={number}")
    assert "Le nombre de projets va de 1 à 50" in page
    assert len(titles(page)) == 4


def test_what_is_not_understood_is_said(client, site):
    page = body(client, "?theme=inconnu")
    assert "«\u00a0inconnu\u00a0»" in page


def test_nothing_hidden_and_nothing_at_all(client):
    LaureateFactory(announcement=AnnouncementFactory(embargoed=True))
    LaureateFactory(withdrawn=True)
    page = body(client)
    assert titles(page) == []
    assert "Aucun projet public" in page


def test_ten_at_first_and_fifty_at_most(client):
    LaureateFactory.create_batch(12, announcement=AnnouncementFactory())
    assert len(titles(body(client))) == 10
    assert len(titles(body(client, "?nombre=50"))) == 12
    assert "Voir les 12 projets" in body(client)


@pytest.mark.parametrize("count", [1, 3])
def test_query_budget(client, django_assert_num_queries, count):
    LaureateFactory.create_batch(count, announcement=AnnouncementFactory())
    # What is public (four), the order (two), the cards.
    with django_assert_num_queries(7):
        body(client)


def test_the_library_gives_the_code_to_paste(client, site):
    library = reverse("laureates:library")
    page = client.get(f"{library}?theme=telemedecine&annonce={site.announcement.slug}").content
    code = re.search(r"<textarea[^>]*>(.*?)</textarea>", page.decode(), re.DOTALL)[1]
    pasted = html.unescape(code)
    address = f"{EMBED}?theme=telemedecine&amp;annonce={site.announcement.slug}"
    assert f'<iframe src="http://testserver{address}"' in pasted
    assert 'title="Projets lauréats du FTAP sur le thème' in pasted
    # What a browser reads of the code once pasted.
    assert titles(body(client, html.unescape(address).removeprefix(EMBED))) == [
        laureate.title for laureate in site.laureates[:3]
    ]


def test_a_title_that_looks_like_html_stays_in_its_attribute(client, site):
    query = "?q=%22%3E%3Cscript%3Eprojet"
    page = client.get(f"{reverse('laureates:library')}{query}").content.decode()
    code = re.search(r"<textarea[^>]*>(.*?)</textarea>", page, re.DOTALL)[1]
    assert "<script" not in code
    pasted = html.unescape(code)
    assert pasted.count("<") == 2
    assert "&quot;&gt;&lt;script&gt;" in pasted
