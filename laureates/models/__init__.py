from laureates.models.announcement import Announcement, Claim, Document
from laureates.models.index import FacetValue, IndexEntry
from laureates.models.laureate import Carrier, Laureate
from laureates.models.natural import NaturalKeyModel, NaturalKeyQuerySet
from laureates.models.public import laureate_published_q, published_q
from laureates.models.reference import CarryingOrganisation, Organisation, Territory, Theme
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
    "NaturalKeyModel",
    "NaturalKeyQuerySet",
    "Organisation",
    "Territory",
    "Theme",
    "laureate_published_q",
    "published_q",
]
