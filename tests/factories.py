"""Rows for the tests: each factory makes a valid row, public where publication exists.

What is unknown by default in the models (amounts, roles, kinds of project state) stays unknown.
"""

import datetime
import hashlib

import factory
from django.conf import settings
from django.contrib.auth.models import Group
from django.utils import timezone
from factory.django import DjangoModelFactory

from calls.models import (
    Affiliation,
    Application,
    Attachment,
    Bearer,
    BulkAct,
    BulkActItem,
    Call,
    CallDocument,
    CallSession,
    ColumnMapping,
    Committee,
    CommitteeMember,
    Criterion,
    DossierImport,
    DossierImportRow,
    EligibilityRule,
    FormerDeadline,
    FormRecord,
    Fund,
    FundAim,
    InformationRequest,
    Letter,
    Minutes,
    Note,
    Publication,
    Recusal,
    Review,
    ReviewScore,
    Selection,
    SessionAccess,
)
from laureates import index
from laureates.importers.text import drafting
from laureates.models import (
    Announcement,
    AnnouncementText,
    Carrier,
    Claim,
    Document,
    ErrorReport,
    Laureate,
    LaureateGroup,
    LibraryImport,
    LibraryImportRow,
    Organisation,
    OrganisationRedirect,
    Release,
    ReleaseDraft,
    ReleaseFile,
    Territory,
    Theme,
)

PASSWORD = "mot-de-passe-des-essais-1789"
PAST = datetime.datetime(2019, 9, 25, 8, 0, tzinfo=datetime.UTC)


def in_a_month():
    return timezone.now() + datetime.timedelta(days=30)


class Rows(DjangoModelFactory):
    class Meta:
        abstract = True
        skip_postgeneration_save = True


class UserFactory(Rows):
    class Meta:
        model = settings.AUTH_USER_MODEL

    class Params:
        staff = factory.Trait(is_staff=True)
        superuser = factory.Trait(is_staff=True, is_superuser=True)

    username = factory.Sequence(lambda n: f"agent{n}")
    first_name = "Camille"
    last_name = factory.Sequence(lambda n: f"Agent {n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.org")
    password = factory.django.Password(PASSWORD)

    @factory.post_generation
    def role(self, create, name, **kwargs):
        """A role of the staff, by the name of its group: UserFactory(role="Avis")."""
        if name:
            self.is_staff = True
            self.save(update_fields=["is_staff"])
            self.groups.add(Group.objects.get(name=name))


# The public house ------------------------------------------------------------


class TerritoryFactory(Rows):
    """A region, unless a trait says otherwise."""

    class Meta:
        model = Territory

    class Params:
        department = factory.Trait(
            kind=Territory.Kind.DEPARTMENT,
            name=factory.Sequence(lambda n: f"Département {n}"),
            slug=factory.LazyAttributeSequence(lambda row, n: f"departement-{n}-{row.code}"),
            region=factory.SubFactory("tests.factories.TerritoryFactory"),
        )
        collectivity = factory.Trait(
            kind=Territory.Kind.COLLECTIVITY,
            name=factory.Sequence(lambda n: f"Collectivité {n}"),
            slug=factory.Sequence(lambda n: f"collectivite-{n}"),
        )
        national = factory.Trait(
            kind=Territory.Kind.NATIONAL, code="FR", name="National", slug="national"
        )

    kind = Territory.Kind.REGION
    code = factory.Sequence(lambda n: f"{n % 46656:03x}"[-3:])
    name = factory.Sequence(lambda n: f"Région {n}")
    slug = factory.Sequence(lambda n: f"region-{n}")


class ThemeFactory(Rows):
    class Meta:
        model = Theme

    name = factory.Sequence(lambda n: f"Thème {n}")
    slug = factory.Sequence(lambda n: f"theme-{n}")
    position = factory.Sequence(lambda n: n % 30000)


class OrganisationFactory(Rows):
    class Meta:
        model = Organisation

    name = factory.Sequence(lambda n: f"Organisme {n}")
    slug = factory.Sequence(lambda n: f"organisme-{n}")
    kind = Organisation.Kind.OPERATOR


