"""The library's filters, compared with a naive reading of the rows."""

import random
from collections import Counter
from decimal import Decimal

import pytest
from django.http import QueryDict

from laureates import facets
from laureates.filters import LaureateFilterSet
from laureates.models import Laureate
from tests.factories import (
    AnnouncementFactory,
    LaureateFactory,
    MinistryFactory,
    OrganisationFactory,
    TerritoryFactory,
    ThemeFactory,
)

pytestmark = pytest.mark.django_db


def read(query=""):
    return LaureateFilterSet(QueryDict(query))


def titles(query=""):
    return [laureate.title for laureate in read(query).qs]


def counts(query, name):
    return {value: count for value, _, count, _ in read(query).choices(facets.FACETS[name]).shown}


@pytest.fixture
def library():
    """Forty laureates of every sort, a quarter of them not public."""
    rng = random.Random(349)
    ministries = MinistryFactory.create_batch(2)
    organisations = [
        OrganisationFactory(
            kind=rng.choice(["operateur", "service-deconcentre", "universite", ""]),
            supervising_ministry=rng.choice([None, *ministries]),
        )
        for _ in range(6)
    ] + ministries
    region = TerritoryFactory()
    territories = [
        region,
        TerritoryFactory(department=True, region=region),
        TerritoryFactory(department=True, region=region),
    ]
    themes = ThemeFactory.create_batch(3)
    announcements = [
        AnnouncementFactory(call_year=2018),
        AnnouncementFactory(call_year=2019),
        AnnouncementFactory(call_year=2019, embargoed=True),
        AnnouncementFactory(call_year=2020, draft=True),
    ]
    words = ["donnée", "prison", "télémédecine", "agents", "usager", "douane"]
    amounts = [
        None,
        Decimal(200_000),
        Decimal(1_000_000),
        Decimal("4999999.99"),
        Decimal(35_000_000),
    ]
    for number in range(40):
        LaureateFactory(
            announcement=rng.choice(announcements),
            position=number + 1,
            title=" ".join(rng.sample(words, 2)) + f" {number}",
            carriers=rng.sample(organisations, rng.randint(0, 3)),
            themes=rng.sample(themes, rng.randint(0, 2)),
            territories=rng.sample(territories, rng.randint(0, 2)),
            amount=rng.choice(amounts),
            project_state=rng.choice(["", "en-cours", "termine"]),
            withdrawn=rng.random() < 0.1,
        )
    return list(Laureate.objects.published())


def naive(library, chosen, but=None):
    return [
        laureate
        for laureate in library
        if all(
            facets.FACETS[name].values_of(laureate) & set(values)
            for name, values in chosen.items()
            if name != but
        )
    ]


@pytest.mark.parametrize("seed", range(12))
def test_rows_and_counts_are_those_of_a_naive_reading(library, seed):
    rng = random.Random(seed)
    chosen = {}
    for name in rng.sample(list(facets.FACETS), rng.randint(0, 3)):
        every = sorted({v for row in library for v in facets.FACETS[name].values_of(row)})
        chosen[name] = rng.sample(every, min(len(every), rng.randint(1, 2)))
    query = QueryDict(mutable=True)
    for name, values in chosen.items():
        query.setlist(name, values)
    filterset = LaureateFilterSet(query)

    assert {row.pk for row in filterset.qs} == {row.pk for row in naive(library, chosen)}
    assert filterset.count == len(naive(library, chosen))
    assert filterset.problems == []
    for name, facet in facets.FACETS.items():
        expected = Counter(
            value for row in naive(library, chosen, but=name) for value in facet.values_of(row)
        )
        values = filterset.choices(facet)
        assert {value: count for value, _, count, _ in values.shown if count} == dict(expected), (
            name
        )
        selected = [value for value, _, _, is_selected in values.shown if is_selected]
        assert set(selected) == set(chosen.get(name, ()))
        assert values.selected == len(selected)


def test_counts_hold_under_a_search(library):
    expected = Counter(
        value
        for row in library
        if "prison" in row.title
        for value in facets.FACETS["theme"].values_of(row)
    )
    assert counts("q=prisons", "theme") == dict(expected)


def test_a_selected_value_without_result_stays_on_show():
    LaureateFactory(project_state="en-cours", amount=None)
    values = read("etat=termine").choices(facets.FACETS["etat"])
    assert [(value, count, is_selected) for value, _, count, is_selected in values.shown] == [
        ("en-cours", 1, False),
        ("termine", 0, True),
    ]


