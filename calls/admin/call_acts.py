"""The acts on a call, and its public pages as they stand, for the staff.

GET shows what an act will do; POST does it through `calls.publicity`, then redirects. A preview is
the public template itself, with the public content, at an address that nothing keeps.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.cache import add_never_cache_headers

from calls import pages, publicity
from calls.models import Call
from calls.permissions import Hidden
from ftap.formfields import say
from ftap.modelforms import MultilineField
from laureates.admin.shared import in_words

ACT_PAGE = "admin/calls/call/act.html"


class PublicationForm(forms.Form):
    at = forms.SplitDateTimeField(
        label="Minute de publication",
        required=False,
        input_date_formats=["%Y-%m-%d", "%d/%m/%Y"],
        widget=forms.SplitDateTimeWidget(
            date_format="%Y-%m-%d",
            time_format="%H:%M",
            date_attrs={"type": "date", "aria-label": "Minute de publication, date"},
            time_attrs={"type": "time", "aria-label": "Minute de publication, heure"},
        ),
        error_messages={
            "invalid_date": "Écrivez la date ainsi\u00a0: 31/12/2027.",
            "invalid_time": "Écrivez l’heure et la minute ainsi\u00a0: 10:00.",
        },
        help_text="Heure de Paris. Laissez les deux champs vides pour publier maintenant.",
    )


class ReasonForm(forms.Form):
    reason = MultilineField(
        label="Motif",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "required": True}),
        help_text="Gardé dans l’historique de l’appel, jamais publié.",
    )


@dataclass(frozen=True)
class Act:
    """An act on a call: its page's words, its gate, and what its twin says of the call."""

    name: str
    address: str
    title: str
    button: str
    done: str
    run: Callable
    refusal: Callable
    form: type[forms.Form] | None
    effects: tuple[str, ...]


ACTS = (
    Act(
        "publish",
        "publier",
        "Publier l’appel",
        "Publier",
        "L’appel est publié.",
        lambda call, by, values: publicity.publish(call, by=by, at=values["at"]),
        publicity.publish_refusal,
        PublicationForm,
        (
            "L’appel, ses sessions, ses dates, ses critères, ses règles et ses documents "
            "deviennent publics. L’enveloppe d’une session ne l’est que si sa fiche le dit.",
            "Avec une minute à venir, tout paraît à cette minute, sans autre intervention.",
            "Son adresse ne change plus.",
        ),
    ),
    Act(
        "unschedule",
        "deprogrammer",
        "Déprogrammer la publication",
        "Déprogrammer",
        "La publication est déprogrammée\u00a0: l’appel est de nouveau un brouillon.",
        lambda call, by, values: publicity.unschedule(call, by=by),
        publicity.unschedule_refusal,
        None,
        ("L’appel redevient un brouillon. Rien n’en aura été vu.",),
    ),
    Act(
        "withdraw",
        "retirer",
        "Retirer l’appel",
        "Retirer",
        "L’appel est retiré du site public.",
        lambda call, by, values: publicity.withdraw(call, by=by, reason=values["reason"]),
        publicity.withdraw_refusal,
        ReasonForm,
        (
            "Les pages de l’appel et de ses sessions disent qu’elles ont été retirées, sans en "
            "donner le motif. Les annonces de lauréats ne changent pas.",
        ),
    ),
    Act(
        "restore",
        "retablir",
        "Rétablir l’appel",
        "Rétablir",
        "L’appel est rétabli.",
        lambda call, by, values: publicity.restore(call, by=by, reason=values["reason"]),
        publicity.restore_refusal,
        ReasonForm,
        ("L’appel est de nouveau public, avec sa date de publication d’origine.",),
    ),
)


def call_url(call, page="change", *args):
    return reverse(f"admin:calls_call_{page}", args=[call.pk, *args])


class CallPages:
    """For the screen of calls: acts of publication, previews."""

    def act_urls(self):
        wrap = self.admin_site.admin_view
        return [
            *(
                path(
                    f"<int:pk>/{act.address}/",
                    wrap(self.act_view),
                    {"act": act},
                    name=f"calls_call_{act.name}",
                )
                for act in ACTS
            ),
            path("<int:pk>/apercu/", wrap(self.preview_view), name="calls_call_preview"),
            path(
                "<int:pk>/apercu/<slug:session_slug>/",
                wrap(self.preview_view),
                name="calls_call_preview_session",
            ),
        ]

    def get_call(self, request, pk) -> Call:
        call = self.get_queryset(request).filter(pk=pk).first()
        if call is None:
            raise Http404(f"calls.Call {pk}")
        if not self.has_view_permission(request, call):
            raise PermissionDenied
        return call

    def steps(self, request, call) -> list[tuple[str, str]]:
        """(label, address) of what the reader may do with the call now."""
        found = [("Aperçu de la page publique", call_url(call, "preview"))]
        if request.user.has_perm(publicity.PERMISSION):
            found += [
                (act.title, call_url(call, act.name)) for act in ACTS if not act.refusal(call)
            ]
        return found

    # Acts --------------------------------------------------------------------

    def act_view(self, request, pk, act):
        call = self.get_call(request, pk)
        if not request.user.has_perm(publicity.PERMISSION):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD", "POST"):
            return HttpResponseNotAllowed(("GET", "HEAD", "POST"))
        data = request.POST if request.method == "POST" else None
        form = act.form and act.form(data, initial={"at": call.published_at})
        if request.method == "POST" and (form is None or form.is_valid()):
            try:
                held = act.run(call, request.user, form.cleaned_data if form else {})
            except Hidden as error:
                raise Http404 from error
            except ValidationError as error:
                if form is None:
                    messages.error(request, " ".join(error.messages))
                    return HttpResponseRedirect(call_url(call))
                say(form, error)
            else:
                messages.success(request, _said(act, held))
                return HttpResponseRedirect(call_url(call))
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": act.title,
            "call": call,
            "act": act,
            "standing": act.refusal(call),
            "form": form,
            "back": call_url(call),
        }
        return TemplateResponse(request, ACT_PAGE, context)

    # Preview -----------------------------------------------------------------

    def preview_view(self, request, pk, session_slug=None):
        """The public page of the call, or of one of its sessions, as visitors would see it now."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(("GET", "HEAD"))
        is_public = self.get_call(request, pk).is_published
        call = pages.readable_calls(Call.objects.filter(pk=pk)).get()
        context = {
            "preview": {"back": call_url(call), "is_public": is_public},
            "noindex": True,
            "canonical_path": call.get_absolute_url(),
        }
        if session_slug is None:
            context |= pages.call_page(
                call, lambda session: call_url(call, "preview_session", session.slug)
            )
            template = "calls/public/call.html"
        else:
            if (session := pages.find_session(call, session_slug)) is None:
                raise Http404(session_slug)
            context |= pages.session_page(call, session)
            context |= {
                "call_url": call_url(call, "preview"),
                "canonical_path": session.get_absolute_url(),
            }
            template = "calls/public/session.html"
        response = TemplateResponse(request, template, context)
        add_never_cache_headers(response)
        return response


def _said(act, call):
    if act.name == "publish" and not publicity.is_public(call):
        return f"L’appel sera public {in_words(call.published_at)}."
    return act.done
