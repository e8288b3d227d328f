"""A private house for each role to knock at: rows of one's own, rows of others that say so.

`FOREIGN` is written in every text of a dossier that only the secretariat and the deciders may see;
`INTERNAL` in what a reviewer of another institution and a publisher may not see of the dossiers
that they do see; `REVIEWED` in what a publisher alone may not.
"""

import datetime
from dataclasses import dataclass
from decimal import Decimal

from django.contrib.admin.sites import site as admin_site
from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from calls.models import Application, Committee, Selection
from laureates.models import Organisation
from tests.factories import (
    AffiliationFactory,
    AnnouncementFactory,
    AnnouncementTextFactory,
    ApplicationFactory,
    AttachmentFactory,
    BearerFactory,
    BulkActFactory,
    BulkActItemFactory,
    CallFactory,
    CallSessionFactory,
    ClaimFactory,
    CommitteeFactory,
    CommitteeMemberFactory,
    CriterionFactory,
    DossierImportFactory,
    DossierImportRowFactory,
    EligibilityRuleFactory,
    ErrorReportFactory,
    FundFactory,
    InformationRequestFactory,
    LaureateFactory,
    LetterFactory,
    LibraryImportFactory,
    LibraryImportRowFactory,
    MinutesFactory,
    NoteFactory,
    OrganisationFactory,
    PublicationFactory,
    RecusalFactory,
    ReviewFactory,
    SelectionFactory,
    SessionAccessFactory,
    TerritoryFactory,
    ThemeFactory,
    UserFactory,
)

FOREIGN = "zorglubetranger"
INTERNAL = "zorglubinterne"
REVIEWED = "zorglubavis"
FOREIGN_AMOUNT = Decimal("987654321.00")
INTERNAL_AMOUNT = Decimal("876543219.00")
DAY = datetime.date(2026, 3, 2)
NOW = datetime.datetime(2026, 3, 2, 9, 0, tzinfo=datetime.UTC)

ROLES = {
    "L": "Lecture",
    "I": "Instruction",
    "A": "Avis",
    "S": "Secrétariat",
    "D": "Décision",
    "P": "Publication",
}


@dataclass
class House:
    """The rows that tests name, and who knocks: by letter, « X » having no role, « R » and « T »
    being a superuser and a secretary recused from the foreign dossier, « U » a superuser."""

    people: dict
    own: dict
    foreign: dict
    published: dict


def build() -> House:
    """`own` is what L, I, A (and S, D) see; `published` what P sees; `foreign` the others'."""
    people = {letter: UserFactory(role=role) for letter, role in ROLES.items()}
    people["X"] = UserFactory(staff=True)
    people["U"] = UserFactory(superuser=True)
    people["R"] = UserFactory(superuser=True)
    people["T"] = UserFactory(role="Secrétariat")
    fund = FundFactory()
    call = CallFactory(fund=fund)
    CriterionFactory(call=call, scale_max=5, weight=2)
    institution = OrganisationFactory(name="Direction consultée")
    AffiliationFactory(user=people["A"], organisation=institution)
    own = _dossier(
        CallSessionFactory(call=call, envelope=5_000_000),
        people,
        officer=people["I"],
        word=INTERNAL,
        amount=Decimal(1_200_000),
    )
    own["review"] = ReviewFactory(
        application=own["application"], institution=institution, question="Votre avis ?"
    )
    own["grant"] = SessionAccessFactory(user=people["L"], session=own["session"])
    own["affiliation"] = people["A"].affiliation
    foreign = _dossier(
        CallSessionFactory(call=call, envelope=5_000_000),
        people,
        officer=UserFactory(role="Instruction"),
        word=FOREIGN,
        amount=FOREIGN_AMOUNT,
    )
    _poison(foreign["application"], FOREIGN)
    foreign["grant"] = SessionAccessFactory(session=foreign["session"])
    foreign["affiliation"] = AffiliationFactory()
    for letter in ("R", "T"):
        RecusalFactory(application=foreign["application"], user=people[letter], reason=FOREIGN)
    published = _dossier(
        own["session"],
        people,
        officer=people["I"],
        word=INTERNAL,
        amount=INTERNAL_AMOUNT,
        state=Selection.State.VALIDATED,
    )
    published["grant"], published["affiliation"] = own["grant"], own["affiliation"]
    for rows in (own, foreign, published):
        rows["import_job"] = rows["import_row"].job
    for name, row in _references().items():
        own[name] = foreign[name] = published[name] = row
    return House(people, own, foreign, published)