@pytest.mark.parametrize(
    "query",
    [
        "theme=inconnu",
        "theme=%00",
        "organisation=" + "x" * 5000,
        "annee=20199",
        "annee=%D9%A2%D9%A0%D9%A1%D9%A9",
        "tri=nimporte",
        "tri=pertinence",
        "q=%21%21",
        "q=" + "a" * 300,
        "montant=-1",
        "type=%27%20OR%201=1--",
    ],
)
def test_what_is_not_understood_is_named_and_ignored(query):
    LaureateFactory()
    filterset = read(query)
    assert len(filterset.problems) == 1
    assert filterset.problems[0].endswith("ignorée.") or filterset.problems[0].endswith("ignoré.")
    if not query.startswith("q=a"):
        assert filterset.qs.count() == 1


@pytest.mark.parametrize("query", ["", "q=", "theme=", "inconnu=1", "utm_source=lettre&page=3"])
def test_empty_and_foreign_parameters_say_nothing(query):
    LaureateFactory()
    filterset = read(query)
    assert filterset.problems == []
    assert filterset.qs.count() == 1
    assert filterset.querystring() == ""


def test_a_value_that_only_hidden_laureates_have_is_unknown():
    shown, hidden = OrganisationFactory(), OrganisationFactory()
    LaureateFactory(carriers=[shown])
    LaureateFactory(announcement=AnnouncementFactory(embargoed=True), carriers=[hidden])
    assert read(f"organisation={shown.slug}").problems == []
    secret = read(f"organisation={hidden.slug}").problems
    absent = read("organisation=jamais-vu").problems
    assert [p.replace(hidden.slug, "x") for p in secret] == [
        p.replace("jamais-vu", "x") for p in absent
    ]
    assert hidden.slug not in counts("", "organisation")


def test_sorts_are_stable_and_unknown_amounts_last():
    announcement = AnnouncementFactory()
    for position, (title, amount) in enumerate(
        [("Zone", None), ("Écologie", 5), ("abeille", 9), ("Œuvre", None)], 1
    ):
        LaureateFactory(announcement=announcement, position=position, title=title, amount=amount)
    assert titles("tri=titre") == ["abeille", "Écologie", "Œuvre", "Zone"]
    assert titles("tri=montant") == ["abeille", "Écologie", "Zone", "Œuvre"]
    assert titles() == ["Zone", "Écologie", "abeille", "Œuvre"]


def test_querystring_is_canonical():
    LaureateFactory(themes=[ThemeFactory(slug="donnee"), ThemeFactory(slug="acces")])
    filterset = read("page=3&theme=donnee&theme=acces&q=&utm=1&tri=date&theme=donnee")
    assert filterset.querystring() == "theme=acces&theme=donnee"
    assert filterset.querystring(page=2) == "theme=acces&theme=donnee&page=2"
    assert filterset.querystring(theme=["acces"], tri="titre") == "theme=acces&tri=titre"
    assert [tag.query for tag in filterset.active] == ["theme=donnee", "theme=acces"]


def test_heading_says_what_is_shown():
    LaureateFactory(title="Phare", themes=[ThemeFactory(name="Mer", slug="mer")])
    LaureateFactory(title="Balise", project_state="en-cours")
    assert read().heading == "2 projets lauréats"
    assert read("theme=mer&q=phare").heading == (
        "1 projet lauréat contenant « phare », sur le thème « Mer »"
    )
    assert read("etat=termine").heading == "Aucun projet lauréat à l’état « Terminé »"


def test_query_budget_does_not_grow_with_rows(django_assert_num_queries):
    def look():
        filterset = read("annee=2019&q=projet")
        assert list(filterset.qs)
        assert all(filterset.choices(facet).shown for facet in facets.FACETS.values())
        assert filterset.heading

    year = {"announcement": AnnouncementFactory(call_year=2019)}
    LaureateFactory(title="Projet", carriers=[OrganisationFactory()], **year)
    with django_assert_num_queries(11):
        look()
    for _ in range(3):
        LaureateFactory(
            title="Projet",
            carriers=OrganisationFactory.create_batch(2),
            themes=[ThemeFactory()],
            territories=[TerritoryFactory(department=True)],
            **year,
        )
    with django_assert_num_queries(11):
        look()
