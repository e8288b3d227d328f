from calls.models.access import Affiliation, SessionAccess
from calls.models.application import Application
from calls.models.bearer import Bearer
from calls.models.call import (
    Call,
    CallDocument,
    CallSession,
    FormerDeadline,
    Fund,
    FundAim,
)
from calls.models.committee import Committee, CommitteeMember
from calls.models.event import Event, EventHead, EventText
from calls.models.importing import (
    ColumnMapping,
    DossierImport,
    DossierImportRow,
    FormRecord,
)
from calls.models.publication import Publication
from calls.models.record import BulkAct, BulkActItem, Letter, Minutes
from calls.models.recusal import Recusal
from calls.models.review import Attachment, InformationRequest, Note, Review, ReviewScore
from calls.models.rules import Criterion, EligibilityRule
from calls.models.selection import Selection

__all__ = [
    "Affiliation",
    "Application",
    "Attachment",
    "Bearer",
    "BulkAct",
    "BulkActItem",
    "Call",
    "CallDocument",
    "CallSession",
    "ColumnMapping",
    "Committee",
    "CommitteeMember",
    "Criterion",
    "DossierImport",
    "DossierImportRow",
    "EligibilityRule",
    "Event",
    "EventHead",
    "EventText",
    "FormRecord",
    "FormerDeadline",
    "Fund",
    "FundAim",
    "InformationRequest",
    "Letter",
    "Minutes",
    "Note",
    "Publication",
    "Recusal",
    "Review",
    "ReviewScore",
    "Selection",
    "SessionAccess",
]
