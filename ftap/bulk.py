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
                    columns[rank] = _prepared(field, columns[rank])
            if connection.vendor == "postgresql":
                cursor.execute(_query(model, fields, replaces, 0), columns)
            else:
                found = zip(*columns, strict=True) if columns else batch
                query = _query(model, fields, replaces, len(batch))
                cursor.execute(query, list(chain.from_iterable(found)))


def instance(model: type[models.Model], **columns):
    """An unsaved row of a model from values by column (`laureate_id` for a key), its defaults
    where none is given: the same as by its class, in a third of the time."""
    return model(
        *[
            columns[name] if name in columns else default() if is_called else default
            for name, default, is_called in _defaults(model)
        ]
    )


@cache
def _defaults(model):
    return [
        (field.attname, field.default, True)
        if callable(field.default) and field.has_default()
        else (field.attname, field.get_default(), False)
        for field in model._meta.concrete_fields
    ]


def update(model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence]) -> None:
    """Give columns `names` of rows that exist their values, [(primary key, *values)]."""
    key = model._meta.pk
    fields = (key, *(_field(model, name) for name in names))
    rows = iter(rows)
    with connection.cursor() as cursor:
        while batch := list(islice(rows, ROWS)):
            columns = [
                list(column) if _is_plain(field) else _prepared(field, column)
                for field, column in zip(fields, zip(*batch, strict=True), strict=True)
            ]
            query = _update(model, fields, connection.vendor)
            if connection.vendor == "postgresql":
                cursor.execute(query, columns)
            else:
                cursor.executemany(query, list(zip(*columns[1:], columns[0], strict=True)))


@cache
def _update(model, fields, vendor):
    quote = connection.ops.quote_name
    table, key, *columns = (quote(name) for name in _names(model, fields))
    if vendor == "postgresql":
        changes = ", ".join(f"{column} = given.{column}" for column in columns)
        arrays = ", ".join(f"%s::{field.rel_db_type(connection)}[]" for field in fields)
        return (
            f"UPDATE {table} SET {changes} "  # noqa: S608
            f"FROM unnest({arrays}) AS given({', '.join((key, *columns))}) "
            f"WHERE {table}.{key} = given.{key}"
        )
    changes = ", ".join(f"{column} = %s" for column in columns)
    return f"UPDATE {table} SET {changes} WHERE {key} = %s"  # noqa: S608


def _names(model, fields):
    return model._meta.db_table, *(field.column for field in fields)


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


def _prepared(field, values):
    """What the database takes for values of a field; the same day or amount comes back often."""
    if not isinstance(field, models.DateField | models.DecimalField):
        return [field.get_db_prep_save(value, connection) for value in values]
    known = {value: field.get_db_prep_save(value, connection) for value in set(values)}
    return [known[value] for value in values]


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
