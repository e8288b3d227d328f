"""Columns and orders count and cut as the bitmaps that they are made of, through every change."""

from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from laureates import catalogue, columns
from laureates.columns import Column

KEYS = st.integers(1, 60)
VALUES = st.dictionaries(
    st.sampled_from("abcdefghij"), st.frozensets(KEYS, max_size=30), max_size=10
)


def bitmaps(values):
    return {name: BitMap(keys) for name, keys in values.items()}


def counts(values, ids):
    return {name: number for name, keys in values.items() if (number := len(keys & ids))}


@given(VALUES, st.frozensets(KEYS))
def test_a_column_counts_as_its_bitmaps(values, ids):
    assert Column(bitmaps(values)).count(BitMap(ids)) == counts(values, ids)


@given(VALUES, VALUES, st.frozensets(KEYS), st.frozensets(KEYS))
def test_a_column_follows_the_laureates_that_change(before, after, changed, ids):
    # Those that did not change keep their values.
    now = {
        name: (before.get(name, frozenset()) - changed) | (after.get(name, frozenset()) & changed)
        for name in {**before, **after}
    }
    column = Column(bitmaps(before))
    mended = column.mended(bitmaps(now), BitMap(changed))
    assert mended.count(BitMap(ids)) == counts(now, ids)
    assert column.count(BitMap(ids)) == counts(before, ids)


def test_more_values_than_a_byte_holds_are_counted_too():
    values = bitmaps({str(rank): {rank} for rank in range(1, 256)})
    assert Column(values | {"256": BitMap({256})}).dtype == "uint16"
    column = Column(values)
    assert column.dtype == "uint8"
    assert column.count(BitMap(range(1, 1_000))) == dict.fromkeys(values, 1)
    more = values | {"une de plus": BitMap({300})}
    assert column.mended(more, BitMap({300})) is None
    assert Column(more).count(BitMap({2, 300})) == {"2": 1, "une de plus": 1}
    assert column.mended(values | {"1": BitMap()}, BitMap({1})).count(BitMap({1, 2})) == {"2": 1}


@given(VALUES, st.frozensets(KEYS), st.integers(1, 12))
def test_the_most_frequent_values_of_a_column_come_with_those_as_frequent(values, ids, most):
    counted = counts(values, ids)
    found, others = Column(bitmaps(values)).most_frequent(BitMap(ids), most)
    least = sorted(counted.values())[-most:][0] if counted else 0
    assert found == {name: number for name, number in counted.items() if number >= least}
    assert others == len(counted) - len(found)


@given(VALUES, st.frozensets(KEYS))
def test_the_values_of_a_column_are_those_that_a_laureate_has(values, ids):
    assert Column(bitmaps(values)).values(BitMap(ids)) == counts(values, ids).keys()


def test_many_laureates_or_many_values_of_one_are_left_to_bitmaps(monkeypatch):
    monkeypatch.setattr(columns, "WORTH", 2)
    column = Column(bitmaps({str(rank): {rank} for rank in range(1, 11)}))
    assert column.is_better(BitMap(range(1, 20)))
    assert not column.is_better(BitMap(range(1, 21)))
    assert not Column(bitmaps({str(rank): {1} for rank in range(9)})).is_better(BitMap({1}))
    assert not Column({}).is_better(BitMap({1}))
    # Bitmaps that are spread over more keys take longer.
    spread = Column(bitmaps({str(rank): {rank, rank + (1 << 17)} for rank in range(1, 11)}))
    assert spread.is_better(BitMap(range(1, 40)))
    assert not spread.is_better(BitMap(range(1, 41)))


@given(
    st.dictionaries(st.text("abc", min_size=1, max_size=3), st.integers(1, 5)), st.integers(1, 9)
)
def test_the_most_frequent_values_are_the_first_ones_of_a_sort(numbers, most):
    ranked = sorted(numbers, key=lambda value: (-numbers[value], value))
    found = catalogue.frequent(numbers, most)
    assert found.counts == {value: numbers[value] for value in ranked[:most]}
    assert found.others == len(ranked[most:])
