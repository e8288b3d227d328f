from django.contrib import admin
from django.db.models import Exists, OuterRef
from django.urls import reverse

from calls.admin.shared import badge
from calls.models import Committee, Selection
from calls.resources import RetainedSelectionResource, SelectionResource
from ftap.exports import ExportableAdmin
from ftap.listfilters import RelatedFilter, SplitFilter
from ftap.modeladmin import ModelAdmin
from ftap.templatetags.ftap import euros
from laureates.models import Laureate


class LiveFilter(SplitFilter):
    title = "en vigueur"
    parameter_name = "en_vigueur"
    conditions = {
        "oui": ("en vigueur", lambda rows: rows.live()),
        "non": ("remplacée", lambda rows: rows.filter(superseded_at__isnull=False)),
    }


@admin.register(Selection)
class SelectionAdmin(ExportableAdmin, ModelAdmin):
    """Decisions, to read: each is proposed, validated and rectified in its sitting's workspace."""

    resource_classes = [SelectionResource]
    index_order = 25
    change_form_template = "admin/calls/selection/change_form.html"
    str_select_related = ("application", "committee")
    search_fields = ("application__reference", "application__title", "record_source")
    search_help_text = "Référence ou titre du dossier, source de la décision."
    list_display = (
        "application",
        "committee",
        "state_badge",
        "outcome_label",
        "amount_label",
        "decided_on",
        "laureate_label",
        "is_live",
    )
    list_filter = ("state", "outcome", LiveFilter, ("committee", RelatedFilter))
    list_select_related = ("application__session__call", "committee", "laureate")
    date_hierarchy = "decided_on"
    readonly_fields = ("state_badge", "outcome_label", "amount_label", "laureate_label")
    fieldsets = (
        ("Dossier et séance", {"fields": ("application", "committee", "state_badge")}),
        ("Décision", {"fields": ("outcome_label", "amount_label", "rank", "motive")}),
        ("Ce que lira le public", {"fields": ("public_text", "laureate_label")}),
        ("Validation", {"fields": ("decided_on", "decided_by", "record_source", "superseded_at")}),
    )

    def get_queryset(self, request):
        known = Laureate.objects.visible_to(request.user).filter(pk=OuterRef("laureate"))
        return super().get_queryset(request).annotate(is_laureate_known=Exists(known))

    def get_fieldsets(self, request, obj=None):
        fieldsets = super().get_fieldsets(request, obj)
        if self._reads_in_full(request.user):
            return fieldsets
        # A publisher reads what will be public of a retained decision, never its private motive.
        shown = {"application", "committee", "outcome_label", "amount_label"}
        shown |= {"public_text", "laureate_label", "decided_on"}
        return [
            (name, {"fields": [field for field in options["fields"] if field in shown]})
            for name, options in fieldsets
        ]

    def get_export_resource_classes(self, request):
        if self._reads_in_full(request.user):
            return super().get_export_resource_classes(request)
        return [RetainedSelectionResource]

    @staticmethod
    def _reads_in_full(user):
        return user.has_perm("calls.view_committee")

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj is not None and obj.superseded_at is None:
            sitting = Committee.objects.visible_to(request.user).filter(pk=obj.committee_id)
            if sitting.exists():
                url = reverse("admin:calls_committee_sitting", args=[obj.committee_id])
                context["sitting_url"] = f"{url}#dossier-{obj.pk}"
        return super().render_change_form(request, context, add, change, form_url, obj)

    def lookup_allowed(self, lookup, value, request):
        return lookup == "application__session__id__exact" or super().lookup_allowed(
            lookup, value, request
        )

    @admin.display(description="état", ordering="state")
    def state_badge(self, obj):
        return badge(obj.state, obj.get_state_display())

    @admin.display(description="sens", ordering="outcome")
    def outcome_label(self, obj):
        return obj.get_outcome_display() or None

    @admin.display(description="montant accordé", ordering="granted_amount")
    def amount_label(self, obj):
        if obj.granted_amount is None and not obj.amount_not_disclosed:
            return None
        return euros(obj.granted_amount)

    @admin.display(description="lauréat")
    def laureate_label(self, obj):
        """The laureate, where its announcement is not kept from the reader."""
        return obj.laureate if obj.is_laureate_known else None

    @admin.display(description="en vigueur", boolean=True, ordering="superseded_at")
    def is_live(self, obj):
        return obj.superseded_at is None
