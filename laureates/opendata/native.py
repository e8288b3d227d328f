"""The native formats: every public field of every laureate of a list, nothing left out.

CSV (UTF-8 with its mark, commas, decimal points, ISO 8601 dates, RFC 4180 line ends) and JSON are
written row by row; XLSX and ODS hold a second sheet that says what the file is. In a table a text
that a spreadsheet would take for a formula has an apostrophe before it; JSON needs none.

The caller has chosen, filtered and sorted the laureates: nothing here knows who may see them. The
list is settled when a function is called, before the first byte.
"""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.timezone import localtime

from ftap import sheets
from ftap.sheets.cells import guarded
from ftap.templatetags.ftap import french_date, number
from laureates.opendata.fields import FIELDS, Field, row
from laureates.opendata.reading import (
    FUND,
    LICENCE,
    LICENCE_URL,
    Context,
    keys_of,
    laureates_of,
)

# Part of the entity tag of a file: move it when the same rows are written otherwise.
FORMAT = "1"
MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json; charset=utf-8",
    "xlsx": sheets.CONTENT_TYPES["xlsx"],
    "ods": sheets.CONTENT_TYPES["ods"],
}
SEPARATOR = "; "  # between the values of a list, in a table
MAX_WORKBOOK_ROWS = 50_000
# Written in a workbook made before anything was ever public: a file has a date.
_UNDATED = datetime(2017, 9, 25, tzinfo=UTC)
JSON_END = "\n]}\n"
_BYTES = 64 * 1024  # gathered before they are sent


# CSV -------------------------------------------------------------------------


def stream_csv(queryset: QuerySet, context: Context) -> Iterator[bytes]:
    """The CSV of these laureates, by pieces; an unknown value is an empty cell."""
    return _csv(keys_of(queryset), context)


def _csv(keys, context):
    header = [item.name for item in FIELDS]
    rows = (row(laureate, context) for laureate in laureates_of(keys))
    return table(header, ([shown(values[item.name], item) for item in FIELDS] for values in rows))


def table(header: Sequence[str], rows, mark: bytes = b"\xef\xbb\xbf") -> Iterator[bytes]:
    """The bytes of a CSV whose cells are already text, by pieces; `mark` opens it."""
    output = io.StringIO(newline="")
    writer = csv.writer(output, lineterminator="\r\n")
    writer.writerow(header)
    yield mark + _taken(output)
    for cells in rows:
        writer.writerow(cells)
        if output.tell() >= _BYTES:
            yield _taken(output)
    if output.tell():
        yield _taken(output)


def _taken(output):
    content = output.getvalue().encode()
    output.seek(0)
    output.truncate()
    return content


def shown(value, item: Field) -> str:
    """A value as a cell of a CSV holds it."""
    if value is None:
        return ""
    if item.is_list:
        value = SEPARATOR.join(part or "" for part in value)
    if isinstance(value, Decimal):
        return decimal(value)
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return value.isoformat()
    return guarded(value) if isinstance(value, str) else str(value)


def decimal(value: Decimal) -> str:
    """An amount with a decimal point and no useless zero: « 1200000 », « 1200000.50 »."""
    return f"{value:.0f}" if value == value.to_integral_value() else f"{value:.2f}"


def moment(value: datetime) -> str:
    """A moment as a clock in Paris tells it, with its offset: 2019-09-25T10:00:00+02:00.

    Its first ten characters are the day that was announced, which universal time would not say of
    a publication at midnight.
    """
    return localtime(value).isoformat(timespec="seconds")


# JSON ------------------------------------------------------------------------


def about(
    context: Context, *, title: str, address: str = "", filters: str = "", problems=()
) -> dict:
    """What a JSON file says of itself, as `stream_json` takes it; the number of rows is added.

    `address` is that of the file; `filters` says in French what its list shows; `problems` are
    messages on what was asked and not understood.
    """
    site_url = context.site_url
    metadata = {
        "titre": title,
        "contenu": filters,
        "adresse": address,
        "donnees_au": context.as_of and context.as_of.isoformat(),
        "licence": {"nom": LICENCE, "adresse": LICENCE_URL},
        "attribution": attribution(context),
        "dictionnaire": f"{site_url}{reverse('laureates:dictionary')}",
        "schema": f"{site_url}{reverse('laureates:table_schema')}",
    }
    if problems:
        metadata["avertissements"] = list(problems)
    return {name: value for name, value in metadata.items() if value}


