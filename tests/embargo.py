"""A small public site, and beside it everything that must not show: each text of it says so."""

import datetime
import io
import zipfile
from dataclasses import dataclass, field

import pypdf
from django.core.files.base import ContentFile
from django.db import models
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from calls.models import Call
from laureates import statistics
from laureates.models import (
    Announcement,
    Claim,
    Laureate,
    Organisation,
    ReleaseDraft,
    Territory,
    Theme,
)
from laureates.views.pages import sitemap_sections
from tests.factories import (
    PAST,
    AnnouncementFactory,
    AnnouncementTextFactory,
    ApplicationFactory,
    AttachmentFactory,
    BearerFactory,
    CallDocumentFactory,
    CallFactory,
    CallSessionFactory,
    ClaimFactory,
    ColumnMappingFactory,
    CommitteeFactory,
    CommitteeMemberFactory,
    CriterionFactory,
    DocumentFactory,
    DossierImportFactory,
    DossierImportRowFactory,
    EligibilityRuleFactory,
    ErrorReportFactory,
    FormerDeadlineFactory,
    FormRecordFactory,
    FundAimFactory,
    InformationRequestFactory,
    LaureateFactory,
    LaureateGroupFactory,
    LetterFactory,
    LibraryImportFactory,
    LibraryImportRowFactory,
    MinistryFactory,
    MinutesFactory,
    NoteFactory,
    OrganisationFactory,
    OrganisationRedirectFactory,
    PublicationFactory,
    RecusalFactory,
    ReleaseDraftFactory,
    ReleaseFactory,
    ReleaseFileFactory,
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
    ReleaseFileFactory(release=ReleaseFactory(announcement=announcement), name="laureats-v1.csv")
    ReleaseFileFactory(release=ReleaseFactory(announcement=announcement), name="laureats-v2.csv")
    calls = build_public_calls(announcement)
    return Site(
        announcement, older, laureates, ministry, carrier, theme, region, department, extra=calls
    )


def build_public_calls(announcement: Announcement) -> dict:
    """A call decided on, with the announcement of its results, and one that waits for them."""
    call = CallFactory(slug="appel-public", published_at=PAST, public_text="Un appel public.")
    CriterionFactory(call=call)
    session = CallSessionFactory(
        call=call,
        slug="session-publique",
        opens_on=PAST.date() - datetime.timedelta(days=90),
        deadline_on=PAST.date() - datetime.timedelta(days=60),
    )
    FormerDeadlineFactory(session=session)
    EligibilityRuleFactory(session=session)
    document = CallDocumentFactory(call=call, session=session)
    document.file.save("avis.pdf", ContentFile(b"%PDF-1.4"))
    CallDocumentFactory(call=call)
    committee = CommitteeFactory(session=session)
    PublicationFactory(announcement=announcement, committees=[committee])
    waiting = CallSessionFactory(
        call=CallFactory(slug="appel-en-attente", published_at=PAST),
        slug="session-en-attente",
        deadline_on=PAST.date() - datetime.timedelta(days=20),
        deadline_time=datetime.time(18, 0),
    )
    return {
        "session": session,
        "committee": committee,
        "document": document,
        "waiting": waiting,
    }


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
    group = poison(LaureateGroupFactory(announcement=announcement, amount=SECRET_AMOUNT))
    rows = [
        LaureateFactory(
            announcement=announcement,
            position=position,
            group=group,
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


def hide_release(announcement: Announcement, **values):
    """A release of what is hidden, with a file that tells all."""
    release = poison(ReleaseFactory(announcement=announcement, **values), ("withheld_reason",))
    content = f"{CANARY} {SECRET_AMOUNT}".encode()
    # Poisoned before it is saved: a file that is frozen never changes.
    poison(ReleaseFileFactory.build(release=release, content=content), ("public_id", "sha256"))
    return release


def hide_announcement(site: Site, **values) -> Announcement:
    announcement = poison(AnnouncementFactory(call_year=2031, **values), ("withdrawal_reason",))
    hide_laureates(site, announcement)
    poison(ClaimFactory(announcement=announcement, value=SECRET_AMOUNT))
    document = poison(DocumentFactory(announcement=announcement, position=1), ("file",))
    document.file.save(f"{CANARY}.pdf", ContentFile(b"%PDF-1.4"))
    if announcement.published_at:
        hide_release(announcement)
    return announcement


def hide_call(**values) -> Call:
    """A call that visitors may not see, with all that its pages would show."""
    call = poison(CallFactory(**values))
    poison(CriterionFactory(call=call))
    session = CallSessionFactory(
        call=call,
        opens_on=PAST.date(),
        deadline_on=PAST.date(),
        envelope=SECRET_AMOUNT,
        envelope_is_public=True,
    )
    poison(session)
    poison(FormerDeadlineFactory(session=session))
    poison(EligibilityRuleFactory(session=session))
    document = poison(CallDocumentFactory(call=call, session=session), ("file",))
    document.file.save(f"{CANARY}.pdf", ContentFile(b"%PDF-1.4"))
    return call


def hide_in_sessions(site: Site, announcements: list[Announcement]) -> None:
    """What sessions of public calls keep to themselves, results in preparation included."""
    for session in (site.extra["session"], site.extra["waiting"]):
        poison(session.call.fund)
        poison(FundAimFactory(fund=session.call.fund))
        session.call.staff_note = session.staff_note = CANARY
        session.envelope = SECRET_AMOUNT
        session.expected_institutions.add(poison(OrganisationFactory()))
        session.call.save()
        session.save()
    for announcement in announcements:
        committee = CommitteeFactory(
            session=site.extra["waiting"], state="closed", held_on=PAST.date()
        )
        poison(committee)
        PublicationFactory(announcement=announcement, committees=[committee])


def hide_imports(site: Site, application) -> None:
    """What is being brought in, and where organisations that nobody saw were merged."""
    secret = {"cells": [CANARY], "values": {CANARY: SECRET_AMOUNT}, "key": CANARY}
    poison(FormRecordFactory(application=application, values=[{"sheet": CANARY, "rows": []}]))
    job = poison(DossierImportFactory(session=site.extra["session"]), ("format", "sha256"))
    poison(DossierImportRowFactory(job=job, application=application, **secret), ("stored",))
    poison(ColumnMappingFactory(call=site.extra["session"].call))
    job = poison(LibraryImportFactory(), ("format", "sha256"))
    poison(LibraryImportRowFactory(job=job, laureate=site.laureates[0], **secret), ("stored",))
    content = {CANARY: SECRET_AMOUNT}
    poison(AnnouncementTextFactory(announcement=site.announcement, ended_at=PAST, content=content))
    poison(AnnouncementTextFactory(content=content))
    poison(OrganisationRedirectFactory(organisation=site.carrier))


def hide_private_house(site: Site) -> None:
    """Dossiers and decisions of a session of a public call; one led to a public laureate."""
    session = site.extra["session"]
    committee = poison(site.extra["committee"])
    reviewer = UserFactory(role="Avis", first_name=CANARY, last_name=f"{CANARY}nom")
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
        poison(
            ReviewFactory(application=application, rendered=True, reviewer=reviewer),
            ("cancel_reason",),
        )
    for outcome in ("not_retained", "deferred", "waiting_list"):
        application = ApplicationFactory(
            session=session, asked_amount=SECRET_AMOUNT, case_officer=reviewer
        )
        decision = SelectionFactory(
            application=poison(application, ("withdrawal_reason",)),
            committee=committee,
            state="validated",
            outcome=outcome,
            motive=CANARY,
            rank=1 if outcome == "waiting_list" else None,
            decided_on=PAST.date(),
            record_source=CANARY,
        )
        poison(decision)
    # The public announcement was prepared from that very sitting, and its next version is written.
    hide_imports(site, application)
    content = f'{{"announcement": {{"title": "{CANARY}"}}, "amount": {SECRET_AMOUNT}}}'
    poison(ReleaseDraftFactory(announcement=site.announcement), ("base_sha256", "content"))
    ReleaseDraft.objects.update(content=content)
    poison(CommitteeMemberFactory(committee=committee))
    MinutesFactory(committee=committee, content=f'{{"{CANARY}": 1}}')
    ApplicationFactory.create_batch(13, session=session, undisclosed=True)


def withdrawn_laureates(site: Site) -> list[Laureate]:
    """Two laureates withdrawn from the public announcement, made once for a site.

    Their texts are hidden; that two were withdrawn, their ranks and their reason are public.
    """
    if "withdrawn" not in site.extra:
        site.extra["withdrawn"] = hide_laureates(site, site.announcement, withdrawn=True)
    return site.extra["withdrawn"]


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
    named["withdrawn_laureate"] = withdrawn_laureates(site)[0]
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
    unseen = [named[name] for name in ("draft", "embargoed", "cancelled", "withdrawn")]
    hide_in_sessions(site, unseen)
    later = PAST + datetime.timedelta(days=36500)
    withdrawn_at = PAST + datetime.timedelta(days=1)
    named["draft_call"] = hide_call()
    named["embargoed_call"] = hide_call(published_at=later)
    named["withdrawn_call"] = hide_call(published_at=PAST, withdrawn_at=withdrawn_at)
    Announcement.objects.filter(pk=site.announcement.pk).update(staff_note=CANARY)
    return named


# What a file says ------------------------------------------------------------


def readable(content: bytes, media_type: str) -> str:
    """The text of an answer: of a page as it is, of a workbook or a PDF what its reader sees."""
    if "spreadsheet" in media_type or "zip" in media_type:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return "\n".join(archive.read(name).decode("latin-1") for name in archive.namelist())
    if "pdf" in media_type and content.count(b"obj") > 2:
        pages = pypdf.PdfReader(io.BytesIO(content))
        return f"{pages.metadata} " + "\n".join(page.extract_text() for page in pages.pages)
    return content.decode("latin-1" if "pdf" in media_type else "utf-8", errors="replace")


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


def downloads(site: Site, queries: tuple[str, ...]) -> dict[str, list[str]]:
    """Every file made of a list, in every format; of the library, under each query string."""
    lists = {
        "library": [()],
        "announcement": [(row.slug,) for row in (site.announcement, site.older)],
        "organisation": [(row.slug,) for row in (site.ministry, site.carrier)],
    }
    found = {
        f"laureates:{name}_export": [
            reverse(f"laureates:{name}_export", args=[*arguments, format])
            for arguments in rows
            for format in ("csv", "json", "ods", "xlsx")
        ]
        for name, rows in lists.items()
    }
    csv, *_ = library = found["laureates:library_export"]
    library += [f"{csv}{query}" for query in queries if query]
    organisations = found["laureates:organisation_export"]
    organisations += [f"{address}?perimetre=rattaches" for address in organisations]
    return found


def programs(site: Site, queries: tuple[str, ...]) -> dict[str, list[str]]:
    """Addresses of the interface, of feeds and of the list for other sites, by name."""

    def listed(name, asked):
        return [f"{reverse(f'laureates:{name}')}{query}" for query in asked]

    def rows(name, found):
        return [reverse(f"laureates:{name}", args=args) for args in found]

    claims = Claim.objects.published().order_by("pk")
    return {
        # A page of the interface that does not exist is an error.
        "laureates:api_laureates": listed(
            "api_laureates", (query for query in queries if "page=" not in query)
        ),
        "laureates:api_laureate": rows("api_laureate", ([row.public_id] for row in site.laureates)),
        "laureates:api_announcement": rows(
            "api_announcement", ([row.slug] for row in (site.announcement, site.older))
        ),
        "laureates:api_organisation": rows(
            "api_organisation", ([row.slug] for row in (site.ministry, site.carrier))
        ),
        "laureates:api_theme": rows("api_theme", [[site.theme.slug]]),
        "laureates:api_territory": rows(
            "api_territory", ([row.kind, row.code] for row in (site.region, site.department))
        ),
        "laureates:api_claim": rows(
            "api_claim", ([slug] for slug in claims.values_list("slug", flat=True))
        ),
        # Whatever it matches, it answers 404.
        "laureates:api_unknown": [],
        "laureates:feed": listed("feed", queries),
        "laureates:embed": listed("embed", (*queries, "?nombre=2")),
    }


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
        "dictionary",
        "dictionary_csv",
        "table_schema",
        "conformity",
        "scdl",
        "threesixty",
        "dcat",
        "api",
        "api_root",
        "api_schema",
        "api_announcements",
        "api_organisations",
        "api_themes",
        "api_territories",
        "api_claims",
        "announcement_feed",
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
        "laureates:statistics": [
            f"{plain('laureates:statistics')}{query}"
            for query in queries
            if "&" in query or query in {"", "?annee=2031", "?etat=termine", "?q=num"}
        ],
        "laureates:statistics_table": [
            plain("laureates:statistics_table", name) for name in statistics.DIMENSIONS
        ],
        **downloads(site, queries),
        **programs(site, queries),
        "laureates:laureate": [row.get_absolute_url() for row in site.laureates],
        "laureates:announcement": [
            row.get_absolute_url() for row in (site.announcement, site.older)
        ],
        "laureates:document": [row.get_absolute_url() for row in site.announcement.documents.all()],
        "laureates:release": [row.get_absolute_url() for row in site.announcement.releases.all()],
        "laureates:release_file": [
            file.get_absolute_url()
            for row in site.announcement.releases.all()
            for file in row.files.all()
        ],
        "laureates:organisation": [row.get_absolute_url() for row in (site.ministry, site.carrier)],
        "laureates:sitemap_section": [
            plain("laureates:sitemap_section", section) for section in sitemap_sections()
        ],
        **calls_in_public(site),
    }


def calls_in_public(site: Site) -> dict[str, list[str]]:
    sessions = [site.extra["session"], site.extra["waiting"]]
    return {
        "calls:calls": [reverse("calls:calls")],
        "calls:call": [row.call.get_absolute_url() for row in sessions],
        "calls:session": [row.get_absolute_url() for row in sessions],
        "calls:document": [site.extra["document"].get_absolute_url()],
        "calls:call_calendar": [
            reverse("calls:call_calendar", args=[row.call.slug]) for row in sessions
        ],
        "calls:session_calendar": [
            reverse("calls:session_calendar", args=[row.call.slug, row.slug]) for row in sessions
        ],
    }
