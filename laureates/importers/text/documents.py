"""Documents that the page lists: title, format, size and date, as it writes them."""

import re
from decimal import Decimal, InvalidOperation

from laureates import typography
from laureates.importers.text.days import days
from laureates.typography import fold

_FORMATS = r"PDF|ODT|ODS|ODP|DOCX?|XLSX?|PPTX?|CSV|ZIP|RTF"
_SIZE = r"(?P<size>\d[\d\s]*(?:[.,]\d+)?)\s*(?P<unit>[KMGkmg]?[oO]|[kKMG]B)"
_LINE = re.compile(rf"\b(?P<format>{_FORMATS})\b[\s(\[,:–-]*{_SIZE}\b")
_UNITS = {"o": Decimal(1) / 1024, "k": Decimal(1), "m": Decimal(1024), "g": Decimal(1024) ** 2}
_SIZE_MAX = Decimal(10) ** 10
_ENDS = " \u00a0(-–:,["


def describes_document(text: str) -> bool:
    """Whether a line gives the format and the size of a document."""
    return len(text) <= 400 and bool(_LINE.search(text))


def read(lines: list[str]) -> list[dict]:
    """The documents of these lines: {"title", "format", "size_kb", "updated_on", "sentence"}.

    A line without format nor size is the title of the document that the next one describes.
    `size_kb` is a text, or ""; `updated_on` an ISO day, or "".
    """
    found, pending = [], ""
    for line in lines:
        line = typography.normalise(line)
        details = _LINE.search(line) if len(line) <= 400 else None
        if not details:
            pending = line
            continue
        own = line[: details.start()].strip(_ENDS)
        title = own or pending or "Document"
        day = next(iter(days(line[details.end() :])), None)
        found.append(
            {
                "title": title[:250],
                "format": details["format"].upper(),
                "size_kb": _size(details),
                "updated_on": day.value.isoformat() if day and day.value else "",
                "sentence": line if own or not pending else f"{pending}\u00a0: {line}",
            }
        )
        pending = ""
    return found


def _size(details):
    try:
        number = Decimal(re.sub(r"\s", "", details["size"]).replace(",", "."))
    except InvalidOperation:
        return ""
    size = round(number * _UNITS[fold(details["unit"])[0].replace("b", "o")], 1)
    return str(size) if 0 < size < _SIZE_MAX else ""
