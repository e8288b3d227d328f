"""Documents for print: PDF/UA-1, tagged, in French, the same bytes for the same data.

A document is a Typst source of templates/pdf/, which reads what it prints as JSON: data are never
part of a source, so that no text can be code. The sources share templates/pdf/_document.typ.
"""

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.utils.functional import Promise
from django.utils.timezone import is_naive

from ftap.pdf.text import FONTS, clean

logger = logging.getLogger(__name__)

FOLDER = Path(settings.BASE_DIR) / "templates" / "pdf"
WORKER = Path(__file__).with_name("worker.py")
# Seconds. A server's worker is itself stopped at thirty.
TIMEOUT = 25
# Seconds more for each document after the first, where several are set together.
EACH = 2


class PdfError(Exception):
    """A document could not be set; the message, in French, is for the person who asked for it."""


@dataclass(frozen=True)
class Document:
    """What one document prints, and how its file is named: see `render`."""

    data: object
    title: str
    author: str = ""


def render(
    template: str, data, *, title: str, author: str = "", created_at: datetime | None = None
) -> bytes:
    """The PDF that the source `template` of templates/pdf/ makes of `data`.

    `data` is a string, an integer, a boolean, None, or a list or dictionary of these: amounts and
    dates arrive as they are to be printed. Anything else is a TypeError that names its place.
    `created_at` (aware) is the date written in the file; without one the file bears no date. The
    bytes depend on nothing else. Raises PdfError.
    """
    (document,) = render_many(template, [Document(data, title, author)], created_at=created_at)
    return document


def render_many(
    template: str, documents: Iterable[Document], *, created_at: datetime | None = None
) -> list[bytes]:
    """The PDF files that one source makes of several documents, in their order: the same bytes
    as `render` gives each, in one process, which costs its start only once.

    They have together TIMEOUT seconds, and EACH more for each document. Raises PdfError.
    """
    return begin_many(template, documents, created_at=created_at)()


def begin_many(
    template: str, documents: Iterable[Document], *, created_at: datetime | None = None
) -> Callable[[], list[bytes]]:
    """Begin to set what `render_many` sets, and return at once: what is returned waits for the
    files and gives them, or raises PdfError. Nothing is read of `documents` afterwards."""
    if created_at is not None and is_naive(created_at):
        raise ValueError("created_at must be an aware datetime")
    source = FOLDER / template
    if source.parent != FOLDER or not source.is_file():
        raise ValueError(f"no source named {template!r} in templates/pdf/")
    requests = [
        {
            "title": " ".join(clean(str(document.title)).split()) or "Document sans titre",
            "author": " ".join(clean(str(document.author)).split()),
            "dated": created_at is not None,
            "data": printable(document.data),
        }
        for document in documents
    ]
    if not requests:
        return list
    # A thread that waits for the process, whose time is its own; no query is made there.
    with_process = ThreadPoolExecutor(1)
    timestamp = int(created_at.timestamp()) if created_at else 0
    begun = with_process.submit(_set, source, requests, timestamp)
    with_process.shutdown(wait=False)
    return begun.result


def printable(value, place: str = "data"):
    """`value` as JSON can hold it and the fonts can print it."""
    if isinstance(value, str | Promise):
        return clean(str(value))
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < 2**63:
        return value
    if isinstance(value, list | tuple):
        return [printable(item, f"{place}[{rank}]") for rank, item in enumerate(value)]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: printable(item, f"{place}.{key}") for key, item in value.items()}
    raise TypeError(f"{place}: {type(value).__name__} must be formatted before it is printed")


def _set(source, requests, timestamp):
    job = {
        "source": str(source),
        "root": str(FOLDER),
        "fonts": str(FONTS),
        "requests": [json.dumps(request, ensure_ascii=False) for request in requests],
        "timestamp": timestamp,
    }
    timeout = TIMEOUT + EACH * (len(requests) - 1)
    try:
        done = subprocess.run(  # noqa: S603 - the interpreter and a file of this package
            [sys.executable, "-I", "-X", "utf8", str(WORKER)],
            input=json.dumps(job).encode(),
            capture_output=True,
            timeout=timeout,
            check=False,
            env={},
        )
    except subprocess.TimeoutExpired as error:
        raise PdfError(
            f"{_named(requests)} est trop long à composer\u00a0: arrêté au bout de "
            f"{timeout:.0f}\u00a0secondes. Demandez-le en plusieurs parties."
        ) from error
    said = _said(done.stderr)
    if done.returncode:
        logger.error("%s: %s", source.name, said)
        raise PdfError(
            f"{_named(requests[said.get('rank', 0) :][:1] or requests)} n’a pas pu être "
            f"composé\u00a0: son gabarit {source.name} est en défaut. L’administrateur technique "
            "en trouvera le détail dans le journal du serveur."
        )
    for warning in said["warnings"]:
        logger.warning("%s: %s", source.name, warning)
    return _cut(done.stdout, said["sizes"]) if len(requests) > 1 else [done.stdout]


def _named(requests):
    if len(requests) > 1:
        return f"L’ensemble de {len(requests)}\u00a0documents"
    return f"Le document «\u00a0{requests[0]['title']}\u00a0»"


def _cut(output, sizes):
    found, start = [], 0
    for size in sizes:
        found.append(output[start : start + size])
        start += size
    return found


def _said(stderr):
    try:
        return json.loads(stderr)
    except ValueError:
        return {"message": stderr.decode(errors="replace")[-2000:]}
