"""Imports of dossiers: the session, what the columns mean, then the steps of every import."""

from django import forms
from django.contrib import admin, messages
from django.db import OperationalError
from django.http import HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse

from calls.importers import KIND, absent, mapping, may_sample
from calls.models import CallSession, DossierImport, DossierImportRow
from calls.resources import DossierImportResource
from ftap.formfields import LongText
from ftap.imports import running
from ftap.imports.forms import UploadForm
from ftap.imports.models import ImportJob
from ftap.imports.screens import ImportJobAdmin
from ftap.imports.verification import busy
from ftap.refusals import Refusal
from ftap.templatetags.ftap import number

ABSENT_SHOWN = 20
Stage = ImportJob.Stage
NO_FIELD = "gardée avec le dossier, sans champ"
STALE = (
    "Quelqu’un a enregistré une autre correspondance depuis que cette page est ouverte. Comparez, "
    "corrigez vos choix s’il le faut, puis enregistrez de nouveau."
)
ORIGINS = {
    "saved": "enregistrée pour cet appel",
    "other call": "reprise d’un autre appel",
    "label": "proposée d’après le libellé",
    "": "",
}


class DossierUploadForm(UploadForm):
    """The file, and the session that its dossiers go to."""

    job_fields = ("session",)
    field_order = ("session", "file")

    session = forms.ModelChoiceField(
        label="Session",
        queryset=CallSession.objects.none(),
        error_messages={
            "required": "Choisissez la session.",
            "invalid_choice": "Cette session n’existe plus\u00a0: choisissez-en une autre.",
        },
    )

    def ask(self, asked):
        rows = CallSession.objects.select_related("call").order_by("-call__year", "-number")
        self.fields["session"].queryset = rows
        given = asked.get("session", "")
        if given.isascii() and given.isdigit() and len(given) < 10:
            self.initial["session"] = rows.filter(pk=int(given)).first()


class MappingForm(forms.Form):
    """For each column of the file, by its place, the field that it fills or none."""

    def __init__(self, *args, columns, **kwargs):
        super().__init__(*args, label_suffix="", **kwargs)
        self.columns = columns
        choices = _choices()
        for index, column in enumerate(columns):
            where = f", feuille {column.sheet}" if column.sheet else ""
            self.fields[f"column-{index}"] = forms.ChoiceField(
                label=f"Champ de «\u00a0{column.name}\u00a0»{where}",
                choices=choices,
                required=False,
                initial=column.target,
                error_messages={"invalid_choice": "Choisissez un champ de la liste."},
            )

    @property
    def rows(self):
        """Each column with its field."""
        return [
            {
                "column": column,
                "origin": ORIGINS[column.origin],
                "field": self[f"column-{index}"],
            }
            for index, column in enumerate(self.columns)
        ]

    @property
    def compared(self):
        """[(column, field that is kept, field chosen)] of those that differ, in French."""
        fields = {name: target.label for name, target in mapping.TARGETS.items()} | {"": NO_FIELD}
        return [
            (column.name, fields[column.target], fields[self.chosen[column.key]])
            for column in self.columns
            if column.target != self.chosen[column.key]
        ]

    @property
    def chosen(self):
        return {
            column.key: self.cleaned_data[f"column-{index}"]
            for index, column in enumerate(self.columns)
        }


class OverwriteForm(forms.Form):
    """Why dossiers that a committee has decided of are modified."""

    reason = LongText(
        label="Motif, pour modifier quand même",
        rows=3,
        help_text="Gardé dans l’historique de chaque dossier. La décision du comité ne change pas.",
        error_messages={"required": "Indiquez le motif\u00a0: il reste dans l’historique."},
    )


def _choices():
    groups = {"dossiers": "Dossier", "partners": "Partenaires", "any": "Toutes les feuilles"}
    listed = [("", NO_FIELD)]
    for sheet in ("any", "dossiers", "partners"):
        listed.append(
            (
                groups[sheet],
                [
                    (name, target.label)
                    for name, target in mapping.TARGETS.items()
                    if target.sheet == sheet
                ],
            )
        )
    return listed


