"""A committee's sitting: its agenda, proposals, attendance, opening, closing, and what follows.

Every act is a gate: in one transaction it locks the rows, the sitting first, checks recusals, the
right, the state and the page's version, then writes, with its event. It raises, from
`calls.permissions`, `Refusal` (a ValidationError whose French text is for the person acting),
`Stale` (a page opened before somebody's change), `Hidden` (a dossier the person is recused from),
or PermissionDenied. Functions named `…_refusal` say beforehand why an act would be refused, in
French, or nothing: previews and buttons ask them.
"""

from calls.deliberation.agenda import (
    agenda_refusal,
    agenda_refusals,
    move,
    put_on_agenda,
    removal_refusal,
    remove_from_agenda,
)
from calls.deliberation.closing import Closing, close, closing_refusal, preview_closing, snapshot
from calls.deliberation.decision import Decision
from calls.deliberation.opening import open_committee, opening_refusal, record_attendance
from calls.deliberation.proposals import (
    clear_proposal,
    clearing_refusal,
    proposal_refusal,
    propose,
)
from calls.deliberation.rectification import (
    publication_notice,
    rectification_refusal,
    rectify,
)
from calls.deliberation.reopening import reopen, reopening_refusal
from calls.deliberation.states import COMMITTEE_MOVES, SELECTION_MOVES

__all__ = [
    "COMMITTEE_MOVES",
    "SELECTION_MOVES",
    "Closing",
    "Decision",
    "agenda_refusal",
    "agenda_refusals",
    "clear_proposal",
    "clearing_refusal",
    "close",
    "closing_refusal",
    "move",
    "open_committee",
    "opening_refusal",
    "preview_closing",
    "proposal_refusal",
    "propose",
    "publication_notice",
    "put_on_agenda",
    "record_attendance",
    "rectification_refusal",
    "rectify",
    "removal_refusal",
    "remove_from_agenda",
    "reopen",
    "reopening_refusal",
    "snapshot",
]
