"""The chain: each event sealed with the one before, added under the lock of the chain's end."""

import hashlib
import secrets
from dataclasses import dataclass, field

from django.db import IntegrityError, transaction
from django.utils import timezone

from calls.history import canonical
from calls.models.event import GENESIS, Event, EventHead, EventText
from ftap import bulk

SALT_BYTES = 16
BATCH = 2_000


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


def append(drafts: list[Draft]) -> None:
    """Add events, in order, in the caller's transaction; other writers wait until it ends.

    HistoryBrokenError where events exist and the end of the chain does not.
    """
    if not drafts:
        return
    with transaction.atomic():
        head = hold_head()
        now = timezone.now()
        for start in range(0, len(drafts), BATCH):
            part, texts = drafts[start : start + BATCH], []
            salts = _salts(sum(len(draft.texts) for draft in part))
            events = [_next(head, draft, now, texts, salts) for draft in part]
            bulk.write(Event, _EVENT, events)
            bulk.write(EventText, _TEXT, texts)
        head.save()


def hold_head() -> EventHead:
    """The end of the chain, locked until the caller's transaction ends."""
    head = EventHead.objects.select_for_update().first()
    if head is None:
        _, is_new = EventHead.objects.get_or_create(pk=1, defaults={"number": 0, "hash": GENESIS})
        if is_new and Event.objects.exists():
            raise HistoryBrokenError("La fin de l’historique manque\u00a0: rien ne s’y ajoute.")
        head = EventHead.objects.select_for_update().get(pk=1)
    return head


_EVENT = (
    "number",
    "occurred_at",
    "actor_id",
    "action",
    "kind",
    "object_type",
    "object_pk",
    "object_key",
    "parent_type",
    "parent_pk",
    "application_id",
    "committee_id",
    "canonical",
    "previous_hash",
    "hash",
)
_TEXT = ("event_id", "name", "salt", "text", "digest")


def _salts(count):
    """So many salts, asked of the system at once."""
    drawn, size = secrets.token_hex(SALT_BYTES * count), 2 * SALT_BYTES
    return (drawn[start : start + size] for start in range(0, len(drawn), size))


def _next(head, draft, now, texts, salts):
    """The next event, as _EVENT names it; its texts join `texts`, and `head` moves to it."""
    number, previous, digests = head.number + 1, head.hash, {}
    for name, text in draft.texts.items():
        salt = next(salts)
        digests[name] = digest(salt, text)
        texts.append((number, name, salt, text, digests[name]))
    content = canonical.dumps(
        {
            "number": number,
            "occurred_at": canonical.moment(now),
            "actor": draft.actor,
            "action": draft.action,
            "kind": draft.kind,
            "object": [draft.object_type, draft.object_pk, draft.object_key],
            "parent": [draft.parent_type, draft.parent_pk],
            "application": draft.application,
            "committee": draft.committee,
            "changes": draft.changes,
            "texts": digests,
            "details": draft.details,
        }
    )
    head.number, head.hash = number, seal(previous, content)
    return (
        number,
        now,
        draft.actor,
        draft.action,
        draft.kind,
        draft.object_type,
        draft.object_pk,
        draft.object_key,
        draft.parent_type,
        draft.parent_pk,
        draft.application,
        draft.committee,
        content,
        previous,
        head.hash,
    )
