from django.conf import settings
from django.utils.module_loading import import_string
from django.views.generic import TemplateView

from laureates import figures
from laureates.models import Announcement, Theme
from laureates.views.kept import PublicMixin
from laureates.views.public import PublicPageMixin


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
        announcements = Announcement.objects.published().with_public_laureate_count()
        latest = announcements.latest_first().first()
        shown = figures.fund_figures(self.public.tally)
        if latest:
            shown += figures.announcement_figures(latest, self.public.tally)
            figures.with_completeness([latest])
        return super().get_context_data(
            latest=latest,
            figures=shown,
            panels=[panel for path in settings.HOME_PANELS if (panel := import_string(path)())],
            themes=self._themes(),
            **kwargs,
        )

    def _themes(self) -> list[Theme]:
        """Those of public laureates, with their number."""
        counts = self.public.counts("theme")
        themes = list(Theme.objects.filter(slug__in=counts))
        for theme in themes:
            theme.laureate_count = counts[theme.slug]
        return themes
