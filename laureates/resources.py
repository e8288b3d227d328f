"""What an export gives of the library's lists, drafts and embargoed rows included.

Rows are named by their natural keys. Counts are of the laureates that exist for the reader.
"""

from django.db.models import Exists, OuterRef, Prefetch

from ftap.exports import Cell, Resource, listed, person
from ftap.sheets import Kind
from ftap.subqueries import annotated, count_of
from ftap.templatetags.ftap import number as written
from laureates.models import (
    Announcement,
    Carrier,
    Claim,
    Document,
    Laureate,
    Release,
    ReleaseDraft,
)
from laureates.models.public import publication_label


def carrying(rows) -> str:
    """Organisations that carry a project, in order, with their role where it is known."""
    return listed(f"{row} ({row.get_role_display()})" if row.role else str(row) for row in rows)


def organisations(rows) -> str:
    """The identifiers of the organisations that carry a project, in order."""
    return listed(row.organisation.slug for row in rows)


def territory_key(territory) -> str:
    """« region 84 »: a region and a department may share a code."""
    return f"{territory.kind} {territory.code}" if territory else ""


def known_laureates(user, relation: str):
    """A column: how many laureates that exist for `user` have the row among their `relation`,
    « themes », « territories » or « organisations »."""
    links = getattr(Laureate, relation).through.objects.all()
    # Those that do not exist for them are none or few: their keys are read first, so that every
    # link is not compared with them.
    hidden = Laureate.objects.filter(announcement__in=Announcement.objects.hidden_from(user))
    if keys := list(hidden.order_by().values_list("pk", flat=True)):
        links = links.exclude(laureate__in=keys)
    return count_of(links, getattr(Laureate, relation).field.m2m_reverse_field_name())


class TerritoryResource(Resource):
    kind = Cell("Nature", "get_kind_display")
    code = Cell("Code officiel", "code")
    name = Cell("Nom", "name")
    slug = Cell("Identifiant d’adresse", "slug")
    region_code = Cell("Code de la région", "region__code")
    region = Cell("Région", "region__name")
    laureates = Cell("Projets lauréats", "known_laureates", Kind.INTEGER)

    def prepared(self, queryset):
        return queryset.select_related("region").annotate(
            known_laureates=known_laureates(self.user, "territories")
        )


class ThemeResource(Resource):
    slug = Cell("Identifiant d’adresse", "slug")
    name = Cell("Nom", "name")
    position = Cell("Ordre d’affichage", "position", Kind.INTEGER)
    description = Cell("Ce que le thème recouvre", "description")
    laureates = Cell("Projets lauréats", "known_laureates", Kind.INTEGER)

    def prepared(self, queryset):
        return queryset.annotate(known_laureates=known_laureates(self.user, "themes"))


class OrganisationResource(Resource):
    slug = Cell("Identifiant d’adresse", "slug")
    name = Cell("Nom", "name")
    short_name = Cell("Sigle", "short_name")
    kind = Cell("Type", "get_kind_display")
    siret = Cell("SIRET", "siret", width=18)
    ministry = Cell("Ministère de rattachement", "supervising_ministry__name")
    ministry_slug = Cell("Identifiant du ministère", "supervising_ministry__slug")
    territory = Cell("Territoire", "territory__name")
    territory_code = Cell("Code du territoire", lambda row: territory_key(row.territory))
    former_names = Cell("Anciens noms", lambda row: listed(row.former_name_list))
    source = Cell("Provenance", "source")
    laureates = Cell("Projets lauréats", "known_laureates", Kind.INTEGER)

    def prepared(self, queryset):
        return queryset.select_related("supervising_ministry", "territory").annotate(
            known_laureates=known_laureates(self.user, "organisations")
        )


