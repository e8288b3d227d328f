"""The pages about the site: what they say, what they never say, and how they are cached."""

import re
import tomllib

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse

from laureates.models import Announcement, Claim
from laureates.views import pages
from tests.factories import (
    AnnouncementFactory,
    ClaimFactory,
    LaureateFactory,
    ThemeFactory,
)

STATIC_PAGES = ("about_data", "legal", "privacy", "accessibility", "site_map", "report_sent")
SPACES = str.maketrans({"\u00a0": " ", "\u202f": " "})


def text_of(response):
    """The words of a page on one line, tags removed, every space an ordinary one."""
    content = re.sub(r"(?s)<(head|style|script)\b.*?</\1>|<[^>]+>", " ", response.content.decode())
    return " ".join(content.translate(SPACES).split())


def read(client, name):
    response = client.get(reverse(f"laureates:{name}"))
    assert response.status_code == 200
    return text_of(response)


@pytest.mark.parametrize("name", STATIC_PAGES)
def test_each_page_has_its_title_and_is_asked_again_each_time(db, client, name):
    response = client.get(reverse(f"laureates:{name}"))
    assert response.status_code == 200
    assert response["Cache-Control"] == "public, no-cache"
    assert response["ETag"] == client.get(reverse(f"laureates:{name}"))["ETag"]
    assert not response.cookies
    assert "Cookie" not in response.get("Vary", "")
    html = response.content.decode()
    title = re.search(r"<title>(.+) — FTAP</title>", html)[1]
    assert re.findall(r"(?s)<h1[^>]*>(.*?)</h1>", html) == [title]
    assert client.head(reverse(f"laureates:{name}")).status_code == 200
    assert client.post(reverse(f"laureates:{name}")).status_code == 405


def test_titles_differ(db, client):
    names = (*STATIC_PAGES, "report")
    titles = {
        re.search("<title>(.+)</title>", client.get(reverse(f"laureates:{name}")).content.decode())[
            1
        ]
        for name in names
    }
    assert len(titles) == len(names)


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(
    ("name", "budget"),
    [
        # announcements, their claims, what is known of them (3), themes; the version of the data,
        # releases, the period that they cover
        ("about_data", 9),
        ("site_map", 2),  # announcements, themes
        ("legal", 0),
        ("privacy", 0),
        ("accessibility", 0),
        ("report", 0),
        ("report_sent", 0),
    ],
)
def test_query_budget(db, client, django_assert_num_queries, name, budget, count):
    for _ in range(count):
        laureate = LaureateFactory(themes=[ThemeFactory()])
        ClaimFactory(announcement=laureate.announcement)
    with django_assert_num_queries(budget):
        client.get(reverse(f"laureates:{name}"))


# About the data --------------------------------------------------------------


@pytest.mark.parametrize(
    ("amounts", "sentence"),
    [
        ([], "Aucun lauréat n’est publié pour l’instant."),
        ([None], "1 lauréat recensé sur ce site, au montant non communiqué."),
        ([None, None], "2 lauréats recensés sur ce site, tous au montant non communiqué."),
        ([None, 250_000], "2 lauréats recensés sur ce site, dont 1 au montant connu."),
    ],
)
def test_the_data_page_counts_what_is_public(db, client, amounts, sentence):
    for amount in amounts:
        LaureateFactory(amount=amount)
    LaureateFactory(amount=1, withdrawn=True, announcement__draft=True)
    LaureateFactory(amount=1, announcement__draft=True)
    LaureateFactory(amount=1, announcement__embargoed=True)
    LaureateFactory(amount=1, announcement__withdrawn=True)
    assert sentence in read(client, "about_data")


def test_a_withdrawn_laureate_is_not_counted(db, client):
    announcement = AnnouncementFactory()
    LaureateFactory(announcement=announcement, amount=1)
    LaureateFactory(announcement=announcement, amount=1, withdrawn=True)
    assert "1 lauréat recensé sur ce site, dont 1 au montant connu." in read(client, "about_data")


def test_announced_figures_stand_beside_computed_ones(db, client):
    announcement = AnnouncementFactory(call_title="Appel 2019", session_label="2de session")
    LaureateFactory.create_batch(2, announcement=announcement)
    ClaimFactory(
        announcement=announcement,
        subject=Claim.Subject.APPLICATIONS,
        label="29 dossiers reçus",
        value=29,
    )
    ClaimFactory(announcement=announcement, label="16 dossiers retenus", value=16)
    text = read(client, "about_data")
    assert "Appel 2019, 2de session 29 dossiers reçus 16 dossiers retenus 2 0" in text
    assert "13 autres dossiers reçus ne sont pas publics (Appel 2019, 2de session)" in text


