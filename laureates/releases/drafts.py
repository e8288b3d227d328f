"""The draft of the next version of a public announcement: written in private, published at once.

A draft is the canonical content of the announcement as it will be. `version` counts its changes:
a save that was typed on another version is refused as stale, with both values.
"""

from django.db import transaction
from django.utils import timezone

from ftap import audit
from ftap.refusals import Refusal, Stale
from laureates import typography
from laureates.models import Announcement, Laureate, Release, ReleaseDraft
from laureates.models.laureate import new_public_id
from laureates.releases import checking, content
from laureates.releases.freezing import FIRST_CHANGELOG, freeze
from laureates.releases.holding import (
    NO_RIGHT,
    PUBLIC,
    hold,
    may,
    require_publishable,
    require_state,
    required,
    standing_refusal,
)
from laureates.releases.shape import (
    EDITABLE_ANNOUNCEMENT,
    EDITABLE_LAUREATE,
    LAUREATE_FIELDS,
    RELATIONS,
    announcement_label,
    is_withdrawn,
    laureate_label,
)

GONE = (
    "Ce rectificatif n’existe plus\u00a0: il a été publié ou abandonné. Rouvrez la page de "
    "l’annonce."
)
NOTHING_CHANGES = "Ce rectificatif ne change rien\u00a0: corrigez une fiche, ou abandonnez-le."
MOVED = (
    "Ce qui est public a changé depuis que ce rectificatif a été commencé\u00a0: abandonnez-le et "
    "recommencez."
)
_CHANGELOG = "Ce qui change"


# Begin and end ---------------------------------------------------------------


def start_draft_refusal(announcement: Announcement, user) -> str:
    """Why `user` cannot begin a draft of the next version, in French; "" if they can."""
    if reason := standing_refusal(announcement, user, PUBLIC):
        return reason
    if ReleaseDraft.objects.filter(announcement=announcement).exists():
        return "Un rectificatif de cette annonce est déjà en préparation."
    return ""


def start_draft(announcement: Announcement, *, by) -> ReleaseDraft:
    """Begin the next version of a public announcement, as it stands."""
    with transaction.atomic():
        held = hold(announcement.pk, by)
        if reason := start_draft_refusal(held, by):
            raise Refusal(reason)
        with audit.acting(by, "start_draft"):
            ensure_first(held)
            current = content.read(held)
            draft = ReleaseDraft(
                announcement=held,
                content=content.text(current),
                base_sha256=content.digest(current),
                updated_by=by,
            )
            checking.save(draft)
    return draft


def abandon_draft_refusal(announcement: Announcement, user) -> str:
    """Why `user` cannot abandon the draft of this announcement, in French; "" if they can."""
    if not may(user, announcement):
        return NO_RIGHT
    if not ReleaseDraft.objects.filter(announcement=announcement).exists():
        return "Aucun rectificatif de cette annonce n’est en préparation."
    return ""


def abandon_draft(draft: ReleaseDraft, *, by) -> None:
    """Throw a draft away: nothing of it was public, nothing changes for visitors."""
    with transaction.atomic():
        held = hold(draft.announcement_id, by)
        row = _locked(held, draft.pk)
        with audit.acting(by, "abandon_draft"):
            row.delete()


def publish_draft_refusal(announcement: Announcement, user) -> str:
    """Why `user` cannot publish the draft of this announcement, in French; "" if they can."""
    if reason := standing_refusal(announcement, user, PUBLIC):
        return reason
    draft = ReleaseDraft.objects.filter(announcement=announcement).first()
    if draft is None:
        return "Aucun rectificatif de cette annonce n’est en préparation."
    current = content.read(announcement)
    if content.digest(current) != draft.base_sha256:
        return MOVED
    return NOTHING_CHANGES if draft.content == content.text(current) else ""


def publish_draft(draft: ReleaseDraft, *, by, version: int, changelog: str) -> Release:
    """Make the draft public at once: its content on the rows that visitors read, and version n+1.

    `changelog` is public and due.
    """
    changelog = required(changelog, "changelog", "Dites aux visiteurs ce qui change.")
    with transaction.atomic():
        announcement, row = _hold_draft(draft, by)
        require_state(announcement, PUBLIC)
        _refuse_stale(row, version, {_CHANGELOG: row.changelog}, {_CHANGELOG: changelog})
        current = content.read(announcement)
        if content.digest(current) != row.base_sha256:
            raise Refusal(MOVED)
        if row.content == content.text(current):
            raise Refusal(NOTHING_CHANGES)
        with audit.acting(by, "publish_release", changelog):
            content.apply(announcement, content.of_draft(row))
            announcement.refresh_from_db()
            require_publishable(announcement)
            row.delete()
            return freeze(
                announcement,
                Release.Kind.CORRECTION,
                at=timezone.now(),
                changelog=changelog,
                by=by,
            )


