"""The screens on which a text is deposited, settled, confirmed: what they show and refuse."""

import re
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from laureates.importers.text import drafting, gates, settling
from laureates.models import Announcement, AnnouncementText, Laureate
from tests import announcement_text as own
from tests.factories import AnnouncementTextFactory, OrganisationFactory, UserFactory
from tests.laureates.test_text_gates import deposit, settle, turn

pytestmark = pytest.mark.django_db

SHEETS = ("structure", "header", "hyphens", "carriers", "figures")


@pytest.fixture
def person():
    return UserFactory(role="Publication")


@pytest.fixture
def row(person):
    own.known_organisations()
    return deposit(person)


@pytest.fixture
def browser(client, person):
    client.force_login(person)
    return client


def url(page, *args):
    return reverse(f"admin:laureates_announcementtext_{page}", args=args)


def text_of(response):
    """What a page says, with plain spaces."""
    return re.sub(r"\s+", " ", unescape(response.content.decode()))


def post(browser, row, page, *args, **values):
    return browser.post(url(page, row.pk, *args), {"version": row.version, **values})


def pages_of(row):
    return [
        url("change", row.pk),
        *(url(name, row.pk) for name in SHEETS),
        *(url("laureate", row.pk, one["key"]) for one in row.content["laureates"][:1]),
        url("confirm", row.pk),
        url("abandon", row.pk),
    ]


# Deposit ---------------------------------------------------------------------


def test_a_text_is_pasted_and_read(browser):
    values = {"source": "Communiqué", "text": own.page().replace("\n", "\r\n")}
    response = browser.post(url("add"), values)
    row = AnnouncementText.objects.get()
    assert response.url == url("change", row.pk)
    assert len(row.content["laureates"]) == 16
    assert "16 projets lus, 16 annoncés" in text_of(browser.get(response.url))


def test_a_file_is_read(browser):
    file = SimpleUploadedFile("annonce.md", own.headed(own.page()).encode())
    browser.post(url("add"), {"source": "Communiqué", "text": "", "file": file})
    assert AnnouncementText.objects.get().filename == "annonce.md"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"text": "Un texte"}, "Indiquez la source"),
        ({"source": "S"}, "Collez le texte"),
        ({"source": "S", "text": " \n "}, "Collez le texte"),
        ({"source": "S", "text": "\u200b."}, "vide"),
        ({"source": "S", "text": "***"}, "vide"),
        ({"source": "S", "text": "a" * (1024 * 1024 + 1)}, "dépasse la taille"),
        ({"source": "S", "text": "<script></script><p></p><p></p>"}, "vide"),
        ({"source": "S", "text": "t", "source_url": "pas une adresse"}, "adresse entière"),
        ({"source": "S", "text": "t", "source_on": "31/02/2019"}, "Écrivez la date"),
        ({"source": "S" * 301, "text": "t"}, "300"),
        ({"source": "S", "file": SimpleUploadedFile("a.pdf", b"%PDF")}, "type accepté"),
        ({"source": "S", "file": SimpleUploadedFile("a.txt", b"")}, "vide"),
        ({"source": "S", "text": "t", "file": SimpleUploadedFile("a.txt", b"t")}, "pas les deux"),
    ],
)
def test_a_deposit_that_cannot_be_read_says_why(values, said, browser):
    response = browser.post(url("add"), values)
    assert response.status_code in (200, 409)
    assert said in text_of(response)
    assert not AnnouncementText.objects.exists()


def test_the_list_tells_what_waits(browser, row, person):
    AnnouncementTextFactory(title="Sans suite", ended_at=row.created_at, ended_by=person)
    page = text_of(browser.get(url("changelist")))
    assert "à régler" in page
    assert "Reprendre une annonce" in page
    found = browser.get(url("changelist"), {"etat": "sans-suite"}).context["cl"].queryset
    assert [one.title for one in found] == ["Sans suite"]


# Pages -----------------------------------------------------------------------


def test_no_page_has_two_elements_of_one_name_nor_inline_style(browser, row):
    for address in pages_of(row):
        response = browser.get(address)
        assert response.status_code == 200, address
        page = response.content.decode()
        names = re.findall(r' id="([^"]+)"', page)
        assert sorted(names) == sorted(set(names)), address
        assert " style=" not in page


def test_pages_cost_the_same_whatever_they_show(browser, row, django_assert_max_num_queries):
    for address in pages_of(row):
        with django_assert_max_num_queries(12):
            browser.get(address)


def test_every_point_to_settle_has_a_link_to_where_it_is_settled(browser, row):
    page = browser.get(url("change", row.pk))
    for _, _, found in page.context["groups"]:
        for item, link in found:
            address, _, anchor = link.partition("#")
            assert f'id="{anchor}"' in unescape(browser.get(address).content.decode()), item


