from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.contrib.admin.utils import flatten_fieldsets
from django.db.models import Count, Exists, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils.html import format_html

from ftap.exports import ExportableAdmin
from ftap.modeladmin import ModelAdmin, StackedInline, TabularInline, change_link, list_link
from ftap.templatetags.ftap import euros
from laureates import markdown, releases
from laureates.admin.library_import import filled_url, import_links
from laureates.admin.publishing_acts import ActPages
from laureates.admin.publishing_panel import Panel
from laureates.admin.publishing_preview import PreviewPages
from laureates.admin.shared import (
    HeldDeletion,
    PublicationFilter,
    SluggedForm,
)
from laureates.models import (
    Announcement,
    Claim,
    Document,
    Laureate,
    LaureateGroup,
    Release,
    ReleaseDraft,
)
from laureates.models.public import publication_label
from laureates.resources import AnnouncementResource

# Beyond this, the laureates have their own list: a form of that size would be unusable.
LAUREATES_MAX = 150
# What never becomes public, and so may change at any time.
ALWAYS_EDITABLE = {"staff_note"}


class ClaimForm(SluggedForm):
    """The identifier of a figure is made of its announcement and of what it counts."""

    slug_source = "label"

    def slug_text(self, cleaned):
        announcement = cleaned.get("announcement")
        parts = (
            getattr(announcement, "slug", ""),
            cleaned.get("subject", ""),
            cleaned.get("label", ""),
        )
        return " ".join(filter(None, parts))


class LaureateInline(TabularInline):
    """The order of the laureates; the rest is on the page of each."""

    model = Laureate
    fields = ("position", "link", "amount_label", "withdrawn_at")
    readonly_fields = ("link", "amount_label", "withdrawn_at")
    can_delete = False
    verbose_name_plural = "lauréats, dans l’ordre de l’annonce"

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        if obj is not None and releases.is_locked(obj):
            return False
        return super().has_change_permission(request, obj)

    @admin.display(description="projet")
    def link(self, obj):
        return change_link(obj)

    @admin.display(description="montant accordé")
    def amount_label(self, obj):
        return euros(obj.amount)


class GroupInline(TabularInline):
    """Tracks of the announcement, or projects financed together; frozen with the announcement."""

    model = LaureateGroup
    fields = ("position", "name", "amount")
    verbose_name_plural = "groupes de lauréats, dans l’ordre de l’annonce"

    def _is_open(self, obj):
        return obj is None or not releases.is_locked(obj)

    def has_add_permission(self, request, obj=None):
        return self._is_open(obj) and super().has_add_permission(request, obj)

    def has_change_permission(self, request, obj=None):
        return self._is_open(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request, obj=None):
        return self._is_open(obj) and super().has_delete_permission(request, obj)


class DocumentInline(StackedInline):
    model = Document
    fields = (("position", "title"), ("format", "size_kb", "updated_on"), "file")


class ClaimInline(StackedInline):
    model = Claim
    form = ClaimForm
    fields = (
        ("subject", "scope", "position"),
        "label",
        ("value", "lower", "upper"),
        ("unit", "exactness"),
        ("stated_on", "source"),
        "source_url",
        "slug",
    )
    classes = ("collapse",)


class DraftFilter(SimpleListFilter):
    """The public announcements whose next version is being written."""

    title = "rectificatif"
    parameter_name = "rectificatif"

    def lookups(self, request, model_admin):
        return [("en-preparation", "en préparation")]

    def queryset(self, request, queryset):
        if self.value() != "en-preparation":
            return queryset
        # Their keys, which are few: one more rule of visibility inside the list's own would
        # nest deeper than SQLite reads.
        drafts = ReleaseDraft.objects.visible_to(request.user)
        return queryset.filter(pk__in=list(drafts.values_list("announcement", flat=True)))


