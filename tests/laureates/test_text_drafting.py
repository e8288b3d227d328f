"""The draft of a text: what is read, what was answered over it, what is left to settle."""

import json

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ftap.refusals import Refusal
from laureates import typography
from laureates.importers.text import drafting, reading, settling
from laureates.matching import Matcher
from tests import announcement_text as own
from tests.factories import AnnouncementFactory, OrganisationFactory

pytestmark = pytest.mark.django_db

TITLES = [typography.normalise(title) for title, *_ in own.LAUREATES]
LIST = "Annonce des lauréats 2019\n\nListe des lauréats :\n\n"


def draft(text=None, **answers):
    return drafting.draft(reading.plain_text(own.page() if text is None else text), answers)


def left(found, page=None):
    return [item for item in settling.left(found) if page in (None, item.page)]


# What is read ----------------------------------------------------------------


@pytest.mark.parametrize("variant", own.VARIANTS)
def test_titles_carriers_and_order_are_those_of_the_page(variant):
    own.known_organisations()
    found = draft(own.VARIANTS[variant])
    assert [one["title"] for one in found["laureates"]] == TITLES
    assert [one["carriers"] for one in found["laureates"]] == [
        names for _, _, names, _ in own.LAUREATES
    ]
    assert found["announced"] == 16
    assert found["orphans"] == []


def test_each_field_keeps_the_words_that_it_comes_from():
    found = draft()
    cut = found["laureates"][8]
    assert "direc-tion du budget" in cut["sources"]["description"]
    assert "direction du budget" in cut["description"]
    assert cut["description"].count("\n- ") == 2
    assert cut["sources"]["carriers"] == own.LAUREATES[8][1]
    assert all(claim["sentence"] for claim in found["claims"])
    assert found["documents"][0]["sentence"]
    assert [quote["words"][:13] for quote in found["quotes"]] == ["sa confiance ", "à préparer un"]


def test_a_draft_is_plain_data():
    found = draft()
    assert json.loads(json.dumps(found)) == found


def test_what_is_unclear_is_asked_page_after_page():
    own.known_organisations()
    found = draft()
    assert [(item.page, item.key) for item in left(found) if item.page != "hyphens"] == [
        ("structure", "2"),
        ("header", "title"),
        ("header", "call_year"),
        ("carriers", "direction ressources humaines"),
    ]
    assert {item.key for item in left(found, "hyphens")} >= {"réponses-types", "con-tact"}
    assert "Des noms en sont proches" in left(found, "carriers")[0].message


# What is answered ------------------------------------------------------------


def test_a_decision_on_a_hyphen_is_followed_everywhere():
    text = LIST + "Projet ou-verte\n\nPréfecture d’Ici\n\nUne plate-forme et une plate-forme."
    kept = draft(text)["laureates"][0]
    assert "plate-forme" in kept["description"]
    mended = draft(text, hyphens={"plate-forme": "cut", "ou-verte": "cut"})["laureates"][0]
    assert mended["description"] == "Une plateforme et une plateforme."
    assert mended["title"] == "Projet ouverte"


def test_corrections_survive_a_new_role_of_a_block():
    first = draft()
    key = first["laureates"][2]["key"]
    answers = {"laureates": {key: {"title": "Prison d’essai"}}, "header": {"title": "Un titre"}}
    again = draft(**answers, roles={"2": "aside"})
    assert again["laureates"][2]["title"] == "Prison d’essai"
    assert again["laureates"][2]["sources"]["title"] == "Prison expérimentale"
    assert again["header"]["title"]["value"] == "Un titre"
    assert not again["blocks"][2]["doubt"]
    assert again["header"]["public_text"]["value"] != first["header"]["public_text"]["value"]


def test_the_title_of_the_call_and_the_address_follow():
    found = draft(header={"call_year": "2019", "title": "L’été des lauréats"})
    assert found["header"]["call_title"]["value"] == "Appel à projets 2019"
    assert found["header"]["slug"]["value"] == "l-ete-des-laureats"
    kept = draft(header={"slug": "ailleurs", "call_title": "Guichet"})
    assert kept["header"]["slug"]["value"] == "ailleurs"
    assert kept["header"]["call_title"]["value"] == "Guichet"


