"""What each address of the interface answers: public rows, their licence and their date."""

from django.db.models import Prefetch
from django.http import Http404, HttpResponsePermanentRedirect
from django.urls import reverse

from laureates import facets, opendata
from laureates.api import description, envelopes
from laureates.api.addresses import Address, ListAddress, RowAddress
from laureates.api.description import described
from laureates.api.errors import Gone
from laureates.filters import LaureateFilterSet
from laureates.models import Announcement, Claim, Laureate, Organisation, Release, ReleaseFile


def _first(rows):
    row = rows.first()
    if row is None:
        raise Http404
    return row


# Laureates -------------------------------------------------------------------


class _Laureates(Address):
    def export_context(self):
        return opendata.context(self.site_url)


@described(
    "laureats",
    "Les projets lauréats",
    envelopes.LaureateListing,
    description=(
        "Les mêmes lauréats que la bibliothèque du site, sous les mêmes filtres et dans le même "
        "ordre. Une valeur de filtre inconnue est ignorée, et nommée dans "
        "«\u00a0avertissements\u00a0»."
    ),
    parameters=[*description.FILTERS, *description.PAGES],
    problems=(404,),
)
class LaureatesView(_Laureates, ListAddress):
    listing = envelopes.LaureateListing

    def get(self, request):
        self.filterset = LaureateFilterSet(request.query_params)
        # What a territory is called may change without any public row: its name is in the answer.
        return self.revalidated(self.content, self.filterset.describe(0))

    def content(self):
        filterset = self.filterset
        query = filterset.querystring()
        library = reverse("laureates:library")
        return self.page_of(
            opendata.laureates_for_export(filterset.qs),
            filterset.count,
            known=filterset.parameters,
            query=query,
            warnings=filterset.problems,
            intitule=filterset.heading,
            url=self.site_url + library + (f"?{query}" if query else ""),
        )


@described(
    "laureat",
    "Un projet lauréat",
    envelopes.LaureateAnswer,
    parameters=[
        description.identifier("public_id", "^[a-z0-9]{4,32}$", "Identifiant public du projet.")
    ],
    problems=(404, 410),
)
class LaureateView(_Laureates, RowAddress):
    answer = envelopes.LaureateAnswer

    def row(self, public_id):
        found = opendata.laureates_for_export(Laureate.objects.published())
        withdrawn = Laureate.objects.withdrawn().select_related("announcement")
        if gone := withdrawn.filter(public_id=public_id).first():
            raise Gone(gone if gone.withdrawn_at else gone.announcement)
        return _first(found.filter(public_id=public_id))


# Announcements ---------------------------------------------------------------


def _announcements():
    releases = Release.objects.published().listed().order_by("number")
    return (
        Announcement.objects.published()
        .with_public_laureate_count()
        .latest_first()
        .prefetch_related("documents", Prefetch("releases", releases, to_attr="public_releases"))
    )


@described(
    "annonces",
    "Les annonces",
    envelopes.AnnouncementListing,
    parameters=description.PAGES,
    problems=(404,),
)
class AnnouncementsView(ListAddress):
    listing = envelopes.AnnouncementListing

    def rows(self):
        return _announcements()


@described(
    "annonce",
    "Une annonce",
    envelopes.AnnouncementAnswer,
    parameters=[description.identifier("slug", description.SLUG, "Identifiant de l’annonce.")],
    problems=(404, 410),
)
class AnnouncementView(RowAddress):
    answer = envelopes.AnnouncementAnswer

    def row(self, slug):
        if gone := Announcement.objects.withdrawn().filter(slug=slug).first():
            raise Gone(gone)
        # A project's own sheets are listed by the pages of versions.
        files = ReleaseFile.objects.filter(public_id="", release__withheld_at=None)
        files = files.defer("content").order_by("position")
        return _first(
            _announcements()
            .prefetch_related(Prefetch("public_releases__files", files, to_attr="public_files"))
            .filter(slug=slug)
        )


# Reference -------------------------------------------------------------------


def _organisations():
    return Organisation.objects.public().select_related("supervising_ministry", "territory")


def _count_own(rows):
    counts = facets.public_counts("organisation", [row.slug for row in rows])
    for row in rows:
        row.own_count = counts.get(row.slug, 0)


