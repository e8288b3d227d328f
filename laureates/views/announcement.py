"""Announcements of laureates, and the documents that they list."""

from collections.abc import Iterable
from functools import cached_property
from pathlib import PurePath

from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.utils.decorators import method_decorator
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.views import View
from django.views.decorators.cache import cache_control
from django.views.generic import TemplateView
from pyroaring import BitMap

from ftap import fast
from ftap.context_processors import site
from ftap.prepared import KEY, TEXT, Prepared
from laureates import details, figures, markdown
from laureates.catalogue import Public
from laureates.models import Announcement, Claim, Document, Laureate
from laureates.opendata import jsonld
from laureates.views.kept import KeptPageMixin
from laureates.views.linked_data import linked_data
from laureates.views.pagination import Listed, paginate
from laureates.views.public import PublicPageMixin
from laureates.views.releases import listed_releases, withdrawn_laureates

PAGE_SIZE = 50
_ANNOUNCEMENT = Prepared(
    lambda slug: Announcement.objects.published().filter(slug=slug), TEXT, moments=1
)
_CLAIMS = Prepared(lambda announcement: Claim.objects.filter(announcement=announcement), KEY)
_DOCUMENTS = Prepared(lambda announcement: Document.objects.filter(announcement=announcement), KEY)
_RANKS = Prepared(
    lambda announcement: (
        Laureate.objects.filter(announcement=announcement)
        .order_by("position")
        .values_list("pk", "position", "group", "withdrawn_at")
    ),
    KEY,
)


def laureates_of(announcement: Announcement, public: Public) -> BitMap:
    """The keys of its public laureates."""
    return public.ids & public.catalogue.get("annonce", announcement.slug)


def with_counts(announcements: Iterable[Announcement], public: Public) -> list[Announcement]:
    """These public announcements, each with its `laureate_count` and its `completeness`: two
    queries for all."""
    announcements = list(announcements)
    for announcement in announcements:
        announcement.laureate_count = len(laureates_of(announcement, public))
    return figures.with_completeness(announcements, lambda row: row.laureate_count)


class AnnouncementListView(KeptPageMixin, PublicPageMixin, TemplateView):
    """Every public announcement, the latest first."""

    template_name = "laureates/announcement_list.html"
    holes = ()
    page_title = "Annonces des lauréats"
    page_description = (
        "Les annonces de lauréats du Fonds pour la transformation de l’action publique, de la "
        "plus récente à la plus ancienne."
    )

    def get_context_data(self, **kwargs):
        pages = paginate(
            Listed(len(self._keys), self._page),
            self.request.GET.get("page", ""),
            PAGE_SIZE,
            lambda number: self.request.path + (f"?page={number}" if number > 1 else ""),
        )
        problems = [pages.problem] if pages.problem else []
        return super().get_context_data(
            content=fast.render("announcements", pages=pages, problems=problems),
            pages=pages,
            problems=problems,
            **kwargs,
        )

    @cached_property
    def _keys(self) -> list[int]:
        return self.public.kept(
            "announcements",
            lambda: list(
                Announcement.objects.published().latest_first().values_list("pk", flat=True)
            ),
        )

    def _page(self, start: int, stop: int) -> list[Announcement]:
        """Those of these ranks: a query, and two for what is known of their laureates."""
        keys = self._keys[start:stop]
        rows = Announcement.objects.published().in_bulk(keys)
        return with_counts([rows[key] for key in keys if key in rows], self.public)


