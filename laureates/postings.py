"""Bitmaps of the laureates that have each value of each facet, as the database keeps them.

Called by `laureates.index` alone, which says what changed. Whoever writes holds the last
IndexWrite until the end of its transaction: two writers of one bitmap take turns.
"""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from django.db import transaction
from django.db.models import Max
from pyroaring import BitMap

from laureates.models import Card, FacetValue, IndexWrite, Posting

CHUNK_BITS = 16
EVERY, ALL, WITHDRAWN = "*", "tous", "retires"
# One bitmap for each bit of an amount in cents: sums are counts of intersections.
AMOUNT_BIT, AMOUNT_BITS = "€", 47
# Writes that are remembered: a worker that read one of them learns what changed since.
KEPT_WRITES = 1_000
_BATCH = 400

Key = tuple[str, str]


def bits_of(amount: Decimal | None) -> set[Key]:
    """The bitmaps in which an amount in euros stands."""
    cents = int((amount or 0) * 100)
    return {(AMOUNT_BIT, str(bit)) for bit in range(cents.bit_length()) if cents >> bit & 1}


def euros_of(cents: int) -> Decimal:
    return Decimal(cents) / 100


# Those in which any amount may stand.
EVERY_BIT = {(AMOUNT_BIT, str(bit)) for bit in range(AMOUNT_BITS)}


def begin_write() -> int:
    """The number of a new write, held until the transaction ends."""
    number = _last().number + 1
    IndexWrite.objects.create(number=number)
    if number % KEPT_WRITES == 0:
        IndexWrite.objects.filter(number__lte=number - KEPT_WRITES).delete()
    return number


def _last():
    rows = IndexWrite.objects.order_by("-number")
    last = rows.select_for_update().first()
    if last is None:
        # An empty table has nothing to lock; only one of two first writers makes this row.
        IndexWrite.objects.get_or_create(number=0)
        last = rows.select_for_update().first()
    # While this one waited, another may have been written.
    while (newest := rows.first()) != last:
        last = rows.select_for_update().filter(pk=newest.pk).first()
    return last


def change(added: dict[Key, Iterable[int]], removed: dict[Key, Iterable[int]], stamp: int) -> None:
    """Add keys of laureates to bitmaps, and take others away."""
    wanted = defaultdict(lambda: (BitMap(), BitMap()))
    for place, keys_by in enumerate((added, removed)):
        for (facet, value), keys in keys_by.items():
            for key in keys:
                wanted[facet, value, key >> CHUNK_BITS][place].add(key)
    places = sorted(wanted)
    for start in range(0, len(places), _BATCH):
        _change(places[start : start + _BATCH], wanted, stamp)


def _change(places, wanted, stamp):
    known = {
        (row.facet, row.value, row.chunk): row
        for row in Posting.objects.filter(
            facet__in={facet for facet, _, _ in places},
            value__in={value for _, value, _ in places},
            chunk__in={chunk for _, _, chunk in places},
        )
    }
    rows = []
    for place in places:
        more, less = wanted[place]
        old = BitMap.deserialize(bytes(known[place].bits)) if place in known else BitMap()
        new = (old - less) | more
        if new != old:
            facet, value, chunk = place
            rows.append(
                Posting(facet=facet, value=value, chunk=chunk, bits=new.serialize(), stamp=stamp)
            )
    save(rows)


def save(rows: list[Posting]) -> None:
    Posting.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["facet", "value", "chunk"],
        update_fields=["bits", "stamp"],
        batch_size=_BATCH,
    )


def rebuild() -> None:
    """Make every bitmap again from facet values and cards; what is already true is left alone."""
    with transaction.atomic():
        chunks = set(Posting.objects.values_list("chunk", flat=True).distinct())
        last = Card.objects.aggregate(last=Max("pk"))["last"]
        chunks |= set(range((last >> CHUNK_BITS) + 1)) if last else set()
        stamp = begin_write()
        is_changed = False
        for chunk in sorted(chunks):
            is_changed |= _rebuild_chunk(chunk, stamp)
        if is_changed:
            # Rows may be gone, which no stamp tells: every worker reads all again.
            IndexWrite.objects.filter(number__lt=stamp).delete()
        else:
            IndexWrite.objects.filter(number=stamp).delete()


def _rebuild_chunk(chunk, stamp):
    first, after = chunk << CHUNK_BITS, (chunk + 1) << CHUNK_BITS
    found = defaultdict(BitMap)
    values = FacetValue.objects.filter(laureate__gte=first, laureate__lt=after)
    for key, facet, value in values.values_list("laureate", "facet", "value").iterator(10_000):
        found[facet, value].add(key)
    cards = Card.objects.filter(pk__gte=first, pk__lt=after)
    for key, is_withdrawn, amount in cards.values_list("pk", "is_withdrawn", "amount").iterator(
        10_000
    ):
        for place in (*bits_of(amount), (EVERY, ALL)):
            found[place].add(key)
        if is_withdrawn:
            found[EVERY, WITHDRAWN].add(key)
    known = {(row.facet, row.value): row for row in Posting.objects.filter(chunk=chunk)}
    rows = [
        Posting(facet=facet, value=value, chunk=chunk, bits=bits.serialize(), stamp=stamp)
        for (facet, value), bits in found.items()
        if (facet, value) not in known
        or BitMap.deserialize(bytes(known[facet, value].bits)) != bits
    ]
    save(rows)
    gone = [row.pk for place, row in known.items() if place not in found]
    for start in range(0, len(gone), _BATCH):
        Posting.objects.filter(pk__in=gone[start : start + _BATCH]).delete()
    return bool(rows or gone)
