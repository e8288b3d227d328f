from django.contrib import admin
from django.db.models import Case, Value, When

from calls.admin.call_acts import CallPages
from calls.models import Call, CallDocument, CallSession, Criterion
from calls.resources import CallResource
from ftap.exports import ExportableAdmin
from ftap.listfilters import RelatedFilter
from ftap.modeladmin import ModelAdmin, StackedInline, list_link
from laureates.admin.shared import PublicationFilter, SluggedForm
from laureates.models import published_q
from laureates.models.public import publication_label


class CriterionInline(StackedInline):
    model = Criterion
    fields = (("position", "title"), "description", ("weight", "scale_max"))


class CallDocumentInline(StackedInline):
    model = CallDocument
    fields = (
        ("position", "title"),
        ("format", "size_kb", "updated_on"),
        "session",
        "file",
    )

    def get_formset(self, request, obj=None, **kwargs):
        """A document is of the whole call, or of one of its own sessions."""
        formset = super().get_formset(request, obj, **kwargs)
        if field := formset.form.base_fields.get("session"):
            field.queryset = CallSession.objects.filter(call=obj).select_related("call")
        return formset


@admin.register(Call)
class CallAdmin(CallPages, ExportableAdmin, ModelAdmin):
    """Calls. What makes one public is an act, on a page of its own: the form never does."""

    resource_classes = [CallResource]
    change_form_template = "admin/calls/call/change_form.html"
    index_order = 21
    form = SluggedForm
    search_fields = ("title", "fund__name")
    search_slug = "slug"
    list_display = ("title", "year", "fund", "is_continuous", "is_published", "sessions")
    list_filter = (PublicationFilter, "year", ("fund", RelatedFilter), "is_continuous")
    list_select_related = ("fund",)
    autocomplete_fields = ("fund",)
    readonly_fields = ("publication", "published_at", "withdrawn_at", "sessions")
    inlines = (CriterionInline, CallDocumentInline)
    fieldsets = (
        ("Appel", {"fields": ("fund", ("title", "year"), "is_continuous", "sessions", "slug")}),
        (
            "Ce que lira le public",
            {"fields": ("public_text", "how_to_apply", ("announced_on", "form_url"))},
        ),
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
            return [
                (name, {"fields": [field for field in options["fields"] if field != "sessions"]})
                for name, options in fieldsets
                if name != "Publication"
            ]
        return fieldsets

    def get_readonly_fields(self, request, obj=None):
        fields = super().get_readonly_fields(request, obj)
        if obj and (obj.is_published or obj.withdrawn_at):
            return (*fields, "slug")
        return fields

    def get_urls(self):
        return [*self.act_urls(), *super().get_urls()]

    def public_queryset(self):
        return Call.objects.published()

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj is not None:
            context["steps"] = self.steps(request, obj)
        return super().render_change_form(request, context, add, change, form_url, obj)

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
