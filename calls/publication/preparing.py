"""Preparing an announcement: a draft, its laureates in the order of the agenda, and the links."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from calls import gates, history
from calls.models import Application, Committee, Publication, Selection
from calls.permissions import Hidden, Refusal
from calls.publication.offering import NO_DECISION, PUBLISH, Dossier, Offer, offer
from ftap.templatetags.ftap import number
from laureates import typography
from laureates.models import Announcement, Claim, Laureate

CHANGED = (
    "Les décisions de la séance ont changé depuis l’affichage de la page\u00a0: rien n’a été "
    "préparé. Relisez la liste, puis recommencez."
)
_NOUNS = {
    Claim.Subject.APPLICATIONS: ("dossier reçu", "dossiers reçus"),
    Claim.Subject.LAUREATES: ("dossier retenu", "dossiers retenus"),
}


@dataclass(frozen=True)
class Prepared:
    """What was written of one dossier, on which version of its decision, and what is published.

    `published` holds names of `PUBLISHABLE`.
    """

    version: int
    title: str
    summary: str = ""
    description: str = ""
    published: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Preparation:
    """What a publisher typed: columns of the announcement, dossiers by decision, claims.

    `claims` are (subject, number) pairs, as offered. Without a source, a claim is the
    announcement's own.
    """

    announcement: dict
    dossiers: dict[int, Prepared]
    claims: frozenset[tuple[str, int]] = frozenset()
    stated_on: datetime.date | None = None
    claims_source: str = ""


def prepare(committees: Iterable[Committee], *, by, values: Preparation) -> Publication:
    """Make the draft announcement of these sittings, with a laureate for each retained decision.

    All or nothing; nothing of it is public. Raises PermissionDenied, Hidden (`by` is recused from
    a dossier of one of the sittings), or Refusal: no decision left, a sitting open again, a
    decision changed since it was shown, a text that no laureate may have.
    """
    if not by.has_perm(PUBLISH):
        raise PermissionDenied
    with transaction.atomic():
        held = hold([committee.pk for committee in committees])
        if Committee.objects.masked_for(by).filter(pk__in=[row.pk for row in held]).exists():
            raise Hidden
        if Publication.objects.filter(committees__in=held).exists():
            raise Refusal(NO_DECISION)
        found = offer(held, by)
        if found.refusals:
            raise Refusal(found.refusals)
        _refuse_changed(found, values)
        with history.acting(by, "prepare_announcement"):
            announcement = Announcement(**values.announcement)
            gates.save(announcement)
            for position, dossier in enumerate(found.dossiers, 1):
                announce(dossier, announcement, position, values.dossiers[dossier.selection.pk])
            for position, (subject, value) in enumerate(sorted(values.claims), 1):
                gates.save(_claim(announcement, position, subject, value, values))
            publication = Publication(
                announcement=announcement, prepared_at=timezone.now(), prepared_by=by
            )
            gates.save(publication)
            publication.committees.set(held)
    return publication


def hold(pks) -> list[Committee]:
    """Sittings, their dossiers and decisions, fresh and locked in the order of every gate."""
    rows = Committee.objects.select_for_update(of=("self",)).select_related("fund", "session__call")
    committees = list(rows.filter(pk__in=pks).order_by("pk"))
    live = Selection.objects.live().filter(committee__in=[row.pk for row in committees])
    dossiers = Application.objects.select_for_update(of=("self",))
    list(dossiers.filter(pk__in=live.order_by().values("application")).order_by("pk"))
    list(live.select_for_update(of=("self",)).order_by("pk"))
    return committees


def hold_publication(publication: Publication, by) -> Publication:
    """The fresh row, with its announcement, its sittings and their decisions locked; Hidden where
    it does not exist for `by`."""
    held = Announcement.objects.select_for_update(of=("self",)).order_by("pk")
    announcement = held.filter(pk=publication.announcement_id).first()
    hold(publication.committees.order_by().values("pk"))
    rows = Publication.objects.visible_to(by).select_related("announcement")
    fresh = rows.filter(pk=publication.pk).first()
    if announcement is None or fresh is None:
        raise Hidden
    return fresh


def announce(dossier: Dossier, announcement: Announcement, position: int, text: Prepared):
    """Create the laureate of a retained decision, and link them; the laureate."""
    values = dossier.values(text.published)
    links = {name: values.pop(name) for name in ("themes", "territories") if name in values}
    title = typography.normalise(text.title)
    laureate = Laureate(
        announcement=announcement,
        position=position,
        title=title,
        slug=slug_of(title),
        summary=text.summary,
        description=text.description,
        source=announcement.source,
        source_url=announcement.source_url,
        source_on=announcement.source_on,
        **values,
    )
    try:
        gates.save(laureate)
        for carrier in dossier.carriers:
            carrier.laureate = laureate
            gates.save(carrier)
    except Refusal as error:
        raise Refusal([f"{dossier.reference}, {message}" for message in error.messages]) from error
    for name, rows in links.items():
        getattr(laureate, name).set(rows)
    link(dossier.selection, laureate)
    return laureate


def slug_of(title: str) -> str:
    length = Laureate._meta.get_field("slug").max_length
    return typography.slugify(title)[:length].strip("-") or "projet"


def link(selection: Selection, laureate: Laureate) -> None:
    """Tie a retained decision to its laureate: one more version of the decision."""
    selection.laureate = laureate
    selection.version += 1
    gates.save(selection)


def claim_label(subject: str, value: int) -> str:
    """« 29 dossiers reçus »"""
    return f"{number(value)} {_NOUNS[Claim.Subject(subject)][value > 1]}"


def _refuse_changed(found: Offer, values: Preparation):
    versions = {dossier.selection.pk: dossier.selection.version for dossier in found.dossiers}
    if versions != {pk: dossier.version for pk, dossier in values.dossiers.items()}:
        raise Refusal(CHANGED)
    if not set(values.claims) <= set(found.claims.items()):
        raise Refusal(
            "Un nombre de dossiers a changé depuis l’affichage de la page\u00a0: relisez les "
            "chiffres à énoncer, puis recommencez."
        )


def _claim(announcement, position, subject, value, values):
    label = claim_label(subject, value)
    length = Claim._meta.get_field("slug").max_length
    words = f"{announcement.slug} {subject.replace('_', ' ')} {label}"
    return Claim(
        slug=typography.slugify(words)[:length].strip("-"),
        announcement=announcement,
        position=position,
        subject=subject,
        label=label,
        value=value,
        unit=Claim.Unit.COUNT,
        scope=Claim.Scope.SESSION,
        stated_on=values.stated_on,
        source=values.claims_source or announcement.title,
    )
