"""What an import is of: how rows of a file are recognised, compared and written."""

from collections.abc import Iterator

from django.db import models

from ftap.imports.models import ImportJob, ImportRow
from ftap.modeladmin import visible


class ImportKind:
    """One kind of import, given to the functions of ftap.imports.running.

    `permission` is asked of whoever touches an import of this kind. `batch` rows are compared in
    one short transaction. `count_labels` names in French, as « organismes créés », the counts that
    `write` returns beside those of outcomes.
    """

    job_model: type[ImportJob]
    row_model: type[ImportRow]
    permission: str
    # Whether a person says what the columns mean before reading: `check` waits for it; otherwise
    # a file whose columns cannot be used is not received.
    is_mapped = False
    batch = 200
    # Rows that are written within the time that a server gives an answer; None: those of a file.
    rows_max: int | None = None
    count_labels: dict[str, str] = {}
    # Fields of a staged row that `write` does not read.
    not_written: tuple[str, ...] = ()
    # What a row is looked for by, besides its number: its key.
    search_label = "Chercher une ligne (numéro de dossier ou de ligne)"

    def check(self, job: ImportJob) -> None:
        """Refusal, in French, where the columns of the file cannot be used; when reading starts.

        It may set `job.problems`, warnings about the file as a whole: it is saved afterwards.
        """

    def is_primary(self, job: ImportJob, sheet: str) -> bool:
        """Whether rows of this sheet are compared; rows of the others only serve them."""
        return True

    def key_of(self, job: ImportJob, sheet: str, cells: list[str]) -> str:
        """The natural key of a row, "" where it has none; asked of the rows of every sheet.

        Asked when the file is received (the job is not saved yet), when a cell is corrected and,
        for a file that is mapped, when reading starts; `job.headers` is filled.
        """
        return ""

    def finish(self, job: ImportJob, *, by) -> None:
        """Called once all rows are compared, in the transaction of the last batch.

        It may set `job.problems`: it is saved afterwards.
        """

    def may_overwrite(self, row: ImportRow) -> bool:
        """Whether a reason lets a row HELD be written all the same."""
        return True

    def name_of(self, job: ImportJob, row: ImportRow) -> str:
        """What a row is called on screen, beside its number."""
        return row.key

    def visible_rows(self, job: ImportJob, user) -> models.QuerySet:
        """The staged rows that exist for `user`; shown, counted and written are these alone."""
        return visible(self.row_model._default_manager.filter(job=job), user)

    def sees_everything(self, job: ImportJob, user) -> bool:
        """Whether totals of the whole file tell `user` nothing that their own rows do not."""
        rows = self.row_model._default_manager.filter(job=job)
        return visible(rows, user).count() == rows.count()

    def compare(self, job: ImportJob, rows: list[ImportRow], *, by) -> None:
        """Fill `outcome`, `values`, `changes`, `problems`, `stored` and the row's own keys.

        Saves nothing. Texts are asked of `row.read(index)`, which gives corrections first. Every
        row leaves with an outcome. HELD: it would change something kept from a silent change; once
        its decision is given (`row.decisions["overwrite"]`, a reason), it leaves as CHANGED.
        `values["questions"]` are [{"name", "label", "choices": [[value, label], …]}]; they stay
        once answered; a row with an unanswered one is UNREADABLE with a problem saying which.
        `changes` are [[label, before, after]], in French words, those of a new row included.
        `problems` are [{"column": label, "rank": index in cells or None, "message"}].
        """
        raise NotImplementedError

    def write(self, job: ImportJob, rows: Iterator[ImportRow], *, by, comment: str) -> dict:
        """Write rows CREATED and CHANGED, none set aside, all visible to `by`; counts of the rest.

        Inside one transaction, under the job's lock. Refusal, in French, where something changed
        since the comparison: the row's `stored` differs.
        """
        raise NotImplementedError
