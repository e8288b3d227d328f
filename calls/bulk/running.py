"""Doing a bulk act: whole or not at all, once, on what the preview showed."""

from collections.abc import Iterable

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from calls import history, notifications
from calls.bulk import words
from calls.bulk.act import Act, asked
from calls.bulk.acts import RECEIPTS, make
from calls.bulk.parameters import dumped
from calls.bulk.previews import keys, readable, refused
from calls.models import Application, BulkAct, BulkActItem
from calls.permissions import Refusal

# Dossiers in one act: about 13 ms of work each, while nobody else writes on SQLite.
LIMIT = 300
_LABEL_MAX = 250

history.name_acts({"bulk_act": "Acte groupé"})


class Changed(Refusal):
    """An act whose dossiers are no longer as its preview showed them."""


def run(
    kind: str,
    applications: Iterable[Application | int],
    *,
    by,
    comment: str = "",
    seen: dict[int, dict] | None = None,
    token: str | None = None,
    **params,
) -> BulkAct:
    """Do the act on all these dossiers, each through its gate, and return its receipt.

    In one transaction: Refusal names every dossier refused and nothing is done. `seen` is that of
    the preview confirmed: a dossier that changed since refuses the act, as Changed. The same
    `token` given twice does one act: the second call returns the receipt of the first.
    """
    act = make(kind, by=by, comment=comment, **params)
    wanted = keys(applications)
    if not by.has_perm(RECEIPTS):
        raise PermissionDenied
    if not wanted:
        raise Refusal("Aucun dossier n’est choisi : cochez-en dans la liste.")
    if len(wanted) > LIMIT:
        raise Refusal(too_many(len(wanted)))
    with notifications.together(), transaction.atomic():
        act.hold()
        held = hold(wanted, by)
        if done := _already(token, by):
            return done
        act.load(held)
        if seen is not None and (changes := _changes(act, held, seen)):
            raise Changed(changes)
        if refusal := refused(held, act.refusals(held)):
            raise refusal
        before = {row.pk: {**asked(row), **act.values(row)} for row in held}
        with history.acting(by, "bulk_act", act.comment):
            act.do(held)
            receipt = _receipt(act, held, before, token)
            history.record("bulk_act", receipt, by=by)
    return receipt


def too_many(count: int) -> str:
    return (
        f"{count} dossiers sont choisis, et un acte groupé en porte {LIMIT} au plus : "
        "resserrez les filtres de la liste, puis recommencez pour les autres."
    )


def hold(pks: list[int], by) -> list[Application]:
    """The dossiers, locked in the order of their keys, given in that of their references."""
    list(
        Application.objects.select_for_update(of=("self",))
        .filter(pk__in=pks)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    held = list(readable(pks, by))
    if len(held) != len(pks):
        raise Changed(
            "Un ou plusieurs dossiers choisis n’existent plus pour vous. Rien n’a été fait : "
            "reprenez l’aperçu."
        )
    return held


def _already(token, by):
    if token is None:
        return None
    done = BulkAct.objects.filter(token=token).first()
    if done and done.done_by_id != by.pk:
        raise Refusal("Cet aperçu a été confirmé par une autre personne : reprenez le vôtre.")
    return done


def _changes(act: Act, held, seen):
    """What changed since the preview, a sentence for each dossier."""
    now = {row.pk: act.seen(row) for row in held}
    if now.keys() != seen.keys():
        return ["La sélection n’est plus celle de l’aperçu : reprenez-le."]
    told = words.Values(act.kind, [*now.values(), *seen.values()])
    return [
        words.named(
            row,
            f"{told.difference(seen[row.pk], now[row.pk])}{words.last_change(act.versioned(row))}.",
        )
        for row in held
        if now[row.pk] != seen[row.pk]
    ]


def _receipt(act: Act, held, before, token):
    fresh = list(readable([row.pk for row in held], act.by))
    act.load(fresh)
    sessions = {row.session_id for row in fresh}
    receipt = BulkAct(
        kind=act.kind,
        label=act.label[:_LABEL_MAX],
        session_id=sessions.pop() if len(sessions) == 1 else None,
        committee=act.committee,
        parameters=dumped(act.params),
        token=token,
        comment=act.comment,
        done_at=timezone.now(),
        done_by=act.by,
    )
    receipt.full_clean()
    receipt.save()
    for position, row in enumerate(fresh, 1):
        BulkActItem.objects.create(
            act=receipt,
            application=row,
            position=position,
            before=before[row.pk],
            after=act.values(row),
        )
    return receipt
