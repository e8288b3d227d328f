"""The orders of lists: every laureate, public or not, by blocks that a list cuts with a bitmap."""

from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import islice

from django.db import connection
from django.db.models import F
from django.db.models.functions import Collate
from pyroaring import BitMap

from laureates.models import Card

# Laureates of one block, and blocks of one group.
BLOCK = 512
GROUP = 32
# Laureates of a block below which they are looked for one by one.
FEW = 48

# What each order reads of a card, and the key by which two cards compare: SQL and Python agree.


def _instant(card):
    moment = card["opens_at"]
    return (1, 0) if moment is None else (0, -round(moment.timestamp() * 1_000_000))


def _by_date(card):
    return (*_instant(card), card["announcement"], card["position"], card["pk"])


def _by_title(card):
    return card["sort_title"], card["pk"]


def _by_amount(card):
    amount = card["amount"]
    return ((1, 0) if amount is None else (0, -amount)) + _by_date(card)


DATE, TITLE, AMOUNT = "date", "titre", "montant"
_KEYS = {DATE: _by_date, TITLE: _by_title, AMOUNT: _by_amount}
_PLACE = (F("opens_at").desc(nulls_last=True), "announcement", "position", "pk")
_READ = ("pk", "opens_at", "announcement", "position", "sort_title", "amount")


def _sorts(name):
    """The order in SQL. Titles compare letter by letter, whatever the language of the server."""
    if name == TITLE:
        collation = Collate("sort_title", "C")
        return (collation if connection.vendor == "postgresql" else "sort_title", "pk")
    return _PLACE if name == DATE else (F("amount").desc(nulls_last=True), *_PLACE)


class _Block:
    """Some laureates that follow each other: `keys` in order, `bits` the same, `first` the place
    of the first one."""

    __slots__ = ("_ranks", "bits", "first", "keys")

    def __init__(self, keys: array, first):
        self.keys, self.bits, self.first = keys, BitMap(keys), first
        self._ranks: array | None = None

    def _rank(self, key: int) -> int:
        """Where a key stands among `keys`; the ranks of all are kept once one was asked for."""
        if self._ranks is None:
            self._ranks = array("H", sorted(range(len(self.keys)), key=self.keys.__getitem__))
        return self._ranks[self.bits.rank(key) - 1]

    def among(self, ids: BitMap, count: int, step: int) -> Iterable[int]:
        """Those of `ids`, which are `count` here, in order, or from the last when `step` is -1."""
        if count < FEW:
            return sorted(self.bits & ids, key=self._rank)[::step]
        return filter(ids.__contains__, self.keys[::step])


class Order:
    """Every laureate, public or not, in one order, by blocks: never changed once made."""

    def __init__(self, name: str, blocks: list[_Block] | None = None):
        self.name = name
        self.blocks = self._read() if blocks is None else blocks

    def _read(self) -> list[_Block]:
        rows = Card.objects.order_by(*_sorts(self.name)).values_list("pk", flat=True)
        keys = array("I", rows.iterator(BLOCK))
        parts = [keys[start : start + BLOCK] for start in range(0, len(keys), BLOCK)]
        firsts = self._places([part[0] for part in parts])
        return [_Block(part, firsts[part[0]]) for part in parts]

    def _places(self, keys) -> dict[int, tuple]:
        """The place of each of these laureates, those that are gone left out."""
        found, keys = {}, list(keys)
        for start in range(0, len(keys), BLOCK):
            rows = Card.objects.filter(pk__in=keys[start : start + BLOCK]).values(*_READ)
            found |= {row["pk"]: _KEYS[self.name](row) for row in rows}
        return found

    def mended(self, changed: list[int]) -> "Order":
        """The order once these laureates have moved, come or gone."""
        moved = BitMap(changed)
        blocks = [block for block in self.blocks if not block.bits.intersect(moved)]
        if len(blocks) != len(self.blocks):
            blocks = [self._without(block, moved) for block in self.blocks]
            blocks = [block for block in blocks if block is not None]
        arriving = defaultdict(list)
        firsts = [block.first for block in blocks]
        for key, place in self._places(changed).items():
            arriving[max(bisect_right(firsts, place) - 1, 0)].append((place, key))
        made = []
        for rank, block in enumerate(blocks):
            if rank not in arriving:
                made.append(block)
                continue
            here = [(place, key) for key, place in self._places(block.keys).items()]
            made += self._cut(sorted(here + arriving[rank]))
        if not blocks:
            made = self._cut(sorted(arriving[0]))
        return Order(self.name, made)

    @staticmethod
    def _without(block, moved):
        if not block.bits.intersect(moved):
            return block
        kept = array("I", (key for key in block.keys if key not in moved))
        # The first place stays: what comes between it and the next one still belongs here.
        return _Block(kept, block.first) if kept else None

    @staticmethod
    def _cut(rows):
        """Blocks of these rows; a block that has grown to twice its size is two."""
        step = BLOCK if len(rows) >= 2 * BLOCK else max(len(rows), 1)
        return [
            _Block(array("I", (key for _, key in part)), part[0][0])
            for part in (rows[start : start + step] for start in range(0, len(rows), step))
        ]

    def slice(self, ids: BitMap, start: int, stop: int, total: int) -> list[int]:
        """The keys of `ids`, which are `total`, from rank `start` to `stop` in this order."""
        stop = min(stop, total)
        if start >= stop:
            return []
        # From the end that is nearer.
        if start <= total - stop:
            return self._from(ids, start, stop - start, step=1)
        return self._from(ids, total - stop, stop - start, step=-1)[::-1]

    def parts(self, ids: BitMap) -> Iterator[BitMap]:
        """Some of `ids` at a time, first ones first. Those taken from it meanwhile are not given.

        A few hundred laureates that follow each other are in one part, in no order.
        """
        for bits, blocks in self._groups:
            if not ids.intersect(bits):
                continue
            for block in blocks:
                if ids.intersect(block.bits):
                    yield ids & block.bits

    @cached_property
    def _groups(self) -> list[tuple[BitMap, list[_Block]]]:
        parts = [self.blocks[start : start + GROUP] for start in range(0, len(self.blocks), GROUP)]
        return [(BitMap.union(*(block.bits for block in part)), part) for part in parts]

    def _from(self, ids, skipped, length, step):
        """The keys of `ids` that follow the `skipped` first ones, in this direction."""
        found = []
        shared = ids.intersection_cardinality
        for bits, blocks in self._groups[::step]:
            here = shared(bits)
            if here <= skipped:
                skipped -= here
                continue
            for block in blocks[::step]:
                here = shared(block.bits)
                if here <= skipped:
                    skipped -= here
                    continue
                found += islice(
                    block.among(ids, here, step), skipped, skipped + length - len(found)
                )
                skipped = 0
                if len(found) == length:
                    return found
        return found
