"""Statistics: what a naive count of the public rows gives, and nothing of the others."""

import csv
import io
import random
import re
from collections import defaultdict
from decimal import Decimal
from urllib.parse import urlsplit

import pytest
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from laureates import statistics
from laureates.facets import AMOUNT_UNKNOWN, UNKNOWN, amount_band
from laureates.filters import LaureateFilterSet
from laureates.models import Laureate
from tests.factories import (
    AnnouncementFactory,
    ClaimFactory,
    LaureateFactory,
    MinistryFactory,
    OrganisationFactory,
    TerritoryFactory,
    ThemeFactory,
)

pytestmark = pytest.mark.django_db

URL = "/statistiques/"
MULTIVALUED = {"theme", "type", "ministere", "region", "departement"}


def tables(**filters):
    filterset = LaureateFilterSet(filters)
    return statistics.tables(filterset.public, filterset.ids)


def counted(table):
    return {row.value: (row.laureates, row.with_amount, row.total) for row in table.rows}


def parts(response):
    return {part.name: part for part in response.context["parts"]}


# A naive count ---------------------------------------------------------------


def is_public(laureate):
    announcement = laureate.announcement
    return (
        announcement.published_at is not None
        and announcement.published_at <= timezone.now()
        and announcement.withdrawn_at is None
        and laureate.withdrawn_at is None
    )


def naive_values(laureate):
    """{dimension: values} of a laureate, read from its own rows."""
    organisations = [carrier.organisation for carrier in laureate.carriers.all()]
    territories = list(laureate.territories.all())
    ministries = {row.slug for row in organisations if row.kind == "ministere"} | {
        row.supervising_ministry.slug for row in organisations if row.supervising_ministry
    }
    return {
        "annee": {str(laureate.announcement.call_year)},
        "theme": {theme.slug for theme in laureate.themes.all()} or {UNKNOWN},
        "type": {row.kind for row in organisations if row.kind} or {UNKNOWN},
        "ministere": ministries or {UNKNOWN},
        "region": {(row.region or row).slug for row in territories} or {UNKNOWN},
        "departement": {row.slug for row in territories if row.kind == "department"}
        or {statistics.NO_DEPARTMENT},
        "montant": {amount_band(laureate.amount)},
        "etat": {laureate.project_state or UNKNOWN},
    }


def naive():
    """{dimension: {value: (laureates, known amounts, total or None)}} of the public laureates."""
    amounts = {name: defaultdict(list) for name in statistics.DIMENSIONS}
    for laureate in Laureate.objects.select_related("announcement"):
        if is_public(laureate):
            for name, values in naive_values(laureate).items():
                for value in values:
                    amounts[name][value].append(laureate.amount)
    return {
        name: {value: figures_of(found) for value, found in values.items()}
        for name, values in amounts.items()
    }


def figures_of(amounts):
    known = [amount for amount in amounts if amount is not None]
    return len(amounts), len(known), sum(known) if known else None


def build_at_random(seed, count=40):
    """Laureates of every kind, public and not, with any number of any value."""
    draw = random.Random(seed)
    ministries = MinistryFactory.create_batch(3)
    organisations = [
        OrganisationFactory(
            kind=draw.choice(["", "operateur", "administration-centrale"]),
            supervising_ministry=draw.choice([None, *ministries]),
        )
        for _ in range(6)
    ]
    themes = ThemeFactory.create_batch(4)
    regions = TerritoryFactory.create_batch(3)
    territories = [
        *regions,
        *(TerritoryFactory(department=True, region=draw.choice(regions)) for _ in range(5)),
        TerritoryFactory(collectivity=True),
        TerritoryFactory(national=True),
    ]
    announcements = [
        AnnouncementFactory(call_year=draw.choice([2018, 2019]), **values)
        for values in ({}, {}, {"draft": True}, {"embargoed": True}, {"withdrawn": True})
    ]
    for _ in range(count):
        LaureateFactory(
            announcement=draw.choice(announcements),
            withdrawn=draw.random() < 0.2,
            amount=draw.choice([None, draw.randint(1, 40_000_000), Decimal("999999.99")]),
            project_state=draw.choice(["", "en-cours", "termine"]),
            carriers=draw.sample([*organisations, *ministries], draw.randint(0, 3)),
            themes=draw.sample(themes, draw.randint(0, 3)),
            territories=draw.sample(territories, draw.randint(0, 3)),
        )


@pytest.mark.parametrize("seed", range(3))
def test_tables_are_what_a_naive_count_gives(seed):
    build_at_random(seed)
    assert {name: counted(table) for name, table in tables().items()} == naive()


