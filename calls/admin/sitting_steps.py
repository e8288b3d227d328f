"""The steps of a sitting: opening, closing, reopening; and rectifying a validated decision."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.urls import path, reverse

from calls import deliberation
from calls.admin.sitting import MASKED, Conflict
from calls.admin.sitting_forms import (
    ClosingForm,
    OpeningForm,
    ReasonForm,
    RectificationForm,
)
from calls.admin.sitting_views import SittingPages, posted
from calls.deliberation import locks
from calls.models import Committee, Selection
from calls.permissions import Stale


class StepViews(SittingPages):
    def step_urls(self):
        wrap = self.admin_site.admin_view
        root = "<int:pk>/seance/"
        return [
            path(f"{root}ouvrir/", wrap(self.open_view), name="calls_committee_open"),
            path(f"{root}clore/", wrap(self.close_view), name="calls_committee_close"),
            path(f"{root}rouvrir/", wrap(self.reopen_view), name="calls_committee_reopen"),
            path(
                f"{root}<int:selection_pk>/rectifier/",
                wrap(self.rectify_view),
                name="calls_committee_rectify",
            ),
        ]

    def _step(self, request, pk, permission, state, moved, *, unmasked=True):
        """(the sitting, None), or (the sitting, where to go when it is past this step)."""
        committee = self.get_sitting(request, pk)
        self.require(request, permission)
        if unmasked and Committee.objects.masked_for(request.user).filter(pk=pk).exists():
            raise PermissionDenied(locks.MASKED)
        if committee.state == state:
            return committee, None
        if request.method == "POST":
            messages.error(request, f"{moved} Rien n’a été fait.")
        return committee, HttpResponseRedirect(self.sitting_url(committee))

    def open_view(self, request, pk):
        committee, elsewhere = self._step(
            request,
            pk,
            "calls.open_committee",
            Committee.State.PLANNED,
            "La séance n’est plus prévue\u00a0: elle est déjà ouverte ou close.",
            unmasked=False,
        )
        if elsewhere:
            return elsewhere
        initial = {name: getattr(committee, name) for name in ("held_on", "chair", "quorum")}
        form = OpeningForm(posted(request), initial=initial)
        if request.method == "POST" and form.is_valid():
            _, error = self.attempt(
                form,
                deliberation.open_committee,
                committee,
                by=request.user,
                **form.cleaned_data,
            )
            if error is None:
                messages.success(request, "La séance est ouverte.")
                return HttpResponseRedirect(self.sitting_url(committee))
        return self.render_sitting(
            request,
            "open",
            committee,
            title="Ouvrir la séance",
            form=form,
            members=committee.members.select_related("institution"),
        )

    def close_view(self, request, pk):
        committee, elsewhere = self._step(
            request,
            pk,
            "calls.decide",
            Committee.State.OPEN,
            "La séance n’est pas ouverte\u00a0: elle a pu être close entre-temps.",
        )
        if elsewhere:
            return elsewhere
        form = ClosingForm(posted(request), initial={"version": committee.version})
        stale = None
        if request.method == "POST" and form.is_valid():
            act, error = self.attempt(
                form, deliberation.close, committee, by=request.user, **form.cleaned_data
            )
            if error is None:
                messages.success(
                    request, "La séance est close\u00a0: décisions validées, relevé scellé."
                )
                return HttpResponseRedirect(reverse("admin:calls_bulkact_change", args=[act.pk]))
            if isinstance(error, Stale):
                # The preview below is made again: confirming it is confirming what it shows.
                committee = self.get_sitting(request, pk)
                form = ClosingForm(
                    initial={
                        "version": committee.version,
                        "overrun_reason": form.cleaned_data["overrun_reason"],
                    }
                )
                stale = " ".join(error.messages)
        return self.render_sitting(
            request,
            "close",
            committee,
            title="Clore la séance",
            form=form,
            stale=stale,
            closing=deliberation.preview_closing(committee, request.user),
            masked=MASKED,
        )

    def reopen_view(self, request, pk):
        committee, elsewhere = self._step(
            request,
            pk,
            "calls.decide",
            Committee.State.CLOSED,
            "La séance n’est pas close\u00a0: elle a pu être rouverte entre-temps.",
        )
        if elsewhere:
            return elsewhere
        form = ReasonForm(posted(request))
        if request.method == "POST" and form.is_valid():
            _, error = self.attempt(
                form, deliberation.reopen, committee, by=request.user, **form.cleaned_data
            )
            if error is None:
                messages.success(
                    request,
                    "La séance est rouverte\u00a0: ses décisions redeviennent des propositions.",
                )
                return HttpResponseRedirect(self.sitting_url(committee))
        return self.render_sitting(
            request, "reopen", committee, title="Rouvrir la séance", form=form
        )

    def rectify_view(self, request, pk, selection_pk):
        committee, elsewhere = self._step(
            request,
            pk,
            "calls.decide",
            Committee.State.CLOSED,
            "La séance n’est pas close\u00a0: sa proposition se corrige dans l’espace de séance.",
        )
        if elsewhere is None:
            elsewhere = self._replaced(request, committee, selection_pk)
        if elsewhere:
            return elsewhere
        selection = self.sitting_item(request, committee, selection_pk)
        form = RectificationForm(posted(request), selection=selection)
        stale = None
        if request.method == "POST" and form.is_valid():
            done, error = self.attempt(
                form,
                deliberation.rectify,
                selection,
                by=request.user,
                reason=form.cleaned_data["reason"],
                version=form.cleaned_data["version"],
                overrun_reason=form.cleaned_data["overrun_reason"],
                **form.values,
            )
            if error is None:
                if notice := deliberation.publication_notice(done, done.outcome):
                    messages.warning(request, notice)
                messages.success(
                    request,
                    f"{done.application.reference}\u00a0: décision rectifiée, nouvelle version du "
                    "relevé scellée.",
                )
                return HttpResponseRedirect(self.sitting_url(committee, done))
            if isinstance(error, Stale):
                selection = self.sitting_item(request, committee, selection_pk)
                data = request.POST.copy()
                data["version"] = selection.version
                form, stale = RectificationForm(data, selection=selection), Conflict.of(error)
        return self.render_sitting(
            request,
            "rectify",
            committee,
            title=f"Rectifier la décision\u00a0: {selection.application.reference}",
            form=form,
            selection=selection,
            stale=stale,
        )

    def _replaced(self, request, committee, pk):
        """Where to go from a decision that was rectified since the page was opened."""
        rows = Selection.objects.visible_to(request.user).filter(committee=committee, pk=pk)
        former = rows.filter(superseded_at__isnull=False).select_related("application").first()
        if former is None:
            return None
        messages.error(
            request,
            f"{former.application.reference}\u00a0: cette décision a déjà été remplacée. Rien n’a "
            "été fait.",
        )
        return HttpResponseRedirect(self.sitting_url(committee))