def row(**figures):
    """The row of an announcement with the given announced figures."""
    announcement = AnnouncementFactory()
    for subject, values in figures.items():
        ClaimFactory(announcement=announcement, subject=Claim.Subject[subject], **values)
    (found,) = pages.announcement_rows()
    return found


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        ({"APPLICATIONS": {"value": 29}, "LAUREATES": {"value": 16}}, 13),
        ({"APPLICATIONS": {"value": 16}, "LAUREATES": {"value": 16}}, None),
        ({"APPLICATIONS": {"value": 29}}, None),
        ({"LAUREATES": {"value": 16}}, None),
        ({}, None),
        (
            {
                "APPLICATIONS": {"value": 30, "exactness": Claim.Exactness.APPROXIMATE},
                "LAUREATES": {"value": 16},
            },
            None,
        ),
        (
            {
                "APPLICATIONS": {"value": None, "lower": 20, "upper": 30},
                "LAUREATES": {"value": 16},
            },
            None,
        ),
        (
            {
                "APPLICATIONS": {"value": 29, "scope": Claim.Scope.FUND},
                "LAUREATES": {"value": 16},
            },
            None,
        ),
    ],
)
def test_undisclosed_dossiers_come_from_exact_announced_figures_only(db, figures, expected):
    assert row(**figures).undisclosed == expected


def test_an_unknown_figure_is_said_unknown(db, client):
    AnnouncementFactory(call_title="Appel muet")
    text = read(client, "about_data")
    assert "Appel muet non annoncé non annoncé 0 0" in text
    assert "autres dossiers" not in text


def test_figures_of_what_is_not_public_are_absent(db, client):
    for trait in ("draft", "embargoed", "withdrawn"):
        announcement = AnnouncementFactory(**{trait: True}, title="Titre caché")
        ClaimFactory(announcement=announcement, label="4242 lauréats", value=4242)
    hidden = read(client, "about_data")
    assert "Titre caché" not in hidden
    assert "4242" not in hidden
    Announcement.objects.filter(published_at__isnull=False, withdrawn_at=None).update(
        published_at="2019-09-25T08:00Z"
    )
    shown = read(client, "about_data")
    assert "Titre caché" in shown
    assert "4242" in shown


@pytest.mark.parametrize("name", ["about_data", "site_map"])
def test_a_theme_appears_with_its_first_public_laureate(db, client, name):
    theme = ThemeFactory(name="Sujet secret")
    ThemeFactory(name="Sujet sans projet")
    announcement = AnnouncementFactory(draft=True)
    laureate = LaureateFactory(announcement=announcement, themes=[theme])
    LaureateFactory(themes=[theme], withdrawn=True)
    assert "Sujet s" not in read(client, name)
    announcement.published_at = laureate.announcement.published_at = "2019-09-25T08:00Z"
    announcement.save()
    text = read(client, name)
    assert "Sujet secret" in text
    assert "Sujet sans projet" not in text


def test_the_last_change_is_the_public_one_or_unknown(db, client):
    laureate = LaureateFactory()
    model = type(laureate)
    Announcement.objects.update(updated_at=None)
    model.objects.update(updated_at=None)
    assert "La date de leur dernière modification n’est pas connue." in read(client, "about_data")
    model.objects.update(updated_at="2024-02-03T12:00Z")
    hidden = LaureateFactory(announcement__draft=True)
    model.objects.filter(pk=hidden.pk).update(updated_at="2025-06-07T12:00Z")
    Announcement.objects.filter(pk=hidden.announcement_id).update(updated_at="2025-06-07T12:00Z")
    text = read(client, "about_data")
    assert "Dernière modification enregistrée : 3 février 2024." in text
    assert "données du 3 février 2024" in text
    assert "2025" not in text


# Legal, privacy, accessibility -------------------------------------------------


def test_the_legal_page_says_what_the_operator_has_not_filled_in(client):
    text = read(client, "legal")
    assert text.count("À compléter par l’exploitant") == 2
    assert "L’exploitant de ce site n’a pas indiqué d’adresse de contact." in text


def test_the_legal_page_names_who_the_settings_name(client, settings):
    settings.LEGAL_PUBLISHER = "Direction <b>des essais</b>"
    settings.LEGAL_HOST = "Hébergeur des essais"
    settings.CONTACT_EMAIL = "contact@example.org"
    response = client.get(reverse("laureates:legal"))
    html = response.content.decode()
    assert "Direction &lt;b&gt;des essais&lt;/b&gt;" in html
    assert "Hébergeur des essais" in html
    assert 'href="mailto:contact@example.org"' in html
    assert "À compléter" not in html
    for name in ("privacy", "accessibility"):
        assert "Direction &lt;b&gt;" in client.get(reverse(f"laureates:{name}")).content.decode()


