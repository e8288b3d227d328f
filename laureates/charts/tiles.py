"""Maps of France in tiles: a square for each region or department, overseas included.

Squares of one size, roughly where the territory lies, give a small department as much room as a
large one, and need no outline of a border.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

# Drawings in words: what each tile reads. Codes and names are the official geographic code’s.
_METROPOLITAN_REGIONS = """
.   .   HDF .
.   NOR IDF GES
BRE PDL CVL BFC
.   NAQ ARA .
.   OCC PAC COR
"""
_REGIONS = {
    "HDF": ("32", "Hauts-de-France"),
    "NOR": ("28", "Normandie"),
    "IDF": ("11", "Île-de-France"),
    "GES": ("44", "Grand Est"),
    "BRE": ("53", "Bretagne"),
    "PDL": ("52", "Pays de la Loire"),
    "CVL": ("24", "Centre-Val de Loire"),
    "BFC": ("27", "Bourgogne-Franche-Comté"),
    "NAQ": ("75", "Nouvelle-Aquitaine"),
    "ARA": ("84", "Auvergne-Rhône-Alpes"),
    "OCC": ("76", "Occitanie"),
    "PAC": ("93", "Provence-Alpes-Côte d’Azur"),
    "COR": ("94", "Corse"),
    "GUA": ("01", "Guadeloupe"),
    "MTQ": ("02", "Martinique"),
    "GUY": ("03", "Guyane"),
    "REU": ("04", "La Réunion"),
    "MAY": ("06", "Mayotte"),
}
_OVERSEAS_REGIONS = "GUA MTQ GUY REU MAY"
_COLLECTIVITIES = {
    "SPM": ("975", "Saint-Pierre-et-Miquelon"),
    "SBA": ("977", "Saint-Barthélemy"),
    "SMA": ("978", "Saint-Martin"),
    "WEF": ("986", "Wallis et Futuna"),
    "POL": ("987", "Polynésie française"),
    "NCA": ("988", "Nouvelle-Calédonie"),
    "TAF": ("984", "Terres australes et antarctiques françaises"),
    "CLI": ("989", "Île de Clipperton"),
}
_METROPOLITAN_DEPARTMENTS = """
.  .  .  .  .  62 59 .  .  .  .
.  .  .  .  76 80 02 08 .  .  .
.  .  50 14 27 60 51 55 54 57 67
29 22 35 61 78 95 93 10 52 88 68
.  56 53 72 92 75 94 89 21 70 90
.  44 49 37 28 91 77 58 71 39 25
.  85 79 86 41 45 18 03 69 01 74
.  17 16 87 36 23 63 42 38 73 .
.  33 24 19 15 43 07 26 05 .  .
.  40 47 46 12 48 30 84 04 06 .
.  64 32 82 81 34 .  13 83 .  .
.  .  65 31 11 .  .  .  .  .  2B
.  .  .  09 66 .  .  .  .  .  2A
"""
_OVERSEAS_DEPARTMENTS = "971 972 973 974 976"


@dataclass(frozen=True)
class Place:
    """Where a territory's tile stands, the few letters that it reads, and its usual name."""

    kind: str
    code: str
    sign: str
    name: str
    column: int
    row: int


@dataclass(frozen=True)
class Layout:
    """The tiles of a map, each a square of `side`; overseas begins at the row `overseas`."""

    places: list[Place]
    side: int
    overseas: int

    @property
    def columns(self) -> int:
        return max(place.column for place in self.places) + 1

    @property
    def rows(self) -> int:
        return max(place.row for place in self.places) + 1


@dataclass(frozen=True)
class Tile:
    """A square at (`x`, `y`): its sign, its number, and the step of its colour, 0 for none."""

    sign: str
    name: str
    number: int
    step: int
    x: int
    y: int
    middle: int
    sign_base: int
    number_base: int


@dataclass(frozen=True)
class Step:
    """A colour of the legend, and the numbers that it stands for, both included."""

    rank: int
    low: int
    high: int


@dataclass(frozen=True)
class TileMap:
    """A map in a drawing of `width` by `height`; tiles are squares of `side`."""

    tiles: list[Tile]
    steps: list[Step]
    side: int
    width: int
    height: int
    overseas_base: int

    @property
    def signs(self) -> list[Tile]:
        """The tiles whose sign is not a number that everybody knows them by, in its order."""
        return sorted((tile for tile in self.tiles if tile.sign.isalpha()), key=lambda t: t.sign)


GAP = 2
OVERSEAS_GAP = 26
STEPS = 4


def _grid(text, first_row=0):
    """(sign, column, row) of each word of a drawing in words, « . » being the sea."""
    for row, line in enumerate(text.strip().splitlines(), start=first_row):
        for column, sign in enumerate(line.split()):
            if sign != ".":
                yield sign, column, row


def _region_layout():
    places = [
        Place("region", code, sign, name, column, row)
        for text, first in ((_METROPOLITAN_REGIONS, 0), (_OVERSEAS_REGIONS, 5))
        for sign, column, row in _grid(text, first)
        for code, name in [_REGIONS[sign]]
    ]
    places += [
        Place("collectivity", code, sign, name, rank % 5, 6 + rank // 5)
        for rank, (sign, (code, name)) in enumerate(_COLLECTIVITIES.items())
    ]
    return Layout(places, side=58, overseas=5)


def _department_layout():
    places = [
        Place("department", sign, sign, f"Département {sign}", column, row)
        for text, first in ((_METROPOLITAN_DEPARTMENTS, 0), (_OVERSEAS_DEPARTMENTS, 13))
        for sign, column, row in _grid(text, first)
    ]
    return Layout(places, side=34, overseas=13)


LAYOUTS = {"region": _region_layout(), "departement": _department_layout()}


def tile_map(
    layout: Layout, counts: Mapping[tuple[str, str], int], names: Mapping[tuple[str, str], str]
) -> TileMap:
    """The map of these counts by (kind, code); a territory without one has 0.

    `names` are those of the territories that are counted, for the reader who points at a tile;
    the others are named here, for a map asks nothing of what it does not count.
    """
    steps = _steps(max(counts.values(), default=0))
    pitch = layout.side + GAP
    tiles = []
    for place in layout.places:
        key = (place.kind, place.code)
        number = counts.get(key, 0)
        x = place.column * pitch
        y = place.row * pitch + (OVERSEAS_GAP if place.row >= layout.overseas else 0)
        tiles.append(
            Tile(
                sign=place.sign,
                name=names.get(key, place.name),
                number=number,
                step=next((s.rank for s in steps if s.low <= number <= s.high), 0),
                x=x,
                y=y,
                middle=x + layout.side // 2,
                sign_base=y + layout.side * 2 // 5,
                number_base=y + layout.side * 4 // 5 + 2,
            )
        )
    return TileMap(
        tiles,
        steps,
        layout.side,
        width=layout.columns * pitch,
        height=layout.rows * pitch + OVERSEAS_GAP,
        overseas_base=layout.overseas * pitch + OVERSEAS_GAP - 8,
    )


def _steps(most):
    """At most four ranges of equal width from 1 to `most`, none without a number in it."""
    bounds = sorted({-(-most * rank // STEPS) for rank in range(STEPS + 1)})
    # The darkest colours go to the last ranges, however few there are.
    first = STEPS - len(bounds) + 2
    return [Step(first + rank, low + 1, high) for rank, (low, high) in enumerate(pairwise(bounds))]