def test_a_block_is_given_another_role(browser, row):
    response = post(browser, row, "structure", **{"role:2": "aside", "role:0": "heading"})
    assert response.status_code == 302
    row.refresh_from_db()
    assert row.content["answers"]["roles"] == {"2": "aside"}


def test_a_title_is_chosen_and_an_other_written(browser, row):
    post(browser, row, "header", **{"choice:title": "1", "header:title": "ignoré"})
    row.refresh_from_db()
    assert row.content["header"]["title"]["value"].endswith("2019")
    values = {"choice:call_year": "other", "header:call_year": "2018"}
    post(browser, row, "header", **values)
    row.refresh_from_db()
    assert row.content["header"]["call_year"]["value"] == "2018"
    assert row.content["header"]["call_title"]["value"] == "Appel à projets 2018"


def test_fields_left_alone_are_no_answers(browser, row):
    found = row.content["header"]
    values = {f"header:{name}": field["value"] for name, field in found.items()}
    post(browser, row, "header", **values)
    row.refresh_from_db()
    assert row.version == 1
    assert row.content["answers"]["header"] == {}


def test_a_day_that_is_asked_is_left_empty_on_purpose_only(browser, person):
    text = own.page(head=own.HEAD.replace("lundi 23", "mardi 23"))
    row = deposit(person, text)
    post(browser, row, "header", **{"header:committee_on": ""})
    row.refresh_from_db()
    assert row.content["header"]["committee_on"]["is_asked"]
    post(browser, row, "header", **{"header:committee_on": "", "blank:committee_on": "on"})
    row.refresh_from_db()
    assert not row.content["header"]["committee_on"]["is_asked"]


def test_words_are_settled(browser, row):
    values = {"word:plate-forme": "true", "word:con-tact": "cut", "word:direc-tion": "cut"}
    post(browser, row, "hyphens", **values)
    row.refresh_from_db()
    assert row.content["answers"]["hyphens"] == {"plate-forme": "true", "con-tact": "cut"}


def test_a_carrier_is_an_organisation_of_the_list_or_a_new_one(browser, row):
    name = "name:direction ressources humaines"
    for choice, other, expected in (
        (own.NEAR_SLUG, "", own.NEAR_SLUG),
        ("new", "", "new"),
        ("other", "opéra national de paris", "opera-national-de-paris"),
    ):
        post(browser, row, "carriers", **{name: choice, name.replace("name", "other"): other})
        row.refresh_from_db()
        (entry,) = (one for one in row.content["names"] if one["name"] == own.UNKNOWN)
        assert entry["choice"] == expected


def test_another_organisation_that_is_on_no_list_is_refused_and_kept_in_the_field(browser, row):
    key = "direction ressources humaines"
    values = {f"name:{key}": "other", f"other:{key}": "Inconnue au bataillon"}
    response = post(browser, row, "carriers", **values)
    assert response.status_code == 409
    assert "n’est le nom d’aucun organisme" in text_of(response)
    assert 'value="Inconnue au bataillon"' in response.content.decode()


def test_figures_are_typed_as_french_people_do(browser, row):
    base = "claim:laureates|fund|63||"
    values = {
        "claim-shown:laureates|fund|63||": "1",
        f"{base}:is_kept": "on",
        f"{base}:subject": "amount_total",
        f"{base}:label": "un million et demi",
        f"{base}:value": "1 500 000,50 €",
        f"{base}:lower": "",
        f"{base}:upper": "",
        f"{base}:exactness": "approximate",
        f"{base}:scope": "fund",
        "document-shown:1": "1",
    }
    assert post(browser, row, "figures", **values).status_code == 302
    row.refresh_from_db()
    figure = next(one for one in row.content["claims"] if one["key"] == "laureates|fund|63||")
    assert (figure["value"], figure["subject"]) == ("1500000.50", "amount_total")
    assert row.content["documents"][0]["is_kept"] is False
    values[f"{base}:value"] = "beaucoup"
    response = post(browser, row, "figures", **values)
    assert response.status_code == 409
    assert "Écrivez un montant" in text_of(response)


def test_a_laureate_is_corrected_and_the_next_is_shown(browser, row):
    first, second = row.content["laureates"][:2]
    values = {
        "shown": "1",
        "title": "Un portail",
        "has_own_title": "on",
        "group": "Volet un",
        "carriers": "Mairie d'Ici\r\n\r\nPréfecture, et de Là",
        "description": "Un texte.\r\n\r\n- a",
        "_next": "1",
    }
    response = post(browser, row, "laureate", first["key"], **values)
    assert response.url == url("laureate", row.pk, second["key"])
    row.refresh_from_db()
    one = row.content["laureates"][0]
    assert (one["title"], one["group"]) == ("Un portail", "Volet un")
    assert one["carriers"] == ["Mairie d’Ici", "Préfecture, et de Là"]
    assert one["description"] == "Un texte.\n\n- a"


