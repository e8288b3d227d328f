"""The cells of a row, read as the values of a dossier's fields; what cannot be read is said."""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from calls.importers.mapping import Layout
from calls.importers.targets import NUMBER, RELATIONS
from calls.models import Application
from ftap.tables import values
from laureates import typography
from laureates.models import Territory, Theme
from laureates.typography import fold

NUMBER_MAX = 2**63 - 1
NAMES_SHOWN = 12
_STATES = {
    **{label: code for code, label in Application.FormState.choices},
    **{code: code for code in Application.FormState.values},
}


class Problem(NamedTuple):
    """Why a row cannot be imported: the label of a column, its index among the cells (None where
    it is another sheet's), and a French sentence."""

    column: str
    rank: int | None
    message: str


@dataclass
class Reading:
    """What a row says of its dossier, field by field, and what is to be asked or corrected.

    `fields` holds values of columns of the model, and sets of primary keys under the names of
    RELATIONS. `questions` are those of `ftap.imports.kinds`.
    """

    fields: dict[str, object] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    questions: list[dict] = field(default_factory=list)

    def ask(self, column, name, label, choices, decisions) -> str:
        """The answer to a question; where there is none yet, a problem says what to do."""
        self.questions.append({"name": name, "label": label, "choices": choices})
        answer = decisions.get(name, "")
        if answer in {value for value, _ in choices}:
            return answer
        self.problems.append(
            Problem(
                column.label if column else "",
                column.index if column else None,
                f"{label} Répondez à la question, ou écartez la ligne.",
            )
        )
        return ""


class References:
    """The themes and territories that cells may name, read once."""

    def __init__(self):
        self.themes = _by_name((theme.name, theme.pk) for theme in Theme.objects.all())
        self.theme_names = [theme.name for theme in Theme.objects.all()]
        self.territories: dict[str, list[Territory]] = {}
        for territory in Territory.objects.order_by("kind", "code"):
            self.territories.setdefault(fold(territory.name), []).append(territory)
            self.territories.setdefault(fold(territory.code), []).append(territory)


def _by_name(pairs):
    return {_plain(name): pk for name, pk in pairs}


def _plain(text):
    return " ".join(fold(text).split())


def number_of(text: str) -> int | None:
    """The number of a dossier; None where the cell is empty; ValueError, in French, otherwise."""
    number = values.integer(text)
    if number is not None and not 0 < number <= NUMBER_MAX:
        raise ValueError(
            f"«\u00a0{text}\u00a0» n’est pas un numéro de dossier\u00a0: c’est un nombre entier, "
            "supérieur à zéro."
        )
    return number


def read(row, layout: Layout, references: References) -> Reading:
    """The fields that the sheet of the dossiers fills, but the bearers (see `bearers`)."""
    found = Reading()
    for target in layout.targets:
        column = layout.column(target)
        text = row.read(column.index)
        try:
            if target == NUMBER:
                _read_number(text, found, column)
            elif target in RELATIONS:
                reader = _themes if target == "themes" else _territories
                found.fields[target] = reader(text, references, found, column, row.decisions)
            elif target in _READERS:
                found.fields[target] = _READERS[target](text)
        except ValueError as error:
            found.problems.append(Problem(column.label, column.index, str(error)))
    return found


def _read_number(text, found, column):
    if number_of(text) is None:
        message = "le numéro du dossier manque\u00a0: sans lui, la ligne ne peut pas être importée."
        found.problems.append(Problem(column.label, column.index, message.capitalize()))


def _text(text):
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _amount(text):
    amount = values.amount(text)
    if amount is not None and amount < 0:
        raise ValueError(f"«\u00a0{text}\u00a0»\u00a0: un montant n’est pas négatif.")
    return amount


def _state(text):
    if not text.strip():
        return ""
    try:
        return values.choice(text, _STATES)
    except ValueError:
        known = ", ".join(Application.FormState.labels)
        raise ValueError(
            f"État du dossier inconnu\u00a0: «\u00a0{text}\u00a0». États acceptés\u00a0: {known}."
        ) from None


_READERS = {
    "title": typography.normalise,
    "summary": _text,
    "asked_amount": _amount,
    "total_cost": _amount,
    "form_state": _state,
    "received_on": values.day,
    "completed_on": values.day,
    "contact_name": typography.normalise,
    "contact_email": lambda text: values.email(text) or "",
}


# Themes and territories ------------------------------------------------------


def _themes(text, references, found, column, decisions):
    names, unknown = _split(text, references.themes)
    for name in unknown:
        known = ", ".join(references.theme_names[:NAMES_SHOWN])
        found.problems.append(
            Problem(
                column.label,
                column.index,
                f"Thème inconnu\u00a0: «\u00a0{name}\u00a0». Thèmes connus\u00a0: {known}. "
                "Corrigez la cellule, ou laissez cette colonne sans champ.",
            )
        )
    return {references.themes[name] for name in names}


def _territories(text, references, found, column, decisions):
    """A territory by its name, its code, or both (« 69 – Rhône »); several of a name are asked."""
    names, unknown = _split(text, references.territories, _without_code)
    chosen = set()
    for name in names:
        several = _coded(name, references)
        answer = several[0].slug
        if len(several) > 1:
            answer = found.ask(
                column,
                f"territory:{name}",
                f"«\u00a0{several[0].name}\u00a0» est le nom de plusieurs territoires\u00a0: "
                "lequel\u202f?",
                [[one.slug, f"{one.name}, {one.get_kind_display()}"] for one in several],
                decisions,
            )
        chosen |= {one.pk for one in several if one.slug == answer}
    for name in unknown:
        found.problems.append(
            Problem(
                column.label,
                column.index,
                f"Territoire inconnu\u00a0: «\u00a0{name}\u00a0». Écrivez le nom ou le code "
                "officiel d’une région ou d’un département, ou laissez cette colonne sans champ.",
            )
        )
    return chosen


_CODED = re.compile(r"^(?P<code>[0-9][0-9ab][0-9]?)\s*[-–—:]\s*(?P<name>.+)$")
_BRACKETED = re.compile(r"^(?P<name>.+?)\s*\(\s*(?P<code>[0-9][0-9ab][0-9]?)\s*\)$")


def _without_code(plain):
    match = _CODED.match(plain) or _BRACKETED.match(plain)
    return match["name"] if match else plain


def _coded(plain, references):
    """The territories that a cell names: those of its code too, where it gives one."""
    match = _CODED.match(plain) or _BRACKETED.match(plain)
    found = references.territories.get(plain) or references.territories[_without_code(plain)]
    by_code = [one for one in found if match and fold(one.code) == match["code"]]
    return by_code or found


def _split(text, known, without=lambda plain: plain):
    """(names of `known` that a cell lists, texts that are none), a comma within a name included."""
    pieces = [piece for piece in re.split(r"\s*[,;\n]\s*", text.strip()) if piece.strip()]
    names, unknown = [], []
    while pieces:
        for length in range(len(pieces), 0, -1):
            plain = _plain(", ".join(pieces[:length]))
            if plain in known or without(plain) in known:
                names.append(plain)
                break
        else:
            length = 1
            unknown.append(pieces[0].strip())
        pieces = pieces[length:]
    return names, unknown
