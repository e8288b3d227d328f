"""Rows written as values are those that instances would have made."""

import gc
from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from ftap import bulk
from laureates.models import Laureate, LibraryImportRow
from tests.factories import LaureateFactory, LibraryImportRowFactory

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


def test_an_update_writes_the_named_columns_alone(monkeypatch):
    monkeypatch.setattr(bulk, "ROWS", 2)
    rows = [LibraryImportRowFactory(cells=["é", ""], values={"a": "b"}) for _ in range(3)]
    texts = ({"x": ["l’été « % »", None, 1]}, {}, "seul")
    bulk.update(
        LibraryImportRow,
        ("values", "changes", "stored", "is_set_aside", "laureate_id"),
        [(row.pk, text, [], "s" * 64, True, None) for row, text in zip(rows, texts, strict=True)],
    )
    for row, text in zip(rows, texts, strict=True):
        found = LibraryImportRow.objects.get(pk=row.pk)
        assert (found.values, found.changes, found.stored) == (text, [], "s" * 64)
        assert (found.is_set_aside, found.laureate_id) == (True, None)
        assert (found.cells, found.number) == (row.cells, row.number)


def test_an_update_of_amounts_days_and_moments():
    row = LaureateFactory(amount="1.50", source_on="2019-09-25")
    at = timezone.now()
    bulk.update(
        Laureate,
        ("amount", "source_on", "withdrawn_at", "withdrawal_reason"),
        [(row.pk, Decimal("12345678.90"), date(2020, 2, 29), at, "Motif")],
    )
    row.refresh_from_db()
    assert (row.amount, row.source_on) == (Decimal("12345678.90"), date(2020, 2, 29))
    assert (row.withdrawn_at, row.withdrawal_reason) == (at, "Motif")


def test_an_instance_is_that_of_its_class():
    announcement = LaureateFactory().announcement
    given = {"announcement_id": announcement.pk, "position": 7, "title": "Titre", "slug": "titre"}
    made, expected = bulk.instance(Laureate, **given), Laureate(**given)
    expected.public_id = made.public_id
    assert len(made.public_id) == 10
    assert made.public_id != bulk.instance(Laureate).public_id
    assert all(getattr(made, name) == getattr(expected, name) for name in NAMES)
    assert made.announcement == announcement


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


def fail_undisturbed():
    with bulk.undisturbed():
        with bulk.undisturbed():
            assert not gc.isenabled()
        assert not gc.isenabled()
        raise ZeroDivisionError


def test_cycles_are_looked_for_again_however_it_ends():
    with pytest.raises(ZeroDivisionError):
        fail_undisturbed()
    assert gc.isenabled()
