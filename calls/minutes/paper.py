"""The minutes worded for readers: the same sentences on the page and in the PDF."""

import datetime
import json
from decimal import Decimal

from calls import gates
from calls.models import CommitteeMember, Minutes, Selection
from ftap import pdf as documents
from ftap.templatetags.ftap import euros, french_date, number

TEMPLATE = "minutes.typ"
FICTIONAL = "Session fictive : un essai, sans rien de réel."
_ISSUER = "Direction interministérielle de la transformation publique"
_BASIS = {
    "sitting": "enveloppe propre à la séance",
    "session": "enveloppe de la session",
}
_OUTCOMES = {
    Selection.Outcome.RETAINED: ("dossier retenu", "dossiers retenus"),
    Selection.Outcome.NOT_RETAINED: ("dossier non retenu", "dossiers non retenus"),
    Selection.Outcome.DEFERRED: ("dossier ajourné", "dossiers ajournés"),
    Selection.Outcome.WAITING_LIST: ("dossier sur liste d’attente", "dossiers sur liste d’attente"),
    None: ("dossier sans proposition", "dossiers sans proposition"),
}


def read(minutes: Minutes) -> dict | None:
    """What a sealed version says, worded; None where its stored text can no longer be read."""
    try:
        return words(json.loads(minutes.content))
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError):
        return None


def words(content: dict) -> dict:
    """The content of `calls.minutes.content`, worded: strings, lists of them, and booleans."""
    decisions = [_decision(row) for row in content["decisions"]]
    return {
        "number": content["number"] or "",
        "fictional": bool(content["fictional"]),
        "banner": FICTIONAL,
        "issuer": [_ISSUER, content["fund"]],
        "facts": [
            ["Comité", content["committee"]],
            ["Date de la séance", _day(content["held_on"]) or "non renseignée"],
            ["Session", content["session"] or "aucune, au fil de l’eau"],
            ["Présidence", content["chair"] or "non renseignée"],
            ["Quorum", _quorum(content)],
            *([["Source", content["source"]]] if content["source"] else []),
        ],
        "attendance": [
            [label, [_member(row) for row in content["members"] if row["attendance"] == mark]]
            for mark, label in (
                (CommitteeMember.Attendance.PRESENT.value, "Présents"),
                (CommitteeMember.Attendance.EXCUSED.value, "Excusés"),
                (CommitteeMember.Attendance.ABSENT.value, "Absents"),
                (None, "Présence non relevée"),
            )
        ],
        "recusals": [[row["person"], row["reference"]] for row in content["recusals"]],
        "decisions": decisions,
        "counts": _counts(content["decisions"]),
        "envelope": _envelope(content["envelope"]),
        "overrun_reason": content["overrun_reason"] or "",
    }


def pdf(minutes: Minutes) -> bytes:
    """The PDF of a sealed version: the same bytes each time, its seal at the foot of each page.

    Raises `ftap.pdf.PdfError`, where the stored text can no longer be read too.
    """
    paper = read(minutes)
    if paper is None:
        raise documents.PdfError(
            f"Le texte conservé du relevé nᵒ {minutes.number}, version {minutes.version}, est "
            "illisible : il a été altéré. Prévenez l’administrateur technique."
        )
    paper |= {
        "reference": f"Relevé nᵒ {minutes.number}, version {minutes.version}",
        "footer": f"SHA-256 du relevé scellé : {minutes.seal}",
        "sealing": sealing_of(minutes),
        "draft": False,
    }
    title = f"Relevé de décisions nᵒ {minutes.number}"
    return documents.render(TEMPLATE, paper, title=title, created_at=minutes.sealed_at)


def draft_pdf(content: dict) -> bytes:
    """The PDF of what would be sealed now, marked as a draft on each page. Raises PdfError."""
    paper = words(content) | {
        "reference": "Projet, non scellé",
        "footer": "Projet, non scellé : ce document ne vaut pas relevé de décisions.",
        "sealing": [],
        "draft": True,
    }
    return documents.render(TEMPLATE, paper, title="Relevé de décisions")


def sealing_of(minutes: Minutes) -> list[list[str]]:
    """[label, value] of what identifies a sealed version."""
    by = minutes.sealed_by
    found = [
        ["Numéro", minutes.number],
        ["Version", str(minutes.version)],
        ["Scellé le", french_date(minutes.sealed_at)],
        ["Scellé par", gates.person(by)],
        ["Empreinte SHA-256", minutes.seal],
    ]
    if minutes.reason:
        found.append(["Motif de cette version", minutes.reason])
    return found


# Words ------------------------------------------------------------------------------


def _day(text):
    return french_date(datetime.date.fromisoformat(text)) if text else ""


def _member(row):
    about = [part for part in (row["title"], row["institution"]) if part]
    name = f"{row['name']} ({', '.join(about)})" if about else row["name"]
    return name if row["voting"] else f"{name}, sans voix"


def _quorum(content):
    present = sum(row["voting"] and row["attendance"] == "present" for row in content["members"])
    required = content["quorum"]
    if required is None:
        return "non connu"
    said = f"{required} requis, {present} présent{'s' if present > 1 else ''} avec voix"
    return said if present >= required else f"{said} : non atteint"


def _decision(row):
    outcome = row["outcome"]
    granted = "—"
    if outcome == Selection.Outcome.RETAINED:
        granted = euros(_decimal(row["granted_amount"]))
    label = str(Selection.Outcome(outcome).label) if outcome else "aucune proposition"
    if row["rank"]:
        label = f"{label}, rang {row['rank']}"
    return {
        "order": str(row["order"]),
        "reference": row["reference"],
        "title": row["title"],
        "bearers": "\u202f; ".join(row["bearers"]) or "porteur non renseigné",
        "asked": euros(_decimal(row["asked_amount"])),
        "outcome": label,
        "granted": granted,
        "motive": row["motive"] or "",
        "source": row["source"] or "",
    }


def _counts(decisions):
    found = []
    for outcome, (one, many) in _OUTCOMES.items():
        count = sum(row["outcome"] == outcome for row in decisions)
        if count:
            found.append(f"{number(count)} {one if count == 1 else many}")
    return found


def _envelope(envelope):
    """[label, amount, what it rests on] of each line."""
    amount, left = _decimal(envelope["amount"]), _decimal(envelope["remaining"])
    lines = [
        [
            "Enveloppe",
            "non connue" if amount is None else euros(amount),
            _BASIS.get(envelope["basis"], ""),
        ]
    ]
    if envelope["basis"] == "session":
        lines.append(["Accordé par les autres séances de la session", *_total(envelope["before"])])
    lines.append(["Accordé par cette séance", *_total(envelope["granted"])])
    if left is not None:
        complete = all(
            envelope[part]["known"] == envelope[part]["count"] for part in ("before", "granted")
        )
        doubt = "" if complete else "des montants ne sont pas communiqués"
        if left < 0:
            lines.append(["Dépassement", euros(-left), doubt and f"au moins : {doubt}"])
        else:
            lines.append(["Reste", euros(left), doubt and f"au plus : {doubt}"])
    return lines


def _total(total):
    amount, known, count = _decimal(total["amount"]), total["known"], total["count"]
    if not count:
        return ["aucun montant", ""]
    plural = "s" if known > 1 else ""
    known_of = f"{known} montant{plural} connu{plural} sur {count}"
    return ["non communiqué" if amount is None else euros(amount), known_of]


def _decimal(text):
    return None if text is None else Decimal(text)
