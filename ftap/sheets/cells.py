"""What a cell may hold: texts that no spreadsheet can take for a formula, and typed values."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.timezone import is_aware, localtime

# Of Excel; LibreOffice has the same. Characters are counted as UTF-16 counts them.
MAX_CHARACTERS = 32_767
MAX_ROWS = 1_048_576
MAX_COLUMNS = 16_384
MAX_NAME = 31
# A spreadsheet keeps fifteen digits of a number: more of them are written as text.
MAX_WHOLE = 10**15
CUT = " […] (texte coupé\u00a0: une cellule ne peut pas en contenir plus)"
REPLACEMENT = "\ufffd"

# What XML 1.0 cannot write, even escaped (production 2, « Char »).
_ILLEGAL = re.compile("[^\t\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINE_ENDS = re.compile("\r\n?")
# OWASP, « CSV Injection »: the signs that open a formula, in both widths, and the characters that
# move to another cell. Some programs drop spaces and invisible characters first: so does this.
_FORMULA = re.compile("[\t\r\n]|[\\s\u200b-\u200f\u2060\ufeff]*[=+\\-@＝＋－＠]")


class SheetError(Exception):
    """Rows that no spreadsheet can hold; the message, in French, says which and what to do."""


class Kind(StrEnum):
    """How the values of a column are written and shown.

    INTEGER takes whole numbers, YEAR those of years, EUROS amounts in euros, PERCENT fractions of
    one (0.552 is shown as 55,2 %), DATE days, DATETIME moments, written in the time of Paris.
    """

    TEXT = "text"
    INTEGER = "integer"
    YEAR = "year"
    EUROS = "euros"
    PERCENT = "percent"
    DATE = "date"
    DATETIME = "datetime"


@dataclass(frozen=True)
class Column:
    """A column: the key of its values in the rows, its header, their kind; width in characters."""

    key: str
    label: str
    kind: Kind = Kind.TEXT
    width: int | None = None

    @property
    def shown_width(self) -> int:
        usual = {Kind.TEXT: 32, Kind.DATETIME: 18} | dict.fromkeys(
            (Kind.INTEGER, Kind.YEAR, Kind.PERCENT), 10
        )
        return self.width or max(usual.get(self.kind, 16), min(len(self.label) + 2, 32))


@dataclass(frozen=True)
class Sheet:
    """A table: its name, its columns, and rows by key, read once."""

    title: str
    columns: Sequence[Column]
    rows: Iterable[Mapping]


def clean(text) -> str:
    """`text` without what XML cannot hold, its lines ending in a newline."""
    return _ILLEGAL.sub(REPLACEMENT, _LINE_ENDS.sub("\n", str(text)))


def guarded(value) -> str:
    """`value` with an apostrophe before what would open a formula.

    A tab becomes a space: LibreOffice would join the words around it.
    """
    value = str(value)
    shown = clean(value).replace("\t", " ")
    return f"'{shown}" if _FORMULA.match(value) else shown


def text(value) -> str:
    """`value` as a cell can hold it: no formula, and no longer than a cell."""
    return cut(guarded(value), MAX_CHARACTERS, CUT)


def cut(value: str, limit: int, mark: str = "") -> str:
    """`value`, or its beginning and `mark`, within `limit` UTF-16 code units."""
    if len(value) * 2 <= limit or _units(value) <= limit:
        return value
    room = (limit - len(mark)) * 2
    kept = value.encode("utf-16-le")[:room].decode("utf-16-le", "ignore")
    return kept + mark


def _units(value):
    return len(value.encode("utf-16-le")) // 2


def value_of(row: Mapping, column: Column):
    """The value of a row's cell: None, a safe str, an int, a Decimal, a date or a naive datetime.

    A str is accepted in any column (« non communiqué »), a boolean too. A value that its column's
    kind cannot show is a TypeError or a ValueError that names the column.
    """
    value = row[column.key]
    if isinstance(value, Promise):
        value = str(value)
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "Oui" if value else "Non"
    if isinstance(value, str) or column.kind == Kind.TEXT:
        return text(value)
    try:
        return _READERS[column.kind](value)
    except (ArithmeticError, TypeError, ValueError) as error:
        raise type(error)(f"column {column.key!r}: {value!r} is no {column.kind}") from error


def _decimal(value):
    if not isinstance(value, int | float | Decimal):
        raise TypeError
    number = Decimal(str(value))
    if not number.is_finite():
        raise ValueError
    return number


def _integer(value):
    number = _decimal(value)
    if number != number.to_integral_value():
        raise ValueError
    return int(number) if abs(number) < MAX_WHOLE else f"{number:f}"


def _day(value):
    if not isinstance(value, date):
        raise TypeError
    return _moment(value).date() if isinstance(value, datetime) else value


def _moment(value):
    if not isinstance(value, datetime):
        raise TypeError
    local = localtime(value) if is_aware(value) else value
    return local.replace(tzinfo=None, microsecond=0, fold=0)


_READERS = {
    Kind.INTEGER: _integer,
    Kind.YEAR: _integer,
    Kind.EUROS: _decimal,
    Kind.PERCENT: _decimal,
    Kind.DATE: _day,
    Kind.DATETIME: _moment,
}


def labels(sheet: Sheet) -> list[str]:
    if len(sheet.columns) > MAX_COLUMNS:
        raise SheetError(
            f"La feuille «\u00a0{sheet.title}\u00a0» aurait {len(sheet.columns)} colonnes, et un "
            f"tableur s’arrête à {MAX_COLUMNS}. Choisissez-en moins."
        )
    return [text(column.label) for column in sheet.columns]


def rows_of(sheet: Sheet):
    """Each row's values, in the order of the columns; SheetError past what a sheet can hold."""
    for rank, row in enumerate(sheet.rows, start=2):
        if rank > MAX_ROWS:
            raise SheetError(
                f"La feuille «\u00a0{sheet.title}\u00a0» aurait plus de {MAX_ROWS - 1} lignes, ce "
                "qu’aucun tableur ne peut ouvrir. Restreignez la sélection par des filtres."
            )
        yield [value_of(row, column) for column in sheet.columns]


def names(sheets: Iterable[Sheet]) -> list[str]:
    """A name for each sheet that every spreadsheet accepts, no two alike but for their case."""
    found = []
    for sheet in sheets:
        name = " ".join(re.sub(r"[\[\]:*?/\\]", " ", clean(sheet.title)).split()).strip("' ")
        # Excel keeps this name for its own use.
        if not name or name.casefold() in {"history", "historique"}:
            name = f"Feuille {name}".strip()
        base, name, copy = name, cut(name, MAX_NAME).strip("' "), 2
        while name.casefold() in {other.casefold() for other in found}:
            suffix = f" ({copy})"
            name = cut(base, MAX_NAME - len(suffix)).strip("' ") + suffix
            copy += 1
        found.append(name)
    return found
