from dataclasses import dataclass

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString
from django.views.generic import TemplateView

from laureates import figures
from laureates.catalogue import Public
from laureates.models import Announcement, Theme
from laureates.views.announcement import laureates_of, with_counts
from laureates.views.kept import PublicMixin
from laureates.views.public import PublicPageMixin


@dataclass(frozen=True)
class Shown:
    """What the page takes from public laureates, and the HTML of it, on both sides of panels."""

    latest: Announcement | None
    themes: list[Theme]
    before: SafeString
    after: SafeString


class HomeView(PublicMixin, PublicPageMixin, TemplateView):
    """What the fund is, its figures, the latest announcement, and ways into the library.

    Other applications add blocks through settings.HOME_PANELS: callables without argument that
    return {"template", "context"}, or None where there is nothing to show.
    """

    template_name = "laureates/home.html"
    page_title = "Accueil"
    page_description = (
        "Le Fonds pour la transformation de l’action publique (FTAP) finance des projets des "
        "administrations\u00a0: cherchez parmi les lauréats par thème, ministère ou territoire."
    )

    def get_context_data(self, **kwargs):
        public = self.public
        shown = public.kept("home", lambda: _shown(public))
        return super().get_context_data(
            latest=shown.latest,
            themes=shown.themes,
            shown=shown,
            panels=[panel for path in settings.HOME_PANELS if (panel := import_string(path)())],
            **kwargs,
        )


def _shown(public: Public) -> Shown:
    """Six queries at most, whatever the number of laureates and of announcements."""
    latest = Announcement.objects.published().latest_first().first()
    found = figures.fund_figures(public.tally)
    if latest:
        ids = laureates_of(latest, public)
        found += figures.announcement_figures(
            latest, public.tally, lambda: public.catalogue.tally(ids)
        )
        with_counts([latest], public)
    counts = public.counts("theme")
    themes = list(Theme.objects.filter(slug__in=counts))
    for theme in themes:
        theme.laureate_count = counts[theme.slug]
    return Shown(
        latest,
        themes,
        render_to_string("laureates/_home_figures.html", {"figures": found}),
        render_to_string("laureates/_home_ways.html", {"latest": latest, "themes": themes}),
    )
