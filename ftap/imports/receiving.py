"""The first step of an import: an uploaded file is examined, kept, and its rows staged."""

import datetime
import logging
from pathlib import PurePath

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from ftap import bulk
from ftap.imports.holding import Stage, staged_key
from ftap.imports.kinds import ImportKind
from ftap.imports.models import FOLDER, ImportJob, file_path
from ftap.modeladmin import visible
from ftap.refusals import Refusal
from ftap.tables import Unreadable, inspect
from ftap.tables.reading import NAME_MAX
from ftap.templatetags.ftap import number

logger = logging.getLogger(__name__)

# One page asks what each column means, and a form sends 1,000 values at most.
MAPPED_MAX = 900


class StillOpen(Refusal):
    """The same file is being imported already: `job`."""

    def __init__(self, job):
        self.job = job
        who = job.created_by.get_full_name() or job.created_by.get_username()
        day = timezone.localtime(job.created_at)
        super().__init__(
            f"Ce fichier a déjà été déposé par {who} le {day:%d/%m/%Y à %H:%M} et son import "
            f"nᵒ\u00a0{job.pk} n’est pas terminé\u00a0: continuez-le, ou abandonnez-le d’abord."
        )


def receive(kind: ImportKind, upload, *, by, **fields) -> ImportJob:
    """Keep an uploaded file and stage every row of it: an import RECEIVED.

    `fields` are those of the job's own model. Refusal, in French, where the file cannot be read;
    StillOpen where its import is under way. Nothing is kept then. The caller holds no transaction.
    """
    if not by.has_perm(kind.permission):
        raise PermissionDenied
    filename = _filename(upload.name)
    try:
        contents = inspect(upload, filename)
    except Unreadable as error:
        raise Refusal([str(problem) for problem in error.problems]) from error
    job = kind.job_model(
        filename=filename,
        format=contents.format,
        size=contents.size,
        sha256=contents.sha256,
        headers=[
            {"sheet": _sheet(sheet), "labels": sheet.labels, "rows": sheet.row_count}
            for sheet in contents.sheets
        ],
        created_at=timezone.now(),
        created_by=by,
        **fields,
    )
    if kind.is_mapped:
        _refuse_too_many_columns(job)
    path = file_path(job, filename)
    try:
        with transaction.atomic():
            # One file at a time for a person: a double click does not stage it twice.
            people = get_user_model()._base_manager.select_for_update(no_key=True)
            people.order_by("pk").get(pk=by.pk)
            _refuse_twin(kind, job, fields, by)
            job.file = path
            job.full_clean(exclude=["headers", "problems", "counts"])
            job.save()
            if not kind.is_mapped:
                # Before its rows: a file without the right columns has none to read.
                kind.check(job)
            try:
                _stage(kind, job, contents)
            except Unreadable as error:
                raise Refusal([str(problem) for problem in error.problems]) from error
            job.save(update_fields=["rows_total"])
            # Last: a process killed before leaves no file that nobody holds.
            _store(path, upload)
    except BaseException:
        forget(path)
        raise
    return job


def _filename(name):
    """The name of an upload, without folders nor control characters, cut before its extension."""
    path = PurePath("".join(letter for letter in name if letter.isprintable()) or "fichier")
    limit = 250 - len(path.suffix)
    return f"{path.stem[:limit]}{path.suffix}"[-250:]


def _sheet(sheet):
    return " ".join(sheet.name.split())[:NAME_MAX]


def _refuse_too_many_columns(job):
    count = sum(len(part["labels"]) for part in job.headers)
    if count > MAPPED_MAX:
        raise Refusal(
            f"Le fichier a {number(count)} colonnes en tout, et {number(MAPPED_MAX)} au plus "
            "peuvent recevoir un champ\u00a0: supprimez les feuilles ou les colonnes inutiles."
        )


def _refuse_twin(kind, job, fields, by):
    open_jobs = visible(kind.job_model._default_manager.all(), by).exclude(
        stage__in=(Stage.DONE, Stage.ABANDONED)
    )
    twin = open_jobs.filter(sha256=job.sha256, **fields).select_related("created_by").first()
    if twin is not None:
        raise StillOpen(twin)


def _stage(kind, job, contents):
    # What is found out later has its default.
    later = {
        field.attname: field.get_default()
        for field in kind.row_model._meta.concrete_fields
        if field.attname not in _STAGED and not field.primary_key
    }
    rows = ((*row, *later.values()) for row in _staged(kind, job, contents))
    bulk.write(kind.row_model, (*_STAGED, *later), rows)
    if kind.rows_max is not None and job.rows_total > kind.rows_max:
        raise Refusal(
            f"Ce fichier a {number(job.rows_total)} lignes à importer\u00a0: la limite est de "
            f"{number(kind.rows_max)} par import. Déposez-le en plusieurs parties."
        )
    if not job.rows_total:
        raise Refusal(
            "Ce fichier n’a aucune ligne à importer\u00a0: vérifiez qu’il s’agit du bon fichier et "
            "que sa feuille principale n’est pas vide."
        )


_STAGED = ("job_id", "position", "sheet", "number", "key", "cells")


def _staged(kind, job, contents):
    """The rows of a file as _STAGED names them; counted in `job.rows_total`."""
    position = 0
    for sheet in contents.sheets:
        name = _sheet(sheet)
        is_primary = kind.is_primary(job, name)
        for row in sheet.rows():
            position += 1
            job.rows_total += is_primary
            key = staged_key(kind, job, name, row.cells)
            yield job.pk, position, name, row.number, key, row.cells


def _store(path, upload):
    upload.seek(0)
    try:
        stored = default_storage.save(path, upload)
    except OSError as error:
        logger.exception("File of an import not stored in %s", settings.MEDIA_ROOT)
        raise Refusal(
            "Le fichier n’a pas pu être enregistré sur le serveur. Réessayez plus tard\u202f; si "
            "cela persiste, prévenez la personne qui administre le site."
        ) from error
    if stored != path:
        default_storage.delete(stored)
        raise Refusal("Le fichier n’a pas pu être enregistré\u00a0: réessayez.")


def forget(path: str) -> None:
    """Take a file of an import out of the storage."""
    try:
        default_storage.delete(path)
    except OSError:
        logger.exception("File of an import left behind: %s", path)


def forget_others(kept: set[str], modified_before: datetime.datetime) -> int:
    """Erase the files of imports that are not in `kept`, left by a process that was killed."""
    count = 0
    try:
        _, names = default_storage.listdir(FOLDER)
    except FileNotFoundError:
        return 0
    for name in sorted(names):
        path = f"{FOLDER}/{name}"
        if path not in kept and default_storage.get_modified_time(path) < modified_before:
            forget(path)
            count += 1
    return count
