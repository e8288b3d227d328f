"""Which sheet of a file holds laureates, and what its columns are."""

from dataclasses import dataclass, field

from ftap.refusals import Refusal
from laureates.importers.library.columns import BY_NAME, LISTED, REASON, meant
from laureates.importers.library.template import OTHER_SHEETS
from laureates.matching.references import plain

_LAYOUT = "_library_layout"
_SHOWN = 12


@dataclass(frozen=True)
class Place:
    """Where a column of the template stands in the file: its label there, its index."""

    label: str
    index: int


@dataclass
class Layout:
    """The columns of the sheet of laureates. `carriers` maps ranks to places by name of column.

    `unread` are labels that mean nothing here; `doubled`, those that mean the same as another.
    """

    sheet: str | None = None
    columns: dict[str, Place] = field(default_factory=dict)
    carriers: dict[int, dict[str, Place]] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    other_sheets: list[str] = field(default_factory=list)

    def place(self, name: str) -> Place | None:
        return self.columns.get(name)

    @property
    def tells_carriers(self) -> bool:
        return bool(self.carriers) or LISTED.name in self.columns


def layout_of(job) -> Layout:
    """The layout of an import's file; kept on the job, whose headers do not change."""
    if _LAYOUT not in job.__dict__:
        job.__dict__[_LAYOUT] = _layout(job.headers)
    return job.__dict__[_LAYOUT]


def _layout(headers):
    layout = Layout()
    for part in headers:
        names = {meant(label)[0] for label in part["labels"]}
        if layout.sheet is None and names & {"public_id", "announcement"}:
            layout.sheet = part["sheet"]
            _read(layout, part["labels"])
        elif plain(part["sheet"]) not in OTHER_SHEETS:
            layout.other_sheets.append(part["sheet"])
    return layout


def _read(layout, labels):
    for index, label in enumerate(labels):
        name, rank = meant(label)
        if not name:
            if label and plain(label) != plain(REASON):
                layout.unread.append(label)
            continue
        columns = layout.carriers.setdefault(rank, {}) if rank else layout.columns
        if name in columns:
            layout.doubled.append(label)
            continue
        columns[name] = Place(label, index)


def check(job) -> None:
    """Refusal where the file cannot be read as the template; what it has besides is a warning."""
    layout = layout_of(job)
    if layout.sheet is None:
        raise Refusal(
            "Aucune feuille n’a de colonne «\u00a0Annonce\u00a0» ni «\u00a0Identifiant public\u00a0"
            "»\u00a0: partez du modèle, et gardez ses intitulés de colonnes."
        )
    found = [
        f"La colonne «\u00a0{label}\u00a0» est deux fois dans le fichier\u00a0: gardez-en une."
        for label in layout.doubled
    ]
    if layout.carriers and LISTED.name in layout.columns:
        found.append(
            "Le fichier a une colonne «\u00a0Porteurs\u00a0» et des colonnes «\u00a0Porteur 1\u00a0"
            "»…\u00a0: gardez l’une ou les autres."
        )
    found += [
        f"La colonne «\u00a0{next(iter(places.values())).label}\u00a0» n’a pas de colonne «\u00a0"
        f"{BY_NAME['carrier'].label} {rank}\u00a0»\u00a0: ajoutez-la."
        for rank, places in layout.carriers.items()
        if "carrier" not in places and "siret" not in places
    ]
    if found:
        raise Refusal(found)
    job.problems = _warnings(layout)


def _warnings(layout):
    found = []
    if layout.unread:
        shown = ", ".join(f"«\u00a0{label}\u00a0»" for label in layout.unread[:_SHOWN])
        more = " et d’autres" if len(layout.unread) > _SHOWN else ""
        several = len(layout.unread) > 1
        found.append(
            f"Colonnes hors du modèle, non lues\u00a0: {shown}{more}."
            if several
            else f"Colonne hors du modèle, non lue\u00a0: {shown}."
        )
    if layout.other_sheets:
        shown = ", ".join(f"«\u00a0{name}\u00a0»" for name in layout.other_sheets)
        found.append(f"Seule la feuille «\u00a0{layout.sheet}\u00a0» est lue, et non {shown}.")
    return [{"sheet": "", "row": None, "column": "", "message": text} for text in found]
