"""The list of laureates as a light page, that other sites of the State show in a frame."""

from csp.constants import NONE
from csp.decorators import csp_replace
from django.conf import settings
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.html import escape
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.generic import TemplateView

from laureates.filters import LaureateFilterSet
from laureates.views.public import PublicLaureateMixin

DEFAULT_NUMBER = 10
MAX_NUMBER = 50


def embed_code(address: str, title: str) -> str:
    """What an editor pastes in a page to show the list of this absolute address: HTML to be read
    as text."""
    return (
        f'<iframe src="{escape(address)}" title="{escape(title)}" width="100%" height="600" '
        'loading="lazy"></iframe>'
    )


# X-Frame-Options cannot name several sites: browsers that know `frame-ancestors` follow it alone.
@method_decorator(xframe_options_exempt, name="dispatch")
class EmbedView(PublicLaureateMixin, TemplateView):
    """The first laureates under the filters of the query string, `nombre` of them at most."""

    template_name = "laureates/embed.html"

    def dispatch(self, request, *args, **kwargs):
        ancestors = list(settings.EMBED_ANCESTORS) or [NONE]
        framed = csp_replace({"frame-ancestors": ancestors})(super().dispatch)
        return framed(request, *args, **kwargs)

    def get_page_title(self):
        return self.filterset.heading

    def get_context_data(self, **kwargs):
        self.filterset = LaureateFilterSet(self.request.GET, self.get_queryset())
        number, problem = self._read_number()
        query = self.filterset.querystring()
        return super().get_context_data(
            laureates=self.filterset.page(0, number),
            heading=self.filterset.heading,
            count=self.filterset.count,
            problems=[*self.filterset.problems, *filter(None, [problem])],
            library=reverse("laureates:library") + (f"?{query}" if query else ""),
            data_as_of=self.filterset.version.changed_at,
            **kwargs,
        )

    def _read_number(self) -> tuple[int, str]:
        asked = self.request.GET.get("nombre", "")
        if not asked:
            return DEFAULT_NUMBER, ""
        if asked.isascii() and asked.isdigit() and len(asked) < 5 and 1 <= int(asked) <= MAX_NUMBER:
            return int(asked), ""
        return DEFAULT_NUMBER, (
            f"Le nombre de projets va de 1 à {MAX_NUMBER}\u00a0: en voici {DEFAULT_NUMBER}."
        )
