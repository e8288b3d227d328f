from django.urls import path, register_converter
from django.urls.converters import StringConverter

from laureates.views import pages
from laureates.views.announcement import AnnouncementListView, AnnouncementView, DocumentView
from laureates.views.home import HomeView
from laureates.views.library import LaureateView, LibraryView
from laureates.views.organisation import OrganisationListView, OrganisationView


class PublicIdConverter(StringConverter):
    """The public identifier of a laureate, which holds no hyphen."""

    regex = "[a-z0-9]{4,32}"


class PositionConverter(StringConverter):
    """The rank of a document, within what a small integer holds."""

    regex = "[0-9]{1,4}"

    def to_python(self, value):
        return int(value)


register_converter(PublicIdConverter, "public_id")
register_converter(PositionConverter, "position")

app_name = "laureates"
urlpatterns = [
    path("", HomeView.as_view(), name="home"),
    path("laureats/", LibraryView.as_view(), name="library"),
    path("laureats/<public_id:public_id>-<slug:slug>/", LaureateView.as_view(), name="laureate"),
    path("annonces/", AnnouncementListView.as_view(), name="announcements"),
    path("annonces/<slug:slug>/", AnnouncementView.as_view(), name="announcement"),
    path(
        "annonces/<slug:slug>/documents/<position:position>/",
        DocumentView.as_view(),
        name="document",
    ),
    path("organisations/", OrganisationListView.as_view(), name="organisations"),
    path("organisations/<slug:slug>/", OrganisationView.as_view(), name="organisation"),
    path("donnees/", pages.AboutDataView.as_view(), name="about_data"),
    path("signaler-une-erreur/", pages.ReportView.as_view(), name="report"),
    path("signaler-une-erreur/merci/", pages.ReportSentView.as_view(), name="report_sent"),
    path("mentions-legales/", pages.LegalView.as_view(), name="legal"),
    path("donnees-personnelles/", pages.PrivacyView.as_view(), name="privacy"),
    path("accessibilite/", pages.AccessibilityView.as_view(), name="accessibility"),
    path("plan-du-site/", pages.SiteMapView.as_view(), name="site_map"),
    path("robots.txt", pages.robots, name="robots"),
    path("sitemap.xml", pages.sitemap, name="sitemap"),
    path("sitemap-<slug:section>.xml", pages.sitemap, name="sitemap_section"),
]
