"""Giving dossiers to case officers."""

from collections.abc import Iterable

from django.db import transaction

from calls import gates, history, notifications
from calls.guards import Known
from calls.instruction.asked import named, refusals
from calls.models import Application
from calls.permissions import Refusal

State = Application.State
# Nobody is given a dossier that will not be examined.
CLOSED_STATES = (State.INADMISSIBLE, State.WITHDRAWN)
_HELD_STATES = (State.UNDER_REVIEW, State.INFO_REQUESTED)
_PERMISSIONS = ("calls.decide_admissibility",)


def assign(application: Application, officer, *, by, comment: str = "") -> Application:
    """Give the dossier to a case officer, or, with None, take it from the one it has."""
    with transaction.atomic():
        held = gates.hold(application, by=by, permissions=_PERMISSIONS)
        if why := _assignment_refused(held, officer, Known([held], by)):
            raise Refusal(named(held, why))
        held.case_officer = officer
        with history.acting(by, "assign" if officer else "unassign", gates.plain(comment)):
            gates.save(held)
        if officer:
            notifications.assigned(held, by=by)
    return held


def assign_refusals(
    applications: Iterable[Application], officer, *, by, comment: str = ""
) -> dict[int, str]:
    """Why `assign` would be refused, by primary key, empty where it would not be; constant
    queries."""
    return refusals(
        applications,
        by,
        _PERMISSIONS,
        lambda application, known: _assignment_refused(application, officer, known),
    )


def _assignment_refused(application, officer, known):
    if application.state in CLOSED_STATES:
        return f"il est à l’état « {application.get_state_display()} » : il n’y a rien à instruire."
    if officer is None:
        if application.case_officer_id is None:
            return "il n’a pas d’instructeur."
        if application.state in _HELD_STATES:
            return (
                "il est en instruction ; affectez un autre instructeur plutôt que d’en retirer un."
            )
        return ""
    if officer.pk == application.case_officer_id:
        return f"{gates.person(officer)} en est déjà l’instructeur."
    unfit = known.unfit(officer, application)
    return f"{unfit} ; choisissez un autre instructeur." if unfit else ""
