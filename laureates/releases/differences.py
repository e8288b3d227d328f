"""What changes from one canonical content to another, in French."""

import datetime
from dataclasses import dataclass

from ftap.templatetags.ftap import euros, french_date
from laureates.models import (
    Carrier,
    Laureate,
    Organisation,
    OrganisationRedirect,
    Territory,
    Theme,
)
from laureates.releases.shape import (
    EDITABLE_ANNOUNCEMENT,
    LAUREATE_FIELDS,
    OPTIONAL,
    RELATIONS,
    announcement_label,
    is_withdrawn,
    laureate_label,
)

EMPTY = "—"
# In the order of a reader: what the project is, who carries it, what it receives.
_ORDER = (
    "position",
    "group",
    "title",
    "has_own_title",
    "former_titles",
    "summary",
    "description",
    "carriers",
    "amount",
    "project_state",
    "themes",
    "territories",
)
_COMPARED = (
    *_ORDER,
    *(
        name
        for name in (*LAUREATE_FIELDS, *RELATIONS, *OPTIONAL)
        if name not in {*_ORDER, "public_id", "slug"}
    ),
)


@dataclass(frozen=True)
class Change:
    """One thing that differs: where it is, its French name, and both values in words.

    `public_id` is the laureate's, "" for the announcement itself; `kind` is "changed", "added" or
    "withdrawn" ("removed" for a laureate that was in a draft and is no more).
    """

    where: str
    label: str
    before: str
    after: str
    public_id: str = ""
    kind: str = "changed"

    @property
    def sentence(self) -> str:
        """The change in a line, as a changelog can say it."""
        if self.kind == "added":
            return f"{self.where}\u00a0: ajouté."
        if self.kind == "withdrawn":
            return f"{self.where}\u00a0: retiré."
        if self.kind == "removed":
            return f"{self.where}\u00a0: supprimé du projet de rectificatif."
        label = self.label[:1].lower() + self.label[1:]
        if max(len(self.before), len(self.after)) > 120 or "\n" in self.before + self.after:
            return f"{self.where}, {label}\u00a0: texte modifié."
        before, after = (f"«\u00a0{value}\u00a0»" for value in (self.before, self.after))
        return f"{self.where}, {label}\u00a0: {before} devient {after}."


def differences(before: dict, after: dict) -> list[Change]:
    """The changes from one content to another: of the announcement, then of each laureate in order.

    Values are in words: amounts in euros, days in French, organisations, themes and territories by
    their names as they are today.
    """
    names = _Names(before, after)
    changes = [
        Change("Annonce", announcement_label(name), names.value(name, old), names.value(name, new))
        for name in EDITABLE_ANNOUNCEMENT
        if (old := before["announcement"].get(name)) != (new := after["announcement"].get(name))
    ]
    old_groups, new_groups = before.get("groups", []), after.get("groups", [])
    if old_groups != new_groups:
        shown = (_groups(groups) for groups in (old_groups, new_groups))
        changes.append(Change("Annonce", announcement_label("groups"), *shown))
    old_entries = {entry["public_id"]: entry for entry in before["laureates"]}
    new_entries = {entry["public_id"]: entry for entry in after["laureates"]}
    for public_id, entry in new_entries.items():
        changes += _of_laureate(names, old_entries.get(public_id), entry)
    for public_id, entry in old_entries.items():
        if public_id not in new_entries:
            changes.append(
                Change(_where(entry), "Lauréat", _title(entry), EMPTY, public_id, "removed")
            )
    return changes


def _of_laureate(names, old, new):
    public_id = new["public_id"]
    if old is None:
        return [Change(_where(new), "Lauréat", EMPTY, _title(new), public_id, "added")]
    if is_withdrawn(new):
        if is_withdrawn(old):
            return []
        where = _where(old)
        return [
            Change(where, "Retrait", _title(old), new["withdrawal_reason"], public_id, "withdrawn")
        ]
    if is_withdrawn(old):
        return [Change(_where(new), "Lauréat", EMPTY, _title(new), public_id, "added")]
    return [
        Change(
            _where(old),
            laureate_label(name),
            names.value(name, old.get(name), names.before),
            names.value(name, new.get(name), names.after),
            public_id,
        )
        for name in _COMPARED
        if names.current(name, old.get(name)) != names.current(name, new.get(name))
    ]


def _where(entry):
    if is_withdrawn(entry):
        return f"Projet nᵒ\u00a0{entry['position']}"
    return f"Projet nᵒ\u00a0{entry['position']} «\u00a0{entry['title']}\u00a0»"


def _title(entry):
    return EMPTY if is_withdrawn(entry) else entry["title"]


class _Names:
    """Values in words; the names of what contents refer to are read at once."""

    def __init__(self, *contents):
        self.before, self.after = (
            {group["position"]: group["name"] for group in content.get("groups", [])}
            for content in contents
        )
        entries = [
            entry
            for content in contents
            for entry in content["laureates"]
            if not is_withdrawn(entry)
        ]
        slugs = {row["organisation"] for entry in entries for row in entry["carriers"]}
        themes = {slug for entry in entries for slug in entry["themes"]}
        self.organisations = _by_slug(Organisation, slugs)
        # Those merged into another since: the same body, under another address.
        self.moved = {}
        if gone := slugs - self.organisations.keys():
            merged = OrganisationRedirect.objects.filter(slug__in=gone)
            for slug, kept, kept_name in merged.values_list(
                "slug", "organisation__slug", "organisation__name"
            ):
                self.moved[slug] = kept
                self.organisations[slug] = kept_name
        self.themes = _by_slug(Theme, themes)
        self.territories = {}
        if any(entry["territories"] for entry in entries):
            self.territories = {
                (place.kind, place.code): str(place) for place in Territory.objects.all()
            }

    def current(self, name, value):
        """A value as it would be written today, whatever was merged since."""
        if name != "carriers" or not self.moved or not value:
            return value
        return [
            {**row, "organisation": self.moved.get(row["organisation"], row["organisation"])}
            for row in value
        ]

    def value(self, name, value, groups=()) -> str:
        if name == "has_own_title":
            return "non" if value is False else "oui"
        if name == "group":
            return EMPTY if value is None else groups[value]
        if name == "amount":
            return euros(None if value is None else value)
        if value in (None, "", []):
            return EMPTY
        if name == "former_titles":
            return "\n".join(value)
        if name == "project_state":
            return str(dict(Laureate.ProjectState.choices).get(value, value))
        if name == "themes":
            return ", ".join(self.themes.get(slug, slug) for slug in value)
        if name == "territories":
            return ", ".join(self.territories.get(tuple(key), key[1]) for key in value)
        if name == "carriers":
            return "\n".join(map(self._carrier, value))
        if name.endswith("_on"):
            return french_date(datetime.date.fromisoformat(value))
        return str(value)

    def _carrier(self, row):
        name = row["announced_name"]
        known = self.organisations.get(row["organisation"], row["organisation"])
        if known != name:
            name = f"{name} ({known})"
        if row["role"]:
            name = f"{name}, {dict(Carrier.Role.choices).get(row['role'], row['role'])}"
        return name


def _groups(entries):
    return (
        "\n".join(
            f"{entry['position']}. {entry['name']}"
            + ("" if entry["amount"] is None else f" ({euros(entry['amount'])})")
            for entry in entries
        )
        or EMPTY
    )


def _by_slug(model, slugs):
    if not slugs:
        return {}
    return dict(model.objects.filter(slug__in=slugs).values_list("slug", "name"))
