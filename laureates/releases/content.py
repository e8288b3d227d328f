"""The canonical content of an announcement: all that a version of it says, and nothing private.

It is a dictionary of plain JSON values:

    {"schema": 1, "announcement": {…}, "laureates": [{…}, …]}

with "groups": [{"position", "name", "amount"}, …] where the announcement has groups. A laureate
has "group", the position of its group, and "has_own_title": false, only where they say something.

The laureates stand in the order of the announcement. One that visitors saw and that was withdrawn
since is only {"public_id", "position", "withdrawn_at", "withdrawal_reason"}; one withdrawn before
anyone saw it is not there at all. Amounts are texts of euros with two decimals, or None; days and
moments are in ISO 8601, moments in UTC.
"""

import datetime
import hashlib
import json
from decimal import Decimal

from django.db.models import Prefetch

from laureates.models import Announcement, Carrier, Laureate, ReleaseDraft
from laureates.releases.applying import apply
from laureates.releases.differences import Change, differences
from laureates.releases.shape import ANNOUNCEMENT_FIELDS, LAUREATE_FIELDS, SCHEMA

__all__ = ["Change", "apply", "differences", "digest", "of_draft", "parse", "plain", "read", "text"]


def read(announcement: Announcement) -> dict:
    """The canonical content of an announcement, from its rows as the database holds them."""
    announcement = Announcement.objects.get(pk=announcement.pk)
    rows = announcement.laureates.filter(withdrawn_at__isnull=True).select_related("group")
    rows = rows.prefetch_related(
        Prefetch("carriers", Carrier.objects.select_related("organisation")),
        "themes",
        "territories",
    )
    gone = Laureate.objects.withdrawn().filter(
        announcement=announcement, withdrawn_at__isnull=False
    )
    entries = [*map(_laureate, rows), *map(_withdrawn, gone)]
    content = {
        "schema": SCHEMA,
        "announcement": {name: plain(getattr(announcement, name)) for name in ANNOUNCEMENT_FIELDS},
        "laureates": sorted(entries, key=lambda entry: (entry["position"], entry["public_id"])),
    }
    groups = [
        {"position": row.position, "name": row.name, "amount": plain(row.amount)}
        for row in announcement.groups.order_by("position")
    ]
    return content | ({"groups": groups} if groups else {})


def text(content: dict) -> str:
    """The canonical text of a content: the same content always makes the same text."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(content: dict) -> str:
    """The SHA-256 of the canonical text, in hexadecimal."""
    return hashlib.sha256(text(content).encode()).hexdigest()


def parse(stored: str) -> dict:
    """The content that a canonical text holds."""
    return json.loads(stored)


def of_draft(draft: ReleaseDraft) -> dict:
    """The content that a draft will make public."""
    return parse(draft.content)


def plain(value):
    """A value of a field as the canonical content writes it."""
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, str):
        return value.replace("\r\n", "\n").replace("\r", "\n")
    return value


def _laureate(laureate):
    return {name: plain(getattr(laureate, name)) for name in LAUREATE_FIELDS} | {
        "former_titles": laureate.former_title_list,
        "themes": sorted(theme.slug for theme in laureate.themes.all()),
        "territories": sorted([place.kind, place.code] for place in laureate.territories.all()),
        **_optional(laureate),
        "carriers": [
            {
                "position": carrier.position,
                "organisation": carrier.organisation.slug,
                "announced_name": carrier.announced_name,
                "role": carrier.role,
            }
            for carrier in sorted(laureate.carriers.all(), key=lambda row: row.position)
        ],
    }


def _optional(laureate):
    found = {}
    if laureate.group_id:
        found["group"] = laureate.group.position
    if not laureate.has_own_title:
        found["has_own_title"] = False
    return found


def _withdrawn(laureate):
    return {
        "public_id": laureate.public_id,
        "position": laureate.position,
        "withdrawn_at": plain(laureate.withdrawn_at),
        "withdrawal_reason": plain(laureate.withdrawal_reason),
    }
