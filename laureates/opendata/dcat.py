"""The catalogue that data portals harvest: DCAT, in JSON-LD.

A dataset keeps its identifier for ever: portals know it by that. What has no row is not listed.
The size and digest of a file are given for frozen ones, which have one of each; those of the
files made on demand are not known before they are made.
"""

from datetime import date

from django.conf import settings
from django.db.models import Max, Min, QuerySet
from django.urls import reverse

from laureates.models import ReleaseFile
from laureates.opendata import native, scdl, threesixty
from laureates.opendata.jsonld import DATA_DESCRIPTION, DATA_TITLE
from laureates.opendata.reading import FUND, LICENCE_URL, Context

KEYWORDS = ("ftap", "transformation-publique", "laureats")
GRANTS_KEYWORD = "subvention"  # the tag that decree 2017-779 makes portals look for
NATIVE, SCDL, THREESIXTY = "ftap-laureats", "ftap-subventions-scdl", "ftap-360giving"
FREQUENCY = "http://publications.europa.eu/resource/authority/frequency/IRREG"
SCDL_SCHEMA = "https://schema.data.gouv.fr/scdl/subventions/"
THREESIXTY_STANDARD = "https://standard.threesixtygiving.org/en/1.4/"
_CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_FORMATS = {"csv": "CSV", "json": "JSON", "xlsx": "XLSX", "ods": "ODS"}


def coverage(queryset: QuerySet) -> tuple[date, date] | None:
    """The days of the first and the last committee of these laureates: one query."""
    found = queryset.order_by().aggregate(
        first=Min("announcement__committee_on"), last=Max("announcement__committee_on")
    )
    return (found["first"], found["last"]) if found["first"] else None


def catalog(queryset: QuerySet, context: Context) -> dict:
    """The catalogue of the data on `queryset`, all the laureates that visitors may see."""
    site_url = context.site_url
    datasets = [_native(queryset, context)]
    if next(scdl.accepted(queryset), None):
        datasets.append(_scdl(queryset, context))
    if next(threesixty.accepted(queryset), None):
        datasets.append(_threesixty(queryset, context))
    address = f"{site_url}{reverse('laureates:dcat')}"
    return {
        "@context": _CONTEXT,
        "@id": address,
        "@type": "dcat:Catalog",
        "dct:title": _french(f"Données ouvertes du {FUND}"),
        "dct:description": _french(
            "Les jeux de données publiés par la bibliothèque des projets lauréats du fonds."
        ),
        "dct:language": _node("http://publications.europa.eu/resource/authority/language/FRA"),
        "dct:license": _licence(),
        "dct:publisher": _publisher(),
        "foaf:homepage": _node(f"{site_url}/"),
        "dcat:dataset": datasets,
    }


def _native(queryset, context):
    site_url = context.site_url
    schema = f"{site_url}{reverse('laureates:table_schema')}"
    distributions = [
        _distribution(
            site_url,
            f"{NATIVE}-{format}",
            f"{site_url}{reverse('laureates:library_export', args=[format])}",
            f"Tous les projets lauréats ({label})",
            label,
            native.MEDIA_TYPES[format],
            conforms_to=schema if format == "csv" else "",
            modified=context.version.changed_at,
        )
        for format, label in _FORMATS.items()
    ]
    distributions += _frozen(context, schema)
    distributions.append(_service(context))
    return _dataset(
        context, NATIVE, DATA_TITLE, DATA_DESCRIPTION, KEYWORDS, distributions, queryset
    )


def _frozen(context, schema):
    """The CSV of the latest version of each announcement, whose bytes do not change."""
    releases = [row.pk for row in context.releases.values() if row.withheld_at is None]
    files = (
        ReleaseFile.objects.filter(release__in=releases, public_id="", name__endswith=".csv")
        .select_related("release__announcement")
        .defer("content", "release__content")
        .order_by("release__announcement__slug", "position")
    )
    for file in files:
        distribution = _distribution(
            context.site_url,
            f"{NATIVE}-{file.name}",
            f"{context.site_url}{file.get_absolute_url()}",
            f"{file.release} (CSV)",
            "CSV",
            native.MEDIA_TYPES["csv"],
            conforms_to=schema,
            modified=file.release.published_at,
        )
        yield distribution | {
            "dcat:byteSize": _typed(str(file.size), "decimal"),
            "spdx:checksum": {
                "@type": "spdx:Checksum",
                "spdx:algorithm": _node(f"{_CONTEXT['spdx']}checksumAlgorithm_sha256"),
                "spdx:checksumValue": _typed(file.sha256, "hexBinary"),
            },
        }


