"""Rows about a public announcement: compared with the draft of its correction, and written there.

Nothing of them reaches visitors: the draft is read, then published, by its own acts.
"""

from collections.abc import Iterable

from laureates import releases
from laureates.importers.library.lines import title_key
from laureates.importers.library.stored import Known
from laureates.importers.library.values import FIELDS, OF_LAUREATE
from laureates.importers.organisations import Declared, Registry
from laureates.matching.references import plain
from laureates.models import (
    Announcement,
    Laureate,
    LaureateGroup,
    Organisation,
    ReleaseDraft,
    Territory,
    Theme,
)
from laureates.releases.shape import ANNOUNCEMENT_FIELDS, is_withdrawn

NOT_ALLOWED = (
    "Cette annonce est publique\u00a0: seule une personne qui publie peut y porter un "
    "rectificatif. Cette ligne n’est pas écrite."
)
RANK = (
    "Cette annonce est publique\u00a0: le rang d’un lauréat n’y change pas, et un lauréat ajouté "
    "se place à la fin. Videz la cellule du rang."
)
ADDED = (
    "Ce projet est déjà ajouté dans le rectificatif en préparation\u00a0: modifiez-le sur la page "
    "du rectificatif. Cette ligne n’est pas écrite."
)


class Draft:
    """The draft of a correction, as rows are compared with it."""

    def __init__(self, row: ReleaseDraft):
        self.row = row
        content = releases.content.of_draft(row)
        self.groups = content.get("groups", [])
        self._entries = {
            entry["public_id"]: entry for entry in content["laureates"] if not is_withdrawn(entry)
        }
        fields = content["announcement"]
        self.announcement = Announcement(
            **{
                name: Announcement._meta.get_field(name).to_python(fields[name])
                for name in ANNOUNCEMENT_FIELDS
            }
        )
        slugs = {
            carrier["organisation"]
            for entry in self._entries.values()
            for carrier in entry["carriers"]
        }
        self._organisations = Organisation.objects.in_bulk(slugs, field_name="slug")

    def known(self, laureate: Laureate, references) -> Known | None:
        """The laureate as the draft has it; None where it took it out."""
        entry = self._entries.get(laureate.public_id)
        if entry is None:
            return None
        fields = {
            FIELDS[name][1]: Laureate._meta.get_field(FIELDS[name][1]).to_python(
                entry[FIELDS[name][1]]
            )
            for name in OF_LAUREATE
            if name != "former_titles"
        }
        slugs = set(entry["themes"])
        places = {tuple(key) for key in entry["territories"]}
        return Known(
            laureate=laureate,
            fields={
                **{name: fields.get(FIELDS[name][1]) for name in OF_LAUREATE},
                "former_titles": "\n".join(entry["former_titles"]),
            },
            title=entry["title"],
            has_own_title=entry.get("has_own_title", True),
            position=entry["position"],
            group=self._group(entry),
            themes={pk for pk, row in references.theme.items() if row.slug in slugs},
            territories={
                pk for pk, row in references.territory.items() if (row.kind, row.code) in places
            },
            carriers=[
                Declared(
                    carrier["announced_name"],
                    role=carrier["role"],
                    organisation=self._organisations.get(carrier["organisation"]),
                )
                for carrier in entry["carriers"]
            ],
        )

    def _group(self, entry):
        return next(
            (row["name"] for row in self.groups if row["position"] == entry.get("group")), ""
        )

    def group_amount(self, key: str):
        amount = next((row["amount"] for row in self.groups if plain(row["name"]) == key), None)
        return LaureateGroup._meta.get_field("amount").to_python(amount)

    def has_added(self, key: str, public_ids: set[str]) -> bool:
        """Whether a laureate of this title is in the draft and nowhere else."""
        return any(
            title_key(entry["title"]) == key
            for public_id, entry in self._entries.items()
            if public_id not in public_ids
        )


