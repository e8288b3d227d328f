"""Downloads of a list: the projects that its page shows, in its order, in four formats."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls.converters import StringConverter
from django.utils.decorators import method_decorator
from django.utils.http import content_disposition_header

from ftap.context_processors import site
from laureates import downloads, freshness, opendata, revalidation
from laureates.filters import LaureateFilterSet
from laureates.models import Announcement, Organisation
from laureates.opendata import native
from laureates.opendata.fields import FINGERPRINT
from laureates.views.organisation import attached_to, carried_by
from laureates.views.public import PublicLaureateMixin

TITLE = "Projets lauréats du Fonds pour la transformation de l’action publique (FTAP)"
WORKBOOKS = {"xlsx", "ods"}
SUPERVISED = "rattaches"


class ExportFormatConverter(StringConverter):
    """The extension of a download."""

    regex = "|".join(native.MEDIA_TYPES)


@dataclass(frozen=True)
class Listing:
    """A list to download: what it holds and says, the beginning of its file's name, its query.

    What is known of a filtered list only once it is counted is asked when it is needed.
    """

    selection: downloads.Queried | downloads.Filtered
    contents: Callable[[], str]
    stem: str
    query: str = ""
    problems: tuple[str, ...] = ()


@method_decorator(revalidation.open_to_every_origin, name="dispatch")
class FileView(PublicLaureateMixin):
    """A file made of public rows: revalidated, never kept beyond them, never in search engines.

    A subclass gives `form`, the format and its version, and `respond()`, the response to a
    request that cannot be answered by « not modified ».
    """

    def get(self, request, **kwargs):
        # The version before the rows: were they to change in between, the tag would be too old,
        # and never too new.
        self.version = freshness.current()
        validators = revalidation.validators(request, self.get_form(), version=self.version)
        if validators.are_known_to(request):
            return validators.not_modified()
        response = self.respond(**kwargs)
        if response.status_code != 200:
            return response
        response["X-Robots-Tag"] = "noindex"
        return validators.stamp(response)

    def get_form(self) -> str:
        return self.form

    def respond(self, **kwargs) -> HttpResponse:
        raise NotImplementedError

    def open_data(self) -> opendata.Context:
        return opendata.context(site(self.request)["SITE_URL"])

    def file(self, content, media_type: str, name: str) -> StreamingHttpResponse:
        """A download of `content`, pieces of bytes; HEAD gets its headers alone."""
        headers = {"Content-Disposition": content_disposition_header(True, name)}
        pieces = () if self.request.method == "HEAD" else content
        return StreamingHttpResponse(pieces, content_type=media_type, headers=headers)


class ExportView(FileView):
    """A list of laureates; a subclass says which in `get_listing()`."""

    def get_form(self):
        return f"{self.kwargs['format']} {native.FORMAT} {FINGERPRINT}"

    def get_listing(self, **kwargs) -> Listing:
        raise NotImplementedError

    def respond(self, format, **kwargs):
        try:
            listing = self.get_listing(**kwargs)
        except Http404:
            if (gone := self.get_gone(**kwargs)) is None:
                raise
            return gone
        if format in WORKBOOKS and (too_long := self._refusal(listing)):
            return too_long
        as_of = opendata.Context("", self.version).as_of
        dated = f"-{as_of.isoformat()}" if as_of else ""
        return self.file(
            self._content(format, listing),
            native.MEDIA_TYPES[format],
            f"{listing.stem}{dated}.{format}",
        )

    def get_gone(self, **kwargs) -> HttpResponse | None:
        """The answer when the list was withdrawn, None when it never was."""
        return None

    def _content(self, format, listing):
        if self.request.method == "HEAD":
            return ()
        site_url = site(self.request)["SITE_URL"]
        if format == "csv":
            return downloads.stream_csv(listing.selection, site_url)
        query = f"?{listing.query}" if listing.query else ""
        address = f"{site_url}{self.request.path}{query}"
        if format == "json":
            return downloads.stream_json(
                listing.selection,
                site_url,
                lambda context: native.about(
                    context,
                    title=TITLE,
                    address=address,
                    filters=listing.contents(),
                    problems=listing.problems,
                ),
            )
        content = native.workbook(
            listing.selection.rows(),
            self.open_data(),
            format,
            TITLE,
            listing.contents(),
            address=address,
            problems=listing.problems,
        )
        return (content,)

    def _refusal(self, listing):
        """Why a workbook cannot hold the list: a page, or None."""
        count = listing.selection.count()
        if count <= native.MAX_WORKBOOK_ROWS:
            return None
        csv = self.request.path.rpartition(".")[0] + ".csv"
        return TemplateResponse(
            self.request,
            "laureates/data/too_long.html",
            {
                "page_title": "Liste trop longue pour un classeur",
                "noindex": True,
                "count": count,
                "limit": native.MAX_WORKBOOK_ROWS,
                "csv": f"{csv}?{listing.query}" if listing.query else csv,
            },
            status=400,
        )


class LibraryExportView(ExportView):
    """The library under the filters of the query string."""

    def get_listing(self):
        selection = downloads.Filtered(lambda: LaureateFilterSet(self.request.GET))
        filterset = selection.filterset
        return Listing(
            selection,
            lambda: selection.filterset.heading,
            "laureats-selection" if filterset.active else "laureats",
            filterset.querystring(),
            tuple(filterset.problems),
        )


class AnnouncementExportView(ExportView):
    """The laureates of an announcement, in its order."""

    def get_listing(self, slug):
        announcement = get_object_or_404(Announcement.objects.published(), slug=slug)
        laureates = self.public_laureates().filter(announcement=announcement)
        return Listing(
            downloads.Queried(laureates.order_by("position")),
            lambda: announcement.title,
            f"laureats-{announcement.slug}",
        )

    def get_gone(self, slug):
        withdrawn = Announcement.objects.withdrawn().filter(slug=slug).first()
        return withdrawn and self.gone(
            page_title="Annonce retirée",
            reason=withdrawn.withdrawal_reason,
            withdrawn_at=withdrawn.withdrawn_at,
        )


class OrganisationExportView(ExportView):
    """The projects that an organisation carries; or, of a ministry, those that the organisations
    attached to it carry without it, with `?perimetre=rattaches`."""

    def get_listing(self, slug):
        organisation = get_object_or_404(Organisation.objects.public(), slug=slug)
        asked = self.request.GET.get("perimetre", "")
        if asked == SUPERVISED:
            laureates = attached_to(self.public_laureates(), organisation).in_public_order()
            return Listing(
                downloads.Queried(laureates),
                lambda: (
                    "Projets portés par les organismes rattachés à "
                    f"«\u00a0{organisation.name}\u00a0», sans lui"
                ),
                f"projets-rattaches-{organisation.slug}",
                f"perimetre={SUPERVISED}",
            )
        laureates = carried_by(self.public_laureates(), organisation).in_public_order()
        problems = ("Le périmètre demandé n’existe pas\u00a0: il est ignoré.",) if asked else ()
        return Listing(
            downloads.Queried(laureates),
            lambda: f"Projets portés par «\u00a0{organisation.name}\u00a0»",
            f"projets-{organisation.slug}",
            problems=problems,
        )
