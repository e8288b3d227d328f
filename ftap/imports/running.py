"""The life of an import: received, read in batches, verified, then written all or nothing.

Each function locks the import, looks at its stage again, and leaves it whole: killed at any
moment, it has either done a step or nothing, and can be called again. Every refusal is a sentence
for the person acting.
"""

import datetime
import hashlib
import json
import time
from collections.abc import Iterator

from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.models import Count
from django.utils import timezone

from ftap.contention import is_contention
from ftap.imports.answering import (
    OVERWRITE,
    answer,
    correct,
    decide,
    label_of,
    overwrite_all,
    questions,
    set_aside,
)
from ftap.imports.holding import (
    BUSY,
    CHUNK,
    Stage,
    all_rows,
    compare,
    expect,
    hold,
    of_primary,
    primary,
    primary_rows,
    rows_of,
    save_rows,
    staged_key,
)
from ftap.imports.kinds import ImportKind
from ftap.imports.models import ImportJob, ImportRow
from ftap.imports.receiving import StillOpen, forget, forget_others, receive
from ftap.refusals import Refusal

__all__ = [
    "BUSY",
    "OVERWRITE",
    "StillOpen",
    "abandon",
    "advance",
    "answer",
    "apply",
    "correct",
    "decide",
    "is_contention",
    "label_of",
    "outcomes",
    "overwrite_all",
    "primary_rows",
    "purge",
    "questions",
    "receive",
    "restart",
    "rows_of",
    "seal",
    "set_aside",
    "start",
]

Outcome = ImportRow.Outcome
# Seconds left to other writers between two batches.
YIELD = 0.1
# Longer than any file takes to be received.
RECEIVING = datetime.timedelta(hours=1)
# Outcomes of rows that are written.
WRITTEN = (Outcome.CREATED, Outcome.CHANGED)
VANISHED = (
    "Une fiche que ce fichier désigne a été supprimée ou fusionnée depuis sa lecture\u00a0: rien "
    "n’est importé. Relancez la lecture du fichier, relisez les changements, puis confirmez."
)
CHANGED = (
    "Des lignes ont changé depuis que cette page est ouverte\u00a0: rien n’a été importé. Relisez "
    "le bilan ci-dessous, puis confirmez de nouveau."
)


def start(job: ImportJob, kind: ImportKind, *, by) -> ImportJob:
    """Begin to read a file RECEIVED; an import already further on is left as it is."""
    with transaction.atomic():
        job = hold(job, kind, by)
        if job.stage in (Stage.READING, Stage.READY):
            return job
        expect(job, Stage.RECEIVED)
        job.problems = []
        kind.check(job)
        if kind.is_mapped:
            _renew_keys(kind, job)
        job.rows_total = sum(
            count
            for sheet, count in all_rows(kind, job)
            .order_by()
            .values_list("sheet")
            .annotate(count=Count("pk"))
            if kind.is_primary(job, sheet)
        )
        job.rows_read = 0
        job.stage = Stage.READING
        job.save()
    return job


def _renew_keys(kind, job):
    """What the columns mean may have been told since the file was received."""
    changed = []
    for row in all_rows(kind, job).iterator(CHUNK):
        key = staged_key(kind, job, row.sheet, row.texts())
        if key != row.key:
            row.key = key
            changed.append(row)
    for start_at in range(0, len(changed), CHUNK):
        save_rows(kind, changed[start_at : start_at + CHUNK])


def advance(job: ImportJob, kind: ImportKind, *, by, seconds: float = 2.0) -> ImportJob:
    """Compare batches of rows, for about so many seconds, until the import is READY.

    Each batch is a transaction: two people who advance the same import share its rows.
    """
    end = time.monotonic() + seconds
    while True:
        job = _advance_once(job, kind, by)
        if job.stage != Stage.READING or time.monotonic() >= end:
            return job
        if connection.vendor == "sqlite":
            # It has one writer at a time and no queue: those who wait look again now and then.
            time.sleep(YIELD)


def _advance_once(job, kind, by):
    with transaction.atomic():
        job = hold(job, kind, by)
        if job.stage != Stage.READING:
            if job.stage == Stage.RECEIVED:
                expect(job, Stage.READING)
            return job
        waiting = primary(kind, job).filter(outcome="")
        rows = list(waiting.order_by("position")[: kind.batch])
        compare(kind, job, rows, by)
        # Counted, not added up: rows read are those that have an outcome.
        left = waiting.count()
        job.rows_read = job.rows_total - left
        if not left:
            kind.finish(job, by=by)
            job.stage = Stage.READY
        job.save()
    return job


def restart(job: ImportJob, kind: ImportKind, *, by) -> ImportJob:
    """Back to RECEIVED, as when columns are mapped otherwise; corrections and answers stay."""
    with transaction.atomic():
        job = hold(job, kind, by)
        if job.stage == Stage.RECEIVED:
            return job
        expect(job, Stage.READING, Stage.READY)
        # Which dossier a row is about stays: it decides who sees the row.
        all_rows(kind, job).exclude(outcome="").update(
            outcome="", values={}, changes=[], problems=[], stored=""
        )
        job.stage, job.rows_read, job.problems = Stage.RECEIVED, 0, []
        job.save()
    return job


