from calls.admin.access import AffiliationAdmin, SessionAccessAdmin
from calls.admin.application import ApplicationAdmin
from calls.admin.bulkact import BulkActAdmin
from calls.admin.call import CallAdmin
from calls.admin.committee import CommitteeAdmin
from calls.admin.dossier_import import DossierImportAdmin
from calls.admin.fund import FundAdmin
from calls.admin.letter import LetterAdmin
from calls.admin.publication import PublicationAdmin
from calls.admin.review import ReviewAdmin
from calls.admin.selection import SelectionAdmin
from calls.admin.session import CallSessionAdmin

__all__ = [
    "AffiliationAdmin",
    "ApplicationAdmin",
    "BulkActAdmin",
    "CallAdmin",
    "CallSessionAdmin",
    "CommitteeAdmin",
    "DossierImportAdmin",
    "FundAdmin",
    "LetterAdmin",
    "PublicationAdmin",
    "ReviewAdmin",
    "SelectionAdmin",
    "SessionAccessAdmin",
]
