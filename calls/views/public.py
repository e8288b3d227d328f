"""Calls for projects as visitors see them: the list, a call, a session, documents and dates.

A call that is not public is as unknown as one that never existed; one withdrawn answers 410.
"""

from pathlib import PurePath

from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_control
from django.views.generic import TemplateView

from calls import calendars, pages
from ftap.context_processors import site
from laureates.views.public import PublicPageMixin


class CallListView(PublicPageMixin, TemplateView):
    """Every public call: open, announced, then the others by year."""

    template_name = "calls/public/list.html"
    page_title = "Appels à projets"
    page_description = (
        "Les appels à projets du Fonds pour la transformation de l’action publique\u00a0: ce qui "
        "est ouvert, ce qui est annoncé, les dates limites et les résultats."
    )

    def get_context_data(self, **kwargs):
        return super().get_context_data(**pages.list_page(), **kwargs)


@method_decorator(cache_control(public=True, no_cache=True), name="dispatch")
class PublicCallMixin(PublicPageMixin):
    """An address below that of a call: `self.call`, which visitors may see."""

    def dispatch(self, request, *args, **kwargs):
        slug = kwargs["slug"]
        self.call = pages.public_calls().filter(slug=slug).first()
        if self.call is None:
            get_object_or_404(pages.withdrawn_calls(), slug=slug)
            return self.gone()
        return super().dispatch(request, *args, **kwargs)

    def gone(self):
        """410, which repeats nothing of the call; only pages that existed are said to be gone."""
        call = pages.withdrawn_calls().get(slug=self.kwargs["slug"])
        if not self.existed(call):
            raise Http404
        context = {
            "page_title": "Appel à projets retiré",
            "withdrawn_at": call.withdrawn_at,
            "noindex": True,
        }
        return TemplateResponse(self.request, "calls/public/withdrawn.html", context, status=410)

    def existed(self, call) -> bool:
        return True


class CallView(PublicCallMixin, TemplateView):
    template_name = "calls/public/call.html"

    def get_context_data(self, **kwargs):
        return super().get_context_data(**pages.call_page(self.call), **kwargs)


class SessionMixin(PublicCallMixin):
    """An address of a session of the call."""

    def existed(self, call):
        return call.sessions.filter(slug=self.kwargs["session_slug"]).exists()

    def get_session(self):
        if session := pages.find_session(self.call, self.kwargs["session_slug"]):
            return session
        raise Http404


class SessionView(SessionMixin, TemplateView):
    template_name = "calls/public/session.html"

    def get_context_data(self, **kwargs):
        context = pages.session_page(self.call, self.get_session())
        return super().get_context_data(**context, **kwargs)


class DocumentView(PublicCallMixin):
    """The file of a document of the call, as a download."""

    def existed(self, call):
        return self._documents(call).exists()

    def get(self, request, slug, position):
        document = get_object_or_404(self._documents(self.call))
        try:
            content = document.file.open("rb")
        except OSError as error:
            raise Http404 from error
        return FileResponse(content, as_attachment=True, filename=PurePath(document.file.name).name)

    def _documents(self, call):
        return call.documents.exclude(file="").filter(position=self.kwargs["position"])


# Calendars -------------------------------------------------------------------


class CallCalendarView(PublicCallMixin):
    """The dates of every session of a call; unknown where none is known."""

    def existed(self, call):
        return pages.any_date(call.sessions.all())

    def get(self, request, *args, **kwargs):
        sessions = pages.sessions_of([self.call]).prefetch_related("former_deadlines")
        return self._answer(list(sessions), self.call.title, self.call.slug)

    def _answer(self, sessions, title, name):
        if not any(map(pages.has_dates, sessions)):
            raise Http404
        content = calendars.calendar(self.call, sessions, site(self.request)["SITE_URL"], title)
        return HttpResponse(
            content,
            content_type=calendars.MEDIA_TYPE,
            headers={"Content-Disposition": f'attachment; filename="{name}.ics"'},
        )


class SessionCalendarView(SessionMixin, CallCalendarView):
    """The dates of one session."""

    def existed(self, call):
        return pages.any_date(call.sessions.filter(slug=self.kwargs["session_slug"]))

    def get(self, request, *args, **kwargs):
        session = self.get_session()
        title = f"{self.call.title}, {pages.session_name(session)}"
        return self._answer([session], title, session.slug)
