"""What search engines are told of calls: the pages that visitors may read."""

from django.urls import reverse

from calls.models import Call, CallSession
from laureates.sitemaps import SiteAddressSitemap


class CallSitemap(SiteAddressSitemap):
    """The list, then each public call; when a page last changed is not known."""

    def items(self):
        calls = Call.objects.published().only("slug").order_by("pk")
        return [reverse("calls:calls"), *(call.get_absolute_url() for call in calls)]

    def location(self, item):
        return item


class SessionSitemap(SiteAddressSitemap):
    def items(self):
        return (
            CallSession.objects.filter(call__in=Call.objects.published().values("pk"))
            .select_related("call")
            .only("slug", "call__slug")
            .order_by("pk")
        )


# Sections, as they stand in addresses: /sitemap-appels.xml.
SITEMAPS = {"appels": CallSitemap, "sessions": SessionSitemap}
