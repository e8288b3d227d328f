"""The public laureates in memory: which have each value, how many, and in which order.

Each process keeps the bitmaps of facets, read from Posting at their first use, and learns from
IndexWrite which ones changed since. Counts are intersections of bitmaps: exact, whatever the
filters, without reading a row. What the clock decides is not kept longer than the version of
`laureates.freshness`, which moves at the minute of each announcement.
"""

import threading
from array import array
from bisect import bisect_right
from collections import OrderedDict, defaultdict
from dataclasses import dataclass
from itertools import groupby

from django.db import connection
from django.db.models import F
from django.db.models.functions import Collate
from pyroaring import BitMap

from laureates import figures, freshness, search
from laureates.facets import AMOUNT_UNKNOWN, FACETS, Label
from laureates.models import Announcement, Card, IndexWrite, Posting
from laureates.postings import (
    ALL,
    AMOUNT_BIT,
    AMOUNT_BITS,
    CHUNK_BITS,
    EVERY,
    WITHDRAWN,
    euros_of,
)

# States of the index that a process keeps: the last one, and that of before a change undone.
KEPT = 3
# Searches that a process remembers, until the index changes.
SEARCHES = 32
# Laureates of one block of an order.
BLOCK = 512
# Beyond so many changed cards, an order is read again rather than mended.
MENDED = 20_000
_lock = threading.Lock()
_known: "OrderedDict[tuple[int, str], Catalogue]" = OrderedDict()
_NOTHING = BitMap()


@dataclass(frozen=True)
class Write:
    """A state of the index."""

    number: int
    token: str

    @property
    def key(self):
        return self.number, self.token


class Catalogue:
    """The bitmaps at one state of the index: facets[facet][value]. They are never changed."""

    def __init__(self, write: Write, facets: dict[str, dict[str, BitMap]]):
        self.write, self.facets = write, facets
        self.orders: dict[str, Order] = {}
        self._found: OrderedDict[str, list[BitMap]] = OrderedDict()
        # What depends on the version of public data too; one version at a time.
        self._public: Public | None = None

    def get(self, facet: str, value: str) -> BitMap:
        return self.facets.get(facet, {}).get(value, _NOTHING)

    def tally(self, ids: BitMap) -> figures.Tally:
        """What some laureates add up to, from the bits of amounts: no row is read."""
        known = ids - self.get("montant", AMOUNT_UNKNOWN)
        total = lowest = highest = 0
        least = greatest = known
        for bit in reversed(range(AMOUNT_BITS)):
            bits = self.get(AMOUNT_BIT, str(bit))
            total += known.intersection_cardinality(bits) << bit
            if above := greatest & bits:
                greatest, highest = above, highest | 1 << bit
            if below := least - bits:
                least = below
            else:
                lowest |= 1 << bit
        if not known:
            return figures.Tally(len(ids), 0, None, None, None)
        return figures.Tally(len(ids), len(known), *map(euros_of, (total, lowest, highest)))

    def tallies(self, facet: str, ids: BitMap) -> dict[str, figures.Tally]:
        """What those of `ids` add up to for each value of a facet that one of them has."""
        found = {}
        for value, bits in self.facets.get(facet, {}).items():
            if here := ids & bits:
                found[value] = self.tally(here)
        return found

    def public(self, version: freshness.Version) -> "Public":
        """What visitors may see at a version of the public data: a query when it moves.

        A version read inside a transaction may be undone, and its number given again.
        """
        if connection.in_atomic_block:
            return Public(self, version.key)
        known = self._public
        if known is None or known.version != version.key:
            known = self._public = Public(self, version.key)
        return known

    def order(self, name: str) -> "Order":
        if name not in self.orders:
            self.orders[name] = Order(name)
        return self.orders[name]

    def found(self, text: str) -> list[BitMap]:
        """What `search.ranked` finds, remembered for the texts asked last."""
        if text in self._found:
            self._found.move_to_end(text)
        else:
            self._found[text] = search.ranked(text)
            if len(self._found) > SEARCHES:
                self._found.popitem(last=False)
        return self._found[text]


class Public:
    """The public laureates: `ids`, and `counts[facet][value]` without any filter."""

    def __init__(self, catalogue: Catalogue, version: str):
        self.catalogue, self.version = catalogue, version
        public = Announcement.objects.published().values("pk")
        hidden = Announcement.objects.exclude(pk__in=public).values_list("slug", flat=True)
        gone = [catalogue.get(EVERY, WITHDRAWN)]
        gone += [catalogue.get("annonce", slug) for slug in hidden]
        self.ids = catalogue.get(EVERY, ALL) - BitMap.union(*gone)
        self._counts: dict[str, dict[str, int]] = {}
        self._labels: dict[str, dict[str, Label]] = {}
        self._kept: dict = {}

    def tally(self) -> figures.Tally:
        """What every public laureate adds up to."""
        return self.kept("tally", lambda: self.catalogue.tally(self.ids))

    def counts(self, facet: str) -> dict[str, int]:
        if facet not in self._counts:
            self._counts[facet] = count(self.catalogue, facet, self.ids)
        return self._counts[facet]

    def page(self, ids: BitMap, start: int, stop: int) -> list[int]:
        """The keys of some laureates, latest announcement first, from a rank to another."""
        return self.catalogue.order(DATE).slice(ids, start, stop, len(ids))

    def has(self, facet: str, value: str) -> bool:
        """Whether a public laureate has this value."""
        return self.ids.intersect(self.catalogue.get(facet, value))

    def kept(self, key, make):
        """What `make` gives, asked once for this version of the public data."""
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    def labels(self, facet: str) -> dict[str, Label]:
        """The name of each value that a public laureate has, in display order."""
        if facet not in self._labels:
            self._labels[facet] = FACETS[facet].named(self.counts(facet))
        return self._labels[facet]


