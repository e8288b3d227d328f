"""The project's addresses, with those that they are measured beside."""

from django.urls import include, path

from bench import plain

urlpatterns = [
    path("banc/vide/", plain.empty),
    path("banc/django/", plain.PlainListView.as_view()),
    path("banc/drf/", plain.PlainApiView.as_view()),
    path("", include("ftap.urls")),
]
