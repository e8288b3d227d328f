"""Sittings, their decisions, what they were announced by, and acts on several dossiers."""

from django.db.models import Exists, OuterRef, Prefetch

from calls import bulk, reading
from calls.models import (
    Application,
    Bearer,
    BulkAct,
    BulkActItem,
    Committee,
    CommitteeMember,
    Selection,
)
from ftap.exports import Cell, Resource, listed, person
from ftap.sheets import Kind
from ftap.subqueries import annotated, count_of
from laureates.models import Announcement, Laureate
from laureates.models.public import publication_label
from laureates.resources import carrying


def _member(member) -> str:
    """« Camille Agent (Direction du budget, présent) »"""
    facts = (str(member.institution or ""), member.get_attendance_display())
    told = ", ".join(filter(None, facts))
    return f"{member.name} ({told})" if told else member.name


class CommitteeResource(Resource):
    """Sittings. What tells of a dossier that the reader is recused from is masked."""

    slug = Cell("Identifiant", "slug")
    name = Cell("Comité", "name")
    fund = Cell("Fonds", "fund__slug")
    session = Cell("Session", "session__slug")
    held_on = Cell("Date de la séance", "held_on", Kind.DATE)
    state = Cell("État", "get_state_display")
    chair = Cell("Présidence", "chair")
    quorum = Cell("Quorum", "quorum", Kind.INTEGER)
    members = Cell("Membres", lambda row: listed(map(_member, row.members.all())), width=60)
    envelope = Cell("Enveloppe de la séance (€)", "envelope", Kind.EUROS)
    selections = Cell("Décisions", "selection_count", Kind.INTEGER)
    opened_at = Cell("Ouverte le", "opened_at", Kind.DATETIME)
    opened_by = Cell("Ouverte par", lambda row: person(row.opened_by))
    closed_at = Cell("Close le", "closed_at", Kind.DATETIME)
    closed_by = Cell("Close par", lambda row: person(row.closed_by))
    overrun_reason = Cell("Motif du dépassement de l’enveloppe")
    source = Cell("Source", "source")

    def prepared(self, queryset):
        selections = Selection.objects.visible_to(self.user).live()
        masked = Committee.objects.masked_for(self.user).filter(pk=OuterRef("pk"))
        return annotated(
            queryset.select_related("fund", "session", "opened_by", "closed_by").prefetch_related(
                Prefetch("members", CommitteeMember.objects.select_related("institution"))
            ),
            selection_count=count_of(selections, "committee"),
            is_masked=Exists(masked),
        )

    def dehydrate_overrun_reason(self, committee):
        hidden = committee.is_masked and committee.overrun_reason
        return bulk.MASKED if hidden else committee.overrun_reason


class RetainedSelectionResource(Resource):
    """What a publisher reads of a decision « retenu »: never its private motive."""

    reference = Cell("Dossier", "application__reference")
    title = Cell("Titre", "application__title")
    bearers = Cell("Porteurs", lambda row: carrying(row.application.bearers.all()))
    summary = Cell("Résumé", "application__summary", width=60)
    committee = Cell("Comité", lambda row: str(row.committee))
    outcome = Cell("Sens de la décision", "get_outcome_display")
    granted_amount = Cell("Montant accordé (€)", "granted_amount", Kind.EUROS)
    amount_not_disclosed = Cell("Montant non communiqué", "amount_not_disclosed")
    retained_rank = Cell("Rang parmi les retenus", kind=Kind.INTEGER)
    decided_on = Cell("Décidée le", "decided_on", Kind.DATE)
    public_text = Cell("Texte public", "public_text", width=60)
    laureate = Cell("Lauréat")

    def prepared(self, queryset):
        self._ranks = reading.retained_ranks(self.user)
        known = Laureate.objects.visible_to(self.user).filter(pk=OuterRef("laureate"))
        return annotated(
            queryset.select_related("application", "committee", "laureate").prefetch_related(
                Prefetch("application__bearers", Bearer.objects.select_related("organisation"))
            ),
            is_laureate_known=Exists(known),
        )

    def dehydrate_retained_rank(self, selection):
        return self._ranks.get(selection.pk)

    def dehydrate_laureate(self, selection):
        """The public identifier, where its announcement is not kept from the reader."""
        return selection.laureate.public_id if selection.is_laureate_known else None


def read_whole(value):
    """Reads a cell of the decisions on dossiers that the reader reads whole."""
    return lambda selection: value(selection) if selection.in_full else None


