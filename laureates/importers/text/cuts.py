"""The words of a text that hold a hyphen: what each looks like, and what a person says of it."""

import re
from collections.abc import Iterable

from laureates import hyphens
from laureates.importers.text import prose
from laureates.typography import fold

CUT, KEPT = "cut", "true"
DECISIONS = {CUT: "mot coupé, à recoller", KEPT: "vrai trait d’union, à garder"}
# An address is no word: its hyphens are its own.
_ADDRESS = re.compile(r"//|www\.|@|\w\.(?:fr|eu|com|org|net|info)\b")
# Longer, it is no word.
_WORD_MAX = 60
_HYPHENED = re.compile(r"(?<![\w-])\w+(?:-\w+)+(?![\w-])")


def review(texts: Iterable[str], decided: dict[str, str]) -> list[dict]:
    """The words with a hyphen, each once, in order: {"word", "verdict", "proposal", "sentence",
    "count", "decision", "is_given"}.

    `decided` gives what a person settled; without it a word that looks cut is mended, a true
    hyphen kept, and a doubtful word has no decision.
    """
    texts = [_without_addresses(text) for text in texts]
    known = hyphens.vocabulary(word for text in texts for word in hyphens.words(text))
    found = {}
    for text in texts:
        for word in _HYPHENED.findall(text):
            if len(word) > _WORD_MAX or any(char.isdigit() for char in word):
                continue
            if word in found:
                found[word]["count"] += 1
                continue
            verdict = hyphens.verdict(word, known)
            default = {hyphens.Verdict.CUT: CUT, hyphens.Verdict.TRUE: KEPT}.get(verdict, "")
            found[word] = {
                "word": word,
                "verdict": str(verdict),
                "proposal": word.replace("-", ""),
                "sentence": _sentence(text, word),
                "count": 1,
                "decision": decided.get(word, default),
                "is_given": word in decided,
            }
    return list(found.values())


def repair(text: str, cut: Iterable[str]) -> str:
    """`text` where each word of `cut` is whole again; addresses are left as they are."""
    whole = {word: word.replace("-", "") for word in cut}
    if not whole:
        return text

    def mended(part):
        return _HYPHENED.sub(lambda found: whole.get(found[0], found[0]), part)

    # Between spaces: an address holds none.
    return "".join(
        part if _ADDRESS.search(part) else mended(part) for part in re.split(r"(\s+)", text)
    )


def _without_addresses(text):
    return " ".join(part for part in text.split() if not _ADDRESS.search(part))


def _sentence(text, word):
    for sentence in prose.sentences(text):
        if word in sentence:
            return sentence
    return prose.first_words(text)


def sort_key(entry: dict) -> tuple:
    """Those that wait for a person first, then those that were mended, then the others."""
    return bool(entry["decision"]), entry["decision"] != CUT, fold(entry["word"])
