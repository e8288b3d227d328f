"""The role of each block; what is not clear is a doubt, and what a person says is kept."""

import pytest

from laureates.importers.text import reading, structure
from laureates.importers.text.structure import Role
from laureates.matching import Matcher
from tests import announcement_text as own
from tests.factories import OrganisationFactory

pytestmark = pytest.mark.django_db


def read(text, given=None):
    return structure.read(reading.blocks(reading.plain_text(text)), Matcher(), given)


def roles(text, given=None):
    return [str(found.role) for found in read(text, given)]


def test_a_page_is_told_apart():
    own.known_organisations()
    found = read(own.page())
    named = [str(reading_.role) for reading_ in found]
    assert named.count("title") == named.count("carriers") == 16
    assert named[:6] == ["heading", "aside", "intro", "aside", "heading", "intro"]
    assert named[-6:] == ["aside", "document", "document", "aside", "aside", "aside"]
    doubts = [index for index, reading_ in enumerate(found) if reading_.doubt]
    assert doubts == [2]
    assert found[2].choices == [Role.INTRO, Role.HEADING, Role.ASIDE]


def test_nobody_on_the_reference_list_is_needed():
    assert roles(own.page()).count("title") == 16


LIST = "Liste des lauréats :\n\n"


def test_groups_stand_above_titles_when_headings_say_so():
    text = (
        "# Annonce\n\n## Lauréats\n\n### Volet un\n\n#### Projet A\n\nPréfecture de l’Essai\n\n"
        "Un texte.\n\n### Volet deux\n\n#### Projet B\n\nPréfecture de l’Autre\n\nUn texte."
    )
    assert roles(text)[2:] == ["group", "title", "carriers", "description"] * 2


def test_a_line_between_two_projects_is_asked():
    text = LIST + (
        "Projet A\n\nPréfecture de l’Essai\n\nUn texte.\n\nVolet deux\n\nProjet B\n\n"
        "Préfecture de l’Autre\n\nUn texte."
    )
    found = read(text)
    assert [str(one.role) for one in found][4:6] == ["group", "title"]
    assert "précède un titre" in found[4].doubt


def test_carriers_before_their_title_are_asked():
    found = read(LIST + "Préfecture de l’Essai\n\nUn projet sans nom connu\n\nUn texte.")
    assert [str(one.role) for one in found][1:3] == ["carriers", "title"]
    assert "précéder le titre" in found[1].doubt


def test_a_list_of_carriers_alone_has_no_doubt():
    OrganisationFactory(name="Opéra d’essai")
    text = LIST + "Préfecture de l’Essai\n\nUn texte.\n\nOpéra d’essai\n\nUn autre texte."
    found = read(text)
    assert [str(one.role) for one in found][1:] == ["carriers", "description"] * 2
    assert not any(one.doubt for one in found)


def test_a_list_without_heading_is_asked():
    text = "Un communiqué.\n\nProjet A\n\nPréfecture de l’Essai\n\nUn texte long."
    found = read(text)
    assert [str(one.role) for one in found] == ["intro", "title", "carriers", "description"]
    assert "Aucun titre n’annonce la liste" in found[1].doubt


def test_a_person_begins_the_list_elsewhere_and_the_rest_is_read_again():
    text = "Le communiqué\n\nLes retenus\n\nProjet A\n\nPréfecture de l’Essai\n\nPas de point final"
    assert "title" not in roles(text)
    assert roles(text, {1: Role.LIST})[1:4] == ["list", "title", "carriers"]


def test_a_person_says_that_a_heading_begins_no_list():
    text = (
        "Les projets lauréats du passé :\n\nUn texte.\n\n"
        + LIST
        + "Projet\n\nPréfecture d’Ici\n\nA."
    )
    assert roles(text)[0] == "list"
    assert roles(text, {0: Role.INTRO})[:3] == ["intro", "intro", "list"]


def test_a_person_ends_the_list_sooner_or_later():
    text = LIST + "Projet A\n\nPréfecture d’Ici\n\nUn texte.\n\nContact\n\nUn mot.\n\nAutre"
    assert roles(text)[4:] == ["aside"] * 3
    assert roles(text, {3: Role.END})[3:] == ["end", *["aside"] * 3]
    assert roles(text, {4: Role.TITLE})[4:6] == ["title", "description"]


def test_nothing_is_read_of_nothing():
    assert structure.read([], Matcher()) == []
