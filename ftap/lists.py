"""Lists of the staff whose cost does not grow with the data: counted up to a bound, sorted by keys
alone; the rows of one page are read afterwards, with their columns."""

from datetime import date
from functools import partial

from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.functional import SimpleLazyObject, cached_property

COUNT_MAX = 10_000
# Beyond, how many wait is not told: « plus de 1 000 ».
TOLD_MAX = 1_000


def _counted(queryset: QuerySet, most: int) -> int:
    """How many rows there are, `most` + 1 when there are more than `most`."""
    return queryset.order_by().values("pk")[: most + 1].count()


def tally(queryset: QuerySet) -> dict:
    """{"count", "is_more"}: how many rows there are, counted no further than TOLD_MAX."""
    found = _counted(queryset, TOLD_MAX)
    return {"count": min(found, TOLD_MAX), "is_more": found > TOLD_MAX}


class BoundedPaginator(Paginator):
    """Counts no further than COUNT_MAX. Where there is more, `is_bounded`: `count` is what can be
    turned over, and filters or a search reach the rest."""

    @cached_property
    def _found(self) -> int:
        return _counted(self.object_list, COUNT_MAX)

    @cached_property
    def count(self) -> int:
        return min(self._found, COUNT_MAX)

    @property
    def is_bounded(self) -> bool:
        return self._found > COUNT_MAX


def rows_of(keys: list, queryset: QuerySet) -> list:
    """The rows of `queryset` with these primary keys, in the order of the keys."""
    rows = {row.pk: row for row in queryset.order_by().filter(pk__in=keys)}
    return [rows[key] for key in keys if key in rows]


def _dates(queryset: QuerySet, name: str, kind: str) -> list[date]:
    """What QuerySet.dates gives: the database tells the days apart, many rows having the same;
    it would cut that of each row, which SQLite asks of Python."""
    days = queryset.order_by().exclude(**{name: None}).values_list(name, flat=True).distinct()
    first = {"year": {"month": 1, "day": 1}, "month": {"day": 1}, "day": {}}[kind]
    return sorted({day.replace(**first) for day in days})


class KeyedList(ChangeList):
    """A list that finds which rows its page holds before it reads them.

    What a screen shows besides is annotated in `with_columns`, on the rows of the page alone; what
    it may be sorted by, in the screen's own queryset.
    """

    def get_results(self, request):
        super().get_results(request)
        # What the links to years, months and days ask.
        self.queryset.dates = partial(_dates, self.queryset)
        page = self.result_list
        # Read when it is shown: an export asks the list for its query alone.
        self.result_list = SimpleLazyObject(lambda: self._read(page))

    def _read(self, page: QuerySet) -> list:
        keys = list(page.values_list("pk", flat=True))
        return rows_of(keys, self.apply_select_related(self.with_columns(self.root_queryset)))

    def with_columns(self, queryset: QuerySet) -> QuerySet:
        return queryset
