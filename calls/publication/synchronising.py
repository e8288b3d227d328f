"""Mending the links between an announcement and the decisions, when these have changed since.

A draft is mended at once. Of a public announcement, only the links are: what visitors see changes
with its next version, in which missing laureates are put, and withdrawals are acts of their own.
"""

from dataclasses import dataclass, field

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models.signals import post_save

from calls import gates, history
from calls.models import Committee, Publication, Selection
from calls.permissions import Refusal
from calls.publication.comparing import differences
from calls.publication.offering import PUBLISH, free_decisions, offered
from calls.publication.preparing import Prepared, announce, hold, hold_publication, link
from laureates import releases, typography
from laureates.models import Laureate, ReleaseDraft

# Ranks that no laureate has while several change places.
_ASIDE = 1_000_000


@dataclass(frozen=True)
class Plan:
    """What synchronising would do now, or has done.

    `linked`: laureates tied again to the decision they come from. `added`: decisions that get a
    laureate. `removed`: laureates of a draft that no decision stands behind. `withdrawable`: such
    laureates that are public, left for whoever withdraws them. `is_public`: what is added goes to
    the draft of the next version.
    """

    is_public: bool
    linked: list[tuple[Laureate, Selection]] = field(default_factory=list)
    added: list[Selection] = field(default_factory=list)
    removed: list[Laureate] = field(default_factory=list)
    withdrawable: list[Laureate] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.linked or self.added or self.removed)


def synchronising_refusal(publication: Publication, user) -> str:
    """Why `user` cannot synchronise this announcement, in French; empty if they can."""
    if not user.has_perm(PUBLISH):
        return "Vous n’avez pas le droit de préparer une annonce."
    announcement = publication.announcement
    if announcement.withdrawn_at:
        return "Cette annonce a été retirée\u00a0: elle ne change plus."
    if announcement.published_at and not releases.is_public(announcement):
        return (
            "La publication de cette annonce est programmée\u00a0: déprogrammez-la avant de la "
            "synchroniser."
        )
    closed = Committee.State.CLOSED
    if reopened := publication.committees.exclude(state=closed).order_by("held_on").first():
        return (
            f"La séance «\u00a0{reopened}\u00a0» est rouverte\u00a0: ses décisions ne sont plus "
            "validées. Attendez qu’elle soit close."
        )
    return ""


def plan(publication: Publication) -> Plan:
    """What synchronising would do to the links and laureates of this announcement."""
    found = differences(publication)
    undecided = [row.laureate for row in found if row.kind == "undecided"]
    missing = [row.selection for row in found if row.kind in ("missing", "pending")]
    linked = _matches(undecided, missing)
    kept = {laureate.pk for laureate, _ in linked}
    decided = {selection.pk for _, selection in linked}
    pending = {row.selection.pk for row in found if row.kind == "pending"}
    left = [laureate for laureate in undecided if laureate.pk not in kept]
    is_public = releases.is_public(publication.announcement)
    return Plan(
        is_public=is_public,
        linked=linked,
        added=[row for row in missing if row.pk not in decided | pending],
        removed=[] if is_public else left,
        withdrawable=left if is_public else [],
    )


def synchronise(publication: Publication, *, by) -> Plan:
    """Tie laureates again to their decisions, add those missing, remove a draft's orphans.

    What was written of a laureate stays. Raises PermissionDenied, Hidden or Refusal; what it did.
    """
    if not by.has_perm(PUBLISH):
        raise PermissionDenied
    with transaction.atomic():
        publication = hold_publication(publication, by)
        if reason := synchronising_refusal(publication, by):
            raise Refusal(reason)
        done = plan(publication)
        with history.acting(by, "synchronise_announcement"):
            for laureate, selection in done.linked:
                link(_whole(selection), laureate)
            if done.is_public:
                _add_to_draft(publication, done.added, by)
            else:
                _mend_draft(publication, done)
    return done


def _whole(selection) -> Selection:
    """The decision, with what its own checks read."""
    rows = Selection.objects.select_related("application__session__call__fund", "committee__fund")
    return rows.get(pk=selection.pk)


# Which laureate comes from which dossier -------------------------------------------


