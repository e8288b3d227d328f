"""The sitting's workspace: its page, and the acts done in place on it.

Every act is a POST, then the same page at the same dossier. A script that sends « X-Fragment »
gets the parts of the page that changed instead, made by the same templates.
"""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import OperationalError
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from calls import deliberation, sheet
from calls.admin.bulk import BUSY
from calls.admin.sitting import Conflict, Workspace
from calls.admin.sitting_forms import AttendanceForm, PlaceForm, ProposalForm, VersionForm
from calls.models import Committee, Selection
from calls.permissions import Hidden, Stale
from ftap.contention import is_contention

FRAGMENT_HEADER = "X-Fragment"


NOTHING_SAVED = "Rien n’a été enregistré"


def posted(request):
    """What was sent, be it nothing at all; None where nothing was."""
    return request.POST if request.method == "POST" else None


class SittingPages:
    """What every page of a sitting shares: who may see it, its address, how acts answer."""

    def sitting_url(self, committee, selection=None):
        url = reverse("admin:calls_committee_sitting", args=[committee.pk])
        return f"{url}#dossier-{selection.pk}" if selection else url

    def sitting_item(self, request, committee, pk) -> Selection:
        """A dossier of the agenda that the reader sees, or a 404."""
        rows = (
            Selection.objects.visible_to(request.user)
            .live()
            .filter(committee=committee)
            .select_related("application__session__call", "committee")
        )
        if (selection := rows.filter(pk=pk).first()) is None:
            raise Http404(f"calls.Selection {pk}")
        return selection

    def require(self, request, permission, obj=None):
        if not request.user.has_perm(permission, obj):
            raise PermissionDenied

    def render_sitting(self, request, template, committee, *, title, **context):
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "committee": committee,
            "sitting_url": self.sitting_url(committee),
            "title": title,
            **context,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, f"admin/calls/committee/{template}.html", context)

    def attempt(self, form, gate, *arguments, **values):
        """(what the gate returned, None), or (None, its refusal), which `form`, if any, then shows.

        A dossier that no longer exists for the person is a 404; a missing right, a 403.
        """
        try:
            return gate(*arguments, **values), None
        except Hidden as error:
            raise Http404 from error
        except OperationalError as error:
            if not is_contention(error):
                raise
            error = ValidationError(BUSY)
            if form is not None:
                form.add_refusal(error)
            return None, error
        except ValidationError as error:
            if form is not None and not isinstance(error, Stale):
                form.add_refusal(error)
            return None, error


