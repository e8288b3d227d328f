"""Imports of laureates from a spreadsheet, as the framework of imports knows them."""

from collections.abc import Iterator

from ftap.imports.kinds import ImportKind
from ftap.imports.models import ImportRow
from laureates.importers.library import comparing, writing
from laureates.importers.library.layout import check, layout_of
from laureates.importers.library.lines import key_of
from laureates.importers.organisations import COUNT
from laureates.models import LibraryImport, LibraryImportRow

CREATED_SHOWN = 20


class LibraryKind(ImportKind):
    """A spreadsheet made after the template: a row is a laureate, and names its announcement."""

    job_model = LibraryImport
    row_model = LibraryImportRow
    permission = "laureates.import_laureate"
    batch = 2500
    rows_max = 15_000
    not_written = ("cells", "changes", "corrections", "decisions", "problems")
    search_label = "Chercher une ligne (annonce ou numéro de ligne)"
    count_labels = {
        writing.ANNOUNCEMENTS: "annonces créées, en brouillon",
        writing.GROUPS: "groupes créés",
        COUNT: "organismes créés",
        writing.CORRECTED: "lignes portées dans un rectificatif",
    }

    def check(self, job) -> None:
        check(job)

    def is_primary(self, job, sheet: str) -> bool:
        return sheet == layout_of(job).sheet

    def key_of(self, job, sheet: str, cells: list[str]) -> str:
        layout = layout_of(job)
        return key_of(layout, cells) if sheet == layout.sheet else ""

    def name_of(self, job, row: ImportRow) -> str:
        return row.values.get("name", "")

    def may_overwrite(self, row: ImportRow) -> bool:
        return bool(row.values.get("corrects"))

    def compare(self, job, rows: list[ImportRow], *, by) -> None:
        comparing.compare(job, rows, by=by)

    def finish(self, job, *, by) -> None:
        """Name the announcements that would be created: one misspelt would be another one."""
        rows = self.visible_rows(job, by).filter(values__announcement__after__title__isnull=False)
        titles = rows.order_by("position").values_list(
            "values__announcement__after__title", "number"
        )
        found = list(titles[: CREATED_SHOWN + 1])
        job.problems += [
            {
                "sheet": "",
                "row": number,
                "column": "",
                "message": f"L’annonce «\u00a0{title}\u00a0» n’existe pas encore\u00a0: elle sera "
                "créée, en brouillon.",
            }
            for title, number in found[:CREATED_SHOWN]
        ]
        if len(found) > CREATED_SHOWN:
            message = "D’autres annonces seront créées, en brouillon."
            job.problems.append({"sheet": "", "row": None, "column": "", "message": message})

    def write(self, job, rows: Iterator[ImportRow], *, by, comment: str) -> dict[str, int]:
        return writing.write(job, rows, by=by, comment=comment)


KIND = LibraryKind()
