from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Case, Count, Value, When
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html_join

from calls import gates
from calls import publication as bridge
from calls.admin.publication_forms import PreparationForms
from calls.admin.shared import badge
from calls.models import Committee, Publication
from calls.permissions import Hidden
from calls.publication.offering import NO_DECISION, PUBLISH
from calls.resources import PublicationResource
from ftap.exports import ExportableAdmin
from ftap.listfilters import SplitFilter
from ftap.modeladmin import ModelAdmin, change_link, storable
from ftap.templatetags.ftap import number
from laureates.admin.publishing_forms import ReasonForm
from laureates.models import Announcement, published_q
from laureates.models.public import publication_label

SITTINGS_MAX = 50


class StateFilter(SplitFilter):
    title = "annonce"
    parameter_name = "annonce"
    conditions = {
        "publique": (
            "publique",
            lambda rows: rows.filter(announcement__in=Announcement.objects.published()),
        ),
        "en-preparation": (
            "en préparation",
            lambda rows: rows.filter(announcement__withdrawn_at__isnull=True).exclude(
                announcement__in=Announcement.objects.published()
            ),
        ),
    }


@admin.register(Publication)
class PublicationAdmin(ExportableAdmin, ModelAdmin):
    """Which decisions each announcement was prepared from, and where both part."""

    resource_classes = [PublicationResource]
    index_order = 26
    change_form_template = "admin/calls/publication/change_form.html"
    change_list_template = "admin/calls/publication/change_list.html"
    str_select_related = ("announcement",)
    search_fields = ("announcement__title", "announcement__call_title")
    list_display = ("announcement", "state", "sittings", "laureates", "prepared_at")
    list_filter = (StateFilter,)
    list_select_related = ("announcement",)
    date_hierarchy = "prepared_at"
    readonly_fields = ("link", "state", "sittings", "laureates", "preparer")
    fieldsets = (
        (None, {"fields": ("link", "state", "sittings", "laureates")}),
        ("Préparation", {"fields": ("prepared_at", "preparer")}),
    )

    def get_queryset(self, request):
        return (
            super()
            .get_queryset(request)
            .select_related("announcement", "prepared_by")
            .prefetch_related("committees")
            .annotate(
                laureate_count=Count("announcement__laureates", distinct=True),
                is_published=Case(
                    When(published_q("announcement__"), then=Value(True)), default=Value(False)
                ),
            )
        )

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def get_urls(self):
        view = self.admin_site.admin_view
        return [
            path("prepare/", view(self.prepare_view), name="calls_publication_prepare"),
            path(
                "<int:object_id>/synchronise/",
                view(self.synchronise_view),
                name="calls_publication_synchronise",
            ),
            path(
                "<int:object_id>/discard/",
                view(self.discard_view),
                name="calls_publication_discard",
            ),
            *super().get_urls(),
        ]

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(
            request, {"may_prepare": request.user.has_perm(PUBLISH), **(extra_context or {})}
        )

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj is not None:
            refusal = bridge.synchronising_refusal(obj, request.user)
            context |= {
                "differences": bridge.differences(obj),
                "can_synchronise": not refusal and not bridge.plan(obj).is_empty,
                "synchronise_url": reverse("admin:calls_publication_synchronise", args=[obj.pk]),
                "can_discard": not bridge.discarding_refusal(obj, request.user),
                "discard_url": reverse("admin:calls_publication_discard", args=[obj.pk]),
            }
        return super().render_change_form(request, context, add, change, form_url, obj)

    # Preparing -----------------------------------------------------------------

    def prepare_view(self, request):
        """Choose closed sittings; with « seance » in the address, read and prepare their
        announcement. What the reader cannot announce answers as what does not exist."""
        if not request.user.has_perm(PUBLISH):
            raise PermissionDenied
        asked = [key for key in request.GET.getlist("seance") if key.isascii() and key.isdigit()]
        asked = {key for key in asked if storable(Committee._meta.pk, key)}
        if not asked:
            return self._choose(request)
        committees = list(bridge.waiting(request.user).filter(pk__in=asked))
        if len(committees) != len(asked):
            return self._nothing_left(request, asked)
        offer = bridge.offer(committees, request.user)
        is_post = request.method == "POST"
        forms = PreparationForms(offer, request.POST if is_post else None)
        errors = []
        if is_post and offer.refusals:
            errors = offer.refusals
        elif is_post and forms.is_valid():
            try:
                made = bridge.prepare(committees, by=request.user, values=forms.values())
            except Hidden as error:
                raise Http404 from error
            except ValidationError as error:
                if Publication.objects.filter(committees__in=committees).exists():
                    return self._nothing_left(request, asked)
                errors = error.messages
                forms = self._again(committees, request) or forms
            else:
                messages.success(
                    request,
                    f"L’annonce «\u00a0{made.announcement}\u00a0» est préparée, en "
                    "brouillon\u00a0: relisez-la, puis programmez ou publiez-la.",
                )
                return HttpResponseRedirect(self._url(made))
        return self._page(
            request,
            "admin/calls/publication/prepare.html",
            "Préparer une annonce",
            offer=offer,
            forms=forms,
            errors=errors,
            chooser_url=request.path,
        )

    def _again(self, committees, request):
        """The forms of what the sittings give now, with what was typed where it still stands."""
        offer = bridge.offer(bridge.waiting(request.user).filter(pk__in=committees), request.user)
        data = request.POST.copy()
        for dossier in offer.dossiers:
            data[f"dossier-{dossier.selection.pk}-version"] = str(dossier.selection.version)
        forms = PreparationForms(offer, data)
        forms.is_valid()
        return forms if offer.dossiers else None

    def _choose(self, request):
        sittings = list(bridge.waiting(request.user)[: SITTINGS_MAX + 1])
        groups = {}
        for committee in sittings[:SITTINGS_MAX]:
            groups.setdefault(committee.session or committee.fund, []).append(committee)
        return self._page(
            request,
            "admin/calls/publication/choose.html",
            "Préparer une annonce",
            groups=[
                {
                    "name": name,
                    "sittings": rows,
                    "count": sum(row.retained_count for row in rows),
                    "all_query": "&".join(f"seance={row.pk}" for row in rows),
                    "call": getattr(name, "call", None),
                }
                for name, rows in groups.items()
            ],
            is_cut=len(sittings) > SITTINGS_MAX,
            none=NO_DECISION,
        )

    def _nothing_left(self, request, asked):
        """A second click comes to what the first one made; anything else, to the choice."""
        rows = Publication.objects.visible_to(request.user).prefetch_related("committees")
        for publication in rows.filter(committees__in=asked).distinct():
            if {str(committee.pk) for committee in publication.committees.all()} == asked:
                messages.info(
                    request, "L’annonce de ces séances est déjà préparée\u00a0: la voici."
                )
                return HttpResponseRedirect(self._url(publication))
        messages.warning(request, NO_DECISION)
        return HttpResponseRedirect(reverse("admin:calls_publication_prepare"))

    # Synchronising ---------------------------------------------------------------

    def synchronise_view(self, request, object_id):
        """What synchronising would do, then the act."""
        publication = self._get(request, object_id)
        errors = []
        if request.method == "POST":
            try:
                done = bridge.synchronise(publication, by=request.user)
            except Hidden as error:
                raise Http404 from error
            except ValidationError as error:
                errors = error.messages
            else:
                level = messages.INFO if done.is_empty else messages.SUCCESS
                messages.add_message(request, level, _said(done))
                return HttpResponseRedirect(self._url(publication))
        refusal = bridge.synchronising_refusal(publication, request.user)
        return self._page(
            request,
            "admin/calls/publication/synchronise.html",
            "Synchroniser avec les décisions",
            publication=publication,
            plan=None if refusal else bridge.plan(publication),
            refusal=refusal,
            errors=errors,
            back=self._url(publication),
        )

    # Abandoning -------------------------------------------------------------------

    def discard_view(self, request, object_id):
        """Why, then the draft announcement is deleted; its decisions wait to be announced again."""
        if not request.user.has_perm(PUBLISH):
            raise PermissionDenied
        if request.method == "POST" and not self.get_queryset(request).filter(pk=object_id):
            # A second click.
            messages.info(request, "Cette préparation n’existe plus.")
            return HttpResponseRedirect(reverse("admin:calls_publication_changelist"))
        publication = self._get(request, object_id)
        form = ReasonForm(request.POST if request.method == "POST" else None)
        errors = []
        if request.method == "POST" and form.is_valid():
            try:
                bridge.discard(publication, by=request.user, reason=form.cleaned_data["reason"])
            except Hidden as error:
                raise Http404 from error
            except ValidationError as error:
                errors = error.messages
            else:
                messages.success(
                    request,
                    "La préparation est abandonnée : ces décisions peuvent être annoncées de "
                    "nouveau.",
                )
                return HttpResponseRedirect(reverse("admin:calls_publication_changelist"))
        return self._page(
            request,
            "admin/calls/publication/discard.html",
            "Abandonner la préparation",
            publication=publication,
            form=form,
            refusal=bridge.discarding_refusal(publication, request.user),
            errors=errors,
            back=self._url(publication),
        )

    def _get(self, request, object_id):
        if not request.user.has_perm(PUBLISH):
            raise PermissionDenied
        rows = self.get_queryset(request).filter(pk=object_id)
        if (publication := rows.first()) is None:
            raise Http404(f"calls.Publication {object_id}")
        return publication

    def _url(self, publication):
        return reverse("admin:calls_publication_change", args=[publication.pk])

    def _page(self, request, template, title, **context):
        request.current_app = self.admin_site.name
        shared = self.admin_site.each_context(request)
        return TemplateResponse(
            request, template, {**shared, "opts": self.opts, "title": title, **context}
        )

    # Columns -----------------------------------------------------------------------

    @admin.display(description="annonce")
    def link(self, obj):
        return change_link(obj.announcement)

    @admin.display(description="état de l’annonce")
    def state(self, obj):
        label = publication_label(obj.announcement, is_published=obj.is_published)
        return badge(label.replace(" ", "-"), label)

    @admin.display(description="préparée par")
    def preparer(self, obj):
        return gates.person(obj.prepared_by) if obj.prepared_by else None

    @admin.display(description="séances")
    def sittings(self, obj):
        return format_html_join(", ", "{}", ((committee,) for committee in obj.committees.all()))

    @admin.display(description="lauréats", ordering="laureate_count")
    def laureates(self, obj):
        return number(obj.laureate_count)


def _said(done):
    """What synchronising did, in one message."""
    parts = [
        (len(done.linked), "lauréat relié à sa décision", "lauréats reliés à leur décision"),
        (
            len(done.added),
            "lauréat ajouté au rectificatif en préparation" if done.is_public else "lauréat ajouté",
            "lauréats ajoutés au rectificatif en préparation"
            if done.is_public
            else "lauréats ajoutés",
        ),
        (len(done.removed), "lauréat retiré du brouillon", "lauréats retirés du brouillon"),
    ]
    said = [f"{number(n)}\u00a0{many if n > 1 else one}" for n, one, many in parts if n]
    if done.withdrawable:
        said.append("les lauréats publics sans décision se retirent depuis l’annonce")
    if not said:
        return "L’annonce suit déjà les décisions\u00a0: rien n’a changé."
    text = ", ".join(said)
    return f"{text[:1].upper()}{text[1:]}."
