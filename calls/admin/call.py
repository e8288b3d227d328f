from django.contrib import admin
from django.db.models import Case, Value, When

from calls.models import Call, CallSession, Criterion
from ftap.listfilters import RelatedFilter
from ftap.modeladmin import ModelAdmin, StackedInline, list_link
from laureates.admin.shared import PublicationFilter, SluggedForm, publication_label
from laureates.models import published_q


class CriterionInline(StackedInline):
    model = Criterion
    fields = (("position", "title"), "description", ("weight", "scale_max"))


@admin.register(Call)
class CallAdmin(ModelAdmin):
    index_order = 21
    form = SluggedForm
    search_fields = ("title", "fund__name")
    search_slug = "slug"
    list_display = ("title", "year", "fund", "is_continuous", "is_published", "sessions")
    list_filter = (PublicationFilter, "year", ("fund", RelatedFilter), "is_continuous")
    list_select_related = ("fund",)
    autocomplete_fields = ("fund",)
    readonly_fields = ("publication", "sessions")
    inlines = (CriterionInline,)
    fieldsets = (
        ("Appel", {"fields": ("fund", ("title", "year"), "is_continuous", "sessions", "slug")}),
        ("Ce que lira le public", {"fields": ("public_text", ("announced_on", "form_url"))}),
        ("Publication", {"fields": ("publication", "published_at", "withdrawn_at")}),
        ("Provenance", {"fields": ("source",)}),
        ("Entre agents", {"fields": ("staff_note",)}),
    )

    def get_queryset(self, request):
        public = Case(When(published_q(), then=Value(True)), default=Value(False))
        return super().get_queryset(request).annotate(is_published=public).with_session_count()

    def get_fieldsets(self, request, obj=None):
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None:
            # Nothing to count, nor to withdraw, before the first save.
            hidden = {"sessions", "publication", "withdrawn_at"}
            return [
                (name, {"fields": [field for field in options["fields"] if field not in hidden]})
                for name, options in fieldsets
            ]
        return fieldsets

    def get_readonly_fields(self, request, obj=None):
        fields = super().get_readonly_fields(request, obj)
        if obj and (obj.is_published or obj.withdrawn_at):
            return (*fields, "slug", "published_at")
        return fields

    def deletion_refusal(self, request, obj):
        if obj.is_published or obj.withdrawn_at:
            return "Cet appel a été public\u00a0: il se retire et ne se supprime pas."
        return ""

    @admin.display(description="public", boolean=True, ordering="is_published")
    def is_published(self, obj):
        return obj.is_published

    @admin.display(description="état de publication")
    def publication(self, obj):
        return publication_label(obj, is_published=obj.is_published)

    @admin.display(description="sessions", ordering="session_count")
    def sessions(self, obj):
        return list_link(CallSession, obj.session_count, call__id__exact=obj.pk)
