from django.contrib import admin

from calls.models import Affiliation, SessionAccess
from calls.resources import AffiliationResource, SessionAccessResource
from ftap.exports import ExportableAdmin
from ftap.listfilters import RelatedFilter
from ftap.modeladmin import ModelAdmin


@admin.register(Affiliation)
class AffiliationAdmin(ExportableAdmin, ModelAdmin):
    """Who gives opinions for which institution."""

    resource_classes = [AffiliationResource]
    index_order = 31
    list_display = ("user", "organisation")
    list_display_links = ("user",)
    list_select_related = ("user", "organisation")
    list_filter = (("organisation", RelatedFilter),)
    search_fields = ("user__username", "user__last_name", "organisation__name")
    autocomplete_fields = ("user", "organisation")


@admin.register(SessionAccess)
class SessionAccessAdmin(ExportableAdmin, ModelAdmin):
    """Who may read the dossiers of which session, without a role that opens them all."""

    resource_classes = [SessionAccessResource]
    index_order = 32
    list_display = ("user", "session")
    list_display_links = ("user",)
    list_select_related = ("user", "session__call")
    list_filter = (("session", RelatedFilter),)
    search_fields = ("user__username", "user__last_name", "session__call__title")
    autocomplete_fields = ("user", "session")
