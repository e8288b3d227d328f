"""A small public site, and beside it everything that must not show: each text of it says so."""

import datetime
from dataclasses import dataclass, field

from django.core.files.base import ContentFile
from django.db import models
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from laureates.models import Announcement, Laureate, Organisation, Territory, Theme
from laureates.sitemaps import SITEMAPS
from tests.factories import (
    PAST,
    AnnouncementFactory,
    ApplicationFactory,
    AttachmentFactory,
    BearerFactory,
    CallFactory,
    CallSessionFactory,
    ClaimFactory,
    CommitteeFactory,
    CommitteeMemberFactory,
    CriterionFactory,
    DocumentFactory,
    EligibilityRuleFactory,
    ErrorReportFactory,
    FormerDeadlineFactory,
    FundAimFactory,
    FundFactory,
    InformationRequestFactory,
    LaureateFactory,
    LetterFactory,
    MinistryFactory,
    MinutesFactory,
    NoteFactory,
    OrganisationFactory,
    RecusalFactory,
    ReviewFactory,
    SelectionFactory,
    TerritoryFactory,
    ThemeFactory,
    UserFactory,
)

CANARY = "zorglubembargo"
# Words of the public site that hidden rows hold as well: they must weigh on nothing.
SHARED_WORDS = "projet numérique télémédecine accompagnement"
SECRET_AMOUNT = 987654321


@dataclass
class Site:
    """The rows of the public site that tests name."""

    announcement: Announcement
    older: Announcement
    laureates: list[Laureate]
    ministry: Organisation
    carrier: Organisation
    theme: Theme
    region: Territory
    department: Territory
    extra: dict = field(default_factory=dict)


def build_public_site() -> Site:
    ministry = MinistryFactory(name="Ministère de l’Essai", slug="ministere-de-l-essai")
    carrier = OrganisationFactory(
        name="Agence publique", slug="agence-publique", supervising_ministry=ministry
    )
    theme = ThemeFactory(name="Télémédecine", slug="telemedecine", position=1)
    region = TerritoryFactory(name="Grand Est", slug="grand-est", code="44")
    department = TerritoryFactory(
        department=True, name="Vosges", code="88", slug="vosges-88", region=region
    )
    announcement = AnnouncementFactory(
        title="Seize lauréats", public_text="Le comité a retenu des projets."
    )
    older = AnnouncementFactory(published_at=PAST - datetime.timedelta(days=300))
    laureates = [
        LaureateFactory(
            announcement=announcement,
            position=position,
            title=f"Projet numérique {position} de télémédecine",
            summary="Un accompagnement des agents.",
            amount=amount,
            carriers=[carrier],
            themes=[theme],
            territories=[[region], [department], []][position % 3],
        )
        for position, amount in ((1, None), (3, 2_000_000), (5, 800_000))
    ]
    laureates.append(LaureateFactory(announcement=older, position=3, carriers=[ministry]))
    ClaimFactory(announcement=announcement)
    ClaimFactory(announcement=None, scope="fund", label="63 lauréats", value=63)
    document = DocumentFactory(announcement=announcement)
    document.file.save("fiches.pdf", ContentFile(b"%PDF-1.4"))
    DocumentFactory(announcement=announcement)
    return Site(announcement, older, laureates, ministry, carrier, theme, region, department)


# What must not show ----------------------------------------------------------


def texts_of(model: type[models.Model]) -> list[models.Field]:
    """The fields of a model that hold free text."""
    return [
        field
        for field in model._meta.concrete_fields
        if isinstance(field, models.CharField | models.TextField)
        and not field.choices
        and field.name not in {"password", "siret"}
        and (field.max_length is None or field.max_length > len(CANARY) + 6)
    ]


def poison(row: models.Model, but: tuple[str, ...] = ()) -> models.Model:
    """Write the canary in every text of `row`, but in some fields, and save it."""
    for text in texts_of(type(row)):
        if text.name in but:
            continue
        word = f"{CANARY}{row.pk}"
        if isinstance(text, models.URLField):
            word = f"https://{word}.example.org/"
        elif isinstance(text, models.EmailField):
            word = f"{word}@example.org"
        elif not (isinstance(text, models.SlugField) or text.unique or text.max_length):
            word = f"{word} {SHARED_WORDS}"
        setattr(row, text.name, word)
    row.save()
    return row


def hidden_references():
    """An organisation, its ministry, a theme and territories that nothing public uses."""
    ministry = poison(MinistryFactory())
    organisation = poison(OrganisationFactory(supervising_ministry=ministry))
    region = poison(TerritoryFactory())
    department = poison(TerritoryFactory(department=True, region=region))
    return organisation, poison(ThemeFactory()), department


def hide_laureates(site: Site, announcement: Announcement, but=(), **values):
    """Two hidden laureates: one of hidden references, one of those that the public site shows."""
    organisation, theme, territory = hidden_references()
    but = but or ("withdrawal_reason",)
    rows = [
        LaureateFactory(
            announcement=announcement,
            position=position,
            amount=SECRET_AMOUNT,
            project_state="termine",
            carriers=carriers,
            themes=themes,
            territories=territories,
            **values,
        )
        for position, carriers, themes, territories in (
            (2, [organisation], [theme], [territory]),
            (4, [site.carrier, site.ministry], [site.theme], [site.region, site.department]),
        )
    ]
    for row in rows:
        poison(row, but)
        row.carriers.update(announced_name=f"{CANARY} porteur")
        row.title = f"{row.title} {SHARED_WORDS}"
        row.save()
    return rows


