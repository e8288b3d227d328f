"""What search engines are told of: every public page, and nothing that is not public."""

from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.urls import reverse

from laureates.models import Announcement, Laureate, Organisation


def changed_for_visitors(updated_at, published_at):
    """When a page last changed for visitors, or None: at the earliest when it became public."""
    return updated_at and max(updated_at, published_at)


class SiteAddressSitemap(Sitemap):
    """Addresses begin with SITE_URL when it is set, otherwise as the request does."""

    def get_protocol(self, protocol=None):
        return urlsplit(settings.SITE_URL).scheme or super().get_protocol(protocol)

    def get_domain(self, site=None):
        return urlsplit(settings.SITE_URL).netloc or super().get_domain(site)


class PageSitemap(SiteAddressSitemap):
    """The pages that exist whatever the data."""

    def items(self):
        return (
            "home",
            "library",
            "announcements",
            "organisations",
            "statistics",
            "about_data",
            "dictionary",
            "conformity",
            "api",
            "report",
            "legal",
            "privacy",
            "accessibility",
            "site_map",
        )

    def location(self, item):
        return reverse(f"laureates:{item}")


class AnnouncementSitemap(SiteAddressSitemap):
    def items(self):
        return (
            Announcement.objects.published()
            .only("slug", "updated_at", "published_at")
            .order_by("pk")
        )

    def lastmod(self, item):
        return changed_for_visitors(item.updated_at, item.published_at)


class LaureateSitemap(SiteAddressSitemap):
    def items(self):
        return (
            Laureate.objects.published()
            .select_related("announcement")
            .only("public_id", "slug", "updated_at", "announcement__published_at")
            .order_by("pk")
        )

    def lastmod(self, item):
        return changed_for_visitors(item.updated_at, item.announcement.published_at)


class OrganisationSitemap(SiteAddressSitemap):
    """Those that have a page; when it last changed is not known."""

    def items(self):
        return Organisation.objects.public().only("slug").order_by("pk")


# Sections, as they stand in addresses: /sitemap-laureats.xml.
SITEMAPS = {
    "pages": PageSitemap,
    "annonces": AnnouncementSitemap,
    "laureats": LaureateSitemap,
    "organismes": OrganisationSitemap,
}
