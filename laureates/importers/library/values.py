"""The texts of cells, as values of the fields of a laureate, of its announcement and its group."""

import re
from decimal import Decimal
from functools import lru_cache

from django.core.exceptions import ValidationError

from ftap.sheets import Kind
from ftap.sheets.cells import CUT
from ftap.tables import values
from ftap.templatetags.ftap import euros, french_date
from laureates import typography
from laureates.importers.library.columns import BY_NAME, UNDISCLOSED
from laureates.matching.references import plain
from laureates.models import Announcement, Laureate, LaureateGroup

_STATES = {
    **{label: code for code, label in Laureate.ProjectState.choices},
    **{code: code for code in Laureate.ProjectState.values},
}
EMPTY = "vide"
_SHORT = 200
_UNKNOWN = {plain(UNDISCLOSED), "non communiquee", "nc", "n.c.", "inconnu"}


def _line(text):
    return " ".join(text.split())


def long_text(text: str) -> str:
    """A text of several lines as it is stored; ValueError where a spreadsheet cut it."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if text.endswith(CUT.strip()):
        raise ValueError(
            "Ce texte a été coupé par le tableur, qui n’en garde que 32\u202f767 caractères\u00a0: "
            "retirez cette colonne du fichier, et modifiez le texte sur la fiche."
        )
    return text


def titles(text: str) -> str:
    """Former titles, one a line."""
    return "\n".join(title for line in text.splitlines() if (title := typography.normalise(line)))


def amount(text: str) -> Decimal | None:
    """An amount in euros; None where it is not known, which is never zero."""
    if plain(text) in _UNKNOWN:
        return None
    found = values.amount(text)
    if found is not None and found <= 0:
        raise ValueError(
            f"«\u00a0{text}\u00a0» n’est pas un montant accordé\u00a0: laissez la cellule vide "
            "s’il "
            "n’est pas communiqué, zéro voudrait dire autre chose."
        )
    return found


def _state(text):
    return values.choice(text, _STATES) or ""


def _year(text):
    year = values.integer(text)
    if year is not None and not 2017 <= year <= 2100:
        raise ValueError(
            f"«\u00a0{text}\u00a0»\u00a0: l’année de l’appel est comprise entre 2017 et 2100."
        )
    return year


def position(text: str) -> int | None:
    """A rank in the announcement; None where the cell leaves it open."""
    rank = values.integer(text)
    if rank is not None and not 1 <= rank <= 1_000_000:
        raise ValueError(
            f"«\u00a0{text}\u00a0»\u00a0: le rang est un nombre entier, à partir de 1."
        )
    return rank


# (model, field, reader) of each column that one field holds.
FIELDS = {
    "call_title": (Announcement, "call_title", typography.normalise),
    "call_year": (Announcement, "call_year", _year),
    "session_label": (Announcement, "session_label", _line),
    "committee_name": (Announcement, "committee_name", _line),
    "committee_on": (Announcement, "committee_on", values.day),
    "committee_chair": (Announcement, "committee_chair", _line),
    "announcement_source": (Announcement, "source", _line),
    "announcement_source_url": (Announcement, "source_url", str.strip),
    "announcement_source_on": (Announcement, "source_on", values.day),
    "group": (LaureateGroup, "name", typography.normalise),
    "group_amount": (LaureateGroup, "amount", amount),
    "title": (Laureate, "title", typography.normalise),
    "former_titles": (Laureate, "former_titles", titles),
    "summary": (Laureate, "summary", typography.normalise),
    "description": (Laureate, "description", long_text),
    "amount": (Laureate, "amount", amount),
    "classification_source": (Laureate, "classification_source", _line),
    "project_state": (Laureate, "project_state", _state),
    "source": (Laureate, "source", _line),
    "source_url": (Laureate, "source_url", str.strip),
    "source_on": (Laureate, "source_on", values.day),
}
# Fields of a laureate that its own columns fill, besides its title and rank.
OF_LAUREATE = tuple(
    name for name, (model, _, _) in FIELDS.items() if model is Laureate and name != "title"
)


def read(name: str, text: str):
    """The value of a column's field; ValueError, in French, where the field refuses the text."""
    # What many rows say of an announcement, or of nothing, is read once.
    return _read_once(name, text) if len(text) < _SHORT else _read_once.__wrapped__(name, text)


@lru_cache(maxsize=4_096)
def _read_once(name, text):
    model, field_name, reader = FIELDS[name]
    value = reader(text)
    if value in (None, ""):
        return value
    try:
        return model._meta.get_field(field_name).clean(value, None)
    except ValidationError as error:
        raise ValueError(" ".join(error.messages)) from error


def same(name: str, stored, told) -> bool:
    """Whether a stored value is what a cell tells, but for what a file cannot keep."""
    if stored == told:
        return True
    if not isinstance(stored, str) or not isinstance(told, str):
        return False
    reader = FIELDS[name][2]
    if reader(stored.replace("\t", " ")) == told:
        return True
    # The export of the list puts former titles on one line.
    return name == "former_titles" and reader("; ".join(typography.lines(stored))) == told


def is_listed(text: str) -> list[str]:
    """The parts of a cell that lists carriers."""
    return [part.strip() for part in re.split(r"[;\n]", text) if part.strip()]


def as_json(value):
    """A value as JSON holds it; `to_python` of its field reads it again."""
    return value if isinstance(value, str | int | None) else str(value)


def shown(name: str, value) -> str:
    """The value of a column, in French words."""
    if BY_NAME[name].kind == Kind.EUROS:
        return euros(value)
    if value in (None, ""):
        return EMPTY
    if name == "project_state":
        return Laureate.ProjectState(value).label
    return french_date(value) if hasattr(value, "year") else str(value)
