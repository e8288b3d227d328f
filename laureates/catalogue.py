"""The public laureates in memory: which have each value, how many, and in which order.

Each process keeps the bitmaps of facets, read from Posting at their first use, and learns from
IndexWrite which ones changed since. Counts are intersections of bitmaps: exact, whatever the
filters, without reading a row. What the clock decides is not kept longer than the version of
`laureates.freshness`, which moves at the minute of each announcement.
"""

import threading
from collections.abc import Hashable
from itertools import groupby
from typing import NamedTuple

from cachetools import LRUCache
from django.db import connection
from pyroaring import BitMap

from ftap import prepared
from laureates import figures, freshness, search
from laureates.columns import Column
from laureates.facets import AMOUNT_UNKNOWN, FACETS, Label
from laureates.models import Announcement, Card, IndexWrite, Posting
from laureates.orders import DATE, Order
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
# Values of a facet beyond which few laureates are counted one by one.
FEW_VALUES = 10
# Counts of MANY laureates under the filters used last that a process remembers.
REMEMBERED, MANY = 512, 50_000
# Beyond so many changed cards, an order is read again rather than mended.
MENDED = 20_000
# Bitmaps read at a time: more would leave holes among those that stay.
_BATCH = 200
_lock = threading.Lock()
_known: "LRUCache[Write, Catalogue]" = LRUCache(KEPT)
_NOTHING = BitMap()


class Write(NamedTuple):
    """A state of the index."""

    number: int
    token: str


def _remembered(cache: LRUCache, key, make):
    """What `make` gives, asked once as long as the cache holds it."""
    with _lock:
        found = cache.get(key)
    if found is None:
        found = make()
        with _lock:
            cache[key] = found
    return found


class Counted(NamedTuple):
    """Some values of a facet, each with its count, and how many others there are."""

    counts: dict[str, int]
    others: int


def frequent(counts: dict[str, int], most: int) -> Counted:
    """At most `most` values, the most frequent; those that are as frequent, by name."""
    if len(counts) <= most:
        return Counted(counts, 0)
    least = sorted(counts.values(), reverse=True)[most - 1]
    found = {value: number for value, number in counts.items() if number > least}
    equal = sorted(value for value, number in counts.items() if number == least)
    found |= dict.fromkeys(equal[: most - len(found)], least)
    return Counted(found, len(counts) - len(found))


class Catalogue:
    """The bitmaps at one state of the index: facets[facet][value]. They are never changed."""

    def __init__(self, write: Write, facets: dict[str, dict[str, BitMap]]):
        self.write, self.facets = write, facets
        self.orders: dict[str, Order] = {}
        self.columns: dict[str, Column] = {}
        self.finder = search.Finder(self.get(EVERY, ALL))
        # What depends on the version of public data too; one version at a time.
        self._public: Public | None = None

    def get(self, facet: str, value: str) -> BitMap:
        return self.facets.get(facet, {}).get(value, _NOTHING)

    def with_amount(self, ids: BitMap) -> BitMap:
        """Those whose amount is known."""
        return ids - self.get("montant", AMOUNT_UNKNOWN)

    def total(self, known: BitMap) -> int:
        """What amounts that are known add up to, as `postings.euros_of` reads it."""
        shared = known.intersection_cardinality
        bits = self.facets.get(AMOUNT_BIT, {})
        return sum(shared(found) << int(bit) for bit, found in bits.items())

    def tally(self, ids: BitMap) -> figures.Tally:
        """What some laureates add up to, from the bits of amounts: no row is read."""
        known = self.with_amount(ids)
        lowest = highest = 0
        least = greatest = known
        for bit in reversed(range(AMOUNT_BITS)):
            bits = self.get(AMOUNT_BIT, str(bit))
            if above := greatest & bits:
                greatest, highest = above, highest | 1 << bit
            if below := least - bits:
                least = below
            else:
                lowest |= 1 << bit
        if not known:
            return figures.Tally(len(ids), 0, None, None, None)
        return figures.Tally(
            len(ids), len(known), *map(euros_of, (self.total(known), lowest, highest))
        )

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

    def column(self, facet: str) -> Column:
        if facet not in self.columns:
            self.columns[facet] = Column(self.facets.get(facet, {}))
        return self.columns[facet]

    def latest(self, facet: str, ids: BitMap, most: int) -> set[str]:
        """The values of a facet that the first of `ids` have, latest announcement first: `most` of
        them or a few more, all of them when they are fewer."""
        column, left, found = self.column(facet), BitMap(ids), set()
        for part in self.order(DATE).parts(left):
            values = column.values(part)
            found |= values
            if len(found) >= most:
                break
            for value in values:
                left -= self.get(facet, value)
        return found

    def count(self, facet: str, ids: BitMap) -> dict[str, int]:
        """How many of `ids` have each value of a facet; values that none has are left out."""
        if column := self._better(facet, ids):
            return column.count(ids)
        shared, values = ids.intersection_cardinality, self.facets.get(facet, {})
        return {value: number for value, bits in values.items() if (number := shared(bits))}

    def frequent(self, facet: str, ids: BitMap, most: int) -> Counted:
        """The most frequent values of a facet among `ids`."""
        if column := self._better(facet, ids):
            counts, others = column.most_frequent(ids, most)
        else:
            counts, others = self.count(facet, ids), 0
        found = frequent(counts, most)
        return found._replace(others=found.others + others)

    def _better(self, facet, ids) -> Column | None:
        """The column of a facet, where it counts `ids` faster than bitmaps do."""
        if len(self.facets.get(facet, ())) <= FEW_VALUES:
            return None
        column = self.column(facet)
        return column if column.is_better(ids) else None


