"""The words of bulk acts: values before and after, what changed, who changed it."""

from datetime import datetime
from decimal import Decimal

from django.contrib.auth import get_user_model
from django.utils import timezone

from calls.gates import person
from calls.models import Application, BulkAct, Selection
from ftap.templatetags.ftap import euros

EMPTY = "—"
# Stands for a reason that is still to be typed, while a preview asks a gate.
TO_WRITE = "…"
_SELECTION_KINDS = {
    BulkAct.Kind.PUT_ON_AGENDA,
    BulkAct.Kind.PROPOSE,
    BulkAct.Kind.CLEAR_PROPOSALS,
    BulkAct.Kind.CLOSE_COMMITTEE,
}
_LABELS = {
    "state": "état",
    "case_officer": "instructeur",
    "asked_amount": "montant demandé",
    "admissibility_decided_at": "recevabilité décidée",
    "admissibility_reason": "motif de la recevabilité",
    "review_started_at": "mise en instruction",
    "review": "avis",
    "rendered": "avis rendu",
    "selection": "ordre du jour",
    "version": "proposition",
    "outcome": "sens",
    "granted_amount": "montant accordé",
    "amount_not_disclosed": "montant non communiqué",
    "rank": "rang",
    "motive": "motif",
    "public_text": "texte public",
    "decided_on": "date de la décision",
}
# Present in receipts to compare rows, not to be read.
_UNREAD = {"version"}


def moment(value: datetime | None) -> str | None:
    return value and value.isoformat()


def officer(user) -> str:
    return person(user) if user else "aucun"


def bare(application: Application, message: str) -> str:
    """A gate's message without the reference it opens with, for a line that shows it."""
    for opening in (f"Dossier {application.reference}", application.reference):
        head, separator, rest = message.partition("\u00a0:")
        if separator and head == opening:
            rest = rest.strip()
            return rest[:1].upper() + rest[1:]
    return message


def named(application: Application, message: str) -> str:
    """A gate's message, which names the dossier."""
    return f"{application.reference} : {bare(application, message)}"


class Values:
    """Words for the values of one act's rows; the accounts they name are read once."""

    def __init__(self, kind: str, rows: list[dict]):
        self.states = Selection.State if kind in _SELECTION_KINDS else Application.State
        keys = {row["case_officer"] for row in rows if row.get("case_officer")}
        self.people = get_user_model().objects.in_bulk(keys) if keys else {}

    def label(self, name: str) -> str:
        return _LABELS.get(name) or name.replace("_", " ")

    def text(self, name: str, value) -> str:
        if name == "case_officer":
            return officer(self.people.get(value))
        if name == "selection":
            return "inscrit" if value else "non inscrit"
        if name == "review":
            return "demandé" if value else "non demandé"
        if isinstance(value, bool):
            return "oui" if value else "non"
        if value in (None, ""):
            return EMPTY
        if name == "state":
            return dict(self.states.choices).get(value, value)
        if name == "outcome":
            return dict(Selection.Outcome.choices).get(value, value)
        if name in ("granted_amount", "asked_amount"):
            return euros(Decimal(value))
        if name.endswith("_at"):
            return f"{timezone.localtime(datetime.fromisoformat(value)):%d/%m/%Y à %H:%M}"
        if name.endswith("_on"):
            return f"{datetime.fromisoformat(value):%d/%m/%Y}"
        return str(value)

    def changes(self, before: dict, after: dict) -> list[tuple[str, str, str]]:
        """(label, before, after) of each value that differs and that is meant to be read."""
        return [
            (self.label(name), self.text(name, before.get(name)), self.text(name, value))
            for name, value in after.items()
            if name not in _UNREAD and before.get(name) != value
        ]

    def difference(self, before: dict, after: dict) -> str:
        """What differs, in one sentence without its end; empty where nothing does."""
        told = [
            f"{label} : « {old} » alors, « {new} » maintenant"
            for label, old, new in self.changes(before, after)
        ]
        if not told and any(before.get(name) != value for name, value in after.items()):
            told = ["sa proposition a été modifiée"]
        return " ; ".join(told)


def last_change(application: Application) -> str:
    """Who last changed the dossier and when, as the end of a sentence; empty where unknown."""
    last = application.history.select_related("history_user").first()
    if last is None or last.history_user is None:
        return ""
    when = timezone.localtime(last.history_date)
    return f" ({person(last.history_user)}, le {when:%d/%m/%Y à %H:%M})"