class MinistryFactory(OrganisationFactory):
    name = factory.Sequence(lambda n: f"Ministère {n}")
    slug = factory.Sequence(lambda n: f"ministere-{n}")
    kind = Organisation.Kind.MINISTRY


class AnnouncementFactory(Rows):
    """Public since 2019, unless a trait says otherwise."""

    class Meta:
        model = Announcement

    class Params:
        draft = factory.Trait(published_at=None)
        embargoed = factory.Trait(published_at=factory.LazyFunction(in_a_month))
        withdrawn = factory.Trait(withdrawn_at=PAST, withdrawal_reason="Publiée par erreur.")

    slug = factory.Sequence(lambda n: f"annonce-{n}")
    title = factory.Sequence(lambda n: f"Annonce {n}")
    call_title = factory.Sequence(lambda n: f"Appel à projets {n}")
    call_year = 2019
    published_at = PAST


class LaureateFactory(Rows):
    """A laureate of a public announcement.

    `carriers` lists organisations, in order; `themes` and `territories` list rows.
    """

    class Meta:
        model = Laureate

    class Params:
        withdrawn = factory.Trait(withdrawn_at=PAST, withdrawal_reason="Projet publié par erreur.")

    announcement = factory.SubFactory(AnnouncementFactory)
    position = factory.Sequence(lambda n: n + 1)
    public_id = factory.Sequence(lambda n: f"essai{n:05}")
    slug = factory.Sequence(lambda n: f"projet-{n}")
    title = factory.Sequence(lambda n: f"Projet {n}")

    @classmethod
    def _generate(cls, strategy, params):
        with index.gathering():
            return super()._generate(strategy, params)

    @factory.post_generation
    def carriers(self, create, organisations, **kwargs):
        for position, organisation in enumerate(organisations or (), 1):
            CarrierFactory(laureate=self, organisation=organisation, position=position)

    @factory.post_generation
    def themes(self, create, rows, **kwargs):
        if rows:
            self.themes.set(rows)

    @factory.post_generation
    def territories(self, create, rows, **kwargs):
        if rows:
            self.territories.set(rows)


class CarrierFactory(Rows):
    class Meta:
        model = Carrier

    laureate = factory.SubFactory(LaureateFactory)
    organisation = factory.SubFactory(OrganisationFactory)
    position = factory.LazyAttribute(lambda row: row.laureate.carriers.count() + 1)
    announced_name = factory.LazyAttribute(lambda row: row.organisation.name)


class LaureateGroupFactory(Rows):
    class Meta:
        model = LaureateGroup

    announcement = factory.SubFactory(AnnouncementFactory)
    position = factory.LazyAttribute(lambda row: row.announcement.groups.count() + 1)
    name = factory.Sequence(lambda n: f"Volet {n}")


class OrganisationRedirectFactory(Rows):
    class Meta:
        model = OrganisationRedirect

    slug = factory.Sequence(lambda n: f"ancien-organisme-{n}")
    organisation = factory.SubFactory(OrganisationFactory)
    former_name = factory.Sequence(lambda n: f"Ancien organisme {n}")
    merged_at = PAST


class ImportJobFactory(Rows):
    class Meta:
        abstract = True

    filename = "export.csv"
    format = "csv"
    size = 100
    sha256 = "0" * 64
    created_at = PAST
    created_by = factory.SubFactory(UserFactory)


class ImportRowFactory(Rows):
    class Meta:
        abstract = True

    position = factory.LazyAttribute(lambda row: row.job.rows.count() + 1)
    number = factory.LazyAttribute(lambda row: row.position + 1)


class LibraryImportFactory(ImportJobFactory):
    class Meta:
        model = LibraryImport


class LibraryImportRowFactory(ImportRowFactory):
    class Meta:
        model = LibraryImportRow

    job = factory.SubFactory(LibraryImportFactory)


