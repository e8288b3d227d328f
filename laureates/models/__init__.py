from laureates.models.announcement import Announcement, Claim, Document, LaureateGroup
from laureates.models.document import ListedDocument
from laureates.models.importing import AnnouncementText, LibraryImport, LibraryImportRow
from laureates.models.index import Card, Detail, FacetValue, IndexEntry, IndexWrite, Posting, Record
from laureates.models.laureate import Carrier, Laureate
from laureates.models.natural import NaturalKeyModel, NaturalKeyQuerySet
from laureates.models.public import laureate_published_q, published_q, release_published_q
from laureates.models.reference import (
    CarryingOrganisation,
    Organisation,
    OrganisationRedirect,
    Territory,
    Theme,
)
from laureates.models.release import PublicState, Release, ReleaseDraft, ReleaseFile
from laureates.models.report import ErrorReport

__all__ = [
    "Announcement",
    "AnnouncementText",
    "Card",
    "Carrier",
    "CarryingOrganisation",
    "Claim",
    "Detail",
    "Document",
    "ErrorReport",
    "FacetValue",
    "IndexEntry",
    "IndexWrite",
    "Laureate",
    "LaureateGroup",
    "LibraryImport",
    "LibraryImportRow",
    "ListedDocument",
    "NaturalKeyModel",
    "NaturalKeyQuerySet",
    "Organisation",
    "OrganisationRedirect",
    "Posting",
    "PublicState",
    "Record",
    "Release",
    "ReleaseDraft",
    "ReleaseFile",
    "Territory",
    "Theme",
    "laureate_published_q",
    "published_q",
    "release_published_q",
]
