"""The page of a project."""

from django.db.models import OuterRef, Subquery, TextField, Value
from django.db.models.functions import Concat
from django.http import Http404, HttpResponsePermanentRedirect
from django.views.generic import TemplateView

from ftap import fast
from ftap.context_processors import site
from ftap.prepared import TEXT, Prepared
from laureates import details
from laureates.models import Detail, Laureate
from laureates.opendata import jsonld
from laureates.views.kept import KeptPageMixin
from laureates.views.linked_data import linked_data
from laureates.views.public import PublicPageMixin
from laureates.views.sheet import sheet_of

# Between the parts of what names a neighbour; the first two hold none.
_BETWEEN = "/"


def _beside(order, comparison) -> Subquery:
    """What names the laureate before or after one in its announcement, withdrawn ones left out."""
    position = {f"position__{comparison}": OuterRef("laureate__position")}
    rows = Laureate.objects.filter(
        announcement=OuterRef("laureate__announcement"), withdrawn_at=None, **position
    ).order_by(order)
    parts = ("public_id", Value(_BETWEEN), "slug", Value(_BETWEEN), "title")
    return Subquery(rows.values_list(Concat(*parts, output_field=TextField()))[:1])


_DETAIL = Prepared(
    lambda public_id: Detail.objects.filter(laureate__public_id=public_id).values_list(
        "pk", "content", _beside("-position", "lt"), _beside("position", "gt")
    ),
    TEXT,
)


class LaureateView(KeptPageMixin, PublicPageMixin, TemplateView):
    """Everything public on one project. An old title in the address leads to the current one."""

    template_name = "laureates/laureate.html"
    holes = ("previous_url", "next_url")

    def get(self, request, public_id, slug):
        found = _DETAIL.row(public_id)
        if found is None or found[0] not in self.public.ids:
            return self._gone(public_id)
        _, content, *beside = found
        self.laureate, self.beside = details.read(content), beside
        if slug != self.laureate.slug:
            return HttpResponsePermanentRedirect(self.laureate.get_absolute_url())
        return self.render_to_response(self.get_context_data())

    def _gone(self, public_id):
        withdrawn = Laureate.objects.withdrawn().filter(public_id=public_id)
        laureate = withdrawn.select_related("announcement").first()
        if laureate is None:
            raise Http404
        announcement = laureate.announcement
        cause = laureate if laureate.withdrawn_at else announcement
        return self.gone(
            page_title="Projet retiré",
            reason=cause.withdrawal_reason,
            withdrawn_at=cause.withdrawn_at,
            announcement=None if announcement.withdrawn_at else announcement,
        )

    def get_page_title(self):
        return self.laureate.title

    def get_page_description(self):
        laureate = self.laureate
        return laureate.excerpt or f"Projet lauréat du FTAP\u00a0: {laureate.title}."

    def get_context_data(self, **kwargs):
        laureate, site_url = self.laureate, site(self.request)["SITE_URL"]
        previous, following = (_neighbour(text) for text in self.beside)
        content = fast.render(
            "laureate",
            laureate=laureate,
            sheet=sheet_of(laureate),
            previous=previous,
            next=following,
            site_url=site_url,
        )
        trail = (
            ("Lauréats", fast.address("laureates:library")),
            (laureate.title, laureate.get_absolute_url()),
        )
        return super().get_context_data(
            content=content,
            laureate=laureate,
            previous_url=previous and previous[0],
            next_url=following and following[0],
            shared_published_at=laureate.announcement.published_at,
            linked_data=linked_data(self.request, trail, jsonld.laureate(laureate, site_url)),
            **kwargs,
        )


def _neighbour(text: str | None) -> tuple[str, str] | None:
    """(address, title) of the laureate that a text of `_beside` names."""
    if not text:
        return None
    public_id, slug, title = text.split(_BETWEEN, 2)
    return fast.address("laureates:laureate", public_id, slug), title
