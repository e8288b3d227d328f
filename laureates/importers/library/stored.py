"""What the library holds of the laureates that rows are about, as it is compared, and its seal."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Prefetch

from laureates.importers.library.values import FIELDS, OF_LAUREATE
from laureates.importers.organisations import Declared
from laureates.models import Carrier, Laureate

NEW = hashlib.sha256(b"").hexdigest()


@dataclass
class Known:
    """A laureate as it stands, here or in the draft of a correction.

    `fields` maps names of columns to values; `group` is the name of its group, "" if none.
    """

    laureate: Laureate
    fields: dict[str, object]
    title: str
    has_own_title: bool
    position: int
    group: str
    themes: set[int]
    territories: set[int]
    carriers: list[Declared]


def laureates(keys: Iterable[int], *, lock: bool = False) -> dict[int, Laureate]:
    """The laureates of these primary keys, with what is compared; locked if so asked."""
    rows = Laureate.objects.filter(pk__in=list(keys)).order_by("pk")
    if lock:
        rows = rows.select_for_update(of=("self",))
    rows = rows.select_related("announcement", "group").prefetch_related(
        Prefetch("carriers", Carrier.objects.select_related("organisation")),
        "themes",
        "territories",
    )
    return {row.pk: row for row in rows}


def carriers(laureate) -> list[Carrier]:
    return sorted(laureate.carriers.all(), key=lambda row: row.position)


def known(laureate: Laureate) -> Known:
    return Known(
        laureate=laureate,
        fields={name: getattr(laureate, FIELDS[name][1]) for name in OF_LAUREATE},
        title=laureate.title,
        has_own_title=laureate.has_own_title,
        position=laureate.position,
        group=laureate.group.name if laureate.group_id else "",
        themes={row.pk for row in laureate.themes.all()},
        territories={row.pk for row in laureate.territories.all()},
        carriers=[
            Declared(row.announced_name, role=row.role, organisation=row.organisation)
            for row in carriers(laureate)
        ],
    )


def seal(laureate: Laureate, position: int | None = None) -> str:
    """A digest of all that an import compares; it changes with any of it."""
    one = known(laureate)
    parts = [
        laureate.pk,
        laureate.announcement_id,
        laureate.withdrawn_at is None,
        one.title,
        one.has_own_title,
        one.position if position is None else position,
        laureate.group_id,
        {name: str(value) for name, value in one.fields.items()},
        sorted(one.themes),
        sorted(one.territories),
        [[row.organisation.pk, row.name, row.role] for row in one.carriers],
    ]
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
