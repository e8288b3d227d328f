"""Words with a hyphen: cut ones are mended, true hyphens stay, the rest is asked."""

import pytest

from laureates.importers.text import cuts, reading
from tests import announcement_text as own


def review(text, **decided):
    return {entry["word"]: entry for entry in cuts.review([text], decided)}


def test_the_words_of_a_page():
    texts = [block.text for block in reading.blocks(reading.plain_text(own.page()))]
    found = {entry["word"]: entry["decision"] for entry in cuts.review(texts, {})}
    assert found.keys() >= own.CUT | own.KEPT
    mended = {word for word, decision in found.items() if decision == cuts.CUT}
    kept = {word for word, decision in found.items() if decision == cuts.KEPT}
    # None is mended that is not cut, none is kept that is: what is not sure is asked.
    assert mended <= own.CUT
    assert not kept & own.CUT
    assert {"consul-tation", "direc-tion", "no-tamment"} <= mended
    assert {"e-learning", "Hauts-de-France", "Charente-Maritime"} <= kept
    assert found["réponses-types"] == found["plate-forme"] == ""


def test_a_word_has_its_sentence_its_proposal_and_its_number():
    entry = review("Avant. La direc-tion agit. La direc-tion décide.")["direc-tion"]
    assert (entry["proposal"], entry["count"]) == ("direction", 2)
    assert entry["sentence"] == "La direc-tion agit."


def test_a_person_decides():
    entry = review("Une plate-forme.", **{"plate-forme": "cut"})["plate-forme"]
    assert (entry["decision"], entry["is_given"]) == ("cut", True)


@pytest.mark.parametrize(
    "text",
    [
        "Voir https://a-b.fr/c-d.",
        "Sur demarches-simplifiees.fr !",
        "De 18h00-22h00.",
        f"x-{'y' * 90}",
    ],
)
def test_addresses_hours_and_what_is_no_word_are_left_alone(text):
    assert review(text) == {}
    assert cuts.repair(text, ["demarches-simplifiees", "a-b", "c-d"]) == text


def test_only_whole_words_are_mended():
    text = "ou-verte, ou-vertes, Ou-verte, très-ou-verte"
    assert cuts.repair(text, ["ou-verte"]) == "ouverte, ou-vertes, Ou-verte, très-ou-verte"
    assert cuts.repair(text, []) == text
