"""Every organisation with a page."""

from itertools import groupby

from django.utils.safestring import SafeString
from django.views.generic import TemplateView

from ftap import fast
from laureates.catalogue import Public
from laureates.models import Organisation
from laureates.typography import fold
from laureates.views.kept import KeptPageMixin
from laureates.views.organisation import MINISTRY, OWN
from laureates.views.public import PublicPageMixin


class OrganisationListView(KeptPageMixin, PublicPageMixin, TemplateView):
    """Every organisation with a page, from A to Z, with the number of its public projects.

    A ministry counts the projects of the organisations that it supervises.
    """

    template_name = "laureates/organisation_list.html"
    holes = ()
    page_title = "Organismes"
    page_description = (
        "Les organismes publics dont un projet est lauréat du Fonds pour la transformation de "
        "l’action publique, de A à Z."
    )

    def get_context_data(self, **kwargs):
        public = self.public
        return super().get_context_data(
            content=public.kept("organisations", lambda: _content(public)), **kwargs
        )


def _content(public: Public) -> SafeString:
    """The HTML of the list: a query."""
    own, supervised = public.counts(OWN), public.counts(MINISTRY)
    kinds = dict(Organisation.Kind.choices)
    rows = [
        (fold(name), slug, name, short_name, kinds.get(kind, kind), count)
        for slug, name, short_name, kind in Organisation.objects.values_list(
            "slug", "name", "short_name", "kind"
        )
        if (count := max(own.get(slug, 0), supervised.get(slug, 0)))
    ]
    rows.sort(key=lambda row: row[0])
    letters = [(letter, list(group)) for letter, group in groupby(rows, _letter)]
    return fast.render("organisations", letters=letters, total=len(rows))


def _letter(row) -> str:
    first = row[0][:1].upper()
    return first if first.isalpha() else "0-9"