class SittingViews(SittingPages):
    def sitting_urls(self):
        wrap = self.admin_site.admin_view
        root = "<int:pk>/seance/"
        item = f"{root}<int:selection_pk>/"
        return [
            path(root, wrap(self.sitting_view), name="calls_committee_sitting"),
            path(
                f"{root}presences/",
                wrap(self.attendance_view),
                name="calls_committee_attendance",
            ),
            path(f"{item}fiche/", wrap(self.sheet_view), name="calls_committee_sheet"),
            path(f"{item}proposer/", wrap(self.propose_view), name="calls_committee_propose"),
            path(f"{item}effacer/", wrap(self.clear_view), name="calls_committee_clear"),
            path(f"{item}placer/", wrap(self.place_view), name="calls_committee_place"),
            path(f"{item}retirer/", wrap(self.remove_view), name="calls_committee_remove"),
        ]

    # The page -----------------------------------------------------------------

    def sitting_view(self, request, pk):
        committee = self.get_sitting(request, pk)
        if request.method != "GET":
            return HttpResponseRedirect(self.sitting_url(committee))
        return self._page(request, committee)

    def _page(
        self,
        request,
        committee,
        *,
        said="",
        refused=False,
        changed=(),
        agenda=False,
        lost=(),
        **typed,
    ):
        """The workspace, with what was `typed` and refused; only its changed parts for a script.

        `changed` holds primary keys of decisions; `agenda` says that their order changed; `lost`
        are texts that no form of the page can hold any more.
        """
        workspace = Workspace(committee, request.user, **typed)
        fragment = FRAGMENT_HEADER in request.headers
        return self.render_sitting(
            request,
            "_update" if fragment else "sitting",
            committee,
            title=f"Séance\u00a0: {committee}",
            workspace=workspace,
            said=said,
            refused=refused,
            changed=[item for item in workspace.items if item.selection.pk in changed],
            agenda_changed=agenda,
            lost=lost,
        )

    def _done(self, request, committee, said, *, selection=None, changed=(), agenda=False):
        if FRAGMENT_HEADER in request.headers:
            fresh = self.get_sitting(request, committee.pk)
            return self._page(request, fresh, said=said, changed=changed, agenda=agenda)
        messages.success(request, said)
        return HttpResponseRedirect(self.sitting_url(committee, selection))

    def _refused(self, request, committee, error, *, selection=None, form=None, **typed):
        """The workspace again, with the refusal, what was typed and, if stale, both values.

        A form refused as stale then holds the version shown: sending it again is knowing.
        """
        fresh = self.get_sitting(request, committee.pk)
        said = " ".join(error.messages)
        lost = []
        if selection is not None:
            selection = self.sitting_item(request, fresh, selection.pk)
            if isinstance(error, Stale):
                stored = deliberation.Decision.on(selection).described()
                typed["stale"] = {selection.pk: Conflict.of(error, stored)}
            if form is not None:
                if isinstance(error, Stale):
                    data = form.data.copy()
                    data["version"] = str(selection.version)
                    form = ProposalForm(data, selection=selection)
                typed["forms"] = {selection.pk: form}
                if fresh.state == Committee.State.CLOSED:
                    lost = form.typed_texts
        return self._page(
            request,
            fresh,
            said=said if NOTHING_SAVED in said else f"{NOTHING_SAVED}. {said}",
            refused=True,
            changed=(selection.pk,) if selection else (),
            lost=lost,
            **typed,
        )

    def sheet_view(self, request, pk, selection_pk):
        """The sheet that a row unfolds; the dossier's own page for who comes without a script."""
        committee = self.get_sitting(request, pk)
        application = self.sitting_item(request, committee, selection_pk).application
        if FRAGMENT_HEADER not in request.headers:
            url = reverse("admin:calls_application_sheet", args=[application.pk])
            return HttpResponseRedirect(url)
        found = sheet.sheets([application], request.user)[application.pk]
        return self.render_sitting(request, "_sheet", committee, title="", sheet=found)

    # One dossier --------------------------------------------------------------

    def propose_view(self, request, pk, selection_pk):
        committee = self.get_sitting(request, pk)
        selection = self.sitting_item(request, committee, selection_pk)
        self.require(request, "calls.propose_decision", selection)
        if request.method != "POST":
            return HttpResponseRedirect(self.sitting_url(committee, selection))
        form = ProposalForm(request.POST, selection=selection)
        error = ValidationError("Corrigez la proposition, puis enregistrez de nouveau.")
        if form.is_valid():
            done, error = self.attempt(
                form,
                deliberation.propose,
                selection,
                by=request.user,
                version=form.cleaned_data["version"],
                **form.values,
            )
            if error is None:
                said = (
                    f"{done.application.reference}\u00a0: proposition enregistrée, "
                    f"{done.get_outcome_display()}."
                )
                return self._done(
                    request, committee, said, selection=selection, changed=(selection.pk,)
                )
        return self._refused(request, committee, error, selection=selection, form=form)

    def clear_view(self, request, pk, selection_pk):
        def clear(selection):
            form = VersionForm(request.POST)
            if not form.is_valid():
                raise ValidationError(form.errors["version"])
            deliberation.clear_proposal(
                selection, by=request.user, version=form.cleaned_data["version"]
            )
            return f"{selection.application.reference}\u00a0: proposition effacée."

        return self._act(request, pk, selection_pk, clear, "calls.propose_decision", own=True)

    def place_view(self, request, pk, selection_pk):
        def place(selection):
            # Buttons send « position »; the field beside them, « place ».
            data = {"position": request.POST.get("position") or request.POST.get("place")}
            form = PlaceForm(data)
            if not form.is_valid():
                raise ValidationError(form.errors["position"])
            rank, position = self._place(request, selection, form.cleaned_data["position"])
            deliberation.move(selection, position, by=request.user)
            return f"{selection.application.reference}\u00a0: placé en {rank}."

        return self._act(request, pk, selection_pk, place, "calls.manage_agenda", agenda=True)

    def _place(self, request, selection, rank):
        """(rank among the dossiers that the reader sees, the place of the agenda it stands for)"""
        seen = list(
            Selection.objects.visible_to(request.user)
            .live()
            .filter(committee=selection.committee_id)
            .in_agenda_order()
            .values_list("agenda_position", flat=True)
        )
        rank = min(rank, len(seen))
        return rank, seen[rank - 1]

    def remove_view(self, request, pk, selection_pk):
        def remove(selection):
            reference = selection.application.reference
            deliberation.remove_from_agenda(selection, by=request.user)
            return f"{reference}\u00a0: retiré de l’ordre du jour."

        return self._act(
            request, pk, selection_pk, remove, "calls.manage_agenda", agenda=True, leaves=True
        )

    def _act(
        self, request, pk, selection_pk, act, permission, *, own=False, agenda=False, leaves=False
    ):
        """Do `act` on one dossier; `own` narrows the permission to the dossier's proposals."""
        committee = self.get_sitting(request, pk)
        selection = self.sitting_item(request, committee, selection_pk)
        self.require(request, permission, selection if own else None)
        if request.method != "POST":
            return HttpResponseRedirect(self.sitting_url(committee, selection))
        said, error = self.attempt(None, act, selection)
        if error is None:
            return self._done(
                request,
                committee,
                said,
                selection=None if leaves else selection,
                changed=(selection.pk,),
                agenda=agenda,
            )
        stale = {selection.pk: error} if isinstance(error, Stale) else {}
        return self._refused(request, committee, error, selection=selection, stale=stale)

    # Attendance ---------------------------------------------------------------

    def attendance_view(self, request, pk):
        committee = self.get_sitting(request, pk)
        self.require(request, "calls.manage_agenda")
        if request.method != "POST":
            return HttpResponseRedirect(f"{self.sitting_url(committee)}#presences")
        members = list(committee.members.select_related("institution"))
        form = AttendanceForm(request.POST, members=members, version=committee.version)
        error = ValidationError("Corrigez les présences, puis enregistrez de nouveau.")
        if form.is_valid():
            _, error = self.attempt(
                form,
                deliberation.record_attendance,
                committee,
                form.values,
                by=request.user,
                version=form.cleaned_data["version"],
            )
            if error is None:
                if FRAGMENT_HEADER in request.headers:
                    return self._done(request, committee, "Présences enregistrées.")
                messages.success(request, "Présences enregistrées.")
                return HttpResponseRedirect(f"{self.sitting_url(committee)}#presences")
        return self._refused(
            request,
            committee,
            error,
            attendance=form,
            stale_attendance=Conflict.of(error) if isinstance(error, Stale) else None,
        )
