from laureates.admin.announcement import AnnouncementAdmin
from laureates.admin.announcement_text import AnnouncementTextAdmin
from laureates.admin.claim import ClaimAdmin
from laureates.admin.laureate import LaureateAdmin
from laureates.admin.library_import import LibraryImportAdmin
from laureates.admin.organisation import OrganisationAdmin
from laureates.admin.report import ErrorReportAdmin
from laureates.admin.territory import TerritoryAdmin
from laureates.admin.theme import ThemeAdmin

__all__ = [
    "AnnouncementAdmin",
    "AnnouncementTextAdmin",
    "ClaimAdmin",
    "ErrorReportAdmin",
    "LaureateAdmin",
    "LibraryImportAdmin",
    "OrganisationAdmin",
    "TerritoryAdmin",
    "ThemeAdmin",
]
