"""What every public page of the library shares: who may see, how it is cached, how it is named."""

from django.template.response import TemplateResponse
from django.utils.decorators import method_decorator
from django.utils.text import Truncator
from django.views.decorators.cache import cache_control
from django.views.generic.base import ContextMixin, View

from laureates.models import Laureate

DESCRIPTION_LENGTH = 160


# Browsers and proxies may keep a page but ask before each use: an entity tag answers, and no
# lifetime can outlast an embargo or a withdrawal.
@method_decorator(cache_control(public=True, no_cache=True), name="dispatch")
class PublicPageMixin(ContextMixin, View):
    """A page anyone may read, without a cookie.

    `get_page_title()` and `get_page_description()` feed the <title>, the meta description and the
    share card; `get_canonical_path()` is the address to remember, the request's path by default.
    """

    page_title = ""
    page_description = ""

    def get_page_title(self) -> str:
        return self.page_title

    def get_page_description(self) -> str:
        return self.page_description

    def get_canonical_path(self) -> str:
        return self.request.path

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        return {
            "page_title": self.get_page_title(),
            "page_description": Truncator(self.get_page_description()).chars(DESCRIPTION_LENGTH),
            "canonical_path": self.get_canonical_path(),
        } | context

    def gone(self, **context) -> TemplateResponse:
        """A 410 page: `page_title`, `reason`, `withdrawn_at`, and where to go from there."""
        return TemplateResponse(
            self.request, "laureates/withdrawn.html", context | {"noindex": True}, status=410
        )


class PublicLaureateMixin(PublicPageMixin):
    """A page about laureates: those that visitors may see, and no other."""

    def public_laureates(self):
        return Laureate.objects.published()

    def get_queryset(self):
        return self.public_laureates()
