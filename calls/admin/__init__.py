from calls.admin.application import ApplicationAdmin
from calls.admin.call import CallAdmin
from calls.admin.committee import CommitteeAdmin
from calls.admin.fund import FundAdmin
from calls.admin.selection import SelectionAdmin
from calls.admin.session import CallSessionAdmin

__all__ = [
    "ApplicationAdmin",
    "CallAdmin",
    "CallSessionAdmin",
    "CommitteeAdmin",
    "FundAdmin",
    "SelectionAdmin",
]
