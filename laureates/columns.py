"""The values of a facet, by laureate: few laureates are counted faster so than value by value."""

from array import array
from collections import Counter

from pyroaring import BitMap

# Values of one laureate; beyond, the facet is counted by its bitmaps alone.
MOST = 8
# Values of laureates that are read while a bitmap's values within a chunk of keys are.
WORTH = 2
_SMALL, _LARGE = "H", "I"
_FEW = 1 << 16


class Column:
    """The values of a facet. Never changed once made.

    The k-th layer holds, at the key of each laureate, the rank of its k-th value among `names`.
    What it holds at the other keys means nothing.
    """

    def __init__(self, values: dict[str, BitMap], *, is_large: bool | None = None):
        # Two bytes hold the ranks of most facets.
        self.is_large = len(values) >= _FEW if is_large is None else is_large
        self.names: list[str] = []
        self.layers: list[tuple[BitMap, array]] = []
        # What counting by bitmaps reads.
        self.parts = sum(bits.get_statistics()["n_containers"] for bits in values.values())
        self._write(values)

    def _write(self, values):
        """Give each of these laureates its values, in the first layers where it has none."""
        ranks = {name: rank for rank, name in enumerate(self.names)}
        for name, bits in values.items():
            if name not in ranks:
                ranks[name] = len(self.names)
                self.names.append(name)
            if bits:
                self._put(ranks[name], bits)

    def _put(self, rank, bits):
        for filled, held in self.layers:
            free = bits - filled
            self._fill(held, free, rank)
            filled |= free
            bits = bits - free
            if not bits:
                return
        held = array(_LARGE if self.is_large else _SMALL)
        self._fill(held, bits, rank)
        self.layers.append((BitMap(bits), held))

    @staticmethod
    def _fill(held, keys, rank):
        if keys and (missing := keys.max() + 1 - len(held)) > 0:
            held.frombytes(bytes(held.itemsize * (missing + missing // 8)))
        for key in keys:
            held[key] = rank

    def mended(self, values: dict[str, BitMap], changed: BitMap) -> "Column | None":
        """The column once the values of these laureates are others; None: make it again."""
        if not self.is_large and len(values.keys() | {*self.names}) >= _FEW:
            return None
        found = Column({}, is_large=self.is_large)
        found.names, found.parts = list(self.names), self.parts
        found.layers = [
            (filled - changed, array(held.typecode, held)) for filled, held in self.layers
        ]
        found._write({name: bits & changed for name, bits in values.items()})
        return found

    def values(self, ids: BitMap) -> set[str]:
        """Those that one of `ids` has."""
        found: set[int] = set()
        for filled, held in self.layers:
            found.update(map(held.__getitem__, ids & filled))
        return {self.names[rank] for rank in found}

    def is_better(self, ids: BitMap) -> bool:
        """Whether it counts these laureates faster than bitmaps do."""
        if not 0 < len(self.layers) <= MOST:
            return False
        each = sum(len(filled) for filled, _ in self.layers) / max(len(self.layers[0][0]), 1)
        return len(ids) * each < WORTH * self.parts

    def count(self, ids: BitMap) -> dict[str, int]:
        """How many of `ids` have each value; values that none has are left out."""
        found: Counter[int] = Counter()
        for filled, held in self.layers:
            found.update(map(held.__getitem__, ids & filled))
        return {self.names[rank]: number for rank, number in found.items()}
