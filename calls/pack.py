"""The pack of a sitting ("dossier de séance"): agenda, summary table and sheets, for one reader.

Each copy bears its reader's name on every page, and holds the dossiers that the reader may see and
no other: those they stand aside from are absent, the others renumbered, and totals that would tell
of them are masked.
"""

import datetime
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q
from django.utils import timezone

from calls import envelope, gates, sheet
from calls.envelope import Envelope, Total
from calls.models import Committee, CommitteeMember, Recusal, Review, Selection
from calls.sheet import Sheet
from ftap import pdf as documents
from ftap import sheets as spreadsheets
from ftap.sheets import Column, Kind
from ftap.templatetags.ftap import euros, french_date, number

TEMPLATE = "pack.typ"
FORMATS = ("pdf", "ods", "xlsx")
MASKED = "masqué : déport"
PARTIAL = "masqué : dossiers de la séance que ce lecteur ne lit pas"
FICTIONAL = "Session fictive : un essai, sans rien de réel."
_ISSUER = "Direction interministérielle de la transformation publique"
_COLUMNS = (
    Column("number", "Nᵒ", Kind.INTEGER),
    Column("reference", "Référence", width=16),
    Column("title", "Intitulé", width=40),
    Column("bearers", "Porteurs", width=40),
    Column("asked", "Montant demandé", Kind.EUROS),
    Column("cost", "Coût total", Kind.EUROS),
    Column("rate", "Part demandée", Kind.PERCENT),
    Column("mean", "Note moyenne", Kind.PERCENT),
    Column("lowest", "Note la plus basse", Kind.PERCENT),
    Column("highest", "Note la plus haute", Kind.PERCENT),
    Column("scored", "Avis notés", Kind.INTEGER),
    Column("expected", "Avis attendus", Kind.INTEGER),
    Column("favourable", "Favorables", Kind.INTEGER),
    Column("reserved", "Réservés", Kind.INTEGER),
    Column("unfavourable", "Défavorables", Kind.INTEGER),
    Column("warnings", "Points de recevabilité", Kind.INTEGER),
    Column("outcome", "Proposition ou décision", width=22),
    Column("granted", "Montant accordé", Kind.EUROS),
)


@dataclass(frozen=True)
class Item:
    """A dossier of the pack; `number` is its place among those of the pack."""

    number: int
    selection: Selection
    sheet: Sheet


@dataclass(frozen=True)
class Pack:
    """What one copy holds. `envelope` is None where `hidden` says why totals are not told."""

    committee: Committee
    reader: str
    items: list[Item]
    envelope: Envelope | None
    hidden: str

    @property
    def is_fictional(self) -> bool:
        return bool(self.committee.session and self.committee.session.call.is_fictional)

    @property
    def copy(self) -> str:
        """What is written at the foot of each page."""
        said = f"Exemplaire de {self.reader}, confidentiel"
        return f"{said}. {FICTIONAL}" if self.is_fictional else said


def of_member(member: CommitteeMember, *, by) -> Pack:
    """The copy of a member of the sitting, prepared by `by`: without the dossiers that either of
    them stands aside from."""
    recused = Recusal.objects.in_force().filter(_of_member(member))
    return _pack(member.committee, member.name, by, recused.values("application"))


def of_reader(committee: Committee, user) -> Pack:
    """The copy of the person signed in: what they see of the sitting."""
    reader = gates.person(user)
    return _pack(committee, reader, user, Recusal.objects.none().values("application"))


def preparing_refusal(committee: Committee, user) -> str:
    """Why `user` cannot prepare the copies of others, in French; empty if they can.

    Copies hold nothing that who prepares them may not see: they would be incomplete.
    """
    if not (user.has_perm("calls.manage_agenda") or user.has_perm("calls.decide")):
        return "Vous n’avez pas le droit de préparer les exemplaires des membres."
    if Committee.objects.masked_for(user).filter(pk=committee.pk).exists():
        return (
            "Vous êtes déporté d’un dossier de cette séance : les exemplaires que vous prépareriez "
            "seraient incomplets. Un autre agent les prépare."
        )
    return ""


def _of_member(member):
    found = Q(member=member)
    if member.user_id is not None:
        found |= Q(user=member.user_id) | Q(member__user=member.user_id)
    return found


