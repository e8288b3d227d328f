"""Bulk acts in the list of dossiers: parameters, preview, confirmation; the receipt comes after.

The dossiers chosen, what was asked and what was shown travel in a signed draft: nothing is stored
before the act. Confirming the same preview twice is one act.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from django.contrib import messages
from django.contrib.admin.options import IS_POPUP_VAR
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from calls import bulk
from calls.admin import bulk_forms as forms
from calls.bulk import Draft, DraftError
from calls.models import Application, BulkAct
from calls.permissions import Hidden, Refusal
from ftap.contention import is_contention

Kind = BulkAct.Kind
BUSY = (
    "D’autres actes étaient en cours au même moment\u00a0: rien n’a été fait. Relisez la page, "
    "puis confirmez de nouveau."
)


@dataclass(frozen=True)
class Offer:
    """A bulk act as the list offers it. `fixed` are parameters that nobody is asked."""

    menu: str
    title: str
    kind: str
    form: Callable
    fixed: dict = field(default_factory=dict)

    def is_for(self, user) -> bool:
        return bulk.permitted(self.kind, user, **self.fixed)


def _move(menu, action):
    return Offer(
        menu,
        bulk.MOVES[action],
        Kind.TRANSITION,
        partial(forms.MoveForm, action=action),
        {"action": action},
    )


# By name in the list's menu of actions, in the order of a dossier's life.
OFFERS: dict[str, Offer] = {
    "bulk_assign": Offer(
        "Affecter à un instructeur…",
        "Affectation à un instructeur",
        Kind.ASSIGN,
        forms.AssignForm,
    ),
    "bulk_declare_admissible": _move("Déclarer recevables…", "declare_admissible"),
    "bulk_declare_inadmissible": _move("Déclarer irrecevables…", "declare_inadmissible"),
    "bulk_reconsider": _move("Réexaminer la recevabilité…", "reconsider"),
    "bulk_start_review": _move("Mettre en instruction…", "start_review"),
    "bulk_cancel_review": _move("Annuler la mise en instruction…", "cancel_review"),
    "bulk_ask_opinion": Offer(
        "Demander un avis…", "Demande d’avis", Kind.ASK_OPINION, forms.AskOpinionForm
    ),
    "bulk_put_on_agenda": Offer(
        "Inscrire à l’ordre du jour…",
        "Inscription à l’ordre du jour",
        Kind.PUT_ON_AGENDA,
        forms.AgendaForm,
    ),
    "bulk_propose": Offer(
        "Proposer une décision…", "Proposition de décision", Kind.PROPOSE, forms.ProposeForm
    ),
    "bulk_clear_proposals": Offer(
        "Effacer les propositions…",
        "Effacement des propositions",
        Kind.CLEAR_PROPOSALS,
        forms.ClearForm,
    ),
}


class BulkActsMixin:
    """For the list of dossiers: an action for each bulk act that the person may do."""

    def get_urls(self):
        view = self.admin_site.admin_view(self.bulk_view)
        return [
            path("acte-groupe/", view, name="calls_application_bulk"),
            *super().get_urls(),
        ]

    def get_actions(self, request):
        actions = super().get_actions(request)
        if IS_POPUP_VAR in request.GET:
            return actions
        return actions | {
            name: (partial(_start, name), name, offer.menu)
            for name, offer in OFFERS.items()
            if offer.is_for(request.user)
        }

    def bulk_view(self, request):
        """The pages of an act, each from the draft that the former one posted."""
        if not any(offer.is_for(request.user) for offer in OFFERS.values()):
            raise PermissionDenied
        if request.method != "POST":
            return self._to_list(
                request, "Cochez d’abord des dossiers dans la liste, puis choisissez un acte."
            )
        try:
            draft = Draft.unsealed(request.POST.get("draft", ""), request.user)
        except DraftError:
            return self._to_list(
                request,
                "Cette page n’est plus valable, rien n’a été fait\u00a0: choisissez de nouveau les "
                "dossiers dans la liste.",
                messages.ERROR,
            )
        offer = OFFERS.get(draft.name)
        if offer is None or not offer.is_for(request.user):
            raise PermissionDenied
        return self._step(request, offer, draft)

    def _step(self, request, offer, draft):
        asked = request.POST
        if "_ask" in asked:
            form = self._form(request, offer, draft, initial=_initial(draft))
            return self._ask(request, offer, draft, form)
        if "_preview" in asked:
            form = self._form(request, offer, draft, asked)
            if not form.is_valid():
                return self._ask(request, offer, draft, form)
            return self._preview(request, offer, draft, form.facts(), form.comment)
        try:
            params = draft.loaded(request.user)
        except Refusal as error:
            form = self._form(request, offer, draft)
            return self._ask(request, offer, draft, form, error.messages)
        if "_remove" in asked:
            draft = draft.without(_ticked(asked))
        elif "_confirm" in asked and draft.token:
            return self._confirm(request, offer, draft, params)
        return self._preview(
            request, offer, draft, params, draft.comment, without_refused="_without" in asked
        )

    # The pages ------------------------------------------------------------------------------

    def bulk_start(self, request, queryset, name):
        """The first page of an act on the dossiers chosen in the list."""
        offer = OFFERS[name]
        pks = list(queryset.order_by("pk").values_list("pk", flat=True)[: bulk.LIMIT + 1])
        if len(pks) > bulk.LIMIT:
            messages.error(request, bulk.too_many(queryset.count()))
            return None
        draft = Draft(name, pks, request.user.pk, request.GET.urlencode())
        form = self._form(request, offer, draft)
        if (data := form.unasked()) is not None:
            form = self._form(request, offer, draft, data)
            if form.is_valid():
                return self._preview(request, offer, draft, form.facts(), form.comment)
        return self._ask(request, offer, draft, self._form(request, offer, draft))

    def _form(self, request, offer, draft, data=None, initial=None):
        return offer.form(data, initial=initial, user=request.user, pks=draft.pks)

    def _ask(self, request, offer, draft, form, errors=()):
        rows = Application.objects.read_in_full_by(request.user).filter(pk__in=draft.pks)
        rows = list(rows.order_by("reference"))
        if not rows:
            return self._to_list(request, "Aucun dossier n’est plus choisi.")
        return self._page(
            request, offer, draft, "parameters", form=form, applications=rows, errors=errors
        )

    def _preview(self, request, offer, draft, params, comment, *, errors=(), without_refused=False):
        params = {**params, **offer.fixed}
        try:
            found = bulk.preview(offer.kind, draft.pks, by=request.user, comment=comment, **params)
        except Refusal as error:
            form = self._form(request, offer, draft)
            return self._ask(request, offer, draft, form, error.messages)
        if without_refused and found.refused:
            refused = {row.application.pk for row in found.refused}
            return self._preview(
                request, offer, draft.without(refused), params, comment, errors=errors
            )
        if not found.rows:
            return self._to_list(
                request, "Plus aucun dossier n’est choisi\u00a0: rien n’a été fait."
            )
        draft = draft.previewed(found)
        return self._page(
            request,
            offer,
            draft,
            "preview",
            status=409 if errors else 200,
            preview=found,
            described=bulk.described(draft.params, request.user),
            errors=errors,
        )

    def _confirm(self, request, offer, draft, params):
        try:
            act = bulk.run(
                offer.kind,
                draft.pks,
                by=request.user,
                comment=draft.comment,
                seen=draft.seen,
                token=draft.token,
                **params,
            )
        except Hidden as error:
            raise Http404 from error
        except Refusal as error:
            errors = error.messages
        except OperationalError as error:
            if not is_contention(error):
                raise
            errors = [BUSY]
        else:
            messages.success(request, "C’est fait\u00a0: voici le reçu de l’acte.")
            return HttpResponseRedirect(reverse("admin:calls_bulkact_change", args=[act.pk]))
        return self._preview(request, offer, draft, params, draft.comment, errors=errors)

    def _page(self, request, offer, draft, name, *, status=200, **context):
        request.current_app = self.admin_site.name
        return TemplateResponse(
            request,
            f"admin/calls/bulk/{name}.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": offer.title,
                "draft": draft,
                "sealed": draft.sealed(),
                "back": _list_url(draft.back),
                **context,
            },
            status=status,
        )

    def _to_list(self, request, text, level=messages.WARNING):
        messages.add_message(request, level, text)
        return HttpResponseRedirect(_list_url())


def _start(name, modeladmin, request, queryset):
    return modeladmin.bulk_start(request, queryset, name)


def _list_url(query=""):
    url = reverse("admin:calls_application_changelist")
    return f"{url}?{query}" if query else url


def _initial(draft):
    return {**draft.params, "comment": draft.comment}


def _ticked(asked):
    return {int(pk) for pk in asked.getlist("remove") if re.fullmatch(r"[0-9]{1,19}", pk)}
