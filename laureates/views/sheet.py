"""The sheet of a project: a file of the latest version of its announcement."""

from laureates.models import Laureate, Release, ReleaseFile
from laureates.views.releases import shown_files


def sheet_of(laureate: Laureate) -> ReleaseFile | None:
    """The sheet of a public laureate, without its bytes, or None: two queries.

    That of the latest public version alone: what an earlier one says is no longer what is public.
    """
    releases = Release.objects.published().listed().filter(announcement=laureate.announcement_id)
    release = releases.order_by("-number").first()
    if release is None:
        return None
    release.announcement = laureate.announcement
    return next(iter(shown_files(release, public_id=laureate.public_id)), None)
