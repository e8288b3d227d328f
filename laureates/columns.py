"""The values of a facet, by laureate: few laureates are counted faster so than value by value."""

from collections.abc import Iterator

import numpy as np
from pyroaring import BitMap

# Values of one laureate; beyond, the facet is counted by its bitmaps alone.
MOST = 8
# Values of laureates that are read while a bitmap's values within a chunk of keys are.
WORTH = 40


class Column:
    """The values of a facet. Never changed once made.

    The k-th layer holds, at the key of each laureate, the rank of its k-th value among `names`.
    What it holds at the other keys means nothing.
    """

    def __init__(self, values: dict[str, BitMap], *, dtype: np.dtype | None = None):
        # The smallest whole numbers that hold the ranks, and that of one value more.
        self.dtype = dtype or np.min_scalar_type(len(values))
        self.names: list[str] = []
        self.layers: list[tuple[BitMap, np.ndarray]] = []
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
        for number, (filled, held) in enumerate(self.layers):
            if free := bits - filled:
                self.layers[number] = filled | free, self._filled(held, free, rank)
                bits = bits - free
            if not bits:
                return
        held = self._filled(np.zeros(0, self.dtype), bits, rank)
        self.layers.append((BitMap(bits), held))

    @staticmethod
    def _filled(held, keys, rank):
        if (missing := keys.max() + 1 - len(held)) > 0:
            held = np.pad(held, (0, missing + missing // 8))
        held[_array(keys)] = rank
        return held

    def mended(self, values: dict[str, BitMap], changed: BitMap) -> "Column | None":
        """The column once the values of these laureates are others; None: make it again."""
        if len(values.keys() | {*self.names}) > np.iinfo(self.dtype).max:
            return None
        found = Column({}, dtype=self.dtype)
        found.names, found.parts = list(self.names), self.parts
        found.layers = [(filled - changed, held.copy()) for filled, held in self.layers]
        found._write({name: bits & changed for name, bits in values.items()})
        return found

    def is_better(self, ids: BitMap) -> bool:
        """Whether it counts these laureates faster than bitmaps do."""
        if not 0 < len(self.layers) <= MOST:
            return False
        each = sum(len(filled) for filled, _ in self.layers) / max(len(self.layers[0][0]), 1)
        return len(ids) * each < WORTH * self.parts

    def _ranks(self, ids: BitMap) -> Iterator[np.ndarray]:
        """The ranks of the values of `ids`, layer after layer."""
        for filled, held in self.layers:
            yield held[_array(ids & filled)]

    def _numbers(self, ids: BitMap) -> np.ndarray:
        """How many of `ids` have the value of each rank."""
        size = len(self.names)
        return sum(
            (np.bincount(ranks, minlength=size) for ranks in self._ranks(ids)),
            np.zeros(size, np.intp),
        )

    def _named(self, numbers, ranks) -> dict[str, int]:
        kept = zip(ranks.tolist(), numbers[ranks].tolist(), strict=True)
        return {self.names[rank]: number for rank, number in kept}

    def values(self, ids: BitMap) -> set[str]:
        """Those that one of `ids` has."""
        return {self.names[rank] for ranks in self._ranks(ids) for rank in set(ranks.tolist())}

    def count(self, ids: BitMap) -> dict[str, int]:
        """How many of `ids` have each value; values that none has are left out."""
        numbers = self._numbers(ids)
        return self._named(numbers, numbers.nonzero()[0])

    def most_frequent(self, ids: BitMap, most: int) -> tuple[dict[str, int], int]:
        """`count` of the `most` most frequent values, and of those as frequent as the last one;
        and how many others there are."""
        numbers = self._numbers(ids)
        size, kept = np.count_nonzero(numbers), numbers.nonzero()[0]
        if size > most:
            least = np.partition(numbers, -most)[-most]
            kept = (numbers >= least).nonzero()[0]
        return self._named(numbers, kept), int(size) - len(kept)


def _array(keys: BitMap) -> np.ndarray:
    return np.frombuffer(keys.to_array(), np.uint32)
