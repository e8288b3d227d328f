"""Exactly what visitors will see, shown to the publisher before its minute.

The real public view answers a request without account, inside a transaction where the announcement
is public and which never commits; its bytes are shown as they are, below a banner.
"""

import io
import re
from html import escape

from django.contrib.auth.models import AnonymousUser
from django.core.handlers.wsgi import WSGIRequest
from django.http import Http404, HttpResponse, HttpResponseNotAllowed
from django.template.loader import render_to_string
from django.urls import path, resolve

from laureates import releases
from laureates.admin.publishing import announcement_url
from laureates.admin.publishing_draft import DraftPages
from laureates.models import Announcement, Laureate

READING = ("GET", "HEAD")
_BODY = re.compile(rb"<body[^>]*>")
_LINK = re.compile(rb'(?<= href=")([^"#]*)(?=["#])')
# What tells who asks, or that a copy is kept: a visitor's first request has none of them.
_OWN_HEADERS = re.compile(r"HTTP_(COOKIE|AUTHORIZATION|IF_\w+|RANGE)")


class PreviewPages(DraftPages):
    def preview_urls(self):
        wrap = self.admin_site.admin_view
        name = "laureates_announcement"
        return [
            path("<int:pk>/apercu/", wrap(self.preview_view), name=f"{name}_preview"),
            path(
                "<int:pk>/apercu/<str:public_id>/",
                wrap(self.preview_view),
                name=f"{name}_preview_laureate",
            ),
            path(
                "<int:pk>/rectificatif/apercu/",
                wrap(self.draft_preview_view),
                name=f"{name}_draft_preview",
            ),
            path(
                "<int:pk>/rectificatif/apercu/<str:public_id>/",
                wrap(self.draft_preview_view),
                name=f"{name}_draft_preview_laureate",
            ),
        ]

    def preview_view(self, request, pk, public_id=None):
        """The announcement, or one of its projects, as its rows stand."""
        announcement = self.get_publishable(request, pk)
        return self._preview(request, announcement, public_id)

    def draft_preview_view(self, request, pk, public_id=None):
        """The announcement, or one of its projects, as the next version will be."""
        announcement, draft = self.get_draft(request, pk)
        if draft is None and request.method in READING:
            return self.no_draft(request, announcement)
        return self._preview(request, announcement, public_id, draft)

    def _preview(self, request, announcement, public_id, draft=None):
        if request.method not in READING:
            return HttpResponseNotAllowed(READING)
        page = "draft_preview" if draft else "preview"
        content = draft and releases.content.of_draft(draft)
        words = draft.changelog if draft else ""
        with releases.as_if_published(announcement, content=content, changelog=words):
            shown = Announcement.objects.get(pk=announcement.pk)
            rows = Laureate.objects.filter(announcement=shown).order_by("position")
            previews = {shown.get_absolute_url(): announcement_url(announcement, page)}
            target = shown
            for row in rows:
                previews[row.get_absolute_url()] = announcement_url(
                    announcement, f"{page}_laureate", row.public_id
                )
                if row.public_id == public_id:
                    target = row
            if public_id and target is shown:
                raise Http404(public_id)
            address = target.get_absolute_url()
            public = answer(request, address)
        banner = render_to_string(
            "admin/laureates/publishing/_banner.html",
            {
                "announcement": announcement,
                "is_public": announcement.is_published and draft is None,
                "draft": draft,
                "back": announcement_url(announcement, "draft" if draft else "change"),
                "preview": announcement_url(announcement, page) if public_id else "",
                "address": address,
            },
        ).encode()
        body = _LINK.sub(lambda link: _led(link[1], previews), public.content)
        body = _BODY.sub(lambda opening: opening[0] + banner, body, count=1)
        return HttpResponse(
            body,
            status=public.status_code,
            content_type=public["Content-Type"],
            headers={"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex"},
        )


def answer(request, address):
    """What a visitor without account, on the host of `request`, gets at the path `address`."""
    environ = {name: value for name, value in request.META.items() if not _OWN_HEADERS.match(name)}
    visitor = WSGIRequest(
        {
            **environ,
            "REQUEST_METHOD": "GET",
            "PATH_INFO": address,
            "QUERY_STRING": "",
            "CONTENT_LENGTH": "0",
            "wsgi.input": io.BytesIO(),
        }
    )
    visitor.user = AnonymousUser()
    visitor.resolver_match = match = resolve(address)
    response = match.func(visitor, *match.args, **match.kwargs)
    return response.render() if hasattr(response, "render") else response


def _led(link: bytes, previews: dict[str, str]) -> bytes:
    """The address of the preview of a page of the announcement; another address as it is."""
    found = previews.get(link.decode())
    return escape(found).encode() if found else link
