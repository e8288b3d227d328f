"""Announcements of laureates, and the documents that they list."""

from pathlib import PurePath

from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import cache_control
from django.views.generic import DetailView, TemplateView

from ftap.context_processors import site
from laureates import figures, markdown
from laureates.models import Announcement
from laureates.opendata import jsonld
from laureates.views.kept import KeptPageMixin
from laureates.views.linked_data import linked_data
from laureates.views.pagination import paginate
from laureates.views.public import PublicLaureateMixin, PublicPageMixin
from laureates.views.releases import listed_releases, withdrawn_laureates

PAGE_SIZE = 50


class AnnouncementListView(PublicPageMixin, TemplateView):
    """Every public announcement, the latest first."""

    template_name = "laureates/announcement_list.html"
    page_title = "Annonces des lauréats"
    page_description = (
        "Les annonces de lauréats du Fonds pour la transformation de l’action publique, de la "
        "plus récente à la plus ancienne."
    )

    def get_context_data(self, **kwargs):
        pages = paginate(
            Announcement.objects.published().with_public_laureate_count().latest_first(),
            self.request.GET.get("page", ""),
            PAGE_SIZE,
            lambda number: self.request.path + (f"?page={number}" if number > 1 else ""),
        )
        pages.page.object_list = figures.with_completeness(pages)
        return super().get_context_data(
            pages=pages, problems=[pages.problem] if pages.problem else [], **kwargs
        )


class AnnouncementView(KeptPageMixin, PublicLaureateMixin, DetailView):
    """An announcement as it was made: context, committee, figures, laureates, documents."""

    template_name = "laureates/announcement.html"
    context_object_name = "announcement"

    def get_queryset(self):
        return Announcement.objects.published()

    def get(self, request, *args, **kwargs):
        try:
            return super().get(request, *args, **kwargs)
        except Http404:
            withdrawn = Announcement.objects.withdrawn().filter(slug=kwargs["slug"]).first()
            if withdrawn is None:
                raise
            return self.gone(
                page_title="Annonce retirée",
                reason=withdrawn.withdrawal_reason,
                withdrawn_at=withdrawn.withdrawn_at,
            )

    def get_page_title(self):
        return self.object.title

    def get_page_description(self):
        return markdown.plain(self.object.public_text) or self.object.title

    def get_context_data(self, **kwargs):
        announcement = self.object
        laureates = self.public_laureates().filter(announcement=announcement)
        laureates = laureates.for_list().order_by("position")
        versions = listed_releases(announcement)
        sections = _sections([*laureates, *withdrawn_laureates(announcement)])
        has_groups = any(section["group"] for section in sections)
        return super().get_context_data(
            laureates=laureates,
            sections=sections,
            has_groups=has_groups,
            heading="h4" if has_groups else "h3",
            versions=versions,
            pdf=next((file for file in versions[0].files if file.format == "PDF"), None)
            if versions
            else None,
            correction=next((version for version in versions if version.is_correction), None),
            data_as_of=self.version.changed_at,
            shared_published_at=announcement.published_at,
            linked_data=self._linked_data(laureates),
            figures=figures.announcement_figures(announcement, self.public.tally),
            completeness=figures.completeness(announcement),
            documents=announcement.documents.all(),
            public_text=markdown.render(announcement.public_text),
            **kwargs,
        )

    def _linked_data(self, laureates) -> dict:
        trail = (
            ("Annonces", reverse("laureates:announcements")),
            (self.object.title, self.object.get_absolute_url()),
        )
        site_url = site(self.request)["SITE_URL"]
        node = jsonld.announcement(self.object, laureates, len(laureates), site_url)
        return linked_data(self.request, trail, node)


def _sections(rows) -> list[dict]:
    """Laureates in the announced order, {"group", "entries"} of each run of a same group.

    A withdrawn one stands at its rank, with its reason for all text: of its group nothing is said.
    """
    sections = []
    for row in sorted(rows, key=lambda row: row.position):
        group = None if row.withdrawn_at else row.group
        is_same = bool(sections) and (row.withdrawn_at or sections[-1]["group"] == group)
        if not is_same:
            sections.append({"group": group, "entries": []})
        sections[-1]["entries"].append(row)
    return sections


@method_decorator(cache_control(public=True, no_cache=True), name="dispatch")
class DocumentView(View):
    """The file of a document, as a download, while its announcement is public."""

    def get(self, request, slug, position):
        announcement = get_object_or_404(Announcement.objects.published(), slug=slug)
        document = get_object_or_404(announcement.documents.exclude(file=""), position=position)
        try:
            content = document.file.open("rb")
        except OSError as error:
            raise Http404 from error
        return FileResponse(content, as_attachment=True, filename=PurePath(document.file.name).name)
