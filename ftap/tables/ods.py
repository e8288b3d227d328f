"""ODS (OpenDocument 1.2 and later), read row by row as the XML comes.

Libraries either hold the whole document in memory or lose what a cell says without a type and
the line breaks inside it; this one keeps both, and one reading serves the checks and the values.
"""

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation

from django.conf import settings

from ftap.tables import archive, markup
from ftap.tables.problems import Unreadable, excerpt, letter
from ftap.tables.shape import Raw, too_many_cells, too_many_columns, too_many_rows
from ftap.tables.xlsx import HIDDEN

CONTENT = "content.xml"
_MANIFEST = "META-INF/manifest.xml"
# Notes, drawings and earlier versions of cells hold text that is not the cell's.
_ASIDE = {
    *("annotation", "shapes", "frame", "custom-shape", "g", "note", "ruby-text", "rect", "line"),
    *("tracked-changes", "deletion", "ellipse", "polygon", "path", "control", "caption"),
}
_DURATION = re.compile(
    r"(-)?P(?:(\d{1,6})D)?T?(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})(?:[.,]\d+)?S)?", re.ASCII
)


def read(data: bytes, report) -> list[Raw]:
    """The sheets of a workbook, hidden and empty ones left out; problems go to the report."""
    packed = archive.Archive(data)
    part = packed.find(CONTENT)
    if part is None:
        raise Unreadable(markup.damaged(CONTENT))
    _check_password(packed)
    content = _Content(report)
    for _ in markup.parse(packed.stream(part), part, content):
        pass
    done = {part}
    for name in packed.names:
        if name.casefold().endswith((".xml", ".rdf")) and name not in done:
            for _ in markup.parse(packed.stream(name), name, markup.Deaf()):
                pass
            done.add(name)
    packed.verify(done)
    report.close()
    return [
        Raw(name, _Reader(packed, part, index))
        for index, (name, filled, is_hidden) in enumerate(content.sheets)
        if filled and not is_hidden
    ]


def _check_password(packed):
    if packed.find("encrypted-package"):
        raise Unreadable(archive.LOCKED)
    if (manifest := packed.find(_MANIFEST)) and b"encryption-data" in packed.read(manifest):
        raise Unreadable(archive.LOCKED)


class _Reader:
    """The rows of one sheet: (number, values), from column A."""

    def __init__(self, packed, part, index):
        self._packed, self._part, self._index = packed, part, index

    def __call__(self):
        content = _Content(only=self._index)
        yield from markup.parse(self._packed.stream(self._part), self._part, content)


