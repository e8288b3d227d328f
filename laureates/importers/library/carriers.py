"""The organisations that a row names as carriers of its laureate."""

from collections.abc import Callable, Iterable

from ftap.tables import values
from laureates.importers.library.layout import Layout
from laureates.importers.library.lines import Cells
from laureates.importers.organisations import Declared, distinct, identify, role_of
from laureates.importers.reading import Reading
from laureates.matching import Match


def read(
    cells: Cells,
    layout: Layout,
    current: list[Declared],
    found: Reading,
    find: Callable[[str, str], Match],
    decisions: dict,
) -> list[Declared] | None:
    """The carriers after the import, in order; None where the file has no column of them.

    `current` are those of the laureate here; `find` asks the list of organisations.
    """
    if not layout.tells_carriers:
        return None
    told = []
    for index, (name, role, siret, places) in enumerate(cells.carriers()):
        one = Declared(
            name,
            column=places.get("carrier") or places.get("siret"),
            siret_column=places.get("siret"),
            # A column of carriers without one of roles leaves the roles that are known.
            tells_role="role" in places or bool(role),
        )
        for column, reader, text in (("role", role_of, role), ("siret", values.siret, siret)):
            try:
                setattr(one, column, reader(text))
            except ValueError as error:
                found.refuse(places.get(column) or places.get("carrier"), str(error))
        if not name and not siret:
            message = "Ce rôle n’a pas de porteur\u00a0: écrivez son nom, ou videz la cellule."
            found.refuse(places.get("role"), message)
            continue
        told.append(one)
        identify(one, index, found, find(one.name, one.siret), current, decisions)
    _refuse_same(told, found)
    return distinct(told, found, "Un projet")


def _refuse_same(told, found):
    seen = {}
    for one in told:
        if one.organisation is None and not one.name:
            continue
        first = seen.setdefault(one.identity, one)
        if first is not one:
            found.refuse(
                one.column,
                f"«\u00a0{first.shown}\u00a0» et «\u00a0{one.shown}\u00a0» sont le même "
                "organisme\u00a0: gardez-en un.",
            )


def is_same(declared: Iterable[Declared], current: Iterable[Declared]) -> bool:
    return [(one.identity, one.name, one.role) for one in declared] == [
        (one.identity, one.name, one.role) for one in current
    ]
