"""The rows of an import that cannot be written, as a file: to be corrected, then brought back."""

from django.db.models import QuerySet
from django.utils import timezone

from ftap import sheets
from ftap.exports import CHUNK
from ftap.sheets import Column, Sheet
from laureates.importers.library.columns import REASON
from laureates.importers.library.layout import layout_of
from laureates.importers.library.template import MAIN
from laureates.matching.references import plain

_WIDTH = 60


def rows_of(rows: QuerySet) -> QuerySet:
    """Those of staged rows that have a problem, whether set aside or not."""
    return rows.exclude(problems=[]).order_by("position")


def file_of(job, rows: QuerySet, format: str) -> bytes:
    """The columns of the file as corrected on screen, and why each row is refused, last.

    Brought back, the column of reasons is not read. `rows` are those that the reader sees.
    """
    layout = layout_of(job)
    labels = next(part["labels"] for part in job.headers if part["sheet"] == layout.sheet)
    kept = [
        (index, label) for index, label in enumerate(labels) if label and plain(label) != _REASON
    ]
    columns = [Column(str(index), label) for index, label in kept]
    found = (
        {str(index): row.read(index) for index, _ in kept} | {_REASON: _reason(row)}
        for row in rows_of(rows).iterator(CHUNK)
    )
    title = f"Import nᵒ\u00a0{job.pk}, lignes en erreur"
    return sheets.write(
        [Sheet(layout.sheet or MAIN, [*columns, Column(_REASON, REASON, width=_WIDTH)], found)],
        format,
        title=title,
        footer=f"{title}, document interne",
        created_at=timezone.localtime(job.created_at),
    )


_REASON = plain(REASON)


def _reason(row):
    return "\n".join(
        f"{problem['column']}\u00a0: {problem['message']}"
        if problem["column"]
        else problem["message"]
        for problem in row.problems
    )
