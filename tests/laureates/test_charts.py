"""Charts: every territory has its tile, and every number its length or its colour."""

from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from laureates import charts
from laureates.charts import bar_chart as drawing
from laureates.charts import tiles


@dataclass(frozen=True)
class Row:
    label: str
    laureates: int
    is_apart: bool = False


rows = st.lists(
    st.builds(Row, st.text(max_size=200), st.integers(0, 10**6), st.booleans()), max_size=30
)


@pytest.fixture(scope="module")
def territories():
    """{(kind, code): name} of the official code, as the reference data hold it."""
    path = Path(settings.FIXTURE_DIRS[0]) / "territories.yaml"
    found = [row["fields"] for row in yaml.safe_load(path.read_text(encoding="utf-8"))]
    return {(row["kind"], row["code"]): row["name"] for row in found if row["kind"] != "national"}


# Tiles -----------------------------------------------------------------------


def test_every_territory_has_one_tile(territories):
    kinds = {"region": {"region", "collectivity"}, "departement": {"department"}}
    for name, shown in kinds.items():
        places = charts.LAYOUTS[name].places
        keys = [(place.kind, place.code) for place in places]
        assert sorted(keys) == sorted(key for key in territories if key[0] in shown)


def test_tiles_of_regions_and_collectivities_bear_their_names(territories):
    for place in charts.LAYOUTS["region"].places:
        assert place.name == territories[place.kind, place.code]


@pytest.mark.parametrize("name", charts.LAYOUTS)
def test_no_two_tiles_share_a_place_or_a_sign(name):
    places = charts.LAYOUTS[name].places
    assert len({(place.column, place.row) for place in places}) == len(places)
    assert len({place.sign for place in places}) == len(places)


@pytest.mark.parametrize("name", charts.LAYOUTS)
def test_the_drawing_holds_every_tile(name):
    drawn = charts.tile_map(charts.LAYOUTS[name], {}, {})
    corners = {(tile.x, tile.y) for tile in drawn.tiles}
    assert len(corners) == len(drawn.tiles)
    for tile in drawn.tiles:
        assert 0 <= tile.x <= drawn.width - drawn.side
        assert 0 <= tile.y <= drawn.height - drawn.side
        assert tile.y < tile.sign_base < tile.number_base < tile.y + drawn.side
    overseas = {tile.sign for tile in drawn.tiles if tile.y > drawn.overseas_base}
    assert overseas & {"971", "REU"}
    assert not overseas & {"59", "HDF", "2A", "COR"}


def test_a_territory_without_laureate_has_zero_and_no_colour():
    layout = charts.LAYOUTS["region"]
    drawn = charts.tile_map(layout, {("region", "44"): 3}, {("region", "44"): "Grand Est (été)"})
    tiles_by_sign = {tile.sign: tile for tile in drawn.tiles}
    assert (tiles_by_sign["GES"].number, tiles_by_sign["GES"].name) == (3, "Grand Est (été)")
    assert (tiles_by_sign["BRE"].number, tiles_by_sign["BRE"].step) == (0, 0)
    assert tiles_by_sign["GES"].step == tiles.STEPS
    assert [tile.sign for tile in drawn.signs][:2] == ["ARA", "BFC"]
    assert not charts.tile_map(charts.LAYOUTS["departement"], {}, {}).signs[2:]


@given(st.integers(0, 5000))
def test_steps_cover_each_number_once(most):
    layout = charts.LAYOUTS["region"]
    drawn = charts.tile_map(layout, {("region", "44"): most}, {})
    covered = [n for step in drawn.steps for n in range(step.low, step.high + 1)]
    assert covered == list(range(1, most + 1))
    ranks = [step.rank for step in drawn.steps]
    assert len(ranks) <= tiles.STEPS
    assert ranks == sorted(set(ranks))
    if most:
        assert ranks[-1] == tiles.STEPS


# Bars ------------------------------------------------------------------------


@given(rows)
def test_bars_are_as_long_as_their_numbers_and_stay_in_the_drawing(found):
    chart = charts.bars(found)
    assert len(chart.bars) + chart.hidden == len(found)
    assert len(chart.bars) <= drawing.MAX_BARS
    longest = max((bar.number for bar in chart.bars), default=0)
    bottom = 0
    for row, bar in zip(found, chart.bars, strict=False):
        assert bar.number == row.laureates
        assert (bar.width == 0) == (bar.number == 0)
        assert bar.width <= drawing.LONGEST
        if bar.number:
            exact = drawing.LONGEST * bar.number / longest
            assert abs(bar.width - max(exact, drawing.SHORTEST)) <= 1
        assert bottom < bar.lines[0].y
        bottom = bar.y + chart.thickness
        assert bar.lines[-1].y < bar.y
        assert bottom <= chart.height


@given(st.text(max_size=400))
def test_labels_keep_to_a_few_short_lines(label):
    (bar,) = charts.bars([Row(label, 1)]).bars
    assert 1 <= len(bar.lines) <= drawing.LABEL_LINES
    assert all(0 < len(line.text) <= drawing.LINE_LENGTH for line in bar.lines)


def test_a_label_cut_says_so():
    (bar,) = charts.bars([Row("mot " * 100, 1)]).bars
    assert bar.lines[-1].text.endswith("…")
