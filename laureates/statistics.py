"""What the laureates of a list add up to, by dimension: counts, shares and known amounts.

The caller says which laureates count, published ones on public pages; nothing is told of the
others. An amount that is not known is never 0: each total comes with how many amounts it adds.
No row of a laureate is read: bitmaps give all, sums included.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from django.utils.text import capfirst
from pyroaring import BitMap

from ftap.templatetags.ftap import NBSP
from laureates.catalogue import Public
from laureates.facets import FACETS, Facet
from laureates.models import Territory
from laureates.postings import euros_of

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
        units, tenth = divmod(int((self.share * 1000).to_integral_value(ROUND_HALF_UP)), 10)
        return f"{units},{tenth}{NBSP}%" if tenth else f"{units}{NBSP}%"


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


class Counted(NamedTuple):
    """How many laureates, how many amounts of theirs are known, and their sum in euros, None when
    none is."""

    laureates: int
    with_amount: int
    total: Decimal | None


class _Counting:
    """Counts among some public laureates."""

    def __init__(self, public: Public, ids: BitMap):
        self.catalogue, self.ids = public.catalogue, ids
        self.known = self.catalogue.with_amount(ids)

    def of(self, bits: BitMap) -> Counted:
        """Those of `bits`, by the bits of their amounts."""
        known = bits & self.known
        if not known:
            return Counted(self.ids.intersection_cardinality(bits), 0, None)
        total = euros_of(self.catalogue.total(known))
        return Counted(self.ids.intersection_cardinality(bits), len(known), total)

    def by_value(self, facet: str) -> dict[str, Counted]:
        """Those of each value of a facet that one of them has."""
        return {
            value: self.of(bits)
            for value, bits in self.catalogue.facets.get(facet, {}).items()
            if self.ids.intersect(bits)
        }


def tables(
    public: Public, ids: BitMap, names: Iterable[str] = tuple(DIMENSIONS)
) -> dict[str, Table]:
    """The tables of these dimensions for the public laureates of these keys.

    Names are read once for a version of the public data: a query for each facet whose values are
    rows, two for territories.
    """
    counting = _Counting(public, ids)
    whole = _row("", "Ensemble", counting.of(ids), None)
    dimensions = [DIMENSIONS[name] for name in names]
    counts = {
        facet: counting.by_value(facet)
        for facet in {dimension.facet.name for dimension in dimensions}
    }
    places = {}
    if any(dimension.facet.name == TERRITORY for dimension in dimensions):
        places = public.kept("territories", _territories)
    found = {}
    for dimension in dimensions:
        counted = counts[dimension.facet.name]
        if dimension.name == "region":
            rows = _regions(public, counted, places, whole)
        elif dimension.name == "departement":
            rows = _departments(public, counted, places, whole, counting)
        else:
            rows = _values(public, dimension.facet, counted, whole)
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


def _named(public, facet, values):
    """(value, label) of each of these values that public laureates have, in display order."""
    labels, places = public.labels(facet.name), public.places(facet.name)
    return [(value, labels[value]) for value in sorted(values & places.keys(), key=places.get)]


def _values(public, facet, counted, whole):
    return [
        _row(value, label.text, counted[value], whole, is_apart=value == facet.unknown)
        for value, label in _named(public, facet, counted.keys())
    ]


def _regions(public, counted, places, whole):
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
        for value, label in _named(public, facet, counted.keys() - _departments_of(places))
    ]


def _departments(public, counted, places, whole, counting):
    """Departments, and apart the laureates of none: of a whole region, of the nation, unknown."""
    facet, catalogue = FACETS[TERRITORY], public.catalogue
    departments = counted.keys() & _departments_of(places)
    rows = [
        _row(value, label.text, counted[value], whole, place=_place(places[value]))
        for value, label in _named(public, facet, departments)
    ]
    located = BitMap.union(*(catalogue.get(facet.name, slug) for slug in departments), BitMap())
    rest = counting.of(counting.ids - located)
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


def _territories() -> dict[str, Territory]:
    return {place.slug: place for place in Territory.objects.select_related("region")}


def _departments_of(places):
    return {slug for slug, place in places.items() if place.kind == Territory.Kind.DEPARTMENT}


def _place(territory):
    """The (kind, code) of a territory that a map can show."""
    if territory is None or territory.kind == Territory.Kind.NATIONAL:
        return None
    return territory.kind, territory.code
