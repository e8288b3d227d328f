"""Organisations that carry public projects, or supervise those that do."""

from itertools import groupby

from django.db.models import Count, QuerySet
from django.http import Http404, HttpResponsePermanentRedirect, QueryDict
from django.urls import reverse
from django.views.generic import DetailView, TemplateView

from ftap.context_processors import site
from laureates import freshness
from laureates.models import Carrier, FacetValue, Laureate, Organisation
from laureates.opendata import jsonld
from laureates.typography import fold
from laureates.views.kept import KeptPageMixin
from laureates.views.linked_data import linked_data
from laureates.views.pagination import Pages, paginate
from laureates.views.public import PublicLaureateMixin, PublicPageMixin

PAGE_SIZE = 50


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


class OrganisationListView(PublicPageMixin, TemplateView):
    """Every organisation with a page, from A to Z, with the number of its public projects.

    A ministry counts the projects of the organisations that it supervises.
    """

    template_name = "laureates/organisation_list.html"
    page_title = "Organismes"
    page_description = (
        "Les organismes publics dont un projet est lauréat du Fonds pour la transformation de "
        "l’action publique, de A à Z."
    )

    def get_context_data(self, **kwargs):
        counts = self._counts()
        rows = [
            (organisation, counts.get(organisation.slug, 0))
            for organisation in sorted(
                Organisation.objects.public(), key=lambda organisation: fold(organisation.name)
            )
        ]
        letters = groupby(rows, lambda row: self._letter(row[0]))
        return super().get_context_data(
            letters=[(letter, list(group)) for letter, group in letters],
            total=len(rows),
            **kwargs,
        )

    @staticmethod
    def _letter(organisation: Organisation) -> str:
        first = fold(organisation.name)[:1].upper()
        return first if first.isalpha() else "0-9"

    @staticmethod
    def _counts() -> dict[str, int]:
        """The public projects of each organisation, or of a ministry and those it supervises."""
        rows = (
            FacetValue.objects.filter(
                facet__in=("organisation", "ministere"),
                laureate__in=Laureate.objects.published().values("pk"),
            )
            .values_list("value", "facet")
            .annotate(count=Count("pk"))
            .order_by()
        )
        counts = {}
        for value, _, count in rows:
            counts[value] = max(count, counts.get(value, 0))
        return counts


class OrganisationView(KeptPageMixin, PublicLaureateMixin, DetailView):
    """An organisation, its public projects, then those of the organisations it supervises."""

    template_name = "laureates/organisation.html"
    context_object_name = "organisation"

    def get_queryset(self):
        return Organisation.objects.public().select_related("supervising_ministry", "territory")

    def get(self, request, *args, **kwargs):
        try:
            return super().get(request, *args, **kwargs)
        except Http404:
            # Only an address that visitors knew leads anywhere, and only to a page they see.
            organisation = self.get_queryset().formerly_at(kwargs["slug"]).first()
            if organisation is None:
                raise
            return HttpResponsePermanentRedirect(organisation.get_absolute_url())

    def get_page_title(self):
        return self.object.name

    def get_page_description(self):
        return (
            f"Les projets de l’organisme «\u00a0{self.object.name}\u00a0» lauréats du Fonds pour "
            "la transformation de l’action publique."
        )

    def get_context_data(self, **kwargs):
        organisation = self.object
        laureates = self.public_laureates().for_list().in_public_order()
        pages = self._paginate(carried_by(laureates, organisation), "page")
        supervised = self._paginate(attached_to(laureates, organisation), "page_rattaches")
        return super().get_context_data(
            pages=pages,
            projects=[(laureate, self._carrier(laureate)) for laureate in pages],
            supervised=supervised,
            problems=[part.problem for part in (pages, supervised) if part.problem],
            data_as_of=freshness.current().changed_at,
            linked_data=self._linked_data(pages),
            supervised_organisations=(
                Organisation.objects.public()
                .filter(supervising_ministry=organisation)
                .order_by("slug")
            ),
            **kwargs,
        )

    def _linked_data(self, pages: Pages) -> dict:
        site_url = site(self.request)["SITE_URL"]
        trail = (
            ("Organismes", reverse("laureates:organisations")),
            (self.object.name, self.object.get_absolute_url()),
        )
        projects = jsonld.item_list(pages, pages.total, site_url, first=pages.page.start_index())
        return linked_data(
            self.request,
            trail,
            jsonld.organisation(self.object, site_url),
            projects if pages.total else {},
        )

    def _carrier(self, laureate: Laureate) -> Carrier:
        """How the organisation of this page carries `laureate`."""
        return next(
            carrier
            for carrier in laureate.carriers.all()
            if carrier.organisation_id == self.object.pk
        )

    def _paginate(self, queryset, parameter: str) -> Pages:
        asked = self.request.GET

        def url(number):
            query = QueryDict(mutable=True)
            for name in ("page", "page_rattaches"):
                value = str(number) if name == parameter else asked.get(name, "")
                if value.isascii() and value.isdigit() and value != "1":
                    query[name] = value
            return self.request.path + (f"?{query.urlencode()}" if query else "")

        return paginate(queryset, asked.get(parameter, ""), PAGE_SIZE, url)
