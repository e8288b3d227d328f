"""Letters: drafted from templates by the acts, reviewed then sent by a person, never by themselves.

A draft whose decision, opinion or request changed is superseded: it stays, marked, and cannot be
sent. There is no act on several letters: each is read by a person.
"""

from calls.letters.drafting import (
    draft_for_selection,
    draft_inadmissible,
    draft_information,
    draft_information_reminder,
    draft_opinion_reminder,
    supersede,
)
from calls.letters.life import (
    TO_COMPLETE,
    WRITTEN,
    amend,
    fingerprint,
    mark_reviewed,
    redraft,
    refusal,
    send,
    sending_refusal,
)
from calls.letters.reminders import draft_reminders, overdue_information, overdue_opinions
from calls.letters.subjects import outdated

__all__ = [
    "TO_COMPLETE",
    "WRITTEN",
    "amend",
    "draft_for_selection",
    "draft_inadmissible",
    "draft_information",
    "draft_information_reminder",
    "draft_opinion_reminder",
    "draft_reminders",
    "fingerprint",
    "mark_reviewed",
    "outdated",
    "overdue_information",
    "overdue_opinions",
    "redraft",
    "refusal",
    "send",
    "sending_refusal",
    "supersede",
]
