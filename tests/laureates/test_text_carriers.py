"""A line of carriers, split against the organisations already known."""

import pytest

from laureates.importers.text import carriers
from laureates.matching import Matcher
from tests import announcement_text as own
from tests.factories import OrganisationFactory

pytestmark = pytest.mark.django_db


def names(line):
    return [part.name for part in carriers.split(line, Matcher())]


@pytest.mark.parametrize("is_known", [True, False])
def test_the_carriers_of_each_project(is_known):
    if is_known:
        own.known_organisations()
    matcher = Matcher()
    for _, line, expected, _ in own.LAUREATES:
        assert [part.name for part in carriers.split(line, matcher)] == expected


def test_a_known_name_that_holds_a_comma_stays_whole():
    OrganisationFactory(name="Délégation, à la forêt et au bois")
    assert names("Délégation, à la forêt et au bois, Préfecture d’Ici") == [
        "Délégation, à la forêt et au bois",
        "Préfecture d’Ici",
    ]


def test_the_known_and_the_near_are_told_apart():
    own.known_organisations()
    found = carriers.split("Ministère de l'Intérieur, Direction des ressources humaines", Matcher())
    assert [(part.slug, part.near) for part in found] == [
        ("ministere-de-l-interieur", ()),
        ("", (own.NEAR_SLUG,)),
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Porteur : Préfecture d’Ici", ["Préfecture d’Ici"]),
        (
            "Projet porté par Préfecture d’Ici ; Préfecture de Là",
            ["Préfecture d’Ici", "Préfecture de Là"],
        ),
        ("Préfecture d’Ici et Préfecture de Là", ["Préfecture d’Ici", "Préfecture de Là"]),
        ("Préfecture d’Ici, Préfecture d’Ici", ["Préfecture d’Ici"]),
        ("Direction des routes et des ponts", ["Direction des routes et des ponts"]),
    ],
)
def test_labels_separators_and_repetitions(line, expected):
    assert names(line) == expected


@pytest.mark.parametrize("line", ["", ",", " ; , ", "et", "a" * 5_000, "Direction, " * 900])
def test_an_odd_line_is_split_all_the_same(line):
    assert len(carriers.split(line, Matcher())) <= carriers.PIECES_MAX


def test_a_line_of_carriers_is_told_from_a_title():
    OrganisationFactory(name="Opéra d’essai")
    matcher = Matcher()
    for line in ("Opéra d’essai", "DGFiP", "Préfecture d’Ici, Mairie de Là", "Porteur : X"):
        assert carriers.names_carriers(line, matcher), line
    for line in ("Un guichet pour tous", "Préfecture d’Ici a décidé.", "Projet 3D : la donnée"):
        assert not carriers.names_carriers(line, matcher), line
