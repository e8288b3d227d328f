from django.contrib import admin

from calls.admin.shared import count_of, visible_applications
from calls.models import Application, CallSession, EligibilityRule, FormerDeadline, Selection
from ftap.listfilters import RelatedFilter
from ftap.modeladmin import ModelAdmin, StackedInline, TabularInline, list_link
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
class CallSessionAdmin(ModelAdmin):
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
    )
    list_filter = (("call", RelatedFilter), "call__year")
    list_select_related = ("call",)
    date_hierarchy = "deadline_on"
    autocomplete_fields = ("call", "expected_institutions")
    readonly_fields = ("applications", "retained")
    inlines = (FormerDeadlineInline, EligibilityRuleInline)
    fieldsets = (
        ("Session", {"fields": ("call", ("number", "label"), "slug")}),
        (
            "Dépôt des dossiers",
            {"fields": ("opens_on", ("deadline_on", "deadline_time"), "deadline_source")},
        ),
        ("Instruction", {"fields": ("envelope", "expected_institutions")}),
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
        return (
            super()
            .get_queryset(request)
            .annotate(application_count=visible_applications(user, "session"))
            .annotate(retained_count=count_of(retained, "application__session"))
        )

    def get_fieldsets(self, request, obj=None):
        fieldsets = super().get_fieldsets(request, obj)
        return fieldsets if obj else [*fieldsets[:3], fieldsets[4]]

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
