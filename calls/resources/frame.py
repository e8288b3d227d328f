"""Funds, calls and sessions, and who may do what in a session besides their role."""

from django.db.models import Exists, OuterRef

from calls.models import Application, Call, CallSession, Selection
from ftap.exports import Cell, Resource, listed
from ftap.resources import ImportJobResource
from ftap.sheets import Kind
from ftap.subqueries import annotated, count_of
from laureates.models.public import publication_label


class FundResource(Resource):
    slug = Cell("Identifiant", "slug")
    name = Cell("Nom", "name")
    short_name = Cell("Sigle", "short_name")
    description = Cell("Présentation", "description", width=60)
    aims = Cell("Objectifs", lambda fund: listed(fund.aims.all()), width=60)
    announced_on = Cell("Annoncé le", "announced_on", Kind.DATE)
    siret = Cell("SIRET de l’attribuant", "siret", width=18)
    calls = Cell("Appels à projets", "call_count", Kind.INTEGER)
    source = Cell("Source", "source")

    def prepared(self, queryset):
        calls = count_of(Call.objects.all(), "fund")
        return annotated(queryset.prefetch_related("aims"), call_count=calls)


class CallResource(Resource):
    slug = Cell("Identifiant d’adresse", "slug")
    title = Cell("Titre", "title")
    year = Cell("Année", "year", Kind.YEAR)
    fund = Cell("Fonds", "fund__slug")
    publication = Cell("Publication")
    published_at = Cell("Publié le", "published_at", Kind.DATETIME)
    withdrawn_at = Cell("Retiré le", "withdrawn_at", Kind.DATETIME)
    is_continuous = Cell("Au fil de l’eau", "is_continuous")
    is_fictional = Cell("Fictif", "is_fictional")
    announced_on = Cell("Annoncé le", "announced_on", Kind.DATE)
    sessions = Cell("Sessions", "session_total", Kind.INTEGER)
    criteria = Cell("Critères", lambda call: listed(row.title for row in call.criteria.all()))
    public_text = Cell("Texte public", "public_text", width=60)
    how_to_apply = Cell("Comment candidater", "how_to_apply", width=60)
    form_url = Cell("Adresse du formulaire de dépôt", "form_url")
    source = Cell("Source", "source")
    staff_note = Cell("Note interne", "staff_note")

    def prepared(self, queryset):
        return (
            queryset.select_related("fund")
            .prefetch_related("criteria")
            .annotate(
                session_total=count_of(CallSession.objects.all(), "call"),
                is_public=Exists(Call.objects.published().filter(pk=OuterRef("pk"))),
            )
        )

    def dehydrate_publication(self, call):
        label = publication_label(call, is_published=call.is_public)
        return self.published(label, call.is_public)


class CallSessionResource(Resource):
    slug = Cell("Identifiant d’adresse", "slug")
    call = Cell("Appel à projets", "call__slug")
    call_title = Cell("Titre de l’appel", "call__title")
    year = Cell("Année", "call__year", Kind.YEAR)
    number = Cell("Numéro", "number", Kind.INTEGER)
    label = Cell("Intitulé", "label")
    opens_on = Cell("Ouverture du dépôt", "opens_on", Kind.DATE)
    deadline_on = Cell("Date limite", "deadline_on", Kind.DATE)
    deadline_time = Cell("Heure limite")
    deadline_source = Cell("Source de la date limite", "deadline_source")
    former_deadlines = Cell(
        "Anciennes dates limites",
        lambda row: listed(old.deadline_on.isoformat() for old in row.former_deadlines.all()),
    )
    envelope = Cell("Enveloppe (€)", "envelope", Kind.EUROS)
    envelope_is_public = Cell("Enveloppe publique", "envelope_is_public")
    institutions = Cell(
        "Avis attendus de", lambda row: listed(row.expected_institutions.all()), width=40
    )
    applications = Cell("Dossiers reçus", "application_count", Kind.INTEGER)
    retained = Cell("Dossiers retenus", "retained_count", Kind.INTEGER)
    staff_note = Cell("Note interne", "staff_note")

    def prepared(self, queryset):
        retained = Selection.objects.visible_to(self.user).retained()
        return annotated(
            queryset.select_related("call").prefetch_related(
                "former_deadlines", "expected_institutions"
            ),
            application_count=count_of(Application.objects.visible_to(self.user), "session"),
            retained_count=count_of(retained, "application__session"),
        )

    def dehydrate_deadline_time(self, row):
        return f"{row.deadline_time:%H:%M}" if row.deadline_time else ""


class DossierImportResource(ImportJobResource):
    session = Cell("Session", "session__slug")

    class Meta:
        export_order = ("number", "filename", "session")

    def prepared(self, queryset):
        return super().prepared(queryset).select_related("session")


class AffiliationResource(Resource):
    account = Cell("Compte", "user__username")
    last_name = Cell("Nom", "user__last_name")
    first_name = Cell("Prénom", "user__first_name")
    organisation = Cell("Institution", "organisation__name")
    organisation_slug = Cell("Identifiant de l’institution", "organisation__slug")

    def prepared(self, queryset):
        return queryset.select_related("user", "organisation")


class SessionAccessResource(Resource):
    account = Cell("Compte", "user__username")
    last_name = Cell("Nom", "user__last_name")
    first_name = Cell("Prénom", "user__first_name")
    session = Cell("Session", "session__slug")
    session_label = Cell("Intitulé de la session", lambda row: str(row.session))

    def prepared(self, queryset):
        return queryset.select_related("user", "session__call")
