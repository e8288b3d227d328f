"""CSV for French spreadsheets: semicolons, decimal commas, a byte order mark, ISO dates."""

import csv
import io
from datetime import date, datetime
from decimal import Decimal

from ftap.sheets.cells import Kind, Sheet, labels, rows_of


def write(sheets: list[Sheet], **about) -> bytes:
    """The only sheet of `sheets` in UTF-8 with its mark; `about` has no place in CSV."""
    if len(sheets) != 1:
        raise ValueError("CSV holds one sheet")
    (sheet,) = sheets
    output = io.StringIO(newline="")
    writer = csv.writer(output, delimiter=";", lineterminator="\r\n")
    writer.writerow(labels(sheet))
    for values in rows_of(sheet):
        pairs = zip(values, sheet.columns, strict=True)
        writer.writerow([_shown(value, column.kind) for value, column in pairs])
    return output.getvalue().encode("utf-8-sig")


def _shown(value, kind):
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        if kind == Kind.PERCENT:
            return f"{_plain(value * 100)}%"
        return _plain(value)
    return value


def _plain(number):
    """A decimal as French spreadsheets read it: a comma, no exponent, no useless zero."""
    text = f"{number:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace(".", ",")
