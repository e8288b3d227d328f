from django.contrib import admin

from ftap.exports import ExportableAdmin
from ftap.listfilters import RelatedFilter
from ftap.modeladmin import ModelAdmin
from laureates.admin.shared import SluggedForm
from laureates.models import Territory
from laureates.resources import TerritoryResource, known_laureates


class TerritoryForm(SluggedForm):
    """Two territories may have one name (La Réunion): the code of a department tells them apart."""

    slug_source = "name"

    def slug_text(self, cleaned):
        name = super().slug_text(cleaned)
        if name and cleaned.get("kind") == Territory.Kind.DEPARTMENT:
            return f"{name} {cleaned.get('code', '')}"
        return name


@admin.register(Territory)
class TerritoryAdmin(ExportableAdmin, ModelAdmin):
    resource_classes = [TerritoryResource]
    index_order = 15
    form = TerritoryForm
    search_fields = ("name", "code")
    search_slug = "slug"
    search_help_text = "Nom ou code officiel."
    list_display = ("name", "kind", "code", "region", "project_count")
    list_filter = ("kind", ("region", RelatedFilter))
    list_select_related = ("region",)
    autocomplete_fields = ("region",)
    fieldsets = ((None, {"fields": ("kind", "code", "name", "region", "slug")}),)

    def get_queryset(self, request):
        count = known_laureates(request.user, "territories")
        return super().get_queryset(request).annotate(project_count=count)

    @admin.display(description="projets lauréats", ordering="project_count")
    def project_count(self, obj):
        return obj.project_count
