"""Closing a sitting: the whole agenda is validated at once, or nothing is."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from calls import envelope, gates, history, letters, minutes, notifications
from calls.deliberation import locks, states
from calls.deliberation.decision import Decision
from calls.envelope import Envelope, Total
from calls.models import Application, BulkAct, BulkActItem, Committee, CommitteeMember, Selection
from calls.permissions import Refusal
from ftap.templatetags.ftap import euros

_PARTIAL = "Vous ne voyez pas tous les dossiers de cette séance : une autre personne la clôt."


@dataclass(frozen=True)
class Closing:
    """What closing a sitting would do, as `preview_closing` shows it.

    `items` are the decisions of the agenda that the reader sees, in order, and `count` how many
    they are; `total` is what is granted (None where masked). `refusals` say, with references, why
    the sitting cannot be closed; `overrun`, that the envelope is exceeded, which a reason lifts.
    """

    items: list[Selection]
    refusals: list[str]
    overrun: str
    count: int
    total: Total | None
    envelope: Envelope
    version: int

    @property
    def is_refused(self) -> bool:
        """Whether closing would be refused even with a reason for an overrun."""
        return bool(self.refusals)


def preview_closing(committee: Committee, user) -> Closing:
    """What `user` would validate by closing the sitting now, and what forbids it."""
    selections = list(envelope.agenda(committee))
    seen = _seen_by(user, selections)
    found = envelope.of(committee, user)
    is_masked = locks.is_masked(committee, user)
    if is_masked or found.partial:
        return Closing(
            items=seen,
            refusals=[locks.MASKED if is_masked else _PARTIAL],
            overrun="",
            count=len(seen),
            total=None,
            envelope=found,
            version=committee.version,
        )
    return Closing(
        items=seen,
        refusals=_refusals(committee, selections),
        overrun=_overrun(envelope.compute(committee, selections), found.masked),
        count=len(seen),
        total=found.here,
        envelope=found,
        version=committee.version,
    )


def closing_refusal(committee: Committee, user) -> str:
    """Why `user` may not close this sitting at all, in French; empty if its state and their right
    allow it. What is wrong with its agenda is for `preview_closing`."""
    if not user.has_perm("calls.decide", committee):
        return "Vous n’avez pas le droit de clore une séance."
    if locks.is_masked(committee, user):
        return locks.MASKED
    return _state_refusal(committee)


def close(committee: Committee, *, by, version: int, overrun_reason: str = "") -> BulkAct:
    """Validate every decision of the agenda, seal the minutes, draft the letters.

    All or nothing, recomputed on locked rows: a Refusal lists every reason. An envelope that is
    exceeded needs `overrun_reason`. The receipt holds each decision before and after.
    """
    overrun_reason = (overrun_reason or "").strip()
    with notifications.together(), transaction.atomic():
        committee = locks.hold_committee_and_money(committee.pk)
        locks.require(by, "calls.decide", committee)
        locks.require_unmasked(by, committee)
        if reason := _state_refusal(committee):
            raise Refusal(reason)
        locks.refuse_stale_committee(committee, version)
        held = locks.hold_agenda(committee)
        balance = envelope.compute(committee, envelope.agenda(committee))
        refusals = _refusals(committee, held)
        is_told = not envelope.is_masked(committee, by)
        if (overrun := _overrun(balance, not is_told)) and not overrun_reason:
            refusals.append(overrun)
        if refusals:
            raise Refusal(refusals)
        before = {selection.pk: snapshot(selection) for selection in held}
        with history.acting(by, "close", overrun_reason if overrun else ""):
            states.close_sitting(committee, by)
            committee.overrun_reason = overrun_reason if overrun else ""
            locks.save(committee)
            with history.acting(by, "validate"):
                for selection in held:
                    states.validate(selection, by, committee.held_on)
                    locks.save(selection)
            act = _receipt(committee, held, before, by)
            minutes.seal(committee, by=by, reason=_reason_of_new_minutes(committee))
            for selection in held:
                letters.draft_for_selection(selection, by=by)
                notifications.decided(selection.application, by=by)
    return act


def snapshot(selection: Selection) -> dict:
    """The values of a decision as a receipt keeps them: plain JSON, amounts as text."""
    amount = selection.granted_amount
    decided_on = selection.decided_on
    return {
        "state": selection.state,
        "outcome": selection.outcome,
        "granted_amount": None if amount is None else f"{amount:.2f}",
        "amount_not_disclosed": selection.amount_not_disclosed,
        "rank": selection.rank,
        "motive": selection.motive,
        "public_text": selection.public_text,
        "decided_on": decided_on and decided_on.isoformat(),
    }


# What forbids it --------------------------------------------------------------


def _state_refusal(committee):
    if committee.state == Committee.State.CLOSED:
        by = committee.closed_by
        who = f", par {gates.person(by)}" if by else ""
        when = ""
        if committee.closed_at:
            when = f", le {timezone.localtime(committee.closed_at):%d/%m/%Y à %H h %M}"
        return f"La séance « {committee} » est déjà close{who}{when}."
    return states.refusal_of(committee, "close")


def _refusals(committee, selections):
    """Why an agenda cannot be validated whole: of the sitting, then of each dossier in order."""
    found = [*_sitting_problems(committee)]
    if not selections:
        found.append("L’ordre du jour est vide : il n’y a rien à décider.")
    ranks: dict[int, list[str]] = {}
    for selection in selections:
        reference = selection.application.reference
        found += [f"{reference} : {problem}" for problem in _item_problems(selection)]
        if selection.rank is not None:
            ranks.setdefault(selection.rank, []).append(reference)
    found += [
        f"Le rang {rank} de la liste d’attente est donné à plusieurs dossiers : "
        f"{', '.join(references)}."
        for rank, references in sorted(ranks.items())
        if len(references) > 1
    ]
    rivals = (
        Selection.objects.retained()
        .filter(application__in=[selection.application_id for selection in selections])
        .exclude(committee=committee)
        .select_related("application", "committee")
        .order_by("application__reference", "pk")
    )
    found += [
        f"{rival.application.reference} : déjà retenu par la séance « {rival.committee} » ; "
        "retirez-le de l’ordre du jour."
        for rival in rivals
    ]
    return found


def _sitting_problems(committee):
    if committee.held_on and committee.held_on > timezone.localdate():
        yield f"La séance est datée du {committee.held_on:%d/%m/%Y}, à venir : corrigez sa date."
    members = list(committee.members.order_by("position"))
    if missing := [member.name for member in members if not member.attendance]:
        yield f"Présences non relevées : {', '.join(missing)}."
    if committee.quorum is not None:
        present = sum(
            member.is_voting and member.attendance == CommitteeMember.Attendance.PRESENT
            for member in members
        )
        if present < committee.quorum:
            yield (
                f"Quorum non atteint : {present} présent(s) comptant pour le quorum, "
                f"{committee.quorum} requis."
            )


def _item_problems(selection):
    application = selection.application
    if application.state != Application.State.REVIEWED:
        yield (
            f"dossier à l’état « {application.get_state_display()} », dont l’instruction n’est "
            "pas close."
        )
    if selection.state == Selection.State.TO_EXAMINE:
        yield "aucune décision n’est proposée."
    elif reason := states.refusal_of(selection, "validate"):
        yield reason
    else:
        yield from Decision.on(selection).problems().values()


def _overrun(balance, is_masked):
    """That the envelope is exceeded, and by how much where it may be told."""
    if not balance.is_exceeded:
        return ""
    if is_masked:
        how_much = ""
    else:
        how_much = f" de {euros(balance.overrun)}, pour une enveloppe de {euros(balance.amount)}"
    return (
        f"L’enveloppe est dépassée{how_much} : réduisez des montants proposés, ou indiquez le "
        "motif du dépassement."
    )


# What it leaves ---------------------------------------------------------------


def _receipt(committee, selections, before, by):
    act = BulkAct(
        kind=BulkAct.Kind.CLOSE_COMMITTEE,
        label=f"Clôture de la séance « {committee} »"[:250],
        session=committee.session,
        committee=committee,
        parameters={"version": committee.version},
        comment=committee.overrun_reason,
        done_at=committee.closed_at,
        done_by=by,
    )
    locks.check(act)
    act.save()
    for position, selection in enumerate(selections, 1):
        BulkActItem.objects.create(
            act=act,
            application=selection.application,
            position=position,
            before=before[selection.pk],
            after=snapshot(selection),
        )
    return act


def closing_receipt(committee: Committee) -> BulkAct | None:
    """The receipt of the last closing of a sitting; None for one taken over from a document."""
    return (
        BulkAct.objects.filter(kind=BulkAct.Kind.CLOSE_COMMITTEE, committee=committee)
        .order_by("-done_at", "-pk")
        .first()
    )


def _reason_of_new_minutes(committee):
    """Why the sitting was reopened, if it was: the new version of its minutes says it."""
    if not committee.minutes.exists():
        return ""
    former = (
        BulkAct.objects.filter(
            kind=BulkAct.Kind.CLOSE_COMMITTEE, committee=committee, undone_at__isnull=False
        )
        .order_by("-undone_at", "-pk")
        .first()
    )
    return former.undo_reason if former else "Séance rouverte, puis close de nouveau."


def _seen_by(user, selections):
    seen = set(
        Selection.objects.visible_to(user)
        .filter(pk__in=[selection.pk for selection in selections])
        .values_list("pk", flat=True)
    )
    return [selection for selection in selections if selection.pk in seen]
