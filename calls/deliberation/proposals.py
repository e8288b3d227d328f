"""Proposals: what the committee is asked to decide on each dossier, written before or during it."""

from django.db import transaction

from calls import history
from calls.deliberation import locks, states
from calls.deliberation.decision import Decision
from calls.models import Application, Committee, Selection
from calls.permissions import Refusal


def propose(
    selection: Selection,
    *,
    by,
    version: int,
    outcome: str,
    granted_amount=None,
    amount_not_disclosed: bool = False,
    motive: str = "",
    rank: int | None = None,
    public_text: str = "",
) -> Selection:
    """Write a proposal on an item of the agenda, or write it anew, and return the fresh row.

    `granted_amount` is in euros. The refusal of a value is keyed by its name. `version` is that of
    the page: another proposal since is `Stale`, and nothing is written.
    """
    typed = Decision.typed(
        outcome=outcome,
        granted_amount=granted_amount,
        amount_not_disclosed=amount_not_disclosed,
        motive=motive,
        rank=rank,
        public_text=public_text,
    )
    with transaction.atomic():
        held = _hold(selection, by)
        if reason := _refusal(held, by, "propose"):
            raise Refusal(reason)
        locks.refuse_stale_selection(held, version, typed)
        if problems := proposal_problems(held, typed, by):
            raise Refusal(problems)
        with history.acting(by, "propose"):
            states.propose(held, typed)
            locks.save(held)
            locks.touch(held.committee)
    return held


def clear_proposal(selection: Selection, *, by, version: int) -> Selection:
    """Take a proposal back, its texts included: the item is to examine again."""
    with transaction.atomic():
        held = _hold(selection, by)
        if reason := _refusal(held, by, "clear_proposal"):
            raise Refusal(reason)
        locks.refuse_stale_selection(held, version, Decision())
        with history.acting(by, "clear_proposal"):
            states.clear(held, Decision())
            locks.save(held)
            locks.touch(held.committee)
    return held


def proposal_refusal(selection: Selection, user, **values) -> str:
    """Why `user` cannot propose on this item, in French; empty if they can.

    With `values`, as `propose` takes them, also what is wrong with them.
    """
    reason = _refusal(selection, user, "propose")
    if not reason and values:
        reason = " ".join(proposal_problems(selection, Decision.typed(**values), user).values())
        reason = reason and f"{selection.application.reference} : {reason}"
    return reason


def clearing_refusal(selection: Selection, user) -> str:
    """Why `user` cannot clear this proposal, in French; empty if they can."""
    return _refusal(selection, user, "clear_proposal")


def proposal_problems(selection: Selection, typed: Decision, user) -> dict[str, str]:
    """What is wrong with the values of a proposal, by field.

    A rank taken by a dossier that `user` is recused from is not told: closing the sitting is.
    """
    found = typed.problems()
    if "rank" not in found and typed.rank is not None:
        holder = (
            Selection.objects.live()
            .filter(committee=selection.committee_id, rank=typed.rank)
            .filter(application__in=Application.objects.visible_to(user))
            .exclude(pk=selection.pk)
            .select_related("application")
            .first()
        )
        if holder:
            found["rank"] = (
                f"Le rang {typed.rank} est déjà celui de {holder.application.reference} : "
                "choisissez-en un autre."
            )
    return found


def _hold(selection, by):
    held = locks.hold_selection(selection)
    locks.require_visible(by, [held.application])
    locks.require(by, "calls.propose_decision", held)
    return held


def _refusal(selection, user, action):
    if not user.has_perm("calls.propose_decision", selection):
        return "Vous n’avez pas le droit de proposer une décision sur ce dossier."
    if selection.superseded_at:
        return f"{selection.application.reference} : cette décision a été remplacée."
    if reason := states.refusal_of(selection, action):
        return reason
    if selection.committee.state == Committee.State.CLOSED:
        return (
            f"La séance « {selection.committee} » est close : ses décisions ne changent plus "
            "que par une rectification."
        )
    if action == "propose" and selection.application.state != Application.State.REVIEWED:
        return (
            f"{selection.application.reference} : dossier à l’état "
            f"« {selection.application.get_state_display()} » ; son instruction doit être "
            "close pour qu’une décision soit proposée."
        )
    return ""
