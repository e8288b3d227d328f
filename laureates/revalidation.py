"""Answers made for programs: who may read them, how long they are kept, when they have changed.

They derive from public rows alone, so their validators follow `laureates.freshness`: they move
with each release and with each change that visitors see, and never with a draft.
"""

import datetime
import hashlib
from dataclasses import dataclass
from functools import wraps

from django.http import HttpResponseNotModified
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.http import http_date, parse_etags

from laureates import freshness

ONE_SECOND = datetime.timedelta(seconds=1)

# Any site may read them from a browser: they are public, and ask for no cookie nor password.
CORS_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": (
        "Content-Disposition, ETag, Last-Modified, RateLimit-Limit, RateLimit-Remaining, "
        "RateLimit-Reset, Retry-After"
    ),
}
PREFLIGHT_HEADERS = CORS_HEADERS | {
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "Accept, If-Modified-Since, If-None-Match",
}


@dataclass(frozen=True)
class Validators:
    """The entity tag, and the moment of the last change: None when it is unknown or too close.

    Dates of the protocol count seconds: within the second of a change, one more change could
    follow that they would not tell.
    """

    etag: str
    last_modified: datetime.datetime | None

    def are_known_to(self, request) -> bool:
        """Whether the client names this very tag: what it keeps is still right."""
        asked = request.META.get("HTTP_IF_NONE_MATCH", "")
        if not asked or request.method not in {"GET", "HEAD"}:
            return False
        return asked == self.etag or self.etag in {
            tag.removeprefix("W/") for tag in parse_etags(asked)
        }

    def not_modified(self) -> HttpResponseNotModified:
        return self.stamp(HttpResponseNotModified())

    def stamp(self, response):
        """The same response, with its validators; it may be kept, and asked for at each use."""
        if response.has_header("Cache-Control"):
            patch_cache_control(response, public=True, no_cache=True)
        else:
            response["Cache-Control"] = "public, no-cache"
        response["ETag"] = self.etag
        if self.last_modified:
            response["Last-Modified"] = http_date(self.last_modified.timestamp())
        return response


def validators(
    request, form: str, *parts: str, version: freshness.Version | None = None
) -> Validators:
    """Those of what `request` asks for, now.

    `form` names the format and its version: a change of either must move the tag. `parts` are
    texts of the answer that come from elsewhere than public rows. `version` is that of the rows,
    when it was read before.
    """
    version = version or freshness.current()
    address = f"{request.scheme}://{request.get_host()}{request.get_full_path()}"
    seed = "\n".join((version.key, form, address, *parts))
    changed_at = version.changed_at
    if changed_at and timezone.now() - changed_at < ONE_SECOND:
        changed_at = None
    return Validators(f'"{hashlib.sha256(seed.encode()).hexdigest()[:32]}"', changed_at)


def allow_every_origin(response):
    """The same response, that scripts of any site may read."""
    for name, value in CORS_HEADERS.items():
        response[name] = value
    return response


def open_to_every_origin(view):
    """A view whose answers scripts of any site may read."""

    @wraps(view)
    def wrapped(request, *args, **kwargs):
        return allow_every_origin(view(request, *args, **kwargs))

    return wrapped
