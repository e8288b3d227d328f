from laureates.models.announcement import Announcement, Claim, Document
from laureates.models.document import ListedDocument
from laureates.models.index import FacetValue, IndexEntry
from laureates.models.laureate import Carrier, Laureate
from laureates.models.natural import NaturalKeyModel, NaturalKeyQuerySet
from laureates.models.public import laureate_published_q, published_q, release_published_q
from laureates.models.reference import CarryingOrganisation, Organisation, Territory, Theme
from laureates.models.release import PublicState, Release, ReleaseDraft, ReleaseFile
from laureates.models.report import ErrorReport

__all__ = [
    "Announcement",
    "Carrier",
    "CarryingOrganisation",
    "Claim",
    "Document",
    "ErrorReport",
    "FacetValue",
    "IndexEntry",
    "Laureate",
    "ListedDocument",
    "NaturalKeyModel",
    "NaturalKeyQuerySet",
    "Organisation",
    "PublicState",
    "Release",
    "ReleaseDraft",
    "ReleaseFile",
    "Territory",
    "Theme",
    "laureate_published_q",
    "published_q",
    "release_published_q",
]
