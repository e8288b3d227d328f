"""What the text of a cell means: dates, amounts, numbers, choices, as French files write them.

An empty text gives None (or "" for texts). Anything else is either read for certain or refused by
a ValueError, whose French sentence quotes the value and says what forms are accepted.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator

from ftap.tables.problems import excerpt

DAY_FORMS = "2019-07-12, 12/07/2019 ou 12 juillet 2019"
MOMENT_FORMS = f"{DAY_FORMS}, suivi ou non d’une heure (14:03)"
AMOUNT_FORMS = "1234,50, 1 234,50 €, 200 k€ ou 35 M€"
_MAX_WHOLE_DIGITS = 15

_MONTHS = {
    **{"janvier": 1, "fevrier": 2, "mars": 3, "avril": 4, "mai": 5, "juin": 6, "juillet": 7},
    **{"aout": 8, "septembre": 9, "octobre": 10, "novembre": 11, "decembre": 12},
    **{"janv": 1, "fevr": 2, "avr": 4, "juil": 7, "sept": 9, "oct": 10, "nov": 11, "dec": 12},
}
_WEEKDAYS = "(?:(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche),? )?"
_ISO = r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})"
_SLASHED = r"(?P<day>\d{1,2})(?P<sep>[/.-])(?P<month>\d{1,2})(?P=sep)(?P<year>\d{4})"
_NAMED = _WEEKDAYS + r"(?P<day>\d{1,2})(?:er)? (?P<name>[a-z]+)\.? (?P<year>\d{4})"
_DAYS = [re.compile(pattern, re.ASCII) for pattern in (_ISO, _SLASHED, _NAMED)]
_HOUR = re.compile(
    r"(?:,? a |,? |t)(?P<hour>\d{1,2})\s?[:h]\s?(?P<minute>\d{2})?"
    r"(?::(?P<second>\d{2})(?:\.\d{1,9})?)?\s?(?P<offset>z|utc|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
_SCALES = {"": 1, "k": 10**3, "m": 10**6, "md": 10**9}
_AMOUNT = re.compile(
    r"(?P<sign>[-+])? ?(?P<number>\d[\d ,.]*) ?"
    r"(?:(?P<scale>k|m|md) ?(?P<euros>€|eur|euros?)"
    r"|(?P<words>milliers?|millions?|milliards?)(?: d ?' ?(?:euros?|€))?|€|eur|euros?)?",
    re.ASCII,
)
_WORDS = {"millier": 10**3, "million": 10**6, "milliard": 10**9}
_GROUPED = re.compile(r"\d{1,3}(?: \d{3})+", re.ASCII)
_BOOLEANS = {
    **dict.fromkeys(("oui", "on", "true", "vrai", "yes", "1", "o", "x"), True),
    **dict.fromkeys(("non", "off", "false", "faux", "no", "0", "n"), False),
}


def columns(labels: Iterable[str]) -> list[tuple[str, int]]:
    """Each label with its rank, from 1, among those equal to it."""
    seen = Counter()
    found = []
    for label in labels:
        seen[label] += 1
        found.append((label, seen[label]))
    return found


def plain(text: str) -> str:
    """A text without spaces around it, and with no other spaces than ordinary ones inside."""
    return re.sub(r"[^\S\n]+", " ", text).strip()


# Dates ------------------------------------------------------------------------


def day(text: str) -> date | None:
    """The day that a text says; an hour that follows it is read too, then left."""
    if not (folded := _folded(text)):
        return None
    found, rest = _day(text, folded, DAY_FORMS)
    if rest:
        _hour(text, rest, DAY_FORMS)
    return found


def moment(text: str) -> datetime | None:
    """The moment that a text says, aware: in Paris unless it gives an offset.

    Without an hour, midnight. The hour that summer time repeats is the first of the two; the one
    that it skips is refused.
    """
    if not (folded := _folded(text)):
        return None
    found, rest = _day(text, folded, MOMENT_FORMS)
    clock, offset = _hour(text, rest, MOMENT_FORMS) if rest else (time(), None)
    naive = datetime.combine(found, clock)
    if offset is not None:
        return naive.replace(tzinfo=offset)
    zone = ZoneInfo(settings.TIME_ZONE)
    aware = naive.replace(tzinfo=zone)
    if aware.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != naive:
        raise ValueError(
            f"«\u00a0{excerpt(text)}\u00a0» n’existe pas\u00a0: l’heure d’été a sauté cette heure."
        )
    return aware


def _day(text, folded, forms):
    for pattern in _DAYS:
        if match := pattern.match(folded):
            break
    else:
        if re.match(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2}(?!\d)", folded, re.ASCII):
            raise ValueError(
                f"«\u00a0{excerpt(text)}\u00a0» est une date ambiguë\u00a0: écrivez l’année en "
                f"quatre chiffres ({forms})."
            )
        raise ValueError(
            f"«\u00a0{excerpt(text)}\u00a0» n’est pas une date\u00a0: écrivez {forms}."
        )
    parts = match.groupdict()
    month = _MONTHS.get(parts["name"]) if "name" in parts else int(parts["month"])
    rest = folded[match.end() :]
    if month is None or (rest[:1].isalnum() and rest[:1] != "t"):
        raise ValueError(
            f"«\u00a0{excerpt(text)}\u00a0» n’est pas une date\u00a0: écrivez {forms}."
        )
    try:
        found = date(int(parts["year"]), month, int(parts["day"]))
    except ValueError:
        order = " (le jour vient avant le mois)" if parts.get("sep") and month > 12 else ""
        raise ValueError(
            f"«\u00a0{excerpt(text)}\u00a0» n’existe pas dans le calendrier{order}\u00a0: écrivez "
            f"{forms}."
        ) from None
    if not 1900 <= found.year <= 2200:
        raise ValueError(
            f"«\u00a0{excerpt(text)}\u00a0»\u00a0: l’année {found.year} n’est pas plausible, elle "
            "doit être comprise entre 1900 et 2200."
        )
    return found, rest


def _hour(text, rest, forms):
    match = _HOUR.fullmatch(rest)
    if match is None or (match["minute"] is None and "h" not in rest):
        raise ValueError(
            f"«\u00a0{excerpt(text)}\u00a0» n’est pas une date\u00a0: écrivez {forms}."
        )
    try:
        clock = time(int(match["hour"]), int(match["minute"] or 0), int(match["second"] or 0))
        offset = match["offset"]
        if offset in ("z", "utc"):
            return clock, UTC
        if offset:
            digits = offset[1:].replace(":", "")
            length = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
            return clock, timezone(-length if offset[0] == "-" else length)
    except ValueError:
        raise ValueError(
            f"«\u00a0{excerpt(text)}\u00a0»\u00a0: cette heure n’existe pas. Écrivez {forms}."
        ) from None
    return clock, None


# Numbers ----------------------------------------------------------------------


def amount(text: str) -> Decimal | None:
    """An amount in euros, with at most two decimals.

    A comma or a point before one or two last digits is the decimal mark; a text such as 1.234 or
    1,234, which two countries read a thousand times apart, is refused.
    """
    if not (folded := _folded(text)):
        return None
    match = _AMOUNT.fullmatch(folded)
    found = match and _decimal(match["number"].strip())
    if found is None:
        reason = "n’est pas un montant en euros"
        if match and re.fullmatch(r"\d{1,3}[.,]\d{3}", match["number"].strip(), re.ASCII):
            reason = "est un montant ambigu (virgule décimale ou séparateur de milliers\u202f?)"
        raise ValueError(f"«\u00a0{excerpt(text)}\u00a0» {reason}\u00a0: écrivez {AMOUNT_FORMS}.")
    scale = _SCALES[match["scale"] or ""]
    if match["words"]:
        scale = _WORDS[match["words"].rstrip("s")]
    found *= -scale if match["sign"] == "-" else scale
    if found != round(found, 2):
        raise ValueError(
            f"«\u00a0{excerpt(text)}\u00a0» a plus de deux décimales\u00a0: arrondissez le montant "
            "au centime."
        )
    if abs(found) >= 10**_MAX_WHOLE_DIGITS:
        raise ValueError(
            f"«\u00a0{excerpt(text)}\u00a0» dépasse tout montant plausible\u00a0: vérifiez l’unité."
        )
    return round(found, 2)


def _decimal(written):
    """The number that digits, spaces, commas and points write; None if it is not certain."""
    whole, mark, decimals = written, "", ""
    if found := re.fullmatch(r"(.*\d)([.,])(\d*)", written, re.ASCII):
        whole, mark, decimals = found.groups()
    digits = re.sub(r"[ .,]", "", whole)
    groups = {sign for sign in " .," if sign in whole}
    if mark in groups:
        # 1.234.567: the same sign twice can only separate thousands, all of three digits.
        whole, decimals, digits = written, "", re.sub(r"[ .,]", "", written)
    elif (mark and len(decimals) == 3 and not groups and len(whole) <= 3 and int(whole)) or (
        mark and not decimals
    ):
        return None
    if groups:
        separator = groups.pop()
        if groups or not _GROUPED.fullmatch(whole.replace(separator, " ")):
            return None
    return Decimal(f"{digits}.{decimals or 0}")


def integer(text: str) -> int | None:
    """A whole number, its thousands separated by spaces or not."""
    if not (folded := _folded(text)):
        return None
    if not re.fullmatch(r"-?(?:\d{1,15}|\d{1,3}(?: \d{3}){1,4})", folded, re.ASCII):
        raise ValueError(
            f"«\u00a0{excerpt(text)}\u00a0» n’est pas un nombre entier\u00a0: écrivez-le en "
            "chiffres, sans décimale ni unité (12 ou 1 234)."
        )
    return int(folded.replace(" ", ""))


# Other values -----------------------------------------------------------------


def boolean(text: str) -> bool | None:
    """Oui or Non, and what spreadsheets and forms write for them: on, off, VRAI, FAUX, 1, 0."""
    if not (folded := _folded(text)):
        return None
    if folded not in _BOOLEANS:
        raise ValueError(
            f"«\u00a0{excerpt(text)}\u00a0» n’est ni oui ni non\u00a0: écrivez Oui ou Non."
        )
    return _BOOLEANS[folded]


def siret(text: str) -> str:
    """A SIRET of fourteen digits, without its spaces; "" for an empty text.

    Fourteen digits whose control key is wrong are accepted: those of La Poste are so.
    """
    digits = re.sub(r"[\s.-]", "", text)
    if not digits:
        return ""
    if not re.fullmatch(r"\d{14}", digits, re.ASCII):
        lost = (
            " Le tableur a peut-être retiré un zéro au début\u00a0: mettez la colonne au format "
            "Texte."
            if re.fullmatch(r"\d{12,13}", digits, re.ASCII)
            else ""
        )
        raise ValueError(
            f"«\u00a0{excerpt(text)}\u00a0» n’est pas un SIRET\u00a0: il en faut les quatorze "
            f"chiffres, avec ou sans espaces.{lost}"
        )
    return digits


def email(text: str) -> str:
    """An address as it is written, without spaces around; "" for an empty text."""
    address = text.strip()
    if not address:
        return ""
    try:
        EmailValidator()(address)
    except ValidationError:
        raise ValueError(
            f"«\u00a0{excerpt(text)}\u00a0» n’est pas une adresse électronique\u00a0: écrivez-la "
            "sous la forme nom@exemple.fr."
        ) from None
    return address


def choice(text: str, values: Mapping[str, object]):
    """The value whose label is this text, whatever its case, accents and spaces; None if empty."""
    if not (folded := _folded(text)):
        return None
    found = {label: value for label, value in values.items() if _folded(label) == folded}
    if text.strip() in found:
        return found[text.strip()]
    if len(set(map(repr, found.values()))) != 1:
        raise ValueError(
            f"«\u00a0{excerpt(text)}\u00a0» n’est pas une des valeurs attendues\u00a0: "
            f"{', '.join(values)}."
        )
    return next(iter(found.values()))


def _folded(text):
    """Lower case, without accents, ordinary spaces and apostrophes."""
    text = unicodedata.normalize("NFD", text.replace("’", "'").replace("\u2212", "-"))
    text = "".join(sign for sign in text if not unicodedata.combining(sign))
    return " ".join(text.lower().split())
