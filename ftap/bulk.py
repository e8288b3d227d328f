"""Rows written by thousands, as values: no instance is made of each, and no query is built."""

import gc
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
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
    size = min(ROWS, VALUES // len(fields))
    for batch in _batches(fields, rows, size):
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                query = _insertion(model, fields, replaces, len(batch))
                cursor.execute(query, list(chain.from_iterable(batch)))
            elif replaces:
                cursor.execute(_insertion(model, fields, replaces, 0), [_json(batch)])
            else:
                with (
                    connection.wrap_database_errors,
                    cursor.copy(f"COPY {_table(model, fields)} FROM STDIN") as copy,
                ):
                    for row in batch:
                        copy.write_row(row)


def update(model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence]) -> None:
    """Give columns `names` of rows that exist their values, [(primary key, *values)]."""
    fields = (model._meta.pk, *(_field(model, name) for name in names))
    for batch in _batches(fields, rows, ROWS):
        with connection.cursor() as cursor:
            query = _change(model, fields, connection.vendor)
            if connection.vendor == "sqlite":
                cursor.executemany(query, [(*row[1:], row[0]) for row in batch])
            else:
                cursor.execute(query, [_json(batch)])


def _batches(fields, rows, size):
    """The rows by so many, their values as the database takes them."""
    prepared = [(rank, field) for rank, field in enumerate(fields) if not _is_plain(field)]
    rows = iter(rows)
    while batch := list(islice(rows, size)):
        if prepared:
            columns = list(zip(*batch, strict=True))
            for rank, field in prepared:
                columns[rank] = _prepared(field, columns[rank])
            batch = list(zip(*columns, strict=True))
        yield batch


@contextmanager
def undisturbed() -> Iterator[None]:
    """Look for no cycles of objects inside: thousands of rows made at once would set it off
    hundreds of times, and find none."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


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
    if all(value is values[0] for value in values):
        return [field.get_db_prep_save(values[0], connection)] * len(values)
    if not isinstance(field, models.DateField | models.DecimalField):
        return [field.get_db_prep_save(value, connection) for value in values]
    known = {value: field.get_db_prep_save(value, connection) for value in set(values)}
    return [known[value] for value in values]


def _json(rows):
    """Rows as one JSON text: PostgreSQL reads it faster than arrays are written for it."""
    # The adapter of a JSON value holds the value.
    return json.dumps(rows, default=lambda value: getattr(value, "obj", str(value)))


def _table(model, fields):
    quote = connection.ops.quote_name
    return f"{quote(model._meta.db_table)} ({', '.join(quote(one.column) for one in fields)})"


def _given(fields):
    """The rows of a JSON text, as a table `given` that has the columns of `fields`."""
    quote = connection.ops.quote_name
    values = ", ".join(
        f"{_cell(field, rank)} AS {quote(field.column)}" for rank, field in enumerate(fields)
    )
    return f"(SELECT {values} FROM json_array_elements(%s::json) AS given(row)) AS given"  # noqa: S608


def _cell(field, rank):
    text, kind = f"given.row ->> {rank}", field.rel_db_type(connection)
    if isinstance(field, models.JSONField):
        # A text would lose its quotes.
        return f"CASE WHEN {text} IS NOT NULL THEN (given.row -> {rank})::{kind} END"
    return f"({text})::{kind}"


@lru_cache(maxsize=64)
def _insertion(model, fields, replaces, count):
    quote = connection.ops.quote_name
    query = f"INSERT INTO {_table(model, fields)} "
    if count:
        row = f"({', '.join(['%s'] * len(fields))})"
        query += f"VALUES {', '.join([row] * count)}"
    else:
        query += f"SELECT * FROM {_given(fields)}"  # noqa: S608
    if replaces:
        key = model._meta.pk
        others = [quote(field.column) for field in fields if field is not key]
        changed = ", ".join(f"{column} = excluded.{column}" for column in others)
        query += f" ON CONFLICT ({quote(key.column)}) DO UPDATE SET {changed}"
    return query


@cache
def _change(model, fields, vendor):
    quote = connection.ops.quote_name
    table, key, *columns = (
        quote(name) for name in (model._meta.db_table, *(field.column for field in fields))
    )
    if vendor == "sqlite":
        changes = ", ".join(f"{column} = %s" for column in columns)
        return f"UPDATE {table} SET {changes} WHERE {key} = %s"  # noqa: S608
    changes = ", ".join(f"{column} = given.{column}" for column in columns)
    return (
        f"UPDATE {table} SET {changes} FROM {_given(fields)} "  # noqa: S608
        f"WHERE {table}.{key} = given.{key}"
    )