@pytest.mark.parametrize("seed", range(3))
def test_sums_are_those_of_the_whole(seed):
    build_at_random(seed)
    public = [laureate for laureate in Laureate.objects.all() if is_public(laureate)]
    for name, table in tables().items():
        whole = table.whole
        assert (whole.laureates, whole.with_amount, whole.total) == figures_of(
            [laureate.amount for laureate in public]
        )
        total = sum(row.laureates for row in table.rows)
        if name in MULTIVALUED:
            assert total >= whole.laureates
        else:
            assert total == whole.laureates
            assert sum(row.share for row in table.rows) == pytest.approx(1)
        for row in table.rows:
            assert row.share == pytest.approx(Decimal(row.laureates) / whole.laureates)
            assert (row.total is None) == (row.with_amount == 0)


@pytest.mark.parametrize("seed", range(2))
def test_each_row_leads_to_its_laureates(client, seed):
    build_at_random(seed)
    themes = list(
        Laureate.objects.published().exclude(themes=None).values_list("themes__slug", flat=True)
    )
    for query in ("", "annee=2019", f"theme={themes[0]}&theme={themes[-1]}&montant=non-communique"):
        response = client.get(f"{URL}?{query}")
        linked = 0
        for part in response.context["parts"]:
            for row, url in part.rows:
                if url:
                    linked += 1
                    library = LaureateFilterSet(QueryDict(urlsplit(url).query))
                    assert not library.problems
                    assert library.count == row.laureates, url
        assert linked >= len(response.context["parts"]) - 1


# Each dimension --------------------------------------------------------------


def test_departments_count_in_their_region_once():
    region = TerritoryFactory(name="Grand Est", slug="grand-est", code="44")
    vosges, meuse = (
        TerritoryFactory(department=True, code=code, slug=f"dep-{code}", region=region)
        for code in ("88", "55")
    )
    national = TerritoryFactory(national=True)
    LaureateFactory(territories=[vosges, meuse], amount=100)
    LaureateFactory(territories=[region])
    LaureateFactory(territories=[national])
    LaureateFactory()
    found = tables()
    assert counted(found["region"]) == {
        "grand-est": (2, 1, 100),
        "national": (1, 0, None),
        UNKNOWN: (1, 0, None),
    }
    assert counted(found["departement"]) == {
        "dep-88": (1, 1, 100),
        "dep-55": (1, 1, 100),
        statistics.NO_DEPARTMENT: (3, 0, None),
    }
    assert [(row.place, row.is_apart) for row in found["region"].rows] == [
        (("region", "44"), False),
        (None, True),
        (None, True),
    ]


def test_the_most_frequent_come_first_and_the_unknown_last():
    rare, common = ThemeFactory(position=1), ThemeFactory(position=2)
    LaureateFactory(themes=[rare, common])
    LaureateFactory(themes=[common])
    LaureateFactory.create_batch(3)
    rows = tables()["theme"].rows
    assert [(row.value, row.is_apart) for row in rows] == [
        (common.slug, False),
        (rare.slug, False),
        (UNKNOWN, True),
    ]


def test_years_and_amounts_keep_their_order():
    for year, amount in ((2018, 30_000_000), (2019, 200_000), (2019, 300_000), (2020, None)):
        LaureateFactory(announcement__call_year=year, amount=amount)
    found = tables()
    assert [row.value for row in found["annee"].rows] == ["2020", "2019", "2018"]
    assert [row.value for row in found["montant"].rows] == [
        "moins-de-1-million",
        "20-millions-et-plus",
        AMOUNT_UNKNOWN,
    ]


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [(1, 16, "6,3\u00a0%"), (1, 3, "33,3\u00a0%"), (2, 2, "100\u00a0%"), (1, 8, "12,5\u00a0%")],
)
def test_shares_are_rounded_as_people_round(part, whole, expected):
    LaureateFactory.create_batch(part, announcement__call_year=2019)
    LaureateFactory.create_batch(whole - part, announcement__call_year=2018)
    assert tables()["annee"].rows[0].percent == expected


def test_filters_narrow_every_table():
    theme = ThemeFactory(slug="eau")
    LaureateFactory(themes=[theme], amount=5, announcement__call_year=2019)
    LaureateFactory(amount=7, announcement__call_year=2018)
    found = tables(theme="eau")
    assert counted(found["annee"]) == {"2019": (1, 1, 5)}
    assert found["annee"].whole.total == 5


# The page --------------------------------------------------------------------


