"""Days as French texts write them, with their weekday checked."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from laureates.typography import fold

MONTHS = (
    "janvier",
    "fevrier",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "aout",
    "septembre",
    "octobre",
    "novembre",
    "decembre",
)
WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
_NAMES = {fold(name): number for number, name in enumerate(MONTHS, 1)}
_WORDS = re.compile(
    rf"(?:\b(?P<weekday>{'|'.join(WEEKDAYS)})\s+)?\b(?P<day>\d{{1,2}})(?:er)?\s+"
    rf"(?P<month>{'|'.join(MONTHS)})(?:\s+(?P<year>20\d\d))?(?!\d)"
)
_DIGITS = re.compile(r"\b(?P<day>\d{1,2})/(?P<month>\d{1,2})/(?P<year>20\d\d)\b")


@dataclass(frozen=True)
class Day:
    """A day as found: `value` where it exists, `problem` in French where something is amiss.

    `is_inferred`: the year is not written; it is that of the text, and the weekday agrees.
    """

    words: str
    value: date | None
    problem: str = ""
    is_inferred: bool = False


def days(text: str, near: date | None = None) -> Iterator[Day]:
    """The days that `text` names, in order; one without a year takes that of `near`."""
    folded = fold(text)
    for found in sorted((*_WORDS.finditer(folded), *_DIGITS.finditer(folded)), key=_start):
        yield _read(found.groupdict(), found[0], near)


def _start(found):
    return found.start()


def _read(parts, words, near):
    month = _NAMES.get(parts["month"]) or int(parts["month"])
    written = parts["year"]
    if not written and near is None:
        return Day(words, None, f"L’année n’est pas écrite\u00a0: «\u00a0{words}\u00a0».")
    year = int(written) if written else near.year
    try:
        value = date(year, month, int(parts["day"]))
    except ValueError:
        return Day(words, None, f"Ce jour n’existe pas\u00a0: «\u00a0{words}\u00a0».")
    weekday = parts.get("weekday")
    if weekday and WEEKDAYS[value.weekday()] != weekday:
        return Day(
            words,
            None,
            f"Le {value:%d/%m/%Y} est un {WEEKDAYS[value.weekday()]}, et non un {weekday}.",
        )
    if not written and not weekday:
        return Day(words, None, f"L’année n’est pas écrite\u00a0: «\u00a0{words}\u00a0».")
    return Day(words, value, is_inferred=not written)
