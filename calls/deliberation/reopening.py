"""Reopening a sitting: its decisions are proposals again, as long as nobody outside knows them."""

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from calls import history, letters, notifications
from calls.deliberation import locks, states
from calls.deliberation.closing import closing_receipt
from calls.models import Committee, Letter, Selection
from calls.permissions import Refusal


def reopening_refusal(committee: Committee, user) -> str:
    """Why `user` cannot reopen this sitting, in French; empty if they can, given a reason."""
    if not user.has_perm("calls.decide", committee):
        return "Vous n’avez pas le droit de rouvrir une séance."
    if locks.is_masked(committee, user):
        return locks.MASKED
    if reason := states.refusal_of(committee, "reopen"):
        return reason
    if not committee.chair or committee.quorum is None:
        return (
            "Une séance ouverte a une présidence et un quorum : indiquez-les sur la fiche de la "
            "séance avant de la rouvrir."
        )
    live = Selection.objects.live().filter(committee=committee)
    # Withdrawn since or not, what was announced was known outside.
    announced = live.filter(laureate__announcement__published_at__isnull=False)
    if announced.filter(Q(pk__in=Selection.objects.published()) | _withdrawn()).exists():
        return (
            "Un lauréat de cette séance est public : elle ne se rouvre plus. Rectifiez la décision "
            "concernée."
        )
    if announced.exists():
        return (
            "La publication d’un lauréat de cette séance est programmée : déprogrammez l’annonce "
            "avant de rouvrir la séance."
        )
    return _taken_up_elsewhere(committee, live)


def _withdrawn():
    return Q(laureate__withdrawn_at__isnull=False) | Q(
        laureate__announcement__withdrawn_at__isnull=False
    )


def _taken_up_elsewhere(committee, live):
    """That a later sitting has a dossier that this one deferred or put on a waiting list."""
    later = Q(committee__closed_at__isnull=False)
    if committee.closed_at:
        later = Q(committee__closed_at__gt=committee.closed_at)
    rows = (
        Selection.objects.live()
        .filter(application__in=live.values("application"))
        .exclude(committee=committee)
        .filter(later | ~Q(state=Selection.State.VALIDATED))
        .select_related("application", "committee")
        .order_by("application__reference", "pk")
    )
    if not (found := [f"{row.application.reference} (« {row.committee} »)" for row in rows]):
        return ""
    return (
        "Des dossiers de cette séance sont passés à une autre : "
        f"{', '.join(found)}. Retirez-les de son ordre du jour, ou rectifiez la décision concernée."
    )


def reopen(committee: Committee, *, by, reason: str) -> Committee:
    """Open a closed sitting again: each validated decision is a proposal again.

    Links to laureates of a draft announcement are removed, letters not sent yet are superseded, the
    receipt of the closing is marked as undone; the next closing seals a new version of the minutes,
    with this reason.
    """
    with notifications.together(), transaction.atomic():
        committee = locks.hold_committee_and_money(committee.pk)
        locks.require(by, "calls.decide", committee)
        locks.require_unmasked(by, committee)
        if refusal := reopening_refusal(committee, by):
            raise Refusal(refusal)
        reason = locks.require_reason(reason, "Rouvrir la séance")
        held = locks.hold_agenda(committee)
        with history.acting(by, "reopen", reason):
            states.reopen_sitting(committee, by)
            committee.overrun_reason = ""
            locks.save(committee)
            for selection in held:
                if not states.refusal_of(selection, "reopen"):
                    states.unvalidate(selection)
                    locks.save(selection)
                    notifications.undecided(selection.application, by=by)
            if (act := closing_receipt(committee)) and act.undone_at is None:
                act.undone_at, act.undone_by, act.undo_reason = timezone.now(), by, reason
                locks.check(act)
                act.save()
            letters.supersede(
                Letter.objects.filter(selection__in=[selection.pk for selection in held]),
                "séance rouverte",
                by=by,
            )
    return committee
