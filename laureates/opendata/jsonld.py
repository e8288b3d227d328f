"""What search engines read on pages: schema.org, in JSON-LD.

Functions give nodes; `page` joins those of a page. Absolute addresses only; what is unknown is
left out.
"""

from collections.abc import Iterable

from django.conf import settings
from django.urls import reverse

from laureates import markdown
from laureates.cards import ListedLaureate
from laureates.details import DetailedCarrier, DetailedLaureate
from laureates.models import Announcement, Carrier, Laureate, Organisation
from laureates.opendata import native
from laureates.opendata.reading import FUND, LICENCE_URL, Context

VOCABULARY = "https://schema.org"
# The kinds that are parts of the State; the others are organisations, and no more is said.
_STATE = {
    Organisation.Kind.MINISTRY,
    Organisation.Kind.CENTRAL,
    Organisation.Kind.NATIONAL_SERVICE,
    Organisation.Kind.DECONCENTRATED,
}
_THE_FUND = {"@type": "GovernmentOrganization", "name": FUND, "alternateName": "FTAP"}
DATA_TITLE = "Projets lauréats du Fonds pour la transformation de l’action publique (FTAP)"
DATA_DESCRIPTION = (
    "Les projets des administrations que le Fonds pour la transformation de l’action publique a "
    "retenus, tels qu’annoncés\u00a0: titres, organismes porteurs, thèmes, territoires, montants "
    "accordés quand ils sont communiqués, dates et sources."
)


def page(*nodes: dict) -> dict:
    """The nodes of a page, empty ones aside, as one JSON-LD document."""
    return {"@context": VOCABULARY, "@graph": [node for node in nodes if node]}


def breadcrumb(steps: Iterable[tuple[str, str]]) -> dict:
    """(label, absolute address) of each page from the home page to this one."""
    return {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": position, "name": label, "item": url}
            for position, (label, url) in enumerate(steps, start=1)
        ],
    }


def item_list(
    laureates: Iterable[Laureate | ListedLaureate], total: int, site_url: str, *, first: int = 1
) -> dict:
    """The laureates shown, of a list of `total` of which the first shown has the rank `first`."""
    return {
        "@type": "ItemList",
        "numberOfItems": total,
        "itemListElement": [
            {
                "@type": "ListItem",
                "position": position,
                "url": _url(site_url, laureate),
                "name": laureate.title,
            }
            for position, laureate in enumerate(laureates, start=first)
        ],
    }


def laureate(laureate: DetailedLaureate, site_url: str) -> dict:
    """A project: a grant, of an amount when it is known, that funds it."""
    url = _url(site_url, laureate)
    project = {
        "@type": "Project",
        "name": laureate.title,
        "description": laureate.excerpt,
        "member": [organisation(carrier, site_url) for carrier in laureate.carriers],
    }
    lead = [carrier for carrier in laureate.carriers if carrier.role == Carrier.Role.LEAD]
    if lead:
        project["parentOrganization"] = organisation(lead[0], site_url)
    found = {
        "@type": "Grant" if laureate.amount is None else "MonetaryGrant",
        "@id": f"{url}#financement",
        "url": url,
        "identifier": laureate.public_id,
        "name": laureate.title,
        "description": laureate.summary,
        "alternateName": laureate.former_titles,
        "funder": _funder(laureate),
        "fundedItem": _filled(project),
    }
    if laureate.amount is not None:
        found["amount"] = {
            "@type": "MonetaryAmount",
            "currency": "EUR",
            "value": native.plain(laureate.amount),
        }
    return _filled(found)


def announcement(
    announcement: Announcement, laureates: Iterable[Laureate], total: int, site_url: str
) -> dict:
    """The page of an announcement, and the laureates that it lists."""
    url = _url(site_url, announcement)
    found = {
        "@type": "CollectionPage",
        "@id": url,
        "url": url,
        "name": announcement.title,
        "description": markdown.plain(announcement.public_text)[:500],
        "datePublished": native.plain(announcement.published_at),
        "inLanguage": "fr",
        "license": LICENCE_URL,
        "publisher": _THE_FUND,
        "mainEntity": item_list(laureates, total, site_url),
    }
    return _filled(found)


def organisation(organisation: Organisation | DetailedCarrier, site_url: str) -> dict:
    """An organisation, in a few words."""
    url = _url(site_url, organisation)
    found = {
        "@type": "GovernmentOrganization" if organisation.kind in _STATE else "Organization",
        "@id": f"{url}#organisme",
        "url": url,
        "name": organisation.name,
        "alternateName": organisation.short_name,
    }
    if organisation.siret:
        found["identifier"] = {
            "@type": "PropertyValue",
            "propertyID": "SIRET",
            "value": organisation.siret,
        }
    return _filled(found)


def dataset(context: Context, *, coverage: str = "") -> dict:
    """The whole of the data, and its files; `coverage` is a period as ISO 8601 writes it."""
    site_url = context.site_url
    address = f"{site_url}{reverse('laureates:about_data')}"
    found = {
        "@type": "Dataset",
        "@id": f"{address}#jeu-de-donnees",
        "url": address,
        "name": DATA_TITLE,
        "description": DATA_DESCRIPTION,
        "inLanguage": "fr",
        "isAccessibleForFree": True,
        "license": LICENCE_URL,
        "creator": _THE_FUND,
        "publisher": {"@type": "Organization", "name": settings.LEGAL_PUBLISHER or FUND},
        "dateModified": native.plain(context.version.changed_at),
        "temporalCoverage": coverage,
        "distribution": [
            {
                "@type": "DataDownload",
                "encodingFormat": media_type.split(";")[0],
                "contentUrl": f"{site_url}{reverse('laureates:library_export', args=[format])}",
            }
            for format, media_type in native.MEDIA_TYPES.items()
        ],
    }
    return _filled(found)


def _funder(laureate):
    if not laureate.funder_name:
        return _THE_FUND
    return {"@type": "GovernmentOrganization", "name": laureate.funder_name}


def _url(site_url, row):
    return f"{site_url}{row.get_absolute_url()}"


def _filled(node):
    return {name: value for name, value in node.items() if value not in ("", None, [])}
