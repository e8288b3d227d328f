from django.urls import path, register_converter
from django.urls.converters import StringConverter

from laureates.api.urls import urlpatterns as api_urlpatterns
from laureates.views import opendata, pages
from laureates.views.announcement import AnnouncementListView, AnnouncementView, DocumentView
from laureates.views.api import ApiPageView
from laureates.views.embed import EmbedView
from laureates.views.exports import (
    AnnouncementExportView,
    ExportFormatConverter,
    LibraryExportView,
    OrganisationExportView,
)
from laureates.views.feed import AnnouncementFeedView, LaureateFeedView
from laureates.views.home import HomeView
from laureates.views.laureate import LaureateView
from laureates.views.library import LibraryView
from laureates.views.organisation import OrganisationView
from laureates.views.organisation_list import OrganisationListView
from laureates.views.releases import ReleaseFileView, ReleaseView
from laureates.views.statistics import StatisticsTableView, StatisticsView


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
register_converter(ExportFormatConverter, "export_format")

app_name = "laureates"
urlpatterns = [
    path("", HomeView.as_view(), name="home"),
    path("laureats/", LibraryView.as_view(), name="library"),
    path(
        "laureats/export.<export_format:format>",
        LibraryExportView.as_view(),
        name="library_export",
    ),
    path("laureats/<public_id:public_id>-<slug:slug>/", LaureateView.as_view(), name="laureate"),
    path("annonces/", AnnouncementListView.as_view(), name="announcements"),
    path("annonces/<slug:slug>/", AnnouncementView.as_view(), name="announcement"),
    path(
        "annonces/<slug:slug>/laureats.<export_format:format>",
        AnnouncementExportView.as_view(),
        name="announcement_export",
    ),
    path(
        "annonces/<slug:slug>/documents/<position:position>/",
        DocumentView.as_view(),
        name="document",
    ),
    path(
        "annonces/<slug:slug>/versions/<position:number>/",
        ReleaseView.as_view(),
        name="release",
    ),
    path(
        "annonces/<slug:slug>/versions/<position:number>/<str:name>",
        ReleaseFileView.as_view(),
        name="release_file",
    ),
    path("organisations/", OrganisationListView.as_view(), name="organisations"),
    path("organisations/<slug:slug>/", OrganisationView.as_view(), name="organisation"),
    path(
        "organisations/<slug:slug>/projets.<export_format:format>",
        OrganisationExportView.as_view(),
        name="organisation_export",
    ),
    path("laureats/flux.atom", LaureateFeedView.as_view(), name="feed"),
    path("annonces/flux.atom", AnnouncementFeedView.as_view(), name="announcement_feed"),
    path("integrer/laureats/", EmbedView.as_view(), name="embed"),
    path("api/", ApiPageView.as_view(), name="api"),
    *api_urlpatterns,
    path("statistiques/", StatisticsView.as_view(), name="statistics"),
    path(
        "statistiques/<slug:dimension>.csv",
        StatisticsTableView.as_view(),
        name="statistics_table",
    ),
    path("donnees/", pages.AboutDataView.as_view(), name="about_data"),
    path("donnees/dictionnaire/", opendata.DictionaryView.as_view(), name="dictionary"),
    path("donnees/dictionnaire.csv", opendata.DictionaryFileView.as_view(), name="dictionary_csv"),
    path("donnees/schema.json", opendata.TableSchemaView.as_view(), name="table_schema"),
    path("donnees/conformite/", opendata.ConformityView.as_view(), name="conformity"),
    path("donnees/subventions-scdl.csv", opendata.ScdlView.as_view(), name="scdl"),
    path("donnees/360giving.json", opendata.ThreeSixtyView.as_view(), name="threesixty"),
    path("donnees/catalog.jsonld", opendata.CatalogView.as_view(), name="dcat"),
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
