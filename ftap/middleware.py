from django.conf import settings
from django.http import HttpResponseBadRequest
from django.template.loader import render_to_string

from ftap.problems import problem

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


class RevalidateMiddleware:
    """No answer is kept without asking again: an absence today may be public at a given minute."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-cache"
        return response
