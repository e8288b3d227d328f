from django.contrib import admin

from ftap.exports import ExportableAdmin
from ftap.listfilters import RelatedFilter
from ftap.modeladmin import ModelAdmin
from laureates.admin.announcement import ClaimForm
from laureates.models import Claim
from laureates.resources import ClaimResource


@admin.register(Claim)
class ClaimAdmin(ExportableAdmin, ModelAdmin):
    """Figures as their sources announced them; figures counted here are never typed."""

    resource_classes = [ClaimResource]
    index_order = 12
    form = ClaimForm
    search_fields = ("label", "source", "announcement__title")
    search_slug = "slug"
    list_display = ("label", "subject", "scope", "exactness", "stated_on", "announcement", "source")
    list_filter = ("subject", "scope", ("announcement", RelatedFilter))
    list_select_related = ("announcement",)
    autocomplete_fields = ("announcement",)
    ordering = ("announcement", "position", "slug")
    fieldsets = (
        ("Ce qui est annoncé", {"fields": (("subject", "scope"), "label", "announcement")}),
        (
            "Valeur",
            {
                "fields": ("value", ("lower", "upper"), ("unit", "exactness")),
                "description": "Une valeur, ou deux bornes. Les montants sont en euros.",
            },
        ),
        ("Provenance", {"fields": ("stated_on", "source", "source_url")}),
        ("Affichage", {"fields": ("position", "slug")}),
    )
