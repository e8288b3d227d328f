"""Bitmaps and orders in memory say what the rows say, through every change, even undone."""

import itertools
import random
from collections import Counter
from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from django.http import QueryDict
from django.utils import timezone
from pyroaring import BitMap

from laureates import catalogue, filters, freshness, index, orders, postings
from laureates.database_filters import SORTS
from laureates.facets import FACETS
from laureates.filters import LaureateFilterSet
from laureates.models import Card, IndexWrite, Laureate, Posting
from laureates.typography import fold
from tests.factories import (
    AnnouncementFactory,
    LaureateFactory,
    OrganisationFactory,
    ThemeFactory,
)

NOW = timezone.now


@pytest.fixture(autouse=True)
def forgotten():
    """Each test begins and ends as a fresh process does."""
    catalogue._known.clear()
    yield
    catalogue._known.clear()


def shown(query=""):
    return {row.public_id for row in LaureateFilterSet(QueryDict(query)).page(0, 1_000)}


def stored():
    return set(Laureate.objects.published().values_list("public_id", flat=True))


def every_posting():
    return {
        (row.facet, row.value): BitMap.deserialize(bytes(row.bits))
        for row in Posting.objects.all()
        if BitMap.deserialize(bytes(row.bits))
    }


@pytest.fixture
def many():
    """Sixty laureates in announcements of the same day and of others, one draft, one embargoed."""
    rng = random.Random(7)
    day = NOW() - timedelta(days=30)
    announcements = [
        AnnouncementFactory(published_at=day),
        AnnouncementFactory(published_at=day),
        *(AnnouncementFactory(published_at=day - timedelta(days=400 * n)) for n in range(1, 6)),
        AnnouncementFactory(draft=True),
        AnnouncementFactory(embargoed=True),
    ]
    themes = ThemeFactory.create_batch(3)
    words = ["phare", "digue", "écluse", "môle", "balise"]
    bodies = OrganisationFactory.create_batch(3)
    for number in range(60):
        LaureateFactory(
            announcement=rng.choice(announcements),
            position=number + 1,
            title=" ".join(rng.sample(words, 2)),
            summary=" ".join(rng.sample(words, 2)),
            themes=rng.sample(themes, rng.randint(0, 2)),
            carriers=rng.sample(bodies, rng.randint(0, 3)),
            amount=rng.choice([None, None, 250_000, 1_000_000, "1234567.89"]),
            withdrawn=rng.random() < 0.1,
        )
    return themes


QUERIES = ["", "q=phare", "q=phare+digue", "q=ecluse", "montant=non-communique"]


@pytest.mark.django_db
@pytest.mark.parametrize("few", [0, 3, 1_000])
def test_every_page_of_every_order_is_that_of_the_database(many, monkeypatch, few):
    # Small blocks and groups, so that pages begin and end inside them.
    monkeypatch.setattr(orders, "BLOCK", 7)
    monkeypatch.setattr(orders, "GROUP", 2)
    monkeypatch.setattr(orders, "FEW", few)
    themes = f"theme={many[0].slug}&theme={many[1].slug}"
    for query, sort, filtered in itertools.product(QUERIES, ["", *SORTS], ["", themes]):
        asked = "&".join(filter(None, (query, filtered, f"tri={sort}")))
        filterset = LaureateFilterSet(QueryDict(asked))
        expected = [row.public_id for row in filterset.qs]
        assert filterset.count == len(expected)
        for size in (1, 4, 20, 100):
            found = []
            for start in range(0, max(len(expected), 1), size):
                page = [row.public_id for row in filterset.page(start, start + size)]
                assert page == expected[start : start + size], asked
                found += page
            assert found == expected


ORDERS = {
    "date": lambda row: (-row.announcement.published_at.timestamp(), row.announcement_id),
    "titre": lambda row: (fold(row.title),),
    "montant": lambda row: (row.amount is None, -(row.amount or 0), *ORDERS["date"](row)),
}


