"""The library of laureates."""

from django.http import HttpResponseRedirect
from django.utils.safestring import SafeString
from django.views.generic import TemplateView

from ftap import fast
from ftap.context_processors import site
from laureates.filters import LaureateFilterSet
from laureates.opendata import jsonld
from laureates.views.embed import embed_code
from laureates.views.filter_form import filter_form
from laureates.views.kept import KeptPageMixin
from laureates.views.linked_data import linked_data
from laureates.views.pagination import Listed, paginate
from laureates.views.public import PublicLaureateMixin

PAGE_SIZES = (20, 50, 100)
# One filter of these, alone, makes a page worth a search engine's while; the other combinations
# are without number.
INDEXED_FACETS = ("theme", "ministere", "territoire", "annonce", "annee")


class LibraryView(KeptPageMixin, PublicLaureateMixin, TemplateView):
    """The laureates under the filters of the query string, by pages."""

    template_name = "laureates/library.html"
    holes = ("criteria", "feed", "previous_url", "next_url")

    def get(self, request, *args, **kwargs):
        self.filterset = LaureateFilterSet(request.GET, self.get_queryset(), self.version)
        if (query := self._shortened()) is not None:
            return HttpResponseRedirect(self._url(query))
        self.size, self.size_problem = self._read_size()
        self.pages = paginate(
            Listed(self.filterset.count, self.filterset.page),
            request.GET.get("page", ""),
            self.size,
            self._page_url,
        )
        return super().get(request, *args, **kwargs)

    def get_page_title(self):
        title = "Bibliothèque des projets lauréats"
        if self.filterset.active:
            title = self.filterset.heading
        page = self.pages.page
        if page.number > 1:
            title += f" (page {page.number} sur {page.paginator.num_pages})"
        return title

    def get_page_description(self):
        if self.filterset.active:
            return (
                f"{self.filterset.heading} du Fonds pour la transformation de l’action publique"
                "\u00a0: titres, organismes porteurs, annonces et montants."
            )
        return (
            "Tous les projets lauréats du Fonds pour la transformation de l’action publique, à "
            "filtrer par thème, ministère, organisme, territoire, appel et montant."
        )

    def get_canonical_path(self):
        number = self.pages.page.number
        return self._url(self._query_of(number))

    def get_context_data(self, **kwargs):
        followed = self._followed()
        shown = {
            "filterset": self.filterset,
            "pages": self.pages,
            "active": [
                (tag.label, self._url(self._sized(tag.query))) for tag in self.filterset.active
            ],
            "problems": [
                *self.filterset.problems,
                *filter(None, (self.pages.problem, self.size_problem)),
            ],
            "sizes": [(size, size == self.size) for size in PAGE_SIZES],
            "data_as_of": self.filterset.version.changed_at,
            **followed,
        }
        return super().get_context_data(
            content=fast.render("library", filters_html=filter_form(self.filterset), **shown),
            **shown,
            linked_data=self._linked_data(),
            noindex=not self._is_indexed(),
            criteria=self.filterset.criteria,
            previous_url=self.pages.previous_url,
            next_url=self.pages.next_url,
            **kwargs,
        )

    def _followed(self) -> dict:
        """How to follow the list and to show it elsewhere."""
        query = self.filterset.querystring()
        embed = fast.address("laureates:embed") + (f"?{query}" if query else "")
        followed = self.filterset.querystring(tri=None)
        return {
            "feed": fast.address("laureates:feed") + (f"?{followed}" if followed else ""),
            "embed": embed,
            "embed_code": embed_code(
                site(self.request)["SITE_URL"] + embed,
                " ".join(filter(None, ("Projets lauréats du FTAP", self.filterset.criteria))),
            ),
        }

    def _linked_data(self) -> SafeString:
        shown = jsonld.item_list(
            self.pages,
            self.pages.total,
            site(self.request)["SITE_URL"],
            first=self.pages.page.start_index(),
        )
        trail = [("Lauréats", fast.address("laureates:library"))]
        return linked_data(self.request, trail, shown if self.pages.total else {})

    def _shortened(self) -> str | None:
        """The query string without what says nothing, None when nothing has to go.

        A browser submits every field of the form, empty ones included; a shared address should
        hold only what matters. Unknown parameters and values stay: messages name the latter.
        """
        query = self.request.GET.copy()
        for name, values in list(query.lists()):
            kept = [value for value in values if value.strip()]
            if (name == "page" and kept == ["1"]) or (
                name == "par_page" and kept == [str(PAGE_SIZES[0])]
            ):
                kept = []
            if name == "tri" and kept and self._is_default_sort(kept[-1]):
                kept = []
            query.setlist(name, kept)
        short = query.urlencode()
        return None if short == self.request.GET.urlencode() else short

    def _is_default_sort(self, value: str) -> bool:
        return value == self.filterset.sort and "tri" not in self.filterset.data_read

    def _read_size(self) -> tuple[int, str]:
        asked = self.request.GET.get("par_page", "")
        if asked in {str(size) for size in PAGE_SIZES}:
            return int(asked), ""
        problem = (
            "Le nombre de projets par page est 20, 50 ou 100\u00a0: voici 20." if asked else ""
        )
        return PAGE_SIZES[0], problem

    def _is_indexed(self) -> bool:
        active = self.filterset.active
        return (
            not self.filterset.problems
            and not {"tri", "par_page", "q"}.intersection(self.request.GET)
            and (
                not active
                or (
                    len(active) == 1
                    and any(name in self.filterset.data_read for name in INDEXED_FACETS)
                )
            )
        )

    def _sized(self, query: str) -> str:
        """`query` with the chosen page size, which is not a filter."""
        if self.size == PAGE_SIZES[0]:
            return query
        return "&".join(filter(None, (query, f"par_page={self.size}")))

    def _page_url(self, number: int) -> str:
        return self._url(self._sized(self._query_of(number)))

    def _query_of(self, number: int) -> str:
        """The canonical query string of a page of the list."""
        page = f"page={number}" if number > 1 else ""
        return "&".join(filter(None, (self.filterset.querystring(), page)))

    @staticmethod
    def _url(query: str) -> str:
        library = fast.address("laureates:library")
        return f"{library}?{query}" if query else library