def test_a_name_means_another_organisation_in_one_project(browser, row):
    OrganisationFactory(name="Direction des essais", slug="essais")
    one = row.content["laureates"][10]
    here = drafting.here_key(one["key"], own.UNKNOWN)
    post(browser, row, "laureate", one["key"], **{f"here:{here}": "Direction des essais"})
    row.refresh_from_db()
    assert row.content["laureates"][10]["organisations"][1]["slug"] == "essais"
    assert [item for item in settling.left(row.content) if item.page == "carriers"] == []
    post(browser, row, "laureate", one["key"], **{f"here:{here}": ""})
    row.refresh_from_db()
    assert row.content["laureates"][10]["organisations"][1]["slug"] == ""


def test_what_was_seen_is_ticked(browser, person):
    row = deposit(person, own.page(own.LAUREATES[:15]))
    assert "J’ai vérifié" in text_of(browser.get(url("structure", row.pk)))
    post(browser, row, "structure", seen="count:16:15")
    row.refresh_from_db()
    assert row.content["checks"][0]["is_seen"]


def test_a_stale_page_is_refused_with_both_values_and_saved_the_next_time(browser, row, person):
    gates.correct(row, {"header": {"title": "De l’autre"}}, by=person, version=1)
    values = {"header:title": "Le mien"}
    response = post(browser, row, "header", **values)
    assert response.status_code == 409
    page = text_of(response)
    assert "De l’autre" in page
    assert 'value="Le mien"' in response.content.decode()
    assert 'name="version" value="2"' in page
    row.refresh_from_db()
    assert post(browser, row, "header", **values).status_code == 302
    row.refresh_from_db()
    assert row.content["header"]["title"]["value"] == "Le mien"


# Hostile posts ---------------------------------------------------------------

HOSTILE = [
    {},
    {"version": ""},
    {"version": "9" * 30},
    {"version": "abc"},
    {"seen": "inconnu"},
    {"role:9999": "title"},
    {"role:abc": "title"},
    {"role:²": "title"},
    {"role:1": "\0"},
    {"header:published_at": "2019-01-01"},
    {"header:call_year": "\0" * 10},
    {"header:slug": "é / ?"},
    {"choice:title": "99", "header:title": "x"},
    {"choice:title": "²", "header:title": "x"},
    {"header:public_text": "\ud800".encode("utf-8", "surrogatepass")},
    {"word:inconnu-mot": "cut"},
    {"word:con-tact": "peut-être"},
    {"name:inconnu": "new"},
    {"name:direction ressources humaines": "a\0b"},
    {"name:direction ressources humaines": "other"},
    {"claim-shown:inconnu": "1"},
    {"document-shown:99": "1"},
    {"claim-shown:laureates|fund|63||": "1", "claim:laureates|fund|63||:value": "9" * 400},
    {"claim-shown:laureates|fund|63||": "1", "claim:laureates|fund|63||:subject": "roi"},
    {"shown": "1", "title": "\0", "carriers": "a\n" * 500},
    {"title": "a" * 400, "description": "b" * 200_001},
]


@pytest.mark.parametrize("values", HOSTILE)
def test_a_hostile_post_is_refused_or_harmless(values, browser, row):
    count = Announcement.objects.count()
    key = row.content["laureates"][0]["key"]
    for address in [url(name, row.pk) for name in SHEETS] + [url("laureate", row.pk, key)]:
        row.refresh_from_db()
        response = browser.post(address, {"version": row.version, **values})
        assert response.status_code in (200, 302, 409), (address, values)
    assert browser.post(url("confirm", row.pk), values).status_code == 409
    assert Announcement.objects.count() == count
    assert all(browser.get(address).status_code == 200 for address in pages_of(row))


ODD = [
    "a",
    "Liste des lauréats :",
    "Liste des lauréats :\n\nPréfecture d’Ici",
    "Liste des 99999 lauréats :\n\n" + "Préfecture d’Ici\n\nA b.\n\n" * 90,
    "<p>" * 50 + "Ελλάδα 中文 🦊",
    "Liste des lauréats :\n\n中文\n\n中文, 한국어\n\n中文。",
    "# " + "titre très long " * 60 + "\n\nListe des lauréats :\n\n" + "Direction, " * 400,
    "Comité de pilotage du 31 février 2019, lundi 1er janvier 2019, présidé par X.\n\n" * 5,
    "12 M€ et 13 k€ et 0,001 € et 99999999999999 Md€ « » « a »\n\nPDF (1 Mo)\n\nPDF (2 Mo)",
    "- a\n  - b\n    - c\n\n" * 30,
    "\n\n".join(f"mot{'x' * 200}-coupé{'é' * 300}" for _ in range(5)),
]


