"""The page of one act on one dossier: what will happen, what is asked, then the act, once.

GET shows the form. POST does the act through its gate, then answers with a redirect; what the gate
refuses shows on the same page, with what was typed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from calls.admin.dossier import Dossier
from calls.models import Application
from calls.permissions import Hidden, Stale
from ftap.formfields import say

TEMPLATE = "admin/calls/application/act.html"


@dataclass
class Act:
    """An act to show and do.

    `run` takes the valid form, calls the gate and returns what to say once done. `effects` and
    `warnings` are sentences; `standing` says why the act is impossible whatever is typed.
    `renew` puts in the form, after a refusal as stale, what the row is now. `anchor` is the part
    of the dossier's page to come back to.
    """

    title: str
    button: str
    run: Callable
    form: object = None
    effects: Iterable[str] = ()
    warnings: Iterable[str] = ()
    standing: str = ""
    renew: Callable | None = None
    anchor: str = ""
    back: str = ""
    template: str = TEMPLATE
    context: dict = field(default_factory=dict)


class ActPages:
    """For a model admin: pages of acts on dossiers."""

    def dossier_url(self, application, anchor=""):
        url = reverse("admin:calls_application_change", args=[application.pk])
        return f"{url}#{anchor}" if anchor else url

    def get_dossier(self, request, object_id) -> Dossier:
        """A dossier that the reader reads in full; otherwise 404 if unseen, 403 if seen."""
        rows = Application.objects.visible_to(request.user).select_related(
            "session__call", "case_officer"
        )
        application = rows.filter(pk=object_id).first()
        if application is None:
            raise Http404(f"calls.Application {object_id}")
        dossier = Dossier(application, request.user)
        if not dossier.reading.in_full:
            raise PermissionDenied
        return dossier

    def act_page(self, request, application, act: Act):
        form, stale = act.form, None
        if request.method == "POST" and (form is None or form.is_valid()):
            try:
                said = act.run(form)
            except Hidden as error:
                raise Http404 from error
            except Stale as error:
                if error.stored == error.typed:
                    # A second click: what it asks for is what was just saved.
                    messages.info(request, "C’était déjà enregistré\u00a0: rien n’a changé.")
                    return self._back(request, application, act)
                stale = error
                if act.renew:
                    act.renew(form)
                say(form, error)
            except ValidationError as error:
                if form is None:
                    messages.error(request, " ".join(error.messages))
                    return self._back(request, application, act)
                say(form, error)
            else:
                messages.success(request, said)
                return self._back(request, application, act)
        request.current_app = self.admin_site.name
        return TemplateResponse(
            request,
            act.template,
            {
                **self.admin_site.each_context(request),
                "opts": Application._meta,
                "title": act.title,
                "application": application,
                "act": act,
                "form": form,
                "stale": _compared(stale),
                "back": act.back or self.dossier_url(application, act.anchor),
                **act.context,
            },
        )

    def _back(self, request, application, act):
        if act.back:
            return HttpResponseRedirect(act.back)
        if Application.objects.visible_to(request.user).filter(pk=application.pk).exists():
            return HttpResponseRedirect(self.dossier_url(application, act.anchor))
        return HttpResponseRedirect(reverse("admin:calls_application_changelist"))


def typed(request):
    """What a form is bound to: what was posted, or nothing."""
    return request.POST if request.method == "POST" else None


def _compared(stale):
    """[(label, saved value, typed value)] of what differs."""
    if stale is None:
        return []
    return [
        (label, stale.stored.get(label, ""), stale.typed.get(label, ""))
        for label in {**stale.stored, **stale.typed}
        if stale.stored.get(label, "") != stale.typed.get(label, "")
    ]
