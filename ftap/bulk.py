"""Rows written by thousands, as values: no instance is made of each, and no query is built."""

from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from itertools import chain, islice

from django.db import connection, models

# Rows of one statement, and values: SQLite takes 32,766.
ROWS, VALUES = 1_000, 30_000
# What both engines take as it is.
_AS_IS = (
    models.AutoField,
    models.BooleanField,
    models.CharField,
    models.IntegerField,
    models.TextField,
)


def write(
    model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence], *, replaces=False
) -> None:
    """Insert rows of `names`, columns of a model (`laureate_id` for a key), in that order.

    With `replaces`, a row whose primary key exists is updated. Values are those that fields hold;
    nothing else of the model is asked: no default, no signal. IntegrityError as for any insertion.
    Many rows go in one statement: on SQLite, a full-text table that triggers keep is written once
    for a statement.
    """
    fields = tuple(_field(model, name) for name in names)
    prepared = [(rank, field) for rank, field in enumerate(fields) if not _is_plain(field)]
    rows = iter(rows)
    with connection.cursor() as cursor:
        while batch := list(islice(rows, min(ROWS, VALUES // len(fields)))):
            columns = None
            if prepared or connection.vendor == "postgresql":
                columns = [list(column) for column in zip(*batch, strict=True)]
                for rank, field in prepared:
                    columns[rank] = [
                        field.get_db_prep_save(value, connection) for value in columns[rank]
                    ]
            if connection.vendor == "postgresql":
                cursor.execute(_query(model, fields, replaces, 0), columns)
            else:
                found = zip(*columns, strict=True) if columns else batch
                query = _query(model, fields, replaces, len(batch))
                cursor.execute(query, list(chain.from_iterable(found)))


def reserve(model: type[models.Model], count: int) -> Sequence[int]:
    """So many primary keys that no other row of the model has nor will get, in order.

    On SQLite, inside a transaction that holds the lock of writers.
    """
    table, column = model._meta.db_table, model._meta.pk.column
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
                [f'"{table}"', column, count],
            )
            return [key for (key,) in cursor.fetchall()]
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        row = cursor.fetchone()
        first = (row[0] if row else 0) + 1
        return range(first, first + count)


@cache
def _field(model, name):
    return next(field for field in model._meta.concrete_fields if field.attname == name)


@cache
def _is_plain(field):
    while isinstance(field, models.ForeignKey):
        field = field.target_field
    return isinstance(field, _AS_IS)


@lru_cache(maxsize=64)
def _query(model, fields, replaces, count):
    quote = connection.ops.quote_name
    columns = ", ".join(quote(field.column) for field in fields)
    query = f"INSERT INTO {quote(model._meta.db_table)} ({columns}) "
    if connection.vendor == "postgresql":
        arrays = ", ".join(f"%s::{field.rel_db_type(connection)}[]" for field in fields)
        query += f"SELECT * FROM unnest({arrays})"  # noqa: S608
    else:
        row = f"({', '.join(['%s'] * len(fields))})"
        query += f"VALUES {', '.join([row] * count)}"
    if replaces:
        key = model._meta.pk
        others = [quote(field.column) for field in fields if field is not key]
        changed = ", ".join(f"{column} = excluded.{column}" for column in others)
        query += f" ON CONFLICT ({quote(key.column)}) DO UPDATE SET {changed}"
    return query
