from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html

from calls import indicators
from calls.admin import figures
from calls.admin.session_filters import SessionAnomalyFilter
from calls.admin.shared import visible_applications
from calls.models import (
    Application,
    Call,
    CallSession,
    Committee,
    EligibilityRule,
    FormerDeadline,
    Selection,
)
from calls.resources import CallSessionResource
from ftap.exports import ExportableAdmin
from ftap.listfilters import RelatedFilter
from ftap.modeladmin import ModelAdmin, StackedInline, TabularInline, list_link
from ftap.subqueries import count_of
from ftap.templatetags.ftap import euros
from laureates.admin.shared import SluggedForm


class CallSessionForm(SluggedForm):
    slug_source = "call"

    def slug_text(self, cleaned):
        if not (call := cleaned.get("call")):
            return ""
        number = cleaned.get("number")
        label = f"session {number}" if number else cleaned.get("label") or "session"
        return f"{call.slug} {label}"


class FormerDeadlineInline(TabularInline):
    model = FormerDeadline
    fields = ("position", "deadline_on", "deadline_time", "replaced_on", "source")


class EligibilityRuleInline(StackedInline):
    model = EligibilityRule
    fields = (
        ("position", "kind", "carrier_kind"),
        ("value", "field"),
        "label",
        "source",
    )


@admin.register(CallSession)
class CallSessionAdmin(ExportableAdmin, ModelAdmin):
    """Sessions, and the follow-up of each: its funnel, its amounts, its official indicators."""

    resource_classes = [CallSessionResource]
    change_form_template = "admin/calls/session/change_form.html"
    index_order = 22
    str_select_related = ("call",)
    form = CallSessionForm
    search_fields = ("label", "call__title")
    search_slug = "slug"
    list_display = (
        "__str__",
        "opens_on",
        "deadline_on",
        "envelope_label",
        "applications",
        "retained",
        "follow_up",
    )
    list_filter = (("call", RelatedFilter), "call__year", SessionAnomalyFilter)
    list_select_related = ("call",)
    date_hierarchy = "deadline_on"
    autocomplete_fields = ("call", "expected_institutions")
    readonly_fields = ("applications", "retained")
    inlines = (FormerDeadlineInline, EligibilityRuleInline)
    fieldsets = (
        ("Session", {"fields": ("call", ("number", "label"), "slug")}),
        (
            "Dépôt des dossiers",
            {
                "fields": ("opens_on", ("deadline_on", "deadline_time"), "deadline_source"),
                "description": (
                    "Ces dates et leurs changements sont publics dès que l’appel l’est\u00a0: une "
                    "date limite déplacée se garde dans les anciennes dates limites."
                ),
            },
        ),
        (
            "Instruction",
            {"fields": (("envelope", "envelope_is_public"), "expected_institutions")},
        ),
        ("Dossiers", {"fields": ("applications", "retained")}),
        ("Entre agents", {"fields": ("staff_note",)}),
    )

    def get_queryset(self, request):
        user = request.user
        retained = (
            Selection.objects.visible_to(user)
            .live()
            .filter(state=Selection.State.VALIDATED, outcome=Selection.Outcome.RETAINED)
        )
        readable = indicators.readable_sessions(user).order_by()
        return (
            super()
            .get_queryset(request)
            .annotate(application_count=visible_applications(user, "session"))
            .annotate(retained_count=count_of(retained, "application__session"))
            .annotate(has_figures=Exists(readable.filter(pk=OuterRef("pk"))))
        )

    def get_readonly_fields(self, request, obj=None):
        """The address of a session that visitors know does not change."""
        fields = super().get_readonly_fields(request, obj)
        if obj and (obj.call.withdrawn_at or self.public_queryset().filter(pk=obj.pk).exists()):
            return (*fields, "slug")
        return fields

    def public_queryset(self):
        return CallSession.objects.filter(call__in=Call.objects.published().values("pk"))

    def get_fieldsets(self, request, obj=None):
        fieldsets = super().get_fieldsets(request, obj)
        return fieldsets if obj else [*fieldsets[:3], fieldsets[4]]

    # Follow-up ---------------------------------------------------------------

    def get_urls(self):
        view = self.admin_site.admin_view(self.dashboard_view)
        name = "calls_callsession_dashboard"
        return [path("<path:object_id>/suivi/", view, name=name), *super().get_urls()]

    def dashboard_view(self, request, object_id):
        """The figures of one session. 403 where the reader reads none of its dossiers."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(("GET", "HEAD"))
        if (session := self.get_object(request, unquote(object_id))) is None:
            raise Http404(f"session {object_id}")
        if not self.has_view_permission(request, session) or not session.has_figures:
            raise PermissionDenied
        (found,) = indicators.of([session], request.user)
        sittings = Committee.objects.visible_to(request.user).filter(session=session)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Suivi\u00a0: {session}",
            "opts": self.opts,
            "original": session,
            "item": figures.of_session(found),
            "indicators": [item for item in (found.delay, found.selectivity) if item],
            "work": figures.work(session, request.user),
            "sittings": sittings.order_by("held_on", "pk"),
            "has_change_permission": self.has_change_permission(request, session),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/calls/session/dashboard.html", context)

    # Columns -----------------------------------------------------------------

    @admin.display(description="suivi")
    def follow_up(self, obj):
        if not obj.has_figures:
            return None
        url = reverse("admin:calls_callsession_dashboard", args=[obj.pk])
        return format_html(
            '<a href="{}">Suivi<span class="visually-hidden"> de {}</span></a>', url, obj
        )

    @admin.display(description="enveloppe", ordering="envelope")
    def envelope_label(self, obj):
        return None if obj.envelope is None else euros(obj.envelope)

    @admin.display(description="dossiers reçus", ordering="application_count")
    def applications(self, obj):
        return list_link(Application, obj.application_count, session__id__exact=obj.pk)

    @admin.display(description="dossiers retenus", ordering="retained_count")
    def retained(self, obj):
        return list_link(
            Selection,
            obj.retained_count,
            application__session__id__exact=obj.pk,
            outcome__exact=Selection.Outcome.RETAINED,
            state__exact=Selection.State.VALIDATED,
            en_vigueur="oui",
        )
