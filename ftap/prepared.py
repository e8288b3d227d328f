"""Queries that pages ask without end: the ORM writes their SQL once, as compiling it again takes
longer than the answer."""

from collections.abc import Callable
from functools import cached_property

from django.db import connection
from django.db.models import Model, QuerySet


class Prepared:
    """The rows of a query, as tuples of what the engine gives: ask it for texts and integers.

    `build` makes the query from values that stand for those asked later; `samples` are such values,
    all different, found in no other place of the query.
    """

    def __init__(self, build: Callable[..., QuerySet], *samples):
        self.build, self.samples = build, samples

    @cached_property
    def _written(self) -> tuple[str, list]:
        """The SQL, and each of its parameters: (is asked, rank) or (False, constant)."""
        sql, parameters = self.build(*self.samples).query.sql_with_params()
        parts = [
            (True, self.samples.index(value)) if value in self.samples else (False, value)
            for value in parameters
        ]
        if {part for is_asked, part in parts if is_asked} != set(range(len(self.samples))):
            raise AssertionError("a sample is not found in the query")
        return sql, parts

    def rows(self, *values) -> list[tuple]:
        sql, parts = self._written
        with connection.cursor() as cursor:
            cursor.execute(sql, [values[part] if is_asked else part for is_asked, part in parts])
            return cursor.fetchall()

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