def _matches(laureates, selections) -> list[tuple[Laureate, Selection]]:
    """Laureates and free decisions on the dossier that they were once linked to; else, by title."""
    if not laureates or not selections:
        return []
    versions = Selection.history.filter(laureate_id__in=[row.pk for row in laureates])
    former = dict(versions.order_by("history_id").values_list("laureate_id", "application_id"))
    by_application = {row.application_id: row for row in selections}
    by_title: dict[str, list[Selection]] = {}
    for row in selections:
        by_title.setdefault(typography.normalise(row.application.title), []).append(row)
    found, taken = [], set()
    for laureate in laureates:
        selection = by_application.get(former.get(laureate.pk))
        if selection is None and laureate.pk not in former:
            same = by_title.get(laureate.title, [])
            selection = same[0] if len(same) == 1 else None
        if selection is not None and selection.pk not in taken:
            taken.add(selection.pk)
            found.append((laureate, selection))
    return found


# A draft announcement --------------------------------------------------------------


def _mend_draft(publication, done):
    announcement = publication.announcement
    order = _positions(announcement)
    was_in_agenda_order = order == sorted(order)
    for laureate in done.removed:
        laureate.delete()
    last = announcement.laureates.count() + _ASIDE
    for rank, selection in enumerate(done.added, 1):
        dossier = offered(_whole(selection))
        text = Prepared(selection.version, dossier.title, dossier.summary, dossier.description)
        announce(dossier, announcement, last + rank, text)
    rows = list(announcement.laureates.select_related("selection__committee").order_by("position"))
    if was_in_agenda_order:
        rows.sort(key=_agenda_place)
    _number(rows)


def _positions(announcement):
    rows = announcement.laureates.filter(selection__isnull=False).order_by("position")
    return [_agenda_place(row) for row in rows.select_related("selection__committee")]


def _agenda_place(laureate):
    selection = getattr(laureate, "selection", None)
    if selection is None:
        return (1, "", "", 0, laureate.position)
    committee = selection.committee
    place = selection.agenda_position
    return (
        0,
        committee.held_on.isoformat() if committee.held_on else "",
        committee.slug,
        _ASIDE if place is None else place,
        0,
    )


def _number(rows):
    """Number laureates from 1, in this order; no two ever have the same rank."""
    moving = [(row, rank) for rank, row in enumerate(rows, 1) if row.position != rank]
    for row, rank in moving:
        row.position = 2 * _ASIDE + rank
        row.save()
    for row, rank in moving:
        row.position = rank
        gates.save(row)


# A public announcement ---------------------------------------------------------------


def _add_to_draft(publication, selections, by):
    announcement = publication.announcement
    if not selections:
        return
    draft = ReleaseDraft.objects.filter(announcement=announcement).first()
    draft = draft or releases.start_draft(announcement, by=by)
    for selection in selections:
        dossier = offered(_whole(selection))
        draft.refresh_from_db()
        public_id = releases.add_laureate(
            draft, by=by, version=draft.version, values=_values(dossier, announcement)
        )
        publication.pending = {
            key: pk for key, pk in publication.pending.items() if pk != selection.application_id
        } | {public_id: selection.application_id}
    gates.save(publication)


def _values(dossier, announcement):
    return {
        "title": dossier.title,
        "summary": dossier.summary,
        "description": dossier.description,
        "carriers": [
            {
                "position": carrier.position,
                "organisation": carrier.organisation.slug,
                "announced_name": carrier.announced_name,
                "role": carrier.role,
            }
            for carrier in dossier.carriers
        ],
        "source": announcement.source,
        "source_url": announcement.source_url,
        "source_on": announcement.source_on,
    }


def link_published(sender, instance, created, raw=False, **kwargs) -> None:
    """Tie the laureate that a new version of an announcement adds to its retained decision."""
    if raw or not created:
        return
    publication = Publication.objects.filter(announcement=instance.announcement_id).first()
    application = publication.pending.get(instance.public_id) if publication else None
    if application is None:
        return
    with transaction.atomic():
        # In the order of every gate: a sitting before its decisions.
        committees = hold(publication.committees.order_by().values("pk"))
        free = free_decisions(committees)
        if selection := free.filter(application=application).first():
            link(selection, instance)


def connect() -> None:
    """Hear of the laureates that new versions add; called once, when applications are ready."""
    post_save.connect(link_published, Laureate, dispatch_uid="calls.publication")