class AnnouncementResource(Resource):
    slug = Cell("Identifiant d’adresse", "slug")
    title = Cell("Titre", "title")
    publication = Cell("Publication")
    published_at = Cell("Publiée le", "published_at", Kind.DATETIME)
    call_title = Cell("Appel à projets", "call_title")
    call_year = Cell("Année de l’appel", "call_year", Kind.YEAR)
    session_label = Cell("Session", "session_label")
    committee_name = Cell("Comité", "committee_name")
    committee_chair = Cell("Présidence du comité", "committee_chair")
    committee_on = Cell("Date du comité", "committee_on", Kind.DATE)
    groups = Cell("Groupes de lauréats", lambda row: listed(row.groups.all()))
    laureates = Cell("Lauréats", "known_laureates", Kind.INTEGER)
    documents = Cell("Documents", "document_count", Kind.INTEGER)
    claims = Cell("Chiffres annoncés", "claim_count", Kind.INTEGER)
    versions = Cell("Versions publiées", "version_count", Kind.INTEGER)
    has_draft = Cell("Rectificatif en préparation", "has_draft")
    public_text = Cell("Texte public", "public_text", width=60)
    withdrawn_at = Cell("Retirée le", "withdrawn_at", Kind.DATETIME)
    withdrawal_reason = Cell("Motif public du retrait", "withdrawal_reason")
    source = Cell("Source", "source")
    source_url = Cell("Adresse de la source", "source_url")
    source_on = Cell("Date de la source", "source_on", Kind.DATE)
    staff_note = Cell("Note interne", "staff_note")
    updated_at = Cell("Modifiée le", "updated_at", Kind.DATETIME)

    def prepared(self, queryset):
        drafts = ReleaseDraft.objects.visible_to(self.user)
        return annotated(
            queryset.with_is_published().prefetch_related("groups"),
            known_laureates=count_of(Laureate.objects.visible_to(self.user), "announcement"),
            document_count=count_of(Document.objects.all(), "announcement"),
            claim_count=count_of(Claim.objects.all(), "announcement"),
            version_count=count_of(Release.objects.all(), "announcement"),
            has_draft=Exists(drafts.filter(announcement=OuterRef("pk"))),
        )

    def dehydrate_publication(self, row):
        label = publication_label(row, is_published=row.is_published)
        return self.published(label, row.is_published)


class LaureateResource(Resource):
    public_id = Cell("Identifiant public", "public_id")
    title = Cell("Titre", "title")
    has_own_title = Cell("Titre propre", "has_own_title")
    publication = Cell("Publication")
    announcement = Cell("Annonce", "announcement__slug")
    call_title = Cell("Appel à projets", "announcement__call_title")
    call_year = Cell("Année de l’appel", "announcement__call_year", Kind.YEAR)
    session_label = Cell("Session", "announcement__session_label")
    published_at = Cell("Publié le", "announcement__published_at", Kind.DATETIME)
    position = Cell("Rang dans l’annonce", "position", Kind.INTEGER)
    group = Cell("Groupe", "group__name")
    group_amount = Cell("Montant accordé au groupe (€)", "group__amount", Kind.EUROS)
    amount = Cell("Montant accordé (€)", "amount", Kind.EUROS)
    carriers = Cell("Porteurs", lambda row: carrying(row.carriers.all()))
    organisations = Cell(
        "Identifiants des organismes", lambda row: organisations(row.carriers.all())
    )
    themes = Cell("Thèmes", lambda row: listed(row.themes.all()))
    territories = Cell("Territoires", lambda row: listed(row.territories.all()))
    territory_codes = Cell(
        "Codes des territoires", lambda row: listed(map(territory_key, row.territories.all()))
    )
    classification_source = Cell("Provenance du classement", "classification_source")
    project_state = Cell("État du projet", "get_project_state_display")
    summary = Cell("Résumé", "summary", width=60)
    description = Cell("Description", "description", width=60)
    former_titles = Cell("Anciens titres", lambda row: listed(row.former_title_list))
    funder_name = Cell("Nom de l’attribuant", "funder_name")
    funder_siret = Cell("SIRET de l’attribuant", "funder_siret", width=18)
    decision_reference = Cell("Référence de la décision", "decision_reference")
    agreement_signed_on = Cell("Signature de la convention", "agreement_signed_on", Kind.DATE)
    payment_terms = Cell("Conditions de versement", "payment_terms")
    payment_period = Cell("Période de versement", "payment_period")
    programme_code = Cell("Identifiant du dispositif", "programme_code")
    source = Cell("Source", "source")
    source_url = Cell("Adresse de la source", "source_url")
    source_on = Cell("Date de la source", "source_on", Kind.DATE)
    withdrawn_at = Cell("Retiré le", "withdrawn_at", Kind.DATETIME)
    withdrawal_reason = Cell("Motif public du retrait", "withdrawal_reason")
    updated_at = Cell("Modifié le", "updated_at", Kind.DATETIME)

    def prepared(self, queryset):
        return (
            queryset.with_is_published()
            .select_related("announcement", "group")
            .prefetch_related(
                Prefetch("carriers", Carrier.objects.select_related("organisation")),
                "themes",
                "territories",
            )
        )

    def dehydrate_publication(self, row):
        # A laureate is withdrawn alone, or with its announcement.
        dated = row if row.withdrawn_at else row.announcement
        label = publication_label(dated, is_published=row.is_published)
        return self.published(label, row.is_published)


