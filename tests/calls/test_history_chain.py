"""The history is only added to, by one writer at a time, on either engine."""

import threading

import pytest
from django.db import connection, transaction
from django.db.models.deletion import ProtectedError

from calls import history, triggers
from calls.models import (
    Event,
    EventHead,
    EventText,
    Minutes,
)
from ftap.triggers import installed_names
from tests import factories
from tests.events import act_several_times, forget_everything, raw, refused


@pytest.fixture
def agent():
    return factories.UserFactory(superuser=True)


@pytest.mark.django_db
def test_the_database_refuses_to_touch_the_history(agent):
    act_several_times(agent, 2)
    factories.MinutesFactory()
    with refused():
        Event.objects.update(action="x")
    with refused():
        Event.objects.get(number=2).save()
    with refused():
        EventText.objects.update(text="x")
    with refused():
        EventText.objects.all().delete()
    with refused():
        EventText.objects.first().delete()
    with refused():
        Minutes.objects.update(content="x")
    with refused():
        Minutes.objects.all().delete()
    with refused():
        EventHead.objects.update(number=1)
    with refused():
        EventHead.objects.update(hash="x")
    with refused():
        EventHead.objects.all().delete()
    with pytest.raises(ProtectedError):
        Event.objects.all().delete()
    without_text = Event.objects.filter(texts=None).first()
    with refused():
        raw("DELETE FROM calls_event WHERE number = %s", without_text.number)
    assert history.verify().holds


@pytest.mark.postgresql
@pytest.mark.django_db
@pytest.mark.parametrize("table", ["calls_event", "calls_eventtext", "calls_minutes"])
def test_postgresql_refuses_to_empty_the_history(table, agent):
    act_several_times(agent, 2)
    connection.check_constraints()
    with refused():
        raw(f"TRUNCATE {table} CASCADE")
    with refused():
        raw("TRUNCATE calls_eventhead")


@pytest.mark.django_db
def test_triggers_are_there_again_after_an_error():
    names = {trigger.name for trigger in triggers.append_only("calls_event")}
    factories.FundFactory()

    def fail():
        with triggers.lifted("calls_event"):
            assert not names & installed_names()
            assert Event.objects.update(action="x")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert names <= installed_names()
    assert not Event.objects.filter(action="x").exists()
    with refused():
        Event.objects.update(action="x")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_a_database_emptied_between_tests_starts_a_new_chain(turn):
    """Twice: the second turn finds what the first one left."""
    assert not Event.objects.exists()
    factories.FundFactory()
    assert [event.number for event in Event.objects.all()] == [1]
    with refused():
        Event.objects.update(action="x")
    assert history.verify().holds


@pytest.mark.django_db(transaction=True)
def test_two_who_act_at_once_have_their_own_numbers(agent):
    """From the very first event, which makes the end of the chain."""
    applications = [factories.ApplicationFactory() for _ in range(4)]
    forget_everything()
    barrier, errors = threading.Barrier(len(applications)), []

    def act(application):
        try:
            barrier.wait(10)
            for rank in range(5):
                with history.acting(agent, "withdraw", f"Motif {rank}"):
                    application.summary = f"Tour {rank}"
                    application.save()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=act, args=(row,)) for row in applications]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert errors == []
    numbers = list(Event.objects.order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, 21))
    assert history.verify().count == 20
    assert history.verify().holds


@pytest.mark.django_db(transaction=True)
def test_an_act_that_is_rolled_back_leaves_no_gap(agent):
    factories.FundFactory()
    with transaction.atomic():
        factories.FundFactory()
        assert Event.objects.count() == 2
        transaction.set_rollback(True)
    factories.FundFactory()
    assert [event.number for event in Event.objects.order_by("number")] == [1, 2]
    assert history.verify().holds
