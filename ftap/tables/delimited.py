"""CSV in UTF-8: separators , ; or tab, found by themselves; any line end."""

import codecs
import csv
import io
import re
from itertools import islice

from django.conf import settings

from ftap.tables.problems import Problem, Unreadable, excerpt
from ftap.tables.shape import Raw, too_many_columns

_DELIMITERS = ";,\t"
_HINT = re.compile(r"sep=(.)\s*\Z", re.IGNORECASE)
_SAMPLE = 50
# The first lines where a separator is looked for, in characters.
_HEAD = 1024 * 1024


def read(data: bytes, report) -> list[Raw]:
    """The one sheet of a CSV; Unreadable where its text or its quotation marks are not sound."""
    _check_encoding(data)
    skipped, delimiter = _dialect(data)
    return [Raw("", lambda: _rows(data, skipped, delimiter))]


def _rows(data, skipped, delimiter):
    reader = csv.reader(_lines(data, skipped), delimiter=delimiter, strict=True)
    line = 0
    while True:
        try:
            found = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise Unreadable(_explain(error, line + 1)) from error
        line += 1
        if len(found) > 2 * settings.IMPORT_MAX_COLUMNS:
            while found and not found[-1].strip():
                found.pop()
            if len(found) > settings.IMPORT_MAX_COLUMNS:
                last = f"la ligne {line} en compte {len(found)}"
                raise Unreadable(too_many_columns("", last))
        yield line, found


def _lines(data, skipped):
    lines = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline="")
    return islice(lines, skipped, None)


def _explain(error, line):
    if "field larger" in str(error):
        return Problem(
            "Une cellule est démesurée\u00a0: un guillemet ouvert n’est sans doute jamais refermé. "
            "Vérifiez les guillemets à partir de cette ligne.",
            row=line,
        )
    if "unexpected end" in str(error):
        return Problem(
            "Un guillemet ouvert dans cette ligne n’est jamais refermé\u00a0: refermez-le, ou "
            "doublez-le s’il fait partie du texte.",
            row=line,
        )
    return Problem(
        "Un guillemet est mal placé\u00a0: une cellule entre guillemets se termine par un "
        "guillemet suivi du séparateur, et un guillemet du texte s’écrit deux fois.",
        row=line,
    )


# Encoding -----------------------------------------------------------------------


def _check_encoding(data):
    """Only UTF-8 is read: any other guess would silently change letters."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or _is_wide(data):
        raise Unreadable(
            "Le fichier CSV est codé en UTF-16 («\u00a0texte Unicode\u00a0»)\u00a0: "
            f"{_SAVE_IN_UTF_8}"
        )
    try:
        codecs.utf_8_decode(data, "strict", True)
    except UnicodeDecodeError as error:
        start = max(data.rfind(b"\n", 0, error.start), data.rfind(b"\r", 0, error.start)) + 1
        row = len(re.findall(rb"\r\n|\r|\n", data[: error.start])) + 1
        line = data[start : start + 10_000].splitlines()[0]
        word = next(
            (word for word in re.split(rb"[\s;,\"]+", line) if not _is_utf_8(word)), b""
        ).decode("cp1252", "replace")
        raise Unreadable(
            Problem(
                "Le fichier CSV n’est pas codé en UTF-8, sans doute en Windows-1252 ou en Mac "
                f"(lu en Windows-1252, on y trouve «\u00a0{excerpt(word)}\u00a0»)\u00a0: "
                f"{_SAVE_IN_UTF_8}",
                row=row,
            )
        ) from None


_SAVE_IN_UTF_8 = (
    "ouvrez-le dans le tableur, puis enregistrez-le au format «\u00a0CSV UTF-8\u00a0» (avec "
    "LibreOffice\u00a0: Enregistrer sous, Texte CSV, jeu de caractères Unicode UTF-8)."
)


def _is_utf_8(word):
    try:
        word.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_wide(data):
    """Whether every other byte is null, as in UTF-16 without a mark."""
    head = data[:200]
    return len(head) >= 4 and max(head[::2].count(0), head[1::2].count(0)) * 3 > len(head)


# Separator ----------------------------------------------------------------------


def _dialect(data):
    """(lines to skip, separator): the one under which the first rows best agree."""
    first = next(_lines(data, 0), "")
    if hint := _HINT.match(first):
        if hint[1] not in _DELIMITERS:
            raise Unreadable(_unknown_separator(hint[1]))
        return 1, hint[1]
    found = {delimiter: _agreement(data, delimiter) for delimiter in _DELIMITERS}
    best = max(found, key=found.get)
    if found[best][2] < 2 and (odd := next((sign for sign in "|~^" if first.count(sign) > 1), "")):
        raise Unreadable(_unknown_separator(odd))
    return 0, best


def _agreement(data, delimiter):
    """How well a separator fits: (it cuts the headers, share of rows that agree, columns)."""
    head = io.TextIOWrapper(io.BytesIO(data[:_HEAD]), "utf-8-sig", "ignore", newline="")
    widths = []
    try:
        for found in csv.reader(head, delimiter=delimiter, strict=True):
            if any(cell.strip() for cell in found):
                widths.append(len(found))
            if len(widths) == _SAMPLE:
                break
    except csv.Error:
        # The last row may be cut here; another fault is told when the rows are read.
        pass
    if not widths:
        return (False, 0, 0)
    agreed = sum(width == widths[0] for width in widths) / len(widths)
    return (widths[0] > 1, round(agreed, 1), widths[0])


def _unknown_separator(sign):
    return (
        f"Le séparateur «\u00a0{excerpt(sign)}\u00a0» du fichier CSV n’est pas accepté\u00a0: "
        "enregistrez-le avec des points-virgules, des virgules ou des tabulations."
    )
