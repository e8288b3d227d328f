"""The figures that a text states, with their sentence; what is not clear has no subject."""

import pytest

from laureates.importers.text import claims
from laureates.importers.text.reading import Block
from tests import announcement_text as own


def read(*texts):
    return claims.read([Block(text) for text in texts])


def test_the_figures_of_a_page():
    found = [
        (one["subject"], one["scope"], one["value"], one["lower"], one["upper"], one["exactness"])
        for one in read(*own.HEAD.split("\n\n"))
    ]
    assert found == [
        ("endowment", "fund", "700000000", "", "", "exact"),
        ("applications_received", "session", "29", "", "", "exact"),
        ("laureates", "session", "16", "", "", "exact"),
        ("project_amount", "session", "", "200000", "35000000", "exact"),
        ("laureates", "fund", "63", "", "", "exact"),
        ("amount_total", "fund", "350000000", "", "", "approximate"),
    ]


@pytest.mark.parametrize(
    ("text", "subject", "value"),
    [
        ("Seize dossiers ont été retenus.", "laureates", "16"),
        ("Le comité a sélectionné 12 projets.", "laureates", "12"),
        ("1 204 candidatures ont été déposées.", "applications_received", "1204"),
        ("Le fonds a engagé 1,5 milliard d’euros.", "amount_total", "1500000000"),
        ("Il a soutenu le projet à hauteur de 250 k€.", "amount_total", "250000"),
        ("On parle de 12 M€ quelque part.", "", "12000000"),
    ],
)
def test_a_figure_is_read_as_it_is_written(text, subject, value):
    (found,) = read(text)
    assert (found["subject"], found["value"]) == (subject, value)
    assert found["sentence"].replace("\u00a0", " ").replace("\u202f", " ") == text
    assert found["label"] in found["sentence"]


def test_a_figure_said_twice_is_one():
    assert len(read("Le comité a retenu 16 dossiers.", "Il a retenu 16 dossiers.")) == 1


@pytest.mark.parametrize(
    "text", ["Article 12 du décret.", "En 2019, rien.", "0 € et 99999999 Md€."]
)
def test_other_numbers_are_no_figures(text):
    assert read(text) == []


def test_how_many_laureates_are_announced():
    assert claims.announced_laureates("Liste des 16 dossiers lauréats", []) == 16
    figures = read("Le comité a retenu 12 projets.")
    assert claims.announced_laureates("Liste des lauréats", figures) == 12
    assert claims.announced_laureates("", read("63 lauréats depuis mars 2018.")) is None


def test_what_is_no_sentence_is_not_searched():
    assert read("12 lauréats " * 1_000) == []
    assert len(read(*(f"Le comité a retenu {n} dossiers." for n in range(1, 400)))) == (
        claims.FIGURES_MAX
    )
