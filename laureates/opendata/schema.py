"""What the native fields are, for people and for programs: the dictionary and the Table Schema.

Both are made from FIELDS. Table Schema: Frictionless specification, version 1.0.
"""

import re
from collections.abc import Iterator

from django.urls import reverse

from ftap.sheets.cells import guarded
from laureates.opendata.fields import FIELDS, Field
from laureates.opendata.native import SEPARATOR, table
from laureates.opendata.reading import LICENCE, LICENCE_URL

_TYPES = {
    "string": "texte",
    "integer": "nombre entier",
    "number": "nombre décimal, avec un point",
    "date": "date AAAA-MM-JJ",
    "datetime": "date et heure de Paris avec leur décalage, AAAA-MM-JJThh:mm:ss+hh:mm",
}
_DICTIONARY = (
    "nom",
    "intitule",
    "type",
    "unite",
    "toujours_rempli",
    "plusieurs_valeurs",
    "valeurs_possibles",
    "description",
    "exemple",
)


def type_label(item: Field) -> str:
    """The type of a field, in French."""
    if item.is_list:
        return f"liste de textes séparés par « {SEPARATOR.strip()} » et une espace"
    return _TYPES[item.type]


def dictionary_csv() -> Iterator[bytes]:
    """The dictionary as a CSV, a field a line, in the order of the columns."""
    lines = (
        (
            item.name,
            item.label,
            type_label(item),
            item.unit,
            "oui" if item.required else "non",
            "oui" if item.is_list else "non",
            SEPARATOR.join(item.enum or ()),
            item.description,
            item.example,
        )
        for item in FIELDS
    )
    return table(_DICTIONARY, ([guarded(cell) for cell in line] for line in lines))


def table_schema(site_url: str) -> dict:
    """The Table Schema that the native CSV satisfies, as a JSON object."""
    return {
        "$schema": "https://specs.frictionlessdata.io/schemas/table-schema.json",
        "name": "ftap-laureats",
        "title": "Projets lauréats du Fonds pour la transformation de l’action publique",
        "description": (
            "Un projet lauréat par ligne. Une cellule vide est une donnée que les sources ne "
            "donnent pas."
        ),
        "homepage": f"{site_url}{reverse('laureates:dictionary')}",
        "path": f"{site_url}{reverse('laureates:table_schema')}",
        "licenses": [{"name": "etalab-2.0", "title": LICENCE, "path": LICENCE_URL}],
        "fields": [_described(item) for item in FIELDS],
        "missingValues": [""],
        "primaryKey": "id",
    }


def _described(item):
    described = {
        "name": item.name,
        "title": item.label,
        "description": item.description,
        "type": item.type,
        "example": item.example,
    }
    if item.type == "datetime":
        described["format"] = "%Y-%m-%dT%H:%M:%S%z"
    if item.unit:
        described["unit"] = item.unit
    constraints = {}
    if item.required:
        constraints["required"] = True
    if item.enum and item.is_list:
        # Several values of the list stand in one cell.
        value = f"({'|'.join(re.escape(value).replace(chr(92) + ' ', ' ') for value in item.enum)})"
        constraints["pattern"] = f"^{value}({SEPARATOR}{value})*$"
    elif item.enum:
        constraints["enum"] = list(item.enum)
    if constraints:
        described["constraints"] = constraints
    return described
