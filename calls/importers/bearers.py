"""The organisations that a row names as bearers, found among those known, or to be created.

The depositing organisation comes first, then the partners in their order. An organisation that is
only near is asked, never chosen; one that nobody knows is created.
"""

from calls.importers.mapping import Layout
from ftap.tables import values
from laureates import typography
from laureates.importers.organisations import Declared, distinct, identify, in_words, role_of
from laureates.importers.reading import Problem, Reading

__all__ = ["Declared", "in_words", "read", "tells_bearers"]


def tells_bearers(layout: Layout) -> bool:
    return _tells_first(layout) or _tells_partners(layout)


def _tells_first(layout):
    return bool(layout.column("bearer_name") or layout.column("bearer_siret"))


def _tells_partners(layout):
    return layout.partners is not None and bool(
        layout.column("partner_name", layout.partners)
        or layout.column("partner_siret", layout.partners)
    )


def read(row, others, layout: Layout, found: Reading, matcher, current) -> list[Declared] | None:
    """The bearers of the dossier after the import, in order; None where the file tells none.

    `others` are the rows of other sheets of this dossier and `current` its bearers here. What the
    file does not tell stays: partners where it has no sheet of them, the first where no column
    gives it.
    """
    if not tells_bearers(layout):
        return None
    kept = [
        Declared(bearer.declared_name, role=bearer.role, organisation=bearer.organisation)
        for bearer in current
    ]
    first = [one] if _tells_first(layout) and (one := _first(row, layout, found)) else []
    partners = _partners(others, layout, found) if _tells_partners(layout) else []
    for index, one in enumerate((*first, *partners)):
        identify(one, index, found, matcher.find(one.name, one.siret), kept, row.decisions)
    if not _tells_first(layout):
        first = kept[:1]
    if not _tells_partners(layout):
        partners = kept[1:]
    return distinct([*first, *partners], found, "Un dossier")


def _first(row, layout, found):
    name_column, siret_column = layout.column("bearer_name"), layout.column("bearer_siret")
    name = typography.normalise(row.read(name_column.index)) if name_column else ""
    siret = ""
    if siret_column:
        try:
            siret = values.siret(row.read(siret_column.index)) or ""
        except ValueError as error:
            found.problems.append(Problem(siret_column.label, siret_column.index, str(error)))
    if not name and not siret:
        return None
    return Declared(name, siret, column=name_column or siret_column, siret_column=siret_column)


def _partners(others, layout, found):
    rows = [row for row in others if row.sheet == layout.partners]
    order = []
    for position, row in enumerate(rows):
        where = f"Feuille «\u00a0{row.sheet}\u00a0», ligne {row.number}"
        texts = {
            target: row.read(column.index) if column else ""
            for target in ("partner_name", "partner_siret", "partner_role", "partner_line")
            for column in [layout.column(target, layout.partners)]
        }
        one = Declared(
            typography.normalise(texts["partner_name"]),
            tells_role=layout.column("partner_role", layout.partners) is not None,
            where=where,
        )
        line = None
        try:
            one.siret = values.siret(texts["partner_siret"]) or ""
            line = values.integer(texts["partner_line"])
            one.role = _role(texts["partner_role"])
        except ValueError as error:
            found.problems.append(Problem(where, None, str(error)))
        if one.name or one.siret:
            order.append((line is None, line or 0, position, one))
    return [one for *_, one in sorted(order, key=lambda item: item[:3])]


def _role(text):
    try:
        return role_of(text)
    except ValueError as error:
        advice = "Corrigez le fichier, ou laissez la colonne du rôle sans champ."
        raise ValueError(f"{error} {advice}") from None