def outcomes(job: ImportJob, kind: ImportKind, user) -> dict[str, int]:
    """How many rows have which outcome, of those that `user` sees; « set_aside » counts apart."""
    counts = dict.fromkeys([*Outcome.values, "set_aside"], 0)
    rows = of_primary(kind, job, kind.visible_rows(job, user)).order_by()
    for outcome, is_aside, count in rows.values_list("outcome", "is_set_aside").annotate(
        count=Count("pk")
    ):
        if name := "set_aside" if is_aside else outcome:
            counts[name] += count
    return counts


def seal(job: ImportJob, kind: ImportKind, user) -> str:
    """Changes with whatever would be imported: what a confirmation is about."""
    digest = hashlib.sha256()
    rows = of_primary(kind, job, kind.visible_rows(job, user)).order_by("position")
    fields = ("position", "outcome", "is_set_aside", "stored", "corrections", "decisions")
    for values in rows.values_list(*fields).iterator(CHUNK):
        digest.update(json.dumps(values, sort_keys=True).encode())
    return digest.hexdigest()


def apply(job: ImportJob, kind: ImportKind, *, by, comment: str = "", seen: str = "") -> ImportJob:
    """Write the rows of an import READY, all or none, and keep its receipt.

    Refused while a row that `by` sees is unreadable and not set aside. `seen` is the seal of what
    was confirmed. A second click gives the same receipt. Staged rows and file are gone afterwards.
    """
    try:
        return _apply(job, kind, by=by, comment=comment, seen=seen)
    except IntegrityError as error:
        # Told at the commit only: what a row was found to mean, an organisation say, is gone.
        raise Refusal(VANISHED) from error


def _apply(job, kind, *, by, comment, seen):
    with transaction.atomic():
        job = hold(job, kind, by)
        if job.stage == Stage.DONE:
            return job
        expect(job, Stage.READY)
        counts = outcomes(job, kind, by)
        if unreadable := counts[Outcome.UNREADABLE]:
            raise Refusal(
                f"{unreadable}\u00a0lignes sont illisibles\u00a0: corrigez-les ou écartez-les, "
                "rien n’est importé d’ici là."
                if unreadable > 1
                else "Une ligne est illisible\u00a0: corrigez-la ou écartez-la, rien n’est importé "
                "d’ici là."
            )
        if seen and seen != seal(job, kind, by):
            raise Refusal(CHANGED)
        job.comment = comment.strip()
        written = kind.write(job, _writable(kind, job, by), by=by, comment=job.comment)
        job.counts = {name: count for name, count in {**(written or {}), **counts}.items() if count}
        _end(job, Stage.DONE, by)
    return job


def _writable(kind, job, by) -> Iterator[ImportRow]:
    rows = of_primary(kind, job, kind.visible_rows(job, by)).defer(*kind.not_written)
    for row in (
        rows.filter(outcome__in=WRITTEN, is_set_aside=False).order_by("position").iterator(CHUNK)
    ):
        row.job = job
        yield row


def abandon(job: ImportJob, kind: ImportKind, *, by) -> ImportJob:
    """Give an import up: its rows and its file go, who did it and when stays."""
    with transaction.atomic():
        job = hold(job, kind, by)
        if job.stage == Stage.ABANDONED:
            return job
        if job.stage == Stage.DONE:
            expect(job, Stage.READY)
        _end(job, Stage.ABANDONED, by)
    return job


def _end(job, stage, by):
    path = job.file.name
    job.rows.all()._raw_delete(using=job._state.db)
    job.stage, job.ended_at, job.ended_by = stage, timezone.now(), by
    job.file, job.problems = "", []
    # Labels of columns are questions of a form; what they held is gone.
    job.full_clean(exclude=["headers", "problems", "counts", "file"])
    job.save()
    if path:
        transaction.on_commit(lambda: forget(path))


# Purging -------------------------------------------------------------------------------------


def purge(*, created_before: datetime.datetime) -> tuple[int, int]:
    """Abandon what was left open, of any kind, and erase files that no import holds any more.

    The number of imports, then of files.
    """
    models = [model for model in apps.get_models() if issubclass(model, ImportJob)]
    jobs = 0
    for model in models:
        left = model._base_manager.filter(ended_at=None, created_at__lt=created_before)
        for pk in left.order_by("pk").values_list("pk", flat=True):
            with transaction.atomic():
                held = model._base_manager.select_for_update(of=("self",)).filter(pk=pk)
                job = held.filter(ended_at=None).order_by("pk").first()
                if job is not None:
                    _end(job, Stage.ABANDONED, None)
                    jobs += 1
    kept = {path for model in models for path in model._base_manager.values_list("file", flat=True)}
    # A file that no import holds is one being received, or what a killed process left.
    return jobs, forget_others(kept, max(created_before, timezone.now() - RECEIVING))