@admin.register(Announcement)
class AnnouncementAdmin(HeldDeletion, ActPages, PreviewPages, ExportableAdmin, ModelAdmin):
    resource_classes = [AnnouncementResource]
    change_form_template = "admin/laureates/announcement/change_form.html"
    index_order = 10
    form = SluggedForm
    search_fields = ("title", "call_title", "committee_name", "committee_chair")
    search_slug = "slug"
    list_display = (
        "title",
        "call_year",
        "session_label",
        "publication_state",
        "published_at",
        "versions",
        "laureates",
    )
    list_filter = (PublicationFilter, DraftFilter, "call_year")
    date_hierarchy = "published_at"
    readonly_fields = ("laureates", "preview", "updated_at")
    fieldsets = (
        ("Annonce", {"fields": ("title", "public_text", "slug")}),
        (
            "Appel et comité",
            {
                "fields": (
                    ("call_title", "call_year"),
                    "session_label",
                    ("committee_name", "committee_on"),
                    "committee_chair",
                )
            },
        ),
        ("Provenance", {"fields": ("source", ("source_url", "source_on"))}),
        ("Entre agents", {"fields": ("staff_note",)}),
        ("Aperçu du texte public", {"fields": ("preview",), "classes": ("collapse",)}),
    )

    def list_links(self, request):
        return import_links(request.user)

    def get_queryset(self, request):
        drafts = ReleaseDraft.objects.visible_to(request.user)
        versions = Release.objects.filter(announcement=OuterRef("pk")).order_by()
        counted = versions.values("announcement").annotate(count=Count("pk")).values("count")
        return (
            super()
            .get_queryset(request)
            .with_is_published()
            .with_laureate_count()
            .annotate(
                version_count=Coalesce(Subquery(counted), 0),
                has_draft=Exists(drafts.filter(announcement=OuterRef("pk"))),
            )
        )

    def get_urls(self):
        return [
            *self.act_urls(),
            *self.preview_urls(),
            *self.draft_urls(),
            *super().get_urls(),
        ]

    def get_inlines(self, request, obj):
        if obj is None:
            return (GroupInline, DocumentInline, ClaimInline)
        if obj.laureate_count > LAUREATES_MAX:
            return (GroupInline, DocumentInline, ClaimInline)
        return (GroupInline, LaureateInline, DocumentInline, ClaimInline)

    def get_fieldsets(self, request, obj=None):
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None:
            return fieldsets[:4]
        return [
            (name, {**options, "fields": ("laureates", *options["fields"])})
            if name == "Annonce" and obj.laureate_count > LAUREATES_MAX
            else (name, options)
            for name, options in fieldsets
        ]

    def get_readonly_fields(self, request, obj=None):
        """What is scheduled, public or withdrawn changes by the acts of publication alone."""
        fields = super().get_readonly_fields(request, obj)
        if obj is None or not releases.is_locked(obj):
            return fields
        shown = flatten_fieldsets(self.get_fieldsets(request, obj))
        return [*fields, *(name for name in shown if name not in {*fields, *ALWAYS_EDITABLE})]

    def save_model(self, request, obj, form, change):
        if change and releases.is_locked(obj):
            # Nothing else can have been typed; what visitors see does not change.
            obj.save(update_fields=sorted(ALWAYS_EDITABLE))
        else:
            super().save_model(request, obj, form, change)

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj is not None:
            context["panel"] = Panel(obj, request.user)
            context["filled_url"] = filled_url(obj, request.user)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def public_queryset(self):
        return Announcement.objects.published()

    def deletion_refusal(self, request, obj):
        if obj.is_published:
            return (
                "Cette annonce est publique\u00a0: elle se retire, avec un motif, et ne se "
                "supprime pas."
            )
        if obj.withdrawn_at:
            return "Cette annonce a été retirée\u00a0: sa page dit pourquoi, elle est conservée."
        if obj.published_at:
            return "La publication de cette annonce est programmée\u00a0: déprogrammez-la d’abord."
        return ""

    @admin.display(description="état", ordering="is_published")
    def publication_state(self, obj):
        state = publication_label(obj, is_published=obj.is_published)
        return f"{state}, rectificatif en préparation" if obj.has_draft else state

    @admin.display(description="versions", ordering="version_count")
    def versions(self, obj):
        return obj.version_count or "—"

    @admin.display(description="lauréats", ordering="laureate_count")
    def laureates(self, obj):
        return list_link(Laureate, obj.laureate_count, announcement__id__exact=obj.pk)

    @admin.display(description="aperçu")
    def preview(self, obj):
        return format_html('<div class="ftap-preview">{}</div>', markdown.render(obj.public_text))
