"""A file from its bytes to its sheets: size first, then what it is, then what it holds."""

import hashlib
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from pathlib import PurePath

from django.conf import settings

from ftap.tables import delimited, nature, ods, xlsx
from ftap.tables.problems import Report, Unreadable, excerpt
from ftap.tables.shape import Sheet, survey, too_many_cells
from ftap.templatetags.ftap import number

# Names of sheets are told apart by so many characters.
NAME_MAX = 120
_READERS = {"csv": delimited.read, "xlsx": xlsx.read, "ods": ods.read}


@dataclass
class Contents:
    """What was found in a file: its format (csv, xlsx or ods), size in bytes, digest, sheets."""

    format: str
    size: int
    sha256: str
    sheets: list[Sheet]


def inspect(file, filename: str) -> Contents:
    """Check a file, whole; Unreadable, in French, says where and what to do otherwise.

    Sheets without any cell are left out, and at least one has a row. The file is read from its
    start into memory, up to IMPORT_MAX_BYTES; a larger one is not read at all.
    """
    extension = _extension(filename)
    data = _bytes(file)
    nature.check(data, extension)
    report = Report()
    raws = _READERS[extension](data, report)
    sheets = []
    cells = 0
    _refuse_same_names(raws)
    for raw in raws:
        if sheet := survey(raw, report):
            sheets.append(sheet)
            cells += sheet.row_count * len(sheet.labels)
            if cells > settings.IMPORT_MAX_CELLS:
                raise Unreadable(too_many_cells(raw.name))
    report.close()
    if not any(sheet.row_count for sheet in sheets):
        raise Unreadable(
            "Le fichier ne contient aucune donnée sous ses intitulés\u00a0: vérifiez que c’est le "
            "bon."
            if sheets
            else "Le fichier ne contient aucune cellule remplie\u00a0: vérifiez que c’est le bon."
        )
    return Contents(extension, len(data), hashlib.sha256(data).hexdigest(), sheets)


def _refuse_same_names(raws):
    """A spreadsheet program never writes two sheets of one name; rows of one would pass for those
    of the other."""
    names = Counter(" ".join(raw.name.split())[:NAME_MAX] for raw in raws)
    if same := next((name for name, count in names.items() if count > 1), None):
        raise Unreadable(
            f"Deux feuilles portent le même nom, «\u00a0{excerpt(same)}\u00a0»\u00a0: renommez-en "
            "une, puis enregistrez."
        )


def megabytes(size: int) -> str:
    """1572864 → « 1,5 Mo »; below a tenth of a megabyte, kilobytes."""
    if size < 1024**2 // 10:
        return f"{number(max(1, round(size / 1024)))}\u00a0ko"
    return f"{number(round(Decimal(size) / 1024**2, 1))}\u00a0Mo"


def _extension(filename):
    accepted = [name for name in settings.IMPORT_FORMATS if name in _READERS]
    extension = PurePath(filename).suffix.lower().removeprefix(".")
    if extension not in accepted:
        shown = f"«\u00a0.{extension}\u00a0»" if extension else "sans extension"
        names = ", ".join(f".{name}" for name in accepted)
        raise Unreadable(
            f"Le type du fichier ({shown}) n’est pas accepté. Types acceptés\u00a0: {names}. "
            "Ouvrez-le dans un tableur et enregistrez-le sous l’un de ces types."
        )
    return extension


def _bytes(file):
    limit = settings.IMPORT_MAX_BYTES
    size = file.seek(0, 2)
    size = file.tell() if size is None else size
    if size > limit:
        raise Unreadable(
            f"Le fichier pèse {megabytes(size)}\u00a0: la limite est de {megabytes(limit)}. "
            "Supprimez ce qui est inutile, ou déposez-le en plusieurs parties."
        )
    file.seek(0)
    data = file.read(limit + 1)
    if not data.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        raise Unreadable("Le fichier est vide\u00a0: vérifiez que c’est le bon, puis déposez-le.")
    if len(data) > limit:
        raise Unreadable(f"Le fichier dépasse la limite de {megabytes(limit)}.")
    return data
