"""Derived rows follow what they are derived from, and nothing is written that is already true."""

import contextlib
from datetime import timedelta

import pytest
from django.utils import timezone
from pyroaring import BitMap

from ftap import triggers
from laureates import index, postings, search
from laureates.facets import FACETS, UNKNOWN
from laureates.models import (
    Card,
    Detail,
    FacetValue,
    IndexEntry,
    Laureate,
    Posting,
    Record,
)
from tests.factories import (
    AnnouncementFactory,
    LaureateFactory,
    MinistryFactory,
    OrganisationFactory,
    TerritoryFactory,
    ThemeFactory,
)

pytestmark = pytest.mark.django_db


def values(laureate, facet):
    return set(laureate.facet_values.filter(facet=facet).values_list("value", flat=True))


def postings_held():
    found = {
        (row.facet, row.value): BitMap.deserialize(bytes(row.bits)) for row in Posting.objects.all()
    }
    return {place: bits for place, bits in found.items() if bits}


def snapshot():
    return (
        sorted(FacetValue.objects.values_list("laureate", "facet", "value")),
        sorted(IndexEntry.objects.values_list()),
    )


def test_every_laureate_has_a_value_in_every_facet():
    laureate = LaureateFactory(carriers=[], themes=[], territories=[])
    for facet in FACETS:
        assert values(laureate, facet), facet
    assert values(laureate, "theme") == {UNKNOWN}
    assert values(laureate, "montant") == {"non-communique"}


def test_a_draft_has_no_derived_row_until_it_is_scheduled():
    LaureateFactory()
    before = snapshot(), postings_held()
    announcement = AnnouncementFactory(draft=True)
    laureates = LaureateFactory.create_batch(2, announcement=announcement, withdrawn=True)
    assert (snapshot(), postings_held()) == before
    announcement.published_at = timezone.now() + timedelta(days=1)
    announcement.save()
    keys = {laureate.pk for laureate in laureates}
    for model in (Card, Detail, FacetValue, IndexEntry, Record):
        assert keys == set(
            model.objects.filter(laureate__in=keys).values_list("laureate", flat=True)
        )
    assert postings_held()[postings.EVERY, postings.WITHDRAWN] == BitMap(keys)
    announcement.published_at = None
    announcement.save()
    assert (snapshot(), postings_held()) == before
    for model in (Card, Detail, Record):
        assert not model.objects.filter(laureate__in=keys).exists()


def test_rebuild_changes_nothing_twice():
    LaureateFactory.create_batch(3)
    before = snapshot()
    keys = set(FacetValue.objects.values_list("pk", flat=True))
    assert index.rebuild() == 0
    assert snapshot() == before
    assert set(FacetValue.objects.values_list("pk", flat=True)) == keys


def test_rebuild_restores_what_was_lost_and_removes_what_is_false():
    laureate = LaureateFactory()
    before = snapshot()
    IndexEntry.objects.all().delete()
    FacetValue.objects.filter(facet="type").delete()
    FacetValue.objects.create(laureate=laureate, facet="theme", value="faux")
    assert index.rebuild() == 1
    assert snapshot() == before


def test_a_ministry_finds_its_directorates():
    ministry = MinistryFactory()
    laureate = LaureateFactory(carriers=[OrganisationFactory(supervising_ministry=ministry)])
    assert values(laureate, "ministere") == {ministry.slug}


def test_a_region_finds_its_departments():
    region = TerritoryFactory()
    department = TerritoryFactory(department=True, region=region)
    laureate = LaureateFactory(territories=[department])
    assert values(laureate, "territoire") == {region.slug, department.slug}


def test_follows_organisation_theme_territory_announcement_and_links():
    ministry = MinistryFactory()
    organisation = OrganisationFactory(kind="operateur")
    theme, territory = ThemeFactory(), TerritoryFactory()
    laureate = LaureateFactory(carriers=[organisation], themes=[theme], territories=[territory])

    organisation.kind, organisation.supervising_ministry = "service-national", ministry
    organisation.save()
    assert values(laureate, "type") == {"service-national"}
    assert values(laureate, "ministere") == {ministry.slug}

    ministry.slug = "autre-adresse"
    ministry.save()
    assert values(laureate, "ministere") == {"autre-adresse"}

    theme.slug = "autre-theme"
    theme.save()
    assert values(laureate, "theme") == {"autre-theme"}

    laureate.announcement.call_year = 2021
    laureate.announcement.save()
    assert values(laureate, "annee") == {"2021"}

    laureate.territories.clear()
    assert values(laureate, "territoire") == {UNKNOWN}
    territory.laureates.add(laureate)
    assert values(laureate, "territoire") == {territory.slug}
    territory.laureates.clear()
    assert values(laureate, "territoire") == {UNKNOWN}

    theme.delete()
    assert values(laureate, "theme") == {UNKNOWN}

    laureate.carriers.get().delete()
    assert values(laureate, "organisation") == {UNKNOWN}


def test_a_laureate_is_deleted_with_its_derived_rows():
    laureate = LaureateFactory(carriers=[OrganisationFactory(), OrganisationFactory()])
    laureate.delete()
    assert not FacetValue.objects.exists()
    assert not IndexEntry.objects.exists()


@pytest.mark.sqlite
def test_rebuild_indexes_what_was_written_without_triggers():
    laureate = LaureateFactory(title="Sémaphore")
    triggers.remove("laureates")
    IndexEntry.objects.filter(pk=laureate.pk).update(title_tokens="semaphor phare")
    triggers.install("laureates")
    index.rebuild()
    assert not search.match(Laureate.objects.all(), "phare").exists()
    assert search.match(Laureate.objects.all(), "semaphore").exists()


def test_rebuild_reads_by_batches(monkeypatch):
    LaureateFactory.create_batch(5)
    monkeypatch.setattr(index, "BATCH", 2)
    IndexEntry.objects.all().delete()
    assert index.rebuild() == 5
    assert IndexEntry.objects.count() == Laureate.objects.count()


@pytest.mark.django_db
def test_what_is_gathered_is_derived_once_at_the_end():
    laureate = LaureateFactory(title="Avant")
    theme = ThemeFactory()
    with index.gathering():
        laureate.title = "Après"
        laureate.save()
        with index.gathering():
            laureate.themes.add(theme)
        assert IndexEntry.objects.get(laureate=laureate).sort_title == "avant"
    assert IndexEntry.objects.get(laureate=laureate).sort_title == "apres"
    assert FacetValue.objects.filter(laureate=laureate, facet="theme", value=theme.slug).exists()
    with contextlib.suppress(ZeroDivisionError), index.gathering():
        raise ZeroDivisionError
    # The next change is derived at once.
    laureate.title = "Enfin"
    laureate.save()
    assert IndexEntry.objects.get(laureate=laureate).sort_title == "enfin"
