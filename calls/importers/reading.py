"""The cells of a row, read as the values of a dossier's fields; what cannot be read is said."""

from calls.importers.mapping import Layout
from calls.importers.targets import NUMBER, RELATIONS
from calls.models import Application
from ftap.tables import values
from laureates import typography
from laureates.importers.reading import Problem, Reading
from laureates.matching.references import References, plain

NUMBER_MAX = 2**63 - 1
NAMES_SHOWN = 12
_STATES = {
    **{label: code for code, label in Application.FormState.choices},
    **{code: code for code in Application.FormState.values},
}


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
    cited = references.themes(text)
    for name, near in cited.unknown:
        known = ", ".join(references.theme_names[:NAMES_SHOWN])
        found.refuse(
            column,
            f"Thème inconnu\u00a0: «\u00a0{name}\u00a0».{_proposed(near)} Thèmes connus\u00a0: "
            f"{known}. Corrigez la cellule, ou laissez cette colonne sans champ.",
        )
    return cited.found


def _territories(text, references, found, column, decisions):
    """A territory by its name, its code, or both (« 69 – Rhône »); several of a name are asked."""
    cited = references.territories(text)
    for name, several in cited.several:
        answer = found.ask(
            column,
            f"territory:{plain(name)}",
            f"«\u00a0{several[0].name}\u00a0» est le nom de plusieurs territoires\u00a0: "
            "lequel\u202f?",
            [[one.slug, f"{one.name}, {one.get_kind_display()}"] for one in several],
            decisions,
        )
        cited.found |= {one.pk for one in several if one.slug == answer}
    for name, near in cited.unknown:
        found.refuse(
            column,
            f"Territoire inconnu\u00a0: «\u00a0{name}\u00a0».{_proposed(near)} Écrivez le nom ou "
            "le code officiel d’une région ou d’un département, ou laissez cette colonne sans "
            "champ.",
        )
    return cited.found


def _proposed(near):
    names = " ou ".join(f"«\u00a0{name}\u00a0»" for name in near)
    return f" Vouliez-vous écrire {names}\u202f?" if names else ""