# Write -----------------------------------------------------------------------


def save_announcement(draft: ReleaseDraft, *, by, version: int, values: dict) -> ReleaseDraft:
    """Write fields of the announcement in the draft; Refusal by field, Stale on another version.

    `values` holds names of `shape.EDITABLE_ANNOUNCEMENT`, as Python values or as the content
    writes them; `laureate_groups` is a list of {"name",
    "amount"} in order.
    """
    with transaction.atomic():
        _, row = _hold_draft(draft, by)
        written = content.of_draft(row)
        old = written["announcement"]
        groups = written.get("groups", [])
        if "laureate_groups" in values:
            entries = [entry for entry in written["laureates"] if not is_withdrawn(entry)]
            typed = checking.groups(values["laureate_groups"], entries)
            groups = [_plain(group) for group in typed]
        values = checking.announcement_values(
            {name: value for name, value in values.items() if name != "laureate_groups"}
        )
        new = old | {name: content.plain(value) for name, value in values.items()}
        names = [name for name in EDITABLE_ANNOUNCEMENT if name in values]
        _refuse_stale_entry(
            row,
            version,
            announcement_label,
            [*names, "groups"],
            {**old, "groups": written.get("groups", [])},
            {**new, "groups": groups},
        )
        changed = {**written, "announcement": new, "groups": groups}
        if not groups:
            del changed["groups"]
        return _save(row, changed, by, new["title"])


def save_laureate(
    draft: ReleaseDraft, *, by, version: int, public_id: str, values: dict
) -> ReleaseDraft:
    """Write fields, carriers, themes and territories of a laureate in the draft.

    `values` is that of `checking.laureate_values`. A title that changes makes a new address, and
    the public one joins the former titles.
    """
    with transaction.atomic():
        announcement, row = _hold_draft(draft, by)
        written = content.of_draft(row)
        old = _entry(written, public_id)
        checked = checking.laureate_values(old, values, written.get("groups", []))
        new = _renamed(announcement, _plain(checked))
        names = [name for name in EDITABLE_LAUREATE if name in values]
        _refuse_stale_entry(row, version, laureate_label, names, old, new)
        entries = [new if entry is old else entry for entry in written["laureates"]]
        return _save(row, {**written, "laureates": entries}, by, new["title"])


def add_laureate_refusal(announcement: Announcement, user) -> str:
    """Why `user` cannot add a laureate to the draft of this announcement; "" if they can."""
    return abandon_draft_refusal(announcement, user)


def add_laureate(
    draft: ReleaseDraft, *, by, version: int, values: dict, public_id: str = ""
) -> str:
    """Add a laureate, last in the draft, and return its public identifier (a new one by default).

    `values` is that of `save_laureate`; the title is due.
    """
    with transaction.atomic():
        announcement, row = _hold_draft(draft, by)
        public_id = public_id or new_public_id()
        written = content.of_draft(row)
        if Laureate.objects.filter(public_id=public_id).exists() or public_id in {
            entry["public_id"] for entry in written["laureates"]
        }:
            raise Refusal(f"L’identifiant public «\u00a0{public_id}\u00a0» est déjà pris.")
        last = max([entry["position"] for entry in written["laureates"]], default=0)
        empty = {name: content.plain(_default(name)) for name in LAUREATE_FIELDS} | {
            name: [] for name in RELATIONS
        }
        entry = {**empty, "public_id": public_id, "position": _next_position(announcement, last)}
        checked = checking.laureate_values(entry, values, written.get("groups", []))
        new = _renamed(announcement, _plain(checked))
        names = [name for name in EDITABLE_LAUREATE if name in values]
        _refuse_stale_entry(row, version, laureate_label, names, empty, new)
        _save(row, {**written, "laureates": [*written["laureates"], new]}, by, new["title"])
    return public_id


def remove_laureate(draft: ReleaseDraft, *, by, version: int, public_id: str) -> ReleaseDraft:
    """Remove a laureate that was added in the draft: one that is public is withdrawn instead."""
    with transaction.atomic():
        announcement, row = _hold_draft(draft, by)
        written = content.of_draft(row)
        old = _entry(written, public_id)
        if announcement.laureates.filter(public_id=public_id).exists():
            raise Refusal(
                "Ce projet est public\u00a0: il se retire, avec un motif, et ne se supprime pas."
            )
        _refuse_stale(row, version, {"Projet": old["title"]}, {"Projet": "supprimé"})
        entries = [entry for entry in written["laureates"] if entry is not old]
        return _save(row, {**written, "laureates": entries}, by, old["title"])


def save_changelog(draft: ReleaseDraft, *, by, version: int, changelog: str) -> ReleaseDraft:
    """Keep the words that will be published with the version, being written."""
    changelog = (changelog or "").replace("\r\n", "\n").strip()
    with transaction.atomic():
        _, row = _hold_draft(draft, by)
        _refuse_stale(row, version, {_CHANGELOG: row.changelog}, {_CHANGELOG: changelog})
        if row.changelog == changelog:
            return row
        row.changelog = changelog
        return _save_row(row, by, "")