class Public:
    """The public laureates: `ids`, and `counts[facet][value]` without any filter."""

    def __init__(self, catalogue: Catalogue, version: str):
        self.catalogue, self.version = catalogue, version
        public = Announcement.objects.published().values("pk")
        hidden = Announcement.objects.exclude(pk__in=public).values_list("slug", flat=True)
        gone = [catalogue.get(EVERY, WITHDRAWN)]
        gone += [catalogue.get("annonce", slug) for slug in hidden]
        self.ids = catalogue.get(EVERY, ALL) - BitMap.union(*gone)
        self._kept: dict = {}
        self._frequent: LRUCache[tuple, Counted] = LRUCache(REMEMBERED)

    def tally(self) -> figures.Tally:
        """What every public laureate adds up to."""
        return self.kept("tally", lambda: self.catalogue.tally(self.ids))

    def counts(self, facet: str) -> dict[str, int]:
        return self.kept(("counts", facet), lambda: self.catalogue.count(facet, self.ids))

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

    def latest(self, facet: str, ids: BitMap, most: int, spared: int) -> Counted:
        """The first values of a chronological facet among `ids`, in display order. How many others
        there are is exact up to `spared`, beyond which it is one more at least."""
        catalogue = self.catalogue
        if len(catalogue.facets.get(facet, ())) <= most:
            return Counted(catalogue.count(facet, ids), 0)
        found = catalogue.latest(facet, ids, most + spared + 1)
        first = sorted(found, key=self.places(facet).__getitem__)[:most]
        shared = ids.intersection_cardinality
        counts = {value: shared(catalogue.get(facet, value)) for value in first}
        return Counted(counts, len(found) - len(first))

    def frequent(self, facet: str, ids: BitMap, others: Hashable, most: int) -> Counted:
        """The most frequent values of a facet among `ids`, which are those that `others` name:
        remembered for the names used last, where counting takes long."""
        catalogue = self.catalogue
        if len(ids) < MANY or len(catalogue.facets.get(facet, ())) <= FEW_VALUES:
            return catalogue.frequent(facet, ids, most)
        return _remembered(
            self._frequent,
            (facet, others, most),
            lambda: catalogue.frequent(facet, ids, most),
        )

    def places(self, facet: str) -> dict[str, int]:
        """The rank of each of `labels`."""
        labels = self.labels(facet)
        return self.kept(
            ("places", facet), lambda: {value: rank for rank, value in enumerate(labels)}
        )

    def labels(self, facet: str) -> dict[str, Label]:
        """The name of each value that a public laureate has, in display order."""
        return self.kept(("labels", facet), lambda: FACETS[facet].named(self.counts(facet)))


# The state of the index ------------------------------------------------------


def current(version: freshness.Version | None = None) -> Catalogue:
    """The catalogue as the database holds it now: one query, more when the index changed, none
    when it has not since `version`, read just before.

    What is read inside a transaction may be undone: it is not kept.
    """
    with _lock:
        if version and version.write in _known:
            return _known[version.write]
        known = list(_known)
    writes = _writes(min((number for number, _ in known), default=0))
    newest = writes[-1] if writes else Write(0, "")
    base = next((write for write in reversed(writes) if write in known), None)
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
            _known[newest] = found
    return found


def _writes(since: int) -> list[Write]:
    """The writes from number `since` on, or else the last one."""
    table = IndexWrite._meta.db_table
    rows = prepared.fetched(
        f"SELECT number, token FROM {table} WHERE number >= %s "  # noqa: S608
        f"OR number = (SELECT MAX(number) FROM {table}) ORDER BY number",
        [since],
    )
    return [Write(*row) for row in rows]


def _read(rows) -> dict[str, dict[str, BitMap]]:
    facets: dict[str, dict[str, BitMap]] = {}
    listed = rows.order_by("facet", "value", "chunk").values_list("facet", "value", "chunk", "bits")
    for (facet, value), parts in groupby(listed.iterator(_BATCH), key=lambda row: row[:2]):
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
        moved = BitMap(changed)
        for facet, column in base.columns.items():
            if mended := column.mended(facets.get(facet, {}), moved):
                found.columns[facet] = mended
    return found
