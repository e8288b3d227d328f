"""What to follow: the laureates of any list, and the announcements with their later versions.

Feeds are Atom (RFC 4287). An entry keeps its identifier for ever, and its date is that of the
version in which it last changed.
"""

import datetime
import re
import xml.etree.ElementTree as ET
from functools import cached_property
from urllib.parse import urlsplit

from django.http import HttpResponse
from django.templatetags.static import static
from django.urls import reverse
from django.utils.decorators import method_decorator

from ftap.context_processors import site
from laureates import details, markdown, revalidation
from laureates.filters import LaureateFilterSet
from laureates.models import Announcement, Release
from laureates.opendata.reading import FUND, LICENCE, LICENCE_URL
from laureates.releases import content
from laureates.views.kept import PublicMixin
from laureates.views.public import PublicPageMixin

MEDIA_TYPE = "application/atom+xml"
# Moves when the writing of the feeds does, so that no reader keeps an old one.
FORM = "atom 1"
MAX_ENTRIES = 50
# Since when the addresses of this site name its rows, as identifiers (RFC 4151) ask.
SINCE = "2026"
EPOCH = datetime.datetime.fromtimestamp(0, datetime.UTC)
_DECLARATION = "<?xml version='1.0' encoding='utf-8'?>\n"
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Feed:
    """An Atom document being written: its head, then its entries."""

    def __init__(self, *, site_url: str, path: str, page: str, title: str, subtitle: str):
        """`path` and `page` are those of the feed and of the page that shows the same."""
        self.site_url = site_url
        self.root = ET.Element("feed", {"xmlns": "http://www.w3.org/2005/Atom", "xml:lang": "fr"})
        self._text(self.root, "id", self.identifier(path.lstrip("/")))
        self._text(self.root, "title", title)
        if subtitle:
            self._text(self.root, "subtitle", subtitle)
        self._link(self.root, "self", path, MEDIA_TYPE)
        self._link(self.root, "alternate", page, "text/html")
        ET.SubElement(self.root, "link", {"rel": "license", "href": LICENCE_URL})
        self._text(self.root, "rights", LICENCE)
        self._text(self.root, "icon", f"{site_url}{static('ftap/favicon.png')}")
        self._author(self.root, FUND)
        self.updated = self._text(self.root, "updated", "")

    def identifier(self, name: str) -> str:
        """The tag: address of what `name` names; it holds no address that could change."""
        return f"tag:{urlsplit(self.site_url).hostname or 'localhost'},{SINCE}:{name}"

    def entry(self, *, name, title, path, published, updated, summary="", authors=(), terms=()):
        """`authors` are names; `terms` are (identifier, label)."""
        entry = ET.SubElement(self.root, "entry")
        self._text(entry, "id", self.identifier(name))
        self._text(entry, "title", title)
        self._link(entry, "alternate", path, "text/html")
        self._text(entry, "published", _moment(published))
        self._text(entry, "updated", _moment(updated))
        for author in authors:
            self._author(entry, author)
        for term, label in terms:
            ET.SubElement(entry, "category", {"term": _clean(term), "label": _clean(label)})
        if summary:
            self._text(entry, "summary", summary)

    def response(self, changed_at: datetime.datetime | None) -> HttpResponse:
        """The feed, last changed at `changed_at` (a site where nothing was ever published: the
        origin of time, for the format wants a date)."""
        self.updated.text = _moment(changed_at or EPOCH)
        document = _DECLARATION + ET.tostring(self.root, encoding="unicode")
        return HttpResponse(document.encode(), content_type=f"{MEDIA_TYPE}; charset=utf-8")

    def _text(self, parent, name, text):
        element = ET.SubElement(parent, name)
        element.text = _clean(text)
        return element

    def _link(self, parent, rel, path, media_type):
        attributes = {"rel": rel, "type": media_type, "href": f"{self.site_url}{path}"}
        ET.SubElement(parent, "link", {name: _clean(text) for name, text in attributes.items()})

    def _author(self, parent, name):
        self._text(ET.SubElement(parent, "author"), "name", name)


@method_decorator(revalidation.open_to_every_origin, name="dispatch")
class FeedView(PublicMixin, PublicPageMixin):
    """A feed of public rows; `parts()` are texts of it that come from elsewhere than rows."""

    def get(self, request):
        # The version before the rows: were they to change in between, the tag would be too old,
        # and never too new.
        version = self.version
        validators = revalidation.validators(request, FORM, *self.parts(), version=version)
        if validators.are_known_to(request):
            return validators.not_modified()
        return validators.stamp(self.feed(site(request)["SITE_URL"]).response(version.changed_at))

    def parts(self) -> tuple[str, ...]:
        return ()

    def feed(self, site_url: str) -> Feed:
        raise NotImplementedError