def _service(context):
    """The programming interface, which serves the same rows."""
    site_url = context.site_url
    address = _node(f"{site_url}{reverse('laureates:api_root')}")
    title = _french("Interface de programmation (API)")
    return {
        "@id": f"{site_url}{reverse('laureates:about_data')}#{NATIVE}-api",
        "@type": "dcat:Distribution",
        "dct:identifier": f"{NATIVE}-api",
        "dct:title": title,
        "dct:format": "API",
        "dcat:mediaType": native.MEDIA_TYPES["json"].split(";")[0],
        "dcat:accessURL": address,
        "dct:license": _licence(),
        "dcat:accessService": {
            "@id": f"{address['@id']}#service",
            "@type": "dcat:DataService",
            "dct:title": title,
            "dcat:endpointURL": address,
            "dcat:endpointDescription": _node(f"{site_url}{reverse('laureates:api_schema')}"),
        },
    }


def _scdl(queryset, context):
    address = f"{context.site_url}{reverse('laureates:scdl')}"
    title = "Conventions de subvention du FTAP (données essentielles)"
    return _dataset(
        context,
        SCDL,
        title,
        "Les conventions dont toutes les données essentielles sont connues, au format du schéma "
        f"SCDL «\u00a0subventions\u00a0» {scdl.VERSION}. Les autres projets figurent dans le jeu "
        "de données natif.",
        (*KEYWORDS, GRANTS_KEYWORD),
        [
            _distribution(
                context.site_url,
                f"{SCDL}-csv",
                address,
                title,
                "CSV",
                native.MEDIA_TYPES["csv"],
                conforms_to=SCDL_SCHEMA,
                modified=context.version.changed_at,
            )
        ],
        queryset,
    )


def _threesixty(queryset, context):
    title = "Financements du FTAP au format 360Giving"
    return _dataset(
        context,
        THREESIXTY,
        title,
        "Les financements dont le montant, la date, l’attribuant et le bénéficiaire sont connus, "
        f"au format du 360Giving Data Standard {threesixty.VERSION}.",
        (*KEYWORDS, GRANTS_KEYWORD),
        [
            _distribution(
                context.site_url,
                f"{THREESIXTY}-json",
                f"{context.site_url}{reverse('laureates:threesixty')}",
                title,
                "JSON",
                native.MEDIA_TYPES["json"],
                conforms_to=THREESIXTY_STANDARD,
                modified=context.version.changed_at,
            )
        ],
        queryset,
    )


def _dataset(context, identifier, title, description, keywords, distributions, queryset):
    site_url = context.site_url
    landing = f"{site_url}{reverse('laureates:about_data')}"
    opened = queryset.order_by().aggregate(first=Min("announcement__published_at"))["first"]
    found = {
        "@id": f"{landing}#{identifier}",
        "@type": "dcat:Dataset",
        "dct:identifier": identifier,
        "dct:title": _french(title),
        "dct:description": _french(description),
        "dcat:keyword": list(keywords),
        "dct:accrualPeriodicity": _node(FREQUENCY),
        "dct:license": _licence(),
        "dct:publisher": _publisher(),
        "dcat:landingPage": _node(landing),
        "dct:issued": _moment(opened),
        "dct:modified": _moment(context.version.changed_at),
        "dcat:distribution": distributions,
    }
    if period := coverage(queryset):
        found["dct:temporal"] = {
            "@type": "dct:PeriodOfTime",
            "dcat:startDate": _typed(period[0].isoformat(), "date"),
            "dcat:endDate": _typed(period[1].isoformat(), "date"),
        }
    if settings.CONTACT_EMAIL:
        found["dcat:contactPoint"] = {
            "@type": "vcard:Organization",
            "vcard:fn": FUND,
            "vcard:hasEmail": _node(f"mailto:{settings.CONTACT_EMAIL}"),
        }
    return _filled(found)


def _distribution(
    site_url, identifier, address, title, format, media_type, *, conforms_to, modified
):
    found = {
        "@id": f"{site_url}{reverse('laureates:about_data')}#{identifier}",
        "@type": "dcat:Distribution",
        "dct:identifier": identifier,
        "dct:title": _french(title),
        "dct:format": format,
        "dcat:mediaType": media_type.split(";")[0],
        "dcat:downloadURL": _node(address),
        "dcat:accessURL": _node(address),
        "dct:license": _licence(),
        "dct:conformsTo": _node(conforms_to) if conforms_to else None,
        "dct:modified": _moment(modified),
    }
    return _filled(found)


def _publisher():
    return {"@type": "foaf:Agent", "foaf:name": settings.LEGAL_PUBLISHER or FUND}


def _licence():
    # Portals know the licence by this address, without a slash at its end.
    return _node(LICENCE_URL.rstrip("/"))


def _node(address):
    return {"@id": address}


def _french(text):
    return {"@language": "fr", "@value": text}


def _typed(value, name):
    return {"@type": f"xsd:{name}", "@value": value}


def _moment(value):
    return value and _typed(native.plain(value), "dateTime")


def _filled(node):
    return {name: value for name, value in node.items() if value not in ("", None, [])}
