"""Sittings for the tests: with a chair, members, and dossiers that may be decided."""

import datetime
from decimal import Decimal

from django.utils import timezone

from calls.models import Application, Committee, Selection
from tests.factories import (
    ApplicationFactory,
    CommitteeFactory,
    CommitteeMemberFactory,
    SelectionFactory,
    UserFactory,
)

HELD_ON = datetime.date(2019, 9, 23)
OUTCOMES = {
    "retained": {"granted_amount": Decimal("1000000.00")},
    "undisclosed": {"outcome": "retained", "amount_not_disclosed": True},
    "not_retained": {"motive": "Hors du champ de l’appel."},
    "deferred": {},
    "waiting_list": {"rank": 1},
}


def secretary():
    return UserFactory(role="Secrétariat")


def decider():
    return UserFactory(role="Décision")


def sitting(state="open", present=2, **values):
    """A sitting with two voting members, `present` of whom are, and a quorum of one."""
    if state != "planned":
        values = {
            "chair": "Alix Présidente",
            "quorum": 1,
            "held_on": HELD_ON,
            "opened_at": timezone.now(),
            **values,
        }
    if state == "closed":
        values = {"closed_at": timezone.now(), "closed_by": decider(), **values}
    committee = CommitteeFactory(state=state, **values)
    for rank in range(2):
        CommitteeMemberFactory(
            committee=committee,
            attendance="" if state == "planned" else "present" if rank < present else "absent",
        )
    return committee


def dossier(committee, **values):
    """A dossier of the sitting's session whose review is closed."""
    if committee.session:
        values.setdefault("session", committee.session)
    else:
        values.setdefault("session__call__fund", committee.fund)
    return ApplicationFactory(
        **{"state": Application.State.REVIEWED, "synthesis": "Dossier solide.", **values}
    )


def decided(kind, **values):
    """The values of a decision: « undisclosed » is retained without a known amount."""
    return {"outcome": kind, **OUTCOMES[kind], **values}


def item(committee, kind="", application=None, **values):
    """A dossier at the end of the agenda, with a proposal if `kind` names one of `OUTCOMES`.

    At a closed sitting, the decision is validated.
    """
    if kind:
        facts = {"state": "proposed"}
        if committee.state == "closed":
            facts = {
                "state": "validated",
                "decided_on": committee.held_on,
                "decided_by": committee.closed_by,
            }
        values = {**facts, **decided(kind), **values}
    position = Selection.objects.live().filter(committee=committee).count() + 1
    return SelectionFactory(
        application=application or dossier(committee),
        committee=committee,
        **{"agenda_position": position, **values},
    )


def fresh(row):
    """The row as the database holds it, with nothing kept from before."""
    return type(row).objects.get(pk=row.pk)


def references(committee):
    """The agenda, as [(place, reference)]."""
    return list(
        Selection.objects.live()
        .filter(committee=committee)
        .in_agenda_order()
        .values_list("agenda_position", "application__reference")
    )


def version_of(committee):
    return Committee.objects.values_list("version", flat=True).get(pk=committee.pk)
