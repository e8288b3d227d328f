from django.contrib import admin
from django.http import Http404
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime

from calls import gates
from calls.admin import committee_filters
from calls.admin.minutes import MinutesViews
from calls.admin.pack import PackViews
from calls.admin.recusal import RecusalViews
from calls.admin.shared import SelectionInline, badge, visible_selections
from calls.admin.sitting_agenda import AgendaViews
from calls.admin.sitting_steps import StepViews
from calls.admin.sitting_views import SittingViews
from calls.models import Committee, CommitteeMember, Selection
from calls.resources import CommitteeResource
from ftap.exports import ExportableAdmin
from ftap.listfilters import RelatedFilter
from ftap.modeladmin import ModelAdmin, TabularInline, list_link
from laureates.admin.shared import SluggedForm


class CommitteeForm(SluggedForm):
    slug_source = "name"

    def slug_text(self, cleaned):
        held_on = cleaned.get("held_on")
        return f"{cleaned.get('name') or ''} {held_on.isoformat() if held_on else ''}"


class MemberInline(TabularInline):
    """Who sits; whether they attended is recorded in the sitting's workspace."""

    model = CommitteeMember
    fields = ("position", "name", "title", "institution", "user", "is_voting")
    autocomplete_fields = ("institution", "user")
    verbose_name_plural = "membres de cette séance"

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("institution", "user")


@admin.register(Committee)
class CommitteeAdmin(
    SittingViews,
    StepViews,
    AgendaViews,
    RecusalViews,
    MinutesViews,
    PackViews,
    ExportableAdmin,
    ModelAdmin,
):
    """Sittings. The state shows, and moves only through the sitting's gate.

    A save counts as a change of the sitting: a page opened before it, to close it or to record
    who attends, is refused as stale.
    """

    resource_classes = [CommitteeResource]
    index_order = 24
    form = CommitteeForm
    change_form_template = "admin/calls/committee/change_form.html"
    str_select_related = ("session__call",)
    search_fields = ("name", "chair", "session__call__title")
    search_slug = "slug"
    list_display = (
        "name",
        "held_on",
        "session",
        "chair",
        "state_badge",
        "selections",
        "sitting_link",
    )
    list_filter = (
        *committee_filters.FILTERS,
        "state",
        ("fund", RelatedFilter),
        ("session", RelatedFilter),
    )
    list_select_related = ("session__call", "fund")
    date_hierarchy = "held_on"
    autocomplete_fields = ("fund", "session")
    readonly_fields = ("state_badge", "opened", "closed", "overrun_reason")
    inlines = (MemberInline, SelectionInline)
    fieldsets = (
        ("Séance", {"fields": ("name", ("fund", "session"), "held_on", "state_badge", "slug")}),
        ("Composition", {"fields": ("chair", "quorum")}),
        ("Enveloppe", {"fields": ("envelope",)}),
        ("Provenance", {"fields": ("source",)}),
    )

    def get_queryset(self, request):
        selections = visible_selections(request.user, "committee")
        return (
            super()
            .get_queryset(request)
            .select_related("session__call", "fund", "opened_by", "closed_by")
            .annotate(selection_count=selections)
        )

    def get_inlines(self, request, obj):
        return (MemberInline,) if obj is None else super().get_inlines(request, obj)

    def get_fieldsets(self, request, obj=None):
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or obj.state == Committee.State.PLANNED:
            return fieldsets
        held = ("opened",) if obj.state == Committee.State.OPEN else ("opened", "closed")
        if obj.overrun_reason and not self._is_masked(request.user, obj):
            held = (*held, "overrun_reason")
        return (*fieldsets[:-1], ("Tenue de la séance", {"fields": held}), fieldsets[-1])

    def has_change_permission(self, request, obj=None):
        closed = obj is not None and obj.state == Committee.State.CLOSED
        return super().has_change_permission(request, obj) and not closed

    def save_model(self, request, obj, form, change):
        if change:
            # The row is held since before it was read: nobody else counts at the same time.
            obj.version += 1
        super().save_model(request, obj, form, change)

    def deletion_refusal(self, request, obj):
        if obj.state != Committee.State.PLANNED:
            return "Une séance ouverte ou close fait partie de l’historique."
        return ""

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj is not None:
            context["sitting_url"] = reverse("admin:calls_committee_sitting", args=[obj.pk])
        return super().render_change_form(request, context, add, change, form_url, obj)

    def get_urls(self):
        return [
            *self.sitting_urls(),
            *self.step_urls(),
            *self.agenda_urls(),
            *self.recusal_urls(),
            *self.minutes_urls(),
            *self.pack_urls(),
            *super().get_urls(),
        ]

    def get_sitting(self, request, pk):
        """The sitting as its reader may see it, or a 404."""
        rows = Committee.objects.visible_to(request.user).select_related(
            "session__call", "fund", "opened_by", "closed_by"
        )
        if (committee := rows.filter(pk=pk).first()) is None:
            raise Http404(f"calls.Committee {pk}")
        return committee

    def _is_masked(self, user, obj):
        return Committee.objects.masked_for(user).filter(pk=obj.pk).exists()

    @admin.display(description="état", ordering="state")
    def state_badge(self, obj):
        return badge(obj.state, obj.get_state_display())

    @admin.display(description="ouverte")
    def opened(self, obj):
        return _moment(obj.opened_at, obj.opened_by)

    @admin.display(description="close")
    def closed(self, obj):
        return _moment(obj.closed_at, obj.closed_by)

    @admin.display(description="décisions", ordering="selection_count")
    def selections(self, obj):
        return list_link(
            Selection, obj.selection_count, committee__id__exact=obj.pk, en_vigueur="oui"
        )

    @admin.display(description="espace de séance")
    def sitting_link(self, obj):
        return format_html(
            '<a href="{}">Ouvrir<span class="visually-hidden"> la séance {}</span></a>',
            reverse("admin:calls_committee_sitting", args=[obj.pk]),
            obj,
        )


def _moment(moment, person):
    """« 23 septembre 2019 à 10:05 par Camille Agent »; None where it was not recorded."""
    if moment is None:
        return None
    text = date_format(localtime(moment), "j F Y à H:i")
    return f"{text} par {gates.person(person)}" if person else text
