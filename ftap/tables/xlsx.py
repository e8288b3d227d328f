"""XLSX (ECMA-376): the structure is checked part by part, then a library reads the values."""

import io
import posixpath
import re
import urllib.parse
from array import array

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException
from django.conf import settings
from openpyxl.utils import column_index_from_string
from python_calamine import CalamineError, CalamineWorkbook

from ftap.tables import archive, markup
from ftap.tables.problems import Unreadable, excerpt, letter
from ftap.tables.shape import Raw, too_many_cells, too_many_columns, too_many_rows

_WORKBOOK = "xl/workbook.xml"
_ROOT_LINKS = "_rels/.rels"
_LINKS = "xl/_rels/workbook.xml.rels"
_STRINGS = "xl/sharedStrings.xml"
_ADDRESS = re.compile(r"([A-Z]{1,3})([1-9]\d{0,6})", re.ASCII)

HIDDEN = (
    "Cette feuille est masquée et contient des données\u00a0: affichez-la ou supprimez-la, puis "
    "enregistrez."
)


def read(data: bytes, report) -> list[Raw]:
    """The sheets of a workbook, hidden and empty ones left out; problems go to the report."""
    packed = archive.Archive(data)
    sheets = _sheets(packed)
    strings = _Strings()
    done = set()
    if found := packed.find(_STRINGS):
        _exhaust(packed, found, strings)
        done.add(found)
    room = _Room()
    filled = []
    for index, (name, part, is_hidden) in enumerate(sheets):
        if part is None:
            continue
        checked = _Cells(name, part, report, strings.lengths, room)
        _exhaust(packed, part, checked)
        done.add(part)
        if checked.count and is_hidden:
            report.add(HIDDEN, name)
        elif checked.count:
            filled.append((index, name))
    for name in packed.names:
        if name.casefold().endswith((".xml", ".rels")) and name not in done:
            _exhaust(packed, name, markup.Deaf())
            done.add(name)
    packed.verify(done)
    report.close()
    workbook = _open(data, [name for name, _, _ in sheets])
    return [Raw(name, _Reader(workbook, index, name)) for index, name in filled]


def _exhaust(packed, part, handler):
    for _ in markup.parse(packed.stream(part), part, handler):
        pass


# Parts of the workbook ------------------------------------------------------------


def _sheets(packed):
    """(name, part or None for a chart, whether it is hidden) of each sheet, in order."""
    links = _links(packed, _LINKS, "/xl")
    # The library follows these links: they lead to the parts that are checked here, and only there.
    followed = [*_links(packed, _ROOT_LINKS, "/").values(), *links.values()]
    for kind, part in (("officeDocument", _WORKBOOK), ("sharedStrings", _STRINGS)):
        if {path.casefold() for own, path in followed if own == kind} - {part.casefold()}:
            raise Unreadable(markup.damaged(_LINKS))
    found = []
    for element in _tree(packed, _WORKBOOK).iter():
        if markup.local(element.tag.replace("}", ":")) != "sheet":
            continue
        values = {markup.local(key.replace("}", ":")): value for key, value in element.items()}
        kind, part = links.get(values.get("id"), ("", ""))
        name = values.get("name", "")
        if (kind == "worksheet" and (part := packed.find(part)) is None) or not kind or not name:
            raise Unreadable(markup.damaged(_WORKBOOK))
        is_hidden = values.get("state", "visible") != "visible"
        found.append((name, part if kind == "worksheet" else None, is_hidden))
    if len({part for _, part, _ in found if part}) != sum(bool(part) for _, part, _ in found):
        raise Unreadable(markup.damaged(_WORKBOOK))
    return found


def _links(packed, name, folder):
    """{identifier: (kind, path of the part)} of the links that a part holds."""
    links = {}
    for link in _tree(packed, name):
        target = urllib.parse.unquote(link.get("Target", ""))
        kind = link.get("Type", "").rpartition("/")[2]
        links[link.get("Id")] = kind, posixpath.normpath(posixpath.join(folder, target))[1:]
    return links


def _tree(packed, name):
    if (part := packed.find(name)) is None:
        raise Unreadable(markup.damaged(name))
    try:
        return ElementTree.fromstring(packed.read(part), forbid_dtd=True)
    except DefusedXmlException:
        raise Unreadable(markup.ENTITIES) from None
    except (ElementTree.ParseError, ValueError, LookupError):
        raise Unreadable(markup.damaged(part)) from None


class _Strings(markup.Deaf):
    """How long each shared text is: a cell only gives the number of its text."""

    def __init__(self):
        self.lengths = array("L")
        self._length = 0

    def start(self, name, attributes):
        if name == "si":
            self._length = 0

    def text(self, data):
        self._length += len(data)

    def end(self, name):
        if name == "si":
            self.lengths.append(self._length)


class _Room:
    """What the sheets of a file may still hold together, once each is laid out as a rectangle."""

    def __init__(self):
        self.cells = settings.IMPORT_MAX_CELLS
        self.text = settings.IMPORT_MAX_UNPACKED_BYTES


