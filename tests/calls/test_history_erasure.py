"""A personal text is erased, and the chain still holds."""

import re

import pytest
from django.core.management import CommandError, call_command

from calls import history
from calls.models import (
    Event,
    EventText,
)
from tests import factories
from tests.events import content, last, refused, texts

CANARY = "zorglubpersonnel"


@pytest.fixture
def agent():
    return factories.UserFactory(superuser=True)


@pytest.mark.django_db
def test_a_text_is_erased_and_the_chain_still_holds(agent, capsys):
    application = factories.ApplicationFactory(title="Avant", summary="Dossier de " + CANARY)
    with history.acting(agent, "withdraw", "Un motif"):
        application.title, application.summary = "Après", ""
        application.save()
    created, changed = Event.objects.filter(application=application).order_by("number")

    call_command(
        "erase_event_text",
        event=created.number,
        name="after:summary",
        reason="Demande du 3 mars",
    )

    said = capsys.readouterr().out
    assert f"nᵒ\u00a0{changed.number} (before:summary)" in said
    assert "after:summary" not in texts(created)
    assert texts(created)["after:title"] == "Avant"
    assert (last().action, last().actor, last().application) == ("text_erased", None, application)
    assert texts() == {"comment": "Demande du 3 mars"}
    assert content()["details"] == {"event": created.number, "names": ["after:summary"]}
    assert not application.history.filter(summary__contains=CANARY).exists()
    assert history.verify().holds
    with refused():
        EventText.objects.all().delete()

    call_command("erase_event_text", event=changed.number, reason="Tout")
    assert texts(changed) == {}
    assert not EventText.objects.filter(text__contains=CANARY).exists()
    assert history.verify().holds


@pytest.mark.django_db
def test_what_cannot_be_erased_is_said(agent):
    application = factories.ApplicationFactory()
    number = last().number
    fund = Event.objects.filter(object_type="calls.callsession").get().number
    for options, message in [
        ({"event": 999, "reason": "x"}, "L’événement nᵒ\u00a0999 n’existe pas"),
        ({"event": number, "reason": " "}, "Un effacement a un motif"),
        (
            {"event": number, "reason": "x", "name": "inconnu"},
            "pas de texte «\u00a0inconnu\u00a0». Textes\u00a0: after:reference, after:title",
        ),
        ({"event": fund, "reason": "x"}, "n’a pas de texte à effacer"),
    ]:
        with pytest.raises(CommandError, match=re.escape(message)):
            call_command("erase_event_text", **options)
    history.erase(number, name="after:title", reason="x")
    with pytest.raises(history.ErasureError, match="déjà effacé"):
        history.erase(number, name="after:title", reason="x")
    application.refresh_from_db()
    assert application.title
    assert history.verify().holds
