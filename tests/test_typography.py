"""French spelling of punctuation, and the plain text derived from it."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laureates.typography import fold, lines, normalise, slugify

french = st.text(
    alphabet=st.one_of(
        st.sampled_from("'’‘«»:;!?%€ \u00a0\u202f\t\n\r\x1c\u2003aéœ1-"), st.characters()
    )
)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("l'eau d‘hier", "l’eau d’hier"),
        ("Quoi ?", "Quoi\u202f?"),
        ("Oui !  Non ;", "Oui\u202f! Non\u202f;"),
        ("Objet : 35 %", "Objet\u00a0: 35\u00a0%"),
        ("200 €", "200\u00a0€"),
        ("« Cartonaut »", "«\u00a0Cartonaut\u00a0»"),
        ("« a » : b ?", "«\u00a0a\u00a0»\u00a0: b\u202f?"),
        ("  un\ttitre\n coupé  ", "un titre coupé"),
        ("Objet\u00a0: déjà\u202f!", "Objet\u00a0: déjà\u202f!"),
        ("18:00, https://example.org", "18:00, https://example.org"),
        ("e-learning", "e-learning"),
        ("", ""),
    ],
)
def test_text_is_set_as_french_pages_set_it(typed, expected):
    assert normalise(typed) == expected


@given(french)
def test_twice_is_once(text):
    assert normalise(normalise(text)) == normalise(text)


@given(french)
def test_nothing_but_spaces_and_apostrophes_changes(text):
    def letters(text):
        return re.sub(r"\s", "", text).replace("'", "’").replace("‘", "’")

    assert letters(normalise(text)) == letters(text)


@given(french)
def test_one_line_without_spaces_around(text):
    result = normalise(text)
    assert result == result.strip()
    assert not re.search(r"[^\S \u00a0\u202f]|\s\s", result)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Télémédecine", "telemedecine"),
        ("Cœur d’Œuvre", "coeur d'oeuvre"),
        ("STRASSE Straße", "strasse strasse"),
        ("Ǣ", "ae"),
        ("ﬁn", "fin"),
        ("É", "e"),
    ],
)
def test_folding_removes_case_accents_and_ligatures(text, expected):
    assert fold(text) == expected


@given(french)
def test_folding_is_decomposing_then_dropping_marks(text):
    parts = unicodedata.normalize("NFKD", text).replace("’", "'")
    for ligature, letters in (("œ", "oe"), ("Œ", "oe"), ("æ", "ae"), ("Æ", "ae")):
        parts = parts.replace(ligature, letters)
    kept = "".join(part for part in parts if not unicodedata.combining(part))
    assert fold(text) == kept.casefold()


@given(french)
def test_folding_twice_is_folding_once(text):
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("L’eau et l'air", "l-eau-et-l-air"),
        ("Cœurs : 2de session !", "coeurs-2de-session"),
        ("Provence-Alpes-Côte d’Azur", "provence-alpes-cote-d-azur"),
        ("…", ""),
    ],
)
def test_a_slug_keeps_words_apart(text, expected):
    assert slugify(text) == expected


@given(french)
def test_a_slug_is_made_of_plain_letters_digits_and_hyphens(text):
    assert re.fullmatch(r"[a-z0-9_-]*", slugify(text))


def test_lines_are_those_that_say_something():
    assert lines(" a \r\n\n \n b") == ["a", "b"]
    assert lines("") == []
