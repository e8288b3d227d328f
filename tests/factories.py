"""Rows for the tests: each factory makes a valid row, public where publication exists.

What is unknown by default in the models (amounts, roles, kinds of project state) stays unknown.
"""

import datetime

import factory
from django.conf import settings
from django.utils import timezone
from factory.django import DjangoModelFactory

from calls.models import (
    Application,
    Bearer,
    Call,
    CallSession,
    Committee,
    Criterion,
    EligibilityRule,
    FormerDeadline,
    Fund,
    FundAim,
    Selection,
)
from laureates.models import (
    Announcement,
    Carrier,
    Claim,
    Document,
    ErrorReport,
    Laureate,
    Organisation,
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