def hide_announcement(site: Site, **values) -> Announcement:
    announcement = poison(AnnouncementFactory(call_year=2031, **values), ("withdrawal_reason",))
    hide_laureates(site, announcement)
    poison(ClaimFactory(announcement=announcement, value=SECRET_AMOUNT))
    document = poison(DocumentFactory(announcement=announcement, position=1), ("file",))
    document.file.save(f"{CANARY}.pdf", ContentFile(b"%PDF-1.4"))
    return announcement


def hide_private_house(site: Site) -> None:
    """Calls, dossiers and decisions, of which one led to a public laureate."""
    fund = poison(FundFactory())
    poison(FundAimFactory(fund=fund))
    # Published for its own pages: those are of another landing, and not of this site.
    call = poison(CallFactory(fund=fund, published_at=PAST))
    poison(CriterionFactory(call=call))
    session = poison(CallSessionFactory(call=call, envelope=SECRET_AMOUNT))
    poison(FormerDeadlineFactory(session=session))
    poison(EligibilityRuleFactory(session=session))
    committee = poison(CommitteeFactory(session=session))
    for laureate in (site.laureates[0], None):
        application = poison(
            ApplicationFactory(session=session, asked_amount=SECRET_AMOUNT), ("withdrawal_reason",)
        )
        poison(BearerFactory(application=application, organisation=poison(OrganisationFactory())))
        BearerFactory(application=application, organisation=site.carrier)
        decision = SelectionFactory(
            application=application,
            committee=committee,
            retained=True,
            granted_amount=SECRET_AMOUNT,
            amount_not_disclosed=False,
            laureate=laureate,
        )
        poison(decision)
        for factory in (
            AttachmentFactory,
            InformationRequestFactory,
            LetterFactory,
            NoteFactory,
            RecusalFactory,
        ):
            poison(factory(application=application), ("file", "lift_reason", "superseded_reason"))
        poison(ReviewFactory(application=application, rendered=True), ("cancel_reason",))
    poison(CommitteeMemberFactory(committee=committee))
    MinutesFactory(committee=committee, content=f'{{"{CANARY}": 1}}')
    ApplicationFactory.create_batch(13, session=session, undisclosed=True)


def hide_everything(site: Site) -> dict[str, models.Model]:
    """Rows of every kind that visitors may not see, beside the public ones; some are named."""
    named = {
        "draft": hide_announcement(site, draft=True),
        "embargoed": hide_announcement(site, embargoed=True),
        # Withdrawn before its date: visitors never saw it.
        "cancelled": hide_announcement(
            site, withdrawn_at=PAST - datetime.timedelta(days=9), withdrawal_reason="Annulée."
        ),
        "withdrawn": hide_announcement(site, withdrawn=True),
    }
    withdrawn = hide_laureates(site, site.announcement, withdrawn=True)
    named["withdrawn_laureate"] = withdrawn[0]
    cancelled = hide_laureates(
        site,
        site.older,
        withdrawn_at=site.older.published_at - datetime.timedelta(days=1),
        withdrawal_reason="Retiré avant l’annonce.",
    )
    named["cancelled_laureate"] = cancelled[0]
    named["organisation"] = poison(OrganisationFactory())
    named["theme"] = poison(ThemeFactory())
    poison(ErrorReportFactory())
    poison(UserFactory(superuser=True), ("first_name", "last_name"))
    hide_private_house(site)
    Announcement.objects.filter(pk=site.announcement.pk).update(staff_note=CANARY)
    return named


# Every public address --------------------------------------------------------


def public_patterns(resolver=None, prefix="") -> list[str]:
    """The name of every address but the admin's; an address without a name is named by its path."""
    found = []
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            if pattern.app_name != "admin":
                namespace = f"{pattern.namespace}:" if pattern.namespace else ""
                found += public_patterns(pattern, prefix + namespace)
        elif isinstance(pattern, URLPattern):
            found.append(f"{prefix}{pattern.name}" if pattern.name else str(pattern.pattern))
    return found


def examples(site: Site) -> dict[str, list[str]]:
    """Addresses of the public site for each pattern, with the query strings that they read."""

    def plain(name, *args):
        try:
            return reverse(name, args=args)
        except NoReverseMatch as error:
            raise AssertionError(f"no example for {name}") from error

    library = plain("laureates:library")
    queries = (
        "",
        "?q=projet",
        "?q=telemedecine",
        "?q=télémédecine+agents",
        "?q=num",
        "?q=projet&tri=titre",
        "?q=projet&tri=montant",
        "?q=projet&tri=date",
        "?tri=titre",
        "?tri=montant",
        "?page=2",
        "?page=9999999999999999999999",
        "?annee=2019",
        "?annee=2031",
        "?theme=telemedecine&territoire=grand-est",
        "?ministere=ministere-de-l-essai",
        "?montant=non-communique&montant=20-millions-et-plus",
        "?etat=termine",
        "?etat=non-renseigne",
        "?territoire=national",
        "?organisation=agence-publique&type=operateur",
    )
    pages = [
        "home",
        "announcements",
        "organisations",
        "about_data",
        "report",
        "report_sent",
        "legal",
        "privacy",
        "accessibility",
        "site_map",
        "robots",
        "sitemap",
    ]
    return {f"laureates:{page}": [plain(f"laureates:{page}")] for page in pages} | {
        "laureates:library": [f"{library}{query}" for query in queries],
        "laureates:laureate": [row.get_absolute_url() for row in site.laureates],
        "laureates:announcement": [
            row.get_absolute_url() for row in (site.announcement, site.older)
        ],
        "laureates:document": [row.get_absolute_url() for row in site.announcement.documents.all()],
        "laureates:organisation": [row.get_absolute_url() for row in (site.ministry, site.carrier)],
        "laureates:sitemap_section": [
            plain("laureates:sitemap_section", section) for section in SITEMAPS
        ],
    }
