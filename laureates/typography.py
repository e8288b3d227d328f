"""French typography and plain text: one spelling for apostrophes, spaces, slugs and sort keys."""

import re
import unicodedata

from django.utils.text import slugify as django_slugify

NBSP = "\u00a0"
NARROW_NBSP = "\u202f"
_LIGATURES = str.maketrans({"œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ß": "ss", "’": "'"})

# Where a space may have to be another one.
_SPACED = re.compile(r" [;!?:%€»]|\d [\dkM]|« ")


def normalise(text: str) -> str:
    """The same text with ’, single spaces, and no-break spaces where French sets them.

    U+202F before ; ! ? and between thousands, U+00A0 before : % » and after «, and between a
    number and k€, M€ or Md€. Applied twice it changes nothing. A clock time (18:00) or an address
    (https://…) has no space before its colon and gets none.
    """
    text = " ".join(text.replace("'", "’").replace("\u2018", "’").split())
    if not _SPACED.search(text):
        return text
    text = re.sub(r" (?=[;!?])", NARROW_NBSP, text)
    text = re.sub(r" (?=[:%€»])|(?<=\d) (?=(?:k|M|Md)€)", NBSP, text)
    text = re.sub(
        r"(?<![\d/])\d{1,3}(?: \d{3})+(?!\d)",
        lambda number: number[0].replace(" ", NARROW_NBSP),
        text,
    )
    return re.sub("«[ ]", f"«{NBSP}", text)


class _Folded(dict):
    """What each character folds to, by code point, found out when first met."""

    def __missing__(self, code):
        parts = unicodedata.normalize("NFKD", chr(code)).translate(_LIGATURES)
        folded = "".join(part for part in parts if not unicodedata.combining(part)).casefold()
        if code < 0x3000:  # beyond, no text of ours; a hostile one fills no memory
            self[code] = folded
        return folded


_FOLDED = _Folded()


def fold(text: str) -> str:
    """Lower case, without accents nor ligatures: the key of sorting and of search."""
    return text.lower() if text.isascii() else text.translate(_FOLDED)


def slugify(text: str) -> str:
    """A slug in which an elided article stands apart: « l’eau » gives l-eau."""
    return django_slugify(fold(text).replace("'", "-"))


def lines(text: str) -> list[str]:
    """The non-empty lines of a field that holds one value a line."""
    return [line.strip() for line in text.splitlines() if line.strip()]
