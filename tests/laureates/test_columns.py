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


def test_more_values_than_two_bytes_hold_are_counted_too(monkeypatch):
    values = bitmaps({str(rank): {rank} for rank in range(1, 300)})
    monkeypatch.setattr(columns, "_FEW", 299)
    assert Column(values).layers[0][1].typecode == "I"
    monkeypatch.setattr(columns, "_FEW", 300)
    column = Column(values)
    assert column.layers[0][1].typecode == "H"
    more = values | {"une de plus": BitMap({300})}
    assert column.mended(more, BitMap({300})) is None
    assert column.mended(values | {"1": BitMap()}, BitMap({1})).count(BitMap({1, 2})) == {"2": 1}


def test_many_laureates_or_many_values_of_one_are_left_to_bitmaps():
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
