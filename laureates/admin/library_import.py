"""Imports of laureates from a spreadsheet: the template, the steps, the rows in error as a file."""

import logging

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_safe

from ftap.exports import too_many
from ftap.imports.models import ImportJob
from ftap.imports.screens import ImportJobAdmin
from ftap.sheets import CONTENT_TYPES, SheetError
from laureates.importers.library import KIND, rejected, template
from laureates.models import Announcement, Laureate, LibraryImport

logger = logging.getLogger(__name__)

# In the order of preference: the first two hold the instructions and the lists.
FORMATS = {"ods": "ODS (LibreOffice)", "xlsx": "XLSX (Excel)", "csv": "CSV"}
EXPORT = "laureates.export_laureate"
_NAME = "laureates_libraryimport"
Stage = ImportJob.Stage


class FilledForm(forms.Form):
    """Which laureates fill the template, and in which format."""

    annonce = forms.ModelChoiceField(
        label="Annonce",
        queryset=Announcement.objects.none(),
        to_field_name="slug",
        required=False,
        empty_label="Toutes les annonces",
        error_messages={"invalid_choice": "Cette annonce n’existe plus\u00a0: choisissez-en une."},
    )
    format = forms.ChoiceField(
        label="Format",
        choices=list(FORMATS.items()),
        error_messages={
            "required": "Choisissez un format.",
            "invalid_choice": "Ce format n’existe pas\u00a0: choisissez dans la liste.",
        },
    )

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, auto_id="modele_%s", label_suffix="", **kwargs)
        rows = Announcement.objects.visible_to(user)
        self.fields["annonce"].queryset = rows.order_by("-call_year", "slug")


@admin.register(LibraryImport)
class LibraryImportAdmin(ImportJobAdmin):
    kind = KIND
    upload_title = "Importer des lauréats"
    index_order = 14
    upload_help = (
        "Pour faire entrer une autre année dans la bibliothèque, sans dossier\u00a0: une ligne par "
        "lauréat, dans le modèle ci-dessous. Rien de ce qui est importé n’est public\u00a0: une "
        "annonce nouvelle est un brouillon.",
        "Un lauréat est reconnu à son identifiant public, sinon à son titre (ou à ses porteurs) "
        "dans l’annonce\u00a0: réimporter le même fichier ne change rien.",
    )

    def upload_links(self, request):
        return [
            (f"Modèle vide, {label}", self.url("template", format))
            for format, label in FORMATS.items()
        ]

    def job_links(self, request, job):
        rows = self.kind.visible_rows(job, request.user)
        if not rejected.rows_of(rows).exists():
            return []
        return [
            (f"Lignes en erreur, {format.upper()}", self.url("rejected", job.pk, format))
            for format in FORMATS
        ]

    def link_of(self, row):
        if row.laureate_id is None:
            return ""
        return reverse("admin:laureates_laureate_change", args=[row.laureate_id])

    # Addresses ------------------------------------------------------------------------------

    def get_urls(self):
        wrap = self.admin_site.admin_view
        return [
            path("modele/<str:format>/", wrap(self.template_view), name=f"{_NAME}_template"),
            path("modele-rempli/", wrap(self.filled_view), name=f"{_NAME}_filled"),
            *super().get_urls(),
        ]

    def more_pages(self):
        return [("lignes-en-erreur/<str:format>/", self.rejected_view, "rejected")]

    def add_view(self, request, form_url="", extra_context=None):
        response = super().add_view(request, form_url, extra_context)
        if hasattr(response, "context_data"):
            response.template_name = "admin/laureates/libraryimport/upload.html"
            response.context_data |= {
                "columns": template.help_rows(),
                "filled": FilledForm(user=request.user) if self._may_export(request) else None,
            }
        return response

    def _may_export(self, request):
        return request.user.has_perm(EXPORT)

    # Files ----------------------------------------------------------------------------------

    @method_decorator(require_safe)
    def template_view(self, request, format):
        """The template without laureates."""
        self._require(request, format)
        return _file(template.blank(format, request.user), template.filename(format), format)

    @method_decorator(require_safe)
    def filled_view(self, request):
        """The template filled with the laureates of an announcement, or of all."""
        self._require(request)
        if not self._may_export(request):
            raise PermissionDenied
        form = FilledForm(request.GET, user=request.user)
        if not form.is_valid():
            return self._back(request, [text for texts in form.errors.values() for text in texts])
        announcement, format = form.cleaned_data["annonce"], form.cleaned_data["format"]
        rows = Laureate.objects.visible_to(request.user).in_public_order()
        if announcement is not None:
            rows = rows.filter(announcement=announcement)
        try:
            if refusal := too_many(rows.count()):
                raise SheetError(refusal)
            content = template.filled(format, rows, request.user)
        except SheetError as error:
            return self._back(request, [str(error)])
        name = template.filename(format, announcement.slug if announcement else "tous")
        logger.info("Modèle rempli pris par %s\u00a0: %s", request.user.get_username(), name)
        return _file(content, name, format)

    @method_decorator(require_safe)
    def rejected_view(self, request, object_id, format):
        """The rows in error, with their reason."""
        self._require(request, format)
        job = self.get_job(request, object_id)
        if job.stage != Stage.READY:
            messages.info(request, "Cet import n’est plus à cette étape.")
            return HttpResponseRedirect(self._next_url(job))
        rows = self.kind.visible_rows(job, request.user)
        content = rejected.file_of(job, rows, format)
        return _file(content, f"import-{job.pk}-lignes-en-erreur.{format}", format)

    def _require(self, request, format="csv"):
        if not self.has_add_permission(request):
            raise PermissionDenied
        if format not in FORMATS:
            raise Http404(f"no such format: {format}")

    def _back(self, request, sentences):
        for sentence in sentences:
            messages.error(request, sentence)
        return HttpResponseRedirect(self.url("add"))


def _file(content, name, format):
    return HttpResponse(
        content,
        content_type=CONTENT_TYPES[format],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def import_links(user) -> list[tuple[str, str]]:
    """What a list of the library offers to whoever may bring laureates in: (label, address)."""
    if not user.has_perm(KIND.permission):
        return []
    return [("Importer un tableur", reverse(f"admin:{_NAME}_add"))]


def filled_url(announcement, user) -> str:
    """The laureates of an announcement in the template; "" for whoever may not take them."""
    if not (user.has_perm(KIND.permission) and user.has_perm(EXPORT)):
        return ""
    return f"{reverse(f'admin:{_NAME}_filled')}?annonce={announcement.slug}&format=ods"