def test_a_laureate_named_by_its_carriers_takes_their_names():
    text = LIST + "Préfecture d’Ici, Mairie de Là\n\nUn texte.\n\nPréfecture de Loin\n\nUn autre."
    first, second = draft(text)["laureates"]
    assert (first["title"], first["has_own_title"]) == ("Préfecture d’Ici, Mairie de Là", False)
    assert second["title"] == "Préfecture de Loin"
    key = first["key"]
    other = draft(text, laureates={key: {"has_own_title": True, "title": "Un guichet"}})
    assert other["laureates"][0]["title"] == "Un guichet"


def test_groups_are_kept_in_order():
    text = (
        "# Annonce\n\n## Lauréats\n\n### Volet un\n\n#### Projet A\n\nPréfecture d’Ici\n\nUn texte."
        "\n\n### Volet deux\n\n#### Projet B\n\nPréfecture de Là\n\nUn texte."
    )
    found = draft(text)
    assert found["groups"] == ["Volet un", "Volet deux"]
    assert [one["group"] for one in found["laureates"]] == found["groups"]


# Organisations ---------------------------------------------------------------


def test_one_answer_is_enough_for_a_name_said_twice():
    OrganisationFactory(slug="la-bonne")
    text = LIST + "Projet A\n\nMairie d’Ici\n\nUn texte.\n\nProjet B\n\nmairie d'ici\n\nUn texte."
    (name,) = draft(text)["names"]
    assert len(name["laureates"]) == 2
    found = draft(text, names={name["key"]: "la-bonne"})
    assert [one["organisations"][0]["slug"] for one in found["laureates"]] == ["la-bonne"] * 2
    assert left(found, "carriers") == []


def test_one_name_may_mean_two_organisations_in_two_projects():
    OrganisationFactory(slug="une")
    OrganisationFactory(slug="autre")
    text = LIST + "Projet A\n\nMairie\n\nUn texte.\n\nProjet B\n\nMairie\n\nUn texte."
    keys = [one["key"] for one in draft(text)["laureates"]]
    one_answer = {drafting.here_key(keys[0], "Mairie"): "une"}
    assert len(left(draft(text, names=one_answer), "carriers")) == 1
    both = one_answer | {drafting.here_key(keys[1], "Mairie"): "autre"}
    found = draft(text, names=both)
    assert [one["organisations"][0]["slug"] for one in found["laureates"]] == ["une", "autre"]
    assert left(found, "carriers") == []


def test_a_chosen_organisation_that_is_gone_is_asked_again():
    text = LIST + "Projet A\n\nMairie d’Ici\n\nUn texte."
    found = draft(text, names={"mairie ici": "partie"})
    assert found["names"][0]["choice"] == ""
    assert len(left(found, "carriers")) == 1


def test_an_acronym_is_proposed_not_chosen():
    OrganisationFactory(name="Direction des essais", short_name="DEX", slug="essais")
    (name,) = draft(LIST + "Projet A\n\nDEX\n\nUn texte.")["names"]
    assert (name["choice"], name["near"], name["is_asked"]) == ("", ["essais"], True)


def test_an_organisation_created_by_somebody_since_is_the_one():
    text = LIST + "Projet A\n\nMairie d’Ici\n\nUn texte."
    answers = {"names": {"mairie ici": "new"}}
    assert draft(text, **answers)["names"][0]["choice"] == "new"
    OrganisationFactory(name="Mairie d’Ici", slug="mairie")
    assert draft(text, **answers)["names"][0]["choice"] == "mairie"


def test_two_names_of_one_organisation_in_one_project_are_told():
    OrganisationFactory(name="Opéra d’essai", former_names="Ancien opéra", slug="opera")
    text = LIST + "Projet A\n\nOpéra d’essai ; Mairie d’Ici\n\nUn texte."
    found = draft(text, names={"mairie ici": "opera"})
    (item,) = left(found, "laureate")
    assert "désignent le même organisme" in item.message


# Checks ----------------------------------------------------------------------


