"""Keeps what is derived from laureates true to them: search entries, facet values, cards, pages,
records, bitmaps.

The only writer of their rows, with `laureates.postings`. Signals call it when a row changes; after
a load of fixtures, which fires none of them in earnest, `rebuild()` does the whole.
"""

import threading
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_delete

from ftap import bulk
from ftap.audit import saved_many
from laureates import cards, details, loading, markdown, postings, records, search
from laureates.facets import FACETS
from laureates.models import (
    Announcement,
    Card,
    Carrier,
    Detail,
    FacetValue,
    IndexEntry,
    Laureate,
    LaureateGroup,
    Organisation,
    Record,
    Territory,
    Theme,
)
from laureates.typography import fold

BATCH = 1_000
_local = threading.local()
_TEXTS = ("title_tokens", "name_tokens", "body_tokens", "sort_title")
_CARD = (
    "opens_at",
    "announcement",
    "position",
    "amount",
    "sort_title",
    "is_withdrawn",
    "content",
)
# The rows of which each laureate has one, and what is compared of them.
_NAMES = {IndexEntry: _TEXTS, Card: _CARD, Detail: ("content",), Record: records.NAMES}


@contextmanager
def gathering():
    """Derive once, at the end, what is saved within: a laureate and its links are many rows.

    Until then a search and lists show the rows as they were.
    """
    if getattr(_local, "keys", None) is not None:
        yield
        return
    _local.keys = set()
    try:
        yield
        keys = _local.keys
    finally:
        _local.keys = None
    if keys:
        rebuild(Laureate.objects.filter(pk__in=keys))


def announced() -> QuerySet:
    """The laureates that derived rows are of: those of a draft have none until it is published."""
    return Laureate.objects.filter(announcement__published_at__isnull=False)


def rebuild(laureates: QuerySet | None = None) -> int:
    """Derive again the rows of `laureates` (all by default) and return how many changed.

    Idempotent: what is already true is left alone. Reads and writes by batches.
    """
    if laureates is not None:
        if (gathered := getattr(_local, "keys", None)) is not None:
            gathered |= set(laureates.values_list("pk", flat=True))
            return 0
        return sum(_rebuild_batch(keys, with_postings=True) for keys in _batches(laureates))
    # Entries written while a migration had lifted the triggers are not in the full text.
    search.rebuild()
    changed = sum(_rebuild_batch(keys, with_postings=False) for keys in _every_batch())
    postings.rebuild()
    return changed


def _batches(laureates) -> Iterator[Sequence[int]]:
    rows = laureates.order_by("pk").values_list("pk", flat=True).distinct()
    # Keys alone, packed: an organisation may carry a million of them.
    keys = array("q", rows.iterator(10_000))
    for start in range(0, len(keys), BATCH):
        yield keys[start : start + BATCH].tolist()


def _every_batch() -> Iterator[Sequence[int]]:
    rows, last = Laureate.objects.order_by("pk"), 0
    while keys := list(rows.filter(pk__gt=last).values_list("pk", flat=True)[:BATCH]):
        yield keys
        last = keys[-1]


def rebuild_if_lacking() -> None:
    """Derive what a database of before cards and bitmaps existed lacks; called after migrations."""
    tables = connection.introspection.table_names()
    if not {model._meta.db_table for model in (Card, Detail, Record)} <= set(tables):
        return  # migrated back, or not that far yet
    count = announced().count()
    if any(model.objects.count() != count for model in (Card, Detail, Record)):
        rebuild()
    else:
        restyle()


def restyle() -> None:
    """Make again the HTML of cards that another template made; what they show does not change."""
    rows = Card.objects.order_by("pk").values_list("pk", "content")
    first, last = rows.first(), 0
    if first is None or cards.restyled(first[1]) == first[1]:
        return
    while batch := list(rows.filter(pk__gt=last)[:BATCH]):
        with transaction.atomic():
            bulk.update(Card, ("content",), [(key, cards.restyled(text)) for key, text in batch])
        last = batch[-1][0]


def card(laureate: loading.LoadedLaureate, sort_title: str) -> tuple:
    """What _CARD names, of a laureate."""
    return (
        laureate.announcement.published_at,
        laureate.announcement_id,
        laureate.position,
        laureate.amount,
        sort_title,
        laureate.withdrawn_at is not None,
        cards.content(laureate),
    )


