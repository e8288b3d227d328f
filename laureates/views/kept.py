"""Pages that a browser may ask for again, and that a process need not make again.

Their entity tag is that of the public data, of the address and of the templates: it is known before
the page is made. Nothing made inside a transaction, which may be undone, is kept or told.
"""

import hashlib
import threading
from functools import cache, cached_property

from cachetools import LRUCache
from django.conf import settings
from django.db import connection
from django.http import HttpResponse

from ftap import fast, frames
from laureates import catalogue, freshness
from laureates.revalidation import Validators, validators

# What base.html prints, and asks, of the context of these pages.
HOLES = (
    *("page_title", "page_description", "canonical_path", "shared_published_at", "linked_data"),
    "content",
)
FLAGS = ("noindex",)
# Bytes of pages that a process keeps.
KEPT_BYTES = 4 * 1024 * 1024
_lock = threading.Lock()
_pages: LRUCache[str, bytes] = LRUCache(KEPT_BYTES, getsizeof=len)
_FOLDERS = ("templates", "laureates/jinja2")


@cache
def _making() -> str:
    """Changes with whatever pages are made of, but for data."""
    digest = hashlib.sha256()
    for folder in _FOLDERS:
        for path in sorted((settings.BASE_DIR / folder).rglob("*.html")):
            digest.update(path.read_bytes())
    for folder in ("laureates", "ftap"):
        for path in sorted((settings.BASE_DIR / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


class PublicMixin:
    """For a view that reads what is public."""

    @cached_property
    def version(self) -> freshness.Version:
        """That of the public data when the request came."""
        return freshness.current()

    @cached_property
    def public(self) -> catalogue.Public:
        """What visitors may see at that version."""
        return catalogue.current(self.version).public(self.version)


class KeptPageMixin(PublicMixin):
    """For a public page whose content depends on public rows and on its address alone."""

    # What the template prints besides HOLES; None when it reads anything else.
    holes: tuple[str, ...] | None = None
    _is_kept = False

    def render_to_response(self, context, **kwargs):
        if not self._is_kept or self.holes is None:
            return super().render_to_response(context, **kwargs)
        if moment := context.get("shared_published_at"):
            context["shared_published_at"] = fast.iso(moment)
        page = frames.render(
            self.request, self.template_name, context, (*HOLES, *self.holes), FLAGS
        )
        return HttpResponse(page, **kwargs)

    def dispatch(self, request, *args, **kwargs):
        if request.method not in {"GET", "HEAD"} or connection.in_atomic_block or settings.DEBUG:
            return super().dispatch(request, *args, **kwargs)
        known = validators(request, f"page {_making()}", version=self.version)
        if known.are_known_to(request):
            return known.not_modified()
        if (content := _kept(known.etag)) is not None:
            return known.stamp(HttpResponse(content))
        self._is_kept = True
        response = super().dispatch(request, *args, **kwargs)
        if response.status_code == 200:
            if hasattr(response, "add_post_render_callback"):
                response.add_post_render_callback(lambda made: _keep(known, made))
            else:
                _keep(known, response)
        return response


def _kept(etag: str) -> bytes | None:
    with _lock:
        return _pages.get(etag)


def _keep(known: Validators, response):
    known.stamp(response)
    with _lock:
        if len(response.content) <= _pages.maxsize:
            _pages[known.etag] = response.content
