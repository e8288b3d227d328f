"""XLSX (ECMA-376), written row by row: the same rows give the same bytes."""

import io
import re
import shutil
from datetime import UTC, date, datetime
from decimal import Decimal
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.packaging.core import DocumentProperties
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.writer.excel import ExcelWriter

from ftap.sheets.cells import Kind, Sheet, cut, labels, names, rows_of

# The format counts no year before this one.
FIRST_YEAR = 1901
MAX_FOOTER = 200
# A zip knows no earlier date.
EPOCH = (1980, 1, 1, 0, 0, 0)
CENTS = '#,##0.00"\u00a0€"'
FORMATS = {
    Kind.INTEGER: "#,##0",
    Kind.YEAR: "0",
    Kind.EUROS: '#,##0"\u00a0€"',
    Kind.PERCENT: '0.0"\u00a0"%',
    Kind.DATE: "dd/mm/yyyy",
    Kind.DATETIME: "dd/mm/yyyy hh:mm",
}
# A text such as _x000D_ would be read as the character of that number (ECMA-376, ST_Xstring).
_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")


class _Archive(ZipFile):
    """A zip whose files all bear the same date."""

    def __init__(self, output, dated):
        super().__init__(output, "w", ZIP_DEFLATED)
        self._dated = dated

    def _info(self, name):
        info = ZipInfo(name, self._dated)
        info.compress_type = ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        return info

    def writestr(self, name, data):
        super().writestr(self._info(name), data)

    def write(self, path, name):
        with open(path, "rb") as source, self.open(self._info(name), "w") as target:
            shutil.copyfileobj(source, target)


def write(
    sheets: list[Sheet], *, title: str, author: str, footer: str, created_at: datetime
) -> bytes:
    moment = created_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    workbook = Workbook(write_only=True)
    workbook.properties = DocumentProperties(
        title=title, creator=author or None, language="fr-FR", created=moment, modified=moment
    )
    output = io.BytesIO()
    try:
        for name, sheet in zip(names(sheets), sheets, strict=True):
            _fill(workbook.create_sheet(name), sheet, footer)
        dated = max(moment.timetuple()[:6], EPOCH)
        ExcelWriter(workbook, _Archive(output, dated)).save()
    except BaseException:
        _abandon(workbook)
        raise
    return output.getvalue()


def _abandon(workbook):
    """Removes the temporary files of sheets whose writing a row has stopped."""
    for worksheet in workbook.worksheets:
        if not worksheet.closed:
            worksheet.close()
            worksheet._writer.cleanup()


def _fill(worksheet, sheet, footer):
    worksheet.freeze_panes = "A2"
    worksheet.print_title_rows = "1:1"
    worksheet.page_setup.orientation = "landscape"
    worksheet.page_setup.paperSize = Worksheet.PAPERSIZE_A4
    worksheet.sheet_properties.pageSetUpPr.fitToPage = True
    worksheet.page_setup.fitToHeight = 0
    # An ampersand opens a code in a footer.
    worksheet.oddFooter.left.text = cut(footer, MAX_FOOTER).replace("&", "&&") or None
    worksheet.oddFooter.right.text = "&P / &N"
    for rank, column in enumerate(sheet.columns, start=1):
        worksheet.column_dimensions[get_column_letter(rank)].width = column.shown_width
    worksheet.append([_header(worksheet, label) for label in labels(sheet)])
    cells = [_cells(worksheet, column.kind) for column in sheet.columns]
    for values in rows_of(sheet):
        worksheet.append([_set(*pair) for pair in zip(cells, values, strict=True)])


def _header(worksheet, label):
    cell = _text(WriteOnlyCell(worksheet), label)
    cell.font = Font(bold=True)
    cell.fill = PatternFill("solid", fgColor="F5F5FE")
    cell.alignment = Alignment(vertical="top", wrap_text=True)
    return cell


def _cells(worksheet, kind):
    """The cells of a column, filled again for each row: {"text", "value", "cents"}."""
    cells = {name: WriteOnlyCell(worksheet) for name in ("text", "value", "cents")}
    for cell in cells.values():
        cell.alignment = Alignment(vertical="top", wrap_text=cell is cells["text"])
    cells["value"].number_format = FORMATS.get(kind, "General")
    cells["cents"].number_format = CENTS
    return cells


def _set(cells, value):
    if value is None:
        return None
    if isinstance(value, date) and value.year < FIRST_YEAR:
        value = f"{value:%d/%m}/{value.year:04}"
    if isinstance(value, str):
        return _text(cells["text"], value)
    whole = not isinstance(value, Decimal) or value == value.to_integral_value()
    euros = cells["value"].number_format == FORMATS[Kind.EUROS]
    cell = cells["cents" if euros and not whole else "value"]
    cell.value = value
    return cell


def _text(cell, value):
    cell.value = _ESCAPED.sub("_x005F_", value)
    # openpyxl takes some texts for formulas, errors or dates.
    cell.data_type = "s"
    return cell
