from django.urls import path, re_path

from laureates.api import views
from laureates.api.openapi import SchemaView

PREFIX = "api/v1/"

urlpatterns = [
    path(PREFIX, views.RootView.as_view(), name="api_root"),
    path(f"{PREFIX}openapi.json", SchemaView.as_view(), name="api_schema"),
    path(f"{PREFIX}laureats/", views.LaureatesView.as_view(), name="api_laureates"),
    path(
        f"{PREFIX}laureats/<slug:public_id>/",
        views.LaureateView.as_view(),
        name="api_laureate",
    ),
    path(f"{PREFIX}annonces/", views.AnnouncementsView.as_view(), name="api_announcements"),
    path(
        f"{PREFIX}annonces/<slug:slug>/", views.AnnouncementView.as_view(), name="api_announcement"
    ),
    path(f"{PREFIX}organisations/", views.OrganisationsView.as_view(), name="api_organisations"),
    path(
        f"{PREFIX}organisations/<slug:slug>/",
        views.OrganisationView.as_view(),
        name="api_organisation",
    ),
    path(f"{PREFIX}themes/", views.ThemesView.as_view(), name="api_themes"),
    path(f"{PREFIX}themes/<slug:slug>/", views.ThemeView.as_view(), name="api_theme"),
    path(f"{PREFIX}territoires/", views.TerritoriesView.as_view(), name="api_territories"),
    path(
        f"{PREFIX}territoires/<slug:kind>/<slug:code>/",
        views.TerritoryView.as_view(),
        name="api_territory",
    ),
    path(f"{PREFIX}chiffres-annonces/", views.ClaimsView.as_view(), name="api_claims"),
    path(f"{PREFIX}chiffres-annonces/<slug:slug>/", views.ClaimView.as_view(), name="api_claim"),
    # An address of the interface that does not exist answers as the interface does.
    re_path(rf"^{PREFIX}(?P<rest>[\s\S]*)/\Z", views.UnknownView.as_view(), name="api_unknown"),
]