class AnnouncementTextFactory(Rows):
    class Meta:
        model = AnnouncementText

    title = factory.Sequence(lambda n: f"Annonce à reprendre {n}")
    text = (
        "Annonce des lauréats de l’appel à projets 2019\n\nListe des dossiers lauréats\u00a0:\n\n"
        "Guichet d’essai\n\nPréfecture de l’Essai\n\nUn guichet pour essayer."
    )
    content = factory.LazyAttribute(lambda row: drafting.draft(row.text))
    source = "Communiqué des essais"
    created_at = PAST
    created_by = factory.SubFactory(UserFactory)


class ClaimFactory(Rows):
    class Meta:
        model = Claim

    slug = factory.Sequence(lambda n: f"chiffre-{n}")
    announcement = factory.SubFactory(AnnouncementFactory)
    subject = Claim.Subject.LAUREATES
    label = "16 lauréats"
    value = 16
    unit = Claim.Unit.COUNT
    scope = Claim.Scope.SESSION
    stated_on = PAST.date()
    source = "Communiqué des essais"


class DocumentFactory(Rows):
    """A document without a file."""

    class Meta:
        model = Document

    announcement = factory.SubFactory(AnnouncementFactory)
    position = factory.LazyAttribute(lambda row: row.announcement.documents.count() + 1)
    title = factory.Sequence(lambda n: f"Fiches des projets {n}")
    format = "PDF"


class ReleaseFactory(Rows):
    """A release of a public announcement, with its minute; the content is not that of its rows."""

    class Meta:
        model = Release

    announcement = factory.SubFactory(AnnouncementFactory)
    number = factory.LazyAttribute(lambda row: row.announcement.releases.count() + 1)
    kind = factory.LazyAttribute(
        lambda row: Release.Kind.FIRST if row.number == 1 else Release.Kind.CORRECTION
    )
    published_at = factory.LazyAttribute(lambda row: row.announcement.published_at)
    changelog = "Première publication."


class ReleaseFileFactory(Rows):
    class Meta:
        model = ReleaseFile

    release = factory.SubFactory(ReleaseFactory)
    position = factory.LazyAttribute(lambda row: row.release.files.count() + 1)
    name = factory.Sequence(lambda n: f"laureats-{n}.csv")
    label = "Liste des lauréats"
    format = "CSV"
    media_type = "text/csv"
    content = b"id\r\n"
    size = factory.LazyAttribute(lambda row: len(row.content))
    sha256 = factory.LazyAttribute(lambda row: hashlib.sha256(row.content).hexdigest())


class ReleaseDraftFactory(Rows):
    class Meta:
        model = ReleaseDraft

    announcement = factory.SubFactory(AnnouncementFactory)
    content = "{}"
    base_sha256 = "0" * 64
    updated_by = factory.SubFactory(UserFactory)


class ErrorReportFactory(Rows):
    class Meta:
        model = ErrorReport

    page = "/laureats/"
    message = factory.Sequence(lambda n: f"La page {n} se trompe de date.")


# The private house -----------------------------------------------------------


class FundFactory(Rows):
    class Meta:
        model = Fund

    slug = factory.Sequence(lambda n: f"fonds-{n}")
    name = factory.Sequence(lambda n: f"Fonds {n}")


class FundAimFactory(Rows):
    class Meta:
        model = FundAim

    fund = factory.SubFactory(FundFactory)
    position = factory.LazyAttribute(lambda row: row.fund.aims.count() + 1)
    text = "Mieux servir les usagers"


class CallFactory(Rows):
    """A draft: nothing of this house is public."""

    class Meta:
        model = Call

    fund = factory.SubFactory(FundFactory)
    slug = factory.Sequence(lambda n: f"appel-{n}")
    title = factory.Sequence(lambda n: f"Appel {n}")
    year = 2019


class CallDocumentFactory(Rows):
    """A document of a call, without a file."""

    class Meta:
        model = CallDocument

    call = factory.SubFactory(CallFactory)
    position = factory.LazyAttribute(lambda row: row.call.documents.count() + 1)
    title = factory.Sequence(lambda n: f"Avis {n} de l’appel")
    format = "PDF"


