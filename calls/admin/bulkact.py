"""Receipts of bulk acts: permanent, read here, and taken back where that is still possible."""

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from calls import bulk
from calls.admin.bulk import BUSY
from calls.admin.shared import badge
from calls.gates import person
from calls.models import BulkAct
from calls.permissions import Hidden, Refusal
from calls.resources import BulkActResource
from ftap.contention import is_contention
from ftap.exports import ExportableAdmin
from ftap.formfields import LongText, say
from ftap.listfilters import RelatedFilter, SplitFilter
from ftap.modeladmin import ModelAdmin


class UndoForm(forms.Form):
    reason = LongText(
        label="Motif de l’annulation",
        rows=4,
        help_text="Conservé sur le reçu de l’acte.",
    )


class UndoneFilter(SplitFilter):
    title = "annulation"
    parameter_name = "annule"
    conditions = {
        "oui": ("annulés", lambda rows: rows.filter(undone_at__isnull=False)),
        "non": ("non annulés", lambda rows: rows.filter(undone_at__isnull=True)),
    }


@admin.register(BulkAct)
class BulkActAdmin(ExportableAdmin, ModelAdmin):
    """Receipts. Nobody writes one by hand, nor changes nor removes it.

    A search over dossiers would tell which acts a hidden one went through: there is none.
    """

    resource_classes = [BulkActResource]
    index_order = 29
    search_fields = ("label", "done_by__last_name", "done_by__username")
    search_help_text = "Intitulé de l’acte, nom de la personne."
    list_display = ("number", "label", "done_at", "author", "dossiers", "committee", "status")
    list_display_links = ("number", "label")
    list_filter = ("kind", UndoneFilter, ("session", RelatedFilter))
    list_select_related = ("done_by", "committee")
    date_hierarchy = "done_at"

    def get_queryset(self, request):
        return bulk.with_counts(super().get_queryset(request), request.user)

    def get_urls(self):
        undo = self.admin_site.admin_view(self.undo_view)
        return [
            path("<int:object_id>/annuler/", undo, name="calls_bulkact_undo"),
            *super().get_urls(),
        ]

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    # Columns ----------------------------------------------------------------------------------

    @admin.display(description="nᵒ", ordering="pk")
    def number(self, obj):
        return obj.pk

    @admin.display(description="fait par", ordering="done_by__last_name")
    def author(self, obj):
        return person(obj.done_by)

    @admin.display(description="dossiers")
    def dossiers(self, obj):
        # Not sorted by: an order would tell the count that is masked.
        return obj.item_count if obj.item_count == obj.seen_count else bulk.MASKED

    @admin.display(description="suite", ordering="undone_at")
    def status(self, obj):
        return badge("withdrawn", "annulé") if obj.undone_at else None

    # Pages --------------------------------------------------------------------------------------

    def change_view(self, request, object_id, form_url="", extra_context=None):
        act = self._act(request, object_id)
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        return self._page(request, act, "receipt", undoing=bulk.preview_undo(act, request.user))

    def undo_view(self, request, object_id):
        act = self._act(request, object_id)
        if bulk.preview_undo(act, request.user).is_forbidden:
            raise PermissionDenied
        form = UndoForm(request.POST if request.method == "POST" else None, label_suffix="")
        status = 200
        if request.method == "POST" and form.is_valid():
            try:
                bulk.undo(act, by=request.user, reason=form.cleaned_data["reason"])
            except Hidden as error:
                raise Http404 from error
            except Refusal as error:
                say(form, error)
                status = 409
            except OperationalError as error:
                if not is_contention(error):
                    raise
                form.add_error(None, BUSY)
                status = 409
            else:
                messages.success(request, "L’acte est annulé\u00a0: son reçu le dit.")
                return HttpResponseRedirect(_receipt_url(act))
        undoing = bulk.preview_undo(act, request.user)
        if act.undone_at is None and undoing.refusal:
            act.refresh_from_db()
        if act.undone_at:
            # A second click, or somebody else's.
            messages.info(request, undoing.refusal)
            return HttpResponseRedirect(_receipt_url(act))
        return self._page(
            request, act, "undo", status=status, form=form, undoing=undoing, back=_receipt_url(act)
        )

    def _act(self, request, object_id):
        act = self.get_object(request, unquote(str(object_id)))
        if not self.has_view_permission(request, act):
            raise PermissionDenied
        if act is None:
            raise Http404(f"calls.BulkAct {object_id}")
        return act

    def _page(self, request, act, name, *, status=200, **context):
        receipt = bulk.receipt(act, request.user)
        request.current_app = self.admin_site.name
        return TemplateResponse(
            request,
            f"admin/calls/bulk/{name}.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": str(act) if name == "receipt" else f"Annuler l’acte nᵒ\u00a0{act.pk}",
                "act": act,
                "receipt": receipt,
                "described": bulk.described(act.parameters, request.user),
                "masked": bulk.MASKED,
                **context,
            },
            status=status,
        )


def _receipt_url(act):
    return reverse("admin:calls_bulkact_change", args=[act.pk])
