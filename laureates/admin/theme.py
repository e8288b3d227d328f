from django.contrib import admin

from ftap.exports import ExportableAdmin
from ftap.modeladmin import ModelAdmin, list_link
from laureates.admin.shared import SluggedForm
from laureates.models import Laureate, Theme
from laureates.resources import ThemeResource, known_laureates


class ThemeForm(SluggedForm):
    slug_source = "name"


@admin.register(Theme)
class ThemeAdmin(ExportableAdmin, ModelAdmin):
    resource_classes = [ThemeResource]
    index_order = 14
    form = ThemeForm
    search_fields = ("name", "description")
    search_slug = "slug"
    list_display = ("name", "position", "description", "projects")
    fieldsets = ((None, {"fields": ("name", "description", "position", "slug")}),)

    def get_queryset(self, request):
        count = known_laureates(request.user, "themes")
        return super().get_queryset(request).annotate(project_count=count)

    @admin.display(description="projets lauréats", ordering="project_count")
    def projects(self, obj):
        return list_link(Laureate, obj.project_count, themes__id__exact=obj.pk)