@admin.register(DossierImport)
class DossierImportAdmin(ImportJobAdmin):
    kind = KIND
    upload_form = DossierUploadForm
    resource_classes = [DossierImportResource]
    upload_title = "Importer des dossiers"
    index_order = 28
    list_display = (
        "number",
        "filename",
        "session",
        "stage_badge",
        "author",
        "created_at",
        "ended_at",
    )
    list_select_related = ("created_by", "session__call")
    upload_help = (
        "Déposez un export du service de formulaires en ligne\u00a0: CSV, XLSX ou ODS. Un dossier "
        "est reconnu à son numéro\u00a0: réimporter le même fichier ne crée rien deux fois.",
    )

    def facts(self, request, job):
        return [("Session", job.session)]

    def link_of(self, row):
        if row.application_id is None:
            return ""
        return reverse("admin:calls_application_change", args=[row.application_id])

    def mapping_url(self, job):
        return self.url("mapping", job.pk) if job.is_open else ""

    def more_pages(self):
        return [
            ("correspondance/", self.mapping_view, "mapping"),
            ("bloquees/", self.overwrite_view, "overwrite"),
        ]

    def mapping_view(self, request, object_id):
        """What each column of the file fills; saved for the call, then the file is read."""
        job = self.get_job(request, object_id)
        if not job.is_open:
            return HttpResponseRedirect(self.url("change", job.pk))
        if request.method not in ("GET", "HEAD", "POST"):
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        shows_samples = may_sample(job, request.user)
        columns = mapping.proposal(job, with_samples=shows_samples)
        form, errors, compared, status = MappingForm(columns=columns), [], [], 200
        if request.method == "POST":
            form = MappingForm(request.POST, columns=columns)
            status = 409
            if form.is_valid():
                seen = request.POST.get("seen", "")
                compared = form.compared if seen and seen != mapping.seal(columns) else []
                try:
                    if compared:
                        raise Refusal(STALE)
                    mapping.save(job, form.chosen, by=request.user)
                    running.restart(job, self.kind, by=request.user)
                    job = running.start(job, self.kind, by=request.user)
                except Refusal as error:
                    errors = error.messages
                except OperationalError as error:
                    errors = [busy(error)]
                else:
                    messages.success(request, "La correspondance est enregistrée pour cet appel.")
                    return HttpResponseRedirect(self.url("change", job.pk))
            else:
                errors = [text for texts in form.errors.values() for text in texts]
        return self.page(
            request,
            "admin/calls/dossier_import/mapping.html",
            job,
            status=status,
            title=f"{self._title(job)} – correspondance des colonnes",
            form=form,
            errors=errors,
            compared=compared,
            seal=mapping.seal(columns),
            shows_samples=shows_samples,
            without_field=sum(not column.target for column in columns),
            targets=mapping.TARGETS.values(),
        )

    def overwrite_view(self, request, object_id):
        """One reason for all the rows held, as when a committee's decisions reach the form."""
        job = self.get_job(request, object_id)
        if job.stage != Stage.READY:
            return HttpResponseRedirect(self._next_url(job))
        form, errors, status = OverwriteForm(label_suffix=""), [], 200
        back = f"{self.url('change', job.pk)}?sort=bloquees"
        if request.method == "POST":
            form, status = OverwriteForm(request.POST, label_suffix=""), 409
            if form.is_valid():
                reason = form.cleaned_data["reason"]
                try:
                    count = running.overwrite_all(job, self.kind, reason, by=request.user)
                except Refusal as error:
                    errors = error.messages
                except OperationalError as error:
                    errors = [busy(error)]
                else:
                    lines = f"{number(count)} lignes seront" if count > 1 else f"{count} ligne sera"
                    messages.success(request, f"{lines} écrites avec ce motif, si vous confirmez.")
                    return HttpResponseRedirect(self.url("change", job.pk))
        return self.page(
            request,
            "admin/calls/dossier_import/overwrite.html",
            job,
            status=status,
            title=f"{self._title(job)} – lignes bloquées",
            form=form,
            errors=errors,
            held=self._held(request, job),
            back=back,
        )

    def _held(self, request, job):
        """How many rows wait for a reason that the reader may give."""
        rows = running.primary_rows(job, self.kind, request.user)
        held = rows.filter(outcome=DossierImportRow.Outcome.HELD, is_set_aside=False)
        return held.filter(application__isnull=False).count()

    def _review(self, request, job):
        response = super()._review(request, job)
        response.template_name = "admin/calls/dossier_import/review.html"
        if held := self._held(request, job):
            response.context_data |= {"held": held, "held_url": self.url("overwrite", job.pk)}
        if self.sees_totals(request, job):
            rows = absent(job, request.user)
            response.context_data["absent"] = rows[:ABSENT_SHOWN]
            response.context_data["absent_count"] = rows.count()
        return response
