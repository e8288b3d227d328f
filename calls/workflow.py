"""The life of an application: which moves exist, who makes them, and the one gate they go through.

`TRANSITIONS` is the table; `apply` is the gate, and nothing else sets the state of an application.
Before a move, `available` says which buttons to show, and `refusal` why a move would be refused, by
the very guards that the gate asks again on the locked row.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from calls import gates, guards, history, letters, notifications
from calls.gates import INSTRUCTING
from calls.guards import Facts, Known, Move
from calls.history import labels
from calls.models import Application, InformationRequest, Letter
from calls.models.event import Event
from calls.permissions import Refusal
from ftap.templatetags.ftap import french_date

State = Application.State
_ADMISSION = ("calls.decide_admissibility",)
_MANAGEMENT = ("calls.manage_review",)


@dataclass(frozen=True)
class Transition:
    """A row of the table.

    `permissions` are alternatives. `comment_label` names what is typed with the act; it must be
    typed where `needs_reason`. `standing` guards look at the dossier alone, `guards` at what is
    given too. `changes` sets fields of the row, `follows` writes what goes with it once saved;
    both take the application and the move.
    """

    action: str
    label: str
    sources: tuple[str, ...]
    target: str
    permissions: tuple[str, ...]
    needs_reason: bool = False
    comment_label: str = "Commentaire"
    standing: tuple[Callable, ...] = ()
    guards: tuple[Callable, ...] = ()
    changes: Callable | None = None
    follows: Callable | None = None


# What a move changes, and what follows ----------------------------------------


def _admit(application, move):
    application.admissibility_decided_at = timezone.now()
    is_override = bool(move.known.failures[application.pk])
    application.admissibility_reason = move.comment if is_override else ""


def _refuse_admission(application, move):
    application.admissibility_decided_at = timezone.now()
    application.admissibility_reason = move.comment


def _draft_inadmissible(application, move):
    letters.draft_inadmissible(application, by=move.by)


def _reconsider(application, move):
    application.admissibility_decided_at = None
    application.admissibility_reason = ""


def _drop_inadmissible(application, move):
    letters.supersede(
        Letter.objects.filter(application=application, kind=Letter.Kind.INADMISSIBLE),
        "la recevabilité du dossier est réexaminée",
        by=move.by,
    )


def _start_review(application, move):
    application.case_officer = move.facts.case_officer or application.case_officer
    application.review_started_at = timezone.now()


def _cancel_review(application, move):
    application.review_started_at = None


def _ask_information(application, move):
    request = InformationRequest(
        application=application,
        text=move.comment,
        due_on=move.facts.due_on,
        asked_at=timezone.now(),
        asked_by=move.by,
    )
    gates.save(request)
    letters.draft_information(request, by=move.by)


def _end_information(application, move):
    """Close the request under way and drop the letters about it that were not sent."""
    for request in InformationRequest.objects.filter(application=application, closed_at=None):
        request.closed_at = max(timezone.now(), request.asked_at)
        request.answer = gates.plain(move.facts.answer)
        gates.save(request)
        letters.supersede(
            Letter.objects.filter(information_request=request),
            "le complément n’est plus attendu",
            by=move.by,
        )


def _complete_review(application, move):
    if move.facts.synthesis is not None:
        application.synthesis = gates.plain(move.facts.synthesis)
    missing = move.known.opinions[application.pk].missing
    application.missing_opinions_reason = move.comment if missing else ""
    application.reviewed_at = timezone.now()


def _reopen_review(application, move):
    application.case_officer = move.facts.case_officer or application.case_officer
    application.reviewed_at = None
    application.missing_opinions_reason = ""


def _withdraw(application, move):
    application.withdrawn_at = timezone.now()
    application.withdrawal_reason = move.comment


def _end_all_that_is_expected(application, move):
    """A withdrawn dossier never comes back: nothing more is awaited of it, nothing more is sent."""
    _end_information(application, move)
    for review in application.reviews.expected():
        review.cancelled_at = timezone.now()
        review.cancel_reason = "Dossier retiré."
        review.version += 1
        gates.save(review)
    letters.supersede(
        Letter.objects.filter(application=application), "le dossier est retiré", by=move.by
    )


# The table -------------------------------------------------------------------

TRANSITIONS: dict[str, Transition] = {
    transition.action: transition
    for transition in (
        Transition(
            "declare_admissible",
            "Déclarer recevable",
            (State.RECEIVED,),
            State.ADMISSIBLE,
            _ADMISSION,
            comment_label="Motif, si une règle n’est pas respectée",
            guards=(guards.rules_hold_or_reason,),
            changes=_admit,
        ),
        Transition(
            "declare_inadmissible",
            "Déclarer irrecevable",
            (State.RECEIVED,),
            State.INADMISSIBLE,
            _ADMISSION,
            needs_reason=True,
            comment_label="Motif de l’irrecevabilité",
            changes=_refuse_admission,
            follows=_draft_inadmissible,
        ),
        Transition(
            "reconsider",
            "Réexaminer la recevabilité",
            (State.ADMISSIBLE, State.INADMISSIBLE),
            State.RECEIVED,
            _ADMISSION,
            needs_reason=True,
            comment_label="Motif du réexamen",
            changes=_reconsider,
            follows=_drop_inadmissible,
        ),
        Transition(
            "start_review",
            "Mettre en instruction",
            (State.ADMISSIBLE,),
            State.UNDER_REVIEW,
            INSTRUCTING,
            guards=(guards.officer_may_instruct,),
            changes=_start_review,
        ),
        Transition(
            "cancel_review",
            "Annuler la mise en instruction",
            (State.UNDER_REVIEW,),
            State.ADMISSIBLE,
            _MANAGEMENT,
            needs_reason=True,
            comment_label="Motif de l’annulation",
            changes=_cancel_review,
        ),
        Transition(
            "request_information",
            "Demander un complément",
            (State.UNDER_REVIEW,),
            State.INFO_REQUESTED,
            INSTRUCTING,
            needs_reason=True,
            comment_label="Complément demandé",
            guards=(guards.due_day_is_ahead,),
            follows=_ask_information,
        ),
        Transition(
            "resume_review",
            "Reprendre l’instruction",
            (State.INFO_REQUESTED,),
            State.UNDER_REVIEW,
            INSTRUCTING,
            follows=_end_information,
        ),
        Transition(
            "complete_review",
            "Clore l’instruction",
            (State.UNDER_REVIEW,),
            State.REVIEWED,
            INSTRUCTING,
            comment_label="Motif, si un avis attendu manque",
            guards=(guards.synthesis_is_written, guards.opinions_are_rendered_or_reason),
            changes=_complete_review,
        ),
        Transition(
            "reopen_review",
            "Rouvrir l’instruction",
            (State.REVIEWED,),
            State.UNDER_REVIEW,
            _MANAGEMENT,
            needs_reason=True,
            comment_label="Motif de la réouverture",
            standing=(guards.is_not_decided,),
            guards=(guards.officer_may_instruct,),
            changes=_reopen_review,
        ),
        Transition(
            "withdraw",
            "Retirer",
            (
                State.RECEIVED,
                State.ADMISSIBLE,
                State.UNDER_REVIEW,
                State.INFO_REQUESTED,
                State.REVIEWED,
            ),
            State.WITHDRAWN,
            _MANAGEMENT,
            needs_reason=True,
            comment_label="Motif du retrait",
            standing=(guards.is_not_decided, guards.is_on_no_agenda),
            changes=_withdraw,
            follows=_end_all_that_is_expected,
        ),
    )
}


# Before a move ----------------------------------------------------------------


def available(application: Application, user) -> list[Transition]:
    """The moves that `user` may make now, in the order of the table: what buttons are made of.

    One of them may still be refused for want of what its form asks: see `refusal`.
    """
    if application.is_undisclosed:
        return []
    found = [
        transition
        for transition in TRANSITIONS.values()
        if application.state in transition.sources
        and gates.may(user, transition.permissions, application)
    ]
    if not found:
        return []
    known = Known([application], user)
    if application.pk in known.recused:
        return []
    return [
        transition
        for transition in found
        if not any(
            guard(application, _move(transition, user, "", Facts(), known))
            for guard in transition.standing
        )
    ]


def refusal(application: Application, action: str, user, *, comment: str = "", **facts) -> str:
    """Why this move would be refused now, in French; empty if it would not. Facts: see `Facts`."""
    return refusals([application], action, user, comment=comment, **facts)[application.pk]


def refusals(
    applications: Iterable[Application], action: str, user, *, comment: str = "", **facts
) -> dict[int, str]:
    """What `refusal` says of several dossiers, by primary key, in a constant number of queries."""
    transition = _transition(action)
    applications = list(applications)
    known = Known(applications, user)
    move = _move(transition, user, comment, Facts(**facts), known)
    said, elsewhere = {}, []
    for application in applications:
        if application.pk in known.recused:
            said[application.pk] = "Dossier introuvable."
        elif not gates.may(user, transition.permissions, application):
            said[application.pk] = _named(
                application, f"votre rôle ne permet pas « {transition.label} »."
            )
        elif application.is_undisclosed:
            said[application.pk] = gates.undisclosed(application)
        elif application.state not in transition.sources:
            elsewhere.append(application)
        else:
            said[application.pk] = _guarded(application, transition, move)
    return said | _misplaced(elsewhere, transition)


# The gate ---------------------------------------------------------------------


def apply(application: Application, action: str, *, by, comment: str = "", **facts) -> Application:
    """Make a move of the table and return the fresh row. Facts: see `Facts`.

    Raises Hidden for a dossier that `by` is recused from, PermissionDenied, Stale for a synthesis
    changed meanwhile, and Refusal, in French, for any other reason; nothing is then changed.
    """
    transition = _transition(action)
    with transaction.atomic():
        held = gates.hold(application, by=by, permissions=transition.permissions)
        if held.state not in transition.sources:
            raise Refusal(_misplaced([held], transition)[held.pk])
        move = _move(transition, by, comment, Facts(**facts), Known([held], by))
        if move.facts.synthesis is not None:
            gates.refuse_stale_synthesis(held, move.facts.synthesis, move.facts.known)
        if why := _guarded(held, transition, move):
            raise Refusal(why)
        former_officer = held.case_officer_id
        with history.acting(by, action, move.comment):
            if transition.changes:
                transition.changes(held, move)
            held.state = transition.target
            gates.save(held)
            if transition.follows:
                transition.follows(held, move)
        if held.case_officer_id != former_officer:
            notifications.assigned(held, by=by)
        else:
            notifications.moved(held, by=by)
    return held


def _transition(action):
    try:
        return TRANSITIONS[action]
    except KeyError:
        raise Refusal(f"Acte inconnu : « {action} ».") from None


def _move(transition, by, comment, facts, known):
    return Move(by, gates.plain(comment), transition.comment_label, facts, known)


def _guarded(application, transition, move):
    """What the first guard that refuses says; empty where none does."""
    reason = (guards.reason_is_given,) if transition.needs_reason else ()
    for guard in (*transition.standing, *reason, *transition.guards):
        if why := guard(application, move):
            return _named(application, why)
    return ""


def _misplaced(applications, transition):
    """For dossiers in a state that the move does not leave from: where they are, and since when."""
    if not applications:
        return {}
    events = Event.objects.filter(
        application__in=[application.pk for application in applications],
        object_type=Application._meta.label_lower,
        action__in=TRANSITIONS,
    )
    last = {
        event.application_id: event for event in events.select_related("actor").order_by("number")
    }
    sources = " ou ".join(f"« {State(source).label} »" for source in transition.sources)
    return {
        application.pk: _named(
            application,
            f"il est à l’état « {application.get_state_display()} » ; « {transition.label} » part "
            f"de l’état {sources}.{_told(last.get(application.pk))}",
        )
        for application in applications
    }


def _told(event):
    if event is None:
        return ""
    act = labels.act(event.action)
    who = f" par {gates.person(event.actor)}" if event.actor else ""
    hour = f"{timezone.localtime(event.occurred_at):%H h %M}"
    return (
        f" Dernier acte : {act[0].lower()}{act[1:]}{who}, le {french_date(event.occurred_at)} "
        f"à {hour}. Rechargez la page."
    )


def _named(application, why):
    return f"Dossier {application.reference} : {why}"