class SelectionResource(RetainedSelectionResource):
    """Decisions, for those who read dossiers whole; the agenda's order would tell of the others."""

    committee_slug = Cell("Identifiant de la séance", read_whole(lambda row: row.committee.slug))
    state = Cell("État", read_whole(lambda row: row.get_state_display()))
    waiting_rank = Cell("Rang sur liste d’attente", kind=Kind.INTEGER)
    motive = Cell("Motif", read_whole(lambda row: row.motive), width=60)
    decided_by = Cell("Validée par", read_whole(lambda row: person(row.decided_by)))
    record_source = Cell("Source de la décision", read_whole(lambda row: row.record_source))
    superseded_at = Cell("Remplacée le", read_whole(lambda row: row.superseded_at), Kind.DATETIME)

    class Meta:
        export_order = (
            "reference",
            "title",
            "bearers",
            "summary",
            "committee",
            "committee_slug",
            "state",
            "outcome",
            "granted_amount",
            "amount_not_disclosed",
            "retained_rank",
            "waiting_rank",
            "decided_on",
            "decided_by",
            "motive",
        )

    def prepared(self, queryset):
        in_full = Application.objects.read_in_full_by(self.user)
        masked = Committee.objects.masked_for(self.user)
        return (
            super()
            .prepared(queryset)
            .select_related("decided_by")
            .annotate(
                in_full=Exists(in_full.filter(pk=OuterRef("application"))),
                is_masked=Exists(masked.filter(pk=OuterRef("committee"))),
            )
        )

    def dehydrate_waiting_rank(self, selection):
        # A gap among the ranks would tell of a dossier that the reader is recused from.
        return selection.rank if selection.in_full and not selection.is_masked else None


class PublicationResource(Resource):
    announcement = Cell("Annonce", "announcement__slug")
    title = Cell("Titre de l’annonce", "announcement__title")
    publication = Cell("Publication")
    sittings = Cell("Séances", lambda row: listed(row.committees.all()))
    laureates = Cell("Lauréats", "laureate_count", Kind.INTEGER)
    prepared_at = Cell("Préparée le", "prepared_at", Kind.DATETIME)
    prepared_by = Cell("Préparée par", lambda row: person(row.prepared_by))

    def prepared(self, queryset):
        public = Announcement.objects.published().filter(pk=OuterRef("announcement"))
        return annotated(
            queryset.select_related("announcement", "prepared_by").prefetch_related("committees"),
            is_published=Exists(public),
            laureate_count=count_of(Laureate.objects.all(), "announcement", "announcement"),
        )

    def dehydrate_publication(self, row):
        label = publication_label(row.announcement, is_published=row.is_published)
        return self.published(label, row.is_published)


class BulkActResource(Resource):
    """Receipts. How many dossiers an act went through is masked where one is hidden."""

    number = Cell("Numéro", "pk", Kind.YEAR)
    kind = Cell("Acte", "get_kind_display")
    label = Cell("Intitulé", "label")
    session = Cell("Session", "session__slug")
    committee = Cell("Séance", "committee__slug")
    dossiers = Cell("Nombre de dossiers", kind=Kind.INTEGER)
    references = Cell(
        "Dossiers", lambda act: listed(item.application.reference for item in act.seen_items)
    )
    comment = Cell("Motif")
    done_at = Cell("Fait le", "done_at", Kind.DATETIME)
    done_by = Cell("Fait par", lambda act: person(act.done_by))
    undone_at = Cell("Annulé le", "undone_at", Kind.DATETIME)
    undone_by = Cell("Annulé par", lambda act: person(act.undone_by))
    undo_reason = Cell("Motif de l’annulation", "undo_reason")

    def prepared(self, queryset):
        seen = BulkActItem.objects.filter(
            application__in=Application.objects.read_in_full_by(self.user)
        ).select_related("application")
        rows = queryset.select_related("session", "committee", "done_by", "undone_by")
        return bulk.with_counts(rows, self.user).prefetch_related(
            Prefetch("items", seen, to_attr="seen_items")
        )

    @staticmethod
    def _is_masked(act):
        return act.item_count != act.seen_count

    def dehydrate_dossiers(self, act):
        return bulk.MASKED if self._is_masked(act) else act.item_count

    def dehydrate_comment(self, act):
        # A closing's comment tells of its envelope.
        is_closing = act.kind == BulkAct.Kind.CLOSE_COMMITTEE
        return bulk.MASKED if is_closing and self._is_masked(act) else act.comment