@described(
    "organisations",
    "Les organismes porteurs, et leurs ministères",
    envelopes.OrganisationListing,
    parameters=description.PAGES,
    problems=(404,),
)
class OrganisationsView(ListAddress):
    listing = envelopes.OrganisationListing

    def rows(self):
        return _organisations().order_by("slug")

    def complete(self, rows):
        _count_own(rows)


@described(
    "organisation",
    "Un organisme",
    envelopes.OrganisationAnswer,
    parameters=[description.identifier("slug", description.SLUG, "Identifiant de l’organisme.")],
    problems=(404,),
)
class OrganisationView(RowAddress):
    answer = envelopes.OrganisationAnswer

    def get(self, request, *args, **kwargs):
        try:
            return super().get(request, *args, **kwargs)
        except Http404:
            kept = _organisations().formerly_at(kwargs["slug"]).first()
            if kept is None:
                raise
            url = reverse("laureates:api_organisation", args=[kept.slug])
            return HttpResponsePermanentRedirect(url)

    def row(self, slug):
        found = _first(_organisations().filter(slug=slug))
        _count_own([found])
        return found


def _count(facet, rows):
    counts = facets.public_counts(facet, [row.slug for row in rows])
    for row in rows:
        row.laureate_count = counts.get(row.slug, 0)


@described(
    "themes",
    "Les thèmes",
    envelopes.ThemeListing,
    parameters=description.PAGES,
    problems=(404,),
)
class ThemesView(ListAddress):
    listing = envelopes.ThemeListing

    def rows(self):
        return facets.public_themes().order_by("position", "slug")

    def complete(self, rows):
        _count("theme", rows)


@described(
    "theme",
    "Un thème",
    envelopes.ThemeAnswer,
    parameters=[description.identifier("slug", description.SLUG, "Identifiant du thème.")],
    problems=(404,),
)
class ThemeView(RowAddress):
    answer = envelopes.ThemeAnswer

    def row(self, slug):
        found = _first(facets.public_themes().filter(slug=slug))
        _count("theme", [found])
        return found


@described(
    "territoires",
    "Les territoires",
    envelopes.TerritoryListing,
    parameters=description.PAGES,
    problems=(404,),
)
class TerritoriesView(ListAddress):
    listing = envelopes.TerritoryListing

    def rows(self):
        return facets.public_territories().select_related("region").order_by("kind", "code")

    def complete(self, rows):
        _count("territoire", rows)


@described(
    "territoire",
    "Un territoire",
    envelopes.TerritoryAnswer,
    parameters=description.TERRITORY,
    problems=(404,),
)
class TerritoryView(RowAddress):
    answer = envelopes.TerritoryAnswer

    def row(self, kind, code):
        found = facets.public_territories().select_related("region")
        found = _first(found.filter(kind=kind, code=code))
        _count("territoire", [found])
        return found


# Figures ---------------------------------------------------------------------


@described(
    "chiffres_annonces",
    "Les chiffres annoncés",
    envelopes.ClaimListing,
    description=(
        "Les chiffres que les sources annoncent, tels quels : ils ne sont jamais corrigés "
        "d’après ce que le site recense, ni l’inverse."
    ),
    parameters=description.PAGES,
    problems=(404,),
)
class ClaimsView(ListAddress):
    listing = envelopes.ClaimListing

    def rows(self):
        return (
            Claim.objects.published().select_related("announcement").order_by("stated_on", "slug")
        )


@described(
    "chiffre_annonce",
    "Un chiffre annoncé",
    envelopes.ClaimAnswer,
    parameters=[description.identifier("slug", description.SLUG, "Identifiant du chiffre.")],
    problems=(404,),
)
class ClaimView(RowAddress):
    answer = envelopes.ClaimAnswer

    def row(self, slug):
        found = Claim.objects.published().select_related("announcement")
        return _first(found.filter(slug=slug))


# The interface itself --------------------------------------------------------


@described("interface", "Ce que l’interface contient", envelopes.Root)
class RootView(Address):
    """Where everything is."""

    def get(self, request):
        lists = ("laureates", "announcements", "organisations", "themes", "territories", "claims")
        names = envelopes.Resources().fields
        content = {
            "documentation": self.address("api"),
            "openapi": self.address("api_schema"),
            "ressources": {
                name: self.address(f"api_{view}") for name, view in zip(names, lists, strict=True)
            },
        }
        return self.revalidated(lambda: envelopes.Root(content, context=self.context).data)


class UnknownView(Address):
    """Any other address of the interface."""

    schema = None

    def get(self, request, rest=""):
        raise Http404
