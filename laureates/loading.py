"""Laureates as derived rows are made from them: many at once, in a few queries, nothing twice.

A loaded laureate has the names of a Laureate and of what it leads to, `carriers.all()` included;
it is read and never saved. Making instances and joining names to each would take most of the time.
"""

from collections import defaultdict

from django.db.models import QuerySet

from laureates.models import (
    Announcement,
    Carrier,
    Laureate,
    LaureateGroup,
    Organisation,
    Territory,
    Theme,
)


class Rows(list):
    """Rows asked for as those of a manager."""

    def all(self):
        return self


class _Loaded:
    def __init__(self, values, **more):
        self.__dict__.update(values, **more)


class LoadedCarrier(_Loaded):
    """A carrier of a loaded laureate, with its `organisation`."""

    _meta = Carrier._meta
    get_role_display = Carrier.get_role_display
    role_label = Carrier.role_label


class LoadedLaureate(_Loaded):
    """A laureate with its `announcement`, `group`, `carriers`, `themes` and `territories`."""

    _meta = Laureate._meta
    former_title_list = Laureate.former_title_list
    description_html = Laureate.description_html
    get_absolute_url = Laureate.get_absolute_url
    get_project_state_display = Laureate.get_project_state_display
    __str__ = Laureate.__str__


_FIELDS = tuple(field.attname for field in Laureate._meta.concrete_fields)
_CARRIER = tuple(field.attname for field in Carrier._meta.concrete_fields)


def load(laureates: QuerySet) -> list[LoadedLaureate]:
    """These laureates, in the order of their keys."""
    rows = laureates.order_by("pk").values_list(*_FIELDS)
    found = [LoadedLaureate(zip(_FIELDS, row, strict=True)) for row in rows]
    keys = [row.id for row in found]
    announcements = Announcement.objects.in_bulk({row.announcement_id for row in found})
    groups = LaureateGroup.objects.in_bulk({row.group_id for row in found if row.group_id})
    carriers = _carriers(keys)
    themes = _linked(Laureate.themes, Theme.objects.all(), keys)
    territories = _linked(Laureate.territories, Territory.objects.select_related("region"), keys)
    for row in found:
        row.pk = row.id
        row.announcement = announcements[row.announcement_id]
        row.group = groups[row.group_id] if row.group_id else None
        row.carriers, row.themes = carriers[row.pk], themes[row.pk]
        row.territories = territories[row.pk]
    return found


def _carriers(keys) -> dict[int, Rows]:
    rows = Carrier.objects.filter(laureate__in=keys).order_by("laureate", "position")
    rows = list(rows.values_list(*_CARRIER))
    place = _CARRIER.index("organisation_id")
    organisations = Organisation.objects.select_related("supervising_ministry", "territory")
    known = organisations.in_bulk({row[place] for row in rows})
    found = defaultdict(Rows)
    for row in rows:
        carrier = LoadedCarrier(zip(_CARRIER, row, strict=True), organisation=known[row[place]])
        carrier.pk = carrier.id
        found[carrier.laureate_id].append(carrier)
    return found


def _linked(descriptor, rows, keys) -> dict[int, Rows]:
    """The rows of a reference list that each laureate is linked to, in the order of the list."""
    field, through = descriptor.field, descriptor.through
    names = (f"{field.m2m_field_name()}_id", f"{field.m2m_reverse_field_name()}_id")
    links = defaultdict(set)
    for laureate, row in through.objects.filter(laureate__in=keys).values_list(*names):
        links[laureate].add(row)
    listed = list(rows)
    rank = {row.pk: place for place, row in enumerate(listed)}
    return defaultdict(
        Rows,
        {
            laureate: Rows(listed[place] for place in sorted(rank[pk] for pk in found))
            for laureate, found in links.items()
        },
    )