class AnnouncementView(KeptPageMixin, PublicPageMixin, TemplateView):
    """An announcement as it was made: context, committee, figures, laureates, documents."""

    template_name = "laureates/announcement.html"
    holes = ()

    def get(self, request, slug):
        if found := _ANNOUNCEMENT.objects(slug):
            (self.announcement,) = found
            return self.render_to_response(self.get_context_data())
        withdrawn = Announcement.objects.withdrawn().filter(slug=slug).first()
        if withdrawn is None:
            raise Http404
        return self.gone(
            page_title="Annonce retirée",
            reason=withdrawn.withdrawal_reason,
            withdrawn_at=withdrawn.withdrawn_at,
        )

    def get_page_title(self):
        return self.announcement.title

    def get_page_description(self):
        return markdown.plain(self.announcement.public_text) or self.announcement.title

    def get_context_data(self, **kwargs):
        announcement, public = self.announcement, self.public
        ids = laureates_of(announcement, public)
        ranks = _RANKS.rows(announcement.pk)
        laureates = details.of([pk for pk, *_ in ranks if pk in ids])
        withdrawn = []
        if any(withdrawn_at for *_, withdrawn_at in ranks):
            withdrawn = withdrawn_laureates(announcement)
        claims = _CLAIMS.objects(announcement.pk)
        documents = _DOCUMENTS.objects(announcement.pk)
        for row in (*claims, *documents):
            row.announcement = announcement
        versions = listed_releases(announcement)
        correction = next((version for version in versions if version.is_correction), None)
        pdf = [file for version in versions for file in version.files if file.format == "PDF"]
        return super().get_context_data(
            content=fast.render(
                "announcement",
                announcement=announcement,
                public_text=markdown.render(announcement.public_text),
                correction=_part("laureates/_correction.html", version=correction),
                figures=_part(
                    "components/figures.html",
                    figures=claims and figures.beside(claims, self._tallies(ids)),
                ),
                completeness=figures.known(claims, len(ids), len(withdrawn)),
                count=len(laureates),
                listed=_listed(
                    laureates, withdrawn, {position: group for _, position, group, _ in ranks}
                ),
                data_as_of=self.version.changed_at,
                documents=format_html_join(
                    "",
                    "{}",
                    ((_part("components/document.html", document=row),) for row in documents),
                ),
                pdf=next(iter(pdf), None),
                versions=render_to_string("components/versions.html", {"versions": versions}),
                site_url=site(self.request)["SITE_URL"],
            ),
            shared_published_at=announcement.published_at,
            linked_data=self._linked_data(laureates),
            **kwargs,
        )

    def _tallies(self, ids: BitMap) -> dict[str, figures.Tally]:
        return {
            Claim.Scope.SESSION: self.public.catalogue.tally(ids),
            Claim.Scope.FUND: self.public.tally(),
        }

    def _linked_data(self, laureates) -> SafeString:
        trail = (
            ("Annonces", fast.address("laureates:announcements")),
            (self.announcement.title, self.announcement.get_absolute_url()),
        )
        site_url = site(self.request)["SITE_URL"]
        node = jsonld.announcement(self.announcement, laureates, len(laureates), site_url)
        return linked_data(self.request, trail, node)


def _part(template: str, **context) -> SafeString:
    """The HTML of a part of the page, "" when there is nothing to show."""
    return render_to_string(template, context) if all(context.values()) else SafeString("")


def _listed(laureates, withdrawn: list[Laureate], groups: dict[int, int | None]) -> SafeString:
    """The HTML of laureates in the announced order, under a heading for each run of a same group,
    which `groups` says by rank.

    A withdrawn one stands at its rank, with its reason for all text: of its group nothing is said.
    """
    has_groups = any(laureate.group for laureate in laureates)
    heading = "h4" if has_groups else "h3"
    rows = [(laureate.position, laureate, "") for laureate in laureates]
    rows += [
        (
            row.position,
            None,
            render_to_string("laureates/_withdrawn.html", {"laureate": row, "heading": heading}),
        )
        for row in withdrawn
    ]
    sections, current = [], None
    for position, laureate, gone in sorted(rows, key=lambda row: row[0]):
        group = groups.get(position) if laureate else None
        if not sections or (laureate and group != current):
            current = group
            sections.append({"group": laureate and laureate.group, "entries": []})
        sections[-1]["entries"].append((laureate, gone))
    return fast.render(
        "announced",
        laureates=laureates,
        sections=sections,
        has_groups=has_groups,
        heading=heading,
        prefix=fast.prefix(),
        path=fast.path,
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
