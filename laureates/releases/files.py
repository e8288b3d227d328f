"""The files of a version, made once from the rows as they stand in its transaction.

The dates inside are those of the version: the same rows and the same version make the same bytes.
"""

import logging
from collections.abc import Iterator
from dataclasses import astuple, dataclass

from django.conf import settings
from django.urls import reverse

from ftap import pdf, sheets
from ftap.refusals import Refusal
from laureates import opendata, paper, typography
from laureates.models import Announcement, Release

logger = logging.getLogger(__name__)

PDF = "application/pdf"
_FAILED = "Rien n’a été publié, car les fichiers de la version n’ont pas pu être établis"
_LISTS = (
    ("csv", "Lauréats, données ouvertes"),
    ("json", "Lauréats, données ouvertes"),
    ("xlsx", "Lauréats, classeur"),
    ("ods", "Lauréats, classeur"),
)


@dataclass(frozen=True)
class _File:
    name: str
    label: str
    format: str
    media_type: str
    public_id: str
    content: bytes


def build(
    announcement: Announcement, release: Release
) -> list[tuple[str, str, str, str, str, bytes]]:
    """(name, label, format, media type, public_id or "", bytes) of each file, in order.

    The announcement and its list in each format, then the canonical content, whose SHA-256 is that
    of the version, then a sheet for each laureate. Refusal, in French, where one cannot be made.
    """
    try:
        return [astuple(file) for file in _files(announcement, release)]
    except sheets.SheetError as error:
        raise Refusal(f"{_FAILED}\u00a0: {error}") from error
    except pdf.PdfError as error:
        logger.exception("release %s of %s has no PDF", release.number, announcement.slug)
        raise Refusal(
            f"{_FAILED}\u00a0: un document PDF ne se compose pas. Cherchez dans les textes un "
            "caractère inhabituel\u202f; sinon, le journal de l’application dit pourquoi."
        ) from error


def _files(announcement, release) -> Iterator[_File]:
    stem = f"{announcement.slug}-v{release.number}"
    version = {"release_number": release.number, "dated": release.published_at}
    shown = announcement.laureates.filter(withdrawn_at__isnull=True).order_by("position", "pk")
    laureates = list(shown.select_related("announcement"))
    # Typst sets the documents in processes of its own while the lists are written here.
    announced = paper.begin_announcement(
        announcement, laureates, **version, sha256=release.content_sha256
    )
    sheets_of = paper.begin_laureates(laureates, **version)
    lists = list(_lists(announcement, release, shown, stem))
    yield _File(
        f"annonce-{stem}.pdf",
        "Annonce complète",
        "PDF",
        PDF,
        "",
        announced(),
    )
    yield from lists
    yield _File(
        f"contenu-{stem}.json",
        "Contenu figé de la version, texte canonique",
        "JSON",
        "application/json",
        "",
        release.content.encode(),
    )
    sheet = sheets_of()
    for laureate in laureates:
        yield _File(
            f"fiche-{laureate.public_id}-v{release.number}.pdf",
            typography.normalise(f"Fiche nᵒ {laureate.position}\u00a0: {laureate.title}")[:250],
            "PDF",
            PDF,
            laureate.public_id,
            sheet[laureate.public_id],
        )


def _lists(announcement, release, shown, stem):
    native = opendata.native
    context = opendata.context(settings.SITE_URL, release=release)
    title = f"{announcement.title}, version {release.number}"
    contents = "Tous les lauréats de l’annonce, dans son ordre."
    for format_, label in _LISTS:
        name = f"laureats-{stem}.{format_}"
        address = settings.SITE_URL + reverse(
            "laureates:release_file", args=[announcement.slug, release.number, name]
        )
        if format_ == "csv":
            data = b"".join(native.stream_csv(shown, context))
        elif format_ == "json":
            about = native.about(context, title=title, address=address, filters=contents)
            data = b"".join(native.stream_json(shown, context, about))
        else:
            data = native.workbook(shown, context, format_, title, contents, address=address)
        yield _File(name, label, format_.upper(), native.MEDIA_TYPES[format_], "", data)
