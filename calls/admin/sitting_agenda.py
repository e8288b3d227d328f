"""The agenda of a sitting: entering dossiers, and scenarios that save nothing until proposed."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpResponseRedirect
from django.urls import path

from calls import deliberation, envelope, opinions, scenarios
from calls.admin.sitting import Conflict, Workspace
from calls.admin.sitting_forms import EntryForm, ScenarioForm
from calls.admin.sitting_views import FRAGMENT_HEADER, SittingPages, posted
from calls.models import Application, Committee, Selection
from calls.permissions import Stale

CANDIDATES_MAX = 300
_RETURNS = (Selection.Outcome.DEFERRED, Selection.Outcome.WAITING_LIST)


def candidates(committee, user):
    """Dossiers that `user` may enter on the agenda; the gate has the last word on each."""
    live = Selection.objects.live()
    returns = live.filter(state=Selection.State.VALIDATED, outcome__in=_RETURNS)
    rows = (
        Application.objects.visible_to(user)
        .disclosed()
        .filter(state=Application.State.REVIEWED, session__call__fund=committee.fund_id)
        .exclude(pk__in=live.filter(committee=committee).values("application"))
        .exclude(pk__in=live.exclude(pk__in=returns.values("pk")).values("application"))
    )
    if committee.session_id:
        rows = rows.filter(
            Q(session=committee.session_id) | Q(pk__in=returns.values("application"))
        )
    return rows.for_list().order_by("session", "reference")


class AgendaViews(SittingPages):
    def agenda_urls(self):
        wrap = self.admin_site.admin_view
        root = "<int:pk>/seance/"
        return [
            path(f"{root}ordre-du-jour/", wrap(self.agenda_view), name="calls_committee_agenda"),
            path(f"{root}scenario/", wrap(self.scenario_view), name="calls_committee_scenario"),
        ]

    # Entering dossiers --------------------------------------------------------

    def agenda_view(self, request, pk):
        committee = self.get_sitting(request, pk)
        self.require(request, "calls.manage_agenda")
        if committee.state == Committee.State.CLOSED:
            return HttpResponseRedirect(self.sitting_url(committee))
        rows = list(candidates(committee, request.user)[: CANDIDATES_MAX + 1])
        is_cut, rows = len(rows) > CANDIDATES_MAX, rows[:CANDIDATES_MAX]
        refusals = deliberation.agenda_refusals(committee, rows, request.user)
        rows = [row for row in rows if row.pk not in refusals]
        form = EntryForm(posted(request), rows=rows)
        if request.method == "POST" and form.is_valid():
            added, error = self.attempt(
                form, deliberation.put_on_agenda, committee, form.chosen, by=request.user
            )
            if error is None:
                count = len(added)
                words = "dossier inscrit" if count < 2 else "dossiers inscrits"
                messages.success(request, f"{count}\u00a0{words} à l’ordre du jour.")
                return HttpResponseRedirect(f"{self.sitting_url(committee)}#agenda")
        return self.render_sitting(
            request,
            "agenda",
            committee,
            title="Inscrire des dossiers",
            form=form,
            rows=self._described(rows, form),
            is_cut=is_cut,
            limit=CANDIDATES_MAX,
        )

    def _described(self, rows, form):
        """(dossier, summary of its opinions, whether it is ticked)"""
        summaries = opinions.summaries(rows)
        ticked = form.ticked
        return [(row, summaries[row.pk], str(row.pk) in ticked) for row in rows]

    # Scenarios ----------------------------------------------------------------

    def scenario_view(self, request, pk):
        committee = self.get_sitting(request, pk)
        self.require(request, "calls.propose_decision")
        workspace = Workspace(committee, request.user)
        if committee.state == Committee.State.CLOSED:
            return HttpResponseRedirect(self.sitting_url(committee))
        if not workspace.may_weigh:
            raise PermissionDenied(workspace.hidden)
        selections = list(envelope.agenda(committee))
        form = ScenarioForm(posted(request))
        is_asked = request.method == "POST" or "calculer" in request.GET
        typed = form.ticked or set(request.GET.getlist("dossier"))
        chosen = {row.pk for row in selections if str(row.pk) in typed}
        if not is_asked:
            chosen = scenarios.retained_now(selections)
        stale = None
        if request.method == "POST" and "calculer" not in request.POST and form.is_valid():
            done, error = self.attempt(
                form,
                scenarios.propose_scenario,
                committee,
                chosen,
                by=request.user,
                versions=form.versions,
                motive=form.cleaned_data["motive"],
            )
            if error is None:
                count = len(done)
                words = "proposition enregistrée" if count < 2 else "propositions enregistrées"
                messages.success(request, f"Scénario proposé\u00a0: {count}\u00a0{words}.")
                return HttpResponseRedirect(f"{self.sitting_url(committee)}#agenda")
            if isinstance(error, Stale):
                stale = Conflict.of(error)
                # What is shown now is what a new try confirms.
                selections = list(envelope.agenda(committee))
        fragment = FRAGMENT_HEADER in request.headers
        return self.render_sitting(
            request,
            "_scenario" if fragment else "scenario",
            committee,
            title="Scénarios",
            form=form,
            workspace=workspace,
            stale=stale,
            rows=[] if fragment else self._weighed(selections, chosen),
            scenario=scenarios.of(committee, chosen, request.user),
        )

    def _weighed(self, selections, chosen):
        """(what the scenario weighs, the decision, whether it is ticked)"""
        items = scenarios.items_of(selections)
        return [(item, row, item.pk in chosen) for item, row in zip(items, selections, strict=True)]
