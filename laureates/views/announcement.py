"""Announcements of laureates, and the documents that they list."""

from pathlib import PurePath

from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import cache_control
from django.views.generic import DetailView, TemplateView

from laureates import figures, markdown
from laureates.models import Announcement
from laureates.views.pagination import paginate
from laureates.views.public import PublicLaureateMixin, PublicPageMixin

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
        return super().get_context_data(
            pages=pages, problems=[pages.problem] if pages.problem else [], **kwargs
        )


class AnnouncementView(PublicLaureateMixin, DetailView):
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
        return super().get_context_data(
            laureates=laureates.for_list().order_by("position"),
            figures=figures.announcement_figures(announcement),
            documents=announcement.documents.all(),
            public_text=markdown.render(announcement.public_text),
            **kwargs,
        )


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
