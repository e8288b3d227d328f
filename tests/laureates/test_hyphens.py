"""What a hyphen is: of a cut, the word's own, or one that a person should settle."""

import pytest

from laureates import hyphens
from laureates.hyphens import Verdict

KNOWN = hyphens.vocabulary(
    hyphens.words("La direction ouverte de la consultation, grand et porte.")
)


@pytest.mark.parametrize(
    ("word", "verdict"),
    [
        ("direc-tion", Verdict.CUT),
        ("ou-verte", Verdict.CUT),
        ("no-tamment", Verdict.CUT),
        ("e-learning", Verdict.TRUE),
        ("Charente-Maritime", Verdict.TRUE),
        ("Hauts-de-France", Verdict.TRUE),
        ("rendez-vous", Verdict.TRUE),
        ("18h00-22h00", Verdict.TRUE),
        ("bé-néfique", Verdict.DOUBTFUL),
        ("réponses-types", Verdict.DOUBTFUL),
        ("con-tact", Verdict.DOUBTFUL),
    ],
)
def test_a_hyphen_is_told_by_the_rest_of_the_text_and_by_ends_that_are_no_word(word, verdict):
    assert hyphens.verdict(word, KNOWN) == verdict


def test_a_word_that_the_text_writes_whole_is_rejoined():
    assert hyphens.rejoined("ou-verte", KNOWN) == "ouverte"
    assert hyphens.rejoined("ou-verte", set()) == ""
    assert hyphens.rejoined("Direc-tion", set()) == "Direction"


def test_one_kind_of_hyphen_is_left():
    assert hyphens.plain("a\u2010b\u2011c\u00add") == "a-b-cd"
