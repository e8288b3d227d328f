"""Open data on laureates: one mapping of fields, and the formats made from it.

    context = opendata.context(site_url)
    opendata.native.stream_csv(Laureate.objects.published().in_public_order(), context)

Formats read rows, never decide who may see them: callers pass the laureates to show. A hole is
never filled: a format whose standard refuses a row leaves it out, and `conformity` says why.
"""

from laureates.opendata import conformity, dcat, jsonld, native, scdl, threesixty
from laureates.opendata.fields import FIELDS, Field, rows
from laureates.opendata.reading import Context, context, laureates_for_export
from laureates.opendata.schema import table_schema

__all__ = [
    "FIELDS",
    "Context",
    "Field",
    "conformity",
    "context",
    "dcat",
    "jsonld",
    "laureates_for_export",
    "native",
    "rows",
    "scdl",
    "table_schema",
    "threesixty",
]
