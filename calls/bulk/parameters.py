"""What an act is given, as rows and as the JSON that drafts and receipts keep of it."""

from datetime import date

from django.contrib.auth import get_user_model

from calls.gates import person
from calls.models import Committee
from calls.permissions import Refusal
from ftap.templatetags.ftap import french_date
from laureates.models import Organisation

# What may be proposed for several dossiers at once.
OUTCOMES = {
    "retained_asked": "retenu, au montant demandé",
    "retained_undisclosed": "retenu, montant non communiqué",
    "not_retained": "non retenu",
    "deferred": "ajourné",
}
_LABELS = {
    "officer": "Instructeur",
    "institution": "Institution",
    "reviewer": "Rapporteur",
    "due_on": "Attendu pour le",
    "question": "Question posée",
    "committee": "Séance",
    "outcome": "Proposition",
    "motive": "Motif de la proposition",
}

_GONE = {
    "officer": "La personne choisie n’existe plus : choisissez-en une autre.",
    "institution": "L’institution choisie n’existe plus : choisissez-en une autre.",
    "reviewer": "Le rapporteur choisi n’existe plus : choisissez-en un autre.",
    "committee": "La séance choisie n’existe plus : choisissez-en une autre.",
}


def dumped(params: dict) -> dict:
    """`params` as plain JSON: rows by primary key, days in ISO form, nothing for what is empty."""
    return {
        name: value.isoformat() if isinstance(value, date) else getattr(value, "pk", value)
        for name, value in params.items()
        if value not in (None, "")
    }


def loaded(stored: dict, user) -> dict:
    """The reverse of `dumped`, for `user`; Refusal where a row is gone, or is not theirs to see."""
    return {name: _loaded(name, value, user) for name, value in stored.items()}


def _loaded(name, value, user):
    if name == "due_on":
        return date.fromisoformat(value)
    if name not in _GONE:
        return value
    rows = {
        "officer": get_user_model().objects,
        "institution": Organisation.objects,
        "reviewer": get_user_model().objects.select_related("affiliation"),
        "committee": Committee.objects.visible_to(user).select_related("fund", "session__call"),
    }[name]
    row = rows.filter(pk=value).first()
    if row is None:
        raise Refusal(_GONE[name])
    return row


def described(stored: dict, user) -> list[tuple[str, str]]:
    """(label, text) of what an act was given, for a reader; a row that is gone shows as such."""
    found = []
    for name, label in _LABELS.items():
        if name not in stored:
            continue
        try:
            value = _loaded(name, stored[name], user)
        except Refusal:
            value = "—"
        found.append((label, _text(name, value)))
    return found


def _text(name, value):
    if name in ("officer", "reviewer"):
        return value if isinstance(value, str) else person(value)
    if name == "due_on":
        return french_date(value)
    if name == "outcome":
        return OUTCOMES.get(value, value)
    return str(value)
