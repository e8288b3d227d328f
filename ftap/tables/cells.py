"""The text of a cell, the same whatever the format it comes from."""

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from ftap.sheets.cells import guarded
from ftap.templatetags.ftap import number

# A spreadsheet holds 32,767 characters in a cell; a CSV can hold more. Beyond this, a quotation
# mark was most likely never closed.
MAX_CHARACTERS = 100_000
# A spreadsheet keeps fifteen digits of a number and makes zeros of the others.
MAX_WHOLE = 10**15
ERRORS = {
    *("#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"),
    *("#VALEUR!", "#NOM?", "#NOMBRE!", "#NUL!", "#PROPAGATION!", "#GETTING_DATA"),
}
# Characters of command and halves of characters, but for tabulations and ends of lines.
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def text(value) -> str:
    """The text of a value of a cell; ValueError, in French, where it cannot be trusted.

    A date is 2019-07-12, a moment 2019-07-12 14:03:00, a duration 30:00:00, a number 1234.5, a
    boolean Oui or Non. Lines end in a newline; a cell of spaces is empty. The apostrophe that this
    application's exports put before what would open a formula is taken away.
    """
    if isinstance(value, str):
        return _plain(value)
    if isinstance(value, bool):
        return "Oui" if value else "Non"
    if isinstance(value, datetime):
        if value.microsecond >= 500_000:
            value += timedelta(seconds=1)
        return value.strftime("%Y-%m-%d %H:%M:%S").rjust(19, "0")
    if isinstance(value, date | time):
        return value.isoformat()[:10]
    if isinstance(value, timedelta):
        seconds = round(value.total_seconds())
        sign, seconds = ("-" if seconds < 0 else ""), abs(seconds)
        return f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return _number(value)


def is_error(text: str) -> bool:
    """Whether a cell shows an error of calculation."""
    return (text[:1] == "#" and text.upper() in ERRORS) or (
        text[:4] == "Err:" and text[4:].isdigit()
    )


def _number(value):
    if isinstance(value, float):
        # 0.1 + 0.2 is stored as 0.30000000000000004 and shown as 0.3.
        value = Decimal(f"{value:.15g}")
    value = Decimal(value)
    if not value.is_finite():
        raise ValueError("La cellule ne contient pas un nombre lisible\u00a0: saisissez-le.")
    if abs(value) >= MAX_WHOLE:
        raise ValueError(
            "Le nombre a plus de quinze chiffres, et un tableur n’en garde que quinze\u00a0: "
            "mettez la colonne au format Texte, puis saisissez le nombre de nouveau."
        )
    written = format(value, "f")
    written = written.rstrip("0").rstrip(".") if "." in written else written
    return "0" if written in ("-0", "") else written


def _plain(value):
    if not value:
        return ""
    value = value.replace("\r\n", "\n").replace("\r", "\n")
    if sign := _HIDDEN.search(value):
        raise ValueError(
            "La cellule contient un caractère de commande, invisible (numéro "
            f"{ord(sign[0])})\u00a0: effacez la cellule, puis saisissez-la de nouveau."
        )
    if value.isspace():
        return ""
    if len(value) > MAX_CHARACTERS:
        raise ValueError(
            f"La cellule compte {number(len(value))} caractères\u00a0: la limite est de "
            f"{number(MAX_CHARACTERS)}. Raccourcissez-la."
        )
    if value[0] == "'" and guarded(value[1:]) == value:
        return value[1:]
    return value
