from django.contrib import admin
from django.db import transaction
from django.db.models import Q, QuerySet
from django.template.loader import render_to_string

from ftap.exports import ExportableAdmin
from ftap.listfilters import RelatedFilter, SplitFilter
from ftap.modeladmin import WORDS_MAX, ModelAdmin, TabularInline
from ftap.refusals import Refusal
from ftap.templatetags.ftap import euros
from laureates import index, releases, search
from laureates.admin.library_import import import_links
from laureates.admin.publishing_acts import LaureateActPages
from laureates.admin.publishing_panel import LaureatePanel
from laureates.admin.shared import HeldDeletion, SluggedForm, under_embargo
from laureates.models import Announcement, Card, Carrier, Laureate, LaureateGroup
from laureates.resources import LaureateResource


def _withdrawn() -> Q:
    """Withdrawn, alone or with their announcement: two short lists rather than every row."""
    alone = Laureate.objects.filter(withdrawn_at__isnull=False).order_by()
    announcements = Announcement.objects.filter(withdrawn_at__isnull=False).order_by()
    return Q(pk__in=alone.values("pk")) | Q(announcement__in=announcements.values("pk"))


class LaureatePublicationFilter(SplitFilter):
    title = "publication"
    parameter_name = "publication"
    conditions = {
        "publie": ("public", lambda rows: rows.published()),
        "embargo": (
            "sous embargo",
            lambda rows: rows.filter(
                withdrawn_at__isnull=True,
                announcement__in=under_embargo(Announcement.objects.all()),
            ),
        ),
        "brouillon": (
            "brouillon",
            lambda rows: rows.filter(
                withdrawn_at__isnull=True,
                announcement__published_at__isnull=True,
                announcement__withdrawn_at__isnull=True,
            ),
        ),
        "retire": (
            "retiré",
            lambda rows: rows.filter(_withdrawn()),
        ),
    }


class AmountFilter(SplitFilter):
    title = "montant accordé"
    parameter_name = "montant"
    conditions = {
        "connu": ("connu", lambda rows: rows.filter(amount__isnull=False)),
        "non-communique": ("non communiqué", lambda rows: rows.filter(amount__isnull=True)),
    }


class CarrierInline(TabularInline):
    model = Carrier
    fields = ("position", "organisation", "announced_name", "role")
    autocomplete_fields = ("organisation",)
    verbose_name_plural = "porteurs, dans l’ordre de l’annonce"

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("organisation")


