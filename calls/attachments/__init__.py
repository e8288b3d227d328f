"""Files of a dossier: what may be kept, kept where no address leads, served only by a view.

A file that is removed leaves every list and its address answers 404. Its bytes stay in the private
storage, with their digest in the history: what an act relied on can still be proved. `purge`
erases them for good after a delay.
"""

import datetime
import logging

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from calls import history
from calls.attachments.content import Content, examine, megabytes
from calls.models import Application, Attachment
from calls.models.review import attachment_path
from calls.permissions import Hidden, Refusal, recused_from
from laureates import typography

__all__ = ["Content", "add", "examine", "may_file", "megabytes", "purge", "remove"]

logger = logging.getLogger(__name__)
history.name_acts(
    {"add_attachment": "Pièce jointe ajoutée", "remove_attachment": "Pièce jointe retirée"}
)


def may_file(user, application) -> bool:
    """Whether `user` may add files to this dossier, and remove them: one they work on."""
    return not application.is_undisclosed and user.has_perm("calls.add_attachment", application)


def add(application, file, *, by, title: str = "", is_internal: bool = False) -> Attachment:
    """Keep `file` with the dossier; without a title, its name is one.

    Refusal where the content is not what the name says, is empty, too heavy or already there.
    Nothing is left in the storage when the row is not saved; the caller holds no transaction.
    """
    _check_right(Application.objects.get(pk=application.pk), by)
    content = examine(file)
    title = typography.normalise(" ".join(title.split())) or content.filename
    path = attachment_path(None, f"x.{content.extension}")
    try:
        with transaction.atomic():
            application = _hold(application.pk, by)
            twin = application.attachments.filter(removed_at=None, sha256=content.sha256).first()
            if twin is not None:
                raise Refusal(f"Ce fichier est déjà joint au dossier\u00a0: «\u00a0{twin}\u00a0».")
            attachment = Attachment(
                application=application,
                title=title,
                file=path,
                filename=content.filename,
                media_type=content.media_type,
                size=content.size,
                sha256=content.sha256,
                is_internal=is_internal,
                uploaded_at=timezone.now(),
                uploaded_by=by,
            )
            attachment.full_clean()
            _store(path, file)
            with history.acting(by, "add_attachment"):
                attachment.save()
        return attachment
    except BaseException:
        _forget(path)
        raise


def remove(attachment, *, by, reason: str) -> Attachment:
    """Take a file off the dossier, for a reason; its row stays, and so do its bytes."""
    reason = reason.strip()
    with transaction.atomic():
        application = _hold(attachment.application_id, by)
        attachment = application.attachments.select_for_update(of=("self",)).get(pk=attachment.pk)
        if attachment.removed_at is not None:
            day = timezone.localtime(attachment.removed_at)
            raise Refusal(f"Cette pièce a déjà été retirée, le {day:%d/%m/%Y à %H:%M}.")
        if not reason:
            raise Refusal("Indiquez le motif du retrait\u00a0: il reste dans l’historique.")
        attachment.removed_at = timezone.now()
        attachment.full_clean()
        with history.acting(by, "remove_attachment", reason):
            attachment.save()
    return attachment


def purge(*, removed_before: datetime.datetime) -> int:
    """Erase for good the bytes of the files removed before a moment; how many were.

    Rows and history stay: name, size and digest still tell what was there.
    """
    count = 0
    for attachment in Attachment.objects.filter(removed_at__lt=removed_before).order_by("pk"):
        if default_storage.exists(attachment.file.name):
            default_storage.delete(attachment.file.name)
            count += 1
    return count


def _check_right(application, by):
    if recused_from(by, [application]):
        raise Hidden
    if application.is_undisclosed:
        raise Refusal("Un dossier non détaillé n’a pas de pièce jointe\u00a0: rien n’en est connu.")
    if not may_file(by, application):
        raise PermissionDenied


def _hold(pk, by):
    application = Application.objects.select_for_update(of=("self",)).order_by("pk").get(pk=pk)
    _check_right(application, by)
    return application


def _store(path, file):
    file.seek(0)
    try:
        stored = default_storage.save(path, file)
    except OSError as error:
        logger.exception("File of a dossier not stored in %s", settings.MEDIA_ROOT)
        raise Refusal(
            "Le fichier n’a pas pu être enregistré sur le serveur. Réessayez plus tard\u202f; si "
            "cela persiste, prévenez la personne qui administre le site."
        ) from error
    if stored != path:
        default_storage.delete(stored)
        raise Refusal("Le fichier n’a pas pu être enregistré\u00a0: réessayez.")


def _forget(path):
    """Take back what an act that failed had stored."""
    try:
        default_storage.delete(path)
    except OSError:
        logger.exception("File of a dossier left behind: %s", path)
