"""Reads the history, adds to it, and tampers with it."""

import json
import re
from contextlib import contextmanager

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, connection, transaction

from calls import history, triggers
from calls.models import Event, EventHead, EventText
from tests import factories

APPEND_ONLY = re.escape(triggers.APPEND_ONLY)
TABLES = ("calls_event", "calls_eventtext", "calls_eventhead")


def person(role):
    """Somebody who has one role."""
    user = factories.UserFactory(staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user


def last() -> Event:
    return Event.objects.order_by("number").last()


def content(event=None) -> dict:
    """What the chain holds of an event: the last one unless told."""
    return json.loads((event or last()).canonical)


def texts(event=None) -> dict[str, str]:
    """The texts kept beside an event, by name: the last one's unless told."""
    return dict((event or last()).texts.values_list("name", "text"))


def act_several_times(agent, count=6):
    for rank in range(count):
        with history.acting(agent, "withdraw", f"Motif {rank}"):
            application = factories.ApplicationFactory(title=f"Dossier {rank}")
            application.summary = f"Résumé {rank}"
            application.save()


def raw(sql, *values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def tamper(table, sql, *values):
    """Change a table of the history as somebody who holds the database could."""
    with triggers.lifted(table):
        raw(sql, *values)


def forget_everything():
    """Empty the history, as if nothing had been done yet."""
    with triggers.lifted(*TABLES):
        EventText.objects.all().delete()
        Event.objects.all().delete()
        EventHead.objects.all().delete()


@contextmanager
def refused():
    """The database must refuse what is done inside, because history is only added to."""
    with pytest.raises(IntegrityError, match=APPEND_ONLY), transaction.atomic():
        yield
