"""Dossiers, the opinions asked on them and the letters about them."""

from django.db.models import Exists, OuterRef, Prefetch, Subquery

from calls import reading
from calls.eligibility import principal_bearer
from calls.models import Application, Bearer, Event, Review, Selection
from ftap.exports import Cell, Resource, listed, person
from ftap.sheets import Kind
from ftap.subqueries import annotated, count_of
from laureates.resources import carrying, organisations, territory_key


def read_whole(value):
    """Reads a cell of the dossiers that the reader reads whole: « state », « session.slug »."""
    return _where("in_full", value)


def read_for_opinion(value):
    """Reads a cell of the dossiers read whole or to give an opinion: not of those to be public."""
    return _where("in_project", value)


def _where(condition, value):
    def read(application):
        if not getattr(application, condition):
            return None
        return value(application)

    return read


class RetainedApplicationResource(Resource):
    """What a publisher reads of a retained dossier: the title, the bearers, the summary, the
    granted amount and the rank among those retained."""

    reference = Cell("Référence", "reference")
    title = Cell("Titre", "title")
    lead = Cell("Porteur principal", lambda row: principal_bearer(row))
    bearers = Cell("Porteurs", lambda row: carrying(row.bearers.all()))
    organisations = Cell(
        "Identifiants des organismes", lambda row: organisations(row.bearers.all())
    )
    summary = Cell("Résumé", "summary", width=60)
    granted_amount = Cell("Montant accordé (€)", "granted_amount", Kind.EUROS)
    rank = Cell("Rang parmi les retenus", kind=Kind.INTEGER)

    def prepared(self, queryset):
        user = self.user
        retained = Selection.objects.visible_to(user).retained()
        self._ranks = reading.retained_ranks(user)
        granted = retained.filter(application=OuterRef("pk")).order_by("-decided_on", "-pk")
        return annotated(
            queryset.prefetch_related(None).prefetch_related(
                Prefetch("bearers", Bearer.objects.select_related("organisation"))
            ),
            granted_amount=Subquery(granted.values("granted_amount")[:1]),
            retained_selection=Subquery(granted.values("pk")[:1]),
        )

    def dehydrate_rank(self, application):
        return self._ranks.get(application.retained_selection)


class ApplicationResource(RetainedApplicationResource):
    """What those who read dossiers whole export. Of a dossier that they do not, they find what
    their opinion needs, or what will be public."""

    session = Cell("Session", read_for_opinion(lambda row: row.session.slug))
    call = Cell("Appel à projets", read_for_opinion(lambda row: row.session.call.title))
    state = Cell("État", read_whole(lambda row: row.get_state_display()))
    is_undisclosed = Cell("Non détaillée", read_whole(lambda row: row.is_undisclosed))
    asked_amount = Cell(
        "Montant demandé (€)", read_for_opinion(lambda row: row.asked_amount), Kind.EUROS
    )
    total_cost = Cell("Coût total (€)", read_for_opinion(lambda row: row.total_cost), Kind.EUROS)
    themes = Cell("Thèmes", read_for_opinion(lambda row: listed(row.themes.all())))
    territories = Cell("Territoires", read_for_opinion(lambda row: listed(row.territories.all())))
    territory_codes = Cell(
        "Codes des territoires",
        read_for_opinion(lambda row: listed(map(territory_key, row.territories.all()))),
    )
    case_officer = Cell("Instructeur", read_whole(lambda row: person(row.case_officer)))
    received_on = Cell("Déposé le", read_whole(lambda row: row.received_on), Kind.DATE)
    completed_on = Cell("Complet le", read_whole(lambda row: row.completed_on), Kind.DATE)
    form_number = Cell("Numéro du dossier en ligne", read_whole(lambda row: row.form_number))
    form_state = Cell(
        "État du dossier en ligne", read_whole(lambda row: row.get_form_state_display())
    )
    contact_name = Cell("Contact", read_whole(lambda row: row.contact_name))
    contact_email = Cell(
        "Adresse électronique du contact", read_whole(lambda row: row.contact_email)
    )
    admissibility_decided_at = Cell(
        "Recevabilité décidée le",
        read_whole(lambda row: row.admissibility_decided_at),
        Kind.DATETIME,
    )
    admissibility_reason = Cell(
        "Motif de la recevabilité", read_whole(lambda row: row.admissibility_reason)
    )
    review_started_at = Cell(
        "Mise en instruction le", read_whole(lambda row: row.review_started_at), Kind.DATETIME
    )
    asked_opinions = Cell("Avis demandés", read_whole(lambda row: row.asked_opinions), Kind.INTEGER)
    given_opinions = Cell("Avis rendus", read_whole(lambda row: row.given_opinions), Kind.INTEGER)
    missing_opinions_reason = Cell(
        "Motif des avis manquants", read_whole(lambda row: row.missing_opinions_reason)
    )
    synthesis = Cell("Synthèse de l’instruction", read_whole(lambda row: row.synthesis), width=60)
    reviewed_at = Cell(
        "Instruction close le", read_whole(lambda row: row.reviewed_at), Kind.DATETIME
    )
    withdrawn_at = Cell("Retirée le", read_whole(lambda row: row.withdrawn_at), Kind.DATETIME)
    withdrawal_reason = Cell("Motif du retrait", read_whole(lambda row: row.withdrawal_reason))
    last_moved_at = Cell(
        "Dernier mouvement le", read_whole(lambda row: row.last_moved_at), Kind.DATETIME
    )
    source = Cell("Source", read_whole(lambda row: row.source))

    class Meta:
        export_order = (
            "reference",
            "title",
            "session",
            "call",
            "state",
            "is_undisclosed",
            "lead",
            "bearers",
            "organisations",
            "summary",
            "asked_amount",
            "total_cost",
            "granted_amount",
            "rank",
        )

    def prepared(self, queryset):
        user = self.user
        reviews = Review.objects.visible_to(user)
        events = Event.objects.filter(application=OuterRef("pk")).order_by("-number")
        asked = Application.objects.asked_of(user).filter(pk=OuterRef("pk"))
        in_full = Application.objects.read_in_full_by(user).filter(pk=OuterRef("pk"))
        return annotated(
            super()
            .prepared(queryset)
            .select_related("session__call", "case_officer")
            .prefetch_related("themes", "territories"),
            in_full=Exists(in_full),
            in_project=Exists(in_full) | Exists(asked),
            asked_opinions=count_of(reviews.live(), "application"),
            given_opinions=count_of(reviews.rendered(), "application"),
            last_moved_at=Subquery(events.values("occurred_at")[:1]),
        )


