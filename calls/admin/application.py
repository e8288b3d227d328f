from django.contrib import admin
from django.db.models import Count

from calls.admin.shared import SelectionInline, badge
from calls.models import Application, Bearer
from ftap.listfilters import RelatedFilter
from ftap.modeladmin import ModelAdmin, TabularInline
from ftap.templatetags.ftap import euros

UNDISCLOSED = "non détaillée"
UNDISCLOSED_HELP = (
    "Cette candidature a été reçue et n’est pas publique\u00a0: rien d’autre n’en est connu. "
    "Elle ne se modifie pas et ne sera jamais liée à un lauréat."
)


class BearerInline(TabularInline):
    model = Bearer
    fields = ("position", "organisation", "declared_name", "role")
    autocomplete_fields = ("organisation",)
    verbose_name_plural = "porteurs, dans l’ordre du dossier"

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("organisation")

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and not (obj and obj.is_undisclosed)


@admin.register(Application)
class ApplicationAdmin(ModelAdmin):
    """Dossiers. The state shows, and moves only through the workflow.

    An undisclosed one is read-only: nothing is known of it but that it was received.
    """

    index_order = 23
    str_select_related = ("session__call",)
    search_fields = ("reference", "title", "form_number", "bearers__declared_name")
    search_help_text = "Référence, titre, numéro du dossier en ligne ou porteur."
    list_display = (
        "reference",
        "title_label",
        "session",
        "state_badge",
        "asked_amount_label",
        "bearer_count",
        "received_on",
    )
    list_display_links = ("reference", "title_label")
    list_filter = ("state", ("session", RelatedFilter), "is_undisclosed", "form_state")
    list_select_related = ("session__call",)
    autocomplete_fields = ("session",)
    date_hierarchy = "received_on"
    readonly_fields = ("state_badge",)
    inlines = (BearerInline, SelectionInline)
    fieldsets = (
        ("Dossier", {"fields": ("reference", "session", "state_badge", "is_undisclosed")}),
        ("Projet", {"fields": ("title", "summary")}),
        ("Financement demandé", {"fields": (("asked_amount", "total_cost"),)}),
        ("Dépôt en ligne", {"fields": ("received_on", ("form_number", "form_state"))}),
        ("Provenance", {"fields": ("source",)}),
    )

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(bearer_count=Count("bearers"))

    def get_inlines(self, request, obj):
        if obj is None:
            return (BearerInline,)
        return (SelectionInline,) if obj.is_undisclosed else super().get_inlines(request, obj)

    def get_fieldsets(self, request, obj=None):
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or not obj.is_undisclosed:
            return fieldsets
        first = {**fieldsets[0][1], "description": UNDISCLOSED_HELP}
        return (("Dossier non détaillé", first), fieldsets[-1])

    def get_readonly_fields(self, request, obj=None):
        fields = super().get_readonly_fields(request, obj)
        return (*fields, "reference", "is_undisclosed") if obj else fields

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and not (obj and obj.is_undisclosed)

    def deletion_refusal(self, request, obj):
        return "Un dossier reçu ne se supprime pas\u00a0: il reste dans l’historique de la session."

    @admin.display(description="titre", ordering="title")
    def title_label(self, obj):
        return badge("undisclosed", UNDISCLOSED) if obj.is_undisclosed else obj.title

    @admin.display(description="état", ordering="state")
    def state_badge(self, obj):
        return badge(obj.state, obj.get_state_display())

    @admin.display(description="montant demandé", ordering="asked_amount")
    def asked_amount_label(self, obj):
        return None if obj.asked_amount is None else euros(obj.asked_amount)

    @admin.display(description="porteurs", ordering="bearer_count")
    def bearer_count(self, obj):
        return None if obj.is_undisclosed else obj.bearer_count