class _Cells(markup.Deaf):
    """The cells of a sheet: where they are, what they weigh, what they may not be."""

    def __init__(self, sheet, part, report, lengths, room):
        self.count = 0
        self._sheet, self._part, self._report = sheet, part, report
        self._lengths, self._room = lengths, room
        self._row = self._column = -1
        self._wide = self._high = self._laid = 0
        self._kind = self._number = ""
        self._is_filled = self._has_formula = self._is_value = False
        self._seen = False

    def start(self, name, attributes):
        if name == "c":
            self._open_cell(attributes)
        elif name == "v":
            self._is_value, self._number = True, ""
        elif name == "is":
            self._is_filled = True
        elif name == "f":
            self._has_formula = True
        elif name == "row":
            self._open_row(attributes)
        elif name == "mergeCell":
            self._report.add(
                f"Les cellules {excerpt(attributes.get('ref', ''))} sont fusionnées\u00a0: annulez "
                "la fusion et remplissez chaque cellule.",
                self._sheet,
            )
        elif name == "sheetData":
            if self._seen:
                self._fail()
            self._seen = True

    def text(self, data):
        self._room.text -= len(data)
        if self._room.text < 0:
            raise Unreadable(archive.BOMB)
        if self._is_value and len(self._number) < 40:
            self._number += data

    def end(self, name):
        if name == "v":
            self._is_value = False
            self._is_filled = bool(self._is_filled or self._number)
        elif name == "c":
            self._close_cell()

    def _open_row(self, attributes):
        row = self._row + 1
        if "r" in attributes:
            if not re.fullmatch(r"[1-9]\d{0,6}", attributes["r"], re.ASCII):
                self._fail()
            row = int(attributes["r"]) - 1
        if row <= self._row:
            self._fail()
        self._row, self._column = row, -1

    def _open_cell(self, attributes):
        column = self._column + 1
        if "r" in attributes:
            if not (match := _ADDRESS.fullmatch(attributes["r"])):
                self._fail()
            column = column_index_from_string(match[1]) - 1
            if int(match[2]) != self._row + 1:
                self._fail()
        if column <= self._column or self._row < 0:
            self._fail()
        self._column = column
        self._kind = attributes.get("t", "n")
        self._is_filled = self._has_formula = False

    def _close_cell(self):
        address = f"{letter(self._column)}{self._row + 1}"
        if self._has_formula:
            self._report.add(
                f"La cellule {address} contient une formule\u00a0: copiez-la, puis collez-la à la "
                "même place avec «\u00a0Collage spécial, valeurs\u00a0».",
                self._sheet,
                self._row + 1,
                letter(self._column),
            )
        elif self._kind == "e":
            self._report.add(
                f"La cellule {address} affiche une erreur ({excerpt(self._number)})\u00a0: "
                "saisissez la valeur, ou videz la cellule.",
                self._sheet,
                self._row + 1,
                letter(self._column),
            )
        if not self._is_filled:
            return
        self.count += 1
        self._wide = max(self._wide, self._column + 1)
        self._high = self._row + 1
        if self._wide > settings.IMPORT_MAX_COLUMNS + 1:
            last = f"la cellule {address} est remplie"
            raise Unreadable(too_many_columns(self._sheet, last))
        if self._high > 2 * settings.IMPORT_MAX_ROWS + 10:
            raise Unreadable(too_many_rows(self._sheet, f"la cellule {address} est remplie"))
        laid = self._wide * self._high
        self._room.cells -= laid - self._laid
        self._laid = laid
        if self._room.cells < 0:
            raise Unreadable(too_many_cells(self._sheet))
        if self._kind == "s":
            self._count_shared()

    def _count_shared(self):
        number = self._number.strip()
        if not re.fullmatch(r"\d{1,9}", number, re.ASCII) or int(number) >= len(self._lengths):
            self._fail()
        self._room.text -= self._lengths[int(number)]
        if self._room.text < 0:
            raise Unreadable(archive.BOMB)

    def _fail(self):
        raise Unreadable(markup.damaged(self._part))


# Values -------------------------------------------------------------------------


def _open(data, names):
    workbook = _guarded(lambda: CalamineWorkbook.from_filelike(io.BytesIO(data)), _WORKBOOK)
    if workbook.sheet_names != names:
        raise Unreadable(markup.damaged(_WORKBOOK))
    return workbook


class _Reader:
    """The rows of a sheet, from its first one and its column A."""

    def __init__(self, workbook, index, name):
        self._workbook, self._index, self._name = workbook, index, name

    def __call__(self):
        sheet = _guarded(lambda: self._workbook.get_sheet_by_index(self._index), self._name)
        if sheet.start is None:
            return
        before = [""] * sheet.start[1]
        rows = iter(_guarded(sheet.iter_rows, self._name))
        line = 0
        while (found := _guarded(lambda: next(rows, None), self._name)) is not None:
            line += 1
            yield line, before + found


def _guarded(act, part):
    """What the library answers; its errors, panics included, make the file unreadable."""
    try:
        return act()
    except (CalamineError, ValueError, OverflowError, OSError, TypeError):
        raise Unreadable(markup.damaged(part)) from None
    except BaseException as error:
        # A panic of the library's own language: no class to name, and not an Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise Unreadable(markup.damaged(part)) from None