def test_the_accessibility_statement_is_of_this_version(client):
    project = tomllib.loads((django_settings.BASE_DIR / "pyproject.toml").read_text())
    text = read(client, "accessibility")
    assert f"vaut pour la version {project['project']['version']} du logiciel" in text
    assert "Ce site est non conforme" in text
    assert "Accessibilité : non conforme" in text  # in the footer


def test_the_site_map_links_to_every_listed_page_and_public_announcement(db, client):
    shown = AnnouncementFactory()
    hidden = [AnnouncementFactory(**{name: True}) for name in ("draft", "embargoed", "withdrawn")]
    html = client.get(reverse("laureates:site_map")).content.decode()
    main = html[html.index("<main") : html.index("</main>")]
    for name in ("home", "library", "announcements", "organisations", *STATIC_PAGES[:-2], "report"):
        assert f'href="{reverse(f"laureates:{name}")}"' in main
    assert f'href="{shown.get_absolute_url()}"' in main
    for announcement in hidden:
        assert announcement.get_absolute_url() not in main


# Errors ------------------------------------------------------------------------


def assert_french_error_page(response, status, heading):
    assert response.status_code == status
    html = response.content.decode()
    assert '<html lang="fr"' in html
    assert re.findall("<h1>(.*?)</h1>", html) == [heading]
    assert f"<title>{heading} — FTAP</title>" in html
    assert 'name="robots" content="noindex"' in html
    assert 'rel="canonical"' not in html
    assert not response.cookies


def assert_ways_out(response):
    html = response.content.decode()
    assert f'action="{reverse("laureates:library")}"' in html
    for name in ("home", "library", "site_map", "report"):
        assert f'href="{reverse(f"laureates:{name}")}"' in html


def test_404_helps_and_repeats_nothing(db, client):
    response = client.get("/zorglub-cherche/?q=canari-secret", headers={"referer": "http://x/y"})
    assert_french_error_page(response, 404, "Page non trouvée")
    assert_ways_out(response)
    html = response.content.decode()
    assert "zorglub" not in html
    assert "canari" not in html


def test_404_is_the_same_for_what_is_hidden_and_what_never_existed(db, client):
    hidden = LaureateFactory(announcement__embargoed=True)
    there = client.get(hidden.get_absolute_url())
    nowhere = client.get("/laureats/jamaisvu22-un-projet/")
    assert there.status_code == nowhere.status_code == 404
    assert there.content == nowhere.content
    assert there.headers == nowhere.headers


def test_400_of_a_nul_byte(client):
    response = client.get("/annonces/%00canari/")
    assert_french_error_page(response, 400, "Demande incorrecte")
    assert_ways_out(response)
    assert "canari" not in response.content.decode()
    assert "\x00" not in response.content.decode()


def test_400_of_an_unknown_host(client):
    response = client.get("/", headers={"host": "inconnu.example"})
    assert_french_error_page(response, 400, "Demande incorrecte")
    assert "inconnu.example" not in response.content.decode()


def test_403_of_a_forged_form(db):
    client = Client(enforce_csrf_checks=True)
    response = client.post(reverse("admin:login"), {"username": "x", "password": "y"})
    assert_french_error_page(response, 403, "Formulaire expiré")
    assert_ways_out(response)
    assert "CSRF" not in response.content.decode()


def test_403_of_a_refusal(client):
    response = client.post(
        reverse("laureates:report"), {}, headers={"sec-fetch-site": "cross-site"}
    )
    assert_french_error_page(response, 403, "Accès refusé")
    assert_ways_out(response)


def test_500_needs_neither_context_nor_database_nor_addresses(client, settings, monkeypatch):
    # No `db` mark: a query would fail the test. Nothing else than the page is left standing.
    def broken(*args, **kwargs):
        raise RuntimeError("canari-exception")

    monkeypatch.setattr(pages.SiteMapView, "get", broken)
    monkeypatch.setattr("ftap.context_processors.site", broken)
    monkeypatch.setattr("django.template.defaulttags.URLNode.render", broken)
    client.raise_request_exception = False
    response = client.get("/plan-du-site/?q=canari")
    assert_french_error_page(response, 500, "Erreur inattendue")
    html = response.content.decode()
    assert "canari" not in html
    for name in ("home", "library", "site_map", "accessibility", "legal", "privacy"):
        assert f'href="{reverse(f"laureates:{name}")}"' in html
