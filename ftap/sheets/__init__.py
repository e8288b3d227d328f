"""Tables for spreadsheets: XLSX, ODS and CSV from the same columns and rows.

    write(
        [Sheet("Dossiers", [Column("title", "Intitulé"), Column("asked", "Demandé", Kind.EUROS)],
               [{"title": "Guichet", "asked": Decimal("200000")}])],
        "xlsx",
        title="Tableau de séance",
        created_at=committee.closed_at,
    )

A text never becomes a formula, a number stays a number, an unknown value is an empty cell, and
the same rows give the same bytes.
"""

from collections.abc import Iterable
from datetime import datetime

from django.utils.timezone import is_naive

from ftap.sheets import delimited, ods, xlsx
from ftap.sheets.cells import Column, Kind, Sheet, SheetError, clean

__all__ = ["CONTENT_TYPES", "Column", "Kind", "Sheet", "SheetError", "write"]

CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_WRITERS = {"csv": delimited.write, "ods": ods.write, "xlsx": xlsx.write}


def write(
    sheets: Iterable[Sheet],
    format: str,
    *,
    title: str,
    author: str = "",
    footer: str = "",
    created_at: datetime,
) -> bytes:
    """The file of these sheets, in one of the formats of CONTENT_TYPES.

    `footer` is printed at the foot of each page of XLSX and ODS files. `created_at` (aware) is
    the date written in the file: nothing else but the rows changes the bytes. CSV holds one
    sheet, and neither title, author, footer nor date. Raises SheetError when rows do not fit.
    """
    if is_naive(created_at):
        raise ValueError("created_at must be an aware datetime")
    if format not in _WRITERS:
        raise ValueError(f"no such format: {format!r}")
    sheets = list(sheets)
    if not sheets or not all(sheet.columns for sheet in sheets):
        raise ValueError("a file has at least one sheet, and a sheet at least one column")
    about = {"title": clean(title), "author": clean(author), "footer": clean(footer)}
    return _WRITERS[format](sheets, **about, created_at=created_at)
