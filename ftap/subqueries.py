"""Counts read with the rows of a list, in the same query."""

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce


def count_of(queryset: QuerySet, field: str, outer: str = "pk") -> Coalesce:
    """A subquery counting the rows of `queryset` whose `field` is the outer row, or the row that
    its foreign key `outer` names."""
    rows = queryset.filter(**{field: OuterRef(outer)}).order_by().values(field)
    return Coalesce(Subquery(rows.annotate(n=Count("pk")).values("n")), 0)


def annotated(queryset: QuerySet, **columns) -> QuerySet:
    """`queryset` with these annotations, but those that it has already."""
    missing = columns.keys() - queryset.query.annotations.keys()
    return queryset.annotate(**{name: columns[name] for name in columns if name in missing})