class LaureateFeedView(FeedView):
    """The laureates under the filters of the query string, latest announcement first."""

    @cached_property
    def filterset(self) -> LaureateFilterSet:
        return LaureateFilterSet(self.request.GET, version=self.version)

    def parts(self):
        return (self.filterset.criteria, *self.filterset.problems)

    def feed(self, site_url):
        filterset = self.filterset
        query = filterset.querystring(tri=None)
        suffix = f"?{query}" if query else ""
        feed = Feed(
            site_url=site_url,
            path=reverse("laureates:feed") + suffix,
            page=reverse("laureates:library") + suffix,
            title=" ".join(filter(None, ("Projets lauréats du FTAP", filterset.criteria))),
            subtitle=" ".join(filterset.problems),
        )
        laureates = details.of(filterset.public.page(filterset.ids, 0, MAX_ENTRIES))
        changes = self._changes({laureate.announcement.pk for laureate in laureates})
        for laureate in laureates:
            published = laureate.announcement.published_at
            feed.entry(
                name=f"laureats/{laureate.public_id}",
                title=laureate.title,
                path=laureate.get_absolute_url(),
                published=published,
                updated=changes.get(laureate.public_id, published),
                summary=laureate.excerpt,
                authors=[carrier.announced_name for carrier in laureate.carriers],
                terms=laureate.themes,
            )
        return feed

    def _changes(self, announcements: set[int]) -> dict[str, datetime.datetime]:
        """`last_changes`, asked of the announcements that have several versions alone."""
        several = self.filterset.public.kept("several versions", _with_several_versions)
        return last_changes(found) if (found := announcements & several) else {}


class AnnouncementFeedView(FeedView):
    """Every version made public, the latest first: announcements, corrections, withdrawals."""

    def feed(self, site_url):
        feed = Feed(
            site_url=site_url,
            path=reverse("laureates:announcement_feed"),
            page=reverse("laureates:announcements"),
            title="Annonces des lauréats du FTAP",
            subtitle="Les annonces, leurs rectificatifs et les retraits.",
        )
        for row in versions()[:MAX_ENTRIES]:
            feed.entry(**row)
        return feed


def versions() -> list[dict]:
    """What `Feed.entry` takes of each public version, the latest first."""
    releases = Release.objects.published().listed().select_related("announcement")
    found = [
        {
            "name": f"annonces/{row.announcement.slug}/versions/{row.number}",
            "title": _heading(row),
            "path": row.get_absolute_url(),
            "published": row.published_at,
            "updated": row.published_at,
            "summary": row.changelog,
        }
        for row in releases.order_by("-published_at", "-number", "announcement__slug")[:MAX_ENTRIES]
    ]
    # Those that were public before versions were kept.
    unversioned = Announcement.objects.published().filter(releases=None).latest_first()
    found += [
        {
            "name": f"annonces/{row.slug}/versions/1",
            "title": row.title,
            "path": row.get_absolute_url(),
            "published": row.published_at,
            "updated": row.published_at,
            "summary": markdown.plain(row.public_text),
        }
        for row in unversioned[:MAX_ENTRIES]
    ]
    return sorted(found, key=lambda entry: entry["published"], reverse=True)


def _with_several_versions() -> set[int]:
    """The announcements that have a second version, public or not."""
    return set(
        Release.objects.filter(number__gt=1).order_by().values_list("announcement", flat=True)
    )


def last_changes(announcements: set[int]) -> dict[str, datetime.datetime]:
    """{public_id: moment} of laureates that a later version of their announcement changed.

    Two queries at most; contents are read of the announcements that have several versions alone.
    """
    public = Release.objects.published()
    later = public.filter(announcement__in=announcements, number__gt=1)
    changes, announcement, known = {}, None, {}
    rows = public.filter(announcement__in=later.values("announcement"))
    for release in rows.order_by("announcement", "number"):
        said = _said(release)
        if release.announcement_id != announcement:
            announcement = release.announcement_id
        else:
            for public_id, entry in said.items():
                if entry != known.get(public_id):
                    changes[public_id] = release.published_at
        known = said
    return changes


def _said(release: Release) -> dict[str, dict]:
    """{public_id: what a version says of it}; nothing of one whose content is not frozen."""
    if not release.content:
        return {}
    return {
        entry["public_id"]: entry for entry in content.parse(release.content).get("laureates", ())
    }


def _heading(release: Release) -> str:
    title = release.announcement.title
    if release.kind == Release.Kind.FIRST:
        return title
    return f"{release.get_kind_display().capitalize()}\u00a0: {title}"


def _moment(moment: datetime.datetime) -> str:
    return moment.astimezone(datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _clean(text: str) -> str:
    """The text without the characters that XML cannot hold."""
    return _NOT_XML.sub("", text)
