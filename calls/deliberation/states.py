"""The states of a sitting and of its decisions, and the only code that changes them."""

from dataclasses import dataclass

from django.utils import timezone

from calls.models import Committee, Selection
from calls.permissions import Refusal


@dataclass(frozen=True)
class Move:
    """What one act does to a state: from which ones it starts, and where it leads."""

    action: str
    label: str
    sources: tuple[str, ...]
    target: str


def _table(*moves: Move) -> dict[str, Move]:
    return {move.action: move for move in moves}


_SITTING, _DECISION = Committee.State, Selection.State

COMMITTEE_MOVES = _table(
    Move("open", "Ouvrir la séance", (_SITTING.PLANNED,), _SITTING.OPEN),
    Move("close", "Clore la séance", (_SITTING.OPEN,), _SITTING.CLOSED),
    Move("reopen", "Rouvrir la séance", (_SITTING.CLOSED,), _SITTING.OPEN),
)
SELECTION_MOVES = _table(
    Move(
        "propose",
        "Proposer une décision",
        (_DECISION.TO_EXAMINE, _DECISION.PROPOSED),
        _DECISION.PROPOSED,
    ),
    Move("clear_proposal", "Effacer la proposition", (_DECISION.PROPOSED,), _DECISION.TO_EXAMINE),
    Move("validate", "Valider la décision", (_DECISION.PROPOSED,), _DECISION.VALIDATED),
    Move("reopen", "Rouvrir la décision", (_DECISION.VALIDATED,), _DECISION.PROPOSED),
    Move("rectify", "Rectifier la décision", (_DECISION.VALIDATED,), _DECISION.VALIDATED),
)

_SAID = {
    _SITTING.PLANNED: "elle est prévue",
    _SITTING.OPEN: "elle est ouverte",
    _SITTING.CLOSED: "elle est close",
    _DECISION.TO_EXAMINE: "elle est à examiner",
    _DECISION.PROPOSED: "elle est proposée",
    _DECISION.VALIDATED: "elle est validée",
}


def refusal_of(row: Committee | Selection, action: str) -> str:
    """Why the state of a sitting or of a decision forbids this act, in French; empty if not."""
    if isinstance(row, Committee):
        move, what = COMMITTEE_MOVES[action], f"la séance « {row} »"
    else:
        move, what = SELECTION_MOVES[action], f"la décision sur {row.application.reference}"
    if row.state in move.sources:
        return ""
    return f"« {move.label} » : impossible pour {what}, {_SAID[row.state]}."


def _move(row, moves, action):
    if reason := refusal_of(row, action):
        raise Refusal(reason)
    row.state = moves[action].target


def open_sitting(committee: Committee, by) -> None:
    _move(committee, COMMITTEE_MOVES, "open")
    committee.opened_at, committee.opened_by = timezone.now(), by


def close_sitting(committee: Committee, by) -> None:
    _move(committee, COMMITTEE_MOVES, "close")
    committee.closed_at, committee.closed_by = timezone.now(), by


def reopen_sitting(committee: Committee, by) -> None:
    """Its first opening stays; a sitting taken over from a document had none."""
    _move(committee, COMMITTEE_MOVES, "reopen")
    committee.closed_at = committee.closed_by = None
    if committee.opened_at is None:
        committee.opened_at, committee.opened_by = timezone.now(), by


def propose(selection: Selection, decision) -> None:
    _move(selection, SELECTION_MOVES, "propose")
    decision.write_on(selection)


def clear(selection: Selection, decision) -> None:
    """`decision` is the empty one."""
    _move(selection, SELECTION_MOVES, "clear_proposal")
    decision.write_on(selection)


def validate(selection: Selection, by, decided_on) -> None:
    _move(selection, SELECTION_MOVES, "validate")
    selection.decided_on, selection.decided_by = decided_on, by


def unvalidate(selection: Selection) -> None:
    """Back to a proposal, which no laureate can be linked to."""
    _move(selection, SELECTION_MOVES, "reopen")
    selection.decided_on = selection.decided_by = selection.laureate = None


def rectified(selection: Selection, decision, by) -> Selection:
    """The unsaved row that takes the place of a validated one, decided by `by` on the same day."""
    if reason := refusal_of(selection, "rectify"):
        raise Refusal(reason)
    successor = Selection(
        application=selection.application,
        committee=selection.committee,
        agenda_position=selection.agenda_position,
        state=SELECTION_MOVES["rectify"].target,
        decided_on=selection.decided_on,
        decided_by=by,
        version=selection.version + 1,
    )
    decision.write_on(successor)
    return successor
