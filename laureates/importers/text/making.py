"""From a settled draft to the rows of an announcement that nobody sees yet.

Each row is saved by itself, valid, inside the caller's transaction and act: its history is that
of a row typed by hand.
"""

from decimal import Decimal

from ftap import refusals
from ftap.refusals import Refusal
from laureates import typography
from laureates.importers.text import drafting
from laureates.models import (
    Announcement,
    AnnouncementText,
    Carrier,
    Claim,
    Document,
    Laureate,
    LaureateGroup,
    Organisation,
    OrganisationRedirect,
)

_COUNTED = {Claim.Subject.APPLICATIONS, Claim.Subject.LAUREATES}


def make(text: AnnouncementText, found: dict) -> Announcement:
    """The announcement of a draft, unpublished, with all that it holds; Refusal, in French, naming
    what no such row may be."""
    source = {
        "source": text.source,
        "source_url": text.source_url,
        "source_on": text.source_on or found["header"]["source_on"]["value"] or None,
    }
    announcement = _announcement(found, source)
    organisations = _organisations(found, text)
    groups = _groups(found, announcement)
    for position, one in enumerate(found["laureates"], 1):
        with _Naming(f"Projet {position}, «\u00a0{one['title']}\u00a0»"):
            _laureate(one, position, announcement, groups, organisations, source)
    slugs = _Slugs(Claim, "chiffre")
    kept = [figure for figure in found["claims"] if figure["is_kept"]]
    for position, figure in enumerate(kept, 1):
        with _Naming(f"Chiffre «\u00a0{figure['label']}\u00a0»"):
            refusals.save(_claim(figure, position, announcement, slugs, source))
    kept = [document for document in found["documents"] if document["is_kept"]]
    for position, document in enumerate(kept, 1):
        with _Naming(f"Document «\u00a0{document['title']}\u00a0»"):
            refusals.save(
                Document(
                    announcement=announcement,
                    position=position,
                    title=document["title"],
                    format=document["format"],
                    size_kb=document["size_kb"] or None,
                    updated_on=document["updated_on"] or None,
                )
            )
    return announcement


class _Naming:
    """Says of which row a refusal is."""

    def __init__(self, name):
        self.name = name

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if isinstance(error, Refusal):
            raise Refusal([f"{self.name}\u00a0: {text}" for text in error.messages]) from error
        return False


class _Slugs:
    """Slugs that no row of a model has yet, each given once."""

    def __init__(self, model, fallback):
        self.model, self.fallback, self.given = model, fallback, set()
        self.length = model._meta.get_field("slug").max_length

    def of(self, words):
        base = typography.slugify(words)[: self.length].strip("-") or self.fallback
        slug, number = base, 1
        while slug in self.given or self.model.objects.filter(slug=slug).exists():
            number += 1
            tail = f"-{number}"
            slug = base[: self.length - len(tail)].rstrip("-") + tail
        self.given.add(slug)
        return slug


def _announcement(found, source):
    values = {name: field["value"] for name, field in found["header"].items()}
    announcement = Announcement(
        **values
        | {"call_year": int(values["call_year"]), "committee_on": values["committee_on"] or None}
        | source
    )
    refusals.save(announcement)
    return announcement


def _organisations(found, text):
    """The organisations that the draft names: those known by slug, those created by key."""
    meant = {
        (one["slug"], drafting.name_key(name))
        for row in found["laureates"]
        for name, one in zip(row["carriers"], row["organisations"], strict=True)
    }
    rows = Organisation.objects.filter(slug__in={slug for slug, _ in meant}).order_by("pk")
    organisations = {row.slug: row for row in rows}
    slugs = _Slugs(Organisation, "organisme")
    # An address that leads to another organisation is not given again.
    slugs.given |= set(OrganisationRedirect.objects.values_list("slug", flat=True))
    for entry in found["names"]:
        if (drafting.NEW, entry["key"]) in meant:
            row = Organisation(name=entry["name"], slug=slugs.of(entry["name"]), source=text.source)
            with _Naming(f"Organisme «\u00a0{entry['name']}\u00a0»"):
                refusals.save(row)
            organisations[drafting.NEW, entry["key"]] = row
    return organisations


def _groups(found, announcement):
    groups = {}
    for position, name in enumerate(found["groups"], 1):
        groups[name] = LaureateGroup(announcement=announcement, position=position, name=name)
        with _Naming(f"Groupe «\u00a0{name}\u00a0»"):
            refusals.save(groups[name])
    return groups


def _laureate(one, position, announcement, groups, organisations, source):
    length = Laureate._meta.get_field("slug").max_length
    laureate = Laureate(
        announcement=announcement,
        position=position,
        group=groups.get(one["group"]),
        title=one["title"],
        slug=typography.slugify(one["title"])[:length].strip("-") or "projet",
        has_own_title=one["has_own_title"],
        description=one["description"],
        **source,
    )
    refusals.save(laureate)
    meant = zip(one["carriers"], one["organisations"], strict=True)
    for rank, (name, organisation) in enumerate(meant, 1):
        slug = organisation["slug"]
        known = (drafting.NEW, drafting.name_key(name)) if slug == drafting.NEW else slug
        refusals.save(
            Carrier(
                laureate=laureate,
                organisation=organisations[known],
                position=rank,
                announced_name=name,
            )
        )


def _claim(figure, position, announcement, slugs, source):
    subject = figure["subject"]
    scope = " fonds" if figure["scope"] == Claim.Scope.FUND else ""
    amounts = {
        name: Decimal(figure[name]) if figure[name] else None
        for name in ("value", "lower", "upper")
    }
    return Claim(
        slug=slugs.of(f"{announcement.slug} {subject.replace('_', ' ')}{scope}"),
        announcement=announcement,
        position=position,
        subject=subject,
        label=figure["label"],
        exactness=figure["exactness"],
        unit=Claim.Unit.COUNT if subject in _COUNTED else Claim.Unit.EUR,
        scope=figure["scope"],
        stated_on=source["source_on"],
        source=source["source"],
        source_url=source["source_url"],
        **amounts,
    )