def _pack(committee, reader, user, recused):
    seen = (
        Selection.objects.visible_to(user)
        .live()
        .filter(committee=committee)
        .exclude(application__in=recused)
    )
    seen = {*seen.values_list("pk", flat=True)}
    rows = [row for row in envelope.agenda(committee) if row.pk in seen]
    found = sheet.sheets([row.application for row in rows], user)
    rows = [row for row in rows if row.application_id in found]
    hidden = _hidden(committee, user, recused, len(rows))
    return Pack(
        committee=committee,
        reader=reader,
        items=[Item(rank, row, found[row.application_id]) for rank, row in enumerate(rows, 1)],
        envelope=None if hidden else envelope.of(committee, user),
        hidden=hidden,
    )


def _hidden(committee, user, recused, shown):
    told = Selection.objects.filter(committee=committee)
    if envelope.amount_of(committee)[1] == "session":
        told = told | envelope.granted_before(committee)
    if envelope.is_masked(committee, user) or told.filter(application__in=recused).exists():
        return MASKED
    everything = Selection.objects.live().filter(committee=committee).count()
    return "" if shown == everything else PARTIAL


# The PDF ------------------------------------------------------------------------------


def pdf(pack: Pack, at: datetime.datetime | None = None) -> bytes:
    """The agenda, the summary table and every sheet; `at` (aware, now unless told) is written on
    the cover. Raises `ftap.pdf.PdfError`."""
    at = at or timezone.now()
    committee = pack.committee
    data = {
        "issuer": [_ISSUER, committee.fund.name],
        "reference": str(committee),
        "footer": pack.copy,
        "fictional": pack.is_fictional,
        "banner": FICTIONAL,
        "facts": [
            ["Exemplaire de", pack.reader],
            ["Comité", committee.name],
            ["Date de la séance", french_date(committee.held_on) or "non fixée"],
            ["Session", str(committee.session) if committee.session else "aucune, au fil de l’eau"],
            ["Présidence", committee.chair or "non renseignée"],
            ["Dossiers", number(len(pack.items))],
            ["Préparé le", french_date(at)],
        ],
        "envelope": _envelope(pack),
        "agenda": [
            [str(item.number), item.selection.application.reference, *_named(item)]
            for item in pack.items
        ],
        "table": [_line(item) for item in pack.items],
        "sheets": [_sheet(item) for item in pack.items],
    }
    return documents.render(
        TEMPLATE,
        data,
        title=f"Dossier de séance : {committee.name}",
        author=committee.fund.name,
        created_at=at,
    )


def _named(item):
    return [item.selection.application.title, _bearers(item)]


def _bearers(item):
    return "\u202f; ".join(str(bearer) for bearer in item.sheet.bearers)


def _envelope(pack):
    """[label, value] of each line."""
    if pack.envelope is None:
        return [["Enveloppe et totaux", pack.hidden]]
    found = pack.envelope
    lines = [["Enveloppe", "non connue" if found.amount is None else euros(found.amount)]]
    if found.basis == "session":
        lines.append(["Accordé par les autres séances", _total(found.before)])
    lines.append(["Proposé ou accordé par cette séance", _total(found.here)])
    is_complete = found.before.is_complete and found.here.is_complete
    if found.is_exceeded:
        label = "Dépassement" if is_complete else "Dépassement, au moins"
        lines.append([label, euros(found.overrun)])
    elif found.remaining is not None:
        label = "Reste" if is_complete else "Reste, au plus"
        lines.append([label, euros(found.remaining)])
    return lines


def _total(total: Total) -> str:
    if not total.count:
        return "aucun montant"
    plural = "s" if total.known > 1 else ""
    amount = "non communiqué" if total.amount is None else euros(total.amount)
    return f"{amount} ({total.known} montant{plural} connu{plural} sur {total.count})"


def _percent(value):
    return "—" if value is None else f"{number(value)} %"


def _decision(item):
    selection = item.selection
    if not selection.outcome:
        return "à examiner"
    return str(selection.get_outcome_display())


def _granted(item):
    selection = item.selection
    if selection.outcome != Selection.Outcome.RETAINED:
        return "—"
    return euros(selection.granted_amount)


def _line(item):
    summary, application = item.sheet.opinions, item.selection.application
    return [
        str(item.number),
        f"{application.reference}\n{application.title}",
        _bearers(item),
        euros(application.asked_amount),
        euros(application.total_cost),
        _percent(item.sheet.rate),
        f"{_percent(summary.weighted_mean)}\n{summary.scored} sur {summary.expected}",
        _verdicts(summary),
        _decision(item),
        _granted(item),
    ]


def _verdicts(summary):
    letters = {
        Review.Verdict.FAVOURABLE: "favorable",
        Review.Verdict.RESERVED: "réservé",
        Review.Verdict.UNFAVOURABLE: "défavorable",
    }
    found = [
        f"{summary.verdicts[verdict]} {word}{'s' if summary.verdicts[verdict] > 1 else ''}"
        for verdict, word in letters.items()
        if summary.verdicts[verdict]
    ]
    return ", ".join(found) or "aucun"