@pytest.mark.django_db
@pytest.mark.parametrize(("seed", "few", "most"), [(0, 256, 100), (1, 256, 2), (2, 0, 3)])
def test_random_requests_give_what_a_naive_reading_gives(many, monkeypatch, seed, few, most):
    monkeypatch.setattr(catalogue, "FEW_VALUES", few)
    monkeypatch.setattr(filters, "MAX_CHOICES", most)
    rng = random.Random(seed)
    every = list(Laureate.objects.published().select_related("announcement"))
    assert len(every) < Laureate.objects.count()  # some are drafts, embargoed, withdrawn
    latest = {row.announcement.slug: ORDERS["date"](row) for row in every}
    for _ in range(20):
        chosen = {}
        for name in rng.sample(list(FACETS), rng.randint(0, 3)):
            values = sorted({value for row in every for value in FACETS[name].values_of(row)})
            chosen[name] = rng.sample(values, min(len(values), rng.randint(1, 3)))
        word, sort = (
            rng.choice(["", "", "phare", "ecluse"]),
            rng.choice(["date", "titre", "montant"]),
        )
        query = QueryDict(mutable=True)
        for name, values in chosen.items():
            query.setlist(name, values)
        query["tri"] = sort
        if word:
            query["q"] = word
        filterset = LaureateFilterSet(query)

        def naive(but="", chosen=chosen, word=word):
            return [
                row
                for row in every
                if all(
                    FACETS[name].values_of(row) & set(values)
                    for name, values in chosen.items()
                    if name != but
                )
                and word in fold(f"{row.title} {row.summary}")
            ]

        expected = sorted(naive(), key=lambda row: (*ORDERS[sort](row), row.position, row.pk))
        if sort == "titre":
            expected = sorted(naive(), key=lambda row: (fold(row.title), row.pk))
        size = rng.randint(1, 9)
        for start in range(0, len(expected) + 1, size):
            page = [row.public_id for row in filterset.page(start, start + size)]
            assert page == [row.public_id for row in expected[start : start + size]], query
        assert filterset.count == len(expected)
        for name, facet in FACETS.items():
            counted = Counter(value for row in naive(but=name) for value in facet.values_of(row))
            if facet.is_chronological:
                first = sorted(counted, key=latest.__getitem__)[:most]
            else:
                first = sorted(counted, key=lambda value: (-counted[value], value))[:most]
            shown = {*first, *chosen.get(name, ())}
            values = filterset.choices(facet)
            assert {value: count for value, _, count, _ in values.shown} == {
                value: counted[value] for value in shown
            }, name
            hidden = len(counted.keys() - shown)
            if facet.is_chronological:
                assert min(hidden, 1) <= values.hidden <= hidden
            else:
                assert values.hidden == hidden
        known = [row.amount for row in expected if row.amount is not None]
        tally = filterset.bitmaps.tally(filterset.ids)
        assert (tally.laureates, tally.with_amount) == (len(expected), len(known))
        assert tally.total == (sum(known) if known else None)
        assert (tally.lowest, tally.highest) == (min(known, default=None), max(known, default=None))


@pytest.mark.django_db
def test_a_card_shows_what_the_rows_hold(many):
    for row in LaureateFilterSet({}).page(0, 100):
        laureate = Laureate.objects.for_list().get(public_id=row.public_id)
        assert (row.title, row.summary, row.amount) == (
            laureate.title,
            laureate.summary,
            laureate.amount,
        )
        assert row.carriers == [carrier.announced_name for carrier in laureate.carriers.all()]
        assert row.themes == [theme.name for theme in laureate.themes.all()]
        assert row.territories == [str(place) for place in laureate.territories.all()]
        assert row.announcement == laureate.announcement.label
        assert row.get_absolute_url() == laureate.get_absolute_url()


@pytest.mark.django_db
def test_bitmaps_are_mended_as_they_would_be_made_again(many):
    rng = random.Random(3)
    for laureate in rng.sample(list(Laureate.objects.all()), 20):
        laureate.amount = rng.choice([None, 3_000_000])
        laureate.title = f"Titre {rng.randint(1, 9)}"
        laureate.save()
        laureate.themes.set(rng.sample(many, rng.randint(0, 3)))
    Laureate.objects.order_by("pk").first().delete()
    mended = every_posting()
    Posting.objects.all().delete()
    postings.rebuild()
    assert every_posting() == mended
    assert mended[postings.EVERY, postings.ALL] == BitMap(
        index.announced().values_list("pk", flat=True)
    )


