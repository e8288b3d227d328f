"""An undisclosed application stays unknown, whoever writes to the database, and in any order."""

import threading
from contextlib import contextmanager

import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db import IntegrityError, connection, migrations, models, transaction

from calls.models import Application, Bearer, Selection
from calls.triggers import MESSAGE, TRIGGERS
from ftap import triggers
from tests.factories import (
    ApplicationFactory,
    BearerFactory,
    CallSessionFactory,
    CommitteeFactory,
    LaureateFactory,
    OrganisationFactory,
    SelectionFactory,
)

NAMES = {trigger.name for trigger in TRIGGERS}
UNKNOWN = {"is_undisclosed": True, "title": ""}


@contextmanager
def refused():
    with pytest.raises(IntegrityError, match=MESSAGE), transaction.atomic():
        yield


# What is refused -------------------------------------------------------------


@pytest.mark.django_db
def test_an_undisclosed_application_is_not_linked_by_a_new_decision():
    application = ApplicationFactory(undisclosed=True)
    committee, laureate = CommitteeFactory(), LaureateFactory()
    with refused():
        SelectionFactory(
            application=application, committee=committee, laureate=laureate, retained=True
        )
    SelectionFactory(application=application, committee=committee, retained=True)


@pytest.mark.django_db
def test_an_undisclosed_application_is_not_linked_by_a_decision_that_exists():
    selection = SelectionFactory(application__undisclosed=True, retained=True)
    laureate = LaureateFactory()
    rows = Selection.objects.filter(pk=selection.pk)
    with refused():
        rows.update(laureate=laureate)
    rows.update(application=ApplicationFactory())
    assert rows.update(laureate=laureate) == 1


@pytest.mark.django_db
def test_a_linked_decision_does_not_move_to_an_undisclosed_application():
    selection = SelectionFactory(retained=True, laureate=LaureateFactory())
    undisclosed = ApplicationFactory(undisclosed=True)
    with refused():
        Selection.objects.filter(pk=selection.pk).update(application=undisclosed)


@pytest.mark.django_db
def test_a_linked_application_is_not_declared_undisclosed():
    selection = SelectionFactory(retained=True, laureate=LaureateFactory())
    rows = Application.objects.filter(pk=selection.application_id)
    with refused():
        rows.update(**UNKNOWN)
    Selection.objects.update(laureate=None)
    assert rows.update(**UNKNOWN) == 1


@pytest.mark.django_db
def test_an_undisclosed_application_has_no_bearer():
    application = ApplicationFactory(undisclosed=True)
    organisation = OrganisationFactory()
    with refused():
        Bearer.objects.create(application=application, organisation=organisation, position=1)
    bearer = BearerFactory()
    with refused():
        Bearer.objects.filter(pk=bearer.pk).update(application=application)


@pytest.mark.django_db
def test_an_application_with_a_bearer_is_not_declared_undisclosed():
    bearer = BearerFactory()
    rows = Application.objects.filter(pk=bearer.application_id)
    with refused():
        rows.update(**UNKNOWN)
    bearer.delete()
    assert rows.update(**UNKNOWN) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("what", ["bearer", "decision"])
def test_an_undisclosed_application_does_not_arrive_after_what_it_may_not_have(what):
    """Foreign keys are checked at the end of the transaction: a load may come in any order."""
    session, organisation = CallSessionFactory(), OrganisationFactory()
    committee, laureate = CommitteeFactory(session=session), LaureateFactory()
    application = Application(pk=4321, reference="D-4321", session=session, is_undisclosed=True)
    with refused():
        if what == "bearer":
            Bearer.objects.create(application=application, organisation=organisation, position=1)
        else:
            SelectionFactory(
                application=application, committee=committee, laureate=laureate, retained=True
            )
        application.save(force_insert=True)


@pytest.mark.django_db
def test_a_disclosed_application_is_linked_and_borne():
    bearer = BearerFactory()
    selection = SelectionFactory(
        application=bearer.application, retained=True, laureate=LaureateFactory()
    )
    bearer.application.refresh_from_db()
    assert selection.laureate.selection.application.bearers.get() == bearer


# Two at once -----------------------------------------------------------------


def undisclose(application):
    Application.objects.filter(pk=application.pk).update(**UNKNOWN)


def add_bearer(application):
    organisation = OrganisationFactory()
    Bearer.objects.create(application=application, organisation=organisation, position=1)


def link(application):
    selection = Selection.objects.get(application=application)
    Selection.objects.filter(pk=selection.pk).update(laureate=LaureateFactory())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("other", [add_bearer, link])
