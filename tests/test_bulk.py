"""Rows written as values are those that instances would have made."""

import pytest
from django.db import IntegrityError, transaction

from ftap import bulk
from laureates.models import Laureate
from tests.factories import LaureateFactory

pytestmark = pytest.mark.django_db
NAMES = tuple(field.attname for field in Laureate._meta.concrete_fields)
ID = NAMES.index("id")


def held():
    return sorted(Laureate._base_manager.values_list(*NAMES))


def changed(row, **values):
    return tuple(values.get(name, value) for name, value in zip(NAMES, row, strict=True))


def test_what_is_written_is_what_was_read(monkeypatch):
    monkeypatch.setattr(bulk, "ROWS", 2)
    LaureateFactory(amount="1250000.50", source_on="2019-09-25", summary="L’été : 5 %s {} \\ \"'")
    LaureateFactory(amount=None, withdrawn=True)
    LaureateFactory()
    rows = held()
    last = max(row[ID] for row in rows)
    copies = [
        changed(row, id=last + rank, public_id=f"copie{rank}", position=900 + rank)
        for rank, row in enumerate(rows, 1)
    ]
    bulk.write(Laureate, NAMES, iter(copies))
    assert held() == sorted(rows + copies)


def test_a_row_that_exists_is_replaced_where_asked_and_refused_otherwise():
    row, other = LaureateFactory(), LaureateFactory()
    before = {values[ID]: values for values in held()}
    again = changed(before[row.pk], title="Deux", amount=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.write(Laureate, NAMES, [again])
    bulk.write(Laureate, NAMES, [again], replaces=True)
    assert held() == sorted([again, before[other.pk]])


def test_reserved_keys_are_nobody_else_s():
    first = LaureateFactory()
    with transaction.atomic():
        keys = list(bulk.reserve(Laureate, 3))
        assert len(set(keys)) == 3
        assert first.pk < min(keys)
        values = next(row for row in held() if row[ID] == first.pk)
        rows = [
            changed(values, id=key, public_id=f"cle{key}", position=900 + rank)
            for rank, key in enumerate(keys)
        ]
        bulk.write(Laureate, NAMES, rows)
    assert LaureateFactory().pk > max(keys)