def count(catalogue: Catalogue, facet: str, ids: BitMap) -> dict[str, int]:
    """How many of `ids` have each value of a facet; values that none has are left out."""
    found = {}
    for value, bits in catalogue.facets.get(facet, {}).items():
        if number := ids.intersection_cardinality(bits):
            found[value] = number
    return found


# The state of the index ------------------------------------------------------


def current() -> Catalogue:
    """The catalogue as the database holds it now: one query, more when the index changed.

    What is read inside a transaction may be undone: it is not kept.
    """
    with _lock:
        known = list(_known)
    writes = _writes(min((number for number, _ in known), default=0))
    newest = writes[-1] if writes else Write(0, "")
    base = next((write.key for write in reversed(writes) if write.key in known), None)
    with _lock:
        base = _known.get(base)
    if base is None:
        found = Catalogue(newest, _read(Posting.objects.all()))
    elif base.write == newest:
        return base
    else:
        found = _changed(base, newest)
    if not connection.in_atomic_block:
        with _lock:
            _known[newest.key] = found
            while len(_known) > KEPT:
                _known.popitem(last=False)
    return found


def _writes(since: int) -> list[Write]:
    """The writes from number `since` on, or else the last one."""
    table = IndexWrite._meta.db_table
    with connection.cursor() as cursor:
        # By hand: every page asks it.
        cursor.execute(
            f"SELECT number, token FROM {table} WHERE number >= %s ORDER BY number",  # noqa: S608
            [since],
        )
        found = cursor.fetchall()
        if not found and since:
            cursor.execute(
                f"SELECT number, token FROM {table} ORDER BY number DESC LIMIT 1"  # noqa: S608
            )
            found = cursor.fetchall()
    return [Write(number, token) for number, token in found]


def _read(rows) -> dict[str, dict[str, BitMap]]:
    facets: dict[str, dict[str, BitMap]] = {}
    listed = rows.order_by("facet", "value", "chunk").values_list("facet", "value", "chunk", "bits")
    for (facet, value), parts in groupby(listed.iterator(5_000), key=lambda row: row[:2]):
        bits = BitMap.union(*(BitMap.deserialize(bytes(part[3])) for part in parts))
        facets.setdefault(facet, {})[value] = bits
    return facets


def _changed(base: Catalogue, newest: Write) -> Catalogue:
    """The catalogue of `base` with the chunks that later writes changed."""
    facets = {facet: dict(values) for facet, values in base.facets.items()}
    rows = Posting.objects.filter(stamp__gt=base.write.number)
    for facet, value, chunk, bits in rows.values_list("facet", "value", "chunk", "bits"):
        known = facets.setdefault(facet, {})
        new = BitMap(known.get(value, _NOTHING))
        new.remove_range(chunk << CHUNK_BITS, (chunk + 1) << CHUNK_BITS)
        known[value] = new | BitMap.deserialize(bytes(bits))
    found = Catalogue(newest, facets)
    cards = Card.objects.filter(stamp__gt=base.write.number)
    changed = list(cards.values_list("pk", flat=True)[: MENDED + 1])
    if len(changed) <= MENDED:
        found.orders = {name: order.mended(changed) for name, order in base.orders.items()}
    return found


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

    __slots__ = ("bits", "first", "keys")

    def __init__(self, keys: array, first):
        self.keys, self.bits, self.first = keys, BitMap(keys), first


class Order:
    """Every laureate, public or not, in one order, by blocks: never changed once made."""

    def __init__(self, name: str, blocks: list[_Block] | None = None):
        self.name = name
        self.blocks = self._read() if blocks is None else blocks

    def _read(self) -> list[_Block]:
        keys = array("I", Card.objects.order_by(*_sorts(self.name)).values_list("pk", flat=True))
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
            return self._from(self.blocks, ids, start, stop - start, step=1)
        found = self._from(reversed(self.blocks), ids, total - stop, stop - start, step=-1)
        return found[::-1]

    @staticmethod
    def _from(blocks, ids, skipped, length, step):
        found = []
        for block in blocks:
            here = block.bits.intersection_cardinality(ids)
            if here <= skipped:
                skipped -= here
                continue
            keys = [key for key in block.keys[::step] if key in ids]
            found += keys[skipped : skipped + length - len(found)]
            skipped = 0
            if len(found) == length:
                break
        return found
