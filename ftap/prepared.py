"""Queries that pages ask without end: the ORM writes their SQL once, as compiling it again takes
longer than the answer."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache, cached_property

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model, QuerySet
from django.utils import timezone

# Samples that no query holds of itself: a key, a text.
KEY, TEXT = 1_000_003, "\x01"
_ASKED, _MOMENT, _CONSTANT = "asked", "moment", "constant"
# As SQLite is given one.
_WRITTEN_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?")


def fetched(sql: str, parameters: Sequence, database: BaseDatabaseWrapper = connection) -> list:
    """The rows of a query whose text is always the same: PostgreSQL keeps how it reads and plans
    it, which takes longer than the answer. A list stands for an array there."""
    if database.vendor == "postgresql":
        cursor, parameters = _preparing(database), _typed(parameters, database.Database)
    else:
        cursor = database.cursor()
    with cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def _preparing(database):
    database.ensure_connection()
    # Only cursors that bind on the server prepare: Django's usual ones do not.
    database.connection.prepare_threshold = 1
    make = database.make_debug_cursor if database.queries_logged else database.make_cursor
    return make(database.Database.Cursor(database.connection))


def _typed(values, psycopg):
    """The same, whole numbers having one size whatever they are: another makes another query."""
    kinds = {int: psycopg.types.numeric.Int8, list: lambda items: _typed(items, psycopg)}
    return [kinds[type(value)](value) if type(value) in kinds else value for value in values]


class Prepared:
    """The rows of a query, as tuples of what the engine gives: ask it for texts and integers.

    `build` makes the query from values that stand for those asked later; `samples` are such values,
    all different, found in no other place of the query. `moments` says how many of its parameters
    are the moment when it is asked, as `published()` reads it: no other may be a moment.
    """

    def __init__(self, build: Callable[..., QuerySet], *samples, moments: int = 0):
        self.build, self.samples, self.moments = build, samples, moments

    @cached_property
    def _written(self) -> tuple[str, list]:
        """The SQL, and what gives each of its parameters from the values asked and the moment."""
        sql, parameters = self.build(*self.samples).query.sql_with_params()
        parts = [self._part(value) for value in parameters]
        if {rank for kind, rank in parts if kind is _ASKED} != set(range(len(self.samples))):
            raise AssertionError("a sample is not found in the query")
        if sum(kind is _MOMENT for kind, _ in parts) != self.moments:
            raise AssertionError("the moments of the query are not those told")
        return sql, parts

    def _part(self, value) -> tuple[str, object]:
        if value in self.samples:
            return _ASKED, self.samples.index(value)
        is_moment = isinstance(value, datetime) or (
            isinstance(value, str) and _WRITTEN_MOMENT.fullmatch(value)
        )
        return (_MOMENT, None) if is_moment else (_CONSTANT, value)

    def rows(self, *values) -> list[tuple]:
        sql, parts = self._written
        now = self.moments and connection.ops.adapt_datetimefield_value(timezone.now())
        given = [
            values[value] if kind is _ASKED else now if kind is _MOMENT else value
            for kind, value in parts
        ]
        return fetched(sql, given)

    def row(self, *values) -> tuple | None:
        """The first row, or None."""
        return next(iter(self.rows(*values)), None)

    @cached_property
    def _columns(self) -> tuple[type[Model], list[str], list]:
        """The model, the names of its fields that are read, what makes their values."""
        query = self.build(*self.samples)
        compiler = query.query.get_compiler(connection=connection)
        compiler.setup_query()
        fields = [column.target for column, *_ in compiler.select]
        if query.query.annotation_select or {field.model for field in fields} != {query.model}:
            raise AssertionError("the fields of one model are read")
        converters = compiler.get_converters([column for column, *_ in compiler.select])
        return query.model, [field.attname for field in fields], list(converters.items())

    def objects(self, *values) -> list:
        """The rows as instances of the model; the query reads nothing but its fields."""
        model, names, converters = self._columns
        found = []
        for row in map(list, self.rows(*values)):
            for rank, (functions, expression) in converters:
                for function in functions:
                    row[rank] = function(row[rank], expression, connection)
            found.append(model.from_db(connection.alias, names, row))
        return found


class PreparedByKey:
    """The rows of some primary keys, which they begin with; `build` makes their query from keys."""

    def __init__(self, build: Callable[[Sequence[int]], QuerySet]):
        self._of_size = cache(lambda size: Prepared(lambda *keys: build(keys), *range(1, size + 1)))

    def rows(self, keys: Sequence[int]) -> list[tuple]:
        """What follows the key of each, in the order of `keys`, those that lack left out: one
        query."""
        if not keys:
            return []
        # A key asked twice is found once: the sizes of queries are few.
        size = 1 << (len(keys) - 1).bit_length()
        asked = (*keys, *[keys[0]] * (size - len(keys)))
        found = {row[0]: row[1:] for row in self._of_size(size).rows(*asked)}
        return [found[key] for key in keys if key in found]