def attribution(context: Context) -> str:
    """How to cite what is exported, in French."""
    dated = f", données au {french_date(context.as_of)}" if context.as_of else ""
    return f"{FUND}, projets lauréats{dated}, {LICENCE}"


def stream_json(queryset: QuerySet, context: Context, metadata: dict) -> Iterator[bytes]:
    """{"metadonnees": {…, "nombre": int}, "laureats": [{field: value}]}, by pieces.

    An unknown value is null, lists are arrays, amounts are numbers.
    """
    keys = keys_of(queryset)
    return _json(keys, context, metadata | {"nombre": len(keys)})


def _json(keys, context, metadata):
    pieces = [json_opening(metadata)]
    size, before = 0, "\n"
    for laureate in laureates_of(keys):
        values = row(laureate, context)
        pieces.append(f"{before}{dumps({name: plain(value) for name, value in values.items()})}")
        size, before = size + len(pieces[-1]), ",\n"
        if size >= _BYTES:
            yield "".join(pieces).encode()
            pieces, size = [], 0
    pieces.append(JSON_END)
    yield "".join(pieces).encode()


def json_opening(metadata: dict) -> str:
    """What comes before the laureates, which stand one a line, and before JSON_END."""
    return f'{{"metadonnees": {dumps(metadata)},\n"laureats": ['


def dumps(value) -> str:
    return json.dumps(value, ensure_ascii=False)


def plain(value):
    """A value as JSON holds it; an amount has at most fourteen digits, which a float keeps."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return value.isoformat()
    return value


# XLSX, ODS -------------------------------------------------------------------

_KINDS = {
    "integer": sheets.Kind.INTEGER,
    "number": sheets.Kind.EUROS,
    "date": sheets.Kind.DATE,
    "datetime": sheets.Kind.DATETIME,
}


def workbook(
    laureates: QuerySet | list[int],
    context: Context,
    format: str,
    title: str,
    description: str,
    *,
    address: str = "",
    problems: Sequence[str] = (),
) -> bytes:
    """A workbook, "xlsx" or "ods": these laureates, and a sheet « À propos ».

    `laureates` may be their keys; `description` says in French what the list shows. SheetError
    beyond MAX_WORKBOOK_ROWS.
    """
    keys = laureates if isinstance(laureates, list) else keys_of(laureates)
    if len(keys) > MAX_WORKBOOK_ROWS:
        raise sheets.SheetError(
            f"Cette liste compte {number(len(keys))} projets, et un classeur s’arrête ici à "
            f"{number(MAX_WORKBOOK_ROWS)} lignes. Restreignez la liste par des filtres, ou "
            "téléchargez-la en CSV, qui n’a pas de limite."
        )
    rows = (row(laureate, context) for laureate in laureates_of(keys))
    return sheets.write(
        [
            sheets.Sheet("Lauréats", _COLUMNS, map(_cells, rows)),
            sheets.Sheet(
                "À propos",
                _ABOUT_COLUMNS,
                _about_rows(context, title, description, address, problems, len(keys)),
            ),
        ],
        format,
        title=title,
        author=FUND,
        footer=attribution(context),
        created_at=context.version.changed_at or _UNDATED,
    )


def _kind(item):
    return sheets.Kind.YEAR if item.is_year else _KINDS.get(item.type, sheets.Kind.TEXT)


_COLUMNS = [sheets.Column(item.name, item.label, _kind(item)) for item in FIELDS]
_ABOUT_COLUMNS = [
    sheets.Column("name", "Rubrique", width=24),
    sheets.Column("value", "Valeur", width=90),
]


def _cells(values):
    return {
        item.name: shown(values[item.name], item) if item.is_list else values[item.name]
        for item in FIELDS
    }


def _about_rows(context, title, description, address, problems, count):
    site_url = context.site_url
    pairs = [
        ("Fichier", title),
        ("Contenu", description),
        ("Nombre de projets", number(count)),
        ("Données au", french_date(context.as_of) or "date non connue"),
        ("Licence", f"{LICENCE}\u00a0: {LICENCE_URL}"),
        ("À citer ainsi", attribution(context)),
        ("Adresse", address),
        ("Sens des colonnes", f"{site_url}{reverse('laureates:dictionary')}"),
        ("Cellule vide", "Donnée que les sources ne donnent pas\u00a0: inconnue, et non nulle."),
        *(("Avertissement", problem) for problem in problems),
    ]
    return [{"name": name, "value": value} for name, value in pairs if value]
