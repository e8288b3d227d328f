from calls.models.access import Affiliation, SessionAccess
from calls.models.application import Application, Bearer
from calls.models.call import (
    Call,
    CallSession,
    Criterion,
    EligibilityRule,
    FormerDeadline,
    Fund,
    FundAim,
)
from calls.models.committee import Committee, CommitteeMember
from calls.models.event import Event, EventHead, EventText
from calls.models.record import BulkAct, BulkActItem, Letter, Minutes
from calls.models.recusal import Recusal
from calls.models.review import Attachment, InformationRequest, Note, Review, ReviewScore
from calls.models.selection import Selection

__all__ = [
    "Affiliation",
    "Application",
    "Attachment",
    "Bearer",
    "BulkAct",
    "BulkActItem",
    "Call",
    "CallSession",
    "Committee",
    "CommitteeMember",
    "Criterion",
    "EligibilityRule",
    "Event",
    "EventHead",
    "EventText",
    "FormerDeadline",
    "Fund",
    "FundAim",
    "InformationRequest",
    "Letter",
    "Minutes",
    "Note",
    "Recusal",
    "Review",
    "ReviewScore",
    "Selection",
    "SessionAccess",
]
