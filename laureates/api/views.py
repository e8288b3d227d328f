"""What each address of the interface answers: public rows, their licence and their date."""

from django.db.models import Prefetch
from django.http import Http404, HttpResponsePermanentRedirect
from django.urls import reverse
from django.utils.functional import cached_property

from ftap import fast
from ftap.prepared import Prepared
from laureates import catalogue, facets, records
from laureates.api import description, envelopes, pagination
from laureates.api.addresses import Address, ListAddress, RowAddress
from laureates.api.description import described
from laureates.api.errors import Gone
from laureates.filters import LaureateFilterSet
from laureates.models import (
    Announcement,
    Claim,
    Laureate,
    Organisation,
    Release,
    ReleaseFile,
    Territory,
    Theme,
)
from laureates.opendata.reading import LICENCE, LICENCE_URL
from laureates.opendata.reading import Context as ExportContext


def _first(rows):
    row = rows.first()
    if row is None:
        raise Http404
    return row


# Laureates -------------------------------------------------------------------


_KEY = Prepared(lambda asked: Laureate.objects.filter(public_id=asked).values_list("pk"), "\x01")


class _Laureates(Address):
    """Laureates, whose JSON is kept: nothing is serialised."""

    def numbers(self) -> records.NumbersOf:
        return self.public.kept("numbers of releases", records.Numbers).of

    def reading(self) -> records.Reading:
        return records.reading(self.site_url, self.context["export"].version)

    def reuse(self) -> dict:
        """What `envelopes.Envelope` says."""
        return {
            "licence": LICENCE,
            "licence_url": LICENCE_URL,
            "donnees_au": self.reading().day,
        }


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

    @cached_property
    def filterset(self):
        return LaureateFilterSet(self.request.GET)

    @property
    def public(self):
        return self.filterset.public

    def export_context(self):
        return ExportContext(self.site_url, self.filterset.version)

    def get(self, request):
        # What a territory is called may change without any public row: its name is in the answer.
        return self.revalidated(self.content, self.filterset.describe(0))

    def content(self) -> bytes:
        """The JSON of `listing`."""
        filterset = self.filterset
        page = pagination.read(self.request.GET, filterset.count)
        query = filterset.querystring()
        place = self.place(
            page, known=filterset.parameters, query=query, warnings=filterset.problems
        )
        library = self.site_url + fast.address("laureates:library")
        before = self.reuse() | place
        before |= {"intitule": filterset.heading, "url": f"{library}?{query}" if query else library}
        keys = filterset.keys(page.span.start, page.span.stop)
        rows = records.texts(keys, self.reading(), self.numbers())
        opening = f'{records.dumps(before)[:-1]},"resultats":['
        return b"".join((opening.encode(), b",".join(rows), b"]}"))


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

    def content(self, public_id) -> bytes:
        """The JSON of `answer`."""
        keys = [key for (key,) in _KEY.rows(public_id)]
        found = records.texts(
            [key for key in keys if key in self.public.ids],
            self.reading(),
            self.numbers(),
            records.dumps(self.reuse())[1:-1],
        )
        if not found:
            withdrawn = Laureate.objects.withdrawn().select_related("announcement")
            gone = _first(withdrawn.filter(public_id=public_id))
            raise Gone(gone if gone.withdrawn_at else gone.announcement)
        return found[0]


# Announcements ---------------------------------------------------------------


def _announcements():
    releases = Release.objects.published().listed().order_by("number")
    return (
        Announcement.objects.published()
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

    def complete(self, rows):
        self.count("annonce", rows)


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
        found = _first(
            _announcements()
            .prefetch_related(Prefetch("public_releases__files", files, to_attr="public_files"))
            .filter(slug=slug)
        )
        self.count("annonce", [found])
        return found


# Reference -------------------------------------------------------------------


class _Organisations(Address):
    """Organisations of public laureates, and the ministries of such organisations."""

    def slugs(self) -> list[str]:
        """Those of all of them, in order."""
        return self.public.kept("slugs of organisations", self._slugs)

    def _slugs(self):
        carrying, ministries = map(self.public.counts, ("organisation", "ministere"))
        return sorted({*carrying, *ministries} - {facets.UNKNOWN})

    def named(self, slugs) -> list[Organisation]:
        """Those of these addresses, in the same order."""
        rows = Organisation.objects.filter(slug__in=slugs)
        rows = {row.slug: row for row in rows.select_related("supervising_ministry", "territory")}
        return [rows[slug] for slug in slugs if slug in rows]


@described(
    "organisations",
    "Les organismes porteurs, et leurs ministères",
    envelopes.OrganisationListing,
    parameters=description.PAGES,
    problems=(404,),
)
class OrganisationsView(_Organisations, ListAddress):
    listing = envelopes.OrganisationListing

    def content(self):
        slugs = self.slugs()
        return self.page_of(slugs, len(slugs), known=(), query="")

    def read(self, some):
        return self.named(some)

    def complete(self, rows):
        self.count("organisation", rows, "own_count")


@described(
    "organisation",
    "Un organisme",
    envelopes.OrganisationAnswer,
    parameters=[description.identifier("slug", description.SLUG, "Identifiant de l’organisme.")],
    problems=(404,),
)
class OrganisationView(_Organisations, RowAddress):
    answer = envelopes.OrganisationAnswer

    def get(self, request, *args, **kwargs):
        try:
            return super().get(request, *args, **kwargs)
        except Http404:
            kept = Organisation.objects.public().formerly_at(kwargs["slug"]).first()
            if kept is None:
                raise
            url = reverse("laureates:api_organisation", args=[kept.slug])
            return HttpResponsePermanentRedirect(url)

    def row(self, slug):
        if slug not in self.slugs():
            raise Http404
        (found,) = self.named([slug])
        self.count("organisation", [found], "own_count")
        return found


def _themes(public: catalogue.Public):
    return Theme.objects.filter(slug__in=public.counts("theme"))


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
        return _themes(self.public).order_by("position", "slug")

    def complete(self, rows):
        self.count("theme", rows)


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
        found = _first(_themes(self.public).filter(slug=slug))
        self.count("theme", [found])
        return found


def _territories(public: catalogue.Public):
    """Those of public laureates, and the regions of such territories."""
    found = Territory.objects.filter(slug__in=public.counts("territoire"))
    return found.select_related("region")


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
        return _territories(self.public).order_by("kind", "code")

    def complete(self, rows):
        self.count("territoire", rows)


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
        found = _first(_territories(self.public).filter(kind=kind, code=code))
        self.count("territoire", [found])
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