class ReviewResource(Resource):
    """Opinions, but for their confidential part: it never leaves the dossier."""

    reference = Cell("Dossier", "application__reference")
    title = Cell("Titre", "application__title")
    institution = Cell("Institution", "institution__name")
    institution_slug = Cell("Identifiant de l’institution", "institution__slug")
    reviewer = Cell("Rapporteur", lambda row: person(row.reviewer))
    question = Cell("Question posée", "question")
    asked_at = Cell("Demandé le", "asked_at", Kind.DATETIME)
    asked_by = Cell("Demandé par", lambda row: person(row.asked_by))
    due_on = Cell("Attendu pour le", "due_on", Kind.DATE)
    verdict = Cell("Sens de l’avis", "get_verdict_display")
    comment = Cell("Commentaire", "comment", width=60)
    scores = Cell("Notes")
    rendered_at = Cell("Rendu le", "rendered_at", Kind.DATETIME)
    rendered_by = Cell("Rendu par", lambda row: person(row.rendered_by))
    cancelled_at = Cell("Annulé le", "cancelled_at", Kind.DATETIME)
    cancel_reason = Cell("Motif de l’annulation", "cancel_reason")

    def prepared(self, queryset):
        return queryset.select_related(
            "application", "institution", "reviewer", "asked_by", "rendered_by"
        ).prefetch_related("scores__criterion")

    def dehydrate_scores(self, review):
        return listed(
            f"{score.criterion.title}\u00a0: {score.score.normalize():f} sur "
            f"{score.criterion.scale_max}".replace(".", ",")
            for score in review.scores.all()
        )


class LetterResource(Resource):
    reference = Cell("Dossier", "application__reference")
    title = Cell("Titre", "application__title")
    kind = Cell("Objet", "get_kind_display")
    stage = Cell("Étape")
    recipient_name = Cell("Destinataire", "recipient_name")
    recipient_email = Cell("Adresse électronique", "recipient_email")
    subject = Cell("Objet du courrier", "subject")
    body = Cell("Texte", "body", width=60)
    drafted_at = Cell("Préparé le", "drafted_at", Kind.DATETIME)
    drafted_by = Cell("Préparé par", lambda row: person(row.drafted_by))
    reviewed_at = Cell("Relu le", "reviewed_at", Kind.DATETIME)
    reviewed_by = Cell("Relu par", lambda row: person(row.reviewed_by))
    sent_at = Cell("Envoyé le", "sent_at", Kind.DATETIME)
    sent_by = Cell("Envoyé par", lambda row: person(row.sent_by))
    channel = Cell("Voie d’envoi", "get_channel_display")
    superseded_at = Cell("Caduc depuis le", "superseded_at", Kind.DATETIME)
    superseded_reason = Cell("Caduc parce que", "superseded_reason")

    def prepared(self, queryset):
        return queryset.select_related("application", "drafted_by", "reviewed_by", "sent_by")

    def dehydrate_stage(self, letter):
        if letter.sent_at:
            return "envoyé"
        if letter.superseded_at:
            return "caduc"
        return "relu, à envoyer" if letter.reviewed_at else "à relire"