# What withdrawals leave of drafts --------------------------------------------


def ensure_first(announcement: Announcement) -> None:
    """Freeze as version 1 what was made public without any version, before it changes."""
    if not announcement.releases.exists():
        freeze(
            announcement,
            Release.Kind.FIRST,
            at=announcement.published_at,
            changelog=FIRST_CHANGELOG,
            by=None,
        )


def follow_withdrawal(announcement: Announcement, laureate: Laureate, before: str, *, by) -> None:
    """Take a laureate that has just been withdrawn out of the draft, which stays on what is public.

    `before` is the digest of the content before the withdrawal.
    """
    row = ReleaseDraft.objects.select_for_update(of=("self",)).filter(announcement=announcement)
    if (draft := row.first()) is None:
        return
    current = content.read(announcement)
    gone = {
        entry["public_id"]: entry
        for entry in current["laureates"]
        if is_withdrawn(entry) and entry["public_id"] == laureate.public_id
    }
    written = content.of_draft(draft)
    written["laureates"] = [gone.get(entry["public_id"], entry) for entry in written["laureates"]]
    draft.content = content.text(written)
    if draft.base_sha256 == before:
        draft.base_sha256 = content.digest(current)
    _save_row(draft, by, "")


def drop(announcement: Announcement) -> None:
    """Throw away the draft of an announcement that is withdrawn."""
    for draft in ReleaseDraft.objects.filter(announcement=announcement):
        draft.delete()


# Parts -----------------------------------------------------------------------


def _hold_draft(draft, by):
    announcement = hold(draft.announcement_id, by)
    return announcement, _locked(announcement, draft.pk)


def _locked(announcement, pk):
    rows = ReleaseDraft.objects.select_for_update(of=("self",))
    draft = rows.filter(announcement=announcement, pk=pk).first()
    if draft is None:
        raise Refusal(GONE)
    return draft


def _save(row, new, by, what):
    text = content.text(new)
    if row.content == text:
        return row
    row.content = text
    return _save_row(row, by, what)


def _save_row(row, by, what):
    with audit.acting(by, "save_draft", what):
        row.version += 1
        row.updated_by = by
        checking.save(row)
    return row


def _entry(written, public_id):
    found = next((row for row in written["laureates"] if row["public_id"] == public_id), None)
    if found is None:
        raise Refusal("Ce projet n’est plus dans le rectificatif\u00a0: rechargez la page.")
    if is_withdrawn(found):
        raise Refusal("Ce projet a été retiré de l’annonce\u00a0: il ne se corrige plus.")
    return found


def _plain(entry):
    return {name: content.plain(value) for name, value in entry.items()}


def _default(name):
    field = Laureate._meta.get_field(name)
    return None if field.null else ""


def _next_position(announcement, last):
    taken = announcement.laureates.order_by("-position").values_list("position", flat=True).first()
    return max(last, taken or 0) + 1


def _renamed(announcement, entry):
    """The entry with the address of its title, and the public title among the former ones."""
    public = announcement.laureates.filter(public_id=entry["public_id"]).first()
    title = entry["title"]
    former = [line for line in entry["former_titles"] if line != title]
    if public is not None and public.title == title:
        return {**entry, "former_titles": former, "slug": public.slug}
    if public is not None and public.title not in former:
        former.append(public.title)
    length = Laureate._meta.get_field("slug").max_length
    slug = typography.slugify(title)[:length].strip("-")
    if not slug:
        raise Refusal({"title": "Ce titre n’a ni lettre ni chiffre\u00a0: écrivez-en un autre."})
    return {**entry, "former_titles": former, "slug": slug}


def _refuse_stale_entry(row, version, label, names, old, new):
    if row.version == version:
        return
    typed = {name: new.get(name) for name in names if old.get(name) != new.get(name)}
    _refuse_stale(
        row,
        version,
        {label(name): _shown(old.get(name)) for name in typed},
        {label(name): _shown(value) for name, value in typed.items()},
    )


def _refuse_stale(row, version, stored, typed):
    if row.version != version:
        who = row.updated_by.get_full_name() or row.updated_by.get_username()
        raise Stale(
            f"Le rectificatif a changé depuis l’affichage de la page, par {who}. Rien n’a été "
            "enregistré\u00a0: comparez les deux valeurs, puis recommencez.",
            stored=stored,
            typed=typed,
        )


def _shown(value):
    if value in (None, "", []):
        return ""
    if isinstance(value, list):
        return "\n".join(
            row.get("announced_name") or row.get("name", "")
            if isinstance(row, dict)
            else " ".join(row)
            if isinstance(row, list)
            else row
            for row in value
        )
    return str(value)
