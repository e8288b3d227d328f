"""Words that a line break may have cut (« direc-tion »): a doubt, for a person to settle.

There is no dictionary: what speaks is the rest of the text, and ends that are no word.
"""

import re
from collections.abc import Iterable
from enum import StrEnum

from laureates.typography import fold

_WORD = re.compile(r"\w+(?:-\w+)*")
# Hyphens that look like the plain one; the soft one shows only at the end of a line.
_VARIANTS = str.maketrans({"\u2010": "-", "\u2011": "-", "\u00ad": None})
# Ends that a cut leaves and that are no word by themselves.
_ENDS = {
    "cation",
    "cations",
    "fice",
    "fique",
    "fiques",
    "liser",
    "lisation",
    "lite",
    "lites",
    "ment",
    "ments",
    "nalite",
    "nalites",
    "naire",
    "naires",
    "samment",
    "sation",
    "sion",
    "sions",
    "taire",
    "taires",
    "tale",
    "tales",
    "tamment",
    "tation",
    "tations",
    "teur",
    "teurs",
    "tif",
    "tifs",
    "tion",
    "tions",
    "tique",
    "tiques",
    "tive",
    "tives",
    "trice",
    "trices",
    "ture",
    "tures",
    "vites",
}
# Beginnings that a true hyphen follows.
_PREFIXES = frozenset(
    [
        "apres",
        "arriere",
        "avant",
        "bas",
        "chef",
        "chefs",
        "ci",
        "co",
        "contre",
        "demi",
        "e",
        "eco",
        "ex",
        "extra",
        "grand",
        "grande",
        "haut",
        "haute",
        "haute",
        "hors",
        "infra",
        "inter",
        "intra",
        "mi",
        "micro",
        "mini",
        "multi",
        "net",
        "non",
        "nord",
        "outre",
        "ouest",
        "post",
        "pre",
        "presque",
        "pro",
        "quasi",
        "quelque",
        "quelques",
        "sans",
        "self",
        "semi",
        "sous",
        "sud",
        "sur",
        "ultra",
        "vice",
    ]
)
# Ends that a true hyphen precedes, after a word.
_ENCLITICS = frozenset(
    [
        "ci",
        "la",
        "meme",
        "memes",
        "il",
        "elle",
        "on",
        "ils",
        "elles",
        "je",
        "tu",
        "nous",
        "vous",
        "moi",
        "toi",
        "leur",
        "lui",
        "y",
        "en",
        "ce",
        "un",
        "une",
        "uns",
        "unes",
    ]
)
_COMPOUNDS = frozenset(
    [
        "aide-memoire",
        "celui-ci",
        "celle-ci",
        "ceux-ci",
        "celles-ci",
        "celui-la",
        "lui-meme",
        "elle-meme",
        "eux-memes",
        "elles-memes",
        "soi-meme",
        "rendez-vous",
        "savoir-faire",
        "savoir-etre",
        "peut-etre",
        "mot-cle",
        "mots-cles",
        "porte-parole",
        "est-ce",
        "au-dela",
        "au-dessus",
        "au-dessous",
        "en-tete",
        "par-dela",
        "dix-sept",
        "dix-huit",
        "dix-neuf",
        "vingt-deux",
        "trente-deux",
        "quatre-vingt",
        "main-d'oeuvre",
        "plate-forme",
        "plates-formes",
    ]
)


class Verdict(StrEnum):
    CUT = "cut"
    TRUE = "true"
    DOUBTFUL = "doubtful"


def plain(text: str) -> str:
    """`text` with one kind of hyphen, and without those that only mark where a line may break."""
    return text.translate(_VARIANTS)


def words(text: str) -> list[str]:
    """Its words in order, those with inner hyphens whole."""
    return _WORD.findall(text)


def vocabulary(found: Iterable[str]) -> set[str]:
    """The folded words among `found` that have no hyphen."""
    return {fold(word) for word in found if "-" not in word}


def rejoined(word: str, known: set[str]) -> str:
    """`word` without its hyphen, where it looks cut; "" where it does not.

    It looks cut when the whole is in `known`, a vocabulary, or when its end is no word.
    """
    parts = fold(word).split("-")
    is_cut = len(parts) == 2 and ("".join(parts) in known or parts[1] in _ENDS)
    return word.replace("-", "") if is_cut and not parts[1].isdigit() else ""


def verdict(word: str, known: set[str]) -> Verdict:
    """What the hyphen of `word` is: of a cut, its own, or one that a person should settle."""
    parts = word.split("-")
    first, last = fold(parts[0]), fold(parts[-1])
    is_compound = fold(word) in _COMPOUNDS
    if len(parts) != 2 or any(any(char.isdigit() for char in part) for part in parts):
        return Verdict.TRUE
    if rejoined(word, known):
        return Verdict.DOUBTFUL if first in _PREFIXES or is_compound else Verdict.CUT
    are_names = all(part[:1].isupper() for part in parts)
    is_enclitic = last in _ENCLITICS and first in known
    if are_names or is_compound or is_enclitic or first in _PREFIXES:
        return Verdict.TRUE
    return Verdict.DOUBTFUL
