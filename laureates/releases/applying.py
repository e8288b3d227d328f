"""Writes a canonical content onto the rows that visitors read."""

from laureates.models import (
    Announcement,
    Carrier,
    Laureate,
    LaureateGroup,
    Organisation,
    Territory,
    Theme,
)
from laureates.releases.checking import require_references, save
from laureates.releases.shape import (
    ANNOUNCEMENT_FIELDS,
    LAUREATE_FIELDS,
    is_withdrawn,
)


def apply(announcement: Announcement, content: dict) -> None:
    """Make the rows of `announcement` say what `content` says; only rows that change are saved.

    To be called in a transaction, the announcement being held. Laureates that the content does not
    name, or names as withdrawn, are left as they are: a withdrawal has its own gate. Raises
    Refusal, in French, where a row could not be true or a reference is gone.
    """
    require_references(content["laureates"])
    row = Announcement.objects.get(pk=announcement.pk)
    _save_changes(row, content["announcement"], ANNOUNCEMENT_FIELDS)
    groups = _apply_groups(row, content.get("groups", []))
    known = {
        laureate.public_id: laureate
        for laureate in row.laureates.prefetch_related("carriers", "themes", "territories")
    }
    for entry in content["laureates"]:
        if is_withdrawn(entry):
            continue
        laureate = known.get(entry["public_id"]) or Laureate(announcement=row)
        _apply_laureate(laureate, entry, groups)
    named = [group["position"] for group in content.get("groups", [])]
    for group in row.groups.exclude(position__in=named).filter(laureates__isnull=True):
        group.delete()


def _apply_groups(announcement, entries):
    """The groups that the content names, saved, by position."""
    groups = {group.position: group for group in announcement.groups.all()}
    for entry in entries:
        position = entry["position"]
        group = groups.get(position) or LaureateGroup(announcement=announcement)
        _save_changes(group, entry, ("position", "name", "amount"))
        groups[position] = group
    return groups


def _apply_laureate(laureate, entry, groups):
    values = {name: entry[name] for name in LAUREATE_FIELDS}
    values["former_titles"] = "\n".join(entry["former_titles"])
    group = groups.get(entry.get("group"))
    values |= {"has_own_title": entry.get("has_own_title", True)}
    laureate.group, moved = group, laureate.group_id != (group and group.pk)
    _save_changes(laureate, values, values, moved=moved)
    themes = Theme.objects.filter(slug__in=entry["themes"])
    if {theme.pk for theme in laureate.themes.all()} != {theme.pk for theme in themes}:
        laureate.themes.set(themes)
    wanted = {tuple(key) for key in entry["territories"]}
    if {(place.kind, place.code) for place in laureate.territories.all()} != wanted:
        places = Territory.objects.filter(code__in=[code for _, code in wanted])
        laureate.territories.set([place for place in places if (place.kind, place.code) in wanted])
    _apply_carriers(laureate, entry["carriers"])


def _apply_carriers(laureate, rows):
    """Carriers are matched by organisation: those that stay keep their row and its history."""
    organisations = Organisation.objects.in_bulk(
        [row["organisation"] for row in rows], field_name="slug"
    )
    kept = {carrier.organisation_id: carrier for carrier in laureate.carriers.all()}
    wanted = {
        organisations[row["organisation"]].pk: {
            "position": row["position"],
            "announced_name": row["announced_name"],
            "role": row["role"],
        }
        for row in rows
    }
    for organisation, carrier in kept.items():
        if organisation not in wanted:
            carrier.delete()
    changed = [
        (kept.get(pk) or Carrier(laureate=laureate, organisation_id=pk), values)
        for pk, values in wanted.items()
        if pk not in kept or any(getattr(kept[pk], name) != value for name, value in values.items())
    ]
    # Ranks and the lead are unique among the carriers of a project: those that move, or that
    # hand the lead over, first leave their place.
    taken = max([carrier.position for carrier in kept.values()] + [len(rows)])
    for carrier, values in changed:
        if carrier.pk and (carrier.position, carrier.role) != (
            values["position"],
            values["role"],
        ):
            taken += 1
            carrier.position, carrier.role = taken, None
            carrier.save()
    for carrier, values in changed:
        for name, value in values.items():
            setattr(carrier, name, value)
        save(carrier)


def _save_changes(row, values, names, *, moved=False):
    """Set `names` on a row, and save it if it is new, differs, or moved elsewhere."""
    changed = row.pk is None or moved
    for name in names:
        field = row._meta.get_field(name)
        value = field.to_python(values[name]) if values[name] is not None else None
        if getattr(row, name) != value:
            setattr(row, name, value)
            changed = True
    if changed:
        save(row)
