"""The proof sees whatever was altered, added or removed, and names the first broken link."""

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from calls import history
from calls.models import (
    Event,
    EventHead,
    EventText,
)
from tests import factories
from tests.events import act_several_times, last, tamper


@pytest.fixture
def agent():
    return factories.UserFactory(superuser=True)


@pytest.mark.django_db
def test_the_chain_holds_and_has_no_gap(agent):
    assert history.verify() == history.Verification(0, "0" * 64)
    act_several_times(agent)

    result = history.verify()
    events = list(Event.objects.order_by("number"))
    assert result.holds
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    assert (result.count, result.hash) == (len(events), events[-1].hash)


@pytest.mark.django_db
def test_the_chain_is_walked_in_batches(agent, monkeypatch, django_assert_num_queries):
    act_several_times(agent)
    count = Event.objects.count()
    monkeypatch.setattr("calls.history.proof.BATCH", count)
    # Events and their texts, no more events, the end of the chain.
    with django_assert_num_queries(4):
        assert history.verify().count == count
    monkeypatch.setattr("calls.history.proof.BATCH", 5)
    assert history.verify().count == count


TAMPERED = {
    "canonical": (
        lambda n: tamper(
            "calls_event",
            "UPDATE calls_event SET canonical = canonical || ' ' WHERE number = %s",
            n,
        ),
        "son contenu ne correspond pas",
    ),
    "column": (
        lambda n: tamper("calls_event", "UPDATE calls_event SET action = 'x' WHERE number = %s", n),
        "la colonne «\u00a0action\u00a0»",
    ),
    "actor": (
        lambda n: tamper(
            "calls_event", "UPDATE calls_event SET actor_id = NULL WHERE number = %s", n
        ),
        "la colonne «\u00a0actor\u00a0»",
    ),
    "dossier": (
        lambda n: tamper(
            "calls_event", "UPDATE calls_event SET application_id = NULL WHERE number = %s", n
        ),
        "la colonne «\u00a0application\u00a0»",
    ),
    "previous": (
        lambda n: tamper(
            "calls_event",
            "UPDATE calls_event SET previous_hash = hash WHERE number = %s",
            n,
        ),
        "il ne suit pas",
    ),
    "text": (
        lambda n: tamper(
            "calls_eventtext",
            "UPDATE calls_eventtext SET text = 'autre' WHERE event_id = %s AND name = 'comment'",
            n,
        ),
        "le texte «\u00a0comment\u00a0» a été modifié",
    ),
    "text added": (
        lambda n: EventText.objects.create(
            event_id=n, name="detail:faux", salt="", text="", digest=""
        ),
        "le texte «\u00a0detail:faux\u00a0» a été modifié ou ajouté",
    ),
    "text removed": (
        lambda n: tamper(
            "calls_eventtext",
            "DELETE FROM calls_eventtext WHERE event_id = %s AND name = 'comment'",
            n,
        ),
        "un texte manque sans acte d’effacement (comment)",
    ),
    "removed": (
        lambda n: (
            tamper("calls_eventtext", "DELETE FROM calls_eventtext WHERE event_id = %s", n),
            tamper("calls_event", "DELETE FROM calls_event WHERE number = %s", n),
        ),
        "cet événement manque",
    ),
    "tail": (
        lambda n: (
            tamper("calls_eventtext", "DELETE FROM calls_eventtext WHERE event_id >= %s", n),
            tamper("calls_event", "DELETE FROM calls_event WHERE number >= %s", n),
        ),
        "cet événement manque, et tout ce qui suit",
    ),
}


@pytest.mark.django_db
@pytest.mark.parametrize("what", TAMPERED)
def test_the_first_broken_link_is_named(what, agent):
    act_several_times(agent)
    number = (
        Event.objects.filter(texts__name="comment")
        .exclude(application=None)
        .order_by("number")[2]
        .number
    )
    damage, reason = TAMPERED[what]
    damage(number)

    result = history.verify()
    assert (result.broken_at, result.holds) == (number, False)
    assert result.reason.startswith(reason)


@pytest.mark.django_db
def test_two_events_that_trade_places_are_seen(agent):
    act_several_times(agent)
    tamper(
        "calls_event",
        "UPDATE calls_event SET canonical = (SELECT canonical FROM calls_event o "
        "WHERE o.number = 9 - calls_event.number) WHERE number IN (4, 5)",
    )
    assert history.verify().broken_at == 4


@pytest.mark.django_db
def test_an_end_of_the_chain_that_does_not_match_is_seen(agent):
    act_several_times(agent)
    count = Event.objects.count()
    head = EventHead.objects.get()
    forged = [
        ("UPDATE calls_eventhead SET hash = 'x'", count, "une autre empreinte"),
        (f"UPDATE calls_eventhead SET number = {count - 2}", count - 1, "ajouté sans que"),
        ("DELETE FROM calls_eventhead", count, "la fin de l’historique manque"),
    ]
    for sql, number, reason in forged:
        tamper("calls_eventhead", sql)
        result = history.verify()
        assert result.broken_at == number
        assert reason in result.reason
        tamper("calls_eventhead", "DELETE FROM calls_eventhead")
        EventHead(pk=head.pk, number=head.number, hash=head.hash).save(force_insert=True)
    assert history.verify().holds


@pytest.mark.django_db
def test_nothing_is_added_to_a_chain_that_lost_its_end(agent):
    act_several_times(agent)
    tamper("calls_eventhead", "DELETE FROM calls_eventhead")
    with pytest.raises(history.HistoryBrokenError), transaction.atomic():
        factories.ApplicationFactory()


@pytest.mark.django_db
def test_the_command_says_that_the_chain_holds_or_where_it_breaks(agent, capsys):
    act_several_times(agent)
    call_command("verify_history")
    said = capsys.readouterr().out
    assert f"{Event.objects.count()}\u00a0événements vérifiés" in said
    assert last().hash in said

    TAMPERED["removed"][0](5)
    with pytest.raises(CommandError, match="nᵒ\u00a05\u00a0: cet événement manque") as error:
        call_command("verify_history")
    assert error.value.returncode == 1
    assert Event.objects.get(number=4).hash in str(error.value)