class _Content:
    """The tables of a content.xml; with a report, what they may not hold goes there.

    `sheets` is [(name, number of filled cells, whether it is hidden)]. `only` is the index of the
    sheet whose rows drain() gives; without it, none are.
    """

    def __init__(self, report=None, only=None):
        self.sheets = []
        self._report, self._only = report, only
        self._lines = []
        self._hidden_styles, self._style = set(), ""
        self._cells_left = settings.IMPORT_MAX_CELLS
        self._text_left = settings.IMPORT_MAX_UNPACKED_BYTES
        self._aside = self._tables = 0
        self._cell = None

    def drain(self):
        found, self._lines = self._lines, []
        return found

    def start(self, name, attributes):
        if self._aside or name in _ASIDE:
            self._aside += 1
        elif name in ("table-cell", "covered-table-cell"):
            self._open_cell(_plain(attributes))
        elif self._cell is not None:
            if name == "table":
                self._fail()
            self._open_text(name, attributes)
        elif name == "table-row":
            self._repeat = self._count(_plain(attributes), "number-rows-repeated")
            self._values, self._blank, self._width, self._size = [], 0, 0, 0
        elif name == "table":
            self._open_table(_plain(attributes))
        elif name == "style":
            self._style = _plain(attributes).get("name", "")
        elif name == "table-properties" and _plain(attributes).get("display") == "false":
            self._hidden_styles.add(self._style)

    def end(self, name):
        if self._aside:
            self._aside -= 1
        elif name in ("table-cell", "covered-table-cell"):
            self._close_cell()
        elif name == "table-row":
            self._close_row()
        elif name == "table":
            self._tables -= 1
            self._close_table()

    def text(self, data):
        if self._aside or self._cell is None or not self._paragraphs:
            return
        # XML's own spaces count for one, and for none at the start of a paragraph.
        data = re.sub("[ \t\r\n]+", " ", data)
        before = self._paragraphs[-1]
        if data[:1] == " " and (not before or before[-1] == " "):
            data = data[1:]
        if data:
            self._weigh(len(data))
            before.append(data[:-1])
            before.append(data[-1])

    # Tables and rows

    def _open_table(self, attributes):
        self._tables += 1
        if self._tables > 1:
            self._fail()
        self._name = " ".join(attributes.get("name", "").split())
        self._is_hidden = attributes.get("style-name") in self._hidden_styles
        self._next, self._filled, self._wide, self._laid = 1, 0, 0, 0

    def _close_table(self):
        self.sheets.append((self._name, self._filled, self._is_hidden))
        if self._filled and self._is_hidden and self._report:
            self._report.add(HIDDEN, self._name)

    def _close_row(self):
        first, self._next = self._next, self._next + self._repeat
        if not self._width:
            return
        last = self._next - 1
        if last > 2 * settings.IMPORT_MAX_ROWS + 10:
            raise Unreadable(too_many_rows(self._name, f"la ligne {last} est remplie"))
        self._filled += 1
        self._wide = max(self._wide, self._width)
        laid = self._wide * last
        self._cells_left -= laid - self._laid
        self._laid = laid
        if self._cells_left < 0:
            raise Unreadable(too_many_cells(self._name))
        self._weigh(self._size * (self._repeat - 1))
        if len(self.sheets) == self._only:
            self._lines += ((first + more, list(self._values)) for more in range(self._repeat))

    # Cells

    def _open_cell(self, attributes):
        if self._tables != 1 or self._cell is not None:
            self._fail()
        self._cell = attributes
        self._paragraphs = []
        self._times = self._count(attributes, "number-columns-repeated")

    def _open_text(self, name, attributes):
        if name in ("p", "h"):
            self._paragraphs.append([])
            self._weigh(1)
        elif self._paragraphs:
            if name == "s":
                times = self._count(_plain(attributes), "c")
                self._weigh(times)
                # The space that follows a written one is still a space: it is put apart.
                self._paragraphs[-1] += ["\u0020" * times, ""]
            elif name in ("line-break", "tab"):
                self._paragraphs[-1].append("\n" if name == "line-break" else "\t")

    def _close_cell(self):
        attributes, self._cell = self._cell, None
        value = self._value(attributes)
        index = self._width + self._blank
        if self._report:
            self._check_cell(attributes, index)
        if value == "":
            self._blank += self._times
            return
        self._width += self._blank + self._times
        if self._width > settings.IMPORT_MAX_COLUMNS + 1:
            row, last = self._next, min(self._width, 18_278) - 1
            address = f"la cellule {letter(last)}{row} est remplie"
            raise Unreadable(too_many_columns(self._name, address))
        size = len(value) if isinstance(value, str) else 0
        self._weigh(size * (self._times - 1))
        self._size += size * self._times
        self._values += [""] * self._blank + [value] * self._times
        self._blank = 0

    def _check_cell(self, attributes, index):
        index = min(index, 18_277)
        address = f"{letter(index)}{self._next}"
        if "formula" in attributes:
            self._report.add(
                f"La cellule {address} contient une formule\u00a0: copiez-la, puis collez-la à la "
                "même place avec «\u00a0Collage spécial, valeurs\u00a0».",
                self._name,
                self._next,
                letter(index),
            )
        columns = self._count(attributes, "number-columns-spanned")
        rows = self._count(attributes, "number-rows-spanned")
        if columns > 1 or rows > 1:
            corner = f"{letter(min(index + columns, 18_278) - 1)}{self._next + rows - 1}"
            self._report.add(
                f"Les cellules {address}:{corner} sont fusionnées\u00a0: annulez la fusion et "
                "remplissez chaque cellule.",
                self._name,
                self._next,
                letter(index),
            )

    def _value(self, attributes):
        written = "\n".join("".join(pieces) for pieces in self._paragraphs)
        kind = attributes.get("value-type", "")
        try:
            if kind in ("float", "currency", "percentage"):
                return _number(attributes["value"])
            if kind == "date":
                return _date(attributes["date-value"])
            if kind == "time":
                return _duration(attributes["time-value"])
            if kind == "boolean":
                return {"true": True, "false": False}[attributes["boolean-value"]]
        except (KeyError, ValueError, InvalidOperation, OverflowError):
            raise Unreadable(
                markup.damaged(
                    f"{CONTENT}, feuille «\u00a0{excerpt(self._name)}\u00a0», ligne {self._next}"
                )
            ) from None
        return "" if not written or written.isspace() else written

    def _count(self, attributes, name):
        value = attributes.get(name, "1")
        if not re.fullmatch(r"\d{1,7}", value, re.ASCII):
            self._fail()
        return int(value) or 1

    def _weigh(self, size):
        self._text_left -= size
        if self._text_left < 0:
            raise Unreadable(archive.BOMB)

    def _fail(self):
        raise Unreadable(markup.damaged(CONTENT))


def _plain(attributes):
    """The attributes by their names without prefix; the standard's own come first."""
    found = {}
    for name, value in attributes.items():
        prefix, _, own = name.rpartition(":")
        if own not in found or prefix in ("office", "table"):
            found[own] = value
    return found


def _number(written):
    if len(written) > 400:
        raise ValueError("too long")
    value = Decimal(written)
    # What a double cannot tell apart is not in the file: 0.30000000000000004 is 0.3.
    return float(value) if abs(value) < 10**15 else value


def _date(written):
    if "T" not in written:
        return date.fromisoformat(written)
    return datetime.combine(date.fromisoformat(written[:10]), time.fromisoformat(written[11:19]))


def _duration(written):
    match = _DURATION.fullmatch(written)
    if match is None:
        raise ValueError(written)
    sign, days, hours, minutes, seconds = match.groups()
    length = timedelta(
        days=int(days or 0),
        hours=int(hours or 0),
        minutes=int(minutes or 0),
        seconds=int(seconds or 0),
    )
    return -length if sign else length
