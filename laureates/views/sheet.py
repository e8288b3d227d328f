"""The sheet of a project: a file of the latest version of its announcement."""

from dataclasses import dataclass
from decimal import Decimal

from ftap.fast import address
from ftap.prepared import KEY, TEXT, Prepared
from laureates.details import DetailedLaureate
from laureates.models import Release, ReleaseFile
from laureates.views.releases import size_kb

_LATEST = Prepared(
    lambda announcement: (
        Release.objects.published()
        .filter(announcement=announcement)
        .only("number", "published_at", "withheld_at")
        .order_by("-number")[:1]
    ),
    KEY,
    moments=2,
)
_FILE = Prepared(
    lambda release, public_id: (
        ReleaseFile.objects.filter(release=release, public_id=public_id)
        .order_by("position")
        .values_list("name", "format", "size")[:1]
    ),
    KEY,
    TEXT,
)


@dataclass(frozen=True)
class Sheet:
    """What a page says of the sheet; `release` is the version that it belongs to."""

    slug: str
    release: Release
    name: str
    format: str
    size_kb: Decimal

    def get_absolute_url(self) -> str:
        return address("laureates:release_file", self.slug, self.release.number, self.name)


def sheet_of(laureate: DetailedLaureate) -> Sheet | None:
    """The sheet of a public laureate, or None: two queries at most.

    That of the latest public version alone: what an earlier one says is no longer what is public.
    """
    announcement = laureate.announcement
    release = next(iter(_LATEST.objects(announcement.pk)), None)
    if release is None or release.withheld_at:
        return None
    found = _FILE.row(release.pk, laureate.public_id)
    if found is None:
        return None
    name, format, size = found
    return Sheet(announcement.slug, release, name, format, size_kb(size))