class CriterionFactory(Rows):
    class Meta:
        model = Criterion

    call = factory.SubFactory(CallFactory)
    position = factory.LazyAttribute(lambda row: row.call.criteria.count() + 1)
    title = "Ambition pour les usagers"


class CallSessionFactory(Rows):
    class Meta:
        model = CallSession

    call = factory.SubFactory(CallFactory)
    slug = factory.Sequence(lambda n: f"session-{n}")
    number = factory.LazyAttribute(lambda row: row.call.sessions.count() + 1)


class FormerDeadlineFactory(Rows):
    class Meta:
        model = FormerDeadline

    session = factory.SubFactory(CallSessionFactory)
    position = factory.LazyAttribute(lambda row: row.session.former_deadlines.count() + 1)
    deadline_on = datetime.date(2019, 6, 28)


class EligibilityRuleFactory(Rows):
    class Meta:
        model = EligibilityRule

    session = factory.SubFactory(CallSessionFactory)
    position = factory.LazyAttribute(lambda row: row.session.eligibility_rules.count() + 1)
    kind = EligibilityRule.Kind.AMOUNT_MIN
    value = 200000
    label = "Au moins 200 000 €"


class ApplicationFactory(Rows):
    """A received dossier; with `undisclosed`, one of which nothing is known."""

    class Meta:
        model = Application

    class Params:
        undisclosed = factory.Trait(is_undisclosed=True, title="")

    reference = factory.Sequence(lambda n: f"D-{n:05}")
    session = factory.SubFactory(CallSessionFactory)
    title = factory.Sequence(lambda n: f"Dossier {n}")


class BearerFactory(Rows):
    class Meta:
        model = Bearer

    application = factory.SubFactory(ApplicationFactory)
    organisation = factory.SubFactory(OrganisationFactory)
    position = factory.LazyAttribute(lambda row: row.application.bearers.count() + 1)
    declared_name = factory.LazyAttribute(lambda row: row.organisation.name)


class CommitteeFactory(Rows):
    class Meta:
        model = Committee

    session = factory.SubFactory(CallSessionFactory)
    fund = factory.LazyAttribute(
        lambda row: row.session.call.fund if row.session else FundFactory()
    )
    slug = factory.Sequence(lambda n: f"seance-{n}")
    name = "Comité de pilotage"


class SelectionFactory(Rows):
    """A dossier on the agenda of a sitting; with `retained`, a validated decision."""

    class Meta:
        model = Selection

    class Params:
        retained = factory.Trait(
            state=Selection.State.VALIDATED,
            outcome=Selection.Outcome.RETAINED,
            amount_not_disclosed=True,
            decided_on=datetime.date(2019, 9, 23),
            record_source="Relevé des essais",
        )

    application = factory.SubFactory(ApplicationFactory)
    committee = factory.SubFactory(
        CommitteeFactory, session=factory.SelfAttribute("..application.session")
    )


class AffiliationFactory(Rows):
    class Meta:
        model = Affiliation

    user = factory.SubFactory(UserFactory)
    organisation = factory.SubFactory(OrganisationFactory)


class SessionAccessFactory(Rows):
    class Meta:
        model = SessionAccess

    user = factory.SubFactory(UserFactory)
    session = factory.SubFactory(CallSessionFactory)


class CommitteeMemberFactory(Rows):
    """A member without an account, whose attendance is unknown."""

    class Meta:
        model = CommitteeMember

    committee = factory.SubFactory(CommitteeFactory)
    position = factory.LazyAttribute(lambda row: row.committee.members.count() + 1)
    name = factory.Sequence(lambda n: f"Membre {n}")


class RecusalFactory(Rows):
    """The recusal of an account; give `member` and user=None for one of a member."""

    class Meta:
        model = Recusal

    application = factory.SubFactory(ApplicationFactory)
    user = factory.SubFactory(UserFactory)
    declared_at = factory.LazyFunction(timezone.now)
    declared_by = factory.SubFactory(UserFactory)


