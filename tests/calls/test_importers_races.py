"""Imports of dossiers that are killed, and imports that two people push at once."""

import os
import signal
from datetime import timedelta
from pathlib import Path
from unittest import mock

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from django.utils.module_loading import import_string

from calls.importers import KIND, mapping
from calls.models import Application, Bearer, DossierImport, DossierImportRow, Event, FormRecord
from ftap.imports import running
from ftap.imports.running import StillOpen
from ftap.refusals import Refusal
from laureates.models import Organisation
from tests import online_form
from tests.calls.test_bulk_races import together
from tests.factories import CallSessionFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)

COUNT = 5
CONTENT = online_form.export(online_form.dossiers(COUNT), "xlsx")
WRITTEN = (Application, Bearer, FormRecord, Organisation)


@pytest.fixture
def session():
    return CallSessionFactory()


@pytest.fixture
def person():
    return UserFactory(role="Secrétariat")


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(KIND, "batch", 2, raising=False)
    monkeypatch.setattr("calls.importers.writing.BATCH", 2)
    monkeypatch.setattr("ftap.bulk.ROWS", 4)


def receive(session, person):
    upload = SimpleUploadedFile("export.xlsx", CONTENT)
    return running.receive(KIND, upload, by=person, session=session)


def start(person, job):
    columns = {column.key: column.target for column in mapping.proposal(job)}
    mapping.save(job, columns, by=person)
    return running.start(job, KIND, by=person)


def ready(session, person):
    job = start(person, receive(session, person))
    return running.advance(job, KIND, by=person, seconds=60)


def files():
    return sorted(path.name for path in Path(settings.MEDIA_ROOT, "imports").glob("*"))


def counts():
    models = (DossierImport, DossierImportRow, Event, *WRITTEN)
    return [model._base_manager.count() for model in models]


def killed(act, place, *, call=1, is_after=False):
    """Do `act` in another process, killed at the given call of `place`, before it or after."""
    real, seen = import_string(place), 0

    def dying(*args, **kwargs):
        nonlocal seen
        seen += 1
        if seen == call and not is_after:
            os.kill(os.getpid(), signal.SIGKILL)
        found = real(*args, **kwargs)
        if seen == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    connection.close()
    process = os.fork()
    if not process:
        # The server hears of a death by the end of a connection: one that this process holds too,
        # as the loop of a browser makes it, would stay, with its locks.
        _inherited, connection.connection = connection.connection, None
        try:
            with mock.patch(place, dying):
                act()
        finally:
            os._exit(0)
    _, status = os.waitpid(process, 0)
    assert os.WIFSIGNALED(status), f"{place} was not reached"
    assert os.WTERMSIG(status) == signal.SIGKILL


# Killed ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "call", "is_after"),
    [
        ("ftap.imports.receiving.inspect", 1, True),
        ("ftap.imports.receiving.staged_key", 20, True),
        ("ftap.imports.receiving._stage", 1, True),
        ("ftap.imports.receiving._store", 1, False),
    ],
)
def test_a_deposit_that_is_killed_leaves_nothing(session, person, place, call, is_after):
    before, stored = counts(), files()
    killed(lambda: receive(session, person), place, call=call, is_after=is_after)
    assert (counts(), files()) == (before, stored)
    assert receive(session, person).stage == "received"


def test_a_file_left_by_a_deposit_killed_at_its_very_end_is_purged(session, person):
    stored = files()
    killed(lambda: receive(session, person), "ftap.imports.receiving._store", is_after=True)
    assert not DossierImport.objects.exists()
    (orphan,) = set(files()) - set(stored)
    job = receive(session, person)
    call_command("purge_imports", days=30, verbosity=0)
    # It may be of a deposit under way: it goes an hour later.
    assert orphan in files()
    aged = (timezone.now() - timedelta(hours=2)).timestamp()
    for name in files():
        os.utime(Path(settings.MEDIA_ROOT, "imports", name), (aged, aged))
    call_command("purge_imports", days=30, verbosity=0)
    assert orphan not in files()
    assert Path(job.file.name).name in files()
    running.abandon(job, KIND, by=person)


