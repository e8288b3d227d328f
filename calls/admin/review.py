"""Opinions: the list of those asked, and the page where one is given, amended or read."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.http import Http404
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html

from calls import gates, instruction
from calls.admin.act_pages import Act, ActPages, typed
from calls.admin.dossier import Dossier, is_late
from calls.admin.shared import badge
from calls.forms import OpinionForm, ReasonForm, demand
from calls.instruction.asked import closed_to_opinions, named
from calls.models import Review
from calls.resources import ReviewResource
from ftap.exports import ExportableAdmin
from ftap.listfilters import SplitFilter
from ftap.modeladmin import ModelAdmin
from laureates.models import Organisation

READ_ONLY = (
    "Vous lisez cet avis\u00a0: il se rend par l’institution ou par qui instruit le dossier."
)
PAGE = "admin/calls/review/opinion.html"


class StatusFilter(SplitFilter):
    title = "avancement"
    parameter_name = "avancement"
    conditions = {
        "a-rendre": ("à rendre", lambda rows: rows.expected()),
        "en-retard": ("en retard", lambda rows: rows.overdue()),
        "rendus": ("rendus", lambda rows: rows.rendered()),
        "annules": ("annulés", lambda rows: rows.filter(cancelled_at__isnull=False)),
    }


class InstitutionFilter(admin.SimpleListFilter):
    """The institutions that were asked, on dossiers that the reader sees."""

    title = "institution"
    parameter_name = "institution"

    def lookups(self, request, model_admin):
        asked = Review.objects.visible_to(request.user).order_by().values("institution")
        rows = Organisation.objects.filter(pk__in=asked).order_by("name")
        return [(str(row.pk), str(row)) for row in rows]

    def queryset(self, request, queryset):
        if self.value() in {value for value, _ in self.lookup_choices}:
            return queryset.filter(institution__pk=int(self.value()))
        return queryset


@admin.register(Review)
class ReviewAdmin(ActPages, ExportableAdmin, ModelAdmin):
    """Opinions asked. A reviewer of another institution finds theirs here and nothing else."""

    resource_classes = [ReviewResource]
    # After the dossiers, before the sittings.
    index_order = 24
    search_fields = ("application__reference", "application__title", "institution__name")
    search_help_text = "Référence ou titre du dossier, institution."
    list_display = (
        "dossier",
        "institution",
        "reviewer_name",
        "asked_on",
        "due_on",
        "status",
        "verdict_label",
    )
    list_display_links = None
    list_filter = (StatusFilter,)
    list_select_related = ("application", "institution", "reviewer")
    ordering = (
        F("cancelled_at").asc(nulls_first=True),
        F("rendered_at").asc(nulls_first=True),
        F("due_on").asc(nulls_last=True),
        "application__reference",
        "pk",
    )

    class Media:
        css = {"all": ["ftap/dossier.css"]}

    def get_urls(self):
        view = self.admin_site.admin_view(self.cancel_view)
        return [
            path("<int:object_id>/annuler/", view, name="calls_review_cancel"),
            *super().get_urls(),
        ]

    def get_list_filter(self, request):
        if self._is_reviewer(request.user):
            return (StatusFilter,)
        return (StatusFilter, "verdict", InstitutionFilter)

    def get_list_display(self, request):
        if self._is_reviewer(request.user):
            return ("dossier", "institution", "asked_on", "due_on", "status", "verdict_label")
        return super().get_list_display(request)

    @staticmethod
    def _is_reviewer(user):
        return user.has_perm("calls.give_opinion") and not user.has_perm(
            "calls.read_every_application"
        )

    def has_add_permission(self, request):
        # An opinion is asked from its dossier.
        return False

    def has_change_permission(self, request, obj=None):
        # It is given through its own page.
        return False

    def deletion_refusal(self, request, obj):
        return "Une demande d’avis s’annule, avec un motif\u00a0: elle ne se supprime pas."

    # The page of one opinion -----------------------------------------------------------

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        if object_id is None:
            raise PermissionDenied
        review = self._get_review(request, object_id)
        may_render = _may_render(request.user, review)
        if request.method == "POST" and not may_render:
            raise PermissionDenied
        standing = (
            _standing(review) if may_render else "Vous lisez cet avis sans pouvoir le rendre."
        )
        criteria = list(review.application.session.call.criteria.all())
        form = None
        if not standing or request.method == "POST":
            form = OpinionForm(typed(request), criteria=criteria, initial=_initial(review))
            form.scores = [form[form.score_name(criterion)] for criterion in form.criteria]

        def run(form):
            done = instruction.render_opinion(review, by=request.user, **form.facts())
            sense = done.get_verdict_display()
            return f"{done.application.reference}\u00a0: avis enregistré, {sense}."

        def renew(form):
            form.data = form.data.copy()
            form.data["version"] = Review.objects.values_list("version", flat=True).get(
                pk=review.pk
            )

        dossier = Dossier(review.application, request.user)
        reads_dossier = dossier.reading.in_full
        return self.act_page(
            request,
            review.application,
            Act(
                title=f"Avis sur {review.application.reference}",
                button="Enregistrer l’avis" if review.rendered_at else "Rendre l’avis",
                run=run,
                form=form,
                standing=standing,
                renew=renew,
                back="" if reads_dossier else reverse("admin:calls_review_changelist"),
                anchor="avis",
                template=PAGE,
                context={
                    "review": review,
                    "dossier": dossier,
                    "scores": list(review.scores.select_related("criterion")),
                    "unscored": [criterion for criterion in criteria if not criterion.scale_max],
                    "is_late": is_late(review),
                    "may_cancel": not standing and _conducts(request.user, review),
                },
            ),
        )

    def cancel_view(self, request, object_id):
        review = self._get_review(request, object_id)
        if not _conducts(request.user, review):
            raise PermissionDenied
        form = ReasonForm(typed(request))
        demand(form, "comment")

        def run(form):
            instruction.cancel_opinion(review, by=request.user, reason=form.comment)
            return (
                f"{review.application.reference}\u00a0: demande d’avis à {review.institution} "
                "annulée."
            )

        return self.act_page(
            request,
            review.application,
            Act(
                title=f"Annuler l’avis de {review.institution}",
                button="Annuler l’avis",
                run=run,
                form=form,
                effects=(
                    "L’avis n’est plus attendu, et ne compte plus s’il est rendu.",
                    "Il reste dans l’historique du dossier.",
                ),
                standing=_standing(review),
                anchor="avis",
            ),
        )

    def _get_review(self, request, object_id) -> Review:
        review = self.get_object(request, str(object_id))
        if review is None:
            if not self.has_view_permission(request):
                raise PermissionDenied
            raise Http404(f"calls.Review {object_id}")
        return review

    def get_queryset(self, request):
        return (
            super()
            .get_queryset(request)
            .select_related("application__session__call", "application__case_officer")
            .select_related("institution", "reviewer", "asked_by", "rendered_by")
        )

    # Columns ------------------------------------------------------------------------------

    @admin.display(description="dossier", ordering="application__reference")
    def dossier(self, obj):
        return format_html(
            '<a href="{}">{}</a>',
            reverse("admin:calls_review_change", args=[obj.pk]),
            f"{obj.application.reference}\u00a0: {obj.application.title}",
        )

    @admin.display(description="rapporteur", ordering="reviewer__last_name")
    def reviewer_name(self, obj):
        return obj.reviewer and gates.person(obj.reviewer)

    @admin.display(description="demandé le", ordering="asked_at")
    def asked_on(self, obj):
        return timezone.localdate(obj.asked_at)

    @admin.display(description="avancement", ordering="rendered_at")
    def status(self, obj):
        return badge(*status_of(obj))

    @admin.display(description="sens", ordering="verdict")
    def verdict_label(self, obj):
        return obj.get_verdict_display() or None


def _conducts(user, review) -> bool:
    """Whether `user` conducts the instruction of the dossier, and so its opinions."""
    return gates.may(user, gates.INSTRUCTING, review.application)


def _may_render(user, review) -> bool:
    return user.has_perm("calls.give_opinion", review) or _conducts(user, review)


def _standing(review) -> str:
    """Why this opinion is neither given, amended nor cancelled any more; empty if it is."""
    if review.cancelled_at:
        return f"Cet avis a été annulé\u00a0: {review.cancel_reason}"
    why = closed_to_opinions(review.application)
    return named(review.application, why) if why else ""


def status_of(review) -> tuple[str, str]:
    """(name of the badge, what it says) of an opinion."""
    if review.cancelled_at:
        return "withdrawn", "annulé"
    if review.rendered_at:
        return "reviewed", "rendu"
    return ("late", "en retard") if is_late(review) else ("received", "à rendre")


def _initial(review):
    initial = {
        name: getattr(review, name)
        for name in ("verdict", "comment", "confidential_comment", "version")
    }
    for score in review.scores.all():
        whole = score.score == score.score.to_integral_value()
        initial[f"score_{score.criterion_id}"] = int(score.score) if whole else score.score
    return initial
