from django.contrib import admin

from calls.admin.shared import SelectionInline, badge, visible_selections
from calls.models import Committee, Selection
from ftap.listfilters import RelatedFilter
from ftap.modeladmin import ModelAdmin, list_link
from laureates.admin.shared import SluggedForm


class CommitteeForm(SluggedForm):
    slug_source = "name"

    def slug_text(self, cleaned):
        held_on = cleaned.get("held_on")
        return f"{cleaned.get('name') or ''} {held_on.isoformat() if held_on else ''}"


@admin.register(Committee)
class CommitteeAdmin(ModelAdmin):
    """Sittings. The state shows, and moves only through the workflow."""

    index_order = 24
    form = CommitteeForm
    search_fields = ("name", "chair", "session__call__title")
    search_slug = "slug"
    list_display = ("name", "held_on", "session", "chair", "state_badge", "selections")
    list_filter = ("state", ("fund", RelatedFilter), ("session", RelatedFilter))
    list_select_related = ("session__call", "fund")
    date_hierarchy = "held_on"
    autocomplete_fields = ("fund", "session")
    readonly_fields = ("state_badge",)
    inlines = (SelectionInline,)
    fieldsets = (
        ("Séance", {"fields": ("name", ("fund", "session"), "held_on", "state_badge", "slug")}),
        ("Composition", {"fields": ("chair", "quorum")}),
        ("Provenance", {"fields": ("source",)}),
    )

    def get_queryset(self, request):
        selections = visible_selections(request.user, "committee")
        return super().get_queryset(request).annotate(selection_count=selections)

    def get_inlines(self, request, obj):
        return () if obj is None else super().get_inlines(request, obj)

    def has_change_permission(self, request, obj=None):
        closed = obj is not None and obj.state == Committee.State.CLOSED
        return super().has_change_permission(request, obj) and not closed

    def deletion_refusal(self, request, obj):
        if obj.state != Committee.State.PLANNED:
            return "Une séance ouverte ou close fait partie de l’historique."
        return ""

    @admin.display(description="état", ordering="state")
    def state_badge(self, obj):
        return badge(obj.state, obj.get_state_display())

    @admin.display(description="décisions", ordering="selection_count")
    def selections(self, obj):
        return list_link(
            Selection, obj.selection_count, committee__id__exact=obj.pk, en_vigueur="oui"
        )
