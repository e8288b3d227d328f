import logging

from django.conf import settings
from django.db import OperationalError
from django.http import HttpResponse, HttpResponseBadRequest
from django.template.loader import render_to_string

from ftap.contention import is_contention
from ftap.problems import problem

logger = logging.getLogger(__name__)

RETRY_AFTER = 60  # seconds
_UNREADABLE = (
    "L’adresse demandée contient un caractère interdit ou trop de paramètres\u00a0: corrigez-la."
)


class MalformedAddressMiddleware:
    """Refuse with a 400 an address that nothing can read, before anything tries to.

    A NUL character, which PostgreSQL cannot take (public filters answer it themselves; this
    guards paths and the staff's site), or more parameters than Django reads.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        query = request.META.get("QUERY_STRING", "")
        if (
            "\x00" in request.path
            or (request.path.startswith("/admin/") and "%00" in query)
            or query.count("&") >= settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
        ):
            if request.path.startswith("/api/"):
                return problem(400, _UNREADABLE)
            return HttpResponseBadRequest(render_to_string("400.html"))
        return self.get_response(request)


class BusyMiddleware:
    """Answer 503 where a view gave up because somebody else was writing, as a long import does.

    What the view had begun is not saved. Screens that say it on their own page answer first.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, exception):
        if not (isinstance(exception, OperationalError) and is_contention(exception)):
            return None
        logger.warning("%s %s gave up: %s", request.method, request.path, exception)
        return HttpResponse(
            render_to_string("503.html"), status=503, headers={"Retry-After": RETRY_AFTER}
        )


class RevalidateMiddleware:
    """No answer is kept without asking again: an absence today may be public at a given minute."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-cache"
        return response
