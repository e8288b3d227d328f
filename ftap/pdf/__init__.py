"""Documents for print: PDF/UA-1, tagged, in French, the same bytes for the same data.

A document is a Typst source of templates/pdf/, which reads what it prints as JSON: data are never
part of a source, so that no text can be code. The sources share templates/pdf/_document.typ.
"""

import json
import logging
import subprocess
import sys
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


class PdfError(Exception):
    """A document could not be set; the message, in French, is for the person who asked for it."""


def render(
    template: str, data, *, title: str, author: str = "", created_at: datetime | None = None
) -> bytes:
    """The PDF that the source `template` of templates/pdf/ makes of `data`.

    `data` is a string, an integer, a boolean, None, or a list or dictionary of these: amounts and
    dates arrive as they are to be printed. Anything else is a TypeError that names its place.
    `created_at` (aware) is the date written in the file; without one the file bears no date. The
    bytes depend on nothing else. Raises PdfError.
    """
    if created_at is not None and is_naive(created_at):
        raise ValueError("created_at must be an aware datetime")
    source = FOLDER / template
    if source.parent != FOLDER or not source.is_file():
        raise ValueError(f"no source named {template!r} in templates/pdf/")
    request = {
        "title": " ".join(clean(str(title)).split()) or "Document sans titre",
        "author": " ".join(clean(str(author)).split()),
        "dated": created_at is not None,
        "data": printable(data),
    }
    return _set(source, request, int(created_at.timestamp()) if created_at else 0)


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


def _set(source, request, timestamp):
    job = {
        "source": str(source),
        "root": str(FOLDER),
        "fonts": str(FONTS),
        "request": json.dumps(request, ensure_ascii=False),
        "timestamp": timestamp,
    }
    try:
        done = subprocess.run(  # noqa: S603 - the interpreter and a file of this package
            [sys.executable, "-I", "-X", "utf8", str(WORKER)],
            input=json.dumps(job).encode(),
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
            env={},
        )
    except subprocess.TimeoutExpired as error:
        raise PdfError(
            f"Le document «\u00a0{request['title']}\u00a0» est trop long à composer\u00a0: arrêté "
            f"au bout de {TIMEOUT} secondes. Demandez-le en plusieurs parties."
        ) from error
    said = _said(done.stderr)
    if done.returncode:
        logger.error("%s: %s", source.name, said)
        raise PdfError(
            f"Le document «\u00a0{request['title']}\u00a0» n’a pas pu être composé\u00a0: son "
            f"gabarit {source.name} est en défaut. L’administrateur technique en trouvera le "
            "détail dans le journal du serveur."
        )
    for warning in said["warnings"]:
        logger.warning("%s: %s", source.name, warning)
    return done.stdout


def _said(stderr):
    try:
        return json.loads(stderr)
    except ValueError:
        return {"message": stderr.decode(errors="replace")[-2000:]}