@pytest.mark.parametrize("call", [1, 2, 3])
def test_a_reading_that_is_killed_goes_on_where_it_was(session, person, call):
    job = start(person, receive(session, person))

    def act():
        running.advance(job, KIND, by=person, seconds=60)

    killed(act, "calls.importers.comparing.compare", call=call, is_after=True)
    job.refresh_from_db()
    assert (job.stage, job.rows_read) == ("reading", 2 * (call - 1))
    job = running.advance(job, KIND, by=person, seconds=60)
    assert (job.stage, job.rows_read) == ("ready", COUNT)
    running.abandon(job, KIND, by=person)


@pytest.mark.parametrize(
    ("place", "call"),
    [
        ("calls.importers.writing._lock", 1),
        ("calls.history.save_many", 1),
        ("calls.history.save_many", 2),
        ("calls.history.save_many", 6),
        ("ftap.imports.running._end", 1),
    ],
)
def test_a_writing_that_is_killed_has_written_nothing(session, person, place, call):
    job = ready(session, person)
    before = counts()
    killed(lambda: running.apply(job, KIND, by=person), place, call=call, is_after=True)
    assert counts() == before
    job.refresh_from_db()
    assert job.stage == "ready"
    # Found again, it is written once.
    running.apply(job, KIND, by=person)
    numbers = Application.objects.filter(form_number__isnull=False)
    assert (numbers.count(), FormRecord.objects.count()) == (COUNT, COUNT)
    assert not DossierImportRow.objects.exists()


def test_a_file_left_by_a_writing_killed_once_done_is_purged(session, person):
    job = ready(session, person)
    name = Path(job.file.name).name
    killed(lambda: running.apply(job, KIND, by=person), "ftap.imports.running.forget")
    job.refresh_from_db()
    assert (job.stage, job.counts["created"], name in files()) == ("done", COUNT, True)
    running.purge(created_before=timezone.now() - timedelta(days=30))
    aged = (timezone.now() - timedelta(hours=2)).timestamp()
    os.utime(Path(settings.MEDIA_ROOT, "imports", name), (aged, aged))
    running.purge(created_before=timezone.now() - timedelta(days=30))
    assert name not in files()


# Two at once -----------------------------------------------------------------------------------


def test_two_confirmations_at_once_import_once(session, person):
    job = ready(session, person)
    other = UserFactory(role="Secrétariat")
    done = together(
        lambda: running.apply(job, KIND, by=person), lambda: running.apply(job, KIND, by=other)
    )
    assert [found.stage for found in done] == ["done", "done"]
    assert done[0].ended_by_id == done[1].ended_by_id
    assert Application.objects.filter(form_number__isnull=False).count() == COUNT


def test_a_double_click_on_deposit_stages_one_file(session, person):
    first, second = together(lambda: receive(session, person), lambda: receive(session, person))
    found = sorted((first, second), key=lambda one: isinstance(one, StillOpen))
    assert found[1].job == found[0]
    assert DossierImport.objects.count() == 1
    running.abandon(found[0], KIND, by=person)


def test_two_readings_at_once_read_each_row_once(session, person):
    job = start(person, receive(session, person))
    other = UserFactory(role="Secrétariat")
    done = together(
        lambda: running.advance(job, KIND, by=person, seconds=60),
        lambda: running.advance(job, KIND, by=other, seconds=60),
    )
    assert [found.stage for found in done] == ["ready", "ready"]
    assert running.outcomes(job, KIND, person)["created"] == COUNT
    running.abandon(job, KIND, by=person)


def test_a_confirmation_and_an_abandon_at_once_agree(session, person):
    job = ready(session, person)
    done = together(
        lambda: running.apply(job, KIND, by=person), lambda: running.abandon(job, KIND, by=person)
    )
    job.refresh_from_db()
    written = Application.objects.filter(form_number__isnull=False).count()
    assert (job.stage, written) in {("done", COUNT), ("abandoned", 0)}
    assert sum(isinstance(found, Refusal) for found in done) == 1


def test_one_mapping_saved_by_two_people_at_once_is_saved_once(session, person):
    job = receive(session, person)
    other = UserFactory(role="Secrétariat")
    columns = {column.key: column.target for column in mapping.proposal(job)}

    def save(by):
        return mapping.save(DossierImport.objects.get(pk=job.pk), columns, by=by) or "saved"

    done = together(lambda: save(person), lambda: save(other))
    assert "saved" in done
    assert all(found == "saved" or isinstance(found, Refusal) for found in done)
    total = sum(len(sheet["labels"]) for sheet in job.headers)
    assert session.call.column_mappings.count() == total
    running.abandon(job, KIND, by=person)