def _dossier(session, people, *, officer, word, amount, state=Selection.State.PROPOSED):
    """A dossier with something of everything, on the agenda of a sitting of its own."""
    EligibilityRuleFactory(session=session)
    application = ApplicationFactory(
        session=session,
        state=Application.State.REVIEWED,
        case_officer=officer,
        asked_amount=amount,
        synthesis=f"{word} synthèse",
        reviewed_at=NOW,
        contact_name=f"{word} contact",
        contact_email=f"{word}@example.org",
        admissibility_reason=f"{word} recevabilité",
        summary="Ce que le projet change.",
    )
    bearer = BearerFactory(application=application)
    review = ReviewFactory(
        application=application,
        rendered=True,
        comment=f"{word} commentaire",
        confidential_comment=f"{word} confidentiel",
    )
    validated = state == Selection.State.VALIDATED
    committee = CommitteeFactory(
        session=session,
        state=Committee.State.CLOSED if validated else Committee.State.OPEN,
        held_on=DAY,
        chair="La présidence",
        quorum=1,
        opened_at=NOW,
    )
    decided = {"decided_on": DAY, "record_source": "Relevé des essais"} if validated else {}
    selection = SelectionFactory(
        application=application,
        committee=committee,
        agenda_position=1,
        state=state,
        outcome=Selection.Outcome.RETAINED,
        granted_amount=Decimal(1_000_000) if validated else amount,
        motive=f"{word} motif",
        **decided,
    )
    attachment = AttachmentFactory(
        application=application, title=f"{word} pièce", is_internal=True, file=None
    )
    attachment.file.save("piece.csv", ContentFile(f"{word};1\n".encode()))
    act = BulkActFactory(done_by=people["S"], label=f"{word} acte", comment=f"{word} motif")
    BulkActItemFactory(act=act, application=application)
    return {
        "session": session,
        "application": application,
        "bearer": bearer,
        "review": review,
        "committee": committee,
        "selection": selection,
        "attachment": attachment,
        "note": NoteFactory(application=application, text=f"{word} note"),
        "request": InformationRequestFactory(
            application=application, text=f"{word} complément", closed_at=NOW, asked_at=NOW
        ),
        "recusal": RecusalFactory(
            application=application,
            user=None,
            member=CommitteeMemberFactory(committee=committee),
            reason=f"{word} déport",
        ),
        "letter": LetterFactory(
            application=application, selection=selection, body=f"{word} courrier"
        ),
        "act": act,
        "import_row": _import_row(session, application, people["S"], word),
        "publication": PublicationFactory(announcement__draft=True, committees=[committee]),
        "minutes": MinutesFactory(
            committee=committee, content=f'{{"{word}": 1}}', sealed_by=people["S"]
        ),
    }


def _import_row(session, application, person, word):
    """A row of an import that waits for its verification."""
    job = DossierImportFactory(
        session=session,
        stage="ready",
        headers=[{"sheet": "", "labels": ["ID", "Titre"], "rows": 1}],
        rows_total=1,
        rows_read=1,
        created_by=person,
    )
    return DossierImportRowFactory(
        job=job,
        application=application,
        key="480001",
        outcome="changed",
        cells=["480001", f"{word} cellule"],
        changes=[["Titre", f"{word} avant", f"{word} après"]],
        problems=[{"column": "Titre", "rank": 1, "message": f"{word} problème"}],
    )


def _poison(application, word):
    application.title = f"{word} titre"
    application.summary = f"{word} résumé"
    application.reference = f"{word}-1"
    application.source = word
    application.save()
    bearer = application.bearers.get()
    bearer.declared_name = f"{word} porteur"
    bearer.save()


