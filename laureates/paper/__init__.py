"""An announcement and the sheets of its laureates as PDF documents, made of the records alone.

Files of a release are made before visitors see its rows: nothing here asks what is public, only
what it is given. The same rows and the same date give the same bytes.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from django.conf import settings
from django.db.models import prefetch_related_objects
from django.utils.text import capfirst

from ftap import pdf
from ftap.templatetags.ftap import NBSP, euros, french_date, number
from laureates import figures
from laureates.models import Announcement, Claim, Laureate
from laureates.paper import prose

FUND = "Fonds pour la transformation de l’action publique"
ISSUERS = ("Direction interministérielle de la transformation publique", FUND)
LICENCE = "Licence Ouverte 2.0 (etalab-2.0)"
LICENCE_URL = "https://www.etalab.gouv.fr/licence-ouverte-open-licence/"
_READ = ("group", "carriers__organisation__supervising_ministry", "themes", "territories")


def announcement_pdf(
    announcement: Announcement,
    laureates: Iterable[Laureate],
    *,
    release_number: int,
    dated: datetime,
    sha256: str = "",
) -> bytes:
    """The whole announcement: context, committee, figures, every laureate in order, documents.

    `laureates` are those of the release, in any order; `dated` (aware) is its minute, printed and
    written in the file; `sha256`, when given, is the digest of its content. Raises PdfError.
    """
    version = {"release_number": release_number, "dated": dated, "sha256": sha256}
    return begin_announcement(announcement, laureates, **version)()


def begin_announcement(
    announcement: Announcement,
    laureates: Iterable[Laureate],
    *,
    release_number: int,
    dated: datetime,
    sha256: str = "",
) -> Callable[[], bytes]:
    """Begin to set `announcement_pdf`: its rows are read, and what is returned waits for it."""
    laureates = _read(laureates)
    claims = list(announcement.claims.all())
    withdrawn = Laureate.objects.withdrawn().filter(announcement=announcement).count()
    tally = _tally(laureates)
    # What the fund as a whole adds up to changes with every other announcement: on paper, only
    # what this one states of itself is computed.
    shown = figures.beside(claims, {Claim.Scope.SESSION: tally})
    data = {
        "issuer": ISSUERS,
        **_version(release_number, dated),
        "context": prose.blocks(announcement.public_text),
        "committee": [
            ("Appel à projets", announcement.call_title),
            ("Session", announcement.session_label or "sans session"),
            ("Comité", announcement.committee_name or "non renseigné"),
            ("Date du comité", french_date(announcement.committee_on) or "non renseignée"),
            ("Présidence", announcement.committee_chair or "non renseignée"),
        ],
        "figures": [
            [
                _subject(figure),
                figure.claim.label,
                _computed(figure),
                _stated(figure.claim),
            ]
            for figure in shown
        ],
        # Said once below the table when it is the same for all.
        "stated": list(dict.fromkeys(_stated(claim) for claim in claims)),
        "differs": any(figure.differs for figure in shown),
        "count": _counted(tally),
        "completeness": _completeness(claims, tally, withdrawn),
        "overview": [
            [
                str(laureate.position),
                laureate.title,
                "\n".join(_names(laureate)) or "non renseigné",
                euros(laureate.amount),
            ]
            for laureate in laureates
        ],
        "laureates": [_announced(laureate) for laureate in laureates],
        "documents": [
            [
                document.title,
                document.format,
                f"{number(document.size_kb)}{NBSP}Ko" if document.size_kb else "taille inconnue",
                french_date(document.updated_on) or "date inconnue",
                "oui" if document.file else "non disponible",
            ]
            for document in announcement.documents.all()
        ],
        "about": [
            ("Adresse de l’annonce", _link(announcement.get_absolute_url())),
            *_release(release_number, dated, sha256),
            ("Source", _source(announcement)),
        ],
    }
    document = pdf.Document(data, announcement.title, FUND)
    begun = pdf.begin_many("announcement.typ", [document], created_at=dated)
    return lambda: begun()[0]


def laureate_pdf(laureate: Laureate, *, release_number: int, dated: datetime) -> bytes:
    """The sheet of one project, on a page or two; see `laureate_pdfs`."""
    made = laureate_pdfs([laureate], release_number=release_number, dated=dated)
    return made[laureate.public_id]


def laureate_pdfs(
    laureates: Iterable[Laureate], *, release_number: int, dated: datetime
) -> dict[str, bytes]:
    """The sheet of each of `laureates`, by public identifier, set in one process.

    `dated` (aware) is the minute of the release, printed and written in each file. PdfError.
    """
    return begin_laureates(laureates, release_number=release_number, dated=dated)()


def begin_laureates(
    laureates: Iterable[Laureate], *, release_number: int, dated: datetime
) -> Callable[[], dict[str, bytes]]:
    """Begin to set `laureate_pdfs`: their rows are read, and what is returned waits for them."""
    laureates = _read(laureates)
    documents = [
        pdf.Document(_sheet(laureate, release_number, dated), laureate.title, FUND)
        for laureate in laureates
    ]
    begun = pdf.begin_many("laureate.typ", documents, created_at=dated)
    names = [laureate.public_id for laureate in laureates]
    return lambda: dict(zip(names, begun(), strict=True))


def _read(laureates):
    """The laureates in the announced order, with all that a document reads: few queries."""
    found = sorted(laureates, key=lambda laureate: (laureate.position, laureate.public_id))
    prefetch_related_objects(found, "announcement", *_READ)
    return found


def _sheet(laureate, release_number, dated):
    announcement = laureate.announcement
    return {
        "issuer": ISSUERS,
        **_version(release_number, dated),
        "summary": laureate.summary,
        "facts": [
            (
                "Annonce",
                f"{announcement.title}, projet n°{NBSP}{laureate.position}",
            ),
            ("Montant accordé", euros(laureate.amount)),
            ("État du projet", laureate.get_project_state_display() or "non renseigné"),
            ("Thèmes", _listed(laureate.themes.all())),
            ("Territoires", _listed(laureate.territories.all())),
            *(
                (label, value)
                for label, value in (
                    ("Groupe", _group(laureate)),
                    ("Anciens titres", "\n".join(laureate.former_title_list)),
                    ("Attribuant", _with_siret(laureate.funder_name, laureate.funder_siret)),
                    ("Référence de la décision", laureate.decision_reference),
                    ("Convention signée le", french_date(laureate.agreement_signed_on)),
                    ("Conditions de versement", laureate.payment_terms),
                )
                if value
            ),
        ],
        "description": prose.blocks(laureate.description),
        "carriers": [
            [
                _named(carrier),
                carrier.role_label,
                _ministry(carrier.organisation),
            ]
            for carrier in laureate.carriers.all()
        ],
        "about": [
            ("Adresse du projet", _link(laureate.get_absolute_url())),
            *_release(release_number, dated),
            ("Source", _source(laureate)),
            (
                "Thèmes et territoires",
                laureate.classification_source or "Classement éditorial, absent de l’annonce",
            ),
        ],
    }


def _announced(laureate):
    return {
        "title": f"{laureate.position}. {laureate.title}",
        "carriers": _names(laureate),
        "amount": euros(laureate.amount),
        "group": _group(laureate),
        "summary": laureate.summary,
        "description": prose.blocks(laureate.description),
        "url": _link(laureate.get_absolute_url()),
    }


def _group(laureate):
    """The group of a laureate, with what was granted to the group as a whole; "" without one."""
    if laureate.group is None:
        return ""
    if laureate.group.amount is None:
        return laureate.group.name
    return f"{laureate.group.name}\nmontant accordé au groupe\u00a0: {euros(laureate.group.amount)}"


def _named(carrier):
    name, announced = carrier.organisation.name, carrier.announced_name
    return name if name == announced else f"{name}\n(annoncé\u00a0: {announced})"


def _names(laureate):
    return [carrier.announced_name for carrier in laureate.carriers.all()]


def _listed(rows):
    return "\u202f; ".join(str(row) for row in rows) or "non renseigné"


def _with_siret(name, siret):
    return f"{name}, SIRET {siret}" if name and siret else name or (siret and f"SIRET {siret}")


def _ministry(organisation):
    if organisation.kind == organisation.Kind.MINISTRY:
        return "ministère"
    ministry = organisation.supervising_ministry
    return ministry.name if ministry else "non renseigné"


def _tally(laureates):
    amounts = [laureate.amount for laureate in laureates if laureate.amount is not None]
    return figures.Tally(
        laureates=len(laureates),
        with_amount=len(amounts),
        total=sum(amounts) if amounts else None,
        lowest=min(amounts, default=None),
        highest=max(amounts, default=None),
    )


def _counted(tally):
    """How many laureates the document holds, and what is known of their amounts."""
    many = "s" if tally.laureates > 1 else ""
    counted = f"{number(tally.laureates)} lauréat{many} recensé{many} ici."
    if not tally.laureates:
        return "Aucun lauréat de cette annonce n’est recensé ici."
    known = "connus" if tally.with_amount > 1 else "connu"
    plural = "s" if tally.with_amount > 1 else ""
    rest = f"{number(tally.with_amount)} montant{plural} {known} sur {number(tally.laureates)}"
    if not tally.with_amount:
        rest = f"aucun montant connu sur {number(tally.laureates)}"
    total = f", en tout {euros(tally.total)}" if tally.with_amount else ""
    return f"{counted} {capfirst(rest)}{total}."


def _completeness(claims, tally, withdrawn):
    """Whether the list holds all the laureates that were announced, in a sentence."""
    stated = [
        claim
        for claim in claims
        if claim.subject == Claim.Subject.LAUREATES and claim.scope == Claim.Scope.SESSION
    ]
    exact = [
        claim
        for claim in stated
        if claim.exactness == Claim.Exactness.EXACT and claim.value is not None
    ]
    return figures.Completeness(
        recorded=tally.laureates,
        withdrawn=withdrawn,
        announced=int(exact[0].value) if exact else None,
        claim=next(iter(exact or stated), None),
    ).sentence


def _subject(figure):
    subject = capfirst(figure.claim.get_subject_display())
    return f"{subject}\u00a0: {figure.scope}" if figure.scope else subject


def _computed(figure):
    if not figure.computed:
        return "non calculé ici"
    return f"{figure.computed}\n{capfirst(figure.gap)}" if figure.gap else figure.computed


def _stated(claim):
    when = f"le {french_date(claim.stated_on)}" if claim.stated_on else "à une date non précisée"
    return f"Annoncé {when}. {claim.source}"


def _version(release_number, dated):
    """What each page says of the release."""
    version = f"Version {release_number} du {french_date(dated)}"
    return {"reference": version, "footer": f"{version} – {LICENCE}"}


def _release(release_number, dated, sha256=""):
    yield "Version", f"n°{NBSP}{release_number}, publiée le {french_date(dated)}"
    yield "Réutilisation", {"text": LICENCE, "url": LICENCE_URL}
    if sha256:
        yield "Empreinte SHA-256 du contenu", sha256


def _link(path):
    """The address of a page of this site: whole when the site has one, else its path alone."""
    shown = f"{settings.SITE_URL}{path}"
    return {"text": shown, "url": shown if settings.SITE_URL else ""}


def _source(row):
    shown = row.source or row.source_url or "non renseignée"
    on = french_date(row.source_on)
    # A source often ends with its date, typed with spaces of its own.
    if on and on.replace(NBSP, " ") not in shown.replace(NBSP, " "):
        shown += f", {on}"
    return {"text": shown, "url": row.source_url}
