"""The import that a function works on: its lock, its stage, its staged rows."""

import hashlib
from operator import attrgetter

from django.core.exceptions import PermissionDenied
from django.db import models
from django.utils import timezone

from ftap import bulk
from ftap.contention import is_contention as is_contention
from ftap.imports.kinds import ImportKind
from ftap.imports.models import ImportJob
from ftap.refusals import Refusal

Stage = ImportJob.Stage
CHUNK = 500
_KEY_MAX = 120
# Fields of a staged row that a comparison leaves alone.
_AS_FOUND = {"id", "job", "position", "sheet", "number", "cells"}
BUSY = (
    "D’autres enregistrements étaient en cours au même moment\u00a0: rien n’a été fait. "
    "Recommencez dans un instant."
)


def rows_of(job: ImportJob, sheet: str | None = None) -> models.QuerySet:
    """The staged rows of an import, in the order of the file; those of one sheet."""
    rows = job.rows.order_by("position")
    return rows if sheet is None else rows.filter(sheet=sheet)


def primary_rows(job: ImportJob, kind: ImportKind, user) -> models.QuerySet:
    """The rows that are compared, of those that `user` sees."""
    return of_primary(kind, job, kind.visible_rows(job, user)).order_by("position")


def all_rows(kind, job):
    return kind.row_model._base_manager.filter(job=job).order_by("position")


def primary(kind, job):
    return of_primary(kind, job, all_rows(kind, job))


def of_primary(kind, job, rows):
    names = [part["sheet"] for part in job.headers if kind.is_primary(job, part["sheet"])]
    return rows.filter(sheet__in=names)


def hold(job, kind, by):
    """The import, locked and read again; PermissionDenied to whoever may not import."""
    if not by.has_perm(kind.permission):
        raise PermissionDenied
    jobs = kind.job_model._base_manager.select_for_update(of=("self",)).order_by("pk")
    return jobs.get(pk=job.pk)


def expect(job, *stages):
    if job.stage in stages:
        return
    day = f"{timezone.localtime(job.ended_at):%d/%m/%Y à %H:%M}" if job.ended_at else ""
    raise Refusal(
        {
            Stage.RECEIVED: "La lecture de ce fichier n’a pas encore commencé\u00a0: "
            "lancez-la d’abord.",
            Stage.READING: "La lecture de ce fichier n’est pas terminée\u00a0: attendez qu’elle "
            "le soit.",
            Stage.READY: "Ce fichier est déjà lu\u00a0: vérifiez-le.",
            Stage.DONE: f"Cet import est terminé depuis le {day}\u00a0: rien n’a changé.",
            Stage.ABANDONED: f"Cet import a été abandonné le {day}\u00a0: rien n’a changé.",
        }[Stage(job.stage)]
    )


def staged_key(kind, job, sheet, cells):
    """The key of a row, as its column can hold it."""
    key = kind.key_of(job, sheet, cells)
    return key if len(key) <= _KEY_MAX else hashlib.sha256(key.encode()).hexdigest()


def compare(kind, job, rows, by):
    if not rows:
        return
    for row in rows:
        row.job = job
        row.outcome, row.stored = "", ""
        row.values, row.changes, row.problems = {}, [], []
    with bulk.undisturbed():
        kind.compare(job, rows, by=by)
    lacking = [row for row in rows if not row.outcome]
    if lacking:
        raise RuntimeError(f"{kind.__class__.__name__} left {lacking[0]} without outcome")
    save_rows(kind, rows)


def save_rows(kind, rows):
    """Write rows that are staged already."""
    names = [
        field.attname
        for field in kind.row_model._meta.concrete_fields
        if field.name not in _AS_FOUND
    ]
    held = attrgetter(*names)
    bulk.update(kind.row_model, names, ((row.pk, *held(row)) for row in rows))
