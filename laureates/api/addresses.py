"""What every address of the interface does: count, revalidate, make pages, tell problems."""

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import APIView

from ftap.context_processors import site
from laureates import freshness, revalidation, throttle
from laureates.api import pagination
from laureates.opendata.fields import FINGERPRINT
from laureates.opendata.reading import Context as ExportContext

# What the answers are made of: moves when their writing does, so that no client keeps an old one.
FORM = f"api 1 {FINGERPRINT}"
WINDOW = 60  # seconds in which settings.API_RATE counts requests
MAX_UNKNOWN = 5  # parameters named in the warnings


class Address(APIView):
    """An address that is read: throttled, open to scripts of any site, revalidated."""

    http_method_names = ["get", "head", "options"]
    allowance = None

    def check_throttles(self, request):
        self.allowance = throttle.count(
            request._request, scope="api", limit=settings.API_RATE, seconds=WINDOW
        )
        if self.allowance.is_exceeded:
            raise exceptions.Throttled(wait=self.allowance.reset)

    def finalize_response(self, request, response, *args, **kwargs):
        response = super().finalize_response(request, response, *args, **kwargs)
        revalidation.allow_every_origin(response)
        if self.allowance:
            response["RateLimit-Limit"] = self.allowance.limit
            response["RateLimit-Remaining"] = self.allowance.remaining
            response["RateLimit-Reset"] = self.allowance.reset
        return response

    def options(self, request, *args, **kwargs):
        response = HttpResponse(status=204)
        for name, value in revalidation.PREFLIGHT_HEADERS.items():
            response[name] = value
        return response

    @cached_property
    def context(self) -> dict:
        """What serializers read beside the rows; `revalidated` asks for it before any row."""
        return {"site_url": self.site_url, "export": self.export_context()}

    def export_context(self) -> ExportContext:
        return ExportContext(self.site_url, freshness.current())

    @property
    def site_url(self) -> str:
        return site(self.request)["SITE_URL"]

    def address(self, name: str) -> str:
        return f"{self.site_url}{reverse(f'laureates:{name}')}"

    def revalidated(self, content, *parts: str):
        """`content()`, unless the client has it already; `parts`: see `revalidation.validators`."""
        validators = revalidation.validators(
            self.request._request, FORM, *parts, version=self.context["export"].version
        )
        if validators.are_known_to(self.request):
            return validators.not_modified()
        return validators.stamp(Response(content()))


class ListAddress(Address):
    """A list, by pages. `listing` is the serializer of its pages."""

    listing = None

    def rows(self):
        raise NotImplementedError

    def complete(self, rows: list) -> None:
        """Give the rows of a page what their serializer reads beside them."""

    def get(self, request):
        return self.revalidated(self.content)

    def content(self):
        rows = self.rows()
        return self.page_of(rows, rows.count(), known=(), query="")

    def page_of(self, rows, total: int, *, known, query: str, warnings=(), **members) -> dict:
        """The page asked for of `rows`; `query` is the canonical query string of the list."""
        page = pagination.read(self.request.query_params, total)
        found = list(rows[page.span]) if total else []
        self.complete(found)
        content = {
            "total": page.total,
            "page": page.number,
            "pages": page.last,
            "par_page": page.size,
            "liens": page.links(self.site_url + self.request.path, query),
            "avertissements": [*warnings, *self._unknown(known)],
            "resultats": found,
        }
        return self.listing(content | members, context=self.context).data

    def _unknown(self, known) -> list[str]:
        names = [
            name for name in self.request.query_params if name not in {*known, "page", "par_page"}
        ]
        return [
            f"Le paramètre « {_shown(name)} » n’existe pas : il est ignoré."
            for name in names[:MAX_UNKNOWN]
        ]


class RowAddress(Address):
    """One row. `answer` is its serializer."""

    answer = None

    def row(self, **identifier):
        """The public row; raises Http404, or Gone."""
        raise NotImplementedError

    def get(self, request, **identifier):
        def content():
            return self.answer(self.row(**identifier), context=self.context).data

        return self.revalidated(content)


def _shown(name: str) -> str:
    return "".join(char for char in name if char.isprintable())[:60]
