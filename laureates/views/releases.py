"""Versions of an announcement: the page of each, and its files as they were frozen."""

import re
from dataclasses import dataclass
from decimal import Decimal

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header, http_date
from django.views.generic import DetailView

from ftap.prepared import KEY, Prepared
from laureates.models import Announcement, Laureate, Release, ReleaseFile
from laureates.views.public import PublicPageMixin

_RELEASES = Prepared(
    lambda announcement: (
        Release.objects.published().listed().filter(announcement=announcement).order_by("-number")
    ),
    KEY,
    moments=2,
)
_CORRECTION = re.compile(r"\ARectificatif\s*:\s*", re.IGNORECASE)


@dataclass(frozen=True)
class ShownRelease:
    """A version as a page lists it, with its files but not their bytes.

    `words` is the changelog without the word that its kind puts before it, as a sentence.
    """

    release: Release
    files: list[ReleaseFile]

    @property
    def words(self) -> str:
        words = _CORRECTION.sub("", self.release.changelog)
        return words[:1].upper() + words[1:]

    @property
    def is_correction(self) -> bool:
        return self.release.kind == Release.Kind.CORRECTION


def listed_releases(announcement: Announcement) -> list[ShownRelease]:
    """The public versions of an announcement, the latest first: two queries at most.

    The latest comes with its files for the whole announcement, unless they are withheld.
    """
    releases = _RELEASES.objects(announcement.pk)
    for release in releases:
        release.announcement = announcement
    return [
        ShownRelease(release, [] if rank else shown_files(release, public_id=""))
        for rank, release in enumerate(releases)
    ]


def shown_files(release: Release, **lookups) -> list[ReleaseFile]:
    """The files of a version in order, without their bytes; none where they are withheld.

    Each has its `size_kb`, as pages write sizes.
    """
    if release.withheld_at:
        return []
    files = list(release.files.filter(**lookups).defer("content").order_by("position"))
    for file in files:
        file.release = release
        file.size_kb = size_kb(file.size)
    return files


def size_kb(size: int) -> Decimal:
    """A size in bytes as pages write it."""
    return max(round(Decimal(size) / 1024, 1), Decimal("0.1"))


def withdrawn_laureates(announcement: Announcement) -> list[Laureate]:
    """The laureates of a public announcement that visitors saw and that were withdrawn since:
    their rank, the day and the public reason, and nothing else of them."""
    return list(
        Laureate.objects.withdrawn()
        .filter(announcement=announcement)
        .only("position", "withdrawn_at", "withdrawal_reason")
    )


class WithdrawnAnnouncementMixin(PublicPageMixin):
    """An address below an announcement: 410 with its reason once visitors saw it withdrawn."""

    def withdrawn_announcement(self) -> TemplateResponse | None:
        withdrawn = Announcement.objects.withdrawn().filter(slug=self.kwargs["slug"]).first()
        return withdrawn and self.gone(
            page_title="Annonce retirée",
            reason=withdrawn.withdrawal_reason,
            withdrawn_at=withdrawn.withdrawn_at,
        )


class ReleaseView(WithdrawnAnnouncementMixin, DetailView):
    """A version: its number, its minute, what changed, its files and their digests."""

    template_name = "laureates/release.html"
    context_object_name = "release"

    def get(self, request, *args, **kwargs):
        try:
            return super().get(request, *args, **kwargs)
        except Http404:
            if gone := self.withdrawn_announcement():
                return gone
            raise

    def get_object(self, queryset=None):
        return get_object_or_404(
            Release.objects.published().listed().select_related("announcement"),
            announcement__slug=self.kwargs["slug"],
            number=self.kwargs["number"],
        )

    def get_page_title(self):
        return f"{self.object.announcement.title}, version {self.object.number}"

    def get_page_description(self):
        return self.object.changelog

    def get_context_data(self, **kwargs):
        release = self.object
        files = shown_files(release)
        numbers = list(
            Release.objects.published()
            .filter(announcement=release.announcement)
            .order_by("number")
            .values_list("number", flat=True)
        )
        return super().get_context_data(
            announcement=release.announcement,
            files=[file for file in files if not file.public_id],
            sheets=[file for file in files if file.public_id],
            shown=ShownRelease(release, files),
            numbers=numbers,
            latest=numbers[-1],
            **kwargs,
        )


class ReleaseFileView(WithdrawnAnnouncementMixin):
    """A file of a version, byte for byte as it was frozen, once its minute has come.

    Its entity tag is its SHA-256. 410 with the reason where it is withheld.
    """

    http_method_names = ("get", "head", "options")

    def get(self, request, slug, number, name):
        files = ReleaseFile.objects.filter(
            release__in=Release.objects.published(),
            release__announcement__slug=slug,
            release__number=number,
            name=name,
        )
        # Without its bytes first: most requests only ask whether they changed.
        file = files.defer("content").select_related("release__announcement").first()
        if file is None:
            if gone := self.withdrawn_announcement():
                return gone
            raise Http404(name)
        release = file.release
        if release.withheld_at:
            return self.gone(
                page_title="Fichier retiré",
                reason=release.withheld_reason,
                withdrawn_at=release.withheld_at,
                file=file,
                release=release,
            )
        headers = {
            "ETag": f'"{file.sha256}"',
            "Last-Modified": http_date(release.published_at.timestamp()),
            "X-Content-Type-Options": "nosniff",
        }
        validator = get_conditional_response(
            request, headers["ETag"], int(release.published_at.timestamp())
        )
        if validator is not None:
            for header, value in headers.items():
                validator.headers.setdefault(header, value)
            return validator
        content = b"" if request.method == "HEAD" else bytes(file.content)
        return HttpResponse(
            content,
            content_type=file.media_type,
            headers={
                **headers,
                "Content-Length": str(file.size),
                "Content-Disposition": content_disposition_header(True, file.name),
            },
        )