@pytest.mark.parametrize("text", ODD)
def test_any_text_has_pages_that_answer(text, browser):
    browser.post(url("add"), {"source": "S", "text": text})
    row = AnnouncementText.objects.get()
    for address in pages_of(row):
        assert browser.get(address).status_code == 200, address
        response = browser.post(address, {"version": row.version})
        assert response.status_code in (302, 403, 409), address


@pytest.mark.parametrize("query", ["page=0", "page=-1", "page=abc", "page=" + "9" * 30])
def test_a_page_that_does_not_exist_shows_one_that_does(query, browser, row):
    for name in SHEETS:
        assert browser.get(f"{url(name, row.pk)}?{query}").status_code == 200


def test_a_laureate_that_the_draft_has_not_is_absent(browser, row):
    for block in ("0", "99999", "9" * 30):
        assert (
            browser.get(url("laureate", row.pk, "1").replace("/1/", f"/{block}/")).status_code
            == 404
        )
    assert browser.get(url("change", 999999)).status_code == 404


def test_no_page_asks_for_more_fields_than_a_request_may_hold(browser, person, settings):
    laureates = [
        (f"Projet {n} de l’essai", f"Préfecture {n}, Mairie de {n}", [], [f"Un mot-clé{n} a-b{n}."])
        for n in range(200)
    ]
    row = deposit(
        person, own.page(laureates, head=own.HEAD.replace("16 dossiers lauréats", "lauréats"))
    )
    assert len(row.content["laureates"]) == 200
    for address in pages_of(row):
        names = re.findall(r" name=\"", browser.get(address).content.decode())
        assert len(names) < settings.DATA_UPLOAD_MAX_NUMBER_FIELDS / 2, address


# Confirmation and receipt ----------------------------------------------------


def test_the_confirmation_shows_what_will_be_created_then_creates_it(browser, row, person):
    row = settle(row, person)
    page = browser.get(url("confirm", row.pk))
    text = text_of(page)
    for sentence in (
        "16 lauréats (16 annoncés)",
        "34 porteurs",
        "6 chiffres annoncés",
        "1 document",
    ):
        assert sentence in text
    response = browser.post(url("confirm", row.pk), {"seen": page.context["seal"]}, follow=True)
    announcement = Announcement.objects.get()
    text = text_of(response)
    assert reverse("admin:laureates_announcement_change", args=[announcement.pk]) in text
    assert "Publié le 25 septembre 2019" in text
    again = browser.post(url("confirm", row.pk), {"seen": page.context["seal"]})
    assert again.url == url("change", row.pk)
    assert Announcement.objects.count() == 1


def test_the_confirmation_offers_nothing_while_something_is_left(browser, row):
    page = text_of(browser.get(url("confirm", row.pk)))
    assert "points à régler" in page
    assert "Créer l’annonce" not in page


def test_once_ended_every_page_leads_to_the_receipt(browser, row, person):
    row = settle(row, person)
    turn(row, person)
    for address in pages_of(row)[1:]:
        assert browser.get(address).url == url("change", row.pk), address
        response = browser.post(address, {"version": row.version})
        assert response.status_code == 302, address
    assert Laureate.objects.count() == 16


def test_a_text_is_given_up(browser, row):
    assert browser.get(url("abandon", row.pk)).status_code == 200
    page = browser.post(url("abandon", row.pk), follow=True)
    assert "Texte sans suite" in text_of(page)
    row.refresh_from_db()
    assert not row.is_open


def test_whoever_may_not_import_sees_none_of_it(row):
    for role in ("Lecture", "Secrétariat", "Décision"):
        client = Client()
        client.force_login(UserFactory(role=role))
        for address in (*pages_of(row), url("add"), url("changelist")):
            assert client.get(address).status_code == 403
            assert client.post(address, {"version": 1}).status_code == 403
    row.refresh_from_db()
    assert row.version == 1


def test_an_announcement_kept_from_the_reader_is_neither_linked_nor_quoted(
    browser, row, person, monkeypatch
):
    announcement = turn(settle(row, person), person)
    hidden = Announcement.objects.filter(pk=announcement.pk)
    monkeypatch.setattr(
        type(Announcement.objects.all()),
        "visible_to",
        lambda self, user: self.exclude(pk__in=hidden),
    )
    page = text_of(browser.get(url("change", row.pk)))
    assert "ne vous est pas accessible" in page
    assert "Cartonaut" not in page
