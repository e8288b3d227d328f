from django.contrib import admin

from calls.admin.shared import badge
from calls.models import Selection
from ftap.listfilters import RelatedFilter, SplitFilter
from ftap.modeladmin import ModelAdmin
from ftap.templatetags.ftap import euros

# What only a move of the workflow writes, or its validation.
MOVED = ("state_badge", "decided_on", "decided_by", "record_source", "superseded_at", "laureate")
# A decision still to examine has none of these: proposing it is a move.
PROPOSED = ("outcome", "granted_amount", "amount_not_disclosed", "rank")


class LiveFilter(SplitFilter):
    title = "en vigueur"
    parameter_name = "en_vigueur"
    conditions = {
        "oui": ("en vigueur", lambda rows: rows.live()),
        "non": ("remplacée", lambda rows: rows.filter(superseded_at__isnull=False)),
    }


@admin.register(Selection)
class SelectionAdmin(ModelAdmin):
    """Decisions. Validated or superseded, they are wholly read-only."""

    index_order = 25
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
        "laureate",
        "is_live",
    )
    list_filter = ("state", "outcome", LiveFilter, ("committee", RelatedFilter))
    list_select_related = ("application__session__call", "committee", "laureate")
    date_hierarchy = "decided_on"
    autocomplete_fields = ("application", "committee")
    fieldsets = (
        ("Dossier et séance", {"fields": ("application", "committee", "state_badge")}),
        (
            "Proposition",
            {"fields": ("outcome", ("granted_amount", "amount_not_disclosed"), "rank", "motive")},
        ),
        ("Ce que lira le public", {"fields": ("public_text", "laureate")}),
        ("Validation", {"fields": ("decided_on", "decided_by", "record_source", "superseded_at")}),
    )

    def get_readonly_fields(self, request, obj=None):
        if obj is None:
            return (*MOVED, *PROPOSED)
        identity = ("application", "committee")
        examined = () if obj.state == Selection.State.PROPOSED else PROPOSED
        return (*MOVED, *identity, *examined)

    def get_fieldsets(self, request, obj=None):
        if obj is None:
            return (
                ("Dossier et séance", {"fields": ("application", "committee")}),
                ("Textes", {"fields": ("motive", "public_text")}),
            )
        return super().get_fieldsets(request, obj)

    def lookup_allowed(self, lookup, value, request):
        return lookup == "application__session__id__exact" or super().lookup_allowed(
            lookup, value, request
        )

    def has_change_permission(self, request, obj=None):
        final = obj is not None and (obj.state == Selection.State.VALIDATED or obj.superseded_at)
        return super().has_change_permission(request, obj) and not final

    def deletion_refusal(self, request, obj):
        if obj.state != Selection.State.TO_EXAMINE or obj.superseded_at:
            return "Une décision proposée ou validée fait partie de l’historique du dossier."
        return ""

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

    @admin.display(description="en vigueur", boolean=True, ordering="superseded_at")
    def is_live(self, obj):
        return obj.superseded_at is None
