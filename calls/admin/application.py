"""Dossiers: the list to work from, and the page of each."""

from django.contrib import admin
from django.db import connection
from django.db.models import Exists, OuterRef, Q, Subquery, TextField
from django.db.models.functions import Cast, Collate
from django.db.models.lookups import IContains
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.formats import date_format
from django.utils.functional import SimpleLazyObject
from django.utils.http import urlencode
from django.utils.text import smart_split, unescape_string_literal
from django.utils.timezone import localtime

from calls import gates, indicators, reading, sheet
from calls.admin.application_filters import BY_PARAMETER, FILTERS, IN_FULL, conditions_met
from calls.admin.attachment import AttachmentViews, attachment_form
from calls.admin.bulk import BulkActsMixin
from calls.admin.dossier import Dossier
from calls.admin.dossier_acts import DossierActs
from calls.admin.shared import badge
from calls.eligibility import principal_bearer
from calls.forms import NoteForm
from calls.models import Application, Bearer, Review, Selection
from calls.models.event import Event
from calls.resources import ApplicationResource, RetainedApplicationResource
from ftap.exports import ExportableAdmin
from ftap.listfilters import RelatedFilter
from ftap.lists import KeyedList, tally
from ftap.modeladmin import ModelAdmin, TabularInline
from ftap.subqueries import count_of
from ftap.templatetags.ftap import euros

BEARERS = "bearers__declared_name"
SHEET = "admin/calls/application/sheet.html"
UNDISCLOSED = "non détaillée"
UNDISCLOSED_HELP = (
    "Cette candidature a été reçue et n’est pas publique\u00a0: rien d’autre n’en est connu. "
    "Elle ne se modifie pas et ne sera jamais liée à un lauréat."
)
# The links above the list: (label, parameter, value) of the filters.
PRESETS = (
    ("Avis à rendre", "avis", "a-rendre"),
    ("Avis à rendre, en retard", "avis", "a-rendre-en-retard"),
    ("À déclarer recevables", "etape", "a-declarer"),
    ("À mettre en instruction", "etape", "a-instruire"),
    ("En instruction", "etape", "en-instruction"),
    ("Mes dossiers", "instructeur", "moi"),
    ("Avis attendus", "avis", "attendus"),
    ("Avis en retard", "avis", "en-retard"),
    ("Compléments en retard", "complement", "en-retard"),
    ("Instruits", "etape", "instruits"),
    ("À inscrire", "etape", "a-inscrire"),
)


def _holds(name: str, word: str) -> Q:
    """Whether a field holds a word, capitals or not. PostgreSQL is slow to tell the capitals of
    every language: where the word has letters of ASCII alone, so much is asked of the text."""
    if not word.isascii() or connection.vendor != "postgresql":
        return Q(**{f"{name}__icontains": word})
    return Q(IContains(Collate(Cast(name, TextField()), "C"), word))


class BearerInline(TabularInline):
    model = Bearer
    fields = ("position", "organisation", "declared_name", "role")
    autocomplete_fields = ("organisation",)
    verbose_name_plural = "porteurs, dans l’ordre du dossier"

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("organisation")

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and not (obj and obj.is_undisclosed)


class DossierList(KeyedList):
    """The list, with what its columns show read with the rows of its page."""

    def __init__(self, request, *args, **kwargs):
        self.user = request.user
        super().__init__(request, *args, **kwargs)

    def with_columns(self, queryset):
        return queryset.prefetch_related("bearers__organisation").annotate(**_columns(self.user))

    def get_ordering_field(self, field_name):
        """A column that the reader may not sort is not sorted by a forged address either."""
        if self.sortable_by is not None and field_name not in self.sortable_by:
            return None
        return super().get_ordering_field(field_name)


def _columns(user):
    """What is read of each dossier besides its row: how far, opinions, last event, grant."""
    reviews = Review.objects.visible_to(user)
    in_full = Application.objects.read_in_full_by(user).filter(pk=OuterRef("pk"))
    events = Event.objects.filter(application=OuterRef("pk")).order_by("-number")
    retained = Selection.objects.visible_to(user).retained().filter(application=OuterRef("pk"))
    return {
        "in_full": Exists(in_full),
        "asked_opinions": count_of(reviews.live(), "application"),
        "given_opinions": count_of(reviews.rendered(), "application"),
        "last_moved_at": Subquery(events.values("occurred_at")[:1]),
        "is_retained": Exists(retained),
        "granted_amount": Subquery(
            retained.order_by("-decided_on", "-pk").values("granted_amount")[:1]
        ),
    }