@pytest.mark.django_db
def test_a_false_bitmap_is_mended_by_a_rebuild(many):
    before = every_posting()
    first = Posting.objects.exclude(facet=postings.EVERY).first()
    first.bits = BitMap([1, 2, 3]).serialize()
    first.save()
    Posting.objects.create(facet="theme", value="faux", chunk=0, bits=b"", stamp=0).delete()
    Posting(facet="theme", value="faux", chunk=0, bits=BitMap([1]).serialize(), stamp=0).save()
    index.rebuild()
    assert every_posting() == before
    number = IndexWrite.objects.latest("number").number
    index.rebuild()
    assert every_posting() == before
    assert IndexWrite.objects.filter(number__gt=number).count() <= 1


@pytest.mark.django_db(transaction=True)
def test_a_process_learns_each_change_and_keeps_the_rest(django_assert_num_queries):
    announcement = AnnouncementFactory()
    one, two = (LaureateFactory(announcement=announcement, title=name) for name in ("Un", "Deux"))
    assert shown() == stored() == {one.public_id, two.public_id}
    known = catalogue.current()
    with django_assert_num_queries(1):
        assert catalogue.current() is known

    for sort in ("date", "titre", "montant"):
        LaureateFilterSet(QueryDict(f"tri={sort}")).page(0, 10)
    three = LaureateFactory(announcement=announcement, title="Avant", amount=5_000_000)
    assert shown() == stored()
    for sort in ("date", "titre", "montant"):
        filterset = LaureateFilterSet(QueryDict(f"tri={sort}"))
        assert [row.public_id for row in filterset.page(0, 10)] == [
            row.public_id for row in filterset.qs
        ]
    # Bitmaps that did not change are the same objects.
    assert catalogue.current() is not known

    three.withdrawn_at, three.withdrawal_reason = NOW(), "À la demande du porteur"
    three.save()
    assert shown() == stored() == {one.public_id, two.public_id}
    one.delete()
    assert shown() == stored() == {two.public_id}
    announcement.withdrawn_at, announcement.withdrawal_reason = NOW(), "Erreur"
    announcement.save()
    assert shown() == stored() == set()


@pytest.mark.django_db(transaction=True)
def test_what_is_undone_was_never_seen():
    announcement = AnnouncementFactory()
    public = LaureateFactory(announcement=announcement)
    secret = AnnouncementFactory(draft=True, slug="cachee")
    hidden = LaureateFactory(announcement=secret, title="Secret canari")
    assert shown() == {public.public_id}
    with transaction.atomic():
        undone = transaction.savepoint()
        secret.published_at = NOW()
        secret.save()
        assert shown() == {public.public_id, hidden.public_id}
        transaction.savepoint_rollback(undone)
    assert shown() == {public.public_id}
    # A later change takes the numbers of the one that was undone.
    public.summary = "Autre résumé"
    public.save()
    assert shown() == {public.public_id}
    assert freshness.current().key == freshness.current().key
    assert not shown("q=canari")


@pytest.mark.django_db(transaction=True)
def test_the_minute_of_an_embargo_needs_no_change():
    minute = NOW() + timedelta(hours=1)
    announcement = AnnouncementFactory(published_at=minute, slug="a-venir")
    laureate = LaureateFactory(announcement=announcement)
    assert shown() == set()
    with time_machine.travel(minute - timedelta(seconds=1), tick=False):
        assert shown() == set()
        assert LaureateFilterSet({}).count == 0
    with time_machine.travel(minute, tick=False):
        assert shown() == {laureate.public_id}
        assert shown("annonce=a-venir") == {laureate.public_id}


@pytest.mark.django_db(transaction=True)
def test_a_fresh_process_reads_what_a_mended_one_knows(many):
    catalogue.current()
    for laureate in Laureate.objects.all()[:10]:
        laureate.themes.clear()
    mended = catalogue.current()
    catalogue._known.clear()
    fresh = catalogue.current()
    for facet, values in fresh.facets.items():
        for value, bits in values.items():
            assert mended.get(facet, value) == bits


@pytest.mark.django_db
def test_every_announced_laureate_has_a_card(many):
    assert Card.objects.count() == index.announced().count()
    Card.objects.all().delete()
    index.rebuild_if_lacking()
    assert Card.objects.count() == index.announced().count()