def entry(laureate: loading.LoadedLaureate) -> tuple[str, str, str, str]:
    """What _TEXTS names, of a laureate."""
    names = [laureate.announcement.label]
    if laureate.group:
        names.append(laureate.group.name)
    for carrier in laureate.carriers.all():
        organisation = carrier.organisation
        names += [
            carrier.announced_name,
            organisation.name,
            organisation.short_name,
            organisation.former_names,
        ]
        if organisation.supervising_ministry_id:
            names.append(organisation.supervising_ministry.name)
    names += [theme.name for theme in laureate.themes.all()]
    for territory in laureate.territories.all():
        names.append(territory.name)
        if territory.region_id:
            names.append(territory.region.name)
    return (
        search.tokens(laureate.title, laureate.former_titles),
        search.tokens(*names),
        search.tokens(laureate.summary, markdown.plain(laureate.description)),
        " ".join(search.words(laureate.title)) or fold(laureate.title),
    )


def _rebuild_batch(keys: Sequence[int], *, with_postings: bool) -> int:
    with transaction.atomic():
        batch = loading.load(announced().filter(pk__in=keys))
        old = {model: _stored(model, names, keys) for model, names in _NAMES.items()}
        old_values = {
            tuple(row): pk
            for pk, *row in FacetValue.objects.filter(laureate__in=keys).values_list(
                "pk", "laureate", "facet", "value"
            )
        }
        # Those that are not announced any more.
        gone = set().union(*old.values(), (key for key, *_ in old_values))
        gone -= {laureate.pk for laureate in batch}
        changed, values = {model: [] for model in _NAMES}, []
        for laureate in batch:
            key = laureate.pk
            for model, row in _derived(laureate).items():
                if old[model].get(key) != row:
                    changed[model].append((key, *row))
            for name, facet in FACETS.items():
                for value in facet.values_of(laureate):
                    if old_values.pop((key, name, value), None) is None:
                        values.append((key, name, value))
        touched = gone | {
            row[0] for rows in (*changed.values(), values, old_values) for row in rows
        }
        if touched:
            stamp, shown = postings.begin_write(), changed.pop(Card)
            for model in _NAMES if gone else ():
                model.objects.filter(pk__in=gone).delete()
            _forget(old_values.values())
            bulk.write(FacetValue, ("laureate_id", "facet", "value"), values)
            for model, rows in changed.items():
                bulk.write(model, ("laureate_id", *_NAMES[model]), rows, replaces=True)
            stamped = ((*row, stamp) for row in shown)
            bulk.write(Card, ("laureate_id", *_CARD, "stamp"), stamped, replaces=True)
            if with_postings:
                postings.change(*_moves(values, shown, old_values, gone), stamp)
    return len(touched)


def _derived(laureate: loading.LoadedLaureate) -> dict[type, tuple]:
    """What _NAMES names, of a laureate."""
    texts = entry(laureate)
    return {
        IndexEntry: texts,
        Card: card(laureate, texts[-1]),
        Detail: (details.content(laureate),),
        Record: records.make(laureate),
    }


def _stored(model, names, keys) -> dict[int, tuple]:
    rows = model.objects.filter(pk__in=keys).values_list("pk", *names)
    return {key: tuple(row) for key, *row in rows}


def _forget(values: Iterable[int]):
    keys = list(values)
    for start in range(0, len(keys), BATCH):
        FacetValue.objects.filter(pk__in=keys[start : start + BATCH]).delete()


# The bitmaps in which a laureate may stand beside those of its values.
_EVERYWHERE = (
    (postings.EVERY, postings.ALL),
    (postings.EVERY, postings.WITHDRAWN),
    *postings.EVERY_BIT,
)


def _moves(values, shown, lost, gone):
    """The keys that join and leave the bitmaps: of new values, of cards, of values that are lost,
    of laureates that are gone."""
    added, removed = defaultdict(list), defaultdict(list)
    for key, facet, value in values:
        added[facet, value].append(key)
    for key, facet, value in lost:
        removed[facet, value].append(key)
    withdrawn = (postings.EVERY, postings.WITHDRAWN)
    for row in shown:
        is_withdrawn = row[1 + _CARD.index("is_withdrawn")]
        added[postings.EVERY, postings.ALL].append(row[0])
        in_bits = postings.bits_of(row[1 + _CARD.index("amount")])
        for place in postings.EVERY_BIT:
            (added if place in in_bits else removed)[place].append(row[0])
        (added if is_withdrawn else removed)[withdrawn].append(row[0])
    for place in _EVERYWHERE if gone else ():
        removed[place] += gone
    return added, removed


