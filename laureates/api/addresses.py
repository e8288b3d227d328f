"""What every address of the interface does: count, revalidate, make pages, tell problems."""

import json

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from ftap.context_processors import site
from laureates import catalogue, freshness, revalidation, throttle
from laureates.api import errors, pagination
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

    def dispatch(self, request, *args, **kwargs):
        """What the framework does, without what it does for nothing: most requests are a GET by
        a client that takes JSON, of which there is nothing to negotiate."""
        if request.method not in {"GET", "HEAD"} or not _takes_json(request):
            return super().dispatch(request, *args, **kwargs)
        self.request, self.args, self.kwargs = request, args, kwargs
        try:
            self.check_throttles(request)
            response = self.get(request, *args, **kwargs)
        except Exception as error:  # as the framework does
            response = errors.as_problem(error, {"view": self, "request": request})
        response["Allow"] = ", ".join(self.allowed_methods)
        return self._told(response)

    @property
    def asked(self):
        """The request as Django made it."""
        return getattr(self.request, "_request", self.request)

    def check_throttles(self, request):
        self.allowance = throttle.count(
            self.asked, scope="api", limit=settings.API_RATE, seconds=WINDOW
        )
        if self.allowance.is_exceeded:
            raise exceptions.Throttled(wait=self.allowance.reset)

    def finalize_response(self, request, response, *args, **kwargs):
        return self._told(super().finalize_response(request, response, *args, **kwargs))

    def _told(self, response):
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

    @cached_property
    def public(self) -> catalogue.Public:
        """What visitors may see, at the version of the answer."""
        version = self.context["export"].version
        return catalogue.current(version).public(version)

    def count(self, facet: str, rows: list, name: str = "laureate_count") -> None:
        """Give each row the number of public laureates whose value of `facet` is its slug."""
        for row in rows:
            bits = self.public.catalogue.get(facet, row.slug)
            setattr(row, name, self.public.ids.intersection_cardinality(bits))

    @property
    def site_url(self) -> str:
        return site(self.request)["SITE_URL"]

    def address(self, name: str) -> str:
        return f"{self.site_url}{reverse(f'laureates:{name}')}"

    def revalidated(self, content, *parts: str):
        """`content()`, data or JSON, unless the client has it already; `parts`: see
        `revalidation.validators`."""
        validators = revalidation.validators(
            self.asked, FORM, *parts, version=self.context["export"].version
        )
        if validators.are_known_to(self.request):
            return validators.not_modified()
        return validators.stamp(self._answer(content()))

    def _answer(self, content):
        if self.request is not self.asked:  # the framework writes it as the client asked
            return Response(json.loads(content) if isinstance(content, bytes) else content)
        if not isinstance(content, bytes):
            content = JSONRenderer().render(content)
        return HttpResponse(content, content_type=JSONRenderer.media_type)


class ListAddress(Address):
    """A list, by pages. `listing` is the serializer of its pages."""

    listing = None

    def rows(self):
        """Those of the whole list, public, in its order: a query set."""
        raise NotImplementedError

    def read(self, some) -> list:
        """Some of `rows`."""
        return list(some)

    def complete(self, rows: list) -> None:
        """Give the rows of a page what their serializer reads beside them."""

    def get(self, request):
        return self.revalidated(self.content)

    def content(self):
        rows = self.rows()
        return self.page_of(rows, rows.count(), known=(), query="")

    def page_of(self, rows, total: int, *, known, query: str, warnings=(), **members) -> dict:
        """The page asked for of `rows`; `query` is the canonical query string of the list."""
        page = pagination.read(self.request.GET, total)
        found = self.read(rows[page.span]) if total else []
        self.complete(found)
        content = self.place(page, known=known, query=query, warnings=warnings)
        return self.listing(content | members | {"resultats": found}, context=self.context).data

    def place(self, page: pagination.Page, *, known, query: str, warnings=()) -> dict:
        """What a page says of its place in the list; see `page_of`."""
        return {
            "total": page.total,
            "page": page.number,
            "pages": page.last,
            "par_page": page.size,
            "liens": page.links(self.site_url + self.request.path, query),
            "avertissements": [*warnings, *self._unknown(known)],
        }

    def _unknown(self, known) -> list[str]:
        names = [name for name in self.request.GET if name not in {*known, "page", "par_page"}]
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
        return self.revalidated(lambda: self.content(**identifier))

    def content(self, **identifier):
        return self.answer(self.row(**identifier), context=self.context).data


def _takes_json(request) -> bool:
    """Whether JSON, as it is written for everyone, is what the client takes."""
    accepted = request.META.get("HTTP_ACCEPT", "*/*")
    if accepted == "*/*":
        return True
    kinds = {part.partition(";")[0].strip() for part in accepted.split(",")}
    return bool(kinds & {"*/*", "application/*", "application/json"}) and "indent" not in accepted


def _shown(name: str) -> str:
    return "".join(char for char in name if char.isprintable())[:60]
