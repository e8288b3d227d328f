"""Files of a dossier: added, read and removed from its page. Nothing else serves them."""

import logging

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404
from django.urls import path
from django.views.decorators.http import require_safe

from calls import attachments
from calls.admin.act_pages import Act, ActPages, typed
from calls.forms import AttachmentForm, ReasonForm, demand
from calls.models import Application, Attachment

logger = logging.getLogger(__name__)


class AttachmentViews(ActPages):
    def attachment_urls(self):
        wrap = self.admin_site.admin_view
        root = "<int:object_id>/pieces/"
        item = f"{root}<int:attachment_id>/"
        return [
            path(f"{root}ajouter/", wrap(self.attach_view), name="calls_application_attach"),
            path(
                item,
                wrap(require_safe(self.attachment_view)),
                name="calls_application_attachment",
            ),
            path(f"{item}retirer/", wrap(self.detach_view), name="calls_application_detach"),
        ]

    def attach_view(self, request, object_id):
        dossier = self.get_dossier(request, object_id)
        if not dossier.may_file:
            raise PermissionDenied
        application = dossier.application

        def run(form):
            attachment = attachments.add(application, by=request.user, **form.facts())
            return f"{application.reference}\u00a0: «\u00a0{attachment}\u00a0» est au dossier."

        return self.act_page(
            request,
            application,
            Act(
                title="Ajouter une pièce",
                button="Ajouter la pièce",
                run=run,
                form=attachment_form(typed(request), request.FILES or None),
                anchor="pieces",
            ),
        )

    def attachment_view(self, request, object_id, attachment_id):
        """The file itself, to save: never shown in the browser, never kept by a cache."""
        attachment = self._attachment(request, object_id, attachment_id)
        try:
            file = attachment.file.open("rb")
        except OSError as error:
            logger.exception("File of attachment %s is missing", attachment.pk)
            raise Http404("fichier absent du stockage") from error
        response = FileResponse(
            file,
            as_attachment=True,
            filename=attachment.filename,
            content_type=attachment.media_type,
        )
        response["Content-Security-Policy"] = "sandbox; default-src 'none'"
        response["X-Content-Type-Options"] = "nosniff"
        return response

    def detach_view(self, request, object_id, attachment_id):
        attachment = self._attachment(request, object_id, attachment_id)
        dossier = self.get_dossier(request, object_id)
        if not dossier.may_file:
            raise PermissionDenied
        form = ReasonForm(typed(request))
        demand(form, "comment")

        def run(form):
            attachments.remove(attachment, by=request.user, reason=form.comment)
            return f"{dossier.application.reference}\u00a0: «\u00a0{attachment}\u00a0» est retirée."

        return self.act_page(
            request,
            dossier.application,
            Act(
                title=f"Retirer la pièce «\u00a0{attachment}\u00a0»",
                button="Retirer la pièce",
                run=run,
                form=form,
                effects=(
                    "La pièce quitte le dossier et ne se télécharge plus.",
                    "L’historique garde son nom, son empreinte et le motif du retrait.",
                ),
                anchor="pieces",
            ),
        )

    @staticmethod
    def _attachment(request, object_id, attachment_id):
        """A file that the reader sees and that was not removed, or a 404."""
        found = (
            Attachment.objects.visible_to(request.user)
            .filter(
                pk=attachment_id,
                application__in=Application.objects.visible_to(request.user).filter(pk=object_id),
                removed_at=None,
            )
            .select_related("application")
            .first()
        )
        if found is None:
            raise Http404(f"calls.Attachment {attachment_id}")
        return found


def attachment_form(*data):
    return AttachmentForm(
        *data,
        accepted=settings.ATTACHMENT_EXTENSIONS,
        limit=attachments.megabytes(settings.ATTACHMENT_MAX_BYTES),
    )