def _references():
    """Rows of the screens that belong to nobody's dossier."""
    announcement = AnnouncementFactory()
    return {
        **_library_import(announcement),
        "fund": FundFactory(),
        "call": CallSessionFactory().call,
        "organisation": Organisation.objects.first(),
        "territory": TerritoryFactory(),
        "theme": ThemeFactory(),
        "announcement": announcement,
        "announcement_text": AnnouncementTextFactory(),
        "laureate": LaureateFactory(announcement=announcement),
        "claim": ClaimFactory(announcement=announcement),
        "report": ErrorReportFactory(),
        "user": UserFactory(),
        "group": Group.objects.first(),
    }


def _library_import(announcement):
    """An import of laureates that waits for the correction of its one row."""
    job = LibraryImportFactory(
        stage="ready",
        headers=[{"sheet": "", "labels": ["Annonce", "Titre"], "rows": 1}],
        rows_total=1,
        rows_read=1,
    )
    row = LibraryImportRowFactory(
        job=job,
        announcement=announcement,
        key=announcement.slug,
        outcome="unreadable",
        cells=[announcement.slug, "Projet"],
        problems=[{"column": "Titre", "rank": 1, "message": "Titre à corriger."}],
    )
    return {"library_job": job, "library_row": row}


# Addresses -------------------------------------------------------------------

# Which row of the house a screen of each model shows.
ROW_OF = {
    "affiliation": "affiliation",
    "announcement": "announcement",
    "announcementtext": "announcement_text",
    "application": "application",
    "bulkact": "act",
    "call": "call",
    "callsession": "session",
    "claim": "claim",
    "committee": "committee",
    "dossierimport": "import_job",
    "errorreport": "report",
    "fund": "fund",
    "group": "group",
    "laureate": "laureate",
    "letter": "letter",
    "libraryimport": "library_job",
    "organisation": "organisation",
    "publication": "publication",
    "review": "review",
    "selection": "selection",
    "sessionaccess": "grant",
    "territory": "territory",
    "theme": "theme",
    "user": "user",
}
# What else an address asks for, by the name of its parameter, of one model or of any.
PARAMETERS = {
    "libraryimport.row_pk": lambda rows: rows["library_row"].pk,
    "action": lambda rows: "declare_admissible",
    "app_label": lambda rows: "calls",
    "block": lambda rows: int(rows["announcement_text"].content["laureates"][0]["key"]),
    "attachment_id": lambda rows: rows["attachment"].pk,
    "format": lambda rows: "xlsx",
    "public_id": lambda rows: rows["laureate"].public_id,
    "member_pk": lambda rows: rows["recusal"].member.pk,
    "row_pk": lambda rows: rows["import_row"].pk,
    "recusal_pk": lambda rows: rows["recusal"].pk,
    "session_slug": lambda rows: rows["call"].sessions.get().slug,
    "selection_pk": lambda rows: rows["selection"].pk,
    "version": lambda rows: 1,
}


def patterns(resolver=None) -> dict[str, URLPattern]:
    """Every named address of the staff's site, whatever registered it."""
    if resolver is None:
        resolver = next(
            found
            for found in get_resolver().url_patterns
            if isinstance(found, URLResolver) and found.app_name == "admin"
        )
    named = {}
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            named |= patterns(pattern)
        elif pattern.name:
            named[pattern.name] = pattern
    return named


def models_by_prefix() -> dict[str, str]:
    """« calls_application_ » → « application », for each registered model."""
    return {
        f"{model._meta.app_label}_{model._meta.model_name}_": model._meta.model_name
        for model in admin_site._registry
    }


def arguments(pattern) -> list[str]:
    return list(pattern.pattern.regex.groupindex)


def address(name: str, pattern: URLPattern, rows: dict) -> str:
    """The address `name` for the rows of one dossier; KeyError where it asks for something new."""
    model = next(
        (model for prefix, model in models_by_prefix().items() if name.startswith(prefix)), "user"
    )
    values = {}
    for parameter in arguments(pattern):
        own = f"{model}.{parameter}"
        if found := PARAMETERS.get(own) or PARAMETERS.get(parameter):
            values[parameter] = found(rows)
        elif parameter in {"id", "object_id", "pk"}:
            values[parameter] = rows[ROW_OF[model]].pk
        else:
            raise KeyError(f"{name}: no example of « {parameter} »")
    return reverse(f"admin:{name}", kwargs=values)