def _concerned(sender, instance) -> QuerySet:
    """The laureates whose derived rows read `instance`."""
    if sender is Laureate:
        return Laureate.objects.filter(pk=instance.pk)
    if sender is Carrier:
        return Laureate.objects.filter(pk=instance.laureate_id)
    if sender is Announcement:
        return Laureate.objects.filter(announcement=instance)
    if sender is LaureateGroup:
        return Laureate.objects.filter(group=instance)
    if sender is Theme:
        return Laureate.objects.filter(themes=instance)
    if sender is Territory:
        return Laureate.objects.filter(Q(territories=instance) | Q(territories__region=instance.pk))
    return Laureate.objects.filter(
        Q(carriers__organisation=instance)
        | Q(carriers__organisation__supervising_ministry=instance.pk)
    )


def _on_change(sender, instance, raw=False, created=False, **kwargs):
    # Nothing leads yet to a new theme, organisation or announcement.
    if not raw and (sender in (Laureate, Carrier) or not created):
        rebuild(_concerned(sender, instance))


def _on_carrier_delete(sender, instance, origin, **kwargs):
    # Deleted along with its laureate, it leaves nothing to derive.
    if getattr(origin, "model", type(origin)) is Carrier:
        rebuild(_concerned(sender, instance))


def _before_laureate_delete(sender, instance, **kwargs):
    values = FacetValue.objects.filter(laureate=instance.pk).values_list("facet", "value")
    instance.values_to_leave = list(values)


def _on_laureate_delete(sender, instance, **kwargs):
    removed = {place: [instance.pk] for place in (*instance.values_to_leave, *_EVERYWHERE)}
    with transaction.atomic():
        postings.change({}, removed, postings.begin_write())


def _before_delete(sender, instance, **kwargs):
    # Once the row is gone, nothing says which laureates it classed.
    instance.laureates_to_index = list(_concerned(sender, instance).values_list("pk", flat=True))


def _on_delete(sender, instance, **kwargs):
    rebuild(Laureate.objects.filter(pk__in=instance.laureates_to_index))


def _on_links(sender, instance, action, reverse, pk_set, **kwargs):
    """Themes or territories of laureates changed, from either side."""
    if not action.startswith("post_"):
        return
    if not reverse:
        rebuild(Laureate.objects.filter(pk=instance.pk))
    elif pk_set:
        rebuild(Laureate.objects.filter(pk__in=pk_set))
    else:
        # A clear() from the other side does not say which laureates it left.
        rebuild()


def _on_many(sender, created, changed, **kwargs):
    """Many rows were written at once: each laureate that reads one of them is derived once. A new
    organisation, group, theme or territory is not read by any but those written with it."""
    rows = [*(row for row in created if not _joins_draft(row)), *changed]
    keys = {row.pk for row in rows if isinstance(row, Laureate)}
    keys |= {row.laureate_id for row in rows if isinstance(row, Carrier)}
    for row in changed:
        if isinstance(row, Announcement | LaureateGroup | Organisation | Theme | Territory):
            keys |= set(_concerned(type(row), row).values_list("pk", flat=True))
    if keys:
        rebuild(Laureate.objects.filter(pk__in=keys))


def _joins_draft(row) -> bool:
    """Whether a new row is told, without a query, to be of a draft: nothing is derived from it."""
    for name in ("laureate", "announcement"):
        cached = row._state.fields_cache
        if name in cached:
            row = cached[name]
    return isinstance(row, Announcement) and row.published_at is None


def connect() -> None:
    """Follow every row that derived rows read; called once, when the application is ready."""
    for model in (Laureate, Carrier, Announcement, LaureateGroup, Organisation, Theme, Territory):
        post_save.connect(_on_change, model, dispatch_uid=f"index-save-{model.__name__}")
    post_delete.connect(_on_carrier_delete, Carrier, dispatch_uid="index-delete-Carrier")
    pre_delete.connect(_before_laureate_delete, Laureate, dispatch_uid="index-before-Laureate")
    post_delete.connect(_on_laureate_delete, Laureate, dispatch_uid="index-delete-Laureate")
    for model in (Theme, Territory):
        pre_delete.connect(_before_delete, model, dispatch_uid=f"index-before-{model.__name__}")
        post_delete.connect(_on_delete, model, dispatch_uid=f"index-delete-{model.__name__}")
    for field in ("themes", "territories"):
        through = getattr(Laureate, field).through
        m2m_changed.connect(_on_links, through, dispatch_uid=f"index-links-{field}")
    saved_many.connect(_on_many, dispatch_uid="index-many")
