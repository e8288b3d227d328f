"""The names of public bodies, in words: when two are the same, how near two others are."""

import re
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from laureates.matching.vocabulary import ARTICLES, GENERIC, HEADS, LEVELS
from laureates.models import Organisation
from laureates.typography import fold

GENERIC_WEIGHT = 0.3
_SPELLED = sorted(word for word in GENERIC if len(word) > 4)


@lru_cache(maxsize=8_192)
def key(name: str) -> str:
    """A name without accents, case, punctuation nor articles: equal keys are the same name.

    « Direction générale des douanes & droits indirects » and « DIRECTION GENERALE DES DOUANES ET
    DES DROITS INDIRECTS » have one key.
    """
    words = re.findall(r"[a-z0-9]+", fold(name))
    # A name made of articles only keeps them: it must not match every other one.
    return " ".join([word for word in words if word not in ARTICLES] or words)


class Name:
    """A name in words: those that few names share, what kind of body it opens with, its levels."""

    def __init__(self, words: list[str], organisation: Organisation | None = None):
        self.organisation = organisation
        self.words = frozenset(words)
        self.distinct = self.words - GENERIC
        self.levels = self.words & LEVELS
        self.head = words[0] if words and words[0] in HEADS else ""
        self.weight = weight_of(self.words)


def weight_of(words) -> float:
    return sum(GENERIC_WEIGHT if word in GENERIC else 1 for word in words)


def reach_of(word: str) -> int:
    """How many letters may be wrong in a word: in numbers and acronyms, none."""
    if len(word) < 5 or not word.replace("_", "").isalpha():
        return 0
    return 1 if len(word) < 10 else 2


def nearness(asked: Name, known: Name, pairs: dict[str, str]) -> float:
    """The share of the words of two names that are the same, from 0 to 1; `pairs` are shared.

    0 where each holds a distinctive word that the other lacks, where they open with two kinds of
    body, and where each has a level that the other lacks.
    """
    if len(pairs) < len(known.distinct) and len(set(pairs.values())) < len(asked.distinct):
        return 0
    if asked.head and known.head and asked.head != known.head:
        return 0
    if asked.levels - known.levels and known.levels - asked.levels:
        return 0
    same = len(pairs) + weight_of(asked.words & known.words & GENERIC)
    # A misspelling ranks below the word itself.
    misspelt = sum(there != here for there, here in pairs.items())
    return 2 * same / (asked.weight + known.weight) - misspelt / 100


def generic(word: str) -> str:
    """The generic word that a word is, but for a letter; else the word."""
    if not reach_of(word) or word in GENERIC:
        return word
    found = process.extractOne(word, _SPELLED, scorer=OSA.distance, score_cutoff=1)
    return found[0] if found and found[0][0] == word[0] else word


def initials(written: str) -> str:
    return "".join(word[0] for word in written.split())
