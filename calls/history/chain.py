"""The chain: each event sealed with the one before, added under the lock of the chain's end."""

import hashlib
import secrets
from dataclasses import dataclass, field

from django.db import IntegrityError, transaction
from django.utils import timezone

from calls.history import canonical
from calls.models.event import GENESIS, Event, EventHead, EventText

SALT_BYTES = 16
BATCH = 500


class HistoryBrokenError(IntegrityError):
    """The end of the chain is missing: nothing can be added without hiding it."""


@dataclass
class Draft:
    """An event to be.

    `changes` maps names of fields to [before, after], in canonical form; `texts` holds what may be
    personal, by name: "comment", "before:<field>", "after:<field>", "detail:<name>"; `details` is
    in canonical form. Keys are primary keys.
    """

    action: str
    actor: int | None
    object_type: str
    object_pk: str
    object_key: str = ""
    kind: str = ""
    parent_type: str = ""
    parent_pk: str = ""
    application: int | None = None
    committee: int | None = None
    changes: dict = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    details: dict = field(default_factory=dict)


def seal(previous_hash: str, content: str) -> str:
    """SHA-256 of what precedes and of the canonical text, in hexadecimal."""
    return hashlib.sha256(f"{previous_hash}\n{content}".encode()).hexdigest()


def digest(salt: str, text: str) -> str:
    return hashlib.sha256(f"{salt}{text}".encode()).hexdigest()


def columns(event: Event) -> dict:
    """What the columns of an event repeat of its canonical text."""
    return {
        "number": event.number,
        "occurred_at": canonical.moment(event.occurred_at),
        "actor": event.actor_id,
        "action": event.action,
        "kind": event.kind,
        "object": [event.object_type, event.object_pk, event.object_key],
        "parent": [event.parent_type, event.parent_pk],
        "application": event.application_id,
        "committee": event.committee_id,
    }


def append(drafts: list[Draft]) -> list[Event]:
    """Add events, in order, in the caller's transaction; other writers wait until it ends.

    HistoryBrokenError where events exist and the end of the chain does not.
    """
    if not drafts:
        return []
    with transaction.atomic():
        head = hold_head()
        events, texts = [], []
        for draft in drafts:
            event, its_texts = _next(head, draft)
            events.append(event)
            texts += its_texts
        Event.objects.bulk_create(events, batch_size=BATCH)
        EventText.objects.bulk_create(texts, batch_size=BATCH)
        head.save()
    return events


def hold_head() -> EventHead:
    """The end of the chain, locked until the caller's transaction ends."""
    head = EventHead.objects.select_for_update().first()
    if head is None:
        _, is_new = EventHead.objects.get_or_create(pk=1, defaults={"number": 0, "hash": GENESIS})
        if is_new and Event.objects.exists():
            raise HistoryBrokenError("La fin de l’historique manque\u00a0: rien ne s’y ajoute.")
        head = EventHead.objects.select_for_update().get(pk=1)
    return head


def _next(head, draft):
    event = Event(
        number=head.number + 1,
        occurred_at=timezone.now(),
        actor_id=draft.actor,
        action=draft.action,
        kind=draft.kind,
        object_type=draft.object_type,
        object_pk=draft.object_pk,
        object_key=draft.object_key,
        parent_type=draft.parent_type,
        parent_pk=draft.parent_pk,
        application_id=draft.application,
        committee_id=draft.committee,
        previous_hash=head.hash,
    )
    texts = []
    for name, text in draft.texts.items():
        salt = secrets.token_hex(SALT_BYTES)
        texts.append(
            EventText(event=event, name=name, salt=salt, text=text, digest=digest(salt, text))
        )
    event.canonical = canonical.dumps(
        {
            **columns(event),
            "changes": draft.changes,
            "texts": {text.name: text.digest for text in texts},
            "details": draft.details,
        }
    )
    event.hash = seal(event.previous_hash, event.canonical)
    head.number, head.hash = event.number, event.hash
    return event, texts
