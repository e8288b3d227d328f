"""The themes and territories of a laureate: those that a cell names, those that it means."""

from laureates.importers.library.layout import Place
from laureates.importers.reading import Reading
from laureates.matching.references import References, plain

THEMES_SHOWN = 12


def read(
    name: str, text: str, place: Place, before: set[int], references: References, found, decisions
) -> set[int]:
    """Primary keys of the themes or territories that a cell names; `before` are the present ones.

    What is unknown is a problem; a name of several territories is a question, unless the laureate
    has one of them.
    """
    cited = getattr(references, name)(text)
    for written, rows in cited.several:
        cited.found |= _which(written, rows, place, before, found, decisions)
    for written, near in cited.unknown:
        found.refuse(place, _unknown(name, written, near, references))
    return cited.found


def _which(written, rows, place, before, found: Reading, decisions):
    kept = {row.pk for row in rows} & before
    if len(kept) == 1:
        return kept
    answer = found.ask(
        place,
        f"territory:{plain(written)}",
        f"«\u00a0{written}\u00a0» est le nom de plusieurs territoires\u00a0: lequel\u202f?",
        [[row.slug, f"{row.name}, {row.get_kind_display()}"] for row in rows],
        decisions,
    )
    return {row.pk for row in rows if row.slug == answer}


def _unknown(name, written, near, references):
    proposed = " ou ".join(f"«\u00a0{one}\u00a0»" for one in near)
    meant = f" Vouliez-vous écrire {proposed}\u202f?" if proposed else ""
    if name == "territories":
        advice = "Écrivez le nom ou le code officiel d’une région ou d’un département."
        return f"Territoire inconnu\u00a0: «\u00a0{written}\u00a0».{meant} {advice}"
    names = references.theme_names
    more = "…" if len(names) > THEMES_SHOWN else ""
    known = ", ".join(names[:THEMES_SHOWN]) + more
    unknown = f"Thème inconnu\u00a0: «\u00a0{written}\u00a0».{meant}"
    return f"{unknown} Thèmes connus\u00a0: {known}."


def in_words(name: str, keys: set[int], references: References) -> str:
    """The names of themes or territories, in order; "" for none."""
    if name == "themes":
        names = [references.theme[pk].name for pk in keys if pk in references.theme]
    else:
        rows = references.territory
        names = [references.written(rows[pk]) for pk in keys if pk in rows]
    return ", ".join(sorted(names))
