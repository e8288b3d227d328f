"""Every kind of page of the site, over the real data."""

import datetime

from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Count
from django.urls import reverse
from django.utils import timezone

from calls.models import Call, CallSession
from laureates.models import Announcement, Carrier, Laureate, Organisation
from tests.factories import (
    AffiliationFactory,
    AnnouncementTextFactory,
    BulkActItemFactory,
    CallDocumentFactory,
    CallFactory,
    CallSessionFactory,
    CriterionFactory,
    DossierImportFactory,
    EligibilityRuleFactory,
    ErrorReportFactory,
    FormerDeadlineFactory,
    LaureateFactory,
    LetterFactory,
    LibraryImportFactory,
    OrganisationFactory,
    ReviewFactory,
    SessionAccessFactory,
    UserFactory,
)

PLAIN = (
    "home",
    "library",
    "announcements",
    "organisations",
    "statistics",
    "about_data",
    "dictionary",
    "conformity",
    "api",
    "report",
    "report_sent",
    "legal",
    "privacy",
    "accessibility",
    "site_map",
)
LIBRARY = (
    "?q=telemedecine",
    "?q=zorglub&theme=telemedecine",
    "?theme=telemedecine&theme=donnees&annee=2019&tri=titre",
    "?theme=inconnu&page=99&tri=inconnu",
    "?par_page=50&montant=non-communique&tri=montant",
)


def public_pages() -> dict[str, int]:
    """{address: status} of each kind of public page: full, empty, with problems, gone, unknown."""
    library = reverse("laureates:library")
    richest = Laureate.objects.published().annotate(n=Count("carriers")).order_by("-n", "pk")[0]
    lead = Carrier.objects.filter(laureate=richest).earliest("position").organisation
    ministry = Organisation.objects.public().ministries().earliest("pk")
    announcement = Announcement.objects.published()[0]
    gone = LaureateFactory(
        announcement=announcement,
        position=99,
        withdrawn_at=timezone.now(),
        withdrawal_reason="À la demande du porteur.",
    )
    shown = [reverse(f"laureates:{name}") for name in PLAIN]
    shown += [f"{library}{query}" for query in LIBRARY]
    # Under filters; nothing to count; a value that is not understood.
    shown += [f"{reverse('laureates:statistics')}{query}" for query in LIBRARY[1:4]]
    shown += [f"{reverse('laureates:embed')}{query}" for query in ("", LIBRARY[1], LIBRARY[3])]
    shown += [row.get_absolute_url() for row in (richest, lead, ministry, announcement)]
    shown.append(announcement.releases.latest("number").get_absolute_url())
    shown += calls_in_public()
    shown.append(f"{reverse('laureates:report')}?page={richest.get_absolute_url()}")
    return dict.fromkeys(shown, 200) | {gone.get_absolute_url(): 410, "/inconnu/": 404}


def calls_in_public() -> list[str]:
    """The list, the calls of the real data and one that says all it can."""
    session = CallSessionFactory(
        call=CallFactory(
            title="Appel à projets ouvert",
            year=2026,
            published_at=timezone.now(),
            public_text="Un **appel** à projets.",
            how_to_apply="Préparez votre dossier.",
            form_url="https://depot.example.org/formulaire",
        ),
        label="1re session",
        opens_on=timezone.localdate() - datetime.timedelta(days=9),
        deadline_on=timezone.localdate() + datetime.timedelta(days=9),
        deadline_time=datetime.time(18, 0),
        envelope=12_500_000,
        envelope_is_public=True,
    )
    FormerDeadlineFactory(session=session)
    EligibilityRuleFactory(session=session, source="Règlement de l’appel")
    CriterionFactory(call=session.call, description="Pour les usagers.", weight=2)
    CallDocumentFactory(call=session.call)
    sessions = CallSession.objects.filter(call__in=Call.objects.published())
    rows = [*Call.objects.published(), *sessions]
    return [reverse("calls:calls"), *(row.get_absolute_url() for row in rows)]


def admin_pages() -> list[str]:
    """The list, the form and the addition of each model of the staff's site, and its index."""
    ErrorReportFactory()
    FormerDeadlineFactory()
    UserFactory(staff=True)
    for factory in (
        AffiliationFactory,
        AnnouncementTextFactory,
        BulkActItemFactory,
        DossierImportFactory,
        LetterFactory,
        LibraryImportFactory,
        ReviewFactory,
        SessionAccessFactory,
    ):
        factory()
    Group.objects.get_or_create(name="Lecture")
    pages = [reverse("admin:index")]
    for model in admin.site._registry:
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        row = model._default_manager.first()
        assert row is not None, f"nothing to show of {name}"
        pages.append(reverse(f"admin:{name}_changelist"))
        pages.append(reverse(f"admin:{name}_change", args=[row.pk]))
    return pages + merge_pages()


def merge_pages() -> list[str]:
    """Organisations that may be the same: all of them, those near one, what would change."""
    one = OrganisationFactory(name="Institut de la donnée publique", siret="73282932000074")
    other = OrganisationFactory(name="Institut des données publiques", siret="13002526500013")
    choice = reverse("admin:laureates_organisation_merge", args=[one.pk])
    return [
        reverse("admin:laureates_organisation_duplicates"),
        choice,
        f"{choice}?avec={other.pk}",
        reverse("admin:laureates_organisation_export"),
    ]
