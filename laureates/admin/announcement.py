from django.contrib import admin
from django.utils.html import format_html

from ftap.modeladmin import ModelAdmin, StackedInline, TabularInline, change_link, list_link
from ftap.templatetags.ftap import euros
from laureates import markdown
from laureates.admin.shared import PublicationFilter, SluggedForm, publication_label
from laureates.models import Announcement, Claim, Document, Laureate

# Beyond this, the laureates have their own list: a form of that size would be unusable.
LAUREATES_MAX = 150


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

    @admin.display(description="projet")
    def link(self, obj):
        return change_link(obj)

    @admin.display(description="montant accordé")
    def amount_label(self, obj):
        return euros(obj.amount)


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


@admin.register(Announcement)
class AnnouncementAdmin(ModelAdmin):
    index_order = 10
    form = SluggedForm
    search_fields = ("title", "call_title", "committee_name", "committee_chair")
    search_slug = "slug"
    list_display = (
        "title",
        "call_year",
        "session_label",
        "is_published",
        "publication",
        "published_at",
        "laureates",
    )
    list_filter = (PublicationFilter, "call_year")
    date_hierarchy = "published_at"
    readonly_fields = ("publication", "laureates", "preview", "updated_at")
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
        (
            "Publication",
            {
                "fields": (
                    "publication",
                    "published_at",
                    "withdrawn_at",
                    "withdrawal_reason",
                    "updated_at",
                )
            },
        ),
        ("Entre agents", {"fields": ("staff_note",)}),
        ("Aperçu du texte public", {"fields": ("preview",), "classes": ("collapse",)}),
    )

    def get_queryset(self, request):
        return super().get_queryset(request).with_is_published().with_laureate_count()

    def get_inlines(self, request, obj):
        if obj is None:
            return (DocumentInline, ClaimInline)
        if obj.laureate_count > LAUREATES_MAX:
            return (DocumentInline, ClaimInline)
        return (LaureateInline, DocumentInline, ClaimInline)

    def get_fieldsets(self, request, obj=None):
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None:
            return [*fieldsets[:3], ("Publication", {"fields": ("published_at",)}), fieldsets[4]]
        return [
            (name, {**options, "fields": ("laureates", *options["fields"])})
            if name == "Annonce" and obj.laureate_count > LAUREATES_MAX
            else (name, options)
            for name, options in fieldsets
        ]

    def get_readonly_fields(self, request, obj=None):
        """The address and the minute of a publication are history: a mistake is withdrawn."""
        fields = super().get_readonly_fields(request, obj)
        if obj and (obj.is_published or obj.withdrawn_at):
            return (*fields, "slug", "published_at")
        return fields

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
            return (
                "La publication de cette annonce est programmée\u00a0: videz d’abord la date de "
                "publication."
            )
        return ""

    @admin.display(description="publique", boolean=True, ordering="is_published")
    def is_published(self, obj):
        return obj.is_published

    @admin.display(description="état de publication")
    def publication(self, obj):
        return publication_label(obj, is_published=obj.is_published)

    @admin.display(description="lauréats", ordering="laureate_count")
    def laureates(self, obj):
        return list_link(Laureate, obj.laureate_count, announcement__id__exact=obj.pk)

    @admin.display(description="aperçu")
    def preview(self, obj):
        return format_html('<div class="ftap-preview">{}</div>', markdown.render(obj.public_text))
