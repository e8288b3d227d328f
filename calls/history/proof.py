"""The proof that nothing was removed from the history, added to it or altered."""

import json
from collections import defaultdict
from dataclasses import dataclass

from calls.history import chain
from calls.models.event import GENESIS, Event, EventHead

BATCH = 500
ERASED = "text_erased"


@dataclass(frozen=True)
class Verification:
    """What a walk of the chain found.

    `count` events hold, up to `hash`, that of the last one. Where the chain is broken, `broken_at`
    is the number of the first link that does not hold, and `reason` says why in French.
    """

    count: int
    hash: str
    broken_at: int | None = None
    reason: str = ""

    @property
    def holds(self) -> bool:
        return self.broken_at is None


class _BrokenError(Exception):
    pass


def verify() -> Verification:
    """Walk the chain from its first event, in batches, while others may add to it.

    Memory depends on the erasures alone. A text that is missing without an act of erasure breaks
    its event.
    """
    count, previous = 0, GENESIS
    erased = defaultdict(set)
    while True:
        batch = list(
            Event.objects.filter(number__gt=count)
            .order_by("number")
            .prefetch_related("texts")[:BATCH]
        )
        for event in batch:
            try:
                _check(event, count + 1, previous, erased)
            except _BrokenError as error:
                return Verification(count, previous, count + 1, str(error))
            count, previous = event.number, event.hash
        # Read after the events: it may be ahead of them, never behind.
        if not batch and (result := _compare_with_head(count, previous)):
            break
    if result.holds and erased:
        number = min(erased)
        names = ", ".join(sorted(erased[number]))
        reason = f"un texte manque sans acte d’effacement ({names})"
        return Verification(count, previous, number, reason)
    return result


def _check(event, expected, previous, erased):
    if event.number != expected:
        raise _BrokenError("cet événement manque")
    if event.previous_hash != previous:
        raise _BrokenError("il ne suit pas l’événement qui le précède")
    if event.hash != chain.seal(previous, event.canonical):
        raise _BrokenError("son contenu ne correspond pas à son empreinte")
    content = json.loads(event.canonical)
    for name, value in chain.columns(event).items():
        if content.get(name) != value:
            raise _BrokenError(f"la colonne «\u00a0{name}\u00a0» contredit le texte scellé")
    sealed, present = content["texts"], set()
    for text in event.texts.all():
        if text.name in present or sealed.get(text.name) != chain.digest(text.salt, text.text):
            raise _BrokenError(f"le texte «\u00a0{text.name}\u00a0» a été modifié ou ajouté")
        present.add(text.name)
    if missing := sealed.keys() - present:
        erased[event.number] |= missing
    if event.action == ERASED:
        number = content["details"]["event"]
        erased[number] -= {*content["details"]["names"]}
        if not erased[number]:
            del erased[number]


def _compare_with_head(count, previous):
    """The result once every event is read; None where some were added in the meantime."""
    head = EventHead.objects.first()
    if head is None:
        if count:
            return Verification(count, previous, count, "la fin de l’historique manque")
        return Verification(0, GENESIS)
    if head.number > count:
        if Event.objects.filter(number__gt=count).exists():
            return None
        reason = f"cet événement manque, et tout ce qui suit jusqu’au nᵒ\u00a0{head.number}"
        return Verification(count, previous, count + 1, reason)
    if head.number < count:
        reason = "il a été ajouté sans que la fin de l’historique le sache"
        return Verification(count, previous, head.number + 1, reason)
    if head.hash != previous:
        reason = "la fin de l’historique a une autre empreinte que lui"
        return Verification(count, previous, count, reason)
    return Verification(count, previous)