def test_what_is_not_public_weighs_on_nothing(client):
    LaureateFactory(amount=1000, themes=[ThemeFactory(name="Eau", slug="eau")])
    before = client.get(URL).content
    for trait in ("draft", "embargoed", "withdrawn"):
        LaureateFactory(
            announcement=AnnouncementFactory(call_year=2031, **{trait: True}),
            amount=987654321,
            themes=[ThemeFactory(name=f"Zorglub {trait}")],
            territories=[TerritoryFactory(name="Zorglubie")],
            carriers=[MinistryFactory(name=f"Ministère Zorglub {trait}")],
        )
    LaureateFactory(announcement=AnnouncementFactory(), withdrawn=True, amount=987654321)
    after = client.get(URL)
    # The empty announcement of the withdrawn laureate is public, and no more than named.
    assert b"orglub" not in after.content
    assert "2031" not in after.content.decode()
    assert "987" not in after.content.decode()
    tables_of = re.compile(rb"<table.*?</table>|<svg.*?</svg>", re.DOTALL)
    assert tables_of.findall(after.content) == tables_of.findall(before)


def test_every_total_says_how_many_amounts_it_adds(client):
    LaureateFactory(amount=2_000_000)
    LaureateFactory(amount=500_000)
    LaureateFactory()
    html = client.get(URL).content.decode()
    assert "2 montants connus sur 3, en tout 2\u202f500\u202f000\u00a0€." in html
    assert "2 montants connus sur 3</span>" in html
    for cell in re.findall(r"<td[^>]*>([^<]*€)(.*?)</td>", html):
        assert re.search(r"montants? connus? sur \d", cell[1])


def test_an_unknown_amount_is_never_zero(client):
    LaureateFactory()
    html = client.get(URL).content.decode()
    assert "Aucun montant connu sur 1." in html
    assert "non communiqué" in html
    assert not re.search(r"\b0\u00a0€", html)


def test_a_session_known_in_part_says_so(client):
    announcement = LaureateFactory().announcement
    assert "rien ne dit si la liste est complète" in client.get(URL).content.decode()
    ClaimFactory(announcement=announcement, value=16)
    html = client.get(URL).content.decode()
    assert "Des annonces connues en partie" in html
    assert "1 lauréat recensé ici sur 16" in html
    LaureateFactory.create_batch(15, announcement=announcement)
    assert "Des annonces connues en partie" not in client.get(URL).content.decode()


def test_tables_and_charts_can_be_read_by_anyone(client):
    LaureateFactory(
        themes=[ThemeFactory()], territories=[TerritoryFactory(code="44", slug="grand-est")]
    )
    html = client.get(URL).content.decode()
    found = re.findall(r"<table.*?</table>", html, re.DOTALL)
    assert len(found) == len(statistics.DIMENSIONS)
    for table in found:
        assert "<caption" in table
        assert table.count('scope="col"') == 4
        assert table.count('scope="row"') == table.count("<tr") - 1
    drawings = re.findall(r'<svg class="ftap-chart".*?</svg>', html, re.DOTALL)
    assert len(drawings) == len(statistics.DIMENSIONS)
    for drawing in drawings:
        names = re.search(r'role="img" aria-labelledby="(\S+) (\S+)"', drawing)
        assert f'<title id="{names[1]}">' in drawing
        assert f'<desc id="{names[2]}">' in drawing
        assert "<a " not in drawing
    identifiers = re.findall(r'\sid="([^"]+)"', html)
    assert len(identifiers) == len(set(identifiers))


def test_the_map_prints_the_numbers_of_its_table(client):
    region = TerritoryFactory(code="44", slug="grand-est", name="Grand Est")
    LaureateFactory(territories=[region])
    LaureateFactory(territories=[TerritoryFactory(department=True, code="88", region=region)])
    LaureateFactory()
    found = parts(client.get(URL))
    tiles = {tile.sign: tile.number for tile in found["region"].map.tiles}
    assert tiles["GES"] == 2
    assert sum(tiles.values()) == 2
    assert {tile.sign: tile.number for tile in found["departement"].map.tiles}["88"] == 1
    assert [row.value for row in found["region"].off_map] == [UNKNOWN]


def test_a_territory_without_a_tile_is_told_beside_the_map(client):
    LaureateFactory(territories=[TerritoryFactory(code="zzz", name="Atlantide", slug="atlantide")])
    assert "Atlantide\u00a0: 1 lauréat" in client.get(URL).content.decode().replace(
        "&nbsp;", "\xa0"
    )


def test_values_are_escaped(client):
    LaureateFactory(themes=[ThemeFactory(name='<b>Eau</b> & "air"')])
    html = client.get(URL).content.decode()
    assert "<b>Eau" not in html
    assert "&lt;b&gt;Eau&lt;/b&gt; &amp; &#34;air&#34;" in html