@admin.register(Application)
class ApplicationAdmin(BulkActsMixin, DossierActs, AttachmentViews, ExportableAdmin, ModelAdmin):
    """Dossiers. Their facts are edited here; their state moves through the acts alone.

    The page of a dossier shows each reader what they may read of it, and the form of its facts to
    those who may change them. An undisclosed one is read-only: nothing is known of it.
    """

    resource_classes = [ApplicationResource]
    index_order = 23
    str_select_related = ("session__call",)
    search_fields = ("reference", "title", "form_number", BEARERS)
    search_help_text = "Référence, titre, numéro du dossier en ligne ou porteur."
    list_display = (
        "reference",
        "title_label",
        "lead",
        "asked_amount_label",
        "state_badge",
        "officer",
        "opinions",
        "last_move",
    )
    list_display_links = ("reference", "title_label")
    list_filter = (*FILTERS, ("session", RelatedFilter), "is_undisclosed", "form_state")
    list_select_related = ("session__call", "case_officer")
    autocomplete_fields = ("session", "themes", "territories")
    readonly_fields = ("state_badge",)
    change_list_template = "admin/calls/application/change_list.html"
    change_form_template = "admin/calls/application/change_form.html"
    inlines = (BearerInline,)
    fieldsets = (
        ("Dossier", {"fields": ("reference", "session", "state_badge", "is_undisclosed")}),
        ("Projet", {"fields": ("title", "summary")}),
        ("Financement demandé", {"fields": (("asked_amount", "total_cost"),)}),
        ("Classement", {"fields": ("themes", "territories")}),
        (
            "Dépôt en ligne",
            {"fields": (("received_on", "completed_on"), ("form_number", "form_state"))},
        ),
        ("Contact", {"fields": (("contact_name", "contact_email"),)}),
        ("Provenance", {"fields": ("source",)}),
    )

    def get_urls(self):
        sheet_view = self.admin_site.admin_view(self.sheet_view)
        return [
            path("<int:object_id>/fiche/", sheet_view, name="calls_application_sheet"),
            *self.act_urls(),
            *self.attachment_urls(),
            *super().get_urls(),
        ]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("session__call", "case_officer")

    def get_export_resource_classes(self, request):
        if request.user.has_perm(IN_FULL):
            return super().get_export_resource_classes(request)
        return [RetainedApplicationResource]

    # The list -----------------------------------------------------------------------------

    def get_changelist(self, request, **kwargs):
        return DossierList

    def get_list_display(self, request):
        if request.user.has_perm(IN_FULL):
            return super().get_list_display(request)
        columns = ("reference", "title_label", "lead")
        return (*columns, "granted_label") if reading.reads_retained(request.user) else columns

    def get_sortable_by(self, request):
        # The order of a column tells of what it shows.
        if reading.is_partial(request.user):
            return ("reference", "title_label")
        return super().get_sortable_by(request)

    def get_search_fields(self, request):
        if reading.is_partial(request.user):
            return ("reference", "title", BEARERS)
        return super().get_search_fields(request)

    def search(self, request, queryset, search_term):
        """As Django does; but bearers are searched apart: joined, they have each dossier read again
        for each of them. All of them are where every dossier is read, else those of each one."""
        reads_every = Application.objects.reads_every(request.user)
        names = [name for name in self.get_search_fields(request) if name != BEARERS]
        condition = Q()
        for word in smart_split(search_term):
            if word[0] in "\"'" and word[0] == word[-1]:
                word = unescape_string_literal(word)
            bearers = Bearer.objects.filter(_holds("declared_name", word)).order_by()
            if reads_every:
                found = Q(pk__in=bearers.values("application"))
            else:
                found = indicators.has_one_of(bearers)
            for name in names:
                found |= _holds(name, word)
            condition &= found
        return queryset.filter(condition) if condition else queryset, False

    def get_list_filter(self, request):
        if not reading.is_partial(request.user):
            return super().get_list_filter(request)
        if request.user.has_perm("calls.view_callsession"):
            return (*FILTERS, ("session", RelatedFilter))
        return FILTERS

    def lookup_allowed(self, lookup, value, request):
        if reading.is_partial(request.user):
            return lookup == "session__id__exact" or lookup in BY_PARAMETER
        return super().lookup_allowed(lookup, value, request)

    def get_changelist_instance(self, request):
        changelist = super().get_changelist_instance(request)
        # Counted when they are shown: an export asks the list for its query alone.
        changelist.presets = SimpleLazyObject(lambda: self._presets(request))
        return changelist

    def _presets(self, request):
        """[{label, count, is_more, url, is_current}] above the list; a count is that of the linked
        list."""
        user = request.user
        presets = [
            (label, parameter, value)
            for label, parameter, value in PRESETS
            if _is_for(user, BY_PARAMETER[parameter].conditions[value])
        ]
        rows = Application.objects.visible_to(user)
        url = reverse("admin:calls_application_changelist")
        return [
            {
                "label": label,
                **tally(rows.filter(conditions_met(user, **{parameter: value}))),
                "url": f"{url}?{urlencode({parameter: value})}",
                "is_current": request.GET.get(parameter) == value,
            }
            for label, parameter, value in presets
        ]

    # The page of a dossier ------------------------------------------------------------------

    def get_inlines(self, request, obj):
        if obj is not None and not self.has_change_permission(request, obj):
            return ()
        return super().get_inlines(request, obj)

    def get_fieldsets(self, request, obj=None):
        if obj is not None and not self.has_change_permission(request, obj):
            # What is read is in the sections of the page, which ask what the reader may read.
            return ()
        return super().get_fieldsets(request, obj)

    def get_readonly_fields(self, request, obj=None):
        fields = super().get_readonly_fields(request, obj)
        return (*fields, "reference", "is_undisclosed") if obj else fields

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and not (obj and obj.is_undisclosed)

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj is not None and change:
            dossier = Dossier(obj, request.user)
            context |= {
                "title": str(obj),
                "subtitle": None,
                "dossier": dossier,
                "undisclosed_help": UNDISCLOSED_HELP,
                "note_form": NoteForm(auto_id="note_%s") if dossier.may_note else None,
                "file_form": attachment_form() if dossier.may_file else None,
                "may_change": self.has_change_permission(request, obj),
            }
        return super().render_change_form(request, context, add, change, form_url, obj)

    def response_post_save_change(self, request, obj):
        return HttpResponseRedirect(self.dossier_url(obj))

    def deletion_refusal(self, request, obj):
        return "Un dossier reçu ne se supprime pas\u00a0: il reste dans l’historique de la session."

    # The sheet ---------------------------------------------------------------------------------

    def sheet_view(self, request, object_id):
        """The synthesis sheet, to print; the fragment alone for a script of another page."""
        dossier = self.get_dossier(request, object_id)
        application = dossier.application
        found = sheet.sheets([application], request.user)
        if application.pk not in found:
            raise Http404(f"pas de fiche\u00a0: {application.reference}")
        fragment = "X-Fragment" in request.headers
        request.current_app = self.admin_site.name
        return TemplateResponse(
            request,
            "admin/calls/application/_sheet.html" if fragment else SHEET,
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": f"Fiche\u00a0: {application}",
                "application": application,
                "sheet": found[application.pk],
                "level": 2,
                **({} if fragment else self._neighbours(application, request.user)),
            },
        )

    def _neighbours(self, application, user):
        """The dossiers before and after in the session, among those that the reader reads."""
        rows = (
            Application.objects.read_in_full_by(user)
            .disclosed()
            .filter(session=application.session_id)
            .order_by("reference")
        )
        return {
            "previous": rows.filter(reference__lt=application.reference).last(),
            "next": rows.filter(reference__gt=application.reference).first(),
        }

    # Columns: empty where the reader does not read the dossier whole ------------------------------

    @admin.display(description="titre", ordering="title")
    def title_label(self, obj):
        return badge("undisclosed", UNDISCLOSED) if obj.is_undisclosed else obj.title

    @admin.display(description="porteur principal")
    def lead(self, obj):
        return principal_bearer(obj)

    @admin.display(description="état", ordering="state")
    def state_badge(self, obj):
        # On the form of a dossier, which only those who read it whole may change.
        return badge(obj.state, obj.get_state_display()) if getattr(obj, "in_full", True) else None

    @admin.display(description="demandé", ordering="asked_amount")
    def asked_amount_label(self, obj):
        if obj.is_undisclosed or not obj.in_full:
            return None
        return "non communiqué" if obj.asked_amount is None else euros(obj.asked_amount)

    @admin.display(description="instructeur", ordering="case_officer__last_name")
    def officer(self, obj):
        if obj.case_officer is None or not obj.in_full:
            return None
        return gates.person(obj.case_officer)

    @admin.display(description="avis")
    def opinions(self, obj):
        if not obj.in_full or not obj.asked_opinions:
            return None
        return f"{obj.given_opinions}\u00a0/\u00a0{obj.asked_opinions}"

    @admin.display(description="mouvement")
    def last_move(self, obj):
        if obj.last_moved_at is None or not obj.in_full:
            return None
        return date_format(localtime(obj.last_moved_at), "d/m/Y")

    @admin.display(description="montant accordé")
    def granted_label(self, obj):
        return euros(obj.granted_amount) if obj.is_retained else None


def _is_for(user, condition):
    """Whether a link to this condition is for `user`: reviewers of other institutions alone have
    opinions of their own to give."""
    if condition.permission == "calls.give_opinion" and not reading.is_partial(user):
        return False
    return user.has_perm(condition.permission)
