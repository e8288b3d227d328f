from django.http import HttpResponseBadRequest
from django.template.loader import render_to_string


class NullByteMiddleware:
    """Refuse with a 400 an address holding a NUL character, which PostgreSQL cannot take.

    Public filters answer malformed values themselves; this guards paths and the admin.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        in_admin_query = request.path.startswith("/admin/") and (
            "%00" in request.META.get("QUERY_STRING", "")
        )
        if "\x00" in request.path or in_admin_query:
            return HttpResponseBadRequest(render_to_string("400.html", request=request))
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