def test_filters_are_those_of_the_library(client):
    LaureateFactory(themes=[ThemeFactory(slug="eau", name="Eau")])
    LaureateFactory(announcement__call_year=2021)
    response = client.get(f"{URL}?theme=eau&annee=zorglub&tri=titre&utm=x")
    html = response.content.decode()
    assert "1 projet lauréat sur le thème «\u00a0Eau\u00a0»" in html
    assert "zorglub" in html
    assert f'<link rel="canonical" href="http://testserver{URL}?theme=eau">' in html
    assert 'name="robots" content="noindex' in html
    assert f'href="{reverse("laureates:library")}?theme=eau"' in html
    assert 'href="/statistiques/etat.csv?theme=eau"' in html
    assert "noindex" not in client.get(URL).content.decode()


def test_a_row_that_no_filter_gives_is_not_a_link(client):
    eau, air = ThemeFactory(slug="eau"), ThemeFactory(slug="air")
    LaureateFactory(themes=[eau, air])
    LaureateFactory(themes=[air])
    rows = {
        row.value: (row.laureates, url)
        for row, url in parts(client.get(f"{URL}?theme=eau"))["theme"].rows
    }
    # The library's filter on « air » would show two projects, and not this one alone.
    assert rows["air"] == (1, "")
    assert rows["eau"] == (1, "/laureats/?theme=eau")


def test_nothing_to_count_is_said(client):
    assert "Aucun projet n’est publié pour l’instant." in client.get(URL).content.decode()
    LaureateFactory(announcement__call_year=2019)
    html = client.get(f"{URL}?annee=2020").content.decode()
    assert "Aucun projet ne répond à ces filtres" in html
    assert "<table" not in html


@pytest.mark.parametrize(
    "query", ["?annee=%00", "?theme=" + "x" * 3000, "?q=%ff&montant=1&montant=2", "?page=-1&tri=?"]
)
def test_no_query_breaks_the_page_nor_its_files(client, query):
    LaureateFactory()
    assert client.get(URL + query).status_code == 200
    assert client.get(f"{URL}region.csv{query}").status_code == 200


def test_answers_are_validated_before_each_use(client):
    LaureateFactory()
    for url in (URL, f"{URL}theme.csv"):
        response = client.get(url)
        assert response["Cache-Control"] == "public, no-cache"
        again = client.get(url, headers={"if-none-match": response["ETag"]})
        assert again.status_code == 304
        assert not response.cookies


@pytest.mark.parametrize("count", [1, 9])
def test_query_budget(client, django_assert_num_queries, count):
    for _ in range(count):
        region = TerritoryFactory()
        LaureateFactory(
            announcement=AnnouncementFactory(),
            themes=ThemeFactory.create_batch(2),
            territories=[region, TerritoryFactory(department=True, region=region)],
            carriers=[OrganisationFactory(supervising_ministry=MinistryFactory())],
            amount=5,
        )
    # What is public (four); the names of values (five), territories; announcements, what they
    # claim, those known in part and what is known of them (five).
    with django_assert_num_queries(15):
        client.get(f"{URL}?montant=1-a-5-millions&montant=moins-de-1-million")


# Files -----------------------------------------------------------------------


def read_csv(response):
    text = response.content.decode("utf-8")
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))


@pytest.mark.parametrize("name", statistics.DIMENSIONS)
def test_a_file_holds_its_table(client, name):
    build_at_random(7, count=15)
    response = client.get(f"{URL}{name}.csv?annee=2019")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert f'filename="statistiques-{name}.csv"' in response["Content-Disposition"]
    header, *rows = read_csv(response)
    table = tables(annee="2019")[name]
    assert header[1] == table.dimension.heading
    assert len(rows) == len(table.rows) + 1
    for cells, row in zip(rows, (*table.rows, table.whole), strict=True):
        assert cells[0] == row.value
        assert (int(cells[2]), int(cells[4])) == (row.laureates, row.with_amount)
        total = cells[5].replace(",", ".")
        assert (Decimal(total) if total else None) == row.total
        assert "de l’année" in cells[6]
        assert cells[8] == "Licence Ouverte 2.0 (etalab-2.0)"


def test_a_name_in_a_file_is_no_formula(client):
    LaureateFactory(themes=[ThemeFactory(name="=1+1", slug="un")])
    assert read_csv(client.get(f"{URL}theme.csv"))[1][:2] == ["un", "'=1+1"]


def test_a_file_of_nothing_has_the_whole_alone(client):
    rows = read_csv(client.get(f"{URL}annee.csv"))
    assert [row[:6] for row in rows[1:]] == [["", "Ensemble", "0", "100%", "0", ""]]


@pytest.mark.parametrize("name", ["inconnue", "organisation", "annonce"])
def test_only_the_tables_of_the_page_have_a_file(client, name):
    assert client.get(f"{URL}{name}.csv").status_code == 404