class ReviewFactory(Rows):
    """An opinion asked and expected; with `rendered`, a favourable one."""

    class Meta:
        model = Review

    class Params:
        rendered = factory.Trait(
            verdict=Review.Verdict.FAVOURABLE,
            rendered_at=factory.LazyFunction(timezone.now),
            rendered_by=factory.SubFactory(UserFactory),
        )

    application = factory.SubFactory(ApplicationFactory)
    institution = factory.SubFactory(OrganisationFactory)
    asked_at = factory.LazyFunction(timezone.now)
    asked_by = factory.SubFactory(UserFactory)


class ReviewScoreFactory(Rows):
    class Meta:
        model = ReviewScore

    review = factory.SubFactory(ReviewFactory, rendered=True)
    criterion = factory.SubFactory(
        CriterionFactory,
        call=factory.SelfAttribute("..review.application.session.call"),
        scale_max=5,
    )
    score = 4


class NoteFactory(Rows):
    class Meta:
        model = Note

    application = factory.SubFactory(ApplicationFactory)
    author = factory.SubFactory(UserFactory)
    written_at = factory.LazyFunction(timezone.now)
    text = "À revoir avec le porteur."


class InformationRequestFactory(Rows):
    class Meta:
        model = InformationRequest

    application = factory.SubFactory(ApplicationFactory)
    text = "Le plan de financement, s’il vous plaît."
    asked_at = factory.LazyFunction(timezone.now)
    asked_by = factory.SubFactory(UserFactory)


class AttachmentFactory(Rows):
    class Meta:
        model = Attachment

    application = factory.SubFactory(ApplicationFactory)
    title = factory.Sequence(lambda n: f"Pièce {n}")
    file = factory.django.FileField(filename="piece.csv", data=b"a;b\n")
    filename = "piece.csv"
    media_type = "text/csv"
    size = 4
    sha256 = "0" * 64
    uploaded_at = factory.LazyFunction(timezone.now)
    uploaded_by = factory.SubFactory(UserFactory)


class PublicationFactory(Rows):
    """`committees` lists the sittings that the announcement was prepared from."""

    class Meta:
        model = Publication

    announcement = factory.SubFactory(AnnouncementFactory)

    @factory.post_generation
    def committees(self, create, rows, **kwargs):
        if rows:
            self.committees.set(rows)


class MinutesFactory(Rows):
    class Meta:
        model = Minutes

    committee = factory.SubFactory(CommitteeFactory)
    number = factory.Sequence(lambda n: f"2019-{n:03}")
    version = 1
    content = "{}"
    seal = "0" * 64
    sealed_at = factory.LazyFunction(timezone.now)
    sealed_by = factory.SubFactory(UserFactory)


class LetterFactory(Rows):
    """A draft."""

    class Meta:
        model = Letter

    kind = Letter.Kind.NOT_RETAINED
    application = factory.SubFactory(ApplicationFactory)
    subject = "Votre candidature"
    body = "Le comité n’a pas retenu votre dossier."
    drafted_at = factory.LazyFunction(timezone.now)


class BulkActFactory(Rows):
    class Meta:
        model = BulkAct

    kind = BulkAct.Kind.ASSIGN
    label = "Affectation de dossiers"
    done_at = factory.LazyFunction(timezone.now)
    done_by = factory.SubFactory(UserFactory)


class BulkActItemFactory(Rows):
    class Meta:
        model = BulkActItem

    act = factory.SubFactory(BulkActFactory)
    application = factory.SubFactory(ApplicationFactory)
    position = factory.LazyAttribute(lambda row: row.act.items.count() + 1)


class ColumnMappingFactory(Rows):
    class Meta:
        model = ColumnMapping

    call = factory.SubFactory(CallFactory)
    label = factory.Sequence(lambda n: f"Question {n}")


class DossierImportFactory(ImportJobFactory):
    class Meta:
        model = DossierImport

    session = factory.SubFactory(CallSessionFactory)


class DossierImportRowFactory(ImportRowFactory):
    class Meta:
        model = DossierImportRow

    job = factory.SubFactory(DossierImportFactory)


class FormRecordFactory(Rows):
    class Meta:
        model = FormRecord

    application = factory.SubFactory(ApplicationFactory)
    imported_at = PAST
