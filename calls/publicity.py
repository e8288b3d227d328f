"""When a call is public: the only writer of its minute of publication and of its withdrawal.

Nothing but the date makes a call public. Sessions, rules, criteria and documents follow their call.
Each gate locks the row, then checks the right and the state; each has a twin, `…_refusal`, that
says in French why it would refuse, "" where it would not.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from calls import gates, history
from calls.models import Call
from calls.permissions import Hidden, Refusal

PERMISSION = "calls.publish_call"

history.name_acts(
    {
        "publish_call": "Appel publié",
        "schedule_call": "Publication de l’appel programmée",
        "unschedule_call": "Publication de l’appel déprogrammée",
        "withdraw_call": "Appel retiré",
        "restore_call": "Appel rétabli",
    }
)

_WITHDRAWN = "Cet appel a été retiré\u00a0: rétablissez-le pour le rendre public de nouveau."
_PUBLIC = "Cet appel est déjà public."
_NOT_PUBLIC = "Cet appel n’est pas public\u00a0: il n’y a rien à retirer."
_FICTIONAL = "Un appel fictif ne peut pas être publié."
_REASON_DUE = "Indiquez le motif\u00a0: il est gardé dans l’historique de l’appel."


# What would be refused -------------------------------------------------------


def publish_refusal(call: Call) -> str:
    if call.is_fictional:
        return _FICTIONAL
    if call.withdrawn_at:
        return _WITHDRAWN
    return _PUBLIC if is_public(call) else ""


def unschedule_refusal(call: Call) -> str:
    if is_public(call) or call.withdrawn_at:
        return "Cet appel a été public\u00a0: il se retire et ne se déprogramme plus."
    return "" if call.published_at else "La publication de cet appel n’est pas programmée."


def withdraw_refusal(call: Call) -> str:
    if call.withdrawn_at:
        return "Cet appel est déjà retiré."
    return "" if is_public(call) else _NOT_PUBLIC


def restore_refusal(call: Call) -> str:
    return "" if call.withdrawn_at else "Cet appel n’est pas retiré."


def is_public(call: Call) -> bool:
    return Call.objects.published().filter(pk=call.pk).exists()


# Gates -----------------------------------------------------------------------


def publish(call: Call, *, by, at: datetime | None = None) -> Call:
    """Make the call public now, or at the minute `at`, to come; a scheduled one is moved."""
    with _held(call, by, publish_refusal) as held:
        now = timezone.now()
        if at is not None and at <= now:
            raise Refusal(
                {
                    "at": "Cette minute est passée\u00a0: choisissez-en une à venir, ou laissez "
                    "vide pour publier maintenant."
                }
            )
        held.published_at = at or now
        action = "schedule_call" if at else "publish_call"
        with history.acting(by, action):
            gates.save(held)
    return held


def unschedule(call: Call, *, by) -> Call:
    """Make a scheduled call a draft again, before its minute."""
    with _held(call, by, unschedule_refusal) as held:
        held.published_at = None
        with history.acting(by, "unschedule_call"):
            gates.save(held)
    return held


def withdraw(call: Call, *, by, reason: str) -> Call:
    """Take a public call away: its addresses say that it is gone. `reason` is kept, not shown."""
    with _held(call, by, withdraw_refusal) as held:
        held.withdrawn_at = timezone.now()
        with history.acting(by, "withdraw_call", _due(reason)):
            gates.save(held)
    return held


def restore(call: Call, *, by, reason: str) -> Call:
    """Make a withdrawn call what it was: public, from its first minute on."""
    with _held(call, by, restore_refusal) as held:
        held.withdrawn_at = None
        with history.acting(by, "restore_call", _due(reason)):
            gates.save(held)
    return held


@contextmanager
def _held(call, by, refusal) -> Iterator[Call]:
    """The fresh row, locked, once `by` may act on it and nothing in its state forbids it."""
    with transaction.atomic():
        held = Call.objects.select_for_update(of=("self",)).filter(pk=call.pk).first()
        if held is None:
            raise Hidden
        if not by.has_perm(PERMISSION):
            raise PermissionDenied
        if words := refusal(held):
            raise Refusal(words)
        yield held


def _due(reason: str) -> str:
    if not (reason := gates.plain(reason)):
        raise Refusal({"reason": _REASON_DUE})
    return reason
