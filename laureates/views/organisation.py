"""Organisations that carry public projects, or supervise those that do."""

from django.db.models import QuerySet
from django.http import Http404, HttpResponsePermanentRedirect
from django.utils.safestring import SafeString
from django.views.generic import TemplateView
from pyroaring import BitMap

from ftap import fast
from ftap.context_processors import site
from ftap.prepared import KEY, TEXT, Prepared
from laureates import cards
from laureates.catalogue import Public
from laureates.models import Carrier, Organisation, Territory
from laureates.opendata import jsonld
from laureates.views.kept import KeptPageMixin
from laureates.views.linked_data import linked_data
from laureates.views.pagination import Listed, Pages, paginate
from laureates.views.public import PublicPageMixin

PAGE_SIZE = 20
OWN, MINISTRY = "organisation", "ministere"

_SHOWN = ("pk", "slug", "name", "short_name", "kind", "siret", "former_names", "source")
_MINISTRY = ("pk", "slug", "name")
_TERRITORY = ("pk", "kind", "code", "name")
_ORGANISATION = Prepared(
    lambda slug: Organisation.objects.filter(slug=slug).values_list(
        *_SHOWN,
        *(f"supervising_ministry__{name}" for name in _MINISTRY),
        *(f"territory__{name}" for name in _TERRITORY),
    ),
    TEXT,
)
_SUPERVISED = Prepared(
    lambda ministry: (
        Organisation.objects.filter(supervising_ministry=ministry)
        .order_by("slug")
        .values_list("slug", "name")
    ),
    KEY,
)


def carried_by(laureates: QuerySet, organisation: Organisation) -> QuerySet:
    """Those of `laureates` that an organisation carries, alone or with others."""
    return laureates.filter(
        pk__in=Carrier.objects.filter(organisation=organisation).values("laureate")
    )


def attached_to(laureates: QuerySet, ministry: Organisation) -> QuerySet:
    """Those of `laureates` that organisations supervised by a ministry carry without it."""
    theirs = Carrier.objects.filter(organisation__supervising_ministry=ministry)
    return laureates.filter(pk__in=theirs.values("laureate")).exclude(
        pk__in=Carrier.objects.filter(organisation=ministry).values("laureate")
    )


def _read(slug: str) -> Organisation | None:
    """The organisation of an address, with what its page shows: one query."""
    row = _ORGANISATION.row(slug)
    if row is None:
        return None
    values = iter(row)
    found, ministry, territory = (
        model(**{name: next(values) for name in names})
        for model, names in (
            (Organisation, _SHOWN),
            (Organisation, _MINISTRY),
            (Territory, _TERRITORY),
        )
    )
    found.supervising_ministry = ministry if ministry.pk else None
    found.territory = territory if territory.pk else None
    return found


def is_public(organisation: Organisation, public: Public) -> bool:
    """Whether it has a page: one of its projects, or of those it supervises, is public."""
    return public.has(OWN, organisation.slug) or public.has(MINISTRY, organisation.slug)


class OrganisationView(KeptPageMixin, PublicPageMixin, TemplateView):
    """An organisation, its public projects, then those of the organisations it supervises."""

    template_name = "laureates/organisation.html"
    holes = ()

    def get(self, request, slug):
        self.organisation = _read(slug)
        if self.organisation is None or not is_public(self.organisation, self.public):
            # Only an address that visitors knew leads anywhere, and only to a page they see.
            kept = Organisation.objects.formerly_at(slug).first()
            if kept is None or not is_public(kept, self.public):
                raise Http404
            return HttpResponsePermanentRedirect(kept.get_absolute_url())
        return self.render_to_response(self.get_context_data())

    def get_page_title(self):
        return self.organisation.name

    def get_page_description(self):
        return (
            f"Les projets de l’organisme «\u00a0{self.organisation.name}\u00a0» lauréats du Fonds "
            "pour la transformation de l’action publique."
        )

    def get_context_data(self, **kwargs):
        organisation, public = self.organisation, self.public
        own = public.ids & public.catalogue.get(OWN, organisation.slug)
        under = public.ids & public.catalogue.get(MINISTRY, organisation.slug)
        pages = self._paginate(own, "page")
        supervised = self._paginate(under - own, "page_rattaches")
        shown = {
            "organisation": organisation,
            "pages": pages,
            "projects": [(row, row.roles[organisation.slug]) for row in pages],
            "supervised": supervised,
            "supervised_organisations": self._supervised() if under else [],
            "problems": [part.problem for part in (pages, supervised) if part.problem],
            "data_as_of": self.version.changed_at,
        }
        site_url = site(self.request)["SITE_URL"]
        return super().get_context_data(
            content=fast.render("organisation", site_url=site_url, **shown),
            **shown,
            linked_data=self._linked_data(pages),
            **kwargs,
        )

    def _supervised(self) -> list[tuple[str, str]]:
        """(address, name) of the organisations that it supervises and that carry a public one."""
        return [
            (fast.address("laureates:organisation", slug), name)
            for slug, name in _SUPERVISED.rows(self.organisation.pk)
            if self.public.has(OWN, slug)
        ]

    def _linked_data(self, pages: Pages) -> SafeString:
        site_url = site(self.request)["SITE_URL"]
        trail = (
            ("Organismes", fast.address("laureates:organisations")),
            (self.organisation.name, self.request.path),
        )
        projects = jsonld.item_list(pages, pages.total, site_url, first=pages.page.start_index())
        return linked_data(
            self.request,
            trail,
            jsonld.organisation(self.organisation, site_url),
            projects if pages.total else {},
        )

    def _paginate(self, ids: BitMap, parameter: str) -> Pages:
        asked = self.request.GET

        def url(number):
            numbers = {name: asked.get(name, "") for name in ("page", "page_rattaches")}
            numbers[parameter] = str(number)
            query = "&".join(
                f"{name}={value}"
                for name, value in numbers.items()
                if value.isascii() and value.isdigit() and value != "1"
            )
            return self.request.path + (f"?{query}" if query else "")

        rows = Listed(len(ids), lambda start, stop: cards.of(self.public.page(ids, start, stop)))
        return paginate(rows, asked.get(parameter, ""), PAGE_SIZE, url)