@pytest.mark.parametrize("flag_first", [True, False])
def test_of_two_writers_that_contradict_each_other_one_wins(other, flag_first):
    application = ApplicationFactory()
    SelectionFactory(application=application, retained=True)
    first, second = (undisclose, other) if flag_first else (other, undisclose)
    first_has_written, second_has_begun = threading.Event(), threading.Event()
    outcomes = {}

    def write(name, act, before, after):
        try:
            with transaction.atomic():
                before()
                act(application)
                after()
            outcomes[name] = "accepted"
        except IntegrityError as error:
            outcomes[name] = str(error)
        finally:
            connection.close()

    def hold():
        """Keep the transaction open until the other writer is waiting for it, or has passed."""
        first_has_written.set()
        second_has_begun.wait(10)
        threads[1].join(0.5)

    threads = [
        threading.Thread(target=write, args=("first", first, lambda: None, hold)),
        threading.Thread(target=write, args=("second", second, lambda: None, lambda: None)),
    ]
    threads[0].start()
    assert first_has_written.wait(10)
    threads[1].start()
    second_has_begun.set()
    for thread in threads:
        thread.join(30)
    assert outcomes.pop("first") == "accepted"
    assert MESSAGE in outcomes.pop("second")
    application.refresh_from_db()
    known = application.bearers.exists() or Selection.objects.exclude(laureate=None).exists()
    assert application.is_undisclosed != known


# That they exist -------------------------------------------------------------


def missing():
    return [error.msg for error in triggers.check_triggers(None, databases=["default"])]


def drop(trigger):
    table = f" ON {trigger.table}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {trigger.name}{table}")


@pytest.mark.django_db
def test_the_triggers_are_there_after_migrations():
    assert triggers.installed_names() >= NAMES
    assert missing() == []


@pytest.mark.django_db
@pytest.mark.parametrize("trigger", TRIGGERS, ids=lambda trigger: trigger.name)
def test_a_missing_trigger_is_reported_then_installed_again(trigger):
    drop(trigger)
    assert len(missing()) == 1
    assert trigger.name in missing()[0]
    assert trigger.table in missing()[0]
    emit_post_migrate_signal(verbosity=0, interactive=False, db="default")
    assert missing() == []


@pytest.mark.django_db
def test_the_command_that_checks_the_database_says_it(capsys):
    call_command("check", databases=["default"])
    drop(TRIGGERS[0])
    with pytest.raises(SystemCheckError, match=TRIGGERS[0].name):
        call_command("check", databases=["default"])


@pytest.mark.django_db
def test_what_the_check_advises_installs_them_again():
    drop(TRIGGERS[0])
    with pytest.raises(SystemCheckError, match="migrate --skip-checks"):
        call_command("migrate", verbosity=0, skip_checks=False)
    call_command("migrate", verbosity=0, skip_checks=True)
    assert missing() == []


@pytest.mark.django_db
def test_installing_twice_changes_nothing():
    before = triggers.installed_names()
    triggers.install("calls")
    assert triggers.installed_names() == before


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("table", sorted({trigger.table for trigger in TRIGGERS}))
def test_sqlite_rebuilds_a_table_without_them_and_they_come_back(table):
    model = next(model for model in apps.get_models() if model._meta.db_table == table)
    texts = (field for field in model._meta.fields if isinstance(field, models.CharField))
    before = next(texts, None) or model._meta.get_field("position")
    after = before.clone()
    if isinstance(before, models.CharField):
        after.max_length += 1
    else:
        after.null = True
    after.set_attributes_from_name(before.name)
    after.model = model
    signals = {"verbosity": 0, "interactive": False, "db": "default"}
    try:
        emit_pre_migrate_signal(
            **signals, plan=[(migrations.Migration("0099_change", "calls"), False)]
        )
        with connection.schema_editor() as editor:
            editor.alter_field(model, before, after)
            editor.alter_field(model, after, before)
        assert not NAMES & triggers.installed_names()
        assert all(any(name in message for message in missing()) for name in NAMES)
    finally:
        emit_post_migrate_signal(**signals, plan=[])
    assert triggers.installed_names() >= NAMES
    assert missing() == []


@pytest.mark.sqlite
@pytest.mark.django_db
def test_they_stay_when_there_is_nothing_to_migrate():
    emit_pre_migrate_signal(verbosity=0, interactive=False, db="default", plan=[])
    assert missing() == []