def codes(found):
    return [check["code"] for check in found["checks"] if not check["is_seen"]]


def test_a_count_that_differs_is_to_be_seen_and_once_seen_is_settled():
    text = own.page(own.LAUREATES[:15])
    assert codes(draft(text)) == ["count:16:15"]
    assert codes(draft(text, checks=["count:16:15"])) == []
    assert codes(draft(own.page(own.LAUREATES[:14]), checks=["count:16:15"])) == ["count:16:14"]


def test_a_title_of_another_year_is_to_be_seen():
    found = draft(header={"title": "Annonce de l’appel 2020", "call_year": "2019"})
    assert codes(found) == ["year:2019:2020"]


def test_a_public_announcement_of_the_same_session_is_told_and_no_other():
    AnnouncementFactory(title="Déjà là", call_year=2019, session_label="2de session", slug="deja")
    AnnouncementFactory(draft=True, call_year=2019, session_label="2de session")
    found = draft(header={"call_year": "2019"})
    assert codes(found) == ["same:deja"]


def test_an_address_already_taken_is_to_be_changed():
    AnnouncementFactory(slug="un-titre")
    assert left(draft(header={"title": "Un titre"}), "header")[-1].key == "slug"
    assert draft(header={"title": "Un titre", "slug": "autre"})["is_slug_taken"] is False


def test_what_a_laureate_lacks_is_to_be_seen():
    text = LIST + ("Projet A\n\nMairie d’Ici\n\nUn texte.\n\nProjet A\n\nMairie de Là\n\nUn texte.")
    first, second = draft(text)["laureates"]
    assert codes(draft(text)) == [f"title:{one['key']}:projet a" for one in (first, second)]
    bare = {first["key"]: {"carriers": [], "description": "", "title": "Seul"}}
    assert codes(draft(text, laureates=bare)) == [
        f"carriers:{first['key']}",
        f"description:{first['key']}",
    ]


def test_paragraphs_of_nobody_are_told():
    project = "Projet A\n\nMairie d’Ici\n\nUn texte."
    found = draft(f"{LIST}Un mot avant les projets.\n\nEt un autre.\n\n{project}")
    assert codes(found) == ["orphan:2:2"]
    assert codes(draft(LIST + project)) == []


def test_a_call_of_a_year_that_no_announcement_may_have_is_asked():
    text = "Annonce de l’appel à projets 2012\n\n" + own.page(head="Liste des 16 lauréats :")
    assert "entre 2017 et 2100" in left(draft(text), "header")[0].message


def test_a_text_without_laureates_says_where_to_begin():
    assert "dites où commence la liste" in left(draft("Un mot."), "structure")[-1].message


def test_too_long_a_title_is_to_be_shortened():
    key = draft()["laureates"][0]["key"]
    found = draft(laureates={key: {"title": "a" * 301}}, header={"title": "b" * 251})
    assert "trop long" in left(found, "laureate")[0].message
    assert "trop long" in next(i for i in left(found, "header") if i.key == "title").message


# Any text --------------------------------------------------------------------

BITS = st.sampled_from(
    [
        *(title for title, *_ in own.LAUREATES[:4]),
        *(line for _, line, *_ in own.LAUREATES[:6]),
        "Liste des 16 dossiers lauréats :",
        "Publié le 31 février 2019",
        "Le comité a retenu 99999 dossiers et 1,5 Md€, de 3 à 2 M€.",
        "PDF (1 Mo)",
        "- a",
        "# b",
        "<p>c</p><ul><li>",
        "direc-tion ou-verte",
        "",
        ",",
        "«",
        "Ελλάδα-中文",
    ]
)
TEXTS = st.lists(BITS | st.text(max_size=40), max_size=25).map("\n\n".join)


@given(TEXTS)
@hypothesis_settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_text_gives_a_draft_or_a_refusal(text):
    try:
        plain = reading.plain_text(text)
    except Refusal:
        return
    found = drafting.draft(plain, matcher=Matcher())
    assert json.loads(json.dumps(found)) == found
    assert reading.plain_text(plain).strip()
    for item in settling.left(found):
        assert item.page in settling.PAGES
        assert item.message
