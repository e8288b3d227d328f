from django.contrib import admin
from django.template.loader import render_to_string

from ftap.listfilters import RelatedFilter, SplitFilter
from ftap.modeladmin import ModelAdmin, TabularInline
from ftap.templatetags.ftap import euros
from laureates.admin.shared import SluggedForm, under_embargo
from laureates.models import Announcement, Carrier, Laureate


class LaureatePublicationFilter(SplitFilter):
    title = "publication"
    parameter_name = "publication"
    conditions = {
        "publie": ("public", lambda rows: rows.published()),
        "embargo": (
            "sous embargo",
            lambda rows: rows.filter(
                withdrawn_at__isnull=True,
                announcement__in=under_embargo(Announcement.objects.all()),
            ),
        ),
        "brouillon": (
            "brouillon",
            lambda rows: rows.filter(
                withdrawn_at__isnull=True,
                announcement__published_at__isnull=True,
                announcement__withdrawn_at__isnull=True,
            ),
        ),
        "retire": (
            "retiré",
            lambda rows: (
                rows.filter(withdrawn_at__isnull=False)
                | rows.filter(announcement__withdrawn_at__isnull=False)
            ),
        ),
    }


class AmountFilter(SplitFilter):
    title = "montant accordé"
    parameter_name = "montant"
    conditions = {
        "connu": ("connu", lambda rows: rows.filter(amount__isnull=False)),
        "non-communique": ("non communiqué", lambda rows: rows.filter(amount__isnull=True)),
    }


class CarrierInline(TabularInline):
    model = Carrier
    fields = ("position", "organisation", "announced_name", "role")
    autocomplete_fields = ("organisation",)
    verbose_name_plural = "porteurs, dans l’ordre de l’annonce"

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("organisation")


@admin.register(Laureate)
class LaureateAdmin(ModelAdmin):
    index_order = 11
    form = SluggedForm
    search_fields = ("title", "former_titles", "summary", "public_id", "carriers__announced_name")
    search_slug = "slug"
    search_help_text = "Titre, ancien titre, résumé, porteur ou identifiant public."
    list_display = (
        "title",
        "position",
        "call",
        "is_published",
        "amount_label",
        "project_state",
    )
    list_display_links = ("title",)
    list_filter = (
        LaureatePublicationFilter,
        ("announcement", RelatedFilter),
        ("themes", RelatedFilter),
        AmountFilter,
        "project_state",
    )
    list_select_related = ("announcement",)
    autocomplete_fields = ("announcement", "themes", "territories")
    ordering = ("-announcement__published_at", "announcement", "position")
    readonly_fields = ("publication", "preview", "updated_at")
    inlines = (CarrierInline,)
    fieldsets = (
        ("Projet", {"fields": ("title", "summary", "description", "former_titles", "slug")}),
        ("Place dans l’annonce", {"fields": (("announcement", "position"), "public_id")}),
        ("Classement", {"fields": ("themes", "territories", "classification_source")}),
        ("Financement et avancement", {"fields": (("amount", "project_state"),)}),
        ("Provenance", {"fields": ("source", ("source_url", "source_on"))}),
        (
            "Publication",
            {
                "fields": (
                    "publication",
                    "withdrawn_at",
                    "withdrawal_reason",
                    "updated_at",
                )
            },
        ),
        ("Aperçu de la fiche publique", {"fields": ("preview",), "classes": ("collapse",)}),
    )

    def get_queryset(self, request):
        return super().get_queryset(request).with_is_published()

    def get_fieldsets(self, request, obj=None):
        fieldsets = super().get_fieldsets(request, obj)
        return fieldsets if obj else fieldsets[:5]

    def get_readonly_fields(self, request, obj=None):
        fields = super().get_readonly_fields(request, obj)
        return (*fields, "public_id") if obj else fields

    def lookup_allowed(self, lookup, value, request):
        return lookup == "carriers__organisation" or super().lookup_allowed(lookup, value, request)

    def public_queryset(self):
        return Laureate.objects.published()

    def deletion_refusal(self, request, obj):
        if obj.withdrawn_at or obj.announcement.withdrawn_at:
            return "Ce lauréat a été retiré\u00a0: sa page dit pourquoi, il est conservé."
        if obj.is_published:
            return (
                "Ce lauréat est public\u00a0: il se retire, avec un motif, et ne se supprime pas."
            )
        if obj.announcement.published_at:
            return (
                "La publication de son annonce est programmée\u00a0: videz d’abord la date de "
                "publication de l’annonce."
            )
        return ""

    @admin.display(description="public", boolean=True, ordering="is_published")
    def is_published(self, obj):
        return obj.is_published

    @admin.display(description="annonce", ordering="announcement")
    def call(self, obj):
        return obj.announcement.label

    @admin.display(description="montant accordé", ordering="amount")
    def amount_label(self, obj):
        return euros(obj.amount)

    @admin.display(description="visible des visiteurs")
    def publication(self, obj):
        announcement = obj.announcement
        if obj.withdrawn_at:
            state = "retiré"
        elif announcement.withdrawn_at:
            state = "retiré avec son annonce"
        elif obj.is_published:
            state = "public"
        else:
            state = "sous embargo" if announcement.published_at else "brouillon"
        return f"{state[0].upper()}{state[1:]}."

    @admin.display(description="aperçu")
    def preview(self, obj):
        """The page's public content, as stored: what is typed shows once saved."""
        context = {
            "laureate": obj,
            "carriers": obj.carriers.select_related("organisation"),
            "themes": obj.themes.all(),
            "territories": obj.territories.all(),
        }
        return render_to_string("admin/laureates/laureate/preview.html", context)
