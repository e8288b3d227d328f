"""The acts on a text to take over: deposited, corrected, made into an announcement, given up.

They alone write AnnouncementText. Each locks the row, looks at it again, and does all or nothing:
killed at any moment, it left things as they were. Every refusal is a sentence for the person.
"""

import hashlib
import json

from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from ftap import audit, refusals
from ftap.refusals import Refusal, Stale
from laureates import typography
from laureates.importers.text import answers as answering
from laureates.importers.text import drafting, making, prose, reading, settling
from laureates.models import Announcement, AnnouncementText

PERMISSION = "laureates.import_laureate"
ACTION = "import_announcement_text"
TITLE_MAX = 250
ENDED = "Ce texte n’est plus à reprendre\u00a0: rien n’a été fait."
CHANGED = (
    "Le brouillon a changé depuis que cette page est ouverte\u00a0: rien n’a été créé. Relisez ce "
    "qui sera créé, puis confirmez de nouveau."
)
STALE = (
    "Quelqu’un a modifié ce brouillon depuis que vous avez ouvert cette page\u00a0: rien n’a été "
    "enregistré. Comparez, puis enregistrez de nouveau ce qui doit rester."
)


def create(
    *, by, source: str, text: str = "", file=None, source_url: str = "", source_on=None
) -> AnnouncementText:
    """Keep a pasted text, or that of a file, with its draft; Refusal where it cannot be read.

    The same text that the same person left open is given back rather than kept twice.
    """
    if not by.has_perm(PERMISSION):
        raise PermissionDenied
    plain = reading.text_of_file(file) if file is not None else reading.plain_text(text)
    found = drafting.draft(plain)
    with transaction.atomic():
        # Two clicks, one after the other.
        get_user_model()._base_manager.select_for_update(of=("self",)).filter(pk=by.pk).first()
        same = AnnouncementText.objects.filter(text=plain, ended_at=None, created_by=by).first()
        if same is not None:
            return same
        row = AnnouncementText(
            title=_title(found),
            text=plain,
            filename=file.name[:TITLE_MAX] if file is not None else "",
            source=source,
            source_url=source_url,
            source_on=source_on,
            content=found,
            created_at=timezone.now(),
            created_by=by,
        )
        refusals.save(row)
    return row


def _title(found):
    header = found["header"]["title"]
    words = header["value"] or (header["choices"] or [found["blocks"][0]["text"]])[0]
    return prose.first_words(typography.normalise(words), TITLE_MAX - 2)


def correct(row: AnnouncementText, changes: dict, *, by, version: int) -> AnnouncementText:
    """Lay answers over the draft (see `answers`) and read the text again with them.

    `version` is that of the page: Stale, with what is kept and what was typed, if it is past and
    the two differ.
    """
    with transaction.atomic():
        row = _hold(row, by)
        _expect_open(row)
        changes = answering.checked(changes, row.content)
        if version != row.version:
            stored, typed = answering.compared(row.content, changes)
            if stored:
                raise Stale(STALE, stored=stored, typed=typed)
        if not any(changes.values()):
            return row
        row.content = drafting.draft(row.text, answering.merged(row.content["answers"], changes))
        header = row.content["header"]["title"]
        if header["value"]:
            row.title = _title(row.content)
        row.version += 1
        row.save()
    return row


def refreshed(row: AnnouncementText) -> dict:
    """The draft of a text as the list of organisations and the announcements now make it."""
    return drafting.draft(row.text, row.content["answers"])


def seal(found: dict) -> str:
    """Changes with whatever of a draft would be written: what a confirmation is about."""
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()


def turn_into_announcement(row: AnnouncementText, *, by, seen: str) -> Announcement:
    """Create the unpublished announcement of a settled draft, all or nothing, once.

    `seen` is the seal of what was confirmed. A second click gives the same announcement.
    """
    with transaction.atomic():
        row = _hold(row, by)
        if row.announcement_id:
            return row.announcement
        _expect_open(row)
        found = refreshed(row)
        if seen != seal(found):
            raise Refusal(CHANGED)
        if items := settling.left(found):
            count = len(items)
            raise Refusal(
                f"Il reste {count}\u00a0points à régler\u00a0: rien n’a été créé."
                if count > 1
                else f"Il reste un point à régler\u00a0: {items[0].message}"
            )
        try:
            with transaction.atomic(), audit.acting(by, ACTION, row.source):
                announcement = making.make(row, found)
        except IntegrityError as error:
            raise Refusal(refusals.explain(error)) from error
        row.content, row.announcement = found, announcement
        row.ended_at, row.ended_by = timezone.now(), by
        row.version += 1
        row.save()
    return announcement


def abandon(row: AnnouncementText, *, by) -> AnnouncementText:
    """Give a text up: it stays, with who gave it up and when, and nothing more may be done."""
    with transaction.atomic():
        row = _hold(row, by)
        if row.announcement_id:
            raise Refusal("Ce texte est déjà devenu une annonce\u00a0: il ne s’abandonne plus.")
        if row.is_open:
            row.ended_at, row.ended_by = timezone.now(), by
            row.version += 1
            row.save()
    return row


def _hold(row, by):
    """The row, locked and read again; PermissionDenied to whoever may not import."""
    if not by.has_perm(PERMISSION):
        raise PermissionDenied
    rows = AnnouncementText.objects.select_for_update(of=("self",)).order_by("pk")
    held = rows.filter(pk=row.pk).first()
    if held is None:
        raise Refusal(ENDED)
    return held


def _expect_open(row):
    if not row.is_open:
        raise Refusal(ENDED)
