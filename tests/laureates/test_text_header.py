"""What the head of a page says of itself; where it contradicts itself, a person is asked."""

import pytest

from laureates.importers.text import header, reading, structure
from laureates.matching import Matcher
from tests import announcement_text as own

pytestmark = pytest.mark.django_db


def read(text):
    blocks = reading.blocks(reading.plain_text(text))
    return header.read(blocks, structure.read(blocks, Matcher()))


def test_each_field_has_the_sentence_that_gives_it():
    found = read(own.page())
    values = {name: field["value"] for name, field in found.items()}
    assert values == {
        "title": "",
        "call_title": "",
        "call_year": "",
        "session_label": "2de session",
        "committee_name": "Comité de pilotage du Fonds pour la transformation de l’action publique",
        "committee_chair": "Mme Camille EXEMPLE, Secrétaire d’État",
        "committee_on": "2019-09-23",
        "source_on": "2019-09-25",
    }
    assert found["source_on"]["sentence"] == "Publié le 25 septembre 2019"
    assert "lundi 23 septembre" in found["committee_on"]["sentence"]
    assert "est bien un lundi" in found["committee_on"]["note"]


def test_two_headings_and_two_years_are_asked_not_chosen():
    found = read(own.page())
    assert [title[-4:] for title in found["title"]["choices"]] == ["2020", "2019"]
    assert set(found["call_year"]["choices"]) == {"2019", "2020"}
    assert found["title"]["is_asked"]
    assert found["call_year"]["is_asked"]


def test_one_heading_and_one_year_are_taken():
    found = read(own.page(head=own.HEAD.replace("2020", "2019")))
    assert found["title"]["value"] == (
        "Annonce des lauréats de la 2de session de l’appel à projet 2019"
    )
    assert (found["call_year"]["value"], found["call_title"]["value"]) == (
        "2019",
        "Appel à projets 2019",
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("lundi 23 septembre", "mardi 23 septembre", "est un lundi, et non un mardi"),
        ("lundi 23 septembre", "le 31 septembre 2019", "n’existe pas"),
        ("lundi 23 septembre", "le 23 septembre", "L’année n’est pas écrite"),
    ],
)
def test_a_doubtful_day_is_asked(old, new, said):
    field = read(own.page(head=own.HEAD.replace(old, new)))["committee_on"]
    assert field["is_asked"]
    assert field["value"] == ""
    assert said in field["note"]


def test_a_page_that_says_nothing_asks_for_what_an_announcement_needs():
    found = read("Un texte sans rien.")
    assert [name for name, field in found.items() if field["is_asked"]] == ["title", "call_year"]


def test_quotations_are_found_with_who_speaks():
    blocks = reading.blocks(reading.plain_text(own.page()))
    words = [quote["words"] for quote in header.quotes(blocks)]
    assert words[0] == "sa confiance dans les équipes qui ont écrit ces dossiers"
    assert "EXEMPLE" in header.quotes(blocks)[0]["sentence"]
