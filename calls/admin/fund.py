from django.contrib import admin
from django.db.models import Count

from calls.models import Call, Fund, FundAim
from calls.resources import FundResource
from ftap.exports import ExportableAdmin
from ftap.modeladmin import ModelAdmin, TabularInline, list_link
from laureates.admin.shared import SluggedForm


class FundForm(SluggedForm):
    slug_source = "name"


class FundAimInline(TabularInline):
    model = FundAim
    fields = ("position", "text")


@admin.register(Fund)
class FundAdmin(ExportableAdmin, ModelAdmin):
    resource_classes = [FundResource]
    index_order = 20
    form = FundForm
    search_fields = ("name", "short_name")
    search_slug = "slug"
    list_display = ("name", "short_name", "announced_on", "calls")
    inlines = (FundAimInline,)
    fieldsets = (
        (None, {"fields": (("name", "short_name"), "description", "slug")}),
        ("Provenance", {"fields": (("announced_on", "source"),)}),
    )

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(call_count=Count("calls"))

    @admin.display(description="appels à projets", ordering="call_count")
    def calls(self, obj):
        return list_link(Call, obj.call_count, fund__id__exact=obj.pk)