def drafts_of(announcements: Iterable[Announcement], user) -> dict[int, Draft]:
    """The drafts of these announcements that exist for `user`, by announcement."""
    keys = {announcement.pk for announcement in announcements}
    rows = ReleaseDraft.objects.visible_to(user).filter(announcement__in=keys)
    return {row.announcement_id: Draft(row) for row in rows}


def refusal(row, place, draft: Draft | None, user) -> str:
    """Why a row cannot go into the draft of a correction, whatever is answered; "" where it can."""
    if not place.is_preparable or not user.has_perm("laureates.publish_announcement"):
        return NOT_ALLOWED
    line = next((line for line in place.lines if line.pk == row.pk), None)
    if row.laureate is None:
        if line is not None and line.position is not None:
            return RANK
        public_ids = {holder.public_id for holder in place.holders}
        if draft and draft.has_added(title_key(row.values["name"]), public_ids):
            return ADDED
        return ""
    return RANK if "position" in row.values else ""


def write(announcement: Announcement, rows: list, organisations: Registry, *, by) -> None:
    """Put rows about a public announcement in the draft of its correction, begun if there is none.

    Organisations that the rows name are saved already. Raises Refusal, in French.
    """
    draft = ReleaseDraft.objects.filter(announcement=announcement).first()
    if draft is None:
        draft = releases.start_draft(announcement, by=by)
    _write_announcement(draft, rows, by)
    for row in rows:
        draft = ReleaseDraft.objects.get(pk=draft.pk)
        values = _values(row, draft, organisations)
        given = {"by": by, "version": draft.version, "values": values}
        if row.laureate_id is None:
            releases.add_laureate(draft, **given)
        elif values:
            releases.save_laureate(draft, public_id=row.laureate.public_id, **given)


def _write_announcement(draft, rows, by):
    """What rows say of the announcement and its groups, before the laureates that need them."""
    content = releases.content.of_draft(draft)
    groups = [{"name": row["name"], "amount": row["amount"]} for row in content.get("groups", [])]
    values, count = {}, len(groups)
    is_changed = False
    for row in rows:
        values |= row.values.get("announcement", {}).get("after", {})
        if (name := row.values.get("group")) and not _named(groups, name):
            groups.append({"name": name, "amount": None})
        if told := row.values.get("group_amount"):
            _named(groups, told["name"])["amount"] = told["after"]
            is_changed = True
    if is_changed or len(groups) > count:
        values["laureate_groups"] = groups
    if values:
        releases.save_announcement(draft, by=by, version=draft.version, values=values)


def _named(groups, name):
    return next((group for group in groups if plain(group["name"]) == plain(name)), None)


def _values(row, draft, organisations):
    """The values of a row, as `releases.save_laureate` takes them."""
    told = row.values
    found = {
        FIELDS[name][1]: Laureate._meta.get_field(FIELDS[name][1]).to_python(value)
        for name, value in told["fields"].items()
    }
    if "former_titles" in found:
        found["former_titles"] = found["former_titles"].splitlines()
    found |= told.get("title", {})
    if "group" in told:
        groups = releases.content.of_draft(draft).get("groups", [])
        group = _named(groups, told["group"]) if told["group"] else None
        found["group"] = group["position"] if group else None
    links = told["links"]
    if "themes" in links:
        themes = Theme.objects.filter(pk__in=links["themes"])
        found["themes"] = list(themes.values_list("slug", flat=True))
    if "territories" in links:
        places = Territory.objects.filter(pk__in=links["territories"])
        found["territories"] = list(places.values_list("kind", "code"))
    if "carriers" in told:
        found["carriers"] = [
            _carrier(declared, row, organisations) for declared in told["carriers"]
        ]
    return found


def _carrier(declared, row, organisations):
    organisation = organisations.find(declared, row)
    if isinstance(organisation, int):
        organisation = Organisation.objects.get(pk=organisation)
    return {
        "organisation": organisation.slug,
        "announced_name": declared["name"],
        "role": declared["role"],
    }
