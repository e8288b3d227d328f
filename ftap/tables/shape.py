"""A sheet as a table: one row of headers, then rows, each cell under its header."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from django.conf import settings

from ftap.tables import cells, values
from ftap.tables.problems import Report, Unreadable, column, excerpt, letter
from ftap.templatetags.ftap import number


@dataclass(frozen=True)
class Raw:
    """A sheet as its format gives it: (row number from 1, values from column A), read again on
    each call; a value is a text, a number, a boolean, a date or a duration.
    """

    name: str
    read: Callable[[], Iterable[tuple[int, list]]]


@dataclass(frozen=True)
class Row:
    """A row: its number as a spreadsheet shows it, its texts aligned with the sheet's labels."""

    number: int
    cells: list[str]


@dataclass
class Sheet:
    """A table: its name ("" for a CSV), the labels of its columns, the number of its rows.

    Labels stand as they are written, without spaces around; they may repeat. A label is "" only
    above a column with nothing in it. Blank rows do not count.
    """

    name: str
    labels: list[str]
    row_count: int
    header_row: int
    _raw: Raw = field(repr=False)

    def rows(self) -> Iterator[Row]:
        """The rows, read from the file as they are asked for."""
        width = len(self.labels)
        for line, found in self._raw.read():
            if line <= self.header_row:
                continue
            texts = [cells.text(value) for value in found[:width]]
            if any(texts):
                yield Row(line, texts + [""] * (width - len(texts)))


def survey(raw: Raw, report: Report) -> Sheet | None:
    """The sheet, once each of its cells was looked at; None for one with nothing in it.

    What is wrong goes to the report; the sheet then has what could be read.
    """
    sheet = None
    for line, found in raw.read():
        texts = _texts(raw, line, found, sheet.labels if sheet else [], report)
        if not any(texts):
            continue
        if sheet is None:
            sheet = Sheet(raw.name, _labels(raw, line, texts, report), 0, line, raw)
            continue
        sheet.row_count += 1
        _check_size(raw, sheet, line)
        if any(texts[len(sheet.labels) :]) or _unlabelled(sheet.labels, texts):
            _report_unlabelled(raw, sheet, line, texts, report)
    return sheet


def _texts(raw, line, found, labels, report):
    texts = []
    for index, value in enumerate(found):
        try:
            text = cells.text(value)
        except ValueError as error:
            label = labels[index] if index < len(labels) else ""
            report.add(str(error), raw.name, line, column(index, label))
            # The cell is there, whatever it says.
            text = "?"
        else:
            if text and cells.is_error(text):
                label = labels[index] if index < len(labels) else ""
                report.add(
                    f"La cellule affiche l’erreur «\u00a0{text}\u00a0»\u00a0: saisissez la valeur, "
                    "ou videz la cellule.",
                    raw.name,
                    line,
                    column(index, label),
                )
        texts.append(text)
    return texts


def _labels(raw, line, texts, report):
    labels = [text.strip() for text in texts]
    while not labels[-1]:
        labels.pop()
    if len(labels) > settings.IMPORT_MAX_COLUMNS:
        raise Unreadable(
            too_many_columns(raw.name, f"la dernière est {letter(len(labels) - 1)}"),
        )
    filled = [label for label in labels if label]
    data = next(
        (index for index, label in enumerate(labels) if label and _is_data(label)),
        None,
    )
    numbers = [label for label in filled if re.fullmatch(r"[-+]?[\d\s.,]+", label)]
    if data is None and len(numbers) * 2 > len(filled):
        data = labels.index(numbers[0])
    if data is not None:
        report.add(
            f"La première ligne doit porter les intitulés des colonnes, et elle contient la "
            f"valeur «\u00a0{excerpt(labels[data])}\u00a0»\u00a0: ajoutez au-dessus une ligne "
            "d’intitulés.",
            raw.name,
            line,
            letter(data),
        )
    return labels


def _is_data(label):
    """Whether a text can only be a value: a date, an address, a long number."""
    if re.fullmatch(r"[\d\s]{9,}", label) or re.fullmatch(r"\S+@\S+\.\S+", label):
        return True
    if not label[0].isdigit() or len(label) > 40:
        return False
    try:
        return values.day(label) is not None
    except ValueError:
        return False


def _unlabelled(labels, texts):
    return "" in labels and any(
        text and not label for text, label in zip(texts, labels, strict=False)
    )


def _report_unlabelled(raw, sheet, line, texts, report):
    filled = [label for label in sheet.labels if label]
    if len(filled) == 1 and sum(map(bool, texts)) > 1 and sheet.row_count == 1:
        report.add(
            f"Cette ligne ne contient que «\u00a0{excerpt(filled[0])}\u00a0»\u00a0: c’est un titre "
            f"et non les intitulés des colonnes, qui sont plus bas (ligne {line}). Supprimez les "
            "lignes placées au-dessus des intitulés.",
            raw.name,
            sheet.header_row,
        )
        report.close()
    index, text = next(
        (index, text)
        for index, text in enumerate(texts)
        if text and (index >= len(sheet.labels) or not sheet.labels[index])
    )
    report.add(
        f"La cellule contient «\u00a0{excerpt(text)}\u00a0» dans une colonne sans intitulé\u00a0: "
        f"écrivez l’intitulé en {letter(index)}{sheet.header_row}, ou videz la colonne. Si les "
        "cellules de cette ligne sont décalées, remettez-les à leur place.",
        raw.name,
        line,
        letter(index),
    )


def _check_size(raw, sheet, line):
    if sheet.row_count > settings.IMPORT_MAX_ROWS:
        raise Unreadable(too_many_rows(raw.name))
    if sheet.row_count * len(sheet.labels) > settings.IMPORT_MAX_CELLS:
        raise Unreadable(too_many_cells(raw.name))


def too_many_columns(sheet: str, last: str) -> str:
    """The sentence for a sheet wider than IMPORT_MAX_COLUMNS; `last` says where it ends."""
    return (
        f"{_the(sheet)} a trop de colonnes ({last})\u00a0: la limite est de "
        f"{number(settings.IMPORT_MAX_COLUMNS)}. Supprimez les colonnes inutiles, même vides, puis "
        "enregistrez."
    )


def too_many_rows(sheet: str, last: str = "") -> str:
    """The sentence for a sheet longer than IMPORT_MAX_ROWS; `last` says where it ends."""
    return (
        f"{_the(sheet)} a trop de lignes{f' ({last})' if last else ''}\u00a0: la limite est de "
        f"{number(settings.IMPORT_MAX_ROWS)}. Supprimez les lignes inutiles, ou déposez le fichier "
        "en plusieurs parties."
    )


def too_many_cells(sheet: str) -> str:
    """The sentence for a file of more than IMPORT_MAX_CELLS cells."""
    return (
        f"{_the(sheet)} porte le fichier au-delà de {number(settings.IMPORT_MAX_CELLS)} cellules, "
        "la limite. Supprimez les lignes et les colonnes inutiles, ou déposez le fichier en "
        "plusieurs parties."
    )


def _the(sheet):
    return f"La feuille «\u00a0{excerpt(sheet)}\u00a0»" if sheet else "Le fichier"
