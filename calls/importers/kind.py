"""Imports of dossiers, as the framework of imports knows them."""

from collections.abc import Iterator

from django.db.models import BigIntegerField, QuerySet
from django.db.models.functions import Cast

from calls.importers import comparing, writing
from calls.importers.mapping import forget, layout_of, number_missing
from calls.importers.reading import number_of
from calls.importers.targets import NUMBER, TARGETS
from calls.models import Application, DossierImport, DossierImportRow
from ftap.imports.kinds import ImportKind
from ftap.imports.models import ImportRow
from ftap.refusals import Refusal
from laureates import typography
from laureates.importers.organisations import COUNT

ORPHANS_SHOWN = 50


class DossierKind(ImportKind):
    """An export of the online-forms service: rows of the sheet of the dossiers are compared; those
    of the others (establishments, opinions, repeatable blocks) go with the dossier they name."""

    job_model = DossierImport
    row_model = DossierImportRow
    permission = "calls.import_application"
    is_mapped = True
    batch = 500
    rows_max = 15_000
    count_labels = {COUNT: "organismes créés"}

    def check(self, job) -> None:
        forget(job)
        layout = layout_of(job)
        missing = [sheet for sheet in layout.columns if layout.column(NUMBER, sheet) is None]
        if missing:
            raise Refusal([number_missing(sheet) for sheet in missing])

    def is_primary(self, job, sheet: str) -> bool:
        return sheet == layout_of(job).primary

    def key_of(self, job, sheet: str, cells: list[str]) -> str:
        column = layout_of(job).column(NUMBER, sheet)
        if column is None or column.index >= len(cells):
            return ""
        try:
            number = number_of(cells[column.index])
        except ValueError:
            return ""
        return "" if number is None else str(number)

    def may_overwrite(self, row: ImportRow) -> bool:
        """Not what is held because the person may not see the dossier."""
        return row.application_id is not None

    def name_of(self, job, row: ImportRow) -> str:
        """« dossier nᵒ 480001 » and the title that the row gives it."""
        column = layout_of(job).column("title")
        title = typography.normalise(row.read(column.index)) if column else ""
        if not row.key:
            return title
        return f"dossier nᵒ\u00a0{row.key}" + (f", {title}" if title else "")

    def sees_everything(self, job, user) -> bool:
        """Once rows are gone, totals are shown to whoever is recused from no dossier there."""
        if job.is_open:
            return super().sees_everything(job, user)
        return not _hidden_from(user).filter(session=job.session).exists()

    def compare(self, job, rows: list[ImportRow], *, by) -> None:
        comparing.compare(job, rows, by=by)

    def finish(self, job, *, by) -> None:
        """Name the rows of other sheets that no row of the dossiers' sheet goes with."""
        layout = layout_of(job)
        dossiers = job.rows.filter(sheet=layout.primary)
        orphans = (
            job.rows.exclude(sheet=layout.primary)
            .exclude(key__in=dossiers.exclude(key="").values("key"))
            .order_by("position")
        )
        shown = list(orphans[: ORPHANS_SHOWN + 1])
        for row in shown[:ORPHANS_SHOWN]:
            column = layout.column(NUMBER, row.sheet)
            job.problems.append(
                {
                    "sheet": row.sheet,
                    "row": row.number,
                    "column": column.label if column else TARGETS[NUMBER].label,
                    "message": "Cette ligne ne se rattache à aucun dossier de la feuille des "
                    "dossiers\u00a0: elle n’est pas importée. Vérifiez le numéro du dossier.",
                }
            )
        if len(shown) > ORPHANS_SHOWN:
            message = "D’autres lignes ne se rattachent à aucun dossier\u00a0: elles ne sont pas "
            job.problems.append(
                {"sheet": "", "row": None, "column": "", "message": f"{message}importées."}
            )

    def write(self, job, rows: Iterator[ImportRow], *, by, comment: str) -> dict[str, int]:
        return writing.write(job, rows, by=by, comment=comment)


def may_sample(job: DossierImport, user) -> bool:
    """Whether values of the file may be shown before its rows are known for those of a dossier:
    to whoever brought it, or is recused from none."""
    return job.created_by_id == user.pk or not _hidden_from(user).exists()


def _hidden_from(user):
    visible = Application.objects.visible_to(user)
    return Application.objects.exclude(pk__in=visible.values("pk"))


def absent(job: DossierImport, user) -> QuerySet:
    """The dossiers of the session that came from the online service and that the file lacks, of
    those that exist for `user`. They stay as they are: an export may be of a part."""
    layout = layout_of(job)
    numbers = (
        job.rows.filter(sheet=layout.primary)
        .exclude(key="")
        .annotate(read=Cast("key", BigIntegerField()))
        .values("read")
    )
    return (
        Application.objects.visible_to(user)
        .filter(session=job.session, form_number__isnull=False)
        .exclude(form_number__in=numbers)
        .order_by("reference")
    )


KIND = DossierKind()