def _figure(name, unit):
    """Reads one bound of a figure of this unit: amounts and counts have columns of their own."""

    def read(claim):
        value = getattr(claim, name)
        if value is None or claim.unit != unit:
            return None
        is_whole = value == value.to_integral_value()
        return value if unit == Claim.Unit.EUR or is_whole else written(value)

    return read


class ClaimResource(Resource):
    slug = Cell("Identifiant", "slug")
    announcement = Cell("Annonce", "announcement__slug")
    subject = Cell("Objet", "get_subject_display")
    scope = Cell("Périmètre", "get_scope_display")
    label = Cell("Tel qu’annoncé", "label")
    number = Cell("Nombre", _figure("value", Claim.Unit.COUNT), Kind.INTEGER)
    number_lower = Cell("Nombre, au moins", _figure("lower", Claim.Unit.COUNT), Kind.INTEGER)
    number_upper = Cell("Nombre, au plus", _figure("upper", Claim.Unit.COUNT), Kind.INTEGER)
    amount = Cell("Montant (€)", _figure("value", Claim.Unit.EUR), Kind.EUROS)
    amount_lower = Cell("Montant, au moins (€)", _figure("lower", Claim.Unit.EUR), Kind.EUROS)
    amount_upper = Cell("Montant, au plus (€)", _figure("upper", Claim.Unit.EUR), Kind.EUROS)
    exactness = Cell("Précision", "get_exactness_display")
    stated_on = Cell("Annoncé le", "stated_on", Kind.DATE)
    source = Cell("Source", "source")
    source_url = Cell("Adresse de la source", "source_url")
    position = Cell("Ordre d’affichage", "position", Kind.INTEGER)
    publication = Cell("Publication")

    def prepared(self, queryset):
        public = Claim.objects.published().filter(pk=OuterRef("pk"))
        return queryset.select_related("announcement").annotate(is_public=Exists(public))

    def dehydrate_publication(self, row):
        if row.announcement is None:
            return self.published("public", True)
        label = publication_label(row.announcement, is_published=row.is_public)
        return self.published(label, row.is_public)


class ErrorReportResource(Resource):
    created_at = Cell("Reçu le", "created_at", Kind.DATETIME)
    page = Cell("Page concernée", "page")
    message = Cell("Description", "message", width=60)
    email = Cell("Adresse électronique", "email")
    handled_at = Cell("Traité le", "handled_at", Kind.DATETIME)
    staff_note = Cell("Suite donnée", "staff_note")


class AnnouncementTextResource(Resource):
    """Texts to be taken over, and the announcements that they became."""

    title = Cell("Intitulé", "title")
    source = Cell("Source", "source")
    source_url = Cell("Adresse de la source", "source_url")
    source_on = Cell("Date de la source", "source_on", Kind.DATE)
    filename = Cell("Fichier", "filename")
    announcement = Cell("Annonce")
    created_at = Cell("Déposé le", "created_at", Kind.DATETIME)
    created_by = Cell("Déposé par", lambda row: person(row.created_by))
    ended_at = Cell("Terminé le", "ended_at", Kind.DATETIME)
    ended_by = Cell("Terminé par", lambda row: person(row.ended_by))

    def prepared(self, queryset):
        known = Announcement.objects.visible_to(self.user).filter(pk=OuterRef("announcement"))
        return (
            queryset.defer("text", "content")
            .select_related("announcement", "created_by", "ended_by")
            .annotate(is_announcement_known=Exists(known))
        )

    def dehydrate_announcement(self, row):
        """Its identifier, where it is not kept from the reader."""
        return row.announcement.slug if row.is_announcement_known else None
