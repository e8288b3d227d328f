"""The statistics page: tables, each with a chart drawn on the server, and their files."""

from dataclasses import dataclass, field

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.generic import TemplateView

from ftap import sheets
from laureates import charts, figures, statistics
from laureates.filters import LaureateFilterSet
from laureates.models import Announcement
from laureates.views.kept import KeptPageMixin, PublicMixin
from laureates.views.public import PublicLaureateMixin

# Announcements named on the page; the list of all is a link away.
MAX_UNKNOWN = 30
LICENCE = "Licence Ouverte 2.0 (etalab-2.0)"


@dataclass(frozen=True)
class Part:
    """A table of the page, each row with its list in the library, and its chart: bars or a map.

    `off_map` are the rows that the map has no tile for: national, unknown.
    """

    table: statistics.Table
    rows: list[tuple[statistics.Row, str]]
    file_url: str
    is_filtered: bool
    bars: charts.BarChart | None = None
    map: charts.TileMap | None = None
    off_map: list[statistics.Row] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.table.dimension.name


def _incomplete() -> tuple[list, list, int]:
    """The public announcements known in part, the latest of those of which nothing says so, and
    how many more there are."""
    rows = figures.with_completeness(Announcement.objects.published().latest_first())
    unknown = [row for row in rows if row.completeness.is_unknown]
    partial = [row for row in rows if row.completeness.is_partial]
    return partial, unknown[:MAX_UNKNOWN], len(unknown[MAX_UNKNOWN:])


class StatisticsMixin(PublicMixin, PublicLaureateMixin):
    """The published laureates under the filters of the query string, those of the library."""

    def dispatch(self, request, *args, **kwargs):
        self.filterset = LaureateFilterSet(request.GET, self.get_queryset(), self.version)
        return super().dispatch(request, *args, **kwargs)

    def tables(self, names=tuple(statistics.DIMENSIONS)):
        filterset = self.filterset

        def make():
            return statistics.tables(filterset.bitmaps, filterset.ids, names)

        if filterset.is_filtered:
            return make()
        return filterset.public.kept(("tables", tuple(names)), make)

    def address(self, name, *args, **changes):
        """An address under the same filters but for `changes`; the sort of a list is left out."""
        query = self.filterset.querystring(**({"tri": None} | changes))
        return reverse(f"laureates:{name}", args=args) + (f"?{query}" if query else "")


class StatisticsView(KeptPageMixin, StatisticsMixin, TemplateView):
    """What the published laureates add up to, by year, theme, carrier, territory and amount."""

    template_name = "laureates/statistics/page.html"

    def get_page_title(self):
        if self.filterset.active:
            return f"Statistiques\u00a0: {self.filterset.heading}"
        return "Statistiques des projets lauréats"

    def get_page_description(self):
        return (
            "Les projets lauréats du Fonds pour la transformation de l’action publique en "
            "chiffres\u00a0: par année, thème, type de porteur, ministère, territoire et montant."
        )

    def get_canonical_path(self):
        return self.address("statistics")

    def get_context_data(self, **kwargs):
        tables = self.tables()
        partial, unknown, more = self.filterset.public.kept("completeness", _incomplete)
        return super().get_context_data(
            filterset=self.filterset,
            active=[
                (tag.label, reverse("laureates:statistics") + (tag.query and f"?{tag.query}"))
                for tag in self.filterset.active
            ],
            problems=self.filterset.problems,
            library_url=self.address("library"),
            whole=next(iter(tables.values())).whole,
            parts=[self._part(table) for table in tables.values()],
            partial=partial,
            unknown=unknown,
            more_unknown=more,
            as_of=self.filterset.version.changed_at,
            noindex=bool(self.request.GET),
            **kwargs,
        )

    def _part(self, table):
        dimension = table.dimension
        rows = [(row, self._library_url(table, row)) for row in table.rows]
        file_url = self.address("statistics_table", dimension.name)
        layout = charts.LAYOUTS.get(dimension.name)
        is_filtered = bool(self.filterset.active)
        if layout is None:
            return Part(table, rows, file_url, is_filtered, bars=charts.bars(table.rows))
        counts = {row.place: row.laureates for row in table.rows if row.place}
        names = {row.place: row.label for row in table.rows if row.place}
        on_map = {(place.kind, place.code) for place in layout.places}
        return Part(
            table,
            rows,
            file_url,
            is_filtered,
            map=charts.tile_map(layout, counts, names),
            off_map=[row for row in table.rows if row.place not in on_map],
        )

    def _library_url(self, table, row):
        """The library's list of exactly the laureates of a row, "" when no filter gives it.

        Where several values of a facet are asked for, one more cannot be told from them.
        """
        facet = table.dimension.facet
        chosen = self.filterset.data_read.getlist(facet.name)
        if not row.laureates or not row.is_filter:
            return ""
        if facet.is_multivalued and chosen and row.value not in chosen:
            return ""
        return self.address("library", **{facet.name: [row.value]})


class StatisticsTableView(StatisticsMixin):
    """A table of the page as CSV, under the same filters."""

    COLUMNS = (
        sheets.Column("value", "Identifiant"),
        sheets.Column("label", ""),
        sheets.Column("laureates", "Lauréats", sheets.Kind.INTEGER),
        sheets.Column("share", "Part des lauréats", sheets.Kind.PERCENT),
        sheets.Column("with_amount", "Montants connus", sheets.Kind.INTEGER),
        sheets.Column("total", "Total des montants connus (€)", sheets.Kind.EUROS),
        sheets.Column("scope", "Projets comptés"),
        sheets.Column("as_of", "Données au", sheets.Kind.DATE),
        sheets.Column("licence", "Licence"),
    )

    def get(self, request, dimension):
        if dimension not in statistics.DIMENSIONS:
            raise Http404
        table = self.tables([dimension])[dimension]
        changed_at = self.filterset.version.changed_at
        about = {"scope": self.filterset.heading, "as_of": changed_at, "licence": LICENCE}
        heading = table.dimension.heading
        columns = [
            sheets.Column(column.key, column.label or heading, column.kind)
            for column in self.COLUMNS
        ]
        rows = [
            {
                "value": row.value,
                "label": row.label,
                "laureates": row.laureates,
                "share": round(row.share, 4),
                "with_amount": row.with_amount,
                "total": row.total,
                **about,
            }
            for row in (*table.rows, table.whole)
        ]
        content = sheets.write(
            [sheets.Sheet(table.dimension.title, columns, rows)],
            "csv",
            title=table.dimension.title,
            created_at=changed_at or timezone.now(),
        )
        return HttpResponse(
            content,
            content_type=sheets.CONTENT_TYPES["csv"],
            headers={"Content-Disposition": f'attachment; filename="statistiques-{dimension}.csv"'},
        )
