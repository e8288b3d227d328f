"""Rectifying a decision after its sitting: a new version of it takes the place of the former."""

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from calls import envelope, history, letters, minutes, notifications
from calls.deliberation import locks, states
from calls.deliberation.decision import Decision
from calls.deliberation.proposals import proposal_problems
from calls.models import Committee, Letter, Selection
from calls.permissions import Refusal
from ftap.templatetags.ftap import euros
from laureates.models import Announcement

SCHEDULED = (
    "La publication des lauréats de cette séance est programmée : déprogrammez l’annonce avant de "
    "rectifier une décision qu’elle rend publique."
)


def rectification_refusal(selection: Selection, user) -> str:
    """Why `user` cannot rectify this decision, in French; empty if they can, given a reason."""
    committee = selection.committee
    if not user.has_perm("calls.decide", committee):
        return "Vous n’avez pas le droit de rectifier une décision."
    if locks.is_masked(committee, user):
        return locks.MASKED
    if selection.superseded_at:
        return f"{selection.application.reference} : cette décision a déjà été remplacée."
    if committee.state != Committee.State.CLOSED:
        return (
            f"La séance « {committee} » n’est pas close : ses propositions se corrigent dans "
            "l’espace de séance."
        )
    return states.refusal_of(selection, "rectify")


def publication_notice(selection: Selection, outcome: str) -> str:
    """What a rectification of this decision to `outcome` leaves to those who publish, in French;
    empty where no announcement is concerned."""
    if selection.laureate_id is None:
        if outcome != Selection.Outcome.RETAINED or not selection.committee.publications.exists():
            return ""
        return (
            "L’annonce des lauréats de cette séance est déjà préparée : ce dossier n’y est pas "
            "tant qu’elle n’est pas synchronisée avec les décisions."
        )
    is_public = Selection.objects.published().filter(pk=selection.pk).exists()
    laureate = f"« {selection.laureate.title} »"
    if outcome == Selection.Outcome.RETAINED and is_public:
        return (
            f"Le lauréat {laureate} est public : il reste lié à la décision rectifiée, et sa page "
            "ne change qu’avec une nouvelle version de l’annonce, à publier."
        )
    if outcome == Selection.Outcome.RETAINED:
        return f"Le lauréat {laureate} reste lié à la décision : revoyez-le avant de le publier."
    if is_public:
        return (
            f"Le lauréat {laureate} est public et le reste tant qu’il n’est pas retiré de "
            "l’annonce, avec un motif : il n’est plus lié à aucune décision."
        )
    return (
        f"Le lauréat {laureate} n’est plus lié à aucune décision : synchronisez l’annonce avec les "
        "décisions avant de la publier."
    )


def rectify(
    selection: Selection,
    *,
    by,
    reason: str,
    outcome: str,
    granted_amount=None,
    amount_not_disclosed: bool = False,
    motive: str = "",
    rank: int | None = None,
    public_text: str = "",
    version: int | None = None,
    overrun_reason: str = "",
) -> Selection:
    """Replace a validated decision of a closed sitting, and return the row now in force.

    The former row stays, superseded. The linked laureate goes to the new one if it is still
    « retenu »; `publication_notice` says what is left to do. Letters not sent yet are superseded by
    a new draft, and the minutes have a new version, with this reason. Granting more than the
    envelope has left needs `overrun_reason`.
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
        committee = locks.hold_committee_and_money(selection.committee_id)
        locks.hold_applications([selection.application_id])
        former = locks.hold_item(committee, selection)
        locks.require_visible(by, [former.application])
        locks.require(by, "calls.decide", committee)
        locks.require_unmasked(by, committee)
        if refusal := rectification_refusal(former, by):
            raise Refusal(refusal)
        if version is not None:
            locks.refuse_stale_selection(former, version, typed)
        reason = locks.require_reason(reason, "Rectifier la décision")
        if problems := _problems(former, typed, by):
            raise Refusal(problems)
        with history.acting(by, "rectify", reason):
            laureate, former.laureate = former.laureate, None
            before = envelope.compute(committee, envelope.agenda(committee))
            successor = states.rectified(former, typed, by)
            former.superseded_at = timezone.now()
            locks.save(former)
            if typed.outcome == Selection.Outcome.RETAINED:
                successor.laureate = laureate
            locks.check(successor)
            successor.save()
            committee.overrun_reason = _overrun_reason(committee, before, by, overrun_reason)
            locks.save(committee)
            letters.supersede(Letter.objects.filter(selection=former), "décision rectifiée", by=by)
            letters.draft_for_selection(successor, by=by)
            minutes.seal(committee, by=by, reason=reason)
            notifications.decided(successor.application, by=by)
    return successor


def _problems(former, typed, by):
    found = proposal_problems(former, typed, by)
    if not found and typed == Decision.on(former):
        found["outcome"] = "Cette rectification ne change rien à la décision."
    retained = Selection.Outcome.RETAINED
    if not found and retained in (former.outcome, typed.outcome) and _is_scheduled(former):
        found["outcome"] = SCHEDULED
    if not found and typed.outcome == Selection.Outcome.RETAINED:
        rival = (
            Selection.objects.live()
            .filter(application=former.application_id)
            .exclude(committee=former.committee_id)
            .exclude(state=Selection.State.VALIDATED, outcome__in=("deferred", "waiting_list"))
            .exclude(state=Selection.State.VALIDATED, outcome=Selection.Outcome.NOT_RETAINED)
            .select_related("committee")
            .first()
        )
        if rival:
            found["outcome"] = (
                f"Ce dossier est à l’ordre du jour de la séance « {rival.committee} », ou retenu "
                "par elle : il ne peut pas être retenu deux fois."
            )
    return found


def _is_scheduled(selection):
    """Whether the announcement of this decision's sitting awaits its minute: what it says of the
    decision would become public as it stands."""
    awaiting = Announcement.objects.filter(
        published_at__isnull=False, withdrawn_at__isnull=True
    ).exclude(pk__in=Announcement.objects.published().values("pk"))
    of_sitting = Q(publication__committees=selection.committee_id)
    if selection.laureate_id:
        of_sitting |= Q(laureates=selection.laureate_id)
    return awaiting.filter(of_sitting).exists()


def _overrun_reason(committee, before, by, reason):
    """The sitting's reason for exceeding its envelope, after the rectification; Refusal where one
    is missing."""
    after = envelope.compute(committee, envelope.agenda(committee))
    if not after.is_exceeded:
        return ""
    reason = (reason or "").strip()
    if after.overrun > before.overrun and not reason:
        how_much = "" if envelope.is_masked(committee, by) else f" de {euros(after.overrun)}"
        raise Refusal(
            {
                "granted_amount": (
                    f"L’enveloppe serait dépassée{how_much} : réduisez le montant, ou indiquez le "
                    "motif du dépassement."
                )
            }
        )
    return reason or committee.overrun_reason
