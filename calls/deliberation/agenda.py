"""The agenda of a sitting: which dossiers are on it, in which order."""

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from calls import history
from calls.deliberation import locks
from calls.models import Application, Committee, Selection
from calls.permissions import Refusal
from ftap import audit

_RETURNS = (Selection.Outcome.DEFERRED, Selection.Outcome.WAITING_LIST)
_FULL = 32767


def agenda_refusal(committee: Committee, application: Application, user) -> str:
    """Why this dossier cannot be put on the agenda by `user`, in French; empty if it can."""
    return agenda_refusals(committee, [application], user).get(application.pk, "")


def agenda_refusals(
    committee: Committee, applications: Iterable[Application], user
) -> dict[int, str]:
    """{primary key of a dossier: why it cannot be put on the agenda}, in a constant number of
    queries; their `session__call` is best selected with them."""
    applications = list(applications)
    if reason := _sitting_refusal(committee, user):
        return {application.pk: reason for application in applications}
    elsewhere: dict[int, list[Selection]] = {}
    rows = (
        Selection.objects.live()
        .filter(application__in=[application.pk for application in applications])
        .select_related("committee")
        .order_by("pk")
    )
    for selection in rows:
        elsewhere.setdefault(selection.application_id, []).append(selection)
    found = {}
    for application in applications:
        decisions = elsewhere.get(application.pk, [])
        reason = _dossier_refusal(committee, application, decisions)
        if reason:
            found[application.pk] = f"{application.reference} : {reason}"
    return found


def _sitting_refusal(committee, user):
    if not user.has_perm("calls.manage_agenda", committee):
        return "Vous n’avez pas le droit de tenir l’ordre du jour."
    if committee.state == Committee.State.CLOSED:
        return f"La séance « {committee} » est close : son ordre du jour ne change plus."
    return ""


def _dossier_refusal(committee, application, decisions):
    """Why not, given the live decisions on this dossier."""
    if application.is_undisclosed:
        return "dossier non détaillé, rien n’en est connu qui puisse être examiné."
    if application.state != Application.State.REVIEWED:
        return (
            f"dossier à l’état « {application.get_state_display()} » ; seul un dossier "
            "dont l’instruction est close s’inscrit à l’ordre du jour."
        )
    for decision in decisions:
        if decision.committee_id == committee.pk:
            return "dossier déjà à l’ordre du jour de cette séance."
    for decision in decisions:
        if decision.state != Selection.State.VALIDATED:
            return f"dossier déjà à l’ordre du jour de la séance « {decision.committee} »."
        if decision.outcome not in _RETURNS:
            outcome = decision.get_outcome_display()
            return (
                f"dossier déjà décidé, « {outcome} », par la séance "
                f"« {decision.committee} » : seule une rectification y change quelque chose."
            )
    if application.session.call.fund_id != committee.fund_id:
        return "dossier d’un autre fonds que celui de la séance."
    if committee.session_id and application.session_id != committee.session_id and not decisions:
        return (
            "dossier d’une autre session, qu’aucune séance n’a ajourné ni mis en liste d’attente."
        )
    return ""


def put_on_agenda(
    committee: Committee, applications: Iterable[Application], *, by
) -> list[Selection]:
    """Put reviewed dossiers at the end of the agenda, in the order given; all or none.

    They are of the sitting's session, of any session of the fund for a sitting without session, or
    were deferred or put on a waiting list by a former sitting. The new items, in order.
    """
    wanted = list(dict.fromkeys(application.pk for application in applications))
    if not wanted:
        raise Refusal("Choisissez au moins un dossier à inscrire à l’ordre du jour.")
    with transaction.atomic():
        committee = locks.hold_committee(committee.pk)
        held = {row.pk: row for row in locks.hold_applications(wanted)}
        if len(held) != len(wanted):
            raise Refusal("Un de ces dossiers n’existe plus : rechargez la page.")
        locks.require_visible(by, held.values())
        locks.require(by, "calls.manage_agenda", committee)
        dossiers = [held[pk] for pk in wanted]
        if refusals := agenda_refusals(committee, dossiers, by):
            raise Refusal(list(dict.fromkeys(refusals.values())))
        present = _items(committee)
        if len(present) + len(dossiers) > _FULL:
            raise Refusal(f"Un ordre du jour compte {_FULL} dossiers au plus.")
        added = [Selection(application=row, committee=committee) for row in dossiers]
        for position, selection in enumerate(added, len(present) + 1):
            selection.agenda_position = position
        with history.acting(by, "put_on_agenda"):
            for selection in added:
                locks.check(selection)
                selection.save()
            _number(present)
            locks.touch(committee)
    return added


def removal_refusal(selection: Selection, user) -> str:
    """Why this item cannot leave the agenda, in French; empty if it can."""
    if reason := _sitting_refusal(selection.committee, user):
        return reason
    if selection.state != Selection.State.TO_EXAMINE:
        return (
            f"{selection.application.reference} : une décision est proposée ; effacez-la "
            "avant de retirer le dossier de l’ordre du jour."
        )
    return ""


def remove_from_agenda(selection: Selection, *, by, comment: str = "") -> None:
    """Take an item without proposal off the agenda; those after it move up.

    The row goes, its history stays. One that a letter is about stays too, as superseded.
    """
    with transaction.atomic():
        held = locks.hold_selection(selection)
        locks.require_visible(by, [held.application])
        locks.require(by, "calls.manage_agenda", held.committee)
        if reason := removal_refusal(held, by):
            raise Refusal(reason)
        with history.acting(by, "take_off_agenda", comment.strip()):
            if held.letters.exists():
                held.superseded_at = timezone.now()
                held.agenda_position = None
                locks.save(held)
            else:
                held.delete()
            _number(_items(held.committee))
            locks.touch(held.committee)


def move(selection: Selection, position: int, *, by) -> Selection:
    """Give an item the place `position` of the agenda, from 1; beyond the end, the last one.

    One event, on the sitting, holds the new order.
    """
    with transaction.atomic():
        held = locks.hold_selection(selection)
        locks.require_visible(by, [held.application])
        locks.require(by, "calls.manage_agenda", held.committee)
        if reason := _sitting_refusal(held.committee, by):
            raise Refusal(reason)
        if position < 1:
            raise Refusal("La place à l’ordre du jour est un nombre entier, à partir de 1.")
        former = _items(held.committee)
        order = [item for item in former if item.pk != held.pk]
        order.insert(position - 1, held)
        is_same = [item.pk for item in order] == [item.pk for item in former]
        _number(order)
        if not is_same:
            history.record(
                "reorder_agenda",
                held.committee,
                by=by,
                details={"agenda": [item.application for item in order]},
            )
            locks.touch(held.committee)
    return held


def _items(committee):
    return list(
        Selection.objects.live()
        .filter(committee=committee)
        .select_related("application")
        .in_agenda_order()
    )


def _number(items):
    """Number items from 1, without gap. A place is no version of a decision: none is kept."""
    with audit.paused():
        for position, item in enumerate(items, 1):
            if item.agenda_position != position:
                item.agenda_position = position
                item.save(update_fields=["agenda_position"])
