"""Grants as the 360Giving Data Standard 1.4 writes them: a JSON package.

A grant has one recipient: the organisation that leads the project, or the only one that carries
it. The standard has no place for the others, which the description names. An organisation without
a known SIRET bears an identifier of this site's own, as the standard provides; so does the grant,
under a prefix that 360Giving has not registered.
"""

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse

from laureates import markdown
from laureates.models import Carrier, Laureate, Organisation, Territory
from laureates.opendata import native
from laureates.opendata.reading import (
    FUND,
    LICENCE_URL,
    Context,
    changed_at,
    keys_of,
    laureates_of,
    lead_of,
)

VERSION = "1.4"
PREFIX = "ftap"
IDENTIFIER = "ftap-laureats-360giving"
CURRENCY = "EUR"
THEMES = "Thèmes de la bibliothèque des lauréats du FTAP"
# Codelist « locationScope » of the standard.
_SCOPES = {
    Territory.Kind.NATIONAL: "GLS030",
    Territory.Kind.REGION: "GLS040",
    Territory.Kind.DEPARTMENT: "GLS050",
    Territory.Kind.COLLECTIVITY: "GLS050",
}


def candidates(queryset: QuerySet) -> QuerySet:
    """The laureates of `queryset` that may be accepted: none of the others is."""
    return queryset.filter(amount__isnull=False, announcement__committee_on__isnull=False).exclude(
        funder_siret=""
    )


def refusals(laureate: Laureate) -> list[str]:
    """Why the standard refuses a laureate, in French; empty when it takes it."""
    found = []
    if laureate.amount is None:
        found.append("le montant accordé n’est pas communiqué")
    if laureate.announcement.committee_on is None:
        found.append("la date de la décision n’est pas communiquée")
    if not (laureate.summary or laureate.description):
        found.append("aucune description n’accompagne le projet")
    if not laureate.funder_name:
        found.append("le nom de l’attribuant n’est pas communiqué")
    if not laureate.funder_siret:
        found.append("le SIRET de l’attribuant n’est pas communiqué")
    if not laureate.carriers.all():
        found.append("aucun bénéficiaire n’est connu")
    elif recipient(laureate) is None:
        found.append("plusieurs organismes portent le projet, et aucune source ne dit qui le mène")
    return found


def accepted(queryset: QuerySet):
    """The laureates of `queryset` that the standard takes, in its order."""
    found = laureates_of(keys_of(candidates(queryset)))
    return (laureate for laureate in found if not refusals(laureate))


def recipient(laureate: Laureate) -> Organisation | None:
    """Who receives the grant, where it can be told."""
    carriers = laureate.carriers.all()
    if len(carriers) == 1 and carriers[0].role != Carrier.Role.SUPPORT:
        return carriers[0].organisation
    return lead_of(laureate)


def grant(laureate: Laureate, context: Context) -> dict:
    """The grant of a laureate that has no refusal."""
    site_url = context.site_url
    announcement = laureate.announcement
    receiving = recipient(laureate)
    found = {
        "id": f"{PREFIX}-{laureate.public_id}",
        "title": laureate.title,
        "description": _description(laureate, receiving),
        "currency": CURRENCY,
        "amountAwarded": native.plain(laureate.amount),
        "awardDate": announcement.committee_on.isoformat(),
        "url": f"{site_url}{laureate.get_absolute_url()}",
        "fundingOrganization": [
            {"id": f"FR-SIRET-{laureate.funder_siret}", "name": laureate.funder_name}
        ],
        "recipientOrganization": [_organisation(receiving, site_url)],
        "grantProgramme": [
            {
                "code": laureate.programme_code or announcement.slug,
                "title": announcement.label,
                "url": f"{site_url}{announcement.get_absolute_url()}",
            }
        ],
        "fromOpenCall": "Yes",
        "classifications": [
            {"vocabulary": THEMES, "code": theme.slug, "title": theme.name}
            for theme in laureate.themes.all()
        ],
        "beneficiaryLocation": [
            {"name": territory.name, "countryCode": "FR"}
            for territory in laureate.territories.all()
        ],
        "locationScope": _scope(laureate),
        "relatedDocument": [
            {
                "id": f"{PREFIX}-annonce-{announcement.slug}",
                "title": announcement.title,
                "url": f"{site_url}{announcement.get_absolute_url()}",
            }
        ],
        "dateModified": native.plain(changed_at(laureate, context)),
        "dataSource": laureate.source_url or announcement.source_url,
    }
    return {name: value for name, value in found.items() if value not in ("", None, [])}


def package(queryset: QuerySet, context: Context) -> dict:
    """The package of those of `queryset` that the standard takes.

    Without any, its list of grants is empty, which the standard does not allow: such a package is
    not announced in the catalogue.
    """
    site_url = context.site_url
    laureates = list(accepted(queryset))
    first = min((laureate.announcement.published_at for laureate in laureates), default=None)
    found = {
        "version": VERSION,
        "title": f"{FUND}\u00a0: projets lauréats",
        "description": (
            "Les projets lauréats dont le montant, la date, l’attribuant et le bénéficiaire sont "
            "connus. Les autres figurent dans les données natives du site."
        ),
        "issued": native.plain(first),
        "modified": native.plain(context.version.changed_at),
        "identifier": IDENTIFIER,
        "license": LICENCE_URL,
        "publisher": {"name": settings.LEGAL_PUBLISHER or FUND, "website": f"{site_url}/"},
        "downloadURL": f"{site_url}{reverse('laureates:threesixty')}",
        "accessURL": f"{site_url}{reverse('laureates:about_data')}",
        "extensions": [],
        "grants": [grant(laureate, context) for laureate in laureates],
    }
    return {name: value for name, value in found.items() if value is not None}


def _description(laureate, receiving):
    text = laureate.summary or markdown.plain(laureate.description)
    others = [
        carrier.announced_name
        for carrier in laureate.carriers.all()
        if carrier.organisation_id != receiving.pk
    ]
    if not others:
        return text
    return f"{text}\n\nAutres organismes\u00a0: " + "\u202f; ".join(others) + "."


def _organisation(organisation, site_url):
    own = f"{PREFIX}-organisme-{organisation.slug}"
    found = {
        "id": f"FR-SIRET-{organisation.siret}" if organisation.siret else own,
        "name": organisation.name,
        "alternateName": organisation.short_name,
        "url": f"{site_url}{organisation.get_absolute_url()}",
    }
    return {name: value for name, value in found.items() if value}


def _scope(laureate):
    """The widest kind of territory where the project takes place, when all are of one kind."""
    scopes = {_SCOPES[territory.kind] for territory in laureate.territories.all()}
    return scopes.pop() if len(scopes) == 1 else None
