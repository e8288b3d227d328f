"""Which column of an export fills which field: proposed, saved for the call, reused."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import transaction

from calls import history
from calls.importers.targets import (
    ANY,
    DOSSIERS,
    NUMBER,
    PARTNERS,
    TARGETS,
    Target,
    bare_sheet,
)
from calls.models import Call, ColumnMapping
from ftap import refusals
from ftap.tables import values

__all__ = ["TARGETS", "Column", "Layout", "Target", "layout_of", "proposal", "save", "seal"]
ACTION = "save_column_mapping"
history.name_acts({ACTION: "Correspondance des colonnes enregistrée"})

SAMPLES, SAMPLED_ROWS = 3, 40
UNNAMED = "(colonne sans libellé)"
_LABEL_MAX = ColumnMapping._meta.get_field("label").max_length
_SHEET_MAX = ColumnMapping._meta.get_field("sheet").max_length

Key = tuple[str, str, int]


@dataclass(frozen=True)
class Column:
    """A column of the file; `target` names a field, "" where its values are kept as they are.

    `origin` says where the target comes from: "saved" for this call, "other call", its "label", or
    "" where nothing proposes one. `index` is its place among the cells of a row.
    """

    sheet: str
    label: str
    rank: int
    index: int
    target: str = ""
    samples: tuple[str, ...] = ()
    origin: str = ""

    @property
    def key(self) -> Key:
        return self.sheet, self.label, self.rank

    @property
    def name(self) -> str:
        """The label, with its rank where the sheet repeats it before."""
        return f"{self.label} ({self.rank})" if self.rank > 1 else self.label


class Layout:
    """The columns of a file with their targets; `primary` names the sheet of the dossiers and
    `partners` that of the partners, None where there is none."""

    def __init__(self, primary: str, columns: Iterable[Column]):
        self.primary = primary
        self.columns: dict[str, list[Column]] = {}
        self._by_target: dict[tuple[str, str], Column] = {}
        for column in columns:
            self.columns.setdefault(column.sheet, []).append(column)
            if column.target:
                self._by_target[column.sheet, column.target] = column
        self.partners = next(
            (
                sheet
                for sheet, target in self._by_target
                if TARGETS[target].sheet == PARTNERS and sheet != primary
            ),
            None,
        )

    def column(self, target: str, sheet: str | None = None) -> Column | None:
        """The column that fills `target` in a sheet, that of the dossiers by default."""
        return self._by_target.get((self.primary if sheet is None else sheet, target))

    @property
    def targets(self) -> list[str]:
        """The fields that the sheet of the dossiers fills, in the order of TARGETS."""
        return [name for name in TARGETS if (self.primary, name) in self._by_target]


def columns_of(labels: list[str]) -> list[tuple[str, int]]:
    """(label, rank among equal ones) of each column; a column without a label gets one."""
    return values.columns([label[:_LABEL_MAX].strip() or UNNAMED for label in labels])


# Proposal --------------------------------------------------------------------


def proposal(job, *, with_samples: bool = True) -> list[Column]:
    """Every column of the file in order, with its field and a few of its values if so asked."""
    samples = _samples(job) if with_samples else {}
    return [
        Column(**{**vars(column), "samples": tuple(samples.get((column.sheet, column.index), ()))})
        for columns in layout_of(job).columns.values()
        for column in columns
    ]


def seal(columns: Iterable[Column]) -> str:
    """Changes with the field of any column: what a page of the mapping was opened on."""
    text = json.dumps([[*column.key, column.target] for column in columns], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def layout_of(job) -> Layout:
    """The columns of a file as they are read now; computed once for each instance of the job."""
    if "_layout" not in job.__dict__:
        job.__dict__["_layout"] = _layout(job)
    return job.__dict__["_layout"]


def forget(job) -> None:
    """Read the mapping again the next time."""
    job.__dict__.pop("_layout", None)


def _layout(job):
    sheets = {header["sheet"]: header["labels"] for header in job.headers}
    primary = _primary(sheets)
    columns = [
        Column(sheet, label, rank, index)
        for sheet, labels in sheets.items()
        for index, (label, rank) in enumerate(columns_of(labels))
    ]
    partners = _partners(sheets, primary)
    saved = _saved(job.session.call_id, primary)
    elsewhere = _elsewhere(job.session.call_id)
    found: dict[Key, tuple[str, str]] = {}
    taken: set[tuple[str, str]] = set()

    def take(column, target, origin):
        sheet, where = column.sheet, TARGETS[target].sheet if target else ANY
        fits = where == ANY or (where == DOSSIERS) == (sheet == primary)
        # One column for a field; the dossier's number has one in each sheet.
        place = (sheet if target == NUMBER else where, target)
        if column.key in found or not fits or (target and place in taken):
            return
        found[column.key] = target, origin
        taken.add(place)

    for column in columns:
        if column.key in saved:
            take(column, saved[column.key], "saved")
    for column in columns:
        sheet = "" if column.sheet == primary else bare_sheet(column.sheet)
        target = elsewhere.get((sheet, column.label, column.rank), "")
        if target and column.key not in saved:
            take(column, target, "other call")
    for target, field in TARGETS.items():
        ranked = sorted(
            (
                (rank, column.rank, column.index, column)
                for column in columns
                if column.key not in saved
                and (field.sheet != PARTNERS or column.sheet == partners)
                and (rank := field.rank_of(column.label)) is not None
            ),
            key=lambda one: one[:3],
        )
        for *_, column in ranked:
            take(column, target, "label")
    return Layout(
        primary,
        (
            Column(column.sheet, column.label, column.rank, column.index, target, (), origin)
            for column in columns
            for target, origin in [found.get(column.key, ("", ""))]
        ),
    )


def _primary(sheets):
    """The sheet of the dossiers: by its name, else the first that looks like it, else the first."""
    named = [name for name in sheets if bare_sheet(name) in {"", "dossiers", "dossier"}]
    number = TARGETS[NUMBER]
    like = [
        name for name, labels in sheets.items() if any(number.rank_of(one) == 0 for one in labels)
    ]
    return next(iter([*named, *like, *sheets]), "")


def _partners(sheets, primary):
    return next(
        (
            name
            for name in sheets
            if name != primary
            and any(word in bare_sheet(name) for word in ("partenaire", "porteur"))
        ),
        None,
    )


def _saved(call_id, primary) -> dict[Key, str]:
    rows = ColumnMapping.objects.filter(call=call_id)
    return {
        (row.sheet or primary, row.label, row.rank): row.target if row.target in TARGETS else ""
        for row in rows
    }


def _elsewhere(call_id) -> dict[Key, str]:
    """The fields that other calls gave to columns, those of the latest call first."""
    found = {}
    rows = ColumnMapping.objects.exclude(call=call_id).filter(target__in=TARGETS)
    for row in rows.order_by("-call__year", "-call", "pk"):
        found.setdefault((bare_sheet(row.sheet), row.label, row.rank), row.target)
    return found


def _samples(job):
    """The first different values of each column: {(sheet, index): [text]}."""
    found = {}
    for sheet in layout_of(job).columns:
        for row in job.rows.filter(sheet=sheet).order_by("position")[:SAMPLED_ROWS]:
            for index, text in enumerate(row.cells):
                shown = found.setdefault((sheet, index), [])
                if text and text not in shown and len(shown) < SAMPLES:
                    shown.append(text)
    return found


# Saving ----------------------------------------------------------------------


def save(job, mapping: Mapping[Key, str], *, by) -> None:
    """Keep, for the call of the job, the field of each column of its file; others get none.

    Columns that are saved and that this file lacks stay as they are: an older export has them.
    Raises PermissionDenied, or Refusal in French: an unknown field, two columns for one, a field
    in the wrong sheet, no number of the dossier.
    """
    if not by.has_perm("calls.import_application"):
        raise PermissionDenied
    layout = layout_of(job)
    columns = [column for columns in layout.columns.values() for column in columns]
    if unknown := set(mapping) - {column.key for column in columns}:
        names = ", ".join(sorted(f"«\u00a0{label}\u00a0»" for _, label, _ in unknown))
        raise refusals.Refusal(
            f"Le fichier n’a pas ces colonnes\u00a0: {names}. Rechargez la page et recommencez."
        )
    chosen = {column: mapping.get(column.key, "") for column in columns}
    if problems := list(_problems(layout, chosen)):
        raise refusals.Refusal(problems)
    with transaction.atomic(), history.acting(by, ACTION):
        # One person at a time, and the second finds the columns that the first added.
        calls = Call.objects.select_for_update(of=("self",), no_key=True).order_by("pk")
        call = calls.get(pk=job.session.call_id)
        stored = {
            (row.sheet, row.label, row.rank): row
            for row in ColumnMapping.objects.select_for_update(of=("self",)).filter(call=call)
        }
        for column, target in chosen.items():
            sheet = "" if column.sheet == layout.primary else column.sheet[:_SHEET_MAX]
            row = stored.get((sheet, column.label, column.rank)) or ColumnMapping(
                call=call, sheet=sheet, label=column.label, rank=column.rank
            )
            if row.pk is None or row.target != target:
                row.target = target
                refusals.save(row)
    forget(job)


def _problems(layout, chosen):
    places = {}
    for column, target in chosen.items():
        if not target:
            continue
        if target not in TARGETS:
            yield f"«\u00a0{column.name}\u00a0»\u00a0: champ inconnu, «\u00a0{target}\u00a0»."
            continue
        field = TARGETS[target]
        is_primary = column.sheet == layout.primary
        if field.sheet != ANY and (field.sheet == DOSSIERS) != is_primary:
            where = "la feuille des dossiers" if field.sheet == DOSSIERS else "une autre feuille"
            yield (
                f"«\u00a0{column.name}\u00a0»\u00a0: le champ «\u00a0{field.label}\u00a0» se lit "
                f"dans {where}."
            )
        places.setdefault((column.sheet if field.sheet == ANY else "", target), []).append(column)
    for (_, target), columns in places.items():
        if len(columns) > 1:
            names = " et ".join(f"«\u00a0{column.name}\u00a0»" for column in columns)
            yield (
                f"Le champ «\u00a0{TARGETS[target].label}\u00a0» ne peut venir que d’une "
                f"colonne\u00a0: choisissez entre {names}."
            )
    partners = {
        column.sheet
        for column, target in chosen.items()
        if target in TARGETS and TARGETS[target].sheet == PARTNERS
    }
    if len(partners) > 1:
        names = " et ".join(f"«\u00a0{name}\u00a0»" for name in sorted(partners))
        yield f"Les partenaires se lisent dans une seule feuille\u00a0: choisissez entre {names}."
    for sheet in layout.columns:
        if (sheet, NUMBER) not in places:
            yield number_missing(sheet)


def number_missing(sheet: str) -> str:
    where = f"La feuille «\u00a0{sheet}\u00a0»" if sheet else "Le fichier"
    return (
        f"{where} n’a pas de colonne pour le numéro du dossier\u00a0: sans lui, ses lignes ne se "
        "rattachent à aucun dossier. Indiquez cette colonne (d’ordinaire «\u00a0ID\u00a0» ou "
        "«\u00a0Dossier ID\u00a0»), ou retirez la feuille du fichier."
    )
