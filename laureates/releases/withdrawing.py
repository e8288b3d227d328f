"""Withdrawals of what visitors saw: of one laureate, of a whole announcement, with a reason."""

from django.db import transaction
from django.utils import timezone

from ftap import audit
from ftap.refusals import Refusal
from laureates.models import Announcement, Laureate, Release
from laureates.releases import checking, content, drafts
from laureates.releases.freezing import freeze
from laureates.releases.holding import PUBLIC, hold, require_state, required, standing_refusal

_REASON_DUE = "Dites aux visiteurs pourquoi\u00a0: un retrait a toujours un motif public."


def withdraw_laureate_refusal(laureate: Laureate, user) -> str:
    """Why `user` cannot withdraw this project, in French; "" if they can, given a reason."""
    if reason := standing_refusal(laureate.announcement, user, PUBLIC):
        return reason
    return "Ce projet a déjà été retiré." if laureate.withdrawn_at else ""


def withdraw_laureate(
    laureate: Laureate, *, by, reason: str, withhold_files: bool = False
) -> Release:
    """Withdraw a public project: its page answers 410 and says why, the next version omits it.

    With `withhold_files`, the files of every earlier version are withheld for the same reason. A
    draft of the next version is kept, without the project.
    """
    reason = required(reason, "reason", _REASON_DUE)
    with transaction.atomic():
        announcement = hold(laureate.announcement_id, by)
        require_state(announcement, PUBLIC)
        row = Laureate.objects.select_for_update(of=("self",)).get(pk=laureate.pk)
        if row.withdrawn_at is not None:
            raise Refusal("Ce projet a déjà été retiré.")
        with audit.acting(by, "withdraw_laureate", reason):
            drafts.ensure_first(announcement)
            before = content.digest(content.read(announcement))
            row.withdrawn_at = timezone.now()
            row.withdrawal_reason = reason
            checking.save(row)
            if withhold_files:
                _withhold(announcement, row.withdrawn_at, reason)
            release = freeze(
                announcement,
                Release.Kind.WITHDRAWAL,
                at=row.withdrawn_at,
                changelog=f"Le projet nᵒ\u00a0{row.position} a été retiré. Motif\u00a0: {reason}",
                by=by,
            )
            drafts.follow_withdrawal(announcement, row, before, by=by)
    return release


def withdraw_announcement_refusal(announcement: Announcement, user) -> str:
    """Why `user` cannot withdraw this announcement, in French; "" if they can, given a reason."""
    return standing_refusal(announcement, user, PUBLIC)


def withdraw_announcement(announcement: Announcement, *, by, reason: str) -> Announcement:
    """Withdraw a public announcement: all its addresses, files included, answer 410 and say why.

    A draft of its next version is abandoned.
    """
    reason = required(reason, "reason", _REASON_DUE)
    with transaction.atomic():
        held = hold(announcement.pk, by)
        require_state(held, PUBLIC)
        with audit.acting(by, "withdraw_announcement", reason):
            held.withdrawn_at = timezone.now()
            held.withdrawal_reason = reason
            checking.save(held)
            drafts.drop(held)
    return held


def _withhold(announcement, at, reason):
    for release in announcement.releases.filter(withheld_at__isnull=True):
        release.withheld_at = at
        release.withheld_reason = reason
        checking.save(release)