def _sheet(item):
    application, shown = item.selection.application, item.sheet
    officer = application.case_officer
    recused = [row.member.name if row.member else gates.person(row.user) for row in shown.recusals]
    return {
        "title": f"{item.number}. {application.reference} : {application.title}",
        "facts": [
            ["Porteurs", "\n".join(f"{row} ({row.role_label})" for row in shown.bearers)],
            ["Montant demandé", euros(application.asked_amount)],
            ["Coût total", euros(application.total_cost)],
            ["Part demandée", _percent(shown.rate)],
            ["Thèmes", ", ".join(theme.name for theme in application.themes.all())],
            ["Territoires", ", ".join(str(row) for row in application.territories.all())],
            ["Instructeur", gates.person(officer) if officer else ""],
            *([["Déports", ", ".join(recused)]] if recused else []),
        ],
        "summary": application.summary or "Résumé non renseigné.",
        "synthesis": application.synthesis or "Pas encore rédigée.",
        "warnings": [
            f"{check.rule.label} : "
            f"{'à apprécier' if check.holds is None else 'non respectée'}. {check.explanation}"
            for check in shown.warnings
        ],
        "admitted": application.admissibility_reason if shown.warnings else "",
        "mean": _mean(shown.opinions),
        "opinions": [_opinion(review) for review in shown.reviews],
        "unasked": ", ".join(str(row) for row in shown.opinions.unasked),
        "decision": [
            ["Proposition ou décision", _decision(item)],
            *(
                [["Montant accordé", _granted(item)]]
                if item.selection.outcome == Selection.Outcome.RETAINED
                else []
            ),
            *([["Motif", item.selection.motive]] if item.selection.motive else []),
        ],
    }


def _mean(summary):
    if summary.weighted_mean is None:
        return f"Note moyenne : —, aucun avis noté sur {summary.expected} attendu(s)."
    return (
        f"Note moyenne pondérée : {_percent(summary.weighted_mean)}, de "
        f"{_percent(summary.lowest)} à {_percent(summary.highest)} selon l’institution ; "
        f"{summary.scored} avis noté(s) sur {summary.expected} attendu(s)."
    )


def _opinion(review):
    if review.rendered_at:
        sense = str(review.get_verdict_display())
    else:
        sense = f"attendu pour le {french_date(review.due_on)}" if review.due_on else "attendu"
    return [str(review.institution), sense, review.comment]


# The table -----------------------------------------------------------------------------


def table(pack: Pack, format: str, at: datetime.datetime | None = None) -> bytes:
    """The summary table as a spreadsheet, « ods » or « xlsx ». Raises `ftap.sheets.SheetError`."""
    mark = "Fictif - " if pack.is_fictional else ""
    about = [
        {"label": "Séance", "value": str(pack.committee)},
        {"label": "Exemplaire de", "value": pack.reader},
        *({"label": label, "value": value} for label, value in _envelope(pack)),
        *([{"label": "Session fictive", "value": FICTIONAL}] if pack.is_fictional else []),
    ]
    return spreadsheets.write(
        [
            spreadsheets.Sheet(f"{mark}Dossiers", _COLUMNS, map(_row, pack.items)),
            spreadsheets.Sheet(
                f"{mark}Séance",
                (Column("label", "Rubrique"), Column("value", "Valeur", width=60)),
                about,
            ),
        ],
        format,
        title=f"{mark}Tableau de séance : {pack.committee}",
        author=pack.committee.fund.name,
        footer=pack.copy,
        created_at=at or timezone.now(),
    )


def _row(item):
    summary, application, selection = (
        item.sheet.opinions,
        item.selection.application,
        item.selection,
    )
    granted = selection.granted_amount
    if granted is None and selection.amount_not_disclosed:
        granted = "non communiqué"
    return {
        "number": item.number,
        "reference": application.reference,
        "title": application.title,
        "bearers": _bearers(item),
        "asked": application.asked_amount,
        "cost": application.total_cost,
        "rate": _share(item.sheet.rate),
        "mean": _share(summary.weighted_mean),
        "lowest": _share(summary.lowest),
        "highest": _share(summary.highest),
        "scored": summary.scored,
        "expected": summary.expected,
        **{verdict: summary.verdicts[verdict] for verdict in Review.Verdict.values},
        "warnings": len(item.sheet.warnings),
        "outcome": _decision(item),
        "granted": granted,
    }


def _share(percent: Decimal | None):
    return None if percent is None else percent / 100
