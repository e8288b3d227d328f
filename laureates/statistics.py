"""What the laureates of a list add up to, by dimension: counts, shares and known amounts.

The caller says which laureates count, published ones on public pages; nothing is told of the
others. An amount that is not known is never 0: each total comes with how many amounts it adds.
No row of a laureate is read: bitmaps give all, sums included.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.utils.text import capfirst
from pyroaring import BitMap

from ftap.templatetags.ftap import NBSP, number
from laureates.catalogue import Catalogue
from laureates.facets import FACETS, Facet
from laureates.models import Territory

TERRITORY = "territoire"
NO_DEPARTMENT = "sans-departement"


@dataclass(frozen=True)
class Row:
    """A value of a dimension: its laureates, how many amounts are known, what they add up to.

    `share` is that of the laureates, a fraction of one; `total` is in euros, None when no amount
    is known. `place` is the (kind, code) of a territory. `is_apart`: not a value among others but
    what is unknown, or national. `is_filter`: the library has a filter for this very value.
    """

    value: str
    label: str
    laureates: int
    with_amount: int
    total: Decimal | None
    share: Decimal
    place: tuple[str, str] | None = None
    is_apart: bool = False
    is_filter: bool = True

    @property
    def percent(self) -> str:
        """The share as it is printed: « 12,5 % »."""
        percent = (self.share * 100).quantize(Decimal("0.1"), ROUND_HALF_UP)
        return f"{number(percent)}{NBSP}%"


@dataclass(frozen=True)
class Dimension:
    """A way to count: `name` stands in addresses, `facet` is the filter its values are of.

    `by_count`: the most frequent first, otherwise in the order of the facet.
    """

    name: str
    title: str
    heading: str
    facet: Facet
    by_count: bool = True

    @property
    def is_multivalued(self) -> bool:
        return self.facet.is_multivalued


@dataclass(frozen=True)
class Table:
    """A dimension with its rows; `whole` is the row of all the laureates, each counted once."""

    dimension: Dimension
    rows: list[Row]
    whole: Row


DIMENSIONS = {
    dimension.name: dimension
    for dimension in (
        Dimension("annee", "Par année", "Année de l’appel", FACETS["annee"], by_count=False),
        Dimension("theme", "Par thème", "Thème", FACETS["theme"]),
        Dimension("type", "Par type de porteur", "Type de porteur", FACETS["type"]),
        Dimension("ministere", "Par ministère", "Ministère", FACETS["ministere"]),
        Dimension("region", "Par région", "Territoire", FACETS[TERRITORY]),
        Dimension("departement", "Par département", "Département", FACETS[TERRITORY]),
        Dimension(
            "montant",
            "Par tranche de montant",
            "Montant accordé",
            FACETS["montant"],
            by_count=False,
        ),
        Dimension("etat", "Par état du projet", "État du projet", FACETS["etat"], by_count=False),
    )
}


def tables(
    catalogue: Catalogue, ids: BitMap, names: Iterable[str] = tuple(DIMENSIONS)
) -> dict[str, Table]:
    """The tables of these dimensions for the laureates of these keys.

    Whatever their number: a query for the names of each dimension whose values are rows, two for
    territories.
    """
    whole = _row("", "Ensemble", catalogue.tally(ids), None)
    dimensions = [DIMENSIONS[name] for name in names]
    counts = {
        facet: catalogue.tallies(facet, ids)
        for facet in {dimension.facet.name for dimension in dimensions}
    }
    places = {}
    if any(dimension.facet.name == TERRITORY for dimension in dimensions):
        places = {place.slug: place for place in Territory.objects.select_related("region")}
    found = {}
    for dimension in dimensions:
        counted = counts[dimension.facet.name]
        if dimension.name == "region":
            rows = _regions(counted, places, whole)
        elif dimension.name == "departement":
            rows = _departments(counted, places, whole, catalogue, ids)
        else:
            rows = _values(dimension.facet, counted, whole)
        if dimension.by_count:
            # A stable sort: values as frequent as one another stay in the order of the facet.
            rows = sorted(rows, key=lambda row: (row.is_apart, -row.laureates))
        found[dimension.name] = Table(dimension, rows, whole)
    return found


def _row(value, label, counted, whole, **more):
    share = Decimal(1)
    if whole is not None:
        share = Decimal(counted.laureates) / whole.laureates if whole.laureates else Decimal(0)
    return Row(
        value,
        capfirst(label),
        counted.laureates,
        counted.with_amount,
        counted.total,
        share,
        **more,
    )


def _values(facet, counted, whole):
    return [
        _row(value, label.text, counted[value], whole, is_apart=value == facet.unknown)
        for value, label in facet.named(counted).items()
    ]


def _regions(counted, places, whole):
    """Regions, their departments folded in, and overseas collectivities; the rest is apart.

    A laureate of a department has the value of its region as well: none is counted twice.
    """
    facet = FACETS[TERRITORY]
    national = {slug for slug, place in places.items() if place.kind == Territory.Kind.NATIONAL}
    return [
        _row(
            value,
            label.text,
            counted[value],
            whole,
            place=_place(places.get(value)),
            is_apart=value == facet.unknown or value in national,
        )
        for value, label in facet.named(set(counted) - _departments_of(places)).items()
    ]


def _departments(counted, places, whole, catalogue, ids):
    """Departments, and apart the laureates of none: of a whole region, of the nation, unknown."""
    facet = FACETS[TERRITORY]
    departments = set(counted) & _departments_of(places)
    rows = [
        _row(value, label.text, counted[value], whole, place=_place(places[value]))
        for value, label in facet.named(departments).items()
    ]
    located = BitMap.union(*(catalogue.get(facet.name, slug) for slug in departments), BitMap())
    rest = catalogue.tally(ids - located)
    if rest.laureates:
        rows.append(
            _row(
                NO_DEPARTMENT,
                "sans département indiqué",
                rest,
                whole,
                is_apart=True,
                is_filter=False,
            )
        )
    return rows


def _departments_of(places):
    return {slug for slug, place in places.items() if place.kind == Territory.Kind.DEPARTMENT}


def _place(territory):
    """The (kind, code) of a territory that a map can show."""
    if territory is None or territory.kind == Territory.Kind.NATIONAL:
        return None
    return territory.kind, territory.code
