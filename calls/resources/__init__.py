"""What an export gives of the lists of calls, dossiers and sittings.

A row is in an export where it is in its reader's list. A cell is filled where its reader reads it:
whoever does not read a dossier whole finds empty what they may not learn of it.
"""

from calls.resources.dossier import (
    ApplicationResource,
    LetterResource,
    RetainedApplicationResource,
    ReviewResource,
)
from calls.resources.frame import (
    AffiliationResource,
    CallResource,
    CallSessionResource,
    DossierImportResource,
    FundResource,
    SessionAccessResource,
)
from calls.resources.sitting import (
    BulkActResource,
    CommitteeResource,
    PublicationResource,
    RetainedSelectionResource,
    SelectionResource,
)

__all__ = [
    "AffiliationResource",
    "ApplicationResource",
    "BulkActResource",
    "CallResource",
    "CallSessionResource",
    "CommitteeResource",
    "DossierImportResource",
    "FundResource",
    "LetterResource",
    "PublicationResource",
    "RetainedApplicationResource",
    "RetainedSelectionResource",
    "ReviewResource",
    "SelectionResource",
    "SessionAccessResource",
]
