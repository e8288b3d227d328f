"""The public addresses of calls for projects."""

from django.urls import path

from calls.views.public import (
    CallCalendarView,
    CallListView,
    CallView,
    DocumentView,
    SessionCalendarView,
    SessionView,
)

app_name = "calls"
urlpatterns = [
    path("", CallListView.as_view(), name="calls"),
    path("<slug:slug>/", CallView.as_view(), name="call"),
    path("<slug:slug>/calendrier.ics", CallCalendarView.as_view(), name="call_calendar"),
    path("<slug:slug>/documents/<int:position>/", DocumentView.as_view(), name="document"),
    path("<slug:slug>/<slug:session_slug>/", SessionView.as_view(), name="session"),
    path(
        "<slug:slug>/<slug:session_slug>/calendrier.ics",
        SessionCalendarView.as_view(),
        name="session_calendar",
    ),
]
