"""Keeps what is derived from laureates true to them: search entries, facet values, cards, bitmaps.

The only writer of IndexEntry, FacetValue, Card and Posting. Signals call it when a row changes;
after a load of fixtures, which fires none of them in earnest, `rebuild()` does the whole.
"""

from collections import defaultdict

from django.db import connection, transaction
from django.db.models import Prefetch, Q, QuerySet
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_delete

from ftap.audit import saved_many
from laureates import cards, markdown, postings, search
from laureates.facets import FACETS
from laureates.models import (
    Announcement,
    Card,
    Carrier,
    FacetValue,
    IndexEntry,
    Laureate,
    LaureateGroup,
    Organisation,
    Territory,
    Theme,
)
from laureates.typography import fold

BATCH = 500
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


def rebuild(laureates: QuerySet | None = None) -> int:
    """Derive again the rows of `laureates` (all by default) and return how many changed.

    Idempotent: what is already true is left alone. Reads and writes by batches.
    """
    is_whole = laureates is None
    if is_whole:
        # Entries written while a migration had lifted the triggers are not in the full text.
        search.rebuild()
    laureates = Laureate.objects.all() if is_whole else laureates
    keys = list(laureates.order_by("pk").values_list("pk", flat=True).distinct())
    changed = 0
    for start in range(0, len(keys), BATCH):
        changed += _rebuild_batch(keys[start : start + BATCH], with_postings=not is_whole)
    if is_whole:
        postings.rebuild()
    return changed


def rebuild_if_lacking() -> None:
    """Derive what a database of before cards and bitmaps existed lacks; called after migrations."""
    tables = connection.introspection.table_names()
    if Card._meta.db_table not in tables:
        return  # migrated back, or not that far yet
    if Laureate.objects.count() != Card.objects.count():
        rebuild()


def card(laureate: Laureate, sort_title: str) -> Card:
    """The card of a laureate, unsaved."""
    return Card(
        laureate=laureate,
        opens_at=laureate.announcement.published_at,
        announcement=laureate.announcement_id,
        position=laureate.position,
        amount=laureate.amount,
        sort_title=sort_title,
        is_withdrawn=laureate.withdrawn_at is not None,
        content=cards.content(laureate),
    )


def entry(laureate: Laureate) -> IndexEntry:
    """The search entry of a laureate, unsaved."""
    names = [laureate.announcement.label]
    if laureate.group_id:
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
    return IndexEntry(
        laureate=laureate,
        title_tokens=search.tokens(laureate.title, laureate.former_titles),
        name_tokens=search.tokens(*names),
        body_tokens=search.tokens(laureate.summary, markdown.plain(laureate.description)),
        sort_title=" ".join(search.words(laureate.title)) or fold(laureate.title),
    )


def _rebuild_batch(keys: list[int], *, with_postings: bool) -> int:
    batch = Laureate.objects.filter(pk__in=keys).select_related("announcement", "group")
    batch = batch.prefetch_related(
        Prefetch("carriers", Carrier.objects.select_related("organisation__supervising_ministry")),
        "themes",
        Prefetch("territories", Territory.objects.select_related("region")),
    )
    with transaction.atomic():
        old_entries, old_cards = IndexEntry.objects.in_bulk(keys), Card.objects.in_bulk(keys)
        old_values = {
            (row.laureate_id, row.facet, row.value): row.pk
            for row in FacetValue.objects.filter(laureate__in=keys)
        }
        entries, shown, values, touched = [], [], [], set()
        for laureate in batch:
            new = entry(laureate)
            if _differs(old_entries.get(laureate.pk), new, _TEXTS):
                entries.append(new)
                touched.add(laureate.pk)
            new_card = card(laureate, new.sort_title)
            if _differs(old_cards.get(laureate.pk), new_card, _CARD):
                shown.append(new_card)
                touched.add(laureate.pk)
            for facet in FACETS.values():
                for value in facet.values_of(laureate):
                    if old_values.pop((laureate.pk, facet.name, value), None) is None:
                        values.append(FacetValue(laureate=laureate, facet=facet.name, value=value))
                        touched.add(laureate.pk)
        touched |= {key for key, _, _ in old_values}
        if touched:
            stamp = postings.begin_write()
            IndexEntry.objects.bulk_create(
                entries, update_conflicts=True, unique_fields=["laureate"], update_fields=_TEXTS
            )
            FacetValue.objects.filter(pk__in=old_values.values()).delete()
            FacetValue.objects.bulk_create(values)
            for row in shown:
                row.stamp = stamp
            Card.objects.bulk_create(
                shown,
                update_conflicts=True,
                unique_fields=["laureate"],
                update_fields=(*_CARD, "stamp"),
            )
            if with_postings:
                postings.change(*_moves(values, shown, old_values), stamp)
    return len(touched)


def _differs(old, new, names) -> bool:
    return old is None or any(getattr(old, name) != getattr(new, name) for name in names)


def _moves(values, shown, gone):
    """The keys that join and leave the bitmaps: new values, cards, values that are gone."""
    added, removed = defaultdict(list), defaultdict(list)
    for row in values:
        added[row.facet, row.value].append(row.laureate_id)
    for key, facet, value in gone:
        removed[facet, value].append(key)
    for row in shown:
        added[postings.EVERY, postings.ALL].append(row.laureate_id)
        moved = added if row.is_withdrawn else removed
        moved[postings.EVERY, postings.WITHDRAWN].append(row.laureate_id)
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


def _on_change(sender, instance, raw=False, **kwargs):
    if not raw:
        rebuild(_concerned(sender, instance))


def _on_carrier_delete(sender, instance, origin, **kwargs):
    # Deleted along with its laureate, it leaves nothing to derive.
    if getattr(origin, "model", type(origin)) is Carrier:
        rebuild(_concerned(sender, instance))


def _before_laureate_delete(sender, instance, **kwargs):
    values = FacetValue.objects.filter(laureate=instance.pk).values_list("facet", "value")
    instance.values_to_leave = list(values)


def _on_laureate_delete(sender, instance, **kwargs):
    everywhere = [(postings.EVERY, name) for name in (postings.ALL, postings.WITHDRAWN)]
    removed = {place: [instance.pk] for place in (*instance.values_to_leave, *everywhere)}
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
    rows = [*created, *changed]
    keys = {row.pk for row in rows if isinstance(row, Laureate)}
    keys |= {row.laureate_id for row in rows if isinstance(row, Carrier)}
    for row in changed:
        if isinstance(row, Announcement | LaureateGroup | Organisation | Theme | Territory):
            keys |= set(_concerned(type(row), row).values_list("pk", flat=True))
    if keys:
        rebuild(Laureate.objects.filter(pk__in=keys))


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