class LaureateForm(SluggedForm):
    """A laureate of an announcement that is neither scheduled nor public, nor becomes so now."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "group" in self.fields:
            groups = LaureateGroup.objects.filter(announcement=self.instance.announcement_id)
            self.fields["group"].queryset = groups

    def clean(self):
        cleaned = super().clean()
        former = self.instance.announcement_id and self.instance.announcement
        for announcement in {former, cleaned.get("announcement")} - {None}:
            try:
                releases.hold_editable(announcement)
            except Refusal as refusal:
                self.add_error("announcement", refusal)
        return cleaned


def _in_drafts(words: list[str]) -> QuerySet:
    """The keys of laureates of drafts that hold each of these folded words."""
    found = Laureate.objects.filter(announcement__published_at=None).order_by()
    # Those of drafts alone: the carriers of all laureates are many.
    carriers = Carrier.objects.filter(laureate__announcement__published_at=None).order_by()
    for word in words:
        carried = carriers.filter(
            Q(announced_name__icontains=word) | Q(organisation__slug__contains=word)
        )
        found = found.filter(
            Q(title__icontains=word)
            | Q(former_titles__icontains=word)
            | Q(slug__contains=word)
            | Q(summary__icontains=word)
            | Q(pk__in=carried.values("laureate"))
        )
    return found.values("pk")


@admin.register(Laureate)
class LaureateAdmin(HeldDeletion, LaureateActPages, ExportableAdmin, ModelAdmin):
    resource_classes = [LaureateResource]
    change_form_template = "admin/laureates/laureate/change_form.html"
    index_order = 11
    form = LaureateForm
    # Which fields they are is the full text's business: see `get_search_results`.
    search_fields = ("title", "public_id")
    search_help_text = "Mots du titre, d’un porteur ou du texte, ou identifiant public."
    list_display = (
        "title",
        "position",
        "call",
        "is_published",
        "amount_label",
        "project_state",
    )
    list_display_links = ("title",)
    list_filter = (
        LaureatePublicationFilter,
        ("announcement", RelatedFilter),
        ("themes", RelatedFilter),
        AmountFilter,
        "project_state",
    )
    list_select_related = ("announcement",)
    autocomplete_fields = ("announcement", "themes", "territories")
    ordering = ("-announcement__published_at", "announcement", "position")
    readonly_fields = ("preview", "updated_at", "withdrawn_at", "withdrawal_reason")
    inlines = (CarrierInline,)
    fieldsets = (
        (
            "Projet",
            {
                "fields": (
                    "title",
                    "has_own_title",
                    "summary",
                    "description",
                    "former_titles",
                    "slug",
                )
            },
        ),
        ("Place dans l’annonce", {"fields": (("announcement", "position"), "group", "public_id")}),
        ("Classement", {"fields": ("themes", "territories", "classification_source")}),
        ("Financement et avancement", {"fields": (("amount", "project_state"),)}),
        ("Provenance", {"fields": ("source", ("source_url", "source_on"))}),
        (
            "Données ouvertes",
            {
                "fields": (
                    ("funder_name", "funder_siret"),
                    ("decision_reference", "agreement_signed_on"),
                    ("payment_terms", "payment_period"),
                    "programme_code",
                ),
                "classes": ("collapse",),
                "description": "Demandées par les formats publics. Vide\u00a0: non communiqué.",
            },
        ),
        ("Aperçu de la fiche publique", {"fields": ("preview",), "classes": ("collapse",)}),
    )

    def list_links(self, request):
        return import_links(request.user)

    def get_queryset(self, request):
        return super().get_queryset(request).with_is_published()

    def changeform_view(self, request, *args, **kwargs):
        if request.method != "POST":
            return super().changeform_view(request, *args, **kwargs)
        # A form saves a laureate, its carriers and its links: it is derived once.
        with transaction.atomic(), index.gathering():
            return super().changeform_view(request, *args, **kwargs)

    def get_search_results(self, request, queryset, search_term):
        """Laureates by the words of their page, accents and endings aside, or by their public
        identifier; where none is found, by a part of the words of their title. Those of drafts,
        which nothing indexes, by a part of the words of their title, summary or carriers."""
        term = search_term.strip()
        if not term:
            return queryset, False
        known = Laureate.objects.order_by()
        if named := list(known.filter(public_id=term.lower()).values_list("pk", flat=True)):
            return queryset.filter(pk__in=named), False
        words = search.words(term)[:WORDS_MAX]
        if not words:
            return queryset.none(), False
        found, drafts = search.holding(term), _in_drafts(words)
        if not known.filter(found).exists() and not drafts.exists():
            titled = Card.objects.order_by().values("laureate")
            for word in words:
                titled = titled.filter(sort_title__contains=word)
            found = Q(pk__in=titled)
        return queryset.filter(found | Q(pk__in=drafts)), False

    def get_fieldsets(self, request, obj=None):
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None:
            # The groups to choose from are those of an announcement: one is chosen first.
            place = (fieldsets[1][0], {"fields": (("announcement", "position"), "public_id")})
            return [fieldsets[0], place, *fieldsets[2:6]]
        if obj.withdrawn_at:
            withdrawal = ("Retrait", {"fields": ("withdrawn_at", "withdrawal_reason")})
            return [withdrawal, *fieldsets]
        return fieldsets

    def get_readonly_fields(self, request, obj=None):
        fields = super().get_readonly_fields(request, obj)
        return (*fields, "public_id") if obj else fields

    def has_change_permission(self, request, obj=None):
        """A laureate that is scheduled, public or withdrawn changes by the acts of publication."""
        if obj is not None and (obj.withdrawn_at or releases.is_locked(obj.announcement)):
            return False
        return super().has_change_permission(request, obj)

    def get_urls(self):
        return [*self.act_urls(), *super().get_urls()]

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj is not None:
            context["panel"] = LaureatePanel(obj, request.user)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def lookup_allowed(self, lookup, value, request):
        return lookup == "carriers__organisation" or super().lookup_allowed(lookup, value, request)

    def public_queryset(self):
        return Laureate.objects.published()

    def announcement_of(self, obj):
        return obj.announcement

    def deletion_refusal(self, request, obj):
        if obj.withdrawn_at or obj.announcement.withdrawn_at:
            return "Ce lauréat a été retiré\u00a0: sa page dit pourquoi, il est conservé."
        if obj.is_published:
            return (
                "Ce lauréat est public\u00a0: il se retire, avec un motif, et ne se supprime pas."
            )
        if obj.announcement.published_at:
            return "La publication de son annonce est programmée\u00a0: déprogrammez-la d’abord."
        return ""

    @admin.display(description="public", boolean=True, ordering="is_published")
    def is_published(self, obj):
        return obj.is_published

    @admin.display(description="annonce", ordering="announcement")
    def call(self, obj):
        return obj.announcement.label

    @admin.display(description="montant accordé", ordering="amount")
    def amount_label(self, obj):
        return euros(obj.amount)

    @admin.display(description="aperçu")
    def preview(self, obj):
        """The page's public content, as stored: what is typed shows once saved."""
        context = {
            "laureate": obj,
            "carriers": obj.carriers.select_related("organisation"),
            "themes": obj.themes.all(),
            "territories": obj.territories.all(),
        }
        return render_to_string("admin/laureates/laureate/preview.html", context)
