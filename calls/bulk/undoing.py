"""Undoing a bulk act: by moves of the same gates, as long as nothing was done since."""

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from calls import history, notifications
from calls.bulk import words
from calls.bulk.act import Act
from calls.bulk.acts import BY_KIND, of_receipt
from calls.bulk.previews import readable, refused
from calls.bulk.running import hold
from calls.gates import person
from calls.models import Application, BulkAct
from calls.permissions import Hidden, Refusal

_NOT_ALL_SEEN = (
    "Cet acte porte aussi sur un dossier dont vous êtes déporté : "
    "une autre personne peut l’annuler."
)


@dataclass(frozen=True)
class Undoing:
    """What undoing an act meets: why not at all, or why not for some dossiers; both empty if it
    can be done. `is_forbidden`: the reader's role takes back no such act."""

    refusal: str
    lines: list[tuple[Application, str]]
    is_forbidden: bool = False

    @property
    def is_possible(self) -> bool:
        return not self.refusal and not self.lines


def preview_undo(act: BulkAct, user) -> Undoing:
    """Why `user` cannot undo this act now; a reason is still to be given."""
    if refusal := _refusal(act, user):
        return Undoing(refusal, [])
    try:
        plan = of_receipt(act, by=user)
    except Refusal as error:
        return Undoing(" ".join(error.messages), [])
    if plan.final:
        return Undoing(plan.final, [])
    if not _may(user, plan):
        return Undoing("Votre rôle ne permet pas d’annuler cet acte.", [], is_forbidden=True)
    items = _items(act)
    rows = list(readable(list(items), user))
    if len(rows) != len(items):
        return Undoing(_NOT_ALL_SEEN, [])
    plan.load(rows)
    refusals = _refusals(plan, rows, items)
    return Undoing("", [(row, refusals[row.pk]) for row in rows if refusals.get(row.pk)])


def undo_refusal(act: BulkAct, user) -> str:
    """Why `user` cannot undo this act now, in French; empty if they can, given a reason."""
    found = preview_undo(act, user)
    return found.refusal or " ".join(words.named(row, why) for row, why in found.lines)


def undo(act: BulkAct, *, by, reason: str) -> BulkAct:
    """Take the act back on every dossier, and say so on its receipt.

    In one transaction, through the gates; Refusal names every dossier that changed since, or whose
    gate refuses, and nothing is done.
    """
    with notifications.together(), transaction.atomic():
        try:
            held = BulkAct.objects.select_for_update(of=("self",)).get(pk=act.pk)
        except BulkAct.DoesNotExist:
            raise Hidden from None
        if not BulkAct.objects.visible_to(by).filter(pk=held.pk).exists():
            raise Hidden
        if refusal := _refusal(held, by):
            raise Refusal(refusal)
        reason = reason.strip()
        if not reason:
            raise Refusal("Donnez le motif de l’annulation : elle ne se fait pas sans.")
        plan = of_receipt(held, by=by, comment=reason)
        if plan.final:
            raise Refusal(plan.final)
        if not _may(by, plan):
            raise PermissionDenied
        plan.hold()
        items = _items(held)
        rows = _hold_all(items, by)
        plan.load(rows)
        if refusal := refused(rows, _refusals(plan, rows, items)):
            raise refusal
        with history.acting(by, "undo", reason):
            plan.undo(rows, {pk: item.before for pk, item in items.items()})
            held.undone_at, held.undone_by, held.undo_reason = timezone.now(), by, reason
            held.full_clean()
            held.save()
            history.record("undo", held, by=by)
    return held


def _refusal(act, user):
    """Why the act as a whole is not undone."""
    if act.undone_at:
        when = timezone.localtime(act.undone_at)
        return (
            f"Cet acte a déjà été annulé par {person(act.undone_by)}, le {when:%d/%m/%Y à %H:%M}."
        )
    if act.kind == BulkAct.Kind.CLOSE_COMMITTEE:
        return "Une clôture ne s’annule pas ici : la séance se rouvre, avec un motif."
    if act.kind not in BY_KIND:
        return "Cet acte ne s’annule pas."
    if not BulkAct.objects.visible_to(user).filter(pk=act.pk).exists():
        return "Cet acte n’existe pas pour vous."
    return ""


def _may(user, plan: Act):
    return any(user.has_perm(permission) for permission in plan.undo_permissions)


def _items(act):
    return {item.application_id: item for item in act.items.all()}


def _hold_all(items, by):
    if Application.objects.read_in_full_by(by).filter(pk__in=items).count() != len(items):
        raise Refusal(_NOT_ALL_SEEN)
    return hold(list(items), by)


def _refusals(plan: Act, rows, items):
    """Of each dossier, that it changed since the act, or what the gate would refuse."""
    left = {pk: {name: item.after.get(name) for name in plan.LEFT} for pk, item in items.items()}
    now = {row.pk: {name: plan.values(row).get(name) for name in plan.LEFT} for row in rows}
    told = words.Values(plan.kind, [*left.values(), *now.values()])
    found = {
        row.pk: f"il a changé depuis l’acte : {told.difference(left[row.pk], now[row.pk])}"
        f"{words.last_change(plan.versioned(row))}."
        for row in rows
        if now[row.pk] != left[row.pk]
    }
    same = [row for row in rows if row.pk not in found]
    if same:
        before = {pk: item.before for pk, item in items.items()}
        refusals = plan.undo_refusals(same, before)
        found |= {pk: why for pk, why in refusals.items() if why}
    return found
