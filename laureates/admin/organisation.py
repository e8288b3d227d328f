from django.contrib import admin

from ftap.exports import ExportableAdmin
from ftap.listfilters import RelatedFilter
from ftap.modeladmin import ModelAdmin, list_link
from laureates.admin.organisation_merge import MergePages
from laureates.admin.shared import SluggedForm
from laureates.models import Carrier, Laureate, Organisation
from laureates.resources import OrganisationResource, known_laureates


class OrganisationForm(SluggedForm):
    slug_source = "name"


class ProjectFilter(admin.SimpleListFilter):
    """Whether an organisation carries projects, of those that exist for the reader.

    Their keys are read first: this filter, counted inside another, is more than SQLite parses.
    """

    title = "projets"
    parameter_name = "projets"

    def lookups(self, request, model_admin):
        return [("oui", "porte un projet lauréat"), ("non", "n’en porte aucun")]

    def queryset(self, request, queryset):
        if self.value() not in {"oui", "non"}:
            return queryset
        carriers = Carrier.objects.visible_to(request.user)
        carrying = list(carriers.order_by().values_list("organisation", flat=True).distinct())
        if self.value() == "oui":
            return queryset.filter(pk__in=carrying)
        return queryset.exclude(pk__in=carrying)


@admin.register(Organisation)
class OrganisationAdmin(MergePages, ExportableAdmin, ModelAdmin):
    change_form_template = "admin/laureates/organisation/change_form.html"
    resource_classes = [OrganisationResource]
    index_order = 13
    form = OrganisationForm
    search_fields = ("name", "short_name", "former_names", "siret")
    search_slug = "slug"
    search_help_text = "Nom, sigle, ancien nom ou SIRET."
    list_display = (
        "name",
        "short_name",
        "kind",
        "supervising_ministry",
        "territory",
        "project_count",
    )
    list_filter = ("kind", ("supervising_ministry", RelatedFilter), ProjectFilter)
    list_select_related = ("supervising_ministry", "territory")
    autocomplete_fields = ("supervising_ministry", "territory")
    fieldsets = (
        ("Identité", {"fields": ("name", "short_name", "former_names", "siret", "slug")}),
        (
            "Place dans l’administration",
            {"fields": ("kind", "supervising_ministry", "territory", "source")},
        ),
        ("Projets", {"fields": ("projects",)}),
    )
    readonly_fields = ("projects",)

    def get_queryset(self, request):
        count = known_laureates(request.user, "organisations")
        return super().get_queryset(request).annotate(project_count=count)

    def get_readonly_fields(self, request, obj=None):
        fields = super().get_readonly_fields(request, obj)
        return (*fields, "slug") if self.get_view_on_site_url(obj) else fields

    def get_fieldsets(self, request, obj=None):
        fieldsets = super().get_fieldsets(request, obj)
        return fieldsets if obj else fieldsets[:-1]

    def get_urls(self):
        return [*self.merge_urls(), *super().get_urls()]

    def public_queryset(self):
        return Organisation.objects.public()

    @admin.display(description="projets", ordering="project_count")
    def project_count(self, obj):
        return obj.project_count

    @admin.display(description="projets lauréats")
    def projects(self, obj):
        return list_link(Laureate, obj.project_count, carriers__organisation=obj.pk)
