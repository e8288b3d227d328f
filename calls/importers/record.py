"""What the form said of a dossier and that no field holds: kept, merged, compared.

A record is a list of sheets, as `calls.models.FormRecord.values` holds it. What an export lacks
(a column, a sheet) stays as it was last imported; what it has replaces what was kept.
"""

import re
from collections import Counter
from collections.abc import Iterable

from calls.importers.mapping import Layout
from calls.importers.targets import TARGETS
from ftap.tables import values

EMPTY = "vide"
# A number that no spreadsheet writes in two ways but for its decimals: 01000 is a post code.
_NUMBER = re.compile(r"-?(0|[1-9]\d*)([.,]\d+)?")


def merged(stored: list, row, others: Iterable, layout: Layout) -> list:
    """The record after the import of a row; `stored` itself where it says the same."""
    kept = {sheet["sheet"]: sheet["rows"] for sheet in stored}
    before = {(label, rank): text for label, rank, text in next(iter(kept.get("", [])), [])}
    told = {(one.label, one.rank) for one in layout.columns[layout.primary]}
    cells = {key: text for key, text in before.items() if key not in told}
    cells |= {
        (label, rank): before[label, rank] if same(before.get((label, rank), ""), text) else text
        for label, rank, text in _cells(row, layout)
    }
    sheets = {"": [[[*key, text] for key, text in cells.items()]] if cells else []}
    if cells == before:
        sheets[""] = kept.get("", [])
    by_sheet = {}
    for other in others:
        by_sheet.setdefault(other.sheet, []).append(_cells(other, layout))
    for sheet in layout.columns:
        if sheet != layout.primary:
            sheets[sheet] = _rows(kept.get(sheet, []), by_sheet.get(sheet, []))
    sheets = kept | sheets
    found = [
        {"sheet": sheet, "rows": sheets[sheet]}
        for sheet in sorted(sheets, key=lambda name: (name != "", name))
        if sheets[sheet]
    ]
    return stored if found == stored else found


def _cells(row, layout):
    """The cells of a row that no field holds whole, but empty ones: [label, rank, text]."""
    return [
        [column.label, column.rank, text]
        for column in layout.columns.get(row.sheet, ())
        if _is_kept(column) and (text := row.read(column.index).strip())
    ]


def _is_kept(column):
    return not column.target or TARGETS[column.target].keeps_text


def _rows(stored, told):
    """The rows of a sheet as told, each as it was stored where it says the same."""
    told = [row for row in told if row]
    # Most rows did not change at all: only the others are looked at one against another.
    exact = Counter(map(repr, told))
    left = []
    for one in stored:
        if exact[repr(one)] > 0:
            exact[repr(one)] -= 1
        else:
            left.append(one)
    found = []
    for row in told:
        match = None
        if exact[repr(row)] > 0:
            exact[repr(row)] -= 1
            match = next((one for one in left if _says_the_same(one, row)), None)
        if match is not None:
            left.remove(match)
        found.append(row if match is None else match)
    return found


def _says_the_same(one, other):
    first = {(label, rank): text for label, rank, text in one}
    second = {(label, rank): text for label, rank, text in other}
    return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)


def same(one: str, other: str) -> bool:
    """Whether two texts are one value that two formats of file write in two ways."""
    if one == other:
        return True
    if not one or not other:
        return False
    if _NUMBER.fullmatch(one) and _NUMBER.fullmatch(other):
        return _plain_number(one) == _plain_number(other)
    return _moment(one) is not None and _moment(one) == _moment(other)


def _plain_number(text):
    whole, _, decimals = text.replace(",", ".").partition(".")
    return whole, decimals.rstrip("0")


def _moment(text):
    if not text[:1].isdigit() or len(text) > 40:
        return None
    try:
        return values.moment(text)
    except ValueError:
        return None


def changes(before: list, after: list, layout: Layout, told_by_fields: set[str]) -> list[list[str]]:
    """[label, before, after] of what differs, in French words.

    Columns whose target is in `told_by_fields` are left out: the change of their field says it.
    """
    fields = {
        (one.label, one.rank)
        for one in layout.columns[layout.primary]
        if one.target in told_by_fields
    }
    old, new = ({sheet["sheet"]: sheet["rows"] for sheet in record} for record in (before, after))
    cells_before, cells_after = (
        {(label, rank): text for label, rank, text in next(iter(record.get("", [])), [])}
        for record in (old, new)
    )
    found = [
        [_label(*key), cells_before.get(key) or EMPTY, cells_after.get(key) or EMPTY]
        for key in dict.fromkeys([*cells_before, *cells_after])
        if key not in fields and cells_before.get(key) != cells_after.get(key)
    ]
    for sheet in dict.fromkeys([*old, *new]):
        if sheet:
            found += _changed_rows(sheet, old.get(sheet, []), new.get(sheet, []))
    return found


def _changed_rows(sheet, before, after):
    known, told = set(map(repr, before)), set(map(repr, after))
    gone = [row for row in before if repr(row) not in told]
    come = [row for row in after if repr(row) not in known]
    count = max(len(gone), len(come))
    if not count and before != after:
        return [[f"Feuille «\u00a0{sheet}\u00a0»", "ordre précédent des lignes", "autre ordre"]]
    return [
        [
            f"Feuille «\u00a0{sheet}\u00a0»",
            _in_words(gone[index]) if index < len(gone) else EMPTY,
            _in_words(come[index]) if index < len(come) else EMPTY,
        ]
        for index in range(count)
    ]


def _in_words(row):
    return "\u202f; ".join(f"{_label(label, rank)}\u00a0: {text}" for label, rank, text in row)


def _label(label, rank):
    return f"{label} ({rank})" if rank > 1 else label
