"""Erasing a personal text, as data protection asks, without breaking the chain."""

import json

from django.apps import apps
from django.db import transaction

from calls import triggers
from calls.history import chain
from calls.history.chain import Draft
from calls.history.proof import ERASED
from calls.models.event import Event, EventText


class ErasureError(Exception):
    """Nothing to erase: the message, in French, says what is missing."""


def erase(number: int, *, reason: str, name: str = "") -> tuple[list[str], list[tuple[int, str]]]:
    """Delete the texts of event `number`, or the one called `name`, with their salts.

    The same text goes from the field versions of that row. The event stays, and so does the chain;
    the erasure is itself an event, by the system, with its `reason`. Returns the names of the
    texts erased, and (number, name) of those of other events of the row that hold the same words.
    ErasureError where there is no such event or text.
    """
    event = Event.objects.filter(number=number).first()
    if event is None:
        raise ErasureError(f"L’événement nᵒ\u00a0{number} n’existe pas.")
    if not reason.strip():
        raise ErasureError("Un effacement a un motif.")
    with transaction.atomic():
        # First, as whoever adds an event does: the triggers' lock comes second everywhere.
        chain.hold_head()
        rows = EventText.objects.filter(event=event).order_by("name")
        texts = list(rows.filter(name=name) if name else rows)
        if not texts:
            raise ErasureError(_nothing(event, name))
        with triggers.lifted(EventText._meta.db_table):
            EventText.objects.filter(pk__in=[text.pk for text in texts]).delete()
        for text in texts:
            _clear_versions(event, text)
        names = [text.name for text in texts]
        chain.append(
            [
                Draft(
                    action=ERASED,
                    actor=None,
                    object_type=event.object_type,
                    object_pk=event.object_pk,
                    object_key=event.object_key,
                    parent_type=event.parent_type,
                    parent_pk=event.parent_pk,
                    application=event.application_id,
                    committee=event.committee_id,
                    texts={"comment": reason},
                    details={"event": number, "names": names},
                )
            ]
        )
    same = EventText.objects.filter(
        event__object_type=event.object_type,
        event__object_pk=event.object_pk,
        text__in={text.text for text in texts},
    ).order_by("event", "name")
    return names, [(text.event_id, text.name) for text in same]


def _nothing(event, name):
    sealed = json.loads(event.canonical)["texts"]
    if not name:
        return f"L’événement nᵒ\u00a0{event.number} n’a pas de texte à effacer."
    if name in sealed:
        return f"Le texte «\u00a0{name}\u00a0» de cet événement est déjà effacé."
    known = ", ".join(sorted(sealed)) or "aucun"
    return f"Cet événement n’a pas de texte «\u00a0{name}\u00a0». Textes\u00a0: {known}."


def _clear_versions(event, text):
    """Empty the versions of the row that hold the same words in the same field."""
    side, _, name = text.name.partition(":")
    try:
        model = apps.get_model(event.object_type)
    except LookupError:
        return
    manager = getattr(model._meta, "simple_history_manager_attribute", None)
    if side not in ("before", "after") or manager is None:
        return
    versions = getattr(model, manager).model
    if name in {field.name for field in versions.tracked_fields}:
        versions.objects.filter(
            **{model._meta.pk.attname: event.object_pk, name: text.text}
        ).update(**{name: ""})
