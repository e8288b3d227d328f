"""The statistics page: tables, each with a chart drawn on the server, and their files."""

from dataclasses import dataclass, field
from decimal import Decimal
from urllib.parse import quote, quote_plus

from django.http import Http404, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.generic import TemplateView

from ftap import fast, sheets
from ftap.context_processors import site
from laureates import charts, statistics
from laureates.catalogue import Public
from laureates.facets import FACETS
from laureates.filters import LaureateFilterSet
from laureates.models import Announcement, Claim
from laureates.views.announcement import with_counts
from laureates.views.filter_form import choices_html, not_shown
from laureates.views.kept import KeptPageMixin, PublicMixin
from laureates.views.public import PublicLaureateMixin

# Announcements named on the page; the list of all is a link away.
MAX_UNKNOWN = 30
# What stands for a value in an address: no other part of it holds it.
_HOLE = "\x01"
LICENCE = "Licence Ouverte 2.0 (etalab-2.0)"


@dataclass(frozen=True)
class Part:
    """A table of the page, each row with its list in the library, and its chart: bars or a map.

    `off_map` are the rows that the map has no tile for: national, unknown.
    """

    table: statistics.Table
    rows: list[tuple[statistics.Row, str]]
    file_url: str
    bars: charts.BarChart | None = None
    map: charts.TileMap | None = None
    off_map: list[statistics.Row] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.table.dimension.name


@dataclass(frozen=True)
class Shown:
    """The content of the page, and the tables that it holds."""

    parts: list[Part]
    content: SafeString


def incomplete(public: Public) -> dict:
    """The public announcements known in part, the latest of those of which nothing says so, and
    how many more there are: five queries, which read the rows of none but those."""
    announcements = Announcement.objects.published().latest_first()
    slugs = dict(announcements.values_list("pk", "slug"))
    claims = Claim.objects.published().filter(
        announcement__isnull=False,
        subject=Claim.Subject.LAUREATES,
        scope=Claim.Scope.SESSION,
        exactness=Claim.Exactness.EXACT,
        value__isnull=False,
    )
    announced: dict[int, Decimal] = {}
    for key, value in claims.order_by("position", "slug").values_list("announcement", "value"):
        announced.setdefault(key, value)
    counts = public.counts("annonce")
    short = [
        key for key, slug in slugs.items() if counts.get(slug, 0) < announced.get(key, Decimal(0))
    ]
    unknown = [key for key in slugs if key not in announced]
    rows = Announcement.objects.filter(pk__in=[*short, *unknown[:MAX_UNKNOWN]])
    found = {row.pk: row for row in with_counts(rows, public)}
    return {
        "partial": [
            found[key] for key in short if key in found and found[key].completeness.is_partial
        ],
        "unknown": [found[key] for key in unknown[:MAX_UNKNOWN] if key in found],
        "more_unknown": len(unknown[MAX_UNKNOWN:]),
    }


class StatisticsMixin(PublicMixin, PublicLaureateMixin):
    """The published laureates under the filters of the query string, those of the library."""

    def dispatch(self, request, *args, **kwargs):
        self.filterset = LaureateFilterSet(request.GET, self.get_queryset(), self.version)
        return super().dispatch(request, *args, **kwargs)

    def tables(self, names=tuple(statistics.DIMENSIONS)):
        filterset = self.filterset

        def make():
            return statistics.tables(filterset.public, filterset.ids, names)

        if filterset.is_filtered:
            return make()
        return filterset.public.kept(("tables", tuple(names)), make)

    def address(self, name, *args, **changes):
        """An address under the same filters but for `changes`; the sort of a list is left out."""
        query = self.filterset.querystring(**({"tri": None} | changes))
        return fast.address(f"laureates:{name}", *args) + (f"?{query}" if query else "")


class StatisticsView(KeptPageMixin, StatisticsMixin, TemplateView):
    """What the published laureates add up to, by year, theme, carrier, territory and amount."""

    template_name = "laureates/statistics/page.html"
    holes = ()

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
        filterset = self.filterset
        if filterset.active or filterset.problems:
            shown = self._shown()
        else:
            shown = filterset.public.kept("statistics", self._shown)
        return super().get_context_data(
            content=shown.content, parts=shown.parts, noindex=bool(self.request.GET), **kwargs
        )

    def _shown(self) -> Shown:
        filterset, public = self.filterset, self.filterset.public
        tables, home = self.tables(), fast.address("laureates:statistics")
        parts = [self._part(table) for table in tables.values()]
        content = fast.render(
            "statistics",
            heading=filterset.heading,
            problems=filterset.problems,
            library_url=self.address("library"),
            active=[
                (tag.label, home + (tag.query and f"?{tag.query}")) for tag in filterset.active
            ],
            whole=next(iter(tables.values())).whole,
            filters=self._filters(),
            incomplete=public.kept(
                "incomplete",
                lambda: render_to_string(
                    "laureates/statistics/_incomplete.html", incomplete(public)
                ),
            ),
            parts=parts,
            as_of=filterset.version.changed_at,
            address=site(self.request)["SITE_URL"] + self.get_canonical_path(),
            title=self.get_page_title(),
        )
        return Shown(parts, content)

    def _filters(self) -> SafeString:
        facets = []
        for facet in FACETS.values():
            values = self.filterset.choices(facet)
            html = choices_html(self.filterset, facet, values)
            facets.append((facet.label, html, not_shown(facet, values.hidden)))
        return fast.render("statistics_filters", facets=facets, q=self.filterset.q)

    def _part(self, table):
        dimension = table.dimension
        rows = self._rows(table)
        file_url = self.address("statistics_table", dimension.name)
        layout = charts.LAYOUTS.get(dimension.name)
        if layout is None:
            return Part(table, rows, file_url, bars=charts.bars(table.rows))
        counts = {row.place: row.laureates for row in table.rows if row.place}
        names = {row.place: row.label for row in table.rows if row.place}
        on_map = {(place.kind, place.code) for place in layout.places}
        return Part(
            table,
            rows,
            file_url,
            map=charts.tile_map(layout, counts, names),
            off_map=[row for row in table.rows if row.place not in on_map],
        )

    def _rows(self, table) -> list[tuple[statistics.Row, str]]:
        """Each row with the library's list of exactly its laureates, "" when no filter gives it.

        Where several values of a facet are asked for, one more cannot be told from them.
        """
        facet = table.dimension.facet
        chosen = self.filterset.data_read.getlist(facet.name)
        before, after = self.address("library", **{facet.name: [_HOLE]}).split(quote(_HOLE))
        rows = []
        for row in table.rows:
            is_mixed = facet.is_multivalued and chosen and row.value not in chosen
            is_list = row.laureates and row.is_filter and not is_mixed
            rows.append((row, before + quote_plus(row.value) + after if is_list else ""))
        return rows


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
